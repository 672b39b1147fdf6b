//===- DecodeTableTest.cpp - Tables of compiled decoders ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/DecodeTable.h"
#include "Codec/TestData.h"
#include "uwt/Codec/AnsCode.h"
#include "uwt/Codec/PrefixCode.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

/// The plan of an encoded tensor of 65 x 200 of this element, or nothing where the format is no
/// composition for it.
std::optional<CodingPlan> planOf(const std::string &format, ElementType element) {
  TensorDescription description{element, {65, 200}, parsedFormat(format)};
  if (!checkFormat(description.format, element))
    return std::nullopt;
  ThreadPool pool(1);
  auto encoded = encodeCase(description, Distribution::RowScaled, 5, pool);
  if (!encoded)
    return std::nullopt;
  auto decoder = TensorDecoder::open(description, viewsOf(encoded->planes), std::nullopt);
  EXPECT_TRUE(decoder) << decoder.error().message();
  return decoder->plan();
}

uint32_t symbolOf(const CodingPlan &plan, size_t number) {
  return number < plan.model.symbols.size() ? plan.model.symbols[number] : plan.model.symbols[0];
}

/// Looks up every index of a class and compares with the code words, bit by bit.
void checkClass(const CodingPlan &plan, const DecodeTableLayout &layout,
                std::span<const uint32_t> table, const std::vector<uint8_t> &lengths) {
  size_t alphabet = plan.model.symbols.size() + plan.hasEscapes();
  std::vector<uint16_t> words = canonicalCodeWords(lengths);
  for (uint32_t index = 0; index < 1u << layout.indexBits; ++index) {
    uint64_t found = layout.entry(table.data(), index);
    size_t entry = 0;
    uint32_t length = 1;
    for (size_t i = 0; i < lengths.size(); ++i)
      if (lengths[i] && (index & ((1u << lengths[i]) - 1)) == reverseBits(words[i], lengths[i])) {
        entry = i;
        length = lengths[i];
      }
    uint32_t expected = plan.traits.codeSymbols == 1 ? symbolOf(plan, entry)
                                                     : symbolOf(plan, entry % alphabet) |
                                                           symbolOf(plan, entry / alphabet) << 16;
    ASSERT_EQ(found & layout.symbolMask, expected << layout.symbolShift) << index;
    ASSERT_EQ(found >> layout.lengthShift & 15, length) << index;
  }
}

/// Every slot of a class has the entry that the frequencies say (ans-2, ans-9).
void checkFrequencies(const CodingPlan &plan, const DecodeTableLayout &layout,
                      std::span<const uint32_t> table, uint32_t ofClass) {
  uint32_t slot = 0, number = 0;
  for (uint32_t frequency : ansFrequencies(plan.model, ofClass, plan.traits.frequencyBits)) {
    for (uint32_t offset = 0; offset < frequency; ++offset, ++slot) {
      uint64_t found = layout.entry(table.data(), slot);
      ASSERT_EQ((found & ans_entry::fieldMask) + 1, frequency) << slot;
      ASSERT_EQ(found >> ans_entry::offsetShift & ans_entry::fieldMask, offset) << slot;
      ASSERT_EQ(found >> ans_entry::numberShift, number) << slot;
    }
    ++number;
  }
  ASSERT_EQ(slot, 1u << layout.indexBits);
}

/// Numbers stand for symbols; the escape's and what follows have the mark alone.
void checkSymbols(const CodingPlan &plan, const DecodeTableLayout &layout,
                  std::span<const uint32_t> symbols) {
  for (size_t number = 0; number < symbols.size(); ++number) {
    bool isSymbol = number < plan.model.symbols.size();
    uint32_t expected =
        isSymbol ? uint32_t(plan.model.symbols[number]) << layout.symbolShift : ansEscapeMark;
    ASSERT_EQ(symbols[number], expected) << number;
  }
}

void checkTable(const CodingPlan &plan) {
  DecodeTableLayout layout = decodeTableLayout(plan.format, plan.split, plan.traits);
  auto table = decodeTable(plan);
  ASSERT_TRUE(table) << table.error().message();
  ASSERT_EQ(table->size(), layout.words());
  if (plan.traits.rate == Rate::Fixed)
    for (size_t code = 0; code < table->size(); ++code)
      ASSERT_EQ((*table)[code], plan.model.symbols[code] * 0x00010001u);
  std::span<const uint32_t> words = *table;
  for (uint32_t c = 0; isVariable(plan.traits.rate) && c < layout.classes; ++c) {
    auto ofClass = words.subspan(c * layout.classWords(), layout.classWords());
    if (plan.traits.rate == Rate::Prefix)
      checkClass(plan, layout, ofClass, plan.model.lengths[c]);
    else
      checkFrequencies(plan, layout, ofClass, c);
  }
  if (plan.traits.rate == Rate::Ans)
    checkSymbols(plan, layout, words.last(layout.symbolWords));
}

class DecodeTableTest : public testing::TestWithParam<std::string> {};

TEST_P(DecodeTableTest, AgreesWithTheModel) {
  for (ElementType element : allElementTypes)
    if (auto plan = planOf(GetParam(), element)) {
      SCOPED_TRACE(getTraits(element).name);
      checkTable(*plan);
    }
}

INSTANTIATE_TEST_SUITE_P(All, DecodeTableTest, testing::ValuesIn(loadedFormats()),
                         [](const auto &info) { return testNameOf(info.param); });

/// The length has bits of its own in every split, or an u32 of its own.
TEST(DecodeTableLayoutTest, LengthAndSymbolsNeverMeet) {
  CodecTraits traits;
  traits.rate = Rate::Prefix;
  traits.maxLength = 12;
  for (ElementType element : allElementTypes)
    for (unsigned j = 0; j <= getTraits(element).mantissaBits; ++j)
      for (uint32_t group : {1u, 2u}) {
        FieldSplit split = splitOf(element, j);
        traits.codeSymbols = group;
        DecodeTableLayout layout = decodeTableLayout({}, split, traits);
        EXPECT_EQ(layout.symbolMask & uint64_t(15) << layout.lengthShift, 0u)
            << getTraits(element).name << " " << j;
        EXPECT_LE(layout.lengthShift + 4, layout.entryBits);
      }
}

TEST(DecodeTableLayoutTest, PairsOfExponentsTakeOneWord) {
  CodecTraits traits;
  traits.rate = Rate::Prefix;
  traits.maxLength = 12;
  traits.codeSymbols = 2;
  DecodeTableLayout layout = decodeTableLayout({}, splitOf(ElementType::BF16, 0), traits);
  EXPECT_EQ(layout.symbolMask, 0x7F807F80u);
  EXPECT_EQ(layout.entryBits, 32u);
  EXPECT_EQ(layout.lengthShift, 0u);
  EXPECT_EQ(layout.words(), 4096u);
}

TEST(DecodeTableTest, RefusesAModelOfAnotherCodec) {
  auto plan = planOf("window<4>", ElementType::BF16);
  ASSERT_TRUE(plan);
  plan->model.symbols.resize(3);
  auto table = decodeTable(*plan);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().message(), "the model has 3 symbols, expected one for each of 16 codes");
}

TEST(DecodeTableTest, RefusesTooFewCodeTables) {
  auto plan = planOf("rans<11>, coded=exponent+2, context=row_class<4>", ElementType::BF16);
  ASSERT_TRUE(plan);
  plan->model.weights.resize(3);
  plan->model.symbols.resize(7);
  auto table = decodeTable(*plan);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().message(), "the model has 7 symbols and 3 code tables, expected 255 at "
                                     "most and 4");
}

} // namespace
