//===- ProductTest.cpp - Compiled products have the bits that docs state --===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every format that compiled code decodes, on every target that this machine runs, over awkward
// shapes, values of m and strategies: each output equals the sum in the order of docs/numerics.md,
// bit for bit. So products from compressed weights equal those from raw ones, and rows do not
// depend on m.
//
//===----------------------------------------------------------------------===//

#include "ProductJit.h"
#include "Runtime/ExpectedProduct.h"
#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "uwt/Runtime/ThreadScope.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <span>
#include <tuple>

using namespace uwt;
using namespace uwt::codegen;
using namespace uwt::test;

namespace {

/// A tensor [rows, columns] of words, with values that have no subnormal anywhere near.
struct Words {
  std::vector<uint16_t> words;
  std::vector<float> values;
};

float valueOf(uint16_t word, bool isHalf) {
  if (!isHalf)
    return std::bit_cast<float>(uint32_t(word) << 16);
  int exponent = word >> 10 & 31;
  float magnitude =
      std::ldexp(float(word & 1023) + (exponent ? 1024.0f : 0.0f), std::max(exponent, 1) - 25);
  return word >> 15 ? -magnitude : magnitude;
}

ProductSpec shaped(uint64_t rows, uint64_t columns, std::optional<uint64_t> m = {}) {
  ProductSpec spec;
  spec.rows = rows;
  spec.columns = columns;
  spec.m = m;
  return spec;
}

/// Mostly in a narrow range of exponents, one in 300 outside of every window.
Words drawWords(uint64_t count, const std::string &element, uint32_t seed) {
  std::mt19937 random(seed);
  bool isHalf = element == "f16";
  int exponentBits = isHalf ? 5 : 8, mantissaBits = 15 - exponentBits;
  int middle = isHalf ? 12 : 120;
  Words result;
  for (uint64_t i = 0; i < count; ++i) {
    int step = std::countl_zero(uint32_t(random() | 1));
    int exponent = middle - std::min(step, isHalf ? 8 : 12);
    if (random() % 300 == 0)
      exponent = middle + 4 + static_cast<int>(random() % 4);
    uint32_t word = random() & (0x8000 | ((1u << mantissaBits) - 1));
    word |= static_cast<uint32_t>(exponent) << mantissaBits;
    result.words.push_back(static_cast<uint16_t>(word));
    result.values.push_back(valueOf(result.words.back(), isHalf));
  }
  return result;
}

/// The words as the tensor's own shape has them.
std::vector<uint16_t> asStored(const ProductSpec &spec, const std::vector<uint16_t> &words) {
  if (spec.description().format.storage == Storage::NMajor)
    return words;
  std::vector<uint16_t> result(words.size());
  for (uint64_t n = 0; n < spec.rows; ++n)
    for (uint64_t k = 0; k < spec.columns; ++k)
      result[k * spec.rows + n] = words[n * spec.columns + k];
  return result;
}

Expected<LoadedWeight> load(const ProductSpec &spec, const std::vector<uint16_t> &words,
                            ThreadPool &pool) {
  std::vector<uint16_t> stored = asStored(spec, words);
  return LoadedWeight::fromBytes(
      spec.description(),
      {reinterpret_cast<const uint8_t *>(stored.data()), stored.size() * sizeof(uint16_t)}, pool);
}

/// Compiles, runs on `mValues`, and compares every bit.
void checkProduct(const ProductSpec &spec, std::initializer_list<uint64_t> mValues) {
  SCOPED_TRACE(spec.moduleText());
  auto product = ProductJit::compile(spec);
  ASSERT_TRUE(product) << product.error().message();
  ThreadPool pool(2);
  ThreadScope scope(&pool);
  Words w = drawWords(spec.rows * spec.columns, spec.element, 1);
  auto weight = load(spec, w.words, pool);
  ASSERT_TRUE(weight) << weight.error().message();
  for (uint64_t m : mValues) {
    Words x = drawWords(m * spec.columns, spec.x == "f32" ? "bf16" : spec.x, 2);
    std::vector<float> expected = expectedProduct(w.values, x.values, spec.rows, spec.columns, m);
    const void *data = spec.x == "f32" ? static_cast<const void *>(x.values.data())
                                       : static_cast<const void *>(x.words.data());
    std::vector<float> y = (*product)->run(weight->view(), data, m, spec.columns);
    EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(y)),
                                   std::as_bytes(std::span(expected).first(y.size()))))
        << "m " << m;
  }
}

