//===- PrefixStreamTest.cpp - Panels of lane streams ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "uwt/Codec/Codec.h"
#include "uwt/Codec/Panel.h"
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;

namespace {

/// A panel's words, its rows' classes, and a plan with a model of them.
struct WordsOfPanel {
  CodingPlan plan;
  std::vector<uint16_t> words;
  std::vector<uint8_t> classes;
  uint32_t rows;
  uint64_t columns;

  PanelWords view() const { return {words.data(), columns, rows, columns}; }
};

/// Mostly a few exponents, larger in rows of higher class; now and then any word.
std::vector<uint16_t> makeWords(const FieldSplit &split, uint64_t rows, uint64_t columns,
                                std::mt19937 &random) {
  std::vector<uint16_t> words(rows * columns);
  uint32_t mask = (1u << split.wordBits) - 1;
  std::geometric_distribution<uint32_t> distance(0.5);
  for (size_t i = 0; i < words.size(); ++i) {
    uint32_t word = random() & mask;
    if (random() % 200 != 0) {
      uint32_t middle = (1u << split.symbolBits) / 2 + i / columns % 4;
      uint32_t symbol = (middle - distance(random)) & ((1u << split.symbolBits) - 1);
      word = split.join(symbol, split.rawOf(word));
    }
    words[i] = static_cast<uint16_t>(word);
  }
  return words;
}

SymbolStatistics countOf(const WordsOfPanel &panel) {
  const FieldSplit &split = panel.plan.split;
  SymbolStatistics statistics;
  statistics.split = split;
  size_t symbols = size_t(1) << split.symbolBits;
  statistics.counts.assign(panel.plan.format.rowClasses, std::vector<uint64_t>(symbols));
  bool pairs = panel.plan.traits.codeSymbols == 2;
  if (pairs)
    statistics.pairs.assign(panel.plan.format.rowClasses, std::vector<uint64_t>(symbols * symbols));
  for (uint32_t row = 0; row < panel.rows; ++row)
    for (uint64_t column = 0; column < panel.columns; ++column) {
      size_t c = panel.classes.empty() ? 0 : panel.classes[row];
      size_t symbol = split.symbolOf(panel.words[row * panel.columns + column]);
      ++statistics.counts[c][symbol];
      if (pairs && column % 2)
        ++statistics.pairs[c][split.symbolOf(panel.words[row * panel.columns + column - 1]) +
                              symbols * symbol];
    }
  return statistics;
}

WordsOfPanel makePanel(const std::string &text, ElementType element, std::vector<uint16_t> words,
                       uint32_t rows, uint64_t columns) {
  WordsOfPanel panel{};
  panel.plan.format = *Format::parse(text);
  panel.plan.element = element;
  panel.plan.split = splitOf(element, panel.plan.format.codedMantissa);
  panel.plan.traits = *checkFormat(panel.plan.format, element);
  panel.plan.matrix = {rows, columns};
  panel.words = std::move(words);
  panel.rows = rows;
  panel.columns = columns;
  for (uint32_t row = 0; panel.plan.format.rowClasses > 1 && row < rows; ++row)
    panel.classes.push_back(static_cast<uint8_t>(row * 7 % panel.plan.format.rowClasses));
  const Codec &codec = **findCodec("huffman");
  auto model = codec.buildModel(panel.plan.format, countOf(panel));
  EXPECT_TRUE(static_cast<bool>(model)) << text;
  if (model)
    panel.plan.model = *model;
  return panel;
}

WordsOfPanel makePanel(const std::string &text, ElementType element, uint32_t rows,
                       uint64_t columns, std::mt19937 &random) {
  FieldSplit split = splitOf(element, (*Format::parse(text)).codedMantissa);
  return makePanel(text, element, makeWords(split, rows, columns, random), rows, columns);
}

EncodedPanel encode(const WordsOfPanel &panel, CodePath path) {
  EncodedPanel out;
  encodePrefix(panel.plan, *makePrefixTables(panel.plan), panel.view(), panel.classes, path, out);
  return out;
}

/// What a decoder gives: its words, or its error.
struct Decoded {
  std::vector<uint16_t> words;
  std::string error;
  bool operator==(const Decoded &) const = default;
};

Decoded decode(const WordsOfPanel &panel, const PrefixTables &tables, const EncodedPanel &coded,
               CodePath path, size_t tail = 0) {
  Decoded out;
  // An odd stride, and rows that no store past the caches can reach.
  size_t stride = panel.columns + 3;
  std::vector<uint16_t> to(panel.rows * stride, 0xABCD);
  CodedPanel in;
  in.raw = coded.raw;
  in.code = std::span<const uint8_t>(coded.code).first(coded.code.size() - tail);
  in.codeTail = tail;
  Status status = decodePrefix(panel.plan, tables, in, panel.classes, path,
                               {to.data(), stride, panel.rows, panel.columns});
  if (!status) {
    out.error = status.error().message();
    EXPECT_EQ(status.error().getKind(), ErrorKind::Invalid);
    return out;
  }
  for (uint32_t row = 0; row < panel.rows; ++row) {
    out.words.insert(out.words.end(), &to[row * stride], &to[row * stride] + panel.columns);
    for (size_t i = panel.columns; i < stride; ++i)
      EXPECT_EQ(to[row * stride + i], 0xABCD) << "wrote behind row " << row;
  }
  return out;
}

std::vector<uint8_t> bytesOf(std::initializer_list<uint32_t> words) {
  std::vector<uint8_t> bytes(words.size() * 4);
  std::memcpy(bytes.data(), words.begin(), bytes.size());
  return bytes;
}

/// All paths encode to the same bytes, and decode them to the words.
void expectRoundTrip(const WordsOfPanel &panel, const std::string &name) {
  SCOPED_TRACE(name + " " + panel.plan.format.str() + " " + std::to_string(panel.rows) + "x" +
               std::to_string(panel.columns));
  PrefixTablesPtr tables = makePrefixTables(panel.plan);
  EncodedPanel expected = encode(panel, CodePath::Reference);
  ASSERT_FALSE(expected.overflow);
  EXPECT_EQ(expected.escapes, countPrefixEscapes(panel.plan, panel.rows, expected.code));
  for (CodePath path : availableCodePaths()) {
    SCOPED_TRACE("path " + std::to_string(static_cast<int>(path)));
    EncodedPanel coded = encode(panel, path);
    EXPECT_EQ(coded.raw, expected.raw);
    EXPECT_EQ(coded.code, expected.code);
    EXPECT_EQ(coded.escapes, expected.escapes);
    EXPECT_FALSE(coded.overflow);
    Decoded decoded = decode(panel, *tables, expected, path);
    EXPECT_EQ(decoded.error, "");
    EXPECT_EQ(decoded.words, panel.words);
    coded.code.resize(coded.code.size() + 4096, 0xFF);
    EXPECT_EQ(decode(panel, *tables, coded, path, 4096), decoded) << "with bytes behind the blob";
  }
}

/// Panels of random words may have more escapes than a header counts (prefix-4):
/// they go as words, on every path.
void expectRoundTripOrOverflow(const WordsOfPanel &panel, const std::string &name) {
  if (!encode(panel, CodePath::Reference).overflow)
    return expectRoundTrip(panel, name);
  for (CodePath path : availableCodePaths())
    EXPECT_TRUE(encode(panel, path).overflow) << name << " " << panel.plan.format.str();
}

struct Shape {
  uint32_t rows;
  uint64_t columns;
};
constexpr Shape panelShapes[] = {{1, 1},    {17, 33},  {64, 1025}, {64, 512},
                                 {64, 513}, {3, 2050}, {40, 384},  {64, 1024}};

struct Example {
  const char *format;
  ElementType element;
};
constexpr Example examples[] = {
    {"huffman<12,2>", ElementType::BF16},
    {"huffman<12,2>, context=row_class<2>", ElementType::BF16},
    {"huffman<15,2>, layout=row_major", ElementType::BF16},
    {"huffman<12,2>, layout=row_major, escapes=rows<64>", ElementType::BF16},
    {"huffman<12,2>, escapes=rows<64>", ElementType::BF16},
    {"huffman<2,2>", ElementType::BF16},
    {"huffman<1,1>", ElementType::BF16},
    {"huffman<11,1>", ElementType::BF16},
    {"huffman<8,1>, escapes=rows<64>", ElementType::BF16},
    {"huffman<8,1>, escapes=rows<64>, context=row_class<4>", ElementType::BF16},
    {"huffman<12,1>, coded=exponent+1", ElementType::BF16},
    {"huffman<12,1>, coded=exponent+2", ElementType::F32},
    {"huffman<12,1>, coded=exponent+2, context=row_class<16>", ElementType::BF16},
    {"huffman<15,1>, coded=exponent+2, context=row_class<8>", ElementType::BF16},
    {"huffman<12,1>, coded=exponent+3", ElementType::BF16},
    {"huffman<15,1>, coded=exponent+7, layout=row_major", ElementType::BF16},
    {"huffman<12,1>, coded=exponent+2, layout=row_major, context=row_class<16>", ElementType::BF16},
    {"huffman<15,1>, escapes=none", ElementType::BF16},
    {"huffman<10,2>", ElementType::F16},
    {"huffman<12,1>, coded=exponent+5", ElementType::F16},
    {"huffman<11,1>, coded=exponent+2", ElementType::F8E4M3FN},
    {"huffman<12,2>, coded=exponent+1, layout=row_major", ElementType::F8E5M2},
    {"huffman<12,1>, coded=exponent+4", ElementType::UInt8},
    {"huffman<12,1>, coded=exponent+1", ElementType::UInt8},
    {"huffman<12,2>, coded=exponent+4, layout=row_major", ElementType::UInt8},
    {"huffman<12,1>, coded=exponent+4, layout=row_major, context=row_class<8>", ElementType::UInt8},
};

} // namespace

