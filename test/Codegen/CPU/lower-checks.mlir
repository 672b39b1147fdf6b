// RUN: uwt-opt %s -uwt-lower-checks -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-DAG: llvm.mlir.global internal constant @uwt_text_0("index {0} is outside")
// CHECK-DAG: llvm.func @uwt_fail(!llvm.ptr, i64, i64, i64, i64) attributes {passthrough = ["cold", "noreturn", "nounwind"]}
// CHECK-LABEL: func.func @check
// CHECK: cf.cond_br %{{.*}}, ^[[ON:.*]], ^[[FAIL:.*]]
// CHECK: ^[[ON]]:
// CHECK: return
// CHECK: ^[[FAIL]]:
// CHECK: llvm.call @uwt_fail
// CHECK: llvm.unreachable
func.func @check(%condition: i1, %i: index) -> index {
  uwt.check %condition, "index {0} is outside" (%i)
  return %i : index
}

// -----

// CHECK: llvm.mlir.global internal constant @uwt_text_0("{{.*}}lower-checks.mlir:{{[0-9]+}}:3: no such thing")
// CHECK: llvm.call @uwt_fail
func.func @assert(%condition: i1) {
  cf.assert %condition, "no such thing"
  return
}

// -----

func.func @inside(%condition: i1) {
  scf.if %condition {
    // expected-error @+1 {{'uwt.check' op is inside of an operation with a region: lower it to blocks before uwt-lower-checks}}
    uwt.check %condition, "no"
  }
  return
}
