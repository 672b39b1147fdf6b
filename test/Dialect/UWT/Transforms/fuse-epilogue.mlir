// RUN: uwt-opt %s -uwt-fuse-decode -split-input-file | FileCheck %s

// What follows a product, in one epilogue; and where it ends.

#map = affine_map<(d0, d1) -> (d0, d1)>
!kn = !uwt.compressed<64x128xbf16, "inplace<12>, storage=k_major">

// SiLU over four operations: a diamond, with a rounding in front that stays.
// CHECK-LABEL: func @silu
func.func @silu(%x: tensor<?x64xbf16>) -> tensor<?x128xbf16> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x64xbf16>
  %e32 = tensor.empty(%m) : tensor<?x128xf32>
  %e16 = tensor.empty(%m) : tensor<?x128xbf16>
  %init = linalg.fill ins(%zero : f32) outs(%e32 : tensor<?x128xf32>) -> tensor<?x128xf32>
  // CHECK: %[[Y:.*]] = uwt.matmul
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // CHECK-NEXT: %[[A:.*]] = arith.truncf %[[ACC]] : f32 to bf16
  // CHECK-NEXT: %[[B:.*]] = arith.extf %[[A]] : bf16 to f32
  // CHECK-NEXT: %[[C:.*]] = arith.negf %[[B]] : f32
  // CHECK-NEXT: %[[D:.*]] = math.exp %[[C]] : f32
  // CHECK-NEXT: %[[ONE:.*]] = arith.constant 1.0{{.*}} : f32
  // CHECK-NEXT: %[[E:.*]] = arith.addf %[[D]], %[[ONE]] : f32
  // CHECK-NEXT: %[[F:.*]] = arith.divf %[[ONE]], %[[E]] : f32
  // CHECK-NEXT: %[[G:.*]] = arith.mulf %[[B]], %[[F]] : f32
  // CHECK-NEXT: %[[R:.*]] = arith.truncf %[[G]] : f32 to bf16
  // CHECK-NEXT: uwt.yield %[[R]] : bf16
  // CHECK: return %[[Y]]
  %0 = linalg.matmul ins(%x, %t : tensor<?x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<?x128xf32>) -> tensor<?x128xf32>
  %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<?x128xf32>) outs(%e16 : tensor<?x128xbf16>) {
    ^bb0(%in: f32, %o: bf16):
      %5 = arith.truncf %in : f32 to bf16
      linalg.yield %5 : bf16
  } -> tensor<?x128xbf16>
  // The size of a value that is to be fused does not keep it alive.
  %m1 = tensor.dim %1, %c0 : tensor<?x128xbf16>
  %e1 = tensor.empty(%m1) : tensor<?x128xf32>
  %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%1 : tensor<?x128xbf16>) outs(%e1 : tensor<?x128xf32>) {
    ^bb0(%in: bf16, %o: f32):
      %5 = arith.extf %in : bf16 to f32
      linalg.yield %5 : f32
  } -> tensor<?x128xf32>
  %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%2 : tensor<?x128xf32>) outs(%e1 : tensor<?x128xf32>) {
    ^bb0(%in: f32, %o: f32):
      %5 = arith.negf %in : f32
      %6 = math.exp %5 : f32
      %7 = arith.addf %6, %one : f32
      %8 = arith.divf %one, %7 : f32
      linalg.yield %8 : f32
  } -> tensor<?x128xf32>
  %4 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%2, %3 : tensor<?x128xf32>, tensor<?x128xf32>) outs(%e1 : tensor<?x128xf32>) {
    ^bb0(%in: f32, %in1: f32, %o: f32):
      %5 = arith.mulf %in, %in1 : f32
      linalg.yield %5 : f32
  } -> tensor<?x128xf32>
  %y = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%4 : tensor<?x128xf32>) outs(%e16 : tensor<?x128xbf16>) {
    ^bb0(%in: f32, %o: bf16):
      %5 = arith.truncf %in : f32 to bf16
      linalg.yield %5 : bf16
  } -> tensor<?x128xbf16>
  return %y : tensor<?x128xbf16>
}

