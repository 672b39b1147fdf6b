// RUN: uwt-opt %s -uwt-outline-repeated -split-input-file | FileCheck %s

// Two loops that differ in what they use share a function; the constant is made in it. The third does something else.
// CHECK: func.func private @twice_part(%[[V:.*]]: f32, %[[M:.*]]: memref<8xf32>) attributes {llvm.linkage = #llvm.linkage<internal>, passthrough = ["noinline"]}
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK: scf.for %[[I:.*]] = %[[C0]] to %[[C8]]
// CHECK: memref.store %[[V]], %[[M]][%[[I]]]
// CHECK-NOT: func.func private
// CHECK-LABEL: func.func @twice(
// CHECK-SAME: %[[A:.*]]: memref<8xf32>, %[[B:.*]]: memref<8xf32>, %[[X:.*]]: f32, %[[Y:.*]]: f32
// CHECK: call @twice_part(%[[X]], %[[A]])
// CHECK: call @twice_part(%[[Y]], %[[B]])
// CHECK: scf.for
func.func @twice(%a: memref<8xf32>, %b: memref<8xf32>, %x: f32, %y: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %x, %a[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %y, %b[%i] : memref<8xf32>
  }
  scf.for %i = %c1 to %c8 step %c1 {
    memref.store %y, %b[%i] : memref<8xf32>
  }
  return
}

// -----

// A condition with a result, that another one uses, also of another function. Using one value twice is something else.
// CHECK: func.func private @chain_part(%{{.*}}: i1, %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>) -> memref<?xf32>
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[C:.*]]: i1, %[[A:.*]]: memref<?xf32>, %[[B:.*]]: memref<?xf32>
// CHECK: %[[FIRST:.*]] = call @chain_part(%[[C]], %[[A]], %[[B]])
// CHECK: %[[SECOND:.*]] = call @chain_part(%[[C]], %[[FIRST]], %[[A]])
// CHECK: return %[[SECOND]]
func.func @chain(%c: i1, %a: memref<?xf32>, %b: memref<?xf32>) -> memref<?xf32> {
  %0 = scf.if %c -> memref<?xf32> {
    scf.yield %a : memref<?xf32>
  } else {
    scf.yield %b : memref<?xf32>
  }
  %1 = scf.if %c -> memref<?xf32> {
    scf.yield %0 : memref<?xf32>
  } else {
    scf.yield %a : memref<?xf32>
  }
  return %1 : memref<?xf32>
}

// CHECK-LABEL: func.func @other(
// CHECK: scf.if
// CHECK: call @chain_part
func.func @other(%c: i1, %a: memref<?xf32>, %b: memref<?xf32>) -> (memref<?xf32>, memref<?xf32>) {
  %0 = scf.if %c -> memref<?xf32> {
    scf.yield %a : memref<?xf32>
  } else {
    scf.yield %a : memref<?xf32>
  }
  %1 = scf.if %c -> memref<?xf32> {
    scf.yield %b : memref<?xf32>
  } else {
    scf.yield %0 : memref<?xf32>
  }
  return %0, %1 : memref<?xf32>, memref<?xf32>
}

// -----

// Layers that differ in their weights: the weight is an argument. One of another strategy stays where it is.
// CHECK: func.func private @layers_part(%[[X:.*]]: memref<1x64xbf16>, %[[W:.*]]: !uwt.compressed<64x64xbf16, "inplace<12>">, %[[Y:.*]]: memref<1x64xbf16>)
// CHECK: uwt.matmul ins(%[[X]], %[[W]] : {{.*}}) outs(%[[Y]] : memref<1x64xbf16>) strategy #uwt.strategy<direct
// CHECK-LABEL: func.func @layers(
// CHECK-SAME: %[[A:.*]]: memref<1x64xbf16>, %[[B:.*]]: memref<1x64xbf16>, %[[C:.*]]: memref<1x64xbf16>)
// CHECK-DAG: %[[W0:.*]] = uwt.weight "0"
// CHECK-DAG: %[[W1:.*]] = uwt.weight "1"
// CHECK: call @layers_part(%[[A]], %[[W0]], %[[B]])
// CHECK: call @layers_part(%[[B]], %[[W1]], %[[C]])
// CHECK: uwt.matmul {{.*}} strategy #uwt.strategy<buffer
func.func @layers(%a: memref<1x64xbf16>, %b: memref<1x64xbf16>, %c: memref<1x64xbf16>) {
  %w0 = uwt.weight "0" {slot = 0 : i64} : !uwt.compressed<64x64xbf16, "inplace<12>">
  %w1 = uwt.weight "1" {slot = 1 : i64} : !uwt.compressed<64x64xbf16, "inplace<12>">
  uwt.matmul ins(%a, %w0 : memref<1x64xbf16>, !uwt.compressed<64x64xbf16, "inplace<12>">) outs(%b : memref<1x64xbf16>) strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64> {
  ^bb0(%sum: f32):
    %y = arith.truncf %sum : f32 to bf16
    uwt.yield %y : bf16
  }
  uwt.matmul ins(%b, %w1 : memref<1x64xbf16>, !uwt.compressed<64x64xbf16, "inplace<12>">) outs(%c : memref<1x64xbf16>) strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64> {
  ^bb0(%sum: f32):
    %y = arith.truncf %sum : f32 to bf16
    uwt.yield %y : bf16
  }
  uwt.matmul ins(%c, %w1 : memref<1x64xbf16>, !uwt.compressed<64x64xbf16, "inplace<12>">) outs(%b : memref<1x64xbf16>) strategy #uwt.strategy<buffer, tile_n = 16, tile_m = 1, tile_k = 64> {
  ^bb0(%sum: f32):
    %y = arith.truncf %sum : f32 to bf16
    uwt.yield %y : bf16
  }
  return
}
