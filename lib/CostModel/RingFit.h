//===- RingFit.h - The ring that a kernel has room for ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COSTMODEL_RINGFIT_H
#define UWT_LIB_COSTMODEL_RINGFIT_H

#include "uwt/CostModel/GpuChoice.h"

namespace uwt {

/// Rows of x of an m tile: the n of mma.m16n8k16.
inline constexpr unsigned mTileRows = 8;

/// Sets k-tiles of a stage, groups, and as many stages as fit, of a choice whose groups are those
/// of a k-tile. `stages` pins them, if it is not 0. At least two stages are set, whether they fit
/// or not. Errors: those of ringMemory().
Status fitRing(const BuildableKernels &kernels, unsigned stages, GpuChoice &choice);

} // namespace uwt

#endif // UWT_LIB_COSTMODEL_RINGFIT_H
