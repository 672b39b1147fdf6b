//===- FakeCublasLt.h - cuBLASLt without a GPU ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A shared library that stands in for libcublasLt.so: it gives nine algorithms, the second of which
// does not work, and writes products down.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CUDA_FAKEDRIVER_FAKECUBLASLT_H
#define UWT_TEST_UNIT_CUDA_FAKEDRIVER_FAKECUBLASLT_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace uwt::test {

/// What a product was given.
struct FakeProduct {
  /// Rows and columns of A, B and D as the library sees them; whether A is transposed.
  std::vector<uint64_t> sizes;
  bool isTransposed = false;
  uint64_t a = 0, b = 0, d = 0, algorithm = 0;
  size_t workspaceBytes = 0;
};

/// The state of the library; not for several threads.
struct FakeCublas {
  int algorithms = 9;
  uint64_t asked = 0, workspaceLimit = 0;
  /// The function of that name fails with `failure`.
  std::string failIn;
  int failure = 14;
  std::vector<FakeProduct> products;
  /// Handles, descriptors, layouts and preferences that were not destroyed.
  int held = 0;
};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CUDA_FAKEDRIVER_FAKECUBLASLT_H
