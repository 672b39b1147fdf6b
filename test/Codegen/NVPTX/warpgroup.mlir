// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-lower-gpu-ops{chip=sm_90a}))' | FileCheck %s
// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_90a print}))' -o /dev/null | FileCheck %s --check-prefix=PTX

// A group: fence, a product for each block of A's registers with a descriptor of its own, commit. Sums are tied from product to product.

#shared = #gpu.address_space<workgroup>
gpu.module @kernels {
  // CHECK-LABEL: gpu.func @group
  // PTX-LABEL: .entry group(
  gpu.func @group(%r0: vector<4xi32>, %r1: vector<4xi32>, %r2: vector<4xi32>, %r3: vector<4xi32>, %at: index,
                  %y: memref<?xf32, #gpu.address_space<global>>) kernel {
    %zero = arith.constant dense<0.0> : vector<2x2xf32>
    %c0 = arith.constant 0 : index
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %ring = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<8192xi32, #shared>
    // The lower half: the start's bits 17:4, leading 128: 8 << 16. The upper one: stride 256, swizzle 128: 16 | 1 << 30.
    // Of an address the CTA's own part counts: in a cluster its number is above.
    // CHECK-DAG: %[[OWN:.*]] = llvm.mlir.constant(16383 : i32) : i32
    // CHECK: %[[ADDRESS:.*]] = llvm.ptrtoint %{{.*}} : !llvm.ptr<3> to i32
    // CHECK: %[[SHIFTED:.*]] = llvm.lshr %[[ADDRESS]],
    // CHECK: %[[PLACE:.*]] = llvm.and %[[SHIFTED]], %[[OWN]] : i32
    // CHECK: %[[HIGH:.*]] = llvm.inline_asm has_side_effects asm_dialect = att "mov.b32 $0, 1073741840;\0Aredux.sync.or.b32 $0, $0, -1;", "=r"
    // CHECK: llvm.inline_asm has_side_effects asm_dialect = att
    // CHECK-SAME: wgmma.fence.sync.aligned;\0Amov.b64 matrix, {$20, $21};\0Aadd.u64 matrix, matrix, 524288;\0A
    // CHECK-SAME: wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0,$1,$2,$3}, {$4,$5,$6,$7}, matrix, 1, 1, 1, 0;\0A
    // CHECK-SAME: add.u64 matrix, matrix, 16;\0A
    // CHECK-SAME: {$8,$9,$10,$11}, matrix, 1, 1, 1, 0;\0A
    // CHECK-SAME: wgmma.commit_group.sync.aligned;\0A}", "=f,=f,=f,=f,r,r,r,r,r,r,r,r,r,r,r,r,r,r,r,r,r,r,0,1,2,3,~{memory}"
    // CHECK-SAME: %[[PLACE]], %[[HIGH]],
    // PTX: wgmma.fence.sync.aligned;
    // PTX-COUNT-4: wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {
    // PTX: wgmma.commit_group.sync.aligned;
    %s = uwt.warpgroup_mma bf16 (%r0, %r1, %r2, %r3), %ring[%at] leading 128 stride 256 block_stride 256 swizzle 128 accumulators (%zero)
        : memref<8192xi32, #shared>
    // CHECK: wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16
    // PTX-COUNT-4: wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {
    %t = uwt.warpgroup_mma f16 (%r0, %r1, %r2, %r3), %ring[%at] leading 128 stride 256 block_stride 256 accumulators (%s) : memref<8192xi32, #shared>
    // CHECK: nvvm.wgmma.wait.group.sync.aligned 1
    // PTX: wgmma.wait_group.sync.aligned 1;
    uwt.warpgroup_wait 1
    // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "wgmma.wait_group.sync.aligned 0;", "=f,=f,=f,=f,0,1,2,3,~{memory}"
    // PTX: wgmma.wait_group.sync.aligned 0;
    %done = uwt.warpgroup_wait 0 accumulators (%t : vector<2x2xf32>)
    %flat = vector.shape_cast %done : vector<2x2xf32> to vector<4xf32>
    vector.store %flat, %y[%at] : memref<?xf32, #gpu.address_space<global>>, vector<4xf32>
    gpu.return
  }
  // Sums of bytes that begin from 0 are results alone, in registers that no operand has; the first product does not add.
  // CHECK-LABEL: gpu.func @bytes
  // CHECK: wgmma.mma_async.sync.aligned.m64n8k32.s32.s8.s8 {$0,$1,$2,$3}, {$4,$5,$6,$7}, matrix, 0;\0A
  // CHECK-SAME: add.u64 matrix, matrix, 32;\0Awgmma.mma_async.sync.aligned.m64n8k32.s32.s8.s8 {$0,$1,$2,$3}, {$8,$9,$10,$11}, matrix, 1;\0A
  // CHECK-SAME: "=&r,=&r,=&r,=&r,r,r,r,r,r,r,r,r,r,r,~{memory}"
  // CHECK: {$0,$1,$2,$3}, {$4,$5,$6,$7}, matrix, 1;\0A
  // CHECK-SAME: "=r,=r,=r,=r,r,r,r,r,r,r,r,r,r,r,0,1,2,3,~{memory}"
  // PTX-LABEL: .entry bytes(
  // PTX-COUNT-4: wgmma.mma_async.sync.aligned.m64n8k32.s32.s8.s8 {
  gpu.func @bytes(%r0: vector<4xi32>, %r1: vector<4xi32>, %at: index, %y: memref<?xi32, #gpu.address_space<global>>) kernel {
    %c0 = arith.constant 0 : index
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %ring = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<8192xi32, #shared>
    %s = uwt.warpgroup_mma_bytes (%r0, %r1), %ring[%at] leading 128 stride 256 block_stride 512 : memref<8192xi32, #shared> -> vector<2x2xi32>
    %t = uwt.warpgroup_mma_bytes (%r1, %r0), %ring[%at] leading 128 stride 256 block_stride 512 accumulators (%s) : memref<8192xi32, #shared> -> vector<2x2xi32>
    %done = uwt.warpgroup_wait 0 accumulators (%t : vector<2x2xi32>)
    %flat = vector.shape_cast %done : vector<2x2xi32> to vector<4xi32>
    vector.store %flat, %y[%at] : memref<?xi32, #gpu.address_space<global>>, vector<4xi32>
    gpu.return
  }
  // What groups of a loop share is there once: the upper half before the loop, and in it the place without what is known to be added.
  // CHECK-LABEL: gpu.func @loop
  // CHECK: %[[HIGH:.*]] = llvm.inline_asm {{.*}}redux.sync
  // CHECK-NOT: redux.sync
  // CHECK: scf.for
  // CHECK: add.u64 matrix, matrix, 524320;
  // CHECK-SAME: %[[HIGH]],
  // CHECK: add.u64 matrix, matrix, 524544;
  // CHECK-SAME: %[[HIGH]],
  gpu.func @loop(%r: vector<4xi32>, %n: index, %y: memref<?xf32, #gpu.address_space<global>>) kernel {
    %zero = arith.constant dense<0.0> : vector<2x2xf32>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c128 = arith.constant 128 : index
    %c896 = arith.constant 896 : index
    %all = gpu.dynamic_shared_memory : memref<?xi8, #shared>
    %ring = memref.view %all[%c0][] : memref<?xi8, #shared> to memref<8192xi32, #shared>
    %sums = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %zero) -> vector<2x2xf32> {
      %start = arith.muli %i, %c896 : index
      %even = arith.addi %start, %c128 : index
      %odd = arith.addi %even, %c896 : index
      %s = uwt.warpgroup_mma bf16 (%r, %r, %r, %r), %ring[%even] leading 128 stride 256 block_stride 256 accumulators (%sum) : memref<8192xi32, #shared>
      %t = uwt.warpgroup_mma bf16 (%r, %r, %r, %r), %ring[%odd] leading 128 stride 256 block_stride 256 accumulators (%s) : memref<8192xi32, #shared>
      %done = uwt.warpgroup_wait 0 accumulators (%t : vector<2x2xf32>)
      scf.yield %done : vector<2x2xf32>
    }
    %flat = vector.shape_cast %sums : vector<2x2xf32> to vector<4xf32>
    vector.store %flat, %y[%c0] : memref<?xf32, #gpu.address_space<global>>, vector<4xf32>
    gpu.return
  }
}
