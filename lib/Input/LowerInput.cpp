//===- LowerInput.cpp - Pass uwt-lower-input ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream's passes run where a module has operations for them: most modules have linalg only, and
// stay as the front end wrote them.
//
//===----------------------------------------------------------------------===//

#include "LowerInput.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Shape/IR/Shape.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "uwt/Dialect/TMTensor/TMTensor.h"
#include "uwt/Input/Passes.h"
#include "uwt/Rewrite/Passes.h"

namespace uwt {
#define GEN_PASS_DEF_LOWERINPUTPASS
#include "uwt/Input/Passes.h.inc"
} // namespace uwt

using namespace mlir;

namespace {

struct LowerInput : uwt::impl::LowerInputPassBase<LowerInput> {
  void runOnOperation() override;

  void getDependentDialects(DialectRegistry &registry) const override {
    LowerInputPassBase::getDependentDialects(registry);
    tosaPipeline().getDependentDialects(registry);
    shapePipeline().getDependentDialects(registry);
    branchPipeline().getDependentDialects(registry);
    elementwisePipeline().getDependentDialects(registry);
  }

private:
  LogicalResult lower();
  LogicalResult checkNothingLeft();
  template <typename DialectTy> bool has();

  static OpPassManager tosaPipeline();
  static OpPassManager shapePipeline();
  static OpPassManager branchPipeline();
  static OpPassManager elementwisePipeline();
};

} // namespace

OpPassManager LowerInput::tosaPipeline() {
  OpPassManager pm(ModuleOp::getOperationName());
  // First: the passes behind it take no regions of tosa operations.
  pm.nest<func::FuncOp>().addPass(createTosaToSCFPass());
  tosa::addTosaToLinalgPasses(pm, TosaToLinalgOptions(), TosaToLinalgNamedOptions(), std::nullopt);
  OpPassManager &func = pm.nest<func::FuncOp>();
  func.addPass(createTosaToArithPass());
  func.addPass(createTosaToTensorPass());
  func.addPass(uwt::createCanonicalizePass());
  return pm;
}

OpPassManager LowerInput::shapePipeline() {
  OpPassManager pm(ModuleOp::getOperationName());
  pm.addPass(createConvertShapeConstraintsPass());
  pm.addPass(uwt::createCanonicalizePass());
  pm.addPass(createConvertShapeToStandardPass());
  return pm;
}

OpPassManager LowerInput::branchPipeline() {
  OpPassManager pm(ModuleOp::getOperationName());
  pm.addPass(createLiftControlFlowToSCFPass());
  return pm;
}

OpPassManager LowerInput::elementwisePipeline() {
  OpPassManager pm(ModuleOp::getOperationName());
  pm.addPass(createConvertElementwiseToLinalgPass());
  return pm;
}

/// Whether the module has operations of a dialect.
template <typename DialectTy> bool LowerInput::has() {
  return getOperation()
      .walk([](Operation *op) {
        return WalkResult(success(!isa_and_nonnull<DialectTy>(op->getDialect())));
      })
      .wasInterrupted();
}

/// Returns if a function has branches between blocks.
static bool hasBranches(ModuleOp module) {
  return llvm::any_of(module.getOps<func::FuncOp>(), [](func::FuncOp function) {
    return !llvm::hasNItemsOrLess(function.getBody(), 1);
  });
}

/// math.isnormal, which no tensors have any more, as comparisons in the type that it asks about,
/// before that is widened.
static void expandIsNormal(ModuleOp module) {
  module.walk([](math::IsNormalOp op) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Type type = op.getOperand().getType();
    const llvm::fltSemantics &semantics =
        cast<FloatType>(getElementTypeOrSelf(type)).getFloatSemantics();
    auto constant = [&](const APFloat &value) -> Value {
      TypedAttr attribute = FloatAttr::get(getElementTypeOrSelf(type), value);
      if (auto shaped = dyn_cast<VectorType>(type))
        attribute = DenseElementsAttr::get(shaped, value);
      return arith::ConstantOp::create(builder, loc, attribute);
    };
    Value magnitude = math::AbsFOp::create(builder, loc, op.getOperand());
    // Neither is true of a NaN.
    Value large = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGE, magnitude,
                                        constant(APFloat::getSmallestNormalized(semantics)));
    Value finite = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLE, magnitude,
                                         constant(APFloat::getLargest(semantics)));
    op.replaceAllUsesWith(arith::AndIOp::create(builder, loc, large, finite).getResult());
    op.erase();
  });
}

