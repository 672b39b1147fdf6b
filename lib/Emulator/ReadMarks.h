//===- ReadMarks.h - What a reader has read of shared memory ----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A mark for each granule of shared memory, of one reader.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_READMARKS_H
#define UWT_LIB_EMULATOR_READMARKS_H

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace uwt::emulator {

/// Marks are `Mark()` where nothing was read. They lie in pages that exist where the reader has
/// been: most readers see a part of shared memory, and blocks come and go.
template <typename Mark> class ReadMarks {
public:
  explicit ReadMarks(uint64_t granules) : pages((granules + pageSize - 1) / pageSize) {}

  Mark &operator[](uint64_t granule) {
    std::unique_ptr<Mark[]> &page = pages[granule / pageSize];
    if (!page)
      page = std::make_unique<Mark[]>(pageSize);
    return page[granule % pageSize];
  }
  /// Of a granule that find() has given.
  const Mark &operator[](uint64_t granule) const {
    return pages[granule / pageSize][granule % pageSize];
  }

  /// The first granule from `begin` to `end` of whose mark `test` is true; `end` if none. Pages
  /// that do not exist are not tested.
  template <typename Test> uint64_t find(uint64_t begin, uint64_t end, Test test) const {
    for (uint64_t i = begin; i < end;) {
      uint64_t stop = std::min(end, (i / pageSize + 1) * pageSize);
      if (const Mark *page = pages[i / pageSize].get()) {
        const Mark *first = page + i % pageSize, *last = first + (stop - i);
        const Mark *found = std::find_if(first, last, test);
        if (found != last)
          return i + (found - first);
      }
      i = stop;
    }
    return end;
  }

  void clear() {
    for (std::unique_ptr<Mark[]> &page : pages)
      page.reset();
  }

private:
  static constexpr uint64_t pageSize = 256;
  std::vector<std::unique_ptr<Mark[]>> pages;
};

} // namespace uwt::emulator

#endif // UWT_LIB_EMULATOR_READMARKS_H
