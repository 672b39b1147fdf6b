//===- QuantizedImage.h - Quantised weights as images -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of a quantised checkpoint in a caller's memory, in the few formats that kernels are
// compiled ahead of time for: others say the same weights with less, but each would be code of its
// own. And as weights for kernels that are compiled for what they are.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_RUNTIME_QUANTIZEDIMAGE_H
#define UWT_RUNTIME_QUANTIZEDIMAGE_H

#include "uwt/Import/QuantizedPart.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "uwt/Runtime/WeightImage.h"

namespace uwt {

/// The format in which weights of that composition, or what they are transposed, become images
/// (run-7): uint<4>, int<4>, int<8>, f8E4M3FN, f4E2M1FN or table<4>, with `order=k` where it has
/// that (run-8). Errors: Unsupported, with the reason.
Expected<Format> imageFormatOf(const Format &composition);

/// Matrices one below the other as an image of elements of `type` and of that shape, [n, k] or
/// several matrices, which has the values of their codes, bit for bit, not transposed: panels of
/// which codes do not say that are words (run-2). Columns are cell by cell with `order=k`. `memory`
/// is as of WeightImage::encode. Errors: Usage (no parts, different columns, another shape, one
/// that has no form in memory, memory that does not suffice, elements that the format is not
/// decoded to), Unsupported (as imageFormatOf; parts of which that differs).
Expected<WeightImage> encodeParts(std::span<const QuantizedPart *const> parts, ElementType type,
                                  std::span<const uint64_t> shape, std::span<uint8_t> memory,
                                  ThreadPool &pool);

/// A weight of parts, and with `order=k` the columns of each matrix in the order that it has them:
/// cell by cell.
struct LoadedParts {
  LoadedWeight weight;
  std::vector<uint32_t> columnOrder;
};

/// The same weight in memory of its own, for kernels that a compiler makes for its format: that of
/// all parts as it is held (heldFormat), but for `order=k`, where one weight can have it, else an
/// image's. Errors: Usage (as of encodeParts, but for memory), Unsupported (as of encodeParts where
/// parts differ, or where several have cells of more than one row).
Expected<LoadedParts> loadParts(std::span<const QuantizedPart *const> parts, ElementType type,
                                std::span<const uint64_t> shape, ThreadPool &pool);

} // namespace uwt

#endif // UWT_RUNTIME_QUANTIZEDIMAGE_H
