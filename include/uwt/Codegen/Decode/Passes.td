//===- Passes.td - From decodes to lane code ---------------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEGEN_DECODE_PASSES
#define UWT_CODEGEN_DECODE_PASSES

include "mlir/Pass/PassBase.td"

def EmitDecodersPass : Pass<"uwt-emit-decoders"> {
  let summary = "Replace decodes of units by lane code";
  let description = [{
    `uwt.decode_unit`, `uwt.decode_stream`, `uwt.patch_unit`, `uwt.decode_integers` and `uwt.decode_numbers` are replaced by what the emitter of the format's codec writes. Registers come in the order in which memory
    is read best; operations without effects that use one move behind it, so that it does not wait.

    ```mlir
    // before
    %r:32 = uwt.decode_unit %w[%first, %code] : !uwt.compressed<64x64xbf16, "inplace<12>"> -> vector<16xi32>, ...
    // after
    %buffer = uwt.buffer code of %w : !uwt.compressed<64x64xbf16, "inplace<12>"> -> memref<?xi32>
    %0 = vector.load %buffer[%code] : memref<?xi32>, vector<16xi32>
    %1 = arith.andi %0, %mask : vector<16xi32>
    %2 = arith.addi %1, %base : vector<16xi32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
}

#endif // UWT_CODEGEN_DECODE_PASSES
