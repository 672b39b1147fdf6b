//===- EmitDecoders.cpp - Replace decodes of units by lane code -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codegen/Decode/Passes.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

#define GEN_PASS_DEF_EMITDECODERSPASS
#include "uwt/Codegen/Decode/Passes.h.inc"

namespace {
struct EmitDecodersPass : impl::EmitDecodersPassBase<EmitDecodersPass> {
  void runOnOperation() override {
    SmallVector<Operation *> decodes;
    getOperation()->walk([&](Operation *op) {
      if (isa<DecodeUnitOp, DotUnitOp, DecodeStreamOp, PatchUnitOp, DecodeIntegersOp,
              DecodeNumbersOp, DecodeFragmentOp, DecodeFragmentIntegersOp, DecodeFragmentNumbersOp,
              DecodeStreamFragmentOp>(op))
        decodes.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (Operation *op : decodes) {
      // A thread's operations know planes, not a weight.
      Attribute format = op->getAttrOfType<FormatAttr>("format");
      if (!format)
        format = cast<CompressedType>(op->getOperand(0).getType()).getFormat();
      auto emission = dyn_cast<DecoderEmissionInterface>(format);
      if (!emission) {
        op->emitOpError("has a format without decoders: register the Emission library");
        return signalPassFailure();
      }
      rewriter.setInsertionPoint(op);
      if (failed(emission.emitDecoder(rewriter, op)))
        return signalPassFailure();
    }
  }
};
} // namespace

} // namespace uwt::codegen
