// RUN: uwt-opt %s --uwt-lower-launches | FileCheck %s

// CHECK: module attributes {uwt.launches = [
// CHECK-SAME: #uwt.launch<[@kernels], slot = 1, matrices = 1, x <bytes = 2, rank = 2> y <bytes = 4, rank = 2> extras [<bytes = 4, rank = 1>]>,
// CHECK-SAME: #uwt.launch<[@kernels], slot = 0, matrices = 4, select <bytes = 8, rank = 0> x <bytes = 2, rank = 2> y <bytes = 4, rank = 2>>,
// CHECK-SAME: #uwt.launch<[@kernels], slot = 0, matrices = 4, select <bytes = 4, rank = 1> x <bytes = 2, rank = 3, matrix_dimension = 0> y <bytes = 4, rank = 3, matrix_dimension = 0> extras [<bytes = 2, rank = 2, matrix_dimension = 1>]>]}
// CHECK: llvm.func @uwt_launch_product(!llvm.ptr, i64, i64)
// CHECK: llvm.mlir.global external @uwt_product_context() {{.*}} : i8
gpu.module @kernels {
  gpu.func @product() kernel attributes {uwt.kernel_entry = #uwt.kernel_entry<skinny, "", from <"raw"> of bf16, n = 64, k = 64, m = 1 to any, launch <tiles, threads = 32>>} {
    gpu.return
  }
}

// Pointer, offset, two sizes and two strides of x and y, and four numbers of the bias.
// CHECK-LABEL: func.func @extras(
// CHECK-SAME: %[[X:.*]]: memref<?x64xbf16>, %[[B:.*]]: memref<64xf32>, %{{.*}}: memref<?x64xf32>)
// CHECK: %[[NUMBERS:.*]] = memref.alloca() : memref<16xindex>
// CHECK: %[[AT:.*]] = memref.extract_aligned_pointer_as_index %[[X]]
// CHECK: memref.extract_strided_metadata %[[X]]
// CHECK: memref.extract_aligned_pointer_as_index %[[B]]
// CHECK: memref.store %[[AT]], %[[NUMBERS]][%{{.*}}]
// CHECK-COUNT-15: memref.store %{{.*}}, %[[NUMBERS]]
// CHECK: %[[POINTER:.*]] = memref.extract_aligned_pointer_as_index %[[NUMBERS]]
// CHECK: %[[ARRAY:.*]] = arith.index_cast %[[POINTER]] : index to i64
// CHECK: %[[NUMBER:.*]] = arith.constant 0 : i64
// CHECK: %[[CONTEXT:.*]] = llvm.mlir.addressof @uwt_product_context : !llvm.ptr
// CHECK: llvm.call @uwt_launch_product(%[[CONTEXT]], %[[NUMBER]], %[[ARRAY]])
func.func @extras(%x: memref<?x64xbf16>, %b: memref<64xf32>, %y: memref<?x64xf32>) {
  %w = uwt.weight "w" {slot = 1 : i64} : !uwt.compressed<64x64xbf16, "raw">
  uwt.launch_product [@kernels] ins(%x, %w : memref<?x64xbf16>, !uwt.compressed<64x64xbf16, "raw">)
    extras(%b : memref<64xf32>) maps [affine_map<(m, n) -> (n)>] outs(%y : memref<?x64xf32>)
  return
}

// CHECK-LABEL: func.func @selected(
// CHECK-SAME: %[[I:[a-z0-9]+]]: index, %{{.*}}: memref<?xi32>
// CHECK: memref.store %[[I]], %{{.*}}[%{{.*}}] : memref<13xindex>
// CHECK: arith.constant 1 : i64
// CHECK: llvm.call @uwt_launch_product
// CHECK: arith.constant 2 : i64
// CHECK: llvm.call @uwt_launch_product
func.func @selected(%x: memref<?x64xbf16>, %i: index, %s: memref<?xi32>, %xs: memref<?x?x64xbf16>, %e: memref<64x?xbf16>,
                    %y: memref<?x64xf32>, %ys: memref<?x?x64xf32>) {
  %w = uwt.weight "w" {slot = 0 : i64} : !uwt.compressed<4x64x64xbf16, "raw">
  uwt.launch_product [@kernels] ins(%x, %w : memref<?x64xbf16>, !uwt.compressed<4x64x64xbf16, "raw">) select(%i : index) outs(%y : memref<?x64xf32>)
  uwt.launch_product [@kernels] ins(%xs, %w : memref<?x?x64xbf16>, !uwt.compressed<4x64x64xbf16, "raw">) select(%s : memref<?xi32>)
    extras(%e : memref<64x?xbf16>) maps [affine_map<(e, m, n) -> (n, e)>] outs(%ys : memref<?x?x64xf32>)
  return
}
