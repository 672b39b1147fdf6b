//===- StatisticsTest.cpp -------------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "lib/Codec/RowClasses.h"
#include <algorithm>
#include <bit>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;

namespace {

/// TensorOfWords of `matrices` matrices, panel by panel.
struct TensorOfWords {
  uint64_t matrices, rows, columns;
  std::vector<uint16_t> data;

  MatrixShape shape() const { return {rows, columns}; }
  uint64_t panels() const { return matrices * shape().panels(); }
  PanelWords panel(uint64_t p) const {
    uint64_t inMatrix = p % shape().panels(), firstRow = inMatrix * panelRows;
    PanelWords words;
    words.data = data.data() + (p / shape().panels() * rows + firstRow) * columns;
    words.stride = columns;
    words.rows = shape().rowsOfPanel(inMatrix);
    words.columns = columns;
    return words;
  }
  PanelSource source() const {
    return [this](uint64_t p, std::vector<uint16_t> &) { return panel(p); };
  }
};

uint16_t toBf16(float value) { return static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16); }

/// Sums of uniform numbers, near enough to weights; row r scaled by scale(r).
template <typename Scale>
TensorOfWords weights(uint64_t matrices, uint64_t rows, uint64_t columns, Scale scale) {
  TensorOfWords words{matrices, rows, columns, {}};
  std::mt19937 random(7);
  for (uint64_t r = 0; r < matrices * rows; ++r)
    for (uint64_t c = 0; c < columns; ++c) {
      float sum = 0;
      for (int i = 0; i < 6; ++i)
        sum += static_cast<float>(random()) / 4294967296.0f - 0.5f;
      words.data.push_back(toBf16(sum * scale(r)));
    }
  return words;
}

TensorOfWords plainWeights(uint64_t matrices, uint64_t rows, uint64_t columns) {
  return weights(matrices, rows, columns, [](uint64_t) { return 0.03f; });
}

TensorOfWords anyBits(uint64_t matrices, uint64_t rows, uint64_t columns) {
  TensorOfWords words{matrices, rows, columns, {}};
  std::mt19937 random(8);
  for (uint64_t i = 0; i < matrices * rows * columns; ++i)
    words.data.push_back(static_cast<uint16_t>(random()));
  return words;
}

std::vector<uint8_t> anyClasses(const TensorOfWords &words, uint32_t classCount) {
  std::vector<uint8_t> classes(words.panels() * panelRows);
  for (size_t i = 0; i < classes.size(); ++i)
    classes[i] = static_cast<uint8_t>(i * 7 % classCount);
  return classes;
}

/// What countSymbols promises, an element at a time.
SymbolStatistics countSimply(const TensorOfWords &words, const FieldSplit &split, bool wantPairs,
                             std::span<const uint8_t> classes, uint32_t classCount) {
  SymbolStatistics result;
  result.split = split;
  size_t symbols = size_t(1) << split.symbolBits;
  result.counts.assign(classCount, std::vector<uint64_t>(symbols));
  if (wantPairs)
    result.pairs.assign(classCount, std::vector<uint64_t>(symbols * symbols));
  for (uint64_t p = 0; p < words.panels(); ++p) {
    PanelWords panel = words.panel(p);
    for (uint32_t r = 0; r < panel.rows; ++r)
      for (uint64_t c = 0; c < panel.columns; ++c) {
        uint32_t rowClass = classes.empty() ? 0 : classes[p * panelRows + r];
        uint32_t symbol = split.symbolOf(panel.row(r)[c]);
        ++result.counts[rowClass][symbol];
        if (wantPairs && c % 2 == 1)
          ++result.pairs[rowClass][split.symbolOf(panel.row(r)[c - 1]) + symbol * symbols];
      }
  }
  return result;
}

