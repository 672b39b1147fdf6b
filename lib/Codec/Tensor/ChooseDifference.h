//===- ChooseDifference.h - Formats of differences --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers of 16 bits that are small, or most often 0: a symbol is a number without its lowest bits,
// of which as few are left out as pay.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_TENSOR_CHOOSEDIFFERENCE_H
#define UWT_LIB_CODEC_TENSOR_CHOOSEDIFFERENCE_H

#include "uwt/Codec/Tensor.h"

namespace uwt {

/// Completes `format`, which has an order and a codec of rate Ans, with coded bits and row classes
/// for the `count` panels of `panels`. Its codec is that of rawFormat where nothing would be saved.
ChosenFormat chooseDifferenceFormat(const Format &format,
                                    const TensorDescription::Matrices &matrices,
                                    const PanelSource &panels, uint64_t count, ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_CODEC_TENSOR_CHOOSEDIFFERENCE_H
