// RUN: uwt-opt %s -uwt-emit-decoders -split-input-file | FileCheck %s

// Registers of words come as they lie in memory, and what uses one follows at once.

// CHECK-LABEL: func @raw
//  CHECK-SAME:   (%[[FIRST:.*]]: index, %[[ACC:.*]]: vector<16xf32>, %[[X:.*]]: vector<16xi32>)
//       CHECK:   %[[PLANE:.*]] = uwt.buffer words
//       CHECK:   %[[W0:.*]] = vector.load %[[PLANE]][%[[FIRST]]]
//  CHECK-NEXT:   %[[S0:.*]] = uwt.dot %[[W0]], %[[ACC]], %[[X]]
//       CHECK:   %[[C32:.*]] = arith.constant 32 : index
//       CHECK:   %[[AT:.*]] = arith.addi %[[FIRST]], %[[C32]]
//       CHECK:   %[[W2:.*]] = vector.load %[[PLANE]][%[[AT]]]
//  CHECK-NEXT:   %[[S1:.*]] = uwt.dot %[[W2]], %[[S0]], %[[X]]
//       CHECK:   arith.constant 496 : index
//   CHECK-NOT:   uwt.dot
//       CHECK:   return %[[S1]]
!words = vector<16xi32>
func.func @raw(%first: index, %acc: vector<16xf32>, %x: !words) -> vector<16xf32> {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  %r:32 = uwt.decode_unit %w[%first, %c0] : !uwt.compressed<64x64xbf16, "raw"> -> !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words
  %s0 = uwt.dot %r#0, %acc, %x {element = bf16} : !words
  %s1 = uwt.dot %r#2, %s0, %x {element = bf16} : !words
  return %s1 : vector<16xf32>
}

// -----

// Row after row: sums of row 0 are read, get the words of registers 0 and 2, and go back before those of row 1 are read.

// CHECK-LABEL: func @dot_unit
//  CHECK-SAME:   (%[[FIRST:.*]]: index, %[[X:.*]]: memref<?xi32>, %[[SUMS:.*]]: memref<?xf32>, %[[AT:.*]]: index)
//       CHECK:   %[[W0:.*]] = vector.load %{{.*}}[%[[FIRST]]] : memref<?xi32>, vector<16xi32>
//       CHECK:   %[[X0:.*]] = vector.load %[[X]][%[[AT]]] : memref<?xi32>, vector<16xi32>
//       CHECK:   %[[OLD:.*]] = vector.load %[[SUMS]][%[[AT]]] : memref<?xf32>, vector<16xf32>
//       CHECK:   %[[S0:.*]] = uwt.dot %[[W0]], %[[OLD]], %[[X0]] {element = bf16}
//       CHECK:   vector.load %[[SUMS]][%{{.*}}]
//       CHECK:   uwt.dot
//       CHECK:   %[[S2:.*]] = uwt.dot %{{.*}}, %[[S0]], %{{.*}} {element = bf16}
//  CHECK-NEXT:   vector.store %[[S2]], %[[SUMS]][%[[AT]]]
//       CHECK:   uwt.dot
//  CHECK-NEXT:   vector.store
// CHECK-COUNT-28: uwt.dot
//   CHECK-NOT:   uwt.dot
func.func @dot_unit(%first: index, %x: memref<?xi32>, %sums: memref<?xf32>, %at: index) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  uwt.dot_unit %w[%first, %first], %x[%at], %sums[%at] : !uwt.compressed<64x64xbf16, "raw">, memref<?xi32>, memref<?xf32>
  return
}

// -----

// With AVX2 codes become f32, with no words between where these are multiplied.

module attributes {uwt.target = #uwt.target<"avx2">} {
  // CHECK-LABEL: func @dot_nibbles
  //   CHECK-NOT:   uwt.dot
  //       CHECK:   %[[LOW:[a-z0-9_]+]], %[[HIGH:[a-z0-9_]+]], {{.*}} = uwt.lookup_nibbles
  //       CHECK:   %[[SUM:.*]] = math.fma %[[HIGH]], %{{.*}} : vector<16xf32>
  //       CHECK:   math.fma %[[LOW]], %{{.*}}, %[[SUM]] : vector<16xf32>
  //   CHECK-NOT:   uwt.dot
  func.func @dot_nibbles(%code: index, %x: memref<?xf32>, %sums: memref<?xf32>, %at: index) {
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">
    uwt.dot_unit %w[%code, %code], %x[%at], %sums[%at] : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">, memref<?xf32>, memref<?xf32>
    return
  }
}

