// RUN: uwt-opt %s -pass-pipeline='builtin.module(func.func(uwt-tile-rows{min-work=1024 tile-work=1024}))' -split-input-file | FileCheck %s
// RUN: uwt-opt %s -pass-pipeline='builtin.module(func.func(uwt-tile-rows))' -split-input-file | FileCheck %s --check-prefix=SMALL

// By default so little work is no parallel loop.
// SMALL-NOT: scf.forall

#matrix = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// A row's sum is done where the row is divided by it, and starts from zero there.
// CHECK-LABEL: func.func @normalize
// CHECK-SAME: %[[X:.*]]: tensor<16x512xf32>
// CHECK: scf.forall (%[[I:.*]]) in (16) shared_outs(%[[O:.*]] = %{{.*}})
// CHECK: %[[ROW:.*]] = tensor.extract_slice %[[X]][%[[I]], 0] [1, 512] [1, 1]
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<1xf32>
// CHECK: %[[ZERO:.*]] = linalg.fill {{.*}} outs(%[[EMPTY]]
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[ROW]] : tensor<1x512xf32>) outs(%[[ZERO]] : tensor<1xf32>)
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[ROW]], %[[SUM]] :
// CHECK: tensor.parallel_insert_slice %[[Y]] into %[[O]][%[[I]], 0] [1, 512] [1, 1]
func.func @normalize(%x: tensor<16x512xf32>) -> tensor<16x512xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %s = linalg.generic {indexing_maps = [#matrix, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<16x512xf32>) outs(%z : tensor<16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  } -> tensor<16xf32>
  %f = tensor.empty() : tensor<16x512xf32>
  %y = linalg.generic {indexing_maps = [#matrix, #row, #matrix], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : tensor<16x512xf32>, tensor<16xf32>) outs(%f : tensor<16x512xf32>) {
  ^bb0(%in: f32, %in_0: f32, %out: f32):
    %0 = arith.divf %in, %in_0 : f32
    linalg.yield %0 : f32
  } -> tensor<16x512xf32>
  return %y : tensor<16x512xf32>
}

// -----

// What all rows of a product need is computed once, before the loop over them, in a loop of its own.
// CHECK-LABEL: func.func @whole
// CHECK: %[[EXP:.*]] = scf.forall
// CHECK: linalg.exp
// CHECK: scf.forall
// CHECK-NOT: linalg.exp
// CHECK: linalg.matmul ins(%{{.*}}, %[[EXP]] :
func.func @whole(%x: tensor<16x32xf32>, %y: tensor<32x32xf32>, %o: tensor<16x32xf32>) -> tensor<16x32xf32> {
  %e = tensor.empty() : tensor<32x32xf32>
  %w = linalg.exp ins(%y : tensor<32x32xf32>) outs(%e : tensor<32x32xf32>) -> tensor<32x32xf32>
  %p = linalg.matmul ins(%x, %w : tensor<16x32xf32>, tensor<32x32xf32>) outs(%o : tensor<16x32xf32>) -> tensor<16x32xf32>
  return %p : tensor<16x32xf32>
}

// -----

// A vector of any length is cut into pieces.
// CHECK-LABEL: func.func @pieces
// CHECK: scf.forall (%{{.*}}) = (0) to (8192) step (512)
// CHECK: linalg.exp ins(%{{.*}} : tensor<512xf32>)
func.func @pieces(%x: tensor<8192xf32>) -> tensor<8192xf32> {
  %e = tensor.empty() : tensor<8192xf32>
  %w = linalg.exp ins(%x : tensor<8192xf32>) outs(%e : tensor<8192xf32>) -> tensor<8192xf32>
  return %w : tensor<8192xf32>
}

// -----

// A product over nothing is not cut; the zeros that it starts from are.
// CHECK-LABEL: func.func @empty_reduction
// CHECK: scf.forall
// CHECK: linalg.fill
// CHECK: tensor.parallel_insert_slice
// CHECK-NOT: scf.forall
// CHECK: linalg.mmt4d {{.*}} outs(%{{.*}} : tensor<3x2x512x2xi32>)
// CHECK: return
func.func @empty_reduction(%a: tensor<3x1x512x0xi32>, %b: tensor<2x1x2x0xi32>) -> tensor<3x2x512x2xi32> {
  %zero = arith.constant 0 : i32
  %empty = tensor.empty() : tensor<3x2x512x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%empty : tensor<3x2x512x2xi32>) -> tensor<3x2x512x2xi32>
  %y = linalg.mmt4d ins(%a, %b : tensor<3x1x512x0xi32>, tensor<2x1x2x0xi32>) outs(%init : tensor<3x2x512x2xi32>) -> tensor<3x2x512x2xi32>
  return %y : tensor<3x2x512x2xi32>
}
