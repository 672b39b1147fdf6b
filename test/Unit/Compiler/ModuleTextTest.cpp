//===- ModuleTextTest.cpp - What text a parser may be given ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/ModuleText.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace uwt;

/// The message, empty where the text is taken.
static std::string refusalOf(std::string_view text) {
  Status status = checkModuleText(text, "m");
  return status ? "" : status.error().message();
}

TEST(ModuleText, ListsOfIntegersAreHeldToTheirForm) {
  for (std::string_view taken :
       {"permutation = []", "permutation = [1, -0 , 2]", "outs(%x) dimensions=[ 1\n,2 ]",
        "dimensions // of what\n = [1]", "// permutation = [r", "{a = \"permutation = [r\"}",
        "\"\\\\\" dimensions = [1]", "{permutation = array<i64: 1, 0>}",
        "{a, dimensions = 1 : i64}", "%permutation = linalg.fill",
        "#permutation = affine_map<(d) -> (d)>", "permutation_map = x", "permutation : i64",
        "dimensions = [999999999999999999]"})
    EXPECT_EQ(refusalOf(taken), "") << taken;
  for (std::string_view refused :
       {"permutation = [1, 0, r<4]", "permutation = [1, 0", "permutation = 1", "dimensions = ",
        "dimensions = [1,]", "outs(%x) dimensions = [[1]]", "dimensions // of what\n = [a]",
        "\"//\" dimensions = [a]", "\"\\\\\" dimensions = [a]", "permutation = [0x1]",
        "permutation = [1, 9999999999999999999]", "permutation = array<i64: 1>"})
    EXPECT_THAT(refusalOf(refused), testing::HasSubstr("integers and ']'")) << refused;
}

TEST(ModuleText, ArraysAreOfTypesWithAWidth) {
  for (std::string_view taken :
       {"array<i64: 1, 0>", "array< i1>", "array // of\n<f32: 1.0>", "!llvm.array<2 x index>",
        "!llvm.struct<(array<2 x f32>)>", "\"array<index\"", "array = index", "%array = x"})
    EXPECT_EQ(refusalOf(taken), "") << taken;
  for (std::string_view refused :
       {"array<index: 0>", "array<>", "array<", "array<tensor<1xf32>: 1>", "array // of\n<none: 1>",
        "array<!x.y>", "array<i64x: 1>"})
    EXPECT_THAT(refusalOf(refused), testing::HasSubstr("after 'array<'")) << refused;
}

TEST(ModuleText, TheLineIsNamed) {
  EXPECT_EQ(refusalOf("a // b\n\"c\"\n permutation\n= [x]"),
            "m:4: expected 'permutation = [', integers and ']'");
}

TEST(ModuleText, NestingInStringsAndCommentsIsNone) {
  std::string deep(501, '[');
  EXPECT_EQ(refusalOf(deep), "m:1: nested deeper than 500 levels");
  EXPECT_EQ(refusalOf("\n//" + deep + "\n\"" + deep + "\""), "");
  EXPECT_EQ(refusalOf("\"\\\\\"\n" + deep), "m:2: nested deeper than 500 levels");
  std::string pairs;
  for (int i = 0; i < 1000; ++i)
    pairs += "<{(() -> (0))}>";
  EXPECT_EQ(refusalOf(pairs), "");
}
