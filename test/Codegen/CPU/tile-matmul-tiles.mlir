// RUN: uwt-opt %s -uwt-tile-matmul -split-input-file | FileCheck %s

// Words are tiles as they lie: no decoding and no shuffle in the loop, one tile of weights for four of x. x and outputs are
// turned round outside of it.

// CHECK-LABEL: func @in_place
//  CHECK-SAME:   (%[[X:.*]]: memref<64x128xbf16>, %[[Y:.*]]: memref<64x128xf32>)
//       CHECK:   %[[PREPARED:.*]] = memref.alloc() {alignment = 64 : i64} : memref<4096xi32>
// CHECK-COUNT-128: vector.shuffle
//       CHECK:   scf.forall
//       CHECK:     %[[SUMS:.*]] = memref.alloca() {{.*}} : memref<4096xf32>
//   CHECK-NOT:     uwt.decode_unit
// CHECK-COUNT-4:     amx.tile_load %[[SUMS]]{{.*}} into !amx.tile<16x16xf32>
//       CHECK:     %[[END:.*]]:4 = scf.for
// CHECK-COUNT-32:      memref.prefetch
//       CHECK:       %[[W0:.*]] = amx.tile_load %{{.*}} memref<?xi32> into !amx.tile<16x32xbf16>
//       CHECK:       %[[X0:.*]] = amx.tile_load %[[PREPARED]]{{.*}} memref<4096xi32> into !amx.tile<16x32xbf16>
//       CHECK:       amx.tile_mulf %[[W0]], %[[X0]],
// CHECK-COUNT-3:       amx.tile_mulf %[[W0]],
//       CHECK:       %[[W1:.*]] = amx.tile_load
// CHECK-COUNT-4:       amx.tile_mulf %[[W1]],
//   CHECK-NOT:       vector.
//       CHECK:       scf.yield
// CHECK-COUNT-4:     amx.tile_store %[[SUMS]]
//       CHECK:     vector.shuffle
//       CHECK:     vector.store %{{.*}}, %[[Y]]
module attributes {uwt.target = #uwt.target<"amx">} {
  func.func @in_place(%x: memref<64x128xbf16>, %y: memref<64x128xf32>) {
    %w = uwt.weight "w" : !uwt.compressed<128x128xbf16, "raw">
    uwt.matmul ins(%x, %w : memref<64x128xbf16>, !uwt.compressed<128x128xbf16, "raw">) outs(%y : memref<64x128xf32>)
        strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 64, tile_k = 512> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}

// -----

// Others are decoded into a buffer first. Where only a call knows m, each number of tiles that may be left has a loop.

// CHECK-LABEL: func @decoded
//       CHECK:   scf.forall
//       CHECK:     %[[BUFFER:.*]] = memref.alloca() {{.*}} : memref<{{.*}}xi16>
//       CHECK:     uwt.decode_unit %{{.*}} into %[[BUFFER]]
//       CHECK:     uwt.patch_unit %{{.*}}, %[[BUFFER]]
//       CHECK:     %{{.*}}:4 = scf.for
//       CHECK:       amx.tile_load %[[BUFFER]]{{.*}} memref<{{.*}}xi16> into !amx.tile<16x32xbf16>
//       CHECK:     scf.if
//       CHECK:       %{{.*}} = scf.for {{.*}} iter_args
//       CHECK:     scf.if
//       CHECK:       %{{.*}}:2 = scf.for
//       CHECK:     scf.if
//       CHECK:       %{{.*}}:3 = scf.for
module attributes {uwt.target = #uwt.target<"amx">} {
  func.func @decoded(%x: memref<?x512xbf16>, %y: memref<?x128xf32>) {
    %w = uwt.weight "w" : !uwt.compressed<128x512xbf16, "inplace<12>">
    uwt.matmul ins(%x, %w : memref<?x512xbf16>, !uwt.compressed<128x512xbf16, "inplace<12>">) outs(%y : memref<?x128xf32>)
        strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 64, tile_k = 256> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}

// -----

// Tiles of f16: words where they lie, beside x in pairs.

// CHECK-LABEL: func @halves
//       CHECK:       %[[W:.*]] = amx.tile_load %{{.*}} memref<?xi32> into !amx.tile<16x32xf16>
//       CHECK:       %[[X:.*]] = amx.tile_load %{{.*}} memref<1024xi32> into !amx.tile<16x32xf16>
//       CHECK:       amx.tile_mulf %[[W]], %[[X]],
module attributes {uwt.target = #uwt.target<"amx-fp16">} {
  func.func @halves(%x: memref<16x128xf16>, %y: memref<16x128xf32>) {
    %w = uwt.weight "w" : !uwt.compressed<128x128xf16, "raw">
    uwt.matmul ins(%x, %w : memref<16x128xf16>, !uwt.compressed<128x128xf16, "raw">) outs(%y : memref<16x128xf32>)
        strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 16, tile_k = 512> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}

// -----

// x (19 tiles of 32 column groups) is turned round in tasks of 64 groups. A slice of 256 rows is too large to stay near, so a task takes a
// slice and four of the 64 panels, which read a k-tile of x in turn.

// CHECK-LABEL: func @several_panels
//       CHECK:   scf.forall (%{{.*}}) in (10)
//       CHECK:     vector.shuffle
//       CHECK:   scf.forall (%{{.*}}) in (32)
//       CHECK:     memref.alloca() {{.*}} : memref<65536xf32>
//       CHECK:     scf.for %[[EACH:.*]] = %{{.*}} to %[[PANELS:.*]] step
//       CHECK:       vector.store
//       CHECK:     scf.for %[[K:.*]] =
//       CHECK:       scf.for %{{.*}} = %{{.*}} to %[[PANELS]] step
//       CHECK:         amx.tile_mulf
//       CHECK:     scf.for %{{.*}} = %{{.*}} to %[[PANELS]] step
//   CHECK-NOT:       amx.
//       CHECK:       vector.shuffle
module attributes {uwt.target = #uwt.target<"amx">} {
  func.func @several_panels(%x: memref<300x2048xbf16>, %y: memref<300x4096xf32>) {
    %w = uwt.weight "w" : !uwt.compressed<4096x2048xbf16, "raw">
    uwt.matmul ins(%x, %w : memref<300x2048xbf16>, !uwt.compressed<4096x2048xbf16, "raw">) outs(%y : memref<300x4096xf32>)
        strategy #uwt.strategy<tiles, tile_n = 32, tile_m = 32, tile_k = 512> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}
