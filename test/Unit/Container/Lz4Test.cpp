//===- Lz4Test.cpp - Blocks of LZ4 ----------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Container/Lz4.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::HasSubstr;

static std::string randomText(uint64_t bytes, unsigned letters, unsigned seed) {
  Random random(seed);
  std::string text;
  while (text.size() < bytes)
    text += static_cast<char>(random.below(letters));
  return text;
}

static void expectComesBack(const std::string &text) {
  Bytes block = lz4Encode(text);
  Expected<std::string> back = lz4Decode(block, text.size());
  ASSERT_TRUE(holds(back));
  EXPECT_EQ(*back, text);
}

TEST(Lz4, AnyTextComesBack) {
  for (uint64_t bytes : {0, 1, 4, 5, 11, 12, 13, 14, 15, 16, 17, 30, 269, 270, 271, 1000, 70000})
    for (unsigned letters : {1, 2, 5, 256})
      expectComesBack(randomText(bytes, letters, static_cast<unsigned>(bytes)));
}

TEST(Lz4, MatchesReachBack64KiBAndNoFurther) {
  std::string begin = randomText(100, 256, 1);
  for (uint64_t between : {65435, 65436, 65535, 65536, 200000}) {
    std::string text = begin + randomText(between, 256, 2) + begin + "0123456789abcdef";
    expectComesBack(text);
    // The second `begin` begins so far behind the first.
    bool isFound = 100 + between <= 65535;
    EXPECT_EQ(lz4Encode(text).size() < text.size() - 60 + text.size() / 255, isFound) << between;
  }
}

TEST(Lz4, NamesAndNumbersTakeAFraction) {
  std::string text;
  for (int layer = 0; layer < 100; ++layer)
    text += "\"model.layers." + std::to_string(layer) + ".weight\":{\"dtype\":\"BF16\"},";
  EXPECT_LT(lz4Encode(text).size(), text.size() / 6);
  // The bytes never change (write-2).
  Bytes expected = {0x40, 'a', 'b', 'c', 'd'};
  EXPECT_EQ(lz4Encode("abcd"), expected);
  expected = {0x4f, 'a', 'b', 'c', 'd', 4, 0, 8, 0x50, 'd', 'a', 'b', 'c', 'd'};
  EXPECT_EQ(lz4Encode("abcdabcdabcdabcdabcdabcdabcdabcdabcd"), expected);
}

TEST(Lz4, WhatIsNoBlockIsRefused) {
  auto message = [](const Bytes &block, uint64_t bytes) {
    return messageOf(lz4Decode(block, bytes));
  };
  EXPECT_THAT(message({}, 0), HasSubstr("ends too early"));
  EXPECT_THAT(message({0x50, 'a'}, 5), HasSubstr("ends too early"));
  EXPECT_THAT(message({0xf0, 255}, 300), HasSubstr("ends too early"));
  EXPECT_THAT(message({0x10, 'a', 1}, 5), HasSubstr("ends too early"));
  EXPECT_THAT(message({0x1f, 'a', 1, 0}, 99), HasSubstr("ends too early"));
  EXPECT_THAT(message({0x10, 'a', 1, 0}, 5), HasSubstr("ends too early"));
  EXPECT_THAT(message({0x10, 'a', 2, 0, 0}, 5), HasSubstr("points before its text"));
  EXPECT_THAT(message({0x10, 'a', 0, 0, 0}, 5), HasSubstr("points before its text"));
  EXPECT_THAT(message({0x10, 'a', 1, 0, 0}, 4), HasSubstr("stands for a longer text"));
  EXPECT_THAT(message({0x20, 'a', 'b'}, 1), HasSubstr("stands for a longer text"));
  EXPECT_THAT(message({0x20, 'a', 'b'}, 3), HasSubstr("stands for a shorter text"));
  // 90 MB from a kilobyte: refused before there is room for them.
  EXPECT_THAT(message(Bytes(1024, 255), 90'000'000), HasSubstr("cannot stand for a text of that"));
}

TEST(Lz4, DamagedBlocksAreAnErrorOrAText) {
  std::string text = randomText(300, 3, 9);
  Bytes block = lz4Encode(text);
  for (size_t i = 0; i < block.size(); ++i)
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes damaged = block;
      damaged[i] ^= static_cast<uint8_t>(1u << bit);
      Expected<std::string> back = lz4Decode(damaged, text.size());
      EXPECT_TRUE(!back || back->size() == text.size());
    }
}
