// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a keep-on-host' --verify-diagnostics=only-expected --split-input-file | FileCheck %s
// RUN: not uwt-opt %s --uwt-select-strategy=gpu=sm_90a --split-input-file 2>&1 | FileCheck %s --check-prefix=ERROR

// An operation of a dialect that kernels do not lower: the product stays for the CPU.
// CHECK-LABEL: func.func @index
// CHECK-NOT: #uwt.gpu_strategy
// CHECK: index.mul
// ERROR: error: 'uwt.matmul' op has no kernel of kind skinny: its epilogue has 'index.casts' of i32, for which GPUs have no code{{$}}
func.func @index(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "raw">
  // expected-remark @+1 {{product with 128x640 from raw on sm_90a: runs on the host, because it has no kernel of kind skinny: its epilogue has 'index.casts' of i32, for which GPUs have no code}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "raw">) outs(%y : memref<8x128xf32>) {
  ^bb0(%s: f32):
    %0 = arith.fptosi %s : f32 to i32
    %1 = index.casts %0 : i32 to index
    %2 = index.mul %1, %1
    %3 = index.casts %2 : index to i32
    %4 = arith.sitofp %3 : i32 to f32
    uwt.yield %4 : f32
  }
  return
}

// -----

// A type that GPUs lack.
// CHECK-LABEL: func.func @narrow
// CHECK-NOT: #uwt.gpu_strategy
// ERROR: error: 'uwt.matmul' op has no kernel of kind skinny: its epilogue has 'arith.bitcast' of f6E2M3FN, a type that GPUs lack{{$}}
func.func @narrow(%x: memref<8x640xbf16>, %y: memref<8x128xf32>, %scale: memref<8x128xf6E2M3FN>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "raw">
  // expected-remark @+1 {{its epilogue has 'arith.bitcast' of f6E2M3FN, a type that GPUs lack}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "raw">) extras(%scale : memref<8x128xf6E2M3FN>) maps [affine_map<(m, n) -> (m, n)>] outs(%y : memref<8x128xf32>) {
  ^bb0(%s: f32, %b: f6E2M3FN):
    %0 = arith.extf %b : f6E2M3FN to f32
    %1 = arith.mulf %s, %0 : f32
    uwt.yield %1 : f32
  }
  return
}

// -----

// Floats of 8 bits in memory, there and back.
// CHECK-LABEL: func.func @scaled
// CHECK: #uwt.gpu_strategy<direct, mma, slice = 8,
func.func @scaled(%x: memref<8x640xbf16>, %y: memref<8x128xf8E5M2>, %scale: memref<8x128xf8E4M3FN>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "raw">
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "raw">) extras(%scale : memref<8x128xf8E4M3FN>) maps [affine_map<(m, n) -> (m, n)>] outs(%y : memref<8x128xf8E5M2>) {
  ^bb0(%s: f32, %b: f8E4M3FN):
    %0 = arith.extf %b : f8E4M3FN to f32
    %1 = arith.mulf %s, %0 : f32
    %2 = arith.truncf %1 : f32 to f8E5M2
    uwt.yield %2 : f8E5M2
  }
  return
}

// -----

// Functions of f32 have: the strategy is there, the epilogue stays until kernels are built.
// CHECK-LABEL: func.func @silu
// CHECK: #uwt.gpu_strategy<direct, mma, slice = 8,
// CHECK: math.exp %{{.*}} : f32
func.func @silu(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "raw">
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "raw">) outs(%y : memref<8x128xf32>) {
  ^bb0(%s: f32):
    %0 = math.exp %s : f32
    uwt.yield %0 : f32
  }
  return
}
