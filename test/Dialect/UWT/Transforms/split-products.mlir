// RUN: uwt-opt %s --uwt-split-products --split-input-file | FileCheck %s

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
#row = affine_map<(m, n, k) -> (m)>
#column = affine_map<(m, n, k) -> (k)>

// A norm in front of the product, as elementwise fusion puts it there: two scales and a rounding.
// CHECK-LABEL: func @norm
// CHECK: %[[SIDE:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1, %arg2 :
// CHECK: arith.truncf
// CHECK-NEXT: linalg.yield %{{.*}} : bf16
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[SIDE]], %{{.*}} : tensor<4x64xbf16>, tensor<32x64xbf16>)
// CHECK-NEXT: ^bb0(%[[A:.*]]: bf16, %[[B:.*]]: bf16, %[[O:.*]]: f32):
// CHECK-NEXT: %[[L:.*]] = arith.extf %[[A]]
// CHECK-NEXT: %[[R:.*]] = arith.extf %[[B]]
// CHECK-NEXT: %[[P:.*]] = arith.mulf %[[L]], %[[R]]
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[O]], %[[P]]
// CHECK-NEXT: linalg.yield %[[S]]
// CHECK: return %[[Y]]
func.func @norm(%x: tensor<4x64xbf16>, %r: tensor<4xf32>, %s: tensor<64xf32>, %z: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %w = uwt.weight "w" : tensor<32x64xbf16>
  %y = linalg.generic {indexing_maps = [#x, #row, #column, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %r, %s, %w : tensor<4x64xbf16>, tensor<4xf32>, tensor<64xf32>, tensor<32x64xbf16>) outs(%z : tensor<4x32xf32>) {
  ^bb0(%a: bf16, %b: f32, %c: f32, %d: bf16, %o: f32):
    %0 = arith.extf %a : bf16 to f32
    %1 = arith.mulf %0, %b : f32
    %2 = arith.mulf %1, %c : f32
    %3 = arith.truncf %2 : f32 to bf16
    %4 = arith.extf %3 : bf16 to f32
    %5 = arith.extf %d : bf16 to f32
    %6 = arith.mulf %4, %5 : f32
    %7 = arith.addf %o, %6 : f32
    linalg.yield %7 : f32
  } -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>

// Two sums, of which one is subtracted; each reads its own inputs alone.
// CHECK-LABEL: func @two_sums
// CHECK: %[[W:.*]] = uwt.weight "w"
// CHECK: %[[V:.*]] = uwt.weight "v"
// CHECK: %[[FIRST:.*]] = linalg.generic {{.*}} ins(%arg0, %[[W]] :
// CHECK: %[[MINUS:.*]] = linalg.generic
// CHECK: arith.negf
// CHECK: %[[SECOND:.*]] = linalg.generic {{.*}} ins(%[[V]], %[[MINUS]] :
// CHECK: arith.addf
// CHECK: return %[[FIRST]], %[[SECOND]]
func.func @two_sums(%x: tensor<4x64xbf16>, %z: tensor<4x32xf32>) -> (tensor<4x32xf32>, tensor<4x32xf32>) {
  %w = uwt.weight "w" : tensor<32x64xbf16>
  %v = uwt.weight "v" : tensor<32x64xbf16>
  %y:2 = linalg.generic {indexing_maps = [#x, #w, #w, #y, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w, %v : tensor<4x64xbf16>, tensor<32x64xbf16>, tensor<32x64xbf16>) outs(%z, %z : tensor<4x32xf32>, tensor<4x32xf32>) {
  ^bb0(%a: bf16, %b: bf16, %c: bf16, %o: f32, %p: f32):
    %0 = arith.extf %a : bf16 to f32
    %1 = arith.extf %b : bf16 to f32
    %2 = arith.extf %c : bf16 to f32
    %3 = math.fma %0, %1, %o : f32
    %4 = arith.mulf %2, %0 : f32
    %5 = arith.subf %p, %4 : f32
    linalg.yield %3, %5 : f32, f32
  } -> (tensor<4x32xf32>, tensor<4x32xf32>)
  return %y#0, %y#1 : tensor<4x32xf32>, tensor<4x32xf32>
}

// -----

// A broadcast multiplication whose results are added up.
// CHECK-LABEL: func @multiply_then_sum
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%arg0, %{{.*}} : tensor<4x64xf32>, tensor<32x64xbf16>)
// CHECK-NOT: linalg.{{generic|reduce}}
func.func @multiply_then_sum(%x: tensor<4x64xf32>, %z: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %w = uwt.weight "w" : tensor<32x64xbf16>
  %e = tensor.empty() : tensor<4x32x64xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n, k)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %w : tensor<4x64xf32>, tensor<32x64xbf16>) outs(%e : tensor<4x32x64xf32>) {
  ^bb0(%a: f32, %b: bf16, %o: f32):
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4x32x64xf32>
  %y = linalg.reduce ins(%p : tensor<4x32x64xf32>) outs(%z : tensor<4x32xf32>) dimensions = [2] (%a: f32, %o: f32) {
    %0 = arith.addf %a, %o : f32
    linalg.yield %0 : f32
  }
  return %y : tensor<4x32xf32>
}

// -----

#x = affine_map<(m, n, k) -> (m, k)>
#y = affine_map<(m, n, k) -> (m, n)>

// One of several matrices, by a constant index, and an input that nobody reads.
// CHECK-LABEL: func @constant_index
// CHECK: %[[W:.*]] = tensor.extract_slice %{{.*}}[1, 0, 0] [1, 32, 64] [1, 1, 1] : tensor<2x32x64xbf16> to tensor<32x64xbf16>
// CHECK: linalg.generic {{.*}} ins(%arg0, %[[W]] : tensor<4x64xbf16>, tensor<32x64xbf16>)
func.func @constant_index(%x: tensor<4x64xbf16>, %unused: tensor<4x64xf32>, %z: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %w = uwt.weight "w" : tensor<2x32x64xbf16>
  %y = linalg.generic {indexing_maps = [#x, #x, affine_map<(m, n, k) -> (1, n, k)>, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %unused, %w : tensor<4x64xbf16>, tensor<4x64xf32>, tensor<2x32x64xbf16>) outs(%z : tensor<4x32xf32>) {
  ^bb0(%a: bf16, %u: f32, %b: bf16, %o: f32):
    %0 = arith.extf %a : bf16 to f32
    %1 = arith.extf %b : bf16 to f32
    %2 = arith.mulf %0, %1 : f32
    %3 = arith.addf %o, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>

// A scale of each product that goes by both: the order of roundings would change. No weight: nothing to gain.
// CHECK-LABEL: func @left_alone
// CHECK-COUNT-2: linalg.generic
// CHECK-NOT: linalg.generic
func.func @left_alone(%x: tensor<4x64xf32>, %s: tensor<4x64xf32>, %v: tensor<32x64xf32>, %z: tensor<4x32xf32>) -> (tensor<4x32xf32>, tensor<4x32xf32>) {
  %w = uwt.weight "w" : tensor<32x64xbf16>
  %y = linalg.generic {indexing_maps = [#x, #w, #x, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w, %s : tensor<4x64xf32>, tensor<32x64xbf16>, tensor<4x64xf32>) outs(%z : tensor<4x32xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32, %o: f32):
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.mulf %1, %c : f32
    %3 = arith.addf %o, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4x32xf32>
  %u = linalg.generic {indexing_maps = [#x, #w, #x, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %v, %s : tensor<4x64xf32>, tensor<32x64xf32>, tensor<4x64xf32>) outs(%z : tensor<4x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %0 = arith.mulf %a, %c : f32
    %1 = arith.mulf %0, %b : f32
    %2 = arith.addf %o, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x32xf32>
  return %y, %u : tensor<4x32xf32>, tensor<4x32xf32>
}

// -----

// Rows of a weight that are scaled where they are looked up; the check of the index goes with the lookup.
// CHECK-LABEL: func @scaled_lookup
// CHECK: %[[ROWS:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<3xi64>) outs(%{{.*}} : tensor<3x64xbf16>)
// CHECK: uwt.check
// CHECK: %[[READ:.*]] = tensor.extract
// CHECK-NEXT: linalg.yield %[[READ]]
// CHECK: linalg.generic {{.*}} ins(%arg0, %[[ROWS]] : tensor<3xi64>, tensor<3x64xbf16>)
// CHECK-NOT: uwt.check
// CHECK: arith.mulf
func.func @scaled_lookup(%ids: tensor<3xi64>) -> tensor<3x64xbf16> {
  %w = uwt.weight "w" : tensor<32x64xbf16>
  %s = arith.constant 4.0 : bf16
  %size = arith.constant 32 : index
  %e = tensor.empty() : tensor<3x64xbf16>
  %h = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (i, k)>], iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<3xi64>) outs(%e : tensor<3x64xbf16>) {
  ^bb0(%id: i64, %o: bf16):
    %i = arith.index_cast %id : i64 to index
    %k = linalg.index 1 : index
    %inside = arith.cmpi ult, %i, %size : index
    uwt.check %inside, "outside"
    %0 = tensor.extract %w[%i, %k] : tensor<32x64xbf16>
    %1 = arith.mulf %0, %s : bf16
    linalg.yield %1 : bf16
  } -> tensor<3x64xbf16>
  return %h : tensor<3x64xbf16>
}

// -----

#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>

// A body with a check stays whole.
// CHECK-LABEL: func @checked
// CHECK: uwt.check
// CHECK: arith.mulf
func.func @checked(%x: tensor<4x64xf32>, %t: tensor<16xf32>, %z: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %w = uwt.weight "w" : tensor<32x64xbf16>
  %limit = arith.constant 2.0 : f32
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x64xf32>, tensor<32x64xbf16>) outs(%z : tensor<4x32xf32>) {
  ^bb0(%a: f32, %b: bf16, %o: f32):
    %inside = arith.cmpf olt, %a, %limit : f32
    uwt.check %inside, "too large"
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %a : f32
    %2 = arith.mulf %1, %0 : f32
    %3 = arith.addf %o, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

#x = affine_map<(m, n, h, k) -> (m, k)>
#w = affine_map<(m, n, h, k) -> (n, k)>
#y = affine_map<(m, n, h, k) -> (m, n)>

// An input that nobody reads, and that alone tells the size of a loop.
// CHECK-LABEL: func @states_a_size
// CHECK: ins(%arg0, %arg1, %{{.*}} : tensor<4x64xf32>, tensor<2xf32>, tensor<32x64xbf16>)
func.func @states_a_size(%x: tensor<4x64xf32>, %h: tensor<2xf32>, %z: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %w = uwt.weight "w" : tensor<32x64xbf16>
  %y = linalg.generic {indexing_maps = [#x, affine_map<(m, n, h, k) -> (h)>, #w, #y], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %h, %w : tensor<4x64xf32>, tensor<2xf32>, tensor<32x64xbf16>) outs(%z : tensor<4x32xf32>) {
  ^bb0(%a: f32, %u: f32, %b: bf16, %o: f32):
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %o, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}
