// RUN: uwt-opt %s --uwt-outline-products --split-input-file | FileCheck %s --implicit-check-not=uwt.matmul --implicit-check-not='gpu.module @'
// RUN: uwt-opt %s --uwt-outline-products --split-input-file | uwt-opt --split-input-file | FileCheck %s
// RUN: uwt-opt %s --uwt-outline-products=target=sm_80 --split-input-file | FileCheck %s --check-prefix=OLD

// A launch for all ranges of m; the kernels of each say for which m they are.
// CHECK: module attributes {gpu.container_module}
// CHECK: gpu.module @ranges_product_0_m8 [#nvvm.target<O = 3, chip = "sm_90a">] attributes {uwt.kernel_plan = #uwt.kernel_plan<slice = 8,
// CHECK: gpu.func @pack({{.*}}m = 1 to 8, launch <tiles,
// CHECK: gpu.func @product({{.*}}m = 1 to 8, launch <persistent,{{.*}} after @pack arguments
// CHECK: gpu.module @ranges_product_0_m64
// CHECK: gpu.func @product({{.*}}m = 9 to any, launch <persistent,
// CHECK-LABEL: func.func @ranges(
// CHECK-SAME: %[[X:.*]]: memref<?x640xbf16>, %[[Y:.*]]: memref<?x128xf32>
// CHECK: %[[W:.*]] = uwt.weight "w"
// CHECK-NOT: uwt.dispatch
// CHECK: uwt.launch_product [@ranges_product_0_m8, @ranges_product_0_m64] ins(%[[X]], %[[W]] : memref<?x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%[[Y]] : memref<?x128xf32>)
// OLD: gpu.module @ranges_product_0_m8 [#nvvm.target<O = 3, chip = "sm_80">]
func.func @ranges(%x: memref<?x640xbf16>, %y: memref<?x128xf32>, %m: index) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  uwt.dispatch %m limits [8] cases {
    uwt.matmul ins(%x, %w : memref<?x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<?x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 2> {
    ^bb0(%s: f32):
      uwt.yield %s : f32
    }
  }, {
    uwt.matmul ins(%x, %w : memref<?x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<?x128xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 64, stages = 2, groups = 2> {
    ^bb0(%s: f32):
      uwt.yield %s : f32
    }
  }
  return
}

// -----

// Products that differ in their operands alone share their kernels, in any function; another epilogue is another kind.
// CHECK: gpu.module @first_product_0
// CHECK: gpu.module @first_product_2
// CHECK-LABEL: func.func @first(
// CHECK: uwt.launch_product [@first_product_0] ins(%{{.*}}, %[[A:.*]] :
// CHECK: uwt.launch_product [@first_product_0] ins(%{{.*}}, %[[B:.*]] :
// CHECK: uwt.launch_product [@first_product_2] {{.*}} extras(%{{.*}} : memref<128xf32>) maps [#{{.*}}] outs(
// CHECK-LABEL: func.func @second(
// CHECK: uwt.launch_product [@first_product_0]
func.func @first(%x: memref<8x640xbf16>, %b: memref<128xf32>, %y: memref<8x128xf32>) {
  %0 = uwt.weight "a" : !uwt.compressed<128x640xbf16, "inplace<12>">
  %1 = uwt.weight "b" : !uwt.compressed<128x640xbf16, "inplace<12>">
  uwt.matmul ins(%x, %0 : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
    strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  uwt.matmul ins(%x, %1 : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
    strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  uwt.matmul ins(%x, %1 : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">)
    extras(%b : memref<128xf32>) maps [affine_map<(m, n) -> (n)>] outs(%y : memref<8x128xf32>)
    strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 2> {
  ^bb0(%s: f32, %e: f32):
    %t = arith.addf %s, %e : f32
    uwt.yield %t : f32
  }
  return
}
func.func @second(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "c" : !uwt.compressed<128x640xbf16, "inplace<12>">
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
    strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

// A name that the module has is taken by nobody else; several matrices have the kernels of one, and a selection stays.
// CHECK: gpu.module @stack_product_0_0
// CHECK: #uwt.kernel_entry<skinny, {{.*}}n = 128, k = 640, m = 1 to any
// CHECK-LABEL: func.func @stack(
// CHECK: uwt.launch_product [@stack_product_0_0] ins(%{{.*}}, %{{.*}} : memref<9x640xbf16>, !uwt.compressed<3x128x640xbf16, "inplace<12>">) select(%{{.*}} : memref<2xi64>) outs(%{{.*}} : memref<2x9x128xf32>)
func.func private @stack_product_0()
func.func @stack(%x: memref<9x640xbf16>, %i: memref<2xi64>, %y: memref<2x9x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<3x128x640xbf16, "inplace<12>">
  uwt.matmul ins(%x, %w : memref<9x640xbf16>, !uwt.compressed<3x128x640xbf16, "inplace<12>">) select(%i : memref<2xi64>) outs(%y : memref<2x9x128xf32>)
    strategy #uwt.gpu_strategy<direct, mma, slice = 16, ctas = 2, stages = 2, groups = 2> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
