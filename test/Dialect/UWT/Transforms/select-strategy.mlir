// RUN: uwt-opt %s --uwt-select-format="calibration=%S/Inputs/select-calibration.json threads=2 remarks=false" --uwt-select-strategy="calibration=%S/Inputs/select-calibration.json threads=2" --verify-diagnostics --split-input-file | FileCheck %s

// A weight at rest in a format that is slow to decode is transcoded when it is loaded.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @static
  // CHECK: %[[STORED:.*]] = uwt.weight "w" : !uwt.compressed<14336x4096xbf16, "huffman<12,2>">
  // CHECK-NEXT: %[[LOADED:.*]] = uwt.transcode %[[STORED]] : {{.*}} -> !uwt.compressed<14336x4096xbf16, "inplace<12>">
  // CHECK: uwt.matmul ins(%{{.*}}, %[[LOADED]] :
  // CHECK-SAME: strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64>
  func.func @static(%x: tensor<1x4096xbf16>, %init: tensor<1x14336xf32>) -> tensor<1x14336xf32> {
    %w = uwt.weight "w" : !uwt.compressed<14336x4096xbf16, "huffman<12,2>">
    // expected-remark @below {{product with 14336x4096, m 1: inplace<12> by direct 16x1: 2016.5 us (memory 1764.3, decode 363.2, dots 229.4, traffic 626.6, output 28.7, pack 0.6, fork-join 2.0); runner-up inplace<12> by buffer 8x2, tile_k 64: 2041.7 us (memory 1764.3, decode 363.2, dots 229.4, traffic 1020.7, output 28.7, pack 0.6, fork-join 2.0)}}
    %y = uwt.matmul ins(%x, %w : tensor<1x4096xbf16>, !uwt.compressed<14336x4096xbf16, "huffman<12,2>">) outs(%init : tensor<1x14336xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<1x14336xf32>
    return %y : tensor<1x14336xf32>
  }
}

// -----

// An m that only a call knows is dispatched.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @dynamic
  // CHECK-SAME: (%[[X:.*]]: tensor<?x4096xbf16>
  // CHECK: %[[M:.*]] = tensor.dim %[[X]], %c0
  // CHECK: uwt.dispatch %[[M]] limits [1, 10] -> tensor<?x14336xf32> cases {
  // CHECK: strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64>
  // CHECK: }, {
  // CHECK: strategy #uwt.strategy<buffer, tile_n = 8, tile_m = 2, tile_k = 512>
  // CHECK: }, {
  // CHECK: strategy #uwt.strategy<buffer, tile_n = 4, tile_m = 4, tile_k = 512>
  func.func @dynamic(%x: tensor<?x4096xbf16>, %init: tensor<?x14336xf32>) -> tensor<?x14336xf32> {
    %w = uwt.weight "w" : !uwt.compressed<14336x4096xbf16, "inplace<12>">
    // expected-remark @below {{product with 14336x4096, m 1: inplace<12> by direct 16x1: 2016.5 us (memory 1764.3, decode 363.2, dots 229.4, traffic 626.6, output 28.7, pack 0.6, fork-join 2.0); runner-up inplace<12> by buffer 8x2, tile_k 256: 2274.4 us (memory 1764.3, decode 363.2, dots 458.8, traffic 825.8, output 28.7, pack 0.6, fork-join 2.0)}}
    // expected-remark @below {{product with 14336x4096, m 2 to 10: inplace<12> by buffer 8x2, tile_k 512: 2376.6 us (memory 1764.3, decode 363.2, dots 458.8, traffic 711.1, output 57.3, pack 1.3, fork-join 2.0); runner-up inplace<12> by buffer 8x2, tile_k 256: 2276.5 us (memory 1764.3, decode 363.2, dots 458.8, traffic 825.8, output 57.3, pack 1.3, fork-join 2.0)}}
    // expected-remark @below {{product with 14336x4096, m 11 and more: inplace<12> by buffer 4x4, tile_k 512: 6214.0 us (memory 1764.3, decode 363.2, dots 2752.5, traffic 2156.1, output 315.4, pack 7.0, fork-join 2.0); runner-up inplace<12> by buffer 8x2, tile_k 512: 6489.3 us (memory 1764.3, decode 363.2, dots 2752.5, traffic 2431.4, output 315.4, pack 7.0, fork-join 2.0)}}
    %y = uwt.matmul ins(%x, %w : tensor<?x4096xbf16>, !uwt.compressed<14336x4096xbf16, "inplace<12>">) outs(%init : tensor<?x14336xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<?x14336xf32>
    return %y : tensor<?x14336xf32>
  }
}

