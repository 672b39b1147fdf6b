// The verifiers' messages.
// RUN: uwt-opt %s --split-input-file --verify-diagnostics

// expected-error@below {{codec: expected inplace<12> or inplace<11>, got 'inplace<13>'}}
func.func private @format(!uwt.compressed<64x64xbf16, "inplace<13>">)

// -----

// expected-error@below {{there is no codec 'hufman'; did you mean 'huffman'?}}
func.func private @codec(!uwt.compressed<64x64xbf16, "hufman<12,2>">)

// -----

// expected-error@below {{format version 2 is not supported; this build reads version 1}}
func.func private @version(!uwt.compressed<64x64xbf16, "raw, version=2">)

// -----

// expected-error@below {{coded=exponent+4: f8E4M3FN has a mantissa of 3 bits}}
func.func private @composition(!uwt.compressed<64x64xf8E4M3FN, "huffman<12,2>, coded=exponent+4">)

// -----

// expected-error@below {{elements of type 'i8' cannot be compressed; expected bf16, f16, f32, f8E4M3FN or f8E5M2}}
func.func private @element(!uwt.compressed<64x64xi8, "raw">)

// -----

// expected-error@below {{storage=k_major needs a tensor of rank 2 or more, but this one has rank 1}}
func.func private @transposed_vector(!uwt.compressed<64xbf16, "raw, storage=k_major">)

// -----

// expected-error@below {{a compressed tensor of dynamic shape has rank 2 and no fold}}
func.func private @dynamic_stack(!uwt.compressed<?x64x64xbf16, "raw">)

// -----

// expected-error@below {{a compressed tensor of dynamic shape has rank 2 and no fold}}
func.func private @dynamic_fold(!uwt.compressed<?x64xbf16, "raw, fold=flat<64>">)

// -----

func.func @dynamic_decode(%w: !uwt.compressed<?x64xbf16, "raw">) {
  // expected-error@below {{operand #0 must be a compressed tensor of static shape}}
  %0 = uwt.decode %w : !uwt.compressed<?x64xbf16, "raw"> -> tensor<64x64xbf16>
  return
}

// -----

func.func @matrix_has_two_sizes(%w: !uwt.compressed<?x64xbf16, "raw">) {
  // expected-error@below {{attribute 'dimension' failed to satisfy constraint}}
  %0 = uwt.matrix_size %w[2] : !uwt.compressed<?x64xbf16, "raw">
  return
}

// -----

// expected-error@below {{shape has more than 2^62 bytes}}
func.func private @too_many(!uwt.compressed<4611686018427387904x4xbf16, "raw">)

// -----