// -----

module attributes {uwt.target = #uwt.target<"avx2">} {
  // CHECK-LABEL: func @words_of_nibbles
  //       CHECK:   %[[LOW:[a-z0-9_]+]], %[[HIGH:[a-z0-9_]+]], {{.*}} = uwt.lookup_nibbles
  //       CHECK:   %[[LOWBITS:.*]] = arith.bitcast %[[LOW]]
  //       CHECK:   %[[BELOW:.*]] = arith.shrui %[[LOWBITS]]
  //       CHECK:   %[[ABOVE:.*]] = arith.bitcast %[[HIGH]]
  //       CHECK:   arith.ori %[[BELOW]], %[[ABOVE]]
  func.func @words_of_nibbles(%code: index, %buffer: memref<2048xi16>) {
    %c0 = arith.constant 0 : index
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">
    uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">, memref<2048xi16>
    return
  }
}

// -----

// Spare bits are cleared, the base is added to both halves at once; the fourth register is put together
// from the spare bits of the other three. Each register is stored as soon as it is known.

// CHECK-LABEL: func @inplace12
//  CHECK-SAME:   (%[[CODE:.*]]: index, %[[BUFFER:.*]]: memref<1024xi16>)
//       CHECK:   uwt.buffer table
//       CHECK:   %[[BASE:.*]] = arith.shli %{{.*}}, %{{.*}} : vector<16xi32>
//       CHECK:   %[[W0:.*]] = vector.load %{{.*}}[%[[CODE]]]
//       CHECK:   %[[MASK:.*]] = arith.constant dense<-2013296641>
//       CHECK:   %[[CLEAR:.*]] = arith.andi %[[W0]], %[[MASK]]
//       CHECK:   %[[P0:.*]] = arith.addi %[[CLEAR]], %[[BASE]]
//       CHECK:   %[[H0:.*]] = vector.bitcast %[[P0]]
//       CHECK:   vector.store %[[H0]], %[[BUFFER]]
//       CHECK:   arith.constant dense<20>
//       CHECK:   arith.constant dense<12>
//       CHECK:   arith.constant dense<7864440>
//       CHECK:   arith.constant dense<125831040>
//       CHECK:   arith.constant 992 : index
func.func @inplace12(%code: index, %buffer: memref<1024xi16>) {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>">
  uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x64xbf16, "inplace<12>">, memref<1024xi16>
  return
}

// -----

// Codes of a palette are looked up; sign and mantissa come from plane raw.

// CHECK-LABEL: func @palette
//   CHECK-DAG:   %[[RAW:.*]] = uwt.buffer raw
//   CHECK-DAG:   %[[CODES:.*]] = uwt.buffer code
//   CHECK-DAG:   %[[TABLE:.*]] = uwt.buffer table
//       CHECK:   vector.load %[[CODES]]
//       CHECK:   uwt.lookup %{{.*}} in %[[TABLE]]
//       CHECK:   vector.load %[[RAW]]
func.func @palette(%first: index, %code: index, %buffer: memref<1024xi16>) {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "palette<4>">
  uwt.decode_unit %w[%first, %code] into %buffer[%c0] : !uwt.compressed<64x64xbf16, "palette<4>">, memref<1024xi16>
  return
}

// -----

// A chunk of one bit is a u32 a lane: each is repeated for its four blocks, which differ in their shift.

// CHECK-LABEL: func @bitplane
//       CHECK:   %[[FEW:.*]] = vector.load %{{.*}} : memref<?xi32>, vector<4xi32>
//       CHECK:   vector.shuffle %[[FEW]], %[[FEW]] [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]
//       CHECK:   arith.constant dense<[0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12]>
//       CHECK:   arith.shrui
func.func @bitplane(%first: index, %code: index, %buffer: memref<1024xi16>) {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "bitplane<3>">
  uwt.decode_unit %w[%first, %code] into %buffer[%c0] : !uwt.compressed<64x64xbf16, "bitplane<3>">, memref<1024xi16>
  return
}

// -----

// Positions of escapes are taken apart by masks: whatever a record says, it stays inside the unit.

