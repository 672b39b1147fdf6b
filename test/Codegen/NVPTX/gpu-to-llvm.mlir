// RUN: uwt-opt %s --uwt-gpu-to-llvm=chip=sm_90a | FileCheck %s
// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{print}))' -o /dev/null | FileCheck %s --check-prefix=PTX

// Functions of f32 become polynomials, the same as on a CPU, whose steps are instructions; sizes of arguments are 64 bits.

// CHECK-LABEL: llvm.func @exponential
// CHECK-SAME: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: i64)
// CHECK-SAME: gpu.kernel
// CHECK: nvvm.read.ptx.sreg.tid.x
// CHECK-NOT: @__nv_exp
// CHECK-NOT: unrealized_conversion_cast
// CHECK: llvm.return

// PTX-LABEL: .entry exponential(
// PTX-NOT: call
// PTX: fma.rn.f32
// PTX: cvt.rmi.f32.f32
// PTX-NOT: ex2
// PTX: .entry instructions(
// PTX-NOT: call
// PTX-DAG: abs.f32
// PTX-DAG: sqrt.rn.f32
// PTX-DAG: cvt.rpi.f32.f32
// PTX-DAG: cvt.rzi.f32.f32
// PTX-DAG: cvt.rni.f32.f32
// PTX-DAG: min.f32
// PTX-DAG: max.NaN.f32
// PTX-DAG: popc.b32
// PTX-DAG: clz.b32
// PTX: ret;
gpu.module @kernels {
  gpu.func @exponential(%x: memref<?xf32, #gpu.address_space<global>>) kernel {
    %tid = gpu.thread_id x
    %v = memref.load %x[%tid] : memref<?xf32, #gpu.address_space<global>>
    %e = math.exp %v : f32
    memref.store %e, %x[%tid] : memref<?xf32, #gpu.address_space<global>>
    gpu.return
  }

  gpu.func @instructions(%x: memref<?xf32, #gpu.address_space<global>>, %y: memref<?xi32, #gpu.address_space<global>>) kernel {
    %tid = gpu.thread_id x
    %v = memref.load %x[%tid] : memref<?xf32, #gpu.address_space<global>>
    %a = math.absf %v : f32
    %s = math.sqrt %a : f32
    %c = math.ceil %s : f32
    %t = math.trunc %v : f32
    %r = math.roundeven %v : f32
    %k = math.copysign %c, %r : f32
    %g = math.fma %t, %r, %k : f32
    %h = arith.minnumf %g, %s : f32
    %f = arith.maximumf %h, %r : f32
    memref.store %f, %x[%tid] : memref<?xf32, #gpu.address_space<global>>
    %w = memref.load %y[%tid] : memref<?xi32, #gpu.address_space<global>>
    %p = math.ctpop %w : i32
    %z = math.ctlz %w : i32
    %i = math.absi %p : i32
    %n = arith.addi %i, %z : i32
    memref.store %n, %y[%tid] : memref<?xi32, #gpu.address_space<global>>
    gpu.return
  }
}
