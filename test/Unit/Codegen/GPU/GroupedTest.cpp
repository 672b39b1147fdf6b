//===- GroupedTest.cpp - Kernels of grouped products ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels whose slices of x are multiplied by matrices that a table names (launch-8), on the
// emulator, from IR and from PTX: each slice has the exact product with its matrix, whichever
// slices there are, and whoever shares them.
//
//===----------------------------------------------------------------------===//

#include "Codegen/Decode/DrawIntegers.h"
#include "Codegen/Decode/DrawQuantized.h"
#include "EmulatedPack.h"
#include "KernelTesting.h"
#include "uwt/Cuda/GroupedKernels.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <bit>
#include <cstring>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::emulator;
using namespace uwt::test;
using ::testing::Each;
using ::testing::IsEmpty;

namespace {

constexpr uint64_t matrices = 3;
/// What memory has that nobody has written.
constexpr uint32_t unwritten = 0xA5A5A5A5;

std::vector<uint16_t> part(const std::vector<uint16_t> &of, uint64_t number, uint64_t size) {
  auto begin = of.begin() + static_cast<long>(number * size);
  return {begin, begin + static_cast<long>(size)};
}

uint64_t slicesIn(const std::vector<int32_t> &table) {
  return std::min<uint64_t>(static_cast<uint32_t>(table[0]), table.size() - 1);
}
uint64_t matrixOf(const std::vector<int32_t> &table, uint64_t slice) {
  return std::min<uint64_t>(static_cast<uint32_t>(table[1 + slice]), matrices - 1);
}

/// The slices of a table, each by its matrix.
std::vector<float> expectedOf(const std::vector<uint16_t> &weights, const std::vector<uint16_t> &x,
                              const Shape &shape, uint64_t slice,
                              const std::vector<int32_t> &table) {
  std::vector<float> expected(shape.m * shape.rows, std::bit_cast<float>(unwritten));
  for (uint64_t i = 0; i < slicesIn(table); ++i) {
    std::vector<float> own =
        exactProduct(part(weights, matrixOf(table, i), shape.rows * shape.columns),
                     part(x, i, slice * shape.columns), {shape.rows, shape.columns, slice});
    std::ranges::copy(own, expected.begin() + static_cast<long>(i * slice * shape.rows));
  }
  return expected;
}

/// Of slices that a table may have, all, some and none, and numbers that are none's.
std::vector<std::vector<int32_t>> tablesOf(size_t slices) {
  std::vector<int32_t> all = {static_cast<int32_t>(slices)};
  for (size_t i = 0; i < slices; ++i)
    all.push_back(static_cast<int32_t>((2 * i + 2) % matrices));
  std::vector<int32_t> some = all, none = all;
  some[0] = static_cast<int32_t>(slices) - 2;
  none[0] = 0;
  // More than there is room for, and matrices that there are not: the last one.
  std::vector<int32_t> others(1 + slices, 1 << 30);
  others[1] = -1;
  return {all, some, none, others};
}

void expectExactSlices(const std::string &format, Shape shape, uint64_t slice, KernelPins pins,
                       std::initializer_list<unsigned> ctas = {1, 3, 7}) {
  SCOPED_TRACE(format + ", slices of " + std::to_string(slice));
  constexpr size_t slices = 4;
  shape.m = slices * slice;
  pins.grouped = true;
  Product product(format, shape, pins);
  ASSERT_EQ(product.prepare(), "");
  ASSERT_EQ(product.entries().back().launch.tileM, slice);
  std::vector<uint16_t> weights = drawExact(matrices * shape.rows * shape.columns, 3, 200);
  std::vector<uint16_t> x = drawIntegers(shape.m * shape.columns, 5);
  auto weight = product.load(weights);
  ASSERT_TRUE(weight) << weight.error().message();
  for (const std::vector<int32_t> &table : tablesOf(slices))
    for (unsigned count : ctas) {
      auto y = product.run(*weight, x, count, /*seed=*/count, table);
      ASSERT_TRUE(y) << y.error().message();
      expectSameBits(*y, expectedOf(weights, x, shape, slice, table));
    }
}

class GroupedTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GroupedTest, SlicesHaveTheProductsOfTheirMatrices) {
  // Tails of n and k, and escapes.
  expectExactSlices(GetParam(), {83, 1048, 0}, 8, {.tiles = 1});
}

INSTANTIATE_TEST_SUITE_P(Formats, GroupedTest,
                         ::testing::Values("raw", "inplace<12>", "inplace<11>", "window<4>",
                                           "palette<4>", "bitplane<3>"));

