//===- SpillBuffer.cpp - Bytes in memory, then in a file ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/File.h"
#include "uwt/Container/FileOperations.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace uwt {

/// Bytes gathered before each write of a spilled buffer, and copied at a time.
static constexpr uint64_t spilledPieceBytes = uint64_t(8) << 20;

static constexpr uintptr_t hugePage = uintptr_t(2) << 20;

struct SpillBuffer::State {
  std::string folder;
  uint64_t memoryLimit = 0;
  /// Everything, or what has not yet been written to the file.
  std::vector<uint8_t> memory;
  int descriptor = -1;
  uint64_t written = 0;
  uint8_t *mapping = nullptr;
  uint64_t mapped = 0;

  ~State() { closeFile(); }

  void unmap() {
    if (mapping)
      ::munmap(mapping, mapped);
    mapping = nullptr;
  }
  void closeFile() {
    unmap();
    if (descriptor >= 0)
      (void)static_cast<bool>(fileOperations().close(descriptor, folder));
    descriptor = -1;
    written = 0;
  }
  std::string label() const { return folder + ": temporary file"; }

  Status flush() {
    if (descriptor < 0) {
      UWT_ASSIGN_OR_RETURN(descriptor, fileOperations().createUnnamed(folder));
    }
    UWT_RETURN_IF_ERROR(fileOperations().write(descriptor, memory, written, label()));
    written += memory.size();
    memory.clear();
    return ok();
  }

  Expected<std::span<const uint8_t>> map() {
    UWT_RETURN_IF_ERROR(flush());
    if (mapping && mapped == written)
      return std::span<const uint8_t>(mapping, mapped);
    unmap();
    void *address = ::mmap(nullptr, written, PROT_READ, MAP_SHARED, descriptor, 0);
    if (address == MAP_FAILED)
      return ioError(label() + ": cannot map: " + std::strerror(errno));
    mapping = static_cast<uint8_t *>(address);
    mapped = written;
    return std::span<const uint8_t>(mapping, mapped);
  }
};

SpillBuffer::SpillBuffer(std::string folder, uint64_t memoryLimit)
    : state(std::make_unique<State>()) {
  state->folder = std::move(folder);
  state->memoryLimit = memoryLimit;
}
SpillBuffer::~SpillBuffer() = default;
SpillBuffer::SpillBuffer(SpillBuffer &&) noexcept = default;
SpillBuffer &SpillBuffer::operator=(SpillBuffer &&) noexcept = default;

void SpillBuffer::reserve(uint64_t bytes) {
  std::vector<uint8_t> &memory = state->memory;
  memory.reserve(std::min(bytes, state->memoryLimit));
  // The first touch of each 4 KiB page costs as much as filling it. Advice may be ignored.
  auto begin = (reinterpret_cast<uintptr_t>(memory.data()) + hugePage - 1) & ~(hugePage - 1);
  auto end = (reinterpret_cast<uintptr_t>(memory.data()) + memory.capacity()) & ~(hugePage - 1);
  if (begin < end)
    (void)::madvise(reinterpret_cast<void *>(begin), end - begin, MADV_HUGEPAGE);
}

Status SpillBuffer::append(std::span<const uint8_t> bytes) {
  State &s = *state;
  uint64_t limit = s.descriptor < 0 ? s.memoryLimit : spilledPieceBytes;
  if (s.memory.size() + bytes.size() > limit) {
    UWT_RETURN_IF_ERROR(s.flush());
    if (bytes.size() >= spilledPieceBytes) {
      UWT_RETURN_IF_ERROR(fileOperations().write(s.descriptor, bytes, s.written, s.label()));
      s.written += bytes.size();
      return ok();
    }
    s.memory.reserve(spilledPieceBytes);
  }
  s.memory.insert(s.memory.end(), bytes.begin(), bytes.end());
  return ok();
}

uint64_t SpillBuffer::size() const { return state->written + state->memory.size(); }

Expected<std::span<const uint8_t>> SpillBuffer::view() {
  if (state->descriptor < 0)
    return std::span<const uint8_t>(state->memory);
  return state->map();
}

Status SpillBuffer::copyTo(AtomicFileWriter &writer) const {
  if (state->descriptor < 0)
    return writer.append(state->memory);
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, state->map());
  while (!bytes.empty()) {
    std::span<const uint8_t> piece =
        bytes.first(std::min<uint64_t>(bytes.size(), spilledPieceBytes));
    UWT_RETURN_IF_ERROR(writer.append(piece));
    MappedFile::release(piece);
    bytes = bytes.subspan(piece.size());
  }
  return ok();
}

void SpillBuffer::clear() {
  state->closeFile();
  state->memory.clear();
}

} // namespace uwt
