//===- TensorIndexTest.cpp - Indices and planes that lie ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each test changes one number of a sound tensor and expects one exact message.
// Checksums are off throughout: what is tested is what stands behind them.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include <cstring>
#include <functional>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

/// A tensor's planes, to be changed u32 by u32.
class Tampered {
public:
  Tampered(std::string_view format, std::vector<uint64_t> shape, ElementType element,
           Distribution distribution = Distribution::StudentT4) {
    ThreadPool pool(1);
    Expected<EncodedCase> encoded =
        encodeCase({element, std::move(shape), parsedFormat(format)}, distribution, 21, pool);
    EXPECT_TRUE(bool(encoded)) << encoded.error().message();
    if (encoded)
      tensor = std::move(*encoded);
  }

  size_t size(PlaneKind kind) const { return tensor.planes.planes[numberOf(kind)].size(); }
  uint32_t get(PlaneKind kind, size_t word) const {
    uint32_t value;
    std::memcpy(&value, tensor.planes.planes[numberOf(kind)].data() + word * 4, 4);
    return value;
  }
  void set(PlaneKind kind, size_t word, uint32_t value) {
    ASSERT_LE(word * 4 + 4, size(kind));
    std::memcpy(tensor.planes.planes[numberOf(kind)].data() + word * 4, &value, 4);
  }
  uint32_t index(size_t word) const { return get(PlaneKind::Index, word); }
  void setIndex(size_t word, uint32_t value) { set(PlaneKind::Index, word, value); }
  void resize(PlaneKind kind, size_t size) { tensor.planes.planes[numberOf(kind)].resize(size); }

  /// The message of open, or of a decode with every code path, which must agree.
  std::string message() const;
  TensorDescription &description() { return tensor.description; }

private:
  EncodedCase tensor;
};

} // namespace

std::string Tampered::message() const {
  StoredPlanes planes(tensor.planes);
  Expected<TensorDecoder> decoder =
      TensorDecoder::open(tensor.description, planes.views(), std::nullopt);
  if (!decoder)
    return decoder.error().message();
  ThreadPool pool(1);
  std::string first;
  for (CodePath path : availableCodePaths()) {
    DecodeOptions options;
    options.path = path;
    options.check = false;
    std::vector<uint8_t> out(tensor.source.size());
    Status status = decoder->decode(out, pool, options);
    std::string text = status ? "no error" : status.error().message();
    if (path == CodePath::Reference)
      first = text;
    EXPECT_EQ(text, first) << codePathName(path);
  }
  return first;
}

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

namespace {
/// window<4> of [200, 64]: panels of 64, 64, 64 and 8 rows; the index has 4 u32 of header, the
/// base, four entries of 4 u32, and 13 escape counts in 4 u32.
class FixedRateIndexTest : public testing::Test {
protected:
  static constexpr size_t modelWord = 4, directoryWord = 5, entryWords = 4, countsWord = 21;
  static constexpr size_t indexWords = 25;
  Tampered tensor{"window<4>", {200, 64}, ElementType::BF16};
  void SetUp() override {
    ASSERT_EQ(tensor.size(PlaneKind::Index), indexWords * 4);
    ASSERT_EQ(tensor.message(), "no error");
    ASSERT_GT(tensor.size(PlaneKind::Patch), 4u);
  }
};
} // namespace

TEST_F(FixedRateIndexTest, HeaderMustBeWhole) {
  tensor.resize(PlaneKind::Index, 12);
  EXPECT_EQ(tensor.message(), "plane index has 12 bytes, its header alone takes 16");
  tensor.resize(PlaneKind::Index, 0);
  EXPECT_EQ(tensor.message(), "plane index has 0 bytes, its header alone takes 16");
}

