// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a search=false' --verify-diagnostics=only-expected --split-input-file | FileCheck %s
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_80 search=false remarks=false' --split-input-file | FileCheck %s --check-prefix=OLD
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a strategy=buffer search=false remarks=false' --split-input-file | FileCheck %s --check-prefix=BUFFER
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a search=false remarks=false' --uwt-build-kernels --split-input-file | FileCheck %s --check-prefix=KERNELS

// Where slices get wider, a prefix code is decoded elsewhere.
// CHECK-LABEL: func.func @streams(
// CHECK-SAME: %[[X:.*]]: memref<?x1280xbf16>,
// CHECK: %[[M:.*]] = memref.dim %[[X]], %{{.*}}
// CHECK: uwt.dispatch %[[M]] limits [8, 16, 32, 64, 128] cases {
// CHECK: uwt.matmul ins(%[[X]], {{.*}} strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2> {
// CHECK: }, {
// CHECK: strategy #uwt.gpu_strategy<direct, mma, slice = 16> {
// CHECK: strategy #uwt.gpu_strategy<direct, mma, slice = 32> {
// CHECK: strategy #uwt.gpu_strategy<shared, wgmma, slice = 64, panels = 2, stages = 3, groups = 2>
// CHECK: strategy #uwt.gpu_strategy<shared, wgmma, slice = 128, panels = 2, stages = 2, groups = 2>
// CHECK: strategy #uwt.gpu_strategy<exponents, wgmma, slice = 256, panels = 2, stages = 2, groups = 2>
// CHECK-NOT: uwt.matmul
// OLD-LABEL: func.func @streams(
// OLD: uwt.dispatch %{{.*}} limits [8, 16, 32] cases {
// OLD-COUNT-4: strategy #uwt.gpu_strategy<shared, mma,
// BUFFER-LABEL: func.func @streams(
// BUFFER: uwt.dispatch %{{.*}} limits [8, 16, 32, 64, 128] cases {
// BUFFER-COUNT-6: strategy #uwt.gpu_strategy<buffer,
// Kernels are what the strategies say: exponents are decoded before.
// KERNELS-COUNT-5: gpu.module @streams_product_{{[0-4]}}
// KERNELS-NOT: gpu.func @decode
// KERNELS: gpu.module @streams_product_5
// KERNELS: gpu.func @decode
func.func @streams(%x: memref<?x1280xbf16>, %y: memref<?x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x1280xbf16, "huffman<12,2>">
  // expected-remark @+1 {{product with 128x1280 from huffman<12,2> on sm_90a: direct in slices of 8, 16, 32; shared in slices of 64, 128; exponents in slices of 256}}
  uwt.matmul ins(%x, %w : memref<?x1280xbf16>, !uwt.compressed<128x1280xbf16, "huffman<12,2>">) outs(%y : memref<?x128xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

// An m that is known has one; several matrices have the kernels of one; a strategy that is there stays.
// CHECK-LABEL: func.func @known
// CHECK-NOT: uwt.dispatch
// CHECK: strategy #uwt.gpu_strategy<direct, wgmma, slice = 152, panels = 2, stages = {{[0-9]+}}, groups = {{[0-9]+}}>
// CHECK: strategy #uwt.gpu_strategy<direct, mma, slice = 16, ctas = 2, stages = {{[0-9]+}}, groups = {{[0-9]+}}>
// CHECK: strategy #uwt.gpu_strategy<buffer, mma, slice = 24, stages = 3, groups = 4>
func.func @known(%x: memref<300x640xbf16>, %y: memref<300x128xf32>, %u: memref<3x9x640xbf16>, %v: memref<3x9x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-remark @+1 {{: direct in slices of 152}}
  uwt.matmul ins(%x, %w : memref<300x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<300x128xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  %e = uwt.weight "e" : !uwt.compressed<3x128x640xbf16, "inplace<12>">
  // expected-remark @+1 {{: direct in slices of 16}}
  uwt.matmul ins(%u, %e : memref<3x9x640xbf16>, !uwt.compressed<3x128x640xbf16, "inplace<12>">) outs(%v : memref<3x9x128xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  uwt.matmul ins(%x, %w : memref<300x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<300x128xf32>) strategy #uwt.gpu_strategy<buffer, mma, slice = 24, stages = 3, groups = 4> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

// Kind simt has one kernel for every m.
// CHECK-LABEL: func.func @mixed
// CHECK-NOT: uwt.dispatch
// CHECK: strategy #uwt.gpu_strategy<buffer, fma, slice = 4>
func.func @mixed(%x: memref<?x640xf32>, %y: memref<?x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-remark @+1 {{: buffer in slices of 4}}
  uwt.matmul ins(%x, %w : memref<?x640xf32>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<?x128xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
