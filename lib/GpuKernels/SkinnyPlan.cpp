//===- SkinnyPlan.cpp - Shapes and arguments of family skinny -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/GpuKernels/SkinnyPlan.h"
#include <algorithm>

using namespace uwt;

/// Stages begin at multiples of 128 bytes.
static int64_t alignedWords(int64_t words) { return (words + 31) / 32 * 32; }

int64_t SkinnyPlan::stageX() const {
  int64_t coded = onlyWords ? 0 : rawWords + codeWords;
  // Any panel of a coded tensor may be stored as words.
  return 4 * groupsPerStage * std::max(coded, unitWords);
}

int64_t SkinnyPlan::stageWords() const {
  return alignedWords(stagePatch() + (hasEscapes ? patchWords : 0));
}

int64_t SkinnyPlan::sharedBytes() const {
  return (stages * stageWords() + (hasEscapes ? consumerWarps * unitWords : 0)) * 4;
}
