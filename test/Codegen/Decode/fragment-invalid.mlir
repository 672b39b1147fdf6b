// RUN: uwt-opt %s --split-input-file --uwt-emit-decoders --verify-diagnostics

func.func @table_words(%lane: index, %raw: memref<256xi32>, %code: memref<128xi32>, %at: index, %t: i32) {
  // expected-error @+1 {{expects 16 words of the decode table, got 1}}
  %r:4 = uwt.decode_fragment #uwt.format<"palette<4>"> of bf16 lane %lane raw %raw[%at] code %code[%at] table (%t)
      : memref<256xi32> code memref<128xi32>
  return
}

// -----

func.func @streams(%lane: index, %raw: memref<256xi32>, %code: memref<128xi32>, %at: index, %t: i32) {
  // expected-error @+1 {{has a format that threads do not decode: 'huffman<12,2>'}}
  %r:4 = uwt.decode_fragment #uwt.format<"huffman<12,2>"> of bf16 lane %lane raw %raw[%at] code %code[%at] table (%t)
      : memref<256xi32> code memref<128xi32>
  return
}

// -----

func.func @no_tables(%lane: index, %raw: memref<256xi32>, %code: memref<256xi32>, %at: index) {
  // expected-error @+1 {{of a weight whose cells pick tables expects tables}}
  %r:4 = uwt.decode_fragment #uwt.format<"table<4>, pick={1x64, uint<3>}, scale={1x64, f16}"> of bf16 lane %lane raw %raw[%at]
      code %code[%at] : memref<256xi32> code memref<256xi32>
  return
}

// -----

func.func @bytes_as_tables(%lane: index, %raw: memref<256xi32>, %at: index, %tables: memref<64xi8>) {
  // expected-error @+1 {{expects tables to hold i32, got 'memref<64xi8>'}}
  %r:4 = uwt.decode_fragment #uwt.format<"table<4>, pick={1x64, uint<3>}, scale={1x64, f16}"> of bf16 lane %lane raw %raw[%at]
      code %raw[%at] tables %tables : memref<256xi32> code memref<256xi32> tables memref<64xi8>
  return
}

// -----

func.func @fixed_rate(%s: i32, %lane: index, %raw: memref<256xi32>, %at: index) {
  // expected-error @+1 {{cannot be compiled for format 'window<4>': it has no stream units}}
  %r:8 = uwt.decode_stream_fragment #uwt.format<"window<4>"> of bf16 lane %lane raw %raw[%at] stream %raw[%at] upto %s
      state (%s, %s, %s, %s) table %raw[%s, %s] : memref<256xi32>, memref<256xi32> raw memref<256xi32>
  return
}

// -----

func.func @short_state(%s: i32, %lane: index, %raw: memref<256xi32>, %at: index) {
  // expected-error @+1 {{expects a state of 4 values, got 3}}
  %r:8 = uwt.decode_stream_fragment #uwt.format<"huffman<12,2>"> of bf16 lane %lane raw %raw[%at] stream %raw[%at] upto %s
      state (%s, %s, %s) table %raw[%s, %s] : memref<256xi32>, memref<256xi32> raw memref<256xi32>
  return
}

// -----

func.func @one_class(%s: i32, %lane: index, %raw: memref<256xi32>, %at: index) {
  // expected-error @+1 {{expects the offsets of 2 classes, got 1}}
  %r:8 = uwt.decode_stream_fragment #uwt.format<"huffman<12,2>"> of bf16 lane %lane raw %raw[%at] stream %raw[%at] upto %s
      state (%s, %s, %s, %s) table %raw[%s] : memref<256xi32>, memref<256xi32> raw memref<256xi32>
  return
}

// -----

func.func @bytes(%s: i32, %lane: index, %raw: memref<256xi32>, %table: memref<64xi8>, %at: index) {
  // expected-error @+1 {{expects buffers of i32, got 'memref<64xi8>'}}
  %r:8 = uwt.decode_stream_fragment #uwt.format<"huffman<12,2>"> of bf16 lane %lane raw %raw[%at] stream %raw[%at] upto %s
      state (%s, %s, %s, %s) table %table[%s, %s] : memref<256xi32>, memref<64xi8> raw memref<256xi32>
  return
}

// -----

func.func @exponents_alone(%lane: index, %code: memref<256xi32>, %at: index) {
  // expected-error @+1 {{with exponent_bytes expects raw and code, no table, and not as_words}}
  %r:4 = uwt.decode_fragment #uwt.format<"huffman<12,2>"> of bf16 lane %lane code %code[%at] exponent_bytes code memref<256xi32>
  return
}

// -----

func.func @wide_symbols(%lane: index, %code: memref<256xi32>, %at: index) {
  // expected-error @+1 {{has a format whose symbols and raw fields are not bytes: 'huffman<12,1>, coded=exponent+2'}}
  %r:4 = uwt.decode_fragment #uwt.format<"huffman<12,1>, coded=exponent+2"> of bf16 lane %lane raw %code[%at] code %code[%at] exponent_bytes
      : memref<256xi32> code memref<256xi32>
  return
}

// -----

func.func @numbers_of_no_unit(%lane: index, %code: memref<?xi32>, %at: index) {
  // expected-error @below {{of a quantised weight expects raw and code: where the unit begins, and where the group's codes do}}
  %r:4 = uwt.decode_fragment #uwt.format<"uint<4>, zero=8, scale={1x128, bf16}"> of bf16 lane %lane code %code[%at] code memref<?xi32>
  return
}

// -----

func.func @integers_of_floats(%lane: index, %code: memref<?xi32>, %at: index) {
  // expected-error @below {{reads no integers of this format: codes of f4E2M1FN are no integers; expected uint<1> to uint<8> or int<1> to int<8>}}
  %a:2 = uwt.decode_fragment_integers #uwt.format<"f4E2M1FN, scale={1x32, f8E8M0FNU}"> of bf16 lane %lane code %code[%at] : memref<?xi32>
  return
}

// -----

func.func @integers_of_bytes(%lane: index, %code: memref<?xi8>, %at: index) {
  // expected-error @below {{expects code to hold i32, got 'memref<?xi8>'}}
  %a:2 = uwt.decode_fragment_integers #uwt.format<"int<8>, scale={row, f32}"> of bf16 lane %lane code %code[%at] : memref<?xi8>
  return
}

// -----

func.func @integers_of_a_type(%lane: index, %code: memref<?xi32>, %at: index) {
  // expected-error @below {{expects an element that UWT stores, got 'i1'}}
  %a:2 = uwt.decode_fragment_integers #uwt.format<"int<8>, scale={row, f32}"> of i1 lane %lane code %code[%at] : memref<?xi32>
  return
}

// -----

func.func @too_few_numbers(%lane: index, %code: memref<?xi32>, %at: index) {
  // expected-error @below {{expects 4 scales and 4 zeros, got 2 and 0}}
  %s:2 = uwt.decode_fragment_numbers #uwt.format<"uint<4>, zero={1x32, uint<4>}, scale={1x32, f16}"> of bf16 lane %lane code %code[%at] : memref<?xi32> -> (f32, f32)
  return
}
