//===- Driver.h - The CUDA driver, found at run time ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loads the CUDA driver library with dlopen, so that programs run, with a clear error, on
// machines without a GPU. No CUDA header is needed to build; lib/Cuda/DriverApi.h declares
// what is used.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_DRIVER_H
#define UWT_CUDA_DRIVER_H

#include "uwt/Support/Error.h"
#include <memory>
#include <string>

namespace uwt::cuda {

struct DriverFunctions;

/// The first CUDA version that is enough: cluster launches and their attributes.
inline constexpr int oldestCudaVersion = 12000;

/// A loaded and initialised driver library. Immutable and thread-safe. Never unloaded, which the
/// library does not survive.
class CudaDriver {
public:
  /// The library at `path`; without one, that of the environment variable UWT_CUDA_DRIVER, else
  /// libcuda.so.1. Each path is loaded once in a process. Errors: Unsupported where there is
  /// no driver, one that is too old, another library, or no GPU.
  static Expected<std::shared_ptr<const CudaDriver>> open(const std::string &path = {});
  ~CudaDriver();

  const std::string &path() const { return name; }
  /// The CUDA version that the driver supports: 12040 is 12.4.
  int version() const { return cudaVersion; }
  /// Number of GPUs that this process may use, at least 1.
  Expected<unsigned> deviceCount() const;

  const DriverFunctions &functions() const { return *table; }

private:
  CudaDriver();
  static Expected<std::shared_ptr<const CudaDriver>> load(const std::string &path);
  Status resolve(void *library);

  std::string name;
  int cudaVersion = 0;
  std::unique_ptr<DriverFunctions> table;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_DRIVER_H
