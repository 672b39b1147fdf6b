// A product is lowered until upstream dialects are left, which a stock mlir-opt reads.
// RUN: uwt-opt %s --pass-pipeline="builtin.module(func.func(uwt-tile-matmul,uwt-emit-decoders,uwt-lower-lane-ops),uwt-expose-buffers)" -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: mlir-opt %t.mlir -o /dev/null

// CHECK: func @main(%{{.*}}: memref<4x64xbf16>, %{{.*}}: memref<4x128xf32>, %{{.*}}: memref<?xi64> {uwt.buffer = "panels", uwt.format = "inplace<12>", uwt.tensor = tensor<128x64xbf16>, uwt.weight = "w"}
// CHECK-SAME: uwt.buffer = "code"
// CHECK-SAME: uwt.buffer = "patch"
// CHECK-NOT: {{[!#]uwt|uwt\.[a-z_]+ [^=]}}
module attributes {uwt.target = #uwt.target<"generic">} {
  func.func @main(%x: memref<4x64xbf16>, %y: memref<4x128xf32>) {
    %w = uwt.weight "w" : !uwt.compressed<128x64xbf16, "inplace<12>">
    uwt.matmul ins(%x, %w : memref<4x64xbf16>, !uwt.compressed<128x64xbf16, "inplace<12>">) outs(%y : memref<4x128xf32>)
        strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64> {
      ^bb0(%acc: f32):
        uwt.yield %acc : f32
      }
    return
  }
}
