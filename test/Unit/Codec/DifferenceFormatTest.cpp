//===- DifferenceFormatTest.cpp - Elements without a sign, of 16 bits -----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// uint16, whose symbols may have all 16 bits, and the formats that are chosen for it.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

using Words = std::vector<uint16_t>;

std::vector<uint8_t> bytesOf(const Words &words) {
  std::vector<uint8_t> bytes(words.size() * 2);
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

class DifferenceFormatTest : public testing::Test {
protected:
  /// Encodes in the chosen format, decodes on each code path. Returns bits an element.
  double bitsOf(const Words &words, uint64_t columns, Format *chosenFormat = nullptr) {
    TensorDescription description{ElementType::UInt16, {words.size() / columns, columns}, {}, 1};
    description.format.layout = Layout::RowMajor;
    std::vector<uint8_t> source = bytesOf(words);
    auto chosen = chooseFormat(FormatPolicy::BestSize, description, source, pool);
    if (!chosen)
      ADD_FAILURE() << chosen.error().message();
    description.format = chosen->format;
    if (chosenFormat)
      *chosenFormat = chosen->format;
    EncodeOptions options;
    options.chosen = &*chosen;
    MemoryPlanes planes;
    auto encoded = encodeTensor(description, source, planes, pool, options);
    if (!encoded)
      ADD_FAILURE() << encoded.error().message();
    hasStatistics = chosen->statistics != nullptr;
    // What the choice has counted is what the encoder would count.
    chosen->statistics.reset();
    MemoryPlanes counted;
    EXPECT_TRUE(bool(encodeTensor(description, source, counted, pool, options)));
    EXPECT_EQ(planes.planes, counted.planes);
    auto decoder = TensorDecoder::open(description, viewsOf(planes), encoded->indexChecksum);
    for (CodePath path : availableCodePaths()) {
      DecodeOptions how;
      how.path = path;
      std::vector<uint8_t> out(source.size());
      EXPECT_TRUE(bool(decoder->decode(out, pool, how)));
      EXPECT_EQ(out, source);
    }
    return 8 * static_cast<double>(encoded->bytes()) / static_cast<double>(words.size());
  }

  ThreadPool pool{2};
  /// Whether the last choice has counted all symbols.
  bool hasStatistics = false;
};

/// Bits an element of the words' entropy.
double entropyOf(const Words &words) {
  std::vector<uint64_t> counts(65536);
  for (uint16_t word : words)
    ++counts[word];
  return entropyBounds(counts, ElementType::UInt16).joint;
}

// field-1, field-2
TEST_F(DifferenceFormatTest, SymbolsOfAnyNumberOfBitsComeBack) {
  uint64_t seed = 1;
  CasesToTest cases(6);
  for (const std::string &example : registeredFormats())
    for (uint32_t coded : {3u, 7u, 8u}) {
      TensorDescription description{ElementType::UInt16, {130, 512}, parsedFormat(example), 1};
      description.format.codedMantissa = coded;
      bool holdsAll = description.format.escapes != Escapes::None || coded == 3;
      if (!holdsAll || !checkFormat(description.format, ElementType::UInt16))
        continue;
      for (Distribution distribution :
           {Distribution::AllPatterns, Distribution::RowScaled, Distribution::AllEqual}) {
        if (!cases.takesNext())
          continue;
        auto encoded = encodeCase(description, distribution, ++seed, pool, CodePath::Reference);
        ASSERT_TRUE(bool(encoded)) << nameOf(description) << encoded.error().message();
        auto decoder = TensorDecoder::open(description, viewsOf(encoded->planes),
                                           encoded->result.indexChecksum);
        ASSERT_TRUE(bool(decoder)) << nameOf(description) << decoder.error().message();
        for (CodePath path : availableCodePaths()) {
          EncodeOptions how;
          how.path = path;
          MemoryPlanes planes;
          ASSERT_TRUE(bool(encodeTensor(description, encoded->source, planes, pool, how)));
          EXPECT_EQ(planes.planes, encoded->planes.planes) << nameOf(description);
          DecodeOptions options;
          options.path = path;
          std::vector<uint8_t> out(encoded->source.size());
          ASSERT_TRUE(bool(decoder->decode(out, pool, options))) << nameOf(description);
          EXPECT_EQ(out, encoded->source) << nameOf(description);
        }
      }
    }
}

TEST_F(DifferenceFormatTest, RareChangesTakeLittleMoreThanTheirEntropy) {
  test::Random random(5);
  Words words(1024 * 512);
  for (uint16_t &word : words)
    if (random.below(100) < 7)
      word = static_cast<uint16_t>(std::abs(random.normal()) * 8);
  EXPECT_LT(bitsOf(words, 512), entropyOf(words) + 0.03);
  EXPECT_TRUE(hasStatistics);
  // And a few signs that have changed.
  for (size_t i = 0; i < words.size(); i += 10000)
    words[i] = static_cast<uint16_t>(40000 + random.below(20000));
  EXPECT_LT(bitsOf(words, 512), entropyOf(words) + 0.035);
  EXPECT_TRUE(hasStatistics);
}

TEST_F(DifferenceFormatTest, RowsThatHaveNotChangedTakeNextToNothing) {
  test::Random random(6);
  Words words(1024 * 512);
  for (size_t i = 0; i < words.size(); ++i)
    if (i / 512 % 16 == 3)
      words[i] = static_cast<uint16_t>(random.below(64));
  Format format;
  double bits = bitsOf(words, 512, &format);
  EXPECT_GT(format.rowClasses, 1u);
  EXPECT_LT(bits, 6.0 / 16 + 0.03);
}

TEST_F(DifferenceFormatTest, LargeNumbersKeepTheirLowestBitsRaw) {
  test::Random random(7);
  Words words(1024 * 512);
  for (uint16_t &word : words)
    word = static_cast<uint16_t>(std::abs(random.normal()) * 4000);
  Format format;
  double bits = bitsOf(words, 512, &format);
  EXPECT_LT(format.codedMantissa, 8u);
  EXPECT_LT(bits, 13.05); // log2(4000 · sqrt(πe / 2)) = 13.01
}

TEST_F(DifferenceFormatTest, RandomNumbersAreNotCoded) {
  test::Random random(8);
  Words words(256 * 512);
  for (uint16_t &word : words)
    word = static_cast<uint16_t>(random.next());
  Format format;
  bitsOf(words, 512, &format);
  EXPECT_TRUE(isRaw(format));
  bitsOf(Words(), 512, &format);
  EXPECT_TRUE(isRaw(format));
}

} // namespace
