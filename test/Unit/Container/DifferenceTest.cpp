//===- DifferenceTest.cpp - Elements less those of a base -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules diff-2 and diff-3 of docs/formats.md.
//
//===----------------------------------------------------------------------===//

#include "lib/Container/Difference.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include <cstring>

using namespace uwt;
using namespace uwt::test;

namespace {

class DifferenceTest : public testing::Test {
protected:
  Bytes subtracted(std::string_view dtype, const Bytes &elements, const Bytes &base) {
    Bytes out(elements.size());
    subtractBase(*findSafetensorsDtype(dtype), elements, base, out, pool);
    return out;
  }
  void expectBack(std::string_view dtype, const Bytes &elements, const Bytes &base) {
    Bytes bytes = subtracted(dtype, elements, base);
    addBase(*findSafetensorsDtype(dtype), base, bytes, pool);
    EXPECT_EQ(bytes, elements) << dtype;
  }

  ThreadPool pool{2};
};

/// `word` again and again.
Bytes repeated(uint64_t word, size_t size, size_t count) {
  Bytes bytes(size * count);
  for (size_t i = 0; i < count; ++i)
    std::memcpy(&bytes[i * size], &word, size);
  return bytes;
}

Bytes allWords16() {
  Bytes bytes(65536 * 2);
  for (uint32_t word = 0; word < 65536; ++word) {
    bytes[2 * word] = static_cast<uint8_t>(word);
    bytes[2 * word + 1] = static_cast<uint8_t>(word >> 8);
  }
  return bytes;
}

uint64_t wordOf(const Bytes &bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  return word;
}

TEST_F(DifferenceTest, Every16BitPatternComesBackFromManyBases) {
  Bytes words = allWords16();
  Random random(1);
  for (const char *dtype : {"BF16", "F16", "I16", "U16"}) {
    // Zeros of both signs, infinities, NaNs, and any others.
    std::vector<uint64_t> bases = {0, 0x8000, 0x7f80, 0xff80, 0x7fc1, 0xffff, 1, 0x8001};
    for (int i = 0; i < 8; ++i)
      bases.push_back(random.below(65536));
    for (uint64_t base : bases)
      expectBack(dtype, words, repeated(base, 2, 65536));
    expectBack(dtype, words, Bytes(words.rbegin(), words.rend()));
  }
}

TEST_F(DifferenceTest, EverySizeComesBack) {
  for (const char *dtype : {"U8", "I8", "BOOL", "F8_E8M0", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ",
                            "F8_E5M2FNUZ", "I32", "U32", "F32", "I64", "U64", "F64", "C64"})
    for (uint64_t bytes : {uint64_t(0), uint64_t(8), uint64_t(1) << 18, (uint64_t(1) << 18) + 8}) {
      expectBack(dtype, randomBytes(bytes, 1), randomBytes(bytes, 2));
      Bytes same = randomBytes(bytes, 3);
      EXPECT_EQ(subtracted(dtype, same, same), Bytes(bytes)) << dtype;
    }
}

TEST_F(DifferenceTest, EveryByteIsADifferenceFromEveryOther) {
  for (const char *dtype : {"F8_E4M3", "U8"})
    for (uint64_t base = 0; base < 256; ++base) {
      std::vector<bool> seen(256);
      for (uint64_t word = 0; word < 256; ++word)
        seen[subtracted(dtype, repeated(word, 1, 1), repeated(base, 1, 1))[0]] = true;
      EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 256) << dtype;
    }
}

TEST_F(DifferenceTest, NeighboursAreSmallNumbers) {
  auto difference = [&](std::string_view dtype, uint64_t word, uint64_t base, size_t size) {
    return wordOf(subtracted(dtype, repeated(word, size, 1), repeated(base, size, 1)));
  };
  // 1 and its neighbours, then those of -1: a larger value has an even number.
  EXPECT_EQ(difference("BF16", 0x3f80, 0x3f80, 2), 0u);
  EXPECT_EQ(difference("BF16", 0x3f7f, 0x3f80, 2), 1u);
  EXPECT_EQ(difference("BF16", 0x3f81, 0x3f80, 2), 2u);
  EXPECT_EQ(difference("BF16", 0x3f7e, 0x3f80, 2), 3u);
  EXPECT_EQ(difference("BF16", 0xbf81, 0xbf80, 2), 1u);
  EXPECT_EQ(difference("BF16", 0xbf7f, 0xbf80, 2), 2u);
  // Over zero: -0 and 0 are next to each other.
  EXPECT_EQ(difference("BF16", 0x8000, 0x0000, 2), 1u);
  EXPECT_EQ(difference("F32", 0x00000001, 0x80000000, 4), 4u);
  EXPECT_EQ(difference("I16", 0xffff, 0x0000, 2), 1u);
  EXPECT_EQ(difference("U16", 0x0000, 0xffff, 2), 2u);
  EXPECT_EQ(difference("I64", 4, 7, 8), 5u);
  EXPECT_EQ(difference("F8_E4M3", 0x39, 0x38, 1), 2u);
  EXPECT_EQ(difference("F8_E8M0", 0x7f, 0x80, 1), 1u);
}

TEST_F(DifferenceTest, ElementsOfLessThanAByteHaveNone) {
  EXPECT_FALSE(hasDifferences(*findSafetensorsDtype("F4")));
  EXPECT_FALSE(hasDifferences(*findSafetensorsDtype("F6_E2M3")));
  EXPECT_TRUE(hasDifferences(*findSafetensorsDtype("F64")));
}

} // namespace