const std::vector<TensorOfWords> &awkwardTensors() {
  static const std::vector<TensorOfWords> tensors = {
      plainWeights(1, 1, 1),     plainWeights(1, 65, 3),     plainWeights(3, 17, 37),
      anyBits(2, 70, 21),        plainWeights(1, 130, 1027), anyBits(1, 9, 1500),
      anyBits(1, 1, 40001),      plainWeights(1, 0, 5),      plainWeights(2, 3, 0),
      plainWeights(1, 300, 2050)};
  return tensors;
}

std::string name(const TensorOfWords &words) {
  return std::to_string(words.matrices) + " x [" + std::to_string(words.rows) + ", " +
         std::to_string(words.columns) + "]";
}

constexpr ElementType types[] = {ElementType::BF16, ElementType::F16, ElementType::F32};

TEST(StatisticsTest, countsEveryWordOnce) {
  ThreadPool pool(2);
  for (const TensorOfWords &words : awkwardTensors()) {
    std::vector<uint64_t> expected(65536);
    for (uint16_t word : words.data)
      ++expected[word];
    EXPECT_EQ(countWords(words.source(), words.panels(), 16, pool), expected) << name(words);
  }
}

TEST(StatisticsTest, countsWordsOf8Bits) {
  ThreadPool pool(1);
  TensorOfWords words{1, 3, 5, {0, 255, 1, 1, 7, 255, 255, 255, 128, 3, 3, 3, 3, 3, 3}};
  std::vector<uint64_t> counts = countWords(words.source(), words.panels(), 8, pool);
  ASSERT_EQ(counts.size(), 256u);
  EXPECT_EQ(counts[255], 4u);
  EXPECT_EQ(counts[3], 6u);
}

TEST(StatisticsTest, symbolsAreThoseOfASimpleCount) {
  ThreadPool pool(2);
  for (const TensorOfWords &words : awkwardTensors())
    for (ElementType type : types)
      for (unsigned mantissa : {0u, 2u, 7u}) {
        FieldSplit split = splitOf(type, mantissa);
        std::vector<uint8_t> classes = anyClasses(words, 4);
        SymbolStatistics flat =
            countSymbols(words.source(), words.panels(), split, false, {}, 1, pool);
        EXPECT_EQ(flat.counts, countSimply(words, split, false, {}, 1).counts) << name(words);
        EXPECT_TRUE(flat.pairs.empty());
        SymbolStatistics classed =
            countSymbols(words.source(), words.panels(), split, false, classes, 4, pool);
        EXPECT_EQ(classed.counts, countSimply(words, split, false, classes, 4).counts)
            << name(words);
      }
}

TEST(StatisticsTest, pairsAreThoseOfASimpleCount) {
  ThreadPool pool(2);
  for (const TensorOfWords &words : awkwardTensors())
    for (ElementType type : types) {
      FieldSplit split = splitOf(type, 0);
      std::vector<uint8_t> classes = anyClasses(words, 2);
      for (uint32_t classCount : {1u, 2u}) {
        std::span<const uint8_t> used(classes.data(), classCount == 1 ? 0 : classes.size());
        SymbolStatistics fast =
            countSymbols(words.source(), words.panels(), split, true, used, classCount, pool);
        SymbolStatistics simple = countSimply(words, split, true, used, classCount);
        EXPECT_EQ(fast.counts, simple.counts) << name(words);
        EXPECT_EQ(fast.pairs, simple.pairs) << name(words);
      }
    }
}

TEST(StatisticsTest, classStatisticsOfRowHistogramsAreExact) {
  ThreadPool pool(2);
  for (const TensorOfWords &words : awkwardTensors())
    for (unsigned mantissa : {0u, 2u, 5u}) {
      FieldSplit split = splitOf(ElementType::BF16, mantissa);
      RowHistograms rows = countRows(words.source(), words.panels(), split, pool);
      std::vector<uint8_t> classes = anyClasses(words, 8);
      EXPECT_EQ(classStatistics(rows, classes, 8, words.source(), pool).counts,
                countSimply(words, split, false, classes, 8).counts)
          << name(words);
      EXPECT_EQ(classStatistics(rows, {}, 1, words.source(), pool).counts,
                countSimply(words, split, false, {}, 1).counts)
          << name(words);
    }
}

