// RUN: uwt-opt %s --one-shot-bufferize=bufferize-function-boundaries --split-input-file --verify-diagnostics

!w = !uwt.compressed<32x64xbf16, "inplace<12>">

func.func @decode() -> tensor<32x64xbf16> {
  %w = uwt.weight "w" : !w
  // expected-error @below {{'uwt.decode' op is left before bufferization: it has to be fused into a product (run uwt-fuse-decode) or be of a uwt.weight or uwt.constant}}
  // expected-error @below {{failed to bufferize op}}
  %t = uwt.decode %w : !w -> tensor<32x64xbf16>
  return %t : tensor<32x64xbf16>
}

// -----

!w = !uwt.compressed<32x64xbf16, "inplace<12>">

func.func private @use(!w)
func.func @encode(%t: tensor<32x64xbf16>) {
  // expected-error @below {{'uwt.encode' op is left before bufferization: only the compiler encodes, so its source has to be a constant (run uwt-compress-constants)}}
  // expected-error @below {{failed to bufferize op}}
  %w = uwt.encode %t : tensor<32x64xbf16> -> !w
  call @use(%w) : (!w) -> ()
  return
}
