// RUN: uwt-opt %s -uwt-fuse-decode -split-input-file -verify-diagnostics | FileCheck %s

// Convolutions: a product with the weight as a matrix [O, I * kh * kw].

// Patches lie side by side: x is a reshape of the image.
// CHECK-LABEL: func @patches
// CHECK-SAME: %[[X:[^:]*]]: tensor<1x3x32x48xbf16>
func.func @patches(%x: tensor<1x3x32x48xbf16>, %out: tensor<1x64x2x3xf32>) -> tensor<1x64x2x3xf32> {
  // CHECK: %[[IMAGE:.*]] = tensor.extract_slice %[[X]][0, 0, 0, 0] [1, 3, 32, 48] [1, 1, 1, 1] : {{.*}} to tensor<3x32x48xbf16>
  // CHECK: %[[SPLIT:.*]] = tensor.expand_shape %[[IMAGE]] {{\[\[}}0], [1, 2], [3, 4]] output_shape [3, 2, 16, 3, 16]
  // CHECK: linalg.transpose ins(%[[SPLIT]] {{.*}} permutation = [1, 3, 0, 2, 4]
  // CHECK: uwt.matmul {{.*}} : tensor<6x768xbf16>, !uwt.compressed<64x768xbf16, "raw">
  %w = uwt.weight "w" : !uwt.compressed<64x3x16x16xbf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<64x3x16x16xbf16, "raw"> -> tensor<64x3x16x16xbf16>
  %y = linalg.conv_2d_nchw_fchw {dilations = dense<1> : tensor<2xi64>, strides = dense<16> : tensor<2xi64>}
      ins(%x, %t : tensor<1x3x32x48xbf16>, tensor<64x3x16x16xbf16>) outs(%out : tensor<1x64x2x3xf32>) -> tensor<1x64x2x3xf32>
  return %y : tensor<1x64x2x3xf32>
}
// CHECK: func.func private @derive
// CHECK-NEXT: tensor.collapse_shape {{.*}} {{\[\[}}0], [1, 2, 3]] : tensor<64x3x16x16xbf16> into tensor<64x768xbf16>

// -----

// A kernel of one element takes steps over the image, of any batch.
// CHECK-LABEL: func @one_element
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x8x8x64xbf16>
func.func @one_element(%x: tensor<?x8x8x64xbf16>, %out: tensor<?x4x4x32xf32>) -> tensor<?x4x4x32xf32> {
  // CHECK: tensor.extract_slice %[[X]][0, 0, 0, 0] [%{{.*}}, 4, 4, 64] [1, 2, 2, 1]
  // CHECK: tensor.collapse_shape {{.*}} {{\[\[}}0, 1, 2], [3]]
  // CHECK: uwt.matmul {{.*}} !uwt.compressed<64x32xbf16, "raw, storage=k_major">
  // CHECK-NOT: linalg.conv
  %w = uwt.weight "w" : !uwt.compressed<1x1x64x32xbf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<1x1x64x32xbf16, "raw"> -> tensor<1x1x64x32xbf16>
  %y = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}
      ins(%x, %t : tensor<?x8x8x64xbf16>, tensor<1x1x64x32xbf16>) outs(%out : tensor<?x4x4x32xf32>) -> tensor<?x4x4x32xf32>
  return %y : tensor<?x4x4x32xf32>
}

// -----

// Windows that overlap are gathered.
// CHECK: #[[$WINDOW:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1 * 2 + d3)>
// CHECK-LABEL: func @windows
func.func @windows(%x: tensor<2x80x9xbf16>, %out: tensor<2x64x4xf32>) -> tensor<2x64x4xf32> {
  // CHECK: %[[E:.*]] = tensor.empty() : tensor<2x4x80x3xbf16>
  // CHECK: %[[ALL:.*]] = linalg.generic {indexing_maps = [#[[$WINDOW]],
  // CHECK-SAME: outs(%[[E]] :
  // CHECK: tensor.collapse_shape %[[ALL]] {{\[\[}}0, 1], [2, 3]]
  // CHECK: uwt.matmul {{.*}} : tensor<8x240xbf16>, !uwt.compressed<64x240xbf16, "raw">
  %w = uwt.weight "w" : !uwt.compressed<64x80x3xbf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<64x80x3xbf16, "raw"> -> tensor<64x80x3xbf16>
  %y = linalg.conv_1d_ncw_fcw {dilations = dense<1> : tensor<1xi64>, strides = dense<2> : tensor<1xi64>}
      ins(%x, %t : tensor<2x80x9xbf16>, tensor<64x80x3xbf16>) outs(%out : tensor<2x64x4xf32>) -> tensor<2x64x4xf32>
  return %y : tensor<2x64x4xf32>
}

// -----

// A matrix a group.
// CHECK-LABEL: func @groups
func.func @groups(%x: tensor<1x2x32x8x8xbf16>, %out: tensor<1x2x16x6x6xf32>) -> tensor<1x2x16x6x6xf32> {
  // CHECK: uwt.matmul {{.*}} : tensor<2x36x288xbf16>, !uwt.compressed<2x16x288xbf16, "raw">
  %w = uwt.weight "w" : !uwt.compressed<2x16x32x3x3xbf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<2x16x32x3x3xbf16, "raw"> -> tensor<2x16x32x3x3xbf16>
  %y = linalg.conv_2d_ngchw_gfchw {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %t : tensor<1x2x32x8x8xbf16>, tensor<2x16x32x3x3xbf16>) outs(%out : tensor<1x2x16x6x6xf32>) -> tensor<1x2x16x6x6xf32>
  return %y : tensor<1x2x16x6x6xf32>
}

// -----

// CHECK-LABEL: func @depthwise
func.func @depthwise(%x: tensor<1x8x8x64xbf16>, %out: tensor<1x6x6x64xf32>) -> tensor<1x6x6x64xf32> {
  // CHECK: linalg.depthwise_conv_2d_nhwc_hwc
  // expected-remark @below {{weight 'w' is decoded when it is loaded: linalg.depthwise_conv_2d_nhwc_hwc needs the dense tensor}}
  %w = uwt.weight "w" : !uwt.compressed<3x3x64xbf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<3x3x64xbf16, "raw"> -> tensor<3x3x64xbf16>
  // expected-remark @below {{product with a weight is not fused: its 64 matrices of 1x9 would be padded to 16x64 (as a depthwise convolution's)}}
  %y = linalg.depthwise_conv_2d_nhwc_hwc {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %t : tensor<1x8x8x64xbf16>, tensor<3x3x64xbf16>) outs(%out : tensor<1x6x6x64xf32>) -> tensor<1x6x6x64xf32>
  return %y : tensor<1x6x6x64xf32>
}
