//===- QuantizedPart.h - Parts of quantised weights -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a rank of tensor parallelism has of a quantised weight: as values, which may be cut
// anywhere, or as codes, whose groups stay whole (docs/quantised.md, section "Parts").
//
//===----------------------------------------------------------------------===//

#ifndef UWT_IMPORT_QUANTIZEDPART_H
#define UWT_IMPORT_QUANTIZEDPART_H

#include "uwt/Container/Container.h"
#include "uwt/Format/Format.h"
#include "uwt/Import/ImportedWeights.h"

namespace uwt {

/// The values of a part, as elements of `type` (BF16, F16 or F32), row by row. The whole weight is
/// read. Errors: Usage (outside of the weight), and as ImportedWeight::read.
Expected<TensorBytes> readValues(const ImportedWeight &weight, ElementType type,
                                 const TensorSlice &slice, ThreadPool &pool);

/// The same into memory that has exactly their bytes. Errors: Usage (other memory) as well.
Status readValues(const ImportedWeight &weight, ElementType type, const TensorSlice &slice,
                  ThreadPool &pool, std::span<uint8_t> out);

/// Returns whether a tensor's elements are BF16, F16 or F32.
bool canConvertFloats(const TensorEntry &tensor);
/// Reads a part of such a tensor as elements of `type` (BF16, F16 or F32), each rounded once.
/// Errors: as TensorReader::readSlice.
Expected<TensorBytes> readFloatsAs(const Container &file, const TensorEntry &tensor,
                                   ElementType type, const TensorSlice &slice, ThreadPool &pool);

/// The shape of a part. Errors: Usage (outside of the weight), Unsupported (its refusal).
Expected<std::vector<uint64_t>> sliceShape(const ImportedWeight &weight, const TensorSlice &slice);

/// A weight, or a part of one, by its codes and the numbers that these share.
struct QuantizedPart {
  /// With grids of its own. Of a weight that lies transposed (`storage=k_major`), rows are columns
  /// of the weight.
  QuantizedWeight weight;
  /// The composition of the weight and of each of its parts: one that products run from, whose
  /// scale has one grid.
  Format format;
  /// With `order=k`: the weight's columns cell by cell, those of a cell as the weight has them.
  std::vector<uint32_t> columnOrder;

  /// What the part is in a checkpoint of recipe `codes`, by what the name has behind `X.`:
  /// "weight", "weight_scale", "weight_zero_point", "weight_offset", "weight_table", "weight_pick",
  /// "weight_g_idx" (codes-2 to codes-10). Several matrices are one with the rows of all.
  std::vector<std::pair<std::string, TensorBytes>> tensors() const;
};

/// Reads a part that begins and ends at whole cells. The whole weight is read. Errors: Usage (not
/// inside of the weight; cells that are cut, with the nearest places that cut none; cells of rows
/// of two matrices), Unsupported (a composition without cells of rows, as with `stride<s>`; columns
/// in an order of their own: some of them, or of cells of other sizes), and as
/// ImportedWeight::read.
Expected<QuantizedPart> readQuantizedPart(const ImportedWeight &weight, const TensorSlice &slice,
                                          ThreadPool &pool);

} // namespace uwt

#endif // UWT_IMPORT_QUANTIZEDPART_H
