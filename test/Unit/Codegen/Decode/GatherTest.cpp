//===- GatherTest.cpp - Compiled gathers and selections -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of a weight are its own words, whatever format it is held in. A product with selected
// matrices has the bits of products with these matrices alone.
//
//===----------------------------------------------------------------------===//

#include "ProductJit.h"
#include "Runtime/ExpectedProduct.h"
#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "uwt/Codec/Codec.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "uwt/Runtime/ThreadScope.h"
#include <bit>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace uwt;
using namespace uwt::codegen;
using namespace uwt::test;

namespace {

/// BF16 words, mostly with exponents near each other, some far away, so that there are escapes.
std::vector<uint16_t> drawWords(uint64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint16_t> words;
  for (uint64_t i = 0; i < count; ++i) {
    uint32_t exponent = 120 - std::countl_zero(uint32_t(random() | 1));
    if (random() % 100 == 0)
      exponent = 130 + random() % 8;
    words.push_back(static_cast<uint16_t>((random() & 0x807f) | exponent << 7));
  }
  return words;
}

std::vector<float> valuesOf(std::span<const uint16_t> words) {
  std::vector<float> values;
  for (uint16_t word : words)
    values.push_back(std::bit_cast<float>(uint32_t(word) << 16));
  return values;
}

Expected<LoadedWeight> load(std::vector<uint64_t> shape, const std::string &format,
                            const std::vector<uint16_t> &words, ThreadPool &pool) {
  TensorDescription description;
  description.shape = std::move(shape);
  description.format = *Format::parse(format);
  return LoadedWeight::fromBytes(
      description, {reinterpret_cast<const uint8_t *>(words.data()), words.size() * 2}, pool);
}

constexpr MatrixShape gatherShapes[] = {{1, 1}, {17, 33}, {65, 64}, {130, 257}, {70, 1300}};

/// Gathers rows, some twice, with a step between elements of the output or without.
void checkGather(const std::string &format, MatrixShape shape, bool isDense) {
  SCOPED_TRACE(format + " " + std::to_string(shape.rows) + "x" + std::to_string(shape.columns));
  std::string table = "!uwt.compressed<" + std::to_string(shape.rows) + "x" +
                      std::to_string(shape.columns) + "xbf16, \"" + format + "\">";
  std::string y = "memref<?x" + std::to_string(shape.columns) +
                  (isDense ? "xbf16>" : "xbf16, strided<[?, 2]>>");
  std::string text = R"(module attributes {uwt.target = #uwt.target<"native">} {
    func.func @f(%ids: memref<?xi32>, %y: )" +
                     y + R"() attributes {llvm.emit_c_interface} {
      %w = uwt.weight "w" : )" +
                     table + R"(
      uwt.gather %w[%ids] outs(%y) : )" +
                     table + ", memref<?xi32>, " + y + R"(
      return
    }
  })";
  auto gather = ProductJit::compileText(text, "native");
  ASSERT_TRUE(gather) << gather.error().message();
  ThreadPool pool(2);
  ThreadScope scope(&pool);
  std::vector<uint16_t> words = drawWords(shape.rows * shape.columns, 1);
  auto weight = load({shape.rows, shape.columns}, format, words, pool);
  ASSERT_TRUE(weight) << weight.error().message();

  std::vector<int32_t> ids = {0, int32_t(shape.rows) - 1, int32_t(shape.rows) / 2, 0};
  for (int32_t row = 0; row < int32_t(shape.rows); row += 7)
    ids.push_back(row);
  auto count = static_cast<int64_t>(ids.size()), columns = static_cast<int64_t>(shape.columns);
  int64_t step = isDense ? 1 : 2;
  std::vector<uint16_t> out(count * columns * step, 0xabcd);
  StridedMemRefType<int32_t, 1> idsRef{ids.data(), ids.data(), 0, {count}, {1}};
  StridedMemRefType<uint16_t, 2> outRef{
      out.data(), out.data(), 0, {count, columns}, {columns * step, step}};
  (*gather)->call(weight->view(), {&idsRef, &outRef});
  for (int64_t i = 0; i < count; ++i)
    for (int64_t k = 0; k < columns; ++k) {
      ASSERT_EQ(out[(i * columns + k) * step], words[ids[i] * columns + k]) << i << " " << k;
      if (!isDense)
        ASSERT_EQ(out[(i * columns + k) * step + 1], 0xabcd) << "between elements";
    }
}

