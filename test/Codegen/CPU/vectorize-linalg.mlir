// RUN: uwt-opt %s -pass-pipeline='builtin.module(func.func(uwt-vectorize-linalg,canonicalize,cse))' -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @elementwise
// CHECK: scf.for %[[I:.*]] = %c0 to %c64 step %c16
// CHECK: %[[V:.*]] = vector.load %{{.*}}[%[[I]]] : memref<64xf32>, vector<16xf32>
// CHECK: %[[N:.*]] = arith.negf %[[V]] : vector<16xf32>
// CHECK: vector.store %[[N]], %{{.*}}[%[[I]]]
func.func @elementwise(%x: memref<64xf32>, %y: memref<64xf32>) {
  linalg.negf ins(%x : memref<64xf32>) outs(%y : memref<64xf32>)
  return
}

// -----

// The last 4 of 20 elements are a masked vector.
// CHECK-LABEL: func.func @rest
// CHECK: vector.load %{{.*}}[%c0]
// CHECK: %[[MASK:.*]] = vector.constant_mask [4] : vector<16xi1>
// CHECK: vector.maskedload %{{.*}}[%c16], %[[MASK]]
// CHECK: vector.maskedstore %{{.*}}[%c16], %[[MASK]]
func.func @rest(%x: memref<20xf32>, %y: memref<20xf32>) {
  linalg.negf ins(%x : memref<20xf32>) outs(%y : memref<20xf32>)
  return
}

// -----

// CHECK-LABEL: func.func @dynamic
// CHECK: %[[N:.*]] = memref.dim
// CHECK: %[[REST:.*]] = arith.remui %[[N]], %c16
// CHECK: %[[WHOLE:.*]] = arith.subi %[[N]], %[[REST]]
// CHECK: scf.for %{{.*}} = %c0 to %[[WHOLE]] step %c16
// CHECK: vector.load
// CHECK: scf.for %[[I:.*]] = %[[WHOLE]] to %[[N]] step %c16
// CHECK: %[[COUNT:.*]] = arith.subi %[[N]], %[[I]]
// CHECK: %[[MASK:.*]] = vector.create_mask %[[COUNT]]
// CHECK: vector.maskedload %{{.*}}[%[[I]]], %[[MASK]]
func.func @dynamic(%x: memref<?xf32>, %y: memref<?xf32>) {
  linalg.negf ins(%x : memref<?xf32>) outs(%y : memref<?xf32>)
  return
}

// -----

// A sum has 16 lanes, added up as a tree; the last vector's idle lanes keep their sums; what the
// output held comes last.
// CHECK-LABEL: func.func @sum
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK: %[[S:.*]] = scf.for {{.*}} iter_args(%[[A:.*]] = %[[ZERO]])
// CHECK: arith.addf %{{.*}}, %[[A]] : vector<16xf32>
// CHECK: %[[MASK:.*]] = vector.constant_mask [8] : vector<16xi1>
// CHECK: %[[T:.*]] = arith.addf %{{.*}}, %[[S]] : vector<16xf32>
// CHECK: %[[L:.*]] = arith.select %[[MASK]], %[[T]], %[[S]]
// CHECK: %[[OLD:.*]] = memref.load
// CHECK: vector.shuffle %[[L]], %[[L]] [0, 1, 2, 3, 4, 5, 6, 7]
// CHECK: vector.shuffle %[[L]], %[[L]] [8, 9, 10, 11, 12, 13, 14, 15]
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<4xf32>
// CHECK: arith.addf {{.*}} : vector<2xf32>
// CHECK: arith.addf {{.*}} : vector<1xf32>
// CHECK: %[[ALL:.*]] = vector.extract
// CHECK: arith.addf %[[ALL]], %[[OLD]] : f32
func.func @sum(%x: memref<200xf32>, %s: memref<f32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<200xf32>) outs(%s : memref<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

// Sums of bf16 are kept in f32 and rounded once.
// CHECK-LABEL: func.func @narrow_sum
// CHECK: iter_args(%{{.*}} = %{{.*}}) -> (vector<16xf32>)
// CHECK: arith.extf {{.*}} : vector<16xbf16> to vector<16xf32>
// CHECK: arith.addf {{.*}} : vector<16xf32>
// CHECK: arith.truncf {{.*}} : f32 to bf16
// CHECK-NOT: arith.truncf
func.func @narrow_sum(%x: memref<256xbf16>, %s: memref<bf16>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%x : memref<256xbf16>) outs(%s : memref<bf16>) {
  ^bb0(%in: bf16, %out: bf16):
    %0 = arith.addf %in, %out : bf16
    linalg.yield %0 : bf16
  }
  return
}

