// RUN: uwt-opt %s -uwt-tile-matmul -split-input-file | FileCheck %s
// RUN: uwt-opt %s -uwt-tile-matmul -uwt-emit-decoders -split-input-file | FileCheck %s --check-prefix=CODES

// Products by integers. The call fails where a panel has no codes. A row's largest magnitude is a number of 32 bits; what elements are
// divided by is stored, or 0, or NaN; quotients plus 1.5 * 2^23 have the integer in their lowest bits; the sums of the integers are for zeros.

// CHECK-LABEL: func @rows
//       CHECK:   cf.assert %{{.*}}, "arithmetic integer<8> needs the codes of the weight
//       CHECK:   %[[BYTES:.*]] = memref.alloc() {{.*}} : memref<96xi32>
//       CHECK:   %[[SCALES:.*]] = memref.alloc() {{.*}} : memref<3xf32>
//       CHECK:   %[[SUMS:.*]] = memref.alloc() {{.*}} : memref<6xi32>
//       CHECK:   %[[LARGEST:.*]] = vector.reduction <maxui>, %{{.*}} : vector<64xi32> into i32
//       CHECK:   %[[FLOAT:.*]] = arith.bitcast %[[LARGEST]] : i32 to f32
//       CHECK:   %[[DIVISOR:.*]] = arith.divf %[[FLOAT]], %{{.*}} : f32
//       CHECK:   memref.store %{{.*}}, %[[SCALES]]
//       CHECK:   %[[SPLAT:.*]] = vector.broadcast %[[DIVISOR]]
//       CHECK:   %[[QUOTIENTS:.*]] = arith.divf %{{.*}}, %[[SPLAT]] : vector<64xf32>
//       CHECK:   arith.addf %[[QUOTIENTS]], %{{.*}}
//       CHECK:   %[[NARROW:.*]] = arith.trunci
//       CHECK:   vector.shuffle %[[NARROW]], %[[NARROW]] [0, 8, 1, 9, 16, 24, 17, 25,
//       CHECK:   vector.store %{{.*}}, %[[BYTES]]
//       CHECK:   vector.reduction <add>
//       CHECK:   memref.store %{{.*}}, %[[SUMS]]
// A unit of 16 rows and 128 columns, for three rows of x: sums of 16 rows less those of zeros, times scales.
//       CHECK:   %[[R:.*]]:32 = uwt.decode_integers
//       CHECK:   %[[S:.*]], %[[Z:.*]] = uwt.decode_numbers
// CHECK-COUNT-16: uwt.dot_integer
//       CHECK:   arith.muli %[[Z]], %{{.*}} : vector<16xi32>
//       CHECK:   %[[DIFFERENCE:.*]] = arith.subi
//       CHECK:   %[[NUMBERS:.*]] = arith.sitofp %[[DIFFERENCE]] : vector<16xi32> to vector<16xf32>
//       CHECK:   math.fma %[[NUMBERS]], %[[S]], %{{.*}} : vector<16xf32>
// CHECK-COUNT-32: uwt.dot_integer
//   CHECK-NOT:   uwt.dot_integer
//       CHECK:   %[[SCALE:.*]] = memref.load %[[SCALES]]
//       CHECK:   %[[ALL:.*]] = vector.broadcast %[[SCALE]]
//       CHECK:   arith.mulf %{{.*}}, %[[ALL]]

// A mask and a shift make the bytes of two rows, whose users follow.
// CODES-LABEL: func @rows
//       CODES:   uwt.buffer code of
//       CODES:   %[[WORDS:.*]] = vector.load %{{.*}} : memref<?xi32>, vector<16xi32>
//  CODES-NEXT:   %{{.*}} = arith.constant dense<252645135>
//  CODES-NEXT:   %[[LOWER:.*]] = arith.andi %[[WORDS]], %{{.*}}
//       CODES:   %[[SHIFTED:.*]] = arith.shrui %[[WORDS]]
//       CODES:   %[[UPPER:.*]] = arith.andi %[[SHIFTED]]
//       CODES:   uwt.dot_integer %[[LOWER]], %{{.*}} *
//       CODES:   uwt.dot_integer %[[UPPER]], %{{.*}} *
func.func @rows(%x: memref<3x100xbf16>, %w: !uwt.compressed<64x100xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}">, %y: memref<3x64xf32>) {
  uwt.matmul ins(%x, %w : memref<3x100xbf16>, !uwt.compressed<64x100xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}">) outs(%y : memref<3x64xf32>) arithmetic #uwt.integer<8> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}

// -----

// A scale a row: integers of all units are added up before they are multiplied with it. There are no zeros, and no sums of x.

