//===- HeldBlocks.h - Memory that a call of compiled code holds -*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A call that fails leaves compiled code in the middle, so nobody releases what the code
// has allocated. Each call, and each range of a parallel loop, therefore keeps a
// list of its blocks. A block is released on the thread that allocated it, so lists need no lock.
// Private to lib/Runtime.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_RUNTIME_HELDBLOCKS_H
#define UWT_LIB_RUNTIME_HELDBLOCKS_H

#include <cstddef>
#include <string>

namespace uwt {

/// A block's index in the list of the call that holds it; null for a block that no call holds.
struct BlockLink {
  BlockLink *next = nullptr, *previous = nullptr;
};

/// While it lives, collects the blocks that uwt_allocate gives on this thread. Those that are still
/// held at its end are results: they belong to whoever made the call. Nests.
class HeldBlocks {
public:
  HeldBlocks();
  ~HeldBlocks();
  HeldBlocks(const HeldBlocks &) = delete;
  HeldBlocks &operator=(const HeldBlocks &) = delete;

  void add(BlockLink &link);
  void releaseAll();

private:
  BlockLink all;
  HeldBlocks *outer;
};

std::string outOfMemoryText(size_t bytes);
/// Fails the call with that text.
[[noreturn]] void failOutOfMemory(size_t bytes);

} // namespace uwt

#endif // UWT_LIB_RUNTIME_HELDBLOCKS_H
