// RUN: uwt-opt %s -uwt-fuse-decode -split-input-file | FileCheck %s

// Every form of a product that linalg has, with a weight on either side: one uwt.matmul, reshaped or transposed only
// where its operands are.

!nk = !uwt.compressed<128x64xbf16, "inplace<12>">
!kn = !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">

// CHECK-LABEL: func @matmul_transposed_weight
// CHECK-SAME: %[[X:.*]]: tensor<4x64xbf16>
func.func @matmul_transposed_weight(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !nk
  %t = uwt.decode %w : !nk -> tensor<128x64xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  // CHECK: %[[W:.*]] = uwt.weight "w"
  // CHECK-NOT: linalg
  // CHECK: %[[Y:.*]] = uwt.matmul ins(%[[X]], %[[W]] : tensor<4x64xbf16>, !uwt.compressed<128x64xbf16, "inplace<12>">) outs(
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // CHECK-NEXT: uwt.yield %[[ACC]] : f32
  // CHECK: return %[[Y]]
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %t : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// CHECK-LABEL: func @matmul_transposed_x
// CHECK-SAME: %[[X:.*]]: tensor<64x4xbf16>
func.func @matmul_transposed_x(%x: tensor<64x4xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  // CHECK: %[[T:.*]] = linalg.transpose ins(%[[X]] : tensor<64x4xbf16>) outs(%{{.*}} : tensor<4x64xbf16>) permutation = [1, 0]
  // CHECK: uwt.matmul ins(%[[T]], %{{.*}} : tensor<4x64xbf16>, !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">)
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %t : tensor<64x4xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// A weight on the left: the product's rows are the output's columns.
// CHECK-LABEL: func @matmul_weight_first
// CHECK-SAME: %[[X:.*]]: tensor<64x4xbf16>
func.func @matmul_weight_first(%x: tensor<64x4xbf16>, %out: tensor<128x4xf32>) -> tensor<128x4xf32> {
  %w = uwt.weight "w" : !nk
  %t = uwt.decode %w : !nk -> tensor<128x64xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<128x4xf32>) -> tensor<128x4xf32>
  // CHECK: %[[T:.*]] = linalg.transpose ins(%[[X]]
  // CHECK: %[[P:.*]] = uwt.matmul ins(%[[T]], %{{.*}} : tensor<4x64xbf16>, !uwt.compressed<128x64xbf16, "inplace<12>">)
  // CHECK: %[[Y:.*]] = linalg.transpose ins(%[[P]] : tensor<4x128xf32>) outs(%{{.*}} : tensor<128x4xf32>) permutation = [1, 0]
  // CHECK: return %[[Y]]
  %y = linalg.matmul ins(%t, %x : tensor<128x64xbf16>, tensor<64x4xbf16>) outs(%init : tensor<128x4xf32>) -> tensor<128x4xf32>
  return %y : tensor<128x4xf32>
}

// x without M: it is repeated, as the operation says.
// CHECK-LABEL: func @matmul_broadcast_x
func.func @matmul_broadcast_x(%x: tensor<64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  // CHECK: %[[B:.*]] = linalg.broadcast ins(%{{.*}} : tensor<64xbf16>) outs(%{{.*}} : tensor<4x64xbf16>) dimensions = [0]
  // CHECK: uwt.matmul ins(%[[B]],
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %t : tensor<64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// CHECK-LABEL: func @matvec
// CHECK-SAME: %[[X:.*]]: tensor<64xbf16>
func.func @matvec(%x: tensor<64xbf16>, %out: tensor<128xf32>) -> tensor<128xf32> {
  %w = uwt.weight "w" : !nk
  %t = uwt.decode %w : !nk -> tensor<128x64xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<128xf32>) -> tensor<128xf32>
  // CHECK: %[[E:.*]] = tensor.expand_shape %[[X]] {{\[}}[0, 1]] output_shape [1, 64]
  // CHECK: %[[P:.*]] = uwt.matmul ins(%[[E]], %{{.*}} : tensor<1x64xbf16>, !uwt.compressed<128x64xbf16, "inplace<12>">)
  // CHECK: %[[Y:.*]] = tensor.collapse_shape %[[P]] {{\[}}[0, 1]] : tensor<1x128xf32> into tensor<128xf32>
  // CHECK: return %[[Y]]
  %y = linalg.matvec ins(%t, %x : tensor<128x64xbf16>, tensor<64xbf16>) outs(%init : tensor<128xf32>) -> tensor<128xf32>
  return %y : tensor<128xf32>
}

// CHECK-LABEL: func @vecmat
func.func @vecmat(%x: tensor<64xbf16>, %out: tensor<128xf32>) -> tensor<128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<128xf32>) -> tensor<128xf32>
  // CHECK: uwt.matmul ins(%{{.*}}, %{{.*}} : tensor<1x64xbf16>, !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">)
  %y = linalg.vecmat ins(%x, %t : tensor<64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<128xf32>) -> tensor<128xf32>
  return %y : tensor<128xf32>
}

