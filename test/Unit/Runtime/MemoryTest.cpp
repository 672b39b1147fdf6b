//===- MemoryTest.cpp - Buffers and blocks of compiled code ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/Memory.h"
#include "Codec/TestData.h"
#include "uwt/Runtime/Abi.h"
#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

using namespace uwt;
using namespace uwt::test;

namespace {

TEST(BufferTest, IsZeroAlignedAndReadableBeyondItsEnd) {
  for (size_t bytes : {size_t(0), size_t(1), size_t(4097), size_t(3) << 20}) {
    Buffer buffer(bytes);
    EXPECT_EQ(buffer.size(), bytes);
    size_t alignment = bytes >= size_t(2) << 20 ? size_t(2) << 20 : 64;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % alignment, 0u);
    EXPECT_TRUE(std::all_of(buffer.data(), buffer.data() + bytes + bufferTail,
                            [](uint8_t byte) { return byte == 0; }));
  }
}

TEST(BufferTest, KeepsItsAddressWhenMoved) {
  Buffer first(100);
  uint8_t *data = first.data();
  Buffer second = std::move(first);
  EXPECT_EQ(second.data(), data);
  EXPECT_EQ(first.data(), nullptr);
}

TEST(AllocateTest, BlocksAreAlignedWritableAndApart) {
  Random random(1);
  struct Block {
    uint8_t *memory;
    size_t bytes;
    uint8_t fill;
  };
  std::vector<Block> blocks;
  for (int i = 0; i < 300; ++i) {
    size_t bytes = random.below(size_t(1) << (1 + random.below(22)));
    auto *memory = static_cast<uint8_t *>(uwt_allocate(static_cast<int64_t>(bytes)));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
    // The 64 bytes after the end are the block's too.
    std::memset(memory, i & 255, bytes + 64);
    blocks.push_back({memory, bytes, static_cast<uint8_t>(i & 255)});
  }
  for (const Block &block : blocks) {
    EXPECT_TRUE(std::all_of(block.memory, block.memory + block.bytes + 64,
                            [&](uint8_t byte) { return byte == block.fill; }));
    uwt_release(block.memory);
  }
}

TEST(AllocateTest, LargeBlocksLieOnHugePages) {
  void *memory = uwt_allocate(int64_t(5) << 20);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % (size_t(2) << 20), 0u);
  uwt_release(memory);
}

TEST(AllocateTest, AWarmCallAsksTheSystemForNothing) {
  auto call = [] {
    void *first = uwt_allocate(10000);
    void *second = uwt_allocate(10000);
    void *third = uwt_allocate(3 << 20);
    uwt_release(second);
    uwt_release(first);
    uwt_release(third);
  };
  call();
  AllocationStatistics before = allocationStatistics();
  for (int i = 0; i < 10; ++i)
    call();
  AllocationStatistics after = allocationStatistics();
  EXPECT_EQ(after.systemRequests, before.systemRequests);
  EXPECT_EQ(after.bytes, before.bytes);
}

TEST(AllocateTest, ABlockServesAllSizesOfItsClass) {
  releaseIdleMemory();
  uint64_t requests = allocationStatistics().systemRequests;
  uwt_release(uwt_allocate(1000));
  uwt_release(uwt_allocate(1024));
  EXPECT_EQ(allocationStatistics().systemRequests, requests + 1);
  uwt_release(uwt_allocate(1025));
  EXPECT_EQ(allocationStatistics().systemRequests, requests + 2);
}

TEST(AllocateTest, IdleMemoryGoesBackToTheSystem) {
  void *kept = uwt_allocate(1 << 16);
  uwt_release(uwt_allocate(1 << 20));
  EXPECT_GT(allocationStatistics().idleBytes, uint64_t(1) << 20);
  releaseIdleMemory();
  EXPECT_EQ(allocationStatistics().idleBytes, 0u);
  EXPECT_GE(allocationStatistics().bytes, uint64_t(1) << 16);
  uwt_release(kept);
}

TEST(AllocateTest, ThreadsNeverShareABlock) {
  std::vector<std::thread> threads;
  std::atomic<int> clashes{0};
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&clashes, thread] {
      for (int i = 0; i < 500; ++i) {
        auto *memory = static_cast<uint8_t *>(uwt_allocate(300));
        std::memset(memory, thread, 300);
        std::this_thread::yield();
        clashes += std::any_of(memory, memory + 300, [&](uint8_t byte) { return byte != thread; });
        uwt_release(memory);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(clashes, 0);
}

} // namespace