constexpr MatrixShape productShapes[] = {{1, 1}, {17, 33}, {65, 64}, {64, 1000}, {130, 257}};

std::vector<std::string> servedFormats(ElementType element) {
  std::vector<std::string> result;
  for (const Codec *codec : allCodecs())
    for (const std::string &text : codec->examples())
      if (describeFormat(*Format::parse(text), element))
        result.push_back(text);
  return result;
}

/// Of each codec the first format, and what products run from fast.
std::vector<std::string> formatsOfEachCodec(ElementType element) {
  std::vector<std::string> result;
  std::set<std::string> seen;
  for (const std::string &text : servedFormats(element))
    if (seen.insert(Format::parse(text)->codec.keyword).second)
      result.push_back(text);
  for (const Format &format : runFormats())
    if (describeFormat(format, element) && std::ranges::find(result, format.str()) == result.end())
      result.push_back(format.str());
  return result;
}

/// A format for each shape of what is decoded at a time.
std::vector<std::string> formatsOfEachUnit() {
  std::vector<std::string> result;
  std::set<std::tuple<Rate, Packing, uint32_t>> seen;
  for (const std::string &text : servedFormats(ElementType::BF16)) {
    Format format = *Format::parse(text);
    CodecTraits traits = *checkFormat(format, ElementType::BF16);
    if (!isVariable(traits.rate) && format.layout == Layout::Fragment16x16 &&
        seen.emplace(traits.rate, format.packing, traits.unit.columns).second)
      result.push_back(text);
  }
  return result;
}

std::vector<ProductSpec> productSpecs() {
  std::vector<ProductSpec> result;
  size_t turn = 0;
  auto add = [&](const std::string &format, std::string_view target, const std::string &element) {
    MatrixShape shape = productShapes[turn++ % std::size(productShapes)];
    ProductSpec spec = shaped(shape.rows, shape.columns);
    spec.format = format;
    spec.target = target;
    spec.element = spec.x = element;
    // Bits are the same at every level: other targets take the one that compiles soonest.
    if (target != nativeTarget().name)
      spec.optimisation = 0;
    result.push_back(spec);
  };
  for (const std::string &format : servedFormats(ElementType::BF16))
    add(format, nativeTarget().name, "bf16");
  for (const std::string &format : formatsOfEachCodec(ElementType::F16))
    add(format, nativeTarget().name, "f16");
  for (const Target &target : allTargets())
    if (checkRunsHere(target) && &target != &nativeTarget())
      for (const std::string &format : formatsOfEachCodec(ElementType::BF16))
        add(format, target.name, "bf16");
  return result;
}

struct ProductTest : testing::TestWithParam<ProductSpec> {};

TEST_P(ProductTest, AnyMAddsInTheDocumentedOrder) { checkProduct(GetParam(), {1, 2, 5, 17}); }

TEST_P(ProductTest, AnMOfOneHasTheSameBits) {
  ProductSpec spec = GetParam();
  spec.m = 1;
  checkProduct(spec, {1});
}

INSTANTIATE_TEST_SUITE_P(Formats, ProductTest, testing::ValuesIn(productSpecs()),
                         [](const testing::TestParamInfo<ProductSpec> &info) {
                           return info.param.testName(info.index);
                         });

TEST(ProductStrategyTest, EveryStrategyHasTheSameBits) {
  for (const std::string &format : formatsOfEachUnit())
    for (const char *strategy : {"direct, tile_n = 16, tile_m = 1, tile_k = 64",
                                 "direct, tile_n = 16, tile_m = 1, tile_k = 64, read_streams = 8",
                                 "buffer, tile_n = 2, tile_m = 8, tile_k = 64",
                                 "buffer, tile_n = 4, tile_m = 3, tile_k = 256",
                                 "buffer, tile_n = 16, tile_m = 1, tile_k = 1024"}) {
      ProductSpec spec = shaped(130, 257, 5);
      spec.format = format;
      spec.strategy = strategy;
      checkProduct(spec, {5});
    }
}

TEST(ProductNumericsTest, ExactAndWideInputsHaveTheSameBits) {
  ProductSpec spec = shaped(65, 257);
  spec.format = "inplace<12>";
  spec.exact = true;
  checkProduct(spec, {3});
  spec.exact = false;
  spec.x = "f32";
  checkProduct(spec, {3});
}

TEST(ProductRowsTest, NoneAndMany) {
  ProductSpec spec = shaped(33, 129);
  spec.format = "inplace<12>";
  checkProduct(spec, {0, 130});
}

