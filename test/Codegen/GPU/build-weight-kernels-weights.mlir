// RUN: uwt-opt %s --uwt-build-weight-kernels --verify-diagnostics=only-expected | FileCheck %s --implicit-check-not='gpu.module @'

// Weights that a loader transcodes have kernels: equal transcodes once, none for what is stored raw or runs as it is stored. Where there is no kernel, a remark says so.
// A name that the module has stays whose it is.

// CHECK: module attributes {gpu.container_module}
// CHECK: func.func private @transcode_0()
// CHECK: func.func @main
// CHECK: gpu.module @transcode_0_0
// CHECK: gpu.func @transcode({{.*}}) kernel {{.*}}uwt.kernel_entry = #uwt.kernel_entry<transcode, "transcode", from <"huffman<12,2>"> of bf16 to <"raw">, n = 64, k = 2048,
// CHECK: gpu.func @encode({{.*}}) kernel {{.*}}uwt.kernel_entry = #uwt.kernel_entry<transcode, "encode", from <"huffman<12,2>"> of bf16 to <"inplace<12>">, n = 64, k = 2048,
// CHECK: gpu.module @transcode_1
// CHECK: gpu.func @transcode({{.*}}) kernel {{.*}}from <"window<4>"> of bf16 to <"raw">, n = 64, k = 2048,
// CHECK-NOT: gpu.func
func.func private @transcode_0()
func.func @main() {
  %0 = uwt.weight "a" {stored = !uwt.compressed<64x2048xbf16, "huffman<12,2>">} : !uwt.compressed<64x2048xbf16, "inplace<12>">
  %1 = uwt.weight "b" {stored = !uwt.compressed<64x2048xbf16, "huffman<12,2>">} : !uwt.compressed<64x2048xbf16, "inplace<12>">
  // expected-remark @below {{weight 'c' is transcoded by the host alone: it makes formats raw, window<4>, palette<4> and inplace<12>, not 'inplace<11>'}}
  %2 = uwt.weight "c" {stored = !uwt.compressed<64x2048xbf16, "huffman<12,2>">} : !uwt.compressed<64x2048xbf16, "inplace<11>">
  %3 = uwt.weight "d" {stored = !uwt.compressed<64x2048xbf16, "window<4>">} : !uwt.compressed<64x2048xbf16, "raw">
  %4 = uwt.weight "e" {stored = !uwt.compressed<64x2048xbf16, "raw">} : !uwt.compressed<64x2048xbf16, "inplace<12>">
  %5 = uwt.weight "f" : !uwt.compressed<64x2048xbf16, "inplace<12>">
  return
}