// The two halves of a gated product: one is an operand of the other's epilogue.
// CHECK-LABEL: func @gated
func.func @gated(%x: tensor<4x64xbf16>) -> tensor<4x128xf32> {
  %g = uwt.weight "gate" : !kn
  %u = uwt.weight "up" : !kn
  %tg = uwt.decode %g : !kn -> tensor<64x128xbf16>
  %tu = uwt.decode %u : !kn -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<4x128xf32>
  %e = tensor.empty() : tensor<4x128xf32>
  // CHECK-DAG: %[[G:.*]] = uwt.weight "gate"
  // CHECK-DAG: %[[U:.*]] = uwt.weight "up"
  // CHECK: %[[UP:.*]] = uwt.matmul ins(%{{.*}}, %[[U]] :
  // CHECK: %[[Y:.*]] = uwt.matmul ins(%{{.*}}, %[[G]] : {{.*}} extras(%[[UP]] : tensor<4x128xf32>)
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[OTHER:.*]]: f32):
  // CHECK-NEXT: %[[M:.*]] = arith.mulf %[[ACC]], %[[OTHER]] : f32
  // CHECK-NEXT: uwt.yield %[[M]]
  // CHECK: return %[[Y]]
  %gate = linalg.matmul ins(%x, %tg : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  %up = linalg.matmul ins(%x, %tu : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  %y = linalg.mul ins(%gate, %up : tensor<4x128xf32>, tensor<4x128xf32>) outs(%e : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// Named elementwise operations, a number, and a scalar that is not constant.
// CHECK-LABEL: func @named
// CHECK-SAME: %[[S:[^:]*]]: f32
func.func @named(%x: tensor<4x64xbf16>, %scale: f32) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<4x128xf32>
  %two = arith.constant dense<2.0> : tensor<4x128xf32>
  %e = tensor.empty() : tensor<4x128xf32>
  // CHECK: %[[T:.*]] = tensor.from_elements %[[S]] : tensor<f32>
  // CHECK: uwt.matmul {{.*}} extras(%[[T]] : tensor<f32>)
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[SCALE:.*]]: f32):
  // CHECK-NEXT: %[[TWO:.*]] = arith.constant 2.0{{.*}} : f32
  // CHECK-NEXT: %[[A:.*]] = arith.addf %[[ACC]], %[[TWO]] : f32
  // CHECK-NEXT: %[[B:.*]] = arith.mulf %[[A]], %[[SCALE]] : f32
  // CHECK-NEXT: %[[C:.*]] = math.tanh %[[B]] : f32
  // CHECK-NEXT: uwt.yield %[[C]]
  %0 = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  %1 = linalg.add ins(%0, %two : tensor<4x128xf32>, tensor<4x128xf32>) outs(%e : tensor<4x128xf32>) -> tensor<4x128xf32>
  %2 = linalg.generic {indexing_maps = [#map, affine_map<(d0, d1) -> ()>, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %scale : tensor<4x128xf32>, f32) outs(%e : tensor<4x128xf32>) {
    ^bb0(%in: f32, %s: f32, %o: f32):
      %5 = arith.mulf %in, %s : f32
      linalg.yield %5 : f32
  } -> tensor<4x128xf32>
  %y = linalg.tanh ins(%2 : tensor<4x128xf32>) outs(%e : tensor<4x128xf32>) -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// A residual behind the reshape to [batch, tokens], torch's form, the batch being 1: maps with zeros.
// CHECK-LABEL: func @residual_of_reshaped
// CHECK-SAME: %{{[^:]*}}: tensor<7x64xbf16>, %[[R:[^:]*]]: tensor<1x7x128xf32>, %[[S:[^:]*]]: tensor<7x1xf32>
func.func @residual_of_reshaped(%x: tensor<7x64xbf16>, %r: tensor<1x7x128xf32>, %s: tensor<7x1xf32>) -> tensor<1x7x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<7x128xf32>
  %e = tensor.empty() : tensor<1x7x128xf32>
  // CHECK-DAG: %[[CR:.*]] = tensor.collapse_shape %[[R]] {{\[}}[0, 1], [2]] : tensor<1x7x128xf32> into tensor<7x128xf32>
  // CHECK-DAG: %[[CS:.*]] = tensor.collapse_shape %[[S]] {{\[}}[0, 1]] : tensor<7x1xf32> into tensor<7xf32>
  // CHECK: %[[P:.*]] = uwt.matmul {{.*}} extras(%[[CR]], %[[CS]] : tensor<7x128xf32>, tensor<7xf32>)
  // CHECK: %[[Y:.*]] = tensor.expand_shape %[[P]] {{\[}}[0, 1], [2]] output_shape [1, 7, 128]
  // CHECK: return %[[Y]]
  %0 = linalg.matmul ins(%x, %t : tensor<7x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<7x128xf32>) -> tensor<7x128xf32>
  %1 = tensor.expand_shape %0 [[0, 1], [2]] output_shape [1, 7, 128] : tensor<7x128xf32> into tensor<1x7x128xf32>
  %y = linalg.generic {
      indexing_maps = [affine_map<(b, s, n) -> (0, s, n)>, affine_map<(b, s, n) -> (b, s, n)>, affine_map<(b, s, n) -> (s, 0)>, affine_map<(b, s, n) -> (b, s, n)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%1, %r, %s : tensor<1x7x128xf32>, tensor<1x7x128xf32>, tensor<7x1xf32>) outs(%e : tensor<1x7x128xf32>) {
    ^bb0(%in: f32, %res: f32, %row: f32, %o: f32):
      %5 = arith.addf %in, %res : f32
      %6 = arith.mulf %5, %row : f32
      linalg.yield %6 : f32
  } -> tensor<1x7x128xf32>
  return %y : tensor<1x7x128xf32>
}

// A size that the product has, hidden by a cast in front of a reshape to two sizes that are not known.
// CHECK-LABEL: func @hidden_size
// CHECK-SAME: %{{[^:]*}}: tensor<6x64xbf16>, %[[R:[^:]*]]: tensor<?x?x128xf32>
func.func @hidden_size(%x: tensor<6x64xbf16>, %r: tensor<?x?x128xf32>) -> tensor<?x?x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<6x128xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK-DAG: %[[M0:.*]] = tensor.dim %[[R]], %c0
  // CHECK-DAG: %[[M1:.*]] = tensor.dim %[[R]], %c1
  %m0 = tensor.dim %r, %c0 : tensor<?x?x128xf32>
  %m1 = tensor.dim %r, %c1 : tensor<?x?x128xf32>
  // CHECK: %[[CR:.*]] = tensor.collapse_shape %[[R]]
  // CHECK: %[[P:.*]] = uwt.matmul {{.*}} extras(%[[CR]] : tensor<?x128xf32>)
  // CHECK: %[[C:.*]] = tensor.cast %[[P]] : tensor<6x128xf32> to tensor<?x128xf32>
  // CHECK: %[[Y:.*]] = tensor.expand_shape %[[C]] {{\[}}[0, 1], [2]] output_shape [%[[M0]], %[[M1]], 128]
  // CHECK: return %[[Y]]
  %0 = linalg.matmul ins(%x, %t : tensor<6x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<6x128xf32>) -> tensor<6x128xf32>
  %1 = tensor.cast %0 : tensor<6x128xf32> to tensor<?x128xf32>
  %2 = tensor.expand_shape %1 [[0, 1], [2]] output_shape [%m0, %m1, 128] : tensor<?x128xf32> into tensor<?x?x128xf32>
  %e = tensor.empty(%m0, %m1) : tensor<?x?x128xf32>
  %3 = linalg.add ins(%2, %r : tensor<?x?x128xf32>, tensor<?x?x128xf32>) outs(%e : tensor<?x?x128xf32>) -> tensor<?x?x128xf32>
  return %3 : tensor<?x?x128xf32>
}

// Two dimensions of M whose sizes are not known, there and back, and the product of another one as residual.
// CHECK-LABEL: func @dynamic_reshapes
// CHECK-SAME: %[[X:[^:]*]]: tensor<?x?x64xbf16>, %[[R:[^:]*]]: tensor<?x?x128xf32>
func.func @dynamic_reshapes(%x: tensor<?x?x64xbf16>, %r: tensor<?x?x128xf32>, %out: tensor<?x?x128xf32>) -> tensor<?x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<?x?x128xf32>) -> tensor<?x?x128xf32>
  // CHECK-DAG: %[[CX:.*]] = tensor.collapse_shape %[[X]]
  // CHECK-DAG: %[[CR:.*]] = tensor.collapse_shape %[[R]]
  // CHECK: %[[Y:.*]] = uwt.matmul ins(%[[CX]], {{.*}} extras(%[[CR]] : tensor<?x128xf32>)
  // CHECK-NOT: tensor.expand_shape
  // CHECK: return %[[Y]]
  %0 = linalg.contract
      indexing_maps = [affine_map<(b, s, n, k) -> (b, s, k)>, affine_map<(b, s, n, k) -> (k, n)>, affine_map<(b, s, n, k) -> (b, s, n)>]
      ins(%x, %t : tensor<?x?x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<?x?x128xf32>) -> tensor<?x?x128xf32>
  %1 = linalg.add ins(%0, %r : tensor<?x?x128xf32>, tensor<?x?x128xf32>) outs(%out : tensor<?x?x128xf32>) -> tensor<?x?x128xf32>
  %2 = tensor.collapse_shape %1 [[0, 1], [2]] : tensor<?x?x128xf32> into tensor<?x128xf32>
  %c0 = arith.constant 0 : index
  %m = tensor.dim %2, %c0 : tensor<?x128xf32>
  %e = tensor.empty(%m) : tensor<?x128xf32>
  %y = linalg.negf ins(%2 : tensor<?x128xf32>) outs(%e : tensor<?x128xf32>) -> tensor<?x128xf32>
  return %y : tensor<?x128xf32>
}

