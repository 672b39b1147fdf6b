// RUN: rm -rf %t && mkdir %t
// RUN: %python %inputs/make_weights.py %t/plain.safetensors
// RUN: uwt compress %t/plain.safetensors -o %t/small.safetensors --format "huffman<12,2>" -q
// RUN: uwt-opt %s --uwt-bind-weights=weights=%t/small.safetensors | FileCheck %s
// RUN: uwt-opt %s --uwt-bind-weights=weights=%t/plain.safetensors | FileCheck %s --check-prefix=PLAIN
// RUN: uwt-opt %s --uwt-bind-weights="weights=%t/plain.safetensors format=inplace<12>" | FileCheck %s --check-prefix=FORMAT
// RUN: not uwt-opt %s --uwt-bind-weights=weights=%t 2>&1 | FileCheck %s --check-prefix=FOLDER
// RUN: mkdir %t/model && cp %t/plain.safetensors %t/model/model.safetensors
// RUN: cp %t/small.safetensors %t/model/variant.uwt.safetensors
// RUN: uwt-opt %s --uwt-bind-weights=weights=%t/model | FileCheck %s --check-prefix=MODEL

// A folder that has each tensor twice does not say which counts; one with a model's file does.
// FOLDER: error: tensor 'model.layers.0.q_proj.weight' is in two files: {{.*}}plain.safetensors and {{.*}}small.safetensors; give one of the files in place of the folder
// MODEL-COUNT-5: uwt.weight {{.*}}"raw
// MODEL-NOT: huffman

// CHECK-LABEL: func @matrix
// PLAIN-LABEL: func @matrix
// FORMAT-LABEL: func @matrix
func.func @matrix() -> tensor<128x128xbf16> {
  // CHECK: %[[W:.*]] = uwt.weight "model.layers.0.q_proj.weight" : !uwt.compressed<128x128xbf16, "huffman<12,2>">
  // CHECK: %[[D:.*]] = uwt.decode %[[W]] : !uwt.compressed<128x128xbf16, "huffman<12,2>"> -> tensor<128x128xbf16>
  // CHECK: return %[[D]]
  // PLAIN: uwt.weight "model.layers.0.q_proj.weight" : !uwt.compressed<128x128xbf16, "raw">
  // FORMAT: uwt.weight "model.layers.0.q_proj.weight" : !uwt.compressed<128x128xbf16, "inplace<12>">
  %w = arith.constant dense_resource<model.layers.0.q_proj.weight> : tensor<128x128xbf16>
  return %w : tensor<128x128xbf16>
}

// CHECK-LABEL: func @experts
func.func @experts() -> tensor<2x96x64xbf16> {
  // CHECK: uwt.weight "model.layers.1.experts.up" : !uwt.compressed<2x96x64xbf16, "huffman<12,2>">
  %w = arith.constant dense_resource<model.layers.1.experts.up> : tensor<2x96x64xbf16>
  return %w : tensor<2x96x64xbf16>
}

// CHECK-LABEL: func @vector
func.func @vector() -> tensor<64xbf16> {
  // CHECK: %[[W:.*]] = uwt.weight "model.layers.0.norm.weight" : tensor<64xbf16>
  // CHECK: return %[[W]]
  %w = arith.constant dense_resource<model.layers.0.norm.weight> : tensor<64xbf16>
  return %w : tensor<64xbf16>
}

// What has the same bytes under two names is one weight, stored by rows.
// CHECK-LABEL: func @tied
// PLAIN-LABEL: func @tied
func.func @tied() -> (tensor<256x64xbf16>, tensor<256x64xbf16>) {
  // CHECK-COUNT-2: uwt.weight "model.embed_tokens.weight" : !uwt.compressed<256x64xbf16, "huffman<12,2>, layout=row_major">
  // PLAIN: uwt.weight "model.embed_tokens.weight" : !uwt.compressed<256x64xbf16, "raw">
  // PLAIN: uwt.weight "lm_head.weight" : !uwt.compressed<256x64xbf16, "raw">
  %e = arith.constant dense_resource<model.embed_tokens.weight> : tensor<256x64xbf16>
  %h = arith.constant dense_resource<lm_head.weight> : tensor<256x64xbf16>
  return %e, %h : tensor<256x64xbf16>, tensor<256x64xbf16>
}

// CHECK-LABEL: func @integers
func.func @integers() -> (tensor<32xi64>, tensor<32xsi64>) {
  // CHECK: uwt.weight "position_ids" : tensor<32xi64>
  // CHECK: uwt.weight "position_ids" : tensor<32xsi64>
  %i = arith.constant dense_resource<position_ids> : tensor<32xi64>
  %s = arith.constant dense_resource<position_ids> : tensor<32xsi64>
  return %i, %s : tensor<32xi64>, tensor<32xsi64>
}

// CHECK-LABEL: func @nothing_to_store
func.func @nothing_to_store() -> tensor<0x64xbf16> {
  // CHECK: uwt.weight "empty.weight" : !uwt.compressed<0x64xbf16, "raw">
  %w = arith.constant dense_resource<empty.weight> : tensor<0x64xbf16>
  return %w : tensor<0x64xbf16>
}

// CHECK-LABEL: func @with_data
func.func @with_data() -> tensor<2x2xbf16> {
  // CHECK-NOT: uwt.weight
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xbf16>
  return %w : tensor<2x2xbf16>
}
