//===- RansTest.cpp - Asymmetric numeral systems --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is rans's own; round trips, damage and sizes are ConformanceTest's.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "lib/Codec/Ans/AnsModel.h"
#include "lib/Codec/StreamRates.h"
#include "uwt/Codec/AnsCode.h"
#include "uwt/Codec/Codec.h"
#include "uwt/Codec/Panel.h"
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

using namespace uwt;
using namespace uwt::test;

static std::string ransError(const char *text) {
  Format format = parsedFormat(text);
  Expected<CodecTraits> traits =
      (*findCodec("rans"))->traits(format, splitOf(ElementType::BF16, format.codedMantissa));
  return traits ? "" : traits.error().message();
}

static Model ransModel(const Format &format, std::vector<std::vector<uint64_t>> counts) {
  SymbolStatistics statistics;
  statistics.split = splitOf(ElementType::BF16, format.codedMantissa);
  for (std::vector<uint64_t> &ofClass : counts)
    ofClass.resize(size_t(1) << statistics.split.symbolBits);
  statistics.counts = std::move(counts);
  return *(*findCodec("rans"))->buildModel(format, statistics);
}

TEST(RansTest, WeightsAreThoseOfTheSpecification) { // ans-2
  std::vector<uint32_t> weights;
  for (uint32_t code : {0, 1, 7, 8, 9, 15, 16, 17, 24, 111})
    weights.push_back(ansWeight(code));
  EXPECT_EQ(weights, (std::vector<uint32_t>{0, 1, 7, 8, 9, 15, 16, 18, 32, 61440}));
}

TEST(RansTest, FrequenciesAreThoseOfTheSpecification) { // ans-2
  // Weights 8, 0, 4, 1: n = 3, W = 13, R = 509.
  std::vector<uint8_t> weights = {8, 0, 4, 1};
  EXPECT_EQ(ansFrequencies(weights, 9),
            (std::vector<uint32_t>{1 + 313, 0, 1 + (469 - 313), 1 + (509 - 469)}));
  EXPECT_EQ(ansFrequencies(std::vector<uint8_t>{0, 5}, 12), (std::vector<uint32_t>{0, 4096}));
}

TEST(RansTest, FrequenciesAddUp) {
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    std::vector<uint8_t> weights(1 + random.below(256));
    for (uint8_t &code : weights)
      code = static_cast<uint8_t>(random.below(3) ? random.below(maxAnsWeightCode + 1) : 0);
    weights.back() = 1;
    for (uint32_t bits = 9; bits <= 12; ++bits) {
      std::vector<uint32_t> frequencies = ansFrequencies(weights, bits);
      EXPECT_EQ(std::accumulate(frequencies.begin(), frequencies.end(), 0u), 1u << bits);
      for (size_t entry = 0; entry < weights.size(); ++entry)
        EXPECT_EQ(frequencies[entry] == 0, weights[entry] == 0);
    }
  }
}

/// What a model is after its bytes, all of which are read.
static Expected<Model> readBack(const Format &format, const Model &model) {
  const Codec &codec = **findCodec("rans");
  std::vector<uint32_t> words;
  codec.writeModel(format, model, words);
  size_t used = 0;
  Expected<Model> read = codec.readModel(format, splitOf(ElementType::BF16, format), words, used);
  if (read)
    EXPECT_EQ(used, words.size());
  return read;
}

TEST(RansTest, ModelGoesThroughItsBytes) { // ans-1
  Format format = parsedFormat("rans<12>, coded=exponent+2, context=row_class<2>");
  Model model = ransModel(format, {{0, 5, 0, 1000, 3}, {0, 0, 0, 0, 3, 0, 90000, 1}});
  EXPECT_EQ(model.symbols, (std::vector<uint16_t>{1, 3, 4, 6}));
  EXPECT_EQ(model.commonest, 6);
  // Rarer than one in 40,000: an escape is cheaper.
  EXPECT_EQ(model.weights[1][0], 0);
  Expected<Model> read = readBack(format, model);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->symbols, model.symbols);
  EXPECT_EQ(read->weights, model.weights);
}

TEST(RansTest, FrequenciesGoThroughTheirBytes) { // ans-9
  Format format = parsedFormat("rans<9>, coded=exponent+2, context=row_class<2>, tables=exact");
  Model model = ransModel(format, {{0, 5, 0, 1000, 3}, {0, 0, 0, 0, 3, 0, 90000, 1}});
  EXPECT_EQ(model.symbols, (std::vector<uint16_t>{1, 3, 4, 6}));
  EXPECT_TRUE(model.weights.empty());
  // 5, 1000, 3 and 1 of 1009, and 512 slots: an entry that occurs has one, and the last slot saves
  // 3 more than 5.
  EXPECT_EQ(model.frequencies[0], (std::vector<uint16_t>{2, 507, 2, 0, 1}));
  EXPECT_EQ(ansFrequencies(model, 1, 9), (std::vector<uint32_t>{0, 0, 1, 510, 1}));
  Expected<Model> read = readBack(format, model);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->symbols, model.symbols);
  EXPECT_EQ(read->frequencies, model.frequencies);
}

