//===- Arithmetic.h - Weights computed one by one ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_DEQUANTIZERS_ARITHMETIC_H
#define UWT_LIB_CODEGEN_DECODE_DEQUANTIZERS_ARITHMETIC_H

#include "uwt/Codegen/Decode/Dequantizer.h"

namespace uwt::codegen {

/// Computes the numbers that codes stand for, which are u32 in the lanes of `lanes`.
using NumbersOfCodes =
    llvm::function_ref<mlir::Value(LaneBuilder &lanes, FloatBuilder &floats, mlir::Value codes)>;

/// Emits the row vectors of a unit of codes of 5 bits and more by a CPU's vectors: of elements that
/// are computed with `numbersOf`, of others without.
void emitVectorArithmetic(UnitEmission &unit, NumbersOfCodes numbersOf = nullptr);
/// What that costs a row vector where a number costs so many operations.
double costOfVectorArithmetic(const Format &format, double number);

/// The same by a thread of a GPU, of codes of any bits.
void emitThreadArithmetic(UnitEmission &unit, NumbersOfCodes numbersOf = nullptr);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_DEQUANTIZERS_ARITHMETIC_H
