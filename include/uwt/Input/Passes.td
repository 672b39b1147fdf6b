//===- Passes.td - From what front ends write to linalg ----*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_INPUT_PASSES
#define UWT_INPUT_PASSES

include "mlir/Pass/PassBase.td"

def LowerInputPass : Pass<"uwt-lower-input", "::mlir::ModuleOp"> {
  let summary = "Bring what front ends write to linalg, tensor, scf and arith";
  let description = [{
    - Modules in the module become part of it; their names have to differ.
    - Branches between blocks become `scf` (`lift-cf-to-scf`).
    - `tosa` and `shape` go through upstream's conversions, arithmetic on tensors through `convert-elementwise-to-linalg`.
    - `tm_tensor` (torch-mlir's cumulative sums, scatters, sorts, attention), `tensor.gather` and `tensor.scatter` become linalg and loops.
    - Globals of `ml_program` become constants: a store to one is an error, since programs keep nothing from call to call.
    - Numbers that public functions take and give become tensors of rank 0.
    - Reductions whose body does not read an output are refused if they may be along a dimension of size 0.
    - Selections between whole tensors become branches.
    - Constants of one number, from 1 MiB on, become fills.
    - `math.isnormal` becomes comparisons, since a subnormal number of a narrow type is a normal one of a wider type.
    - `to_nearest_even`, by which numbers are rounded anyway, is left out; other roundings are an error.

    What has no lowering is an error at its location.

    ```mlir
    // before
    func.func @main(%x: tensor<8x4xf32>, %n: i64) -> tensor<2x4xf32> {
      %y = tensor.gather %x[%rows] gather_dims([0]) : (tensor<8x4xf32>, tensor<2x1xindex>) -> tensor<2x4xf32>
    // after
    func.func @main(%x: tensor<8x4xf32>, %arg1: tensor<i64>) -> tensor<2x4xf32> {
      %n = tensor.extract %arg1[] : tensor<i64>
      %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<2x4xf32>) { … }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
}

def DefineResultsPass : Pass<"uwt-define-results"> {
  let summary = "Give results to operations that would have none";
  let description = [{
    Conversions of floats beyond an integer type give its nearest number, and those of NaN zero. Conversions to integers of 2 to 31 bits go through i32 and
    keep its low bits, as processors, PyTorch and IREE do. Shifts by the width or more give zeros, or for
    `arith.shrsi` the sign. Promises that a result would be undefined without (`overflow<nsw>`, `exact`, `nnan`, `ninf`) are dropped, `ub.poison` is zero,
    and so is a `tensor.empty` where it is read before it is written.

    LLVM takes undefined values for a promise that a branch is never reached, the branches of `uwt-insert-checks` included.

    ```mlir
    // before
    %n = arith.shli %a, %b : i32
    // after
    %least = arith.minui %b, %c31 : i32
    %shifted = arith.shli %a, %least : i32
    %n = arith.select %isWhole, %c0, %shifted : i32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
}

def InsertChecksPass : Pass<"uwt-insert-checks"> {
  let summary = "Check sizes and indices that only a call knows";
  let description = [{
    Puts `uwt.check` in front of operations on tensors whose operands may not fit: sizes that a `tensor.cast` states, that the operands of a `linalg`
    operation share, or that a map reads beyond; indices of `tensor.extract` and `tensor.insert`, slices, reshapes, padding; negative sizes; integer
    divisions by zero. What types and constants decide takes no check. Compiled code with these checks reads and writes inside of its tensors,
    whatever the sizes and contents of its inputs are.

    To be run before anything relies on sizes to agree. The cost is in `docs/embedding.md`.

    ```mlir
    // before
    %y = tensor.cast %x : tensor<?x?x64xf32> to tensor<?x1x64xf32>
    // after
    %size = tensor.dim %x, %c1 : tensor<?x?x64xf32>
    %0 = arith.cmpi eq, %size, %c1 : index
    uwt.check %0, "m.mlir:3:8: tensor.cast: size 1 is {0}, expected {1}" (%size, %c1)
    %y = tensor.cast %x : tensor<?x?x64xf32> to tensor<?x1x64xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::uwt::UWTDialect"
  ];
}

#endif // UWT_INPUT_PASSES
