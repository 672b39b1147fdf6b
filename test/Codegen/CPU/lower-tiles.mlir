// RUN: uwt-opt %s -uwt-lower-tiles -split-input-file -verify-diagnostics | FileCheck %s

// Tiles that a loop carries are intrinsics' operands.

// CHECK-LABEL: func @intrinsics
//       CHECK:   %[[ZERO:.*]] = llvm.call_intrinsic "llvm.x86.tilezero.internal"
//       CHECK:   %[[SUM:.*]] = scf.for {{.*}} iter_args(%[[ACC:.*]] = %[[ZERO]]) -> (!llvm.x86_amx)
//       CHECK:     %[[W:.*]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
//       CHECK:     %[[X:.*]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
//       CHECK:     %[[NEXT:.*]] = llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"({{.*}}, %[[ACC]], %[[W]], %[[X]])
//       CHECK:     scf.yield %[[NEXT]] : !llvm.x86_amx
//       CHECK:   llvm.call_intrinsic "llvm.x86.tilestored64.internal"({{.*}}, %[[SUM]])
module attributes {uwt.target = #uwt.target<"amx">} {
  func.func @intrinsics(%w: memref<?xi32>, %x: memref<?xi16>, %y: memref<16x16xf32>, %n: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %zero = amx.tile_zero : !amx.tile<16x16xf32>
    %sum = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero) -> (!amx.tile<16x16xf32>) {
      %a = amx.tile_load %w[%i], %c16 : memref<?xi32> into !amx.tile<16x32xbf16>
      %b = amx.tile_load %x[%i], %c32 : memref<?xi16> into !amx.tile<16x32xbf16>
      %next = amx.tile_mulf %a, %b, %acc : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
      scf.yield %next : !amx.tile<16x16xf32>
    }
    amx.tile_store %y[%c0, %c0], %sum : memref<16x16xf32>, !amx.tile<16x16xf32>
    return
  }
}

// -----

// The same as vectors: a tile in memory for each operation and for what the loop carries; one fused multiply-add for each
// half of a pair; subnormals are taken as zeros.

// CHECK-LABEL: func @vectors
//   CHECK-NOT:   amx.
//       CHECK:     vector.load %{{.*}} : memref<?xi32>, vector<16xi32>
//       CHECK:     vector.load %{{.*}} : memref<?xi16>, vector<32xi16>
//       CHECK:     vector.bitcast {{.*}} : vector<32xi16> to vector<16xi32>
//       CHECK:     scf.for
//       CHECK:       %[[BOTH:.*]]:2 = scf.for {{.*}} iter_args(%[[EVEN:.*]] = %{{.*}}, %[[ODD:.*]] = %{{.*}})
//       CHECK:         arith.constant dense<2139095040> : vector<16xi32>
//       CHECK:         math.fma %{{.*}}, %{{.*}}, %[[EVEN]]
//       CHECK:         math.fma %{{.*}}, %{{.*}}, %[[ODD]]
//       CHECK:       arith.addf %[[BOTH]]#0, %[[BOTH]]#1
//   CHECK-NOT:   amx.
//       CHECK:   vector.store %{{.*}} : memref<16x16xf32>, vector<16xf32>
//   CHECK-NOT:   unrealized_conversion_cast
module attributes {uwt.target = #uwt.target<"amx-vectors">} {
  func.func @vectors(%w: memref<?xi32>, %x: memref<?xi16>, %y: memref<16x16xf32>, %n: index) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %zero = amx.tile_zero : !amx.tile<16x16xf32>
    %sum, %last = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %zero, %j = %c0) -> (!amx.tile<16x16xf32>, index) {
      %a = amx.tile_load %w[%i], %c16 : memref<?xi32> into !amx.tile<16x32xbf16>
      %b = amx.tile_load %x[%j], %c32 : memref<?xi16> into !amx.tile<16x32xbf16>
      %next = amx.tile_mulf %a, %b, %acc : !amx.tile<16x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<16x16xf32>
      scf.yield %next, %i : !amx.tile<16x16xf32>, index
    }
    amx.tile_store %y[%c0, %c0], %sum : memref<16x16xf32>, !amx.tile<16x16xf32>
    return
  }
}

