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

!table = !uwt.compressed<128x64xbf16, "inplace<12>">

// A product a row: the weight's rows go with those of x.
// CHECK-LABEL: func @row_by_row
func.func @row_by_row(%x: tensor<128x64xbf16>, %out: tensor<128xf32>) -> tensor<128xf32> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !table
  %t = uwt.decode %w : !table -> tensor<128x64xbf16>
  // CHECK: linalg.contract
  // expected-remark @below {{product with a weight is not fused: its 128 matrices of 1x64 would be padded to 16x64 (as a depthwise convolution's)}}
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

// -----

!layers = !uwt.compressed<8x64x4x64xbf16, "raw">

// More matrices than a selection has layers for.
// CHECK-LABEL: func @experts_of_a_layer
func.func @experts_of_a_layer(%x: tensor<4x2x64xbf16>, %i: index, %out: tensor<4x2x64xf32>) -> tensor<4x2x64xf32> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !layers
  %t = uwt.decode %w : !layers -> tensor<8x64x4x64xbf16>
  %layer = tensor.extract_slice %t[%i, 0, 0, 0] [1, 64, 4, 64] [1, 1, 1, 1] : tensor<8x64x4x64xbf16> to tensor<64x4x64xbf16>
  // CHECK: linalg.contract
  // expected-remark @below {{product with a weight is not fused: it selects a layer of a weight that has several matrices a layer}}
  %y = linalg.contract
      indexing_maps = [affine_map<(e, m, n, k) -> (e, m, k)>, affine_map<(e, m, n, k) -> (n, e, k)>, affine_map<(e, m, n, k) -> (e, m, n)>]
      ins(%x, %layer : tensor<4x2x64xbf16>, tensor<64x4x64xbf16>) outs(%out : tensor<4x2x64xf32>) -> tensor<4x2x64xf32>
  return %y : tensor<4x2x64xf32>
}

// -----

// A weight that gets twice as large by what is computed from it.
// CHECK-LABEL: func @widened_and_scaled
func.func @widened_and_scaled(%x: tensor<4x64xf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !uwt.compressed<32x64xf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<32x64xf16, "raw"> -> tensor<32x64xf16>
  %e = tensor.empty() : tensor<4x32x64xf16>
  %many = linalg.broadcast ins(%t : tensor<32x64xf16>) outs(%e : tensor<4x32x64xf16>) dimensions = [0]
  %rows = tensor.collapse_shape %many [[0, 1], [2]] : tensor<4x32x64xf16> into tensor<128x64xf16>
  // CHECK: linalg.matmul
  // expected-remark @below {{product with a weight is not fused: computed when it is loaded, its weight would take 16384 bytes, from 4096}}
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %rows : tensor<4x64xf16>, tensor<128x64xf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}
