// RUN: uwt-opt %s --uwt-expose-weights --split-input-file | FileCheck %s

// A private function that is given a weight, over another one, is inlined; one that calls itself is not.
// CHECK-LABEL: func @calls
// CHECK: linalg.matmul ins(%arg0, %w
// CHECK: call @endless
// CHECK-NOT: func private @linear
// CHECK-NOT: func private @block
func.func @calls(%x: tensor<4x64xbf16>, %z: tensor<4x64xf32>) -> (tensor<4x64xf32>, tensor<4x64xf32>) {
  %w = uwt.weight "w" : tensor<64x64xbf16>
  %y = call @block(%x, %w, %z) : (tensor<4x64xbf16>, tensor<64x64xbf16>, tensor<4x64xf32>) -> tensor<4x64xf32>
  %v = call @endless(%w, %z) : (tensor<64x64xbf16>, tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y, %v : tensor<4x64xf32>, tensor<4x64xf32>
}
func.func private @block(%x: tensor<4x64xbf16>, %w: tensor<64x64xbf16>, %z: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %y = call @linear(%x, %w, %z) : (tensor<4x64xbf16>, tensor<64x64xbf16>, tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}
func.func private @linear(%x: tensor<4x64xbf16>, %w: tensor<64x64xbf16>, %z: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<4x64xbf16>, tensor<64x64xbf16>) outs(%z : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}
func.func private @endless(%w: tensor<64x64xbf16>, %z: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %y = call @endless(%w, %z) : (tensor<64x64xbf16>, tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// Functions that are given no weight stay: their code is shared.
// CHECK-LABEL: func @shared
// CHECK: call @activation
func.func @shared(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %y = call @activation(%x) : (tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}
func.func private @activation(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %y = math.tanh %x : tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// A layer of a stack that a loop hands to a function, and a weight that the loop carries.
// CHECK-LABEL: func @loop
// CHECK: scf.for %[[I:.*]] = {{.*}} iter_args(%{{[a-z0-9]+}} = %arg0) -> (tensor<4x64xf32>)
// CHECK: tensor.extract_slice %stack[%[[I]], 0, 0]
// CHECK: linalg.matmul
// CHECK: linalg.matmul ins(%{{.*}}, %carried
func.func @loop(%x: tensor<4x64xf32>, %z: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %stack = uwt.weight "stack" : tensor<3x64x64xbf16>
  %carried = uwt.weight "carried" : tensor<64x64xbf16>
  %r:2 = scf.for %i = %c0 to %c3 step %c1 iter_args(%h = %x, %v = %carried) -> (tensor<4x64xf32>, tensor<64x64xbf16>) {
    %w = tensor.extract_slice %stack[%i, 0, 0] [1, 64, 64] [1, 1, 1] : tensor<3x64x64xbf16> to tensor<64x64xbf16>
    %a = func.call @linear(%h, %w, %z) : (tensor<4x64xf32>, tensor<64x64xbf16>, tensor<4x64xf32>) -> tensor<4x64xf32>
    %b = linalg.matmul ins(%a, %v : tensor<4x64xf32>, tensor<64x64xbf16>) outs(%z : tensor<4x64xf32>) -> tensor<4x64xf32>
    scf.yield %b, %v : tensor<4x64xf32>, tensor<64x64xbf16>
  }
  return %r#0 : tensor<4x64xf32>
}
func.func private @linear(%x: tensor<4x64xf32>, %w: tensor<64x64xbf16>, %z: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<4x64xf32>, tensor<64x64xbf16>) outs(%z : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

// The product of a weight that a branch picks, behind a transpose, and of one that is computed in the branch.
// CHECK-LABEL: func @branch
// CHECK: scf.if %arg1
// CHECK: %[[Y:.*]] = scf.if %arg1
// CHECK: linalg.transpose ins(%w
// CHECK: linalg.matmul
// CHECK: } else {
// CHECK: arith.negf %v
// CHECK: linalg.transpose
// CHECK: linalg.matmul
// CHECK: return %[[Y]]
func.func @branch(%x: tensor<4x64xbf16>, %b: i1, %z: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %w = uwt.weight "w" : tensor<32x64xbf16>
  %v = uwt.weight "v" : tensor<32x64xbf16>
  %p = scf.if %b -> tensor<32x64xbf16> {
    scf.yield %w : tensor<32x64xbf16>
  } else {
    %n = arith.negf %v : tensor<32x64xbf16>
    scf.yield %n : tensor<32x64xbf16>
  }
  %e = tensor.empty() : tensor<64x32xbf16>
  %t = linalg.transpose ins(%p : tensor<32x64xbf16>) outs(%e : tensor<64x32xbf16>) permutation = [1, 0]
  %y = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x32xbf16>) outs(%z : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
