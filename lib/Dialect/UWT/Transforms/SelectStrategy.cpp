//===- SelectStrategy.cpp - Pick the strategies of products ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MachineModel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_SELECTSTRATEGYPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"

namespace {
struct SelectStrategyPass : MachinePass<impl::SelectStrategyPassBase<SelectStrategyPass>> {
  using MachinePass::MachinePass;
  void runOnOperation() override;

private:
  LogicalResult select(MatmulOp op, MachineModel &model);
};
} // namespace

LogicalResult SelectStrategyPass::select(MatmulOp op, MachineModel &model) {
  FailureOr<StrategyRanges> ranges = model.chooseStrategies(op);
  if (failed(ranges))
    return failure();
  if (ranges->strategies.empty())
    return success();
  CompressedType type = op.getWeightType();
  if (remarks)
    for (const std::string &sentence : model.explain(op, *ranges))
      mlir::emitRemark(op.getLoc())
          << "product with " << type.getRows() << "x" << type.getColumns() << sentence;
  op.setStrategies(ranges->limits, ranges->strategies);
  ++numProducts;
  return success();
}

void SelectStrategyPass::runOnOperation() {
  MachineOptions options = machineOptions();
  options.maxCases = maxCases;
  options.keepOnHost = keepOnHost;
  options.mTiles = mTiles;
  options.stages = stages;
  options.groups = groups;
  options.cluster = cluster;
  options.search = search;
  options.ownFormat = ownFormat;
  options.instruction = instruction;
  FailureOr<std::unique_ptr<MachineModel>> model = createMachineModel(getOperation(), options);
  if (failed(model))
    return signalPassFailure();
  // A strategy that is there already stays.
  SmallVector<MatmulOp> products;
  bool hasProducts = false;
  getOperation().walk([&](MatmulOp op) {
    hasProducts = true;
    if (!op.getStrategyAttr())
      products.push_back(op);
  });
  if (!hasProducts && !options.strategy.empty()) {
    getOperation()->emitError() << "strategy '" << options.strategy
                                << "' is for products with a weight: the module has none";
    return signalPassFailure();
  }
  for (MatmulOp op : products)
    if (failed(select(op, **model)))
      return signalPassFailure();
}

} // namespace uwt
