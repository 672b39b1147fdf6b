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

static constexpr std::array<std::string_view, planeKinds> planeNames = {"index", "words", "raw",
                                                                        "code",  "patch", "low"};

std::string_view planeName(PlaneKind kind) { return planeNames[numberOf(kind)]; }

std::optional<PlaneKind> parsePlaneName(std::string_view name) {
  for (unsigned i = 0; i < planeKinds; ++i)
    if (planeNames[i] == name)
      return static_cast<PlaneKind>(i);
  return std::nullopt;
}

Expected<uint64_t> TensorDescription::elements() const {
  constexpr uint64_t limit = uint64_t(1) << 62;
  uint64_t product = 1;
  bool empty = false;
  for (uint64_t size : shape) {
    empty |= size == 0;
    std::optional<uint64_t> next = checkedMultiply(product, size == 0 ? 1 : size);
    if (!next || *next > limit / getTraits(element).bytes)
      return usageError("shape has more than 2^62 bytes");
    product = *next;
  }
  return empty ? 0 : product;
}

Expected<TensorDescription::Matrices> TensorDescription::matrices() const {
  UWT_ASSIGN_OR_RETURN(uint64_t total, elements());
  size_t rank = shape.size();
  if (format.storage == Storage::KMajor && rank < 2)
    return usageError("storage=k_major needs a tensor of rank 2 or more, but this one has rank " +
                      std::to_string(rank));
  Matrices result;
  result.shape = {rank < 2 ? 1 : shape[rank - 2], rank < 1 ? 1 : shape[rank - 1]};
  if (format.storage == Storage::KMajor)
    std::swap(result.shape.rows, result.shape.columns);
  // So that a panel's size, padding included, cannot overflow (panel-3).
  constexpr uint64_t mostColumns = uint64_t(1) << 48;
  if (result.shape.columns > mostColumns)
    return usageError("a matrix has 2^48 columns at most, this one has " +
                      std::to_string(result.shape.columns));
  result.count = total == 0 ? 0 : total / (result.shape.rows * result.shape.columns);
  return result;
}

Status MemoryPlanes::append(PlaneKind kind, std::span<const uint8_t> bytes) {
  std::vector<uint8_t> &plane = planes[numberOf(kind)];
  plane.insert(plane.end(), bytes.begin(), bytes.end());
  return success();
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
