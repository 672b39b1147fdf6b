//===- ProductCalls.h - How a program calls its kernels ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of a program that are kernels of a GPU, as its compiled code calls for them. Knows no
// IR: it is what remains of products in a program that is kept on disk.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_PRODUCTCALLS_H
#define UWT_LIB_COMPILER_PRODUCTCALLS_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace uwt {

/// What a call describes of an operand: bytes of an element, its dimensions, and the one of them
/// that goes by matrix.
struct ProductOperand {
  unsigned bytes = 0, rank = 0;
  std::optional<unsigned> matrixDimension;
};

/// What calls of equal products describe.
struct ProductShape {
  ProductOperand x, y;
  std::vector<ProductOperand> extras;
  /// Matrices of the weight. The kernels are launched for each, or for those that a call selects.
  uint64_t matrices = 1;
  /// What a call says of a selection: nothing, a number, or a vector of numbers.
  enum class Selection { None, One, Each } selection = Selection::None;
  ProductOperand numbers;
};

struct ProductCall {
  /// Which kind of product it is.
  size_t kind = 0;
  /// That of its weight.
  int64_t slot = 0;
};

/// All products of a program, by the numbers that its calls name.
struct ProductCalls {
  std::vector<ProductShape> kinds;
  std::vector<ProductCall> calls;
};

/// They and their kernels as machine code.
struct DeviceCode {
  ProductCalls products;
  /// docs/packs.md
  std::vector<uint8_t> pack;
};

} // namespace uwt

#endif // UWT_LIB_COMPILER_PRODUCTCALLS_H
