//===- CompileKernels.h - From kernels to machine code ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// compileKernels() takes a gpu.module at lane level through the LLVM dialect, LLVM's NVPTX
// code generator and NVIDIA's assembler, and reads the machine code back. It launches nothing
// and needs no GPU.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDATOOLS_COMPILEKERNELS_H
#define UWT_CUDATOOLS_COMPILEKERNELS_H

#include "uwt/Codegen/NVPTX/Ptx.h"
#include "uwt/MachineCode/MachineReport.h"
#include <string>
#include <vector>

namespace uwt::cuda_tools {

/// How far compileKernels() goes. Each includes those before it.
enum class GpuOutput { Ptx, Cubin, Report };

struct GpuCodeOptions {
  GpuOutput output = GpuOutput::Report;
  /// Paths of the tools; empty: searched (findCudaTool).
  std::string ptxas, nvdisasm;
  /// Seconds that each tool may take.
  unsigned timeout = 120;
};

enum class CudaTool { Ptxas, Nvdisasm };

/// The tool's path: `given` if it is not empty, else environment variable UWT_PTXAS or
/// UWT_NVDISASM, PATH, /usr/local/cuda/bin, and PyPI's packages in the active virtual environment
/// or in a folder `.venv` above this program. Errors: Unsupported, with how to install it; IO for a
/// named file that does not run.
Expected<std::string> findCudaTool(CudaTool tool, llvm::StringRef given);

/// The version of ptxas, "13.0.88". `given` as for findCudaTool(). Errors: those of finding and
/// running it; Unsupported where it says none.
Expected<std::string> ptxasVersion(llvm::StringRef given = {});

/// What compileKernels() gives.
struct GpuCode {
  std::string ptx;
  /// An ELF file for the target, empty for GpuOutput::Ptx.
  std::string cubin;
  /// Why nobody looked for operands of matrix instructions that change in flight, where the machine
  /// code has such instructions: no disassembler is found. Empty where somebody did.
  std::string unchecked;
  /// One for each kernel in the order of the machine code; empty unless GpuOutput::Report.
  std::vector<machine_code::KernelReport> kernels;
  codegen::GpuCodeTimes times;
};

/// Compiles a copy of `module` for `target`. Reports at the operations, and fails, where they
/// cannot be lowered; reports at the module where a function stays undefined (a math function
/// without an expansion), a tool is missing or fails, ptxas says C75xx or spills, or an A register
/// of a matrix instruction in flight is written. The last is looked for in all machine code that
/// has warpgroup matrix instructions; for GpuOutput::Cubin only where nvdisasm is found. One thread
/// at a time for a context, which has upstream's extensions registered (makeContext(), or
/// mlir::registerAllExtensions).
mlir::FailureOr<GpuCode> compileKernels(mlir::gpu::GPUModuleOp module, const GpuTarget &target,
                                        const GpuCodeOptions &options = {});

} // namespace uwt::cuda_tools

#endif // UWT_CUDATOOLS_COMPILEKERNELS_H
