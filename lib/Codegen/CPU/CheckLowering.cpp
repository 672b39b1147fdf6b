//===- CheckLowering.cpp - Passes that say what cannot be compiled --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's passes leave behind what they do not know, and the next one that minds says so in
// terms of its own, about casts that no module has. These say it about the operation.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "uwt/Codegen/CPU/Passes.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_CHECKBUFFERIZABLEPASS
#define GEN_PASS_DEF_CHECKLOWEREDPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;

namespace {

struct CheckBufferizable : uwt::codegen::impl::CheckBufferizablePassBase<CheckBufferizable> {
  void runOnOperation() override {
    auto isTensor = [](Type type) { return isa<TensorType>(type); };
    WalkResult walk = getOperation()->walk([&](Operation *op) {
      bool hasTensors = llvm::any_of(op->getOperandTypes(), isTensor) ||
                        llvm::any_of(op->getResultTypes(), isTensor);
      if (!hasTensors || isa<bufferization::BufferizableOpInterface>(op))
        return WalkResult::advance();
      op->emitOpError("has tensors and no lowering to memory: write it with linalg, tensor and "
                      "scf");
      return WalkResult::interrupt();
    });
    if (walk.wasInterrupted())
      signalPassFailure();
  }
};

struct CheckLowered : uwt::codegen::impl::CheckLoweredPassBase<CheckLowered> {
  void runOnOperation() override {
    // Casts stand around what is left; it is the cause of them.
    Operation *cause = nullptr;
    getOperation().walk([&](Operation *op) {
      if (isa<ModuleOp>(op) || isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()))
        return WalkResult::advance();
      bool isCast = isa<UnrealizedConversionCastOp>(op);
      if (!cause || !isCast)
        cause = op;
      return isCast ? WalkResult::advance() : WalkResult::interrupt();
    });
    if (!cause)
      return;
    InFlightDiagnostic error = cause->emitOpError("has no lowering to code for a CPU");
    if (cause->getNumOperands() > 0)
      error << " with operands of type " << cause->getOperandTypes();
    if (cause->getNumResults() > 0)
      error << " and results of type " << cause->getResultTypes();
    signalPassFailure();
  }
};

} // namespace