// CHECK-LABEL: func @patch
//       CHECK:   %[[RECORDS:.*]] = uwt.buffer patch
//       CHECK:   scf.for
//       CHECK:     memref.load %[[RECORDS]]
//       CHECK:     arith.constant 3 : i32
//       CHECK:     arith.andi
//       CHECK:     arith.constant 31 : i32
//       CHECK:     arith.andi
//       CHECK:     memref.store %{{.*}}, %{{.*}} : memref<1024xi16>
func.func @patch(%record: index, %count: index, %buffer: memref<1024xi16>) {
  %c1 = arith.constant 1 : index
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>">
  uwt.patch_unit %w[%record], %count, runs %c1, %buffer[%c0] : !uwt.compressed<64x64xbf16, "inplace<12>">, memref<1024xi16>
  return
}

// -----

// A run of escapes replaces 64 symbols and keeps their raw bits.

// CHECK-LABEL: func @patch_runs
//       CHECK:   scf.for
//       CHECK:     scf.for
//       CHECK:       arith.constant 32895 : i32
//       CHECK:       memref.store %{{.*}}, %{{.*}} : memref<1024xi16>
func.func @patch_runs(%record: index, %count: index, %buffer: memref<1024xi16>) {
  %c1 = arith.constant 1 : index
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "window<4>, escapes=rows<64>">
  uwt.patch_unit %w[%record], %count, runs %c1, %buffer[%c0] : !uwt.compressed<64x64xbf16, "window<4>, escapes=rows<64>">, memref<1024xi16>
  return
}

// -----

// Codes of 4 bits are looked up: a table a row and cell, of the numbers less the zero point, times the scale. Codes of row g come first, then
// the scales of 16 rows (from u32 256 on), then their zero points.

// CHECK-LABEL: func @nibbles
//  CHECK-SAME:   (%[[CODE:.*]]: index, %[[BUFFER:.*]]: memref<2048xi16>)
//       CHECK:   %[[PLANE:.*]] = uwt.buffer code
//       CHECK:   %[[C256:.*]] = arith.constant 256 : index
//       CHECK:   %[[AT:.*]] = arith.addi %[[CODE]], %[[C256]]
//       CHECK:   vector.load %[[PLANE]][%[[AT]]] : memref<?xi32>, vector<8xi32>
//       CHECK:   %[[SCALES:.*]] = uwt.widen_halves
//       CHECK:   llvm.store %[[SCALES]], %[[SCRATCH:.*]] {
//       CHECK:   arith.constant 264 : index
//       CHECK:   %[[ZEROS:.*]] = arith.sitofp
//       CHECK:   %[[AFTER:.*]] = llvm.getelementptr %[[SCRATCH]][64]
//       CHECK:   llvm.store %[[ZEROS]], %[[AFTER]]
//       CHECK:   %[[NUMBERS:.*]] = arith.constant dense<[0.000000e+00, 1.000000e+00, 2.000000e+00
//       CHECK:   %[[Z:.*]] = vector.broadcast
//       CHECK:   %[[D:.*]] = arith.subf %[[NUMBERS]], %[[Z]]
//       CHECK:   %[[S:.*]] = vector.broadcast
//       CHECK:   %[[T:.*]] = arith.mulf %[[D]], %[[S]]
//       CHECK:   %[[T8:.*]] = arith.mulf
//       CHECK:   %[[CODES:.*]] = vector.load %{{.*}}[%[[CODE]]]
//       CHECK:   uwt.lookup_floats %[[CODES]] in %[[T]] {element = bf16}
//       CHECK:   %[[NEXT:.*]] = arith.shrui %[[CODES]]
//       CHECK:   uwt.lookup_floats %[[NEXT]] in %[[T8]] {element = bf16}
func.func @nibbles(%code: index, %buffer: memref<2048xi16>) {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}">
  uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x128xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}">, memref<2048xi16>
  return
}

// -----

// Where an operation has one table for all lanes, codes of several cells look up what they stand for, as words. Scales of powers of two need no
// rounding.