// Several dimensions of M, the sizes of both not known.
// CHECK-LABEL: func @contraction_3d
// CHECK-SAME: %[[X:.*]]: tensor<?x?x64xbf16>
func.func @contraction_3d(%x: tensor<?x?x64xbf16>, %out: tensor<?x?x128xf32>) -> tensor<?x?x128xf32> {
  %w = uwt.weight "w" : !nk
  %t = uwt.decode %w : !nk -> tensor<128x64xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<?x?x128xf32>) -> tensor<?x?x128xf32>
  // CHECK-DAG: %[[B:.*]] = tensor.dim %[[X]], %c0
  // CHECK-DAG: %[[S:.*]] = tensor.dim %[[X]], %c1
  // CHECK: %[[C:.*]] = tensor.collapse_shape %[[X]] {{\[}}[0, 1], [2]] : tensor<?x?x64xbf16> into tensor<?x64xbf16>
  // CHECK: %[[P:.*]] = uwt.matmul ins(%[[C]], %{{.*}} : tensor<?x64xbf16>, {{.*}}) outs(%{{.*}} : tensor<?x128xf32>
  // CHECK: %[[Y:.*]] = tensor.expand_shape %[[P]] {{\[}}[0, 1], [2]] output_shape [%[[B]], %[[S]], 128] : tensor<?x128xf32> into tensor<?x?x128xf32>
  // CHECK: return %[[Y]]
  %y = linalg.contract
      indexing_maps = [affine_map<(b, s, n, k) -> (b, s, k)>, affine_map<(b, s, n, k) -> (n, k)>, affine_map<(b, s, n, k) -> (b, s, n)>]
      ins(%x, %t : tensor<?x?x64xbf16>, tensor<128x64xbf16>) outs(%init : tensor<?x?x128xf32>) -> tensor<?x?x128xf32>
  return %y : tensor<?x?x128xf32>
}

