//===- Memory.cpp - Memory of weights and of compiled code ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block of uwt_allocate has a header in the 64 bytes before it. Sizes are rounded up to
// classes, four to a power of two, each with a list of released blocks. All memory
// comes from mmap: rounding and headers cost less than what a heap would do to blocks
// of megabytes (trimming them, and faulting all their pages in anew).
//
// The mappings count against what the system has (no MAP_NORESERVE): it then refuses a size that no
// machine of its memory can hold, where it would otherwise end the process once pages are written.
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/Memory.h"
#include "HeldBlocks.h"
#include "uwt/Runtime/Abi.h"
#include "uwt/Runtime/Call.h"
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <sys/mman.h>
#include <utility>

using namespace uwt;

namespace {

constexpr size_t pageBytes = 4096;
constexpr size_t hugePageBytes = size_t(2) << 20;

constexpr size_t roundUpTo(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Memory from the system in which `memory` begins after `before` bytes of room; all null where the
/// system has none.
struct Mapping {
  void *start = nullptr;
  size_t bytes = 0;
  uint8_t *memory = nullptr;
};

Mapping mapMemory(size_t bytes, size_t before) {
  bool isLarge = bytes >= hugePageBytes;
  size_t alignment = isLarge ? hugePageBytes : bufferAlignment;
  Mapping mapping;
  mapping.bytes = roundUpTo(bytes + before + alignment, pageBytes);
  if (mapping.bytes < bytes)
    return {};
  mapping.start =
      mmap(nullptr, mapping.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping.start == MAP_FAILED)
    return {};
  auto address = reinterpret_cast<uintptr_t>(mapping.start);
  mapping.memory = reinterpret_cast<uint8_t *>(roundUpTo(address + before, alignment));
  // Only advice: without huge pages it works as well, a little slower.
  if (isLarge)
    (void)madvise(mapping.memory, roundUpTo(bytes, pageBytes), MADV_HUGEPAGE);
  return mapping;
}

} // namespace

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

Buffer::Buffer(size_t bytes) : bytes(bytes) {
  Mapping mapping = mapMemory(bytes + bufferTail, 0);
  if (!mapping.memory) {
    std::fprintf(stderr, "uwt: %s\n", outOfMemoryText(bytes).c_str());
    std::abort();
  }
  memory = mapping.memory;
  mapped = mapping.start;
  mappedBytes = mapping.bytes;
}

void Buffer::release() {
  if (mapped)
    munmap(mapped, mappedBytes);
}

//===----------------------------------------------------------------------===//
// Blocks of compiled code
//===----------------------------------------------------------------------===//

namespace {

struct BlockHeader {
  /// Of the call that holds the block.
  BlockLink held;
  /// In the list of released blocks.
  BlockHeader *next;
  void *start;
  size_t mappedBytes;
  unsigned sizeClass;
};
constexpr size_t headerBytes = 64;
static_assert(sizeof(BlockHeader) <= headerBytes && offsetof(BlockHeader, held) == 0);

/// Classes are steps of a quarter of a power of two, from 160 bytes on.
constexpr unsigned smallestBits = 7;

unsigned sizeClassOf(size_t bytes) {
  size_t last = std::max(bytes, (size_t(1) << smallestBits) + 1) - 1;
  auto top = static_cast<unsigned>(std::bit_width(last)) - 1;
  return (top - smallestBits) * 4 + static_cast<unsigned>(last >> (top - 2) & 3);
}

size_t bytesOfClass(unsigned sizeClass) {
  return size_t(4 + sizeClass % 4 + 1) << (sizeClass / 4 + smallestBits - 2);
}

constexpr size_t maxBytes = size_t(1) << 47;
constexpr unsigned sizeClasses = (48 - smallestBits) * 4;

BlockHeader *headerOf(void *memory) {
  return reinterpret_cast<BlockHeader *>(static_cast<uint8_t *>(memory) - headerBytes);
}

class BlockCache {
public:
  /// Null where the system has no more.
  void *allocate(size_t bytes);
  void release(void *memory);
  void releaseIdle();
  AllocationStatistics statistics() const;

private:
  struct alignas(64) List {
    std::mutex mutex;
    BlockHeader *first = nullptr;
  };
  void *map(unsigned sizeClass);

