// RUN: uwt-opt %s -uwt-tile-matmul -split-input-file -verify-diagnostics

func.func @tensors(%x: tensor<1x64xbf16>, %y: tensor<1x64xf32>) -> tensor<1x64xf32> {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @below {{is on tensors: bufferize it before it is tiled}}
  %r = uwt.matmul ins(%x, %w : tensor<1x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : tensor<1x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<1x64xf32>
  return %r : tensor<1x64xf32>
}

// -----

func.func @rows(%x: memref<1x64xbf16>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw, layout=row_major">
  // expected-error @below {{cannot be compiled for format 'raw, layout=row_major': layout=row_major is for reading single rows, products need layout=fragment<16x16>}}
  uwt.matmul ins(%x, %w : memref<1x64xbf16>, !uwt.compressed<64x64xbf16, "raw, layout=row_major">) outs(%y : memref<1x64xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}

// -----

func.func @prefix_in_registers(%x: memref<1x64xbf16>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "huffman<12,2>">
  // expected-error @below {{has strategy 'direct', which needs a format of fixed rate: use 'buffer'}}
  uwt.matmul ins(%x, %w : memref<1x64xbf16>, !uwt.compressed<64x64xbf16, "huffman<12,2>">) outs(%y : memref<1x64xf32>)
      strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}

// -----

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  func.func @tiles_without_amx(%x: memref<16x64xbf16>, %y: memref<16x64xf32>) {
    %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
    // expected-error @below {{has strategy 'tiles', which needs weights and x of bf16 (or f16), fast numerics and a target with AMX (or its tiles of f16): use 'buffer'}}
    uwt.matmul ins(%x, %w : memref<16x64xbf16>, !uwt.compressed<64x64xbf16, "raw">) outs(%y : memref<16x64xf32>)
        strategy #uwt.strategy<tiles, tile_n = 16, tile_m = 16, tile_k = 64> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
    return
  }
}

// -----

func.func @strategy_of_a_gpu(%x: memref<1x64xbf16>, %y: memref<1x64xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>">
  // expected-error @below {{has a strategy of kernels for GPUs: #uwt.gpu_strategy<direct, mma, slice = 8>}}
  uwt.matmul ins(%x, %w : memref<1x64xbf16>, !uwt.compressed<64x64xbf16, "inplace<12>">) outs(%y : memref<1x64xf32>)
      strategy #uwt.gpu_strategy<direct, mma, slice = 8> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}

// -----

func.func @stream_of_any_size(%w: !uwt.compressed<?x?xbf16, "huffman<12,2>">, %x: memref<4x?xbf16>, %y: memref<4x?xf32>) {
  // expected-error @below {{cannot be compiled for a weight of dynamic shape in format 'huffman<12,2>': its units have no fixed size}}
  uwt.matmul ins(%x, %w : memref<4x?xbf16>, !uwt.compressed<?x?xbf16, "huffman<12,2>">) outs(%y : memref<4x?xf32>) {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  }
  return
}
