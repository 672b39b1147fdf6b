// RUN: %python %S/Inputs/make_constants.py %s %t.mlir
// RUN: uwt-opt %t.mlir --uwt-compress-constants --verify-diagnostics | FileCheck %s
// RUN: uwt-opt %t.mlir --uwt-compress-constants="format=best-size min-elements=1" 2>/dev/null | FileCheck %s --check-prefix=SIZE
// RUN: uwt-opt %t.mlir --uwt-compress-constants="format=fast" 2>/dev/null | FileCheck %s --check-prefix=FAST
// RUN: uwt-opt %t.mlir --uwt-compress-constants="format=raw" 2>&1 | FileCheck %s --check-prefix=RAW
// RUN: uwt-opt %t.mlir --uwt-compress-constants="format=raw profit=false" 2>/dev/null | FileCheck %s --check-prefix=TWIN
// RUN: uwt-opt %t.mlir --uwt-compress-constants="format=inplace<12>,storage=n_major" 2>/dev/null | FileCheck %s --check-prefix=STORAGE
// RUN: uwt-opt %t.mlir --uwt-compress-constants="format=inplace<12>,fold=flat<64>" 2>/dev/null | FileCheck %s --check-prefix=FOLD
// What is encoded here decodes to the same bits.
// RUN: uwt-opt %t.mlir --uwt-compress-constants="format=huffman<12,2> min-elements=1 profit=false" --uwt-fold-constants 2>/dev/null | grep -o "0x[0-9A-F]*" | cut -c11- | grep -v ^803F803F803F | sort -u > %t.decoded
// RUN: uwt-opt %t.mlir | grep -o "0x[0-9A-F]*" | cut -c11- | sort -u | diff - %t.decoded

// RAW-NOT: uwt.constant
// RAW: remark: left 64x128xbf16 as it is: raw, storage=k_major would take 16384 bytes to
// STORAGE-NOT: k_major
// A folded matrix is n_major, however it is multiplied with.
// FOLD: uwt.constant {{.*}} : !uwt.compressed<64x128xbf16, "inplace<12>, fold=flat<64>">
// FOLD-NOT: inplace{{[^"]*}}k_major

#nk = affine_map<(m, n, k) -> (n, k)>
#mk = affine_map<(m, n, k) -> (m, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#swap = affine_map<(i, j) -> (j, i)>
#id = affine_map<(i, j) -> (i, j)>