// Two users that do not meet again, one of them no elementwise operation.
// CHECK-LABEL: func @several_uses
func.func @several_uses(%x: tensor<4x64xbf16>, %out: tensor<4xf32>) -> (tensor<4x128xbf16>, tensor<4xf32>) {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<4x128xf32>
  %e = tensor.empty() : tensor<4x128xf32>
  %e16 = tensor.empty() : tensor<4x128xbf16>
  // CHECK: %[[P:.*]] = uwt.matmul
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // CHECK-NEXT: %[[A:.*]] = arith.negf %[[ACC]] : f32
  // CHECK-NEXT: uwt.yield %[[A]]
  // CHECK: linalg.generic {{.*}} ins(%[[P]] :
  // CHECK: linalg.reduce {{.*}} ins(%[[P]] :
  %0 = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  %1 = linalg.negf ins(%0 : tensor<4x128xf32>) outs(%e : tensor<4x128xf32>) -> tensor<4x128xf32>
  %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%1 : tensor<4x128xf32>) outs(%e16 : tensor<4x128xbf16>) {
    ^bb0(%in: f32, %o: bf16):
      %5 = arith.truncf %in : f32 to bf16
      linalg.yield %5 : bf16
  } -> tensor<4x128xbf16>
  %3 = linalg.reduce {arith.addf} ins(%1 : tensor<4x128xf32>) outs(%out : tensor<4xf32>) dimensions = [1]
  return %2, %3 : tensor<4x128xbf16>, tensor<4xf32>
}

