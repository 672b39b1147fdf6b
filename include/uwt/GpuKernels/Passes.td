//===- Passes.td - From products to kernels for GPUs --------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_GPUKERNELS_PASSES
#define UWT_GPUKERNELS_PASSES

include "mlir/Pass/PassBase.td"

def BuildKernelsPass : Pass<"uwt-build-kernels", "::mlir::ModuleOp"> {
  let summary = "Write the kernels of products";
  let description = [{
    For each `uwt.matmul` on memrefs, adds a `gpu.module` beside its function, named after it (`@main_product_0`), with two kernels of family `skinny`:

    - `@pack` brings x into the order of matrix fragments, padded with zeros, so that the other kernel copies it in runs;
    - `@product` is launched with as many workgroups as stay on the device. Each takes an equal share of the steps (a panel of 64
      output features × `groups` groups of 64 columns). One warp copies steps into a ring of `stages` stages in shared memory with bulk copies; four warps
      decode one strip of 16 rows each into the operand registers of `mma.m16n8k16` and multiply. Where a panel is shared by workgroups, partial sums go to
      a workspace, and whoever comes last adds them in the order of the workgroups: the same bits whatever the order of arrival.

    The product stays where it is. What arguments the kernels take is in `uwt/GpuKernels/SkinnyPlan.h`. Serves formats that a thread decodes
    (`raw`, `inplace<12>`, `window<n>`, `bitplane<n>`) with 16-bit escapes; others are refused by name.

    ```mlir
    // before
    uwt.matmul ins(%x, %w : memref<8x4096xbf16>, !uwt.compressed<4096x4096xbf16, "inplace<12>">) outs(%y : memref<8x4096xbf16>) { ... }
    // after, beside the function
    gpu.module @main_product_0 {
      gpu.func @pack(%x: memref<?xbf16, #gpu.address_space<global>>, ...) kernel { ... }
      gpu.func @product(%panels: memref<?xi64, #gpu.address_space<global>>, ...) kernel { ... }
    }
    ```
  }];
  let options = [
    Option<"tiles", "tiles", "unsigned", "0",
           "Columns of x, in eights, that a kernel serves (default: as many as a static batch has, else 1)">,
    Option<"stages", "stages", "unsigned", "4", "Stages of the ring">,
    Option<"groups", "groups", "unsigned", "4", "Groups of 64 columns in a stage">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::nvgpu::NVGPUDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::uwt::UWTDialect"
  ];
}

#endif // UWT_GPUKERNELS_PASSES
