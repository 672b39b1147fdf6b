// RUN: uwt-opt %s -uwt-hold-floats-as-integers --verify-diagnostics

func.func @arithmetic(%a: bf16, %b: bf16) -> bf16 {
  // expected-error @+1 {{'arith.addf' op still works on narrow floats: lower it before uwt-hold-floats-as-integers}}
  %c = arith.addf %a, %b : bf16
  return %c : bf16
}
