//===- QuantizedElementTest.cpp - Elements of quantised weights -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/QuantizedElement.h"
#include <gmock/gmock.h>
#include <set>

using namespace uwt;
using ::testing::ElementsAre;

static std::string heldAs(const Term &element) {
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
  EXPECT_EQ(heldAs({"bipolar", {8}}), "values");
  EXPECT_EQ(heldAs({"nothing", {8}}), "values");
}
