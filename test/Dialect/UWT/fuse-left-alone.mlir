// RUN: uwt-opt %s -uwt-fuse-decode -split-input-file -verify-diagnostics | FileCheck %s

// Products with a weight that are no business of uwt.matmul, and what is said about them.

!kn = !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">

// CHECK-LABEL: func @rounded_operands
func.func @rounded_operands(%x: tensor<4x64xf32>, %out: tensor<4x128xbf16>) -> tensor<4x128xbf16> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded: linalg.matmul needs the dense tensor}}
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  // CHECK: uwt.weight "w" : tensor<64x128xbf16>
  // CHECK-NEXT: linalg.matmul
  // expected-remark @below {{product with a weight is not fused: its body is not one multiplication and one addition in the f32, bf16 or f16 of its output}}
  %y = linalg.matmul ins(%x, %t : tensor<4x64xf32>, tensor<64x128xbf16>) outs(%out : tensor<4x128xbf16>) -> tensor<4x128xbf16>
  return %y : tensor<4x128xbf16>
}

// -----

!kn = !uwt.compressed<64x128xf32, "raw, storage=k_major">

// CHECK-LABEL: func @wide_accumulator
func.func @wide_accumulator(%x: tensor<4x64xf32>, %out: tensor<4x128xf64>) -> tensor<4x128xf64> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xf32>
  // CHECK: linalg.matmul
  // expected-remark @below {{product with a weight is not fused: its body is not one multiplication and one addition in the f32, bf16 or f16 of its output}}
  %y = linalg.matmul ins(%x, %t : tensor<4x64xf32>, tensor<64x128xf32>) outs(%out : tensor<4x128xf64>) -> tensor<4x128xf64>
  return %y : tensor<4x128xf64>
}

// -----

!f8 = !uwt.compressed<64x128xf8E4M3FN, "raw, storage=k_major">

// Elements that no compiled code decodes.
// CHECK-LABEL: func @no_decoder
func.func @no_decoder(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !f8
  %t = uwt.decode %w : !f8 -> tensor<64x128xf8E4M3FN>
  // CHECK: linalg.matmul
  // expected-remark @below {{product with a weight is not fused: products are compiled for bf16 and f16, not for f8E4M3FN}}
  %y = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xf8E4M3FN>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// -----

!w4 = !uwt.compressed<2x3x64x128xbf16, "inplace<12>, storage=k_major">

// CHECK-LABEL: func @rank_4
func.func @rank_4(%x: tensor<2x3x4x64xbf16>, %out: tensor<2x3x4x128xf32>) -> tensor<2x3x4x128xf32> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !w4
  %t = uwt.decode %w : !w4 -> tensor<2x3x64x128xbf16>
  // CHECK: linalg.contract
  // expected-remark @below {{product with a weight is not fused: expected a weight of rank 2 or 3, got 4}}
  %y = linalg.contract
      indexing_maps = [affine_map<(a, b, m, n, k) -> (a, b, m, k)>, affine_map<(a, b, m, n, k) -> (a, b, k, n)>, affine_map<(a, b, m, n, k) -> (a, b, m, n)>]
      ins(%x, %t : tensor<2x3x4x64xbf16>, tensor<2x3x64x128xbf16>) outs(%out : tensor<2x3x4x128xf32>) -> tensor<2x3x4x128xf32>
  return %y : tensor<2x3x4x128xf32>
}

// -----

!experts = !uwt.compressed<8x64x128xbf16, "inplace<12>, storage=k_major">

