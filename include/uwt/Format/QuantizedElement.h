//===- QuantizedElement.h - Elements of quantised weights -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_FORMAT_QUANTIZEDELEMENT_H
#define UWT_FORMAT_QUANTIZEDELEMENT_H

#include "uwt/Format/Floats.h"
#include "uwt/Format/Format.h"

namespace uwt {

/// What the codes of a quantised weight are: integers of 1 to 8 bits, floats, or entries of a table
/// of 2 to 16 numbers that comes with the weight.
struct QuantizedElement {
  uint32_t bits = 0;
  bool isSigned = false;
  /// Of floats only.
  std::optional<SmallFloat> kind;
  bool isTable = false;

  /// Whether elements are called so, whatever their parameters: `uint`, `f8E4M3FN`, `table`,
  /// `float`.
  static bool isKeyword(std::string_view keyword);
  /// `uint<4>`, `f8E4M3FN`, `float<2,2>`; nothing where there is no such element.
  static std::optional<QuantizedElement> find(const Term &term);

  /// The number that each code stands for (value-1), NaN and infinities of floats included. Empty
  /// for a table.
  std::vector<float> values() const;
};

} // namespace uwt

#endif // UWT_FORMAT_QUANTIZEDELEMENT_H
