// RUN: uwt-opt %s --uwt-build-weight-kernels --verify-diagnostics --split-input-file

// What kind transcode does not serve is refused by name.

func.func @result() {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "huffman<12,2>">
  // expected-error @below {{'uwt.transcode' op has no kernel of kind transcode: it makes formats raw, window<4>, palette<4> and inplace<12>, not 'inplace<11>'}}
  %r = uwt.transcode %w : !uwt.compressed<64x64xbf16, "huffman<12,2>"> -> !uwt.compressed<64x64xbf16, "inplace<11>">
  return
}

// -----

func.func @symbols() {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "huffman<12,2>">
  // expected-error @below {{'uwt.transcode' op has no kernel of kind transcode: symbols and raw fields of format 'palette<4>, coded=exponent+2' are not bytes}}
  %r = uwt.transcode %w : !uwt.compressed<64x64xbf16, "huffman<12,2>"> -> !uwt.compressed<64x64xbf16, "palette<4>, coded=exponent+2">
  return
}

// -----

func.func @transpose() {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "inplace<12>, storage=k_major">
  // expected-error @below {{'uwt.transcode' op has no kernel of kind transcode: it does not transpose}}
  %r = uwt.transcode %w : !uwt.compressed<64x64xbf16, "inplace<12>, storage=k_major"> -> !uwt.compressed<64x64xbf16, "raw">
  return
}

// -----

func.func @fold() {
  %w = uwt.weight "w" : !uwt.compressed<64x4x16xbf16, "inplace<12>, fold=columns<2>">
  // expected-error @below {{'uwt.transcode' op has no kernel of kind transcode: it does not fold}}
  %r = uwt.transcode %w : !uwt.compressed<64x4x16xbf16, "inplace<12>, fold=columns<2>"> -> !uwt.compressed<64x4x16xbf16, "raw">
  return
}

// -----

func.func @table() {
  %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "huffman<15,2>">
  // expected-error @below {{'uwt.transcode' op has no kernel of kind transcode: the decode table of format 'huffman<15,2>' has 131072 bytes, more than 98304 of shared memory}}
  %r = uwt.transcode %w : !uwt.compressed<64x64xbf16, "huffman<15,2>"> -> !uwt.compressed<64x64xbf16, "raw">
  return
}
