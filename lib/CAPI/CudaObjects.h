//===- CudaObjects.h - GPUs, packs and weights of the C API -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CAPI_CUDAOBJECTS_H
#define UWT_LIB_CAPI_CUDAOBJECTS_H

#include "uwt-c/Cuda.h"
#include "uwt/Cuda/EncodedWeight.h"
#include <memory>

struct UWTCudaDevice {
  uwt::cuda::CudaDevicePtr device;
};

struct UWTCudaPack {
  std::shared_ptr<uwt::cuda::DevicePack> pack;
};

namespace uwt {
/// What a description of an image says. Errors: Usage (a damaged one), Unsupported.
Expected<cuda::DeviceWeightDescription> descriptionOf(const UWTCudaWeight &weight);

/// Whether a matrix is what a call takes it to be. Errors: Usage.
Status checkMatrix(const cuda::DeviceWeightDescription &weight, uint64_t n, uint64_t k);

inline cuda::DeviceRange rangeOf(UWTCudaBuffer buffer) { return {buffer.address, buffer.bytes}; }

inline cuda::DenseMatrices matricesOf(const UWTCudaDense &dense) {
  return {rangeOf(dense.memory), dense.rowStride, dense.matrixStride};
}
} // namespace uwt

#endif // UWT_LIB_CAPI_CUDAOBJECTS_H