  std::array<List, sizeClasses> lists;
  std::atomic<uint64_t> systemRequests{0}, mappedBytes{0}, idleBytes{0};
};

void *BlockCache::map(unsigned sizeClass) {
  Mapping mapping = mapMemory(bytesOfClass(sizeClass) + bufferTail, headerBytes);
  if (!mapping.memory)
    return nullptr;
  BlockHeader *header = headerOf(mapping.memory);
  *header = {{}, nullptr, mapping.start, mapping.bytes, sizeClass};
  systemRequests.fetch_add(1, std::memory_order_relaxed);
  mappedBytes.fetch_add(mapping.bytes, std::memory_order_relaxed);
  return mapping.memory;
}

void *BlockCache::allocate(size_t bytes) {
  if (bytes > maxBytes)
    return nullptr;
  unsigned sizeClass = sizeClassOf(bytes);
  List &list = lists[sizeClass];
  BlockHeader *header;
  {
    std::lock_guard lock(list.mutex);
    header = list.first;
    if (header)
      list.first = header->next;
  }
  if (!header)
    return map(sizeClass);
  idleBytes.fetch_sub(header->mappedBytes, std::memory_order_relaxed);
  return reinterpret_cast<uint8_t *>(header) + headerBytes;
}

void BlockCache::release(void *memory) {
  BlockHeader *header = headerOf(memory);
  idleBytes.fetch_add(header->mappedBytes, std::memory_order_relaxed);
  List &list = lists[header->sizeClass];
  std::lock_guard lock(list.mutex);
  header->next = list.first;
  list.first = header;
}

void BlockCache::releaseIdle() {
  for (List &list : lists) {
    BlockHeader *header;
    {
      std::lock_guard lock(list.mutex);
      header = std::exchange(list.first, nullptr);
    }
    while (header) {
      BlockHeader *next = header->next;
      idleBytes.fetch_sub(header->mappedBytes, std::memory_order_relaxed);
      mappedBytes.fetch_sub(header->mappedBytes, std::memory_order_relaxed);
      munmap(header->start, header->mappedBytes);
      header = next;
    }
  }
}

AllocationStatistics BlockCache::statistics() const {
  return {systemRequests.load(), mappedBytes.load(), idleBytes.load()};
}

/// Never destroyed: compiled code may release memory while the process ends.
BlockCache &blockCache() {
  static auto *cache = new BlockCache;
  return *cache;
}

} // namespace

AllocationStatistics uwt::allocationStatistics() { return blockCache().statistics(); }
void uwt::releaseIdleMemory() { blockCache().releaseIdle(); }

std::string uwt::outOfMemoryText(size_t bytes) {
  return "out of memory: the system has no " + std::to_string(bytes) + " bytes";
}

void *uwt::tryAllocate(size_t bytes) { return blockCache().allocate(bytes); }

//===----------------------------------------------------------------------===//
// Blocks that calls hold
//===----------------------------------------------------------------------===//

/// The innermost of this thread.
static thread_local HeldBlocks *currentBlocks = nullptr;

static void unlink(BlockLink &link) {
  if (!link.next)
    return;
  link.next->previous = link.previous;
  link.previous->next = link.next;
  link = {};
}

HeldBlocks::HeldBlocks() : outer(std::exchange(currentBlocks, this)) {
  all.next = all.previous = &all;
}

HeldBlocks::~HeldBlocks() {
  while (all.next != &all)
    unlink(*all.next);
  currentBlocks = outer;
}

void HeldBlocks::releaseAll() {
  while (all.next != &all)
    uwt_release(reinterpret_cast<uint8_t *>(all.next) + headerBytes);
}

void HeldBlocks::add(BlockLink &link) {
  link = {&all, all.previous};
  link.previous->next = all.previous = &link;
}

extern "C" void *uwt_allocate(int64_t bytes) {
  size_t asked = bytes < 0 ? SIZE_MAX : static_cast<size_t>(bytes);
  void *memory = blockCache().allocate(asked);
  if (!memory)
    failOutOfMemory(asked);
  if (currentBlocks)
    currentBlocks->add(headerOf(memory)->held);
  return memory;
}

extern "C" void uwt_release(void *memory) {
  if (!memory)
    return;
  unlink(headerOf(memory)->held);
  blockCache().release(memory);
}
