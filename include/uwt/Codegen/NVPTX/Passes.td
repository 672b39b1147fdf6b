//===- Passes.td - Passes from lane-level kernels to PTX ---*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_NVPTX_PASSES
#define UWT_CODEGEN_NVPTX_PASSES

include "mlir/Pass/PassBase.td"

def LowerGpuOpsPass : Pass<"uwt-lower-gpu-ops", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Lower what upstream's conversions of kernels leave to NVVM";
  let description = [{
    `uwt.bulk_copy` becomes inline assembly with addresses of 32 bits (and a cache policy for `evict_first`), `uwt.grid_dependency_wait` and
    `uwt.launch_dependents` become `nvvm.griddepcontrol`, or nothing on a target without dependent launch. `uwt.remote_arrive` becomes `nvvm.mapa` and
    `nvvm.mbarrier.arrive`. `uwt.expect_bytes` and `uwt.async_arrive` become
    `nvvm.mbarrier.expect_tx` and `nvvm.cp.async.mbarrier.arrive`, and `uwt.atomic_add` inline assembly. `nvgpu.mma.sync` of bf16, which upstream's
    conversion refuses, becomes `nvvm.mma.sync`. Operations on vectors of several dimensions that upstream's conversion has no pattern for are
    unrolled to one dimension, and `math.fma`, counts of bits and the like become LLVM's intrinsics. An operation that the target has no instruction for is an error.

    ```mlir
    // before
    uwt.launch_dependents
    // after, with chip=sm_90a
    nvvm.griddepcontrol launch_dependents
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"\"", "Name of the GPU target (default: that of the module's #nvvm.target, else sm_90a)">,
  ];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::ub::UBDialect", "::mlir::vector::VectorDialect"
  ];
}

def GpuToPtxPass : Pass<"uwt-gpu-to-ptx", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Lower kernels and attach their PTX to the module";
  let description = [{
    Lowers the module as `uwt-gpu-to-llvm` does, and gives it to LLVM's NVPTX code generator in this process. The module gets the
    text as attribute `uwt.ptx`; with `print` it goes to the standard output instead. A function that nobody defines (a math function
    without an expansion) is an error. So is a relaxed atomic of global memory by which a kernel decides what it does next: it orders no memory.

    ```mlir
    // before
    gpu.module @m { gpu.func @k() kernel { gpu.return } }
    // after
    gpu.module @m attributes {uwt.ptx = "…"} { llvm.func @k() attributes {gpu.kernel, nvvm.kernel} { llvm.return } }
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"\"", "Name of the GPU target (default: that of the module's #nvvm.target, else sm_90a)">,
    Option<"print", "print", "bool", /*default=*/"false", "Print the PTX instead of attaching it">,
  ];
}

#endif // UWT_CODEGEN_NVPTX_PASSES
