//===- KernelProfiles.h - What kernels cost ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_KERNELPROFILES_H
#define UWT_LIB_COMPILER_KERNELPROFILES_H

#include "GpuPack.h"

namespace uwt {

/// The profiles of compiled kernels (GpuOutput::Report) as JSON.
Expected<std::string> profileText(std::span<const CompiledKernels> compiled);

} // namespace uwt

#endif // UWT_LIB_COMPILER_KERNELPROFILES_H
