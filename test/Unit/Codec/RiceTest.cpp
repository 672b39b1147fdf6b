//===- RiceTest.cpp - Rice codes ------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is rice's own; round trips, damage and sizes are ConformanceTest's.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "uwt/Codec/Codec.h"
#include "uwt/Codec/PrefixCode.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

static Expected<Model> riceModel(const Format &format, std::vector<uint64_t> counts) {
  SymbolStatistics statistics;
  statistics.split = splitOf(ElementType::BF16, format.codedMantissa);
  counts.resize(size_t(1) << statistics.split.symbolBits);
  statistics.counts = {counts};
  return (*findCodec("rice"))->buildModel(format, statistics);
}

static std::string riceError(const char *text) {
  Format format = parsedFormat(text);
  Expected<CodecTraits> traits =
      (*findCodec("rice"))->traits(format, splitOf(ElementType::BF16, format.codedMantissa));
  return traits ? "" : traits.error().message();
}

TEST(RiceTest, LengthsAreThoseOfTheSpecification) { // rice-2
  Expected<Model> model = riceModel(parsedFormat("rice<1,4>"), {});
  ASSERT_TRUE(model);
  EXPECT_EQ(model->lengths[0], (std::vector<uint8_t>{2, 2, 3, 3, 4, 4, 4, 4}));
}

TEST(RiceTest, EveryParameterPairGivesACompleteCode) { // prefix-2
  for (uint32_t k = 0; k <= 7; ++k)
    for (uint32_t m = 2; k + m <= 16; ++m) {
      Format format;
      format.codec = {"rice", {k, m}};
      if (!(*findCodec("rice"))->traits(format, splitOf(ElementType::BF16, 0)))
        continue;
      Expected<Model> model = riceModel(format, {});
      ASSERT_TRUE(model);
      EXPECT_TRUE(checkCodeLengths(model->lengths[0], k + m - 1)) << format.str();
    }
}

TEST(RiceTest, RanksFollowCountsAndTiesTheSymbol) { // rice-1
  Expected<Model> model = riceModel(parsedFormat("rice<1,2>"), {5, 9, 5, 7});
  ASSERT_TRUE(model);
  EXPECT_EQ(model->symbols, (std::vector<uint16_t>{1, 3, 0}));
  EXPECT_EQ(model->commonest, 1);
}

TEST(RiceTest, ModelIsRefusedWhereItIsNoRanking) {
  Format format = parsedFormat("rice<1,2>");
  FieldSplit split = splitOf(ElementType::BF16, 0);
  const Codec &codec = **findCodec("rice");
  size_t used = 0;
  auto error = [&](std::vector<uint32_t> words) {
    Expected<Model> model = codec.readModel(format, split, words, used);
    return model ? std::string() : model.error().message();
  };
  EXPECT_EQ(error({0x00020001, 0x00000003}), "");
  EXPECT_EQ(used, 2u);
  EXPECT_EQ(error({0x00020001}), "model is too short: expected a ranking of 3 symbols, got 2");
  EXPECT_EQ(error({0x01000001, 3}), "symbol 256 of the ranking does not fit 8 bits");
  EXPECT_EQ(error({1, 0x00010003}), "padding after the ranking is not zero");
}

TEST(RiceTest, ParametersAreChecked) { // rice-3
  EXPECT_EQ(riceError("rice<1,8>"), "");
  EXPECT_EQ(riceError("rice<1>"),
            "codec rice takes two parameters, such as rice<1,8>, got 'rice<1>'");
  EXPECT_EQ(riceError("rice<1,1>"),
            "codec rice<k,m> needs m of at least 2 and k + m of at most 16, got 'rice<1,1>'");
  EXPECT_EQ(riceError("rice<6,8>"), "codec rice<6,8> codes 511 symbols; the coded field has 256; "
                                    "use smaller parameters");
  EXPECT_EQ(riceError("rice<1,8>, context=row_class<2>"),
            "codec rice has one model for all rows: context=row_class<k> gains nothing");
}