// A widening at the end would make the product write twice the bytes.
// CHECK-LABEL: func @widened_result
func.func @widened_result(%x: tensor<4x64xbf16>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<4x128xbf16>
  %e = tensor.empty() : tensor<4x128xf32>
  // CHECK: uwt.matmul {{.*}} outs(%{{.*}} : tensor<4x128xbf16>)
  // CHECK: linalg.generic
  // CHECK: arith.extf
  %0 = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xbf16>) -> tensor<4x128xbf16>
  %y = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<4x128xbf16>) outs(%e : tensor<4x128xf32>) {
    ^bb0(%in: bf16, %o: f32):
      %5 = arith.extf %in : bf16 to f32
      linalg.yield %5 : f32
  } -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// What differs from place to place, what repeats the result, and an operand that lies in part of M only.
// CHECK-LABEL: func @not_elementwise
func.func @not_elementwise(%x: tensor<2x7x64xbf16>, %p: tensor<7x128xf32>) -> (tensor<2x7x128xf32>, tensor<3x14x128xf32>, tensor<14x128xf32>) {
  %w = uwt.weight "w" : !kn
  %w1 = uwt.weight "w1" : !kn
  %w2 = uwt.weight "w2" : !kn
  %t2 = uwt.decode %w2 : !kn -> tensor<64x128xbf16>
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %t1 = uwt.decode %w1 : !kn -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<14x128xf32>
  %init3 = arith.constant dense<0.0> : tensor<2x7x128xf32>
  %e = tensor.empty() : tensor<14x128xf32>
  %e3 = tensor.empty() : tensor<2x7x128xf32>
  %er = tensor.empty() : tensor<3x14x128xf32>
  %c = tensor.collapse_shape %x [[0, 1], [2]] : tensor<2x7x64xbf16> into tensor<14x64xbf16>
  // CHECK: uwt.matmul {{.*}} outs({{.*}}) {
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // CHECK-NEXT: uwt.yield %[[ACC]]
  // CHECK: linalg.generic
  %0 = linalg.contract
      indexing_maps = [affine_map<(b, s, n, k) -> (b, s, k)>, affine_map<(b, s, n, k) -> (k, n)>, affine_map<(b, s, n, k) -> (b, s, n)>]
      ins(%x, %t2 : tensor<2x7x64xbf16>, tensor<64x128xbf16>) outs(%init3 : tensor<2x7x128xf32>) -> tensor<2x7x128xf32>
  %y0 = linalg.generic {
      indexing_maps = [affine_map<(b, s, n) -> (b, s, n)>, affine_map<(b, s, n) -> (s, n)>, affine_map<(b, s, n) -> (b, s, n)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%0, %p : tensor<2x7x128xf32>, tensor<7x128xf32>) outs(%e3 : tensor<2x7x128xf32>) {
    ^bb0(%in: f32, %position: f32, %o: f32):
      %5 = arith.addf %in, %position : f32
      linalg.yield %5 : f32
  } -> tensor<2x7x128xf32>
  // CHECK: uwt.matmul {{.*}} outs({{.*}}) {
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // CHECK-NEXT: %[[A:.*]] = math.absf %[[ACC]] : f32
  // CHECK-NEXT: uwt.yield %[[A]]
  // CHECK: linalg.broadcast
  %1 = linalg.matmul ins(%c, %t : tensor<14x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<14x128xf32>) -> tensor<14x128xf32>
  %2 = linalg.abs ins(%1 : tensor<14x128xf32>) outs(%e : tensor<14x128xf32>) -> tensor<14x128xf32>
  %y1 = linalg.broadcast ins(%2 : tensor<14x128xf32>) outs(%er : tensor<3x14x128xf32>) dimensions = [0]
  // CHECK: uwt.matmul {{.*}} outs({{.*}}) {
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // CHECK-NEXT: %[[A:.*]] = arith.negf %[[ACC]] : f32
  // CHECK-NEXT: uwt.yield %[[A]]
  // CHECK: linalg.index
  %3 = linalg.matmul ins(%c, %t1 : tensor<14x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<14x128xf32>) -> tensor<14x128xf32>
  %4 = linalg.negf ins(%3 : tensor<14x128xf32>) outs(%e : tensor<14x128xf32>) -> tensor<14x128xf32>
  %y2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%4 : tensor<14x128xf32>) outs(%e : tensor<14x128xf32>) {
    ^bb0(%in: f32, %o: f32):
      %i = linalg.index 0 : index
      %5 = arith.index_cast %i : index to i32
      %6 = arith.sitofp %5 : i32 to f32
      %7 = arith.addf %in, %6 : f32
      linalg.yield %7 : f32
  } -> tensor<14x128xf32>
  return %y0, %y1, %y2 : tensor<2x7x128xf32>, tensor<3x14x128xf32>, tensor<14x128xf32>
}

