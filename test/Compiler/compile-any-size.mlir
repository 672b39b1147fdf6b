// A function on buffers that serves weights of every size: its caller gives the view of the weight, and it runs from the format
// that the weight has.
// RUN: uwt-opt %s -uwt-compile-cpu="target=avx512bf16 trust-ir=true" | FileCheck %s
// RUN: uwt-opt %s -uwt-compile-cpu="target=amx trust-ir=true" | FileCheck %s --check-prefixes=CHECK,AMX
// RUN: not uwt-opt %s -uwt-compile-cpu="target=avx512bf16" 2>&1 | FileCheck %s --check-prefix=UNTRUSTED
// RUN: not uwt-opt %s -uwt-compile-gpu="trust-ir=true" 2>&1 | FileCheck %s --check-prefix=GPU

// The sizes of x and y are checked.
// CHECK-DAG: the rows of x is {0}, expected {1}
// CHECK-DAG: llvm.func @_mlir_ciface_linear(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr)
// AMX-DAG: llvm.x86.tdpbf16ps
// CHECK-NOT: uwt_weights
// CHECK-NOT: uwt.matmul

// UNTRUSTED: error:
// GPU: has a weight of dynamic shape, and kernels of GPUs are made for one
func.func @linear(%w: !uwt.compressed<?x?xbf16, "inplace<12>">, %x: memref<?x?xbf16>, %y: memref<?x?xbf16>) {
  uwt.matmul ins(%x, %w : memref<?x?xbf16>, !uwt.compressed<?x?xbf16, "inplace<12>">) outs(%y : memref<?x?xbf16>) {
  ^bb0(%sum: f32):
    %rounded = arith.truncf %sum : f32 to bf16
    uwt.yield %rounded : bf16
  }
  return
}
