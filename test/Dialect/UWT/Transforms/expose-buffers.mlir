// RUN: uwt-opt %s --uwt-expose-buffers | FileCheck %s
// What is left needs no dialect of ours.
// RUN: uwt-opt %s --uwt-expose-buffers | mlir-opt -o /dev/null

!w = !uwt.compressed<64x64xbf16, "raw">
!i = !uwt.compressed<64x64xbf16, "inplace<12>, escapes=none">

// CHECK: module @names {
module @names attributes {uwt.target = #uwt.target<"generic">, uwt.slots = [#uwt.slot<"w", !w>]} {

// CHECK: func @weight(%{{.*}}: index,
// CHECK-SAME: %{{[^ ]*}}: memref<?xi64> {uwt.buffer = "panels", uwt.format = "raw", uwt.tensor = tensor<64x64xbf16>, uwt.weight = "w"}
// CHECK-SAME: %[[WORDS:[^ ]*]]: memref<?xi32> {uwt.buffer = "words", uwt.format = "raw", uwt.tensor = tensor<64x64xbf16>, uwt.weight = "w"}
func.func @weight(%n: index) -> memref<?xi32> {
  // CHECK-NEXT: return %[[WORDS]]
  %w = uwt.weight "w" {slot = 0 : i64} : !w
  %p = uwt.buffer words of %w : !w -> memref<?xi32>
  return %p : memref<?xi32>
}

// CHECK: func @dense(%[[B:.*]]: memref<64xbf16> {uwt.buffer = "dense", uwt.weight = "b"}) -> memref<64xbf16>
func.func @dense() -> memref<64xbf16> {
  // CHECK-NEXT: return %[[B]]
  %b = uwt.weight "b" : memref<64xbf16>
  return %b : memref<64xbf16>
}

// Constants are numbered as uwt-assign-slots does it.
// CHECK: func @constants(%{{.*}}: memref<?xi64> {{{.*}}uwt.weight = "constant.0"}, %[[C:.*]]: memref<?xi32> {{{.*}}uwt.buffer = "words"{{.*}}uwt.weight = "constant.0"}
func.func @constants() -> memref<?xi32> {
  // CHECK-NEXT: return %[[C]]
  %c = uwt.constant {index = dense<0> : tensor<8xi8>} : !w
  %p = uwt.buffer words of %c : !w -> memref<?xi32>
  return %p : memref<?xi32>
}

// A compressed argument that is no weight of ours has no name.
// CHECK: func private @argument(%{{.*}}: memref<?xi64> {test.a, uwt.buffer = "panels", uwt.format = "inplace<12>, escapes=none", uwt.tensor = tensor<64x64xbf16>}
func.func private @argument(%w: !i {test.a}) -> memref<?xi32> {
  %p = uwt.buffer code of %w : !i -> memref<?xi32>
  return %p : memref<?xi32>
}

// Callers get what is called needs, and pass it on; equal weights are one.
// CHECK: func @caller(%{{.*}}: memref<?xi64> {{{.*}}uwt.weight = "v"}, {{.*}}, %[[B:arg4]]: memref<64xbf16> {uwt.buffer = "dense", uwt.weight = "b"}) ->
func.func @caller() -> (memref<64xbf16>, memref<?xi32>, memref<?xi32>) {
  // CHECK: call @dense(%[[B]]) : (memref<64xbf16>) -> memref<64xbf16>
  %b = call @dense() : () -> memref<64xbf16>
  %v = uwt.weight "v" : !i
  %p = call @argument(%v) : (!i) -> memref<?xi32>
  %again = uwt.weight "v" : !i
  %q = call @argument(%again) : (!i) -> memref<?xi32>
  return %b, %p, %q : memref<64xbf16>, memref<?xi32>, memref<?xi32>
}

// CHECK: func @results(
// CHECK-SAME: -> (memref<?xi64> {uwt.buffer = "panels", uwt.format = "raw", uwt.tensor = tensor<64x64xbf16>},
func.func @results(%w: !w) -> !w {
  return %w : !w
}

// CHECK: func @control_flow(%[[COND:.*]]: i1, %[[N:.*]]: index
func.func @control_flow(%cond: i1, %n: index, %a: !w, %b: !w) -> (memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>) {
  // CHECK: scf.if %[[COND]] -> (memref<?xi64>,
  %0 = scf.if %cond -> !w {
    scf.yield %a : !w
  } else {
    scf.yield %b : !w
  }
  %p0 = uwt.buffer words of %0 : !w -> memref<?xi32>
  // CHECK: scf.for {{.*}} iter_args({{.*}}) -> (memref<?xi64>,
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %1:2 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %a, %y = %b) -> (!w, !w) {
    scf.yield %y, %x : !w, !w
  }
  %p1 = uwt.buffer words of %1#0 : !w -> memref<?xi32>
  // CHECK: scf.while ({{.*}}) : (memref<?xi64>,
  %2 = scf.while (%x = %a) : (!w) -> !w {
    scf.condition(%cond) %x : !w
  } do {
  ^bb0(%x: !w):
    scf.yield %x : !w
  }
  %p2 = uwt.buffer words of %2 : !w -> memref<?xi32>
  // CHECK: scf.index_switch %[[N]] -> memref<?xi64>,
  %3 = scf.index_switch %n -> !w
  case 1 {
    scf.yield %a : !w
  }
  default {
    scf.yield %b : !w
  }
  %p3 = uwt.buffer words of %3 : !w -> memref<?xi32>
  return %p0, %p1, %p2, %p3 : memref<?xi32>, memref<?xi32>, memref<?xi32>, memref<?xi32>
}

// CHECK: func @branches(
func.func @branches(%cond: i1, %a: !w, %b: !w) -> memref<?xi32> {
  // CHECK: cf.cond_br %{{.*}}, ^bb1(%{{[^ ]*}}, %{{[^ ]*}}{{.*}} : memref<?xi64>,
  cf.cond_br %cond, ^bb1(%a : !w), ^bb2
^bb1(%x: !w):
  %p = uwt.buffer words of %x : !w -> memref<?xi32>
  return %p : memref<?xi32>
^bb2:
  // CHECK: cf.br ^bb1(%{{[^ ]*}}, %{{[^ ]*}}{{.*}} : memref<?xi64>,
  cf.br ^bb1(%b : !w)
}

}
