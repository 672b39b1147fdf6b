//===- StreamTest.cpp - Emitted decoders of streams -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FencedMemory.h"
#include "StreamJit.h"
#include "lib/Codec/Escapes.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;

namespace {

/// Weights with rows of different scales, and a few far outside any alphabet.
std::vector<uint8_t> makeWords(uint64_t rows, uint64_t columns, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes;
  for (uint64_t i = 0; i < rows * columns; ++i) {
    // A sum of uniform numbers is normal enough, and the same with every library.
    float sum = 0;
    for (int k = 0; k < 4; ++k)
      sum += static_cast<float>(random() >> 8) * 0x1p-24f - 0.5f;
    sum *= 0.02f * static_cast<float>(1 + i / columns % 5);
    if (random() % 1000 == 0)
      sum *= 0x1p80f;
    uint32_t bits = std::bit_cast<uint32_t>(sum);
    bytes.push_back(static_cast<uint8_t>(bits >> 16));
    bytes.push_back(static_cast<uint8_t>(bits >> 24));
  }
  return bytes;
}

struct EncodedWeight {
  TensorDescription description;
  std::vector<uint8_t> bytes;
  LoadedWeight loaded;
};

Expected<EncodedWeight> encode(ElementType element, std::vector<uint64_t> shape,
                               const std::string &text, uint32_t seed) {
  UWT_ASSIGN_OR_RETURN(Format format, Format::parse(text));
  TensorDescription description{element, shape, format};
  uint64_t rows = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i)
    rows *= shape[i];
  std::vector<uint8_t> bytes = makeWords(rows, shape.back(), seed);
  ThreadPool pool(1);
  UWT_ASSIGN_OR_RETURN(LoadedWeight loaded, LoadedWeight::fromBytes(description, bytes, pool));
  return EncodedWeight{description, std::move(bytes), std::move(loaded)};
}

/// The word of an element as the tensor has it; rows and columns are those of the stored order.
uint16_t wordOf(const EncodedWeight &weight, uint64_t matrix, uint64_t row, uint64_t column) {
  const MatrixShape &shape = weight.loaded.plan().matrix;
  bool isKMajor = weight.description.format.storage == Storage::KMajor;
  uint64_t at = matrix * shape.rows * shape.columns +
                (isKMajor ? column * shape.rows + row : row * shape.columns + column);
  return static_cast<uint16_t>(weight.bytes[2 * at] | weight.bytes[2 * at + 1] << 8);
}

uint64_t unitWords(const PanelUnit &unit) {
  return divideUp(unit.columns, fixedUnitColumns) * unit.strips * stripRows * fixedUnitColumns;
}

/// Where codec raw has an element of a unit (order-3, order-4).
uint64_t rawPosition(const PanelUnit &unit, uint32_t row, uint32_t column) {
  FragmentPosition at = fragmentPosition(row % stripRows, column % blockColumns);
  uint64_t group = column / fixedUnitColumns, block = column / blockColumns % 4;
  return (group * unit.strips + row / stripRows) * 1024 + at.reg * 256 + at.lane * 8 + block * 2 +
         at.half;
}

/// Differences of a decoded unit from the tensor. Columns of padding have to be 0, since they
/// are multiplied with what stands behind the end of x.
uint64_t differences(const EncodedWeight &weight, uint64_t panel, const PanelUnit &unit,
                     std::span<const uint16_t> words) {
  uint64_t panels = weight.loaded.plan().matrix.panels(), count = 0;
  for (uint32_t row = 0; row < unit.rows; ++row)
    for (uint32_t column = 0; column < roundUp(unit.columns, fixedUnitColumns); ++column) {
      uint64_t panelRow = panel % panels * panelRows + unit.firstRow + row;
      uint16_t expected = column < unit.columns
                              ? wordOf(weight, panel / panels, panelRow, unit.firstColumn + column)
                              : 0;
      count += words[rawPosition(unit, row, column)] != expected;
    }
  return count;
}

/// Calls `visit(panel, unit, number)` for each stream unit of coded panels.
template <typename Visit> void forEachUnit(const LoadedWeight &weight, Visit visit) {
  const CodingPlan &plan = weight.plan();
  for (uint64_t panel = 0; panel < weight.panels().size(); ++panel) {
    uint32_t rows = plan.matrix.rowsOfPanel(panel % plan.matrix.panels());
    if (!weight.panels()[panel].storedAsWords)
      for (uint64_t number = 0; number < streamUnitCount(plan, rows); ++number)
        visit(panel, streamUnit(plan, rows, number), number);
  }
}

/// Every registered format of streams that compiled code serves, and some whose tables are wide.
std::vector<std::string> servedFormats() {
  std::vector<std::string> texts = {"huffman<15,1>, coded=exponent+4", "huffman<15,2>",
                                    "huffman<7,1>, escapes=rows<64>"};
  for (const Codec *codec : allCodecs())
    for (const std::string &text : codec->examples()) {
      auto format = Format::parse(text);
      auto traits = checkFormat(*format, ElementType::BF16);
      if (traits && isVariable(traits->rate) && !format->hasScales() &&
          format->layout == Layout::Fragment16x16)
        texts.push_back(text);
    }
  return texts;
}

class StreamTest : public testing::TestWithParam<std::string> {};

