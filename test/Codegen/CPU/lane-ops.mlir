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

// -----

// Tables of numbers: rounded by the target's instruction, two at a time, and looked up as words.

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // CHECK-LABEL: func @one_table
  //  CHECK-SAME:   (%[[CODES:.*]]: vector<16xi32>, %[[T:.*]]: vector<16xf32>)
  //       CHECK:   %[[AT:.*]] = vector.bitcast %[[CODES]] : vector<16xi32> to vector<32xi16>
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx512bf16.cvtne2ps2bf16.512"(%[[T]], %[[T]])
  //       CHECK:   llvm.call_intrinsic "llvm.x86.avx512.permvar.hi.512"(%{{.*}}, %[[AT]])
  func.func @one_table(%codes: vector<16xi32>, %table: vector<16xf32>) -> vector<16xi32> {
    %w = uwt.lookup_floats %codes in %table {element = bf16}
    return %w : vector<16xi32>
  }

  // Bit 4 of an index says which table a lane has.
  // CHECK-LABEL: func @two_tables
  //  CHECK-SAME:   (%[[CODES:.*]]: vector<16xi32>, %[[A:.*]]: vector<16xf32>, %[[B:.*]]: vector<16xf32>)
  //       CHECK:   arith.andi %[[CODES]]
  //       CHECK:   arith.constant dense<[0, 0, 1048592, 1048592, 0, 0
  //       CHECK:   "llvm.x86.avx512bf16.cvtne2ps2bf16.512"(%[[B]], %[[A]])
  //       CHECK:   "llvm.x86.avx512.permvar.hi.512"
  func.func @two_tables(%codes: vector<16xi32>, %a: vector<16xf32>, %b: vector<16xf32>) -> vector<16xi32> {
    %w = uwt.lookup_floats %codes in %a, %b {element = bf16}
    return %w : vector<16xi32>
  }

  // Codes of 5 bits are indices as they are.
  // CHECK-LABEL: func @joined_tables
  //  CHECK-SAME:   (%[[CODES:.*]]: vector<16xi32>, %[[A:.*]]: vector<16xf32>, %[[B:.*]]: vector<16xf32>)
  //   CHECK-NOT:   arith.andi
  //       CHECK:   %[[AT:.*]] = vector.bitcast %[[CODES]] : vector<16xi32> to vector<32xi16>
  //       CHECK:   "llvm.x86.avx512bf16.cvtne2ps2bf16.512"(%[[B]], %[[A]])
  //       CHECK:   "llvm.x86.avx512.permvar.hi.512"(%{{.*}}, %[[AT]])
  func.func @joined_tables(%codes: vector<16xi32>, %a: vector<16xf32>, %b: vector<16xf32>) -> vector<16xi32> {
    %w = uwt.lookup_floats %codes in joined %a, %b {element = bf16}
    return %w : vector<16xi32>
  }

  // Four do not fit in one register: bits 5:4 say which.
  // CHECK-LABEL: func @four_tables
  //  CHECK-SAME:   (%[[CODES:.*]]: vector<16xi32>, %[[A:.*]]: vector<16xf32>, %[[B:.*]]: vector<16xf32>, %[[C:.*]]: vector<16xf32>, %[[D:.*]]: vector<16xf32>)
  //       CHECK:   arith.andi %[[CODES]]
  //       CHECK:   arith.constant dense<[0, 1048592, 2097184, 3145776, 0, 1048592
  //       CHECK:   "llvm.x86.avx512bf16.cvtne2ps2bf16.512"(%[[B]], %[[A]])
  //       CHECK:   %[[LOW:.*]] = vector.bitcast
  //       CHECK:   "llvm.x86.avx512bf16.cvtne2ps2bf16.512"(%[[D]], %[[C]])
  //       CHECK:   %[[HIGH:.*]] = vector.bitcast
  //       CHECK:   "llvm.x86.avx512.vpermi2var.hi.512"(%[[LOW]], %{{.*}}, %[[HIGH]])
  func.func @four_tables(%codes: vector<16xi32>, %a: vector<16xf32>, %b: vector<16xf32>, %c: vector<16xf32>, %d: vector<16xf32>) -> vector<16xi32> {
    %w = uwt.lookup_floats %codes in %a, %b, %c, %d {element = bf16}
    return %w : vector<16xi32>
  }

  // CHECK-LABEL: func @halves
  //   CHECK-NOT:   bf16
  // CHECK-COUNT-2: arith.truncf %{{.*}} : vector<16xf32> to vector<16xf16>
  func.func @halves(%a: vector<16xf32>, %b: vector<16xf32>) -> vector<16xi32> {
    %w = uwt.round_words %a, %b {element = f16}
    return %w : vector<16xi32>
  }
}

// -----

module attributes {uwt.target = #uwt.target<"avx2">} {
  // Low and high bytes, of eight lanes at a time.
  // CHECK-LABEL: func @bytes
  //       CHECK:   dense<-2147450880>
  //       CHECK:   dense<8388736>
  // CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
  //   CHECK-NOT:   pshuf
  func.func @bytes(%codes: vector<16xi32>, %table: vector<16xf32>) -> vector<16xi32> {
    %w = uwt.lookup_floats %codes in %table {element = bf16}
    return %w : vector<16xi32>
  }

