// RUN: uwt-opt %s -uwt-fuse-decode -split-input-file -verify-diagnostics

// Whatever form a product has that fusion does not know, it is said.

!kn = !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">

func.func @computed_weight(%x: tensor<4x64xbf16>, %e: tensor<64x128xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %s = linalg.exp ins(%t : tensor<64x128xbf16>) outs(%e : tensor<64x128xbf16>) -> tensor<64x128xbf16>
  // expected-remark @below {{product with a weight is not fused: the weight reaches it through linalg.exp}}
  %y = linalg.matmul ins(%x, %s : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// -----

// What comes from an activation as well is no weight.
!kn = !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">

func.func @mixed(%x: tensor<4x64xbf16>, %z: tensor<64x128xbf16>, %e: tensor<64x128xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // expected-remark @below {{weight 'w' is decoded when it is loaded}}
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %s = linalg.add ins(%t, %z : tensor<64x128xbf16>, tensor<64x128xbf16>) outs(%e : tensor<64x128xbf16>) -> tensor<64x128xbf16>
  %y = linalg.matmul ins(%x, %s : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}
