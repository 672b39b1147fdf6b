//===- FencedMemory.h - Memory whose neighbours end the test ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled code is not instrumented: no sanitizer sees what it reads and writes. In memory between
// pages that cannot be touched an access outside ends the process.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_FENCEDMEMORY_H
#define UWT_TEST_UNIT_FENCEDMEMORY_H

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <sys/mman.h>

namespace uwt::test {

/// Room for up to `capacity` bytes with a fence on both sides. Ends the process where the system
/// has no memory, and where more is taken.
class FencedMemory {
public:
  explicit FencedMemory(size_t capacity = size_t(1) << 20)
      : room((capacity + page - 1) / page * page),
        base(mmap(nullptr, room + 2 * fence, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (base == MAP_FAILED)
      fail("cannot fence memory");
    allow(PROT_READ | PROT_WRITE);
  }
  ~FencedMemory() { munmap(base, room + 2 * fence); }
  FencedMemory(const FencedMemory &) = delete;
  FencedMemory &operator=(const FencedMemory &) = delete;

  /// `bytes` of the room that end where the upper fence begins, or begin where the lower one ends.
  std::span<uint8_t> take(size_t bytes, bool atEnd) const {
    if (bytes > room)
      fail("more memory is taken than is fenced");
    return {first() + (atEnd ? room - bytes : 0), bytes};
  }

  /// Whether the room can be written, as it can at first.
  void setWritable(bool isWritable) { allow(isWritable ? PROT_READ | PROT_WRITE : PROT_READ); }

private:
  static constexpr size_t page = 4096;
  /// Wide, since an index that is wrong rarely misses by a page.
  static constexpr size_t fence = size_t(16) << 20;

  uint8_t *first() const { return static_cast<uint8_t *>(base) + fence; }
  void allow(int protection) {
    if (room != 0 && mprotect(first(), room, protection) != 0)
      fail("cannot fence memory");
  }
  [[noreturn]] static void fail(const char *what) {
    std::perror(what);
    std::abort();
  }

  size_t room;
  void *base;
};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_FENCEDMEMORY_H