TEST(GatherTest, RowsOfEveryFormatAreItsWords) {
  size_t turn = 0;
  for (const Codec *codec : allCodecs())
    for (const std::string &text : codec->examples()) {
      Format parsed = *Format::parse(text);
      if (parsed.storage == Storage::NMajor && describeFormat(parsed, ElementType::BF16))
        checkGather(text, gatherShapes[turn++ % std::size(gatherShapes)], /*isDense=*/true);
    }
}

TEST(GatherTest, RowsOfAnyShape) {
  for (const char *format : {"raw", "inplace<12>", "inplace<11>", "huffman<12,2>"})
    for (MatrixShape shape : gatherShapes)
      checkGather(format, shape, /*isDense=*/shape.rows != 130);
}

TEST(GatherTest, StorageAlongNIsRefused) {
  auto gather = ProductJit::compileText(R"(module {
    func.func @f(%ids: memref<4xi32>, %y: memref<4x64xbf16>) attributes {llvm.emit_c_interface} {
      %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw, storage=k_major">
      uwt.gather %w[%ids] outs(%y) : !uwt.compressed<64x64xbf16, "raw, storage=k_major">, memref<4xi32>, memref<4x64xbf16>
      return
    }
  })",
                                        "native");
  ASSERT_FALSE(gather);
  const std::string &message = gather.error().message();
  EXPECT_NE(
      message.find("'uwt.gather' op reads a weight with storage=k_major: transcode it to n_major"),
      std::string::npos)
      << message;
}

TEST(SelectionTest, EntriesHaveTheBitsOfTheirMatrices) {
  constexpr uint64_t experts = 5, rows = 70, columns = 130;
  for (const char *format : {"raw", "inplace<12>", "huffman<12,2>"})
    for (int64_t m : {1, 3, 200}) {
      SCOPED_TRACE(format);
      std::string type = "!uwt.compressed<5x70x130xbf16, \"" + std::string(format) + "\">";
      std::string x = "memref<?x" + std::to_string(m) + "x130xbf16>";
      std::string y = "memref<?x" + std::to_string(m) + "x70xf32>";
      std::string text = R"(module attributes {uwt.target = #uwt.target<"native">} {
        func.func @f(%x: )" +
                         x + ", %ids: memref<?xi64>, %y: " + y +
                         R"() attributes {llvm.emit_c_interface} {
          %w = uwt.weight "w" : )" +
                         type + R"(
          uwt.matmul ins(%x, %w : )" +
                         x + ", " + type + ") select(%ids : memref<?xi64>) outs(%y : " + y + R"() {
          ^bb0(%acc: f32):
            uwt.yield %acc : f32
          }
          return
        }
      })";
      auto product = ProductJit::compileText(text, "native");
      ASSERT_TRUE(product) << product.error().message();
      ThreadPool pool(2);
      ThreadScope scope(&pool);
      std::vector<uint16_t> words = drawWords(experts * rows * columns, 1);
      auto weight = load({experts, rows, columns}, format, words, pool);
      ASSERT_TRUE(weight) << weight.error().message();
      std::vector<int64_t> ids = {4, 0, 2, 2, 1, 4, 3};
      auto entries = static_cast<int64_t>(ids.size());
      std::vector<uint16_t> xs = drawWords(entries * m * columns, 2);
      std::vector<float> ys(entries * m * rows, -1);
      StridedMemRefType<uint16_t, 3> xRef{
          xs.data(), xs.data(), 0, {entries, m, columns}, {m * int64_t(columns), columns, 1}};
      StridedMemRefType<int64_t, 1> idsRef{ids.data(), ids.data(), 0, {entries}, {1}};
      StridedMemRefType<float, 3> yRef{
          ys.data(), ys.data(), 0, {entries, m, rows}, {m * int64_t(rows), rows, 1}};
      (*product)->call(weight->view(), {&xRef, &idsRef, &yRef});
      std::vector<float> values = valuesOf(words), xValues = valuesOf(xs);
      for (int64_t i = 0; i < entries; ++i) {
        std::vector<float> expected = expectedProduct(
            std::span(values).subspan(ids[i] * rows * columns, rows * columns),
            std::span(xValues).subspan(i * m * columns, m * columns), rows, columns, m);
        EXPECT_EQ(std::memcmp(expected.data(), &ys[i * m * rows], expected.size() * 4), 0)
            << "entry " << i;
      }
    }
}

} // namespace
