// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-lower-gpu-ops{chip=sm_120a}))' --split-input-file --verify-diagnostics

#global = #gpu.address_space<global>
#workgroup = #gpu.address_space<workgroup>
!barriers = !nvgpu.mbarrier.group<memorySpace = #workgroup, num_barriers = 2>
gpu.module @kernels {
  gpu.func @copy(%w: memref<?xi32, #global>, %ring: memref<1024xi32, #workgroup>, %full: !barriers, %i: index, %mask: i16) {
    // expected-error @+2 {{'uwt.bulk_copy' op cannot be compiled: a bulk copy needs cluster multicast, which GPU target 'sm_120a' lacks; it is made for: sm_90a}}
    // expected-error @+1 {{failed to legalize operation 'uwt.bulk_copy' that was explicitly marked illegal}}
    uwt.bulk_copy %w[%i], %ring[%i], %i, %full[%i] multicast %mask : memref<?xi32, #global>, memref<1024xi32, #workgroup>, !barriers
    gpu.return
  }
}

// -----

!barriers = !nvgpu.mbarrier.group<memorySpace = #gpu.address_space<workgroup>, num_barriers = 2>
gpu.module @kernels {
  gpu.func @arrive(%empty: !barriers, %i: index) {
    // expected-error @+2 {{'uwt.remote_arrive' op cannot be compiled: an arrival at another CTA needs cluster multicast, which GPU target 'sm_120a' lacks; it is made for: sm_90a}}
    // expected-error @+1 {{failed to legalize operation 'uwt.remote_arrive' that was explicitly marked illegal}}
    uwt.remote_arrive %empty[%i] of %i : !barriers
    gpu.return
  }
}
