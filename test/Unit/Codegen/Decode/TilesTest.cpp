//===- TilesTest.cpp - Products on tiles have the bits of AMX -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Strategy `tiles` beside a model in C++ of what tdpbf16ps and tdpfp16ps do, with numbers around
// the smallest normal one among the others. On the targets whose tiles are vectors, and on amx and
// amx-fp16 where this machine has these.
//
//===----------------------------------------------------------------------===//

#include "DrawQuantized.h"
#include "ProductJit.h"
#include "Runtime/ExpectedProduct.h"
#include "uwt/Format/BF16.h"
#include "uwt/Format/Floats.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "uwt/Runtime/ThreadScope.h"
#include "uwt/Target/Target.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::test;

namespace {

bool isF16(const ProductSpec &spec) { return spec.element == "f16"; }

std::vector<float> numbersOf(std::span<const uint16_t> words, const ProductSpec &spec) {
  std::vector<float> numbers;
  for (uint16_t word : words)
    numbers.push_back(isF16(spec) ? float16.valueOf(word) : fromBF16(word));
  return numbers;
}

/// Numbers of usual sizes; of every eight rows the last has numbers whose products are around
/// 2^-126 and numbers below it, of f16 subnormal ones and those next to them.
std::vector<uint16_t> drawWords(const ProductSpec &spec, uint64_t rows, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint16_t> words;
  unsigned mantissaBits = isF16(spec) ? 10 : 7, usual = isF16(spec) ? 14 : 120;
  for (uint64_t row = 0; row < rows; ++row)
    for (uint64_t column = 0; column < spec.columns; ++column) {
      uint32_t exponent = usual - std::min(std::countl_zero(uint32_t(random() | 1)), 12);
      if (row % 8 == 7)
        exponent = random() % 3 == 0 ? random() % 3 : usual / 2 - 2 + random() % 12;
      uint32_t signAndMantissa = random() & (0x8000U | ((1U << mantissaBits) - 1));
      words.push_back(static_cast<uint16_t>(signAndMantissa | exponent << mantissaBits));
    }
  return words;
}

std::vector<std::string_view> targetsFor(const ProductSpec &spec) {
  std::vector<std::string_view> names;
  for (const Target &target : allTargets())
    if ((isF16(spec) ? target.hasFp16Tiles() : target.hasTiles()) && checkRunsHere(target))
      names.push_back(target.name);
  return names;
}

/// Runs products of a weight on tiles for each m, on one and on two threads, and compares every
/// bit with those of its words.
void checkTiles(ProductSpec spec, const LoadedWeight &weight, std::span<const uint16_t> words,
                const std::vector<uint64_t> &mValues) {
  ThreadPool pools[] = {ThreadPool(1), ThreadPool(2)};
  std::vector<float> w = numbersOf(words, spec);
  for (std::string_view target : targetsFor(spec)) {
    spec.target = target;
    SCOPED_TRACE(spec.moduleText());
    auto product = ProductJit::compile(spec);
    ASSERT_TRUE(product) << product.error().message();
    for (uint64_t m : mValues) {
      std::vector<uint16_t> x = drawWords(spec, m, 2);
      std::vector<float> expected =
          expectedTileProduct(w, numbersOf(x, spec), spec.rows, spec.columns, m);
      for (ThreadPool &pool : pools) {
        ThreadScope scope(&pool);
        std::vector<float> y = (*product)->run(weight.view(), x.data(), m, spec.columns);
        EXPECT_EQ(std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)), 0)
            << "m " << m << ", " << pool.size() << " threads";
      }
    }
  }
}

/// The same of a weight that is drawn.
void checkTiles(const ProductSpec &spec, const std::vector<uint64_t> &mValues) {
  std::vector<uint16_t> w = drawWords(spec, spec.rows, 1);
  ThreadPool pool(1);
  auto weight = LoadedWeight::fromBytes(
      spec.description(), {reinterpret_cast<const uint8_t *>(w.data()), w.size() * 2}, pool);
  ASSERT_TRUE(weight) << weight.error().message();
  checkTiles(spec, *weight, w, mValues);
}

ProductSpec tiled(uint64_t rows, uint64_t columns, const std::string &format, unsigned tileM = 64,
                  unsigned tileK = 256, unsigned tileN = 16) {
  ProductSpec spec;
  spec.rows = rows;
  spec.columns = columns;
  spec.format = format;
  spec.strategy = "tiles, tile_n = " + std::to_string(tileN) +
                  ", tile_m = " + std::to_string(tileM) + ", tile_k = " + std::to_string(tileK);
  return spec;
}

/// The same, of f16.
ProductSpec tiledF16(uint64_t rows, uint64_t columns, const std::string &format,
                     unsigned tileM = 64, unsigned tileK = 256, unsigned tileN = 16) {
  ProductSpec spec = tiled(rows, columns, format, tileM, tileK, tileN);
  spec.element = spec.x = "f16";
  return spec;
}

std::vector<uint64_t> upTo(uint64_t most) {
  std::vector<uint64_t> result;
  for (uint64_t m = 1; m <= most; ++m)
    result.push_back(m);
  return result;
}

/// What is read in place; units of one group, of four, with escapes and without; streams.
const char *const formats[] = {"raw", "inplace<12>", "inplace<11>, escapes=rows<64>", "palette<4>",
                               "huffman<12,2>"};
const char *const formatsOfF16[] = {"raw", "window<4>", "window<4>, escapes=rows<64>", "palette<4>",
                                    "huffman<12,2>"};

