//===- KernelsTest.cpp - Products that are compiled ahead of time ---------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Kernels/Kernels.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "FencedMemory.h"
#include "Runtime/ExpectedProduct.h"
#include "TileKernelTable.h"
#include "TileKernels.h"
#include "lib/Kernels/KernelFunctions.h"
#include "uwt/Format/BF16.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "uwt/Target/Target.h"
#include <array>
#include <bit>
#include <cctype>
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

extern "C" {
UWT_KERNEL_TABLE(UWT_KERNEL_DECLARE)
}
UWT_KERNEL_TABLE(UWT_KERNEL_FUNCTIONS)

std::span<const Kernels> uwt::test::tileKernels() {
  static const std::vector<Kernels> all = {UWT_KERNEL_TABLE(UWT_KERNEL_ENTRY)};
  return all;
}

namespace {

std::vector<uint16_t> wordsOf(const Bytes &bytes) {
  std::vector<uint16_t> words(bytes.size() / 2);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}

/// An element and a format, which kernels are compiled for.
struct Served {
  ElementType element;
  const char *format;
};

class KernelsTest : public testing::TestWithParam<Served> {
protected:
  void SetUp() override {
    auto found = Kernels::find(GetParam().element, GetParam().format);
    if (!found)
      GTEST_SKIP() << found.error().message();
    all = Kernels::findAll(GetParam().element, GetParam().format);
    ASSERT_EQ(all.front(), *found);
    for (const Kernels &kernels : tileKernels())
      if (kernels.serves(GetParam().element, GetParam().format) &&
          checkRunsHere(**findTarget(kernels.target())))
        all.push_back(&kernels);
  }
  LoadedWeight load(uint64_t n, uint64_t k, const Bytes &bytes) {
    TensorDescription description;
    description.element = GetParam().element;
    description.shape = {n, k};
    description.format = parsedFormat(GetParam().format);
    auto weight = LoadedWeight::fromBytes(description, bytes, pool);
    EXPECT_TRUE(holds(weight));
    return *std::move(weight);
  }

  Bytes weights(uint64_t count, uint64_t seed) const {
    return makeTensor(GetParam().element, std::array{count}, Distribution::Gaussian, seed);
  }
  float wide(uint16_t word) const {
    return GetParam().element == ElementType::F16 ? float(std::bit_cast<_Float16>(word))
                                                  : fromBF16(word);
  }
  uint16_t narrow(float value) const {
    return static_cast<uint16_t>(roundToElement(value, GetParam().element));
  }
  std::vector<float> floatsOf(std::span<const uint16_t> words) const {
    std::vector<float> values;
    std::ranges::transform(words, std::back_inserter(values),
                           [&](uint16_t word) { return wide(word); });
    return values;
  }

  /// The bits of a target's sums.
  std::vector<float> sumsOf(const Kernels &kernels, std::span<const float> w,
                            std::span<const float> x, uint64_t n, uint64_t k, uint64_t m) const {
    const Target &target = **findTarget(kernels.target());
    bool onTiles =
        GetParam().element == ElementType::F16 ? target.hasFp16Tiles() : target.hasTiles();
    return (onTiles ? expectedTileProduct : expectedProduct)(w, x, n, k, m);
  }

