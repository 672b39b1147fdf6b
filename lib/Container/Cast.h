//===- Cast.h - Rounding to BF16 --------------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_CAST_H
#define UWT_LIB_CONTAINER_CAST_H

#include "uwt/Container/Compress.h"

namespace uwt {

/// Whether tensors of that dtype are rounded (choice-5).
bool isCastToBF16(const SafetensorsDtype &dtype);

/// Rounds `source`, of `dtype` F32 or F16, to BF16 into `out` (nearest, ties to even; NaNs stay
/// NaNs, quiet, with their sign and top payload bits). Gives what was lost.
CastLoss castToBF16(const SafetensorsDtype &dtype, std::span<const uint8_t> source,
                    std::span<uint8_t> out, ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_CAST_H
