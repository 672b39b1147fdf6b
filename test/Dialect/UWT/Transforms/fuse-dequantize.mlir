// RUN: uwt-opt %s -uwt-fuse-decode -split-input-file -verify-diagnostics | FileCheck %s

// Weights that IR computes from codes: the function that the loader calls gives codes, scales and zeros.

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(n, k) -> (n, k)>
#row = affine_map<(n, k) -> (n)>

// A zero point and a scale a row, by f32.
// CHECK-LABEL: func @rows
// CHECK: %[[W:.*]] = uwt.weight "derive(codes, scale, zero)"
// CHECK-SAME: #uwt.derivation<@derive, ["codes", "scale", "zero"], <"int<8>, zero={row, int<8>}, scale={row, bf16}">>
// CHECK-SAME: !uwt.compressed<32x64xbf16, "int<8>, zero={row, int<8>}, scale={row, bf16}">
// CHECK: uwt.matmul ins(%{{.*}}, %[[W]]
func.func @rows(%x: tensor<4x64xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x64xi8>
  %z = uwt.weight "zero" : tensor<32xi64>
  %s = uwt.weight "scale" : tensor<32xbf16>
  %e = tensor.empty() : tensor<32x64xbf16>
  %w = linalg.generic {indexing_maps = [#id, #row, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %z, %s : tensor<32x64xi8>, tensor<32xi64>, tensor<32xbf16>) outs(%e : tensor<32x64xbf16>) {
  ^bb0(%a: i8, %b: i64, %c: bf16, %o: bf16):
    %0 = arith.sitofp %a : i8 to f32
    %1 = arith.sitofp %b : i64 to f32
    %2 = arith.subf %0, %1 : f32
    %3 = arith.extf %c : bf16 to f32
    %4 = arith.mulf %3, %2 : f32
    %5 = arith.truncf %4 : f32 to bf16
    linalg.yield %5 : bf16
  } -> tensor<32x64xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xbf16>, tensor<32x64xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
// CHECK: func.func private @derive(%[[Q:.*]]: tensor<32x64xi8> {{.*}}, %[[S:.*]]: tensor<32xbf16> {{.*}}, %[[Z:.*]]: tensor<32xi64> {{.*}}) -> (tensor<32x64xi8>, tensor<32x1xf32>, tensor<32x1xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[Q]] : tensor<32x64xi8>)
// CHECK: linalg.generic {{.*}} ins(%[[S]] : tensor<32xbf16>)
// CHECK: arith.extf
// CHECK: linalg.generic {{.*}} ins(%[[Z]] : tensor<32xi64>)
// CHECK: arith.sitofp

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(n, k) -> (n, k)>
#unit = affine_map<(n, k) -> (n, 0)>
#matrix = affine_map<(n, k) -> (n, k)>

// In the weight's own type, where products of codes and scales are as exact; over two operations and a reshape.
// CHECK-LABEL: func @own_type
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x64xf16, "int<8>, scale={row, f16}">
func.func @own_type(%x: tensor<4x64xf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x64xi8>
  %s = uwt.weight "scale" : tensor<32xf16>
  %s2 = tensor.expand_shape %s [[0, 1]] output_shape [32, 1] : tensor<32xf16> into tensor<32x1xf16>
  %e = tensor.empty() : tensor<32x64xf16>
  %f = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%q : tensor<32x64xi8>) outs(%e : tensor<32x64xf16>) {
  ^bb0(%a: i8, %o: f16):
    %0 = arith.sitofp %a : i8 to f16
    linalg.yield %0 : f16
  } -> tensor<32x64xf16>
  %w = linalg.generic {indexing_maps = [#id, #unit, #id], iterator_types = ["parallel", "parallel"]} ins(%f, %s2 : tensor<32x64xf16>, tensor<32x1xf16>) outs(%e : tensor<32x64xf16>) {
  ^bb0(%a: f16, %b: f16, %o: f16):
    %0 = arith.mulf %a, %b : f16
    linalg.yield %0 : f16
  } -> tensor<32x64xf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xf16>, tensor<32x64xf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id3 = affine_map<(n, g, k) -> (n, g, k)>
#group = affine_map<(n, g, k) -> (n, g)>

// Groups as a dimension of their own, codes of 4 bits, a difference of integers.
// CHECK-LABEL: func @groups
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x128xbf16, "uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}">
func.func @groups(%x: tensor<4x128xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x2x64xi4>
  %z = uwt.weight "zero" : tensor<32x2xi4>
  %s = uwt.weight "scale" : tensor<32x2xf16>
  %e = tensor.empty() : tensor<32x2x64xbf16>
  %w3 = linalg.generic {indexing_maps = [#id3, #group, #group, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%q, %z, %s : tensor<32x2x64xi4>, tensor<32x2xi4>, tensor<32x2xf16>) outs(%e : tensor<32x2x64xbf16>) {
  ^bb0(%a: i4, %b: i4, %c: f16, %o: bf16):
    %0 = arith.extui %a : i4 to i32
    %1 = arith.extui %b : i4 to i32
    %2 = arith.subi %0, %1 : i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.extf %c : f16 to f32
    %5 = arith.mulf %3, %4 : f32
    %6 = arith.truncf %5 : f32 to bf16
    linalg.yield %6 : bf16
  } -> tensor<32x2x64xbf16>
  %w = tensor.collapse_shape %w3 [[0], [1, 2]] : tensor<32x2x64xbf16> into tensor<32x128xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x128xbf16>, tensor<32x128xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(n, k) -> (n, k)>
#one = affine_map<(n, k) -> ()>

// Floats of 8 bits; a number for all.
// CHECK-LABEL: func @floats
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x64xbf16, "f8E4M3FN, scale={row, f32}">
func.func @floats(%x: tensor<4x64xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %c = uwt.weight "codes" : !uwt.compressed<32x64xf8E4M3FN, "raw">
  %q = uwt.decode %c : !uwt.compressed<32x64xf8E4M3FN, "raw"> -> tensor<32x64xf8E4M3FN>
  %s = uwt.weight "scale" : tensor<f32>
  %e = tensor.empty() : tensor<32x64xbf16>
  %w = linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x64xf8E4M3FN>, tensor<f32>) outs(%e : tensor<32x64xbf16>) {
  ^bb0(%a: f8E4M3FN, %b: f32, %o: bf16):
    %0 = arith.extf %a : f8E4M3FN to f32
    %1 = arith.mulf %0, %b : f32
    %2 = arith.truncf %1 : f32 to bf16
    linalg.yield %2 : bf16
  } -> tensor<32x64xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xbf16>, tensor<32x64xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(n, k) -> (n, k)>

// What integers may be is followed behind what moves them: 0 to 15, less 8.
// CHECK-LABEL: func @unpacked
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x128xbf16, "int<4>, scale={row, f32}">
func.func @unpacked(%x: tensor<4x128xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %p = uwt.weight "packed" : tensor<32x64xi8>
  %c15 = arith.constant dense<15> : tensor<32x64xi8>
  %c4 = arith.constant dense<4> : tensor<32x64xi8>
  %c8 = arith.constant 8 : i32
  %factor = arith.constant 0.125 : f32
  %low = arith.andi %p, %c15 : tensor<32x64xi8>
  %high = arith.shrui %p, %c4 : tensor<32x64xi8>
  %low3 = tensor.expand_shape %low [[0], [1, 2]] output_shape [32, 64, 1] : tensor<32x64xi8> into tensor<32x64x1xi8>
  %high3 = tensor.expand_shape %high [[0], [1, 2]] output_shape [32, 64, 1] : tensor<32x64xi8> into tensor<32x64x1xi8>
  %both = tensor.concat dim(2) %low3, %high3 : (tensor<32x64x1xi8>, tensor<32x64x1xi8>) -> tensor<32x64x2xi8>
  %ei = tensor.empty() : tensor<32x64x2xi32>
  %less = linalg.generic {indexing_maps = [affine_map<(a, b, c) -> (a, b, c)>, affine_map<(a, b, c) -> (a, b, c)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%both : tensor<32x64x2xi8>) outs(%ei : tensor<32x64x2xi32>) {
  ^bb0(%a: i8, %o: i32):
    %0 = arith.extui %a : i8 to i32
    %1 = arith.subi %0, %c8 : i32
    linalg.yield %1 : i32
  } -> tensor<32x64x2xi32>
  %q = tensor.collapse_shape %less [[0], [1, 2]] : tensor<32x64x2xi32> into tensor<32x128xi32>
  %e = tensor.empty() : tensor<32x128xbf16>
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%q : tensor<32x128xi32>) outs(%e : tensor<32x128xbf16>) {
  ^bb0(%a: i32, %o: bf16):
    %0 = arith.sitofp %a : i32 to f32
    %1 = arith.mulf %0, %factor : f32
    %2 = arith.truncf %1 : f32 to bf16
    linalg.yield %2 : bf16
  } -> tensor<32x128xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x128xbf16>, tensor<32x128xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(n, k) -> (n, k)>
#row = affine_map<(n, k) -> (n)>

// What differs is said, and the weight is floats, with the roundings of the IR.
// CHECK-LABEL: func @offset
// CHECK: uwt.weight {{.*}} #uwt.derivation<@derive, ["codes", "scale"]>} : !uwt.compressed<32x64xbf16, "raw">
func.func @offset(%x: tensor<4x64xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x64xi8>
  %c = uwt.weight "scale" : !uwt.compressed<32x64xbf16, "raw">
  %s = uwt.decode %c : !uwt.compressed<32x64xbf16, "raw"> -> tensor<32x64xbf16>
  %e = tensor.empty() : tensor<32x64xbf16>
  %w = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x64xi8>, tensor<32x64xbf16>) outs(%e : tensor<32x64xbf16>) {
  ^bb0(%a: i8, %b: bf16, %o: bf16):
    %0 = arith.sitofp %a : i8 to bf16
    %1 = arith.mulf %0, %b : bf16
    %2 = arith.addf %1, %b : bf16
    linalg.yield %2 : bf16
  } -> tensor<32x64xbf16>
  // expected-remark@below {{the weight of this product is held as floats, not as the codes that it is computed from: what is multiplied with a scale is rounded before an offset is added}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xbf16>, tensor<32x64xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// CHECK-LABEL: func @scale_an_element
func.func @scale_an_element(%x: tensor<4x64xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x64xi8>
  %c = uwt.weight "scale" : !uwt.compressed<32x64xbf16, "raw">
  %s = uwt.decode %c : !uwt.compressed<32x64xbf16, "raw"> -> tensor<32x64xbf16>
  %e = tensor.empty() : tensor<32x64xbf16>
  %w = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x64xi8>, tensor<32x64xbf16>) outs(%e : tensor<32x64xbf16>) {
  ^bb0(%a: i8, %b: bf16, %o: bf16):
    %0 = arith.sitofp %a : i8 to bf16
    %1 = arith.mulf %0, %b : bf16
    linalg.yield %1 : bf16
  } -> tensor<32x64xbf16>
  // expected-remark@below {{each code has a scale, zero point or offset of its own}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xbf16>, tensor<32x64xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// CHECK-LABEL: func @rounded_before
func.func @rounded_before(%x: tensor<4x64xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %c = uwt.weight "codes" : !uwt.compressed<32x64xf8E4M3FN, "raw">
  %q = uwt.decode %c : !uwt.compressed<32x64xf8E4M3FN, "raw"> -> tensor<32x64xf8E4M3FN>
  %s = uwt.weight "scale" : tensor<32xf32>
  %e = tensor.empty() : tensor<32x64xbf16>
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x64xf8E4M3FN>, tensor<32xf32>) outs(%e : tensor<32x64xbf16>) {
  ^bb0(%a: f8E4M3FN, %b: f32, %o: bf16):
    %0 = arith.extf %a : f8E4M3FN to f32
    %1 = arith.mulf %0, %b : f32
    %2 = arith.truncf %1 : f32 to bf16
    %3 = arith.mulf %2, %2 : bf16
    linalg.yield %3 : bf16
  } -> tensor<32x64xbf16>
  // expected-remark@below {{no integers or floats of 8 bits become what is multiplied}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xbf16>, tensor<32x64xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// CHECK-LABEL: func @rounded_up
func.func @rounded_up(%x: tensor<4x64xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %c = uwt.weight "codes" : !uwt.compressed<32x64xf8E4M3FN, "raw">
  %q = uwt.decode %c : !uwt.compressed<32x64xf8E4M3FN, "raw"> -> tensor<32x64xf8E4M3FN>
  %s = uwt.weight "scale" : tensor<32xf32>
  %e = tensor.empty() : tensor<32x64xbf16>
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x64xf8E4M3FN>, tensor<32xf32>) outs(%e : tensor<32x64xbf16>) {
  ^bb0(%a: f8E4M3FN, %b: f32, %o: bf16):
    %0 = arith.extf %a : f8E4M3FN to f32
    %1 = arith.mulf %0, %b : f32
    %2 = arith.truncf %1 upward : f32 to bf16
    linalg.yield %2 : bf16
  } -> tensor<32x64xbf16>
  // expected-remark@below {{what is rounded is no product with a scale}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xbf16>, tensor<32x64xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
