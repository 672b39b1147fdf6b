// RUN: uwt-opt %s -uwt-lower-packing -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func @pack
func.func @pack(%w: tensor<40x40xbf16>, %e: tensor<3x5x16x8xbf16>) -> tensor<3x5x16x8xbf16> {
  %zero = arith.constant 0.0 : bf16
  // CHECK: %[[PADDED:.*]] = tensor.pad %{{.*}} low[0, 0] high[8, 0]
  // CHECK: %[[SPLIT:.*]] = tensor.expand_shape %[[PADDED]] {{\[\[}}0, 1], [2, 3]] output_shape [3, 16, 5, 8]
  // CHECK: linalg.transpose ins(%[[SPLIT]] {{.*}} permutation = [0, 2, 1, 3]
  %p = linalg.pack %w padding_value(%zero : bf16) inner_dims_pos = [0, 1] inner_tiles = [16, 8] into %e
      : tensor<40x40xbf16> -> tensor<3x5x16x8xbf16>
  return %p : tensor<3x5x16x8xbf16>
}

// -----

// CHECK-LABEL: func @unpack
func.func @unpack(%y: tensor<2x3x4x16xf32>, %e: tensor<8x40xf32>) -> tensor<8x40xf32> {
  // CHECK: linalg.transpose
  // CHECK: tensor.collapse_shape
  // CHECK: tensor.extract_slice {{.*}} [8, 40] [1, 1]
  // CHECK-NOT: linalg.unpack
  %u = linalg.unpack %y inner_dims_pos = [0, 1] inner_tiles = [4, 16] into %e : tensor<2x3x4x16xf32> -> tensor<8x40xf32>
  return %u : tensor<8x40xf32>
}
