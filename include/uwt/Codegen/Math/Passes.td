//===- Passes.td - Math functions as arithmetic ------------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_MATH_PASSES
#define UWT_CODEGEN_MATH_PASSES

include "mlir/Pass/PassBase.td"

def ExpandMathPass : Pass<"uwt-expand-math"> {
  let summary = "Write math functions as arithmetic that has the same bits everywhere";
  let description = [{
    Replaces `math` operations on f32, f64 and vectors of them by arithmetic with a fixed order of operations, so that CPUs and GPUs give the same bits:

    - of f32, `exp`, `log`, `tanh` and what else models use often, by upstream's polynomials with `math.fma`; `erf`, `sin`, `cos` and `tan` by ours;
    - of f32, powers, roots, logarithms to other bases, hyperbolic functions, arc tangents and `arith.remf` in f64, from one exponential, logarithm or arc tangent;
    - of f64, all of these in pairs of f64 (double-double), from one exponential, logarithm, sine and cosine, arc tangent and error function;
    - `rsqrt` by a square root and a division, `round`, `isnan`, `isinf` and `isfinite` of any float by comparisons.

    `docs/numerics.md` has the errors. Types narrower than f32 must have been widened before (`math-extend-to-supported-types`), but for `math.fma`. Conversions between f64 or integers
    and narrow floats round once; those of floats of 8, 6 and 4 bits are integer arithmetic. Fast-math flags go: code generators would each use them otherwise. What processors round correctly stays (`sqrt`, `fma`, `floor`, …). `ipowi` is
    a product of squares that wraps.

    ```mlir
    // before
    %y = math.rsqrt %x : vector<16xf32>
    // after
    %s = math.sqrt %x : vector<16xf32>
    %y = arith.divf %one, %s : vector<16xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"
  ];
}

#endif // UWT_CODEGEN_MATH_PASSES
