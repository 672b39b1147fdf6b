//===- UWTInterfaces.td - What formats can do --------------*- tablegen -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the bytes of a format mean and how a machine decodes them are two
// interfaces: the first one belongs to the dialect, the second is attached by
// the Emission library, so that the dialect does not depend on it.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_DIALECT_UWT_IR_UWTINTERFACES
#define UWT_DIALECT_UWT_IR_UWTINTERFACES

include "mlir/IR/OpBase.td"

def UWT_DecoderEmissionInterface : AttrInterface<"DecoderEmissionInterface"> {
  let cppNamespace = "::uwt";
  let description = [{
    How tensors of a format are decoded by compiled code. Implemented for `#uwt.format` by the
    Emission library (`registerEmission`), which finds the codec's emitter by its keyword. A format
    that no emitter serves is refused by name, never decoded in a slower way silently.
  }];
  let methods = [
    InterfaceMethod<[{
        Whether compiled code decodes this format for elements of `element` in fragments. The
        message of an error is one clause for a diagnostic.
      }],
      "::uwt::Status", "checkEmission", (ins "::mlir::Type":$element)>,
    InterfaceMethod<[{
        The buffers of a weight (`#uwt.buffer`) that a decoder of this format reads.
      }],
      "::llvm::SmallVector<::uwt::WeightBuffer>", "getDecoderBuffers", (ins "::mlir::Type":$element)>,
    InterfaceMethod<[{
        Whether codes have a fixed rate, so that a unit is decoded into row vectors (`uwt.decode_unit`);
        otherwise stream units are decoded into memory (`uwt.decode_stream`).
      }],
      "bool", "hasFixedRate", (ins "::mlir::Type":$element)>,
    InterfaceMethod<[{
        Replaces a tile operation that decodes (`uwt.decode_unit`, `uwt.decode_stream`) by lane code. Emits an error at `op` on failure.
      }],
      "::mlir::LogicalResult", "emitDecoder",
      (ins "::mlir::RewriterBase &":$rewriter, "::mlir::Operation *":$op)>,
    InterfaceMethod<[{
        Vector operations that one row vector of weights (32 of them) costs to decode.
      }],
      "double", "getDecodeCost", (ins "::mlir::Type":$element)>
  ];
}

#endif // UWT_DIALECT_UWT_IR_UWTINTERFACES
