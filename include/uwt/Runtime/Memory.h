//===- Memory.h - Memory of weights and of compiled code --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Buffers as compiled code wants them: aligned to 64 bytes, readable beyond their
// end, on huge pages where they are large. uwt_allocate and uwt_release (Abi.h)
// keep what is released in lists by size, so that a call that runs a second time
// asks the system for nothing.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_RUNTIME_MEMORY_H
#define UWT_RUNTIME_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace uwt {

/// Bytes that may be read, and are zero, after the end of every buffer.
inline constexpr size_t bufferTail = 256;
inline constexpr size_t bufferAlignment = 64;

/// Zeroed memory of a size given once, on huge pages where it is large. The system gives pages when
/// they are first written, so threads that fill it share that work; pages that are never
/// written take no memory. Running out of memory terminates.
class Buffer {
public:
  Buffer() = default;
  explicit Buffer(size_t bytes);
  ~Buffer() { release(); }
  Buffer(Buffer &&other) noexcept { *this = std::move(other); }
  Buffer &operator=(Buffer &&other) noexcept {
    std::swap(memory, other.memory);
    std::swap(bytes, other.bytes);
    std::swap(mapped, other.mapped);
    std::swap(mappedBytes, other.mappedBytes);
    return *this;
  }

  uint8_t *data() const { return memory; }
  size_t size() const { return bytes; }
  std::span<uint8_t> span() const { return {memory, bytes}; }

private:
  void release();
  uint8_t *memory = nullptr;
  size_t bytes = 0;
  void *mapped = nullptr;
  size_t mappedBytes = 0;
};

/// What uwt_allocate holds and has done.
struct AllocationStatistics {
  /// Times that it asked the system for memory, and bytes that it has from it now.
  uint64_t systemRequests = 0, bytes = 0;
  /// Of those, bytes that wait for the next call.
  uint64_t idleBytes = 0;
};
AllocationStatistics allocationStatistics();

/// Gives the bytes that wait for the next call back to the system.
void releaseIdleMemory();

} // namespace uwt

#endif // UWT_RUNTIME_MEMORY_H