TEST(Grouped, EveryTileAndTargetHasThem) {
  const GpuTarget *older = *findGpuTarget("sm_80");
  expectExactSlices("inplace<12>", {200, 512, 0}, 24, {.tiles = 3});
  expectExactSlices("inplace<12>", {200, 512, 0}, 16, {.tiles = 2, .cluster = 2}, {2, 4});
  expectExactSlices("inplace<12>", {200, 512, 0}, 64, {.tiles = 8});
  expectExactSlices("inplace<12>", {192, 140, 0}, 256, {.tiles = 32}, {3});
  expectExactSlices("inplace<12>", {200, 512, 0}, 8, {.tiles = 1, .target = older});
}

/// Slices of `slice` rows are those of their matrices, multiplied by integers.
void expectIntegerSlices(unsigned slice) {
  SCOPED_TRACE(slice);
  const std::string format = "uint<4>, zero=8, scale={1x128, f16}";
  constexpr uint64_t slices = 4;
  Shape shape{128, 640, slice * slices};
  QuantizedWeight weight =
      drawQuantized(*Format::parse(format), matrices * shape.rows, shape.columns, 1);
  ThreadPool pool(1);
  TensorDescription description{
      ElementType::BF16, {matrices, shape.rows, shape.columns}, *Format::parse(format)};
  auto loaded = LoadedWeight::fromQuantized(description, weight, pool);
  ASSERT_TRUE(loaded) << loaded.error().message();
  auto codes = EmulatedWeight::make(*loaded);
  ASSERT_TRUE(codes) << codes.error().message();
  DrawnX x = drawX(shape.m, shape.columns, "bf16");
  std::vector<uint16_t> words(x.bytes.size() / 2);
  std::memcpy(words.data(), x.bytes.data(), x.bytes.size());
  Product product(format, shape, {.tiles = slice / 8, .integerBits = 8, .grouped = true});
  ASSERT_EQ(product.prepare(), "");
  // Outputs of all matrices for all rows, of which each slice has those of one.
  std::vector<float> all = integerOutputs(weight, x, shape.m, 8);
  for (const std::vector<int32_t> &table : tablesOf(slices)) {
    std::vector<float> expected(shape.m * shape.rows, std::bit_cast<float>(unwritten));
    for (uint64_t row = 0; row < slicesIn(table) * slice; ++row) {
      uint64_t matrix = matrixOf(table, row / slice);
      auto from = all.begin() + static_cast<long>((row * matrices + matrix) * shape.rows);
      std::copy_n(from, shape.rows, expected.begin() + static_cast<long>(row * shape.rows));
    }
    auto y = product.run(*codes, words, 3, 2, table);
    ASSERT_TRUE(y) << y.error().message();
    expectSameBits(*y, expected);
  }
}

TEST(Grouped, CodesAreMultipliedByIntegersToo) {
  // By warps, and by warpgroups.
  expectIntegerSlices(8);
  expectIntegerSlices(32);
}

TEST(Grouped, MachineCodeHasNoSpills) {
  if (auto found = cuda_tools::findCudaTool(cuda_tools::CudaTool::Ptxas, ""); !found)
    GTEST_SKIP() << found.error().message();
  for (unsigned tiles : {1, 4, 16, 32}) {
    Product product("inplace<12>", {4096, 4096, 8 * tiles}, {.tiles = tiles, .grouped = true});
    ASSERT_EQ(product.prepare(), "");
    EXPECT_TRUE(product.assembles("sm_90a")) << tiles;
  }
}

TEST(Grouped, WhatNoRingDecodesIsRefused) {
  for (ProductStrategy strategy : {ProductStrategy::Shared, ProductStrategy::Buffer})
    EXPECT_NE(Product("huffman<12,2>", {128, 1024, 8},
                      {.tiles = 1, .strategy = strategy, .grouped = true})
                  .prepare(),
              "");
  EXPECT_NE(Product("huffman<12,2>", {128, 512, 8}, {.tiles = 1, .grouped = true}).prepare(), "");
}

/// Real kernels behind the fake driver.
class GroupedLaunchTest : public ::testing::Test {
protected:
  static constexpr uint64_t rows = 72, columns = 1104, matrix = rows * columns;

  GroupedLaunchTest() {
    pack.addProduct({"inplace<12>", ProductStrategy::Direct, 1, 1, 8});
    pack.addProduct({"inplace<12>", ProductStrategy::Direct, 1, 1, UINT32_MAX, true});
    pack.addProduct({"inplace<12>", ProductStrategy::Direct, 4, 1, UINT32_MAX, true});
    packBytes = *pack.pack().bytes();
    kernels = std::make_unique<cuda::DevicePack>(*fakeDevice(), *KernelPack::parse(packBytes));
    ThreadPool pool(1);
    TensorDescription description{
        ElementType::BF16, {matrices, rows, columns}, *Format::parse("inplace<12>")};
    loaded = *LoadedWeight::fromBytes(
        description, {reinterpret_cast<const uint8_t *>(words.data()), words.size() * 2}, pool);
    source = *cuda::DeviceImageSource::create(*loaded);
  }

