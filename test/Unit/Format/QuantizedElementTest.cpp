//===- QuantizedElementTest.cpp - Elements of quantised weights -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/QuantizedElement.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace uwt;

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

} // namespace
