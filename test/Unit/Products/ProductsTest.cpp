//===- ProductsTest.cpp - Products on every kind of machine ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With `exact` numerics a product has the bits of docs/numerics.md on every target, from every
// format: here from some that lib/Kernels has none of, with functions of the sums as well.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "ProductTable.h"
#include "Runtime/ExpectedProduct.h"
#include "lib/Kernels/KernelFunctions.h"
#include "uwt/Format/BF16.h"
#include "uwt/Runtime/LoadedWeight.h"
#include "uwt/Support/Checksum.h"
#include "uwt/Target/Target.h"
#include <array>
#include <cctype>
#include <cstring>
#include <gtest/gtest.h>
#include <optional>

using namespace uwt;
using namespace uwt::test;

#define UWT_PRODUCT_DECLARE(TARGET, FORMAT, NAME)                                                  \
  void _mlir_ciface_product_##NAME(const WeightView *, const Kernels::Functions::Matrix *,         \
                                   const Kernels::Functions::Vector *,                             \
                                   const Kernels::Functions::Matrix *);                            \
  void _mlir_ciface_functions_##NAME(const WeightView *, const Kernels::Functions::Matrix *,       \
                                     const Kernels::Functions::Vector *,                           \
                                     const Kernels::Functions::Matrix *);
extern "C" {
UWT_PRODUCT_TABLE(UWT_PRODUCT_DECLARE)
}

namespace {

struct CompiledProduct {
  const char *target, *format;
  Kernels::Functions product, functions;
};

#define UWT_PRODUCT_ENTRY(TARGET, FORMAT, NAME)                                                    \
  {TARGET,                                                                                         \
   FORMAT,                                                                                         \
   {_mlir_ciface_product_##NAME, nullptr},                                                         \
   {_mlir_ciface_functions_##NAME, nullptr}},
const CompiledProduct compiledProducts[] = {UWT_PRODUCT_TABLE(UWT_PRODUCT_ENTRY)};

void PrintTo(const CompiledProduct &product, std::ostream *out) {
  *out << product.target << ", " << product.format;
}

constexpr uint64_t n = 130, k = 1100;
constexpr ElementType element = ElementType::BF16;

class ProductsTest : public testing::TestWithParam<CompiledProduct> {
protected:
  void SetUp() override {
    if (Status here = checkRunsHere(**findTarget(GetParam().target)); !here)
      GTEST_SKIP() << here.error().message();
    TensorDescription description;
    description.element = element;
    description.shape = {n, k};
    description.format = parsedFormat(GetParam().format);
    auto loaded = LoadedWeight::fromBytes(description, bytes, pool);
    ASSERT_TRUE(holds(loaded));
    weight = *std::move(loaded);
  }

  static Bytes rowsOfX(uint64_t m) {
    return makeTensor(element, std::array{m * k}, Distribution::Gaussian, m);
  }

  template <typename Number>
  std::vector<Number> run(const Kernels::Functions &functions, const Bytes &x, uint64_t m) {
    Kernels kernels(GetParam().target, element, GetParam().format, functions);
    std::vector<Number> y(m * n);
    EXPECT_TRUE(
        holds(kernels.linear(weight->view(), {m, {x.data(), k}, nullptr, {y.data(), n}}, &pool)));
    return y;
  }

  ThreadPool pool{2};
  Bytes bytes = makeTensor(element, std::array{n * k}, Distribution::Gaussian, 1);
  std::optional<LoadedWeight> weight;
};

std::vector<float> numbersOf(const Bytes &bytes) {
  std::vector<uint16_t> words(bytes.size() / 2);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  std::vector<float> numbers;
  for (uint16_t word : words)
    numbers.push_back(fromBF16(word));
  return numbers;
}

TEST_P(ProductsTest, SumsHaveTheBitsOfTheSpecification) {
  for (uint64_t m : {1, 2, 5, 11, 33}) {
    Bytes x = rowsOfX(m);
    std::vector<uint16_t> expected;
    for (float sum : expectedProduct(numbersOf(bytes), numbersOf(x), n, k, m))
      expected.push_back(static_cast<uint16_t>(roundToElement(sum, element)));
    EXPECT_EQ(run<uint16_t>(GetParam().product, x, m), expected) << "m " << m;
  }
}

/// Functions are arithmetic in a fixed order: this number is that of every machine.
TEST_P(ProductsTest, FunctionsHaveTheSameBitsEverywhere) {
  Xxh3Stream hash;
  for (uint64_t m : {1, 3, 20}) {
    std::vector<float> y = run<float>(GetParam().functions, rowsOfX(m), m);
    hash.update({reinterpret_cast<const uint8_t *>(y.data()), y.size() * sizeof(float)});
  }
  EXPECT_EQ(toHex64(hash.digest()), "9cf23b6ac2456165");
}

INSTANTIATE_TEST_SUITE_P(Targets, ProductsTest, testing::ValuesIn(compiledProducts),
                         [](const auto &info) {
                           std::string name = info.param.target + std::string(info.param.format);
                           std::erase_if(name, [](unsigned char c) { return !std::isalnum(c); });
                           return name;
                         });

} // namespace