// CHECK-LABEL: func @contraction_generic
func.func @contraction_generic(%x: tensor<2x64x3xbf16>, %out: tensor<3x2x128xf32>) -> tensor<3x2x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<3x2x128xf32>) -> tensor<3x2x128xf32>
  // CHECK: linalg.transpose ins(%{{.*}} : tensor<2x64x3xbf16>) outs(%{{.*}} : tensor<2x3x64xbf16>) permutation = [0, 2, 1]
  // CHECK: tensor.collapse_shape %{{.*}} : tensor<2x3x64xbf16> into tensor<6x64xbf16>
  // CHECK: uwt.matmul ins(
  // CHECK: tensor.expand_shape %{{.*}} : tensor<6x128xf32> into tensor<2x3x128xf32>
  // CHECK: linalg.transpose ins(%{{.*}} : tensor<2x3x128xf32>) outs(%{{.*}} : tensor<3x2x128xf32>) permutation = [1, 0, 2]
  %y = linalg.generic {
      indexing_maps = [affine_map<(b, s, n, k) -> (k, n)>, affine_map<(b, s, n, k) -> (b, k, s)>, affine_map<(b, s, n, k) -> (s, b, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%t, %x : tensor<64x128xbf16>, tensor<2x64x3xbf16>) outs(%init : tensor<3x2x128xf32>) {
    ^bb0(%a: bf16, %b: bf16, %sum: f32):
      %0 = arith.extf %a : bf16 to f32
      %1 = arith.extf %b : bf16 to f32
      %2 = arith.mulf %0, %1 : f32
      %3 = arith.addf %2, %sum : f32
      linalg.yield %3 : f32
  } -> tensor<3x2x128xf32>
  return %y : tensor<3x2x128xf32>
}

// -----

!experts = !uwt.compressed<8x64x128xbf16, "inplace<12>, storage=k_major">
!nk = !uwt.compressed<128x64xbf16, "inplace<12>">
!kn = !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">

// A weight an expert.
// CHECK-LABEL: func @batch_matmul
// CHECK-SAME: %[[X:.*]]: tensor<8x?x64xbf16>
func.func @batch_matmul(%x: tensor<8x?x64xbf16>, %out: tensor<8x?x128xf32>) -> tensor<8x?x128xf32> {
  %w = uwt.weight "w" : !experts
  %t = uwt.decode %w : !experts -> tensor<8x64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<8x?x128xf32>) -> tensor<8x?x128xf32>
  // CHECK: %[[Y:.*]] = uwt.matmul ins(%[[X]], %{{.*}} : tensor<8x?x64xbf16>, {{.*}}) outs(%{{.*}} : tensor<8x?x128xf32>
  // CHECK: return %[[Y]]
  %y = linalg.batch_matmul ins(%x, %t : tensor<8x?x64xbf16>, tensor<8x64x128xbf16>) outs(%init : tensor<8x?x128xf32>) -> tensor<8x?x128xf32>
  return %y : tensor<8x?x128xf32>
}

// The same x for all experts, repeated by a broadcast or by the operation's maps: one and the same product.
// CHECK-LABEL: func @batch_matmul_shared_x
// CHECK-SAME: %[[X:.*]]: tensor<4x64xbf16>
func.func @batch_matmul_shared_x(%x: tensor<4x64xbf16>, %out: tensor<8x4x128xf32>) -> (tensor<8x4x128xf32>, tensor<8x4x128xf32>) {
  %w = uwt.weight "w" : !experts
  %t = uwt.decode %w : !experts -> tensor<8x64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<8x4x128xf32>) -> tensor<8x4x128xf32>
  %e = tensor.empty() : tensor<8x4x64xbf16>
  %b = linalg.broadcast ins(%x : tensor<4x64xbf16>) outs(%e : tensor<8x4x64xbf16>) dimensions = [0]
  // CHECK: %[[Y:.*]] = uwt.matmul ins(%[[X]], %{{.*}} : tensor<4x64xbf16>, {{.*}}) outs(%{{.*}} : tensor<8x4x128xf32>
  // CHECK: return %[[Y]], %[[Y]]
  %y0 = linalg.batch_matmul ins(%b, %t : tensor<8x4x64xbf16>, tensor<8x64x128xbf16>) outs(%init : tensor<8x4x128xf32>) -> tensor<8x4x128xf32>
  %y1 = linalg.batch_matmul
      indexing_maps = [affine_map<(e, m, n, k) -> (m, k)>, affine_map<(e, m, n, k) -> (e, k, n)>, affine_map<(e, m, n, k) -> (e, m, n)>]
      ins(%x, %t : tensor<4x64xbf16>, tensor<8x64x128xbf16>) outs(%init : tensor<8x4x128xf32>) -> tensor<8x4x128xf32>
  return %y0, %y1 : tensor<8x4x128xf32>, tensor<8x4x128xf32>
}