TEST_P(StreamTest, DecodesTheTensor) {
  // Panels and strips that end early, units of whole panels and of strips, several matrices.
  const std::vector<std::vector<uint64_t>> shapes = {{1, 1},    {17, 33},    {64, 512},
                                                     {64, 513}, {130, 1100}, {2, 65, 100}};
  for (const std::vector<uint64_t> &shape : shapes)
    for (ElementType element : {ElementType::BF16, ElementType::F16}) {
      if (element == ElementType::F16 && shape[0] != 130)
        continue;
      auto weight = encode(element, shape, GetParam(), 7);
      if (!weight) // Not a composition for f16.
        continue;
      SCOPED_TRACE(testing::PrintToString(shape));
      auto jit = StreamJit::compile(weight->description);
      ASSERT_TRUE(jit) << jit.error().message();
      unsigned units = 0;
      forEachUnit(weight->loaded, [&](uint64_t panel, const PanelUnit &unit, uint64_t number) {
        ++units;
        std::vector<uint16_t> words(unitWords(unit), 0xAAAA);
        (*jit)->decode(weight->loaded.view(), panel, number, words);
        EXPECT_EQ(differences(*weight, panel, unit, words), 0u) << "panel " << panel;
      });
      // Small panels may be stored as words, this one is not.
      EXPECT_TRUE(units > 0 || shape[0] != 130);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, StreamTest, testing::ValuesIn(servedFormats()),
                         [](const auto &info) {
                           std::string name;
                           for (char c : info.param)
                             name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

/// A panel's planes and a unit's buffer in fenced memory, with damage in plane code.
class DamagedPanel {
public:
  DamagedPanel(const LoadedWeight &weight, bool atEnd, uint64_t words, std::mt19937 &random)
      : planeMemory(weight.buffer(PlaneKind::Code).size() + 64),
        bufferMemory(words * sizeof(uint16_t)),
        code(planeMemory.take(weight.buffer(PlaneKind::Code).size() + 64, atEnd)),
        buffer(bufferMemory.take(words * sizeof(uint16_t), atEnd)), entry(weight.panels()[0]),
        view(weight.view()) {
    std::span<const uint8_t> bytes = weight.buffer(PlaneKind::Code);
    std::ranges::copy(bytes, code.begin());
    view.code = code.data();
    view.panels = &entry;
    damage(code.first(bytes.size()), random);
  }
  /// Random bytes from some offset on, or some of them changed; sometimes the panel is shorter.
  void damage(std::span<uint8_t> bytes, std::mt19937 &random) {
    size_t first = random() % 2 ? random() % bytes.size() : 0;
    size_t count = random() % 2 ? bytes.size() : 1 + random() % 32;
    for (size_t i = first; i < std::min(bytes.size(), first + count); ++i)
      bytes[i] = random() % 3 ? static_cast<uint8_t>(random()) : 0xFF;
    entry.codeU32 = random() % 4 ? entry.codeU32 : random() % (entry.codeU32 + 1);
    // What is readable behind a shorter panel ends with the plane all the same.
    size_t unused = bytes.size() - entry.codeU32 * 4;
    std::memmove(code.data() + unused, code.data(), entry.codeU32 * 4);
    view.code = code.data() + unused;
  }

  FencedMemory planeMemory, bufferMemory;
  std::span<uint8_t> code, buffer;
  PanelEntry entry;
  WeightView view;
};

TEST(StreamDamageTest, StaysInsideThePanelAndTheBuffer) {
  const std::pair<const char *, std::vector<uint64_t>> cases[] = {
      {"huffman<12,2>", {64, 1100}},
      {"huffman<15,1>", {50, 300}},
      {"huffman<8,1>, escapes=rows<64>", {64, 500}},
      {"huffman<12,1>, coded=exponent+2, context=row_class<8>", {64, 1024}},
      {"rans<12>", {64, 1100}},
      {"rans<9>", {45, 300}},
      {"rans<11>, coded=exponent+2, context=row_class<4>", {60, 1024}}};
  std::mt19937 random(3);
  for (const auto &[text, shape] : cases) {
    auto weight = encode(ElementType::BF16, shape, text, 5);
    ASSERT_TRUE(weight);
    ASSERT_FALSE(weight->loaded.panels()[0].storedAsWords);
    auto jit = StreamJit::compile(weight->description);
    ASSERT_TRUE(jit) << jit.error().message();
    for (int round = 0; round < 60; ++round)
      forEachUnit(weight->loaded, [&](uint64_t panel, const PanelUnit &unit, uint64_t number) {
        DamagedPanel damaged(weight->loaded, round % 2, unitWords(unit), random);
        auto *words = reinterpret_cast<uint16_t *>(damaged.buffer.data());
        (*jit)->decode(damaged.view, panel, number, {words, unitWords(unit)});
      });
  }
}

TEST(StreamJitTest, RowMajorIsRefused) {
  auto weight = encode(ElementType::BF16, {64, 64}, "huffman<12,1>, layout=row_major", 1);
  ASSERT_TRUE(weight);
  auto jit = StreamJit::compile(weight->description);
  ASSERT_FALSE(jit);
  EXPECT_EQ(jit.error().message(),
            "'uwt.decode_stream' op cannot be compiled for format 'huffman<12,1>, "
            "layout=row_major': layout=row_major is for reading single rows, products "
            "need layout=fragment<16x16>");
}

} // namespace
