// RUN: uwt-opt %s -uwt-fuse-decode | FileCheck %s

// Sums start from zero in f32; what the operation starts from is added to the whole sum, and a narrow
// accumulator is rounded once.

!kn = !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">

// CHECK-DAG: #[[$ROW:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[$SAME:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$SWAP:.*]] = affine_map<(d0, d1) -> (d1, d0)>

// CHECK-LABEL: func @bf16_from_zero
func.func @bf16_from_zero(%x: tensor<4x64xbf16>) -> tensor<4x128xbf16> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<4x128xbf16>
  // CHECK: uwt.matmul
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // CHECK-NEXT: %[[R:.*]] = arith.truncf %[[ACC]] : f32 to bf16
  // CHECK-NEXT: uwt.yield %[[R]] : bf16
  %y = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xbf16>) -> tensor<4x128xbf16>
  return %y : tensor<4x128xbf16>
}

// CHECK-LABEL: func @bf16_from_tensor
// CHECK-SAME: %[[INIT:[^:]*]]: tensor<4x128xbf16>)
func.func @bf16_from_tensor(%x: tensor<4x64xbf16>, %init: tensor<4x128xbf16>) -> (tensor<4x128xbf16>, tensor<4x128xbf16>) {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  // CHECK: %[[Y:.*]] = uwt.matmul {{.*}} extras(%[[INIT]] : tensor<4x128xbf16>) maps [#[[$SAME]]] outs(
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[START:.*]]: bf16):
  // CHECK-NEXT: %[[E:.*]] = arith.extf %[[START]] : bf16 to f32
  // CHECK-NEXT: %[[S:.*]] = arith.addf %[[ACC]], %[[E]] : f32
  // CHECK-NEXT: %[[R:.*]] = arith.truncf %[[S]] : f32 to bf16
  // CHECK-NEXT: uwt.yield %[[R]] : bf16
  %y = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xbf16>) -> tensor<4x128xbf16>
  // CHECK: return %[[Y]], %[[INIT]]
  return %y, %init : tensor<4x128xbf16>, tensor<4x128xbf16>
}

// A bias that was repeated into the initial value.
// CHECK-LABEL: func @bias
// CHECK-SAME: %[[B:[^:]*]]: tensor<128xbf16>)
func.func @bias(%x: tensor<4x64xbf16>, %b: tensor<128xbf16>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %e = tensor.empty() : tensor<4x128xf32>
  %init = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%b : tensor<128xbf16>) outs(%e : tensor<4x128xf32>) {
    ^bb0(%in: bf16, %o: f32):
      %0 = arith.extf %in : bf16 to f32
      linalg.yield %0 : f32
  } -> tensor<4x128xf32>
  // CHECK: uwt.matmul {{.*}} extras(%[[B]] : tensor<128xbf16>) maps [#[[$ROW]]] outs(
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[BIAS:.*]]: bf16):
  // CHECK-NEXT: %[[E:.*]] = arith.extf %[[BIAS]] : bf16 to f32
  // CHECK-NEXT: %[[S:.*]] = arith.addf %[[ACC]], %[[E]] : f32
  // CHECK-NEXT: uwt.yield %[[S]] : f32
  %y = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// CHECK-LABEL: func @number
func.func @number(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %three = arith.constant 3.0 : f32
  %init = linalg.fill ins(%three : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  // CHECK-NOT: linalg.fill
  // CHECK: uwt.matmul
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // CHECK: %[[C:.*]] = arith.constant 3.0{{.*}} : f32
  // CHECK: arith.addf %[[ACC]], %[[C]] : f32
  %y = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// The output of a weight on the left lies as [N, M], and so does what it starts from.
// CHECK-LABEL: func @transposed
// CHECK-SAME: %[[INIT:[^:]*]]: tensor<128x4xf32>)
func.func @transposed(%x: tensor<64x4xbf16>, %init: tensor<128x4xf32>) -> tensor<128x4xf32> {
  %w = uwt.weight "w" : !uwt.compressed<128x64xbf16, "inplace<12>">
  %t = uwt.decode %w : !uwt.compressed<128x64xbf16, "inplace<12>"> -> tensor<128x64xbf16>
  // CHECK: uwt.matmul {{.*}} extras(%[[INIT]] : tensor<128x4xf32>) maps [#[[$SWAP]]] outs({{.*}} : tensor<4x128xf32>)
  // CHECK: linalg.transpose ins(%{{.*}} : tensor<4x128xf32>) outs(%{{.*}} : tensor<128x4xf32>)
  %y = linalg.matmul ins(%t, %x : tensor<128x64xbf16>, tensor<64x4xbf16>) outs(%init : tensor<128x4xf32>) -> tensor<128x4xf32>
  return %y : tensor<128x4xf32>
}
