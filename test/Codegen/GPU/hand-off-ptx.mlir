// RUN: uwt-opt %s --split-input-file --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_80 remarks=false},uwt-build-kernels{target=sm_80},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s
// RUN: uwt-opt %s --split-input-file --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a remarks=false},uwt-build-kernels{target=sm_90a},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s
// RUN: uwt-opt %s --split-input-file --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_120a remarks=false},uwt-build-kernels{target=sm_120a},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s
// RUN: uwt-opt %s --split-input-file --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_80 remarks=false},uwt-build-kernels{target=sm_80},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=AMPERE

// Partial sums are handed over by an atomic that releases and acquires, between barriers of the warp: before it for what all lanes wrote, behind
// the shuffle for what they read. The ring begins at a multiple of 128 bytes.

// CHECK: .extern .shared .align 128 .b8
// CHECK: .entry product(
// CHECK: st.global.v{{[24]}}
// CHECK: bar.warp.sync
// CHECK: atom.acq_rel.gpu.global.add.u32
// CHECK: shfl.sync.idx.b32
// CHECK-NEXT: bar.warp.sync
// CHECK: ld.global.v{{[24]}}

// Copies of threads say by themselves when they have landed: the warp that copies waits once, at its end.
// AMPERE: .entry product(
// AMPERE-NOT: cp.async.wait_group
// AMPERE: cp.async.mbarrier.arrive.noinc.shared.b64
// AMPERE-NOT: cp.async.mbarrier.arrive
// AMPERE: cp.async.wait_group {{.*}}0;
func.func @fixed(%x: memref<8x4096xbf16>, %y: memref<8x512xbf16>) {
  %w = uwt.weight "w" : !uwt.compressed<512x4096xbf16, "inplace<12>">
  uwt.matmul ins(%x, %w : memref<8x4096xbf16>, !uwt.compressed<512x4096xbf16, "inplace<12>">) outs(%y : memref<8x512xbf16>) {
  ^bb0(%sum: f32):
    %t = arith.truncf %sum : f32 to bf16
    uwt.yield %t : bf16
  }
  return
}

// -----

// The same where decoders share the ring, or warps read streams.
// CHECK: .extern .shared .align 128 .b8
// CHECK: .entry product(
// CHECK: st.global.v{{[24]}}
// CHECK: bar.warp.sync
// CHECK: atom.acq_rel.gpu.global.add.u32
// CHECK: shfl.sync.idx.b32
// CHECK-NEXT: bar.warp.sync
// CHECK: ld.global.v{{[24]}}
func.func @streams(%x: memref<8x4096xbf16>, %y: memref<8x512xbf16>) {
  %w = uwt.weight "w" : !uwt.compressed<512x4096xbf16, "huffman<12,2>">
  uwt.matmul ins(%x, %w : memref<8x4096xbf16>, !uwt.compressed<512x4096xbf16, "huffman<12,2>">) outs(%y : memref<8x512xbf16>) {
  ^bb0(%sum: f32):
    %t = arith.truncf %sum : f32 to bf16
    uwt.yield %t : bf16
  }
  return
}
