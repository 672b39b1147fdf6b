//===- TensorDescription.cpp - Shapes, planes, panel sources --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorWords.h"
#include "uwt/Codec/Tensor.h"
#include "uwt/Support/CheckedMath.h"
#include <string>

namespace uwt {

static constexpr std::array<const char *, planeKinds> planeNames = {"index", "words", "raw",
                                                                    "code",  "patch", "low"};

const char *planeName(PlaneKind kind) { return planeNames[numberOf(kind)]; }

std::optional<PlaneKind> parsePlaneName(std::string_view name) {
  for (unsigned i = 0; i < planeKinds; ++i)
    if (planeNames[i] == name)
      return static_cast<PlaneKind>(i);
  return std::nullopt;
}

Expected<uint64_t> TensorDescription::elements() const {
  constexpr uint64_t limit = uint64_t(1) << 62;
  uint64_t product = 1;
  bool empty = members == 0;
  auto multiply = [&](uint64_t size) {
    empty |= size == 0;
    std::optional<uint64_t> next = checkedMultiply(product, size == 0 ? 1 : size);
    product = next.value_or(limit);
    return next && *next <= limit / getTraits(element).bytes;
  };
  bool fits = multiply(members);
  for (uint64_t size : shape)
    fits = fits && multiply(size);
  if (!fits)
    return usageError("shape has more than 2^62 bytes");
  return empty ? 0 : product;
}

/// The last `columnDimensions` dimensions are the columns, the one before them is the rows.
static MatrixShape lastDimensions(std::span<const uint64_t> shape, size_t columnDimensions) {
  MatrixShape matrix = {1, 1};
  for (size_t i = 0; i < columnDimensions && i < shape.size(); ++i)
    matrix.columns *= shape[shape.size() - 1 - i];
  if (shape.size() > columnDimensions)
    matrix.rows = shape[shape.size() - 1 - columnDimensions];
  return matrix;
}

static Status checkRank(const Format &format, size_t rank) {
  bool isFolded = format.fold.kind == Fold::Kind::Columns;
  size_t least = format.storage == Storage::KMajor ? 2
                 : isFolded                        ? size_t(format.fold.size) + 1
                                                   : 0;
  if (rank >= least)
    return ok();
  std::string item = isFolded ? "fold=columns<" + std::to_string(format.fold.size) + ">"
                              : std::string("storage=k_major");
  return usageError(item + " needs a tensor of rank " + std::to_string(least) +
                    " or more, but this one has rank " + std::to_string(rank));
}

Expected<TensorDescription::Matrices> TensorDescription::matrices() const {
  UWT_ASSIGN_OR_RETURN(uint64_t all, elements());
  UWT_RETURN_IF_ERROR(checkRank(format, shape.size()));
  uint64_t total = all == 0 ? 0 : all / members;
  Matrices result;
  // Zeros aside, the product of all dimensions does not overflow.
  bool isFolded = format.fold.kind == Fold::Kind::Columns; // fold-1
  result.shape = lastDimensions(shape, isFolded ? format.fold.size : 1);
  if (format.storage == Storage::KMajor)
    std::swap(result.shape.rows, result.shape.columns);
  // A format out of a file may not have been checked yet.
  if (format.fold.kind == Fold::Kind::Flat && format.fold.size == 0)
    return usageError("fold=flat<0>: rows have no elements");
  if (format.fold.kind == Fold::Kind::Flat) // fold-2
    result.shape = {divideUp(total, format.fold.size), format.fold.size};
  // So that a panel's size, padding included, cannot overflow (panel-3).
  constexpr uint64_t maxColumns = uint64_t(1) << 48;
  if (result.shape.columns > maxColumns)
    return usageError("a matrix has 2^48 columns at most, this one has " +
                      std::to_string(result.shape.columns));
  result.elements = result.shape.rows * result.shape.columns;
  if (format.fold.kind == Fold::Kind::Flat)
    result.elements = total;
  result.count = all == 0 ? 0 : all / result.elements;
  return result;
}

Status MemoryPlanes::append(PlaneKind kind, std::span<const uint8_t> bytes) {
  std::vector<uint8_t> &plane = planes[numberOf(kind)];
  plane.insert(plane.end(), bytes.begin(), bytes.end());
  return ok();
}

uint64_t MemoryPlanes::bytes() const {
  uint64_t sum = 0;
  for (const std::vector<uint8_t> &plane : planes)
    sum += plane.size();
  return sum;
}

PlaneViews viewsOf(const MemoryPlanes &planes) {
  PlaneViews views;
  for (unsigned i = 0; i < planeKinds; ++i)
    views[i] = planes.planes[i];
  return views;
}

uint64_t EncodedTensor::bytes() const {
  uint64_t sum = 0;
  for (uint64_t plane : planeBytes)
    sum += plane;
  return sum;
}

Expected<PanelSource> panelSource(const TensorDescription &description,
                                  std::span<const uint8_t> source) {
  UWT_ASSIGN_OR_RETURN(TensorWords words, TensorWords::make(description, source.size()));
  return PanelSource([words, source](uint64_t panel, std::vector<uint16_t> &scratch) {
    return words.load(source, panel, scratch);
  });
}

} // namespace uwt
