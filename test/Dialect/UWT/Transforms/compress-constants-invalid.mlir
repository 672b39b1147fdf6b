// RUN: not uwt-opt %s --uwt-compress-constants="format=inplace<13>" 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not uwt-opt %s --uwt-compress-constants="format=smaller" 2>&1 | FileCheck %s --check-prefix=POLICY
// RUN: uwt-opt %s --uwt-compress-constants="min-elements=1" --verify-diagnostics

// FORMAT: error: format 'inplace<13>': codec: expected inplace<12> or inplace<11>, got 'inplace<13>'
// POLICY: error: format 'smaller': there is no codec 'smaller'; the codecs are raw, window, bitplane, palette, huffman, rice, rans

func.func @short(%x: tensor<4x64xbf16>, %init: tensor<4x64xf32>) -> tensor<4x64xf32> {
  // expected-error@below {{cannot be compressed: a constant has 4 bytes, expected 8192}}
  %w = arith.constant dense_resource<short> : tensor<64x64xbf16>
  %y = linalg.matmul ins(%x, %w : tensor<4x64xbf16>, tensor<64x64xbf16>) outs(%init : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

{-#
  dialect_resources: {
    builtin: {
      short: "0x04000000AABBCCDD"
    }
  }
#-}
