// RUN: uwt-opt %s -pass-pipeline='builtin.module(func.func(uwt-hoist-buffers))' | FileCheck %s

memref.global "private" constant @table : memref<8xf32> = dense<1.0>

// CHECK-LABEL: func.func @rare
// CHECK: %[[TABLE:.*]] = memref.get_global @table
// CHECK: %[[VIEW:.*]] = memref.subview %[[TABLE]]
// CHECK: scf.forall (%[[I:.*]]) in (8)
// CHECK: scf.if
// CHECK: %[[OWN:.*]] = memref.subview %[[TABLE]][%[[I]]]
func.func @rare(%m: memref<8xf32>, %rare: i1, %v: f32) {
  %c0 = arith.constant 0 : index
  scf.forall (%i) in (8) {
    scf.if %rare {
      %t = memref.get_global @table : memref<8xf32>
      %s = memref.subview %t[4] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>
      %w = memref.load %s[%c0] : memref<4xf32, strided<[1], offset: 4>>
      %o = memref.subview %t[%i] [1] [1] : memref<8xf32> to memref<1xf32, strided<[1], offset: ?>>
      %u = memref.load %o[%c0] : memref<1xf32, strided<[1], offset: ?>>
      %x = arith.addf %w, %u : f32
      memref.store %x, %m[%i] : memref<8xf32>
    }
  }
  return
}