// Arithmetic on whole tensors is elementwise, too.
// CHECK-LABEL: func @tensor_arithmetic
// CHECK-SAME: %{{[^:]*}}: tensor<4x64xbf16>, %[[R:[^:]*]]: tensor<4x128xf32>
func.func @tensor_arithmetic(%x: tensor<4x64xbf16>, %r: tensor<4x128xf32>) -> tensor<4x128xbf16> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<4x128xf32>
  // CHECK: %[[Y:.*]] = uwt.matmul {{.*}} extras(%[[R]] : tensor<4x128xf32>)
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32, %[[IN:.*]]: f32):
  // CHECK-NEXT: %[[A:.*]] = arith.addf %[[ACC]], %[[IN]] : f32
  // CHECK-NEXT: %[[B:.*]] = arith.truncf %[[A]] : f32 to bf16
  // CHECK-NEXT: uwt.yield %[[B]]
  // CHECK: return %[[Y]]
  %0 = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  %1 = arith.addf %0, %r : tensor<4x128xf32>
  %y = arith.truncf %1 : tensor<4x128xf32> to tensor<4x128xbf16>
  return %y : tensor<4x128xbf16>
}

// An operation that writes over its operand, as outs say.
// CHECK-LABEL: func @in_place
func.func @in_place(%x: tensor<4x64xbf16>) -> tensor<4x128xf32> {
  %w = uwt.weight "w" : !kn
  %t = uwt.decode %w : !kn -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<4x128xf32>
  // CHECK: %[[Y:.*]] = uwt.matmul
  // CHECK-NEXT: ^bb0(%[[ACC:.*]]: f32):
  // CHECK-NEXT: %[[A:.*]] = math.exp %[[ACC]] : f32
  // CHECK-NEXT: uwt.yield %[[A]]
  // CHECK: return %[[Y]]
  %0 = linalg.matmul ins(%x, %t : tensor<4x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<4x128xf32>) -> tensor<4x128xf32>
  %y = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%0 : tensor<4x128xf32>) {
    ^bb0(%o: f32):
      %5 = math.exp %o : f32
      linalg.yield %5 : f32
  } -> tensor<4x128xf32>
  return %y : tensor<4x128xf32>
}

