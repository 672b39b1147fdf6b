// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a m-tiles=33' 2>&1 | FileCheck %s --check-prefix=TILES
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a stages=3 groups=4' 2>&1 | FileCheck %s --check-prefix=RING
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a cluster=3' 2>&1 | FileCheck %s --check-prefix=CLUSTER
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a strategy=shared' 2>&1 | FileCheck %s --check-prefix=SHARED
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a instruction=hmma' 2>&1 | FileCheck %s --check-prefix=INSTRUCTION
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_80 instruction=wgmma' 2>&1 | FileCheck %s --check-prefix=WGMMA
// RUN: not uwt-opt %s --uwt-build-kernels='target=sm_75' 2>&1 | FileCheck %s --check-prefix=TARGET

// TARGET: error: unknown GPU target 'sm_75'; {{.*}}GPU targets are: sm_80, sm_86, sm_89, sm_90a, sm_120a{{$}}
// TILES: error: 'uwt.matmul' op expects 1 to 32 m tiles, at least 2 stages and an even number of groups, got 33, 0 and 0{{$}}
// SHARED: error: 'uwt.matmul' op has no kernel of kind shared: threads decode format 'raw' straight into registers; use strategy direct{{$}}
// INSTRUCTION: error: expects instruction 'fma', 'mma' or 'wgmma', got 'hmma'{{$}}
// WGMMA: error: 'uwt.matmul' op has no kernel of kind skinny: wgmma multiplies more than 16 rows of m, from a ring, on targets that have it{{$}}
// CLUSTER: error: 'uwt.matmul' op expects a cluster of 1, 2, 4 or 8 CTAs, got 3{{$}}
// RING: error: 'uwt.matmul' op has no kernel of kind skinny: a ring of 3 stages of 98304 bytes does not fit the shared memory of 'sm_90a'{{$}}
func.func @main(%x: memref<64x640xbf16>, %y: memref<64x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "raw">
  uwt.matmul ins(%x, %w : memref<64x640xbf16>, !uwt.compressed<128x640xbf16, "raw">) outs(%y : memref<64x128xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
