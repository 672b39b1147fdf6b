// RUN: uwt-opt %s > %t.before
// RUN: uwt-opt %s -uwt-fuse-decode > %t.after
// RUN: diff %t.before %t.after

// Functions without weights stay as they are: dead code, equal constants and all.

func.func @attention(%q: tensor<2x?x32xbf16>, %k: tensor<2x32x?xbf16>) -> tensor<2x?x?xbf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %m = tensor.dim %q, %c1 : tensor<2x?x32xbf16>
  %c2 = arith.constant 2 : index
  %n = tensor.dim %k, %c2 : tensor<2x32x?xbf16>
  %e = tensor.empty(%m, %n) : tensor<2x?x?xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<2x?x?xf32>) -> tensor<2x?x?xf32>
  %0 = linalg.batch_matmul ins(%q, %k : tensor<2x?x32xbf16>, tensor<2x32x?xbf16>) outs(%init : tensor<2x?x?xf32>) -> tensor<2x?x?xf32>
  %m1 = tensor.dim %0, %one : tensor<2x?x?xf32>
  %e1 = tensor.empty(%m1, %n) : tensor<2x?x?xbf16>
  %1 = linalg.generic {
      indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%0 : tensor<2x?x?xf32>) outs(%e1 : tensor<2x?x?xbf16>) {
    ^bb0(%in: f32, %out: bf16):
      %2 = arith.truncf %in : f32 to bf16
      linalg.yield %2 : bf16
  } -> tensor<2x?x?xbf16>
  return %1 : tensor<2x?x?xbf16>
}
