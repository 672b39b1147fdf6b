//===- TileKernels.h - Products on tiles, by vectors ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_KERNELS_TILEKERNELS_H
#define UWT_TEST_UNIT_KERNELS_TILEKERNELS_H

#include "uwt/Kernels/Kernels.h"
#include <span>

namespace uwt::test {

/// Those of amx by vectors, which no library has.
std::span<const Kernels> tileKernels();

} // namespace uwt::test

#endif // UWT_TEST_UNIT_KERNELS_TILEKERNELS_H