TEST(PrefixStream, AllPathsAgreeOnEveryFormatAndShape) {
  std::mt19937 random(1);
  test::CasesToTest cases(5);
  for (const Example &example : examples)
    for (Shape shape : panelShapes) {
      WordsOfPanel panel =
          makePanel(example.format, example.element, shape.rows, shape.columns, random);
      if (cases.takesNext())
        expectRoundTripOrOverflow(panel, "random");
    }
}

TEST(PrefixStream, KeepsAllWords) {
  test::CasesToTest cases(3);
  for (const Example &example : examples) {
    if (!cases.takesNext())
      continue;
    FieldSplit split = splitOf(example.element, (*Format::parse(example.format)).codedMantissa);
    std::vector<uint16_t> words(64 * 1024);
    for (size_t i = 0; i < words.size(); ++i)
      words[i] = static_cast<uint16_t>(i * 40503 & ((1u << split.wordBits) - 1));
    expectRoundTripOrOverflow(makePanel(example.format, example.element, words, 64, 1024),
                              "all words");
  }
}

TEST(PrefixStream, CodesOneSymbolWithoutEscapes) {
  // A code of one entry: prefix-2.
  for (const char *format : {"huffman<12,1>, escapes=none", "huffman<12,2>, escapes=none",
                             "huffman<12,1>, escapes=none, layout=row_major"})
    expectRoundTrip(
        makePanel(format, ElementType::BF16, std::vector<uint16_t>(40 * 70, 0x3F80), 40, 70),
        "equal words");
}

