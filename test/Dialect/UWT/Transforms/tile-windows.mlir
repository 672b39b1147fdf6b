// RUN: uwt-opt %s -uwt-tile-windows=rows=32 | FileCheck %s
// RUN: uwt-opt %s -uwt-tile-windows=rows=64 | FileCheck %s --check-prefix=WHOLE

#window = affine_map<(n, y, x, c, i, j) -> (n, c, y + i, x + j)>
#all = affine_map<(n, y, x, c, i, j) -> (n, y, x, c, i, j)>
#m = affine_map<(m, n) -> (m, n)>
#n = affine_map<(m, n) -> (n)>

// 64 rows: two times 4 of the 8 lines of an image. What the epilogue reads by row is cut as well.
// CHECK-LABEL: func @lines
// CHECK-SAME: %[[IMAGE:[^:]*]]: tensor<1x8x10x10xbf16>, %[[BIAS:[^:]*]]: tensor<16xbf16>, %[[MORE:[^:]*]]: tensor<64x16xbf16>
// CHECK-NOT: tensor<1x8x8x8x3x3xbf16>
// CHECK: %[[Y:.*]] = scf.for %{{.*}} iter_args
// CHECK: scf.for %[[LINE:[^ ]*]] = %{{.*}} iter_args(%[[OUT:[^ ]*]] = %{{.*}}) -> (tensor<64x16xbf16>)
// CHECK: %[[ROWS:.*]] = tensor.extract_slice %[[MORE]]
// CHECK-SAME: tensor<64x16xbf16> to tensor<32x16xbf16>
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[IMAGE]][%{{.*}}, 0, %[[LINE]], 0] [1, 8, 6, 10]
// CHECK: %[[WINDOWS:.*]] = linalg.generic {{.*}} ins(%[[PART]] : {{.*}}) outs(%{{.*}} : tensor<1x4x8x8x3x3xbf16>)
// CHECK: %[[X:.*]] = tensor.collapse_shape %[[WINDOWS]] {{.*}} into tensor<32x72xbf16>
// CHECK: uwt.matmul ins(%[[X]], %{{.*}}) extras(%[[BIAS]], %[[ROWS]] : tensor<16xbf16>, tensor<32x16xbf16>)
// CHECK: tensor.insert_slice {{.*}} into %[[OUT]]
// WHOLE-LABEL: func @lines
// WHOLE-NOT: scf.for
// WHOLE: uwt.matmul
func.func @lines(%image: tensor<1x8x10x10xbf16>, %bias: tensor<16xbf16>, %more: tensor<64x16xbf16>) -> tensor<64x16xbf16> {
  %w = uwt.weight "w" : !uwt.compressed<16x72xbf16, "raw">
  %e = tensor.empty() : tensor<1x8x8x8x3x3xbf16>
  %windows = linalg.generic {indexing_maps = [#window, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%image : tensor<1x8x10x10xbf16>) outs(%e : tensor<1x8x8x8x3x3xbf16>) {
    ^bb0(%in: bf16, %out: bf16):
      linalg.yield %in : bf16
  } -> tensor<1x8x8x8x3x3xbf16>
  %x = tensor.collapse_shape %windows [[0, 1, 2], [3, 4, 5]] : tensor<1x8x8x8x3x3xbf16> into tensor<64x72xbf16>
  %init = tensor.empty() : tensor<64x16xbf16>
  %y = uwt.matmul ins(%x, %w : tensor<64x72xbf16>, !uwt.compressed<16x72xbf16, "raw">)
      extras(%bias, %more : tensor<16xbf16>, tensor<64x16xbf16>) maps [#n, #m] outs(%init : tensor<64x16xbf16>) {
    ^bb0(%acc: f32, %b: bf16, %r: bf16):
      %0 = arith.extf %b : bf16 to f32
      %1 = arith.addf %acc, %0 : f32
      %2 = arith.extf %r : bf16 to f32
      %3 = arith.addf %1, %2 : f32
      %4 = arith.truncf %3 : f32 to bf16
      uwt.yield %4 : bf16
  } -> tensor<64x16xbf16>
  return %y : tensor<64x16xbf16>
}
