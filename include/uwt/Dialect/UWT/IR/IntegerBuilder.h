//===- IntegerBuilder.h - Integer arithmetic, loops, branches ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_INTEGERBUILDER_H
#define UWT_DIALECT_UWT_IR_INTEGERBUILDER_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>

namespace uwt {

/// Builds arithmetic on numbers of one type at a location: indices, integers, or vectors of
/// integers. Numbers are unsigned and wrap around. What constants decide is not built. Values may
/// be of any type that the operation takes: the builder's is that of numbers.
class IntegerBuilder {
public:
  /// A value, or a number that becomes a constant of the builder's type.
  class Operand {
  public:
    Operand(mlir::Value value) : value(value) {}
    Operand(int64_t number) : number(number) {}

    /// What it is where that is known: of an index, or of an integer that is not negative.
    std::optional<int64_t> known() const;
    /// Whether it is known to be a multiple of `divisor`.
    bool isMultipleOf(int64_t divisor) const;

  private:
    friend class IntegerBuilder;
    bool isZero() const { return !value && number == 0; }

    mlir::Value value;
    int64_t number = 0;
  };
  using Values = llvm::SmallVector<mlir::Value>;
  using Body = llvm::function_ref<void(mlir::Value)>;
  using CarryingBody = llvm::function_ref<Values(mlir::Value, mlir::ValueRange)>;

  IntegerBuilder(mlir::OpBuilder &builder, mlir::Location location, mlir::Type type)
      : builder(builder), location(location), numberType(type) {}

  mlir::OpBuilder &ops() { return builder; }
  mlir::Location loc() const { return location; }
  mlir::Type type() const { return numberType; }

  /// The number, of which bits that the type does not have are cut; in every element of a vector.
  mlir::Value constant(int64_t number);
  /// A number of another type as one of this: bits above are cut, or zeros.
  mlir::Value convert(mlir::Value value);

  mlir::Value add(Operand a, Operand b);
  mlir::Value sub(Operand a, Operand b);
  mlir::Value mul(Operand a, Operand b);
  mlir::Value div(Operand a, Operand b);
  mlir::Value rem(Operand a, Operand b);
  mlir::Value min(Operand a, Operand b);
  mlir::Value max(Operand a, Operand b);
  /// a / b rounded up, where a + b - 1 does not wrap around.
  mlir::Value ceilDiv(Operand a, int64_t b) { return div(add(a, b - 1), b); }

  mlir::Value bitAnd(Operand a, Operand b);
  mlir::Value bitOr(Operand a, Operand b);
  mlir::Value bitXor(Operand a, Operand b);
  /// Shifts by fewer bits than the type has.
  mlir::Value shl(Operand a, Operand bits);
  mlir::Value lshr(Operand a, Operand bits);
  /// `count` bits of `a` from bit `low` on, fewer than 64.
  mlir::Value bits(mlir::Value a, unsigned low, unsigned count);

  mlir::Value less(Operand a, Operand b);
  mlir::Value equal(Operand a, Operand b);
  mlir::Value notEqual(Operand a, Operand b);
  mlir::Value select(mlir::Value condition, Operand a, Operand b);

  /// `for (i = 0; i < count; i += step)` over numbers that are no vectors; a loop that runs once is
  /// not built.
  void loop(Operand count, Body body, int64_t step = 1);
  /// The same, with values that a pass hands on to the next one.
  Values loop(Operand count, mlir::ValueRange carried, CarryingBody body);
  /// A branch; the side that a constant condition excludes is not built.
  void ifElse(mlir::Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = {});
  /// The same with results, of `types`.
  Values either(mlir::Value condition, mlir::TypeRange types, llvm::function_ref<Values()> then,
                llvm::function_ref<Values()> otherwise);

protected:
  mlir::OpBuilder &builder;
  mlir::Location location;

private:
  mlir::Value valueOf(Operand operand);
  template <typename Op, typename... Leading>
  mlir::Value build(Operand a, Operand b, Leading... leading);

  mlir::Type numberType;
};

} // namespace uwt

#endif // UWT_DIALECT_UWT_IR_INTEGERBUILDER_H
