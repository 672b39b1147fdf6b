// RUN: uwt-opt %s -lower-quant-ops -canonicalize -uwt-fuse-decode -split-input-file -verify-diagnostics | FileCheck %s

// Weights that IR computes from codes, in the forms of several producers.

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(n, k) -> (n, k)>
#block = affine_map<(n, k) -> (n floordiv 16, k floordiv 128)>

// Cells by a division of the loops: of 16 rows and 128 columns, the last ones of a row being fewer.
// CHECK-LABEL: func @blocks
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x320xbf16, "f8E4M3FN, scale={1x128, f32}">
func.func @blocks(%x: tensor<4x320xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %c = uwt.weight "codes" : !uwt.compressed<32x320xf8E4M3FN, "raw">
  %q = uwt.decode %c : !uwt.compressed<32x320xf8E4M3FN, "raw"> -> tensor<32x320xf8E4M3FN>
  %s = uwt.weight "scale" : tensor<2x3xf32>
  %e = tensor.empty() : tensor<32x320xbf16>
  %w = linalg.generic {indexing_maps = [#id, #block, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x320xf8E4M3FN>, tensor<2x3xf32>) outs(%e : tensor<32x320xbf16>) {
  ^bb0(%a: f8E4M3FN, %b: f32, %o: bf16):
    %0 = arith.extf %a : f8E4M3FN to f32
    %1 = arith.mulf %0, %b : f32
    %2 = arith.truncf %1 : f32 to bf16
    linalg.yield %2 : bf16
  } -> tensor<32x320xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x320xbf16>, tensor<32x320xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
// CHECK: func.func private @derive
// CHECK: linalg.generic {indexing_maps = [#[[BLOCK:.*]], #{{.*}}], iterator_types = ["parallel", "parallel"]} ins(%{{.*}} : tensor<2x3xf32>) outs(%{{.*}} : tensor<32x3xf32>)

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(n, k) -> (n, k)>
#pair = affine_map<(n, k) -> (n, k floordiv 64)>
#half = affine_map<(n, k) -> (n, k floordiv 32)>

// Zeros in larger cells than scales.
// CHECK-LABEL: func @cells_of_two_sizes
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x128xbf16, "uint<4>, zero={1x32, uint<4>}, scale={1x32, bf16}">
func.func @cells_of_two_sizes(%x: tensor<4x128xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x128xi4>
  %z = uwt.weight "zero" : tensor<32x2xi4>
  %s = uwt.weight "scale" : tensor<32x4xbf16>
  %e = tensor.empty() : tensor<32x128xbf16>
  %w = linalg.generic {indexing_maps = [#id, #pair, #half, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %z, %s : tensor<32x128xi4>, tensor<32x2xi4>, tensor<32x4xbf16>) outs(%e : tensor<32x128xbf16>) {
  ^bb0(%a: i4, %b: i4, %c: bf16, %o: bf16):
    %0 = arith.uitofp %a : i4 to bf16
    %1 = arith.uitofp %b : i4 to bf16
    %2 = arith.subf %0, %1 : bf16
    %3 = arith.mulf %2, %c : bf16
    linalg.yield %3 : bf16
  } -> tensor<32x128xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x128xbf16>, tensor<32x128xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
// CHECK: func.func private @derive
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<32x4xbf16>) outs(%{{.*}} : tensor<32x4xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<32x2xi4>) outs(%{{.*}} : tensor<32x4xf32>)

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id3 = affine_map<(n, g, k) -> (n, g, k)>
#row = affine_map<(n, g, k) -> (n)>

// A dimension that is collapsed makes no cells where the scale is a row's.
// CHECK-LABEL: func @no_cells
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x120xbf16, "int<8>, scale={row, bf16}">
func.func @no_cells(%x: tensor<4x120xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x3x40xi8>
  %s = uwt.weight "scale" : tensor<32xbf16>
  %e = tensor.empty() : tensor<32x3x40xbf16>
  %w3 = linalg.generic {indexing_maps = [#id3, #row, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%q, %s : tensor<32x3x40xi8>, tensor<32xbf16>) outs(%e : tensor<32x3x40xbf16>) {
  ^bb0(%a: i8, %b: bf16, %o: bf16):
    %0 = arith.sitofp %a : i8 to bf16
    %1 = arith.mulf %0, %b : bf16
    linalg.yield %1 : bf16
  } -> tensor<32x3x40xbf16>
  %w = tensor.collapse_shape %w3 [[0], [1, 2]] : tensor<32x3x40xbf16> into tensor<32x120xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x120xbf16>, tensor<32x120xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#pair = affine_map<(n, k) -> (n, k)>
#id = affine_map<(n, g, k) -> (n, g, k)>
#group = affine_map<(n, g, k) -> (n, g)>

// Scales that are repeated to the columns of a matrix.
// CHECK-LABEL: func @repeated
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x128xbf16, "int<8>, scale={1x64, f16}">
func.func @repeated(%x: tensor<4x128xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x128xi8>
  %s = uwt.weight "scale" : tensor<32x2xf16>
  %e3 = tensor.empty() : tensor<32x2x64xf32>
  %s3 = linalg.generic {indexing_maps = [#group, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s : tensor<32x2xf16>) outs(%e3 : tensor<32x2x64xf32>) {
  ^bb0(%a: f16, %o: f32):
    %0 = arith.extf %a : f16 to f32
    linalg.yield %0 : f32
  } -> tensor<32x2x64xf32>
  %s2 = tensor.collapse_shape %s3 [[0], [1, 2]] : tensor<32x2x64xf32> into tensor<32x128xf32>
  %e = tensor.empty() : tensor<32x128xbf16>
  %w = linalg.generic {indexing_maps = [#pair, #pair, #pair], iterator_types = ["parallel", "parallel"]} ins(%q, %s2 : tensor<32x128xi8>, tensor<32x128xf32>) outs(%e : tensor<32x128xbf16>) {
  ^bb0(%a: i8, %b: f32, %o: bf16):
    %0 = arith.sitofp %a : i8 to f32
    %1 = arith.mulf %0, %b : f32
    %2 = arith.truncf %1 : f32 to bf16
    linalg.yield %2 : bf16
  } -> tensor<32x128xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x128xbf16>, tensor<32x128xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
// CHECK: func.func private @derive
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<32x2xf16>) outs(%{{.*}} : tensor<32x2xf32>)

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
!rows = !quant.uniform<i8:bf16:0, {0.5:3, 0.25:-7}>
!symmetric = !quant.uniform<i8:bf16:0, {0.5, 0.25}>
!cells = !quant.uniform<i8:bf16:{0:1, 1:32}, {{0.5:3, 0.25:0}, {2.0:0, 1.0:-1}}>
!all = !quant.uniform<u8:f16, 0.5:3>

// quant.dcast: scales and zero points are constants of the type, a row, in cells, or one for all.
// CHECK-LABEL: func @rows
// CHECK: uwt.weight {{.*}} !uwt.compressed<2x64xbf16, "int<8>, zero={row, int<8>}, scale={row, bf16}">
func.func @rows(%x: tensor<4x64xbf16>, %out: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %q = uwt.weight "codes" : tensor<2x64xi8>
  %c = quant.scast %q : tensor<2x64xi8> to tensor<2x64x!rows>
  %w = quant.dcast %c : tensor<2x64x!rows> to tensor<2x64xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xbf16>, tensor<2x64xbf16>) outs(%out : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// CHECK-LABEL: func @symmetric
// CHECK: uwt.weight {{.*}} !uwt.compressed<2x64xbf16, "int<8>, scale={row, bf16}">
func.func @symmetric(%x: tensor<4x64xbf16>, %out: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %q = uwt.weight "codes" : tensor<2x64xi8>
  %c = quant.scast %q : tensor<2x64xi8> to tensor<2x64x!symmetric>
  %w = quant.dcast %c : tensor<2x64x!symmetric> to tensor<2x64xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xbf16>, tensor<2x64xbf16>) outs(%out : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// CHECK-LABEL: func @cells
// CHECK: uwt.weight {{.*}} !uwt.compressed<2x64xbf16, "int<8>, zero={1x32, int<8>}, scale={1x32, bf16}">
func.func @cells(%x: tensor<4x64xbf16>, %out: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %q = uwt.weight "codes" : tensor<2x64xi8>
  %c = quant.scast %q : tensor<2x64xi8> to tensor<2x64x!cells>
  %w = quant.dcast %c : tensor<2x64x!cells> to tensor<2x64xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xbf16>, tensor<2x64xbf16>) outs(%out : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// CHECK-LABEL: func @all
// CHECK: uwt.weight {{.*}} !uwt.compressed<2x64xf16, "uint<8>, zero=3, scale={row, f16}">
func.func @all(%x: tensor<4x64xf16>, %out: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %q = uwt.weight "codes" : tensor<2x64xi8>
  %c = quant.scast %q : tensor<2x64xi8> to tensor<2x64x!all>
  %w = quant.dcast %c : tensor<2x64x!all> to tensor<2x64xf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x64xf16>, tensor<2x64xf16>) outs(%out : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id3 = affine_map<(n, g, k) -> (n, g, k)>
#group = affine_map<(n, g, k) -> (n, g)>

// arith.scaling_extf: exponents multiply in the type of the result, where those of f16 may overflow.
// CHECK-LABEL: func @exponents
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x128xf16, "f4E2M1FN, scale={1x32, f8E8M0FNU}">
func.func @exponents(%x: tensor<4x128xf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x4x32xf4E2M1FN>
  %s = uwt.weight "scale" : tensor<32x4xf8E8M0FNU>
  %e = tensor.empty() : tensor<32x4x32xf16>
  %w3 = linalg.generic {indexing_maps = [#id3, #group, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%q, %s : tensor<32x4x32xf4E2M1FN>, tensor<32x4xf8E8M0FNU>) outs(%e : tensor<32x4x32xf16>) {
  ^bb0(%a: f4E2M1FN, %b: f8E8M0FNU, %o: f16):
    %0 = arith.scaling_extf %a, %b : f4E2M1FN, f8E8M0FNU to f16
    linalg.yield %0 : f16
  } -> tensor<32x4x32xf16>
  %w = tensor.collapse_shape %w3 [[0], [1, 2]] : tensor<32x4x32xf16> into tensor<32x128xf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x128xf16>, tensor<32x128xf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
// CHECK: func.func private @derive
// CHECK: %[[E:.*]] = arith.extf %{{.*}} : f8E8M0FNU to f16
// CHECK: arith.extf %[[E]] : f16 to f32

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id3 = affine_map<(n, g, k) -> (n, g, k)>
#group = affine_map<(n, g, k) -> (n, g)>

// Of a wider float the exponent counts.
// CHECK-LABEL: func @exponents_of_floats
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x128xbf16, "f8E5M2, scale={1x32, f8E8M0FNU}">
func.func @exponents_of_floats(%x: tensor<4x128xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x4x32xf8E5M2>
  %s = uwt.weight "scale" : tensor<32x4xf32>
  %e = tensor.empty() : tensor<32x4x32xbf16>
  %w3 = linalg.generic {indexing_maps = [#id3, #group, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%q, %s : tensor<32x4x32xf8E5M2>, tensor<32x4xf32>) outs(%e : tensor<32x4x32xbf16>) {
  ^bb0(%a: f8E5M2, %b: f32, %o: bf16):
    %0 = arith.scaling_extf %a, %b : f8E5M2, f32 to f32
    %1 = arith.truncf %0 : f32 to bf16
    linalg.yield %1 : bf16
  } -> tensor<32x4x32xbf16>
  %w = tensor.collapse_shape %w3 [[0], [1, 2]] : tensor<32x4x32xbf16> into tensor<32x128xbf16>
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x128xbf16>, tensor<32x128xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
// CHECK: func.func private
// CHECK: %[[T:.*]] = arith.truncf %{{.*}} : f32 to f8E8M0FNU
// CHECK: arith.extf %[[T]] : f8E8M0FNU to f32

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(n, k) -> (n, k)>
#g48 = affine_map<(n, k) -> (n, k floordiv 48)>
#g32 = affine_map<(n, k) -> (n, k floordiv 32)>
#row = affine_map<(n, k) -> (n)>

// What is none of these is floats, and the remark names what differs.
// CHECK-LABEL: func @cells_of_48
// CHECK: !uwt.compressed<32x96xbf16, "raw">
func.func @cells_of_48(%x: tensor<4x96xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x96xi8>
  %packed = uwt.weight "scale" : !uwt.compressed<32x2xbf16, "raw">
  %s = uwt.decode %packed : !uwt.compressed<32x2xbf16, "raw"> -> tensor<32x2xbf16>
  %e = tensor.empty() : tensor<32x96xbf16>
  %w = linalg.generic {indexing_maps = [#id, #g48, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x96xi8>, tensor<32x2xbf16>) outs(%e : tensor<32x96xbf16>) {
  ^bb0(%a: i8, %b: bf16, %o: bf16):
    %0 = arith.sitofp %a : i8 to bf16
    %1 = arith.mulf %0, %b : bf16
    linalg.yield %1 : bf16
  } -> tensor<32x96xbf16>
  // expected-remark@below {{scale={1x48, bf16}: expected cells of 16, 32, 64 or a multiple of 128 columns, row or tensor}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x96xbf16>, tensor<32x96xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// CHECK-LABEL: func @part_of_a_tensor
func.func @part_of_a_tensor(%x: tensor<4x96xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x96xi8>
  %packed = uwt.weight "scale" : !uwt.compressed<32x4xbf16, "raw">
  %s = uwt.decode %packed : !uwt.compressed<32x4xbf16, "raw"> -> tensor<32x4xbf16>
  %e = tensor.empty() : tensor<32x96xbf16>
  %w = linalg.generic {indexing_maps = [#id, #g32, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x96xi8>, tensor<32x4xbf16>) outs(%e : tensor<32x96xbf16>) {
  ^bb0(%a: i8, %b: bf16, %o: bf16):
    %0 = arith.sitofp %a : i8 to bf16
    %1 = arith.mulf %0, %b : bf16
    linalg.yield %1 : bf16
  } -> tensor<32x96xbf16>
  // expected-remark@below {{its scales, zero points or offsets are a part of a tensor}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x96xbf16>, tensor<32x96xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// IREE's tests have zero points that are floats, which are no integers to the compiler.
// CHECK-LABEL: func @zeros_as_floats
func.func @zeros_as_floats(%x: tensor<4x96xf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x96xi4>
  %packed = uwt.weight "scale" : !uwt.compressed<32x3xf16, "raw">
  %s = uwt.decode %packed : !uwt.compressed<32x3xf16, "raw"> -> tensor<32x3xf16>
  %z = uwt.weight "zero" : tensor<32xf16>
  %e = tensor.empty() : tensor<32x96xf16>
  %w = linalg.generic {indexing_maps = [#id, #g32, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s, %z : tensor<32x96xi4>, tensor<32x3xf16>, tensor<32xf16>) outs(%e : tensor<32x96xf16>) {
  ^bb0(%a: i4, %b: f16, %c: f16, %o: f16):
    %0 = arith.extui %a : i4 to i32
    %1 = arith.uitofp %0 : i32 to f16
    %2 = arith.subf %1, %c : f16
    %3 = arith.mulf %2, %b : f16
    linalg.yield %3 : f16
  } -> tensor<32x96xf16>
  // expected-remark@below {{its zero points are no integers}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x96xf16>, tensor<32x96xf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// CHECK-LABEL: func @codes_of_6_bits
func.func @codes_of_6_bits(%x: tensor<4x96xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x96xf6E2M3FN>
  %packed = uwt.weight "scale" : !uwt.compressed<32x3xf32, "raw">
  %s = uwt.decode %packed : !uwt.compressed<32x3xf32, "raw"> -> tensor<32x3xf32>
  %e = tensor.empty() : tensor<32x96xbf16>
  %w = linalg.generic {indexing_maps = [#id, #g32, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x96xf6E2M3FN>, tensor<32x3xf32>) outs(%e : tensor<32x96xbf16>) {
  ^bb0(%a: f6E2M3FN, %b: f32, %o: bf16):
    %0 = arith.scaling_extf %a, %b : f6E2M3FN, f32 to bf16
    linalg.yield %0 : bf16
  } -> tensor<32x96xbf16>
  // expected-remark@below {{its codes are floats that no format has}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x96xbf16>, tensor<32x96xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// CHECK-LABEL: func @scaled_by_f8
func.func @scaled_by_f8(%x: tensor<4x96xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x96xf4E2M1FN>
  %packed = uwt.weight "scale" : !uwt.compressed<32x3xf8E4M3FN, "raw">
  %s = uwt.decode %packed : !uwt.compressed<32x3xf8E4M3FN, "raw"> -> tensor<32x3xf8E4M3FN>
  %e = tensor.empty() : tensor<32x96xbf16>
  %w = linalg.generic {indexing_maps = [#id, #g32, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x96xf4E2M1FN>, tensor<32x3xf8E4M3FN>) outs(%e : tensor<32x96xbf16>) {
  ^bb0(%a: f4E2M1FN, %b: f8E4M3FN, %o: bf16):
    %0 = arith.scaling_extf %a, %b : f4E2M1FN, f8E4M3FN to bf16
    linalg.yield %0 : bf16
  } -> tensor<32x96xbf16>
  // expected-remark@below {{its scale is neither an exponent nor a float that has one}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x96xbf16>, tensor<32x96xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

#id3 = affine_map<(n, g, k) -> (n, g, k)>
#group = affine_map<(n, g, k) -> (n, g, 0)>
#x = affine_map<(m, n, g, k) -> (m, g, k)>
#w = affine_map<(m, n, g, k) -> (n, g, k)>
#y = affine_map<(m, n, g, k) -> (m, n)>

// A product over groups and columns of a group (sharktank's mmt_block_scaled_q8).
// CHECK-LABEL: func @two_sums
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x128xf16, "int<8>, scale={1x32, f16}">
func.func @two_sums(%x: tensor<4x4x32xf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x4x32xi8>
  %packed = uwt.weight "scale" : !uwt.compressed<32x4x1xf16, "raw">
  %s = uwt.decode %packed : !uwt.compressed<32x4x1xf16, "raw"> -> tensor<32x4x1xf16>
  %e = tensor.empty() : tensor<32x4x32xf16>
  %w = linalg.generic {indexing_maps = [#group, #id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s, %q : tensor<32x4x1xf16>, tensor<32x4x32xi8>) outs(%e : tensor<32x4x32xf16>) {
  ^bb0(%b: f16, %a: i8, %o: f16):
    %0 = arith.extsi %a : i8 to i32
    %1 = arith.sitofp %0 : i32 to f16
    %2 = arith.mulf %1, %b : f16
    linalg.yield %2 : f16
  } -> tensor<32x4x32xf16>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<4x4x32xf16>, tensor<32x4x32xf16>) outs(%out : tensor<4x32xf32>) {
  ^bb0(%a: f16, %b: f16, %o: f32):
    %0 = arith.extf %a : f16 to f32
    %1 = arith.extf %b : f16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %2, %o : f32
    linalg.yield %3 : f32
  } -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

#id = affine_map<(k, n) -> (k, n)>
#cell = affine_map<(k, n) -> (k floordiv 64, n)>

// A weight [K, N], with cells of rows: its codes are brought to [N, K].
// CHECK-LABEL: func @k_first
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x128xbf16, "uint<4>, zero=8, scale={1x64, bf16}">
func.func @k_first(%x: tensor<4x128xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<128x32xi4>
  %s = uwt.weight "scale" : tensor<2x32xbf16>
  %e = tensor.empty() : tensor<128x32xbf16>
  %c8 = arith.constant 8.0 : bf16
  %w = linalg.generic {indexing_maps = [#id, #cell, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<128x32xi4>, tensor<2x32xbf16>) outs(%e : tensor<128x32xbf16>) {
  ^bb0(%a: i4, %b: bf16, %o: bf16):
    %0 = arith.uitofp %a : i4 to bf16
    %1 = arith.subf %0, %c8 : bf16
    %2 = arith.mulf %1, %b : bf16
    linalg.yield %2 : bf16
  } -> tensor<128x32xbf16>
  %y = linalg.matmul ins(%x, %w : tensor<4x128xbf16>, tensor<128x32xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
// CHECK: func.func private @derive{{.*}} -> (tensor<32x128xi8>, tensor<32x2xf32>)

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(n, k) -> (n, k)>
#cell = affine_map<(n, k) -> (n, k floordiv 32)>

// An offset, in f32.
// CHECK-LABEL: func @offsets
// CHECK: uwt.weight {{.*}} !uwt.compressed<32x128xbf16, "uint<4>, zero=8, scale={1x32, bf16}, offset={1x32, bf16}">
func.func @offsets(%x: tensor<4x128xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x128xi4>
  %s = uwt.weight "scale" : tensor<32x4xbf16>
  %z = uwt.weight "offset" : tensor<32x4xbf16>
  %e = tensor.empty() : tensor<32x128xbf16>
  %c8 = arith.constant 8 : i32
  %w = linalg.generic {indexing_maps = [#id, #cell, #cell, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s, %z : tensor<32x128xi4>, tensor<32x4xbf16>, tensor<32x4xbf16>) outs(%e : tensor<32x128xbf16>) {
  ^bb0(%a: i4, %b: bf16, %c: bf16, %o: bf16):
    %0 = arith.extui %a : i4 to i32
    %1 = arith.subi %0, %c8 : i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.extf %b : bf16 to f32
    %4 = arith.mulf %2, %3 : f32
    %5 = arith.extf %c : bf16 to f32
    %6 = arith.addf %4, %5 : f32
    %7 = arith.truncf %6 : f32 to bf16
    linalg.yield %7 : bf16
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

// Signed codes less unsigned zeros are up to 383, which bf16 rounds.
// CHECK-LABEL: func @rounded_differences
func.func @rounded_differences(%x: tensor<4x96xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x96xi8>
  %z = uwt.weight "zero" : tensor<32xi8>
  %packed = uwt.weight "scale" : !uwt.compressed<32x1xbf16, "raw">
  %s = uwt.decode %packed : !uwt.compressed<32x1xbf16, "raw"> -> tensor<32x1xbf16>
  %e = tensor.empty() : tensor<32x96xbf16>
  %w = linalg.generic {indexing_maps = [#id, #row, affine_map<(n, k) -> (n, 0)>, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %z, %s : tensor<32x96xi8>, tensor<32xi8>, tensor<32x1xbf16>) outs(%e : tensor<32x96xbf16>) {
  ^bb0(%a: i8, %b: i8, %c: bf16, %o: bf16):
    %0 = arith.sitofp %a : i8 to bf16
    %1 = arith.uitofp %b : i8 to bf16
    %2 = arith.subf %0, %1 : bf16
    %3 = arith.mulf %2, %c : bf16
    linalg.yield %3 : bf16
  } -> tensor<32x96xbf16>
  // expected-remark@below {{differences of its codes and zero points may be rounded to bf16}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x96xbf16>, tensor<32x96xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// The same in integers, which become bf16.
// CHECK-LABEL: func @rounded_integers
func.func @rounded_integers(%x: tensor<4x96xbf16>, %out: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %q = uwt.weight "codes" : tensor<32x96xi8>
  %packed = uwt.weight "scale" : !uwt.compressed<32x1xbf16, "raw">
  %s = uwt.decode %packed : !uwt.compressed<32x1xbf16, "raw"> -> tensor<32x1xbf16>
  %e = tensor.empty() : tensor<32x96xbf16>
  %c130 = arith.constant 130 : i32
  %w = linalg.generic {indexing_maps = [#id, affine_map<(n, k) -> (n, 0)>, #id], iterator_types = ["parallel", "parallel"]} ins(%q, %s : tensor<32x96xi8>, tensor<32x1xbf16>) outs(%e : tensor<32x96xbf16>) {
  ^bb0(%a: i8, %b: bf16, %o: bf16):
    %0 = arith.extsi %a : i8 to i32
    %1 = arith.subi %0, %c130 : i32
    %2 = arith.sitofp %1 : i32 to bf16
    %3 = arith.mulf %2, %b : bf16
    linalg.yield %3 : bf16
  } -> tensor<32x96xbf16>
  // expected-remark@below {{differences of its codes and zero points may be rounded to bf16}}
  %y = linalg.matmul indexing_maps = [#mk, #nk, #mn] ins(%x, %w : tensor<4x96xbf16>, tensor<32x96xbf16>) outs(%out : tensor<4x32xf32>) -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
