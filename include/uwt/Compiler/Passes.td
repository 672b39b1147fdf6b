//===- Passes.td - Passes of the compiler library ----------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_PASSES
#define UWT_COMPILER_PASSES

include "mlir/Pass/PassBase.td"

def CheckInputPass : Pass<"uwt-check-input", "::mlir::ModuleOp"> {
  let summary = "Refuse modules that could reach more than their tensors";
  let description = [{
    IR is code. A module that is not trusted is held to the dialects `linalg`, `tensor`, `arith`, `math`, `scf`, `cf`, `tosa`, `tm_tensor`, `shape` and
    `ml_program`, to functions with bodies that do not call themselves, to `affine.apply`, `affine.min` and `affine.max` without symbols in products, and to the operations of
    `uwt` on tensors; to ranked tensors, floats, and integers up to 64 bits; to resources that have the bytes of their tensors. Anything else is an
    error at its location. Discardable attributes of other dialects are dropped: later passes read some of them (`bufferization.writable`, LLVM attributes
    of functions).

    Together with `uwt-insert-checks`, which follows, compiled code stays inside of its own memory. Options `trust-ir` of pipelines and
    tools leave this pass out.
  }];
}

def SetTargetPass : Pass<"uwt-set-target", "::mlir::ModuleOp"> {
  let summary = "Record the machine that a module is compiled for";
  let description = [{
    Sets the module attribute `uwt.target`, which later passes read. A target that the module already has stays, unless `target` names one.

    ```mlir
    // before
    module { ... }
    // after, with target=avx2
    module attributes {uwt.target = #uwt.target<"avx2">} { ... }
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", /*default=*/"",
           "Name of a target, or native; without one, native">,
  ];
  let dependentDialects = ["::uwt::UWTDialect"];
}

#endif // UWT_COMPILER_PASSES
