// RUN: uwt-opt %s -uwt-outline-parallel -split-input-file | FileCheck %s

// CHECK: func.func private @uwt_parallel_for(!llvm.ptr, !llvm.ptr, i64)
// CHECK-LABEL: func.func private @fill_parallel_0(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// CHECK-DAG: %[[BEGIN:.*]] = arith.index_cast %arg1
// CHECK-DAG: %[[END:.*]] = arith.index_cast %arg2
// CHECK: scf.for %[[N:.*]] = %[[BEGIN]] to %[[END]]
// CHECK: %[[J:.*]] = arith.remui %[[N]], %[[COLUMNS:.*]] : index
// CHECK: %[[I:.*]] = arith.divui %[[N]], %[[COLUMNS]] : index
// CHECK: memref.store %{{.*}}, %{{.*}}[%[[I]], %[[J]]]
// CHECK-LABEL: func.func @fill
// CHECK: %[[CONTEXT:.*]] = llvm.alloca {{.*}} x !llvm.struct<(
// CHECK: %[[BODY:.*]] = constant @fill_parallel_0
// CHECK: %[[POINTER:.*]] = builtin.unrealized_conversion_cast %[[BODY]]
// CHECK: call @uwt_parallel_for(%[[POINTER]], %[[CONTEXT]], %{{.*}})
// CHECK-NOT: scf.forall
func.func @fill(%m: memref<8x4xf32>, %v: f32) {
  scf.forall (%i, %j) in (8, 4) {
    memref.store %v, %m[%i, %j] : memref<8x4xf32>
  }
  return
}

// -----

// Equal loops share a function; the loop inside runs on one thread; its buffer is made once.
// CHECK: func.func private @twice_parallel_0
// CHECK-NEXT: memref.alloca
// CHECK: scf.for
// CHECK: scf.for
// CHECK-NOT: func.func private @twice
// CHECK-LABEL: func.func @twice
// CHECK: constant @twice_parallel_0
// CHECK: constant @twice_parallel_0
func.func @twice(%a: memref<8x4xf32>, %b: memref<8x4xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.forall (%i) in (8) {
    scf.parallel (%j) = (%c0) to (%c4) step (%c1) {
      %t = memref.alloca() : memref<1xf32>
      memref.store %v, %t[%c0] : memref<1xf32>
      %w = memref.load %t[%c0] : memref<1xf32>
      memref.store %w, %a[%i, %j] : memref<8x4xf32>
    }
  }
  scf.forall (%i) in (8) {
    scf.parallel (%j) = (%c0) to (%c4) step (%c1) {
      %t = memref.alloca() : memref<1xf32>
      memref.store %v, %t[%c0] : memref<1xf32>
      %w = memref.load %t[%c0] : memref<1xf32>
      memref.store %w, %b[%i, %j] : memref<8x4xf32>
    }
  }
  return
}
