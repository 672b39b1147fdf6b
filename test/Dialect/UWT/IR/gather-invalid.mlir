// RUN: uwt-opt %s -split-input-file -verify-diagnostics

func.func @rank(%w: !uwt.compressed<2x64x32xbf16, "raw">, %ids: tensor<4xi64>, %init: tensor<4x32xbf16>) {
  // expected-error@below {{'uwt.gather' op expects a weight of rank 2, got '!uwt.compressed<2x64x32xbf16, "raw">'}}
  %y = uwt.gather %w[%ids] outs(%init) : !uwt.compressed<2x64x32xbf16, "raw">, tensor<4xi64>, tensor<4x32xbf16> -> tensor<4x32xbf16>
  return
}

// -----

func.func @folded(%w: !uwt.compressed<64x32xbf16, "raw, fold=flat<64>">, %ids: tensor<4xi64>, %init: tensor<4x32xbf16>) {
  // expected-error@below {{'uwt.gather' op expects a weight without a fold, got '!uwt.compressed<64x32xbf16, "raw, fold=flat<64>">'; transcode it to fold=none first}}
  %y = uwt.gather %w[%ids] outs(%init) : !uwt.compressed<64x32xbf16, "raw, fold=flat<64>">, tensor<4xi64>, tensor<4x32xbf16> -> tensor<4x32xbf16>
  return
}

// -----

func.func @row(%w: !uwt.compressed<64x32xbf16, "raw">, %ids: tensor<4xi64>, %init: tensor<4x64xbf16>) {
  // expected-error@below {{'uwt.gather' op expects an output of rows of 32 x 'bf16', got 'tensor<4x64xbf16>'}}
  %y = uwt.gather %w[%ids] outs(%init) : !uwt.compressed<64x32xbf16, "raw">, tensor<4xi64>, tensor<4x64xbf16> -> tensor<4x64xbf16>
  return
}

// -----

func.func @count(%w: !uwt.compressed<64x32xbf16, "raw">, %ids: tensor<4xi64>, %init: tensor<5x32xbf16>) {
  // expected-error@below {{'uwt.gather' op expects as many rows as there are numbers, got 5 and 4}}
  %y = uwt.gather %w[%ids] outs(%init) : !uwt.compressed<64x32xbf16, "raw">, tensor<4xi64>, tensor<5x32xbf16> -> tensor<5x32xbf16>
  return
}

// -----

func.func @mixed(%w: !uwt.compressed<64x32xbf16, "raw">, %ids: tensor<4xi64>, %init: memref<4x32xbf16>) {
  // expected-error@below {{'uwt.gather' op expects tensors or memrefs, not both}}
  uwt.gather %w[%ids] outs(%init) : !uwt.compressed<64x32xbf16, "raw">, tensor<4xi64>, memref<4x32xbf16>
  return
}

// -----

func.func @dense_derivation() {
  // expected-error@below {{'uwt.weight' op is dense: 'derivation' is for what the loader encodes}}
  %w = uwt.weight "derive()" {derivation = #uwt.derivation<@derive, []>} : tensor<64xbf16>
  return
}

// -----

func.func @names() {
  // expected-error@below {{expected the names of weights, got [1]}}
  %w = uwt.weight "derive()" {derivation = #uwt.derivation<@derive, [1]>} : !uwt.compressed<64x32xbf16, "raw">
  return
}

// -----

func.func @order(%w: !uwt.compressed<64x64xbf16, "uint<4>, zero=8, scale={1x64, f16}, order=k">, %ids: tensor<4xi64>, %init: tensor<4x64xbf16>) {
  // expected-error@below {{'uwt.gather' op expects a weight with columns in their own order, got}}
  %y = uwt.gather %w[%ids] outs(%init) : !uwt.compressed<64x64xbf16, "uint<4>, zero=8, scale={1x64, f16}, order=k">, tensor<4xi64>, tensor<4x64xbf16> -> tensor<4x64xbf16>
  return
}
