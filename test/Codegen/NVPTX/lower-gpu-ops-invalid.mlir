// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-lower-gpu-ops{chip=sm_89}))' --split-input-file --verify-diagnostics

#global = #gpu.address_space<global>
#workgroup = #gpu.address_space<workgroup>
!barriers = !nvgpu.mbarrier.group<memorySpace = #workgroup, num_barriers = 2>
gpu.module @kernels {
  gpu.func @copy(%w: memref<?xi32, #global>, %ring: memref<1024xi32, #workgroup>, %full: !barriers, %i: index) {
    // expected-error @+2 {{'uwt.bulk_copy' op cannot be compiled: a bulk copy needs cp.async.bulk, which GPU target 'sm_89' lacks; it is made for: sm_90a, sm_120a}}
    // expected-error @+1 {{failed to legalize operation 'uwt.bulk_copy' that was explicitly marked illegal}}
    uwt.bulk_copy %w[%i], %ring[%i], %i, %full[%i] : memref<?xi32, #global>, memref<1024xi32, #workgroup>, !barriers
    gpu.return
  }
}

// -----

!barriers = !nvgpu.mbarrier.group<memorySpace = #gpu.address_space<workgroup>, num_barriers = 2>
gpu.module @kernels {
  gpu.func @expect(%full: !barriers, %i: index) {
    // expected-error @+1 {{'nvgpu.mbarrier.arrive.expect_tx' op cannot be compiled: a barrier of transactions needs cp.async.bulk, which GPU target 'sm_89' lacks; it is made for: sm_90a, sm_120a}}
    nvgpu.mbarrier.arrive.expect_tx %full[%i], %i : !barriers
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @product(%a: vector<4x2xbf16>, %b: vector<2x2xbf16>, %c: vector<2x2xf16>) -> vector<2x2xf16> {
    // expected-error @+2 {{'nvgpu.mma.sync' op of bf16 needs accumulators of 4 f32 a thread, got 'vector<2x2xf16>'}}
    // expected-error @+1 {{failed to legalize operation 'nvgpu.mma.sync' that was explicitly marked illegal}}
    %d = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]}
        : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf16>) -> vector<2x2xf16>
    gpu.return %d : vector<2x2xf16>
  }
}

// -----

gpu.module @kernels {
  gpu.func @product(%a: vector<4x2xbf16>, %b: vector<2x2xbf16>, %c: vector<2x2xi32>) -> vector<2x2xi32> {
    // expected-error @+2 {{'nvgpu.mma.sync' op of bf16 needs accumulators of 4 f32 a thread, got 'vector<2x2xi32>'}}
    // expected-error @+1 {{failed to legalize operation 'nvgpu.mma.sync' that was explicitly marked illegal}}
    %d = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]}
        : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xi32>) -> vector<2x2xi32>
    gpu.return %d : vector<2x2xi32>
  }
}

// -----

gpu.module @kernels {
  gpu.func @load(%x: memref<?xf32, #gpu.address_space<global>>, %i: index) {
    // expected-error @+1 {{'vector.load' op of 'vector<32xf32>' is more than 127 bytes a thread: load it in parts}}
    %v = vector.load %x[%i] : memref<?xf32, #gpu.address_space<global>>, vector<32xf32>
    vector.store %v, %x[%i] : memref<?xf32, #gpu.address_space<global>>, vector<32xf32>
    gpu.return
  }
}

// -----

#shared = #gpu.address_space<workgroup>
gpu.module @kernels {
  gpu.func @warpgroup(%r: vector<4xi32>, %s: vector<2x2xf32>, %ring: memref<1024xi32, #shared>, %i: index) {
    // expected-error @+2 {{'uwt.warpgroup_mma' op cannot be compiled: a matrix product of a warpgroup needs wgmma, which GPU target 'sm_89' lacks; it is made for: sm_90a}}
    // expected-error @+1 {{failed to legalize operation 'uwt.warpgroup_mma' that was explicitly marked illegal}}
    %t = uwt.warpgroup_mma bf16 (%r, %r, %r, %r), %ring[%i] leading 128 stride 256 block_stride 256 accumulators (%s) : memref<1024xi32, #shared>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @wait() {
    // expected-error @+2 {{'uwt.warpgroup_wait' op cannot be compiled: a matrix product of a warpgroup needs wgmma, which GPU target 'sm_89' lacks; it is made for: sm_90a}}
    // expected-error @+1 {{failed to legalize operation 'uwt.warpgroup_wait' that was explicitly marked illegal}}
    uwt.warpgroup_wait 0
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @prefetch(%tile: memref<64xi32, #gpu.address_space<workgroup>>, %i: index) {
    // expected-error @+2 {{'memref.prefetch' op of 'memref<64xi32, #gpu.address_space<workgroup>>' cannot be compiled: only global memory is brought nearer}}
    // expected-error @+1 {{failed to legalize operation 'memref.prefetch' that was explicitly marked illegal}}
    memref.prefetch %tile[%i], read, locality<2>, data : memref<64xi32, #gpu.address_space<workgroup>>
    gpu.return
  }
}
