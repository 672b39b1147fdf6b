// Types and attributes are printed in their shortest form.
// RUN: uwt-opt %s | FileCheck %s
// RUN: uwt-opt %s --emit-bytecode | uwt-opt | FileCheck %s

// CHECK: func private @elements(!uwt.compressed<64x64xbf16, "raw">, !uwt.compressed<64x64xf16, "raw">, !uwt.compressed<64x64xf32, "raw">, !uwt.compressed<64x64xf8E4M3FN, "raw">, !uwt.compressed<64x64xf8E5M2, "raw">)
func.func private @elements(!uwt.compressed<64x64xbf16, "raw">, !uwt.compressed<64x64xf16, "raw">, !uwt.compressed<64x64xf32, "raw">, !uwt.compressed<64x64xf8E4M3FN, "raw">, !uwt.compressed<64x64xf8E5M2, "raw">)

// CHECK: func private @shapes(!uwt.compressed<bf16, "raw">, !uwt.compressed<7xbf16, "raw">, !uwt.compressed<2x3x5x7xbf16, "raw">, !uwt.compressed<0x64xbf16, "raw">)
func.func private @shapes(!uwt.compressed<bf16, "raw">, !uwt.compressed<7xbf16, "raw">, !uwt.compressed<2x3x5x7xbf16, "raw">, !uwt.compressed<0x64xbf16, "raw">)

// CHECK: func private @dynamic(!uwt.compressed<?x?xbf16, "inplace<12>">, !uwt.compressed<?x64xbf16, "raw, storage=k_major">)
func.func private @dynamic(!uwt.compressed<?x?xbf16, "inplace<12>">, !uwt.compressed<?x64xbf16, "raw,storage=k_major">)

// CHECK: func private @shortest(!uwt.compressed<64x64xbf16, "inplace<12>">, !uwt.compressed<64x64xbf16, "huffman<12,1>, coded=exponent+2, context=row_class<8>">, !uwt.compressed<64x64xbf16, "window<4>, storage=k_major">)
func.func private @shortest(!uwt.compressed<64x64xbf16, "window<4>,packing=inplace">, !uwt.compressed<64x64xbf16, "huffman<12,1>,version=1,coded=exponent+2,context=row_class<8>">, !uwt.compressed<64x64xbf16, "window<4>, layout=fragment<16x16>, storage=k_major">)

// CHECK: func private @quantised(!uwt.compressed<128x256xbf16, "f6E2M3FN, scale={1x32, f8E8M0FNU}">, !uwt.compressed<128x256xf16, "float<2,2>, scale={row, f16}">)
func.func private @quantised(!uwt.compressed<128x256xbf16, "f6E2M3FN, scale={1x32, f8E8M0FNU}">, !uwt.compressed<128x256xf16, "scale={row,f16}, float<2,2>">)

module @attributes attributes {
  // CHECK-DAG: test.format = #uwt.format<"inplace<12>">
  test.format = #uwt.format<"inplace<12>">,
  // CHECK-DAG: test.buffer = #uwt.strategy<buffer, tile_n = 4, tile_m = 6, tile_k = 1024>
  test.buffer = #uwt.strategy<buffer, tile_n = 4, tile_m = 6, tile_k = 1024>,
  // CHECK-DAG: test.numerics = #uwt<numerics exact>
  test.numerics = #uwt<numerics exact>,
  // CHECK-DAG: test.plane = #uwt<buffer patch>
  test.plane = #uwt<buffer patch>,
  // CHECK-DAG: uwt.slots = [#uwt.slot<"w", !uwt.compressed<384x1536xbf16, "inplace<12>">>, #uwt.slot<"b", tensor<384xbf16>>]
  uwt.slots = [#uwt.slot<"w", !uwt.compressed<384x1536xbf16, "inplace<12>">>, #uwt.slot<"b", tensor<384xbf16>>],
  // CHECK-DAG: uwt.target = #uwt.target<"generic">
  uwt.target = #uwt.target<"generic">
} {}
