// RUN: uwt-opt %s -pass-pipeline='builtin.module(func.func(uwt-fuse-elementwise))' | FileCheck %s

#id = affine_map<(i) -> (i)>

// Roundings that the IR states stay, in one operation.
// CHECK-LABEL: func.func @rounding
// CHECK: linalg.generic
// CHECK: %[[N:.*]] = arith.truncf
// CHECK-NEXT: arith.extf %[[N]]
// CHECK-NOT: linalg.generic
func.func @rounding(%x: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xbf16>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e : tensor<8xbf16>) {
  ^bb0(%in: f32, %out: bf16):
    %0 = arith.truncf %in : f32 to bf16
    linalg.yield %0 : bf16
  } -> tensor<8xbf16>
  %f = tensor.empty() : tensor<8xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%a : tensor<8xbf16>) outs(%f : tensor<8xf32>) {
  ^bb0(%in: bf16, %out: f32):
    %0 = arith.extf %in : bf16 to f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  return %b : tensor<8xf32>
}

// The exponential of a row's element is not computed again for each column.
// CHECK-LABEL: func.func @broadcast
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK: linalg.generic
// CHECK: arith.mulf
func.func @broadcast(%x: tensor<4xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %f = tensor.empty() : tensor<4x8xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>,
                                        affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%a, %y : tensor<4xf32>, tensor<4x8xf32>) outs(%f : tensor<4x8xf32>) {
  ^bb0(%in: f32, %in_0: f32, %out: f32):
    %0 = arith.mulf %in, %in_0 : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  return %b : tensor<4x8xf32>
}

// A result with several users is computed once; widening it is not a computation.
// CHECK-LABEL: func.func @shared
// CHECK: %[[EXP:.*]] = linalg.generic
// CHECK: math.exp
// CHECK: linalg.generic {{.*}} ins(%[[EXP]]
// CHECK: arith.extf
// CHECK: arith.negf
// CHECK: linalg.generic {{.*}} ins(%[[EXP]]
// CHECK: arith.extf
// CHECK: math.absf
// CHECK-NOT: linalg.generic
func.func @shared(%x: tensor<8xbf16>) -> (tensor<8xbf16>, tensor<8xf32>, tensor<8xf32>) {
  %e = tensor.empty() : tensor<8xbf16>
  %a = linalg.exp ins(%x : tensor<8xbf16>) outs(%e : tensor<8xbf16>) -> tensor<8xbf16>
  %f = tensor.empty() : tensor<8xf32>
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%a : tensor<8xbf16>) outs(%f : tensor<8xf32>) {
  ^bb0(%in: bf16, %out: f32):
    %0 = arith.extf %in : bf16 to f32
    linalg.yield %0 : f32
  } -> tensor<8xf32>
  %n = linalg.negf ins(%w : tensor<8xf32>) outs(%f : tensor<8xf32>) -> tensor<8xf32>
  %b = linalg.abs ins(%w : tensor<8xf32>) outs(%f : tensor<8xf32>) -> tensor<8xf32>
  return %a, %n, %b : tensor<8xbf16>, tensor<8xf32>, tensor<8xf32>
}

// A transpose goes into a product.
// CHECK-LABEL: func.func @transpose
// CHECK-NOT: linalg.transpose
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]} ins(%{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<16x8xf32>)
// CHECK-NOT: linalg.generic
func.func @transpose(%x: tensor<4x8xf32>, %y: tensor<16x8xf32>, %o: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %e = tensor.empty() : tensor<8x16xf32>
  %t = linalg.transpose ins(%y : tensor<16x8xf32>) outs(%e : tensor<8x16xf32>) permutation = [1, 0]
  %p = linalg.matmul ins(%x, %t : tensor<4x8xf32>, tensor<8x16xf32>) outs(%o : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %p : tensor<4x16xf32>
}

// The position of a maximum that nobody asks for goes.
// CHECK-LABEL: func.func @argmax
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0(%[[IN:.*]]: f32, %[[OUT:.*]]: f32):
// CHECK-NEXT: arith.maximumf %[[IN]], %[[OUT]]
// CHECK-NEXT: linalg.yield
func.func @argmax(%x: tensor<4x8xf32>, %m: tensor<4xf32>, %p: tensor<4xi64>) -> tensor<4xf32> {
  %r:2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>,
                                          affine_map<(i, j) -> (i)>],
                         iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%m, %p : tensor<4xf32>, tensor<4xi64>) {
  ^bb0(%in: f32, %out: f32, %position: i64):
    %0 = linalg.index 1 : index
    %1 = arith.index_cast %0 : index to i64
    %2 = arith.maximumf %in, %out : f32
    %3 = arith.cmpf ogt, %in, %out : f32
    %4 = arith.select %3, %1, %position : i64
    linalg.yield %2, %4 : f32, i64
  } -> (tensor<4xf32>, tensor<4xi64>)
  return %r#0 : tensor<4xf32>
}