TEST(TilesTest, AnyMHasTheBitsOfAmxFromEveryFormat) {
  for (const char *format : formats)
    checkTiles(tiled(70, 200, format), upTo(40));
  for (const char *format : formatsOfF16)
    checkTiles(tiledF16(70, 200, format), upTo(40));
}

TEST(TilesTest, RaggedShapes) {
  for (const char *format : formats)
    for (auto [rows, columns] : {std::pair(1, 1), {17, 33}, {64, 64}, {130, 257}, {33, 1100}})
      checkTiles(tiled(rows, columns, format, 32, 512), {1, 16, 37});
  for (const char *format : formatsOfF16)
    for (auto [rows, columns] : {std::pair(1, 1), {130, 257}, {33, 1100}})
      checkTiles(tiledF16(rows, columns, format, 32, 512), {1, 37});
}

TEST(TilesTest, CodesHaveTheBitsOfTheirValues) {
  for (const char *format : {"uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}",
                             "int<8>, scale={1x32, f16}", "f8E4M3FN, scale={1x32, bf16}"})
    for (ProductSpec spec : {tiled(70, 300, format), tiledF16(70, 300, format, 32, 512, 32)}) {
      TensorDescription what = spec.description();
      QuantizedWeight weight = drawQuantized(what.format, spec.rows, spec.columns, 1);
      ThreadPool pool(1);
      auto loaded = LoadedWeight::fromQuantized(what, weight, pool);
      ASSERT_TRUE(loaded) << loaded.error().message();
      checkTiles(spec, *loaded, decodedWords(weight, what.element), {1, 17, 40});
    }
}

TEST(TilesTest, AKnownMHasTheSameBits) {
  for (const char *format : {"raw", "inplace<12>"})
    for (uint64_t m : {1, 15, 16, 17, 48, 70, 300}) {
      ProductSpec spec = tiled(20, 130, format);
      spec.m = m;
      checkTiles(spec, {m});
    }
}

TEST(TilesTest, MoreRowsThanATaskTakes) {
  checkTiles(tiled(66, 320, "inplace<12>"), {257, 300});
  checkTiles(tiledF16(66, 320, "window<4>"), {257, 300});
}

/// A product of many rows of x at once has the bits of one of some of these after the other, whose
/// x is small enough for tasks of one panel.
void checkSeveralPanels(ProductSpec spec, uint64_t m) {
  std::vector<uint16_t> w = drawWords(spec, spec.rows, 1), x = drawWords(spec, m, 2);
  ThreadPool pool(2);
  ThreadScope scope(&pool);
  auto weight = LoadedWeight::fromBytes(
      spec.description(), {reinterpret_cast<const uint8_t *>(w.data()), w.size() * 2}, pool);
  ASSERT_TRUE(weight) << weight.error().message();
  constexpr uint64_t fewRows = 48;
  for (std::string_view target : targetsFor(spec)) {
    spec.target = target;
    SCOPED_TRACE(spec.moduleText());
    ProductSpec ofFew = spec;
    ofFew.m = std::nullopt;
    auto product = ProductJit::compile(spec), few = ProductJit::compile(ofFew);
    ASSERT_TRUE(product && few);
    std::vector<float> expected;
    for (uint64_t row = 0; row < m; row += fewRows) {
      std::vector<float> rows = (*few)->run(weight->view(), x.data() + row * spec.columns,
                                            std::min(fewRows, m - row), spec.columns);
      expected.insert(expected.end(), rows.begin(), rows.end());
    }
    std::vector<float> y = (*product)->run(weight->view(), x.data(), m, spec.columns);
    ASSERT_EQ(y.size(), expected.size());
    EXPECT_EQ(std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)), 0);
  }
}

/// x is too large to stay near: two panels a task, of 257 rows of x and of one; four, and three in
/// the last task; one that only a call knows.
TEST(TilesTest, SeveralPanelsATask) {
  for (const char *format : formats)
    checkSeveralPanels(tiled(64 * 34 + 10, 1100, format, 32, 256, 16), 257);
  ProductSpec spec = tiled(64 * 34 + 10, 1100, "inplace<12>", 32, 512, 32);
  checkSeveralPanels(spec, 800);
  for (uint64_t m : {257, 800}) {
    spec.m = m;
    checkSeveralPanels(spec, m);
  }
}

TEST(TilesTest, TwoStripsAtATime) {
  for (const char *format : formats)
    for (uint64_t rows : {33, 112})
      checkTiles(tiled(rows, 300, format, 32, 256, 32), {5, 33, 70});
}

TEST(TilesTest, EveryTileHasTheSameBits) {
  for (unsigned tileM : {16, 32, 48, 64})
    for (unsigned tileK : {64, 128, 1024})
      checkTiles(tiled(40, 300, "inplace<12>", tileM, tileK), {70});
}

TEST(TilesTest, OtherProductsAreRefused) {
  ProductSpec exact = tiled(16, 64, "raw"), mixed = exact, elsewhere = exact;
  ProductSpec half = tiledF16(16, 64, "raw"), exactHalf = half;
  exact.exact = exactHalf.exact = true;
  mixed.x = "f32";
  elsewhere.target = "avx2";
  exact.target = half.target = "amx-vectors";
  mixed.target = exactHalf.target = "amx-fp16-vectors";
  for (const ProductSpec &spec : {exact, half, exactHalf, mixed, elsewhere}) {
    auto product = ProductJit::compile(spec);
    ASSERT_FALSE(product);
    EXPECT_NE(product.error().message().find(
                  "has strategy 'tiles', which needs weights and x of bf16 (or f16), fast numerics "
                  "and a target with AMX (or its tiles of f16): use 'buffer'"),
              std::string::npos)
        << product.error().message();
  }
}

} // namespace
