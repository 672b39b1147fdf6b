// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-lower-gpu-ops{chip=sm_90a}))' --split-input-file | FileCheck %s
// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-lower-gpu-ops{chip=sm_89}))' --split-input-file | FileCheck %s --check-prefix=ADA

// CHECK-LABEL: gpu.func @dependencies
// ADA-LABEL: gpu.func @dependencies
gpu.module @kernels {
  gpu.func @dependencies() kernel {
    // CHECK-NEXT: nvvm.griddepcontrol wait
    // CHECK-NEXT: nvvm.griddepcontrol launch_dependents
    // CHECK-NEXT: gpu.return
    // ADA-NEXT: gpu.return
    uwt.grid_dependency_wait
    uwt.launch_dependents
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @prefetch
// ADA-LABEL: gpu.func @prefetch
gpu.module @kernels {
  gpu.func @prefetch(%plane: memref<64xi32, #gpu.address_space<global>>, %at: index) kernel {
    // CHECK: nvvm.prefetch level = L2, %{{.*}} : !llvm.ptr<1>
    // LLVM selects the instruction from sm_90 on.
    // ADA: llvm.inline_asm has_side_effects {{.*}}"prefetch.global.L2 [$0];", "l" %{{.*}} : (!llvm.ptr<1>)
    memref.prefetch %plane[%at], read, locality<2>, data : memref<64xi32, #gpu.address_space<global>>
    gpu.return
  }
}

// -----

// CHECK-LABEL: gpu.func @product
gpu.module @kernels {
  gpu.func @product(%a: vector<4x2xbf16>, %b: vector<2x2xbf16>, %c: vector<2x2xf32>) -> vector<2x2xf32> {
    // CHECK: nvvm.mma.sync A[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] B[%{{.*}}, %{{.*}}]
    // CHECK-SAME: multiplicandAPtxType = #nvvm.mma_type<bf16>
    // CHECK-SAME: shape = #nvvm.shape<m = 16, n = 8, k = 16>
    // CHECK-SAME: (i32, i32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
    // CHECK-NOT: vector.shape_cast
    %d = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]}
        : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
    gpu.return %d : vector<2x2xf32>
  }
}

// -----

// Upstream's conversion takes products of other types.
// CHECK-LABEL: gpu.func @half
gpu.module @kernels {
  gpu.func @half(%a: vector<4x2xf16>, %b: vector<2x2xf16>, %c: vector<2x2xf32>) -> vector<2x2xf32> {
    // CHECK: nvgpu.mma.sync
    %d = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]}
        : (vector<4x2xf16>, vector<2x2xf16>, vector<2x2xf32>) -> vector<2x2xf32>
    gpu.return %d : vector<2x2xf32>
  }
}
