//===- ChooseScales.h - Formats with scales of rows and columns -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_TENSOR_CHOOSESCALES_H
#define UWT_LIB_CODEC_TENSOR_CHOOSESCALES_H

#include "uwt/Codec/Sample.h"
#include "uwt/Codec/Tensor.h"

namespace uwt {

/// A format with context=scale, and about the bits that a tensor takes in it.
struct ScaleChoice {
  Format format;
  double bits = 0;
  std::shared_ptr<const TensorScales> scales;
};

/// The format with scales that codes the words of a tensor in the fewest bits: with the codec of
/// `order`, which has the layout, storage and fold too. `panels` are all panels of `matrices`, or
/// those of `sample`. Nothing for elements that have no exponent, and for tensors without elements.
std::optional<ScaleChoice> chooseScales(ElementType element, const Format &order,
                                        const TensorDescription::Matrices &matrices,
                                        const PanelSource &panels, const PanelSample *sample,
                                        ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_CODEC_TENSOR_CHOOSESCALES_H
