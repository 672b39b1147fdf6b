//===- Cublas.h - Dense products as PyTorch calls them ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// cuBLAS, found with dlopen beside cuBLASLt. A linear layer of PyTorch without a bias calls
// cublasGemmEx for BF16, for one row of x as for many (at::cuda::blas::gemm and gemv of
// aten/src/ATen/cuda/CUDABlas.cpp), and leaves the choice of an algorithm to it.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_CUBLAS_H
#define UWT_CUDA_CUBLAS_H

#include "uwt/Cuda/DeviceWeight.h"

namespace uwt::cuda {

struct CublasFunctions;

/// The library with a handle on one device. One thread at a time. The library is never unloaded.
class Cublas {
public:
  /// libcublas.so.13 or libcublas.so.12 in the folder of `besideOf`, a path of cuBLASLt; where that
  /// has no folder, those that the loader finds. Errors: Unsupported where there is none, or
  /// another library; IO where it does not start.
  static Expected<std::unique_ptr<Cublas>> open(CudaDevicePtr device, const std::string &besideOf);
  ~Cublas();
  Cublas(const Cublas &) = delete;
  Cublas &operator=(const Cublas &) = delete;

  /// y [m, n] = x [m, k] Wᵀ of dense rows without gaps, all in BF16, sums in FP32. May be captured
  /// in a graph. Errors: Usage (sizes beyond 31 bits); Unsupported and IO, as the
  /// library says.
  Status multiply(uint64_t n, uint64_t k, uint32_t m, uint64_t weight, uint64_t x, uint64_t y,
                  DeviceRange workspace, void *stream) const;

private:
  Cublas();
  Status resolve(void *library, const std::string &path);
  template <typename Call> Status call(const char *name, Call run) const;

  CudaDevicePtr owner;
  void *handle = nullptr;
  std::unique_ptr<CublasFunctions> functions;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_CUBLAS_H