// -----

// Products of bytes, those of the one side without a sign.

// CHECK-LABEL: func @bytes
//       CHECK:   llvm.call_intrinsic "llvm.x86.tdpbusd.internal"
//       CHECK:   llvm.call_intrinsic "llvm.x86.tdpbssd.internal"
module attributes {uwt.target = #uwt.target<"amx">} {
  func.func @bytes(%w: memref<?xi32>, %x: memref<?xi32>, %y: memref<?xi32>) {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %zero = amx.tile_zero : !amx.tile<16x16xi32>
    %a = amx.tile_load %w[%c0], %c16 : memref<?xi32> into !amx.tile<16x64xi8>
    %b = amx.tile_load %x[%c0], %c16 : memref<?xi32> into !amx.tile<16x64xi8>
    %once = amx.tile_muli %a zext, %b, %zero : !amx.tile<16x64xi8>, !amx.tile<16x64xi8>, !amx.tile<16x16xi32>
    %twice = amx.tile_muli %a, %b, %once : !amx.tile<16x64xi8>, !amx.tile<16x64xi8>, !amx.tile<16x16xi32>
    amx.tile_store %y[%c0], %twice, %c16 : memref<?xi32>, !amx.tile<16x16xi32>
    return
  }
}

// -----

// As vectors: a byte of each u32 at a time, shifted down from the top with its sign or without.

// CHECK-LABEL: func @bytes_as_vectors
//   CHECK-NOT:   amx.
//       CHECK:   scf.for
//       CHECK:     scf.for {{.*}} iter_args(%[[SUM:.*]] = %{{.*}}) -> (vector<16xi32>)
//       CHECK:       %[[A:.*]] = vector.broadcast %{{.*}} : i32 to vector<16xi32>
//       CHECK:       %[[B:.*]] = vector.load
//       CHECK:       arith.shli %[[A]], %{{.*}}
//       CHECK:       arith.shrui
//       CHECK:       arith.shli %[[B]], %{{.*}}
//       CHECK:       arith.shrsi
//       CHECK:       arith.muli
//       CHECK:       arith.addi %[[SUM]], %{{.*}}
//       CHECK:       arith.shrui
//       CHECK:       arith.shrsi
//   CHECK-NOT:   amx.
//       CHECK:   vector.store %{{.*}} : memref<?xi32>, vector<16xi32>
//   CHECK-NOT:   unrealized_conversion_cast
module attributes {uwt.target = #uwt.target<"amx-vectors">} {
  func.func @bytes_as_vectors(%w: memref<?xi32>, %x: memref<?xi32>, %y: memref<?xi32>) {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %zero = amx.tile_zero : !amx.tile<16x16xi32>
    %a = amx.tile_load %w[%c0], %c16 : memref<?xi32> into !amx.tile<16x64xi8>
    %b = amx.tile_load %x[%c0], %c16 : memref<?xi32> into !amx.tile<16x64xi8>
    %sums = amx.tile_muli %a zext, %b, %zero : !amx.tile<16x64xi8>, !amx.tile<16x64xi8>, !amx.tile<16x16xi32>
    amx.tile_store %y[%c0], %sums, %c16 : memref<?xi32>, !amx.tile<16x16xi32>
    return
  }
}

// -----

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  func.func @none(%y: memref<16x16xf32>) {
    %c0 = arith.constant 0 : index
    // expected-error @below {{needs tile registers, which target 'avx512bf16' does not have: use target 'amx', or 'amx-vectors' for tests}}
    %zero = amx.tile_zero : !amx.tile<16x16xf32>
    amx.tile_store %y[%c0, %c0], %zero : memref<16x16xf32>, !amx.tile<16x16xf32>
    return
  }
}

// -----

// Numbers of f16 become those of f32 by an instruction.