// CHECK-LABEL: func @row_scales
//       CHECK:   %[[BYTES:.*]] = memref.alloc() {{.*}} : memref<64xi32>
//       CHECK:   %[[SCALES:.*]] = memref.alloc() {{.*}} : memref<1xf32>
//   CHECK-NOT:   memref.alloc()
//   CHECK-DAG:   %[[SUMS:.*]] = memref.alloca() {{.*}} : memref<64xf32>
//   CHECK-DAG:   %[[TOTALS:.*]] = memref.alloca() {{.*}} : memref<64xi32>
//       CHECK:   uwt.decode_integers
//   CHECK-NOT:   uwt.decode_numbers
// CHECK-COUNT-16: uwt.dot_integer {{.*}} {bits = 8 : i32}
//       CHECK:   vector.store %{{.*}}, %[[TOTALS]]
//       CHECK:   uwt.decode_numbers
//       CHECK:   arith.sitofp
//       CHECK:   math.fma
//       CHECK:   vector.store %{{.*}}, %[[SUMS]]
func.func @row_scales(%x: memref<1x256xbf16>, %w: !uwt.compressed<128x256xbf16, "int<8>, scale={row, f16}">, %y: memref<1x128xf32>) {
  uwt.matmul ins(%x, %w : memref<1x256xbf16>, !uwt.compressed<128x256xbf16, "int<8>, scale={row, f16}">) outs(%y : memref<1x128xf32>) arithmetic #uwt.integer<8> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}

// -----

// On tiles: x is turned round once, and has tiles of 16 rows. The bytes of a unit are stored as two tiles of weights, of which each meets
// one of x; the sums of 16 outputs and 16 rows of x less those of zeros, times scales. Accumulators are turned round at the end. Codes are
// asked for in eight streams: two lines of each eighth of the next 64 units, the last of which begins 7 · 64 · 33 u32 behind the first.

// CHECK-LABEL: func @tiles
//       CHECK:   %[[BYTES:.*]] = memref.alloc() {{.*}} : memref<512xi32>
//       CHECK:   %[[SCALES:.*]] = memref.alloc() {{.*}} : memref<16xf32>
//       CHECK:   %[[XSUMS:.*]] = memref.alloc() {{.*}} : memref<32xi32>
//       CHECK:   vector.shuffle {{.*}} : vector<16xi32>, vector<16xi32>
//       CHECK:   vector.store %{{.*}}, %[[BYTES]]
//   CHECK-DAG:   %[[WEIGHTS:.*]] = memref.alloca() {{.*}} : memref<512xi32>
//   CHECK-DAG:   %[[SUMS:.*]] = memref.alloca() {{.*}} : memref<256xi32>
// CHECK-COUNT-15: memref.prefetch
//       CHECK:   arith.constant 14784 : index
//       CHECK:   memref.prefetch
//   CHECK-NOT:   memref.prefetch
//       CHECK:   %[[R:.*]]:32 = uwt.decode_integers
// CHECK-COUNT-32: vector.store %[[R]]#{{.*}}, %[[WEIGHTS]]
//       CHECK:   %[[A:.*]] = amx.tile_load %[[WEIGHTS]][%{{.*}}], %{{.*}} : memref<512xi32> into !amx.tile<16x64xi8>
//       CHECK:   %[[B:.*]] = amx.tile_load %[[WEIGHTS]]
//       CHECK:   %[[S:.*]], %[[Z:.*]] = uwt.decode_numbers
//       CHECK:   %[[ZERO:.*]] = amx.tile_zero
//       CHECK:   %[[XA:.*]] = amx.tile_load %[[BYTES]]
//       CHECK:   %[[ONCE:.*]] = amx.tile_muli %[[A]] zext, %[[XA]], %[[ZERO]]
//       CHECK:   %[[XB:.*]] = amx.tile_load %[[BYTES]]
//       CHECK:   %[[TWICE:.*]] = amx.tile_muli %[[B]] zext, %[[XB]], %[[ONCE]]
//       CHECK:   amx.tile_store %[[SUMS]][%{{.*}}], %[[TWICE]]
//   CHECK-NOT:   uwt.dot_integer
//       CHECK:   vector.load %[[XSUMS]]
//       CHECK:   %[[ROW:.*]] = vector.load %[[SUMS]]
//       CHECK:   arith.subi %[[ROW]]
//       CHECK:   arith.sitofp
// CHECK-COUNT-16: math.fma
//   CHECK-NOT:   math.fma
//       CHECK:   vector.shuffle {{.*}} : vector<16xf32>, vector<16xf32>
//       CHECK:   memref.load %[[SCALES]]
func.func @tiles(%x: memref<9x100xbf16>, %w: !uwt.compressed<128x100xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}">, %y: memref<9x128xf32>) attributes {uwt.target = #uwt.target<"amx">} {
  uwt.matmul ins(%x, %w : memref<9x100xbf16>, !uwt.compressed<128x100xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}">) outs(%y : memref<9x128xf32>) arithmetic #uwt.integer<8> strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 16, tile_k = 64> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}

// -----

// Of two cells in a group there are two tiles of x, each with zeros for the other cell.

// CHECK-LABEL: func @tiles_of_cells
//       CHECK:   %[[BYTES:.*]] = memref.alloc() {{.*}} : memref<1024xi32>
//       CHECK:   %[[A:.*]] = amx.tile_load {{.*}} into !amx.tile<16x64xi8>
//       CHECK:   %[[FIRST:.*]] = amx.tile_load %[[BYTES]]
//       CHECK:   amx.tile_muli %[[A]], %[[FIRST]], %{{.*}}
// CHECK-COUNT-16: math.fma
//       CHECK:   %[[SECOND:.*]] = amx.tile_load %[[BYTES]]
//       CHECK:   amx.tile_muli %[[A]], %[[SECOND]], %{{.*}}
// CHECK-COUNT-16: math.fma
func.func @tiles_of_cells(%x: memref<16x128xbf16>, %w: !uwt.compressed<64x128xbf16, "int<8>, scale={1x32, f16}">, %y: memref<16x64xf32>) attributes {uwt.target = #uwt.target<"amx">} {
  uwt.matmul ins(%x, %w : memref<16x128xbf16>, !uwt.compressed<64x128xbf16, "int<8>, scale={1x32, f16}">) outs(%y : memref<16x64xf32>) arithmetic #uwt.integer<8> strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 16, tile_k = 64> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}

// -----

// By a buffer: a k-tile's bytes are turned round once for all rows of x, and weights with a sign lose it. The next k-tile is asked for; four
// bytes of x meet a vector of 16 outputs, for the four strips of a panel and two rows of x; sums of a row's cells wait for those of all k-tiles.

// CHECK-LABEL: func @buffer
//   CHECK-DAG:   %[[TURNED:.*]] = memref.alloca() {{.*}} : memref<2048xi32>
//   CHECK-DAG:   %[[TOTALS:.*]] = memref.alloca() {{.*}} : memref<128xi32>
//       CHECK:   uwt.decode_integers {{.*}} {group = 0 : i32}
//       CHECK:   %[[FLIPPED:.*]] = arith.xori
//       CHECK:   vector.store %[[FLIPPED]], %[[TURNED]]
//       CHECK:   uwt.decode_integers {{.*}} {group = 1 : i32}
//       CHECK:   memref.prefetch
//       CHECK:   scf.for
//       CHECK:   %[[W:.*]] = vector.load %[[TURNED]]
//       CHECK:   %[[X:.*]] = vector.broadcast %{{.*}} : i32 to vector<16xi32>
//       CHECK:   uwt.dot_integer %[[W]] * %[[X]] + %{{.*}} {bits = 8 : i32, is_unsigned}
// CHECK-COUNT-31: uwt.dot_integer
//   CHECK-NOT:   uwt.dot_integer
//       CHECK:   vector.store %{{.*}}, %[[TOTALS]]
// Strips of a last panel one by one.
// CHECK-COUNT-8: uwt.dot_integer
//   CHECK-NOT:   uwt.dot_integer
//       CHECK:   uwt.decode_numbers
//       CHECK:   arith.subi
//       CHECK:   arith.sitofp
//       CHECK:   math.fma

// Of a group: registers become 16 rows, and these are turned round in four steps.
// CODES-LABEL: func @buffer
// CODES-COUNT-80: vector.shuffle {{.*}} : vector<{{8|16}}xi32>
//   CODES-NOT: vector.shuffle
//       CODES: arith.xori
func.func @buffer(%x: memref<2x512xbf16>, %w: !uwt.compressed<80x512xbf16, "int<8>, scale={row, f16}">, %y: memref<2x80xf32>) attributes {uwt.target = #uwt.target<"avx512bf16">} {
  uwt.matmul ins(%x, %w : memref<2x512xbf16>, !uwt.compressed<80x512xbf16, "int<8>, scale={row, f16}">) outs(%y : memref<2x80xf32>) arithmetic #uwt.integer<8> strategy #uwt.strategy<buffer, tile_n = 16, tile_m = 2, tile_k = 128> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}
