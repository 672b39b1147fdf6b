// RUN: uwt-opt %s --uwt-lower-dispatch | FileCheck %s

// CHECK-LABEL: func @tensors
// CHECK-SAME: (%[[M:.*]]: index, %[[A:.*]]: tensor<?x64xf32>, %[[B:.*]]: tensor<?x64xf32>, %[[C:.*]]: tensor<?x64xf32>)
// CHECK: %[[C2:.*]] = arith.constant 2 : index
// CHECK: %[[FIRST:.*]] = arith.cmpi sle, %[[M]], %[[C2]] : index
// CHECK: %[[R:.*]] = scf.if %[[FIRST]] -> (tensor<?x64xf32>) {
// CHECK-NEXT: scf.yield %[[A]]
// CHECK-NEXT: } else {
// CHECK: %[[C8:.*]] = arith.constant 8 : index
// CHECK: %[[SECOND:.*]] = arith.cmpi sle, %[[M]], %[[C8]] : index
// CHECK: %[[INNER:.*]] = scf.if %[[SECOND]] -> (tensor<?x64xf32>) {
// CHECK-NEXT: scf.yield %[[B]]
// CHECK-NEXT: } else {
// CHECK-NEXT: scf.yield %[[C]]
// CHECK-NEXT: }
// CHECK-NEXT: scf.yield %[[INNER]]
// CHECK: return %[[R]]
func.func @tensors(%m: index, %a: tensor<?x64xf32>, %b: tensor<?x64xf32>, %c: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = uwt.dispatch %m limits [2, 8] -> tensor<?x64xf32> cases {
    uwt.yield %a : tensor<?x64xf32>
  }, {
    uwt.yield %b : tensor<?x64xf32>
  }, {
    uwt.yield %c : tensor<?x64xf32>
  }
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func @buffers
// CHECK: scf.if %{{.*}} {
// CHECK-NEXT: memref.store %{{.*}}, %{{.*}}[%{{.*}}] : memref<4xf32>
// CHECK-NEXT: } else {
// CHECK-NEXT: memref.dealloc
// CHECK-NEXT: }
func.func @buffers(%m: index, %buffer: memref<4xf32>, %value: f32) {
  uwt.dispatch %m limits [1] cases {
    memref.store %value, %buffer[%m] : memref<4xf32>
    uwt.yield
  }, {
    memref.dealloc %buffer : memref<4xf32>
    uwt.yield
  }
  return
}

// One region alone needs no branch.
// CHECK-LABEL: func @single
// CHECK-SAME: (%{{.*}}: index, %[[A:.*]]: f32)
// CHECK-NEXT: return %[[A]]
func.func @single(%m: index, %a: f32) -> f32 {
  %y = uwt.dispatch %m limits [] -> f32 cases {
    uwt.yield %a : f32
  }
  return %y : f32
}

// Dispatches inside of dispatches.
// CHECK-LABEL: func @nested
// CHECK-NOT: uwt.dispatch
// CHECK-COUNT-2: scf.if
func.func @nested(%m: index, %a: f32, %b: f32) -> f32 {
  %y = uwt.dispatch %m limits [4] -> f32 cases {
    %z = uwt.dispatch %m limits [2] -> f32 cases {
      uwt.yield %a : f32
    }, {
      uwt.yield %b : f32
    }
    uwt.yield %z : f32
  }, {
    uwt.yield %b : f32
  }
  return %y : f32
}
