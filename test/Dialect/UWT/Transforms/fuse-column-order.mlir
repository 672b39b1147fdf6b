// RUN: uwt-opt %s -uwt-fuse-decode -split-input-file | FileCheck %s
// RUN: uwt-opt %s -uwt-fuse-decode -uwt-assign-slots -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" -split-input-file | FileCheck %s --check-prefix=MEMORY
// RUN: uwt-opt %s -uwt-fuse-decode "-uwt-select-format=run-format=raw" -split-input-file | FileCheck %s

// Weights whose columns belong to cells in an order of their own: x has its columns in that order, whatever format is asked for.

!w = !uwt.compressed<128x64xbf16, "uint<4>, zero=8, scale={1x32, f16}, order=k">

// CHECK: #[[K:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func @product
// CHECK-SAME: %[[X:.*]]: tensor<?x64xbf16>
func.func @product(%x: tensor<?x64xbf16>, %out: tensor<?x128xf32>) -> tensor<?x128xf32> {
  // CHECK: %[[W:.*]] = uwt.weight "w" : !uwt.compressed<128x64xbf16, "uint<4>, zero=8, scale={1x32, f16}, order=k">
  // CHECK: %[[ORDER:.*]] = uwt.column_order %[[W]]
  // CHECK: %[[MOVED:.*]] = linalg.generic {indexing_maps = [#[[K]], #{{.*}}], iterator_types = ["parallel", "parallel"]} ins(%[[ORDER]] : tensor<64xi32>)
  // CHECK:   tensor.extract %[[X]]
  // CHECK: uwt.matmul ins(%[[MOVED]], %[[W]] :
  // MEMORY-LABEL: func.func @product
  // MEMORY: %[[W:.*]] = uwt.weight "w" {slot = 0 : i64}
  // MEMORY: %[[ORDER:.*]] = uwt.buffer order of %[[W]] : {{.*}} -> memref<64xi32>
  // MEMORY: linalg.generic {{.*}} ins(%[[ORDER]] : memref<64xi32>)
  %w = uwt.weight "w" : !w
  %t = uwt.decode %w : !w -> tensor<128x64xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<?x128xf32>) -> tensor<?x128xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %t : tensor<?x64xbf16>, tensor<128x64xbf16>) outs(%init : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}

// -----

// Where the product runs over rows, they are not side by side in anything: raw.

!w = !uwt.compressed<128x64xbf16, "uint<4>, zero=8, scale={1x32, f16}, order=k">

// CHECK-LABEL: func @rows
// MEMORY-LABEL: func.func @rows
func.func @rows(%x: tensor<4x128xbf16>, %out: tensor<4x64xf32>) -> tensor<4x64xf32> {
  // CHECK-NOT: uwt.column_order
  // CHECK: uwt.transcode %{{.*}} -> !uwt.compressed<128x64xbf16, "raw, storage=k_major">
  // CHECK: uwt.matmul ins(%arg0,
  // MEMORY: uwt.weight "w" {slot = 0 : i64, stored = {{.*}}} : !uwt.compressed<128x64xbf16, "raw, storage=k_major">
  %w = uwt.weight "w" : !w
  %t = uwt.decode %w : !w -> tensor<128x64xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x64xf32>) -> tensor<4x64xf32>
  %y = linalg.matmul ins(%x, %t : tensor<4x128xbf16>, tensor<128x64xbf16>) outs(%init : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}
