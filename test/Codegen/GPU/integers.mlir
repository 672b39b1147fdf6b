// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a' --uwt-build-kernels='target=sm_90a' | FileCheck %s
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_80' | FileCheck %s --check-prefix=OLDER
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a strategy=buffer' 2>&1 | FileCheck %s --check-prefix=BUFFER
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a instruction=mma' --uwt-build-kernels='target=sm_90a' | FileCheck %s --check-prefix=WARP
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a m-tiles=5' 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: sed 's/1x128/1x32/g' %s | not uwt-opt --uwt-select-strategy='gpu=sm_90a instruction=wgmma' 2>&1 | FileCheck %s --check-prefix=CELLS
// RUN: sed 's/1x128/1x32/g' %s | uwt-opt --uwt-select-strategy='gpu=sm_90a' | FileCheck %s --check-prefix=OLDER
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a instruction=fma' 2>&1 | FileCheck %s --check-prefix=FMA
// BUFFER: error: 'uwt.matmul' op has no kernel of kind skinny: integers are multiplied where they are decoded; use strategy direct{{$}}
// SHAPE: error: 'uwt.matmul' op has no kernel of kind skinny: wgmma multiplies integers of up to 32 rows of m, or of 48 or 64, got 40{{$}}
// CELLS: error: 'uwt.matmul' op has no kernel of kind skinny: integers of cells of 32 columns, and where the last unit of a row lacks columns, are multiplied by instruction mma{{$}}
// FMA: error: 'uwt.matmul' op has no kernel of kind simt: integers are multiplied by tensor cores; use instruction mma{{$}}

// A CTA a row rounds x of any float type; work units are parts of 2048 columns, which have sums of their own.
// CHECK: gpu.module @main_product_0 {{.*}}multiplies_bytes = true, part_columns = 2048
// CHECK: gpu.func @pack
// CHECK-SAME: launch <tiles, threads = 256, shared_bytes = 32, dependent = true, tile_m = 1>
// CHECK: gpu.shuffle xor
// CHECK: gpu.barrier
// CHECK: arith.divf
// CHECK: gpu.func @product
// CHECK-SAME: k=128,integers"
// CHECK-SAME: tile_n = 128, tile_k = 2048, tile_m = 48
// CHECK-SAME: arguments [<panels : i64>, <code : i32>, <y : f32
// Sums of a group's 128 columns begin from 0; numbers are read before they are waited for.
// CHECK: uwt.decode_fragment_numbers
// CHECK: uwt.decode_fragment_integers
// CHECK: %[[FIRST:.*]]:6 = uwt.warpgroup_mma_bytes({{.*}} block_stride 1536 : memref
// CHECK: uwt.decode_fragment_integers
// CHECK: %[[BOTH:.*]]:6 = uwt.warpgroup_mma_bytes({{.*}} accumulators(%[[FIRST]]#0,
// CHECK: uwt.warpgroup_wait 0 accumulators(%[[BOTH]]#0,
// CHECK: arith.sitofp
// CHECK: math.fma
// WARP: uwt.decode_fragment_integers
// WARP: nvgpu.mma.sync{{.*}}mmaShape = [16, 8, 32]
// OLDER: arithmetic #uwt.integer<8> strategy #uwt.gpu_strategy<direct, mma, slice = 40
func.func @main(%x: memref<40x4096xf32>, %y: memref<40x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x4096xbf16, "uint<4>, zero=8, scale={1x128, f16}">
  uwt.matmul ins(%x, %w : memref<40x4096xf32>, !uwt.compressed<128x4096xbf16, "uint<4>, zero=8, scale={1x128, f16}">)
      outs(%y : memref<40x128xf32>) arithmetic #uwt.integer<8> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
