// RUN: uwt-opt %s -split-input-file -verify-diagnostics

func.func @scan_dimension(%x: tensor<4x6xf32>, %last: tensor<4xf32>) {
  // expected-error @+1 {{'tm_tensor.scan' op has dimension 2, expected one of the 2 of 'tensor<4x6xf32>'}}
  %0:2 = tm_tensor.scan dimension(2) inclusive(true) ins(%x : tensor<4x6xf32>) outs(%x, %last : tensor<4x6xf32>, tensor<4xf32>) {
  ^bb0(%before: f32, %element: f32):
    tm_tensor.yield %before : f32
  } -> tensor<4x6xf32>, tensor<4xf32>
  return
}

// -----

func.func @scan_sizes(%x: tensor<4x6xf32>, %last: tensor<6xf32>) {
  // expected-error @+1 {{expects a second output and the input without its dimension of equal sizes}}
  %0:2 = tm_tensor.scan dimension(1) inclusive(true) ins(%x : tensor<4x6xf32>) outs(%x, %last : tensor<4x6xf32>, tensor<6xf32>) {
  ^bb0(%before: f32, %element: f32):
    tm_tensor.yield %before : f32
  } -> tensor<4x6xf32>, tensor<6xf32>
  return
}

// -----

func.func @scan_operands(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{expects 2 outputs, got 1}}
  %0 = tm_tensor.scan dimension(1) inclusive(true) ins(%x : tensor<4x6xf32>) outs(%x : tensor<4x6xf32>) {
  ^bb0(%before: f32, %element: f32):
    tm_tensor.yield %before : f32
  } -> tensor<4x6xf32>
  return
}

// -----

func.func @scatter_map(%x: tensor<8x3xf32>, %updates: tensor<2x1xf32>, %rows: tensor<2x1xi64>) {
  // expected-error @+1 {{has neither an index nor an update for dimension 0}}
  %0 = tm_tensor.scatter {dimension_map = array<i64: 1>} unique_indices(false) ins(%updates, %rows : tensor<2x1xf32>, tensor<2x1xi64>) outs(%x : tensor<8x3xf32>) {
  ^bb0(%update: f32, %current: f32):
    tm_tensor.yield %update : f32
  } -> tensor<8x3xf32>
  return
}

// -----

func.func @scatter_twice(%x: tensor<8x3xf32>, %updates: tensor<2x1x1xf32>, %rows: tensor<2x2xi64>) {
  // expected-error @+1 {{expects a dimension map of different dimensions of the output}}
  %0 = tm_tensor.scatter {dimension_map = array<i64: 1, 1>} unique_indices(false) ins(%updates, %rows : tensor<2x1x1xf32>, tensor<2x2xi64>) outs(%x : tensor<8x3xf32>) {
  ^bb0(%update: f32, %current: f32):
    tm_tensor.yield %update : f32
  } -> tensor<8x3xf32>
  return
}

// -----

func.func @scatter_depth(%x: tensor<8x3xf32>, %updates: tensor<2x1x3xf32>, %rows: tensor<2x2xi64>) {
  // expected-error @+1 {{expects indices [n, depth] of integers, with a depth that is the length of the dimension map}}
  %0 = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(false) ins(%updates, %rows : tensor<2x1x3xf32>, tensor<2x2xi64>) outs(%x : tensor<8x3xf32>) {
  ^bb0(%update: f32, %current: f32):
    tm_tensor.yield %update : f32
  } -> tensor<8x3xf32>
  return
}

// -----

func.func @sort_sizes(%x: tensor<6xf32>, %i: tensor<5xi64>) {
  // expected-error @+1 {{expects outputs of equal sizes}}
  %0:2 = tm_tensor.sort dimension(0) outs(%x, %i : tensor<6xf32>, tensor<5xi64>) {
  ^bb0(%a: f32, %b: f32, %c: i64, %d: i64):
    %1 = arith.cmpf oge, %a, %b : f32
    tm_tensor.yield %1 : i1
  } -> tensor<6xf32>, tensor<5xi64>
  return
}

// -----

func.func @sort_region(%x: tensor<6xf32>) {
  // expected-error @+1 {{expects a region that yields 'i1'}}
  %0 = tm_tensor.sort dimension(0) outs(%x : tensor<6xf32>) {
  ^bb0(%a: f32, %b: f32):
    tm_tensor.yield %a : f32
  } -> tensor<6xf32>
  return
}

// -----

func.func @topk_region(%x: tensor<6xf32>, %v: tensor<2xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{expects a region of 2 arguments with the types of elements}}
  %0:2 = tm_tensor.topk dimension(0) ins(%x : tensor<6xf32>) outs(%v, %i : tensor<2xf32>, tensor<2xi64>) {
  ^bb0(%a: f32):
    %1 = arith.cmpf oge, %a, %a : f32
    tm_tensor.yield %1 : i1
  } -> tensor<2xf32>, tensor<2xi64>
  return
}

// -----

func.func @attention_sizes(%q: tensor<2x4x8xf32>, %k: tensor<2x5x7xf32>) {
  // expected-error @+1 {{expects queries and keys of equal sizes}}
  %0 = tm_tensor.attention ins(%q, %k, %k : tensor<2x4x8xf32>, tensor<2x5x7xf32>, tensor<2x5x7xf32>) outs(%q : tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  return
}
