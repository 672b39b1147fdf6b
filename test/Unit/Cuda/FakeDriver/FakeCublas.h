//===- FakeCublas.h - cuBLAS without a GPU ----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A shared library that stands in for libcublas.so and writes products down.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CUDA_FAKEDRIVER_FAKECUBLAS_H
#define UWT_TEST_UNIT_CUDA_FAKEDRIVER_FAKECUBLAS_H

#include <cstddef>
#include <vector>

namespace uwt::test {

/// What a product was given: the numbers in the order of cublasGemmEx.
struct FakeGemm {
  std::vector<int> numbers;
  const void *a, *b, *c;
  void *stream;
  size_t workspaceBytes;
};

/// The state of the library; not for several threads.
struct FakeGemms {
  int createResult = 0, gemmResult = 0;
  std::vector<FakeGemm> gemms;
  void *stream = nullptr;
  /// As a stream that is set leaves it: none.
  size_t workspaceBytes = 0;
  int held = 0;
};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CUDA_FAKEDRIVER_FAKECUBLAS_H
