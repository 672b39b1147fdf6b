// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s

// A loop says by upstream's annotation that ptxas is not to unroll it; others do not.

// CHECK-LABEL: .entry rolled(
// CHECK: .pragma "nounroll";
// CHECK: st.global.b32
// CHECK-LABEL: .entry other(
// CHECK-NOT: .pragma
// CHECK: st.global.b32

#global = #gpu.address_space<global>
#rolled = #llvm.loop_annotation<unroll = <disable = true>>
gpu.module @kernels {
  gpu.func @rolled(%out: memref<?xi32, #global>, %value: i32) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    scf.for %i = %c0 to %c4 step %c1 {
      memref.store %value, %out[%i] : memref<?xi32, #global>
    } {llvm.loop_annotation = #rolled}
    gpu.return
  }
  gpu.func @other(%out: memref<?xi32, #global>, %value: i32) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    scf.for %i = %c0 to %c4 step %c1 {
      memref.store %value, %out[%i] : memref<?xi32, #global>
    }
    gpu.return
  }
}
