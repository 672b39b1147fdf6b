// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_80}))' --split-input-file --verify-diagnostics -o /dev/null
// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_90a}))' --split-input-file --verify-diagnostics -o /dev/null

// Who comes last reads what others wrote.
// expected-error-re @+1 {{the relaxed atomic 'atom{{.*}}.global.add.u32 {{.*}}' decides '{{.*}}': it orders no memory, so what others wrote need not be there; use uwt.atomic_add}}
gpu.module @kernels {
  gpu.func @branch(%sums: memref<?xi32, #gpu.address_space<global>>, %counters: memref<?xi32, #gpu.address_space<global>>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %before = memref.atomic_rmw addi %one, %counters[%c0] : (i32, memref<?xi32, #gpu.address_space<global>>) -> i32
    %isLast = arith.cmpi eq, %before, %one : i32
    scf.if %isLast {
      %sum = memref.load %sums[%c0] : memref<?xi32, #gpu.address_space<global>>
      memref.store %sum, %sums[%c1] : memref<?xi32, #gpu.address_space<global>>
    }
    gpu.return
  }
}

// -----

// Through a shuffle to an address.
// expected-error-re @+1 {{the relaxed atomic 'atom{{.*}}.global.add.u32 {{.*}}' decides 'ld.global{{.*}}'}}
gpu.module @kernels {
  gpu.func @address(%sums: memref<?xi32, #gpu.address_space<global>>, %counters: memref<?xi32, #gpu.address_space<global>>) kernel {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %width = arith.constant 32 : i32
    %before = memref.atomic_rmw addi %one, %counters[%c0] : (i32, memref<?xi32, #gpu.address_space<global>>) -> i32
    %known, %valid = gpu.shuffle idx %before, %zero, %width : i32
    %at = arith.index_cast %known : i32 to index
    %sum = memref.load %sums[%at] : memref<?xi32, #gpu.address_space<global>>
    memref.store %sum, %sums[%c0] : memref<?xi32, #gpu.address_space<global>>
    gpu.return
  }
}

// -----

// A number that is only kept needs no order, and ordered ones may decide.
gpu.module @kernels {
  gpu.func @allowed(%sums: memref<?xi32, #gpu.address_space<global>>, %counters: memref<?xi32, #gpu.address_space<global>>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %number = memref.atomic_rmw addi %one, %counters[%c0] : (i32, memref<?xi32, #gpu.address_space<global>>) -> i32
    memref.store %number, %sums[%c0] : memref<?xi32, #gpu.address_space<global>>
    %before = uwt.atomic_add %one to %counters[%c1] : memref<?xi32, #gpu.address_space<global>>
    %isLast = arith.cmpi eq, %before, %one : i32
    scf.if %isLast {
      %sum = memref.load %sums[%c0] : memref<?xi32, #gpu.address_space<global>>
      memref.store %sum, %sums[%c1] : memref<?xi32, #gpu.address_space<global>>
    }
    gpu.return
  }
}
