//===- SelectArithmetic.cpp - Products by integers, on request ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/IR/IntegerProducts.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_SELECTARITHMETICPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"

namespace {
struct SelectArithmeticPass : impl::SelectArithmeticPassBase<SelectArithmeticPass> {
  using SelectArithmeticPassBase::SelectArithmeticPassBase;
  void runOnOperation() override;

private:
  /// Why the product is not computed by integers, or success.
  Status select(MatmulOp op, IntegerArithmeticAttr arithmetic);
};
} // namespace

/// Why a product is not computed by integers, or success.
static Status checkProduct(MatmulOp op) {
  if (op.getStrategyAttr())
    return usageError("it has a strategy, which is somebody's decision");
  return checkIntegerWeight(op.getWeightType());
}

Status SelectArithmeticPass::select(MatmulOp op, IntegerArithmeticAttr arithmetic) {
  CompressedType type = op.getWeightType();
  // Not op.emitRemark(): that would print the operation, twice the size of what there is to say.
  InFlightDiagnostic remark = mlir::emitRemark(op.getLoc());
  remark << "product with " << type.getRows() << "x" << type.getColumns();
  if (Status served = checkProduct(op); !served) {
    remark << " stays dense: " << served.error().message();
    ++numLeft;
    return served;
  }
  op.setArithmeticAttr(arithmetic);
  remark << " is computed by integers of " << arithmetic.getBits() << " bits from "
         << type.getFormat().getText();
  ++numProducts;
  return ok();
}

void SelectArithmeticPass::runOnOperation() {
  ModuleOp module = getOperation();
  auto arithmetic = IntegerArithmeticAttr::getChecked(
      [&] { return module.emitError("option bits of uwt-select-arithmetic: "); }, &getContext(),
      unsigned(bits));
  if (!arithmetic)
    return signalPassFailure();
  Operation *dense = nullptr;
  Status reason;
  bool hasIntegers = false, hasProducts = false;
  module.walk([&](MatmulOp op) {
    hasProducts = true;
    Status selected = op.getArithmeticAttr() ? ok() : select(op, arithmetic);
    hasIntegers |= static_cast<bool>(selected);
    if (selected || dense)
      return;
    dense = op;
    reason = std::move(selected);
  });
  if (!hasProducts) {
    module.emitError("no product can be computed by integers: the module has none with a weight");
    return signalPassFailure();
  }
  if (!dense || hasIntegers)
    return;
  mlir::emitError(dense->getLoc())
      << "no product can be computed by integers; of this one, " << reason.error().message();
  signalPassFailure();
}

} // namespace uwt
