// RUN: uwt-opt %s --split-input-file --uwt-emit-decoders --canonicalize --cse | FileCheck %s

// A stream unit is a strip here: lane starts, then groups of 64 columns, each looked up by four passes of
// eight lanes and joined with the raw fields, then escape records.

// CHECK-LABEL: func @strips(
// CHECK-SAME:    %[[PANEL:.*]]: index, %[[UNIT:.*]]: index, %[[BUFFER:.*]]: memref<16384xi16>)
// CHECK-NOT:   uwt.decode_stream
// CHECK:       %[[FIELD:.*]] = llvm.getelementptr %{{.*}}[24]
// CHECK:       %[[WORDS:.*]] = llvm.load %[[FIELD]] {alignment = 8 : i64} : !llvm.ptr -> i64
// The unit's start and its header lie in the panel's part of plane code.
// CHECK:       arith.minui %{{.*}}, %[[WORDS]] : i64
// CHECK:       %[[START:.*]] = llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> i32
// CHECK:       %[[START64:.*]] = arith.extui %[[START]] : i32 to i64
// CHECK:       arith.minui %[[START64]], %[[WORDS]] : i64
// Lane starts.
// CHECK:       scf.for %{{.*}} = %c0_i64 to %c32_i64 step %c1_i64 iter_args
// CHECK:       scf.yield %{{.*}}, %{{.*}} : i64, i64
// Groups, passes, blocks.
// CHECK:       scf.for %{{.*}} = %c0_i64 to %c16_i64 step %c1_i64
// CHECK:       scf.for %{{.*}} = %c0_i64 to %c4_i64 step %c1_i64
// CHECK:       scf.for %{{.*}} = %c0_i64 to %c4_i64 step %c1_i64 iter_args
// A pair of symbols is a lookup by twelve bits, and is stored as it is.
// CHECK:       %[[BITS:.*]] = arith.andi %[[BUFFERED:.*]], %c4095_i64 : i64
// CHECK:       %[[AT:.*]] = llvm.getelementptr %{{.*}}[%[[BITS]]] : (!llvm.ptr, i64) -> !llvm.ptr, i32
// CHECK:       %[[ENTRY:.*]] = llvm.load %[[AT]] {alignment = 4 : i64} : !llvm.ptr -> i32
// CHECK:       %[[ENTRY64:.*]] = arith.extui %[[ENTRY]] : i32 to i64
// CHECK:       %[[LENGTH:.*]] = arith.andi %[[ENTRY64]], %c63_i64 : i64
// CHECK:       %[[REST:.*]] = arith.shrui %[[BUFFERED]], %[[LENGTH]] : i64
// CHECK:       llvm.inline_asm "", "=r,0" %[[REST]]
// CHECK:       llvm.store %{{.*}}, %{{.*}} {alignment = 4 : i64} : i32, !llvm.ptr
// CHECK:       llvm.intr.prefetch
// CHECK:       llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<16xi32>
// CHECK:       vector.load %{{.*}} : memref<?xi32>, vector<16xi32>
// CHECK:       llvm.store %{{.*}}, %{{.*}} {alignment = 4 : i64} : vector<16xi32>, !llvm.ptr
// Escapes replace whole words.
// CHECK:       scf.for
// CHECK:       llvm.store %{{.*}}, %{{.*}} {alignment = 2 : i64} : i16, !llvm.ptr
func.func @strips(%panel: index, %unit: index, %buffer: memref<16384xi16>) {
  %w = uwt.weight "w" : !uwt.compressed<128x2048xbf16, "huffman<12,2>">
  uwt.decode_stream %w[%panel, %unit], %buffer
      : !uwt.compressed<128x2048xbf16, "huffman<12,2>">, memref<16384xi16>
  return
}

// -----

// Single symbols are stored as halves; each row has a table by its class. A code word of 12 bits lets four
// be taken between refills, half of a block.

// CHECK-LABEL: func @classes(
// CHECK:       uwt.buffer classes of
// CHECK:       %[[CLASS:.*]] = llvm.load %{{.*}} {alignment = 1 : i64} : !llvm.ptr -> i8
// CHECK:       %[[NUMBER:.*]] = arith.extui %[[CLASS]] : i8 to i64
// CHECK:       arith.andi %[[NUMBER]], %c3_i64 : i64
// CHECK:       scf.for %{{.*}} = %c0_i64 to %c8_i64 step %c1_i64 iter_args
// CHECK:       llvm.store %{{.*}}, %{{.*}} {alignment = 2 : i64} : i16, !llvm.ptr
func.func @classes(%panel: index, %buffer: memref<16384xi16>) {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<64x256xbf16, "huffman<12,1>, context=row_class<4>">
  uwt.decode_stream %w[%panel, %c0], %buffer
      : !uwt.compressed<64x256xbf16, "huffman<12,1>, context=row_class<4>">, memref<16384xi16>
  return
}

// -----

// Nothing is read from streams of a format without escapes but symbols, and columns that do not exist become 0.

// CHECK-LABEL: func @edge(
// CHECK-DAG:   arith.constant dense<[65535, 0, 0, 0, 0
// CHECK-NOT:   arith.remui
// CHECK:       vector<16xi32>, !llvm.ptr
// CHECK-NOT:   alignment = 2
// CHECK:       return
func.func @edge(%buffer: memref<1024xi16>) {
  %c0 = arith.constant 0 : index
  %w = uwt.weight "w" : !uwt.compressed<16x1xbf16, "huffman<12,2>, escapes=none">
  uwt.decode_stream %w[%c0, %c0], %buffer
      : !uwt.compressed<16x1xbf16, "huffman<12,2>, escapes=none">, memref<1024xi16>
  return
}
