// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s
// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_80 print}))' -o /dev/null | FileCheck %s

// The steady loop of inplace<12> in front of mma.sync: a thread's three vectors of words become the A registers of four blocks.
// test/Unit/CudaTools counts its machine instructions.

// Dynamic shared memory is the launch's.
// CHECK: .extern .shared .align 128 .b8 [[SHARED:.*]][];
// CHECK: .entry inplace(
// CHECK: [[LOOP:\$L__BB0_[0-9]+]]:
// Planes and x are read 16 bytes at a time, at constant distances from one pointer.
// CHECK-COUNT-5: ld.shared.v4.b32
// CHECK-NOT: ld.shared
// CHECK-COUNT-4: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK: bra{{.*}}[[LOOP]];
// CHECK: st.global.v4.b32

#global = #gpu.address_space<global>
#workgroup = #gpu.address_space<workgroup>
gpu.module @kernels {
  gpu.func @inplace(%w: memref<?xi32, #global>, %out: memref<?xf32, #global>, %steps: index, %base: i32) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %size = arith.constant 32768 : index
    %bytes = gpu.dynamic_shared_memory : memref<?xi8, #workgroup>
    %shared = memref.view %bytes[%c0][%size] : memref<?xi8, #workgroup> to memref<?xi32, #workgroup>
    %tid = gpu.thread_id x
    %mine = arith.muli %tid, %c4 : index
    %filled = vector.load %w[%mine] {alignment = 16 : i64} : memref<?xi32, #global>, vector<4xi32>
    vector.store %filled, %shared[%mine] {alignment = 16 : i64} : memref<?xi32, #workgroup>, vector<4xi32>
    gpu.barrier
    %zero = arith.constant dense<0.0> : vector<2x2xf32>
    %bases = vector.broadcast %base : i32 to vector<4xi32>
    %fields = arith.constant dense<0x87ff87ff> : vector<4xi32>
    %maskA = arith.constant dense<0x78007800> : vector<4xi32>
    %maskB = arith.constant dense<0x07f807f8> : vector<4xi32>
    %notB = arith.constant dense<0xf807f807> : vector<4xi32>
    %four = arith.constant dense<4> : vector<4xi32>
    %twelve = arith.constant dense<12> : vector<4xi32>
    %twenty = arith.constant dense<20> : vector<4xi32>
    %at512 = arith.constant 512 : index
    %at1024 = arith.constant 1024 : index
    %at16384 = arith.constant 16384 : index
    %at16896 = arith.constant 16896 : index
    %sum = scf.for %i = %c0 to %steps step %c1 iter_args(%sum0 = %zero) -> (vector<2x2xf32>) {
      %i4 = arith.muli %i, %c4 : index
      %p0 = arith.addi %mine, %i4 : index
      %p1 = arith.addi %p0, %at512 : index
      %p2 = arith.addi %p0, %at1024 : index
      %p3 = arith.addi %p0, %at16384 : index
      %p4 = arith.addi %p0, %at16896 : index
      %w0 = vector.load %shared[%p0] {alignment = 16 : i64} : memref<?xi32, #workgroup>, vector<4xi32>
      %w1 = vector.load %shared[%p1] {alignment = 16 : i64} : memref<?xi32, #workgroup>, vector<4xi32>
      %w2 = vector.load %shared[%p2] {alignment = 16 : i64} : memref<?xi32, #workgroup>, vector<4xi32>
      %x0 = vector.load %shared[%p3] {alignment = 16 : i64} : memref<?xi32, #workgroup>, vector<4xi32>
      %x1 = vector.load %shared[%p4] {alignment = 16 : i64} : memref<?xi32, #workgroup>, vector<4xi32>
      %m0 = arith.andi %w0, %fields : vector<4xi32>
      %r0 = arith.ori %m0, %bases : vector<4xi32>
      %m1 = arith.andi %w1, %fields : vector<4xi32>
      %r1 = arith.ori %m1, %bases : vector<4xi32>
      %m2 = arith.andi %w2, %fields : vector<4xi32>
      %r2 = arith.ori %m2, %bases : vector<4xi32>
      %s1 = arith.shrui %w1, %four : vector<4xi32>
      %u0 = arith.andi %w2, %maskA : vector<4xi32>
      %u1 = arith.andi %s1, %fields : vector<4xi32>
      %u = arith.ori %u0, %u1 : vector<4xi32>
      %s2 = arith.shrui %u, %four : vector<4xi32>
      %left = arith.shli %w0, %twenty : vector<4xi32>
      %right = arith.shrui %w0, %twelve : vector<4xi32>
      %turned = arith.ori %left, %right : vector<4xi32>
      %t0 = arith.andi %s2, %maskB : vector<4xi32>
      %t1 = arith.andi %turned, %notB : vector<4xi32>
      %t = arith.ori %t0, %t1 : vector<4xi32>
      %m3 = arith.andi %t, %fields : vector<4xi32>
      %r3 = arith.ori %m3, %bases : vector<4xi32>
      %a0:4 = vector.to_elements %r0 : vector<4xi32>
      %a1:4 = vector.to_elements %r1 : vector<4xi32>
      %a2:4 = vector.to_elements %r2 : vector<4xi32>
      %a3:4 = vector.to_elements %r3 : vector<4xi32>
      %b0:4 = vector.to_elements %x0 : vector<4xi32>
      %b1:4 = vector.to_elements %x1 : vector<4xi32>
      %A0 = vector.from_elements %a0#0, %a1#0, %a2#0, %a3#0 : vector<4xi32>
      %A0b = vector.bitcast %A0 : vector<4xi32> to vector<8xbf16>
      %A0c = vector.shape_cast %A0b : vector<8xbf16> to vector<4x2xbf16>
      %B0 = vector.from_elements %b0#0, %b0#1 : vector<2xi32>
      %B0b = vector.bitcast %B0 : vector<2xi32> to vector<4xbf16>
      %B0c = vector.shape_cast %B0b : vector<4xbf16> to vector<2x2xbf16>
      %sum1 = nvgpu.mma.sync(%A0c, %B0c, %sum0) {mmaShape = [16, 8, 16]}
          : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
      %A1 = vector.from_elements %a0#1, %a1#1, %a2#1, %a3#1 : vector<4xi32>
      %A1b = vector.bitcast %A1 : vector<4xi32> to vector<8xbf16>
      %A1c = vector.shape_cast %A1b : vector<8xbf16> to vector<4x2xbf16>
      %B1 = vector.from_elements %b0#2, %b0#3 : vector<2xi32>
      %B1b = vector.bitcast %B1 : vector<2xi32> to vector<4xbf16>
      %B1c = vector.shape_cast %B1b : vector<4xbf16> to vector<2x2xbf16>
      %sum2 = nvgpu.mma.sync(%A1c, %B1c, %sum1) {mmaShape = [16, 8, 16]}
          : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
      %A2 = vector.from_elements %a0#2, %a1#2, %a2#2, %a3#2 : vector<4xi32>
      %A2b = vector.bitcast %A2 : vector<4xi32> to vector<8xbf16>
      %A2c = vector.shape_cast %A2b : vector<8xbf16> to vector<4x2xbf16>
      %B2 = vector.from_elements %b1#0, %b1#1 : vector<2xi32>
      %B2b = vector.bitcast %B2 : vector<2xi32> to vector<4xbf16>
      %B2c = vector.shape_cast %B2b : vector<4xbf16> to vector<2x2xbf16>
      %sum3 = nvgpu.mma.sync(%A2c, %B2c, %sum2) {mmaShape = [16, 8, 16]}
          : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
      %A3 = vector.from_elements %a0#3, %a1#3, %a2#3, %a3#3 : vector<4xi32>
      %A3b = vector.bitcast %A3 : vector<4xi32> to vector<8xbf16>
      %A3c = vector.shape_cast %A3b : vector<8xbf16> to vector<4x2xbf16>
      %B3 = vector.from_elements %b1#2, %b1#3 : vector<2xi32>
      %B3b = vector.bitcast %B3 : vector<2xi32> to vector<4xbf16>
      %B3c = vector.shape_cast %B3b : vector<4xbf16> to vector<2x2xbf16>
      %sum4 = nvgpu.mma.sync(%A3c, %B3c, %sum3) {mmaShape = [16, 8, 16]}
          : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
      scf.yield %sum4 : vector<2x2xf32>
    }
    %flat = vector.shape_cast %sum : vector<2x2xf32> to vector<4xf32>
    vector.store %flat, %out[%mine] {alignment = 16 : i64} : memref<?xf32, #global>, vector<4xf32>
    gpu.return
  }
}
