// RUN: uwt-opt %s --uwt-outline-products --split-input-file --verify-diagnostics
// RUN: not uwt-opt %s --uwt-outline-products=target=sm_1 2>&1 | FileCheck %s
// CHECK: GPU target 'sm_1'

func.func @unserved(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @+1 {{has no kernel of kind shared}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
    strategy #uwt.gpu_strategy<shared, mma, slice = 8, stages = 2, groups = 4> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

module {
  module @nested {
    func.func @product(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
      %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
      // expected-error @+1 {{is in no function of the module}}
      uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
        strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 4> {
      ^bb0(%s: f32):
        uwt.yield %s : f32
      }
      return
    }
  }
}

// -----

// The last case would be computed on the host, and nobody would call it.
func.func @mixed(%x: memref<?x512xbf16>, %y: memref<?x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x512xbf16, "inplace<12>">
  %c0 = arith.constant 0 : index
  %m = memref.dim %x, %c0 : memref<?x512xbf16>
  // expected-error @+1 {{expects one product in each case, with a #uwt.gpu_strategy and else the same as in the first}}
  uwt.dispatch %m limits [8] cases {
    uwt.matmul ins(%x, %w : memref<?x512xbf16>, !uwt.compressed<64x512xbf16, "inplace<12>">) outs(%y : memref<?x64xf32>) strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 4> {
    ^bb0(%s: f32):
      uwt.yield %s : f32
    }
  }, {
    uwt.matmul ins(%x, %w : memref<?x512xbf16>, !uwt.compressed<64x512xbf16, "inplace<12>">) outs(%y : memref<?x64xf32>) {
    ^bb0(%s: f32):
      uwt.yield %s : f32
    }
  }
  return
}

// -----

func.func @limits(%x: memref<?x512xbf16>, %y: memref<?x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x512xbf16, "inplace<12>">
  %c0 = arith.constant 0 : index
  %m = memref.dim %x, %c0 : memref<?x512xbf16>
  // expected-error @+1 {{expects limits of m from 1 to 4294967294}}
  uwt.dispatch %m limits [0] cases {
    uwt.matmul ins(%x, %w : memref<?x512xbf16>, !uwt.compressed<64x512xbf16, "inplace<12>">) outs(%y : memref<?x64xf32>) strategy #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 2, stages = 2, groups = 4> {
    ^bb0(%s: f32):
      uwt.yield %s : f32
    }
  }, {
    uwt.matmul ins(%x, %w : memref<?x512xbf16>, !uwt.compressed<64x512xbf16, "inplace<12>">) outs(%y : memref<?x64xf32>) {
    ^bb0(%s: f32):
      uwt.yield %s : f32
    }
  }
  return
}