TEST(RansTest, FrequenciesThatDoNotAddUpAreRefused) { // ans-9
  Format format = parsedFormat("rans<9>, tables=exact");
  auto refusal = [&](std::vector<uint16_t> frequencies) {
    Model model;
    model.symbols = {100, 101};
    model.frequencies = {std::move(frequencies)};
    Expected<Model> read = readBack(format, model);
    return read ? std::string() : read.error().message();
  };
  EXPECT_EQ(refusal({500, 11, 1}), "");
  EXPECT_EQ(refusal({0, 512, 0}), "");
  EXPECT_EQ(refusal({500, 10, 1}), "the frequencies of a code table add up to 511, expected 512");
  EXPECT_EQ(refusal({500, 12, 1}), "a frequency is outside 0 to what is left of 512");
  // A shift is of weights.
  std::vector<uint32_t> shifted = {1 << 16, 0};
  size_t used = 0;
  const Codec &codec = **findCodec("rans");
  EXPECT_FALSE(codec.readModel(format, splitOf(ElementType::BF16, 0), shifted, used));
}

TEST(RansTest, ExactTablesTakeLessThanRoundedOnes) {
  std::vector<uint64_t> counts;
  for (uint64_t i = 0; i < 60; ++i)
    counts.push_back(1000 + 977 * i);
  auto bitsOf = [&](const char *text) {
    Format format = parsedFormat(text);
    std::vector<std::vector<uint64_t>> classes = {counts};
    Expected<CodecTraits> traits = checkFormat(format, ElementType::BF16);
    return estimateAnsBits(*traits, classes, {});
  };
  EXPECT_LT(bitsOf("rans<12>, tables=exact"), bitsOf("rans<12>"));
}

TEST(RansTest, RareSymbolsOfAnExponentMakeAGroup) { // ans-8
  Format format = parsedFormat("rans<12>, coded=exponent+1, context=scale<1>");
  FieldSplit split = splitOf(ElementType::BF16, 1);
  // Exponent 2: its symbols 4 and 5 differ; of exponents 1 and 3 they do not.
  Model model = ransModel(format, {{0, 0, 2000, 2000, 90000, 10000, 1500, 1500}});
  EXPECT_EQ(model.symbols, (std::vector<uint16_t>{4, 5, 2, 6}));
  EXPECT_EQ(model.groups, 2u);
  const Codec &codec = **findCodec("rans");
  std::vector<uint32_t> words;
  codec.writeModel(format, model, words);
  // Three exponents, 1, 2 and 3: numbers 1, 0, 0 and bits 0, 1, 0.
  EXPECT_EQ(words[0] & 0xFFFF, 3u);
  EXPECT_EQ(words[1] & 0xFF, 0b0'1'1'1'0'010u);
  size_t used = 0;
  Expected<Model> read = codec.readModel(format, split, words, used);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(used, words.size());
  EXPECT_EQ(read->symbols, model.symbols);
  EXPECT_EQ(read->groups, model.groups);
  EXPECT_EQ(read->weights, model.weights);
}

TEST(RansTest, AnAlphabetOfTooManyEntriesIsRefused) { // ans-8
  Format format = parsedFormat("rans<12>, coded=exponent+4, context=scale<1>");
  // Sixteen exponents, each number 0 (bit 1), each split (bit 1).
  std::vector<uint32_t> words = {16, ~0u, 0};
  size_t used = 0;
  Expected<Model> model =
      (*findCodec("rans"))->readModel(format, splitOf(ElementType::BF16, 4), words, used);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message(), "the alphabet has 256 entries, expected at most 255");
}

TEST(RansTest, ModelIsRefusedWhereItIsNone) {
  Format format = parsedFormat("rans<12>");
  FieldSplit split = splitOf(ElementType::BF16, 0);
  const Codec &codec = **findCodec("rans");
  size_t used = 0;
  auto error = [&](std::vector<uint32_t> words) {
    Expected<Model> model = codec.readModel(format, split, words, used);
    return model ? std::string() : model.error().message();
  };
  // No symbol, and the escape's weight 1: difference 1, written as 2: bits 0 1 1.
  EXPECT_EQ(error({0, 0b110}), "");
  EXPECT_EQ(used, 2u);
  EXPECT_EQ(error({}), "model is too short: expected an alphabet, got nothing");
  EXPECT_EQ(error({0}), "model is too short: it ends inside its tables");
  EXPECT_EQ(error({256, 0}),
            "the model's first word is 256, which is no alphabet of at most 255 symbols");
  EXPECT_EQ(error({3 << 16, 0}),
            "the model's first word is 196608, which is no alphabet of at most 255 symbols");
  EXPECT_EQ(error({0, 0b1}), "all weights of a row class are 0");
  EXPECT_EQ(error({0, 0b1110}), "padding after the model's tables is not zero");
  EXPECT_EQ(error({0, 0}), "a number of the model is larger than 222");
  // A symbol of 300 with eight bits: 301 is 1 0010 1101, highest bit first.
  EXPECT_EQ(error({1, 0b1'0110'1001'0000'0000}), "a number of the model is larger than 255");
  // The weight's code -1: written as 1, bits 0 1 0.
  EXPECT_EQ(error({0, 0b010}), "a code of a weight is outside 0 to 111");
  // Symbol 255: 256 is 1 0000 0000; no symbol follows it.
  EXPECT_EQ(error({2, 1u << 8}), "the alphabet goes on after symbol 255");
}

