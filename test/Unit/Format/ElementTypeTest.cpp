//===- ElementTypeTest.cpp - Element types and their split ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/ElementType.h"
#include <gtest/gtest.h>

using namespace uwt;

namespace {

constexpr ElementType allTypes[] = {ElementType::BF16,     ElementType::F16,    ElementType::F32,
                                    ElementType::F8E4M3FN, ElementType::F8E5M2, ElementType::UInt8,
                                    ElementType::UInt16};

TEST(ElementTypeTest, NamesParseBack) {
  for (ElementType type : allTypes) {
    EXPECT_EQ(parseElementType(getTraits(type).name), type);
    if (type != ElementType::UInt16)
      EXPECT_EQ(elementTypeFromSafetensors(getTraits(type).safetensorsName), type);
  }
  EXPECT_EQ(parseElementType("BF16"), std::nullopt);
  EXPECT_EQ(elementTypeFromSafetensors("I32"), std::nullopt);
}

TEST(ElementTypeTest, BitsAddUp) {
  for (ElementType type : allTypes) {
    const ElementTraits &traits = getTraits(type);
    EXPECT_EQ(traits.signBits + traits.exponentBits + traits.mantissaBits, traits.wordBits);
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

// field-2
TEST(ElementTypeTest, BytesHaveNoSign) {
  FieldSplit split = splitOf(ElementType::UInt8, 1);
  EXPECT_EQ(split.symbolOf(0b10110'011), 0b10110u);
  EXPECT_EQ(split.rawOf(0b10110'011), 0b011u);
  split = splitOf(ElementType::UInt8, 4);
  EXPECT_EQ(split.rawBits(), 0u);
  EXPECT_EQ(split.symbolOf(0xB3), 0xB3u);
}

// field-2
TEST(ElementTypeTest, Uint16SplitsInTheMiddle) {
  FieldSplit split = splitOf(ElementType::UInt16, 0);
  EXPECT_EQ(split.symbolOf(0x12F3), 0x12u);
  EXPECT_EQ(split.rawOf(0x12F3), 0xF3u);
  EXPECT_EQ(splitOf(ElementType::UInt16, 8).symbolOf(0xFFFF), 0xFFFFu);
}

// diff-1
TEST(ElementTypeTest, DifferencesAreStoredAsNumbersWithoutASign) {
  EXPECT_EQ(differenceElementType(8), ElementType::UInt8);
  for (unsigned bits : {16, 32, 64})
    EXPECT_EQ(differenceElementType(bits), ElementType::UInt16);
  EXPECT_EQ(elementTypeFromSafetensors("U16"), std::nullopt);
}

// field-3
TEST(ElementTypeTest, IntegersAreStoredAsBytes) {
  for (std::string_view dtype : {"BOOL", "U8", "I8", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I16",
                                 "U16", "I32", "U32", "I64", "U64"})
    EXPECT_EQ(storedElementType(dtype), ElementType::UInt8) << dtype;
  for (std::string_view dtype : {"F4", "F6_E2M3", "F6_E3M2", "F64", "C64"})
    EXPECT_EQ(storedElementType(dtype), std::nullopt) << dtype;
  EXPECT_EQ(storedElementType("BF16"), ElementType::BF16);
  EXPECT_EQ(storedElementType("F8_E5M2"), ElementType::F8E5M2);
}

} // namespace
