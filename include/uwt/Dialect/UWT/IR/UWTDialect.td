//===- UWTDialect.td - The uwt dialect ---------------------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_UWTDIALECT
#define UWT_DIALECT_UWT_IR_UWTDIALECT

include "mlir/IR/OpBase.td"

def UWT_Dialect : Dialect {
  let name = "uwt";
  let cppNamespace = "::uwt";
  let summary = "Compressed tensors, their decode, and products that run from them";
  let description = [{
    A compressed tensor is a value of type `!uwt.compressed<shape x element, format>`. It is never a dense
    tensor to the rest of the compiler: it becomes one through `uwt.decode`, or it is multiplied
    where it lies through `uwt.matmul`.

    | level | operations | comes from | goes to |
    | --- | --- | --- | --- |
    | tensor | `uwt.weight` `uwt.constant` `uwt.encode` `uwt.decode` `uwt.transcode` `uwt.matmul` `uwt.dispatch` | front ends, `linalg` | tile |
    | tile | `uwt.buffer` `uwt.decode_unit` `uwt.decode_stream` `uwt.patch_unit` `uwt.dot` | `uwt-tile-matmul` | lane |
    | lane | `arith`, `vector`, `memref`, and `uwt.lookup` | codecs (`uwt-emit-decoders`) | LLVM, or a GPU's dialects |

    Formats, their text form and their bytes are specified in `docs/formats.md`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let extraClassDeclaration = [{
    /// Module attribute: the target that a module is compiled for (TargetAttr).
    static constexpr ::llvm::StringLiteral targetAttrName = "uwt.target";
    /// Module attribute: the weights that compiled code reads, in the order of
    /// their slots (array of SlotAttr).
    static constexpr ::llvm::StringLiteral slotsAttrName = "uwt.slots";
    /// Module attribute: the products that compiled code calls for, by the numbers of the calls
    /// (array of LaunchAttr).
    static constexpr ::llvm::StringLiteral launchesAttrName = "uwt.launches";
    /// Attribute of a `gpu.func`: how it is launched (KernelEntryAttr).
    static constexpr ::llvm::StringLiteral kernelEntryAttrName = "uwt.kernel_entry";
    /// Attribute of the `gpu.module` of a product (KernelPlanAttr).
    static constexpr ::llvm::StringLiteral kernelPlanAttrName = "uwt.kernel_plan";

    void registerTypes();
    void registerAttributes();
  }];
}

#endif // UWT_DIALECT_UWT_IR_UWTDIALECT