/// Rounding to the nearest even number is what operations do that name no rounding; there is no
/// code for others.
static LogicalResult dropRoundings(ModuleOp module) {
  WalkResult walk = module.walk([](arith::ArithRoundingModeInterface op) {
    arith::RoundingModeAttr mode = op.getRoundingModeAttr();
    if (mode && mode.getValue() != arith::RoundingMode::to_nearest_even) {
      op->emitOpError() << "rounds " << arith::stringifyRoundingMode(mode.getValue())
                        << ": programs round to_nearest_even only";
      return WalkResult::interrupt();
    }
    op->removeAttr(op.getRoundingModeAttrName());
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

/// Refuses reductions that keep the last of several elements, if there may be none: the output
/// would be the result then, which nothing behind this pass would read.
static LogicalResult refuseUnreadOutputs(ModuleOp module) {
  WalkResult walk = module.walk([](linalg::GenericOp op) {
    SmallVector<unsigned> reductions;
    op.getReductionDims(reductions);
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    bool mayBeEmpty = llvm::any_of(reductions, [&](unsigned loop) {
      return ranges[loop] == 0 || ShapedType::isDynamic(ranges[loop]);
    });
    auto isUnread = [&](OpOperand &init) { return !op.payloadUsesValueFromOperand(&init); };
    if (!mayBeEmpty || !llvm::any_of(op.getDpsInitsMutable(), isUnread))
      return WalkResult::advance();
    op->emitOpError("reduces along a dimension that may have size 0, and its body does not read an "
                    "output: add the elements to it, or select one");
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

/// Makes branches of selections between whole tensors, which need not be copied then.
static void branchOnWholeTensors(ModuleOp module) {
  module.walk([](arith::SelectOp op) {
    if (!isa<RankedTensorType>(op.getType()) || !op.getCondition().getType().isInteger(1))
      return;
    OpBuilder builder(op);
    auto yield = [&](Value value) {
      return [value](OpBuilder &inner, Location loc) { scf::YieldOp::create(inner, loc, value); };
    };
    auto branch = scf::IfOp::create(builder, op.getLoc(), op.getCondition(),
                                    yield(op.getTrueValue()), yield(op.getFalseValue()));
    op.replaceAllUsesWith(branch.getResult(0));
    op.erase();
  });
}

LogicalResult LowerInput::lower() {
  ModuleOp module = getOperation();
  if (failed(dropRoundings(module)))
    return failure();
  if (failed(uwt::flattenModules(module)) || failed(uwt::lowerGlobals(module)))
    return failure();
  if (hasBranches(module)) {
    OpPassManager pm = branchPipeline();
    if (failed(runPipeline(pm, module)))
      return failure();
  }
  if (has<tosa::TosaDialect>()) {
    OpPassManager pm = tosaPipeline();
    if (failed(runPipeline(pm, module)))
      return failure();
  }
  if (has<shape::ShapeDialect>()) {
    OpPassManager pm = shapePipeline();
    if (failed(runPipeline(pm, module)))
      return failure();
  }
  if (failed(uwt::lowerTMTensor(module)) || failed(uwt::lowerTensorOps(module)) ||
      failed(uwt::wrapScalars(module)))
    return failure();
  if (failed(refuseUnreadOutputs(module)))
    return failure();
  branchOnWholeTensors(module);
  OpPassManager pm = elementwisePipeline();
  if (failed(runPipeline(pm, module)))
    return failure();
  expandIsNormal(module);
  return success();
}

LogicalResult LowerInput::checkNothingLeft() {
  WalkResult walk = getOperation().walk([](Operation *op) {
    if (!isa_and_nonnull<tosa::TosaDialect, shape::ShapeDialect, ml_program::MLProgramDialect>(
            op->getDialect()))
      return WalkResult::advance();
    op->emitOpError("has no lowering to linalg, with these operands: write it with linalg, tensor "
                    "and arith");
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

void LowerInput::runOnOperation() {
  if (failed(lower()) || failed(checkNothingLeft()))
    signalPassFailure();
}