// The same weight for all of the batch: the batch belongs to M. torch-mlir writes the repetition out.
// CHECK-LABEL: func @batch_matmul_shared_weight
// CHECK-SAME: %[[X:.*]]: tensor<8x4x64xbf16>
func.func @batch_matmul_shared_weight(%x: tensor<8x4x64xbf16>, %out: tensor<8x4x128xf32>) -> (tensor<8x4x128xf32>, tensor<8x4x128xf32>) {
  %w = uwt.weight "w" : !nk
  %t = uwt.decode %w : !nk -> tensor<128x64xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<8x4x128xf32>) -> tensor<8x4x128xf32>
  %e = tensor.empty() : tensor<8x64x128xbf16>
  %b = linalg.generic {
      indexing_maps = [affine_map<(b, k, n) -> (n, k)>, affine_map<(b, k, n) -> (b, k, n)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%t : tensor<128x64xbf16>) outs(%e : tensor<8x64x128xbf16>) {
    ^bb0(%in: bf16, %o: bf16):
      linalg.yield %in : bf16
  } -> tensor<8x64x128xbf16>
  // CHECK: %[[C:.*]] = tensor.collapse_shape %[[X]] {{\[}}[0, 1], [2]] : tensor<8x4x64xbf16> into tensor<32x64xbf16>
  // CHECK: %[[P:.*]] = uwt.matmul ins(%[[C]], %{{.*}} : tensor<32x64xbf16>, !uwt.compressed<128x64xbf16, "inplace<12>">)
  // CHECK: tensor.expand_shape %[[P]] {{\[}}[0, 1], [2]] output_shape [8, 4, 128]
  %y0 = linalg.batch_matmul ins(%x, %b : tensor<8x4x64xbf16>, tensor<8x64x128xbf16>) outs(%init : tensor<8x4x128xf32>) -> tensor<8x4x128xf32>
  // CHECK: uwt.matmul ins(%[[C]], %{{.*}} : tensor<32x64xbf16>, !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">)
  %w1 = uwt.weight "w1" : !kn
  %t1 = uwt.decode %w1 : !kn -> tensor<64x128xbf16>
  %y1 = linalg.batch_matmul
      indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (k, n)>, affine_map<(b, m, n, k) -> (b, m, n)>]
      ins(%x, %t1 : tensor<8x4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<8x4x128xf32>) -> tensor<8x4x128xf32>
  return %y0, %y1 : tensor<8x4x128xf32>, tensor<8x4x128xf32>
}

// CHECK-LABEL: func @batch_vecmat
func.func @batch_vecmat(%x: tensor<8x64xbf16>, %out: tensor<8x128xf32>) -> tensor<8x128xf32> {
  %w = uwt.weight "w" : !experts
  %t = uwt.decode %w : !experts -> tensor<8x64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<8x128xf32>) -> tensor<8x128xf32>
  // CHECK: tensor.expand_shape %{{.*}} {{\[}}[0], [1, 2]] output_shape [8, 1, 64]
  // CHECK: uwt.matmul ins(%{{.*}}, %{{.*}} : tensor<8x1x64xbf16>, {{.*}}) outs(%{{.*}} : tensor<8x1x128xf32>
  // CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0], [1, 2]] : tensor<8x1x128xf32> into tensor<8x128xf32>
  %y = linalg.batch_vecmat ins(%x, %t : tensor<8x64xbf16>, tensor<8x64x128xbf16>) outs(%init : tensor<8x128xf32>) -> tensor<8x128xf32>
  return %y : tensor<8x128xf32>
}

