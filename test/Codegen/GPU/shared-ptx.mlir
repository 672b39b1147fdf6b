// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a cluster=4 remarks=false' --uwt-build-kernels | FileCheck %s
// RUN: uwt-opt %s --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a cluster=4 remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s --check-prefix=PTX
// RUN: uwt-opt %s --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a instruction=mma strategy=shared remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s --check-prefix=ALONE

// Kind shared: eight warps decode streams into the stages of a ring, eight multiply what lies there as from weights stored as words.

// CHECK-LABEL: gpu.func @product
//  CHECK-SAME: known_block_size = array<i32: 512, 1, 1>
//       CHECK: %[[FULL:.*]] = nvgpu.mbarrier.create
//       CHECK: %[[EMPTY:.*]] = nvgpu.mbarrier.create
// A stage is full when eight decoders have arrived, and whoever copies x.
//       CHECK: nvgpu.mbarrier.init %[[FULL]][%{{.*}}], %c9
// Consumers.
//       CHECK: nvgpu.mbarrier.try_wait.parity %[[FULL]]
//       CHECK: uwt.decode_fragment {{.*}} as_words
//       CHECK: uwt.warpgroup_mma
//       CHECK: uwt.remote_arrive %[[EMPTY]]
// Decoders, the first of which copies x once the kernel before has ended.
//       CHECK: memref.prefetch
//       CHECK: uwt.grid_dependency_wait
//       CHECK: nvgpu.mbarrier.try_wait.parity %[[EMPTY]]
//       CHECK: uwt.bulk_copy {{.*}} multicast
//       CHECK: uwt.decode_stream_fragment
//       CHECK: vector.store
//       CHECK: nvgpu.mbarrier.arrive %[[FULL]]

// PTX-LABEL: .entry product(
// PTX: .maxntid 512, 1, 1
// PTX: setmaxnreg.inc.sync.aligned.u32 152;
// PTX: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {
// PTX: setmaxnreg.dec.sync.aligned.u32 104;
// PTX: prefetch.global.L2
// PTX: griddepcontrol.wait
// PTX: shf.r.wrap.b32
// PTX: st.shared.v4

// ALONE-LABEL: .entry product(
// ALONE-NOT: wgmma
// ALONE: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// ALONE: st.shared.v4
func.func @main(%x: memref<128x4096xbf16>, %y: memref<128x4096xbf16>) {
  %w = uwt.weight "w" : !uwt.compressed<4096x4096xbf16, "huffman<12,2>">
  uwt.matmul ins(%x, %w : memref<128x4096xbf16>, !uwt.compressed<4096x4096xbf16, "huffman<12,2>">) outs(%y : memref<128x4096xbf16>) {
  ^bb0(%sum: f32):
    %t = arith.truncf %sum : f32 to bf16
    uwt.yield %t : bf16
  }
  return
}