TEST(ProductRowsTest, SlicesOfM) {
  // Streams of all strips, and of several units a strip; x that is prepared in parallel.
  for (auto [format, columns] : {std::pair("inplace<12>", 2100), std::pair("huffman<12,2>", 2100),
                                 std::pair("rans<12>", 257)}) {
    ProductSpec spec = shaped(70, static_cast<uint64_t>(columns));
    spec.format = format;
    checkProduct(spec, {3, 150});
    spec.m = 150;
    checkProduct(spec, {150});
  }
}

TEST(ProductRowsTest, PanelsTakeTurnsWithSlicesOfM) {
  // Eight panels: by one, two, three (of which two are left at the end), and all at a time.
  for (const char *format : {"raw", "inplace<12>"}) {
    ProductSpec spec = shaped(460, 70);
    spec.format = format;
    checkProduct(spec, {129, 256, 350, 660});
    spec.m = 350;
    checkProduct(spec, {350});
  }
}

TEST(ProductRowsTest, SlicesOfAPanelAreTasks) {
  ProductSpec spec = shaped(20, 70, 300);
  checkProduct(spec, {300});
}

TEST(ProductInputTest, RowsOfXMayLieApart) {
  ProductSpec spec = shaped(17, 100);
  auto product = ProductJit::compile(spec);
  ASSERT_TRUE(product) << product.error().message();
  ThreadPool pool(1);
  Words w = drawWords(17 * 100, "bf16", 1), x = drawWords(3 * 107, "bf16", 2);
  auto weight = load(spec, w.words, pool);
  ASSERT_TRUE(weight);
  std::vector<float> dense;
  for (uint64_t m = 0; m < 3; ++m)
    dense.insert(dense.end(), &x.values[m * 107], &x.values[m * 107] + 100);
  EXPECT_EQ((*product)->run(weight->view(), x.words.data(), 3, 107),
            expectedProduct(w.values, dense, 17, 100, 3));
}

TEST(ProductEpilogueTest, ExpertsReadExtrasByTheirMaps) {
  // A bias an expert and feature, a scale a row of x, a residual that lies transposed; 21
  // features, so that some vectors are cut short; outputs with a step between features.
  constexpr int64_t experts = 3, m = 2, rows = 21, columns = 70;
  const char *text = R"(module attributes {uwt.target = #uwt.target<"native">} {
    func.func @f(%x: memref<3x2x70xbf16>, %bias: memref<3x21xf32>, %scale: memref<2xf32>,
                 %residual: memref<21x2xf32>, %y: memref<3x2x21xf32, strided<[84, 42, 2]>>)
        attributes {llvm.emit_c_interface} {
      %w = uwt.weight "w" : !uwt.compressed<3x21x70xbf16, "inplace<12>">
      uwt.matmul ins(%x, %w : memref<3x2x70xbf16>, !uwt.compressed<3x21x70xbf16, "inplace<12>">)
          extras(%bias, %scale, %residual : memref<3x21xf32>, memref<2xf32>, memref<21x2xf32>)
          maps [affine_map<(e, m, n) -> (e, n)>, affine_map<(e, m, n) -> (m)>,
                affine_map<(e, m, n) -> (n, m)>]
          outs(%y : memref<3x2x21xf32, strided<[84, 42, 2]>>) {
      ^bb0(%acc: f32, %b: f32, %s: f32, %r: f32):
        %half = arith.constant 0.5 : f32
        %0 = arith.mulf %acc, %s : f32
        %1 = arith.addf %0, %b : f32
        %2 = arith.mulf %r, %half : f32
        %3 = arith.addf %1, %2 : f32
        uwt.yield %3 : f32
      }
      return
    }
  })";
  auto product = ProductJit::compileText(text, "native");
  ASSERT_TRUE(product) << product.error().message();
  Words w = drawWords(experts * rows * columns, "bf16", 1);
  Words x = drawWords(experts * m * columns, "bf16", 2), more = drawWords(200, "bf16", 3);
  TensorDescription description;
  description.shape = {experts, rows, columns};
  description.format = *Format::parse("inplace<12>");
  ThreadPool pool(1);
  auto weight = LoadedWeight::fromBytes(
      description, {reinterpret_cast<const uint8_t *>(w.words.data()), w.words.size() * 2}, pool);
  ASSERT_TRUE(weight);

  const float *bias = &more.values[0], *scale = &more.values[80], *residual = &more.values[100];
  std::vector<float> y(experts * m * rows * 2, -1.0f);
  auto mutableFloats = [](const float *data) { return const_cast<float *>(data); };
  StridedMemRefType<uint16_t, 3> xs{x.words.data(), x.words.data(), 0, {3, 2, 70}, {140, 70, 1}};
  StridedMemRefType<float, 2> biases{mutableFloats(bias), mutableFloats(bias), 0, {3, 21}, {21, 1}};
  StridedMemRefType<float, 1> scales{mutableFloats(scale), mutableFloats(scale), 0, {2}, {1}};
  StridedMemRefType<float, 2> residuals{
      mutableFloats(residual), mutableFloats(residual), 0, {21, 2}, {2, 1}};
  StridedMemRefType<float, 3> ys{y.data(), y.data(), 0, {3, 2, 21}, {84, 42, 2}};
  (*product)->call(weight->view(), {&xs, &biases, &scales, &residuals, &ys});

  for (int64_t e = 0; e < experts; ++e) {
    std::vector<float> sums = expectedProduct(
        std::span(w.values).subspan(e * rows * columns, rows * columns),
        std::span(x.values).subspan(e * m * columns, m * columns), rows, columns, m);
    for (int64_t row = 0; row < m; ++row)
      for (int64_t n = 0; n < rows; ++n) {
        float expected = sums[row * rows + n] * scale[row];
        expected += bias[e * rows + n];
        expected += residual[n * m + row] * 0.5f;
        EXPECT_EQ(y[e * 84 + row * 42 + n * 2], expected) << e << " " << row << " " << n;
        EXPECT_EQ(y[e * 84 + row * 42 + n * 2 + 1], -1.0f) << "between outputs";
      }
  }
}

