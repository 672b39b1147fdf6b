// RUN: uwt-opt %s --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_80}))' --split-input-file --verify-diagnostics
// RUN: not uwt-opt %s --split-input-file --pass-pipeline='builtin.module(gpu.module(uwt-gpu-to-ptx{chip=sm_91a}))' 2>&1 | FileCheck %s

// CHECK: unknown GPU target 'sm_91a'; did you mean 'sm_90a'?; GPU targets are: sm_80, sm_86, sm_89, sm_90a, sm_120a

// A library of math functions is not linked, so nothing may be left for it. Narrow floats are
// widened before.
// expected-error @+1 {{calls functions that no GPU has: __nv_expf, __nv_logf; use operations that have an expansion}}
gpu.module @kernels {
  gpu.func @exponential(%x: memref<?xf16, #gpu.address_space<global>>) kernel {
    %tid = gpu.thread_id x
    %v = memref.load %x[%tid] : memref<?xf16, #gpu.address_space<global>>
    %e = math.exp %v : f16
    %l = math.log %e : f16
    memref.store %l, %x[%tid] : memref<?xf16, #gpu.address_space<global>>
    gpu.return
  }
}

// -----

// LLVM would abort.
// expected-error @+1 {{llvm.nvvm.setmaxnreg.inc.sync.aligned.u32 is no instruction of GPU target 'sm_80'; it is one of: sm_90a, sm_120a}}
gpu.module @kernels {
  gpu.func @registers() kernel {
    nvvm.setmaxregister increase 240
    gpu.return
  }
}

// -----

// expected-error @+1 {{has kernels for GPU target 'sm_90a', not for 'sm_80'}}
gpu.module @kernels [#nvvm.target<chip = "sm_90a">] {
  gpu.func @nothing() kernel {
    gpu.return
  }
}

// -----

// expected-error @+1 {{has 2 targets; compile a copy for each}}
gpu.module @kernels [#nvvm.target<chip = "sm_80">, #nvvm.target<chip = "sm_90a">] {
  gpu.func @nothing() kernel {
    gpu.return
  }
}