// CHECK-LABEL: func @numbers_of_cells
//       CHECK:   %[[NUMBERS:.*]] = arith.constant dense<[0.000000e+00, 5.000000e-01, 1.000000e+00
//       CHECK:   %[[SCALES:.*]] = vector.shuffle %{{.*}}, %{{.*}} [0, 0, 1, 1, 0, 0, 1, 1
//       CHECK:   %[[WORDS:.*]] = uwt.lookup_floats %{{.*}} in %[[NUMBERS]] {element = bf16}
//       CHECK:   %[[LOW:.*]] = arith.bitcast
//       CHECK:   %[[HIGH:.*]] = arith.bitcast
//       CHECK:   %[[A:.*]] = arith.mulf %[[LOW]], %[[SCALES]]
//  CHECK-NEXT:   %[[B:.*]] = arith.mulf %[[HIGH]], %[[SCALES]]
//       CHECK:   %[[ABITS:.*]] = arith.bitcast %[[A]]
//       CHECK:   %[[AWORDS:.*]] = arith.shrui %[[ABITS]]
//       CHECK:   %[[BBITS:.*]] = arith.bitcast %[[B]]
//       CHECK:   arith.ori %[[AWORDS]], %[[BBITS]]
func.func @numbers_of_cells(%code: index, %buffer: memref<1024xi16>) {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "f4E2M1FN, scale={1x32, f8E8M0FNU}">
  uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x64xbf16, "f4E2M1FN, scale={1x32, f8E8M0FNU}">, memref<1024xi16>
  return
}

// -----

// Other products are rounded to nearest, ties to even.

// CHECK-LABEL: func @numbers_are_rounded
//       CHECK:   vector.shuffle %{{.*}}, %{{.*}} [0, 1, 2, 3, 0, 1, 2, 3
//       CHECK:   uwt.lookup_floats
//       CHECK:   arith.mulf
//       CHECK:   arith.constant dense<32767>
//       CHECK:   arith.constant dense<-65536>
func.func @numbers_are_rounded(%code: index, %buffer: memref<1024xi16>) {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "f4E2M1FN, scale={1x16, f16E6M10U}">
  uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x64xbf16, "f4E2M1FN, scale={1x16, f16E6M10U}">, memref<1024xi16>
  return
}

// -----

module attributes {uwt.target = #uwt.target<"avx512">} {
  // CHECK-LABEL: func @tables_of_cells
  //       CHECK:   %[[A:.*]] = arith.mulf
  //       CHECK:   %[[B:.*]] = arith.mulf
  //       CHECK:   uwt.lookup_floats %{{.*}} in %[[A]], %[[B]] {element = bf16}
  func.func @tables_of_cells(%code: index, %buffer: memref<1024xi16>) {
    %c0 = arith.constant 0 : index
    %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "f4E2M1FN, scale={1x32, f8E8M0FNU}">
    uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x64xbf16, "f4E2M1FN, scale={1x32, f8E8M0FNU}">, memref<1024xi16>
    return
  }
}

// -----

// Codes of 8 bits: floats are halves first, and the scale makes up for the other bias.

// CHECK-LABEL: func @bytes
//       CHECK:   %[[BIAS:.*]] = arith.constant dense<2.560000e+02>
//       CHECK:   arith.mulf %{{.*}}, %[[BIAS]]
//       CHECK:   vector.load %{{.*}} : memref<?xi32>, vector<8xi32>
//       CHECK:   arith.extsi %{{.*}} : vector<32xi8> to vector<32xi16>
//       CHECK:   arith.constant dense<-16512>
//       CHECK:   uwt.widen_halves
//       CHECK:   %[[A:.*]] = arith.mulf
//       CHECK:   %[[B:.*]] = arith.mulf
//       CHECK:   uwt.round_words %[[A]], %[[B]] {element = f16}
func.func @bytes(%code: index, %buffer: memref<1024xi16>) {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x64xf16, "f8E4M3FN, scale={1x64, bf16}">
  uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x64xf16, "f8E4M3FN, scale={1x64, bf16}">, memref<1024xi16>
  return
}

// -----

