//===- SuggestTest.cpp - Near misses, sizes, levels -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Suggest.h"
#include "uwt/Support/CheckedMath.h"
#include "uwt/Support/Cpu.h"
#include "uwt/Support/Printable.h"
#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace uwt;

namespace {

constexpr std::string_view codecs[] = {"raw", "window", "huffman"};

TEST(SuggestTest, FindsNearMisses) {
  EXPECT_EQ(closestMatch("hufman", codecs), "huffman");
  EXPECT_EQ(closestMatch("widnow", codecs), "window");
  EXPECT_EQ(closestMatch("rax", codecs), "raw");
  EXPECT_EQ(closestMatch("zstd", codecs), std::nullopt);
  EXPECT_EQ(closestMatch("", codecs), std::nullopt);
  EXPECT_EQ(closestMatch(std::string(100000, 'w'), codecs), std::nullopt);
}

TEST(SuggestTest, SaysNothingWithoutMatch) {
  EXPECT_EQ(didYouMean("windo", codecs), "; did you mean 'window'?");
  EXPECT_EQ(didYouMean("zstd", codecs), "");
}

TEST(SuggestTest, QuotesWithoutControlCharacters) {
  EXPECT_EQ(inQuotes("a\nb\x1b\xff"), "'a?b?\?'");
  EXPECT_EQ(inQuotes(std::string(81, 'x')), "'" + std::string(80, 'x') + "...'");
}

TEST(PrintableTest, HasNoControls) {
  EXPECT_EQ(printable("a\x1b[2J\r\nb\x7f\u0085c\u202ed\u2066e\xff"), "a?[2J??b??c?d?e?");
  EXPECT_EQ(printable("a\tb\nc\r", "\n\t"), "a\tb\nc?");
  EXPECT_EQ(printable("Gr\u00fc\u00dfe \u4f60\u597d"), "Gr\u00fc\u00dfe \u4f60\u597d");
  EXPECT_EQ(jsonWithoutControls("{\n \"a\u202e\u0085\x7f\": \"\u00fc\"}"),
            "{\n \"a\\u202e\\u0085\\u007f\": \"\u00fc\"}");
}

TEST(CheckedMathTest, ReportsOverflow) {
  uint64_t half = uint64_t(1) << 63;
  EXPECT_EQ(checkedAdd(half, half - 1), UINT64_MAX);
  EXPECT_EQ(checkedAdd(half, half), std::nullopt);
  EXPECT_EQ(checkedMultiply(half, 1), half);
  EXPECT_EQ(checkedMultiply(half, 2), std::nullopt);
}

TEST(CheckedMathTest, RowsHaveBytesThatDoNotWrap) {
  uint64_t quarter = uint64_t(1) << 62;
  EXPECT_EQ(bytesOfRows(3, 10, 4, 2), 48U);
  EXPECT_EQ(bytesOfRows(1, 0, 4, 2), 8U);
  EXPECT_EQ(bytesOfRows(0, UINT64_MAX, 4, 2), 0U);
  EXPECT_EQ(bytesOfRows(1, UINT64_MAX, quarter / 2, 2), quarter);
  EXPECT_EQ(bytesOfRows(1, 0, quarter / 2 + 1, 2), std::nullopt);
  EXPECT_EQ(bytesOfRows(2, quarter, 4, 2), std::nullopt);
  EXPECT_EQ(bytesOfRows(2 * quarter, 4, 4, 2), std::nullopt);
  EXPECT_EQ(bytesOfRows(UINT64_MAX, UINT64_MAX, UINT64_MAX, 2), std::nullopt);
}

TEST(SuggestTest, OfManyNamesThoseThatShareMostAreCompared) {
  std::vector<std::string> names;
  for (int i = 0; i < 50000; ++i)
    names.push_back("model.layers." + std::to_string(i) + ".self_attn.q_proj.weight");
  std::vector<std::string_view> views(names.begin(), names.end());
  for (const char *word :
       {"model.layers.49321.self_atn.q_proj.weight", "model.layers.49321.self_attn.q_porj.weight",
        "odel.layers.49321.self_attn.q_proj.weight", "model.layers.49321.self_attn.q_proj.weigth"})
    EXPECT_EQ(closestMatch(word, views), "model.layers.49321.self_attn.q_proj.weight");
}

TEST(CpuTest, LevelNamesParseBack) {
  for (SimdLevel level : {SimdLevel::Scalar, SimdLevel::Neon, SimdLevel::Avx2, SimdLevel::Avx512})
    EXPECT_EQ(parseSimdLevel(simdLevelName(level)), level);
  EXPECT_EQ(parseSimdLevel("sse"), std::nullopt);
}

TEST(CpuTest, LevelsOfAnotherArchitectureDoNotRun) {
  EXPECT_TRUE(runsHere(SimdLevel::Scalar));
  EXPECT_TRUE(runsHere(hostSimdLevel()));
#if defined(__aarch64__)
  EXPECT_TRUE(runsHere(SimdLevel::Neon));
  EXPECT_FALSE(runsHere(SimdLevel::Avx2));
#else
  EXPECT_FALSE(runsHere(SimdLevel::Neon));
  EXPECT_FALSE(hostArm().bf16 || hostArm().i8mm || hostArm().dotProduct);
#endif
  EXPECT_EQ(runsHere(SimdLevel::Avx512), hostSimdLevel() == SimdLevel::Avx512);
}

} // namespace
