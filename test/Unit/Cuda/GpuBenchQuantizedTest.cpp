//===- GpuBenchQuantizedTest.cpp - Quantised weights that uwt-bench draws -===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-bench/Checks.h"
#include "uwt-bench/QuantizedDraw.h"
#include "uwt/Format/BF16.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <cmath>
#include <gmock/gmock.h>
#include <set>

using namespace uwt;
using namespace uwt::bench;

namespace {

class GpuBenchQuantizedTest : public testing::TestWithParam<const char *> {
protected:
  static constexpr uint64_t rows = 130, columns = 600;

  QuantizedWeight draw(DrawnValues values, uint64_t seed = 1) {
    return drawQuantized(format, rows, columns, values, seed, pool);
  }
  uint64_t panelsOfWords(const QuantizedWeight &weight) {
    auto loaded =
        LoadedWeight::fromQuantized({ElementType::BF16, {rows, columns}, format}, weight, pool);
    EXPECT_TRUE(bool(loaded));
    return static_cast<uint64_t>(
        std::ranges::count_if(loaded->panels(), &PanelEntry::storedAsWords));
  }

  Format format = *Format::parse(GetParam());
  ThreadPool pool{2};
};

TEST_P(GpuBenchQuantizedTest, LooksLikeAWeight) {
  QuantizedWeight weight = draw(DrawnValues::Plausible);
  EXPECT_EQ(panelsOfWords(weight), 0u);
  // All codes that are numbers occur.
  std::set<uint8_t> codes(weight.codes.begin(), weight.codes.end());
  EXPECT_EQ(codes.size(),
            std::ranges::count_if(weight.values, [](float v) { return std::isfinite(v); }));
  for (float scale : weight.scale.cells)
    ASSERT_GT(scale, 0);
  double squares = 0;
  for (uint16_t word : wordsOf(weight, pool))
    squares += std::pow(fromBF16(word), 2);
  double deviation = std::sqrt(squares / (rows * columns));
  EXPECT_GT(deviation, 0.01);
  EXPECT_LT(deviation, 0.1);
}

TEST_P(GpuBenchQuantizedTest, DependsOnTheSeedAlone) {
  DenseWords one = wordsOf(draw(DrawnValues::Plausible), pool);
  ThreadPool other(1);
  EXPECT_EQ(wordsOf(drawQuantized(format, rows, columns, DrawnValues::Plausible, 1, other), other),
            one);
  EXPECT_NE(wordsOf(draw(DrawnValues::Plausible, 2), pool), one);
}

TEST_P(GpuBenchQuantizedTest, HasExactSums) {
  QuantizedWeight weight = draw(DrawnValues::Exact);
  EXPECT_EQ(panelsOfWords(weight), 0u);
  EXPECT_GT(std::set<uint8_t>(weight.codes.begin(), weight.codes.end()).size(), 7u);
  for (float scale : weight.scale.cells)
    ASSERT_EQ(std::exp2(std::round(std::log2(scale))), scale);
  EXPECT_TRUE(ExactProblem(wordsOf(weight, pool), rows, 8, 1, pool).hasSums());
}

// Those of test/Benchmarks/gpu_packs.py.
INSTANTIATE_TEST_SUITE_P(Formats, GpuBenchQuantizedTest,
                         testing::Values("uint<4>, zero=8, scale={1x128, bf16}",
                                         "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}",
                                         "f4E2M1FN, scale={1x32, f8E8M0FNU}",
                                         "f4E2M1FN, scale={1x16, f16E6M10U}",
                                         "f8E4M3FN, scale={128x128, f32}",
                                         "table<4>, scale={1x64, f32}",
                                         "int<8>, scale={row, bf16}"));

/// A row whose partial sums may be rounded has no exact sums.
TEST(ExactProblem, TakesWhatNoOrderRounds) {
  ThreadPool pool(1);
  // Multiples of 2^-3: 2^24 of them are too many.
  DenseWords words(1 << 15, toBF16(0.125));
  EXPECT_TRUE(ExactProblem(words, 1, 1, 1, pool).hasSums());
  std::ranges::fill(words, toBF16(63.5));
  words[0] = toBF16(0.125);
  EXPECT_TRUE(ExactProblem(words, 1, 1, 1, pool).hasSums());
  std::ranges::fill(words, toBF16(64.5));
  words[0] = toBF16(0.125);
  EXPECT_FALSE(ExactProblem(words, 1, 1, 1, pool).hasSums());
  EXPECT_TRUE(ExactProblem(DenseWords(64), 2, 1, 1, pool).hasSums());
}

} // namespace
