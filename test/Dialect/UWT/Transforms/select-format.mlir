// RUN: uwt-opt %s --uwt-select-format="calibration=%S/Inputs/select-calibration.json threads=2" --verify-diagnostics --split-input-file | FileCheck %s

// The format alone is picked here, for all products and looked-up rows of a weight together.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @together
  // CHECK: %[[STORED:.*]] = uwt.weight "w"
  // CHECK-NEXT: %[[LOADED:.*]] = uwt.transcode %[[STORED]] : {{.*}} -> !uwt.compressed<14336x4096xbf16, "inplace<12>">
  // CHECK: uwt.matmul ins(%{{.*}}, %[[LOADED]] :
  // CHECK-NOT: strategy
  // CHECK: uwt.gather %[[LOADED]]
  func.func @together(%x: tensor<?x4096xbf16>, %init: tensor<?x14336xf32>, %ids: tensor<2xi64>, %rows: tensor<2x4096xbf16>) -> (tensor<?x14336xf32>, tensor<2x4096xbf16>) {
    %w = uwt.weight "w" : !uwt.compressed<14336x4096xbf16, "huffman<12,2>">
    // The terms are those of one row where m is not known.
    // expected-remark @below {{product with 14336x4096, m ?, on avx512bf16 from inplace<12> by direct 16x1: 2016.5 us (memory 1764.3, decode 363.2, dots 229.4, traffic 626.6, output 28.7, pack 0.6, fork-join 2.0); runner-up raw by direct 16x1: 2497.1 us (memory 2348.8, decode 0.0, dots 229.4, traffic 470.2, output 28.7, pack 0.6, fork-join 2.0)}}
    %y = uwt.matmul ins(%x, %w : tensor<?x4096xbf16>, !uwt.compressed<14336x4096xbf16, "huffman<12,2>">) outs(%init : tensor<?x14336xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<?x14336xf32>
    %g = uwt.gather %w[%ids] outs(%rows) : !uwt.compressed<14336x4096xbf16, "huffman<12,2>">, tensor<2xi64>, tensor<2x4096xbf16> -> tensor<2x4096xbf16>
    return %y, %g : tensor<?x14336xf32>, tensor<2x4096xbf16>
  }
}

// -----

// A transcode to another codec that is there is somebody's decision.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @decided
  // CHECK: %[[LOADED:.*]] = uwt.transcode
  // CHECK-NOT: uwt.transcode
  // CHECK: uwt.matmul ins(%{{.*}}, %[[LOADED]] :
  func.func @decided(%x: tensor<1x4096xbf16>, %init: tensor<1x64xf32>) -> tensor<1x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x4096xbf16, "raw">
    %t = uwt.transcode %w : !uwt.compressed<64x4096xbf16, "raw"> -> !uwt.compressed<64x4096xbf16, "huffman<12,2>">
    %y = uwt.matmul ins(%x, %t : tensor<1x4096xbf16>, !uwt.compressed<64x4096xbf16, "huffman<12,2>">) outs(%init : tensor<1x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<1x64xf32>
    return %y : tensor<1x64xf32>
  }
}

// -----

// Numeral systems are decoded by compiled code, and are transcoded all the same: that is faster.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @numeral_system
  // CHECK: uwt.transcode {{.*}} -> !uwt.compressed<64x4096xbf16, "inplace<12>">
  func.func @numeral_system(%x: tensor<1x4096xbf16>, %init: tensor<1x64xf32>) -> tensor<1x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x4096xbf16, "rans<12>">
    // expected-remark-re @below {{product with 64x4096, m 1, on avx512bf16 from inplace<12> by direct {{.*}}; runner-up }}
    %y = uwt.matmul ins(%x, %w : tensor<1x4096xbf16>, !uwt.compressed<64x4096xbf16, "rans<12>">) outs(%init : tensor<1x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<1x64xf32>
    return %y : tensor<1x64xf32>
  }
}
