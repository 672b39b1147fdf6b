//===- Passes.td - From products to kernels for GPUs -------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_GPU_PASSES
#define UWT_CODEGEN_GPU_PASSES

include "mlir/Pass/PassBase.td"

def BuildKernelsPass : Pass<"uwt-build-kernels", "::mlir::ModuleOp"> {
  let summary = "Write the kernels of products";
  let description = [{
    For each `uwt.matmul` on memrefs with a `#uwt.gpu_strategy`, adds a `gpu.module` beside its function, named after it (`@main_product_0`), with two kernels of kind `skinny`, or
    `wide` where more than 128 rows of x are multiplied at a time:

    - `@pack` brings x into the order of matrix fragments, padded with zeros, so that the other kernel copies it in runs;
    - `@product` is launched with as many workgroups as stay on the device, in clusters where its strategy says so: then each workgroup of a cluster has its own
      output features, and copies its part of x to the shared memory of all (multicast). Each cluster takes an equal share of the steps (a panel of 64
      output features × a k-tile of groups of 64 columns). One warp copies steps into a ring of stages in shared memory with bulk copies; four warps
      decode one strip of 16 rows each into the operand registers of `mma.m16n8k16` and multiply. With instruction `wgmma` the four warps of a panel multiply together. Where a panel is shared by workgroups, partial sums go to
      a workspace, and whoever comes last adds them in the order of the workgroups: the same bits whatever the order of arrival.

    With instruction `fma`, `@product` is of kind `simt`: a warp takes a strip and four rows of x and multiplies in f32, from a raw weight or one
    that `@decode` decoded before.

    With strategy `buffer`, `@decode` comes before: it decodes the whole weight to the workspace, as kind `transcode` does, and `@product` reads it there. It
    serves every format that kind `transcode` serves. With `exponents` it decodes the symbols of prefix codes alone, to bytes; `@product` reads these and plane `raw`. With `codes` symbols become codes of
    four bits; a unit that has others than the weight's commonest sixteen in a row has them as bytes, and a flag.

    What kernels a product has, its `#uwt.gpu_strategy` says (`uwt-select-strategy`), all of it: a product without one is an error, and so is what cannot be built.

    Each kernel has a `uwt.kernel_entry`: how it is launched, as a pack says it. The module's `uwt.kernel_plan` is for the profile of its machine code.

    The product stays where it is. What arguments the kernels take is in `uwt/Codegen/GPU/ProductPlan.h`. Serves formats that a thread decodes
    (`raw`, `inplace<12>`, `window<n>`, `bitplane<n>`, `palette<n>`), and prefix codes: for those `@product` has no ring, its warps take
    stream units (a strip × 1,024 columns) each for itself, and units of a strip are added in their order. Others are refused by name.

    ```mlir
    // before
    uwt.matmul ins(%x, %w : memref<8x4096xbf16>, !uwt.compressed<4096x4096xbf16, "inplace<12>">) outs(%y : memref<8x4096xbf16>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 4> { ... }
    // after, beside the function
    gpu.module @main_product_0 attributes {uwt.kernel_plan = #uwt.kernel_plan<slice = 8, ...>} {
      gpu.func @pack(%x: memref<?xbf16, #gpu.address_space<global>>, ...) kernel
        attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, ..., m = 1 to any, launch <tiles, threads = 256, ...> ...>} { ... }
      gpu.func @product(%panels: memref<?xi64, #gpu.address_space<global>>, ...) kernel
        attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, ..., m = 1 to any, launch <persistent, threads = 160, ...> ... after @pack ...>} { ... }
    }
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"sm_90a\"",
           "GPU target: sm_80, sm_86, sm_89, sm_90a or sm_120a">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::nvgpu::NVGPUDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::uwt::UWTDialect"
  ];
}

def OutlineProductsPass : Pass<"uwt-outline-products", "::mlir::ModuleOp"> {
  let summary = "Make kernels of products, and launches in their place";
  let description = [{
    Each `uwt.matmul` on memrefs with a `#uwt.gpu_strategy`, and each `uwt.dispatch` of such products by ranges of m, becomes a `uwt.launch_product` that names its kernels:
    a `gpu.module` as `uwt-build-kernels` makes it, or one for each range. Equal products, which differ in where their operands come from alone, are one kind and share
    their kernels. Products without a strategy of a GPU stay as they are.

    With `grouped` kernels are of grouped products: each slice of x, as many rows as the kernel multiplies at a time, is multiplied by a matrix of its own, which a table on
    the device names ([launch-8](../packs.md#launching)). They are for packs: products stay where they are, and nothing launches them.

    ```mlir
    // before
    uwt.dispatch %m limits [8] cases {
      uwt.matmul ins(%x, %w : memref<?x4096xbf16>, !uwt.compressed<512x4096xbf16, "inplace<12>">) outs(%y : memref<?x512xbf16>)
        strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 4> { ... }
    }, {
      uwt.matmul ... strategy #uwt.gpu_strategy<direct, wgmma, slice = 256, panels = 2, cluster = 4, stages = 3, groups = 2> { ... }
    }
    // after
    uwt.launch_product [@main_product_0_m8, @main_product_0_m256]
      ins(%x, %w : memref<?x4096xbf16>, !uwt.compressed<512x4096xbf16, "inplace<12>">) outs(%y : memref<?x512xbf16>)
    // beside the function
    gpu.module @main_product_0_m8 { ... gpu.func @product(...) kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<..., m = 1 to 8, ...>} { ... } }
    gpu.module @main_product_0_m256 { ... gpu.func @product(...) kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<..., m = 9 to any, ...>} { ... } }
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"sm_90a\"",
           "GPU target: sm_80, sm_86, sm_89, sm_90a or sm_120a">,
    Option<"grouped", "grouped", "bool", /*default=*/"false", "Kernels of grouped products, for packs">
  ];
  let statistics = [
    Statistic<"numProducts", "products", "Number of products that became launches">,
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::nvgpu::NVGPUDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::uwt::UWTDialect"
  ];
}

def LowerLaunchesPass : Pass<"uwt-lower-launches", "::mlir::ModuleOp"> {
  let summary = "Call the runtime for launches of kernels";
  let description = [{
    Each `uwt.launch_product` becomes a call of `uwt_launch_product` with its number and an array that describes its operands (`uwt/Codegen/GPU/Launches.h`). What the runtime
    has to know of each number goes to the module attribute `uwt.launches`. Weights have slots (`uwt-assign-slots`).

    ```mlir
    // before
    uwt.launch_product [@main_product_0] ins(%x, %w : memref<8x4096xbf16>, !uwt.compressed<512x4096xbf16, "inplace<12>">) outs(%y : memref<8x512xf32>)
    // after
    module attributes {uwt.launches = [#uwt.launch<[@main_product_0], slot = 0, matrices = 1, x <bytes = 2, rank = 2> y <bytes = 4, rank = 2>>]} { ... }
    llvm.call @uwt_launch_product(%context, %number, %operands) : (!llvm.ptr, i64, i64) -> ()
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect", "::uwt::UWTDialect"
  ];
}

def BuildWeightKernelsPass : Pass<"uwt-build-weight-kernels", "::mlir::ModuleOp"> {
  let summary = "Write the kernels that code and decode weights";
  let description = [{
    For each `uwt.transcode`, adds a `gpu.module` beside its function, named after it (`@main_transcode_0`), with the kernels of kind `transcode`. `@transcode` makes format `raw`: a
    warp decodes a unit, writes its words in the order of plane `words`, and writes its escapes over them. It serves all codecs of which a thread decodes its part
    (`raw`, `window<n>`, `bitplane<3>`, `palette<4>`, `inplace<12>`, `inplace<11>`, prefix codes with a table of at most 96 KB), with escapes
    of either kind. For results `window<4>`, `palette<4>` and `inplace<12>` `@encode` follows, which codes those words: first it counts escapes, then, with the places that the
    host has made of the counts, it writes the planes (`uwt/Codegen/GPU/WeightKernels.h`). Each kernel has a `uwt.kernel_entry`. Others are refused by name. The transcode stays where it is.

    A `uwt.weight` that is `stored` in another format, which a loader transcodes, has such kernels at the end of the module (`@transcode_0`): equal ones once, none for
    tensors that are stored raw, which have no code words that a GPU would read faster. A weight that a `uwt.gather` reads has kernel `@gather` (`@gather_0`), which decodes the rows
    that ids name. With the options, each weight has such a kernel, and those between its format and dense rows, `raw, layout=row_major`: `@encode_0` with kernels `@histogram` and `@encode`,
    `@decode_0` with `@transcode`. Where no kernel serves a weight, a remark says why.

    ```mlir
    // before
    %r = uwt.transcode %w : !uwt.compressed<4096x4096xbf16, "huffman<12,2>"> -> !uwt.compressed<4096x4096xbf16, "raw">
    // after, beside the function
    gpu.module @main_transcode_0 {
      gpu.func @transcode(%panels: memref<?xi64, #gpu.address_space<global>>, ...) kernel { ... }
    }
    // before
    %w = uwt.weight "w" {stored = !uwt.compressed<4096x4096xbf16, "huffman<12,2>">} : !uwt.compressed<4096x4096xbf16, "inplace<12>">
    // after, at the end of the module
    gpu.module @transcode_0 {
      gpu.func @transcode(...) kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<transcode, ...>} { ... }
      gpu.func @encode(...) kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<transcode, ...>} { ... }
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::uwt::UWTDialect"
  ];
  let options = [
    Option<"encode", "encode", "bool", /*default=*/"false", "Kernels from dense rows to each weight's format">,
    Option<"decode", "decode", "bool", /*default=*/"false", "Kernels from each weight to dense rows">,
    Option<"gather", "gather", "bool", /*default=*/"false", "Kernels that gather rows of each weight">
  ];
}

#endif // UWT_CODEGEN_GPU_PASSES
