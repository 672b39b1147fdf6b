// RUN: uwt-opt %s -uwt-weights-to-llvm -split-input-file -verify-diagnostics | FileCheck %s

// CHECK: llvm.mlir.global external @uwt_weights() {{.*}}: !llvm.array<0 x ptr>

// Slot 1, plane code (5): field 17 of the table. The weight itself goes.
// CHECK-LABEL: func @plane
//   CHECK-NOT:   uwt.weight
//       CHECK:   %[[TABLE:.*]] = llvm.mlir.addressof @uwt_weights
//       CHECK:   %[[AT:.*]] = llvm.getelementptr %[[TABLE]][18]
//       CHECK:   llvm.load %[[AT]] invariant {alignment = 8 : i64}
//       CHECK:   builtin.unrealized_conversion_cast %{{.*}} to memref<?xi32>
func.func @plane() -> memref<?xi32> {
  %w = uwt.weight "w" {slot = 1 : i64} : !uwt.compressed<64x64xbf16, "inplace<12>">
  %p = uwt.buffer code of %w : !uwt.compressed<64x64xbf16, "inplace<12>"> -> memref<?xi32>
  return %p : memref<?xi32>
}

// A dense weight is field 8 of its slot.
// CHECK-LABEL: func @dense
//   CHECK-NOT:   uwt.weight
//       CHECK:   llvm.getelementptr %{{.*}}[34]
//       CHECK:   builtin.unrealized_conversion_cast %{{.*}} to memref<4x8xbf16>
func.func @dense() -> memref<4x8xbf16> {
  %w = uwt.weight "b" {slot = 2 : i64} : memref<4x8xbf16>
  return %w : memref<4x8xbf16>
}

// A private function is given the place of the view in the table, and hands it on; field 5 of it is the plane.
// CHECK-LABEL: func private @given(
//  CHECK-SAME:   %[[VIEW:.*]]: !llvm.ptr) -> memref<?xi32>
//       CHECK:   %[[AT:.*]] = llvm.getelementptr %[[VIEW]][5]
//       CHECK:   llvm.load %[[AT]] invariant
func.func private @given(%w: !uwt.compressed<64x64xbf16, "inplace<12>">) -> memref<?xi32> {
  %p = uwt.buffer code of %w : !uwt.compressed<64x64xbf16, "inplace<12>"> -> memref<?xi32>
  return %p : memref<?xi32>
}

// CHECK-LABEL: func private @hands_on(
//  CHECK-SAME:   %[[VIEW:.*]]: !llvm.ptr)
//       CHECK:   call @given(%[[VIEW]]) : (!llvm.ptr)
func.func private @hands_on(%w: !uwt.compressed<64x64xbf16, "inplace<12>">) -> memref<?xi32> {
  %p = call @given(%w) : (!uwt.compressed<64x64xbf16, "inplace<12>">) -> memref<?xi32>
  return %p : memref<?xi32>
}

// So is a public one; the weight of any size says its own, rows as field 10.
// CHECK-LABEL: func @sizes(
//  CHECK-SAME:   %[[VIEW:.*]]: !llvm.ptr) -> (index, index)
//       CHECK:   %[[AT:.*]] = llvm.getelementptr %[[VIEW]][11]
//       CHECK:   %[[ROWS:.*]] = llvm.load %[[AT]] invariant {alignment = 8 : i64} : !llvm.ptr -> i64
//       CHECK:   arith.index_cast %[[ROWS]]
//       CHECK:   llvm.getelementptr %[[VIEW]][12]
func.func @sizes(%w: !uwt.compressed<?x?xbf16, "inplace<12>">) -> (index, index) {
  %n = uwt.matrix_size %w[0] : !uwt.compressed<?x?xbf16, "inplace<12>">
  %k = uwt.matrix_size %w[1] : !uwt.compressed<?x?xbf16, "inplace<12>">
  return %n, %k : index, index
}

// CHECK-LABEL: func @gives
//   CHECK-NOT:   uwt.weight
//       CHECK:   %[[TABLE:.*]] = llvm.mlir.addressof @uwt_weights
//       CHECK:   %[[VIEW:.*]] = llvm.getelementptr %[[TABLE]][13]
//       CHECK:   call @hands_on(%[[VIEW]])
func.func @gives() -> memref<?xi32> {
  %w = uwt.weight "w" {slot = 1 : i64} : !uwt.compressed<64x64xbf16, "inplace<12>">
  %p = call @hands_on(%w) : (!uwt.compressed<64x64xbf16, "inplace<12>">) -> memref<?xi32>
  return %p : memref<?xi32>
}

// -----

func.func private @given(%w: !uwt.compressed<64x64xbf16, "inplace<12>">) -> memref<?xi32> {
  %p = uwt.buffer code of %w : !uwt.compressed<64x64xbf16, "inplace<12>"> -> memref<?xi32>
  return %p : memref<?xi32>
}

func.func @gives_without_slot() -> memref<?xi32> {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>">
  // expected-error @below {{reads a weight without a slot: run uwt-assign-slots before}}
  %p = call @given(%w) : (!uwt.compressed<64x64xbf16, "inplace<12>">) -> memref<?xi32>
  return %p : memref<?xi32>
}

// -----

func.func @no_slot() -> memref<?xi32> {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>">
  // expected-error @below {{reads a weight without a slot: run uwt-assign-slots before}}
  %p = uwt.buffer code of %w : !uwt.compressed<64x64xbf16, "inplace<12>"> -> memref<?xi32>
  return %p : memref<?xi32>
}

// -----

// uwt-lower-input makes nested modules one; here their functions keep weights as they are.
module {
  module {
    func.func private @nested(%w: !uwt.compressed<64x64xbf16, "inplace<12>">) -> memref<?xi32> {
      // expected-error @below {{reads a weight without a slot: run uwt-assign-slots before}}
      %p = uwt.buffer code of %w : !uwt.compressed<64x64xbf16, "inplace<12>"> -> memref<?xi32>
      return %p : memref<?xi32>
    }
    func.func @calls_nested() -> memref<?xi32> {
      %w = uwt.weight "w" {slot = 1 : i64} : !uwt.compressed<64x64xbf16, "inplace<12>">
      %p = call @nested(%w) : (!uwt.compressed<64x64xbf16, "inplace<12>">) -> memref<?xi32>
      return %p : memref<?xi32>
    }
  }
}
