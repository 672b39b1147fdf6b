// RUN: uwt-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" | FileCheck %s

!w = !uwt.compressed<32x64xbf16, "inplace<12>">
#id = affine_map<(m, n) -> (m, n)>

// The destination's contents are not read, so nothing is copied into it.
// CHECK-LABEL: func.func @product
// CHECK-SAME: %[[X:.*]]: memref<?x64xbf16>, %[[B:.*]]: memref<32xf32>, %[[OUT:.*]]: memref<?x32xf32>
func.func @product(%x: tensor<?x64xbf16>, %b: tensor<32xf32>, %out: tensor<?x32xf32>) -> tensor<?x32xf32> {
  // CHECK-NOT: memref.copy
  // CHECK: %[[W:.*]] = uwt.weight "w" {slot = 3 : i64}
  // CHECK: uwt.matmul ins(%[[X]], %[[W]] : memref<?x64xbf16>, !uwt.compressed<32x64xbf16, "inplace<12>">)
  // CHECK-SAME: extras(%[[B]] : memref<32xf32>)
  // CHECK-SAME: outs(%[[OUT]] : memref<?x32xf32>) numerics exact
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[BIAS:.*]]: f32):
  // CHECK-NEXT: arith.addf %[[ACC]], %[[BIAS]]
  // CHECK-NOT: memref.copy
  // CHECK: return %[[OUT]]
  %w = uwt.weight "w" {slot = 3} : !w
  %y = uwt.matmul ins(%x, %w : tensor<?x64xbf16>, !w)
         extras(%b : tensor<32xf32>) maps [affine_map<(m, n) -> (n)>]
         outs(%out : tensor<?x32xf32>) numerics exact {
       ^bb0(%acc: f32, %bias: f32):
         %0 = arith.addf %acc, %bias : f32
         uwt.yield %0 : f32
       } -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// An extra that is still used cannot be the destination.
// CHECK-LABEL: func.func @extra_in_use
// CHECK-SAME: %[[X:.*]]: memref<4x64xbf16>, %[[R:.*]]: memref<4x32xf32>
func.func @extra_in_use(%x: tensor<4x64xbf16>, %r: tensor<4x32xf32>) -> tensor<4x32xf32> {
  // CHECK: %[[OUT:.*]] = memref.alloc()
  // CHECK: uwt.matmul ins(%[[X]], {{.*}}extras(%[[R]] : memref<4x32xf32>){{.*}}outs(%[[OUT]] : memref<4x32xf32>)
  %w = uwt.weight "w" : !w
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !w)
         extras(%r : tensor<4x32xf32>) maps [#id]
         outs(%r : tensor<4x32xf32>) {
       ^bb0(%acc: f32, %old: f32):
         %0 = arith.addf %acc, %old : f32
         uwt.yield %0 : f32
       } -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// A dense weight is read where it lies and copied before something writes to it.
// CHECK-LABEL: func.func @dense
func.func @dense(%i: index, %v: bf16) -> (bf16, tensor<32xbf16>) {
  // CHECK: %[[W:.*]] = uwt.weight "bias" {slot = 1 : i64} : memref<32xbf16>
  // CHECK: %[[COPY:.*]] = memref.alloc()
  // CHECK: memref.copy %[[W]], %[[COPY]]
  // CHECK: memref.store %{{.*}}, %[[COPY]]
  // CHECK: memref.load %[[W]]
  %w = uwt.weight "bias" {slot = 1} : tensor<32xbf16>
  %changed = tensor.insert %v into %w[%i] : tensor<32xbf16>
  %old = tensor.extract %w[%i] : tensor<32xbf16>
  return %old, %changed : bf16, tensor<32xbf16>
}
