//===- CudaTools.h - ptxas and nvdisasm, found and run ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NVIDIA's tools are programs, not libraries: they run without a shell, on files in a
// directory of their own that goes away afterwards.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CUDATOOLS_CUDATOOLS_H
#define UWT_LIB_CUDATOOLS_CUDATOOLS_H

#include "uwt/CudaTools/CompileKernels.h"
#include "uwt/MachineCode/MachineReport.h"
#include "uwt/Target/GpuTarget.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace uwt::cuda_tools {

/// Runs a tool with `arguments` and gives what it printed, both streams. Errors: Unsupported (it
/// did not start, or took longer than `timeout` seconds), Invalid (it failed: its messages).
Expected<std::string> runCudaTool(llvm::StringRef path, llvm::ArrayRef<std::string> arguments,
                                  unsigned timeout);

struct Assembled {
  std::string cubin;
  std::vector<machine_code::KernelResources> kernels;
};

/// PTX to an ELF file for `target`. Errors: as runCudaTool() and checkPtxasMessages().
Expected<Assembled> assemblePtx(llvm::StringRef ptx, const GpuTarget &target, llvm::StringRef ptxas,
                                unsigned timeout);

/// The listing of an ELF file. Errors: as runCudaTool().
Expected<std::string> disassembleCubin(llvm::StringRef cubin, llvm::StringRef nvdisasm,
                                       unsigned timeout);

/// What `ptxas -v` says of each kernel, in its order.
std::vector<machine_code::KernelResources> parsePtxasMessages(llvm::StringRef messages);

/// Errors: Invalid for a message C75xx (matrix instructions that ptxas serialised), or a spill
/// anywhere, with the messages' text.
Status checkPtxasMessages(llvm::StringRef messages);

} // namespace uwt::cuda_tools

#endif // UWT_LIB_CUDATOOLS_CUDATOOLS_H
