//===- CodeVersions.h - Which driver code needs -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CUDA versions are numbers as cuDriverGetVersion gives them: 12040 is 12.4.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CUDA_CODEVERSIONS_H
#define UWT_LIB_CUDA_CODEVERSIONS_H

#include "uwt/Pack/KernelPack.h"

namespace uwt::cuda {

/// "12.4".
std::string cudaVersionText(int version);

/// The CUDA version from which on drivers take a code object of `pack`; 0 where nothing says it.
/// Machine code runs on all drivers of its assembler's major version (NVIDIA, CUDA Compatibility,
/// "Minor Version Compatibility"); PTX is compiled from the release on that brought its version
/// (PTX ISA, "Release Notes").
int neededCuda(const KernelPack &pack, const CodeObject &code);

/// "machine code for sm_90a needs a driver for CUDA 13 (NVIDIA driver 580 or newer), and this one
/// is for CUDA 12.4"; without the number where it is not known.
std::string needText(const KernelPack &pack, const CodeObject &code, int driverVersion);

} // namespace uwt::cuda

#endif // UWT_LIB_CUDA_CODEVERSIONS_H
