// RUN: uwt-opt %s --uwt-build-weight-kernels --split-input-file | FileCheck %s --implicit-check-not='gpu.func @'
// RUN: uwt-opt %s --uwt-build-weight-kernels='encode decode gather' --split-input-file --verify-diagnostics=only-expected | FileCheck %s --check-prefix=ALL

// A weight that the module gathers from has a kernel for it. With options each weight has kernels between its format and dense rows, too; equal ones once.

// CHECK: func.func @gathered
// CHECK: gpu.module @gather_0
// CHECK: gpu.func @gather({{.*}}) kernel {{.*}}uwt.kernel_entry = #uwt.kernel_entry<gather, "gather", from <"inplace<12>"> of bf16, n = 128, k = 64, m = 1 to any, launch <persistent, threads = 128, ctas = 8, tile_k = 512, tile_m = 1> arguments [<panels : i64>, {{.*}} <x : i16 align 16>, <x_stride : i64>, <m : i64>, <extra : i32 align 4>, <extra[1] : i32 align 4>]>
// CHECK: uwt.decode_fragment #uwt.format<"inplace<12>"> of bf16
// CHECK: gpu.shuffle xor
// CHECK: memref.atomic_rmw ori

// ALL: gpu.module @encode_0
// ALL: gpu.func @histogram({{.*}}) kernel {{.*}}uwt.kernel_entry = #uwt.kernel_entry<histogram, "histogram", from <"raw, layout=row_major"> of bf16, n = 128, k = 64,
// ALL: memref.atomic_rmw addi {{.*}} #gpu.address_space<workgroup>>
// ALL: memref.atomic_rmw addi {{.*}} memref<?xi64, #gpu.address_space<global>>
// ALL: gpu.func @encode({{.*}}) kernel {{.*}}from <"raw, layout=row_major"> of bf16 to <"inplace<12>">, n = 128, k = 64,
// ALL: gpu.module @decode_0
// ALL: gpu.func @transcode({{.*}}) kernel {{.*}}from <"inplace<12>"> of bf16 to <"raw, layout=row_major">, n = 128, k = 64,
// ALL: gpu.module @gather_0
// ALL-NOT: gpu.module
func.func @gathered(%ids: memref<6xi64>, %rows: memref<6x64xbf16>) {
  %w = uwt.weight "w" : !uwt.compressed<128x64xbf16, "inplace<12>">
  uwt.gather %w[%ids] outs(%rows) : !uwt.compressed<128x64xbf16, "inplace<12>">, memref<6xi64>, memref<6x64xbf16>
  return
}

// -----

// CHECK: func.func @plain
// ALL: func.func @plain
// ALL: gpu.module @encode_0
// ALL-NOT: gpu.func @histogram
// ALL: gpu.func @encode({{.*}}) kernel {{.*}}from <"raw, layout=row_major"> of bf16 to <"raw">, n = 128, k = 60, {{.*}} arguments [<x : i16 align 2>, <x_stride : i64>, <extra : i32 align 16>]>
// ALL: gpu.module @decode_0
// ALL: gpu.module @gather_0
// ALL-NOT: gpu.module
func.func @plain() {
  %w = uwt.weight "w" : !uwt.compressed<128x60xbf16, "raw">
  %v = uwt.weight "v" : !uwt.compressed<128x60xbf16, "raw">
  return
}

// -----

// What only the host does is said.
// CHECK: func.func @streams
// ALL: func.func @streams
// ALL: gpu.module @decode_0
// ALL-NOT: gpu.module
func.func @streams() {
  // expected-remark @below {{weight 'w' is encoded by the host alone: it makes formats raw, window<4>, palette<4> and inplace<12>, not 'huffman<12,2>'}}
  // expected-remark @below {{weight 'w' has rows that only the host gathers: rows are gathered from formats with units of a fixed size, like raw, window<4>, palette<4> and inplace<12>, not from 'huffman<12,2>'}}
  %w = uwt.weight "w" : !uwt.compressed<128x2048xbf16, "huffman<12,2>">
  return
}
