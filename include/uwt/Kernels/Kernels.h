//===- Kernels.h - Products that are compiled ahead of time -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For programs without a compiler: y = x · wᵀ and rows of w, for weights of every size, by the code
// that the compiler makes of lib/Kernels/kernels.mlir.in. Results have the bits of
// docs/numerics.md, as those of programs that are compiled for one size.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_KERNELS_KERNELS_H
#define UWT_KERNELS_KERNELS_H

#include "uwt/Format/ElementType.h"
#include "uwt/Runtime/Abi.h"
#include "uwt/Support/Error.h"
#include "uwt/Support/Parallel.h"
#include <span>
#include <string_view>
#include <vector>

namespace uwt {

/// Rows of a matrix in memory, row-major, with elements of the weight's type.
template <typename Pointer> struct MatrixRows {
  Pointer data = nullptr;
  /// Elements from row to row, at least as many as a row has.
  uint64_t stride = 0;
};

/// y[m, n] = Σ x[m, k] · w[n, k] + bias[n]: summed in f32, rounded once.
struct LinearArguments {
  uint64_t m = 0;
  MatrixRows<const void *> x;
  /// n elements, or null.
  const void *bias = nullptr;
  MatrixRows<void *> y;
  /// Whether x is rounded to integers of 8 bits, by which codes are multiplied (docs/numerics.md,
  /// section "By integers").
  bool byIntegers = false;
};

/// The kernels of one element and format, for the best target that they are there for and this
/// machine runs. Immutable and thread-safe.
class Kernels {
public:
  /// Errors: Unsupported where no kernel serves the element and format, where this machine is none
  /// of the targets, or where the library was built without kernels.
  static Expected<const Kernels *> find(ElementType element, std::string_view format);

  /// Those of every target that this machine runs, the best first: none where find() fails.
  static std::vector<const Kernels *> findAll(ElementType element, std::string_view format);

  /// Computes a product on the threads of `pool`, or on the caller's where it is null. `weight` is
  /// a view of the kernels' element and format, of one matrix [n, k]. By integers only where
  /// servesIntegers(), and of panels of codes. Errors: IO where memory is out.
  Status linear(const WeightView &weight, const LinearArguments &arguments, ThreadPool *pool) const;

  /// Copies rows `ids` of the weight to y. Errors: Invalid for an id that is no row, IO where
  /// memory is out.
  Status gather(const WeightView &weight, std::span<const int64_t> ids, MatrixRows<void *> y,
                ThreadPool *pool) const;

  bool servesIntegers() const;

  /// The name of the target that they are compiled for.
  const char *target() const { return targetName; }
  bool serves(ElementType wanted, std::string_view wantedFormat) const {
    return element == wanted && format == wantedFormat;
  }

  struct Functions;
  Kernels(const char *target, ElementType element, const char *format, const Functions &functions)
      : targetName(target), element(element), format(format), functions(functions) {}

private:
  /// Why there are none.
  static Error missing(ElementType element, std::string_view format);

  const char *targetName;
  ElementType element;
  const char *format;
  const Functions &functions;
};

} // namespace uwt

#endif // UWT_KERNELS_KERNELS_H
