// RUN: uwt-opt %s -uwt-tile-matmul -split-input-file | FileCheck %s

// An m of one: x is repacked once; a task a panel; units in the order of memory; a unit with escapes goes through a
// buffer, the others stay in registers; at the end lanes are added while they are transposed.

// CHECK-LABEL: func @direct
//  CHECK-SAME:   (%[[X:.*]]: memref<1x128xbf16>, %[[Y:.*]]: memref<1x128xf32>)
//       CHECK:   %[[PREPARED:.*]] = memref.alloc() {alignment = 64 : i64} : memref<64xi32>
//       CHECK:   vector.load %[[X]]
//       CHECK:   vector.shuffle %{{.*}} [0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27]
//       CHECK:   vector.shuffle %{{.*}} [4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31]
//       CHECK:   scf.forall (%[[PANEL:.*]]) in (2)
//       CHECK:     %[[SUMS:.*]] = memref.alloca() {{.*}} : memref<1024xf32>
//       CHECK:     uwt.buffer panels
//       CHECK:     scf.if
//       CHECK:       uwt.decode_unit %{{.*}} as_words
//       CHECK:     } else {
//       CHECK:       uwt.buffer counts
//       CHECK:       scf.if
//       CHECK:         uwt.decode_unit %{{.*}} into %[[BUFFER:.*]][
//       CHECK:         uwt.patch_unit %{{.*}}, %[[BUFFER]]
//       CHECK:       } else {
//       CHECK:         %[[R:.*]]:32 = uwt.decode_unit
//       CHECK:         %[[S0:.*]] = uwt.dot %[[R]]#0, %{{.*}}, %[[X0:.*]] {element = bf16}
//       CHECK:         uwt.dot %[[R]]#16, %[[S0]], %[[X1:.*]] {element = bf16}
//       CHECK:     vector.shuffle %{{.*}} [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]
//       CHECK:     vector.store %{{.*}}, %[[Y]]
//       CHECK:   memref.dealloc %[[PREPARED]]
module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  func.func @direct(%x: memref<1x128xbf16>, %y: memref<1x128xf32>) {
    %w = uwt.weight "w" : !uwt.compressed<128x128xbf16, "inplace<12>">
    uwt.matmul ins(%x, %w : memref<1x128xbf16>, !uwt.compressed<128x128xbf16, "inplace<12>">) outs(%y : memref<1x128xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}

// -----

// A larger m: k-tiles of the panel are decoded into a buffer and multiplied in blocks of 4 rows x 4 columns, while
// the next k-tile is asked for. The last blocks bring the next strip's units to the nearest cache. A block's 16
// accumulators follow one another, zeros in the first k-tile; what the next block needs of x and of accumulators is
// brought to the nearest cache.

// CHECK-LABEL: func @buffer
//       CHECK:   %[[PREPARED:.*]] = memref.alloc() {{.*}} : memref<4096xi32>
//       CHECK:   scf.forall
//       CHECK:     %[[SUMS:.*]] = memref.alloca() {{.*}} : memref<16384xf32>
//       CHECK:     scf.for %{{.*}} iter_args
//       CHECK:       uwt.decode_unit %{{.*}} as_words into %[[BUFFER:.*]][
//       CHECK:       uwt.decode_unit %{{.*}} into %[[BUFFER]][
//       CHECK:       uwt.patch_unit %{{.*}}, %[[BUFFER]]
//       CHECK:       scf.if
// CHECK-COUNT-6:         memref.prefetch %{{.*}}, read, locality<3>, data
//   CHECK-NOT:         memref.prefetch
//       CHECK:       %[[START:.*]]:16 = scf.if
//       CHECK:         %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
//       CHECK:         scf.yield %[[ZERO]], %[[ZERO]],
//       CHECK:       } else {
//       CHECK:         %[[S0:.*]] = vector.load %[[SUMS]][%[[FIRST:.*]]]
//  CHECK-NEXT:         %[[ONE:.*]] = arith.constant 16
//  CHECK-NEXT:         %[[SECOND:.*]] = arith.addi %[[FIRST]], %[[ONE]]
//  CHECK-NEXT:         %[[S1:.*]] = vector.load %[[SUMS]][%[[SECOND]]]
//       CHECK:         scf.yield %[[S0]], %[[S1]],
//       CHECK:       %{{.*}}:16 = scf.for {{.*}} iter_args(%{{.*}} = %[[START]]#0,
// CHECK-COUNT-2:        memref.prefetch %[[PREPARED]][%{{.*}}], read, locality<3>, data
// CHECK-COUNT-4:        memref.prefetch %[[SUMS]][%{{.*}}], read, locality<3>, data
//   CHECK-NOT:         memref.prefetch
// CHECK-COUNT-32:        uwt.dot
//   CHECK-NOT:         uwt.dot
//       CHECK:         scf.yield
// CHECK-COUNT-6:       memref.prefetch %{{.*}}, read, locality<3>, data
//   CHECK-NOT:       memref.prefetch
//       CHECK:   memref.dealloc
module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  func.func @buffer(%x: memref<16x512xbf16>, %y: memref<16x128xf32>) {
    %w = uwt.weight "w" : !uwt.compressed<128x512xbf16, "inplace<12>">
    uwt.matmul ins(%x, %w : memref<16x512xbf16>, !uwt.compressed<128x512xbf16, "inplace<12>">) outs(%y : memref<16x128xf32>)
        strategy #uwt.strategy<buffer, tile_n = 4, tile_m = 4, tile_k = 256> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}

// -----

// Nothing is known of x but its columns, and the target has no bf16: x is gathered, widened, padded with
// zeros. One panel needs no loop over panels. A prefix code's panel of at most 512 columns is one stream unit. The epilogue runs on 16 output features; where
// fewer are left, extras and outputs pass through a scratch.

// CHECK-LABEL: func @dynamic
//  CHECK-SAME:   (%[[X:.*]]: memref<?x100xbf16, strided<[?, ?], offset: ?>>, %[[B:.*]]: memref<30xbf16>, %[[Y:.*]]: memref<?x30xbf16>)
//       CHECK:   memref.alloc(%{{.*}}) {alignment = 64 : i64} : memref<?xf32>
//       CHECK:   memref.load %[[X]]
//   CHECK-NOT:   scf.forall
//       CHECK:     uwt.decode_stream %{{.*}}, %[[BUFFER:.*]] :
//       CHECK:     uwt.dot %{{.*}} {element = bf16} : vector<16xf32>, vector<16xf32>
//       CHECK:     memref.load %[[B]]
//       CHECK:     vector.load %[[B]]
//       CHECK:     %[[WIDE:.*]] = arith.extf %{{.*}} : vector<16xbf16> to vector<16xf32>
//       CHECK:     %[[SUM:.*]] = arith.addf %{{.*}}, %[[WIDE]] : vector<16xf32>
//       CHECK:     arith.truncf %[[SUM]] : vector<16xf32> to vector<16xbf16>
//       CHECK:     memref.store %{{.*}}, %[[Y]]
//       CHECK:     vector.store %{{.*}}, %[[Y]]
func.func @dynamic(%x: memref<?x100xbf16, strided<[?, ?], offset: ?>>, %b: memref<30xbf16>, %y: memref<?x30xbf16>) {
  %w = uwt.weight "w" : !uwt.compressed<30x100xbf16, "huffman<12,2>">
  uwt.matmul ins(%x, %w : memref<?x100xbf16, strided<[?, ?], offset: ?>>, !uwt.compressed<30x100xbf16, "huffman<12,2>">)
      extras(%b : memref<30xbf16>) maps [affine_map<(m, n) -> (n)>]
      outs(%y : memref<?x30xbf16>) {
  ^bb0(%acc: f32, %bias: bf16):
    %0 = arith.extf %bias : bf16 to f32
    %1 = arith.addf %acc, %0 : f32
    %2 = arith.truncf %1 : f32 to bf16
    uwt.yield %2 : bf16
  }
  return
}

// -----

// Experts: panels are numbered through all matrices, each with its own rows of x and of the output.

// CHECK-LABEL: func @experts
//  CHECK-SAME:   %[[Y:[a-z0-9]+]]: memref<3x2x64xf32>
//       CHECK:   scf.forall (%[[PANEL:.*]]) in (3)
//       CHECK:     %[[ONE:.*]] = arith.constant 1 : index
//       CHECK:     vector.store %{{.*}}, %[[Y]][%[[PANEL]], %{{.*}}, %{{.*}}]
func.func @experts(%x: memref<3x2x64xbf16>, %y: memref<3x2x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<3x64x64xbf16, "raw">
  uwt.matmul ins(%x, %w : memref<3x2x64xbf16>, !uwt.compressed<3x64x64xbf16, "raw">) outs(%y : memref<3x2x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}

// -----

// A weight of any size: the loaded weight says how large it is; a last panel, strip, or group of columns may have less.

// CHECK-LABEL: func @any_size
//       CHECK:   %[[N:.*]] = uwt.matrix_size %{{.*}}[0]
//       CHECK:   %[[K:.*]] = uwt.matrix_size %{{.*}}[1]
//       CHECK:   %[[ROUNDED:.*]] = arith.addi %[[K]], %{{.*}}
//       CHECK:   %[[UNITS:.*]] = arith.divui %[[ROUNDED]]
//       CHECK:   memref.alloc(%{{.*}}) {alignment = 64 : i64} : memref<?xi32>
//       CHECK:   %[[REST:.*]] = arith.remui %[[K]]
//       CHECK:   scf.if
//       CHECK:   scf.forall (%{{.*}}) in (%{{.*}})
//       CHECK:     arith.subi %[[N]]
//       CHECK:     %[[STRIPS:.*]] = arith.minui
//       CHECK:     scf.for {{.*}} to %[[STRIPS]]
module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  func.func @any_size(%w: !uwt.compressed<?x?xbf16, "inplace<12>">, %x: memref<1x?xbf16>, %y: memref<1x?xf32>) {
    uwt.matmul ins(%x, %w : memref<1x?xbf16>, !uwt.compressed<?x?xbf16, "inplace<12>">) outs(%y : memref<1x?xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}

// -----

// Many rows of x: they are prepared in parallel, 32 rows of 32 column groups at a time. A stream is decoded with the first slice of
// m and stays decoded for the others, in memory of its own.

// CHECK-LABEL: func @many_rows
//       CHECK:   scf.forall (%{{.*}}) in (19)
//       CHECK:     vector.load
//       CHECK:   scf.forall (%{{.*}}) in (2)
//       CHECK:     %[[PANEL:.*]] = memref.alloc() {alignment = 64 : i64} : memref<131072xi16>
//       CHECK:     scf.for %[[SLICE:.*]] =
//       CHECK:       %[[IS_FIRST:.*]] = arith.cmpi eq, %[[SLICE]], %c0
//       CHECK:       scf.if %[[IS_FIRST]] {
//       CHECK:         %[[STRIP:.*]] = memref.subview %[[PANEL]][%[[START:.*]]] [16384] [1]
//       CHECK:         uwt.decode_stream %{{.*}}, %[[STRIP]] :
//       CHECK:       arith.addi %[[START]],
//       CHECK:       vector.load %[[PANEL]]
//       CHECK:     memref.dealloc %[[PANEL]]
module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  func.func @many_rows(%x: memref<600x2000xbf16>, %y: memref<600x128xf32>) {
    %w = uwt.weight "w" : !uwt.compressed<128x2000xbf16, "huffman<12,2>">
    uwt.matmul ins(%x, %w : memref<600x2000xbf16>, !uwt.compressed<128x2000xbf16, "huffman<12,2>">) outs(%y : memref<600x128xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}

// -----

// Slices of m are tasks: three panels, which with a slice have as many rows as x, meet one after another before they meet the next one.

// CHECK-LABEL: func @slices
//       CHECK:   scf.forall (%[[TASK:.*]]) in (24)
//       CHECK:     %[[GROUP:.*]] = arith.divui %[[TASK]], %c9{{.*}}
//       CHECK:     %[[FIRST:.*]] = arith.muli %[[GROUP]], %c3{{.*}}
//       CHECK:     %[[LEFT:.*]] = arith.subi %c8{{.*}}, %[[FIRST]]
//       CHECK:     %[[COUNT:.*]] = arith.minui %[[LEFT]], %c3{{.*}}
//       CHECK:     %[[NUMBER:.*]] = arith.remui %[[TASK]], %c9{{.*}}
//       CHECK:     %[[IN_GROUP:.*]] = arith.remui %[[NUMBER]], %[[COUNT]]
//       CHECK:     arith.addi %[[FIRST]], %[[IN_GROUP]]
//       CHECK:     %[[SLICE:.*]] = arith.divui %[[NUMBER]], %[[COUNT]]
//       CHECK:     arith.muli %[[SLICE]], %c128{{.*}}
//   CHECK-NOT:     memref.alloc()
module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  func.func @slices(%x: memref<320x100xbf16>, %w: !uwt.compressed<512x100xbf16, "raw">, %y: memref<320x512xf32>) {
    uwt.matmul ins(%x, %w : memref<320x100xbf16>, !uwt.compressed<512x100xbf16, "raw">) outs(%y : memref<320x512xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}

// -----

// Codes are asked for some units ahead of those that become words in registers, whether these have escapes or not, half of a unit before
// its products and half behind them, and words as well, one unit ahead.

// CHECK-LABEL: func @codes
// CHECK-COUNT-16: memref.prefetch %{{.*}}, read, locality<3>, data
//   CHECK-NOT:   memref.prefetch
//       CHECK:   uwt.decode_unit %{{.*}} as_words
//   CHECK-NOT:   memref.prefetch
//       CHECK:   uwt.dot
// CHECK-COUNT-16: memref.prefetch %{{.*}}, read, locality<3>, data
//   CHECK-NOT:   memref.prefetch
//       CHECK:   } else {
// CHECK-COUNT-9: memref.prefetch %{{.*}}, read, locality<3>, data
//   CHECK-NOT:   memref.prefetch
//       CHECK:   uwt.decode_unit %{{.*}} : {{.*}}"uint<4>, zero=8, scale={1x128, f16}"
//   CHECK-NOT:   memref.prefetch
//       CHECK:   uwt.dot
// CHECK-COUNT-8: memref.prefetch %{{.*}}, read, locality<3>, data
//   CHECK-NOT:   memref.prefetch
// CHECK-LABEL: func @parts
// CHECK-COUNT-16: memref.prefetch %{{.*}}, read, locality<3>, data
//   CHECK-NOT:   memref.prefetch
//       CHECK:   uwt.decode_unit %{{.*}} as_words
//   CHECK-NOT:   memref.prefetch
//       CHECK:   uwt.dot
// CHECK-COUNT-16: memref.prefetch %{{.*}}, read, locality<3>, data
//   CHECK-NOT:   memref.prefetch
//       CHECK:   } else {
// CHECK-COUNT-12: memref.prefetch %{{.*}}, read, locality<3>, data
//   CHECK-NOT:   memref.prefetch
//       CHECK:   uwt.buffer counts
//       CHECK:   scf.if
//   CHECK-NOT:   memref.prefetch
//       CHECK:   } else {
//       CHECK:   }
// CHECK-COUNT-12: memref.prefetch %{{.*}}, read, locality<3>, data
//   CHECK-NOT:   memref.prefetch
module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  func.func @codes(%x: memref<1x128xbf16>, %w: !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">, %y: memref<1x64xf32>) {
    uwt.matmul ins(%x, %w : memref<1x128xbf16>, !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">) outs(%y : memref<1x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }

  func.func @parts(%x: memref<1x128xbf16>, %w: !uwt.compressed<64x128xbf16, "inplace<12>">, %y: memref<1x64xf32>) {
    uwt.matmul ins(%x, %w : memref<1x128xbf16>, !uwt.compressed<64x128xbf16, "inplace<12>">) outs(%y : memref<1x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}
