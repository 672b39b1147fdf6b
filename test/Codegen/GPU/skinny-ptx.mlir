// RUN: uwt-opt %s --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s

// The instructions that make kind skinny what it is: bulk copies that complete on barriers and are not kept in the second-level cache, weights before
// the kernel before this one has ended, 16-byte reads of shared memory, decode in registers, tensor cores, an atomic for shared panels.

// CHECK: .target sm_90a
// CHECK-LABEL: .entry pack(
// CHECK: griddepcontrol.launch_dependents
// CHECK: griddepcontrol.wait
// CHECK: ld.global
// CHECK-LABEL: .entry product(
// CHECK: .maxntid 160, 1, 1
// CHECK: .minnctapersm 2
// CHECK-NOT: ld.local
// CHECK-DAG: mbarrier.try_wait.parity.shared.b64
// CHECK-DAG: ld.shared.v4.b32
// CHECK-DAG: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK-DAG: cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint
// CHECK-DAG: griddepcontrol.wait
// CHECK-DAG: griddepcontrol.launch_dependents
// CHECK-DAG: mbarrier.expect_tx.relaxed.cta.shared.b64
// CHECK-DAG: mbarrier.arrive.expect_tx.shared.b64
// CHECK-DAG: mbarrier.arrive.shared{{.*}}.b64
// CHECK-DAG: atom{{.*}}.add
func.func @main(%x: memref<8x4096xbf16>, %y: memref<8x512xbf16>) {
  %w = uwt.weight "w" : !uwt.compressed<512x4096xbf16, "inplace<12>">
  uwt.matmul ins(%x, %w : memref<8x4096xbf16>, !uwt.compressed<512x4096xbf16, "inplace<12>">) outs(%y : memref<8x512xbf16>) {
  ^bb0(%sum: f32):
    %t = arith.truncf %sum : f32 to bf16
    uwt.yield %t : bf16
  }
  return
}
