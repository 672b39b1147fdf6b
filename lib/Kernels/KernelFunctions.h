//===- KernelFunctions.h - What kernels are called by -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of lib/Kernels/kernels.mlir.in as compiled code has them, and macros that make
// objects of a table of kernels (KernelTable.h.in).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_KERNELS_KERNELFUNCTIONS_H
#define UWT_LIB_KERNELS_KERNELFUNCTIONS_H

#include "uwt/Kernels/Kernels.h"
#include <array>

struct uwt::Kernels::Functions {
  /// What MLIR's C interface takes for a memref.
  template <size_t Rank> struct MemRef {
    const void *allocated, *aligned;
    int64_t offset = 0;
    std::array<int64_t, Rank> sizes, strides;
  };
  using Vector = MemRef<1>;
  using Matrix = MemRef<2>;

  using Linear = void (*)(const WeightView *, const Matrix *x, const Vector *bias, const Matrix *y);
  Linear linear;
  void (*gather)(const WeightView *, const Vector *ids, const Matrix *y);
  /// Null where there is none.
  Linear linearByIntegers = nullptr;
};

/// To stand in extern "C".
#define UWT_KERNEL_DECLARE(TARGET, ELEMENT, FORMAT, NAME, BY_INTEGERS)                             \
  void _mlir_ciface_uwt_linear_##NAME(                                                             \
      const uwt::WeightView *, const uwt::Kernels::Functions::Matrix *,                            \
      const uwt::Kernels::Functions::Vector *, const uwt::Kernels::Functions::Matrix *);           \
  void _mlir_ciface_uwt_linear_by_integers_##NAME(                                                 \
      const uwt::WeightView *, const uwt::Kernels::Functions::Matrix *,                            \
      const uwt::Kernels::Functions::Vector *, const uwt::Kernels::Functions::Matrix *);           \
  void _mlir_ciface_uwt_gather_##NAME(const uwt::WeightView *,                                     \
                                      const uwt::Kernels::Functions::Vector *,                     \
                                      const uwt::Kernels::Functions::Matrix *);

#define UWT_KERNEL_FUNCTIONS(TARGET, ELEMENT, FORMAT, NAME, BY_INTEGERS)                           \
  static constexpr uwt::Kernels::Functions functionsOf_##NAME = {                                  \
      _mlir_ciface_uwt_linear_##NAME, _mlir_ciface_uwt_gather_##NAME, BY_INTEGERS};

/// An element of a list of Kernels.
#define UWT_KERNEL_ENTRY(TARGET, ELEMENT, FORMAT, NAME, BY_INTEGERS)                               \
  uwt::Kernels(TARGET, uwt::ElementType::ELEMENT, FORMAT, functionsOf_##NAME),

#endif // UWT_LIB_KERNELS_KERNELFUNCTIONS_H
