// RUN: uwt-opt %s -uwt-assign-slots -split-input-file -verify-diagnostics | FileCheck %s

!huffman = !uwt.compressed<64x64xbf16, "huffman<12,2>">
!inplace = !uwt.compressed<64x64xbf16, "inplace<12>">
!window = !uwt.compressed<64x64xbf16, "window<4>">

// A weight and a type is a slot; what is transcoded is a weight that knows how it is stored, however it got there.
// CHECK: module attributes {uwt.slots = [#uwt.slot<"w", !uwt.compressed<64x64xbf16, "inplace<12>">>, #uwt.slot<"w", !uwt.compressed<64x64xbf16, "huffman<12,2>">>]}
// CHECK-LABEL: func @weights
//  CHECK-NEXT:   uwt.weight "w" {slot = 0 : i64, stored = !uwt.compressed<64x64xbf16, "huffman<12,2>">} : !uwt.compressed<64x64xbf16, "inplace<12>">
//  CHECK-NEXT:   uwt.weight "w" {slot = 0 : i64, stored = !uwt.compressed<64x64xbf16, "huffman<12,2>">} : !uwt.compressed<64x64xbf16, "inplace<12>">
//  CHECK-NEXT:   uwt.weight "w" {slot = 1 : i64} : !uwt.compressed<64x64xbf16, "huffman<12,2>">
//  CHECK-NEXT:   return
func.func @weights() -> (!inplace, !inplace, !huffman) {
  %w = uwt.weight "w" : !huffman
  %r = uwt.transcode %w : !huffman -> !inplace
  %t = uwt.transcode %w : !huffman -> !window
  %s = uwt.transcode %t : !window -> !inplace
  %u = uwt.transcode %s : !inplace -> !huffman
  return %r, %s, %u : !inplace, !inplace, !huffman
}

// -----

func.func @stored_dense() -> tensor<64xbf16> {
  // expected-error @below {{'uwt.weight' op is dense: 'stored' is for what is transcoded to another format}}
  %w = uwt.weight "b" {stored = !uwt.compressed<64x64xbf16, "huffman<12,2>">} : tensor<64xbf16>
  return %w : tensor<64xbf16>
}

// -----

func.func @stored_shape() {
  // expected-error @below {{'uwt.weight' op expects a stored tensor of type 'tensor<64x64xbf16>', the tensor of '!uwt.compressed<64x64xbf16, "inplace<12>">', got 'tensor<32x64xbf16>'}}
  %w = uwt.weight "w" {stored = !uwt.compressed<32x64xbf16, "huffman<12,2>">} : !uwt.compressed<64x64xbf16, "inplace<12>">
  return
}

// -----

func.func @argument(%c: !uwt.compressed<64x64xbf16, "huffman<12,2>">) -> !uwt.compressed<64x64xbf16, "raw"> {
  // expected-error @below {{'uwt.transcode' op is left at run time: only a uwt.weight is transcoded, by the loader}}
  %r = uwt.transcode %c : !uwt.compressed<64x64xbf16, "huffman<12,2>"> -> !uwt.compressed<64x64xbf16, "raw">
  return %r : !uwt.compressed<64x64xbf16, "raw">
}