TEST(PrefixStream, FindsCodeWordsThatDoNotExist) {
  WordsOfPanel panel = makePanel("huffman<12,1>, escapes=none", ElementType::BF16,
                                 std::vector<uint16_t>(16 * 600, 0x3F80), 16, 600);
  PrefixTablesPtr tables = makePrefixTables(panel.plan);
  EncodedPanel coded = encode(panel, CodePath::Reference);
  coded.code[coded.code.size() / 2] = 8;
  for (CodePath path : availableCodePaths())
    EXPECT_THAT(decode(panel, *tables, coded, path).error, testing::HasSubstr("does not exist"));
}

TEST(PrefixStream, WritesRowsBySpec) {
  // order-6, prefix-3, prefix-4, escape-2: computed by hand. Code words: 0x7F 0,
  // 0x7E 10, escape 11.
  WordsOfPanel panel{};
  panel.plan.format = *Format::parse("huffman<2,1>, layout=row_major");
  panel.plan.split = splitOf(ElementType::BF16, 0);
  panel.plan.traits = *checkFormat(panel.plan.format, ElementType::BF16);
  panel.plan.matrix = {2, 3};
  panel.plan.model.symbols = {0x7F, 0x7E};
  panel.plan.model.lengths = {{1, 2, 2}};
  panel.plan.model.commonest = 0x7F;
  panel.words = {0x3F80, 0xBF00, 0x3FC0, 0x4000, 0x3F80, 0x3F01};
  panel.rows = 2;
  panel.columns = 3;
  expectRoundTrip(panel, "by hand");
  EncodedPanel coded = encode(panel, CodePath::Reference);
  EXPECT_EQ(coded.raw, (std::vector<uint8_t>{0x00, 0x80, 0x40, 0x00, 0x00, 0x01}));
  // Start; shortest 4, width 1, one record; lengths 4 and 5; row 1, column 0; 0 10 0, 11 0 10.
  EXPECT_EQ(coded.code, bytesOf({1, 0x00044004, 2, 0x04004000, 0xB2, 0, 0, 0}));
}

