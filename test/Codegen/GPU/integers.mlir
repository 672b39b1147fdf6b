// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a' --uwt-build-kernels='target=sm_90a' | FileCheck %s
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_80' | FileCheck %s --check-prefix=OLDER
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a strategy=buffer' 2>&1 | FileCheck %s --check-prefix=BUFFER
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a instruction=wgmma' 2>&1 | FileCheck %s --check-prefix=WGMMA
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a instruction=fma' 2>&1 | FileCheck %s --check-prefix=FMA
// BUFFER: error: 'uwt.matmul' op has no kernel of kind skinny: integers are multiplied where they are decoded; use strategy direct{{$}}
// WGMMA: error: 'uwt.matmul' op has no kernel of kind skinny: integers are multiplied by instruction mma{{$}}
// FMA: error: 'uwt.matmul' op has no kernel of kind simt: integers are multiplied by tensor cores; use instruction mma{{$}}

// A CTA a row rounds x of any float type; work units are parts of 2048 columns, which have sums of their own.
// CHECK: gpu.module @main_product_0 {{.*}}byte_products = 1, part_columns = 2048
// CHECK: gpu.func @pack
// CHECK-SAME: launch <tiles, threads = 256, shared_bytes = 32, dependent = true, tile_m = 1>
// CHECK: gpu.shuffle xor
// CHECK: gpu.barrier
// CHECK: arith.divf
// CHECK: gpu.func @product
// CHECK-SAME: k=256,integers"
// CHECK-SAME: tile_n = 64, tile_k = 2048, tile_m = 40
// CHECK-SAME: arguments [<panels : i64>, <code : i32>, <y : f32
// CHECK: uwt.decode_fragment_integers
// CHECK: nvgpu.mma.sync{{.*}}mmaShape = [16, 8, 32]
// CHECK: uwt.decode_fragment_numbers
// CHECK: arith.sitofp
// CHECK: math.fma
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
