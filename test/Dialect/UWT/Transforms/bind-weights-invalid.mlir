// RUN: %python %S/Inputs/write_tensors.py %t.safetensors layer.weight:BF16:64,32 wide.weight:F32:32,64 half.weight:F16:32,64 scalar:BF16:
// RUN: uwt-opt %s --split-input-file --uwt-bind-weights=weights=%t.safetensors --verify-diagnostics


func.func @missing() -> tensor<64x32xbf16> {
  // expected-error-re@below {{no tensor 'layer.wieght' in {{.*}}.safetensors; did you mean 'layer.weight'?}}
  %w = arith.constant dense_resource<layer.wieght> : tensor<64x32xbf16>
  return %w : tensor<64x32xbf16>
}

// -----

func.func @shape() -> tensor<32x64xbf16> {
  // expected-error-re@below {{tensor 'layer.weight' in {{.*}}.safetensors has shape 64x32, expected 32x64}}
  %w = arith.constant dense_resource<layer.weight> : tensor<32x64xbf16>
  return %w : tensor<32x64xbf16>
}

// -----

func.func @scalar() -> tensor<1xbf16> {
  // expected-error-re@below {{tensor 'scalar' in {{.*}}.safetensors has shape none (a single element), expected 1}}
  %w = arith.constant dense_resource<scalar> : tensor<1xbf16>
  return %w : tensor<1xbf16>
}

// -----

func.func @wide() -> (tensor<32x64xbf16>, tensor<32x64xbf16>) {
  // expected-error-re@below {{tensor 'wide.weight' in {{.*}}.safetensors has elements of type F32, expected 'bf16'; round the original weights: uwt compress ORIGINAL --cast bf16 -o OUT}}
  %w = arith.constant dense_resource<wide.weight> : tensor<32x64xbf16>
  // expected-error-re@below {{tensor 'half.weight' in {{.*}}.safetensors has elements of type F16, expected 'bf16'; round the original weights: uwt compress ORIGINAL --cast bf16 -o OUT}}
  %h = arith.constant dense_resource<half.weight> : tensor<32x64xbf16>
  return %w, %h : tensor<32x64xbf16>, tensor<32x64xbf16>
}

// -----

func.func @other_type() -> tensor<64x32xi16> {
  // expected-error-re@below {{tensor 'layer.weight' in {{.*}}.safetensors has elements of type BF16, expected 'i16'}}
  %w = arith.constant dense_resource<layer.weight> : tensor<64x32xi16>
  return %w : tensor<64x32xi16>
}
