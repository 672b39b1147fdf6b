// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a search=false remarks=false' --uwt-build-kernels | FileCheck %s
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a m-tiles=2 stages=4 groups=2 search=false remarks=false' --uwt-build-kernels | FileCheck %s --check-prefix=OPTIONS

// A kernel that packs x, and one whose fifth warp fills a ring of weights while the other four decode and multiply. The product stays.

// CHECK: module attributes {gpu.container_module}
// CHECK-LABEL: gpu.module @main_product_0 [#nvvm.target<O = 3, chip = "sm_90a">] attributes {uwt.kernel_plan = #uwt.kernel_plan<slice = 8, tile_n = 64, m = 8, ctas = 2, stages = 2, stage_bytes = 24576>}
//       CHECK:   gpu.func @pack(%{{.*}}: memref<?xbf16, #gpu.address_space<global>>, %{{.*}}: index, %{{.*}}: index, %{{.*}}: memref<?xi32, #gpu.address_space<global>>) kernel
//  CHECK-SAME:     uwt.kernel_entry = #uwt.kernel_entry<skinny, "skinny,m=8,stages=2,k=256", from <"inplace<12>"> of bf16, n = 512, k = 4096, m = 1 to any, launch <tiles, threads = 256, dependent = true, tile_k = 64, tile_m = 8> arguments [<x : bf16 align 2>, <x_stride : i64>, <m : i64>, <workspace : i32 align 256>]>
//       CHECK:     uwt.launch_dependents
//       CHECK:   gpu.func @product(%{{.*}}: memref<?xi64, #gpu.address_space<global>>,
//  CHECK-SAME:     %[[BIAS:[a-z0-9]+]]: memref<?xf32, #gpu.address_space<global>>) kernel attributes {known_block_size = array<i32: 160, 1, 1>, nvvm.minctasm = 2 : i32,
//  CHECK-SAME:     uwt.kernel_entry = #uwt.kernel_entry<skinny, {{.*}} launch <persistent, threads = 160, shared_bytes = 76816, dependent = true, ctas = 2, tile_n = 64, tile_k = 256, tile_m = 8> workspace <counters_per_tile = 16, per_tile = 512, per_cta = 4096> after @pack arguments [<panels : i64>, {{.*}} <extra : f32 align 4>]>
//       CHECK:     gpu.dynamic_shared_memory
//       CHECK:     %[[FULL:.*]] = nvgpu.mbarrier.create -> <memorySpace = #gpu.address_space<workgroup>, num_barriers = 2>
//       CHECK:     %[[EMPTY:.*]] = nvgpu.mbarrier.create
//       CHECK:     nvvm.fence.mbarrier.init
//       CHECK:     gpu.barrier

// Consumers: wait, decode, apply escapes, multiply, hand the stage back.
//       CHECK:     nvgpu.mbarrier.try_wait.parity %[[FULL]]
//       CHECK:     uwt.decode_fragment #uwt.format<"inplace<12>"> of bf16 {{.*}} as_words
//       CHECK:     nvgpu.mma.sync
//       CHECK:     uwt.decode_fragment #uwt.format<"inplace<12>"> of bf16 {{.*}} table
//       CHECK:     nvvm.bar.warp.sync
//       CHECK:     nvgpu.mma.sync
//       CHECK:     nvgpu.mbarrier.arrive %[[EMPTY]]

// Partial sums that whoever comes last adds, and outputs of what is complete, at one place.
//       CHECK:     uwt.atomic_add
//       CHECK:     memref.load %[[BIAS]]

// The producer: weights before the kernel before this one has ended, x after.
//       CHECK:     uwt.bulk_copy {{.*}} evict_first
//       CHECK:     uwt.grid_dependency_wait
//       CHECK:     nvgpu.mbarrier.try_wait.parity %[[EMPTY]]

// CHECK-LABEL: func.func @main
//       CHECK:   uwt.matmul

// OPTIONS: num_barriers = 4
func.func @main(%x: memref<8x4096xbf16>, %bias: memref<512xf32>, %y: memref<8x512xbf16>) {
  %w = uwt.weight "w" : !uwt.compressed<512x4096xbf16, "inplace<12>">
  uwt.matmul ins(%x, %w : memref<8x4096xbf16>, !uwt.compressed<512x4096xbf16, "inplace<12>">)
      extras(%bias : memref<512xf32>) maps [affine_map<(m, n) -> (n)>] outs(%y : memref<8x512xbf16>) {
  ^bb0(%sum: f32, %b: f32):
    %r = arith.addf %sum, %b : f32
    %t = arith.truncf %r : f32 to bf16
    uwt.yield %t : bf16
  }
  return
}
