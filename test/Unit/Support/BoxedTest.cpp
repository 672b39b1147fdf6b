//===- BoxedTest.cpp - Values that are rarely there -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Support/Boxed.h"
#include <gtest/gtest.h>
#include <string>

using namespace uwt;

TEST(BoxedTest, CopiesAreOfTheValue) {
  Boxed<std::string> none, one = std::string("one");
  EXPECT_FALSE(none.has_value());
  ASSERT_TRUE(one.has_value());
  Boxed<std::string> copy = one;
  EXPECT_EQ(copy, one);
  *copy += " more";
  EXPECT_EQ(*one, "one");
  EXPECT_FALSE(copy == one);
  copy = none;
  EXPECT_EQ(copy, none);
  EXPECT_FALSE(copy == one);
  copy = std::string("two");
  EXPECT_EQ(copy->size(), 3u);
  EXPECT_EQ(sizeof(copy), sizeof(void *));
}
