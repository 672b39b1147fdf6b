//===- MagnitudeCountsTest.cpp - Counts of exponents that occur ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Codec/Tensor/MagnitudeCounts.h"
#include "Codec/TestData.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

TEST(MagnitudeCountsTest, ExponentsThatOccurAreSelectedAndPutBack) {
  // Exponents 0, 2 and 3 of five, of one mantissa bit, and 7 symbols that are not known.
  std::vector<uint64_t> all = {1, 0, 0, 0, 0, 5, 3, 4, 0, 0, 7};
  ExponentSet set = ExponentSet::occurring(all, 1);
  EXPECT_EQ(std::vector<uint32_t>(set.members().begin(), set.members().end()),
            (std::vector<uint32_t>{0, 2, 3}));
  std::vector<uint64_t> selected = set.select(all, 1);
  EXPECT_EQ(selected, (std::vector<uint64_t>{1, 0, 0, 5, 3, 4, 7}));
  EXPECT_EQ(set.expand(selected, 1), (std::vector<uint64_t>{1, 0, 0, 0, 0, 5, 3, 4}));
  EXPECT_EQ(ExponentSet::all(3).members().size(), 8u);
  EXPECT_TRUE(ExponentSet().expand({}, 1).empty());
}

TEST(MagnitudeCountsTest, DroppingABitAddsNeighbours) {
  ClassCounts counts = {{1, 2, 3, 4, 9}, {0, 5, 0, 0, 1}};
  dropMantissaBit(counts);
  EXPECT_EQ(counts, (ClassCounts{{3, 7, 9}, {5, 0, 1}}));
  EXPECT_EQ(sumOfClasses(counts), (ClassCounts{{8, 7, 10}}));
}

/// What countSymbols counts of all mantissa bits, of the exponents of `set`.
ClassCounts countSlowly(const PanelSource &source, uint64_t panels, ElementType element,
                        const ExponentSet &set, std::span<const uint8_t> classes,
                        uint32_t classCount) {
  const ElementTraits &traits = getTraits(element);
  ThreadPool pool(1);
  ClassCounts counts = countSymbols(source, panels, splitOf(element, traits.mantissaBits), false,
                                    classes, classCount, pool)
                           .counts;
  for (std::vector<uint64_t> &one : counts) {
    one.push_back(0);
    one = set.select(one, traits.mantissaBits);
  }
  return counts;
}

TEST(MagnitudeCountsTest, CountsAreThoseOfAllSymbols) {
  // Rows of an odd length, and a last panel that is short.
  const std::vector<uint64_t> shape = {200, 387};
  for (ElementType element : {ElementType::BF16, ElementType::F16, ElementType::F8E4M3FN})
    for (Distribution distribution : {Distribution::Gaussian, Distribution::StudentT4}) {
      std::vector<uint8_t> bytes = makeTensor(element, shape, distribution, 11);
      TensorDescription description{element, shape, {}};
      Expected<PanelSource> source = panelSource(description, bytes);
      ASSERT_TRUE(bool(source));
      const uint64_t panels = 4;
      std::vector<uint8_t> classes(panels * panelRows);
      for (size_t row = 0; row < classes.size(); ++row)
        classes[row] = static_cast<uint8_t>(row * 7 % 4);
      const ElementTraits &traits = getTraits(element);
      ThreadPool one(1), three(3);
      std::vector<uint64_t> exponents =
          countSymbols(*source, panels, splitOf(element, 0), false, {}, 1, one).counts[0];
      exponents.push_back(0);
      for (const ExponentSet &set :
           {ExponentSet::occurring(exponents, 0), ExponentSet::all(traits.exponentBits)}) {
        ClassCounts expected = countSlowly(*source, panels, element, set, classes, 4);
        EXPECT_EQ(countMagnitudes(*source, panels, element, set, classes, 4, one), expected);
        EXPECT_EQ(countMagnitudes(*source, panels, element, set, classes, 4, three), expected);
        EXPECT_EQ(countMagnitudes(*source, panels, element, set, {}, 1, three),
                  countSlowly(*source, panels, element, set, {}, 1));
      }
    }
}

} // namespace