TEST_F(FixedRateIndexTest, NumberOfWordsInUseMustFit) {
  for (uint32_t inUse : {0u, 3u, 26u, 0xFFFFFFFFu}) {
    tensor.setIndex(0, inUse);
    EXPECT_EQ(tensor.message(), "plane index says that " + std::to_string(inUse) +
                                    " of its u32 are in use, but it has 25");
  }
}

TEST_F(FixedRateIndexTest, ModelAndDirectoryMustFit) {
  tensor.setIndex(0, 4);
  EXPECT_EQ(tensor.message(), "model is too short: expected a base, got nothing");
  tensor.setIndex(0, 20);
  EXPECT_EQ(tensor.message(), "plane index is too short for a directory of 4 panels");
  tensor.setIndex(0, 24);
  EXPECT_EQ(tensor.message(),
            "plane index has 3 u32 after its directory, expected 4 of escape counts");
}

TEST_F(FixedRateIndexTest, BaseMustLeaveRoomForTheWindow) {
  tensor.setIndex(modelWord, 241);
  EXPECT_EQ(tensor.message(), "base 241 is more than 240");
  tensor.setIndex(modelWord, 0xFFFFFFFF);
  EXPECT_EQ(tensor.message(), "base 4294967295 is more than 240");
}

TEST_F(FixedRateIndexTest, TotalsMustAgree) {
  tensor.setIndex(1, 1);
  EXPECT_EQ(tensor.message(), "the index says that 1 panels are stored as words, but 0 are");
  tensor.setIndex(1, 0);
  tensor.setIndex(2, 1);
  EXPECT_EQ(tensor.message(), "the index gives a size of plane code, which has a fixed rate");
}

TEST(TensorIndexTest, ChecksumOfTheIndexIsVerified) {
  ThreadPool pool(1);
  Expected<EncodedCase> encoded = encodeCase(
      {ElementType::BF16, {64, 64}, parsedFormat("window<4>")}, Distribution::Gaussian, 21, pool);
  ASSERT_TRUE(bool(encoded)) << encoded.error().message();
  Expected<TensorDecoder> decoder =
      TensorDecoder::open(encoded->description, viewsOf(encoded->planes), 0x0123456789ABCDEF);
  ASSERT_FALSE(bool(decoder));
  EXPECT_TRUE(decoder.error().message().starts_with("plane index is damaged: its checksum is "));
  EXPECT_TRUE(decoder.error().message().ends_with(", expected 0123456789abcdef"));
}

//===----------------------------------------------------------------------===//
// Directory
//===----------------------------------------------------------------------===//

TEST_F(FixedRateIndexTest, SlotsMustCountUp) {
  tensor.setIndex(directoryWord + entryWords, 2);
  EXPECT_EQ(tensor.message(), "panel 1 has slot 2, expected 1");
  tensor.setIndex(directoryWord + entryWords, 0);
  EXPECT_EQ(tensor.message(), "panel 1 has slot 0, expected 1");
  tensor.setIndex(directoryWord + entryWords, 1u << 31 | 1);
  EXPECT_EQ(tensor.message(), "panel 1 has slot 1, expected 0");
}

TEST_F(FixedRateIndexTest, PanelsMustLieInsideTheirPlanes) {
  tensor.setIndex(directoryWord + entryWords, 1u << 31);
  EXPECT_EQ(tensor.message(), "panel 1 needs more bytes of plane words than the 0 that it has");
  tensor.setIndex(directoryWord + entryWords, 1);
  // Panels of 4 units and a last one of 1 unit, 1,024 bytes of raw field each.
  tensor.resize(PlaneKind::Raw, 13 * 1024 - 1);
  EXPECT_EQ(tensor.message(), "panel 3 needs more bytes of plane raw than the 13311 that it has");
  tensor.resize(PlaneKind::Raw, 0);
  EXPECT_EQ(tensor.message(), "panel 0 needs more bytes of plane raw than the 0 that it has");
}

