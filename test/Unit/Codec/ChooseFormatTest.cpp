//===- ChooseFormatTest.cpp - What a choice has learnt of a tensor --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

// Of few panels, and of so many that some of them show the classes.
TEST(ChooseFormatTest, WhatAChoiceHasCountedIsWhatEncodersCount) {
  ThreadPool pool(2);
  const std::vector<uint64_t> shapes[] = {{384, 384}, {9000, 64}, {40, 50}};
  for (ElementType element : {ElementType::BF16, ElementType::F16, ElementType::F8E4M3FN})
    for (Distribution distribution : allDistributions)
      for (const std::vector<uint64_t> &shape : shapes) {
        TensorDescription description{element, shape, {}};
        std::vector<uint8_t> source = makeTensor(element, shape, distribution, 6);
        Expected<ChosenFormat> chosen =
            chooseFormat(FormatPolicy::BestSize, description, source, pool);
        ASSERT_TRUE(bool(chosen)) << chosen.error().message();
        description.format = chosen->format;
        ChosenFormat classes;
        classes.rowClasses = chosen->rowClasses;
        EncodeOptions options;
        options.chosen = &*chosen;
        MemoryPlanes known, counted;
        ASSERT_TRUE(bool(encodeTensor(description, source, known, pool, options)));
        options.chosen = &classes;
        ASSERT_TRUE(bool(encodeTensor(description, source, counted, pool, options)));
        EXPECT_TRUE(known.planes == counted.planes)
            << description.format.str() << " of " << distributionName(distribution);
      }
}
