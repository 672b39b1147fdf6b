// RUN: uwt-opt %s -uwt-insert-checks -split-input-file | FileCheck %s

// CHECK-LABEL: @cast
// CHECK: %[[SIZE:.*]] = tensor.dim %{{.*}}, %{{.*}} : tensor<?x?x64xf32>
// CHECK: %[[SAME:.*]] = arith.cmpi eq, %[[SIZE]], %[[ONE:.*]] : index
// CHECK: uwt.check %[[SAME]], "{{.*}}insert-checks.mlir:{{[0-9]+}}:8: tensor.cast: size 1 is {0}, expected {1}"(%[[SIZE]], %[[ONE]])
// CHECK: tensor.cast
func.func @cast(%x: tensor<?x?x64xf32>) -> tensor<?x1x64xf32> {
  %y = tensor.cast %x : tensor<?x?x64xf32> to tensor<?x1x64xf32>
  return %y : tensor<?x1x64xf32>
}

// What types decide takes no check.
// CHECK-LABEL: @known
// CHECK-NOT: uwt.check
func.func @known(%x: tensor<4x8xf32>, %w: tensor<8x3xf32>, %y: tensor<4x3xf32>) -> tensor<2x3xf32> {
  %0 = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x3xf32>) outs(%y : tensor<4x3xf32>) -> tensor<4x3xf32>
  %1 = tensor.extract_slice %0[2, 0] [2, 3] [1, 1] : tensor<4x3xf32> to tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// CHECK-LABEL: @extract
// CHECK: uwt.check %{{.*}}, "{{.*}} tensor.extract: index {0} is outside of dimension 0, whose size is {1}"
// CHECK-NOT: uwt.check
// CHECK: tensor.extract
func.func @extract(%x: tensor<4x8xf32>, %i: index) -> f32 {
  %c7 = arith.constant 7 : index
  %0 = tensor.extract %x[%i, %c7] : tensor<4x8xf32>
  return %0 : f32
}

// CHECK-LABEL: @matmul
// CHECK: uwt.check %{{.*}}, "{{.*}} linalg.matmul: size 0 of operand 1 is {0}, expected {1}"
// CHECK: uwt.check %{{.*}}, "{{.*}} linalg.matmul: size 0 of operand 2 is {0}, expected {1}"
// CHECK: uwt.check %{{.*}}, "{{.*}} linalg.matmul: size 1 of operand 2 is {0}, expected {1}"
func.func @matmul(%x: tensor<?x?xf32>, %w: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %0 = linalg.matmul ins(%x, %w : tensor<?x?xf32>, tensor<?x?xf32>) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// A window has to stay inside, unless a loop does not run.
// CHECK-LABEL: @convolution
// CHECK: uwt.check %{{.*}}, "{{.*}} linalg.conv_1d: index {0} is outside of dimension 0 of operand 0, whose size is {1}"
func.func @convolution(%x: tensor<?xf32>, %w: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %0 = linalg.conv_1d ins(%x, %w : tensor<?xf32>, tensor<?xf32>) outs(%y : tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: @slice
// CHECK: uwt.check %{{.*}}, "{{.*}} tensor.extract_slice: size 0 is negative: {0}"
// CHECK: uwt.check %{{.*}}, "{{.*}} tensor.extract_slice: offset 0 is {0}, outside of the size {1}"
// CHECK: uwt.check %{{.*}}, "{{.*}} tensor.extract_slice: stride 0 is {0}, expected at least 1"
// CHECK: uwt.check %{{.*}}, "{{.*}} tensor.extract_slice: size 0 is {0}, more than the {1} that there are"
func.func @slice(%x: tensor<?xf32>, %o: index, %n: index, %s: index) -> tensor<?xf32> {
  %0 = tensor.extract_slice %x[%o] [%n] [%s] : tensor<?xf32> to tensor<?xf32>
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: @division
// CHECK: uwt.check %{{.*}}, "{{.*}} arith.divsi: division by zero"
// CHECK: uwt.check %{{.*}}, "{{.*}} arith.divsi: the smallest number is divided by -1"
func.func @division(%a: i32, %b: i32) -> i32 {
  %0 = arith.divsi %a, %b : i32
  return %0 : i32
}

// CHECK-LABEL: @by_a_constant
// CHECK-NOT: uwt.check
func.func @by_a_constant(%a: i32) -> i32 {
  %c = arith.constant 7 : i32
  %0 = arith.divsi %a, %c : i32
  return %0 : i32
}

// A named division shows its body, which then has the check.
// CHECK-LABEL: @named_division
// CHECK: linalg.generic
// CHECK: uwt.check
func.func @named_division(%a: tensor<4xi32>, %b: tensor<4xi32>) -> tensor<4xi32> {
  %0 = linalg.div ins(%a, %b : tensor<4xi32>, tensor<4xi32>) outs(%a : tensor<4xi32>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
}

// CHECK-LABEL: @expand
// CHECK: uwt.check %{{.*}}, "{{.*}} tensor.expand_shape: the group of dimension 0 has {0} elements, expected {1}"
func.func @expand(%x: tensor<?xf32>, %a: index, %b: index) -> tensor<?x?xf32> {
  %0 = tensor.expand_shape %x [[0, 1]] output_shape [%a, %b] : tensor<?xf32> into tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// CHECK-LABEL: @step
// CHECK: uwt.check %{{.*}}, "{{.*}} scf.for: the step is not positive"
func.func @step(%n: index, %step: index, %x: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %0 = scf.for %i = %c0 to %n step %step iter_args(%y = %x) -> f32 {
    scf.yield %y : f32
  }
  return %0 : f32
}

// CHECK-LABEL: @softmax
// CHECK: uwt.check %{{.*}}, "{{.*}} linalg.softmax: size 0 of the output is {0}, expected {1}"
// CHECK: uwt.check %{{.*}}, "{{.*}} linalg.softmax: size 1 of the output is {0}, expected {1}"
func.func @softmax(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %0 = linalg.softmax dimension(1) ins(%x : tensor<?x?xf32>) outs(%y : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
