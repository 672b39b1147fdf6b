// RUN: uwt-opt %s -uwt-fuse-decode -split-input-file | FileCheck %s

// Weights that reach their product through a computation: it moves into a function that the loader calls.

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Parts of one matrix. Equal parts would be one function; these differ in where they begin.
// CHECK-LABEL: func @rows
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x64xbf16>
func.func @rows(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>) -> (tensor<4x128xf32>, tensor<4x128xf32>) {
  // CHECK-NOT: uwt.decode
  // CHECK: %[[Q:.*]] = uwt.weight "derive(qk)" {derivation = #uwt.derivation<@derive, ["qk"]>} : !uwt.compressed<128x64xbf16, "raw">
  // CHECK: uwt.matmul ins(%[[X]], %[[Q]] :
  // CHECK: %[[K:.*]] = uwt.weight "derive_0(qk)" {derivation = #uwt.derivation<@derive_0, ["qk"]>} : !uwt.compressed<128x64xbf16, "raw">
  // CHECK: uwt.matmul ins(%[[X]], %[[K]] :
  %w = uwt.weight "qk" : !uwt.compressed<256x64xbf16, "inplace<12>">
  %t = uwt.decode %w : !uwt.compressed<256x64xbf16, "inplace<12>"> -> tensor<256x64xbf16>
  %q = tensor.extract_slice %t[0, 0] [128, 64] [1, 1] : tensor<256x64xbf16> to tensor<128x64xbf16>
  %k = tensor.extract_slice %t[128, 0] [128, 64] [1, 1] : tensor<256x64xbf16> to tensor<128x64xbf16>
  %0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %q : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  %1 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %k : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %0, %1 : tensor<4x128xf32>, tensor<4x128xf32>
}
// CHECK: func.func private @derive(%[[T:.*]]: tensor<256x64xbf16> {bufferization.writable = false}) -> tensor<128x64xbf16>
// CHECK-NEXT: %[[PART:.*]] = tensor.extract_slice %[[T]][0, 0] [128, 64] [1, 1]
// CHECK-NEXT: return %[[PART]]
// CHECK: func.func private @derive_0
// CHECK-NEXT: tensor.extract_slice {{.*}}[128, 0] [128, 64] [1, 1]

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#vector = affine_map<(n, k) -> (n)>
#matrix = affine_map<(n, k) -> (n, k)>