  EmulatedPack pack{rows, columns};
  std::vector<uint16_t> words = drawExact(matrices * matrix, 3, 200);
  std::vector<uint8_t> packBytes;
  std::unique_ptr<cuda::DevicePack> kernels;
  std::optional<LoadedWeight> loaded;
  std::optional<cuda::DeviceImageSource> source;
};

TEST_F(GroupedLaunchTest, OneLaunchServesAnyTable) {
  auto grouped = cuda::GroupedKernels::create(*kernels, source->description());
  ASSERT_TRUE(grouped) << grouped.error().message();
  EXPECT_EQ(grouped->sliceFor(0), 8);
  EXPECT_EQ(grouped->sliceFor(8), 8);
  EXPECT_EQ(grouped->sliceFor(9), 32);
  EXPECT_EQ(grouped->sliceFor(1000), 32);
  constexpr uint32_t slices = 3;
  DeviceMemory image(source->description().bytes());
  source->write(image.bytes());
  for (uint32_t slice : {8, 32}) {
    const uint32_t m = slices * slice;
    auto size = grouped->size(slice, slices);
    ASSERT_TRUE(size) << size.error().message();
    std::vector<uint16_t> dense = drawIntegers(m * columns, 5);
    DeviceMemory x(dense.size() * 2), workspace(size->workspaceBytes), counters(size->counterBytes),
        table(4 * (1 + slices)), y(m * rows * 4);
    std::memcpy(x.bytes().data(), dense.data(), dense.size() * 2);
    cuda::LaunchOperands operands;
    operands.weight = image.address();
    operands.x = x.address();
    operands.y = y.address();
    operands.m = m;
    operands.workspace = workspace.range();
    operands.counters = counters.range();
    operands.slices = table.range();
    for (const std::vector<int32_t> &own : tablesOf(slices)) {
      std::memcpy(table.bytes().data(), own.data(), own.size() * 4);
      std::ranges::fill(y.bytes(), 0xA5);
      size_t calls = pack.fake.calls.size();
      Status launched = grouped->launch(slice, operands, nullptr);
      ASSERT_TRUE(launched) << launched.error().message();
      ASSERT_THAT(pack.faults, IsEmpty());
      // What packs x, and what multiplies.
      EXPECT_EQ(pack.fake.calls.size() - calls, 2u);
      expectSameBits(y.read<float>(), expectedOf(words, dense, {rows, columns, m}, slice, own));
      EXPECT_THAT(counters.read<uint8_t>(), Each(0));
    }
  }
}

TEST_F(GroupedLaunchTest, WhatDoesNotFitIsRefusedBeforeALaunch) {
  auto grouped = cuda::GroupedKernels::create(*kernels, source->description());
  ASSERT_TRUE(grouped) << grouped.error().message();
  EXPECT_EQ(grouped->size(16, 1).error().message(),
            "no kernel has slices of 16 rows; the next has 32");
  EXPECT_EQ(grouped->size(32, UINT32_MAX).error().message(),
            "4294967295 slices of 32 rows are more than 2^32 - 1 rows");
  cuda::LaunchOperands operands;
  operands.weight = operands.x = operands.y = 0x1000;
  operands.workspace = operands.counters = {0x1000, 1 << 30};
  operands.m = 12;
  auto refusal = [&] { return grouped->launch(8, operands, nullptr).error().message(); };
  EXPECT_EQ(refusal(), "slices have 8 rows, and x has 12: no whole slices");
  operands.m = 16;
  EXPECT_NE(refusal().find("the slice table has 0 bytes, and kernel product"), std::string::npos)
      << refusal();
  operands.slices = {0x1002, 12};
  EXPECT_EQ(refusal(), "the slice table is not aligned to 4 bytes");
}

TEST_F(GroupedLaunchTest, PacksWithoutThemSayWhatTheyLack) {
  EmulatedPack plain(rows, columns);
  plain.addProduct({"inplace<12>", ProductStrategy::Direct, 1, 1, 8});
  std::vector<uint8_t> bytes = *plain.pack().bytes();
  cuda::DevicePack others(*fakeDevice(), *KernelPack::parse(bytes));
  auto grouped = cuda::GroupedKernels::create(others, source->description());
  ASSERT_FALSE(grouped);
  EXPECT_EQ(grouped.error().getKind(), ErrorKind::Unsupported);
  EXPECT_NE(grouped.error().message().find("are otherwise right have products of one matrix"),
            std::string::npos)
      << grouped.error().message();
  // Nor are grouped ones taken for others.
  EXPECT_EQ((*kernels->select(source->description(), 8))->kernel, "product_1");
}

} // namespace