// -----

// A product whose right side has its columns side by side: 4 rows at once, columns as lanes.
// CHECK-LABEL: func.func @product
// CHECK: scf.for %{{.*}} = %c0 to %c8 step %c4
// CHECK: scf.for %{{.*}} = %c0 to %c32 step %c16
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK: vector.load {{.*}} : memref<64x32xf32>
// CHECK-NOT: vector.load {{.*}} : memref<64x32xf32>
// CHECK: scf.yield
func.func @product(%x: memref<8x64xf32>, %y: memref<64x32xf32>, %o: memref<8x32xf32>) {
  linalg.matmul ins(%x, %y : memref<8x64xf32>, memref<64x32xf32>) outs(%o : memref<8x32xf32>)
  return
}

// -----

// With both sides' rows along the sum, the sum is in the lanes.
// CHECK-LABEL: func.func @product_of_rows
// CHECK: vector.load {{.*}} : memref<8x64xf32>
// CHECK: vector.load {{.*}} : memref<32x64xf32>
// CHECK: vector.shuffle
func.func @product_of_rows(%x: memref<8x64xf32>, %y: memref<32x64xf32>, %o: memref<8x32xf32>) {
  linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                 affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %y : memref<8x64xf32>, memref<32x64xf32>) outs(%o : memref<8x32xf32>)
  return
}

// -----

// Columns are read an element at a time.
// CHECK-LABEL: func.func @transpose
// CHECK-COUNT-16: memref.load
// CHECK: vector.from_elements
// CHECK: vector.store
func.func @transpose(%x: memref<32x16xf32>, %y: memref<16x32xf32>) {
  linalg.transpose ins(%x : memref<32x16xf32>) outs(%y : memref<16x32xf32>) permutation = [1, 0]
  return
}

// -----

// A body that reads memory, and one that may trap, become scalar loops.
// CHECK-LABEL: func.func @scalar
// CHECK-NOT: vector
// CHECK: memref.load
// CHECK: arith.divsi
func.func @scalar(%x: memref<32xi32>, %y: memref<32xi32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<32xi32>) outs(%y : memref<32xi32>) {
  ^bb0(%in: i32, %out: i32):
    %0 = arith.divsi %in, %out : i32
    linalg.yield %0 : i32
  }
  return
}

// -----

// An operation with two results.
// CHECK-LABEL: func.func @carry
// CHECK: %[[SUM:.*]], %[[CARRY:.*]] = arith.addui_extended %{{.*}}, %{{.*}} : vector<16xi32>, vector<16xi1>
// CHECK: arith.select %[[CARRY]], %{{.*}}, %[[SUM]] : vector<16xi1>, vector<16xi32>
func.func @carry(%x: memref<32xi32>, %y: memref<32xi32>) {
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<32xi32>) outs(%y : memref<32xi32>) {
  ^bb0(%in: i32, %out: i32):
    %sum, %carry = arith.addui_extended %in, %in : i32, i1
    %0 = arith.select %carry, %in, %sum : i32
    linalg.yield %0 : i32
  }
  return
}

// -----

// CHECK-LABEL: func.func @copy
// CHECK-NOT: memref.copy
// CHECK: vector.store
func.func @copy(%x: memref<64xf32>, %y: memref<64xf32>) {
  memref.copy %x, %y : memref<64xf32> to memref<64xf32>
  return
}
