//===- Lookups.h - What lookups of codes share ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_DEQUANTIZERS_LOOKUPS_H
#define UWT_LIB_CODEGEN_DECODE_DEQUANTIZERS_LOOKUPS_H

#include "../FieldPlanes.h"
#include "../UnitNumbers.h"
#include "uwt/Codegen/Decode/Dequantizer.h"
#include "uwt/Format/QuantizedElement.h"

namespace uwt::codegen {

/// Costs of operations in the time of a shift, measured on a Zen 4 at 1 to 16 rows of x.
namespace operation_cost {
inline constexpr double permute = 5, permuteOfTwo = 7, rounding = 4;
/// What brings codes of 5 and 6 bits into halves of words.
inline constexpr double halves = 7;
} // namespace operation_cost

/// What codes are decoded to.
mlir::Type wordElementOf(UnitEmission &unit);

/// Whether products of numbers and scales are bf16 without being rounded.
bool areWeightsExact(const Format &format, ElementType element);

/// Operations on f32 that a weight takes beside a multiplication and its zero.
double furtherOperations(const Format &format);

/// What lookups in tables of 16 weights a row vector cost: in one or two of them, of each row so
/// many.
double costOfTables(const Format &format, uint32_t tables);

/// What codes of 6 bits at most stand for, 16 a vector, less a zero that all of them share.
llvm::SmallVector<mlir::Value> valuesOfCodes(UnitEmission &unit, VectorFloats floats);

/// The weights of a row's codes, a table a cell, from what the codes of each stand for.
llvm::SmallVector<mlir::Value> tablesOf(const Format &format, UnitNumbers &numbers,
                                        VectorFloats &floats,
                                        llvm::function_ref<mlir::Value(unsigned cell)> values,
                                        unsigned row);

/// Decodes codes of 4 bits at most of rows g and g + 8: `decode` gets the number of a row vector,
/// which of both rows it is of, and codes, above which are those of the next registers.
void decodeNibbles(
    UnitEmission &unit, const QuantizedUnit &layout, mlir::Value buffer, unsigned g,
    llvm::function_ref<void(unsigned number, unsigned half, mlir::Value codes)> decode);

/// Whether a target looks up all codes of lanes at a time, to f32.
bool looksUpNibblesToFloats(const EmittedFormat &format, const UnitReader &reader);

/// A table of sixteen entries as `uwt.lookup_nibbles` takes it.
mlir::Value inNibbleOrder(LaneBuilder &lanes, mlir::Value table);

/// The same to f32, where `looksUpNibblesToFloats`: `decode` gets the low and the high halves of a
/// register's words, from the tables of row g and of row g + 8.
void decodeNibblesToFloats(
    UnitEmission &unit, const QuantizedUnit &layout, mlir::Value buffer, unsigned g,
    std::array<mlir::Value, 2> tables,
    llvm::function_ref<void(std::array<mlir::Value, 2> &halves, unsigned half)> decode);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_DEQUANTIZERS_LOOKUPS_H
