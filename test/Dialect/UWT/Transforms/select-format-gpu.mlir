// RUN: uwt-opt %s --uwt-select-format=gpu=sm_90a --verify-diagnostics --split-input-file | FileCheck %s

// Stored formats without a kernel in the table, and those that are slower, are transcoded once for all products.
// CHECK-LABEL: func.func @coded
// CHECK: %[[W:.*]] = uwt.weight "w"
// CHECK-NEXT: %[[R:.*]] = uwt.transcode %[[W]] : {{.*}} -> !uwt.compressed<4096x4096xbf16, "inplace<12>">
// CHECK: uwt.matmul ins(%{{.*}}, %[[R]] :
// CHECK: uwt.matmul ins(%{{.*}}, %[[R]] :
func.func @coded(%x: tensor<8x4096xbf16>, %z: tensor<?x4096xbf16>, %y: tensor<8x4096xf32>, %u: tensor<?x4096xf32>) -> (tensor<8x4096xf32>, tensor<?x4096xf32>) {
  %w = uwt.weight "w" : !uwt.compressed<4096x4096xbf16, "huffman<12,2>">
  // expected-remark-re @+1 {{product with 4096x4096, m 8, on H200 from inplace<12>: {{.*}} us (memory {{.*}}); runner-up raw: }}
  %a = uwt.matmul ins(%x, %w : tensor<8x4096xbf16>, !uwt.compressed<4096x4096xbf16, "huffman<12,2>">) outs(%y : tensor<8x4096xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  } -> tensor<8x4096xf32>
  %b = uwt.matmul ins(%z, %w : tensor<?x4096xbf16>, !uwt.compressed<4096x4096xbf16, "huffman<12,2>">) outs(%u : tensor<?x4096xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  } -> tensor<?x4096xf32>
  return %a, %b : tensor<8x4096xf32>, tensor<?x4096xf32>
}

// -----

// Of prefix codes fewer bytes have to be read, but lookups wait for one another.
// CHECK-LABEL: func.func @prefix
// CHECK: uwt.transcode {{.*}} -> !uwt.compressed<4096x14336xbf16, "inplace<12>">
func.func @prefix(%x: tensor<8x14336xbf16>, %y: tensor<8x4096xf32>) -> tensor<8x4096xf32> {
  %w = uwt.weight "w" : !uwt.compressed<4096x14336xbf16, "huffman<12,2>">
  // expected-remark-re @+1 {{product with 4096x14336, m 8, on H200 from inplace<12>: {{.*}}, chain 0.0{{.*}}); runner-up raw: }}
  %a = uwt.matmul ins(%x, %w : tensor<8x14336xbf16>, !uwt.compressed<4096x14336xbf16, "huffman<12,2>">) outs(%y : tensor<8x4096xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  } -> tensor<8x4096xf32>
  return %a : tensor<8x4096xf32>
}

// -----

// CHECK-LABEL: func.func @narrow
// CHECK: uwt.transcode
func.func @narrow(%x: tensor<8x512xbf16>, %y: tensor<8x4096xf32>) -> tensor<8x4096xf32> {
  %w = uwt.weight "w" : !uwt.compressed<4096x512xbf16, "huffman<12,2>">
  // expected-remark-re @+1 {{on H200 from {{inplace<12>|raw}}: }}
  %a = uwt.matmul ins(%x, %w : tensor<8x512xbf16>, !uwt.compressed<4096x512xbf16, "huffman<12,2>">) outs(%y : tensor<8x4096xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  } -> tensor<8x4096xf32>
  return %a : tensor<8x4096xf32>
}

// -----

// Numeral systems have kernels, and other formats faster ones.
// CHECK-LABEL: func.func @numeral_system
// CHECK: uwt.transcode {{.*}} -> !uwt.compressed<4096x14336xbf16, "inplace<12>">
func.func @numeral_system(%x: tensor<8x14336xbf16>, %y: tensor<8x4096xf32>) -> tensor<8x4096xf32> {
  %w = uwt.weight "w" : !uwt.compressed<4096x14336xbf16, "rans<12>">
  // expected-remark-re @+1 {{product with 4096x14336, m 8, on H200 from inplace<12>: {{.*}}; runner-up raw: }}
  %a = uwt.matmul ins(%x, %w : tensor<8x14336xbf16>, !uwt.compressed<4096x14336xbf16, "rans<12>">) outs(%y : tensor<8x4096xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  } -> tensor<8x4096xf32>
  return %a : tensor<8x4096xf32>
}

// -----

// What has no profile is not compared, and that is said.
// CHECK-LABEL: func.func @without_profile
// CHECK: uwt.transcode
func.func @without_profile(%x: tensor<8x4096xbf16>, %y: tensor<8x512xf32>) -> tensor<8x512xf32> {
  %w = uwt.weight "w" : !uwt.compressed<512x4096xbf16, "huffman<9,1>">
  // expected-remark @+2 {{huffman<9,1> is not compared: the table of kernel profiles has no huffman<9,1> for sm_90a}}
  // expected-remark-re @+1 {{on H200 from {{inplace<12>|raw}}: }}
  %a = uwt.matmul ins(%x, %w : tensor<8x4096xbf16>, !uwt.compressed<512x4096xbf16, "huffman<9,1>">) outs(%y : tensor<8x512xf32>) {
  ^bb0(%s: f32):
    uwt.yield %s : f32
  } -> tensor<8x512xf32>
  return %a : tensor<8x512xf32>
}
