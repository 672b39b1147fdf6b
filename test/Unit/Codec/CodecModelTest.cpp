//===- CodecModelTest.cpp - Models from statistics and back ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Codec.h"
#include "uwt/Codec/PrefixCode.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace uwt;

namespace {

struct Built {
  Format format;
  FieldSplit split;
  const Codec *codec;
};

Built codecOf(std::string_view text, ElementType element = ElementType::BF16) {
  Format format = *Format::parse(text);
  EXPECT_TRUE(checkFormat(format, element)) << text;
  return {format, splitOf(element, format), *findCodec(format.codec.keyword)};
}

SymbolStatistics noStatistics(const Built &built) {
  SymbolStatistics statistics;
  statistics.split = built.split;
  size_t symbols = size_t(1) << built.split.symbolBits;
  statistics.counts.assign(built.format.codeTables(), std::vector<uint64_t>(symbols));
  const std::vector<uint32_t> &parameters = built.format.codec.parameters;
  if (parameters.size() == 2 && parameters[1] == 2)
    statistics.pairs.assign(built.format.codeTables(), std::vector<uint64_t>(symbols * symbols));
  return statistics;
}

/// Counts that fall off on both sides of a middle, other ones in each class.
SymbolStatistics bellStatistics(const Built &built, uint64_t elements) {
  SymbolStatistics statistics = noStatistics(built);
  std::mt19937_64 random(7);
  size_t symbols = statistics.counts[0].size();
  for (size_t c = 0; c < statistics.counts.size(); ++c) {
    std::binomial_distribution<size_t> bell(std::min<size_t>(symbols - 1, 40), 0.3 + 0.02 * c);
    for (uint64_t i = 0; i < elements; i += 2) {
      size_t first = bell(random), second = bell(random);
      ++statistics.counts[c][first];
      ++statistics.counts[c][second];
      if (!statistics.pairs.empty())
        ++statistics.pairs[c][first + symbols * second];
    }
  }
  return statistics;
}

Model modelOf(const Built &built, const SymbolStatistics &statistics) {
  Expected<Model> model = built.codec->buildModel(built.format, statistics);
  EXPECT_TRUE(model) << (model ? "" : model.error().message());
  return model ? *model : Model();
}

std::vector<uint32_t> wordsOf(const Built &built, const Model &model) {
  std::vector<uint32_t> words;
  built.codec->writeModel(built.format, model, words);
  return words;
}

std::string readFailure(const Built &built, const std::vector<uint32_t> &words) {
  size_t used = 0;
  Expected<Model> model = built.codec->readModel(built.format, built.split, words, used);
  if (model)
    return "no failure";
  EXPECT_EQ(model.error().getKind(), ErrorKind::Invalid);
  return model.error().message();
}

void expectSameAfterReading(const Built &built, const Model &model) {
  std::vector<uint32_t> words = wordsOf(built, model);
  size_t used = 99;
  Expected<Model> read = built.codec->readModel(built.format, built.split, words, used);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(used, words.size());
  EXPECT_EQ(read->symbols, model.symbols);
  EXPECT_EQ(read->lengths, model.lengths);
  for (size_t size = 0; size < words.size(); ++size)
    EXPECT_NE(readFailure(built, {words.begin(), words.begin() + size}), "no failure");
}

TEST(CodecModelTest, ModelsOfAllExamplesReadBack) {
  for (const Codec *codec : allCodecs())
    for (const std::string &example : codec->examples())
      for (uint64_t elements : {0, 2, 20000}) {
        SCOPED_TRACE(example + " of " + std::to_string(elements));
        Built built = codecOf(example);
        expectSameAfterReading(built, modelOf(built, bellStatistics(built, elements)));
      }
}

TEST(CodecModelTest, AnyWordsAreReadOrRefused) {
  std::mt19937_64 random(3);
  for (const Codec *codec : allCodecs())
    for (const std::string &example : codec->examples()) {
      Built built = codecOf(example);
      std::vector<uint32_t> good = wordsOf(built, modelOf(built, bellStatistics(built, 5000)));
      for (int round = 0; round < 300 && !good.empty(); ++round) {
        std::vector<uint32_t> words = good;
        words[random() % words.size()] ^= 1u << random() % 32;
        size_t used = 0;
        if (built.codec->readModel(built.format, built.split, words, used)) {
          EXPECT_LE(used, words.size());
        }
      }
    }
}

// window-1
TEST(CodecModelTest, WindowCoversMost) {
  Built built = codecOf("window<3>");
  SymbolStatistics statistics = noStatistics(built);
  statistics.counts[0][100] = 5;
  statistics.counts[0][107] = 9;
  statistics.counts[0][108] = 4;
  Model model = modelOf(built, statistics);
  EXPECT_EQ(model.symbols.front(), 100);
  EXPECT_EQ(model.symbols.back(), 107);
  EXPECT_EQ(model.commonest, 107);
}

// window-1
TEST(CodecModelTest, WindowStaysAmongTheSymbols) {
  Built built = codecOf("window<4>");
  SymbolStatistics statistics = noStatistics(built);
  statistics.counts[0][255] = 1;
  EXPECT_EQ(modelOf(built, statistics).symbols.front(), 240);
  EXPECT_EQ(readFailure(built, {240}), "no failure");
  EXPECT_EQ(readFailure(built, {241}), "base 241 is more than 240");
}

// palette-1
TEST(CodecModelTest, PaletteHoldsTheCommonest) {
  Built built = codecOf("palette<4>");
  SymbolStatistics statistics = noStatistics(built);
  statistics.counts[0][3] = 1;
  statistics.counts[0][200] = 8;
  Model model = modelOf(built, statistics);
  EXPECT_EQ(model.symbols.size(), 16u);
  EXPECT_EQ(model.symbols[0], 200);
  EXPECT_EQ(model.symbols[1], 3);
  EXPECT_EQ(readFailure(built, std::vector<uint32_t>(8, 256)),
            "palette symbol 256 does not fit 8 bits");
}

TEST(CodecModelTest, PrefixCodesTheCommonestAndEscapesInEveryClass) {
  for (const char *text : {"huffman<12,1>, coded=exponent+2, context=row_class<8>",
                           "huffman<12,2>, context=row_class<2>", "huffman<1,1>", "huffman<2,2>"}) {
    SCOPED_TRACE(text);
    Built built = codecOf(text);
    SymbolStatistics statistics = bellStatistics(built, 20000);
    // A class without elements has a table all the same.
    std::fill(statistics.counts.back().begin(), statistics.counts.back().end(), 0);
    Model model = modelOf(built, statistics);
    for (const std::vector<uint8_t> &lengths : model.lengths) {
      EXPECT_NE(lengths.front(), 0);
      EXPECT_NE(lengths.back(), 0);
    }
    std::vector<uint64_t> total = statistics.total();
    EXPECT_EQ(model.commonest, model.symbols[0]);
    EXPECT_EQ(total[model.commonest], *std::max_element(total.begin(), total.end()));
  }
}

// With the escape, seventeen entries fill 5 bits so that one of sixteen equal symbols takes 5
// bits and the others 4; one entry more makes another one longer.
TEST(CodecModelTest, PrefixEscapesRareSymbols) {
  Built built = codecOf("huffman<5,1>");
  SymbolStatistics statistics = noStatistics(built);
  for (size_t i = 0; i < 16; ++i)
    statistics.counts[0][100 + i] = 1 << 16;
  statistics.counts[0][7] = 2;
  EXPECT_EQ(modelOf(built, statistics).symbols.size(), 16u);
  statistics.counts[0][7] = 3000;
  EXPECT_EQ(modelOf(built, statistics).symbols.size(), 17u);
}

/// What keeping some of the symbols of `sorted`, the commonest first, costs with code words of at
/// most `maxLength` bits.
uint64_t costOfKeeping(std::span<const uint64_t> sorted, size_t kept, uint32_t maxLength) {
  std::vector<uint64_t> counts(sorted.begin(), sorted.begin() + kept);
  uint64_t escaped = std::accumulate(sorted.begin() + kept, sorted.end(), uint64_t(0));
  counts.push_back(std::max<uint64_t>(escaped, 1));
  std::vector<uint8_t> lengths = limitedCodeLengths(counts, maxLength);
  return std::inner_product(counts.begin(), counts.end(), lengths.begin(),
                            escaped * 32 + kept * 20);
}

uint64_t leastCost(std::span<const uint64_t> sorted, uint32_t maxLength) {
  uint64_t best = UINT64_MAX;
  for (size_t kept = 1; kept <= sorted.size(); ++kept)
    best = std::min(best, costOfKeeping(sorted, kept, maxLength));
  return best;
}

// The search may not miss the number of kept symbols that costs least.
TEST(CodecModelTest, PrefixAlphabetIsTheBest) {
  Built built = codecOf("huffman<8,1>, coded=exponent+2");
  SymbolStatistics statistics = noStatistics(built);
  constexpr uint64_t elements = 1 << 20;
  std::vector<uint64_t> sorted;
  for (size_t i = 0; i < 120; ++i)
    sorted.push_back(elements / ((i + 1) * (i + 1)) / 2 + 120 - i);
  std::copy(sorted.begin(), sorted.end(), statistics.counts[0].begin() + 500);
  EXPECT_EQ(costOfKeeping(sorted, modelOf(built, statistics).symbols.size(), 8),
            leastCost(sorted, 8));
}

// Of weights the estimate alone says which symbols to keep, and takes little more.
TEST(CodecModelTest, AlphabetOfWeightsIsNearTheBest) {
  Built built = codecOf("huffman<12,1>, coded=exponent+2");
  for (uint64_t elements : {2000, 20000, 150000, 10000000}) {
    SymbolStatistics statistics = noStatistics(built);
    std::vector<uint64_t> sorted;
    // Four symbols an octave, each octave half as often as the one above.
    for (uint64_t octave = elements / 3; octave > 0; octave /= 2)
      for (uint64_t part : {9, 8, 7, 6})
        sorted.push_back(octave * part / 30 + 1);
    std::copy(sorted.begin(), sorted.end(), statistics.counts[0].begin() + 400);
    std::ranges::sort(sorted, std::greater());
    uint64_t best = leastCost(sorted, 12);
    uint64_t cost = costOfKeeping(sorted, modelOf(built, statistics).symbols.size(), 12);
    EXPECT_LE((cost - best) * 4096, best) << elements << " elements";
  }
}

TEST(CodecModelTest, WithoutEscapesEverySymbolHasACode) {
  Built built = codecOf("huffman<4,1>, escapes=none");
  SymbolStatistics statistics = noStatistics(built);
  for (size_t i = 0; i < 16; ++i)
    statistics.counts[0][i * 9] = 1;
  Model model = modelOf(built, statistics);
  EXPECT_EQ(model.symbols.size(), 16u);
  EXPECT_EQ(model.lengths[0], std::vector<uint8_t>(16, 4));
  statistics.counts[0][1] = 1;
  Expected<Model> failed = built.codec->buildModel(built.format, statistics);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(),
            "codec huffman<4,1> with escapes=none holds at most 16 different symbols, the tensor "
            "has 17; use escapes=patch");
}

