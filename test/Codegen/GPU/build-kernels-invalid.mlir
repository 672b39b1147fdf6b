// RUN: uwt-opt %s --uwt-select-strategy='gpu=sm_90a strategy=direct remarks=false' --uwt-build-kernels --verify-diagnostics --split-input-file

// What kind skinny does not serve is refused by name.

func.func @tensors(%x: tensor<1x64xbf16>, %y: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: it is on tensors: bufferize it before}}
  %r = uwt.matmul ins(%x, %w : tensor<1x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : tensor<1x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  } -> tensor<1x64xf32>
  return %r : tensor<1x64xf32>
}

// -----

func.func @prefix(%x: memref<1x64xbf16>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "huffman<12,2>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: a weight of at most 512 columns has stream units of four strips; use strategy buffer}}
  uwt.matmul ins(%x, %w : memref<1x64xbf16>, !uwt.compressed<64x64xbf16, "huffman<12,2>">) outs(%y : memref<1x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @row_escapes(%x: memref<1x1024xbf16>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x1024xbf16, "huffman<8,1>, escapes=rows<64>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: records of escapes=rows<64> are not in the order of columns; use strategy buffer}}
  uwt.matmul ins(%x, %w : memref<1x1024xbf16>, !uwt.compressed<64x1024xbf16, "huffman<8,1>, escapes=rows<64>">) outs(%y : memref<1x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @long_codes(%x: memref<1x1024xbf16>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x1024xbf16, "huffman<15,2>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind skinny: its decode table and streams take 181760 bytes of shared memory, more than 115712}}
  uwt.matmul ins(%x, %w : memref<1x1024xbf16>, !uwt.compressed<64x1024xbf16, "huffman<15,2>">) outs(%y : memref<1x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @direct_of_other_types(%x: memref<1x64xf32>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has no kernel of kind simt: it multiplies words; use strategy buffer for format 'inplace<12>'}}
  uwt.matmul ins(%x, %w : memref<1x64xf32>, !uwt.compressed<64x64xbf16, "inplace<12>">) outs(%y : memref<1x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @strategy_of_a_cpu(%x: memref<1x64xbf16>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>">
  // expected-error @below {{'uwt.matmul' op has a strategy of kernels for CPUs: #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64>}}
  uwt.matmul ins(%x, %w : memref<1x64xbf16>, !uwt.compressed<64x64xbf16, "inplace<12>">) outs(%y : memref<1x64xf32>)
      strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64> {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
