// RUN: uwt-opt %s -uwt-emit-decoders -split-input-file -verify-diagnostics

func.func @rows(%at: index, %buffer: memref<1024xi16>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "window<4>, layout=row_major">
  // expected-error @below {{cannot be compiled for format 'window<4>, layout=row_major': layout=row_major is for reading single rows, products need layout=fragment<16x16>}}
  uwt.decode_unit %w[%at, %at] into %buffer[%at] : !uwt.compressed<64x64xbf16, "window<4>, layout=row_major">, memref<1024xi16>
  return
}

// -----

func.func @dot_of_stream(%i: index, %x: memref<?xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "huffman<12,2>">
  // expected-error@below {{has a format without fixed units: 'huffman<12,2>'}}
  uwt.dot_unit %w[%i, %i], %x[%i], %x[%i] : !uwt.compressed<64x64xbf16, "huffman<12,2>">, memref<?xf32>, memref<?xf32>
  return
}

// -----

func.func @f8(%at: index, %buffer: memref<1024xi16>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xf8E4M3FN, "raw">
  // expected-error @below {{cannot be compiled for format 'raw': products are compiled for bf16 and f16, not for f8E4M3FN}}
  uwt.decode_unit %w[%at, %at] into %buffer[%at] : !uwt.compressed<64x64xf8E4M3FN, "raw">, memref<1024xi16>
  return
}

// -----

func.func @stream_of_fixed_rate(%at: index, %buffer: memref<1024xi16>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>">
  // expected-error @below {{cannot be compiled for format 'inplace<12>': it has no stream units}}
  uwt.decode_stream %w[%at, %at], %buffer : !uwt.compressed<64x64xbf16, "inplace<12>">, memref<1024xi16>
  return
}

// -----

!words = vector<16xi32>
func.func @half_a_unit(%at: index) {
  %w = uwt.weight "w" : !uwt.compressed<64x256xbf16, "inplace<11>">
  // expected-error @below {{expects 128 row vectors for format 'inplace<11>', got 32}}
  %r:32 = uwt.decode_unit %w[%at, %at] : !uwt.compressed<64x256xbf16, "inplace<11>"> -> !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words, !words
  return
}

// -----

func.func @buffer_of_floats(%at: index, %buffer: memref<1024xbf16>) {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">
  // expected-error @below {{expects a buffer of i16, got 'memref<1024xbf16>'}}
  uwt.decode_unit %w[%at, %at] into %buffer[%at] : !uwt.compressed<64x64xbf16, "raw">, memref<1024xbf16>
  return
}
