// RUN: uwt-opt %s --uwt-emit-decoders --cse --canonicalize | FileCheck %s

// A palette of bytes is looked up by byte permutations; raw fields of a byte are spread by one, and joined by a mask.
// CHECK-LABEL: func.func @palette
// CHECK-COUNT-3: vector.load {{.*}} {alignment = 16 : i64}
// CHECK-NOT: memref.load
// CHECK: nvvm.prmt
func.func @palette(%lane: index, %raw: memref<256xi32>, %code: memref<128xi32>, %at: index, %t: i32)
    -> (vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>) {
  %r:4 = uwt.decode_fragment #uwt.format<"palette<4>"> of bf16 lane %lane raw %raw[%at] code %code[%at]
      table (%t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t) : memref<256xi32> code memref<128xi32>
  return %r#0, %r#1, %r#2, %r#3 : vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>
}

// Symbols of ten bits are looked up byte by byte.
// CHECK-LABEL: func.func @wide_palette
// CHECK-COUNT-20: nvvm.prmt
func.func @wide_palette(%lane: index, %raw: memref<256xi32>, %code: memref<128xi32>, %at: index, %t: i32)
    -> (vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>) {
  %r:4 = uwt.decode_fragment #uwt.format<"palette<4>, coded=exponent+2"> of bf16 lane %lane raw %raw[%at] code %code[%at]
      table (%t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t, %t) : memref<256xi32> code memref<128xi32>
  return %r#0, %r#1, %r#2, %r#3 : vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>
}

// Two pairs from a window: two lookups, then one test that moves on by a bounded u32.
// CHECK-LABEL: func.func @stream
// CHECK-SAME: %[[LOW:[a-z0-9]+]]: i32, %[[HIGH:[a-z0-9]+]]: i32, %[[TAKEN:[a-z0-9]+]]: i32, %[[NEXT:[a-z0-9]+]]: i32
// CHECK: %[[WINDOW:.*]] = llvm.intr.fshr(%[[HIGH]], %[[LOW]], %[[TAKEN]])
// CHECK: %[[FIRST:.*]] = memref.load %{{.*}} : memref<4096xi32>
// CHECK: llvm.intr.fshr(%[[WINDOW]], %[[WINDOW]], %[[FIRST]])
// CHECK: %[[SECOND:.*]] = memref.load %{{.*}} : memref<4096xi32>
// CHECK: scf.if
// CHECK: arith.minui %[[NEXT]], %{{.*}}
// CHECK: memref.load %{{.*}} : memref<?xi32>
// CHECK: llvm.intr.fshr
func.func @stream(%low: i32, %high: i32, %taken: i32, %next: i32, %lane: index, %raw: memref<256xi32>, %code: memref<?xi32>, %at: index, %last: i32,
    %table: memref<4096xi32>, %zero: i32) -> (vector<4xi32>, i32) {
  %r:8 = uwt.decode_stream_fragment #uwt.format<"huffman<12,2>"> of bf16 lane %lane raw %raw[%at] stream %code[%at] upto %last
      state (%low, %high, %taken, %next) table %table[%zero, %zero] : memref<?xi32>, memref<4096xi32> raw memref<256xi32>
  return %r#0, %r#6 : vector<4xi32>, i32
}

// Exponents that a kernel before has decoded to bytes: two selects join those of four weights with their raw fields.
// CHECK-LABEL: func.func @exponents
// CHECK-COUNT-4: vector.load {{.*}} {alignment = 16 : i64}
// CHECK-NOT: vector.load
// CHECK: nvvm.prmt
// CHECK-NOT: shli
func.func @exponents(%lane: index, %raw: memref<256xi32>, %code: memref<256xi32>, %at: index)
    -> (vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>) {
  %r:4 = uwt.decode_fragment #uwt.format<"huffman<12,2>"> of bf16 lane %lane raw %raw[%at] code %code[%at] exponent_bytes
      : memref<256xi32> code memref<256xi32>
  return %r#0, %r#1, %r#2, %r#3 : vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>
}

// Without raw fields there are symbols alone.
// CHECK-LABEL: func.func @symbols
// CHECK: %[[MASK:.*]] = arith.constant dense<2139127680> : vector<4xi32>
// CHECK-NOT: vector.load
// CHECK: arith.andi %{{.*}}, %[[MASK]]
func.func @symbols(%s: i32, %lane: index, %code: memref<?xi32>, %at: index, %last: i32, %table: memref<4096xi32>) -> vector<4xi32> {
  %r:8 = uwt.decode_stream_fragment #uwt.format<"huffman<12,2>"> of bf16 lane %lane stream %code[%at] upto %last
      state (%s, %s, %s, %s) table %table[%s, %s] : memref<?xi32>, memref<4096xi32>
  return %r#0 : vector<4xi32>
}

// Blocks that do not exist are not taken from the stream.
// CHECK-LABEL: func.func @tail
// CHECK: arith.cmpi ugt
// CHECK: scf.if
func.func @tail(%s: i32, %lane: index, %raw: memref<256xi32>, %code: memref<?xi32>, %at: index, %last: i32, %table: memref<4096xi32>, %blocks: i32)
    -> vector<4xi32> {
  %r:8 = uwt.decode_stream_fragment #uwt.format<"huffman<12,2>"> of bf16 lane %lane raw %raw[%at] stream %code[%at] upto %last
      state (%s, %s, %s, %s) table %table[%s, %s] blocks %blocks : memref<?xi32>, memref<4096xi32> raw memref<256xi32>
  return %r#0 : vector<4xi32>
}

