//===- CublasLtApi.h - What is used of cuBLASLt -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of cuBLASLt's API (public facts) that this library uses, so that no CUDA header is
// needed. Private to lib/Cuda, and to the tests' fake library.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CUDA_CUBLASLTAPI_H
#define UWT_LIB_CUDA_CUBLASLTAPI_H

#include <cstddef>
#include <cstdint>

namespace uwt::cuda {

/// cublasStatus_t.
using CublasStatus = int;
inline constexpr CublasStatus cublasSuccess = 0, cublasNotSupported = 15;

/// cudaDataType_t, cublasComputeType_t, cublasOperation_t.
inline constexpr int cublasTypeF32 = 0, cublasTypeBF16 = 14, cublasComputeF32 = 68,
                     cublasTransposed = 1;
/// cublasLtMatmulDescAttributes_t, cublasLtMatmulPreferenceAttributes_t.
inline constexpr int cublasDescTransA = 3, cublasPreferenceWorkspace = 1;

/// cublasLtMatmulAlgo_t.
struct CublasAlgorithm {
  uint64_t data[8];
};

/// cublasLtMatmulHeuristicResult_t.
struct CublasHeuristic {
  CublasAlgorithm algorithm;
  size_t workspaceBytes;
  CublasStatus state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(CublasHeuristic) == 96);

/// The functions, all of them there.
struct CublasLtFunctions {
#define UWT_CUBLASLT(name, result, parameters) result(*name) parameters = nullptr;
#include "CublasLtFunctions.def"
};

} // namespace uwt::cuda

#endif // UWT_LIB_CUDA_CUBLASLTAPI_H
