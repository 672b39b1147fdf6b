//===- ChooseRowClasses.h - Codes of classes of rows ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_TENSOR_CHOOSEROWCLASSES_H
#define UWT_LIB_CODEC_TENSOR_CHOOSEROWCLASSES_H

#include "uwt/Codec/Tensor.h"
#include <limits>

namespace uwt {

/// Panels, spread evenly, that show the sizes of all candidates well enough.
inline constexpr size_t choicePanels = 64;
/// Sizes that differ by a smaller part are taken to be equal.
inline constexpr double leastGain = 1.0 / 8192;

/// The numeral system that policies choose, without anything that is chosen.
Format numeralFormat();

struct ClassChoice {
  /// `raw` for a tensor without elements; the classes of its rows where all are known.
  ChosenFormat chosen;
  /// About those of the format; infinite where it is `raw`.
  double bits = std::numeric_limits<double>::infinity();
};

/// Chooses coded mantissa bits, row classes, and prefix codes or numeral systems that readers of
/// version `newestReader` know. `order` has the layout, storage and fold; `rows` are of all
/// `panels` of `matrices` or of a sample of them.
ClassChoice chooseRowClasses(FormatPolicy policy, ElementType element, const Format &order,
                             const RowHistograms &rows, const TensorDescription::Matrices &matrices,
                             const PanelSource &panels, uint32_t newestReader, ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_CODEC_TENSOR_CHOOSEROWCLASSES_H
