// RUN: uwt-opt %s --split-input-file --uwt-emit-decoders --verify-diagnostics

func.func @row_major(%i: index, %buffer: memref<65536xi16>) {
  %w = uwt.weight "w" : !uwt.compressed<64x1024xbf16, "huffman<12,2>, layout=row_major">
  // expected-error @+1 {{cannot be compiled for format 'huffman<12,2>, layout=row_major': layout=row_major is for reading single rows, products need layout=fragment<16x16>}}
  uwt.decode_stream %w[%i, %i], %buffer
      : !uwt.compressed<64x1024xbf16, "huffman<12,2>, layout=row_major">, memref<65536xi16>
  return
}

// -----

func.func @not_contiguous(%i: index, %buffer: memref<16384xi16, strided<[2]>>) {
  %w = uwt.weight "w" : !uwt.compressed<64x1024xbf16, "huffman<12,2>">
  // expected-error @+1 {{expects a contiguous buffer of rank 1, got 'memref<16384xi16, strided<[2]>>'}}
  uwt.decode_stream %w[%i, %i], %buffer
      : !uwt.compressed<64x1024xbf16, "huffman<12,2>">, memref<16384xi16, strided<[2]>>
  return
}

// -----

func.func @fixed_rate(%i: index, %buffer: memref<16384xi16>) {
  %w = uwt.weight "w" : !uwt.compressed<64x1024xbf16, "inplace<12>">
  // expected-error @+1 {{cannot be compiled for format 'inplace<12>': it has no stream units}}
  uwt.decode_stream %w[%i, %i], %buffer
      : !uwt.compressed<64x1024xbf16, "inplace<12>">, memref<16384xi16>
  return
}
