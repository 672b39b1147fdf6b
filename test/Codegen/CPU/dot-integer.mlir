// RUN: uwt-opt %s -uwt-lower-lane-ops -split-input-file | FileCheck %s

// Four products of bytes at a time. Weights with a sign get 128 more, and sums that much less.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @vnni
  //       CHECK:   %[[FIRST:.*]] = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %{{.*}}, %{{.*}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%[[FIRST]],
  //   CHECK-NOT:   call_intrinsic
  func.func @vnni(%w: vector<16xi32>, %v: vector<16xi32>, %x: vector<16xi32>, %y: vector<16xi32>) -> vector<16xi32> {
    %s = uwt.dot_integer %w, %v * %x, %y {bits = 4 : i32}
    return %s : vector<16xi32>
  }

  // CHECK-LABEL: func @vnni_signed
  //       CHECK:   %[[OFX:.*]] = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
  //       CHECK:   %[[START:.*]] = arith.subi %{{.*}}, %[[OFX]]
  //       CHECK:   arith.xori
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%[[START]],
  func.func @vnni_signed(%w: vector<16xi32>, %x: vector<16xi32>) -> vector<16xi32> {
    %s = uwt.dot_integer %w * %x {bits = 8 : i32}
    return %s : vector<16xi32>
  }

  // Without a sign they are multiplied as they are, and added to what the sum begins with.
  // CHECK-LABEL: func @vnni_unsigned(
  //  CHECK-SAME:   %[[S:[a-z0-9]+]]: vector<16xi32>)
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%[[S]],
  //   CHECK-NOT:   arith
  func.func @vnni_unsigned(%w: vector<16xi32>, %x: vector<16xi32>, %start: vector<16xi32>) -> vector<16xi32> {
    %s = uwt.dot_integer %w * %x + %start {bits = 8 : i32, is_unsigned}
    return %s : vector<16xi32>
  }
}

// -----

module attributes {uwt.target = #uwt.target<"avx512">} {
  // CHECK-LABEL: func @bytes
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx512.pmaddubs.w.512"
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx512.pmaddw.d.512"
  func.func @bytes(%w: vector<16xi32>, %x: vector<16xi32>) -> vector<16xi32> {
    %s = uwt.dot_integer %w * %x {bits = 4 : i32}
    return %s : vector<16xi32>
  }
}

// -----

// Pairs are added in i16 while they fit: two vectors of 4 bits, one of 7, one of magnitudes up to 128.

module attributes {uwt.target = #uwt.target<"avx2">} {
  // CHECK-LABEL: func @nibbles
  // CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
  //       CHECK:   arith.addi %{{.*}} : vector<16xi16>
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
  // CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
  //       CHECK:   arith.addi %{{.*}} : vector<16xi16>
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
  //   CHECK-NOT:   call_intrinsic
  func.func @nibbles(%w: vector<16xi32>, %v: vector<16xi32>, %x: vector<16xi32>, %y: vector<16xi32>) -> vector<16xi32> {
    %s = uwt.dot_integer %w, %v * %x, %y {bits = 4 : i32}
    return %s : vector<16xi32>
  }

  // CHECK-LABEL: func @sevens
  //   CHECK-NOT:   vector<16xi16>
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
  //  CHECK-NEXT:   %{{.*}} = arith.constant dense<1> : vector<16xi16>
  //  CHECK-NEXT:   llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
  //   CHECK-NOT:   arith.addi %{{.*}} : vector<16xi16>
  func.func @sevens(%w: vector<16xi32>, %v: vector<16xi32>, %x: vector<16xi32>, %y: vector<16xi32>) -> vector<16xi32> {
    %s = uwt.dot_integer %w, %v * %x, %y {bits = 7 : i32}
    return %s : vector<16xi32>
  }

  // CHECK-LABEL: func @signed
  //       CHECK:   %[[X:.*]] = llvm.call_intrinsic "llvm.x86.avx2.psign.b"
  //       CHECK:   %[[W:.*]] = math.absi
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%[[W]], %[[X]])
  func.func @signed(%w: vector<16xi32>, %x: vector<16xi32>) -> vector<16xi32> {
    %s = uwt.dot_integer %w * %x {bits = 8 : i32}
    return %s : vector<16xi32>
  }

  // CHECK-LABEL: func @nibbles_from(
  //  CHECK-SAME:   %[[S:[a-z0-9]+]]: vector<16xi32>)
  //       CHECK:   arith.addi %[[S]], %{{.*}} : vector<16xi32>
  func.func @nibbles_from(%w: vector<16xi32>, %x: vector<16xi32>, %start: vector<16xi32>) -> vector<16xi32> {
    %s = uwt.dot_integer %w * %x + %start {bits = 4 : i32}
    return %s : vector<16xi32>
  }

  // Bytes up to 255 would not fit i16: they get a sign, and the sum has 128 times those of x more.
  // CHECK-LABEL: func @unsigned
  //       CHECK:   arith.xori
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx2.psign.b"
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx2.psign.b"
  //       CHECK:   arith.subi %{{.*}} : vector<16xi32>
  func.func @unsigned(%w: vector<16xi32>, %x: vector<16xi32>) -> vector<16xi32> {
    %s = uwt.dot_integer %w * %x {bits = 8 : i32, is_unsigned}
    return %s : vector<16xi32>
  }
}

// -----

// CHECK-LABEL: func @anywhere
//   CHECK-NOT:   intrinsic
// CHECK-COUNT-4: arith.muli %{{.*}} : vector<16xi32>
func.func @anywhere(%w: vector<16xi32>, %x: vector<16xi32>) -> vector<16xi32> {
  %s = uwt.dot_integer %w * %x {bits = 8 : i32}
  return %s : vector<16xi32>
}
