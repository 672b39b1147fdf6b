// Each operation is printed as it is written, and comes back from text, from the generic form and from bytecode.
// RUN: uwt-opt %s | FileCheck %s
// RUN: uwt-opt %s | uwt-opt | FileCheck %s
// RUN: uwt-opt %s --mlir-print-op-generic | uwt-opt | FileCheck %s
// RUN: uwt-opt %s --emit-bytecode | uwt-opt | FileCheck %s

!huffman = !uwt.compressed<64x64xbf16, "huffman<12,2>">
!inplace = !uwt.compressed<64x64xbf16, "inplace<12>">
!inplace11 = !uwt.compressed<64x256xbf16, "inplace<11>">
!experts = !uwt.compressed<8x64x64xbf16, "inplace<12>">

// CHECK-LABEL: func @weight
func.func @weight() {
  // CHECK: %[[LAST_TWO:dense_weight]] = uwt.weight "layer.0.dense.weight" : !uwt.compressed<64x64xbf16, "huffman<12,2>">
  %0 = uwt.weight "layer.0.dense.weight" : !huffman
  // CHECK: %[[NUMBER:w0_weight]] = uwt.weight "0.weight" : tensor<64xbf16>
  %1 = uwt.weight "0.weight" : tensor<64xbf16>
  // CHECK: %w = uwt.weight "" {slot = 3 : i64} : memref<64xbf16>
  %2 = uwt.weight "" {slot = 3 : i64} : memref<64xbf16>
  return
}

// CHECK-LABEL: func @constant
func.func @constant() {
  // CHECK: uwt.constant {index = dense_resource<index> : tensor<28xi8>, words = dense<1> : tensor<8xi8>} : !uwt.compressed<2x2xbf16, "raw, layout=row_major">
  %0 = uwt.constant {index = dense_resource<index> : tensor<28xi8>, words = dense<1> : tensor<8xi8>} : !uwt.compressed<2x2xbf16, "raw, layout=row_major">
  return
}

// CHECK-LABEL: func @coding
func.func @coding(%t: tensor<64x64xbf16>) -> tensor<64x64xbf16> {
  // CHECK: uwt.encode %{{.*}} : tensor<64x64xbf16> -> !uwt.compressed<64x64xbf16, "huffman<12,2>">
  // CHECK: uwt.transcode %{{.*}} : !uwt.compressed<64x64xbf16, "huffman<12,2>"> -> !uwt.compressed<64x64xbf16, "inplace<12>">
  // CHECK: uwt.decode %{{.*}} : !uwt.compressed<64x64xbf16, "inplace<12>"> -> tensor<64x64xbf16>
  %0 = uwt.encode %t : tensor<64x64xbf16> -> !huffman
  %1 = uwt.transcode %0 : !huffman -> !inplace
  %2 = uwt.decode %1 : !inplace -> tensor<64x64xbf16>
  return %2 : tensor<64x64xbf16>
}

// CHECK-LABEL: func @column_order
func.func @column_order() -> tensor<256xi32> {
  %w = uwt.weight "w" : !uwt.compressed<64x256xbf16, "uint<4>, zero=8, scale={1x64, f16}, order=k">
  // CHECK: uwt.column_order %{{.*}} : !uwt.compressed<64x256xbf16, "uint<4>, zero=8, scale={1x64, f16}, order=k"> -> tensor<256xi32>
  %o = uwt.column_order %w : !uwt.compressed<64x256xbf16, "uint<4>, zero=8, scale={1x64, f16}, order=k"> -> tensor<256xi32>
  return %o : tensor<256xi32>
}