// CHECK-LABEL: func @sum_over_experts
func.func @sum_over_experts(%x: tensor<8x4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !experts
  %t = uwt.decode %w : !experts -> tensor<8x64x128xbf16>
  // CHECK: linalg.batch_reduce_matmul
  // expected-remark @below {{product with a weight is not fused: it sums over the matrices of the weight}}
  %y = linalg.batch_reduce_matmul ins(%x, %t : tensor<8x4x64xbf16>, tensor<8x64x128xbf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// -----

!table = !uwt.compressed<128x64xbf16, "inplace<12>">

// A product a row: the weight's rows go with those of x.
// CHECK-LABEL: func @row_by_row
func.func @row_by_row(%x: tensor<128x64xbf16>, %out: tensor<128xf32>) -> tensor<128xf32> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !table
  %t = uwt.decode %w : !table -> tensor<128x64xbf16>
  // CHECK: linalg.contract
  // expected-remark @below {{product with a weight is not fused: the last two dimensions of the weight are not one that is summed over and one of the output alone}}
  %y = linalg.contract
      indexing_maps = [affine_map<(r, k) -> (r, k)>, affine_map<(r, k) -> (r, k)>, affine_map<(r, k) -> (r)>]
      ins(%x, %t : tensor<128x64xbf16>, tensor<128x64xbf16>) outs(%out : tensor<128xf32>) -> tensor<128xf32>
  return %y : tensor<128xf32>
}

// -----

!kn = !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">

// CHECK-LABEL: func @two_sums
func.func @two_sums(%x: tensor<3x4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  // CHECK: linalg.generic
  // expected-remark @below {{product with a weight is not fused: it sums over more than one dimension}}
  %y = linalg.generic {
      indexing_maps = [affine_map<(m, n, j, k) -> (j, m, k)>, affine_map<(m, n, j, k) -> (k, n)>, affine_map<(m, n, j, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %t : tensor<3x4x64xbf16>, tensor<64x128xbf16>) outs(%out : tensor<4x128xf32>) {
    ^bb0(%a: bf16, %b: bf16, %sum: f32):
      %0 = arith.extf %a : bf16 to f32
      %1 = arith.extf %b : bf16 to f32
      %2 = arith.mulf %0, %1 : f32
      %3 = arith.addf %sum, %2 : f32
      linalg.yield %3 : f32
  } -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// -----

// A weight that is multiplied and looked up in: compressed for the one, dense for the other.
// CHECK-LABEL: func @embedding
func.func @embedding(%x: tensor<4x64xbf16>, %i: index, %out: tensor<4x128xf32>) -> (tensor<1x64xbf16>, tensor<4x128xf32>) {
  // CHECK-DAG: %[[C:.*]] = uwt.weight "tokens" : !uwt.compressed
  // CHECK-DAG: %[[D:.*]] = uwt.weight "tokens" : tensor<128x64xbf16>
  // expected-remark @below {{weight 'tokens' is decoded when it is loaded: tensor.extract_slice needs the dense tensor}}
  %w = uwt.weight "tokens" : !uwt.compressed<128x64xbf16, "inplace<12>">
  %t = uwt.decode %w : !uwt.compressed<128x64xbf16, "inplace<12>"> -> tensor<128x64xbf16>
  // CHECK: tensor.extract_slice %[[D]]
  %row = tensor.extract_slice %t[%i, 0] [1, 64] [1, 1] : tensor<128x64xbf16> to tensor<1x64xbf16>
  // CHECK: uwt.matmul ins(%{{.*}}, %[[C]] :
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %t : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %row, %y : tensor<1x64xbf16>, tensor<4x128xf32>
}

// -----

// Two activations (attention), and a weight that does not move: nothing to say.
// CHECK-LABEL: func @no_weight
func.func @no_weight(%q: tensor<24x16x32xbf16>, %k: tensor<24x32x16xbf16>, %out: tensor<24x16x16xf32>) -> tensor<24x16x16xf32> {
  // CHECK-NEXT: linalg.batch_matmul
  // CHECK-NEXT: return
  %y = linalg.batch_matmul ins(%q, %k : tensor<24x16x32xbf16>, tensor<24x32x16xbf16>) outs(%out : tensor<24x16x16xf32>) -> tensor<24x16x16xf32>
  return %y : tensor<24x16x16xf32>
}