TEST_F(FixedRateIndexTest, LowHalvesNeedATypeThatHasThem) {
  tensor.resize(PlaneKind::Low, 200 * 64 * 2);
  EXPECT_EQ(tensor.message(), "plane low is present, but bf16 has no low halves");
}

TEST_F(FixedRateIndexTest, EscapeRecordsMustFollowOneAnother) {
  uint32_t second = tensor.index(directoryWord + entryWords + 1);
  tensor.setIndex(directoryWord + entryWords + 1, second + 1);
  EXPECT_EQ(tensor.message(), "the escape records of panel 1 begin at " +
                                  std::to_string(second * 4 + 4) + ", expected " +
                                  std::to_string(second * 4));
}

TEST_F(FixedRateIndexTest, EscapeCountsMustAddUp) {
  uint32_t bytes = tensor.index(3) * 4;
  // The last panel's only unit is the thirteenth.
  tensor.setIndex(countsWord + 3, tensor.index(countsWord + 3) + 1);
  EXPECT_EQ(tensor.message(), "escape counts add up to " + std::to_string(bytes + 4) +
                                  " bytes of plane patch, but the index says " +
                                  std::to_string(bytes));
  tensor.setIndex(3, tensor.index(3) + 1);
  EXPECT_EQ(tensor.message(), "plane patch has " + std::to_string(bytes) +
                                  " bytes, but the index uses " + std::to_string(bytes + 4));
}

TEST(TensorIndexTest, PanelsStoredAsWordsHaveNoOffsets) {
  for (const char *format : {"window<4>", "huffman<12,1>"}) {
    Tampered tensor(format, {64, 64}, ElementType::BF16, Distribution::UniformBits);
    ASSERT_EQ(tensor.message(), "no error");
    // The only entry: slot, offset, checksum; in front of no escape counts.
    size_t entry = tensor.size(PlaneKind::Index) / 4 - 4;
    ASSERT_EQ(tensor.index(entry), 1u << 31) << format;
    tensor.setIndex(entry + 1, 0xFFFFFFFF);
    EXPECT_EQ(tensor.message(),
              "panel 0 is stored as words, but has an offset into plane " +
                  std::string(parsedFormat(format).codec.keyword == "window" ? "patch" : "code"));
  }
}

TEST(TensorIndexTest, RawTensorsHaveNoCodedPanels) {
  Tampered tensor("raw", {64, 64}, ElementType::BF16);
  ASSERT_EQ(tensor.message(), "no error");
  tensor.setIndex(4, 0);
  EXPECT_EQ(tensor.message(), "panel 0 is marked as coded, but codec raw codes none");
}

TEST(TensorIndexTest, HugeShapesAllocateNothing) {
  for (const char *format :
       {"raw", "window<4>", "inplace<11>", "huffman<12,2>", "raw, layout=row_major",
        "window<4>, layout=row_major", "huffman<12,1>, layout=row_major, context=row_class<16>"}) {
    Tampered tensor(format, {64, 64}, ElementType::BF16);
    ASSERT_EQ(tensor.message(), "no error") << format;
    tensor.description().shape = {uint64_t(1) << 50, 64};
    EXPECT_EQ(tensor.message(), "plane index is too short for a directory of 17592186044416 panels")
        << format;
    // Padded to 16 rows, a single row of this size has more than 2^64 bytes.
    for (uint64_t columns : {uint64_t(1) << 60, (uint64_t(1) << 60) + 7}) {
      tensor.description().shape = {1, columns};
      EXPECT_NE(tensor.message(), "no error") << format;
    }
  }
}

//===----------------------------------------------------------------------===//
// Fixed rate: palettes and escape records
//===----------------------------------------------------------------------===//

TEST(TensorIndexTest, PaletteMustHoldSymbols) {
  Tampered tensor("palette<4>", {64, 64}, ElementType::F8E4M3FN);
  ASSERT_EQ(tensor.message(), "no error");
  tensor.setIndex(4, 16u << 16);
  EXPECT_EQ(tensor.message(), "palette symbol 16 does not fit 4 bits");
  tensor.setIndex(0, 11);
  EXPECT_EQ(tensor.message(), "model is too short: expected a palette of 8 words, got 7");
}

