// RUN: uwt-opt %s --uwt-outline-products | FileCheck %s

// Products without a strategy of a GPU are the host's.
// CHECK-NOT: gpu.container_module
// CHECK: uwt.matmul
// CHECK: uwt.matmul
func.func @host(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
    strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
