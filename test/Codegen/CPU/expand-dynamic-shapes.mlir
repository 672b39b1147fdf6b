// RUN: uwt-opt %s --uwt-expand-dynamic-shapes --split-input-file | FileCheck %s

// CHECK-LABEL: @outermost
// CHECK-SAME: %[[X:.*]]: memref<?x64xf32>, %[[M:.*]]: index, %[[N:.*]]: index
// CHECK: %[[BASE:.*]], %{{.*}}, %{{.*}}:2, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata %[[X]]
// CHECK: %[[STRIDE:.*]] = arith.muli %[[STRIDES]]#0, %[[N]] : index
// CHECK: %[[Y:.*]] = memref.reinterpret_cast %[[BASE]] to offset: [0], sizes: [%[[M]], %[[N]], 64], strides: [%[[STRIDE]], 64, 1] : memref<f32> to memref<?x?x64xf32>
// CHECK: return %[[Y]]
func.func @outermost(%x: memref<?x64xf32>, %m: index, %n: index) -> memref<?x?x64xf32> {
  %y = memref.expand_shape %x [[0, 1], [2]] output_shape [%m, %n, 64]
      : memref<?x64xf32> into memref<?x?x64xf32>
  return %y : memref<?x?x64xf32>
}

// -----

// An offset and strides that only the run knows, and a static size between two that are not.

// CHECK-LABEL: @strided
// CHECK-SAME: %[[M:[a-z0-9]+]]: index, %[[N:[a-z0-9]+]]: index
// CHECK: %[[BASE:.*]], %[[OFFSET:.*]], %{{.*}}:2, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata
// CHECK: %[[MIDDLE:.*]] = arith.muli %[[STRIDES]]#1, %[[N]] : index
// CHECK: %[[OUTER:.*]] = arith.muli %[[MIDDLE]], %c8 : index
// CHECK: memref.reinterpret_cast %[[BASE]] to offset: [%[[OFFSET]]], sizes: [4, %[[M]], 8, %[[N]]], strides: [%[[STRIDES]]#0, %[[OUTER]], %[[MIDDLE]], %[[STRIDES]]#1]
func.func @strided(%x: memref<4x?xf32, strided<[?, ?], offset: ?>>, %m: index, %n: index)
    -> memref<4x?x8x?xf32, strided<[?, ?, ?, ?], offset: ?>> {
  %y = memref.expand_shape %x [[0], [1, 2, 3]] output_shape [4, %m, 8, %n]
      : memref<4x?xf32, strided<[?, ?], offset: ?>>
      into memref<4x?x8x?xf32, strided<[?, ?, ?, ?], offset: ?>>
  return %y : memref<4x?x8x?xf32, strided<[?, ?, ?, ?], offset: ?>>
}

// -----

// One dynamic size of a group is upstream's.

// CHECK-LABEL: @one
// CHECK: memref.expand_shape
func.func @one(%x: memref<?x?xf32>, %m: index, %n: index) -> memref<?x4x?xf32> {
  %y = memref.expand_shape %x [[0, 1], [2]] output_shape [%m, 4, %n]
      : memref<?x?xf32> into memref<?x4x?xf32>
  return %y : memref<?x4x?xf32>
}
