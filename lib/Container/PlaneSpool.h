//===- PlaneSpool.h - Planes on their way to a file -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_PLANESPOOL_H
#define UWT_LIB_CONTAINER_PLANESPOOL_H

#include "ContainerFormat.h"
#include "uwt/Container/File.h"

namespace uwt {

/// Originals with less data are gathered in memory.
inline constexpr uint64_t gatheredData = uint64_t(256) << 20;

/// Where data go: to the file, to memory, or nowhere.
class DataOutput {
public:
  DataOutput(const std::string &folder, AtomicFileWriter *writer)
      : writer(writer), gathered(folder, gatheredData) {}

  /// From here on, bytes wait for writeGathered; there are about `expected` of them.
  void gatherAll(uint64_t expected) {
    gather = true;
    if (writer)
      gathered.reserve(expected);
  }
  uint64_t size() const { return end; }
  Status append(std::span<const uint8_t> bytes) {
    end += bytes.size();
    if (!writer)
      return ok();
    return gather ? gathered.append(bytes) : writer->append(bytes);
  }
  Status append(SpillBuffer &bytes) {
    count(bytes.size());
    if (!gather)
      return bytes.copyTo(*writer);
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> view, bytes.view());
    return gathered.append(view);
  }
  /// Bytes that are not written.
  void count(uint64_t bytes) { end += bytes; }
  /// Padding behind a plane of `bytes` bytes.
  Status pad(uint64_t bytes, uint64_t alignment) {
    static constexpr uint8_t zeros[planeAlignment] = {};
    return append(std::span(zeros).first(paddedPlaneBytes(bytes, alignment) - bytes));
  }
  /// Forgets everything from `offset` on. Only where nothing is gathered.
  Status rewindTo(uint64_t offset) {
    uint64_t start = writer ? writer->size() - end : 0;
    end = offset;
    return writer ? writer->rewindTo(start + offset) : ok();
  }
  Status writeGathered() { return gathered.copyTo(*writer); }

private:
  AtomicFileWriter *writer;
  bool gather = false;
  SpillBuffer gathered;
  uint64_t end = 0;
};

/// Planes of one tensor, until it is known whether they are worth it. One of them may
/// have been written already.
class PlaneSpool final : public PlaneSink {
public:
  PlaneSpool(const std::string &folder, DataOutput &data, bool countOnly);
  Status append(PlaneKind kind, std::span<const uint8_t> bytes) override {
    sizes[numberOf(kind)] += bytes.size();
    if (kind == direct)
      return data.append(bytes);
    if (countOnly)
      return ok();
    SpillBuffer &plane = planes[numberOf(kind)];
    if (plane.size() == 0)
      plane.reserve(expected);
    return plane.append(bytes);
  }
  /// `tensorBytes` are those of the tensor: more than a plane has.
  void begin(std::optional<PlaneKind> directPlane, uint64_t tensorBytes) {
    direct = directPlane;
    expected = tensorBytes;
    start = data.size();
    sizes = {};
    for (SpillBuffer &plane : planes)
      plane.clear();
  }
  /// Where each plane is, or will be, in the data: the direct one first (file-5).
  std::array<uint64_t, planeKinds> begins() const;
  /// Writes what is not yet written.
  Status keep();
  Status discard() { return direct ? data.rewindTo(start) : ok(); }

  std::array<uint64_t, planeKinds> sizes{};
  /// What each plane is padded to.
  uint64_t padding = planeAlignment;

private:
  DataOutput &data;
  bool countOnly;
  std::optional<PlaneKind> direct;
  uint64_t start = 0, expected = 0;
  std::vector<SpillBuffer> planes;
};

} // namespace uwt

#endif // UWT_LIB_CONTAINER_PLANESPOOL_H