// -----

// All products with a weight run from one format, also where it is named twice; what layout=row_major
// stores is transcoded, for compiled code cannot decode it. The stored dimension stays.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @shared
  // CHECK: uwt.transcode %{{.*}} -> !uwt.compressed<256x512xbf16, "inplace<12>, storage=k_major">
  func.func @shared(%x: tensor<1x256xbf16>, %init: tensor<1x512xf32>) -> tensor<1x512xf32> {
    %w = uwt.weight "w" : !uwt.compressed<256x512xbf16, "raw, layout=row_major, storage=k_major">
    // expected-remark @below {{product with 512x256, m 1: inplace<12>, storage=k_major by direct 16x1: 6.7 us (memory 3.9, decode 0.8, dots 0.5, traffic 1.4, output 1.0, pack 0.0, fork-join 2.0); runner-up inplace<12>, storage=k_major by buffer 8x2, tile_k 128: 7.0 us (memory 3.9, decode 0.8, dots 0.5, traffic 1.8, output 1.0, pack 0.0, fork-join 2.0)}}
    %y = uwt.matmul ins(%x, %w : tensor<1x256xbf16>, !uwt.compressed<256x512xbf16, "raw, layout=row_major, storage=k_major">) outs(%init : tensor<1x512xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<1x512xf32>
    return %y : tensor<1x512xf32>
  }
  // CHECK-LABEL: func @shared_again
  // CHECK: uwt.transcode %{{.*}} -> !uwt.compressed<256x512xbf16, "inplace<12>, storage=k_major">
  func.func @shared_again(%x: tensor<300x256xbf16>, %init: tensor<300x512xf32>) -> tensor<300x512xf32> {
    %w = uwt.weight "w" : !uwt.compressed<256x512xbf16, "raw, layout=row_major, storage=k_major">
    // expected-remark @below {{product with 512x256, m 300: inplace<12>, storage=k_major by buffer 4x4, tile_k 256: 613.1 us (memory 3.9, decode 2.4, dots 153.6, traffic 140.7, output 307.2, pack 6.0, fork-join 2.0); runner-up inplace<12>, storage=k_major by buffer 8x2, tile_k 256: 628.4 us (memory 3.9, decode 2.4, dots 153.6, traffic 156.1, output 307.2, pack 6.0, fork-join 2.0)}}
    %y = uwt.matmul ins(%x, %w : tensor<300x256xbf16>, !uwt.compressed<256x512xbf16, "raw, layout=row_major, storage=k_major">) outs(%init : tensor<300x512xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<300x512xf32>
    return %y : tensor<300x512xf32>
  }
}

// -----

// A strategy that is there already stays, and so does its format.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @pinned
  // CHECK-NOT: uwt.transcode
  // CHECK: strategy #uwt.strategy<buffer, tile_n = 2, tile_m = 8, tile_k = 1024>
  func.func @pinned(%x: tensor<1x4096xbf16>, %init: tensor<1x64xf32>) -> tensor<1x64xf32> {
    %w = uwt.weight "w" : !uwt.compressed<64x4096xbf16, "huffman<12,2>">
    %y = uwt.matmul ins(%x, %w : tensor<1x4096xbf16>, !uwt.compressed<64x4096xbf16, "huffman<12,2>">) outs(%init : tensor<1x64xf32>) strategy #uwt.strategy<buffer, tile_n = 2, tile_m = 8, tile_k = 1024> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<1x64xf32>
    return %y : tensor<1x64xf32>
  }
}
