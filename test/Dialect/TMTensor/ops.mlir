// RUN: uwt-opt %s | FileCheck %s
// RUN: uwt-opt %s --emit-bytecode | uwt-opt | FileCheck %s

// CHECK-LABEL: @scan
func.func @scan(%x: tensor<4x?xf32>, %y: tensor<4x?xf32>, %last: tensor<4xf32>) -> (tensor<4x?xf32>, tensor<4xf32>) {
  // CHECK: tm_tensor.scan dimension(1) inclusive(true) ins(%{{.*}} : tensor<4x?xf32>) outs(%{{.*}}, %{{.*}} : tensor<4x?xf32>, tensor<4xf32>) {
  // CHECK: tm_tensor.yield %{{.*}} : f32
  // CHECK: } -> tensor<4x?xf32>, tensor<4xf32>
  %0:2 = tm_tensor.scan dimension(1) inclusive(true) ins(%x : tensor<4x?xf32>) outs(%y, %last : tensor<4x?xf32>, tensor<4xf32>) {
  ^bb0(%before: f32, %element: f32):
    %1 = arith.addf %before, %element : f32
    tm_tensor.yield %1 : f32
  } -> tensor<4x?xf32>, tensor<4xf32>
  return %0#0, %0#1 : tensor<4x?xf32>, tensor<4xf32>
}

// CHECK-LABEL: @scatter
func.func @scatter(%x: tensor<8x3xf32>, %updates: tensor<2x1x3xf32>, %rows: tensor<2x1xi64>) -> tensor<8x3xf32> {
  // CHECK: tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(false) ins(%{{.*}}, %{{.*}} : tensor<2x1x3xf32>, tensor<2x1xi64>) outs(%{{.*}} : tensor<8x3xf32>)
  %0 = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(false) ins(%updates, %rows : tensor<2x1x3xf32>, tensor<2x1xi64>) outs(%x : tensor<8x3xf32>) {
  ^bb0(%update: f32, %current: f32):
    tm_tensor.yield %update : f32
  } -> tensor<8x3xf32>
  return %0 : tensor<8x3xf32>
}

// CHECK-LABEL: @sort
func.func @sort(%x: tensor<6xf32>, %i: tensor<6xi64>) -> (tensor<6xf32>, tensor<6xi64>) {
  // CHECK: tm_tensor.sort dimension(0) outs(%{{.*}}, %{{.*}} : tensor<6xf32>, tensor<6xi64>)
  %0:2 = tm_tensor.sort dimension(0) outs(%x, %i : tensor<6xf32>, tensor<6xi64>) {
  ^bb0(%a: f32, %b: f32, %c: i64, %d: i64):
    %1 = arith.cmpf oge, %a, %b : f32
    tm_tensor.yield %1 : i1
  } -> tensor<6xf32>, tensor<6xi64>
  return %0#0, %0#1 : tensor<6xf32>, tensor<6xi64>
}

// CHECK-LABEL: @topk
func.func @topk(%x: tensor<4x6xf32>, %v: tensor<4x2xf32>, %i: tensor<4x2xi32>) -> (tensor<4x2xf32>, tensor<4x2xi32>) {
  // CHECK: tm_tensor.topk dimension(1) ins(%{{.*}} : tensor<4x6xf32>) outs(%{{.*}}, %{{.*}} : tensor<4x2xf32>, tensor<4x2xi32>)
  %0:2 = tm_tensor.topk dimension(1) ins(%x : tensor<4x6xf32>) outs(%v, %i : tensor<4x2xf32>, tensor<4x2xi32>) {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.cmpf ogt, %a, %b : f32
    tm_tensor.yield %1 : i1
  } -> tensor<4x2xf32>, tensor<4x2xi32>
  return %0#0, %0#1 : tensor<4x2xf32>, tensor<4x2xi32>
}

// CHECK-LABEL: @attention
func.func @attention(%q: tensor<2x4x8xf32>, %k: tensor<2x5x8xf32>, %mask: tensor<2x4x5xi1>) -> tensor<2x4x8xf32> {
  // CHECK: tm_tensor.attention ins(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<2x4x8xf32>, tensor<2x5x8xf32>, tensor<2x5x8xf32>, tensor<2x4x5xi1>) outs(%{{.*}} : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %0 = tm_tensor.attention ins(%q, %k, %k, %mask : tensor<2x4x8xf32>, tensor<2x5x8xf32>, tensor<2x5x8xf32>, tensor<2x4x5xi1>) outs(%q : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return %0 : tensor<2x4x8xf32>
}