// Two layers with GELU between them in [batch, tokens, features]: one reads what the other one writes.
// CHECK-LABEL: func @two_layers
// CHECK-SAME: %{{[^:]*}}: tensor<14x64xbf16>, %[[R:[^:]*]]: tensor<2x7x64xbf16>
func.func @two_layers(%x: tensor<14x64xbf16>, %r: tensor<2x7x64xbf16>) -> tensor<2x7x64xbf16> {
  %w0 = uwt.weight "up" : !kn
  %w1 = uwt.weight "down" : !uwt.compressed<64x128xbf16, "inplace<12>">
  %t0 = uwt.decode %w0 : !kn -> tensor<64x128xbf16>
  %t1 = uwt.decode %w1 : !uwt.compressed<64x128xbf16, "inplace<12>"> -> tensor<64x128xbf16>
  %init = arith.constant dense<0.0> : tensor<14x128xbf16>
  %init1 = arith.constant dense<0.0> : tensor<14x64xbf16>
  %e = tensor.empty() : tensor<2x7x128xbf16>
  %e1 = tensor.empty() : tensor<2x7x64xbf16>
  // CHECK: %[[H:.*]] = uwt.matmul {{.*}} outs(%{{.*}} : tensor<14x128xbf16>)
  // CHECK: math.erf
  // CHECK: %[[CR:.*]] = tensor.collapse_shape %[[R]]
  // CHECK: %[[P:.*]] = uwt.matmul ins(%[[H]], {{.*}} extras(%[[CR]] : tensor<14x64xbf16>)
  // CHECK: %[[Y:.*]] = tensor.expand_shape %[[P]]
  // CHECK: return %[[Y]]
  %0 = linalg.matmul ins(%x, %t0 : tensor<14x64xbf16>, tensor<64x128xbf16>) outs(%init : tensor<14x128xbf16>) -> tensor<14x128xbf16>
  %1 = tensor.expand_shape %0 [[0, 1], [2]] output_shape [2, 7, 128] : tensor<14x128xbf16> into tensor<2x7x128xbf16>
  %2 = linalg.erf ins(%1 : tensor<2x7x128xbf16>) outs(%e : tensor<2x7x128xbf16>) -> tensor<2x7x128xbf16>
  %3 = linalg.mul ins(%1, %2 : tensor<2x7x128xbf16>, tensor<2x7x128xbf16>) outs(%e : tensor<2x7x128xbf16>) -> tensor<2x7x128xbf16>
  %4 = tensor.collapse_shape %3 [[0, 1], [2]] : tensor<2x7x128xbf16> into tensor<14x128xbf16>
  %5 = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%4, %t1 : tensor<14x128xbf16>, tensor<64x128xbf16>) outs(%init1 : tensor<14x64xbf16>) -> tensor<14x64xbf16>
  %6 = tensor.expand_shape %5 [[0, 1], [2]] output_shape [2, 7, 64] : tensor<14x64xbf16> into tensor<2x7x64xbf16>
  %y = linalg.add ins(%6, %r : tensor<2x7x64xbf16>, tensor<2x7x64xbf16>) outs(%e1 : tensor<2x7x64xbf16>) -> tensor<2x7x64xbf16>
  return %y : tensor<2x7x64xbf16>
}
