// The whole way to kernels of a GPU, in one module: kernels that say how they are launched, and calls that launch them. The weight runs from another format than it
// is stored in: there are kernels for that, too.

// RUN: uwt-opt %s --uwt-compile-gpu='format=inplace<12>' | FileCheck %s
// RUN: not uwt-opt %s --uwt-compile-gpu=gpu=sm_75 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not uwt-opt %s --uwt-compile-gpu='strategy=shared format=inplace<12>' 2>&1 | FileCheck %s --check-prefix=SHARED
// RUN: uwt-opt %s --uwt-compile-gpu='strategy=shared keep-on-host' | FileCheck %s --check-prefix=HOST

// It can be stopped anywhere, and goes on from there: here where products name kernels for each range of m.
// RUN: uwt-opt %s --uwt-compile-gpu --mlir-print-ir-after=uwt-outline-products -o %t.whole 2>%t.log
// RUN: sed '1,/IR Dump After/d' %t.log > %t.middle
// RUN: FileCheck %s --check-prefix=MIDDLE --input-file=%t.middle
// RUN: uwt-opt %t.middle --pass-pipeline='builtin.module(uwt-lower-launches,gpu.module(uwt-emit-decoders,cse,canonicalize))' -o %t.end
// RUN: diff %t.whole %t.end

// MIDDLE: module attributes {gpu.container_module
// MIDDLE: gpu.module @main_product_0_m8 [#nvvm.target<O = 3, chip = "sm_90a">] attributes {uwt.kernel_plan = #uwt.kernel_plan<slice = 8,
// MIDDLE: uwt.kernel_entry = #uwt.kernel_entry<{{.*}}m = 1 to 8,
// MIDDLE: uwt.decode_fragment
// MIDDLE: gpu.module @main_product_0_m16
// MIDDLE: func.func @main
// MIDDLE: uwt.launch_product [@main_product_0_m8, @main_product_0_m16,

// CHECK: module attributes {gpu.container_module, uwt.launches = [#uwt.launch<[@main_product_0_m8, @main_product_0_m16, {{.*}}], slot = 0,
// CHECK-NOT: uwt.decode_
// CHECK: gpu.module @main_product_0_m8
// CHECK: gpu.func @product({{.*}} kernel
// CHECK: func.func @main
// CHECK-NOT: uwt.launch_product
// CHECK: llvm.call @uwt_launch_product
// CHECK: gpu.module @transcode_0
// CHECK: uwt.kernel_entry = #uwt.kernel_entry<transcode, "transcode", from <"huffman<12,2>"> of bf16 to <"raw">
// CHECK: uwt.kernel_entry = #uwt.kernel_entry<transcode, "encode", from <"huffman<12,2>"> of bf16 to <"inplace<12>">

// TARGET: error: unknown GPU target 'sm_75'
// SHARED: error: 'uwt.matmul' op has no kernel of kind shared: threads decode format 'inplace<12>' straight into registers; use strategy direct
// HOST-NOT: gpu.module @main
// HOST: uwt.matmul
func.func @main(%x: tensor<?x1024xbf16>, %init: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = uwt.weight "w" : !uwt.compressed<64x1024xbf16, "huffman<12,2>">
  %y = uwt.matmul ins(%x, %w : tensor<?x1024xbf16>, !uwt.compressed<64x1024xbf16, "huffman<12,2>">) outs(%init : tensor<?x64xf32>) {
  ^bb0(%sum: f32):
    uwt.yield %sum : f32
  } -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