// Sums of rows take 32 bits before they take 64.
TEST(StatisticsTest, classStatisticsOfManyRowsAreExact) {
  TensorOfWords words = weights(1, 70000, 3, [](uint64_t r) { return r % 5 ? 0.01f : 0.0f; });
  FieldSplit split = splitOf(ElementType::BF16, 2);
  ThreadPool pool(2);
  RowHistograms rows = countRows(words.source(), words.panels(), split, pool);
  std::vector<uint8_t> classes = anyClasses(words, 4);
  EXPECT_EQ(classStatistics(rows, classes, 4, words.source(), pool).counts,
            countSimply(words, split, false, classes, 4).counts);
}

TEST(StatisticsTest, shortRowsHaveNarrowWindows) {
  FieldSplit split = splitOf(ElementType::BF16, 2);
  ThreadPool pool(1);
  for (uint64_t columns : {64, 1024, 1025}) {
    // An element of each row is below all windows.
    TensorOfWords words = plainWeights(1, 130, columns);
    for (uint64_t r = 0; r < 130; ++r)
      words.data[r * columns] = 0;
    RowHistograms rows = countRows(words.source(), words.panels(), split, pool);
    EXPECT_EQ(rows.width, columns <= narrowColumns ? narrowCounters : windowCounters);
    EXPECT_TRUE(rows.isExact);
    EXPECT_GE(rows.counted[0].rare.size(), 64u);
    EXPECT_EQ(classStatistics(rows, {}, 1, words.source(), pool).counts,
              countSimply(words, split, false, {}, 1).counts);
  }
}

TEST(StatisticsTest, rowHistogramsListSymbolsOutsideTheWindow) {
  // Zeros among weights lie far below them.
  TensorOfWords words = plainWeights(1, 64, 1100);
  for (uint32_t r = 0; r < 10; ++r)
    words.data[r * 1100 + 5 * r] = 0;
  ThreadPool pool(1);
  RowHistograms rows =
      countRows(words.source(), words.panels(), splitOf(ElementType::BF16, 2), pool);
  EXPECT_TRUE(rows.isExact);
  EXPECT_EQ(rows.counted[0].rare.size(), 10u);
}

TEST(StatisticsTest, wordsWithoutAWindowAreNotListed) {
  TensorOfWords words = anyBits(1, 64, 2048);
  ThreadPool pool(1);
  RowHistograms rows =
      countRows(words.source(), words.panels(), splitOf(ElementType::BF16, 2), pool);
  EXPECT_FALSE(rows.isExact);
  EXPECT_LT(rows.counted[0].rare.size(), 64u * 2048 / 8);
}

TEST(StatisticsTest, entropiesOfKnownDistributions) {
  std::vector<uint64_t> uniform(65536, 3);
  EntropyBounds bounds = entropyBounds(uniform, ElementType::BF16);
  EXPECT_NEAR(bounds.joint, 16, 1e-9);
  EXPECT_NEAR(bounds.exponent, 16, 1e-9);

  std::vector<uint64_t> single(65536);
  single[0x3f80] = 10;
  bounds = entropyBounds(single, ElementType::BF16);
  EXPECT_DOUBLE_EQ(bounds.joint, 0);
  EXPECT_DOUBLE_EQ(bounds.exponent, 8);

  // Exponents with probabilities 1/2, 1/4, 1/4, each with one mantissa.
  std::vector<uint64_t> skewed(65536);
  skewed[0x3f80] = 2;
  skewed[0x4000] = 1;
  skewed[0x4080] = 1;
  bounds = entropyBounds(skewed, ElementType::BF16);
  EXPECT_DOUBLE_EQ(bounds.joint, 1.5);
  EXPECT_DOUBLE_EQ(bounds.exponent, 9.5);

  std::vector<uint64_t> bytes(256, 1);
  EXPECT_DOUBLE_EQ(entropyBounds(bytes, ElementType::F8E4M3FN).exponent, 8);
  EXPECT_DOUBLE_EQ(entropyBounds(std::vector<uint64_t>(256), ElementType::F8E5M2).exponent, 0);
}

