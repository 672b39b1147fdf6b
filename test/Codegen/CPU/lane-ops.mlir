// RUN: uwt-opt %s -uwt-lower-lane-ops -split-input-file | FileCheck %s

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @native
  //  CHECK-SAME:   (%[[W:.*]]: vector<16xi32>, %[[ACC:.*]]: vector<16xf32>, %[[X:.*]]: vector<16xi32>)
  //   CHECK-DAG:   %[[WB:.*]] = vector.bitcast %[[W]] : vector<16xi32> to vector<32xbf16>
  //   CHECK-DAG:   %[[XB:.*]] = vector.bitcast %[[X]] : vector<16xi32> to vector<32xbf16>
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%[[ACC]], %[[WB]], %[[XB]])
  func.func @native(%w: vector<16xi32>, %acc: vector<16xf32>, %x: vector<16xi32>) -> vector<16xf32> {
    %s = uwt.dot %w, %acc, %x {element = bf16} : vector<16xi32>
    return %s : vector<16xf32>
  }

  // CHECK-LABEL: func @exact
  //  CHECK-SAME:   (%[[W:.*]]: vector<16xi32>, %[[ACC:.*]]: vector<16xf32>, %[[XL:.*]]: vector<16xf32>, %[[XH:.*]]: vector<16xf32>)
  //   CHECK-NOT:   intrinsic
  //       CHECK:   %[[L:.*]] = arith.shli %[[W]]
  //       CHECK:   %[[LF:.*]] = arith.bitcast %[[L]]
  //       CHECK:   %[[H:.*]] = arith.andi %[[W]]
  //       CHECK:   %[[HF:.*]] = arith.bitcast %[[H]]
  //       CHECK:   %[[FIRST:.*]] = math.fma %[[HF]], %[[XH]], %[[ACC]]
  //       CHECK:   math.fma %[[LF]], %[[XL]], %[[FIRST]]
  func.func @exact(%w: vector<16xi32>, %acc: vector<16xf32>, %low: vector<16xf32>, %high: vector<16xf32>) -> vector<16xf32> {
    %s = uwt.dot %w, %acc, %low, %high {element = bf16, numerics = #uwt<numerics exact>} : vector<16xf32>, vector<16xf32>
    return %s : vector<16xf32>
  }

  // CHECK-LABEL: func @half
  //       CHECK:   arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
  func.func @half(%w: vector<16xi32>, %acc: vector<16xf32>, %low: vector<16xf32>, %high: vector<16xf32>) -> vector<16xf32> {
    %s = uwt.dot %w, %acc, %low, %high {element = f16} : vector<16xf32>, vector<16xf32>
    return %s : vector<16xf32>
  }

  // CHECK-LABEL: func @permute
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx512.permvar.hi.512"
  func.func @permute(%codes: vector<16xi32>, %table: memref<?xi32>) -> vector<16xi32> {
    %s = uwt.lookup %codes in %table : vector<16xi32>, memref<?xi32>
    return %s : vector<16xi32>
  }
}

// -----

// Without the instructions: multiply-adds, whatever the numerics; a gather with places below 16.

// CHECK-LABEL: func @widened
//   CHECK-NOT:   intrinsic
// CHECK-COUNT-2: math.fma
func.func @widened(%w: vector<16xi32>, %acc: vector<16xf32>, %x: vector<16xi32>) -> vector<16xf32> {
  %s = uwt.dot %w, %acc, %x {element = bf16} : vector<16xi32>
  return %s : vector<16xf32>
}

// CHECK-LABEL: func @half_by_integers
//   CHECK-NOT:   f16
//       CHECK:   arith.mulf
//       CHECK:   math.fma
func.func @half_by_integers(%w: vector<16xi32>, %acc: vector<16xf32>, %low: vector<16xf32>, %high: vector<16xf32>) -> vector<16xf32> {
  %s = uwt.dot %w, %acc, %low, %high {element = f16} : vector<16xf32>, vector<16xf32>
  return %s : vector<16xf32>
}

// CHECK-LABEL: func @gather
//       CHECK:   %[[MASK:.*]] = arith.constant dense<15>
//       CHECK:   %[[AT:.*]] = arith.andi %{{.*}}, %[[MASK]]
//       CHECK:   vector.gather %{{.*}} [%[[AT]]]
func.func @gather(%codes: vector<16xi32>, %table: memref<?xi32>) -> vector<16xi32> {
  %s = uwt.lookup %codes in %table : vector<16xi32>, memref<?xi32>
  return %s : vector<16xi32>
}

// A thread of a GPU has one lane.
// CHECK-LABEL: func @one_lane
//       CHECK:   memref.load
//       CHECK:   memref.load
func.func @one_lane(%codes: i32, %table: memref<?xi32>) -> i32 {
  %s = uwt.lookup %codes in %table : i32, memref<?xi32>
  return %s : i32
}