// Codes of 2 bits of two rows are in one another's nibbles.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @two_bits
  //  CHECK-SAME:   (%[[CODE:.*]]: index, %[[BUFFER:.*]]: memref<2048xi16>)
  //       CHECK:   %[[BOTH:.*]] = vector.load %{{.*}}[%[[CODE]]] : memref<?xi32>, vector<16xi32>
  //       CHECK:   uwt.lookup_floats %[[BOTH]] in
  //       CHECK:   arith.constant dense<4>
  //       CHECK:   arith.shrui %[[BOTH]]
  //       CHECK:   %[[AGAIN:.*]] = vector.load %{{.*}}[%[[CODE]]] : memref<?xi32>, vector<16xi32>
  //       CHECK:   %[[C2:.*]] = arith.constant dense<2>
  //       CHECK:   %[[NEXT:.*]] = arith.shrui %[[AGAIN]], %[[C2]]
  //       CHECK:   uwt.lookup_floats %[[NEXT]] in
  func.func @two_bits(%code: index, %buffer: memref<2048xi16>) {
    %c0 = arith.constant 0 : index
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "uint<2>, scale={1x128, f16}">
    uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x128xbf16, "uint<2>, scale={1x128, f16}">, memref<2048xi16>
    return
  }

  // The third bit is in a chunk of its own.
  // CHECK-LABEL: func @three_bits
  //  CHECK-SAME:   (%[[CODE:.*]]: index, %[[BUFFER:.*]]: memref<2048xi16>)
  //       CHECK:   %[[LOWER:.*]] = vector.load %{{.*}}[%[[CODE]]] : memref<?xi32>, vector<16xi32>
  //       CHECK:   %[[C64:.*]] = arith.constant 64 : index
  //       CHECK:   %[[AT:.*]] = arith.addi %[[CODE]], %[[C64]]
  //       CHECK:   %[[UPPER:.*]] = vector.load %{{.*}}[%[[AT]]] : memref<?xi32>, vector<16xi32>
  //       CHECK:   %[[C2:.*]] = arith.constant dense<2>
  //       CHECK:   %[[PLACED:.*]] = arith.shli %[[UPPER]], %[[C2]]
  //       CHECK:   %[[MASK:.*]] = arith.constant dense<858993459>
  //       CHECK:   %[[A:.*]] = arith.andi %[[LOWER]], %[[MASK]]
  //       CHECK:   %[[OTHERS:.*]] = arith.constant dense<-858993460>
  //       CHECK:   %[[B:.*]] = arith.andi %[[PLACED]], %[[OTHERS]]
  //       CHECK:   %[[BOTH:.*]] = arith.ori %[[A]], %[[B]]
  //       CHECK:   uwt.lookup_floats %[[BOTH]] in
  func.func @three_bits(%code: index, %buffer: memref<2048xi16>) {
    %c0 = arith.constant 0 : index
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "uint<3>, scale={1x128, f16}">
    uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x128xbf16, "uint<3>, scale={1x128, f16}">, memref<2048xi16>
    return
  }

  // Codes of registers 0, 1 and 3 are whole in halves, that of register 2 is in two pieces. LLVM does not see the mask that joins these.
  // CHECK-LABEL: func @six_bits
  //  CHECK-SAME:   (%[[CODE:.*]]: index, %[[BUFFER:.*]]: memref<2048xi16>)
  //       CHECK:   %[[KEPT:.*]] = llvm.inline_asm "", "=r,0" %{{.*}} : (i32) -> i32
  //       CHECK:   %[[LOWER:.*]] = vector.broadcast %[[KEPT]] : i32 to vector<16xi32>
  //       CHECK:   %[[OWN:.*]] = vector.load %{{.*}}[%[[CODE]]] : memref<?xi32>, vector<16xi32>
  //       CHECK:   uwt.lookup_floats %[[OWN]] in joined %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {element = bf16}
  //       CHECK:   arith.constant dense<10>
  //       CHECK:   uwt.lookup_floats %{{.*}} in joined
  //       CHECK:   arith.constant dense<6>
  //       CHECK:   %[[A:.*]] = arith.shrui
  //       CHECK:   %[[C128:.*]] = arith.constant 128 : index
  //       CHECK:   %[[AT:.*]] = arith.addi %[[CODE]], %[[C128]]
  //       CHECK:   vector.load %{{.*}}[%[[AT]]]
  //       CHECK:   %[[B:.*]] = arith.shrui
  //       CHECK:   %[[DIFFERENCE:.*]] = arith.xori %[[A]], %[[B]]
  //       CHECK:   %[[MASKED:.*]] = arith.andi %[[DIFFERENCE]], %[[LOWER]]
  //       CHECK:   %[[BOTH:.*]] = arith.xori %[[MASKED]], %[[B]]
  //       CHECK:   uwt.lookup_floats %[[BOTH]] in joined
  func.func @six_bits(%code: index, %buffer: memref<2048xi16>) {
    %c0 = arith.constant 0 : index
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "uint<6>, scale={1x128, f16}">
    uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x128xbf16, "uint<6>, scale={1x128, f16}">, memref<2048xi16>
    return
  }

  // Numbers are looked up, and powers of two added to their exponents.
  // CHECK-LABEL: func @six_bits_of_cells
  //       CHECK:   %[[EXPONENTS:.*]] = arith.subi
  //       CHECK:   %[[FOUND:.*]] = uwt.lookup_floats %{{.*}} in joined %[[T:.*]], %{{.*}}, %{{.*}}, %{{.*}} {element = bf16}
  //       CHECK:   %[[WORDS:.*]] = vector.bitcast %[[FOUND]] : vector<16xi32> to vector<32xi16>
  //       CHECK:   %[[MAGNITUDE:.*]] = arith.andi %[[WORDS]]
  //       CHECK:   %[[ISNUMBER:.*]] = arith.cmpi ne, %[[MAGNITUDE]]
  //       CHECK:   %[[SCALED:.*]] = arith.addi %[[WORDS]], %[[EXPONENTS]]
  //       CHECK:   arith.select %[[ISNUMBER]], %[[SCALED]], %[[WORDS]]
  func.func @six_bits_of_cells(%code: index, %buffer: memref<1024xi16>) {
    %c0 = arith.constant 0 : index
    %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "f6E3M2FN, scale={1x32, f8E8M0FNU}">
    uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x64xbf16, "f6E3M2FN, scale={1x32, f8E8M0FNU}">, memref<1024xi16>
    return
  }
}

