// RUN: uwt-opt %s --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a cluster=4 search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s
// RUN: uwt-opt %s --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a m-tiles=32 cluster=4 search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s --check-prefix=WIDE
// RUN: uwt-opt %s --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a instruction=mma search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s --check-prefix=ALONE

// Two warpgroups and the warps that copy their panels: groups of four products with A in registers, and one wait for both groups of a step. Nothing but wgmma multiplies.

// CHECK-LABEL: .entry product(
// CHECK: .maxntid 320, 1, 1
// CHECK-NOT: mma.sync.aligned.m16n8k16
// CHECK-NOT: setmaxnreg
// CHECK: wgmma.fence.sync.aligned;
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {
// CHECK: wgmma.commit_group.sync.aligned;
// CHECK: wgmma.wait_group.sync.aligned 0;
// CHECK-NOT: mma.sync.aligned.m16n8k16
// CHECK: elect.sync

// Kind wide: consumers take registers from a warpgroup of which a thread for each panel copies; the four workgroups of a cluster copy a quarter of x each
// to all, and hand their stages back to all.
// WIDE-LABEL: .entry product(
// WIDE: .maxntid 384, 1, 1
// WIDE: .explicitcluster
// WIDE: .reqnctapercluster 4, 1, 1
// WIDE: fence.mbarrier_init.release.cluster;
// WIDE: barrier.cluster.arrive.relaxed;
// WIDE: barrier.cluster.wait;
// WIDE: setmaxnreg.inc.sync.aligned.u32 232;
// WIDE: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {
// WIDE: mapa.shared::cluster.u64
// WIDE: mbarrier.arrive.shared::cluster.b64
// Sums of eight tiles at a time go through shared memory, from where a loop stores them.
// WIDE-COUNT-8: st.shared.v4.b32
// WIDE: .pragma "nounroll";
// WIDE: ld.shared.v4.b32
// WIDE-COUNT-4: st.global.b16
// WIDE-NOT: st.global.b16
// WIDE: st.shared.v4.b32
// WIDE: setmaxnreg.dec.sync.aligned.u32 40;
// WIDE: cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster
// WIDE: barrier.cluster.arrive.relaxed;
// WIDE: barrier.cluster.wait;

// ALONE-LABEL: .entry product(
// ALONE: .maxntid 160, 1, 1
// ALONE-NOT: wgmma
// ALONE: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// ALONE-NOT: wgmma
func.func @main(%x: memref<32x4096xbf16>, %y: memref<32x512xbf16>) {
  %w = uwt.weight "w" : !uwt.compressed<512x4096xbf16, "inplace<12>">
  uwt.matmul ins(%x, %w : memref<32x4096xbf16>, !uwt.compressed<512x4096xbf16, "inplace<12>">) outs(%y : memref<32x512xbf16>) {
  ^bb0(%sum: f32):
    %t = arith.truncf %sum : f32 to bf16
    uwt.yield %t : bf16
  }
  return
}
