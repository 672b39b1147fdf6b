//===- GgufFuzzer.cpp - Any bytes as a file of llama.cpp ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuzzFiles.h"
#include "FuzzWeights.h"

using namespace uwt;
using namespace uwt::test;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  FileInMemory file({data, size});
  requireWeights(ImportedWeights::openGguf(file.path()));
  return 0;
}
