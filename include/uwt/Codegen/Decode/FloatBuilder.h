//===- FloatBuilder.h - Numbers of quantised weights as f32 -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_DECODE_FLOATBUILDER_H
#define UWT_CODEGEN_DECODE_FLOATBUILDER_H

#include "uwt/Codegen/Decode/Emission.h"

namespace uwt::codegen {

/// Operations on f32: one a lane of a LaneBuilder's u32, vectors of them or a single one.
class FloatBuilder {
public:
  explicit FloatBuilder(LaneBuilder &lanes);

  mlir::Type type() const { return numberType; }
  mlir::Value constant(float number);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value div(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, mlir::Value b);
  /// A step of value-5.
  mlir::Value apply(const GridRole &role, mlir::Value value, mlir::Value number);
  mlir::Value ofBits(mlir::Value bits);
  mlir::Value bitsOf(mlir::Value numbers);
  /// To the nearest with as many bits as that type has, ties to even: of numbers that are none of
  /// its subnormal ones, or that it has, its nearest.
  mlir::Value rounded(mlir::Value numbers, ElementType type);
  /// Of integers that are not negative as u32, or as i32.
  mlir::Value ofIntegers(mlir::Value integers);
  /// Of f16 in the lower halves of u32, whose upper halves are 0.
  mlir::Value ofHalves(mlir::Value halves);
  /// Of numbers that elements share, as units have them, in the lowest bits.
  mlir::Value widen(mlir::Value numbers, const Term &type);

protected:
  LaneBuilder &lanes;
  mlir::OpBuilder &builder;
  mlir::Location location;

private:
  mlir::Type numberType;
};

} // namespace uwt::codegen

#endif // UWT_CODEGEN_DECODE_FLOATBUILDER_H