// [K, N], as linalg.matmul has it.
// CHECK-LABEL: func @k_by_n
// SIZE-LABEL: func @k_by_n
// FAST-LABEL: func @k_by_n
// TWIN-LABEL: func @k_by_n
func.func @k_by_n(%x: tensor<4x64xbf16>, %init: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // CHECK: %[[C:.*]] = uwt.constant {code = dense_resource<a.code> : tensor<{{[0-9]+}}xi8>, index = dense_resource<a.index> : tensor<{{[0-9]+}}xi8>{{.*}}} : !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">
  // CHECK: %[[D:.*]] = uwt.decode %[[C]]
  // CHECK: linalg.matmul ins(%{{.*}}, %[[D]]
  // SIZE: uwt.constant {{.*}}huffman<12,1>
  // FAST: uwt.constant {{.*}}huffman<12,2>
  // TWIN: uwt.constant {{.*}}"raw, storage=k_major"
  // expected-remark@below {{compressed 64x128xbf16 as inplace<12>, storage=k_major: 16384 bytes to }}
  %w = arith.constant dense_resource<a> : tensor<64x128xbf16>
  %y = linalg.matmul ins(%x, %w : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// [N, K] through a transpose and a widening, as front ends write it.
// CHECK-LABEL: func @transposed
func.func @transposed(%x: tensor<4x64xf32>, %init: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // CHECK: uwt.constant {{.*}} : !uwt.compressed<128x64xbf16, "inplace<12>">
  // expected-remark@below {{compressed 128x64xbf16 as inplace<12>: 16384 bytes to }}
  %w = arith.constant dense_resource<b> : tensor<128x64xbf16>
  %e = tensor.empty() : tensor<64x128xbf16>
  %t = linalg.transpose ins(%w : tensor<128x64xbf16>) outs(%e : tensor<64x128xbf16>) permutation = [1, 0]
  %f = tensor.empty() : tensor<64x128xf32>
  %wide = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%t : tensor<64x128xbf16>) outs(%f : tensor<64x128xf32>) {
    ^bb0(%in: bf16, %out: f32):
      %0 = arith.extf %in : bf16 to f32
      linalg.yield %0 : f32
    } -> tensor<64x128xf32>
  %y = linalg.matmul ins(%x, %wide : tensor<4x64xf32>, tensor<64x128xf32>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// A generic that permutes, a cast, and a generic that is the product; the same constant twice is encoded once.
// CHECK-LABEL: func @generic
func.func @generic(%x: tensor<?x64xbf16>, %init: tensor<?x128xf32>) -> tensor<?x128xf32> {
  // CHECK: uwt.constant {code = dense_resource<b.code>
  // expected-remark@below {{compressed 128x64xbf16 as inplace<12>: 16384 bytes to }}
  %w = arith.constant dense_resource<b> : tensor<128x64xbf16>
  %cast = tensor.cast %w : tensor<128x64xbf16> to tensor<?x64xbf16>
  %y = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %cast : tensor<?x64xbf16>, tensor<?x64xbf16>) outs(%init : tensor<?x128xf32>) {
    ^bb0(%a: bf16, %b: bf16, %acc: f32):
      %0 = arith.extf %a : bf16 to f32
      %1 = arith.extf %b : bf16 to f32
      %2 = arith.mulf %0, %1 : f32
      %3 = arith.addf %acc, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}

// An expert a batch.
// CHECK-LABEL: func @experts
func.func @experts(%x: tensor<2x4x64xbf16>, %init: tensor<2x4x64xf32>) -> tensor<2x4x64xf32> {
  // CHECK: !uwt.compressed<2x64x64xbf16, "inplace<12>, storage=k_major">
  // expected-remark@below {{compressed 2x64x64xbf16 as inplace<12>, storage=k_major: 16384 bytes to }}
  %w = arith.constant dense_resource<experts> : tensor<2x64x64xbf16>
  %y = linalg.batch_matmul ins(%x, %w : tensor<2x4x64xbf16>, tensor<2x64x64xbf16>) outs(%init : tensor<2x4x64xf32>) -> tensor<2x4x64xf32>
  return %y : tensor<2x4x64xf32>
}

// CHECK-LABEL: func @matvec
func.func @matvec(%x: tensor<64xbf16>, %init: tensor<128xbf16>) -> tensor<128xbf16> {
  // CHECK: uwt.constant {{.*}} : !uwt.compressed<128x64xbf16, "inplace<12>">
  // expected-remark@below {{compressed 128x64xbf16 as inplace<12>: 16384 bytes to }}
  %w = arith.constant dense_resource<b> : tensor<128x64xbf16>
  %y = linalg.matvec ins(%w, %x : tensor<128x64xbf16>, tensor<64xbf16>) outs(%init : tensor<128xbf16>) -> tensor<128xbf16>
  return %y : tensor<128xbf16>
}

// Experts that are tensors of their own, two of which are looked up a token.
// CHECK-LABEL: func @looked_up
func.func @looked_up(%x: tensor<4x64xbf16>, %ids: tensor<4x2xindex>, %empty: tensor<4x2x128x64xbf16>, %init: tensor<4x256xf32>) -> tensor<4x256xf32> {
  // CHECK-COUNT-2: uwt.constant {{.*}} : !uwt.compressed<128x64xbf16, "inplace<12>">
  // expected-remark@below {{compressed 128x64xbf16 as inplace<12>: 16384 bytes to }}
  %w0 = arith.constant dense_resource<b> : tensor<128x64xbf16>
  // expected-remark@below {{compressed 128x64xbf16 as inplace<12>: 16384 bytes to }}
  %w1 = arith.constant dense_resource<experts> : tensor<128x64xbf16>
  %rows = tensor.concat dim(0) %w0, %w1 : (tensor<128x64xbf16>, tensor<128x64xbf16>) -> tensor<256x64xbf16>
  %table = tensor.expand_shape %rows [[0, 1], [2]] output_shape [2, 128, 64] : tensor<256x64xbf16> into tensor<2x128x64xbf16>
  %e = linalg.generic {indexing_maps = [affine_map<(b, s, n, k) -> (b, s)>, affine_map<(b, s, n, k) -> (b, s, n, k)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%ids : tensor<4x2xindex>) outs(%empty : tensor<4x2x128x64xbf16>) {
    ^bb0(%id: index, %o: bf16):
      %n = linalg.index 2 : index
      %k = linalg.index 3 : index
      %v = tensor.extract %table[%id, %n, %k] : tensor<2x128x64xbf16>
      linalg.yield %v : bf16
  } -> tensor<4x2x128x64xbf16>
  %t = tensor.collapse_shape %e [[0], [1, 2], [3]] : tensor<4x2x128x64xbf16> into tensor<4x256x64xbf16>
  %y = linalg.contract
      indexing_maps = [affine_map<(b, n, k) -> (b, k)>, affine_map<(b, n, k) -> (b, n, k)>, affine_map<(b, n, k) -> (b, n)>]
      ins(%x, %t : tensor<4x64xbf16>, tensor<4x256x64xbf16>) outs(%init : tensor<4x256xf32>) -> tensor<4x256xf32>
  return %y : tensor<4x256xf32>
}

// Random bits do not get smaller.
// CHECK-LABEL: func @noise
// TWIN-LABEL: func @noise
func.func @noise(%x: tensor<4x64xbf16>, %init: tensor<4x64xf32>) -> tensor<4x64xf32> {
  // Its products have the same bits as those of a constant that gets smaller.
  // CHECK: uwt.constant {{.*}} : !uwt.compressed<64x64xbf16, "raw, storage=k_major">
  // TWIN: uwt.constant
  // expected-remark@below {{left 64x64xbf16 as it is: inplace<12>, storage=k_major would take 8192 bytes to }}
  %w = arith.constant dense_resource<noise> : tensor<64x64xbf16>
  %y = linalg.matmul ins(%x, %w : tensor<4x64xbf16>, tensor<64x64xbf16>) outs(%init : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// One number for all, too few elements: held as they are. An output, no product, integers: left alone.
// CHECK-LABEL: func @left_alone
// SIZE-LABEL: func @left_alone
func.func @left_alone(%x: tensor<4x64xbf16>, %i: tensor<64x64xi8>, %wide: tensor<64x128xbf16>, %tall: tensor<128x64xbf16>) -> (tensor<4x64xf32>, tensor<4x2xf32>, tensor<64x64xf32>, tensor<64x128xbf16>, tensor<64x64xi32>) {
  // CHECK: uwt.constant {{.*}} : !uwt.compressed<64x64xbf16, "raw, storage=k_major">
  // expected-remark@below {{left 64x64xbf16 as it is: all of its elements are one number}}
  %splat = arith.constant dense<1.0> : tensor<64x64xbf16>
  %c0 = arith.constant dense<0.0> : tensor<4x64xf32>
  %y = linalg.matmul ins(%x, %splat : tensor<4x64xbf16>, tensor<64x64xbf16>) outs(%c0 : tensor<4x64xf32>) -> tensor<4x64xf32>
  // CHECK: uwt.constant {{.*}} : !uwt.compressed<64x2xbf16, "raw, storage=k_major">
  // CHECK-NOT: uwt.constant
  // expected-remark@below {{left 64x2xbf16 as it is: it has 128 elements, min-elements is 1024}}
  %small = arith.constant dense_resource<small> : tensor<64x2xbf16>
  %c1 = arith.constant dense<0.0> : tensor<4x2xf32>
  %z = linalg.matmul ins(%x, %small : tensor<4x64xbf16>, tensor<64x2xbf16>) outs(%c1 : tensor<4x2xf32>) -> tensor<4x2xf32>
  %init = arith.constant dense_resource<init> : tensor<64x64xf32>
  %a = linalg.matmul ins(%wide, %tall : tensor<64x128xbf16>, tensor<128x64xbf16>) outs(%init : tensor<64x64xf32>) -> tensor<64x64xf32>
  %table = arith.constant dense_resource<a> : tensor<64x128xbf16>
  %b = linalg.add ins(%table, %wide : tensor<64x128xbf16>, tensor<64x128xbf16>) outs(%wide : tensor<64x128xbf16>) -> tensor<64x128xbf16>
  %integers = arith.constant dense_resource<bytes> : tensor<64x64xi8>
  %c2 = arith.constant dense<0> : tensor<64x64xi32>
  %c = linalg.matmul ins(%i, %integers : tensor<64x64xi8>, tensor<64x64xi8>) outs(%c2 : tensor<64x64xi32>) -> tensor<64x64xi32>
  return %y, %z, %a, %b, %c : tensor<4x64xf32>, tensor<4x2xf32>, tensor<64x64xf32>, tensor<64x128xbf16>, tensor<64x64xi32>
}

{-#
  dialect_resources: {
    builtin: {
      a: "normal 1 64 128",
      b: "normal 2 128 64",
      experts: "normal 3 128 64",
      small: "normal 4 64 2",
      noise: "noise 5 64 64",
      init: "normal 6 128 64",
      bytes: "noise 7 64 32"
    }
  }
#-}
