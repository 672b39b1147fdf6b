// RUN: uwt-opt %s -uwt-lower-allocations -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: @dynamic
// CHECK: %[[KNOWN:.*]] = llvm.mlir.constant(16 : i64) : i64
// CHECK: %[[SIZE:.*]] = arith.index_cast %{{.*}} : index to i64
// CHECK: %[[BYTES:.*]] = llvm.call @uwt_multiply_size(%[[KNOWN]], %[[SIZE]]) : (i64, i64) -> i64
// CHECK: llvm.call @uwt_allocate(%[[BYTES]]) : (i64) -> !llvm.ptr
// CHECK: llvm.call @uwt_release(%{{.*}}) : (!llvm.ptr) -> ()
func.func @dynamic(%n: index) {
  %m = memref.alloc(%n) : memref<?x4xf32>
  memref.dealloc %m : memref<?x4xf32>
  return
}

// More than fits in 63 bits is more than the runtime has.
// CHECK-LABEL: @large
// CHECK: llvm.mlir.constant(9223372036854775807 : i64) : i64
func.func @large() {
  %m = memref.alloc() : memref<4294967296x4294967296xf32>
  memref.dealloc %m : memref<4294967296x4294967296xf32>
  return
}

// -----

func.func @alignment() {
  // expected-error @+1 {{'memref.alloc' op has a layout or an alignment that the runtime's memory does not have}}
  %m = memref.alloc() {alignment = 128 : i64} : memref<4xf32>
  return
}
