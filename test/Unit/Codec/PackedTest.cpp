//===- PackedTest.cpp - Elements with zeros and repeats -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Packed.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::HasSubstr;
using Kind = PackedElement::Kind;

namespace {

/// Elements of which a share is zero, in the pattern of that number.
Bytes elementsOf(uint64_t count, uint32_t bytes, unsigned pattern, unsigned seed) {
  Random random(seed);
  Bytes out(count * bytes);
  for (uint64_t i = 0; i < count; ++i) {
    bool isZero = pattern == 0 || (pattern == 1 && random.below(10) < 7) ||
                  (pattern == 2 && i / 64 % 3 != 0) || (pattern == 3 && i % 4 > 1);
    for (uint32_t k = 0; k < bytes && !isZero; ++k) {
      uint64_t value = pattern == 4   ? 0x3F
                       : pattern == 5 ? i >> (8 * k)
                       : pattern == 6 ? (i % 97) * 13 + k
                                      : random.below(k + 1 == bytes ? 9 : 256);
      out[i * bytes + k] = static_cast<uint8_t>(value);
    }
  }
  return out;
}

class PackedTest : public testing::Test {
protected:
  void expectComesBack(const Bytes &bytes, PackedElement element, bool repeats) {
    Bytes packed = packElements(bytes, element, repeats, pool);
    EXPECT_EQ(packed, packElements(bytes, element, repeats, three)) << "depends on threads";
    Bytes back(bytes.size(), 0xAA);
    ASSERT_TRUE(holds(unpackElements(packed, back, three)));
    EXPECT_EQ(back, bytes);
  }
  ThreadPool pool{1}, three{3};
};

} // namespace

// pack-1 to pack-9: every filter, kind of section and kind of block.
TEST_F(PackedTest, AnyElementsComeBack) {
  for (uint32_t bytes : {1, 2, 4, 8})
    for (Kind kind : {Kind::Bytes, Kind::Float, Kind::Integer})
      for (unsigned pattern = 0; pattern < 8; ++pattern)
        for (uint64_t count : {1, 2, 7, 8, 9, 63, 1000, 40001})
          for (bool repeats : {false, true})
            expectComesBack(elementsOf(count, bytes, pattern, static_cast<unsigned>(count)),
                            {bytes, kind}, repeats);
}

TEST_F(PackedTest, SectionsAndBlocksHaveAnEnd) {
  for (uint64_t count : {262143, 262144, 262145, 4194303, 4194304, 4194305})
    expectComesBack(elementsOf(count, 1, 1, 3), {1, Kind::Bytes}, false);
  expectComesBack(elementsOf((uint64_t(1) << 22) + 5, 4, 6, 3), {4, Kind::Integer}, true);
}

TEST_F(PackedTest, RepeatsOfAnyDistanceComeBack) {
  for (uint64_t distance : {1, 2, 3, 5, 8, 31, 4096})
    for (uint32_t bytes : {1, 2, 8}) {
      Bytes out = randomBytes(distance * bytes, 5);
      while (out.size() < 50000 * bytes)
        out.push_back(out[out.size() - distance * bytes]);
      expectComesBack(out, {bytes, Kind::Bytes}, true);
      EXPECT_LT(packElements(out, {bytes, Kind::Bytes}, true, pool).size(), distance * bytes + 200);
    }
}

/// A mask and values near their entropy (structured.md 3.7: 4.02 bits with 70 % zeros).
TEST_F(PackedTest, ZerosTakeLittleMoreThanTheirEntropy) {
  Bytes bytes = bf16Weights(1 << 19, 1);
  Random random(2);
  for (size_t i = 0; i < bytes.size(); i += 2)
    if (random.below(10) < 7)
      bytes[i] = bytes[i + 1] = 0;
  double bits = 8.0 *
                static_cast<double>(packElements(bytes, {2, Kind::Float}, false, pool).size()) /
                static_cast<double>(bytes.size() / 2);
  EXPECT_LT(bits, 4.1);
  EXPECT_GT(bits, 3.9);
}

/// −0 is an element like others: it comes back.
TEST_F(PackedTest, NegativeZerosComeBack) {
  Bytes bytes(4000);
  for (size_t i = 1; i < bytes.size(); i += 6)
    bytes[i] = 0x80;
  expectComesBack(bytes, {2, Kind::Float}, false);
}

TEST_F(PackedTest, DamageIsAnErrorOrOtherBytes) {
  for (uint32_t bytes : {1, 2, 8})
    for (unsigned pattern : {1, 2, 5, 6, 7})
      for (bool repeats : {false, true}) {
        Bytes elements = elementsOf(3000, bytes, pattern, 9);
        Bytes packed = packElements(elements, {bytes, Kind::Integer}, repeats, pool);
        Bytes out(elements.size());
        for (size_t cut = 0; cut < packed.size(); cut += 1 + packed.size() / 97)
          EXPECT_FALSE(unpackElements(std::span(packed).first(cut), out, pool));
        Random random(pattern);
        for (unsigned i = 0; i < 400; ++i) {
          Bytes other = packed;
          other[random.below(other.size())] ^= static_cast<uint8_t>(1 + random.below(255));
          Status read = unpackElements(other, out, pool);
          if (!read)
            EXPECT_EQ(read.error().getKind(), ErrorKind::Invalid);
        }
        packed.push_back(0);
        EXPECT_THAT(messageOf(unpackElements(packed, out, pool)), HasSubstr("follow"));
      }
}

TEST_F(PackedTest, AnyBytesAreReadSafely) {
  Random random(4);
  Bytes out(5000);
  for (unsigned i = 0; i < 3000; ++i) {
    Bytes bytes = randomBytes(random.below(400), i);
    if (bytes.size() > 8) {
      bytes[0] = static_cast<uint8_t>(1u << random.below(4));
      bytes[1] %= 3;
      bytes[2] = 13;
      uint32_t size = static_cast<uint32_t>(bytes.size() - 7);
      for (unsigned k = 0; k < 4; ++k)
        bytes[3 + k] = static_cast<uint8_t>(size >> (8 * k));
      bytes[7] %= 3;
    }
    EXPECT_FALSE(unpackElements(bytes, out, pool));
  }
}

TEST_F(PackedTest, SamplesShowZerosSignsAndRepeats) {
  PackedSigns zeros = samplePacked(elementsOf(100000, 2, 1, 1), {2, Kind::Float});
  EXPECT_NEAR(static_cast<double>(zeros.zeros) / static_cast<double>(zeros.elements), 0.7, 0.02);
  EXPECT_EQ(zeros.negatives, 0u);
  PackedSigns plain = samplePacked(bf16Weights(100000, 1), {2, Kind::Float});
  EXPECT_EQ(plain.repeated, 0u);
  EXPECT_NEAR(static_cast<double>(plain.negatives) / static_cast<double>(plain.elements), 0.5,
              0.05);
}
