//===- IntegerTest.cpp - Products by integers, bit for bit ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled code beside uwt::integerProduct, which is the rule (docs/numerics.md).
//
//===----------------------------------------------------------------------===//

#include "DrawIntegers.h"
#include "ProductJit.h"
#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Format/BF16.h"
#include "uwt/Format/Floats.h"
#include "uwt/Import/IntegerProduct.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "uwt/Runtime/ThreadScope.h"
#include "uwt/Target/Target.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace uwt;
using namespace uwt::test;

namespace {

void checkIntegers(const ProductSpec &spec, const QuantizedWeight &weight,
                   std::initializer_list<uint64_t> mValues,
                   std::initializer_list<unsigned> threadCounts = {2}) {
  SCOPED_TRACE(spec.moduleText());
  auto product = ProductJit::compile(spec);
  ASSERT_TRUE(product) << product.error().message();
  ThreadPool pool(1);
  auto loaded = LoadedWeight::fromQuantized(spec.description(), weight, pool);
  ASSERT_TRUE(loaded) << loaded.error().message();
  for (uint64_t m : mValues) {
    DrawnX x = drawX(m, spec.columns, spec.x);
    std::vector<float> expected = integerOutputs(weight, x, m, spec.integerBits);
    for (unsigned threads : threadCounts) {
      ThreadPool pool(threads);
      ThreadScope scope(&pool);
      auto y = (*product)->tryRun(loaded->view(), x.bytes.data(), m, spec.columns);
      ASSERT_TRUE(y) << y.error().message();
      SCOPED_TRACE("m " + std::to_string(m) + ", threads " + std::to_string(threads));
      expectSameBits(*y, expected);
    }
  }
}

ProductSpec integerSpec(std::string format, uint64_t rows, uint64_t columns) {
  ProductSpec spec;
  spec.rows = rows;
  spec.columns = columns;
  spec.format = std::move(format);
  spec.integerBits = 8;
  return spec;
}

QuantizedWeight drawFor(const ProductSpec &spec) {
  return drawQuantized(spec.description().format, spec.rows, spec.columns, 1);
}

/// The product of number `turn` of a series, of a shape that is held as codes.
ProductSpec specOfTurn(const char *format, const Target &target, size_t turn) {
  MatrixShape shape = quantizedShapes[turn % std::size(quantizedShapes)];
  // Fewer columns are not held as codes.
  if (!checkIntegerCodes(*Format::parse(format), ElementType::BF16, shape.columns))
    shape.columns += fixedUnitColumns;
  ProductSpec spec = integerSpec(format, shape.rows, shape.columns);
  spec.target = target.name;
  spec.element = spec.x = turn % 3 == 1 ? "f16" : "bf16";
  if (turn % 4 == 3)
    spec.x = "f32";
  return spec;
}

std::vector<ProductSpec> integerSpecs() {
  std::vector<ProductSpec> result;
  size_t turn = 0, others = 0;
  for (const Target &target : allTargets())
    for (const char *format : integerFormats()) {
      // Every format on the machine's own target, and on each of the others some.
      bool isOwn = &target == &nativeTarget();
      if (!checkRunsHere(target) || (!isOwn && others++ % 2 != 0))
        continue;
      result.push_back(specOfTurn(format, target, turn++));
    }
  return result;
}

constexpr const char *byTiles = "tiles, tile_n = 16, tile_m = 32, tile_k = 64";
constexpr const char *byBuffer = "buffer, tile_n = 16, tile_m = 3, tile_k = 256";

/// Every format by a buffer, on the machine's own target and on one of the others.
std::vector<ProductSpec> integerBufferSpecs() {
  std::vector<const Target *> others;
  for (const Target &target : allTargets())
    if (&target != &nativeTarget() && checkRunsHere(target))
      others.push_back(&target);
  std::vector<ProductSpec> result;
  for (const char *format : integerFormats()) {
    size_t turn = result.size();
    for (const Target *target : {&nativeTarget(), others[turn / 2 % others.size()]}) {
      ProductSpec spec = specOfTurn(format, *target, result.size());
      spec.strategy = byBuffer;
      result.push_back(spec);
    }
  }
  return result;
}

/// Every format on tiles, of amx too where this machine has it.
std::vector<ProductSpec> integerTilesSpecs() {
  std::vector<ProductSpec> result;
  for (const Target &target : allTargets())
    for (const char *format : integerFormats()) {
      if (!target.hasTiles() || !checkRunsHere(target))
        continue;
      ProductSpec spec = specOfTurn(format, target, result.size());
      spec.strategy = byTiles;
      result.push_back(spec);
    }
  return result;
}

struct IntegerTest : testing::TestWithParam<ProductSpec> {};

// integer-1, integer-2, integer-3, integer-4, integer-5
TEST_P(IntegerTest, HasTheBitsOfTheRule) {
  checkIntegers(GetParam(), drawFor(GetParam()), {1, 3, 16});
}

INSTANTIATE_TEST_SUITE_P(Formats, IntegerTest, testing::ValuesIn(integerSpecs()),
                         [](const testing::TestParamInfo<ProductSpec> &info) {
                           return info.param.testName(info.index);
                         });

struct IntegerBufferTest : testing::TestWithParam<ProductSpec> {};

TEST_P(IntegerBufferTest, HasTheBitsOfTheRule) {
  ProductSpec spec = GetParam();
  QuantizedWeight weight = drawFor(spec);
  checkIntegers(spec, weight, {1, 3, 17, 65}, {1, 2});
  for (uint64_t m : {1, 17, 65}) {
    spec.m = m;
    checkIntegers(spec, weight, {m});
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, IntegerBufferTest, testing::ValuesIn(integerBufferSpecs()),
                         [](const testing::TestParamInfo<ProductSpec> &info) {
                           return info.param.testName(info.index);
                         });

struct IntegerTilesTest : testing::TestWithParam<ProductSpec> {};

TEST_P(IntegerTilesTest, HasTheBitsOfTheRule) {
  ProductSpec spec = GetParam();
  QuantizedWeight weight = drawFor(spec);
  checkIntegers(spec, weight, {1, 8, 16, 17, 33}, {1, 2});
  for (uint64_t m : {8, 16, 17, 33}) {
    spec.m = m;
    checkIntegers(spec, weight, {m}, {1, 2});
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, IntegerTilesTest, testing::ValuesIn(integerTilesSpecs()),
                         [](const testing::TestParamInfo<ProductSpec> &info) {
                           return info.param.testName(info.index);
                         });

/// Tiles of x in a task, of which the last task has fewer.
TEST(IntegerProductTest, EveryTileOfTilesHasTheSameBits) {
  for (const char *format :
       {"uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}",
        "uint<4>, zero={1x128, uint<4>}, scale={1x128, bf16}", "int<8>, scale={row, f32}"})
    for (unsigned tile : {16, 48, 64}) {
      ProductSpec spec = integerSpec(format, 130, 300);
      spec.target = "amx-vectors";
      spec.strategy = "tiles, tile_n = 16, tile_m = " + std::to_string(tile) + ", tile_k = 64";
      checkIntegers(spec, drawFor(spec), {15, 65, 100}, {1, 2});
    }
}

/// k-tiles that a group is one of, or several, and blocks of one strip beside those of a panel.
TEST(IntegerProductTest, EveryTileOfBuffersHasTheSameBits) {
  for (const char *format : {"uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}",
                             "uint<4>, zero={1x128, uint<4>}, scale={1x128, bf16}",
                             "int<8>, scale={row, f32}", "int<8>, scale={1x384, f32}"})
    for (const char *tile : {"tile_m = 1, tile_k = 64", "tile_m = 2, tile_k = 128",
                             "tile_m = 4, tile_k = 512", "tile_m = 7, tile_k = 4096"}) {
      ProductSpec spec = integerSpec(format, 150, 900);
      spec.strategy = std::string("buffer, tile_n = 16, ") + tile;
      checkIntegers(spec, drawFor(spec), {1, 9, 70}, {1, 2});
    }
}

TEST(IntegerProductTest, PanelsTakeTurnsWithSlicesOfM) {
  ProductSpec spec = integerSpec("uint<4>, zero=8, scale={1x64, bf16}", 330, 128);
  spec.strategy = "buffer, tile_n = 16, tile_m = 4, tile_k = 128";
  checkIntegers(spec, drawFor(spec), {130, 200, 500}, {1, 2});
  spec.m = 200;
  checkIntegers(spec, drawFor(spec), {200}, {1, 2});
}

/// W4A4, W6A6 and less: the same products of smaller integers.
TEST(IntegerProductTest, IntegersOfFewerBitsHaveTheBits) {
  for (unsigned bits : {2, 3, 4, 6, 7})
    for (const char *format :
         {"int<4>, scale={row, f16}", "int<6>, scale={1x128, f16}", "uint<2>, scale={1x64, bf16}"})
      for (const char *strategy : {"", byBuffer, byTiles}) {
        ProductSpec spec = integerSpec(format, 70, 600);
        spec.target = strategy == byTiles ? "amx-vectors" : "native";
        spec.strategy = strategy;
        spec.integerBits = bits;
        checkIntegers(spec, drawFor(spec), {1, 9});
      }
}

/// integer-4: parts of 2,048 columns and of 1,536, the last of which is short.
TEST(IntegerProductTest, PartsAreAddedInOrder) {
  for (const char *format :
       {"uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}", "uint<4>, zero=8, scale={1x128, f16}",
        "int<8>, scale={1x384, f32}", "int<8>, scale={1x1152, f32}"})
    for (const char *strategy : {"", byBuffer, byTiles}) {
      ProductSpec spec = integerSpec(format, 33, 6500);
      spec.target = strategy == byTiles ? "amx-vectors" : "native";
      spec.strategy = strategy;
      checkIntegers(spec, drawFor(spec), {1, 9});
    }
}

TEST(IntegerProductTest, TilesWithoutAmxAreRefused) {
  ProductSpec spec = integerSpec("uint<4>, scale={1x32, f16}", 64, 128);
  spec.target = "avx2";
  spec.strategy = byTiles;
  auto product = ProductJit::compile(spec);
  ASSERT_FALSE(product);
  EXPECT_NE(product.error().message().find(
                "has strategy 'tiles', which needs a target with AMX: use 'direct'"),
            std::string::npos)
      << product.error().message();
}

TEST(IntegerProductTest, TilesAndThreadsHaveTheSameBits) {
  for (const char *format :
       {"uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}", "int<8>, scale={row, f32}"})
    for (unsigned tile : {0, 1, 2, 3, 4}) {
      ProductSpec spec = integerSpec(format, 130, 1025);
      spec.m = 9;
      if (tile != 0)
        spec.strategy = "direct, tile_n = 16, tile_m = " + std::to_string(tile) +
                        ", tile_k = 64, read_streams = " + std::to_string(tile % 2 + 1);
      checkIntegers(spec, drawFor(spec), {9}, {1, 2});
    }
}

/// Experts, each with rows of x of its own, or chosen by number for all of them.
void checkMatricesAndSelections(const std::string &target, const std::string &strategy) {
  constexpr uint64_t matrices = 3, rows = 70, columns = 200, m = 5;
  ProductSpec spec =
      integerSpec("uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}", rows, columns);
  std::string weightType = "!uwt.compressed<3x70x200xbf16, \"" + spec.format + "\">";
  QuantizedWeight weight = drawQuantized(spec.description().format, matrices * rows, columns, 1);
  weight.matrices = matrices;
  TensorDescription description = spec.description();
  description.shape = {matrices, rows, columns};
  ThreadPool pool(2);
  ThreadScope scope(&pool);
  auto loaded = LoadedWeight::fromQuantized(description, weight, pool);
  ASSERT_TRUE(loaded) << loaded.error().message();
  DrawnX x = drawX(matrices * m, spec.columns, spec.x);
  std::vector<int64_t> ids = {2, 0, 2};
  for (bool isSelected : {false, true}) {
    std::string xType = isSelected ? "memref<5x200xbf16>" : "memref<3x5x200xbf16>";
    std::string text =
        "module attributes {uwt.target = #uwt.target<\"" + target +
        "\">} {\n func.func @f(%x: " + xType + ", %ids: memref<3xi64>, %y: memref<3x5x70xf32>) " +
        "attributes {llvm.emit_c_interface} {\n  %w = uwt.weight \"w\" : " + weightType +
        "\n  uwt.matmul ins(%x, %w : " + xType + ", " + weightType + ")" +
        (isSelected ? " select(%ids : memref<3xi64>)" : "") +
        " outs(%y : memref<3x5x70xf32>) arithmetic #uwt.integer<8>" + strategy +
        " {\n  ^bb0(%acc: f32):\n    uwt.yield %acc : f32\n  }\n  return\n }\n}\n";
    SCOPED_TRACE(text);
    auto product = ProductJit::compileText(text, target);
    ASSERT_TRUE(product) << product.error().message();
    std::vector<float> y(matrices * m * rows, -1.0f);
    auto *from = reinterpret_cast<char *>(x.bytes.data());
    StridedMemRefType<char, 2> few = {from, from, 0, {m, columns}, {columns, 1}};
    StridedMemRefType<char, 3> all = {
        from, from, 0, {matrices, m, columns}, {m * columns, columns, 1}};
    StridedMemRefType<int64_t, 1> numbers = {ids.data(), ids.data(), 0, {matrices}, {1}};
    StridedMemRefType<float, 3> outputs = {
        y.data(), y.data(), 0, {matrices, m, rows}, {m * rows, rows, 1}};
    (*product)->call(loaded->view(),
                     {isSelected ? static_cast<void *>(&few) : &all, &numbers, &outputs});
    for (uint64_t entry = 0; entry < matrices; ++entry)
      for (uint64_t row = 0; row < m; ++row) {
        uint64_t rowOfX = (isSelected ? 0 : entry * m) + row;
        uint64_t matrix = isSelected ? static_cast<uint64_t>(ids[entry]) : entry;
        std::vector<float> expected(rows);
        ASSERT_TRUE(integerProduct(
            weight, IntegerRow::of(std::span(x.numbers).subspan(rowOfX * columns, columns)),
            matrix * rows, expected));
        expectSameBits(std::span(y).subspan((entry * m + row) * rows, rows), expected);
      }
  }
}

TEST(IntegerProductTest, MatricesAndSelectionsHaveTheBitsOfTheRule) {
  checkMatricesAndSelections("native", "");
  checkMatricesAndSelections("native", std::string(" strategy #uwt.strategy<") + byBuffer + ">");
  checkMatricesAndSelections("amx-vectors",
                             std::string(" strategy #uwt.strategy<") + byTiles + ">");
}

/// All of the largest magnitude, over more columns than a group has.
void checkManyColumns(const std::string &target, const std::string &strategy) {
  for (const char *format : {"uint<8>, scale={row, bf16}", "int<8>, scale={row, bf16}"}) {
    ProductSpec spec = integerSpec(format, 16, 2 * maxIntegerGroup + 70);
    spec.target = target;
    spec.strategy = strategy;
    spec.m = 2;
    QuantizedWeight weight = drawFor(spec);
    for (size_t i = 0; i < weight.codes.size(); ++i)
      weight.codes[i] = i / spec.columns % 3 == 0 ? 0xFF : i / spec.columns % 3 == 1 ? 0x80 : 0x7F;
    SCOPED_TRACE(format);
    auto product = ProductJit::compile(spec);
    ASSERT_TRUE(product) << product.error().message();
    ThreadPool pool(1);
    auto loaded = LoadedWeight::fromQuantized(spec.description(), weight, pool);
    ASSERT_TRUE(loaded) << loaded.error().message();
    DrawnX x;
    for (uint64_t i = 0; i < 2 * spec.columns; ++i)
      x.add(i < spec.columns ? 3 : -3, spec.x);
    auto y = (*product)->tryRun(loaded->view(), x.bytes.data(), 2, spec.columns);
    ASSERT_TRUE(y) << y.error().message();
    expectSameBits(*y, integerOutputs(weight, x, 2));
  }
}

TEST(IntegerProductTest, SumsOfManyColumnsAreExact) {
  checkManyColumns("native", "");
  checkManyColumns("native", byBuffer);
  checkManyColumns("amx-vectors", byTiles);
}

TEST(IntegerProductTest, EveryPairOfBytesIsExact) {
  for (const char *format :
       {"uint<4>, scale={row, f32}", "int<8>, scale={row, f32}", "uint<7>, scale={row, f32}"})
    for (const Target &target : allTargets()) {
      if (!checkRunsHere(target))
        continue;
      // A row a code; in row i of x the largest numbers stand where they would meet one another.
      ProductSpec spec = integerSpec(format, 256, 128);
      spec.target = target.name;
      QuantizedWeight weight = drawFor(spec);
      for (size_t i = 0; i < weight.codes.size(); ++i)
        weight.codes[i] = static_cast<uint8_t>(i / spec.columns % weight.values.size());
      checkIntegers(spec, weight, {8, 9});
      spec.strategy = byBuffer;
      checkIntegers(spec, weight, {9});
      if (!target.hasTiles())
        continue;
      spec.strategy = byTiles;
      checkIntegers(spec, weight, {9});
    }
}

// run-2
TEST(IntegerProductTest, PanelsWithoutCodesFailTheCall) {
  ProductSpec spec = integerSpec("uint<4>, zero=8, scale={1x128, f32}", 128, 512);
  QuantizedWeight weight = drawFor(spec);
  weight.scale.cells.back() = 0x1p126f;
  ThreadPool pool(1);
  auto loaded = LoadedWeight::fromQuantized(spec.description(), weight, pool);
  ASSERT_TRUE(loaded) << loaded.error().message();
  auto product = ProductJit::compile(spec);
  ASSERT_TRUE(product) << product.error().message();
  DrawnX x = drawX(1, spec.columns, spec.x);
  auto y = (*product)->tryRun(loaded->view(), x.bytes.data(), 1, spec.columns);
  ASSERT_FALSE(y);
  EXPECT_EQ(y.error().message(),
            "product:4:3: arithmetic integer<8> needs the codes of the weight, of which a part is "
            "held as "
            "floats, since it has numbers that only these have; compute it with arithmetic dense");
}

TEST(IntegerRowTest, HasSoManyBits) {
  std::vector<float> x = {14, 1, -3, -14, 7.5f};
  IntegerRow row = IntegerRow::of(x, 4);
  EXPECT_EQ(row.scale, 2);
  EXPECT_EQ(row.integers, (std::vector<int8_t>{7, 0, -2, -7, 4}));
  EXPECT_EQ(IntegerRow::of(x, 2).integers, (std::vector<int8_t>{1, 0, 0, -1, 1}));
}

TEST(IntegerRowTest, IsRoundedToNearestAndEven) {
  std::vector<float> x = {127, 0.5f, 1.5f, -2.5f, 2.5001f, -127, 0};
  IntegerRow row = IntegerRow::of(x);
  EXPECT_EQ(row.scale, 1);
  EXPECT_EQ(row.integers, (std::vector<int8_t>{127, 0, 2, -2, 3, -127, 0}));
}

// integer-2
TEST(IntegerRowTest, OfTinyNumbersIsZero) {
  for (float largest : {0.0f, 0x1p-149f, std::nextafter(0x1p-119f, 0.0f)}) {
    IntegerRow row = IntegerRow::of(std::vector<float>{largest, -largest});
    EXPECT_EQ(row.scale, 0);
    EXPECT_EQ(row.integers, std::vector<int8_t>(2));
  }
  IntegerRow row = IntegerRow::of(std::vector<float>{-0x1p-119f});
  EXPECT_TRUE(std::isnormal(row.scale));
  EXPECT_EQ(row.integers, std::vector<int8_t>{-127});
}

/// No quotient is rounded beyond the largest integer, whatever the largest number's mantissa is.
TEST(IntegerRowTest, NeverLeavesItsRange) {
  for (uint32_t mantissa = 0; mantissa < 1 << 23; mantissa += 3) {
    float largest = std::bit_cast<float>(0x3F800000 | mantissa);
    float scale = largest / 127;
    ASSERT_EQ(std::nearbyint(largest / scale), 127) << largest;
  }
}

TEST(IntegerCodesTest, OthersAreRefused) {
  auto messageOf = [](const char *format, std::optional<uint64_t> columns = {}) {
    Status status = checkIntegerCodes(*Format::parse(format), ElementType::BF16, columns);
    return status ? std::string("served") : status.error().message();
  };
  EXPECT_EQ(messageOf("inplace<12>"),
            "'inplace<12>' is of floats; integers are multiplied with the "
            "codes of a quantised weight");
  EXPECT_EQ(messageOf("f4E2M1FN, scale={1x32, f8E8M0FNU}"),
            "codes of f4E2M1FN are no integers; expected uint<1> to uint<8> or int<1> to int<8>");
  EXPECT_EQ(messageOf("table<4>, scale={1x64, f32}"),
            "codes of table<4> are no integers; expected uint<1> to uint<8> or int<1> to int<8>");
  EXPECT_EQ(messageOf("uint<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16"),
            "zero={1x64, bf16} are no integers; expected zeros of type uint<4>");
  EXPECT_EQ(messageOf("uint<4>, scale={1x32, f16}, offset={1x32, f16}"),
            "offset={1x32, f16} is no integer times the scale; expected none");
  EXPECT_EQ(messageOf("int<8>, scale={1x16, f8E4M3FN}"),
            "scale={1x16, f8E4M3FN} has cells of 16 columns, and integers are summed over 32 and "
            "more");
  EXPECT_EQ(messageOf("int<8>, scale={1x33024, f32}"),
            "scale={1x33024, f32} has cells of more than 2048 columns that are no multiple of it");
  EXPECT_EQ(messageOf("int<4>, scale={row, uint<8>, divide={1x512, f32}}"),
            "scale={row, uint<8>, divide={1x512, f32}} has smaller cells in the grid inside");
  EXPECT_EQ(messageOf("int<8>, scale={row, f32}", 64),
            "a weight of 64 columns is held as floats, which take no more memory than its codes in "
            "units of 128 columns");
  EXPECT_EQ(messageOf("int<8>, scale={row, f32}", 65), "served");
}

} // namespace
