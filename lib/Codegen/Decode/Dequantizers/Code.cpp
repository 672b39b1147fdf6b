//===- Code.cpp - Elements that are computed from their codes -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "uwt/Format/QuantizedElement.h"

using namespace mlir;

namespace uwt::codegen {

bool CodeDequantizer::serves(const EmittedFormat &format, const UnitReader & /*reader*/) const {
  return keyword() == format.format.element.keyword;
}

double CodeDequantizer::cost(const EmittedFormat &format) const {
  // As that of integers, and an operation or two more.
  constexpr double number = 10;
  return costOfVectorArithmetic(format.format, number);
}

void CodeDequantizer::emit(UnitEmission &unit) const {
  uint32_t bits = QuantizedElement::find(unit.format.format.element)->bits;
  auto numbers = [&](LaneBuilder &lanes, FloatBuilder &floats, Value codes) {
    return numbersOf(lanes, floats, codes, bits);
  };
  if (unit.reader().isThread())
    emitThreadArithmetic(unit, numbers);
  else
    emitVectorArithmetic(unit, numbers);
}

} // namespace uwt::codegen
