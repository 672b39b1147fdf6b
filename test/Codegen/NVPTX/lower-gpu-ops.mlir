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

// Sums of products of bytes wrap around, where upstream's would end at the largest number.
// CHECK-LABEL: gpu.func @bytes
gpu.module @kernels {
  gpu.func @bytes(%a: vector<4x4xi8>, %b: vector<2x4xi8>, %c: vector<2x2xi32>) -> vector<2x2xi32> {
    // CHECK: nvvm.mma.sync A[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] B[%{{.*}}, %{{.*}}]
    // CHECK-SAME: intOverflowBehavior = #nvvm.mma_int_overflow<wrapped>
    // CHECK-SAME: multiplicandAPtxType = #nvvm.mma_type<s8>
    // CHECK-SAME: shape = #nvvm.shape<m = 16, n = 8, k = 32>
    // CHECK-SAME: (i32, i32, i32) -> !llvm.struct<(i32, i32, i32, i32)>
    %d = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 32]}
        : (vector<4x4xi8>, vector<2x4xi8>, vector<2x2xi32>) -> vector<2x2xi32>
    gpu.return %d : vector<2x2xi32>
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

// -----

// A select by mask is one instruction, elements of vectors one by one.
// CHECK-LABEL: gpu.func @select
gpu.module @kernels {
  gpu.func @select(%a: vector<2xi32>, %b: vector<2xi32>) -> vector<2xi32> {
    // CHECK-COUNT-2: llvm.inline_asm {{.*}}"lop3.b32 $0, $1, $2, 0x7f807f80, 0xE4;", "=r,r,r" %{{.*}}, %{{.*}} : (i32, i32) -> i32
    // CHECK-NOT: arith.ori
    %symbols = arith.constant dense<0x7f807f80> : vector<2xi32>
    %others = arith.constant dense<0x807f807f> : vector<2xi32>
    %0 = arith.andi %a, %symbols : vector<2xi32>
    %1 = arith.andi %b, %others : vector<2xi32>
    %2 = arith.ori %0, %1 : vector<2xi32>
    gpu.return %2 : vector<2xi32>
  }
}

// -----

// So are bits set beside some that are kept. Masks that are no complements are left alone, and so
// are other widths.
// CHECK-LABEL: gpu.func @others
gpu.module @kernels {
  gpu.func @others(%a: i32, %b: i32, %c: i64) -> (i32, i32, i64) {
    // CHECK: llvm.inline_asm {{.*}}"lop3.b32 $0, $1, 0x44444444, 0x32103210, 0xEA;", "=r,r" %{{.*}} : (i32) -> i32
    // CHECK: arith.ori {{.*}} : i32
    // CHECK: arith.ori {{.*}} : i64
    %fours = arith.constant 0x44444444 : i32
    %places = arith.constant 0x32103210 : i32
    %low = arith.constant 0xFF : i32
    %lowLong = arith.constant 0xFF : i64
    %one = arith.constant 256 : i64
    %0 = arith.andi %a, %fours : i32
    %1 = arith.ori %0, %places : i32
    %2 = arith.andi %b, %low : i32
    %3 = arith.ori %0, %2 : i32
    %4 = arith.andi %c, %lowLong : i64
    %5 = arith.ori %4, %one : i64
    gpu.return %1, %3, %5 : i32, i32, i64
  }
}

// -----

// LLVM would make w & ~mask of it.
// CHECK-LABEL: gpu.func @subtracted
gpu.module @kernels {
  gpu.func @subtracted(%w: i32) -> (i32, i32) {
    // CHECK: %[[PART:.*]] = llvm.inline_asm {{.*}}"and.b32 $0, $1, 0x78007800;", "=r,r" %[[W:.*]] : (i32) -> i32
    // CHECK: arith.subi %[[W]], %[[PART]] : i32
    %spare = arith.constant 0x78007800 : i32
    %0 = arith.andi %w, %spare : i32
    %1 = arith.subi %w, %0 : i32
    gpu.return %0, %1 : i32, i32
  }
}
