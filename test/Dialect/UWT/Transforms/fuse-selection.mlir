// RUN: uwt-opt %s -uwt-fuse-decode -split-input-file | FileCheck %s

// Matrices and rows of a weight by their numbers.

// Layers stacked in one tensor, and a loop over them: the weight stays whole.
// CHECK-LABEL: func @stacked_layers
func.func @stacked_layers(%x: tensor<4x64xf32>, %empty: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %zero = arith.constant 0.0 : f32
  // CHECK-DAG: %[[W:.*]] = uwt.weight "layers" : !uwt.compressed<6x64x64xbf16, "inplace<12>, storage=k_major">
  // CHECK: scf.for %[[I:[^ ]*]] = %{{.*}} iter_args(%[[H:[^ ]*]] = %{{.*}})
  // CHECK: uwt.matmul ins(%[[H]], %[[W]] : tensor<4x64xf32>, {{.*}}) select(%[[I]] : index) outs(%{{.*}} : tensor<4x64xf32>)
  %w = uwt.weight "layers" : !uwt.compressed<6x64x64xbf16, "inplace<12>, storage=k_major">
  %t = uwt.decode %w : !uwt.compressed<6x64x64xbf16, "inplace<12>, storage=k_major"> -> tensor<6x64x64xbf16>
  %y = scf.for %i = %c0 to %c6 step %c1 iter_args(%h = %x) -> tensor<4x64xf32> {
    %layer = tensor.extract_slice %t[%i, 0, 0] [1, 64, 64] [1, 1, 1] : tensor<6x64x64xbf16> to tensor<1x64x64xbf16>
    %matrix = tensor.collapse_shape %layer [[0, 1], [2]] : tensor<1x64x64xbf16> into tensor<64x64xbf16>
    %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x64xf32>) -> tensor<4x64xf32>
    %next = linalg.matmul ins(%h, %matrix : tensor<4x64xf32>, tensor<64x64xbf16>) outs(%init : tensor<4x64xf32>) -> tensor<4x64xf32>
    scf.yield %next : tensor<4x64xf32>
  }
  return %y : tensor<4x64xf32>
}

// -----