// Integers are floats of the lowest exponents: one multiply-add takes their zero away, another one multiplies with the scale.
// CHECK-LABEL: func.func @integers
// CHECK-DAG: %[[ONE:.*]] = arith.constant dense<1.701410e+38> : vector<2xbf16>
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<-1.250000e-01> : vector<2xbf16>
// CHECK-DAG: %[[NONE:.*]] = arith.constant dense<-0.000000e+00> : vector<2xbf16>
// CHECK: %[[CODES:.*]] = vector.load {{.*}} {alignment = 16 : i64}
// CHECK: %[[CODE:.*]] = vector.extract %[[CODES]][0]
// CHECK: %[[SCALE:.*]] = llvm.intr.fma
// CHECK: %[[BITS:.*]] = arith.andi %[[CODE]]
// CHECK: %[[ROW:.*]] = vector.broadcast %[[BITS]]
// CHECK: %[[NUMBER:.*]] = vector.bitcast %[[ROW]] : vector<1xi32> to vector<2xbf16>
// CHECK: %[[VALUE:.*]] = llvm.intr.fma(%[[NUMBER]], %[[ONE]], %[[ZERO]])
// CHECK: llvm.intr.fma(%[[VALUE]], %[[SCALE]], %[[NONE]])
func.func @integers(%lane: index, %code: memref<4096xi32>, %unit: index, %group: index) -> vector<4xi32> {
  %r:4 = uwt.decode_fragment #uwt.format<"uint<4>, zero=8, scale={1x128, bf16}"> of bf16 lane %lane raw %code[%unit] code %code[%group]
      : memref<4096xi32> code memref<4096xi32>
  return %r#0 : vector<4xi32>
}

// Where the scale has more bits than the weight, all of it is in f32: floats by way of f16.
// CHECK-LABEL: func.func @floats
// CHECK: memref.load
// CHECK: %[[SCALE:.*]] = arith.bitcast %{{.*}} : i32 to f32
// CHECK: %[[FACTOR:.*]] = arith.mulf %[[SCALE]]
// CHECK: arith.extf %{{.*}} : vector<2xf16> to vector<2xf32>
// CHECK: arith.mulf %{{.*}}, %[[FACTOR]]
// CHECK: arith.truncf %{{.*}} : vector<2xf32> to vector<2xbf16>
func.func @floats(%lane: index, %code: memref<4096xi32>, %unit: index, %group: index) -> vector<4xi32> {
  %r:4 = uwt.decode_fragment #uwt.format<"f8E4M3FN, scale={128x128, f32}"> of bf16 lane %lane raw %code[%unit] code %code[%group]
      : memref<4096xi32> code memref<4096xi32>
  return %r#0 : vector<4xi32>
}

// Codes around 8 are in the upper halves of bytes, with a sign: a mask and a flipped bit, and scales are a sixteenth.
// CHECK-LABEL: func.func @centred_integers
// CHECK-DAG: %[[UPPER:.*]] = arith.constant -252645136 : i32
// CHECK-DAG: %[[SIGNS:.*]] = arith.constant -2139062144 : i32
// CHECK-DAG: %[[SIXTEENTH:.*]] = arith.constant 6.250000e-02 : f32
// CHECK: %[[SHIFTED:.*]] = arith.shli
// CHECK: %[[ROW:.*]] = arith.andi %[[SHIFTED]], %[[UPPER]]
// CHECK: arith.xori %[[ROW]], %[[SIGNS]]
// CHECK: arith.mulf {{.*}}, %[[SIXTEENTH]]
func.func @centred_integers(%lane: index, %code: memref<512xi32>, %at: index) -> (vector<4xi32>, vector<4xi32>, f32, f32) {
  %a:2 = uwt.decode_fragment_integers #uwt.format<"uint<4>, zero=8, scale={1x128, f16}"> of bf16 lane %lane code %code[%at] : memref<512xi32>
  %s:2 = uwt.decode_fragment_numbers #uwt.format<"uint<4>, zero=8, scale={1x128, f16}"> of bf16 lane %lane code %code[%at] : memref<512xi32> -> (f32, f32)
  return %a#0, %a#1, %s#0, %s#1 : vector<4xi32>, vector<4xi32>, f32, f32
}

// Others are bytes that are not negative; scales and zeros come a cell and row.
// CHECK-LABEL: func.func @integers_with_zeros
// CHECK: %[[LOWER:.*]] = arith.constant 252645135 : i32
// CHECK: arith.andi {{.*}}, %[[LOWER]]
// CHECK-NOT: arith.mulf
func.func @integers_with_zeros(%lane: index, %code: memref<512xi32>, %at: index) -> (vector<4xi32>, f32, i32) {
  %a:2 = uwt.decode_fragment_integers #uwt.format<"uint<4>, zero={1x32, uint<4>}, scale={1x32, f16}"> of bf16 lane %lane code %code[%at] : memref<512xi32>
  %s:4, %z:4 = uwt.decode_fragment_numbers #uwt.format<"uint<4>, zero={1x32, uint<4>}, scale={1x32, f16}"> of bf16 lane %lane code %code[%at]
      : memref<512xi32> -> (f32, f32, f32, f32) zeros (i32, i32, i32, i32)
  return %a#1, %s#3, %z#3 : vector<4xi32>, f32, i32
}