TEST(PrefixStream, WritesFragmentsBySpec) {
  // order-5, order-7, prefix-1: a single escape, computed by hand. Code words of
  // pairs: 0 common, 10 (escape, common), 110 (common, escape), 111 both.
  WordsOfPanel panel{};
  panel.plan.format = *Format::parse("huffman<12,2>");
  panel.plan.split = splitOf(ElementType::BF16, 0);
  panel.plan.traits = *checkFormat(panel.plan.format, ElementType::BF16);
  panel.plan.matrix = {1, 1};
  panel.plan.model.symbols = {0x7F};
  panel.plan.model.lengths = {{1, 2, 3, 3}};
  panel.plan.model.commonest = 0x7F;
  panel.words = {0xC000};
  panel.rows = 1;
  panel.columns = 1;
  expectRoundTrip(panel, "by hand");
  EncodedPanel coded = encode(panel, CodePath::Reference);
  // Start; shortest 4, width 1, one record; lane 0 has a bit more; position 0; 10 and zeros.
  EXPECT_EQ(coded.code, bytesOf({1, 0x00044004, 1, 0xC000, 1, 0, 0, 0, 0, 0, 0, 0}));
  std::vector<uint8_t> raw(1024);
  raw[0] = 0x80;
  EXPECT_EQ(coded.raw, raw);
}

TEST(PrefixStream, DecodesSingleRows) {
  std::mt19937 random(2);
  for (const Example &example : examples) {
    if ((*Format::parse(example.format)).layout != Layout::RowMajor)
      continue;
    WordsOfPanel panel = makePanel(example.format, example.element, 23, 2051, random);
    PrefixTablesPtr tables = makePrefixTables(panel.plan);
    EncodedPanel coded = encode(panel, CodePath::Scalar);
    CodedPanel in;
    in.raw = coded.raw;
    in.code = coded.code;
    for (uint32_t row : {0u, 7u, 22u}) {
      std::vector<uint16_t> out(panel.columns);
      Status status = decodePrefixRow(panel.plan, *tables, in, panel.classes, panel.rows, row, out);
      EXPECT_TRUE(static_cast<bool>(status)) << example.format;
      EXPECT_TRUE(std::equal(out.begin(), out.end(), panel.view().row(row))) << example.format;
    }
  }
}

TEST(PrefixStream, OverflowsWhereEscapesDoNotFitTheirCount) {
  // prefix-4: 14 bits for the number of records.
  std::mt19937 random(3);
  std::vector<uint16_t> words(64 * 1024, 0x3F80);
  WordsOfPanel panel =
      makePanel("huffman<2,1>, layout=row_major", ElementType::BF16, words, 64, 1024);
  for (size_t i = 0; i < 0x4000; ++i)
    panel.words[i * 4] = 0x0080;
  for (CodePath path : availableCodePaths())
    EXPECT_TRUE(encode(panel, path).overflow);
  panel.words[0] = 0x3F80;
  expectRoundTrip(panel, "0x3FFF escapes");
}

TEST(PrefixStream, OverflowsWithoutEscapesOnOtherSymbols) {
  for (const char *format : {"huffman<12,1>, escapes=none", "huffman<12,2>, escapes=none",
                             "huffman<12,2>, escapes=none, layout=row_major"}) {
    std::vector<uint16_t> words(20 * 100, 0x3F80);
    words[50] = 0x3F00;
    WordsOfPanel panel = makePanel(format, ElementType::BF16, words, 20, 100);
    expectRoundTrip(panel, "two symbols");
    panel.words[1234] = 0x0001;
    for (CodePath path : availableCodePaths())
      EXPECT_TRUE(encode(panel, path).overflow) << format;
  }
}

namespace {

/// All paths give the same words, or the same error; returns whether it was one.
bool expectSameOnDamage(const WordsOfPanel &panel, const PrefixTables &tables,
                        const EncodedPanel &coded) {
  Decoded expected = decode(panel, tables, coded, CodePath::Reference);
  for (CodePath path : availableCodePaths())
    EXPECT_EQ(decode(panel, tables, coded, path), expected)
        << panel.plan.format.str() << " path " << static_cast<int>(path);
  return !expected.error.empty();
}

} // namespace

TEST(PrefixStream, AllPathsAgreeOnDamagedBytes) {
  std::mt19937 random(4);
  for (const Example &example : examples) {
    WordsOfPanel panel = makePanel(example.format, example.element, 18, 39, random);
    PrefixTablesPtr tables = makePrefixTables(panel.plan);
    const EncodedPanel good = encode(panel, CodePath::Reference);
    ASSERT_FALSE(good.overflow);
    size_t failed = 0;
    for (size_t i = 0; i < good.code.size(); i += test::underSanitizer ? 29 : 1) {
      EncodedPanel coded = good;
      coded.code[i] = static_cast<uint8_t>(coded.code[i] ^ (1 + random() % 255));
      failed += expectSameOnDamage(panel, *tables, coded);
    }
    EXPECT_GT(failed, 0u) << example.format;
  }
}

