//===- DriverApi.h - Types of the CUDA driver API ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The types and numbers of the CUDA driver API that this library uses, declared anew so
// that no CUDA header is needed. Handles are void pointers, device addresses are
// uint64_t. Private to lib/Cuda, and to the tests' fake driver.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CUDA_DRIVERAPI_H
#define UWT_LIB_CUDA_DRIVERAPI_H

#include <cstddef>
#include <cstdint>

namespace uwt::cuda {

using CudaResult = int;

/// CUresult, as far as messages give advice by it.
inline constexpr CudaResult cudaSuccess = 0;
inline constexpr CudaResult cudaOutOfMemory = 2;
inline constexpr CudaResult cudaStubLibrary = 34;
inline constexpr CudaResult cudaNoDevice = 100;
inline constexpr CudaResult cudaInvalidImage = 200;
inline constexpr CudaResult cudaNoBinaryForGpu = 209;
inline constexpr CudaResult cudaInvalidPtx = 218;
inline constexpr CudaResult cudaNoJitCompiler = 221;
inline constexpr CudaResult cudaUnsupportedPtxVersion = 222;
inline constexpr CudaResult cudaJitDisabled = 223;
inline constexpr CudaResult cudaNotFound = 500;
inline constexpr CudaResult cudaIllegalAddress = 700;
inline constexpr CudaResult cudaOutOfResources = 701;
inline constexpr CudaResult cudaLaunchFailed = 719;
inline constexpr CudaResult cudaStreamCaptureUnsupported = 900;

/// CUdevice_attribute.
inline constexpr int attributeMultiprocessors = 16;
inline constexpr int attributeL2Bytes = 38;
inline constexpr int attributeMajor = 75;
inline constexpr int attributeMinor = 76;
inline constexpr int attributeSharedBytesOptIn = 97;

/// CUfunction_attribute.
inline constexpr int functionMaxThreads = 0;
inline constexpr int functionSharedBytes = 1;
inline constexpr int functionLocalBytes = 3;
inline constexpr int functionRegisters = 4;
inline constexpr int functionMaxDynamicSharedBytes = 8;
inline constexpr int functionNonPortableCluster = 14;

/// CUjit_option.
inline constexpr int jitErrorLog = 5;
inline constexpr int jitErrorLogBytes = 6;

/// CU_STREAM_NON_BLOCKING; CU_STREAM_CAPTURE_MODE_THREAD_LOCAL.
inline constexpr unsigned streamNonBlocking = 1;
inline constexpr int captureThreadLocal = 1;

/// CUlaunchAttributeID.
inline constexpr uint32_t launchClusterDimension = 4;
inline constexpr uint32_t launchProgrammaticSerialization = 6;

/// CUlaunchAttribute: an id, padded to 8 bytes, and a value of 64 bytes.
struct CudaLaunchAttribute {
  uint32_t id;
  uint32_t padding;
  union {
    uint32_t clusterDimension[3];
    int programmaticSerialization;
    char bytes[64];
  } value;
};
static_assert(sizeof(CudaLaunchAttribute) == 72);

/// CUlaunchConfig.
struct CudaLaunchConfig {
  uint32_t gridX, gridY, gridZ;
  uint32_t blockX, blockY, blockZ;
  uint32_t sharedBytes;
  void *stream;
  CudaLaunchAttribute *attributes;
  uint32_t attributeCount;
};
static_assert(sizeof(CudaLaunchConfig) == 56);

/// The functions, all of them there.
struct DriverFunctions {
#define UWT_CUDA(name, symbol, parameters) CudaResult(*name) parameters = nullptr;
#include "DriverFunctions.def"
};

} // namespace uwt::cuda

#endif // UWT_LIB_CUDA_DRIVERAPI_H
