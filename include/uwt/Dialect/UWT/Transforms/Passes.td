//===- Passes.td - Passes over the uwt dialect --------------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_TRANSFORMS_PASSES
#define UWT_DIALECT_UWT_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def AssignSlotsPass : Pass<"uwt-assign-slots", "::mlir::ModuleOp"> {
  let summary = "Number the weights that compiled code reads";
  let description = [{
    Gives each different `uwt.weight` and `uwt.constant` (a name and a type; a `uwt.transcode` of a weight is a weight in the other format, read from
    the same tensor) a slot, in the order of the module: attribute `slot` on the operation, and the list `uwt.slots` on the module, which the loader
    follows. A constant is named `constant.N`.

    ```mlir
    // before
    %w = uwt.weight "w" : !uwt.compressed<64x64xbf16, "huffman<12,2>">
    %r = uwt.transcode %w : !uwt.compressed<64x64xbf16, "huffman<12,2>"> -> !uwt.compressed<64x64xbf16, "inplace<12>">
    // after, with uwt.slots = [#uwt.slot<"w", !uwt.compressed<64x64xbf16, "inplace<12>">>] on the module
    %r = uwt.weight "w" {slot = 0 : i64} : !uwt.compressed<64x64xbf16, "inplace<12>">
    ```
  }];
}

#endif // UWT_DIALECT_UWT_TRANSFORMS_PASSES
