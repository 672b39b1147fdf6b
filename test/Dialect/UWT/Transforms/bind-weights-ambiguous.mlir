// RUN: %python %S/Inputs/write_tensors.py %t.safetensors w:BF16:64,64 w_1:BF16:64,64 v:BF16:64,64 v_1:BF16:64,32
// RUN: uwt-opt %s --split-input-file --uwt-bind-weights=weights=%t.safetensors --verify-diagnostics | FileCheck %s

// Both keys are the module's own.
// CHECK-LABEL: func @both
func.func @both() -> (tensor<64x64xbf16>, tensor<64x64xbf16>) {
  // CHECK: uwt.weight "w"
  // CHECK: uwt.weight "w_1"
  %w = arith.constant dense_resource<w> : tensor<64x64xbf16>
  %w1 = arith.constant dense_resource<w_1> : tensor<64x64xbf16>
  return %w, %w1 : tensor<64x64xbf16>, tensor<64x64xbf16>
}

// -----

// Only one of them has the type.
// CHECK-LABEL: func @by_type
module attributes {test.seen = dense_resource<v> : tensor<64x64xbf16>} {
  func.func @by_type() -> tensor<64x64xbf16> {
    // CHECK: uwt.weight "v" : !uwt.compressed<64x64xbf16, "raw">
    %v = arith.constant dense_resource<v_1> : tensor<64x64xbf16>
    return %v : tensor<64x64xbf16>
  }
}

// -----

module attributes {test.seen = dense_resource<w> : tensor<64x64xbf16>} {
  func.func @ambiguous() -> tensor<64x64xbf16> {
    // expected-error@below {{dense_resource<w_1> may be tensor 'w_1' or 'w', whose key this context has seen before; parse the module in a context of its own}}
    %w = arith.constant dense_resource<w_1> : tensor<64x64xbf16>
    return %w : tensor<64x64xbf16>
  }
}
