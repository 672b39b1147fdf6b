// RUN: uwt-opt %s -uwt-fuse-decode | FileCheck %s
// RUN: uwt-opt %s -uwt-fuse-decode=epilogues=false | FileCheck %s --check-prefix=PRODUCT
// RUN: uwt-opt %s -uwt-fuse-decode=numerics=exact | FileCheck %s --check-prefix=EXACT

// The example of the pass's description.

#map = affine_map<(d0, d1) -> (d0, d1)>
#bias = affine_map<(d0, d1) -> (d1)>

// CHECK: #[[$BIAS:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func @linear
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x64xbf16>, %[[B:[^:]*]]: tensor<128xbf16>
// PRODUCT-LABEL: func @linear
// EXACT-LABEL: func @linear
func.func @linear(%x: tensor<?x64xbf16>, %b: tensor<128xbf16>) -> tensor<?x128xbf16> {
  %c0 = arith.constant 0 : index
  %0 = arith.constant 0.0 : f32
  %m = tensor.dim %x, %c0 : tensor<?x64xbf16>
  %e = tensor.empty(%m) : tensor<?x128xf32>
  %zero = linalg.fill ins(%0 : f32) outs(%e : tensor<?x128xf32>) -> tensor<?x128xf32>
  %e0 = tensor.empty() : tensor<64x128xbf16>
  %e1 = tensor.empty(%m) : tensor<?x128xbf16>

  // CHECK-DAG: %[[W:.*]] = uwt.weight "w"
  // CHECK-DAG: %[[M:.*]] = tensor.dim %[[X]]
  // CHECK: %[[E:.*]] = tensor.empty(%[[M]]) : tensor<?x128xbf16>
  // CHECK-NEXT: %[[Y:.*]] = uwt.matmul ins(%[[X]], %[[W]] : tensor<?x64xbf16>, !uwt.compressed<128x64xbf16, "inplace<12>">)
  // CHECK-SAME: extras(%[[B]] : tensor<128xbf16>) maps [#[[$BIAS]]] outs(%[[E]] : tensor<?x128xbf16>) {
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[IN:.*]]: bf16):
  // CHECK-NEXT: %[[WIDE:.*]] = arith.extf %[[IN]] : bf16 to f32
  // CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[ACC]], %[[WIDE]] : f32
  // CHECK-NEXT: %[[R:.*]] = arith.truncf %[[SUM]] : f32 to bf16
  // CHECK-NEXT: uwt.yield %[[R]] : bf16
  // CHECK-NEXT: } -> tensor<?x128xbf16>
  // CHECK-NEXT: return %[[Y]]

  // PRODUCT: uwt.matmul {{.*}} outs(%{{.*}} : tensor<?x128xf32>) {
  // PRODUCT-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // PRODUCT-NEXT: uwt.yield %[[ACC]] : f32
  // PRODUCT: linalg.generic

  // EXACT: uwt.matmul {{.*}} numerics exact
  %w = uwt.weight "w" : !uwt.compressed<128x64xbf16, "inplace<12>">
  %t = uwt.decode %w : !uwt.compressed<128x64xbf16, "inplace<12>"> -> tensor<128x64xbf16>
  %1 = linalg.transpose ins(%t : tensor<128x64xbf16>) outs(%e0 : tensor<64x128xbf16>) permutation = [1, 0]
  %2 = linalg.matmul ins(%x, %1 : tensor<?x64xbf16>, tensor<64x128xbf16>) outs(%zero : tensor<?x128xf32>) -> tensor<?x128xf32>
  %y = linalg.generic {indexing_maps = [#map, #bias, #map], iterator_types = ["parallel", "parallel"]}
      ins(%2, %b : tensor<?x128xf32>, tensor<128xbf16>) outs(%e1 : tensor<?x128xbf16>) {
    ^bb0(%in: f32, %in_b: bf16, %out: bf16):
      %3 = arith.extf %in_b : bf16 to f32
      %4 = arith.addf %in, %3 : f32
      %5 = arith.truncf %4 : f32 to bf16
      linalg.yield %5 : bf16
  } -> tensor<?x128xbf16>
  return %y : tensor<?x128xbf16>
}
