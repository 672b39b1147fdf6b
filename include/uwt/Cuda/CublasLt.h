//===- CublasLt.h - Dense products by cuBLASLt ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// cuBLASLt, found with dlopen: the products of dense BF16 weights, and what products of
// compressed ones are measured against. No CUDA header is needed to build; lib/Cuda/CublasLtApi.h
// declares what is used.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_CUBLASLT_H
#define UWT_CUDA_CUBLASLT_H

#include "uwt/Cuda/DeviceWeight.h"

namespace uwt::cuda {

struct CublasLtFunctions;

/// The library with a handle on one device. Immutable and thread-safe. The library is never
/// unloaded.
class CublasLt {
public:
  /// The library at `path`; without one, that of the environment variable UWT_CUBLASLT, else
  /// libcublasLt.so.13 or libcublasLt.so.12. Errors: Unsupported where there is none, or another
  /// library; IO where it does not start.
  static Expected<std::shared_ptr<const CublasLt>> open(CudaDevicePtr device,
                                                        const std::string &path = {});
  ~CublasLt();
  CublasLt(const CublasLt &) = delete;
  CublasLt &operator=(const CublasLt &) = delete;

  const std::string &path() const { return name; }
  /// "13.0.2".
  std::string version() const;
  const CudaDevicePtr &device() const { return owner; }

private:
  friend class DenseProduct;
  CublasLt();
  Status resolve(void *library);

  std::string name;
  CudaDevicePtr owner;
  void *handle = nullptr;
  std::unique_ptr<CublasLtFunctions> functions;
};

/// y [m, n] = x [m, k] Wᵀ of dense rows without gaps, all in BF16, sums in FP32. Movable;
/// launches may be made from several threads, each with its own workspace.
class DenseProduct {
public:
  /// Asks for up to `wanted` algorithms with at most `workspaceBytes` of workspace; the one that
  /// the library thinks best is taken until another is chosen. Errors: Usage (a size of 0),
  /// Unsupported (no algorithm), IO.
  static Expected<DenseProduct> create(std::shared_ptr<const CublasLt> library, uint64_t rows,
                                       uint64_t columns, uint32_t m,
                                       uint64_t workspaceBytes = uint64_t(64) << 20,
                                       unsigned wanted = 16);
  ~DenseProduct();
  DenseProduct(DenseProduct &&) noexcept;
  DenseProduct &operator=(DenseProduct &&) noexcept;

  /// How many algorithms there are, best guess first.
  unsigned algorithms() const;
  /// Takes algorithm `index`, below algorithms(). Not while others launch.
  void choose(unsigned index);
  unsigned chosen() const;
  /// Workspace that the chosen algorithm needs, aligned to 256 bytes.
  uint64_t workspaceBytes() const;

  /// `weight`, `x` and `y` are device addresses, aligned to 16 bytes. May be captured in a graph.
  Status launch(uint64_t weight, uint64_t x, uint64_t y, DeviceRange workspace, void *stream) const;

private:
  struct State;
  explicit DenseProduct(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_CUBLASLT_H
