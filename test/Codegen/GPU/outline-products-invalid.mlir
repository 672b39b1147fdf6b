// RUN: uwt-opt %s --uwt-outline-products --split-input-file --verify-diagnostics
// RUN: not uwt-opt %s --uwt-outline-products=target=sm_1 2>&1 | FileCheck %s
// CHECK: GPU target 'sm_1'

func.func @unserved(%x: memref<8x640xbf16>, %y: memref<8x128xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<128x640xbf16, "inplace<12>">
  // expected-error @+1 {{has no kernel of family shared}}
  uwt.matmul ins(%x, %w : memref<8x640xbf16>, !uwt.compressed<128x640xbf16, "inplace<12>">) outs(%y : memref<8x128xf32>)
    strategy #uwt.gpu_strategy<shared, slice = 8> {
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
        strategy #uwt.gpu_strategy<direct, slice = 8> {
      ^bb0(%s: f32):
        uwt.yield %s : f32
      }
      return
    }
  }
}
