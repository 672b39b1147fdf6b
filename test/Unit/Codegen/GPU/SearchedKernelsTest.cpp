//===- SearchedKernelsTest.cpp - Kernels that are searched for ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTesting.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {
constexpr Shape searchedShapes[] = {
    {130, 640, 5}, {192, 1030, 33}, {520, 150, 70}, {330, 260, 129}};

KernelPins searched() {
  KernelPins pins;
  pins.search = true;
  return pins;
}

const std::string &tileOf(const Product &product) { return product.entries().back().strategy; }
} // namespace

TEST(SearchedKernels, HaveExactSumsAndTheBitsOfTheRawTwin) {
  for (const char *format : {"inplace<12>", "palette<4>"})
    for (const Shape &shape : searchedShapes) {
      SCOPED_TRACE(std::string(format) + " " + std::to_string(shape.rows));
      std::vector<uint16_t> w = drawIntegers(shape.rows * shape.columns, 1),
                            x = drawIntegers(shape.m * shape.columns, 2);
      Product one(format, shape, searched());
      const Product *twin = rawTwin(shape, searched());
      ASSERT_EQ(one.prepare(), "");
      ASSERT_TRUE(twin);
      unsigned ctas = 3 * one.entries().back().launch.cluster;
      auto y = one.run(w, x, ctas, 1);
      ASSERT_TRUE(y) << y.error().message();
      EXPECT_EQ(*y, exactProduct(w, x, shape));
      w = drawWeights(shape.rows * shape.columns, 3, 400);
      auto expected = twin->run(w, x, ctas, 2);
      y = one.run(w, x, ctas, 3);
      ASSERT_TRUE(y && expected);
      EXPECT_EQ(std::memcmp(y->data(), expected->data(), y->size() * 4), 0);
    }
}

TEST(SearchedKernels, AreOthersThanTheRulesSomewhere) {
  bool isOther = false;
  for (const Shape &shape : searchedShapes) {
    Product found("inplace<12>", shape, searched()), rules("inplace<12>", shape, KernelPins());
    ASSERT_EQ(found.prepare(), "");
    ASSERT_EQ(rules.prepare(), "");
    isOther |= tileOf(found) != tileOf(rules);
  }
  EXPECT_TRUE(isOther);
}
