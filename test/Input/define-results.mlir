// RUN: uwt-opt %s -uwt-define-results -canonicalize | FileCheck %s

// CHECK-LABEL: @shift
// CHECK: %[[LEAST:.*]] = arith.minui %{{.*}}, %c31{{.*}} : i32
// CHECK: arith.shli %{{.*}}, %[[LEAST]] : i32
// CHECK: arith.select
func.func @shift(%a: i32, %b: i32) -> i32 {
  %0 = arith.shli %a, %b overflow<nsw> : i32
  return %0 : i32
}

// CHECK-LABEL: @shift_by_a_constant
// CHECK-NEXT: %[[TWO:.*]] = arith.constant 2 : i32
// CHECK-NEXT: arith.shrsi %{{.*}}, %[[TWO]] : i32
func.func @shift_by_a_constant(%a: i32) -> i32 {
  %c = arith.constant 2 : i32
  %0 = arith.shrsi %a, %c : i32
  return %0 : i32
}

// CHECK-LABEL: @conversion
// CHECK: arith.cmpf ogt
// CHECK: arith.cmpf uno
// CHECK: arith.fptosi
// CHECK: arith.select
func.func @conversion(%a: f32) -> i8 {
  %0 = arith.fptosi %a : f32 to i8
  return %0 : i8
}

// CHECK-LABEL: @poison
// CHECK: arith.constant 0.000000e+00 : f32
func.func @poison() -> f32 {
  %0 = ub.poison : f32
  return %0 : f32
}

// CHECK-LABEL: @promises
// CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<reassoc> : f32
func.func @promises(%a: f32) -> f32 {
  %0 = arith.addf %a, %a fastmath<reassoc,nnan,ninf> : f32
  return %0 : f32
}

// CHECK-LABEL: @read
// CHECK: linalg.fill
func.func @read() -> tensor<4xf32> {
  %0 = tensor.empty() : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @written
// CHECK-NOT: linalg.fill
// CHECK: return
func.func @written(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tensor.empty() : tensor<4xf32>
  %1 = linalg.exp ins(%x : tensor<4xf32>) outs(%0 : tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: @concatenated
// CHECK-NOT: linalg.fill
// CHECK: return
func.func @concatenated(%x: tensor<4xf32>) -> tensor<8xf32> {
  %0 = tensor.empty() : tensor<8xf32>
  %1 = tensor.insert_slice %x into %0[0] [4] [1] : tensor<4xf32> into tensor<8xf32>
  %2 = tensor.insert_slice %x into %1[4] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %2 : tensor<8xf32>
}

// CHECK-LABEL: @half
// CHECK: linalg.fill
func.func @half(%x: tensor<4xf32>) -> tensor<8xf32> {
  %0 = tensor.empty() : tensor<8xf32>
  %1 = tensor.insert_slice %x into %0[0] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %1 : tensor<8xf32>
}
