//===- TensorEntryTest.cpp - What is kept of each tensor ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/Container.h"
#include <gtest/gtest.h>

using namespace uwt;

/// A header of 100 MB may have two million tensors, most of which are plain (A15).
TEST(TensorEntryTest, PlainTensorsHaveNoRoomForAFormat) {
  EXPECT_LT(sizeof(TensorEntry), sizeof(Format));
  EXPECT_LE(sizeof(TensorEntry), 448u);
}
