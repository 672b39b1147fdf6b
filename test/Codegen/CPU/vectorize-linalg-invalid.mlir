// RUN: uwt-opt %s -pass-pipeline='builtin.module(func.func(uwt-vectorize-linalg))' --verify-diagnostics

func.func @tensors(%x: tensor<64xf32>) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<64xf32>
  // expected-error @+1 {{'linalg.negf' op is still on tensors: bufferize it before uwt-vectorize-linalg}}
  %y = linalg.negf ins(%x : tensor<64xf32>) outs(%e : tensor<64xf32>) -> tensor<64xf32>
  return %y : tensor<64xf32>
}
