// A loop that is not unrolled keeps one group of matrix instructions in flight while it makes the next A in the same registers.
#rolled = #llvm.loop_annotation<unroll = <disable = true>>
#workgroup = #gpu.address_space<workgroup>
gpu.module @kernels {
  gpu.func @overwritten(%out: memref<?xf32, #gpu.address_space<global>>, %steps: index, %descriptor: i64, %base: i32) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c512 = arith.constant 512 : index
    %bytes = gpu.dynamic_shared_memory : memref<?xi8, #workgroup>
    %shared = memref.view %bytes[%c0][] : memref<?xi8, #workgroup> to memref<4096xi32, #workgroup>
    %tid = gpu.thread_id x
    %mine = arith.muli %tid, %c4 : index
    %mask = arith.constant dense<0x87ff87ff> : vector<4xi32>
    %bases = vector.broadcast %base : i32 to vector<4xi32>
    %zero = arith.constant 0.0 : f32
    %sum:4 = scf.for %i = %c0 to %steps step %c1 iter_args(%d0 = %zero, %d1 = %zero, %d2 = %zero, %d3 = %zero) -> (f32, f32, f32, f32) {
      %at = arith.muli %i, %c512 : index
      %p = arith.addi %at, %mine : index
      %w = vector.load %shared[%p] {alignment = 16 : i64} : memref<4096xi32, #workgroup>, vector<4xi32>
      %m = arith.andi %w, %mask : vector<4xi32>
      %a = arith.ori %m, %bases : vector<4xi32>
      %a0:4 = vector.to_elements %a : vector<4xi32>
      nvvm.wgmma.fence.aligned
      %r = llvm.inline_asm has_side_effects
          "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0, $1, $2, $3}, {$4, $5, $6, $7}, $8, 1, 1, 1, 0;",
          "=f,=f,=f,=f,r,r,r,r,l,0,1,2,3" %a0#0, %a0#1, %a0#2, %a0#3, %descriptor, %d0, %d1, %d2, %d3
          : (i32, i32, i32, i32, i64, f32, f32, f32, f32) -> !llvm.struct<(f32, f32, f32, f32)>
      nvvm.wgmma.commit.group.sync.aligned
      nvvm.wgmma.wait.group.sync.aligned 1
      %e0 = llvm.extractvalue %r[0] : !llvm.struct<(f32, f32, f32, f32)>
      %e1 = llvm.extractvalue %r[1] : !llvm.struct<(f32, f32, f32, f32)>
      %e2 = llvm.extractvalue %r[2] : !llvm.struct<(f32, f32, f32, f32)>
      %e3 = llvm.extractvalue %r[3] : !llvm.struct<(f32, f32, f32, f32)>
      scf.yield %e0, %e1, %e2, %e3 : f32, f32, f32, f32
    } {llvm.loop_annotation = #rolled}
    nvvm.wgmma.wait.group.sync.aligned 0
    %all = vector.from_elements %sum#0, %sum#1, %sum#2, %sum#3 : vector<4xf32>
    vector.store %all, %out[%mine] {alignment = 16 : i64} : memref<?xf32, #gpu.address_space<global>>, vector<4xf32>
    gpu.return
  }
}
