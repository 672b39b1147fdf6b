// RUN: uwt-opt %s --uwt-tile-matmul | FileCheck %s

// Whole units of 264 u32: 4 KB ahead without a distance, 8 KB with.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @usual
  //       CHECK:   arith.constant 1056 : index
  //       CHECK:   memref.prefetch
  func.func @usual(%x: memref<1x256xbf16>, %w: !uwt.compressed<128x256xbf16, "uint<4>, zero=8, scale={1x128, f16}">, %y: memref<1x128xf32>) {
    uwt.matmul ins(%x, %w : memref<1x256xbf16>, !uwt.compressed<128x256xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(%y : memref<1x128xf32>) strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 128> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
  // CHECK-LABEL: func @measured
  //       CHECK:   arith.constant 2112 : index
  //       CHECK:   memref.prefetch
  func.func @measured(%x: memref<1x256xbf16>, %w: !uwt.compressed<128x256xbf16, "uint<4>, zero=8, scale={1x128, f16}">, %y: memref<1x128xf32>) {
    uwt.matmul ins(%x, %w : memref<1x256xbf16>, !uwt.compressed<128x256xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(%y : memref<1x128xf32>) strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 128, prefetch = 8192> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
  // CHECK-LABEL: func @integers
  //       CHECK:   %[[AHEAD:.*]] = arith.constant 2112 : index
  //  CHECK-NEXT:   %[[AT:.*]] = arith.addi %{{.*}}, %[[AHEAD]] : index
  //       CHECK:   memref.prefetch %{{.*}}[%[[AT]]]
  func.func @integers(%x: memref<1x256xbf16>, %w: !uwt.compressed<128x256xbf16, "uint<4>, zero=8, scale={1x128, f16}">, %y: memref<1x128xf32>) {
    uwt.matmul ins(%x, %w : memref<1x256xbf16>, !uwt.compressed<128x256xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(%y : memref<1x128xf32>) arithmetic #uwt.integer<8>
        strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 128, prefetch = 8192> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }

  // In four streams: while 64 units are multiplied the next 64 are asked for, a line of each quarter (16 units, 4224 u32) in turn.
  // CHECK-LABEL: func @streams
  //       CHECK:   %[[STEP:.*]] = arith.muli %{{.*}}, %c66{{.*}} : index
  //  CHECK-NEXT:   %[[FIRST:.*]] = arith.addi %{{.*}}, %[[STEP]] : index
  //       CHECK:   memref.prefetch %{{.*}}[%[[FIRST]]], read, locality<2>
  //       CHECK:   %[[SECOND:.*]] = arith.addi %[[FIRST]], %c4224{{.*}} : index
  //       CHECK:   memref.prefetch %{{.*}}[%[[SECOND]]]
  //       CHECK:   arith.addi %[[FIRST]], %c8448{{.*}} : index
  //       CHECK:   arith.addi %[[FIRST]], %c12672{{.*}} : index
  //       CHECK:   %[[NEXT:.*]] = arith.addi %[[FIRST]], %c16{{.*}} : index
  //       CHECK:   memref.prefetch %{{.*}}[%[[NEXT]]]
  func.func @streams(%x: memref<1x256xbf16>, %w: !uwt.compressed<128x256xbf16, "uint<4>, zero=8, scale={1x128, f16}">, %y: memref<1x128xf32>) {
    uwt.matmul ins(%x, %w : memref<1x256xbf16>, !uwt.compressed<128x256xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(%y : memref<1x128xf32>) strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 128, read_streams = 4> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}