  /// Of every target that this machine runs.
  std::vector<const Kernels *> all;
  ThreadPool pool{2};
};

/// Every strategy's range of m, sizes around units and panels, rows that are apart, with and
/// without a bias: the bits of docs/numerics.md.
TEST_P(KernelsTest, ProductsHaveTheBitsOfTheSpecification) {
  Random random(3);
  for (auto [n, k] : std::initializer_list<std::pair<uint64_t, uint64_t>>{
           {1, 1}, {64, 64}, {63, 65}, {65, 63}, {130, 200}, {16, 640}, {200, 129}, {5, 0}})
    for (uint64_t m : {0, 1, 2, 3, 5, 11, 33, 50}) {
      SCOPED_TRACE(testing::PrintToString(std::vector{n, k, m}));
      Bytes bytes = weights(n * k, n + k);
      LoadedWeight weight = load(n, k, bytes);
      uint64_t xStride = k + random.below(9), yStride = n + random.below(9);
      std::vector<uint16_t> x = wordsOf(weights(m * xStride, 9)), dense;
      std::vector<uint16_t> bias = wordsOf(weights(n, 10));
      for (uint64_t row = 0; row < m; ++row)
        dense.insert(dense.end(), x.begin() + row * xStride, x.begin() + row * xStride + k);
      for (const Kernels *kernels : all) {
        SCOPED_TRACE(kernels->target());
        std::vector<float> sums =
            sumsOf(*kernels, floatsOf(wordsOf(bytes)), floatsOf(dense), n, k, m);
        for (bool hasBias : {false, true}) {
          std::vector<uint16_t> y(m * yStride, 0xABCD), expected = y;
          for (uint64_t row = 0; row < m; ++row)
            for (uint64_t i = 0; i < n; ++i)
              expected[row * yStride + i] =
                  narrow(hasBias ? sums[row * n + i] + wide(bias[i]) : sums[row * n + i]);
          LinearArguments arguments{
              m, {x.data(), xStride}, hasBias ? bias.data() : nullptr, {y.data(), yStride}};
          ASSERT_TRUE(holds(kernels->linear(weight.view(), arguments, &pool)));
          ASSERT_EQ(y, expected);
        }
      }
    }
}

/// Of x that is too large to stay near, several panels take each part in turn on tiles.
TEST_P(KernelsTest, ARowHasTheSameBitsAmongMany) {
  constexpr uint64_t n = 64 * 66 + 10, k = 1400, m = 200, few = 40;
  LoadedWeight weight = load(n, k, weights(n * k, 3));
  std::vector<uint16_t> x = wordsOf(weights(m * k, 4)), y(m * n), expected(m * n);
  for (const Kernels *kernels : all) {
    SCOPED_TRACE(kernels->target());
    ASSERT_TRUE(
        holds(kernels->linear(weight.view(), {m, {x.data(), k}, nullptr, {y.data(), n}}, &pool)));
    for (uint64_t row = 0; row < m; row += few)
      ASSERT_TRUE(holds(kernels->linear(
          weight.view(), {few, {&x[row * k], k}, nullptr, {&expected[row * n], n}}, &pool)));
    EXPECT_EQ(std::memcmp(y.data(), expected.data(), y.size() * sizeof(uint16_t)), 0);
  }
}

TEST_P(KernelsTest, GathersRows) {
  for (auto [n, k] : std::initializer_list<std::pair<uint64_t, uint64_t>>{
           {1, 1}, {64, 64}, {65, 63}, {130, 200}, {17, 1000}}) {
    Bytes bytes = weights(n * k, n);
    LoadedWeight weight = load(n, k, bytes);
    std::vector<uint16_t> words = wordsOf(bytes), y((n + 1) * k), expected;
    std::vector<int64_t> ids;
    for (uint64_t i = 0; i <= n; ++i)
      ids.push_back(static_cast<int64_t>((i * 7) % n));
    for (int64_t id : ids)
      expected.insert(expected.end(), words.begin() + id * k, words.begin() + (id + 1) * k);
    for (const Kernels *kernels : all) {
      SCOPED_TRACE(kernels->target());
      std::ranges::fill(y, 0);
      ASSERT_TRUE(holds(kernels->gather(weight.view(), ids, {y.data(), k}, &pool)));
      EXPECT_EQ(y, expected);
    }
  }
}

TEST_P(KernelsTest, ARowThatIsNoneIsAnError) {
  LoadedWeight weight = load(65, 64, weights(65 * 64, 1));
  std::vector<uint16_t> y(2 * 64);
  for (int64_t bad : {int64_t(65), int64_t(-1), INT64_MAX, INT64_MIN}) {
    Status status =
        all.front()->gather(weight.view(), std::vector<int64_t>{3, bad}, {y.data(), 64}, nullptr);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().getKind(), ErrorKind::Invalid);
    EXPECT_EQ(status.error().message(),
              "id " + std::to_string(bad) + " is no row of the weight, which has 65");
  }
}

/// Nothing outside of x, y and the bias is touched: pages around them are closed.
TEST_P(KernelsTest, StaysInsideItsOperands) {
  constexpr uint64_t n = 70, k = 100;
  LoadedWeight weight = load(n, k, weights(n * k, 2));
  for (uint64_t m : {1, 2, 7, 12}) {
    FencedMemory x, y, bias;
    for (bool atEnd : {false, true}) {
      LinearArguments arguments{m,
                                {x.take(m * k * 2, atEnd).data(), k},
                                bias.take(n * 2, atEnd).data(),
                                {y.take(m * n * 2, atEnd).data(), n}};
      for (const Kernels *kernels : all)
        EXPECT_TRUE(holds(kernels->linear(weight.view(), arguments, &pool)));
    }
  }
}

/// A machine with AMX runs the kernels of tiles, as programs that are compiled there do. What
/// multiplies bf16 is none of f16's, and what multiplies f16 none of bf16's.
TEST_P(KernelsTest, TheBestAreThoseOfTheNativeTarget) {
  bool isF16 = GetParam().element == ElementType::F16;
  std::string_view native = nativeTarget().name;
  if (isF16 && (native == "amx" || native == "avx512bf16"))
    native = "avx512";
  if (!isF16 && native == "amx-fp16")
    native = "amx";
  EXPECT_EQ(all.front()->target(), native);
}

INSTANTIATE_TEST_SUITE_P(Formats, KernelsTest,
                         testing::Values(Served{ElementType::BF16, "inplace<12>"},
                                         Served{ElementType::BF16, "raw"},
                                         Served{ElementType::F16, "window<4>"},
                                         Served{ElementType::F16, "raw"}),
                         [](const auto &info) {
                           std::string name(getTraits(info.param.element).name);
                           for (const char *c = info.param.format; *c; ++c)
                             if (std::isalnum(static_cast<unsigned char>(*c)))
                               name += *c;
                           return name;
                         });

TEST(Kernels, WhatIsNotServedIsSaid) {
  if (!Kernels::find(ElementType::BF16, "raw"))
    GTEST_SKIP() << "there are no kernels for this machine";
  auto found = Kernels::find(ElementType::F32, "raw");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().getKind(), ErrorKind::Unsupported);
  EXPECT_EQ(found.error().message(),
            "no kernel multiplies f32 in raw; there are those of bf16 in inplace<12>, bf16 in raw, "
            "f16 in window<4>, f16 in raw, bf16 in uint<4>, zero={1x128, uint<4>}, scale={1x128, "
            "f32}, bf16 in uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}, bf16 in uint<4>, "
            "zero={1x64, bf16}, scale={1x64, bf16}, math=bf16, bf16 in int<4>, scale={1x32, bf16}, "
            "offset={1x32, bf16}, bf16 in int<8>, scale={1x128, f32}, bf16 in f8E4M3FN, "
            "scale={1x128, f32}, bf16 in f4E2M1FN, "
            "scale={1x32, f8E8M0FNU}, bf16 in f4E2M1FN, scale={1x16, f16E6M10U}, bf16 in table<4>, "
            "scale={1x64, f32}");
}

} // namespace
