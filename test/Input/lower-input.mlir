// RUN: uwt-opt %s -uwt-lower-input -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @main(%{{.*}}: tensor<8x4xf32>, %{{.*}}: tensor<i64>) -> (tensor<2x4xf32>, tensor<i64>)
// CHECK: tensor.extract %{{.*}}[] : tensor<i64>
// CHECK: linalg.generic
// CHECK: tensor.extract
// CHECK: tensor.from_elements
func.func @main(%x: tensor<8x4xf32>, %n: i64) -> (tensor<2x4xf32>, i64) {
  %rows = arith.constant dense<[[3], [5]]> : tensor<2x1xindex>
  %y = tensor.gather %x[%rows] gather_dims([0]) : (tensor<8x4xf32>, tensor<2x1xindex>) -> tensor<2x4xf32>
  return %y, %n : tensor<2x4xf32>, i64
}

// -----

// CHECK-LABEL: func.func @tosa
// CHECK-NOT: tosa.
// CHECK: linalg.generic
func.func @tosa(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %0 = tosa.sigmoid %x : (tensor<8x4xf32>) -> tensor<8x4xf32>
  return %0 : tensor<8x4xf32>
}

// -----

// CHECK-LABEL: func.func @elementwise
// CHECK: linalg.generic
// CHECK: arith.addf %{{.*}}, %{{.*}} : f32
func.func @elementwise(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %0 = arith.addf %x, %x : tensor<8x4xf32>
  return %0 : tensor<8x4xf32>
}

// -----

// The bounds are those of the type: half of f16's smallest normal number is a normal f32.
// CHECK-LABEL: func.func @isnormal
// CHECK: %[[A:.*]] = math.absf %{{.*}} : f16
// CHECK: %[[LEAST:.*]] = arith.constant 6.103520e-05 : f16
// CHECK: %[[LARGE:.*]] = arith.cmpf oge, %[[A]], %[[LEAST]] : f16
// CHECK: %[[MOST:.*]] = arith.constant 6.550400e+04 : f16
// CHECK: %[[FINITE:.*]] = arith.cmpf ole, %[[A]], %[[MOST]] : f16
// CHECK: arith.andi %[[LARGE]], %[[FINITE]] : i1
func.func @isnormal(%x: tensor<?xf16>) -> tensor<?xi1> {
  %0 = math.isnormal %x : tensor<?xf16>
  return %0 : tensor<?xi1>
}

// -----

// CHECK-NOT: ml_program
// CHECK: arith.constant dense<7> : tensor<i64>
ml_program.global private mutable @global_seed(dense<7> : tensor<i64>) : tensor<i64>
func.func @global() -> tensor<i64> {
  %0 = ml_program.global_load @global_seed : tensor<i64>
  return %0 : tensor<i64>
}

// -----

// CHECK: module {
// CHECK-NOT: module
// CHECK: func.func private @inner
// CHECK: func.func @outer
module {
  module @nested {
    func.func private @inner(%x: tensor<4xf32>) -> tensor<4xf32> {
      return %x : tensor<4xf32>
    }
  }
  func.func @outer(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// A cumulative sum: a loop that carries the tensors.
// CHECK-LABEL: func.func @scan
// CHECK-NOT: tm_tensor
// CHECK: scf.for
func.func @scan(%x: tensor<6xf32>, %y: tensor<6xf32>, %last: tensor<f32>) -> tensor<6xf32> {
  %0:2 = tm_tensor.scan dimension(0) inclusive(true) ins(%x : tensor<6xf32>) outs(%y, %last : tensor<6xf32>, tensor<f32>) {
  ^bb0(%before: f32, %element: f32):
    %1 = arith.addf %before, %element : f32
    tm_tensor.yield %1 : f32
  } -> tensor<6xf32>, tensor<f32>
  return %0#0 : tensor<6xf32>
}

// -----

// A number that would fold to a constant of all elements is filled in.
// CHECK-LABEL: func.func @splat
// CHECK: linalg.fill
func.func @splat(%x: f32) -> tensor<1024x1024xf32> {
  %0 = tensor.splat %x : tensor<1024x1024xf32>
  return %0 : tensor<1024x1024xf32>
}

// -----

// CHECK-LABEL: func.func @large_constant
// CHECK: linalg.fill
func.func @large_constant() -> tensor<1024x1024xf32> {
  %0 = arith.constant dense<1.0> : tensor<1024x1024xf32>
  return %0 : tensor<1024x1024xf32>
}

// -----

// CHECK-LABEL: func.func @nearest
// CHECK: arith.truncf %{{.*}} : f32 to bf16
func.func @nearest(%x: tensor<4xf32>) -> tensor<4xbf16> {
  %0 = arith.truncf %x to_nearest_even : tensor<4xf32> to tensor<4xbf16>
  return %0 : tensor<4xbf16>
}