TEST(RansTest, ParametersAreChecked) {
  EXPECT_EQ(ransError("rans<9>"), "");
  EXPECT_EQ(ransError("rans"), "codec rans takes one parameter, such as rans<12>, got 'rans'");
  EXPECT_EQ(ransError("rans<8>"), "codec rans has frequencies of 9 to 12 bits, got 'rans<8>'");
  EXPECT_EQ(ransError("rans<13>"), "codec rans has frequencies of 9 to 12 bits, got 'rans<13>'");
  EXPECT_EQ(ransError("rans<12>, escapes=none"),
            "codec rans has its escapes in the stream; leave out escapes=");
  EXPECT_EQ(readerOf(parsedFormat("rans<12>")), 5u);
}

/// Bits a symbol in the stream of one panel of 64 x 1,024 symbols that are drawn from `shares`,
/// and what their entropy is.
static std::pair<double, double> codedBits(const std::vector<double> &shares) {
  constexpr uint32_t rows = panelRows, columns = streamUnitColumns;
  CodingPlan plan;
  plan.format = parsedFormat("rans<12>");
  plan.traits = *checkFormat(plan.format, plan.element);
  plan.split = splitOf(plan.element, 0);
  plan.matrix = {rows, columns};
  Random random(2);
  std::vector<uint16_t> words(size_t(rows) * columns);
  std::vector<uint64_t> counts(256);
  for (uint16_t &word : words) {
    double at = static_cast<double>(random.below(1 << 24)) / (1 << 24);
    uint32_t symbol = 0;
    while (symbol + 1 < shares.size() && at >= shares[symbol])
      at -= shares[symbol++];
    word = static_cast<uint16_t>(plan.split.join(100 + symbol, 0));
    ++counts[100 + symbol];
  }
  double entropy = 0;
  for (uint64_t count : counts)
    if (count)
      entropy -= static_cast<double>(count) *
                 std::log2(static_cast<double>(count) / static_cast<double>(words.size()));
  plan.model = ransModel(plan.format, {counts});
  AnsTablesPtr tables = makeAnsTables(plan);
  EncodedPanel panel;
  encodeAns(plan, *tables, {words.data(), columns, rows, columns}, {}, bestCodePath(), panel);
  auto size = static_cast<double>(words.size());
  return {static_cast<double>(panel.code.size()) * 8 / size, entropy / size};
}

TEST(RansTest, StreamsTakeWhatTheEntropySays) {
  for (const std::vector<double> &shares :
       {std::vector<double>{0.999, 0.001}, {0.5, 0.25, 0.125, 0.0625, 0.0625}, {0.7, 0.2, 0.1}}) {
    auto [bits, entropy] = codedBits(shares);
    EXPECT_GT(bits, entropy);
    EXPECT_LT(bits, entropy + 0.015);
  }
}

TEST(RansTest, APanelThatCannotBeCodedLeavesOthersAlone) {
  CodingPlan plan;
  plan.element = ElementType::BF16;
  plan.format = parsedFormat("rans<12>, layout=row_major");
  plan.split = splitOf(plan.element, 0);
  plan.traits = *(*findCodec("rans"))->traits(plan.format, plan.split);
  constexpr uint32_t columns = 40;
  plan.matrix = {4 * panelRows, columns};
  // Neither symbol 7 nor the escape has a frequency.
  plan.model.symbols = {5, 6, 7};
  plan.model.weights = {{9, 9, 0, 0}};
  StreamTables tables = makeStreamTables(plan);

  Random random(3);
  std::vector<std::vector<uint16_t>> words(4, std::vector<uint16_t>(panelRows * columns));
  for (std::vector<uint16_t> &ofPanel : words)
    for (uint16_t &word : ofPanel)
      word = static_cast<uint16_t>(plan.split.join(5 + random.below(2), random.below(256)));
  words[2][100] = static_cast<uint16_t>(plan.split.join(7, 0));
  auto panel = [&](size_t i) { return PanelWords{words[i].data(), columns, panelRows, columns}; };
  std::vector<EncodedPanel> together(words.size());
  std::vector<PanelToEncode> panels;
  for (size_t i = 0; i < words.size(); ++i)
    panels.push_back({panel(i), {}, &together[i]});
  for (CodePath path : {CodePath::Reference, CodePath::Scalar, bestCodePath()}) {
    encodeTogether(plan, tables, panels, path);
    for (size_t i = 0; i < words.size(); ++i) {
      EncodedPanel alone;
      encodeStreams(plan, tables, panel(i), {}, CodePath::Reference, alone);
      EXPECT_EQ(together[i].overflow, i == 2);
      EXPECT_EQ(alone.overflow, i == 2);
      if (i == 2)
        continue;
      EXPECT_EQ(together[i].code, alone.code);
      EXPECT_EQ(together[i].raw, alone.raw);
    }
  }
}