  // Bit 4 of a code says in which part of a table it is.
  // CHECK-LABEL: func @joined_bytes
  //  CHECK-SAME:   (%[[CODES:.*]]: vector<16xi32>
  // CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
  //       CHECK:   %[[WORDS:.*]] = vector.bitcast %[[CODES]] : vector<16xi32> to vector<32xi16>
  //       CHECK:   %[[C16:.*]] = arith.constant dense<16> : vector<32xi16>
  //       CHECK:   %[[PART:.*]] = arith.andi %[[WORDS]], %[[C16]]
  //       CHECK:   %[[ISSECOND:.*]] = arith.cmpi eq, %[[PART]]
  //       CHECK:   arith.select %[[ISSECOND]]
  func.func @joined_bytes(%codes: vector<16xi32>, %a: vector<16xf32>, %b: vector<16xf32>) -> vector<16xi32> {
    %w = uwt.lookup_floats %codes in joined %a, %b {element = bf16}
    return %w : vector<16xi32>
  }

  // What another byte's index 0 finds is 0 by itself.
  // CHECK-LABEL: func @bytes_of_zero_first
  //   CHECK-NOT:   dense<-2147450880>
  //   CHECK-NOT:   dense<8388736>
  // CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
  func.func @bytes_of_zero_first(%codes: vector<16xi32>) -> vector<16xi32> {
    %table = arith.constant dense<[0., 0.5, 1., 1.5, 2., 3., 4., 6., -0., -0.5, -1., -1.5, -2., -3., -4., -6.]> : vector<16xf32>
    %w = uwt.lookup_floats %codes in %table {element = bf16}
    return %w : vector<16xi32>
  }

  // Words of a half are brought together; then bytes that permutes find are interleaved to words, in the order of lanes.
  // CHECK-LABEL: func @nibbles
  //  CHECK-SAME:   (%[[CODES:.*]]: vector<16xi32>, %[[T:.*]]: vector<16xf32>, %[[U:.*]]: vector<16xf32>)
  //       CHECK:   arith.bitcast %[[T]] : vector<16xf32> to vector<16xi32>
  //       CHECK:   %[[LOWT:.*]] = vector.bitcast %{{.*}} : vector<4xi64> to vector<32xi8>
  //       CHECK:   %[[HIGHT:.*]] = vector.bitcast %{{.*}} : vector<4xi64> to vector<32xi8>
  //       CHECK:   arith.bitcast %[[U]] : vector<16xf32> to vector<16xi32>
  //       CHECK:   vector.shuffle {{.*}} [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15] : vector<32xi16>
  //       CHECK:   arith.constant dense<252645135> : vector<8xi32>
  //       CHECK:   %[[L:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%[[LOWT]],
  //       CHECK:   %[[H:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%[[HIGHT]],
  //       CHECK:   vector.shuffle %[[L]], %[[H]] [0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 16, 48
  //       CHECK:   vector.shuffle %[[L]], %[[H]] [8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47, 24, 56
  // CHECK-COUNT-6: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
  //   CHECK-NOT:   pshuf
  func.func @nibbles(%codes: vector<16xi32>, %even: vector<16xf32>, %odd: vector<16xf32>) -> (vector<16xf32>, vector<16xf32>) {
    %f:8 = uwt.lookup_nibbles %codes in %even, %odd {element = bf16}
    return %f#0, %f#7 : vector<16xf32>, vector<16xf32>
  }

  // CHECK-LABEL: func @nibbles_of_halves
  // CHECK-COUNT-2: arith.truncf %{{.*}} : vector<16xf32> to vector<16xf16>
  // CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
  func.func @nibbles_of_halves(%codes: vector<16xi32>, %even: vector<16xf32>, %odd: vector<16xf32>) -> vector<16xf32> {
    %f:8 = uwt.lookup_nibbles %codes in %even, %odd {element = f16}
    return %f#3 : vector<16xf32>
  }
}

// -----

