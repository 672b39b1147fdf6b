// RUN: uwt-opt %s --uwt-fold-constants | FileCheck %s
// RUN: uwt-opt %s --uwt-fold-constants=keep-decodes=true | FileCheck %s --check-prefix=KEEP

!words = !uwt.compressed<2x2xbf16, "raw, layout=row_major">
!transposed = !uwt.compressed<2x2xbf16, "raw, layout=row_major, storage=k_major">

// CHECK-LABEL: func @encode
func.func @encode() -> !words {
  // CHECK: uwt.constant {index = dense_resource<constant.index> : tensor<28xi8>, words = dense_resource<constant.words> : tensor<8xi8>} : !uwt.compressed<2x2xbf16, "raw, layout=row_major">
  %0 = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xbf16>
  %1 = uwt.encode %0 : tensor<2x2xbf16> -> !words
  return %1 : !words
}

// One number for all elements is expanded.
// CHECK-LABEL: func @encode_splat
func.func @encode_splat() -> !words {
  // CHECK: words = dense_resource<[[SPLAT:constant.words_[0-9]+]]>
  %0 = arith.constant dense<1.0> : tensor<2x2xbf16>
  %1 = uwt.encode %0 : tensor<2x2xbf16> -> !words
  return %1 : !words
}

// CHECK-LABEL: func @encode_then_decode
// KEEP-LABEL: func @encode_then_decode
func.func @encode_then_decode() -> tensor<2x2xbf16> {
  // CHECK: arith.constant dense_resource<[[DECODED:constant_?[0-9]*]]> : tensor<2x2xbf16>
  // KEEP: uwt.decode
  %0 = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xbf16>
  %1 = uwt.encode %0 : tensor<2x2xbf16> -> !words
  %2 = uwt.decode %1 : !words -> tensor<2x2xbf16>
  return %2 : tensor<2x2xbf16>
}

// The order of rows and columns changes.
// CHECK-LABEL: func @transcode
func.func @transcode() -> !transposed {
  // CHECK: words = dense_resource<[[TRANSPOSED:constant.words_[0-9]+]]> {{.*}} storage=k_major
  %0 = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xbf16>
  %1 = uwt.encode %0 : tensor<2x2xbf16> -> !words
  %2 = uwt.transcode %1 : !words -> !transposed
  return %2 : !transposed
}

// What is not constant, or has no data, stays.
// CHECK-LABEL: func @not_constant
func.func @not_constant(%a: tensor<2x2xbf16>, %b: !words) -> (!words, !transposed, tensor<2x2xbf16>, !words) {
  // CHECK: uwt.encode %{{.*}} : tensor<2x2xbf16>
  // CHECK: uwt.transcode
  // CHECK: uwt.decode
  // CHECK: uwt.encode
  %0 = uwt.encode %a : tensor<2x2xbf16> -> !words
  %1 = uwt.transcode %b : !words -> !transposed
  %2 = uwt.decode %b : !words -> tensor<2x2xbf16>
  %3 = arith.constant dense_resource<elided> : tensor<2x2xbf16>
  %4 = uwt.encode %3 : tensor<2x2xbf16> -> !words
  return %0, %1, %2, %4 : !words, !transposed, tensor<2x2xbf16>, !words
}

// CHECK-DAG: constant.words: "0x40000000803F004040408040"
// CHECK-DAG: [[SPLAT]]: "0x40000000803F803F803F803F"
// CHECK-DAG: [[TRANSPOSED]]: "0x40000000803F404000408040"
// CHECK-DAG: [[DECODED]]: "0x40000000803F004040408040"
