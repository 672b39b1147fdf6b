// The whole way, from linalg with a constant to LLVM: the product has become dot products of
// the target, and its weight is read through the table.

// RUN: uwt-opt %s --uwt-compile-cpu="target=avx512bf16 min-elements=1" | FileCheck %s
// RUN: uwt-opt %s --uwt-compile-cpu="target=generic format=huffman<11,1> min-elements=1" | FileCheck %s --check-prefix=GENERIC

// CHECK: module attributes {uwt.slots = [#uwt.slot<"constant.0", !uwt.compressed<4x16xbf16,
// CHECK-DAG: llvm.mlir.global external @uwt_weights
// CHECK-DAG: llvm.func @_mlir_ciface_main(
// CHECK-DAG: llvm.x86.avx512bf16.dpbf16ps
// CHECK-NOT: uwt.matmul
// CHECK-NOT: unrealized_conversion_cast

// GENERIC: #uwt.slot<"constant.0", !uwt.compressed<4x16xbf16, "huffman<11,1>">>
// GENERIC-NOT: llvm.x86
func.func @main(%x: tensor<?x16xbf16>) -> tensor<?x4xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
                             [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
                             [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
                             [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]> : tensor<4x16xbf16>
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x16xbf16>
  %e = tensor.empty(%m) : tensor<?x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<?x16xbf16>, tensor<4x16xbf16>) outs(%init : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