TEST(StatisticsTest, rowsOfTwoScalesAreSeparated) {
  TensorOfWords words = weights(2, 100, 512, [](uint64_t r) { return r % 3 == 0 ? 0.01f : 0.04f; });
  ThreadPool pool(1);
  std::vector<uint8_t> classes =
      sortRowClasses(words.source(), words.panels(), splitOf(ElementType::BF16, 2), 2, pool);
  ASSERT_EQ(classes.size(), 4 * panelRows);
  for (uint64_t r = 0; r < 200; ++r) {
    uint64_t at = r / 100 * 2 * panelRows + r % 100;
    EXPECT_EQ(classes[at], r % 3 == 0 ? 0 : 1) << r;
  }
  // Padding rows of the second panel.
  for (uint64_t at = 100; at < 2 * panelRows; ++at)
    EXPECT_EQ(classes[at], 0);
}

TEST(StatisticsTest, classesDoNotDependOnThreads) {
  TensorOfWords words =
      weights(1, 1500, 96, [](uint64_t r) { return 0.01f + 0.001f * (r * 37 % 50); });
  ThreadPool one(1), four(4);
  for (uint32_t classCount : {1u, 2u, 4u, 8u, 16u}) {
    FieldSplit split = splitOf(ElementType::BF16, 2);
    std::vector<uint8_t> classes =
        sortRowClasses(words.source(), words.panels(), split, classCount, one);
    EXPECT_EQ(classes, sortRowClasses(words.source(), words.panels(), split, classCount, four));
    EXPECT_EQ(*std::max_element(classes.begin(), classes.end()), classCount - 1);
  }
}

TEST(StatisticsTest, allRowsAreClassedAsThoseThatShowedTheClasses) {
  TensorOfWords words =
      weights(1, 64 * 21 + 5, 96, [](uint64_t r) { return 0.01f + 0.001f * (r * 37 % 50); });
  FieldSplit split = splitOf(ElementType::BF16, 2);
  ThreadPool pool(2);
  RowHistograms rows = countRows(words.source(), words.panels(), split, pool);
  const uint32_t classCounts[] = {2, 4, 8};
  for (size_t panelStride : {1, 3})
    for (uint32_t classCount : classCounts) {
      RowClassifier classifier(rows, classCounts, panelStride, pool);
      EXPECT_EQ(classifier.takeAll(classCount),
                sortRowClasses(rows, classCount, words.source(), pool))
          << classCount << " classes";
    }
}

TEST(StatisticsTest, tensorsOfManyRowsAreSampledAndClassedAllTheSame) {
  // Rows of the smallest tensor whose histograms would pass the limit of memory.
  TensorOfWords words = weights(1, 983041 + 64, 1, [](uint64_t) { return 1.0f; });
  ThreadPool pool(2);
  FieldSplit split = splitOf(ElementType::BF16, 2);
  RowHistograms rows = countRows(words.source(), words.panels(), split, pool);
  EXPECT_EQ(rows.stride, 2u);
  EXPECT_FALSE(rows.isExact);
  std::vector<uint8_t> classes = sortRowClasses(rows, 2, words.source(), pool);
  ASSERT_EQ(classes.size(), words.panels() * panelRows);
  // Rows with the same single weight are in the same class, whether counted or not.
  std::vector<int> classOf(1024, -1);
  for (uint64_t r = 0; r < words.rows; ++r) {
    int &expected = classOf[split.symbolOf(words.data[r])];
    if (expected < 0)
      expected = classes[r];
    ASSERT_EQ(expected, classes[r]) << r;
  }
}

