// RUN: uwt-opt %s --split-input-file --verify-diagnostics --uwt-select-arithmetic | FileCheck %s
// RUN: uwt-opt %s --split-input-file --uwt-select-arithmetic="bits=8" --uwt-select-strategy="threads=2" 2>/dev/null | FileCheck %s --check-prefix=STRATEGY

// Products whose weights have integers as codes, and others beside them.

module attributes {uwt.target = #uwt.target<"avx2">} {
  // CHECK-LABEL: func @some
  // STRATEGY-LABEL: func @some
  func.func @some(%x: tensor<16x128xbf16>, %init: tensor<16x64xf32>) -> (tensor<16x64xf32>, tensor<16x64xf32>) {
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">
    %v = uwt.weight "v" : !uwt.compressed<64x128xbf16, "f8E4M3FN, scale={row, f32}">
    // CHECK: arithmetic #uwt.integer<8> {
    // STRATEGY: arithmetic #uwt.integer<8> strategy #uwt.strategy<buffer, tile_n = 16, tile_m = 4, tile_k = 256>
    // expected-remark@below {{product with 64x128 is computed by integers of 8 bits from uint<4>, zero=8, scale={1x128, f16}}}
    %y = uwt.matmul ins(%x, %w : tensor<16x128xbf16>, !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(%init : tensor<16x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<16x64xf32>
    // CHECK-NOT: arithmetic
    // expected-remark@below {{product with 64x128 stays dense: codes of f8E4M3FN are no integers; expected uint<1> to uint<8> or int<1> to int<8>}}
    %z = uwt.matmul ins(%x, %v : tensor<16x128xbf16>, !uwt.compressed<64x128xbf16, "f8E4M3FN, scale={row, f32}">) outs(%init : tensor<16x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<16x64xf32>
    return %y, %z : tensor<16x64xf32>, tensor<16x64xf32>
  }

  // A known m has no more rows of padding than it needs; where only a call knows it, one row has code of its own.
  // CHECK-LABEL: func @five
  // STRATEGY-LABEL: func @five
  // STRATEGY: arithmetic #uwt.integer<8> strategy #uwt.strategy<buffer, tile_n = 16, tile_m = 3, tile_k = 256>
  func.func @five(%x: tensor<5x128xbf16>, %init: tensor<5x64xf32>) -> tensor<5x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "int<8>, scale={row, f16}">
    // expected-remark@below {{is computed by integers}}
    %y = uwt.matmul ins(%x, %w : tensor<5x128xbf16>, !uwt.compressed<64x128xbf16, "int<8>, scale={row, f16}">) outs(%init : tensor<5x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<5x64xf32>
    return %y : tensor<5x64xf32>
  }

  // STRATEGY-LABEL: func @any
  // STRATEGY: uwt.dispatch %{{.*}} limits [1, 4]
  // STRATEGY: arithmetic #uwt.integer<8> strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64>
  // STRATEGY: arithmetic #uwt.integer<8> strategy #uwt.strategy<direct, tile_n = 16, tile_m = 4, tile_k = 64>
  // STRATEGY: arithmetic #uwt.integer<8> strategy #uwt.strategy<buffer, tile_n = 16, tile_m = 4, tile_k = 256>
  func.func @any(%x: tensor<?x128xbf16>, %init: tensor<?x64xf32>) -> tensor<?x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "int<8>, scale={row, f16}">
    // expected-remark@below {{is computed by integers}}
    %y = uwt.matmul ins(%x, %w : tensor<?x128xbf16>, !uwt.compressed<64x128xbf16, "int<8>, scale={row, f16}">) outs(%init : tensor<?x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<?x64xf32>
    return %y : tensor<?x64xf32>
  }

  // Few rows do not pay for turning bytes round.
  // STRATEGY-LABEL: func @four
  // STRATEGY: arithmetic #uwt.integer<8> strategy #uwt.strategy<direct, tile_n = 16, tile_m = 4, tile_k = 64>
  func.func @four(%x: tensor<4x128xbf16>, %init: tensor<4x64xf32>) -> tensor<4x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">
    // expected-remark@below {{is computed by integers}}
    %y = uwt.matmul ins(%x, %w : tensor<4x128xbf16>, !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(%init : tensor<4x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<4x64xf32>
    return %y : tensor<4x64xf32>
  }
}

// -----

// Where nothing multiplies bytes, a unit is decoded for the rows that registers hold.
module attributes {uwt.target = #uwt.target<"generic">} {
  // STRATEGY-LABEL: func @anywhere
  // STRATEGY: arithmetic #uwt.integer<8> strategy #uwt.strategy<direct, tile_n = 16, tile_m = 4, tile_k = 64>
  func.func @anywhere(%x: tensor<16x128xbf16>, %init: tensor<16x64xf32>) -> tensor<16x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">
    // expected-remark@below {{is computed by integers}}
    %y = uwt.matmul ins(%x, %w : tensor<16x128xbf16>, !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(%init : tensor<16x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<16x64xf32>
    return %y : tensor<16x64xf32>
  }
}