// CHECK-LABEL: func @halves
//       CHECK:   llvm.call_intrinsic "llvm.x86.tdpfp16ps.internal"
module attributes {uwt.target = #uwt.target<"amx-fp16">} {
  func.func @halves(%x: memref<16x32xf16>, %y: memref<16x16xf32>) {
    %c0 = arith.constant 0 : index
    %a = amx.tile_load %x[%c0, %c0] : memref<16x32xf16> into !amx.tile<16x32xf16>
    %b = amx.tile_load %y[%c0, %c0] : memref<16x16xf32> into !amx.tile<16x16xf32>
    %c = amx.tile_mulf %a, %a, %b : !amx.tile<16x32xf16>, !amx.tile<16x32xf16>, !amx.tile<16x16xf32>
    amx.tile_store %y[%c0, %c0], %c : memref<16x16xf32>, !amx.tile<16x16xf32>
    return
  }
}

// -----

// CHECK-LABEL: func @halves_as_vectors
//   CHECK-NOT:   amx.
//   CHECK-DAG:     %[[A:.*]] = arith.extf %{{.*}} : vector<16xf16> to vector<16xf32>
//       CHECK:     math.fma
//       CHECK:     math.fma
module attributes {uwt.target = #uwt.target<"amx-fp16-vectors">} {
  func.func @halves_as_vectors(%x: memref<16x32xf16>, %y: memref<16x16xf32>) {
    %c0 = arith.constant 0 : index
    %a = amx.tile_load %x[%c0, %c0] : memref<16x32xf16> into !amx.tile<16x32xf16>
    %b = amx.tile_load %y[%c0, %c0] : memref<16x16xf32> into !amx.tile<16x16xf32>
    %c = amx.tile_mulf %a, %a, %b : !amx.tile<16x32xf16>, !amx.tile<16x32xf16>, !amx.tile<16x16xf32>
    amx.tile_store %y[%c0, %c0], %c : memref<16x16xf32>, !amx.tile<16x16xf32>
    return
  }
}

// -----

module attributes {uwt.target = #uwt.target<"amx">} {
  func.func @halves_without_them(%x: memref<16x32xf16>, %y: memref<16x16xf32>) {
    %c0 = arith.constant 0 : index
    %a = amx.tile_load %x[%c0, %c0] : memref<16x32xf16> into !amx.tile<16x32xf16>
    %b = amx.tile_load %y[%c0, %c0] : memref<16x16xf32> into !amx.tile<16x16xf32>
    // expected-error @below {{multiplies tiles of f16, which target 'amx' does not: use target 'amx-fp16', or 'amx-fp16-vectors' for tests}}
    %c = amx.tile_mulf %a, %a, %b : !amx.tile<16x32xf16>, !amx.tile<16x32xf16>, !amx.tile<16x16xf32>
    amx.tile_store %y[%c0, %c0], %c : memref<16x16xf32>, !amx.tile<16x16xf32>
    return
  }
}

// -----

module attributes {uwt.target = #uwt.target<"amx-vectors">} {
  func.func @few_rows(%x: memref<8x32xbf16>) {
    %c0 = arith.constant 0 : index
    // expected-error @below {{has no lowering to vectors: tiles are 16x32xbf16, 16x32xf16, 16x16xf32, 16x64xi8 or 16x16xi32}}
    %a = amx.tile_load %x[%c0, %c0] : memref<8x32xbf16> into !amx.tile<8x32xbf16>
    return
  }
}

// -----

module attributes {uwt.target = #uwt.target<"amx-vectors">} {
  func.func @chosen(%which: i1, %y: memref<16x16xf32>) {
    %c0 = arith.constant 0 : index
    %a = amx.tile_load %y[%c0, %c0] : memref<16x16xf32> into !amx.tile<16x16xf32>
    // expected-error @below {{has no lowering to vectors: tiles are loaded, multiplied, stored and carried by loops of one function}}
    %b = scf.if %which -> !amx.tile<16x16xf32> {
      %zero = amx.tile_zero : !amx.tile<16x16xf32>
      scf.yield %zero : !amx.tile<16x16xf32>
    } else {
      scf.yield %a : !amx.tile<16x16xf32>
    }
    amx.tile_store %y[%c0, %c0], %b : memref<16x16xf32>, !amx.tile<16x16xf32>
    return
  }
}
