//===- FakeCublas.cpp - cuBLAS without a GPU ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeCublas.h"
#include "lib/Cuda/CublasLtApi.h"

using namespace uwt::cuda;
using namespace uwt::test;

#define EXPORT extern "C" __attribute__((visibility("default")))

static FakeGemms state;

EXPORT FakeGemms *fakeGemmsState() { return &state; }
EXPORT CublasStatus cublasCreate_v2(void **handle) {
  ++state.held;
  *handle = &state;
  return state.createResult;
}
EXPORT CublasStatus cublasDestroy_v2(void *) {
  --state.held;
  return cublasSuccess;
}
EXPORT CublasStatus cublasSetStream_v2(void *, void *stream) {
  state.stream = stream;
  state.workspaceBytes = 0;
  return cublasSuccess;
}
EXPORT CublasStatus cublasSetWorkspace_v2(void *, void *, size_t bytes) {
  state.workspaceBytes = bytes;
  return cublasSuccess;
}
EXPORT CublasStatus cublasGemmEx(void *, int transposeA, int transposeB, int m, int n, int k,
                                 const void *, const void *a, int aType, int aLeading,
                                 const void *b, int bType, int bLeading, const void *, void *c,
                                 int cType, int cLeading, int compute, int algorithm) {
  state.gemms.push_back({{transposeA, transposeB, m, n, k, aType, aLeading, bType, bLeading, cType,
                          cLeading, compute, algorithm},
                         a,
                         b,
                         c,
                         state.stream,
                         state.workspaceBytes});
  return state.gemmResult;
}