TEST(ProductSpecialTest, WordsOutsideNumbersPassUnchanged) {
  // A row of infinities and a row with a NaN among small numbers.
  ProductSpec spec = shaped(16, 64, 1);
  spec.format = "inplace<12>";
  auto product = ProductJit::compile(spec);
  ASSERT_TRUE(product) << product.error().message();
  ThreadPool pool(1);
  Words w = drawWords(16 * 64, "bf16", 1);
  std::fill_n(&w.words[0], 64, uint16_t(0x7F80));
  w.words[64 + 5] = 0x7FC1;
  auto weight = load(spec, w.words, pool);
  ASSERT_TRUE(weight);
  std::vector<uint16_t> ones(64, 0x3F80);
  std::vector<float> y = (*product)->run(weight->view(), ones.data(), 1, 64);
  EXPECT_EQ(y[0], INFINITY);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_TRUE(std::isfinite(y[2]));
}

TEST(ProductRunsTest, ShortUnitsHaveFewerRuns) {
  for (uint64_t columns : {33, 150, 257, 400, 500}) {
    ProductSpec spec = shaped(70, columns, 3);
    spec.format = "inplace<11>, escapes=rows<64>";
    checkProduct(spec, {3});
  }
}

TEST(ProductDamageTest, AnyBytesStayInsideTheirBuffers) {
  // What a sanitizer or a fault would show: planes of random bytes, positions of escapes included.
  for (const char *format : {"inplace<12>", "inplace<11>, escapes=rows<64>", "palette<4>",
                             "window<4>, escapes=rows<64>"})
    for (uint64_t m : {1, 3}) {
      ProductSpec spec = shaped(130, 257, m);
      spec.format = format;
      auto product = ProductJit::compile(spec);
      ASSERT_TRUE(product) << product.error().message();
      ThreadPool pool(1);
      Words w = drawWords(130 * 257, "bf16", 1), x = drawWords(3 * 257, "bf16", 2);
      auto weight = load(spec, w.words, pool);
      ASSERT_TRUE(weight);
      std::mt19937 random(3);
      for (PlaneKind kind : {PlaneKind::Words, PlaneKind::Raw, PlaneKind::Code, PlaneKind::Patch})
        for (const uint8_t &byte : weight->buffer(kind))
          const_cast<uint8_t &>(byte) = static_cast<uint8_t>(random());
      std::vector<float> y = (*product)->run(weight->view(), x.words.data(), m, 257);
      std::vector<float> again = (*product)->run(weight->view(), x.words.data(), m, 257);
      EXPECT_EQ(std::memcmp(y.data(), again.data(), y.size() * sizeof(float)), 0) << format;
    }
}

} // namespace
