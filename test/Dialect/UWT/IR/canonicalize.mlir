// RUN: uwt-opt %s --canonicalize | FileCheck %s

!huffman = !uwt.compressed<64x64xbf16, "huffman<12,2>">
!inplace = !uwt.compressed<64x64xbf16, "inplace<12>">
!raw = !uwt.compressed<64x64xbf16, "raw">

// CHECK-LABEL: func @decode_of_encode(
// CHECK-SAME: %[[T:.*]]: tensor
func.func @decode_of_encode(%t: tensor<64x64xbf16>) -> tensor<64x64xbf16> {
  // CHECK-NEXT: return %[[T]]
  %0 = uwt.encode %t : tensor<64x64xbf16> -> !huffman
  %1 = uwt.decode %0 : !huffman -> tensor<64x64xbf16>
  return %1 : tensor<64x64xbf16>
}

// CHECK-LABEL: func @encode_of_decode(
// CHECK-SAME: %[[C:.*]]: !uwt.compressed
func.func @encode_of_decode(%c: !huffman) -> !huffman {
  // CHECK-NEXT: return %[[C]]
  %0 = uwt.decode %c : !huffman -> tensor<64x64xbf16>
  %1 = uwt.encode %0 : tensor<64x64xbf16> -> !huffman
  return %1 : !huffman
}

// In another format it is work to do.
// CHECK-LABEL: func @encode_of_decode_in_another_format
func.func @encode_of_decode_in_another_format(%c: !huffman) -> !inplace {
  // CHECK: uwt.encode
  %0 = uwt.decode %c : !huffman -> tensor<64x64xbf16>
  %1 = uwt.encode %0 : tensor<64x64xbf16> -> !inplace
  return %1 : !inplace
}

// CHECK-LABEL: func @transcode_to_the_same(
// CHECK-SAME: %[[C:.*]]: !uwt.compressed
func.func @transcode_to_the_same(%c: !huffman) -> !huffman {
  // CHECK-NEXT: return %[[C]]
  %0 = uwt.transcode %c : !huffman -> !huffman
  return %0 : !huffman
}

// CHECK-LABEL: func @decode_of_transcode(
// CHECK-SAME: %[[C:.*]]: !uwt.compressed
func.func @decode_of_transcode(%c: !huffman) -> tensor<64x64xbf16> {
  // CHECK-NEXT: %[[D:.*]] = uwt.decode %[[C]] : !uwt.compressed<64x64xbf16, "huffman<12,2>">
  // CHECK-NEXT: return %[[D]]
  %0 = uwt.transcode %c : !huffman -> !inplace
  %1 = uwt.decode %0 : !inplace -> tensor<64x64xbf16>
  return %1 : tensor<64x64xbf16>
}

// CHECK-LABEL: func @transcode_of_transcode(
// CHECK-SAME: %[[C:.*]]: !uwt.compressed
func.func @transcode_of_transcode(%c: !huffman) -> !raw {
  // CHECK-NEXT: %[[R:.*]] = uwt.transcode %[[C]] : !uwt.compressed<64x64xbf16, "huffman<12,2>"> -> !uwt.compressed<64x64xbf16, "raw">
  // CHECK-NEXT: return %[[R]]
  %0 = uwt.transcode %c : !huffman -> !inplace
  %1 = uwt.transcode %0 : !inplace -> !raw
  return %1 : !raw
}

// CHECK-LABEL: func @there_and_back(
// CHECK-SAME: %[[C:.*]]: !uwt.compressed
func.func @there_and_back(%c: !huffman) -> !huffman {
  // CHECK-NEXT: return %[[C]]
  %0 = uwt.transcode %c : !huffman -> !inplace
  %1 = uwt.transcode %0 : !inplace -> !huffman
  return %1 : !huffman
}

// CHECK-LABEL: func @transcode_of_encode(
// CHECK-SAME: %[[T:.*]]: tensor
func.func @transcode_of_encode(%t: tensor<64x64xbf16>) -> !inplace {
  // CHECK-NEXT: %[[R:.*]] = uwt.encode %[[T]] : tensor<64x64xbf16> -> !uwt.compressed<64x64xbf16, "inplace<12>">
  // CHECK-NEXT: return %[[R]]
  %0 = uwt.encode %t : tensor<64x64xbf16> -> !huffman
  %1 = uwt.transcode %0 : !huffman -> !inplace
  return %1 : !inplace
}

// The limits are the largest sizes of their regions; the last one has all that are larger.
// CHECK-LABEL: func @dispatch_of_constants(
// CHECK-SAME: %[[A:.*]]: f32, %[[B:.*]]: f32, %[[C:.*]]: f32
func.func @dispatch_of_constants(%a: f32, %b: f32, %c: f32) -> (f32, f32, f32, f32) {
  // CHECK-NEXT: return %[[A]], %[[A]], %[[B]], %[[C]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c9 = arith.constant 9 : index
  %0 = uwt.dispatch %c0 limits [1, 8] -> f32 cases { uwt.yield %a : f32 }, { uwt.yield %b : f32 }, { uwt.yield %c : f32 }
  %1 = uwt.dispatch %c1 limits [1, 8] -> f32 cases { uwt.yield %a : f32 }, { uwt.yield %b : f32 }, { uwt.yield %c : f32 }
  %2 = uwt.dispatch %c2 limits [1, 8] -> f32 cases { uwt.yield %a : f32 }, { uwt.yield %b : f32 }, { uwt.yield %c : f32 }
  %3 = uwt.dispatch %c9 limits [1, 8] -> f32 cases { uwt.yield %a : f32 }, { uwt.yield %b : f32 }, { uwt.yield %c : f32 }
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// Products and reads without users go; equal weights are one.
// CHECK-LABEL: func @unused(
func.func @unused(%x: tensor<4x64xbf16>, %w: !inplace, %init: tensor<4x64xf32>, %i: index) {
  // CHECK-NEXT: return
  %y = uwt.matmul ins(%x, %w : tensor<4x64xbf16>, !inplace) outs(%init : tensor<4x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    } -> tensor<4x64xf32>
  %0 = uwt.weight "w" : !inplace
  %1 = uwt.buffer code of %0 : !inplace -> memref<?xi32>
  return
}

// CHECK-LABEL: func @written(
func.func @written(%x: memref<4x64xbf16>, %w: !inplace, %y: memref<4x64xf32>) {
  // CHECK: uwt.matmul
  uwt.matmul ins(%x, %w : memref<4x64xbf16>, !inplace) outs(%y : memref<4x64xf32>) {
    ^bb0(%acc: f32):
      uwt.yield %acc : f32
    }
  return
}

// A check that holds goes; one that fails, or that nobody knows of, stays.
// CHECK-LABEL: func @checks(
func.func @checks(%condition: i1) {
  // CHECK-NOT: "holds"
  // CHECK: uwt.check %{{.*}}, "fails"
  // CHECK: uwt.check %{{.*}}, "unknown"
  %true = arith.constant true
  %false = arith.constant false
  uwt.check %true, "holds"
  uwt.check %false, "fails"
  uwt.check %condition, "unknown"
  return
}