TEST(CodecModelTest, PairsWithoutEscapesHaveAllCodes) {
  Built built = codecOf("huffman<4,2>, escapes=none");
  SymbolStatistics statistics = noStatistics(built);
  for (size_t i = 0; i < 4; ++i) {
    statistics.counts[0][i] = 8;
    for (size_t j = 0; j < 4; ++j)
      statistics.pairs[0][i + 256 * j] = 1;
  }
  Model model = modelOf(built, statistics);
  EXPECT_EQ(model.symbols, (std::vector<uint16_t>{0, 1, 2, 3}));
  EXPECT_EQ(model.lengths[0], std::vector<uint8_t>(16, 4));
  statistics.counts[0][4] = 1;
  EXPECT_FALSE(built.codec->buildModel(built.format, statistics));
}

// prefix-1, prefix-2
TEST(CodecModelTest, RefusesBadCodeTables) {
  Built built = codecOf("huffman<12,1>");
  uint32_t symbols = 7 | 9 << 16;
  EXPECT_EQ(readFailure(built, {2, symbols, 0x221}), "no failure");
  EXPECT_EQ(readFailure(built, {0, symbols, 0x221}), "alphabet has 0 symbols, expected 1 to 256");
  EXPECT_EQ(readFailure(built, {UINT32_MAX, symbols, 0x221}),
            "alphabet has 4294967295 symbols, expected 1 to 256");
  EXPECT_EQ(readFailure(built, {256, symbols, 0x221}),
            "model is too short: expected 162 words for an alphabet of 256, got 3");
  EXPECT_EQ(readFailure(built, {2, symbols | 0x100, 0x221}),
            "symbol 263 of the alphabet does not fit 8 bits");
  EXPECT_EQ(readFailure(built, {1, symbols, 0x11}), "padding after the alphabet is not zero");
  EXPECT_EQ(readFailure(built, {2, symbols, 0x1221}),
            "padding after a table of code lengths is not zero");
  EXPECT_EQ(readFailure(built, {2, symbols, 0}), "a table of code lengths is empty");
  EXPECT_EQ(readFailure(built, {2, symbols, 0xd21}), "code length 13 of entry 2 is more than 12");
  EXPECT_EQ(readFailure(built, {2, symbols, 0x222}),
            "code lengths take 3072/4096 of the code words, expected all");
  EXPECT_EQ(readFailure(built, {2, symbols, 0x111}),
            "code lengths take 6144/4096 of the code words, expected all");
  EXPECT_EQ(readFailure(codecOf("huffman<12,2>"), {16, symbols}),
            "alphabet has 16 symbols, expected 1 to 15");
}

} // namespace
