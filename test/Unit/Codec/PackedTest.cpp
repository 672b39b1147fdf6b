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
  /// The packed form, of which `checksum` is set to the table's.
  Bytes pack(const Bytes &bytes, const PackingOptions &options, ThreadPool &on) {
    Bytes packed;
    Expected<PackedSize> size =
        packElements(bytes, options, on, [&](std::span<const uint8_t> piece) {
          packed.insert(packed.end(), piece.begin(), piece.end());
          return ok();
        });
    EXPECT_TRUE(holds(size));
    EXPECT_EQ(size->bytes, packed.size());
    checksum = size->checksum;
    return packed;
  }
  Bytes pack(const Bytes &bytes, PackedElement element, bool repeats) {
    return pack(bytes, {element, repeats, sectionLog}, pool);
  }
  static Status unpack(std::span<const uint8_t> packed, std::span<uint8_t> out, bool check,
                       ThreadPool &on) {
    UWT_ASSIGN_OR_RETURN(PackedDecoder decoder,
                         PackedDecoder::open(packed, out.size(), std::nullopt));
    return decoder.decode(0, out, on, check);
  }
  void expectComesBack(const Bytes &bytes, PackedElement element, bool repeats) {
    Bytes packed = pack(bytes, element, repeats);
    EXPECT_EQ(packed, pack(bytes, {element, repeats, sectionLog}, three)) << "depends on threads";
    EXPECT_EQ(packed.size(),
              estimatePackedBytes(bytes, {element, repeats, sectionLog}, UINT64_MAX, pool));
    Bytes back(bytes.size(), 0xAA);
    Expected<PackedDecoder> decoder = PackedDecoder::open(packed, bytes.size(), checksum);
    ASSERT_TRUE(holds(decoder));
    ASSERT_TRUE(holds(decoder->checkAll(three)));
    ASSERT_TRUE(holds(decoder->decode(0, back, three, true)));
    EXPECT_EQ(back, bytes);
  }
  unsigned sectionLog = 22;
  uint64_t checksum = 0;
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
      EXPECT_LT(pack(out, {bytes, Kind::Bytes}, true).size(), distance * bytes + 200);
    }
}

