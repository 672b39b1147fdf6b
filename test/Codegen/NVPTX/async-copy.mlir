// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_80 print}))' -o /dev/null | FileCheck %s

// Copies by all threads, for targets without bulk copies; dependent launch is nothing there.

// CHECK: .version 7.8
// CHECK: .target sm_80
// CHECK-NOT: griddepcontrol
// CHECK: cp.async.cg.shared.global [{{.*}}], [{{.*}}], 16;
// CHECK: cp.async.commit_group;
// CHECK: cp.async.wait_group 0;
// CHECK: ld.shared.v4.b32
// CHECK-NOT: griddepcontrol

#global = #gpu.address_space<global>
#workgroup = #gpu.address_space<workgroup>
gpu.module @kernels {
  gpu.func @copy(%w: memref<?xi32, #global>, %out: memref<?xi32, #global>) kernel {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %shared = gpu.dynamic_shared_memory : memref<?xi8, #workgroup>
    %ring = memref.view %shared[%c0][] : memref<?xi8, #workgroup> to memref<1024xi32, #workgroup>
    uwt.grid_dependency_wait
    %tid = gpu.thread_id x
    %mine = arith.muli %tid, %c4 : index
    %token = nvgpu.device_async_copy %w[%mine], %ring[%mine], 4 {bypassL1}
        : memref<?xi32, #global> to memref<1024xi32, #workgroup>
    %group = nvgpu.device_async_create_group %token
    nvgpu.device_async_wait %group {numGroups = 0 : i32}
    gpu.barrier
    %v = vector.load %ring[%mine] {alignment = 16 : i64} : memref<1024xi32, #workgroup>, vector<4xi32>
    vector.store %v, %out[%mine] {alignment = 16 : i64} : memref<?xi32, #global>, vector<4xi32>
    uwt.launch_dependents
    gpu.return
  }
}
