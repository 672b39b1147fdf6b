// RUN: uwt-opt %s | FileCheck %s
// RUN: uwt-opt %s | uwt-opt | FileCheck %s
// RUN: uwt-opt %s --emit-bytecode | uwt-opt | FileCheck %s
// RUN: uwt-opt %s --mlir-print-op-generic | uwt-opt | FileCheck %s

// What a pack says of kernels: all that differs from the usual is printed, and nothing else.

// CHECK-LABEL: gpu.module @product attributes {uwt.kernel_plan = #uwt.kernel_plan<slice = 64, tile_n = 128, cluster = 2, m = 300, ctas = 1, stages = 4, stage_bytes = 24576, warpgroups = true, stream_warps = 8, lookups = 5.000000e-01, raw_bytes = 1.000000e+00, decodes_beside = true, decoded_bytes = 2.500000e-01, bytes_outside = 1.000000e+00>} {
gpu.module @product attributes {uwt.kernel_plan = #uwt.kernel_plan<bytes_outside = 1.0, slice = 64, tile_n = 128, cluster = 2, m = 300, ctas = 1,
    stages = 4, stage_bytes = 24576, warpgroups = true, stream_warps = 8, lookups = 0.5, raw_bytes = 1.0, decodes_beside = true, decoded_bytes = 0.25>} {
  // CHECK: gpu.func @pack(
  // CHECK-SAME: uwt.kernel_entry = #uwt.kernel_entry<skinny, "skinny,m=8", from <"inplace<12>"> of bf16, n = 512, k = 64 to any multiple 64, m = 1 to 8, launch <tiles, threads = 256, tile_k = 64, tile_m = 8> arguments [<x : bf16 align 2>, <m : i64>]>}
  gpu.func @pack(%x: memref<?xbf16>, %m: index) kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, "skinny,m=8", from <"inplace<12>"> of bf16,
      n = 512, k = 64 to any multiple 64, m = 1 to 8, launch <tiles, threads = 256, tile_m = 8, tile_k = 64, cluster = 1, dependent = false>
      arguments [<x : bf16 align 2>, <m : i64>]>} {
    gpu.return
  }
  // CHECK: gpu.func @product(
  // CHECK-SAME: uwt.kernel_entry = #uwt.kernel_entry<wide, "wide", from <"huffman<12,2>"> of f16, n = 512, k = 4096, m = 9 to any, launch <persistent, threads = 160, shared_bytes = 1024, cluster = 4, dependent = true, ctas = 2, tile_n = 64> workspace <counters_per_tile = 16, fixed = 1, per_tile = 2, per_cta = 3, per_output = 4> after @pack arguments [<panels : i64>, <extra : f32 align 4>, <extra[1] : f32 align 4>, <constant : i64 = 18446744073709551615>]>}
  gpu.func @product(%p: memref<?xi64>, %a: memref<?xf32>, %b: memref<?xf32>, %c: index) kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<wide, "wide",
      from <"huffman<12,2>"> of f16, n = 512, k = 4096, m = 9 to any, launch <persistent, threads = 160, shared_bytes = 1024, cluster = 4, dependent = true, ctas = 2, tile_n = 64>
      workspace <counters_per_tile = 16, fixed = 1, per_tile = 2, per_cta = 3, per_output = 4> after @pack
      arguments [<panels : i64>, <extra : f32 align 4>, <extra[1] : f32 align 4>, <constant : i64 = 18446744073709551615>]>} {
    gpu.return
  }
}

// CHECK-LABEL: gpu.module @transcode {
// CHECK: #uwt.kernel_entry<transcode, "transcode", from <"huffman<12,2>"> of bf16 to <"raw">, n = 64, k = 64, m = 1 to any, launch <persistent, threads = 128>>
gpu.module @transcode {
  gpu.func @transcode() kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<transcode, "transcode", from <"huffman<12,2>"> of bf16 to <"raw">,
      n = 64, k = 64, m = 1 to any, launch <persistent, threads = 128>>} {
    gpu.return
  }
}

// CHECK: uwt.launches = [#uwt.launch<[@product], slot = 3, matrices = 8, select <bytes = 8, rank = 1> x <bytes = 2, rank = 3, matrix_dimension = 0> y <bytes = 4, rank = 3, matrix_dimension = 0> extras [<bytes = 4, rank = 1>]>]
module attributes {uwt.launches = [#uwt.launch<[@product], slot = 3, matrices = 8, select <bytes = 8, rank = 1>
    x <bytes = 2, rank = 3, matrix_dimension = 0> y <bytes = 4, rank = 3, matrix_dimension = 0> extras [<bytes = 4, rank = 1>]>]} {
}
