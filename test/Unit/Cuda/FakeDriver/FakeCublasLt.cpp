//===- FakeCublasLt.cpp - cuBLASLt without a GPU --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeCublasLt.h"
#include "lib/Cuda/CublasLtApi.h"
#include <algorithm>
#include <cstring>

using namespace uwt;
using namespace uwt::cuda;
using namespace uwt::test;

#define EXPORT extern "C" __attribute__((visibility("default")))

static FakeCublas state;

namespace {
/// A descriptor of a product or a matrix.
struct Descriptor {
  uint64_t rows = 0, columns = 0;
  int32_t transposed = 0;
};
} // namespace

EXPORT FakeCublas *fakeCublasState() { return &state; }

static CublasStatus begin(const char *name) {
  return state.failIn == name ? state.failure : cublasSuccess;
}

/// Return from the caller where it is told to fail.
#define BEGIN()                                                                                    \
  if (CublasStatus failed = begin(__func__))                                                       \
  return failed

static CublasStatus create(void **out, Descriptor what = {}) {
  ++state.held;
  *out = new Descriptor(what);
  return cublasSuccess;
}
static CublasStatus destroy(void *descriptor) {
  --state.held;
  delete static_cast<Descriptor *>(descriptor);
  return cublasSuccess;
}

EXPORT size_t cublasLtGetVersion() { return 130002; }
EXPORT const char *cublasLtGetStatusString(CublasStatus status) {
  return status == 14 ? "an internal operation failed" : nullptr;
}
EXPORT CublasStatus cublasLtCreate(void **handle) {
  BEGIN();
  return create(handle);
}
EXPORT CublasStatus cublasLtDestroy(void *handle) { return destroy(handle); }
EXPORT CublasStatus cublasLtMatmulDescCreate(void **desc, int compute, int scale) {
  BEGIN();
  return compute == cublasComputeF32 && scale == cublasTypeF32 ? create(desc) : cublasNotSupported;
}
EXPORT CublasStatus cublasLtMatmulDescSetAttribute(void *desc, int attribute, const void *value,
                                                   size_t bytes) {
  BEGIN();
  if (attribute != cublasDescTransA || bytes != 4)
    return cublasNotSupported;
  std::memcpy(&static_cast<Descriptor *>(desc)->transposed, value, bytes);
  return cublasSuccess;
}
EXPORT CublasStatus cublasLtMatmulDescDestroy(void *desc) { return destroy(desc); }
EXPORT CublasStatus cublasLtMatrixLayoutCreate(void **layout, int type, uint64_t rows,
                                               uint64_t columns, int64_t leading) {
  BEGIN();
  bool isDense = type == cublasTypeBF16 && leading == static_cast<int64_t>(rows);
  return isDense ? create(layout, {rows, columns, 0}) : cublasNotSupported;
}
EXPORT CublasStatus cublasLtMatrixLayoutDestroy(void *layout) { return destroy(layout); }
EXPORT CublasStatus cublasLtMatmulPreferenceCreate(void **preference) {
  BEGIN();
  return create(preference);
}
EXPORT CublasStatus cublasLtMatmulPreferenceSetAttribute(void *, int attribute, const void *value,
                                                         size_t bytes) {
  BEGIN();
  if (attribute != cublasPreferenceWorkspace || bytes != 8)
    return cublasNotSupported;
  std::memcpy(&state.workspaceLimit, value, bytes);
  return cublasSuccess;
}
EXPORT CublasStatus cublasLtMatmulPreferenceDestroy(void *preference) {
  return destroy(preference);
}
EXPORT CublasStatus cublasLtMatmulAlgoGetHeuristic(void *, void *, void *, void *, void *, void *,
                                                   void *, int wanted, CublasHeuristic *results,
                                                   int *count) {
  BEGIN();
  state.asked = static_cast<uint64_t>(wanted);
  *count = std::min(wanted, state.algorithms);
  for (int i = 0; i < *count; ++i) {
    results[i] = {};
    results[i].algorithm.data[0] = static_cast<uint64_t>(i);
    results[i].workspaceBytes = static_cast<size_t>(i) * 1024;
    results[i].state = i == 1 ? cublasNotSupported : cublasSuccess;
  }
  return cublasSuccess;
}
EXPORT CublasStatus cublasLtMatmul(void *, void *desc, const void *, const void *a, void *aLayout,
                                   const void *b, void *bLayout, const void *, const void *, void *,
                                   void *d, void *dLayout, const CublasAlgorithm *algorithm, void *,
                                   size_t workspaceBytes, void *) {
  BEGIN();
  FakeProduct product;
  for (void *layout : {aLayout, bLayout, dLayout})
    for (uint64_t size :
         {static_cast<Descriptor *>(layout)->rows, static_cast<Descriptor *>(layout)->columns})
      product.sizes.push_back(size);
  product.isTransposed = static_cast<Descriptor *>(desc)->transposed == cublasTransposed;
  product.a = reinterpret_cast<uint64_t>(a);
  product.b = reinterpret_cast<uint64_t>(b);
  product.d = reinterpret_cast<uint64_t>(d);
  product.algorithm = algorithm->data[0];
  product.workspaceBytes = workspaceBytes;
  state.products.push_back(product);
  return cublasSuccess;
}