/// A mask and values near their entropy (structured.md 3.7: 4.02 bits with 70 % zeros).
TEST_F(PackedTest, ZerosTakeLittleMoreThanTheirEntropy) {
  Bytes bytes = bf16Weights(1 << 19, 1);
  Random random(2);
  for (size_t i = 0; i < bytes.size(); i += 2)
    if (random.below(10) < 7)
      bytes[i] = bytes[i + 1] = 0;
  double bits = 8.0 * static_cast<double>(pack(bytes, {2, Kind::Float}, false).size()) /
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

/// Long repeats of elements that take next to no bits: each one is compared a few times only.
TEST_F(PackedTest, RepeatsThatDoNotPayTakeNoTime) {
  for (uint64_t every : {uint64_t(1) << 40, uint64_t(1) << 12, uint64_t(700)}) {
    Bytes bytes(uint64_t(1) << 22);
    for (uint64_t i = every / 2; i < bytes.size(); i += every)
      bytes[i] = 1;
    expectComesBack(bytes, {1, Kind::Bytes}, true);
    EXPECT_LT(pack(bytes, {1, Kind::Bytes}, true).size(), 4000u);
  }
}

/// Every range of bytes, with sections inside of it and at its ends.
TEST_F(PackedTest, RangesAreThoseOfTheWhole) {
  sectionLog = 12;
  Bytes bytes = elementsOf(20000, 2, 1, 3);
  Bytes packed = pack(bytes, {2, Kind::Float}, false);
  Expected<PackedDecoder> decoder = PackedDecoder::open(packed, bytes.size(), checksum);
  ASSERT_TRUE(holds(decoder));
  EXPECT_EQ(decoder->sections(), 10u);
  EXPECT_EQ(decoder->bytesOf(9), 40000u - 9 * 4096);
  Random random(5);
  for (unsigned i = 0; i < 300; ++i) {
    uint64_t begin = random.below(bytes.size() + 1);
    Bytes out(random.below(bytes.size() - begin + 1));
    ASSERT_TRUE(holds(decoder->decode(begin, out, three, true)));
    EXPECT_TRUE(std::equal(out.begin(), out.end(), bytes.begin() + ptrdiff_t(begin))) << begin;
  }
}

/// A section is read without the others: damage of those does not matter.
TEST_F(PackedTest, SectionsStandAlone) {
  sectionLog = 12;
  Bytes bytes = elementsOf(20000, 2, 1, 3);
  Bytes packed = pack(bytes, {2, Kind::Float}, false);
  packed[0] ^= 1;
  Expected<PackedDecoder> decoder = PackedDecoder::open(packed, bytes.size(), checksum);
  ASSERT_TRUE(holds(decoder));
  Bytes out(4096);
  EXPECT_THAT(messageOf(decoder->decode(0, out, three, true)),
              HasSubstr("the checksum of section 0 is wrong"));
  EXPECT_THAT(messageOf(decoder->checkAll(three)), HasSubstr("section 0"));
  ASSERT_TRUE(holds(decoder->decode(4096, out, three, true)));
  EXPECT_TRUE(std::equal(out.begin(), out.end(), bytes.begin() + 4096));
}

/// Whatever is changed: with checksums an error, without them an error or other bytes.
TEST_F(PackedTest, DamageIsAnErrorOrOtherBytes) {
  for (uint32_t bytes : {1, 2, 8})
    for (unsigned pattern : {1, 2, 5, 6, 7})
      for (bool repeats : {false, true}) {
        Bytes elements = elementsOf(3000, bytes, pattern, 9);
        Bytes packed = pack(elements, {bytes, Kind::Integer}, repeats);
        Bytes out(elements.size());
        for (size_t cut = 0; cut < packed.size(); cut += 1 + packed.size() / 97)
          EXPECT_FALSE(unpack(std::span(packed).first(cut), out, true, pool));
        for (size_t at = 0; at < packed.size(); at += 1 + packed.size() / 997) {
          Bytes other = packed;
          other[at] ^= static_cast<uint8_t>(1 + at % 255);
          Expected<PackedDecoder> checked = PackedDecoder::open(other, out.size(), checksum);
          EXPECT_FALSE(checked && checked->decode(0, out, pool, true)) << at;
          Status read = unpack(other, out, false, pool);
          if (!read)
            EXPECT_EQ(read.error().getKind(), ErrorKind::Invalid);
        }
      }
}

/// A section of any bytes, in front of a table that fits.
TEST_F(PackedTest, AnyBytesAreReadSafely) {
  Random random(4);
  Bytes out(5000);
  for (unsigned i = 0; i < 3000; ++i) {
    Bytes bytes = randomBytes(1 + random.below(400), i);
    bytes[0] %= 3;
    uint32_t size = static_cast<uint32_t>(bytes.size());
    for (unsigned k = 0; k < 12; ++k)
      bytes.push_back(k < 4 ? static_cast<uint8_t>(size >> (8 * k)) : 0);
    bytes.push_back(static_cast<uint8_t>(1u << random.below(4)));
    bytes.push_back(static_cast<uint8_t>(random.below(3)));
    bytes.push_back(13);
    EXPECT_FALSE(unpack(bytes, out, false, pool));
  }
}

/// A few bytes do not stand for more memory than a table of their length allows.
TEST_F(PackedTest, AHugeTensorNeedsATable) {
  Bytes few = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 24};
  EXPECT_THAT(messageOf(PackedDecoder::open(few, UINT64_MAX, std::nullopt)),
              HasSubstr("it ends too soon"));
  EXPECT_THAT(messageOf(PackedDecoder::open({}, 0, std::nullopt)), HasSubstr("it ends too soon"));
}

TEST_F(PackedTest, NoElementsAreATableWithoutSections) {
  Bytes packed = pack({}, {4, Kind::Float}, false);
  EXPECT_EQ(packed.size(), 3u);
  EXPECT_TRUE(holds(unpack(packed, {}, true, pool)));
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
