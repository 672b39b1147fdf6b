// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a strategy=wide' 2>&1 | FileCheck %s --check-prefix=STRATEGY
// RUN: not uwt-opt %s --uwt-select-strategy=gpu=sm_75 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not uwt-opt %s --uwt-select-strategy='gpu=sm_90a strategy=shared' 2>&1 | FileCheck %s --check-prefix=SHARED

// STRATEGY: error: expects strategy 'direct', 'shared', 'codes', 'exponents' or 'buffer', got 'wide'{{$}}
// TARGET: error: unknown GPU target 'sm_75'
// SHARED: error: 'uwt.matmul' op has no kernel of kind shared: threads decode format 'raw' straight into registers; use strategy direct{{$}}
func.func @main(%x: memref<?x640xbf16>, %y: memref<?x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "raw">
  uwt.matmul ins(%x, %w : memref<?x640xbf16>, !uwt.compressed<128x640xbf16, "raw">) outs(%y : memref<?x128xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
