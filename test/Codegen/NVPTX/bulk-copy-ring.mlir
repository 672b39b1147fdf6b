// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s
// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_90a}))' | FileCheck %s --check-prefix=ATTR

// One thread fills a ring of two stages by bulk copies, all threads read each stage once it is full.

// CHECK: .version 8.0
// CHECK: .target sm_90a
// CHECK: .entry ring(
// CHECK: .maxntid 128, 1, 1
// CHECK: .shared .align 8 .b8 __mbarrier[16];
// CHECK: mbarrier.init.shared.b64
// CHECK: griddepcontrol.wait;
// CHECK-DAG: mbarrier.try_wait.parity.shared.b64
// CHECK-DAG: ld.shared.v4.b32
// CHECK-DAG: mbarrier.arrive.expect_tx.shared.b64
// CHECK-DAG: mov.b64 [[POLICY:%rd[0-9]+]], 1364590687093260288;
// CHECK-DAG: cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%r{{[0-9]+}}], [%rd{{[0-9]+}}], %r{{[0-9]+}}, [%r{{[0-9]+}}], [[POLICY]];
// CHECK: griddepcontrol.launch_dependents;

// The kernel is lowered in place, its PTX is an attribute of the module.
// ATTR: gpu.module @kernels attributes {uwt.ptx = "{{.*}}.entry ring({{.*}}"}
// ATTR: llvm.func @ring

#global = #gpu.address_space<global>
#workgroup = #gpu.address_space<workgroup>
!barriers = !nvgpu.mbarrier.group<memorySpace = #workgroup, num_barriers = 2>
gpu.module @kernels {
  gpu.func @ring(%w: memref<?xi32, #global>, %out: memref<?xi32, #global>, %steps: index) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %words = arith.constant 512 : index
    %bytes = arith.constant 2048 : index
    %ticks = arith.constant 10000000 : index
    %shared = gpu.dynamic_shared_memory : memref<?xi8, #workgroup>
    %ring = memref.view %shared[%c0][] : memref<?xi8, #workgroup> to memref<1024xi32, #workgroup>
    %full = nvgpu.mbarrier.create -> !barriers
    %tid = gpu.thread_id x
    %isFirst = arith.cmpi eq, %tid, %c0 : index
    scf.if %isFirst {
      nvgpu.mbarrier.init %full[%c0], %c1 : !barriers
      nvgpu.mbarrier.init %full[%c1], %c1 : !barriers
    }
    gpu.barrier
    uwt.grid_dependency_wait
    %mine = arith.muli %tid, %c4 : index
    %zero = arith.constant dense<0> : vector<4xi32>
    %false = arith.constant false
    %sum:2 = scf.for %i = %c0 to %steps step %c1 iter_args(%acc = %zero, %parity = %false) -> (vector<4xi32>, i1) {
      %stage = arith.remui %i, %c2 : index
      %at = arith.muli %stage, %words : index
      %from = arith.muli %i, %words : index
      scf.if %isFirst {
        nvgpu.mbarrier.arrive.expect_tx %full[%stage], %bytes : !barriers
        uwt.bulk_copy %w[%from], %ring[%at], %bytes, %full[%stage] evict_first
            : memref<?xi32, #global>, memref<1024xi32, #workgroup>, !barriers
      }
      nvgpu.mbarrier.try_wait.parity %full[%stage], %parity, %ticks : !barriers
      %p = arith.addi %at, %mine : index
      %v = vector.load %ring[%p] {alignment = 16 : i64} : memref<1024xi32, #workgroup>, vector<4xi32>
      %next = arith.addi %acc, %v : vector<4xi32>
      gpu.barrier
      %isLast = arith.cmpi eq, %stage, %c1 : index
      %flip = arith.xori %parity, %isLast : i1
      scf.yield %next, %flip : vector<4xi32>, i1
    }
    uwt.launch_dependents
    vector.store %sum#0, %out[%mine] {alignment = 16 : i64} : memref<?xi32, #global>, vector<4xi32>
    gpu.return
  }
}