// Two layers with concatenated weights and a scale: one function for both.
// CHECK-LABEL: func @equal_functions
func.func @equal_functions(%x: tensor<4x64xbf16>, %out: tensor<4x96xf32>) -> (tensor<4x96xf32>, tensor<4x96xf32>) {
  // CHECK: uwt.weight "derive(0.a, 0.b, 0.scale)" {derivation = #uwt.derivation<@derive, ["0.a", "0.b", "0.scale"]>}
  // CHECK: uwt.weight "derive(1.a, 1.b, 1.scale)" {derivation = #uwt.derivation<@derive, ["1.a", "1.b", "1.scale"]>}
  %a0 = uwt.weight "0.a" : !uwt.compressed<32x64xbf16, "raw">
  %b0 = uwt.weight "0.b" : !uwt.compressed<64x64xbf16, "raw">
  %s0 = uwt.weight "0.scale" : tensor<96xbf16>
  %ta0 = uwt.decode %a0 : !uwt.compressed<32x64xbf16, "raw"> -> tensor<32x64xbf16>
  %tb0 = uwt.decode %b0 : !uwt.compressed<64x64xbf16, "raw"> -> tensor<64x64xbf16>
  %w0 = tensor.concat dim(0) %ta0, %tb0 : (tensor<32x64xbf16>, tensor<64x64xbf16>) -> tensor<96x64xbf16>
  %e0 = tensor.empty() : tensor<96x64xbf16>
  %scaled0 = linalg.generic {indexing_maps = [#matrix, #vector, #matrix], iterator_types = ["parallel", "parallel"]}
      ins(%w0, %s0 : tensor<96x64xbf16>, tensor<96xbf16>) outs(%e0 : tensor<96x64xbf16>) {
    ^bb0(%w: bf16, %s: bf16, %o: bf16):
      %p = arith.mulf %w, %s : bf16
      linalg.yield %p : bf16
  } -> tensor<96x64xbf16>
  %y0 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %scaled0 : tensor<4x64xbf16>, tensor<96x64xbf16>) outs(%out : tensor<4x96xf32>) -> tensor<4x96xf32>

  %a1 = uwt.weight "1.a" : !uwt.compressed<32x64xbf16, "raw">
  %b1 = uwt.weight "1.b" : !uwt.compressed<64x64xbf16, "raw">
  %s1 = uwt.weight "1.scale" : tensor<96xbf16>
  %ta1 = uwt.decode %a1 : !uwt.compressed<32x64xbf16, "raw"> -> tensor<32x64xbf16>
  %tb1 = uwt.decode %b1 : !uwt.compressed<64x64xbf16, "raw"> -> tensor<64x64xbf16>
  %w1 = tensor.concat dim(0) %ta1, %tb1 : (tensor<32x64xbf16>, tensor<64x64xbf16>) -> tensor<96x64xbf16>
  %e1 = tensor.empty() : tensor<96x64xbf16>
  %scaled1 = linalg.generic {indexing_maps = [#matrix, #vector, #matrix], iterator_types = ["parallel", "parallel"]}
      ins(%w1, %s1 : tensor<96x64xbf16>, tensor<96xbf16>) outs(%e1 : tensor<96x64xbf16>) {
    ^bb0(%w: bf16, %s: bf16, %o: bf16):
      %p = arith.mulf %w, %s : bf16
      linalg.yield %p : bf16
  } -> tensor<96x64xbf16>
  %y1 = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %scaled1 : tensor<4x64xbf16>, tensor<96x64xbf16>) outs(%out : tensor<4x96xf32>) -> tensor<4x96xf32>
  return %y0, %y1 : tensor<4x96xf32>, tensor<4x96xf32>
}
// CHECK: func.func private @derive(
// CHECK-NEXT: tensor.concat
// CHECK-NEXT: tensor.empty
// CHECK-NEXT: linalg.generic
// CHECK-NOT: func.func private

// -----

// Heads: N is two dimensions of the weight, and K comes first, so that nothing is transposed at load.
// CHECK-LABEL: func @heads
// CHECK-SAME: %[[X:.*]]: tensor<2x3x64xbf16>
func.func @heads(%x: tensor<2x3x64xbf16>, %out: tensor<2x4x3x16xf32>) -> tensor<2x4x3x16xf32> {
  // CHECK-DAG: %[[W:.*]] = uwt.weight {{.*}} : !uwt.compressed<64x64xbf16, "raw, storage=k_major">
  // CHECK-DAG: %[[ROWS:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2]]
  // CHECK: %[[Y:.*]] = uwt.matmul ins(%[[ROWS]], %[[W]] :
  // CHECK: %[[HEADS:.*]] = tensor.expand_shape %[[Y]] {{\[\[}}0, 1], [2, 3]] output_shape [2, 3, 4, 16]
  // CHECK: linalg.transpose ins(%[[HEADS]] {{.*}} permutation = [0, 2, 1, 3]
  %w = uwt.weight "w" : !uwt.compressed<64x4x16xbf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<64x4x16xbf16, "raw"> -> tensor<64x4x16xbf16>
  %y = linalg.contract
      indexing_maps = [affine_map<(b, s, h, d, k) -> (b, s, k)>, affine_map<(b, s, h, d, k) -> (k, h, d)>, affine_map<(b, s, h, d, k) -> (b, h, s, d)>]
      ins(%x, %t : tensor<2x3x64xbf16>, tensor<64x4x16xbf16>) outs(%out : tensor<2x4x3x16xf32>) -> tensor<2x4x3x16xf32>
  return %y : tensor<2x4x3x16xf32>
}
// CHECK: func.func private @derive
// CHECK-NEXT: tensor.collapse_shape {{.*}} {{\[\[}}0], [1, 2]] : tensor<64x4x16xbf16> into tensor<64x64xbf16>

// -----

// A sum over the matrices as well: K is two dimensions.
// CHECK-LABEL: func @batch_reduce
func.func @batch_reduce(%x: tensor<8x4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // CHECK: linalg.transpose {{.*}} permutation = [1, 0, 2]
  // CHECK: tensor.collapse_shape {{.*}} into tensor<4x512xbf16>
  // CHECK: uwt.matmul {{.*}} !uwt.compressed<512x128xbf16, "raw, storage=k_major">
  %w = uwt.weight "w" : !uwt.compressed<8x64x128xbf16, "raw, storage=k_major">
  %t = uwt.decode %w : !uwt.compressed<8x64x128xbf16, "raw, storage=k_major"> -> tensor<8x64x128xbf16>
  %y = linalg.batch_reduce_matmul ins(%x, %t : tensor<8x4x64xbf16>, tensor<8x64x128xbf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// -----

// A vector of a weight with one row.
// CHECK-LABEL: func @dot
func.func @dot(%x: tensor<64xbf16>, %out: tensor<f32>) -> tensor<f32> {
  // CHECK: uwt.matmul {{.*}} : tensor<1x64xbf16>, !uwt.compressed<1x64xbf16, "raw">
  // CHECK: tensor.collapse_shape {{.*}} [] : tensor<1x1xf32> into tensor<f32>
  %w = uwt.weight "w" : !uwt.compressed<1x64xbf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<1x64xbf16, "raw"> -> tensor<1x64xbf16>
  %v = tensor.collapse_shape %t [[0, 1]] : tensor<1x64xbf16> into tensor<64xbf16>
  %y = linalg.dot ins(%x, %v : tensor<64xbf16>, tensor<64xbf16>) outs(%out : tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// CHECK-LABEL: func @mmt4d
func.func @mmt4d(%x: tensor<2x5x4x8xbf16>, %out: tensor<2x3x4x16xf32>) -> tensor<2x3x4x16xf32> {
  // CHECK: uwt.matmul {{.*}} : tensor<8x40xbf16>, !uwt.compressed<48x40xbf16, "raw">
  %w = uwt.weight "w" : !uwt.compressed<3x5x16x8xbf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<3x5x16x8xbf16, "raw"> -> tensor<3x5x16x8xbf16>
  %y = linalg.mmt4d ins(%x, %t : tensor<2x5x4x8xbf16>, tensor<3x5x16x8xbf16>) outs(%out : tensor<2x3x4x16xf32>) -> tensor<2x3x4x16xf32>
  return %y : tensor<2x3x4x16xf32>
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

// A low-rank correction that is added to the weight: the product of the two is part of the computation.
// CHECK-LABEL: func @low_rank
func.func @low_rank(%x: tensor<4x64xbf16>, %init: tensor<128x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // CHECK: uwt.matmul
  // CHECK-NOT: uwt.matmul
  %w = uwt.weight "w" : !uwt.compressed<128x64xbf16, "raw">
  %a = uwt.weight "a" : !uwt.compressed<4x64xbf16, "raw">
  %b = uwt.weight "b" : !uwt.compressed<128x4xbf16, "raw">
  %tw = uwt.decode %w : !uwt.compressed<128x64xbf16, "raw"> -> tensor<128x64xbf16>
  %ta = uwt.decode %a : !uwt.compressed<4x64xbf16, "raw"> -> tensor<4x64xbf16>
  %tb = uwt.decode %b : !uwt.compressed<128x4xbf16, "raw"> -> tensor<128x4xbf16>
  %sum = linalg.matmul ins(%tb, %ta : tensor<128x4xbf16>, tensor<4x64xbf16>) outs(%tw : tensor<128x64xbf16>) -> tensor<128x64xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %sum : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}
// CHECK: func.func private @derive
// CHECK: linalg.matmul

// -----

// f8 with a scale for each row, and at least that: widened and scaled once. (Without the bound the codes would be held: fuse-dequantize.mlir.)
// CHECK-LABEL: func @scaled_f8
func.func @scaled_f8(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // CHECK: %[[W:.*]] = uwt.weight "derive(w, scale)" {{.*}} : !uwt.compressed<128x64xbf16, "raw">
  // CHECK: uwt.matmul ins(%{{.*}}, %[[W]] :
  %w = uwt.weight "w" : !uwt.compressed<128x64xf8E4M3FN, "raw">
  %s = uwt.weight "scale" : tensor<128xf32>
  %t = uwt.decode %w : !uwt.compressed<128x64xf8E4M3FN, "raw"> -> tensor<128x64xf8E4M3FN>
  %e = tensor.empty() : tensor<128x64xbf16>
  %scaled = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n)>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
      ins(%t, %s : tensor<128x64xf8E4M3FN>, tensor<128xf32>) outs(%e : tensor<128x64xbf16>) {
    ^bb0(%a: f8E4M3FN, %f: f32, %o: bf16):
      %0 = arith.extf %a : f8E4M3FN to f32
      %p = arith.mulf %0, %f : f32
      %1 = arith.maximumf %p, %f : f32
      %2 = arith.truncf %1 : f32 to bf16
      linalg.yield %2 : bf16
  } -> tensor<128x64xbf16>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %scaled : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}
// CHECK: func.func private @derive(%{{.*}}: tensor<128x64xf8E4M3FN> {{.*}}, %{{.*}}: tensor<128xf32>
// CHECK: arith.mulf

// -----

// A scale behind the sum is the product's epilogue; the weight is widened once.
// CHECK-LABEL: func @f8_scaled_behind
func.func @f8_scaled_behind(%x: tensor<4x64xbf16>, %s: tensor<128xf32>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // CHECK: %[[W:.*]] = uwt.weight "derive(w)" {{.*}} : !uwt.compressed<128x64xbf16, "raw">
  // CHECK: uwt.matmul ins(%{{.*}}, %[[W]] : {{.*}}) extras(%{{.*}} : tensor<128xf32>)
  // CHECK: arith.mulf
  %zero = arith.constant 0.0 : f32
  %w = uwt.weight "w" : !uwt.compressed<128x64xf8E4M3FN, "raw">
  %t = uwt.decode %w : !uwt.compressed<128x64xf8E4M3FN, "raw"> -> tensor<128x64xf8E4M3FN>
  %e = tensor.empty() : tensor<128x64xbf16>
  %wide = linalg.generic {indexing_maps = [affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n, k)>], iterator_types = ["parallel", "parallel"]}
      ins(%t : tensor<128x64xf8E4M3FN>) outs(%e : tensor<128x64xbf16>) {
    ^bb0(%a: f8E4M3FN, %o: bf16):
      %0 = arith.extf %a : f8E4M3FN to bf16
      linalg.yield %0 : bf16
  } -> tensor<128x64xbf16>
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  %sum = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %wide : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%sum, %s : tensor<4x128xf32>, tensor<128xf32>) outs(%out : tensor<4x128xf32>) {
    ^bb0(%a: f32, %f: f32, %o: f32):
      %0 = arith.mulf %a, %f : f32
      linalg.yield %0 : f32
  } -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}
