//===- QuantizedElementTest.cpp - Elements of quantised weights -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/QuantizedElement.h"
#include <cmath>
#include <gmock/gmock.h>
#include <set>

using namespace uwt;
using ::testing::ElementsAre;

namespace {

std::vector<float> valuesOf(const Term &term) {
  std::optional<QuantizedElement> element = QuantizedElement::find(term);
  return element ? element->values() : std::vector<float>();
}

TEST(QuantizedElementTest, FloatsOfAFewBitsAreAllFinite) {
  EXPECT_EQ(valuesOf({"float", {2, 0}}), (std::vector<float>{0, 1, 2, 4, -0.0f, -1, -2, -4}));
  EXPECT_EQ(valuesOf({"float", {1, 1}}), (std::vector<float>{0, 1, 2, 3, -0.0f, -1, -2, -3}));
  EXPECT_TRUE(std::signbit(valuesOf({"float", {2, 0}})[4]));
  EXPECT_EQ(valuesOf({"float", {2, 1}}), valuesOf({"f4E2M1FN", {}}));
  EXPECT_EQ(valuesOf({"float", {2, 3}}), valuesOf({"f6E2M3FN", {}}));
  EXPECT_EQ(valuesOf({"float", {3, 2}}), valuesOf({"f6E3M2FN", {}}));
  EXPECT_EQ(valuesOf({"float", {2, 2}})[15], 7);
  EXPECT_EQ(valuesOf({"float", {4, 3}})[127], 480);
  EXPECT_EQ(valuesOf({"float", {1, 6}})[127], 0x7F * 0x1p-5f);
}

TEST(QuantizedElementTest, FloatsHaveThreeToEightBits) {
  for (uint32_t exponentBits = 0; exponentBits < 12; ++exponentBits)
    for (uint32_t mantissaBits = 0; mantissaBits < 12; ++mantissaBits) {
      uint32_t bits = 1 + exponentBits + mantissaBits;
      bool isServed = bits >= 3 && bits <= 8 && exponentBits >= 1 && exponentBits <= 4;
      EXPECT_EQ(valuesOf({"float", {exponentBits, mantissaBits}}).size(),
                isServed ? size_t(1) << bits : 0)
          << exponentBits << ", " << mantissaBits;
    }
  EXPECT_TRUE(valuesOf({"float", {}}).empty());
  EXPECT_TRUE(valuesOf({"float", {3}}).empty());
  EXPECT_TRUE(valuesOf({"float", {3, 2, 1}}).empty());
  EXPECT_TRUE(valuesOf({"float", {2, UINT32_MAX}}).empty());
  EXPECT_TRUE(valuesOf({"f6E2M3FN", {6}}).empty());
}

std::string heldAs(const Term &element) {
  std::optional<Term> held = heldElement(element);
  return held ? held->str() : "values";
}

TEST(QuantizedElementTest, FamiliesHaveNamesOfTheirOwn) {
  std::set<std::string_view> keywords;
  for (const ElementFamily *family : allElements()) {
    EXPECT_TRUE(keywords.insert(family->keyword()).second) << family->keyword();
    EXPECT_NE(family->range().find(family->keyword()), std::string_view::npos);
    EXPECT_TRUE(QuantizedElement::isKeyword(family->keyword()));
    for (const std::vector<uint32_t> &parameters :
         {std::vector<uint32_t>{0}, {9}, {UINT32_MAX}, {4, 4, 4}, {UINT32_MAX, UINT32_MAX}})
      EXPECT_FALSE(family->find(parameters)) << family->keyword();
  }
  EXPECT_FALSE(QuantizedElement::isKeyword("codes"));
}

TEST(QuantizedElementTest, EachCodeHasANumber) {
  size_t found = 0;
  for (const ElementFamily *family : allElements())
    for (uint32_t first = 0; first <= 8; ++first)
      for (uint32_t second = 0; second <= 8; ++second)
        for (const std::vector<uint32_t> &parameters :
             {std::vector<uint32_t>{}, {first}, {first, second}}) {
          std::optional<QuantizedElement> element = family->find(parameters);
          if (!element || element->isTable)
            continue;
          ++found;
          EXPECT_EQ(element->values().size(), size_t(1) << element->bits) << family->keyword();
        }
  EXPECT_GT(found, 40U);
}

TEST(QuantizedElementTest, BipolarNumbersAreOdd) {
  EXPECT_THAT(QuantizedElement::find({"bipolar", {1}})->values(), ElementsAre(-1, 1));
  EXPECT_THAT(QuantizedElement::find({"bipolar", {2}})->values(), ElementsAre(-3, -1, 1, 3));
  std::vector<float> eight = QuantizedElement::find({"bipolar", {8}})->values();
  EXPECT_EQ(eight.front(), -255);
  EXPECT_EQ(eight.back(), 255);
}

TEST(QuantizedElementTest, ElementsAreHeldAsWhatCompiledCodeKnows) {
  EXPECT_EQ(heldAs({"uint", {3}}), "uint<3>");
  EXPECT_EQ(heldAs({"f4E2M1FN", {}}), "f4E2M1FN");
  EXPECT_EQ(heldAs({"float", {2, 2}}), "float<2,2>");
  EXPECT_EQ(heldAs({"bipolar", {1}}), "table<1>");
  EXPECT_EQ(heldAs({"bipolar", {4}}), "table<4>");
  EXPECT_EQ(heldAs({"bipolar", {5}}), "int<6>");
  EXPECT_EQ(heldAs({"bipolar", {7}}), "int<8>");
  EXPECT_EQ(heldAs({"bipolar", {8}}), "bipolar<8>");
  EXPECT_EQ(heldAs({"nothing", {8}}), "values");
}

} // namespace
