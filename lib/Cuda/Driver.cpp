//===- Driver.cpp - The CUDA driver, found at run time --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/Driver.h"
#include "CodeVersions.h"
#include "CudaError.h"
#include "uwt/Support/Suggest.h"
#include <cstdlib>
#include <dlfcn.h>
#include <map>
#include <mutex>

using namespace uwt;
using namespace uwt::cuda;

static constexpr const char *usualPath = "libcuda.so.1";

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

static const char *adviceFor(CudaResult result) {
  switch (result) {
  case cudaOutOfMemory:
    return "free device memory, or load fewer weights";
  case cudaInvalidImage:
    return "the code object is damaged, or of a newer CUDA than this driver: make the pack again, "
           "or update the NVIDIA driver";
  case cudaNoBinaryForGpu:
    return "the pack has no code for this GPU: make one for its target";
  case cudaInvalidPtx:
  case cudaUnsupportedPtxVersion:
    return "update the NVIDIA driver, or make a pack with machine code for this GPU";
  case cudaNoJitCompiler:
  case cudaJitDisabled:
    return "PTX is compiled by the NVIDIA driver's libnvidia-ptxjitcompiler.so.1: install it, or "
           "make a pack with machine code for this GPU";
  case cudaNotFound:
    return "the pack names what its code does not have: make it again";
  case cudaOutOfResources:
    return "the kernel needs more registers or shared memory than this GPU has: use a pack "
           "that was made for it";
  case cudaIllegalAddress:
  case cudaLaunchFailed:
    return "a kernel failed and the device cannot be used by this process any more: start it "
           "again, and look for the cause with compute-sanitizer";
  case cudaStreamCaptureUnsupported:
    return "this call cannot be captured in a CUDA graph: make it before";
  default:
    return "see whether nvidia-smi finds the GPU in order";
  }
}

static ErrorKind kindOf(CudaResult result) {
  switch (result) {
  case cudaInvalidImage:
  case cudaNotFound:
    return ErrorKind::Invalid;
  case cudaNoDevice:
  case cudaNoBinaryForGpu:
  case cudaInvalidPtx:
  case cudaUnsupportedPtxVersion:
  case cudaNoJitCompiler:
  case cudaJitDisabled:
  case cudaOutOfResources:
    return ErrorKind::Unsupported;
  default:
    return ErrorKind::IO;
  }
}

Error uwt::cuda::cudaError(const DriverFunctions &functions, CudaResult result,
                           const std::string &call) {
  const char *name = nullptr, *text = nullptr;
  // Unknown numbers give an error and no text.
  if (functions.cuGetErrorName(result, &name) != cudaSuccess || !name)
    name = "unknown error";
  if (functions.cuGetErrorString(result, &text) != cudaSuccess || !text)
    text = "no description";
  return {kindOf(result), call + ": " + name + " (" + std::to_string(result) + ", " + text + "); " +
                              adviceFor(result)};
}

//===----------------------------------------------------------------------===//
// CudaDriver
//===----------------------------------------------------------------------===//

CudaDriver::CudaDriver() : table(std::make_unique<DriverFunctions>()) {}
CudaDriver::~CudaDriver() = default;

Status CudaDriver::resolve(void *library) {
  lookUp(library, "cuDriverGetVersion", table->cuDriverGetVersion);
  if (!table->cuDriverGetVersion)
    return unsupportedError(name + " is not a CUDA driver: it has no cuDriverGetVersion; set "
                                   "UWT_CUDA_DRIVER to the NVIDIA driver's libcuda.so.1");
  if (CudaResult result = table->cuDriverGetVersion(&cudaVersion); result != cudaSuccess)
    return unsupportedError(name + " is not a CUDA driver that works: cuDriverGetVersion gives " +
                            std::to_string(result) +
                            (result == cudaStubLibrary ? ", as the CUDA toolkit's stub does" : "") +
                            "; set UWT_CUDA_DRIVER to the NVIDIA driver's libcuda.so.1");
  if (cudaVersion < oldestCudaVersion)
    return unsupportedError(name + ": the NVIDIA driver is too old: it supports CUDA " +
                            cudaVersionText(cudaVersion) + ", and " +
                            cudaVersionText(oldestCudaVersion) + " is needed; update it");
  const char *missing = nullptr;
#define UWT_CUDA(function, symbol, parameters)                                                     \
  lookUp(library, symbol, table->function);                                                        \
  if (!table->function)                                                                            \
    missing = symbol;
#include "DriverFunctions.def"
  if (missing)
    return unsupportedError(name + ": the NVIDIA driver has no " + missing + "; update it");
  return ok();
}

Expected<std::shared_ptr<const CudaDriver>> CudaDriver::load(const std::string &path) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return unsupportedError("cannot load the CUDA driver " + inQuotes(path) +
                            "; install the NVIDIA driver, or set UWT_CUDA_DRIVER to its "
                            "libcuda.so.1 (running on a CPU needs neither)");
  std::shared_ptr<CudaDriver> driver(new CudaDriver);
  driver->name = path;
  UWT_RETURN_IF_ERROR(driver->resolve(library));
  CudaResult result = driver->table->cuInit(0);
  if (result == cudaNoDevice)
    return unsupportedError(path + ": there is no GPU that CUDA can use; see what nvidia-smi lists "
                                   "and whether CUDA_VISIBLE_DEVICES hides it");
  UWT_RETURN_IF_ERROR(checkCuda(*driver->table, result, "cuInit"));
  UWT_RETURN_IF_ERROR(driver->deviceCount());
  return std::shared_ptr<const CudaDriver>(std::move(driver));
}

Expected<std::shared_ptr<const CudaDriver>> CudaDriver::open(const std::string &path) {
  std::string wanted = path;
  if (wanted.empty()) {
    const char *named = std::getenv("UWT_CUDA_DRIVER");
    wanted = named && *named ? named : usualPath;
  }
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const CudaDriver>> loaded;
  std::lock_guard lock(mutex);
  if (auto found = loaded.find(wanted); found != loaded.end())
    return found->second;
  UWT_ASSIGN_OR_RETURN(std::shared_ptr<const CudaDriver> driver, load(wanted));
  loaded.emplace(wanted, driver);
  return driver;
}

Expected<unsigned> CudaDriver::deviceCount() const {
  int count = 0;
  UWT_RETURN_IF_ERROR(checkCuda(*table, table->cuDeviceGetCount(&count), "cuDeviceGetCount"));
  if (count <= 0)
    return unsupportedError(name + ": there is no GPU that CUDA can use; see what nvidia-smi lists "
                                   "and whether CUDA_VISIBLE_DEVICES hides it");
  return static_cast<unsigned>(count);
}
