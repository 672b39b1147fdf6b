// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a search=false remarks=false' --uwt-build-kernels | FileCheck %s
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a strategy=direct m-tiles=16 search=false remarks=false' --uwt-build-kernels 2>&1 | FileCheck %s --check-prefix=ROOM
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a strategy=direct m-tiles=13 search=false remarks=false' --uwt-build-kernels | FileCheck %s --check-prefix=WIDEST
// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a m-tiles=16 search=false remarks=false' --uwt-build-kernels | FileCheck %s --check-prefix=BUFFER

// Units of four groups: a stage has two steps, and whole units. Words of panels that are stored so are read where they lie.

// CHECK-LABEL: gpu.module @main_product_0
//       CHECK:   gpu.func @product(%{{[a-z0-9]+}}: memref<?xi64, #gpu.address_space<global>>, %{{[a-z0-9]+}}: memref<?xi32, #gpu.address_space<global>>, %[[WORDS:[a-z0-9]+]]:
//       CHECK:     nvgpu.mbarrier.create -> <memorySpace = #gpu.address_space<workgroup>, num_barriers = 2>

// Two groups are decoded side by side, then multiplied.
//       CHECK:     nvgpu.mbarrier.try_wait.parity
//       CHECK:     uwt.decode_fragment #uwt.format<"inplace<11>"> of bf16 {{.*}} raw %[[WORDS]]{{.*}} as_words
//       CHECK:     nvgpu.mma.sync
//       CHECK:     uwt.decode_fragment #uwt.format<"inplace<11>"> of bf16 {{.*}} table
//   CHECK-NOT:     nvgpu.mma.sync
//       CHECK:     uwt.decode_fragment #uwt.format<"inplace<11>"> of bf16 {{.*}} table
//       CHECK:     nvgpu.mma.sync
//       CHECK:     nvgpu.mbarrier.arrive

// ROOM: error: 'uwt.matmul' op has no kernel of kind skinny: a ring of 2 stages of {{[0-9]+}} bytes does not fit the shared memory of 'sm_90a'{{$}}
// WIDEST: uwt.warpgroup_mma
// BUFFER: gpu.func @decode
func.func @main(%x: memref<8x4096xbf16>, %y: memref<8x512xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<512x4096xbf16, "inplace<11>">
  uwt.matmul ins(%x, %w : memref<8x4096xbf16>, !uwt.compressed<512x4096xbf16, "inplace<11>">) outs(%y : memref<8x512xf32>) {
  ^bb0(%sum: f32):
    uwt.yield %sum : f32
  }
  return
}