module attributes {uwt.target = #uwt.target<"avx512bf16">} {
  // Lower bytes of words, then upper ones, from tables of 128; a sign from the code.
  // CHECK-LABEL: func @bytes
  //  CHECK-SAME:   (%[[CODES:[a-z0-9]+]]: vector<16xi32>
  //       CHECK:   %[[C:.*]] = vector.bitcast %[[CODES]] : vector<16xi32> to vector<64xi8>
  //       CHECK:   %[[LOW0:.*]] = vector.shuffle {{.*}} [0, 2, 4, 6
  //       CHECK:   %[[LOW1:.*]] = vector.shuffle {{.*}} [0, 2, 4, 6
  //       CHECK:   %[[L:.*]] = llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.qi.512"(%[[LOW0]], %[[C]], %[[LOW1]])
  //       CHECK:   %[[HIGH0:.*]] = vector.shuffle {{.*}} [1, 3, 5, 7
  //       CHECK:   %[[HIGH1:.*]] = vector.shuffle {{.*}} [1, 3, 5, 7
  //       CHECK:   %[[H:.*]] = llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.qi.512"(%[[HIGH0]], %[[C]], %[[HIGH1]])
  //       CHECK:   %[[SIGN:.*]] = arith.andi %[[C]], %{{.*}} : vector<64xi8>
  //       CHECK:   %[[S:.*]] = arith.xori %[[H]], %[[SIGN]] : vector<64xi8>
  //       CHECK:   vector.shuffle %[[L]], %[[S]] [0, 64, 1, 65
  //       CHECK:   vector.shuffle %[[L]], %[[S]] [32, 96, 33, 97
  func.func @bytes(%codes: vector<16xi32>, %a: vector<16xi32>, %b: vector<16xi32>, %c: vector<16xi32>, %d: vector<16xi32>) -> (vector<16xi32>, vector<16xi32>) {
    %w:2 = uwt.lookup_bytes %codes in %a, %b, %c, %d
    return %w#0, %w#1 : vector<16xi32>, vector<16xi32>
  }
}

// -----

module attributes {uwt.target = #uwt.target<"neon-bf16">} {
  // The high halves (top), then the low ones (bottom), of four lanes at a time: each a fused multiply-add, so also for exact numerics.
  // CHECK-LABEL: func @multiply_add_long
  //  CHECK-SAME:   (%[[W:.*]]: vector<16xi32>, %[[ACC:.*]]: vector<16xf32>, %[[X:.*]]: vector<16xi32>)
  //       CHECK:   %[[FIRST:.*]] = vector.shuffle %[[ACC]], %[[ACC]] [0, 1, 2, 3]
  //       CHECK:   %[[W0:.*]] = vector.shuffle %[[W]], %[[W]] [0, 1, 2, 3]
  //       CHECK:   vector.bitcast %[[W0]] : vector<4xi32> to vector<8xbf16>
  //       CHECK:   %[[HIGH:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.bfmlalt"(%[[FIRST]],
  //       CHECK:   llvm.call_intrinsic "llvm.aarch64.neon.bfmlalb"(%[[HIGH]],
  // CHECK-COUNT-3: llvm.call_intrinsic "llvm.aarch64.neon.bfmlalb"
  //   CHECK-NOT:   math.fma
  func.func @multiply_add_long(%w: vector<16xi32>, %acc: vector<16xf32>, %x: vector<16xi32>) -> vector<16xf32> {
    %s = uwt.dot %w, %acc, %x {element = bf16, numerics = #uwt<numerics exact>} : vector<16xi32>
    return %s : vector<16xf32>
  }
}

// -----

module attributes {uwt.target = #uwt.target<"neon">} {
  // CHECK-LABEL: func @without_bf16
  //   CHECK-NOT:   intrinsic
  // CHECK-COUNT-2: math.fma
  func.func @without_bf16(%w: vector<16xi32>, %acc: vector<16xf32>, %x: vector<16xi32>) -> vector<16xf32> {
    %s = uwt.dot %w, %acc, %x {element = bf16} : vector<16xi32>
    return %s : vector<16xf32>
  }

  // A table has 32 bytes, two registers.
  // CHECK-LABEL: func @table_of_bytes
  //       CHECK:   %[[T:.*]] = vector.load
  //       CHECK:   arith.trunci %[[T]] : vector<16xi32> to vector<16xi16>
  // CHECK-COUNT-4: llvm.call_intrinsic "llvm.aarch64.neon.tbl2"
  //   CHECK-NOT:   vector.gather
  func.func @table_of_bytes(%codes: vector<16xi32>, %table: memref<?xi32>) -> vector<16xi32> {
    %s = uwt.lookup %codes in %table : vector<16xi32>, memref<?xi32>
    return %s : vector<16xi32>
  }

  // CHECK-LABEL: func @numbers_by_bytes
  // CHECK-COUNT-8: llvm.call_intrinsic "llvm.aarch64.neon.tbl2"
  //   CHECK-NOT:   tbl2
  func.func @numbers_by_bytes(%codes: vector<16xi32>, %a: vector<16xf32>, %b: vector<16xf32>) -> vector<16xi32> {
    %w = uwt.lookup_floats %codes in %a, %b {element = bf16}
    return %w : vector<16xi32>
  }
}

// -----

// Without any of them: selections, and rounding by integers, subnormal halves too.

// CHECK-LABEL: func @selected
//   CHECK-NOT:   intrinsic
// CHECK-COUNT-15: arith.select {{.*}} vector<32xi16>
func.func @selected(%codes: vector<16xi32>, %table: vector<16xf32>) -> vector<16xi32> {
  %w = uwt.lookup_floats %codes in %table {element = bf16}
  return %w : vector<16xi32>
}

// CHECK-LABEL: func @rounded_halves
//   CHECK-NOT:   truncf
//       CHECK:   arith.addf
//       CHECK:   arith.select
func.func @rounded_halves(%a: vector<16xf32>, %b: vector<16xf32>) -> vector<16xi32> {
  %w = uwt.round_words %a, %b {element = f16}
  return %w : vector<16xi32>
}
