//===- BuildKernels.cpp - A gpu.module for each product -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Skinny.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "uwt/Codec/Panel.h"
#include "uwt/Emission/Emission.h"
#include "uwt/GpuKernels/Passes.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_BUILDKERNELSPASS
#include "uwt/GpuKernels/Passes.h.inc"

/// Most batch rows, in eights, that family skinny serves with its sums in registers.
static constexpr unsigned mostTiles = 8;

namespace {
struct BuildKernelsPass : impl::BuildKernelsPassBase<BuildKernelsPass> {
  using BuildKernelsPassBase::BuildKernelsPassBase;
  void runOnOperation() override;

private:
  LogicalResult build(MatmulOp op, unsigned number);
  FailureOr<SkinnyPlan> makePlan(MatmulOp op);
};
} // namespace

/// Refuses what family skinny does not serve.
static LogicalResult checkProduct(MatmulOp op, const EmittedFormat &format,
                                  std::optional<unsigned> tableWords) {
  auto refuse = [&](const Twine &reason) {
    return op.emitOpError() << "has no kernel of family skinny: " << reason;
  };
  Type element = op.getWeightType().getElementType();
  if (!op.hasBuffers())
    return refuse("it is on tensors: bufferize it before");
  if (op.getWeightType().getMatrices() != 1 || op.getXType().getRank() != 2)
    return refuse("it has several matrices");
  if (!tableWords || *tableWords > 1)
    return refuse("threads do not decode format '" + format.format.str() + "'");
  if (format.format.escapes == Escapes::Rows64)
    return refuse("escapes=rows<64> replaces rows, not single words");
  if (op.getXType().getElementType() != element)
    return refuse("x and weight have different element types");
  if (!op.getWeightType().getRows() || !op.getWeightType().getColumns())
    return refuse("the weight is empty");
  return mlir::success();
}

FailureOr<SkinnyPlan> BuildKernelsPass::makePlan(MatmulOp op) {
  CompressedType weight = op.getWeightType();
  EmittedFormat format;
  std::string reason;
  std::optional<ElementType> element = elementTypeOf(weight.getElementType());
  if (!element || !describeFormat(weight.getFormat().getFormat(), *element, format, reason))
    return op.emitOpError() << "has no kernel of family skinny: " << reason;
  const Emitter &emitter = *findEmitter(format.format.codec.keyword);
  if (failed(checkProduct(op, format, emitter.fragmentTableWords(format))))
    return mlir::failure();

  unsigned eights = tiles;
  if (eights == 0)
    eights = ShapedType::isDynamic(op.getBatch())
                 ? 1
                 : std::max<unsigned>(divideUp(op.getBatch(), 8), 1);
  if (eights > mostTiles)
    return op.emitOpError() << "has no kernel of family skinny: a batch of " << op.getBatch()
                            << " is more than " << 8 * mostTiles;
  if (stages < 2 || groups < 2 || groups % 2 != 0)
    return op.emitOpError() << "expects at least 2 stages and an even number of groups, got "
                            << stages.getValue() << " and " << groups.getValue();
  SkinnyPlan plan{};
  plan.rows = weight.getRows();
  plan.columns = weight.getColumns();
  plan.tiles = eights;
  plan.stages = stages;
  plan.groupsPerStage = groups;
  UnitLayout layout = unitLayout(format.format, *element);
  plan.onlyWords = layout.onlyWords;
  plan.hasEscapes = layout.hasEscapes;
  if (plan.onlyWords)
    return plan;
  plan.rawWords = layout.rawWords;
  plan.codeWords = layout.codeWords;
  return plan;
}

LogicalResult BuildKernelsPass::build(MatmulOp op, unsigned number) {
  FailureOr<SkinnyPlan> plan = makePlan(op);
  if (failed(plan))
    return mlir::failure();
  auto function = op->getParentOfType<FunctionOpInterface>();
  if (!function)
    return op.emitOpError("is in no function");
  OpBuilder builder(&getContext());
  builder.setInsertionPoint(function);
  std::string name = function.getName().str() + "_product_" + std::to_string(number);
  auto module = gpu::GPUModuleOp::create(builder, op.getLoc(), name);
  SkinnyKernels(op, *plan, builder).build(module);
  return mlir::success();
}

void BuildKernelsPass::runOnOperation() {
  SmallVector<MatmulOp> products;
  getOperation().walk([&](MatmulOp op) { products.push_back(op); });
  getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                          UnitAttr::get(&getContext()));
  DenseMap<Operation *, unsigned> numbers;
  for (MatmulOp op : products) {
    Operation *function = op->getParentOfType<FunctionOpInterface>();
    if (failed(build(op, numbers[function]++)))
      return signalPassFailure();
  }
}

} // namespace uwt
