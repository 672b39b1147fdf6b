//===- Passes.td - Passes of the compiler library -----------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_PASSES
#define UWT_COMPILER_PASSES

include "mlir/Pass/PassBase.td"

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
