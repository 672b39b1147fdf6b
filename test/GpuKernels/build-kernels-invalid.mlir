// RUN: uwt-opt %s --uwt-build-kernels --verify-diagnostics --split-input-file

// What family skinny does not serve is refused by name.

func.func @tensors(%x: tensor<1x64xbf16>, %y: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @below {{'uwt.matmul' op has no kernel of family skinny: it is on tensors: bufferize it before}}
  %r = uwt.matmul ins(%x, %w : tensor<1x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : tensor<1x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  } -> tensor<1x64xf32>
  return %r : tensor<1x64xf32>
}

// -----

func.func @prefix(%x: memref<1x64xbf16>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "huffman<12,2>">
  // expected-error @below {{'uwt.matmul' op has no kernel of family skinny: threads do not decode format 'huffman<12,2>'}}
  uwt.matmul ins(%x, %w : memref<1x64xbf16>, !uwt.compressed<64x64xbf16, "huffman<12,2>">) outs(%y : memref<1x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @row_escapes(%x: memref<1x64xbf16>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "window<4>, escapes=rows<64>">
  // expected-error @below {{'uwt.matmul' op has no kernel of family skinny: escapes=rows<64> replaces rows, not single words}}
  uwt.matmul ins(%x, %w : memref<1x64xbf16>, !uwt.compressed<64x64xbf16, "window<4>, escapes=rows<64>">) outs(%y : memref<1x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @wide_x(%x: memref<1x64xf32>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @below {{'uwt.matmul' op has no kernel of family skinny: x and weight have different element types}}
  uwt.matmul ins(%x, %w : memref<1x64xf32>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : memref<1x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @batch(%x: memref<65x64xbf16>, %y: memref<65x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @below {{'uwt.matmul' op has no kernel of family skinny: a batch of 65 is more than 64}}
  uwt.matmul ins(%x, %w : memref<65x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : memref<65x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}

// -----

func.func @experts(%x: memref<2x1x64xbf16>, %y: memref<2x1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<2x64x64xbf16, "raw">
  // expected-error @below {{'uwt.matmul' op has no kernel of family skinny: it has several matrices}}
  uwt.matmul ins(%x, %w : memref<2x1x64xbf16>, !uwt.compressed<2x64x64xbf16, "raw">) outs(%y : memref<2x1x64xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  }
  return
}