// CHECK-LABEL: func @one_expert
func.func @one_expert(%x: tensor<4x64xbf16>, %out: tensor<4x128xf32>) -> tensor<4x128xf32> {
  // CHECK: %[[THREE:.*]] = arith.constant 3 : index
  // CHECK: uwt.matmul {{.*}} select(%[[THREE]] : index)
  %w = uwt.weight "experts" : !uwt.compressed<8x128x64xbf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<8x128x64xbf16, "raw"> -> tensor<8x128x64xbf16>
  %e = tensor.extract_slice %t[3, 0, 0] [1, 128, 64] [1, 1, 1] : tensor<8x128x64xbf16> to tensor<128x64xbf16>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %e : tensor<4x64xbf16>, tensor<128x64xbf16>) outs(%out : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// -----

// Experts that are gathered by index: a number an entry of the batch.
// CHECK-LABEL: func @gathered_experts
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x1x64xbf16>, %[[IDS:[^:]*]]: tensor<?xi64>
func.func @gathered_experts(%x: tensor<?x1x64xbf16>, %ids: tensor<?xi64>, %gathered: tensor<?x64x128xbf16>, %out: tensor<?x1x128xf32>) -> tensor<?x1x128xf32> {
  // CHECK: %[[NUMBERS:.*]] = linalg.generic {{.*}} ins(%[[IDS]] : tensor<?xi64>) outs(%{{.*}} : tensor<?xindex>)
  // CHECK: arith.index_cast
  // CHECK: cf.assert
  // The assertion goes with the numbers: nothing keeps the dense tensor.
  // CHECK-NOT: tensor.extract
  // CHECK: uwt.matmul ins(%[[X]], %{{.*}} : tensor<?x1x64xbf16>, {{.*}}) select(%[[NUMBERS]] : tensor<?xindex>)
  %c8 = arith.constant 8 : index
  %w = uwt.weight "experts" : !uwt.compressed<8x64x128xbf16, "raw, storage=k_major">
  %t = uwt.decode %w : !uwt.compressed<8x64x128xbf16, "raw, storage=k_major"> -> tensor<8x64x128xbf16>
  %e = linalg.generic {indexing_maps = [affine_map<(b, k, n) -> (b)>, affine_map<(b, k, n) -> (b, k, n)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%ids : tensor<?xi64>) outs(%gathered : tensor<?x64x128xbf16>) {
    ^bb0(%id: i64, %o: bf16):
      %e = arith.index_cast %id : i64 to index
      %k = linalg.index 1 : index
      %n = linalg.index 2 : index
      %inside = arith.cmpi slt, %e, %c8 : index
      cf.assert %inside, "index must be smaller than dim size"
      %v = tensor.extract %t[%e, %k, %n] : tensor<8x64x128xbf16>
      linalg.yield %v : bf16
  } -> tensor<?x64x128xbf16>
  %y = linalg.batch_matmul ins(%x, %e : tensor<?x1x64xbf16>, tensor<?x64x128xbf16>) outs(%out : tensor<?x1x128xf32>) -> tensor<?x1x128xf32>
  return %y : tensor<?x1x128xf32>
}

// -----

// Experts that are tensors of their own: all are one weight, which is made when they are loaded.
// CHECK-LABEL: func @experts_of_tensors
// CHECK-NOT: tensor.concat
// CHECK: %[[W:.*]] = uwt.weight "derive(a, b)" {{.*}} : !uwt.compressed<2x128x64xbf16, "raw">
// CHECK: uwt.matmul ins(%{{.*}}, %[[W]] : {{.*}}) select(%{{.*}} : tensor<5xindex>)
// CHECK: func.func private @derive(
// CHECK: tensor.concat
func.func @experts_of_tensors(%x: tensor<5x64xbf16>, %ids: tensor<5xindex>, %gathered: tensor<5x128x64xbf16>, %out: tensor<5x128xf32>) -> tensor<5x128xf32> {
  %a = uwt.weight "a" : !uwt.compressed<128x64xbf16, "inplace<12>">
  %b = uwt.weight "b" : !uwt.compressed<128x64xbf16, "inplace<12>">
  %da = uwt.decode %a : !uwt.compressed<128x64xbf16, "inplace<12>"> -> tensor<128x64xbf16>
  %db = uwt.decode %b : !uwt.compressed<128x64xbf16, "inplace<12>"> -> tensor<128x64xbf16>
  %rows = tensor.concat dim(0) %da, %db : (tensor<128x64xbf16>, tensor<128x64xbf16>) -> tensor<256x64xbf16>
  %t = tensor.expand_shape %rows [[0, 1], [2]] output_shape [2, 128, 64] : tensor<256x64xbf16> into tensor<2x128x64xbf16>
  %e = linalg.generic {indexing_maps = [affine_map<(b, n, k) -> (b)>, affine_map<(b, n, k) -> (b, n, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%ids : tensor<5xindex>) outs(%gathered : tensor<5x128x64xbf16>) {
    ^bb0(%id: index, %o: bf16):
      %n = linalg.index 1 : index
      %k = linalg.index 2 : index
      %v = tensor.extract %t[%id, %n, %k] : tensor<2x128x64xbf16>
      linalg.yield %v : bf16
  } -> tensor<5x128x64xbf16>
  %y = linalg.contract
      indexing_maps = [affine_map<(b, n, k) -> (b, k)>, affine_map<(b, n, k) -> (b, n, k)>, affine_map<(b, n, k) -> (b, n)>]
      ins(%x, %e : tensor<5x64xbf16>, tensor<5x128x64xbf16>) outs(%out : tensor<5x128xf32>) -> tensor<5x128xf32>
  return %y : tensor<5x128xf32>
}

// -----

// Two experts a token, whose rows are one dimension: x is repeated for both.
// CHECK-LABEL: func @experts_of_a_token
// CHECK: %[[NUMBERS:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1]] : tensor<?x2xindex> into tensor<?xindex>
// CHECK: %[[X:.*]] = linalg.broadcast {{.*}} dimensions = [1]
// CHECK: uwt.matmul {{.*}} select(%[[NUMBERS]] : tensor<?xindex>)
// CHECK-NOT: linalg.contract
func.func @experts_of_a_token(%x: tensor<?x64xbf16>, %ids: tensor<?x2xindex>, %gathered: tensor<?x2x128x64xbf16>, %out: tensor<?x256xf32>) -> tensor<?x256xf32> {
  %w = uwt.weight "experts" : !uwt.compressed<8x128x64xbf16, "inplace<12>">
  %t = uwt.decode %w : !uwt.compressed<8x128x64xbf16, "inplace<12>"> -> tensor<8x128x64xbf16>
  %e = linalg.generic {indexing_maps = [affine_map<(b, s, n, k) -> (b, s)>, affine_map<(b, s, n, k) -> (b, s, n, k)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%ids : tensor<?x2xindex>) outs(%gathered : tensor<?x2x128x64xbf16>) {
    ^bb0(%id: index, %o: bf16):
      %n = linalg.index 2 : index
      %k = linalg.index 3 : index
      %v = tensor.extract %t[%id, %n, %k] : tensor<8x128x64xbf16>
      linalg.yield %v : bf16
  } -> tensor<?x2x128x64xbf16>
  %rows = tensor.collapse_shape %e [[0], [1, 2], [3]] : tensor<?x2x128x64xbf16> into tensor<?x256x64xbf16>
  %y = linalg.contract
      indexing_maps = [affine_map<(b, n, k) -> (b, k)>, affine_map<(b, n, k) -> (b, n, k)>, affine_map<(b, n, k) -> (b, n)>]
      ins(%x, %rows : tensor<?x64xbf16>, tensor<?x256x64xbf16>) outs(%out : tensor<?x256xf32>) -> tensor<?x256xf32>
  return %y : tensor<?x256xf32>
}

// -----

// A tied embedding: rows are gathered from the weight that is multiplied with.
// CHECK-LABEL: func @tied
func.func @tied(%ids: tensor<2x3xi64>, %rows: tensor<2x3x64xbf16>, %out: tensor<2x3x128xf32>) -> (tensor<2x3x64xbf16>, tensor<2x3x128xf32>) {
  // CHECK: %[[W:.*]] = uwt.weight "tokens"
  // CHECK: %[[NUMBERS:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1]] : tensor<2x3xindex> into tensor<6xindex>
  // CHECK: uwt.gather %[[W]][%[[NUMBERS]]] outs(%{{.*}}) : !uwt.compressed<128x64xbf16, "inplace<12>">, tensor<6xindex>, tensor<6x64xbf16> -> tensor<6x64xbf16>
  // CHECK: uwt.matmul ins(%{{.*}}, %[[W]] :
  // CHECK-NOT: : tensor<128x64xbf16>
  %w = uwt.weight "tokens" : !uwt.compressed<128x64xbf16, "inplace<12>">
  %t = uwt.decode %w : !uwt.compressed<128x64xbf16, "inplace<12>"> -> tensor<128x64xbf16>
  %x = linalg.generic {indexing_maps = [affine_map<(b, s, d) -> (b, s)>, affine_map<(b, s, d) -> (b, s, d)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%ids : tensor<2x3xi64>) outs(%rows : tensor<2x3x64xbf16>) {
    ^bb0(%id: i64, %o: bf16):
      %row = arith.index_cast %id : i64 to index
      %d = linalg.index 2 : index
      %v = tensor.extract %t[%row, %d] : tensor<128x64xbf16>
      linalg.yield %v : bf16
  } -> tensor<2x3x64xbf16>
  %y = linalg.contract
      indexing_maps = [affine_map<(b, s, n, k) -> (b, s, k)>, affine_map<(b, s, n, k) -> (n, k)>, affine_map<(b, s, n, k) -> (b, s, n)>]
      ins(%x, %t : tensor<2x3x64xbf16>, tensor<128x64xbf16>) outs(%out : tensor<2x3x128xf32>) -> tensor<2x3x128xf32>
  return %x, %y : tensor<2x3x64xbf16>, tensor<2x3x128xf32>
}

// -----

// Rows of an embedding that is stored folded: rows and products are those of its own shape.
// CHECK-LABEL: func @tied_and_folded
func.func @tied_and_folded(%ids: tensor<6xi64>, %rows: tensor<6x8xbf16>, %out: tensor<6x128xf32>) -> (tensor<6x8xbf16>, tensor<6x128xf32>) {
  // CHECK: uwt.gather %{{.*}} outs(%{{.*}}) : !uwt.compressed<128x8xbf16, "inplace<12>">, tensor<6xindex>, tensor<6x8xbf16> -> tensor<6x8xbf16>
  // CHECK: uwt.matmul ins(%{{.*}}, %{{.*}} : tensor<6x8xbf16>, !uwt.compressed<128x8xbf16, "inplace<12>">)
  %w = uwt.weight "tokens" : !uwt.compressed<128x8xbf16, "inplace<12>, fold=flat<64>">
  %t = uwt.decode %w : !uwt.compressed<128x8xbf16, "inplace<12>, fold=flat<64>"> -> tensor<128x8xbf16>
  %x = linalg.generic {indexing_maps = [affine_map<(b, d) -> (b)>, affine_map<(b, d) -> (b, d)>], iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<6xi64>) outs(%rows : tensor<6x8xbf16>) {
    ^bb0(%id: i64, %o: bf16):
      %row = arith.index_cast %id : i64 to index
      %d = linalg.index 1 : index
      %v = tensor.extract %t[%row, %d] : tensor<128x8xbf16>
      linalg.yield %v : bf16
  } -> tensor<6x8xbf16>
  %y = linalg.contract
      indexing_maps = [affine_map<(b, n, k) -> (b, k)>, affine_map<(b, n, k) -> (n, k)>, affine_map<(b, n, k) -> (b, n)>]
      ins(%x, %t : tensor<6x8xbf16>, tensor<128x8xbf16>) outs(%out : tensor<6x128xf32>) -> tensor<6x128xf32>
  return %x, %y : tensor<6x8xbf16>, tensor<6x128xf32>
}

// -----

// Stacked layers whose matrices are computed: those of all layers are, at load.
// CHECK-LABEL: func @stacked_heads
func.func @stacked_heads(%x: tensor<4x64xbf16>, %i: index, %out: tensor<4x4x16xf32>) -> tensor<4x4x16xf32> {
  // CHECK: %[[W:.*]] = uwt.weight "derive(layers)" {{.*}} : !uwt.compressed<6x64x64xbf16, "raw, storage=k_major">
  // CHECK: uwt.matmul ins(%{{.*}}, %[[W]] : {{.*}}) select(%{{.*}} : index)
  %w = uwt.weight "layers" : !uwt.compressed<6x64x4x16xbf16, "raw">
  %t = uwt.decode %w : !uwt.compressed<6x64x4x16xbf16, "raw"> -> tensor<6x64x4x16xbf16>
  %layer = tensor.extract_slice %t[%i, 0, 0, 0] [1, 64, 4, 16] [1, 1, 1, 1] : tensor<6x64x4x16xbf16> to tensor<64x4x16xbf16>
  %y = linalg.contract
      indexing_maps = [affine_map<(m, h, d, k) -> (m, k)>, affine_map<(m, h, d, k) -> (k, h, d)>, affine_map<(m, h, d, k) -> (m, h, d)>]
      ins(%x, %layer : tensor<4x64xbf16>, tensor<64x4x16xbf16>) outs(%out : tensor<4x4x16xf32>) -> tensor<4x4x16xf32>
  return %y : tensor<4x4x16xf32>
}
// CHECK: func.func private @derive(%[[STACK:.*]]: tensor<6x64x4x16xbf16>
// CHECK: scf.for %[[L:[^ ]*]] =
// CHECK: tensor.extract_slice %[[STACK]][%[[L]], 0, 0, 0] [1, 64, 4, 16]
// CHECK: tensor.collapse_shape {{.*}} into tensor<64x64xbf16>
// CHECK: tensor.insert_slice {{.*}}[%[[L]], 0, 0] [1, 64, 64]
