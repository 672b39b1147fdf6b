// RUN: uwt-opt %s --uwt-select-strategy="threads=2" | FileCheck %s
// RUN: uwt-opt %s --uwt-select-strategy="threads=2 strategy=direct" | FileCheck %s --check-prefix=DIRECT
// RUN: uwt-opt %s --uwt-select-strategy="threads=2 strategy=tiles tile-m=32" | FileCheck %s --check-prefix=TILES
// RUN: uwt-opt %s --uwt-select-strategy="threads=2 strategy=buffer tile-k=128" | FileCheck %s --check-prefix=BUFFER
// RUN: not uwt-opt %s --uwt-select-strategy="threads=2 strategy=buffer tile-n=8" 2>&1 | FileCheck %s --check-prefix=OUTPUTS
// RUN: not uwt-opt %s --uwt-select-strategy="threads=2 strategy=tiles tile-m=8" 2>&1 | FileCheck %s --check-prefix=BAD

// Where there are tiles of bytes, they multiply from eight rows of x on; all sums have the same bits.

// OUTPUTS: which CPUs compute with tile_n = 16, got #uwt.strategy<buffer, tile_n = 8, tile_m = 4, tile_k = 256>
// BAD: has a bad strategy: expected tile_m of tiles to be a multiple of 16 up to 64 beside tile_n = 16, got 8

module attributes {uwt.target = #uwt.target<"amx">} {
  // CHECK-LABEL: func @few
  // CHECK: strategy #uwt.strategy<buffer, tile_n = 16, tile_m = 4, tile_k = 256>
  // BUFFER-LABEL: func @few
  // BUFFER: strategy #uwt.strategy<buffer, tile_n = 16, tile_m = 4, tile_k = 128>
  // TILES-LABEL: func @few
  // TILES: strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 32, tile_k = 64>
  func.func @few(%x: tensor<7x128xbf16>, %init: tensor<7x64xf32>) -> tensor<7x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "int<8>, scale={row, f16}">
    %y = uwt.matmul ins(%x, %w : tensor<7x128xbf16>, !uwt.compressed<64x128xbf16, "int<8>, scale={row, f16}">) outs(%init : tensor<7x64xf32>) arithmetic #uwt.integer<8> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<7x64xf32>
    return %y : tensor<7x64xf32>
  }

  // CHECK-LABEL: func @many
  // CHECK: strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 48, tile_k = 64>
  // DIRECT-LABEL: func @many
  // DIRECT: strategy #uwt.strategy<direct, tile_n = 16, tile_m = 4, tile_k = 64>
  func.func @many(%x: tensor<90x128xbf16>, %init: tensor<90x64xf32>) -> tensor<90x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "int<8>, scale={row, f16}">
    %y = uwt.matmul ins(%x, %w : tensor<90x128xbf16>, !uwt.compressed<64x128xbf16, "int<8>, scale={row, f16}">) outs(%init : tensor<90x64xf32>) arithmetic #uwt.integer<8> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<90x64xf32>
    return %y : tensor<90x64xf32>
  }

  // CHECK-LABEL: func @any
  // CHECK: uwt.dispatch %{{.*}} limits [1, 7]
  // CHECK: strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64>
  // CHECK: strategy #uwt.strategy<direct, tile_n = 16, tile_m = 4, tile_k = 64>
  // CHECK: strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 64, tile_k = 64>
  // DIRECT-LABEL: func @any
  // DIRECT: uwt.dispatch %{{.*}} limits [1]
  // BUFFER-LABEL: func @any
  // BUFFER: uwt.dispatch %{{.*}} limits [1]
  // TILES-LABEL: func @any
  // TILES-NOT: uwt.dispatch
  // TILES: strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 32, tile_k = 64>
  func.func @any(%x: tensor<?x128xbf16>, %init: tensor<?x64xf32>) -> tensor<?x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "int<8>, scale={row, f16}">
    %y = uwt.matmul ins(%x, %w : tensor<?x128xbf16>, !uwt.compressed<64x128xbf16, "int<8>, scale={row, f16}">) outs(%init : tensor<?x64xf32>) arithmetic #uwt.integer<8> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<?x64xf32>
    return %y : tensor<?x64xf32>
  }
}
