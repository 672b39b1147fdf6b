//===- HoldFloatsAsIntegers.cpp - Pass uwt-hold-floats-as-integers --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Changes types in place, everywhere at once, and then puts bitcasts around the
// operations that keep their types. It never converts a number.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/CPU/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_HOLDFLOATSASINTEGERSPASS
#include "uwt/Codegen/CPU/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;

namespace {

bool isHeldAsInteger(Type element) {
  return isa<FloatType>(element) && element.getIntOrFloatBitWidth() <= 16;
}

/// The integer in place of a float.
Type integerOf(Type element) {
  return IntegerType::get(element.getContext(), element.getIntOrFloatBitWidth());
}

/// Whether values of `type` are held as integers, alone or as lanes.
bool isHeldValue(Type type) {
  return isa<FloatType, VectorType>(type) && isHeldAsInteger(getElementTypeOrSelf(type));
}

/// Whether `op` only moves values, so that their type may change with them.
bool onlyMoves(Operation *op) {
  if (isa<ModuleOp>(op))
    return false;
  if (isa<vector::FMAOp, vector::ReductionOp, vector::MultiDimReductionOp, vector::ContractionOp,
          vector::OuterProductOp, vector::ScanOp>(op))
    return false;
  if (isa<arith::ConstantOp, arith::SelectOp, arith::BitcastOp, UnrealizedConversionCastOp>(op))
    return true;
  StringRef dialect = op->getDialect() ? op->getDialect()->getNamespace() : "";
  return llvm::is_contained({"vector", "memref", "scf", "func", "cf", "builtin", "bufferization"},
                            dialect);
}

/// Tells if `op` converts between floats, or a small integer to a float, which code generators do
/// in one rounding. Upstream's canonicalizer makes a conversion of the second kind of two that
/// follow each other.
bool isConversion(Operation *op) {
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op))
    return getElementTypeOrSelf(op->getOperand(0).getType()).getIntOrFloatBitWidth() <= 24;
  return isa<arith::ExtFOp, arith::TruncFOp>(op);
}

/// An operation that keeps its float types, and what those of its operands were.
struct Keeper {
  Operation *op;
  SmallVector<Type> operands;
};

struct HoldFloatsAsIntegers
    : uwt::codegen::impl::HoldFloatsAsIntegersPassBase<HoldFloatsAsIntegers> {
  void runOnOperation() override {
    SmallVector<Keeper> keepers;
    SmallVector<Operation *> movers;
    SmallVector<arith::BitcastOp> casts;
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (auto cast = dyn_cast<arith::BitcastOp>(op))
        casts.push_back(cast);
      if (!onlyMoves(op))
        return keep(op, keepers);
      movers.push_back(op);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    AttrTypeReplacer replacer = makeReplacer();
    for (Operation *op : movers)
      replaceTypes(op, replacer);
    for (Keeper &keeper : keepers)
      castAround(keeper, replacer);
    for (arith::BitcastOp cast : casts) {
      if (cast.getIn().getType() != cast.getType())
        continue;
      cast.replaceAllUsesWith(cast.getIn());
      cast.erase();
    }
  }

  /// Notes the types of `op` if any are going to change.
  WalkResult keep(Operation *op, SmallVector<Keeper> &keepers) {
    auto affected = [](Type type) { return isHeldAsInteger(getElementTypeOrSelf(type)); };
    if (llvm::none_of(op->getOperandTypes(), affected) &&
        llvm::none_of(op->getResultTypes(), affected))
      return WalkResult::advance();
    auto unmovable = [&](Type type) { return affected(type) && !isHeldValue(type); };
    bool narrowMath = isa_and_nonnull<arith::ArithDialect>(op->getDialect()) && !isConversion(op);
    if (narrowMath || llvm::any_of(op->getOperandTypes(), unmovable) ||
        llvm::any_of(op->getResultTypes(), unmovable)) {
      op->emitOpError("still works on narrow floats: lower it before uwt-hold-floats-as-integers");
      return WalkResult::interrupt();
    }
    keepers.push_back({op, llvm::to_vector(op->getOperandTypes())});
    return WalkResult::advance();
  }

  /// What becomes of types and constants.
  AttrTypeReplacer makeReplacer() {
    AttrTypeReplacer replacer;
    replacer.addReplacement([](FloatType type) -> std::optional<Type> {
      if (!isHeldAsInteger(type))
        return std::nullopt;
      return integerOf(type);
    });
    using Result = AttrTypeReplacer::ReplaceFnResult<Attribute>;
    replacer.addReplacement([](FloatAttr attr) -> Result {
      if (!isHeldAsInteger(attr.getType()))
        return std::nullopt;
      return std::make_pair(
          Attribute(IntegerAttr::get(integerOf(attr.getType()), attr.getValue().bitcastToAPInt())),
          WalkResult::skip());
    });
    replacer.addReplacement([](DenseElementsAttr attr) -> Result {
      if (!isHeldAsInteger(attr.getElementType()))
        return std::nullopt;
      return std::make_pair(Attribute(attr.bitcast(integerOf(attr.getElementType()))),
                            WalkResult::skip());
    });
    replacer.addReplacement([](DenseResourceElementsAttr attr) -> Result {
      if (!isHeldAsInteger(attr.getType().getElementType()))
        return std::nullopt;
      auto type =
          cast<ShapedType>(attr.getType().clone(integerOf(attr.getType().getElementType())));
      return std::make_pair(Attribute(DenseResourceElementsAttr::get(type, attr.getRawHandle())),
                            WalkResult::skip());
    });
    return replacer;
  }

  /// Of a function only the type: what its attributes say of it stays true.
  static void replaceTypes(Operation *op, AttrTypeReplacer &replacer) {
    auto func = dyn_cast<func::FuncOp>(op);
    replacer.replaceElementsIn(op, /*replaceAttrs=*/!func, /*replaceLocs=*/false,
                               /*replaceTypes=*/true);
    if (func)
      func.setFunctionType(cast<FunctionType>(replacer.replace(func.getFunctionType())));
  }

  /// Puts bitcasts between an operation that keeps its types and what it uses and gives.
  static void castAround(Keeper &keeper, AttrTypeReplacer &replacer) {
    OpBuilder builder(keeper.op);
    Location loc = keeper.op->getLoc();
    for (auto [operand, type] : llvm::zip_equal(keeper.op->getOpOperands(), keeper.operands))
      if (operand.get().getType() != type)
        operand.set(arith::BitcastOp::create(builder, loc, type, operand.get()));
    builder.setInsertionPointAfter(keeper.op);
    for (Value result : keeper.op->getResults()) {
      Type held = replacer.replace(result.getType());
      if (held == result.getType())
        continue;
      auto cast = arith::BitcastOp::create(builder, loc, held, result);
      result.replaceAllUsesExcept(cast, cast);
    }
  }
};

} // namespace
