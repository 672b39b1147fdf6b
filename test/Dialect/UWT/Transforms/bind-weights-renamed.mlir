// A key that this context has seen before gets a counter; it is bound to the tensor it was written for.
// RUN: %python %inputs/make_weights.py %t.safetensors
// RUN: uwt-opt %s --split-input-file --uwt-bind-weights=weights=%t.safetensors --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func @renamed
module attributes {test.seen = dense_resource<mixed.weight> : tensor<192x128xbf16>} {
  func.func @renamed() -> tensor<192x128xbf16> {
    // CHECK: uwt.weight "mixed.weight"
    %w = arith.constant dense_resource<mixed.weight_12> : tensor<192x128xbf16>
    return %w : tensor<192x128xbf16>
  }
}

// -----

// No counter, but a name of its own, unless the context has the name without it.
func.func @not_renamed() -> tensor<192x128xbf16> {
  // expected-error@below {{no tensor 'mixed.weight_1' in}}
  %w = arith.constant dense_resource<mixed.weight_1> : tensor<192x128xbf16>
  return %w : tensor<192x128xbf16>
}
