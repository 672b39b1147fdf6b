// RUN: uwt-opt %s -uwt-lower-linalg-cpu | FileCheck %s
// RUN: uwt-opt %s -uwt-lower-linalg-cpu | FileCheck %s --check-prefix=ROUND

// Two sums of bf16 are two roundings: each adds 0x7fff and the lowest bit that stays.
// ROUND: %[[BIAS:.*]] = llvm.mlir.constant(dense<32767> : vector<16xi32>)
// ROUND: llvm.fadd
// ROUND: llvm.add %{{.*}}, %[[BIAS]]
// ROUND: llvm.fadd
// ROUND: llvm.add %{{.*}}, %[[BIAS]]

// CHECK-NOT: {{(arith|vector|memref|scf|cf|func|linalg|tensor|unrealized)}}.
// CHECK-NOT: bf16
// CHECK: llvm.func @add
// CHECK: llvm.func @_mlir_ciface_add
func.func @add(%x: tensor<64xbf16>, %y: tensor<64xbf16>) -> tensor<64xbf16> {
  %e = tensor.empty() : tensor<64xbf16>
  %a = linalg.add ins(%x, %y : tensor<64xbf16>, tensor<64xbf16>) outs(%e : tensor<64xbf16>) -> tensor<64xbf16>
  %b = linalg.add ins(%a, %y : tensor<64xbf16>, tensor<64xbf16>) outs(%e : tensor<64xbf16>) -> tensor<64xbf16>
  return %b : tensor<64xbf16>
}

// A function of LLVM may have arithmetic that is not.
// CHECK: llvm.func @twice
// CHECK: llvm.fadd
// CHECK-NOT: {{(arith|vector|memref|scf|cf|func|linalg|tensor|unrealized)}}.
llvm.func @twice(%x: f32) -> f32 {
  %y = arith.addf %x, %x : f32
  llvm.return %y : f32
}
