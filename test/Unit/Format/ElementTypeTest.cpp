//===- ElementTypeTest.cpp - Element types and their split ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/ElementType.h"
#include <gtest/gtest.h>

using namespace uwt;

namespace {

constexpr ElementType allTypes[] = {ElementType::BF16, ElementType::F16, ElementType::F32,
                                    ElementType::F8E4M3FN, ElementType::F8E5M2};

TEST(ElementTypeTest, NamesParseBack) {
  for (ElementType type : allTypes) {
    EXPECT_EQ(parseElementType(getTraits(type).name), type);
    EXPECT_EQ(elementTypeFromSafetensors(getTraits(type).safetensorsName), type);
  }
  EXPECT_EQ(parseElementType("BF16"), std::nullopt);
  EXPECT_EQ(elementTypeFromSafetensors("I32"), std::nullopt);
}

TEST(ElementTypeTest, BitsAddUp) {
  for (ElementType type : allTypes) {
    const ElementTraits &traits = getTraits(type);
    EXPECT_EQ(1 + traits.exponentBits + traits.mantissaBits, traits.wordBits);
    EXPECT_EQ(traits.wordBits + traits.lowBits, traits.bytes * 8);
  }
}

// field-2
TEST(ElementTypeTest, EveryWordSplitsAndJoins) {
  for (ElementType type : allTypes)
    for (unsigned j = 0; j <= getTraits(type).mantissaBits; ++j) {
      FieldSplit split = splitOf(type, j);
      ASSERT_EQ(split.symbolBits + split.rawBits(), split.wordBits);
      for (uint32_t word = 0; word < 1u << split.wordBits; ++word)
        ASSERT_EQ(split.join(split.symbolOf(word), split.rawOf(word)), word);
    }
}

// field-2
TEST(ElementTypeTest, SymbolIsExponentAndTopMantissa) {
  FieldSplit split = splitOf(ElementType::BF16, 2);
  uint32_t word = 0b1'01111011'10'01101;
  EXPECT_EQ(split.symbolOf(word), 0b01111011'10u);
  EXPECT_EQ(split.rawOf(word), 0b1'01101u);
}

} // namespace