// A single matrix that was stored with a dimension of 1 in front, and dropped it.
// CHECK-LABEL: func @one_matrix_of_rank_3
func.func @one_matrix_of_rank_3(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !uwt.compressed<1x128x64xbf16, "inplace<12>">
  %t = uwt.decode %w : !uwt.compressed<1x128x64xbf16, "inplace<12>"> -> tensor<1x128x64xbf16>
  %m = tensor.collapse_shape %t [[0, 1], [2]] : tensor<1x128x64xbf16> into tensor<128x64xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  // CHECK: %[[P:.*]] = uwt.matmul ins(%{{.*}}, %{{.*}} : tensor<4x64xbf16>, !uwt.compressed<1x128x64xbf16, "inplace<12>">) {{.*}}
  // CHECK: tensor.collapse_shape %[[P]] {{\[}}[0, 1], [2]] : tensor<1x4x128xf32> into tensor<4x128xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %m : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// A batch of 1 in front of both operands.
// CHECK-LABEL: func @expanded_weight
func.func @expanded_weight(%x: tensor<1x4x64xbf16>, %out: tensor<1x4x128xf32>) -> tensor<1x4x128xf32> {
  %w = uwt.weight "w" : !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">
  %t = uwt.decode %w : !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major"> -> tensor<64x128xbf16>
  %b = tensor.expand_shape %t [[0, 1], [2]] output_shape [1, 64, 128] : tensor<64x128xbf16> into tensor<1x64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<1x4x128xf32>) -> tensor<1x4x128xf32>
  // CHECK: uwt.matmul ins(%{{.*}}, %{{.*}} : tensor<4x64xbf16>, !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">)
  // CHECK: tensor.expand_shape %{{.*}} {{\[}}[0, 1], [2]] output_shape [1, 4, 128]
  %y = linalg.batch_matmul ins(%x, %b : tensor<1x4x64xbf16>, tensor<1x64x128xbf16>) outs(%init : tensor<1x4x128xf32>) -> tensor<1x4x128xf32>
  return %y : tensor<1x4x128xf32>
}

// What was widened before it was reshaped, as front ends write products with sums in f32: x is the narrow tensor.
// CHECK-LABEL: func @reshaped_wide_x
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<2x2x64xbf16>
func.func @reshaped_wide_x(%x: tensor<2x2x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !nk
  %d = uwt.decode %w : !nk -> tensor<128x64xbf16>
  %t = arith.extf %d : tensor<128x64xbf16> to tensor<128x64xf32>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  %x32 = arith.extf %x : tensor<2x2x64xbf16> to tensor<2x2x64xf32>
  %flat = tensor.collapse_shape %x32 [[0, 1], [2]] : tensor<2x2x64xf32> into tensor<4x64xf32>
  // CHECK: %[[FLAT:.*]] = tensor.collapse_shape %[[X]] {{.*}} : tensor<2x2x64xbf16> into tensor<4x64xbf16>
  // CHECK-NOT: linalg
  // CHECK: uwt.matmul ins(%[[FLAT]], %{{.*}} : tensor<4x64xbf16>, !uwt.compressed<128x64xbf16, "inplace<12>">)
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%flat, %t : tensor<4x64xf32>, tensor<128x64xf32>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// CHECK-LABEL: func @expanded_wide_x
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x64xbf16>
func.func @expanded_wide_x(%x: tensor<?x64xbf16>, %m: index, %out: tensor<2x?x128xf32>) -> tensor<2x?x128xf32> {
  %w = uwt.weight "w" : !nk
  %d = uwt.decode %w : !nk -> tensor<128x64xbf16>
  %t = arith.extf %d : tensor<128x64xbf16> to tensor<128x64xf32>
  %x32 = arith.extf %x : tensor<?x64xbf16> to tensor<?x64xf32>
  %rows = tensor.expand_shape %x32 [[0, 1], [2]] output_shape [2, %m, 64] : tensor<?x64xf32> into tensor<2x?x64xf32>
  // CHECK-NOT: xf32> into tensor<2x?x64xf32>
  // CHECK: uwt.matmul ins(%{{.*}}, %{{.*}} : tensor<?x64xbf16>, !uwt.compressed<128x64xbf16, "inplace<12>">)
  %y = linalg.contract
      indexing_maps = [affine_map<(b, m, n, k) -> (b, m, k)>, affine_map<(b, m, n, k) -> (n, k)>, affine_map<(b, m, n, k) -> (b, m, n)>]
      ins(%rows, %t : tensor<2x?x64xf32>, tensor<128x64xf32>) outs(%out : tensor<2x?x128xf32>) -> tensor<2x?x128xf32>
  return %y : tensor<2x?x128xf32>
}