namespace {
/// window<3> of [17, 40]: one panel of two units (16 rows and 1 row), T4 weights with many
/// escapes in the first one.
class EscapeRecordTest : public testing::Test {
protected:
  Tampered tensor{"window<3>", {17, 40}, ElementType::BF16};
  uint32_t countOfFirstUnit() const { return tensor.index(9) & 0xFF; }
  void SetUp() override {
    ASSERT_EQ(tensor.message(), "no error");
    ASSERT_EQ(tensor.size(PlaneKind::Index), 40u);
    ASSERT_GE(countOfFirstUnit(), 3u);
  }
  static std::string outside(uint32_t record, uint32_t position) {
    return "panel 0: patch record " + std::to_string(record) +
           " of unit 0 points outside its unit (position " + std::to_string(position) +
           ", 16 rows x 40 columns exist)";
  }
};
} // namespace

TEST_F(EscapeRecordTest, PositionsMustLieInsideTheUnit) {
  uint32_t last = countOfFirstUnit() - 1;
  // Block 2, register 2 is columns 40 and up: padding. Block 4 does not exist.
  for (uint32_t position : {2u * 256 + 4, 4u * 256, 0xFFFFu}) {
    tensor.set(PlaneKind::Patch, last, position << 16 | 0x1234);
    EXPECT_EQ(tensor.message(), outside(last, position));
  }
}

TEST_F(EscapeRecordTest, PositionsMustRise) {
  uint32_t first = tensor.get(PlaneKind::Patch, 0);
  for (uint32_t second : {first, first & 0xFFFF}) {
    tensor.set(PlaneKind::Patch, 1, second);
    if (second >> 16 > first >> 16)
      continue;
    EXPECT_EQ(tensor.message(), "panel 0: patch record 1 of unit 0 is out of order (position " +
                                    std::to_string(second >> 16) + " after " +
                                    std::to_string(first >> 16) + ")");
  }
}

TEST(TensorIndexTest, EscapedWordsMustFitTheType) {
  Tampered tensor("window<3>", {64, 64}, ElementType::F8E4M3FN);
  ASSERT_EQ(tensor.message(), "no error");
  ASSERT_GT(tensor.size(PlaneKind::Patch), 0u);
  tensor.set(PlaneKind::Patch, 0, tensor.get(PlaneKind::Patch, 0) | 0x100);
  EXPECT_TRUE(tensor.message().starts_with("panel 0: patch record 0 of unit "));
  EXPECT_TRUE(tensor.message().ends_with(", which has more than 8 bits")) << tensor.message();
}

TEST(TensorIndexTest, RunsMustLieInsideTheUnitAndRise) {
  Tampered tensor("window<4>, layout=row_major, escapes=rows<64>", {64, 1024}, ElementType::BF16);
  ASSERT_EQ(tensor.message(), "no error");
  ASSERT_GE(tensor.size(PlaneKind::Patch), 2 * 68u);
  uint32_t second = tensor.get(PlaneKind::Patch, 17);
  tensor.set(PlaneKind::Patch, 17, 1024);
  EXPECT_EQ(tensor.message(), "panel 0: patch record 1 of unit 0 points outside its unit (run "
                              "1024, 64 rows x 1024 columns exist)");
  tensor.set(PlaneKind::Patch, 17, second);
  tensor.set(PlaneKind::Patch, 0, second);
  EXPECT_EQ(tensor.message(), "panel 0: patch record 1 of unit 0 is out of order (run " +
                                  std::to_string(second) + " after " + std::to_string(second) +
                                  ")");
}

//===----------------------------------------------------------------------===//
// Variable rate: alphabets, code tables, offsets
//===----------------------------------------------------------------------===//

