// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-lower-gpu-ops{chip=sm_90a}))' | FileCheck %s

// Copies to several CTAs of a cluster, and arrivals at another one's barrier.

#global = #gpu.address_space<global>
#workgroup = #gpu.address_space<workgroup>
!barriers = !nvgpu.mbarrier.group<memorySpace = #workgroup, num_barriers = 2>
// CHECK-LABEL: gpu.func @share
gpu.module @kernels {
  gpu.func @share(%w: memref<?xi32, #global>, %ring: memref<1024xi32, #workgroup>, %full: !barriers, %i: index) {
    // CHECK: %[[MASK:.*]] = arith.constant 3 : i16
    %both = arith.constant 3 : i16
    // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [$0], [$1], $2, [$3], $4;",
    // CHECK-SAME: "r,l,r,r,h,~{memory}" %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[MASK]] : (i32, !llvm.ptr<1>, i32, i32, i16) -> ()
    uwt.bulk_copy %w[%i], %ring[%i], %i, %full[%i] multicast %both : memref<?xi32, #global>, memref<1024xi32, #workgroup>, !barriers
    // CHECK: %[[RANK:.*]] = llvm.trunc %{{.*}} : i64 to i32
    // CHECK: %[[OTHER:.*]] = nvvm.mapa %{{.*}}, %[[RANK]] : !llvm.ptr<3> -> !llvm.ptr<7>
    // CHECK: nvvm.mbarrier.arrive %[[OTHER]] : !llvm.ptr<7>
    uwt.remote_arrive %full[%i] of %i : !barriers
    gpu.return
  }
}
