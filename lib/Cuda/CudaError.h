//===- CudaError.h - Errors of the CUDA driver ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CUDA_CUDAERROR_H
#define UWT_LIB_CUDA_CUDAERROR_H

#include "DriverApi.h"
#include "uwt/Cuda/Device.h"
#include "uwt/Support/Error.h"
#include <dlfcn.h>
#include <string>

namespace uwt::cuda {

/// Fills `function` with the symbol of a library, or with null where it has none.
template <typename Function> void lookUp(void *library, const char *symbol, Function &function) {
  function = reinterpret_cast<Function>(dlsym(library, symbol));
}

/// "CALL: CUDA_ERROR_OUT_OF_MEMORY (out of memory); what to do". `call` is the function's name and
/// what it was called for. Kinds: Unsupported where the device or driver cannot, Invalid for code
/// that is damaged, else IO.
Error cudaError(const DriverFunctions &functions, CudaResult result, const std::string &call);

/// Success, or cudaError with the text that `call()` makes: success costs no string.
template <typename Call>
Status checkCuda(const DriverFunctions &functions, CudaResult result, Call call) {
  if (result == cudaSuccess)
    return ok();
  return cudaError(functions, result, call());
}
inline Status checkCuda(const DriverFunctions &functions, CudaResult result, const char *call) {
  return checkCuda(functions, result, [call] { return std::string(call); });
}

/// Makes a context current for the calling thread while it lives, and the one before it
/// afterwards: a caller's own use of CUDA is not disturbed.
class ContextScope {
public:
  ContextScope(const DriverFunctions &functions, void *context)
      : functions(functions), result(functions.cuCtxPushCurrent(context)) {}
  ~ContextScope() {
    void *popped = nullptr;
    if (result == cudaSuccess)
      (void)functions.cuCtxPopCurrent(&popped);
  }
  ContextScope(const ContextScope &) = delete;
  ContextScope &operator=(const ContextScope &) = delete;
  Status status() const { return checkCuda(functions, result, "cuCtxPushCurrent"); }

private:
  const DriverFunctions &functions;
  CudaResult result;
};

/// Runs `call(functions)` of the driver with the device's context current. `name` is text, or makes
/// it.
template <typename Call, typename Name>
Status callOn(const CudaDevice &device, Name name, Call call) {
  const DriverFunctions &functions = device.driver().functions();
  ContextScope scope(functions, device.context());
  UWT_RETURN_IF_ERROR(scope.status());
  return checkCuda(functions, call(functions), name);
}

} // namespace uwt::cuda

#endif // UWT_LIB_CUDA_CUDAERROR_H
