// RUN: uwt-opt %s --split-input-file --uwt-expose-buffers --verify-diagnostics

!w = !uwt.compressed<64x64xbf16, "raw">

func.func @select(%cond: i1, %a: !w, %b: !w) -> memref<?xi32> {
  // expected-error@below {{'arith.select' op cannot pass a compressed tensor on as buffers; expected func.call, func.return, scf.for, scf.if, scf.while, scf.index_switch, cf.br or cf.cond_br}}
  %0 = arith.select %cond, %a, %b : !w
  %p = uwt.buffer words of %0 : !w -> memref<?xi32>
  return %p : memref<?xi32>
}

// -----

!w = !uwt.compressed<64x64xbf16, "raw">

func.func @switch(%flag: i32, %a: !w, %b: !w) {
  // expected-error@below {{'cf.switch' op cannot pass a compressed tensor on as buffers; expected func.call, func.return, scf.for, scf.if, scf.while, scf.index_switch, cf.br or cf.cond_br}}
  cf.switch %flag : i32, [
    default: ^bb1(%a : !w),
    1: ^bb1(%b : !w)
  ]
^bb1(%x: !w):
  return
}

// -----

!w = !uwt.compressed<64x64xbf16, "raw">

func.func @decode(%a: !w) -> tensor<64x64xbf16> {
  // expected-error@below {{'uwt.decode' op is left: lower products and decoders first (uwt-lower-dispatch, uwt-tile-matmul, uwt-emit-decoders, uwt-lower-lane-ops)}}
  %0 = uwt.decode %a : !w -> tensor<64x64xbf16>
  return %0 : tensor<64x64xbf16>
}

// -----

// expected-error@below {{'uwt.weight' op is in no function of the module, so that nothing can pass its buffers}}
%w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "raw">

// -----

func.func private @uses_weight() -> memref<64xbf16> {
  %b = uwt.weight "b" : memref<64xbf16>
  return %b : memref<64xbf16>
}
func.func @address() -> (() -> memref<64xbf16>) {
  // expected-error@below {{'func.constant' op refers to function 'uses_weight', which uses weights: only func.call can pass their buffers}}
  %f = func.constant @uses_weight : () -> memref<64xbf16>
  return %f : () -> memref<64xbf16>
}