// CHECK-LABEL: func @matmul
func.func @matmul(%x: tensor<?x64xbf16>, %w: !inplace, %init: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK: uwt.matmul ins(%{{.*}}, %{{.*}} : tensor<?x64xbf16>, !uwt.compressed<64x64xbf16, "inplace<12>">) outs(%{{.*}} : tensor<?x64xf32>) {
  // CHECK: ^bb0(%[[ACC:.*]]: f32):
  // CHECK:   uwt.yield %[[ACC]] : f32
  // CHECK: } -> tensor<?x64xf32>
  %y = uwt.matmul ins(%x, %w : tensor<?x64xbf16>, !inplace) outs(%init : tensor<?x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func @matmul_on_gpu
func.func @matmul_on_gpu(%x: tensor<5x64xf32>, %w: !inplace, %init: tensor<5x64xf32>) -> tensor<5x64xf32> {
  // CHECK: outs(%{{.*}} : tensor<5x64xf32>) strategy #uwt.gpu_strategy<shared, wgmma, slice = 128, panels = 2, cluster = 4, stages = 2, groups = 8, k_tiles = 2> {
  %y = uwt.matmul ins(%x, %w : tensor<5x64xf32>, !inplace) outs(%init : tensor<5x64xf32>)
      strategy #uwt.gpu_strategy<shared, wgmma, slice = 128, panels = 2, cluster = 4, stages = 2, groups = 8, k_tiles = 2> {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<5x64xf32>
  return %y : tensor<5x64xf32>
}

// CHECK-LABEL: func @matmul_with_all
func.func @matmul_with_all(%x: tensor<5x64xf32>, %w: !inplace, %bias: tensor<64xbf16>, %residual: tensor<5x64xbf16>,
                           %init: tensor<5x64xbf16>) -> tensor<5x64xbf16> {
  // CHECK: uwt.matmul ins(%{{.*}}, %{{.*}} : tensor<5x64xf32>, !uwt.compressed<64x64xbf16, "inplace<12>">)
  // CHECK-SAME: extras(%{{.*}}, %{{.*}} : tensor<64xbf16>, tensor<5x64xbf16>) maps [#[[N:map[0-9]*]], #[[MN:map[0-9]*]]]
  // CHECK-SAME: outs(%{{.*}} : tensor<5x64xbf16>) numerics exact strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64>
  // CHECK-SAME: attributes {note = "kept"} {
  %y = uwt.matmul ins(%x, %w : tensor<5x64xf32>, !inplace)
      extras(%bias, %residual : tensor<64xbf16>, tensor<5x64xbf16>)
      maps [affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>]
      outs(%init : tensor<5x64xbf16>)
      numerics exact strategy #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64> attributes {note = "kept"} {
    ^bb0(%acc: f32, %b: bf16, %r: bf16):
      %0 = arith.extf %b : bf16 to f32
      %1 = arith.addf %acc, %0 : f32
      %2 = arith.truncf %1 : f32 to bf16
      %3 = arith.addf %2, %r : bf16
      uwt.yield %3 : bf16
    } -> tensor<5x64xbf16>
  return %y : tensor<5x64xbf16>
}

// One x for all experts, on memrefs.
// CHECK-LABEL: func @matmul_of_experts
func.func @matmul_of_experts(%x: memref<?x64xbf16, strided<[?, 1], offset: ?>>, %w: !experts, %y: memref<8x?x64xf32>) {
  // CHECK: uwt.matmul {{.*}} outs(%{{.*}} : memref<8x?x64xf32>) {
  // CHECK: }
  // CHECK-NEXT: return
  uwt.matmul ins(%x, %w : memref<?x64xbf16, strided<[?, 1], offset: ?>>, !experts) outs(%y : memref<8x?x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
  return
}

// CHECK-LABEL: func @dispatch
func.func @dispatch(%m: index, %a: f32) -> f32 {
  // CHECK: uwt.dispatch %{{.*}} limits [1, 8] -> f32 cases {
  // CHECK:   uwt.yield
  // CHECK: }, {
  // CHECK: }, {
  // CHECK: }
  %y = uwt.dispatch %m limits [1, 8] -> f32 cases {
    uwt.yield %a : f32
  }, {
    %0 = arith.addf %a, %a : f32
    uwt.yield %0 : f32
  }, {
    %0 = arith.mulf %a, %a : f32
    uwt.yield %0 : f32
  }
  // CHECK: uwt.dispatch %{{.*}} limits [] cases {
  uwt.dispatch %m limits [] cases {
  }
  return %y : f32
}

// CHECK-LABEL: func @planes
func.func @planes(%w: !inplace) {
  // CHECK: uwt.buffer panels of %{{.*}} : !uwt.compressed<64x64xbf16, "inplace<12>"> -> memref<?xi64>
  // CHECK: uwt.buffer counts of %{{.*}} -> memref<?xi8>
  // CHECK: uwt.buffer code of %{{.*}} -> memref<?xi32>
  // CHECK: uwt.buffer dense of %{{.*}} -> memref<64x64xbf16>
  %0 = uwt.buffer panels of %w : !inplace -> memref<?xi64>
  %1 = uwt.buffer counts of %w : !inplace -> memref<?xi8>
  %2 = uwt.buffer code of %w : !inplace -> memref<?xi32>
  %3 = uwt.buffer dense of %w : !inplace -> memref<64x64xbf16>
  return
}

// CHECK-LABEL: func @tile
func.func @tile(%w: !inplace, %w11: !inplace11, %h: !huffman, %i: index, %b: memref<1024xi16>, %x: memref<?xf32>, %pairs: memref<?xi32>) {
  // CHECK: %{{.*}}:32 = uwt.decode_unit %{{.*}}[%{{.*}}, %{{.*}}] : !uwt.compressed<64x64xbf16, "inplace<12>"> -> vector<16xi32>
  %0:32 = uwt.decode_unit %w[%i, %i] : !inplace
      -> vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>,
         vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>,
         vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>,
         vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>
  // CHECK: uwt.decode_unit %{{.*}}[%{{.*}}, %{{.*}}] as_words into %{{.*}}[%{{.*}}] : !uwt.compressed<64x256xbf16, "inplace<11>">, memref<1024xi16>
  uwt.decode_unit %w11[%i, %i] as_words into %b[%i] : !inplace11, memref<1024xi16>
  // CHECK: uwt.dot_unit %{{.*}}[%{{.*}}, %{{.*}}], %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}] : !uwt.compressed<64x64xbf16, "inplace<12>">, memref<?xf32>, memref<?xf32>
  uwt.dot_unit %w[%i, %i], %x[%i], %x[%i] : !inplace, memref<?xf32>, memref<?xf32>
  // CHECK: uwt.dot_unit %{{.*}}[%{{.*}}, %{{.*}}] as_words, %{{.*}}[%{{.*}}], %{{.*}}[%{{.*}}] {numerics = #uwt<numerics exact>} : !uwt.compressed<64x64xbf16, "inplace<12>">, memref<?xi32>, memref<?xf32>
  uwt.dot_unit %w[%i, %i] as_words, %pairs[%i], %x[%i] {numerics = #uwt<numerics exact>} : !inplace, memref<?xi32>, memref<?xf32>
  // CHECK: uwt.decode_stream %{{.*}}[%{{.*}}, %{{.*}}], %{{.*}} : !uwt.compressed<64x64xbf16, "huffman<12,2>">, memref<1024xi16>
  uwt.decode_stream %h[%i, %i], %b : !huffman, memref<1024xi16>
  // CHECK: uwt.patch_unit %{{.*}}[%{{.*}}], %{{.*}}, runs %{{.*}}, %{{.*}}[%{{.*}}] : !uwt.compressed<64x64xbf16, "inplace<12>">, memref<1024xi16>
  uwt.patch_unit %w[%i], %i, runs %i, %b[%i] : !inplace, memref<1024xi16>
  return
}

// CHECK-LABEL: func @lane
func.func @lane(%w: vector<16xi32>, %acc: vector<16xf32>, %f: vector<16xf32>, %i: i32, %table: memref<?xi32>) {
  // CHECK: uwt.dot %{{.*}}, %{{.*}}, %{{.*}} {element = bf16} : vector<16xi32>
  %0 = uwt.dot %w, %acc, %w {element = bf16} : vector<16xi32>
  // CHECK: uwt.dot %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {element = f16, numerics = #uwt<numerics exact>} : vector<16xf32>, vector<16xf32>
  %1 = uwt.dot %w, %acc, %f, %f {element = f16, numerics = #uwt<numerics exact>} : vector<16xf32>, vector<16xf32>
  // CHECK: uwt.lookup %{{.*}} in %{{.*}} : vector<16xi32>, memref<?xi32>
  %2 = uwt.lookup %w in %table : vector<16xi32>, memref<?xi32>
  // CHECK: uwt.lookup %{{.*}} in %{{.*}} : i32, memref<?xi32>
  %3 = uwt.lookup %i in %table : i32, memref<?xi32>
  // CHECK: uwt.round_words %{{.*}}, %{{.*}} {element = bf16}
  %4 = uwt.round_words %f, %f {element = bf16}
  // CHECK: uwt.widen_halves %{{.*}}
  %words = arith.trunci %w : vector<16xi32> to vector<16xi16>
  %7 = uwt.widen_halves %words
  // CHECK: uwt.lookup_floats %{{.*}} in %{{.*}} {element = f16}
  %5 = uwt.lookup_floats %w in %f {element = f16}
  // CHECK: uwt.lookup_floats %{{.*}} in %{{.*}}, %{{.*}} {element = bf16}
  %6 = uwt.lookup_floats %w in %f, %f {element = bf16}
  // CHECK: uwt.lookup_floats %{{.*}} in %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {element = bf16}
  %8 = uwt.lookup_floats %w in %f, %f, %f, %f {element = bf16}
  // CHECK: uwt.lookup_floats %{{.*}} in joined %{{.*}}, %{{.*}} {element = bf16}
  %11 = uwt.lookup_floats %w in joined %f, %f {element = bf16}
  // CHECK: uwt.lookup_nibbles %{{.*}} in %{{.*}}, %{{.*}} {element = bf16}
  %9:8 = uwt.lookup_nibbles %w in %f, %f {element = bf16}
  // CHECK: uwt.lookup_bytes %[[W:.*]] in %[[W]], %[[W]], %[[W]], %[[W]]{{$}}
  %10:2 = uwt.lookup_bytes %w in %w, %w, %w, %w
  return
}

!nibbles = !uwt.compressed<64x128xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}">
!bytes = !uwt.compressed<64x64xbf16, "int<8>, scale={1x32, bf16}">

// CHECK-LABEL: func @by_integers
func.func @by_integers(%x: tensor<4x128xbf16>, %w: !nibbles, %init: tensor<4x64xf32>) -> tensor<4x64xf32> {
  // CHECK: outs(%{{.*}} : tensor<4x64xf32>) arithmetic #uwt.integer<8> {
  %0 = uwt.matmul ins(%x, %w : tensor<4x128xbf16>, !nibbles) outs(%init : tensor<4x64xf32>) arithmetic #uwt.integer<8> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  // CHECK: outs(%{{.*}} : tensor<4x64xf32>) numerics exact arithmetic #uwt.integer<8> strategy #uwt.strategy<direct, tile_n = 16, tile_m = 4, tile_k = 64, prefetch = 4096, read_streams = 2> {
  %1 = uwt.matmul ins(%x, %w : tensor<4x128xbf16>, !nibbles) outs(%init : tensor<4x64xf32>) numerics exact arithmetic #uwt.integer<8>
         strategy #uwt.strategy<direct, tile_n = 16, tile_m = 4, tile_k = 64, read_streams = 2, prefetch = 4096> {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<4x64xf32>
  return %1 : tensor<4x64xf32>
}

// CHECK-LABEL: func @integers
func.func @integers(%w: !nibbles, %v: !bytes, %i: index) {
  // CHECK: %[[B:.*]]:32 = uwt.decode_integers %{{.*}}[%{{.*}}] : !uwt.compressed<64x128xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}"> -> vector<16xi32>,
  %b:32 = uwt.decode_integers %w[%i] : !nibbles -> vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>,
    vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>,
    vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>,
    vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>
  // CHECK: uwt.decode_numbers %{{.*}}[%{{.*}}] : !uwt.compressed<64x128xbf16, "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}"> -> (vector<16xf32>) zeros(vector<16xi32>)
  %s, %z = uwt.decode_numbers %w[%i] : !nibbles -> (vector<16xf32>) zeros (vector<16xi32>)
  // CHECK: uwt.decode_numbers %{{.*}}[%{{.*}}] : !uwt.compressed<64x64xbf16, "int<8>, scale={1x32, bf16}"> -> (vector<16xf32>, vector<16xf32>){{$}}
  %t:2 = uwt.decode_numbers %v[%i] : !bytes -> (vector<16xf32>, vector<16xf32>)
  // CHECK: uwt.dot_integer %[[B]]#0, %[[B]]#1 * %[[B]]#2, %[[B]]#3 {bits = 4 : i32}
  %d = uwt.dot_integer %b#0, %b#1 * %b#2, %b#3 {bits = 4 : i32}
  // CHECK: uwt.dot_integer %[[B]]#0 * %[[B]]#2 + %{{.*}} {bits = 8 : i32, is_unsigned}
  %f = uwt.dot_integer %b#0 * %b#2 + %d {bits = 8 : i32, is_unsigned}
  // CHECK: uwt.decode_integers %{{.*}}[%{{.*}}] {group = 1 : i32}
  %c:16 = uwt.decode_integers %w[%i] {group = 1 : i32} : !nibbles -> vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>,
    vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>
  return
}

// CHECK-LABEL: func @check
func.func @check(%inside: i1, %i: index, %size: index) {
  // CHECK: uwt.check %{{.*}}, "it is odd"{{$}}
  uwt.check %inside, "it is odd"
  // CHECK: uwt.check %{{.*}}, "index {0} is outside of {1}"(%{{.*}}, %{{.*}})
  uwt.check %inside, "index {0} is outside of {1}" (%i, %size)
  return
}

// Formats of quantised weights are spelled in one way.
// CHECK: func.func private @quantized(!uwt.compressed<64x64xbf16, "uint<4>, zero={1x32, uint<4>}, scale={1x32, f16}">)
// CHECK-SAME: d = #uwt.derivation<@derive, ["a", "b"], <"f8E4M3FN, scale={128x128, f32}">>
func.func private @quantized(!uwt.compressed<64x64xbf16, "scale={ 1x32, f16}, zero={1x32, uint<4>}, uint<4>">)
    attributes {d = #uwt.derivation<@derive, ["a", "b"], #uwt.format<"f8E4M3FN, scale={128x128, f32}">>}

{-#
  dialect_resources: {
    builtin: {
      // CHECK: index: "0x04000000070000000100000000000000000000000000008012D82C8ED9E77863"
      index: "0x04000000070000000100000000000000000000000000008012D82C8ED9E77863"
    }
  }
#-}
