// RUN: uwt-opt %s --uwt-outline-products=grouped --split-input-file --verify-diagnostics | FileCheck %s

// Grouped products have kernels by the rows of a slice, whatever m is. A table on the device says what there is, so only packing
// may begin while the kernel before still runs. Products stay: nothing launches these kernels.
// CHECK: gpu.module @ranges_product_0_m8
// CHECK: gpu.func @pack({{.*}}m = 1 to any, launch <tiles, threads = 256, dependent = true,
// CHECK: gpu.func @product({{.*}}: memref<?xi32, #gpu.address_space<global>>) kernel
// CHECK-SAME: m = 1 to any, launch <persistent, threads = {{[0-9]+}}, shared_bytes = {{[0-9]+}}, ctas = 2,
// CHECK-SAME: <slices : i32 align 4>]
// CHECK: gpu.module @ranges_product_0_m64
// CHECK: gpu.func @product({{.*}}m = 1 to any,
// CHECK-LABEL: func.func @ranges(
// CHECK: uwt.dispatch
// CHECK-NOT: uwt.launch_product
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

func.func @streams(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "huffman<12,2>">
  // expected-error @+1 {{has no kernel of kind grouped: its weights are decoded where they are multiplied, from a ring: use strategy direct, and a format of a fixed rate}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "huffman<12,2>">) outs(%y : memref<8x128xf32>)
    strategy #uwt.gpu_strategy<direct, mma, slice = 8> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @bias(%x: memref<8x640xbf16>, %b: memref<128xf32>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @+1 {{has no kernel of kind grouped: its epilogue has no operands}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">)
    extras(%b : memref<128xf32>) maps [affine_map<(m, n) -> (n)>] outs(%y : memref<8x128xf32>)
    strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 2> {
  ^bb0(%s: f32, %e: f32):
    %t = arith.addf %s, %e : f32
    uwt.yield %t : f32
  }
  return
}