TEST(StatisticsTest, smallTensorsAreCountedAlikeOneAfterAnother) {
  WordCounter counter;
  ThreadPool pool(1);
  for (ElementType element : allElementTypes) {
    TensorDescription description{element, {7, 65}, {}};
    std::vector<uint8_t> bytes = makeTensor(element, description.shape, Distribution::StudentT4, 5);
    counter.add(element, std::span(bytes).first(65 * getTraits(element).bytes));
    counter.add(element, std::span(bytes).subspan(65 * getTraits(element).bytes));
    Expected<PanelSource> source = panelSource(description, bytes);
    ASSERT_TRUE(bool(source));
    std::vector<uint64_t> expected = countWords(*source, 1, getTraits(element).wordBits, pool);
    std::vector<WordCount> words = counter.take();
    std::vector<uint64_t> found(expected.size());
    for (const WordCount &one : words)
      found[one.word] += one.count;
    EXPECT_EQ(found, expected) << getTraits(element).name;
    EXPECT_EQ(words.size(), occurring(expected).size());
    EXPECT_NEAR(entropyBounds(words, element).joint, entropyBounds(expected, element).joint, 1e-9);
    EXPECT_TRUE(counter.take().empty());
  }
}

Format chosenFormat(FormatPolicy policy, const TensorDescription &description,
                    std::span<const uint8_t> bytes) {
  ThreadPool pool(1);
  Expected<ChosenFormat> chosen = chooseFormat(policy, description, bytes, pool);
  if (!chosen) {
    ADD_FAILURE() << chosen.error().message();
    return {};
  }
  return chosen->format;
}

Format bestSize(const TensorOfWords &words) {
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(words.data.data()),
                                 words.data.size() * 2);
  return chosenFormat(FormatPolicy::BestSize,
                      {ElementType::BF16, {words.matrices, words.rows, words.columns}, {}}, bytes);
}

TEST(ChooseFormatTest, likeRowsHaveNoClasses) {
  EXPECT_EQ(bestSize(plainWeights(1, 256, 512)).str(), "huffman<12,1>, coded=exponent+2");
}

TEST(ChooseFormatTest, unlikeRowsHaveClasses) {
  TensorOfWords words = weights(1, 512, 512, [](uint64_t r) { return r % 2 == 0 ? 0.01f : 0.04f; });
  EXPECT_EQ(bestSize(words).str(), "huffman<12,1>, coded=exponent+2, context=row_class<2>");
}

TEST(ChooseFormatTest, smallTensorsHaveSmallTables) {
  EXPECT_LT(bestSize(plainWeights(1, 32, 32)).codedMantissa, 2u);
}

/// The nearest value of FP8 (E4M3) to each word, as BF16: 3 of 7 mantissa bits are left.
TensorOfWords roundedToFp8(TensorOfWords words) {
  for (uint16_t &word : words.data)
    word = static_cast<uint16_t>((word + 8) & ~15);
  return words;
}

TEST(ChooseFormatTest, valuesOfFewerBitsAreCodedWhole) {
  Format like = bestSize(roundedToFp8(plainWeights(1, 256, 512)));
  EXPECT_EQ(like.str(), "huffman<12,1>, coded=exponent+7");
  Format unlike = bestSize(
      roundedToFp8(weights(1, 512, 512, [](uint64_t r) { return r % 2 == 0 ? 0.01f : 0.04f; })));
  EXPECT_EQ(unlike.str(), "huffman<12,1>, coded=exponent+7, context=row_class<2>");
}

TensorOfWords roundedToFourBits(TensorOfWords words) {
  roundToFourBits({reinterpret_cast<uint8_t *>(words.data.data()), words.data.size() * 2});
  return words;
}

