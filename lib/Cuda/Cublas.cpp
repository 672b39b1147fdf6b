//===- Cublas.cpp - Dense products as PyTorch calls them ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/Cublas.h"
#include "CublasLtApi.h"
#include "CudaError.h"
#include "uwt/Support/Suggest.h"
#include <dlfcn.h>

using namespace uwt;
using namespace uwt::cuda;

/// cublasGemmAlgo_t: the library chooses.
static constexpr int defaultTensorAlgorithm = 99;
static constexpr int notTransposed = 0;

struct uwt::cuda::CublasFunctions {
#define UWT_CUBLAS(name, symbol, parameters) CublasStatus(*name) parameters = nullptr;
#include "CublasFunctions.def"
};

Cublas::Cublas() : functions(std::make_unique<CublasFunctions>()) {}

Cublas::~Cublas() {
  if (!handle)
    return;
  ContextScope scope(owner->driver().functions(), owner->context());
  (void)functions->cublasDestroy(handle);
}

template <typename Call> Status Cublas::call(const char *name, Call run) const {
  ContextScope scope(owner->driver().functions(), owner->context());
  UWT_RETURN_IF_ERROR(scope.status());
  CublasStatus status = run();
  if (status == cublasSuccess)
    return ok();
  return Error(status == cublasNotSupported ? ErrorKind::Unsupported : ErrorKind::IO,
               std::string(name) + " gives " + std::to_string(status) +
                   "; see whether another cuBLAS works, by UWT_CUBLASLT beside it");
}

Status Cublas::resolve(void *library, const std::string &path) {
  const char *missing = nullptr;
#define UWT_CUBLAS(function, symbol, parameters)                                                   \
  lookUp(library, symbol, functions->function);                                                    \
  if (!functions->function)                                                                        \
    missing = symbol;
#include "CublasFunctions.def"
  if (missing)
    return unsupportedError(path + " is no cuBLAS of CUDA 12 or later: it has no " + missing);
  return ok();
}

Expected<std::unique_ptr<Cublas>> Cublas::open(CudaDevicePtr device, const std::string &besideOf) {
  size_t slash = besideOf.rfind('/');
  std::string folder = slash == std::string::npos ? "" : besideOf.substr(0, slash + 1);
  std::unique_ptr<Cublas> opened(new Cublas);
  std::string path;
  void *library = nullptr;
  for (const char *name : {"libcublas.so.13", "libcublas.so.12"}) {
    path = folder + name;
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library)
      break;
  }
  if (!library)
    return unsupportedError("cannot load cuBLAS " + inQuotes(folder + "libcublas.so.13") + " or " +
                            inQuotes(path) +
                            "; install the CUDA toolkit's libcublas or PyPI's nvidia-cublas");
  UWT_RETURN_IF_ERROR(opened->resolve(library, path));
  opened->owner = std::move(device);
  UWT_RETURN_IF_ERROR(opened->call(
      "cublasCreate", [&] { return opened->functions->cublasCreate(&opened->handle); }));
  return opened;
}

Status Cublas::multiply(uint64_t n, uint64_t k, uint32_t m, uint64_t weight, uint64_t x, uint64_t y,
                        DeviceRange workspace, void *stream) const {
  if (n > INT32_MAX || k > INT32_MAX || m > INT32_MAX)
    return usageError("cublasGemmEx takes sizes of 31 bits, got n " + std::to_string(n) + ", k " +
                      std::to_string(k) + ", m " + std::to_string(m));
  auto pointer = [](uint64_t address) { return reinterpret_cast<void *>(address); };
  UWT_RETURN_IF_ERROR(
      call("cublasSetStream", [&] { return functions->cublasSetStream(handle, stream); }));
  // A new stream takes the workspace away.
  UWT_RETURN_IF_ERROR(call("cublasSetWorkspace", [&] {
    return functions->cublasSetWorkspace(handle, pointer(workspace.address), workspace.bytes);
  }));
  const float one = 1, zero = 0;
  auto rows = static_cast<int>(n), columns = static_cast<int>(k);
  // In the library's column-major view: yᵀ [n, m] = (W seen as [k, n])ᵀ · xᵀ [k, m].
  return call("cublasGemmEx", [&] {
    return functions->cublasGemmEx(
        handle, cublasTransposed, notTransposed, rows, static_cast<int>(m), columns, &one,
        pointer(weight), cublasTypeBF16, columns, pointer(x), cublasTypeBF16, columns, &zero,
        pointer(y), cublasTypeBF16, rows, cublasComputeF32, defaultTensorAlgorithm);
  });
}