TEST(PrefixStream, AllPathsAgreeOnOverrunningLanes) {
  // Units of a strip; everything from some byte on is arbitrary, or the longest code
  // words there are.
  std::mt19937 random(5);
  for (const Example &example : examples) {
    WordsOfPanel panel = makePanel(example.format, example.element, 18, 1100, random);
    PrefixTablesPtr tables = makePrefixTables(panel.plan);
    const EncodedPanel good = encode(panel, CodePath::Reference);
    ASSERT_FALSE(good.overflow);
    for (int i = 0; i < 6; ++i) {
      EncodedPanel coded = good;
      size_t size = coded.code.size(), from = i < 3 ? size - 1 - random() % (size / 2) : 0;
      for (size_t at = std::max<size_t>(from, 80); at < size; ++at)
        coded.code[at] = static_cast<uint8_t>(i % 2 ? 0xFF : random());
      EXPECT_TRUE(expectSameOnDamage(panel, *tables, coded));
    }
  }
}

TEST(PrefixStream, FillsStreamingRows) {
  // Streaming rows at multiples of 64 bytes are written past the caches.
  std::mt19937 random(6);
  for (const char *format : {"huffman<12,2>", "huffman<12,1>, coded=exponent+2"}) {
    WordsOfPanel panel = makePanel(format, ElementType::BF16, 64, 1024, random);
    PrefixTablesPtr tables = makePrefixTables(panel.plan);
    EncodedPanel coded = encode(panel, bestCodePath());
    CodedPanel in;
    in.raw = coded.raw;
    in.code = coded.code;
    for (CodePath path : availableCodePaths()) {
      struct alignas(64) Line {
        uint16_t words[32];
      };
      std::vector<Line> lines(64 * 1024 / 32);
      Status status =
          decodePrefix(panel.plan, *tables, in, {}, path,
                       {lines[0].words, 1024, panel.rows, panel.columns, /*streaming=*/true});
      ASSERT_TRUE(static_cast<bool>(status));
      EXPECT_EQ(std::memcmp(lines.data(), panel.words.data(), panel.words.size() * 2), 0);
    }
  }
}

TEST(PrefixStream, SaysWhatIsWrong) {
  WordsOfPanel panel = makePanel("huffman<2,1>, layout=row_major", ElementType::BF16,
                                 std::vector<uint16_t>(2 * 8, 0x3F80), 2, 8);
  PrefixTablesPtr tables = makePrefixTables(panel.plan);
  EncodedPanel good = encode(panel, CodePath::Reference);
  auto errorOf = [&](size_t word, uint32_t value, size_t size = 16) {
    EncodedPanel coded = good;
    std::memcpy(&coded.code[word * 4], &value, 4);
    coded.code.resize(size);
    return decode(panel, *tables, coded, bestCodePath()).error;
  };
  EXPECT_EQ(errorOf(0, 1), "");
  EXPECT_EQ(errorOf(0, 0), "unit 0 starts at byte 0, outside bytes 4 to 16 of its blob");
  EXPECT_EQ(errorOf(0, 2), "unit 0 starts at byte 8 of its blob, expected 4: the panel is damaged");
  EXPECT_EQ(errorOf(0, 4), "unit 0 starts at byte 16, outside bytes 4 to 16 of its blob");
  EXPECT_EQ(errorOf(0, 0xFFFFFFFF),
            "unit 0 starts at byte 17179869180, outside bytes 4 to 16 of its blob");
  EXPECT_EQ(errorOf(0, 0, 0), "unit 0: the list of units ends at byte 4 of a blob of 0 bytes: the "
                              "panel is damaged");
  EXPECT_EQ(errorOf(1, 8 | 9u << 18), "unit 0: its header ends at byte 44 of a blob of 16 bytes: "
                                      "the panel is damaged");
  EXPECT_EQ(errorOf(1, 80), "unit 0: its stream ends at byte 28 of a blob of 16 bytes: the panel "
                            "is damaged");
  EXPECT_EQ(errorOf(1, 7), "unit 0, lane 0: ends inside code word 7 of 8: the stream is damaged");
  EXPECT_EQ(errorOf(1, 9), "unit 0, lane 0: 1 bits follow its 8 code words: the stream is damaged");
}
