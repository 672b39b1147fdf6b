// REQUIRES: unsanitized
// RUN: split-file %s %t
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_80 strategy=direct search=false remarks=false},uwt-build-kernels{target=sm_80},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-DIRECT
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_80 strategy=shared search=false remarks=false},uwt-build-kernels{target=sm_80},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-SHARED
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_80 strategy=exponents search=false remarks=false},uwt-build-kernels{target=sm_80},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-EXPONENTS
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_80 strategy=codes search=false remarks=false},uwt-build-kernels{target=sm_80},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-CODES
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_80 strategy=buffer search=false remarks=false},uwt-build-kernels{target=sm_80},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-BUFFER
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_80 instruction=fma search=false remarks=false},uwt-build-kernels{target=sm_80},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=SIMT
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_86 strategy=direct search=false remarks=false},uwt-build-kernels{target=sm_86},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-DIRECT
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_86 strategy=shared search=false remarks=false},uwt-build-kernels{target=sm_86},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-SHARED
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_86 strategy=exponents search=false remarks=false},uwt-build-kernels{target=sm_86},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-EXPONENTS
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_86 strategy=codes search=false remarks=false},uwt-build-kernels{target=sm_86},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-CODES
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_86 strategy=buffer search=false remarks=false},uwt-build-kernels{target=sm_86},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-BUFFER
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_86 instruction=fma search=false remarks=false},uwt-build-kernels{target=sm_86},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=SIMT
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_89 strategy=direct search=false remarks=false},uwt-build-kernels{target=sm_89},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-DIRECT
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_89 strategy=shared search=false remarks=false},uwt-build-kernels{target=sm_89},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-SHARED
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_89 strategy=exponents search=false remarks=false},uwt-build-kernels{target=sm_89},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-EXPONENTS
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_89 strategy=codes search=false remarks=false},uwt-build-kernels{target=sm_89},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-CODES
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_89 strategy=buffer search=false remarks=false},uwt-build-kernels{target=sm_89},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=OLD-BUFFER
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_89 instruction=fma search=false remarks=false},uwt-build-kernels{target=sm_89},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=SIMT
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a strategy=direct cluster=2 search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=HOPPER-DIRECT
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a strategy=shared search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=HOPPER-SHARED
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a strategy=exponents search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=HOPPER-EXPONENTS
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a strategy=codes search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=HOPPER-CODES
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a strategy=buffer search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=HOPPER-BUFFER
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a instruction=fma search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=SIMT
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_120a strategy=direct search=false remarks=false},uwt-build-kernels{target=sm_120a},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=NEW-DIRECT
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_120a strategy=shared search=false remarks=false},uwt-build-kernels{target=sm_120a},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=NEW-SHARED
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_120a strategy=exponents search=false remarks=false},uwt-build-kernels{target=sm_120a},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=NEW-EXPONENTS
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_120a strategy=codes search=false remarks=false},uwt-build-kernels{target=sm_120a},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=NEW-CODES
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_120a strategy=buffer search=false remarks=false},uwt-build-kernels{target=sm_120a},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=NEW-BUFFER
// RUN: uwt-opt %t/fixed.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_120a instruction=fma search=false remarks=false},uwt-build-kernels{target=sm_120a},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=SIMT
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_90a strategy=direct m-tiles=1 search=false remarks=false},uwt-build-kernels,uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=STREAMS
// RUN: uwt-opt %t/prefix.mlir --pass-pipeline='builtin.module(uwt-select-strategy{gpu=sm_120a strategy=direct m-tiles=1 search=false remarks=false},uwt-build-kernels{target=sm_120a},uwt-emit-decoders,cse,canonicalize,gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=STREAMS

// What makes each strategy what it is, in the PTX of each target: without bulk copies (sm_80, 86, 89), with them, and with wgmma as well.

// Weights reach registers through a ring: threads copy, or the copy engine does.
// OLD-DIRECT-LABEL: .entry product(
// OLD-DIRECT: mbarrier.test_wait
// OLD-DIRECT: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// OLD-DIRECT: cp.async.cg.shared.global
// OLD-DIRECT-NOT: cp.async.bulk
// OLD-DIRECT-NOT: griddepcontrol
// NEW-DIRECT-LABEL: .entry product(
// NEW-DIRECT: mbarrier.try_wait
// NEW-DIRECT: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// NEW-DIRECT-NOT: wgmma
// NEW-DIRECT-DAG: cp.async.bulk.shared::cluster.global.mbarrier
// NEW-DIRECT-DAG: griddepcontrol.wait
// HOPPER-DIRECT-LABEL: .entry product(
// HOPPER-DIRECT: mbarrier.try_wait
// HOPPER-DIRECT: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {
// HOPPER-DIRECT: griddepcontrol.wait
// HOPPER-DIRECT: cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster
// HOPPER-DIRECT: cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint

// Warps that decode store fragments to shared memory.
// OLD-SHARED-LABEL: .entry product(
// OLD-SHARED: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// OLD-SHARED: shf.r.wrap.b32
// OLD-SHARED: st.shared.v4
// OLD-SHARED-NOT: cp.async.bulk
// NEW-SHARED-LABEL: .entry product(
// NEW-SHARED: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// NEW-SHARED: cp.async.bulk.shared::cluster.global.mbarrier
// NEW-SHARED: shf.r.wrap.b32
// NEW-SHARED: st.shared.v4
// HOPPER-SHARED-LABEL: .entry product(
// HOPPER-SHARED: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {
// HOPPER-SHARED: shf.r.wrap.b32
// HOPPER-SHARED: st.shared.v4

// A kernel before leaves exponents as bytes; byte permutations join them with raw fields.
// OLD-EXPONENTS-LABEL: .entry decode(
// OLD-EXPONENTS: st.global.v4
// OLD-EXPONENTS-LABEL: .entry product(
// OLD-EXPONENTS: prmt.b32
// OLD-EXPONENTS: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// NEW-EXPONENTS-LABEL: .entry decode(
// NEW-EXPONENTS: st.global.v4
// NEW-EXPONENTS-LABEL: .entry product(
// NEW-EXPONENTS: prmt.b32
// NEW-EXPONENTS: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// HOPPER-EXPONENTS-LABEL: .entry decode(
// HOPPER-EXPONENTS: st.global.v4
// HOPPER-EXPONENTS-LABEL: .entry product(
// HOPPER-EXPONENTS: prmt.b32
// HOPPER-EXPONENTS: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {

// A kernel before leaves exponents as codes of four bits, or, of a unit whose lanes vote so, as bytes.
// OLD-CODES-LABEL: .entry decode(
// OLD-CODES: vote.sync.any.pred
// OLD-CODES: st.global.v4
// OLD-CODES: st.global.v4
// OLD-CODES-LABEL: .entry product(
// OLD-CODES: prmt.b32
// OLD-CODES: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// NEW-CODES-LABEL: .entry decode(
// NEW-CODES: vote.sync.any.pred
// NEW-CODES: st.global.v4
// NEW-CODES: st.global.v4
// NEW-CODES-LABEL: .entry product(
// NEW-CODES: prmt.b32
// NEW-CODES: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// HOPPER-CODES-LABEL: .entry decode(
// HOPPER-CODES: vote.sync.any.pred
// HOPPER-CODES: st.global.v4
// HOPPER-CODES: st.global.v4
// HOPPER-CODES-LABEL: .entry product(
// HOPPER-CODES: prmt.b32
// HOPPER-CODES: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {

// A kernel before leaves words; nothing is decoded where they are multiplied.
// OLD-BUFFER-LABEL: .entry decode(
// OLD-BUFFER: st.global.v4
// OLD-BUFFER-LABEL: .entry product(
// OLD-BUFFER-NOT: prmt
// OLD-BUFFER: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// NEW-BUFFER-LABEL: .entry decode(
// NEW-BUFFER: st.global.v{{4.b32|2.b64}}
// NEW-BUFFER-LABEL: .entry product(
// NEW-BUFFER-NOT: prmt
// NEW-BUFFER: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// HOPPER-BUFFER-LABEL: .entry decode(
// HOPPER-BUFFER: st.global.v4
// HOPPER-BUFFER-LABEL: .entry product(
// HOPPER-BUFFER-NOT: prmt
// HOPPER-BUFFER: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {

// SIMT-LABEL: .entry product(
// SIMT-NOT: mma
// SIMT: fma.rn.f32

// Prefix codes without a ring: raw fields are asked for ahead, a funnel shift finds code words.
// STREAMS-LABEL: .entry product(
// STREAMS: prefetch.global.L2
// STREAMS: shf.r.wrap.b32
// STREAMS: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32

//--- fixed.mlir
func.func @main(%x: memref<32x4096xbf16>, %y: memref<32x4096xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<4096x4096xbf16, "inplace<12>">
  uwt.matmul ins(%x, %w : memref<32x4096xbf16>, !uwt.compressed<4096x4096xbf16, "inplace<12>">) outs(%y : memref<32x4096xf32>) {
  ^bb0(%sum: f32):
    uwt.yield %sum : f32
  }
  return
}

//--- prefix.mlir
func.func @main(%x: memref<32x4096xbf16>, %y: memref<32x4096xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<4096x4096xbf16, "huffman<12,2>">
  uwt.matmul ins(%x, %w : memref<32x4096xbf16>, !uwt.compressed<4096x4096xbf16, "huffman<12,2>">) outs(%y : memref<32x4096xf32>) {
  ^bb0(%sum: f32):
    uwt.yield %sum : f32
  }
  return
}