TEST(ChooseFormatTest, FewValuesThatAreManyForPrefixCodesTakeNumerals) {
  TensorOfWords words = roundedToFourBits(plainWeights(1, 256, 512));
  EXPECT_EQ(bestSize(words).codec.str(), "rans<12>");
  EXPECT_EQ(bestSize(words).codedMantissa, 2u);
  TensorOfWords unlike = roundedToFourBits(
      weights(1, 512, 512, [](uint64_t r) { return r % 2 == 0 ? 0.01f : 0.04f; }));
  EXPECT_EQ(bestSize(unlike).codec.str(), "rans<12>");
  EXPECT_GT(bestSize(unlike).rowClasses, 1u);

  // Readers that do not know them get prefix codes, and too few elements do not show it.
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(words.data.data()),
                                 words.data.size() * 2);
  TensorDescription description{ElementType::BF16, {256, 512}, {}};
  ThreadPool pool(1);
  auto older = chooseFormat(FormatPolicy::BestSize, description, bytes, pool, /*sample=*/nullptr,
                            /*newestReader=*/4);
  ASSERT_TRUE(bool(older));
  EXPECT_EQ(older->format.codec.str(), "huffman<12,1>");
  EXPECT_EQ(bestSize(roundedToFourBits(plainWeights(1, 32, 512))).codec.str(), "huffman<12,1>");

  EXPECT_EQ(shownReader(FormatPolicy::BestSize, ElementType::BF16, bytes), 5u);
  EXPECT_EQ(shownReader(FormatPolicy::Fast, ElementType::BF16, bytes), 1u);
  EXPECT_EQ(shownReader(FormatPolicy::BestSize, ElementType::BF16, bytes.first(1 << 12)), 1u);
  std::vector<uint8_t> natural =
      makeTensor(ElementType::BF16, description.shape, Distribution::RowScaled, 3);
  EXPECT_EQ(shownReader(FormatPolicy::BestSize, ElementType::BF16, natural), 1u);
}

TEST(ChooseFormatTest, FewValuesInF32AreSeenInTheUpperHalf) {
  TensorOfWords words = roundedToFourBits(plainWeights(1, 256, 512));
  std::vector<uint8_t> bytes;
  for (uint16_t word : words.data)
    bytes.insert(bytes.end(), {0, 0, static_cast<uint8_t>(word), static_cast<uint8_t>(word >> 8)});
  EXPECT_EQ(shownReader(FormatPolicy::BestSize, ElementType::F32, bytes), 5u);
  Format format = chosenFormat(FormatPolicy::BestSize, {ElementType::F32, {256, 512}, {}}, bytes);
  EXPECT_EQ(format.codec.str(), "rans<12>");
}

TEST(ChooseFormatTest, bitsInTheMiddleAreCodedWhereTheySaySomething) {
  // The third bit of the mantissa is that of the exponent; the four below are noise.
  TensorOfWords words = plainWeights(1, 256, 512);
  for (uint16_t &word : words.data)
    word = static_cast<uint16_t>((word & ~0x10) | (word >> 3 & 0x10));
  EXPECT_EQ(bestSize(words).str(), "huffman<12,1>, coded=exponent+3");
}

TEST(ChooseFormatTest, WhatFinerCodesWereChosenByIsNotCountedAgain) {
  TensorOfWords like = plainWeights(1, 256, 512);
  TensorOfWords unlike =
      weights(1, 256, 512, [](uint64_t r) { return r % 2 == 0 ? 0.01f : 0.04f; });
  TensorOfWords third = unlike;
  for (uint16_t &word : third.data)
    word = static_cast<uint16_t>((word & ~0x10) | (word >> 3 & 0x10));
  ThreadPool pool(1);
  for (const TensorOfWords &words : {roundedToFp8(like), roundedToFp8(unlike), third}) {
    std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(words.data.data()),
                                   words.data.size() * 2);
    TensorDescription description{ElementType::BF16, {256, 512}, {}};
    ChosenFormat chosen = *chooseFormat(FormatPolicy::BestSize, description, bytes, pool);
    ASSERT_GT(chosen.format.codedMantissa, 2u);
    ASSERT_TRUE(chosen.statistics);
    SymbolStatistics counted =
        countSymbols(*panelSource(description, bytes), 256 / panelRows,
                     splitOf(ElementType::BF16, chosen.format), /*wantPairs=*/false,
                     chosen.rowClasses, chosen.format.rowClasses, pool);
    std::vector<std::vector<uint64_t>> counts = chosen.statistics->counts;
    for (std::vector<uint64_t> &ofClass : counts)
      ofClass.resize(counted.counts.front().size());
    EXPECT_EQ(counts, counted.counts) << chosen.format.str();
  }
}