namespace {
/// huffman<12,1> of [200, 64]: four coded panels.
class PrefixIndexTest : public testing::Test {
protected:
  Tampered tensor{"huffman<12,1>", {200, 64}, ElementType::BF16};
  /// Number of symbols, u32 of the model, entries of the code.
  uint32_t symbols = tensor.index(4);
  size_t lengthsWord = 5 + (symbols + 1) / 2;
  size_t directoryWord = lengthsWord + (symbols + 1 + 7) / 8;
  static constexpr size_t entryWords = 4;
  size_t offsetWord(size_t panel) const { return directoryWord + panel * entryWords + 1; }
  void SetUp() override { ASSERT_EQ(tensor.message(), "no error"); }
};
} // namespace

TEST_F(PrefixIndexTest, AlphabetMustHaveSymbolsThatFit) {
  for (uint32_t size : {0u, 257u, 0xFFFFFFFFu}) {
    tensor.setIndex(4, size);
    EXPECT_EQ(tensor.message(),
              "alphabet has " + std::to_string(size) + " symbols, expected 1 to 256");
  }
  tensor.setIndex(4, symbols);
  tensor.setIndex(5, 0x100);
  EXPECT_EQ(tensor.message(), "symbol 256 of the alphabet does not fit 8 bits");
}

TEST_F(PrefixIndexTest, ModelMustBeWhole) {
  size_t model = directoryWord - 4;
  tensor.setIndex(0, static_cast<uint32_t>(directoryWord - 1));
  EXPECT_EQ(tensor.message(), "model is too short: expected " + std::to_string(model) +
                                  " words for an alphabet of " + std::to_string(symbols) +
                                  ", got " + std::to_string(model - 1));
}

TEST_F(PrefixIndexTest, CodeTablesMustBeCompleteAndInBounds) {
  uint32_t sound = tensor.index(lengthsWord);
  tensor.setIndex(lengthsWord, (sound & ~0xFu) | 13);
  EXPECT_EQ(tensor.message(), "code length 13 of entry 0 is more than 12");
  // The first symbol at one bit leaves too little for the others; without a code word, too much.
  for (uint32_t length : {1u, 0u}) {
    tensor.setIndex(lengthsWord, (sound & ~0xFu) | length);
    std::string message = tensor.message();
    EXPECT_TRUE(message.starts_with("code lengths take ") &&
                message.ends_with("/4096 of the code words, expected all"))
        << message;
  }
  for (size_t word = lengthsWord; word < directoryWord; ++word)
    tensor.setIndex(word, 0);
  EXPECT_EQ(tensor.message(), "a table of code lengths is empty");
}

TEST_F(PrefixIndexTest, CodeOffsetsMustRiseFromZeroToTheEnd) {
  uint32_t second = tensor.index(offsetWord(1)), third = tensor.index(offsetWord(2));
  tensor.setIndex(offsetWord(0), 1);
  EXPECT_EQ(tensor.message(), "the code of the first coded panel begins at 16, expected 0");
  tensor.setIndex(offsetWord(0), 0);
  tensor.setIndex(offsetWord(1), third + 1);
  EXPECT_EQ(tensor.message(), "code offsets are out of order at " + std::to_string(third * 16));
  tensor.setIndex(offsetWord(1), second);

  uint32_t end = tensor.index(2);
  tensor.setIndex(2, end + 1);
  EXPECT_EQ(tensor.message(), "plane code has " + std::to_string(end * 16) +
                                  " bytes, but the index uses " + std::to_string(end * 16 + 16));
  tensor.setIndex(2, 0);
  EXPECT_EQ(tensor.message(), "code offsets are out of order at 0");
  tensor.setIndex(2, end);
  tensor.setIndex(offsetWord(3), 0xFFFFFFFF);
  EXPECT_EQ(tensor.message(), "code offsets are out of order at " + std::to_string(end * 16));
}
