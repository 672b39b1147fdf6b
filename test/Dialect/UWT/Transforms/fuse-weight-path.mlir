// RUN: uwt-opt %s -uwt-fuse-decode -split-input-file | FileCheck %s

// What front ends put between a weight, or x, and the product.

#map = affine_map<(d0, d1) -> (d0, d1)>
#swap = affine_map<(d0, d1) -> (d1, d0)>
!nk = !uwt.compressed<128x64xbf16, "huffman<12,2>">

// torch-mlir: transpose, then both operands widened.
// CHECK-LABEL: func @widened
// CHECK-SAME: %[[X:.*]]: tensor<4x64xbf16>
func.func @widened(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !nk
  %t = uwt.decode %w : !nk -> tensor<128x64xbf16>
  %e0 = tensor.empty() : tensor<64x128xbf16>
  %0 = linalg.transpose ins(%t : tensor<128x64xbf16>) outs(%e0 : tensor<64x128xbf16>) permutation = [1, 0]
  %e1 = tensor.empty() : tensor<64x128xf32>
  %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<64x128xbf16>) outs(%e1 : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %o: f32):
      %5 = arith.extf %in : bf16 to f32
      linalg.yield %5 : f32
  } -> tensor<64x128xf32>
  %e2 = tensor.empty() : tensor<4x64xf32>
  %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x64xbf16>) outs(%e2 : tensor<4x64xf32>) {
    ^bb0(%in: bf16, %o: f32):
      %5 = arith.extf %in : bf16 to f32
      linalg.yield %5 : f32
  } -> tensor<4x64xf32>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  // CHECK-NOT: linalg
  // CHECK: uwt.matmul ins(%[[X]], %{{.*}} : tensor<4x64xbf16>, !uwt.compressed<128x64xbf16, "huffman<12,2>">)
  // CHECK-NOT: linalg
  %y = linalg.matmul ins(%2, %1 : tensor<4x64xf32>, tensor<64x128xf32>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// A generic that permutes and widens at once, and a cast that forgets sizes.
// CHECK-LABEL: func @permuting_generic
// CHECK-SAME: %[[X:.*]]: tensor<4x64xf32>
func.func @permuting_generic(%x: tensor<4x64xf32>, %out: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %w = uwt.weight "w" : !nk
  %t = uwt.decode %w : !nk -> tensor<128x64xbf16>
  %e = tensor.empty() : tensor<64x128xf32>
  %0 = linalg.generic {indexing_maps = [#swap, #map], iterator_types = ["parallel", "parallel"]} ins(%t : tensor<128x64xbf16>) outs(%e : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %o: f32):
      %5 = arith.extf %in : bf16 to f32
      linalg.yield %5 : f32
  } -> tensor<64x128xf32>
  %1 = tensor.cast %0 : tensor<64x128xf32> to tensor<64x?xf32>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: %[[P:.*]] = uwt.matmul ins(%[[X]], %{{.*}} : tensor<4x64xf32>, !uwt.compressed<128x64xbf16, "huffman<12,2>">)
  // CHECK: %[[Y:.*]] = tensor.cast %[[P]] : tensor<4x128xf32> to tensor<4x?xf32>
  // CHECK: return %[[Y]]
  %y = linalg.matmul ins(%x, %1 : tensor<4x64xf32>, tensor<64x?xf32>) outs(%init : tensor<4x?xf32>) -> tensor<4x?xf32>
  return %y : tensor<4x?xf32>
}

// Sizes of x that are not known, as its type says.
// CHECK-LABEL: func @unknown_columns
// CHECK-SAME: %[[X:.*]]: tensor<?x?xbf16>
func.func @unknown_columns(%x: tensor<?x?xbf16>, %out: tensor<?x128xf32>) -> tensor<?x128xf32> {
  %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "raw, storage=k_major">
  %t = uwt.decode %w : !uwt.compressed<64x128xbf16, "raw, storage=k_major"> -> tensor<64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<?x128xf32>) -> tensor<?x128xf32>
  // CHECK: %[[C:.*]] = tensor.cast %[[X]] : tensor<?x?xbf16> to tensor<?x64xbf16>
  // CHECK: uwt.matmul ins(%[[C]],
  %y = linalg.matmul ins(%x, %t : tensor<?x?xbf16>, tensor<64x128xbf16>) outs(%init : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}

// Elements of x that the weight's do not go with are widened.
// CHECK-LABEL: func @mixed_elements
func.func @mixed_elements(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !uwt.compressed<64x128xf16, "raw, storage=k_major">
  %t = uwt.decode %w : !uwt.compressed<64x128xf16, "raw, storage=k_major"> -> tensor<64x128xf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  // CHECK: %[[X:.*]] = linalg.generic
  // CHECK: arith.extf %{{.*}} : bf16 to f32
  // CHECK: uwt.matmul ins(%[[X]], %{{.*}} : tensor<4x64xf32>, !uwt.compressed<64x128xf16, "raw, storage=k_major">)
  %y = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// -----

!nk = !uwt.compressed<128x64xbf16, "huffman<12,2>">

// Tied embeddings: one matrix used from both sides is read in two orders.
// CHECK-LABEL: func @both_sides
func.func @both_sides(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>, %h: tensor<4x128xbf16>, %out1: tensor<4x64xf32>) -> (tensor<4x128xf32>, tensor<4x64xf32>) {
  %zero = arith.constant 0.0 : f32
  // CHECK: %[[W:.*]] = uwt.weight "w" : !uwt.compressed<128x64xbf16, "huffman<12,2>">
  %w = uwt.weight "w" : !nk
  %t = uwt.decode %w : !nk -> tensor<128x64xbf16>
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  %init1 = linalg.fill ins(%zero : f32) outs(%out1 : tensor<4x64xf32>) -> tensor<4x64xf32>
  // CHECK: uwt.matmul ins(%{{.*}}, %[[W]] :
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %t : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  // CHECK: %[[K:.*]] = uwt.transcode %[[W]] : {{.*}} -> !uwt.compressed<128x64xbf16, "huffman<12,2>, storage=k_major">
  // CHECK: uwt.matmul ins(%{{.*}}, %[[K]] : tensor<4x128xbf16>,
  %z = linalg.matmul ins(%h, %t : tensor<4x128xbf16>, tensor<128x64xbf16>) outs(%init1 : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y, %z : tensor<4x128xf32>, tensor<4x64xf32>
}

// Rows that lie one after another are good for embeddings, not for products.
// CHECK-LABEL: func @row_major
func.func @row_major(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  %zero = arith.constant 0.0 : f32
  %w = uwt.weight "w" : !uwt.compressed<128x64xbf16, "huffman<12,2>, layout=row_major">
  %t = uwt.decode %w : !uwt.compressed<128x64xbf16, "huffman<12,2>, layout=row_major"> -> tensor<128x64xbf16>
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  // CHECK: uwt.transcode %{{.*}} -> !uwt.compressed<128x64xbf16, "huffman<12,2>">
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %t : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}
