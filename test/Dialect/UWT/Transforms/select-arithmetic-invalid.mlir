// RUN: uwt-opt %s --split-input-file --verify-diagnostics --uwt-select-arithmetic
// RUN: not uwt-opt %s --split-input-file --uwt-select-arithmetic="bits=9" 2>&1 | FileCheck %s

// CHECK: error: option bits of uwt-select-arithmetic: expected x as integers of 2 to 8 bits, got 9

func.func @floats(%x: tensor<4x64xbf16>, %init: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-remark@below {{product with 64x64 stays dense: 'raw' is of floats; integers are multiplied with the codes of a quantised weight}}
  // expected-error@below {{no product can be computed by integers; of this one, 'raw' is of floats; integers are multiplied with the codes of a quantised weight}}
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%init : tensor<4x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// -----

func.func @decided(%x: tensor<4x64xbf16>, %init: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "int<8>, scale={row, f16}">
  // expected-remark@below {{product with 64x64 stays dense: it has a strategy, which is somebody's decision}}
  // expected-error@below {{no product can be computed by integers; of this one, it has a strategy, which is somebody's decision}}
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !uwt.compressed<64x64xbf16, "int<8>, scale={row, f16}">) outs(%init : tensor<4x64xf32>)
         strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}
