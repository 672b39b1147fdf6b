//===- Epilogue.cpp - Epilogues as GPUs compute them ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "uwt/Codegen/Math/Passes.h"
#include "uwt/Rewrite/Passes.h"

using namespace mlir;

namespace uwt::codegen {

LogicalResult expandEpilogue(MatmulOp op) {
  MLIRContext *context = op.getContext();
  // For callers that are no passes, which declare them.
  context->loadDialect<arith::ArithDialect, math::MathDialect, vector::VectorDialect>();
  PassManager passes(context, MatmulOp::getOperationName());
  passes.enableVerifier(false);
  // GPUs convert to bf16 by an instruction.
  buildExpandFloatsPipeline(passes, /*expandBf16=*/false);
  passes.addPass(createCanonicalizePass());
  passes.addPass(createCSEPass());
  return passes.run(op);
}

/// Floats of 8 bits lie in memory, and are converted by arithmetic on their bits.
static bool movesBits(Operation &op) {
  return isa<arith::BitcastOp, arith::SelectOp, arith::ConstantOp>(op);
}

static bool isKnownType(Type type, Operation &op) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.getWidth() <= 64;
  if (auto number = dyn_cast<FloatType>(type); number && number.getWidth() == 8)
    return movesBits(op);
  return isa<IndexType, BFloat16Type, Float16Type, Float32Type, Float64Type>(type);
}

/// Whether GPUs have instructions for an operation that is left once epilogues are expanded.
static bool isKnownOperation(Operation &op) {
  if (isa<arith::ArithDialect>(op.getDialect()))
    return true;
  return isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp, math::CountLeadingZerosOp,
             math::CountTrailingZerosOp, math::CtPopOp, math::FloorOp, math::FmaOp,
             math::RoundEvenOp, math::SqrtOp, math::TruncOp>(op);
}

Status checkEpilogue(MatmulOp op) {
  for (Operation &scalar : op.getEpilogueBlock()->without_terminator()) {
    std::string name = scalar.getName().getStringRef().str();
    SmallVector<Type> types(scalar.getOperandTypes());
    llvm::append_range(types, scalar.getResultTypes());
    for (Type type : types) {
      std::string text;
      llvm::raw_string_ostream(text) << type;
      if (!isKnownType(type, scalar))
        return unsupportedError("its epilogue has '" + name + "' of " + text +
                                ", a type that GPUs lack");
      if (!isKnownOperation(scalar))
        return unsupportedError("its epilogue has '" + name + "' of " + text +
                                ", for which GPUs have no code");
    }
  }
  return ok();
}

} // namespace uwt::codegen