TEST(ChooseFormatTest, tensorsWithoutElementsStayRaw) {
  EXPECT_EQ(bestSize(plainWeights(1, 0, 7)).str(), "raw");
  EXPECT_EQ(bestSize(plainWeights(4, 7, 0)).str(), "raw");
}

TEST(ChooseFormatTest, choicesAreValidForEveryType) {
  for (ElementType type : allElementTypes) {
    TensorDescription description{type, {128, 700}, {}};
    std::vector<uint8_t> bytes = makeTensor(type, description.shape, Distribution::RowScaled, 3);
    Format best = chosenFormat(FormatPolicy::BestSize, description, bytes);
    EXPECT_TRUE(checkFormat(best, type)) << getTraits(type).name;
    description.format.layout = Layout::RowMajor;
    description.format.storage = Storage::KMajor;
    Format fast = chosenFormat(FormatPolicy::Fast, description, bytes);
    std::string whole = "huffman<12,1>, layout=row_major, storage=k_major, coded=exponent+" +
                        std::to_string(getTraits(type).mantissaBits);
    EXPECT_EQ(fast.str(), getTraits(type).signBits
                              ? "huffman<12,2>, layout=row_major, storage=k_major"
                              : whole);
    EXPECT_TRUE(checkFormat(fast, type)) << getTraits(type).name;
  }
}

TEST(ChooseFormatTest, lowHalvesHaveTheBitsThatOccur) {
  TensorDescription description{ElementType::F32, {128, 64}, {}};
  for (uint32_t bits : {0, 1, 3, 15, 16}) {
    std::vector<uint8_t> bytes =
        makeTensor(ElementType::F32, description.shape, Distribution::Gaussian, 3);
    shortenLowHalves(bytes, bits);
    for (FormatPolicy policy : {FormatPolicy::BestSize, FormatPolicy::Fast})
      EXPECT_EQ(chosenFormat(policy, description, bytes).lowBits, bits == 0 ? 16 : bits);
  }
}

TEST(ChooseFormatTest, BytesAreChosenByWhatTheyHold) {
  auto chosen = [](std::vector<uint8_t> bytes) {
    TensorDescription description{ElementType::UInt8, {bytes.size() / 512, 512}, {}};
    return chosenFormat(FormatPolicy::BestSize, description, bytes);
  };
  // Two values: pairs of them, and no escapes.
  std::vector<uint8_t> few(256 * 512);
  for (size_t i = 0; i < few.size(); ++i)
    few[i] = i * 2654435761u >> 28 & 1;
  EXPECT_EQ(chosen(few).codec.str(), "huffman<12,2>");
  EXPECT_EQ(chosen(few).escapes, Escapes::None);
  // Rows of either sign that are narrow or wide, and differ in nothing but that.
  std::vector<uint64_t> shape = {256, 512};
  std::vector<uint8_t> rows = makeTensor(ElementType::UInt8, shape, Distribution::Gaussian, 1);
  for (size_t i = 0; i < rows.size(); ++i)
    rows[i] = static_cast<uint8_t>(i / 512 % 2 ? rows[i] : static_cast<int8_t>(rows[i]) / 8);
  EXPECT_GE(chosen(rows).rowClasses, 2u);
  EXPECT_EQ(chosen(rows).codedMantissa, 4u);
  // Noise is not coded, also where only a sample of it is seen.
  for (uint64_t noisyRows : {256, 64 * 200}) {
    std::vector<uint64_t> noisy = {noisyRows, 512};
    EXPECT_EQ(
        chosen(makeTensor(ElementType::UInt8, noisy, Distribution::UniformBits, 1)).codec.str(),
        "raw");
  }
}

} // namespace