// expected-error@below {{format 'raw, storage=n_major' is written 'raw'}}
module attributes {test.a = #uwt.format<"raw, storage=n_major">} {}

// -----

// expected-error@below {{unknown target 'avx512bf17'; did you mean 'avx512bf16'?; targets are: native, amx-fp16, amx, avx512bf16, avx512, avx2, neon-bf16, neon, generic, amx-vectors, amx-fp16-vectors}}
module attributes {test.a = #uwt.target<"avx512bf17">} {}

// -----

// expected-error@below {{expected tile_n to divide 16, got 3}}
module attributes {test.a = #uwt.strategy<direct, tile_n = 3, tile_m = 1, tile_k = 64>} {}

// -----

// expected-error@below {{expected tile_m from 1 to 32, got 33}}
module attributes {test.a = #uwt.strategy<direct, tile_n = 16, tile_m = 33, tile_k = 64>} {}

// -----

// expected-error@below {{expected tile_k to be a multiple of 64, got 65}}
module attributes {test.a = #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 65>} {}

// -----

// expected-error@below {{expected prefetch with strategy direct alone}}
module attributes {test.a = #uwt.strategy<buffer, tile_n = 4, tile_m = 4, tile_k = 512, prefetch = 4096>} {}

// -----

// expected-error@below {{expected prefetch of at most 1048576 bytes, got 1048577}}
module attributes {test.a = #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64, prefetch = 1048577>} {}

// -----

// expected-error@below {{expected read_streams with strategies direct and tiles alone}}
module attributes {test.a = #uwt.strategy<buffer, tile_n = 4, tile_m = 4, tile_k = 512, read_streams = 2>} {}

// -----

// expected-error@below {{expected prefetch or read_streams, got reads}}
module attributes {test.a = #uwt.strategy<direct, tile_n = 16, tile_m = 1, tile_k = 64, reads = 2>} {}

// -----

// expected-error@below {{expected read_streams to be 1, 2, 4 or 8, got 3}}
module attributes {test.a = #uwt.strategy<tiles, tile_n = 16, tile_m = 16, tile_k = 64, read_streams = 3>} {}

// -----

// expected-error@below {{expected direct, buffer or tiles, got shared}}
module attributes {test.a = #uwt.strategy<shared, tile_n = 16, tile_m = 1, tile_k = 64>} {}

// -----

// expected-error@below {{expected tile_n of tiles to be 16 or 32, got 8}}
module attributes {test.a = #uwt.strategy<tiles, tile_n = 8, tile_m = 16, tile_k = 64>} {}

// -----

// expected-error@below {{expected tile_m of tiles to be a multiple of 16 up to 64 beside tile_n = 16, got 24}}
module attributes {test.a = #uwt.strategy<tiles, tile_n = 16, tile_m = 24, tile_k = 64>} {}

// -----

// expected-error@below {{expected tile_m of tiles to be a multiple of 16 up to 32 beside tile_n = 32, got 64}}
module attributes {test.a = #uwt.strategy<tiles, tile_n = 32, tile_m = 64, tile_k = 64>} {}

// -----

// expected-error@below {{expected a strategy of GPUs, got tiles, which is of CPUs}}
module attributes {test.a = #uwt.gpu_strategy<tiles, mma, slice = 8>} {}

// -----

// expected-error@below {{expected a slice of 1 to 256 rows of x, got 257}}
module attributes {test.a = #uwt.gpu_strategy<direct, mma, slice = 257>} {}

// -----

// expected-error@below {{expected 1 or 2 panels and 1 to 3 CTAs, got 3 and 1}}
module attributes {test.a = #uwt.gpu_strategy<direct, mma, slice = 8, panels = 3>} {}

// -----

// expected-error@below {{expected 1 or 2 panels and 1 to 3 CTAs, got 1 and 0}}
module attributes {test.a = #uwt.gpu_strategy<direct, mma, slice = 8, ctas = 0>} {}

// -----

// expected-error@below {{expected a cluster of 1, 2, 4 or 8 CTAs, got 3}}
module attributes {test.a = #uwt.gpu_strategy<direct, mma, slice = 8, cluster = 3>} {}

// -----

// expected-error@below {{expected a ring of at least 2 stages and their groups, or none, got 2 stages of 0 groups}}
module attributes {test.a = #uwt.gpu_strategy<direct, mma, slice = 8, stages = 2>} {}

// -----

// expected-error@below {{expected a ring of at least 2 stages and their groups, or none, got 1 stages of 4 groups}}
module attributes {test.a = #uwt.gpu_strategy<direct, mma, slice = 8, stages = 1, groups = 4>} {}

// -----

// expected-error@below {{expected k-tiles of an even number of groups each, got 2 k-tiles of 6 groups}}
module attributes {test.a = #uwt.gpu_strategy<direct, mma, slice = 8, stages = 2, groups = 6, k_tiles = 2>} {}

// -----

// expected-error@below {{expected x as integers of 2 to 8 bits, got 9}}
module attributes {test.a = #uwt.integer<9>} {}

// -----

func.func @integers_of_floats(%w: !uwt.compressed<64x64xbf16, "raw">, %i: index) {
  // expected-error@below {{'uwt.decode_numbers' op reads no integers of this weight: 'raw' is of floats; integers are multiplied with the codes of a quantised weight}}
  %s = uwt.decode_numbers %w[%i] : !uwt.compressed<64x64xbf16, "raw"> -> (vector<16xf32>)
  return
}

// -----

func.func @few_integers(%w: !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">, %i: index) {
  // expected-error@below {{'uwt.decode_integers' op expects 32 vectors, one a row and 64-column group, got 1}}
  %b = uwt.decode_integers %w[%i] : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}"> -> vector<16xi32>
  return
}

// -----

func.func @no_such_group(%w: !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}">, %i: index) {
  // expected-error@below {{'uwt.decode_integers' op expects one of the unit's 2 groups, got group 2}}
  %b = uwt.decode_integers %w[%i] {group = 2 : i32} : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x128, f16}"> -> vector<16xi32>
  return
}

// -----

func.func @uneven_integers(%w: vector<16xi32>, %x: vector<16xi32>) {
  // expected-error@below {{'uwt.dot_integer' op expects a vector of weights and one of x, or more of both}}
  %s = uwt.dot_integer %w, %w * %x {bits = 4 : i32}
  return
}

// -----

func.func @other_numbers(%w: !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x32, f16}">, %i: index) {
  // expected-error@below {{'uwt.decode_numbers' op expects 2 vectors of scales and 0 of zeros, got 1 and 1}}
  %s, %z = uwt.decode_numbers %w[%i] : !uwt.compressed<64x128xbf16, "uint<4>, zero=8, scale={1x32, f16}"> -> (vector<16xf32>) zeros (vector<16xi32>)
  return
}

// -----

func.func @no_integers() {
  // expected-error@below {{'uwt.dot_integer' op expects a vector of weights and one of x, or more of both}}
  %s = "uwt.dot_integer"() {bits = 4 : i32} : () -> vector<16xi32>
  return
}

// -----

func.func @no_strategy(%x: tensor<1x64xbf16>, %w: !uwt.compressed<64x64xbf16, "inplace<12>">, %y: tensor<1x64xf32>) -> tensor<1x64xf32> {
  // expected-error@below {{attribute 'strategy' failed to satisfy constraint: strategy of a CPU or of a GPU}}
  %0 = uwt.matmul ins(%x, %w : tensor<1x64xbf16>, !uwt.compressed<64x64xbf16, "inplace<12>">) outs(%y : tensor<1x64xf32>) strategy "direct" {
  ^bb0(%acc: f32):
    uwt.yield %acc : f32
  } -> tensor<1x64xf32>
  return %0 : tensor<1x64xf32>
}

// -----

func.func @constant_plane() {
  // expected-error@below {{'uwt.constant' op has no plane 'codes'; planes are index, words, raw, code, patch, low}}
  %0 = uwt.constant {codes = dense<0> : tensor<8xi8>} : !uwt.compressed<2x2xbf16, "raw">
  return
}

// -----

func.func @constant_plane_type() {
  // expected-error@below {{'uwt.constant' op expects plane 'index' to be a constant of type tensor<Nxi8>, got dense<0> : tensor<8xi32>}}
  %0 = uwt.constant {index = dense<0> : tensor<8xi32>} : !uwt.compressed<2x2xbf16, "raw">
  return
}

// -----

func.func @constant_without_index() {
  // expected-error@below {{'uwt.constant' op expects a plane 'index'}}
  %0 = uwt.constant {words = dense<0> : tensor<8xi8>} : !uwt.compressed<2x2xbf16, "raw">
  return
}

// -----

func.func @encode_other_shape(%t: tensor<2x3xbf16>) {
  // expected-error@below {{'uwt.encode' op expects a source of type 'tensor<2x2xbf16>', the tensor of '!uwt.compressed<2x2xbf16, "raw">', got 'tensor<2x3xbf16>'}}
  %0 = uwt.encode %t : tensor<2x3xbf16> -> !uwt.compressed<2x2xbf16, "raw">
  return
}

// -----

func.func @decode_other_element(%c: !uwt.compressed<2x2xbf16, "raw">) {
  // expected-error@below {{'uwt.decode' op expects a result of type 'tensor<2x2xbf16>', the tensor of '!uwt.compressed<2x2xbf16, "raw">', got 'tensor<2x2xf32>'}}
  %0 = uwt.decode %c : !uwt.compressed<2x2xbf16, "raw"> -> tensor<2x2xf32>
  return
}

// -----

func.func @transcode_other_shape(%c: !uwt.compressed<2x2xbf16, "raw">) {
  // expected-error@below {{'uwt.transcode' op expects a result of type 'tensor<2x2xbf16>', the tensor of '!uwt.compressed<2x2xbf16, "raw">', got 'tensor<4xbf16>'}}
  %0 = uwt.transcode %c : !uwt.compressed<2x2xbf16, "raw"> -> !uwt.compressed<4xbf16, "raw">
  return
}

// -----

func.func @dispatch_regions(%m: index) {
  // expected-error@below {{'uwt.dispatch' op expects a region more than limits, got 1 regions and 1 limits}}
  uwt.dispatch %m limits [1] cases {
  }
  return
}

// -----

func.func @dispatch_limits(%m: index) {
  // expected-error@below {{'uwt.dispatch' op expects limits that rise}}
  uwt.dispatch %m limits [8, 8] cases {
  }, {
  }, {
  }
  return
}

// -----

func.func @dispatch_yields(%m: index, %a: f32, %b: i32) -> f32 {
  // expected-error@below {{'uwt.dispatch' op expects each region to yield the types of the results}}
  %y = uwt.dispatch %m limits [1] -> f32 cases {
    uwt.yield %a : f32
  }, {
    uwt.yield %b : i32
  }
  return %y : f32
}

// -----

func.func @plane_type(%w: !uwt.compressed<2x2xbf16, "raw">) {
  // expected-error@below {{'uwt.buffer' op expects buffer panels to be a 'memref<?xi64>', got 'memref<?xi32>'}}
  %0 = uwt.buffer panels of %w : !uwt.compressed<2x2xbf16, "raw"> -> memref<?xi32>
  return
}

// -----

func.func @decode_unit_registers(%w: !uwt.compressed<64x64xbf16, "raw">, %i: index) {
  // expected-error@below {{'uwt.decode_unit' op expects 32 row vectors a 64-column group, got 1}}
  %0 = uwt.decode_unit %w[%i, %i] : !uwt.compressed<64x64xbf16, "raw"> -> vector<16xi32>
  return
}

// -----

func.func @decode_unit_into_and_registers(%w: !uwt.compressed<64x64xbf16, "raw">, %i: index, %b: memref<1024xi16>) {
  // expected-error@below {{'uwt.decode_unit' op expects no row vectors beside a buffer, got 1}}
  %0 = uwt.decode_unit %w[%i, %i] into %b[%i] : !uwt.compressed<64x64xbf16, "raw">, memref<1024xi16> -> vector<16xi32>
  return
}

// -----

func.func @decode_unit_buffer(%w: !uwt.compressed<64x64xbf16, "raw">, %i: index, %b: memref<1024xi32>) {
  // expected-error@below {{'uwt.decode_unit' op expects a buffer of i16, got 'memref<1024xi32>'}}
  uwt.decode_unit %w[%i, %i] into %b[%i] : !uwt.compressed<64x64xbf16, "raw">, memref<1024xi32>
  return
}

// -----

func.func @dot_unit_x(%w: !uwt.compressed<64x64xbf16, "raw">, %i: index, %x: memref<64xbf16>, %s: memref<256xf32>) {
  // expected-error@below {{'uwt.dot_unit' op expects x of i32 (packed pairs) or f32, got 'bf16'}}
  uwt.dot_unit %w[%i, %i], %x[%i], %s[%i] : !uwt.compressed<64x64xbf16, "raw">, memref<64xbf16>, memref<256xf32>
  return
}

// -----

func.func @dot_unit_sums(%w: !uwt.compressed<64x64xbf16, "raw">, %i: index, %x: memref<64xf32>, %s: memref<256xf64>) {
  // expected-error@below {{'uwt.dot_unit' op expects accumulators of f32, got 'memref<256xf64>'}}
  uwt.dot_unit %w[%i, %i], %x[%i], %s[%i] : !uwt.compressed<64x64xbf16, "raw">, memref<64xf32>, memref<256xf64>
  return
}

// -----

func.func @nibbles_as_f32(%w: vector<16xi32>, %f: vector<16xf32>) {
  // expected-error@below {{expects element type bf16 or f16, got 'f32'}}
  %0:8 = uwt.lookup_nibbles %w in %f, %f {element = f32}
  return
}

// -----

func.func @decode_stream_buffer(%w: !uwt.compressed<64x64xbf16, "huffman<12,2>">, %i: index, %b: memref<1024xi32>) {
  // expected-error@below {{'uwt.decode_stream' op expects a buffer of i16, got 'memref<1024xi32>'}}
  uwt.decode_stream %w[%i, %i], %b : !uwt.compressed<64x64xbf16, "huffman<12,2>">, memref<1024xi32>
  return
}

// -----

func.func @dot_operands(%w: vector<16xi32>, %acc: vector<16xf32>) {
  // expected-error@below {{'uwt.dot' op expects x as one vector of packed pairs or as two vectors of f32}}
  %0 = uwt.dot %w, %acc, %acc {element = bf16} : vector<16xf32>
  return
}

// -----

func.func @dot_element(%w: vector<16xi32>, %acc: vector<16xf32>) {
  // expected-error@below {{'uwt.dot' op expects words of bf16 or f16, got 'f32'}}
  %0 = uwt.dot %w, %acc, %w {element = f32} : vector<16xi32>
  return
}

// -----

func.func @lookup_types(%w: vector<16xi32>, %table: memref<?xi32>) {
  // expected-error@below {{failed to verify that all of {codes, symbols} have same type}}
  %0 = "uwt.lookup"(%w, %table) : (vector<16xi32>, memref<?xi32>) -> i32
  return
}

// -----

func.func @check(%inside: i1, %i: index) {
  // expected-error@below {{expects at most 2 values, got 3}}
  uwt.check %inside, "{0} {1} {2}" (%i, %i, %i)
  return
}

// -----

func.func @tables(%w: vector<16xi32>, %f: vector<16xf32>) {
  // expected-error@below {{expects 1, 2 or 4 tables, got 3}}
  %0 = uwt.lookup_floats %w in %f, %f, %f {element = bf16}
  return
}

// -----

func.func @joined(%w: vector<16xi32>, %f: vector<16xf32>) {
  // expected-error@below {{expects 2 or 4 tables that are joined, got 1}}
  %0 = uwt.lookup_floats %w in joined %f {element = bf16}
  return
}

// -----

func.func @words(%w: vector<16xi32>, %f: vector<16xf32>) {
  // expected-error@below {{expects element type bf16 or f16, got 'f32'}}
  %0 = uwt.lookup_floats %w in %f {element = f32}
  return
}

// -----

func.func @rounded(%f: vector<16xf32>) {
  // expected-error@below {{expects element type bf16 or f16, got 'f8E4M3FN'}}
  %0 = uwt.round_words %f, %f {element = f8E4M3FN}
  return
}

// -----

// expected-error@below {{uint<4> has no scale; expected scale= and cells, as {1x128, f16}}}
func.func private @no_scale() -> !uwt.compressed<64x64xbf16, "uint<4>">

// -----

// expected-error@below {{f8E4M3FN is decoded to bf16 and f16, not to f32}}
func.func private @element() -> !uwt.compressed<64x64xf32, "f8E4M3FN, scale={row, f32}">

// -----

// expected-error@below {{expected a format of quantised weights, got 'raw'}}
func.func private @derivation() attributes {d = #uwt.derivation<@derive, ["a"], #uwt.format<"raw">>}

// -----

// expected-error@below {{order=k is of the columns of one matrix [N, K]}}
func.func private @order_of_matrices(!uwt.compressed<2x64x256xbf16, "uint<4>, zero=8, scale={1x64, f16}, order=k">)

// -----

// expected-error@below {{order=k is of the columns of one matrix [N, K]}}
func.func private @order_of_transposed(!uwt.compressed<256x64xbf16, "uint<4>, zero=8, storage=k_major, scale={1x64, f16}, order=k">)

// -----

func.func @no_order(%w: !uwt.compressed<64x256xbf16, "raw">) {
  // expected-error@below {{'uwt.column_order' op expects a weight with order=k, got '!uwt.compressed<64x256xbf16, "raw">'}}
  %o = uwt.column_order %w : !uwt.compressed<64x256xbf16, "raw"> -> tensor<256xi32>
  return
}

// -----

func.func @other_order(%w: !uwt.compressed<64x256xbf16, "uint<4>, zero=8, scale={1x64, f16}, order=k">) {
  // expected-error@below {{'uwt.column_order' op expects a number for each of 256 columns, got 'tensor<64xi32>'}}
  %o = uwt.column_order %w : !uwt.compressed<64x256xbf16, "uint<4>, zero=8, scale={1x64, f16}, order=k"> -> tensor<64xi32>
  return
}