// -----

// Without a permute of so many words, they become floats by arithmetic: the sign goes to bit 15, the rest to the place that it has in an f16.

// CHECK-LABEL: func @six_bits_by_arithmetic
//       CHECK:   arith.constant dense<4128831>
//       CHECK:   %[[CODES:.*]] = vector.bitcast %{{.*}} : vector<16xi32> to vector<32xi16>
//       CHECK:   %[[C10:.*]] = arith.constant dense<10>
//       CHECK:   arith.shli %[[CODES]], %[[C10]]
//       CHECK:   %[[C8:.*]] = arith.constant dense<8>
//       CHECK:   arith.shli %[[CODES]], %[[C8]]
//       CHECK:   uwt.widen_halves
//       CHECK:   uwt.round_words %{{.*}}, %{{.*}} {element = bf16}
func.func @six_bits_by_arithmetic(%code: index, %buffer: memref<1024xi16>) {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "f6E3M2FN, scale={1x32, f8E8M0FNU}">
  uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x64xbf16, "f6E3M2FN, scale={1x32, f8E8M0FNU}">, memref<1024xi16>
  return
}

// -----

// A strip has one scale: 128 magnitudes are computed once for 16 rows.
module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @blocks
  // CHECK-COUNT-4: uwt.round_words
  //     CHECK-NOT: uwt.round_words
  // CHECK-COUNT-32: uwt.lookup_bytes
  //     CHECK-NOT: uwt.lookup_bytes
  func.func @blocks(%code: index, %buffer: memref<2048xi16>) {
    %c0 = arith.constant 0 : index
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "f8E4M3FN, scale={128x128, f32}">
    uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x128xbf16, "f8E4M3FN, scale={128x128, f32}">, memref<2048xi16>
    return
  }

  // Under powers of two the table is of numbers, and exponents are added.
  // CHECK-LABEL: func @bytes_of_powers
  // CHECK-COUNT-4: uwt.round_words
  //       CHECK:   %[[FOUND:.*]], %{{.*}} = uwt.lookup_bytes
  //       CHECK:   %[[EXPONENTS:.*]] = arith.subi
  //       CHECK:   %[[WORDS:.*]] = vector.bitcast %[[FOUND]] : vector<16xi32> to vector<32xi16>
  //       CHECK:   %[[SCALED:.*]] = arith.addi %[[WORDS]], %[[EXPONENTS]]
  //       CHECK:   arith.select %{{.*}}, %[[SCALED]], %[[WORDS]]
  func.func @bytes_of_powers(%code: index, %buffer: memref<1024xi16>) {
    %c0 = arith.constant 0 : index
    %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "f8E4M3FN, scale={1x32, f8E8M0FNU}">
    uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x64xbf16, "f8E4M3FN, scale={1x32, f8E8M0FNU}">, memref<1024xi16>
    return
  }

  // Cells of 8 rows end within a strip.
  // CHECK-LABEL: func @blocks_of_few_rows
  //   CHECK-NOT:   uwt.lookup_bytes
  func.func @blocks_of_few_rows(%code: index, %buffer: memref<2048xi16>) {
    %c0 = arith.constant 0 : index
    %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "f8E4M3FN, scale={8x128, f32}">
    uwt.decode_unit %w[%c0, %code] into %buffer[%c0] : !uwt.compressed<64x128xbf16, "f8E4M3FN, scale={8x128, f32}">, memref<2048xi16>
    return
  }
}
