//===- Difference.h - Elements less those of a base model -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules diff-2 and diff-3 of docs/formats.md.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_DIFFERENCE_H
#define UWT_LIB_CONTAINER_DIFFERENCE_H

#include "uwt/Container/Safetensors.h"
#include "uwt/Support/Parallel.h"

namespace uwt {

/// Whether elements of that dtype have differences: whole bytes, a power of two of them.
bool hasDifferences(const SafetensorsDtype &dtype);

/// The differences of `elements` from `base` into `out`; all have the same size.
void subtractBase(const SafetensorsDtype &dtype, std::span<const uint8_t> elements,
                  std::span<const uint8_t> base, std::span<uint8_t> out, ThreadPool &pool);

/// Makes elements of the differences in `bytes`.
void addBase(const SafetensorsDtype &dtype, std::span<const uint8_t> base, std::span<uint8_t> bytes,
             ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_DIFFERENCE_H
