//===- SelectFormat.cpp - Pick the format that each weight runs from ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Knows no format and no machine: it lists what a weight may be coded to, asks the machine's model,
// and transcodes. All products with one weight run from one format, since a weight is loaded once.
//
//===----------------------------------------------------------------------===//

#include "MachineModel.h"
#include "RunFormat.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_SELECTFORMATPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"

namespace {
/// Uses are together when their weights have the same key: name and type of a `uwt.weight`, else
/// the value.
using WeightKey = std::pair<const void *, const void *>;

struct SelectFormatPass : MachinePass<impl::SelectFormatPassBase<SelectFormatPass>> {
  using MachinePass::MachinePass;
  SelectFormatPass(const SelectFormatPassOptions &options,
                   std::shared_ptr<KernelProfileSource> profiles)
      : MachinePass(options), profiles(std::move(profiles)) {}
  void runOnOperation() override;

private:
  LogicalResult selectFor(WeightUses &weight);
  FailureOr<SmallVector<CompressedType>> candidatesFor(WeightUses &weight, bool isDecided);
  FailureOr<CompressedType> forcedFor(WeightUses &weight);
  void explain(MatmulOp op, ArrayRef<FormatCandidate> ranked);

  /// Null for the table.
  std::shared_ptr<KernelProfileSource> profiles;
  MachineModel *model = nullptr;
};
} // namespace

FailureOr<CompressedType> SelectFormatPass::forcedFor(WeightUses &weight) {
  Operation *first = weight.first();
  auto stored = cast<CompressedType>(weight.weight().getType());
  Expected<Format> forced = Format::parse(std::string(runFormat));
  if (!forced)
    return first->emitOpError() << "cannot run from '" << runFormat
                                << "': " << forced.error().message();
  if (forced->isQuantized())
    forced = heldFormat(*forced, stored.getDescription().element);
  std::optional<CompressedType> type = inFormat(stored, *forced);
  if (!type && forced->isQuantized())
    return first->emitOpError() << "cannot run from " << runFormat
                                << ": only a weight of a quantised checkpoint has its codes";
  if (!type)
    return first->emitOpError() << "cannot run from " << runFormat
                                << ": the format is no composition for "
                                << StringRef(getTraits(stored.getDescription().element).name);
  if (Status served = model->checkFormat(*type); !served)
    return first->emitOpError() << "cannot run from " << runFormat << ": "
                                << served.error().message();
  return *type;
}

/// The stored format first: it needs no transcode. Then what weights may be coded to when they are
/// loaded, but for the codes of quantised weights, which are the least memory and seldom slower.
FailureOr<SmallVector<CompressedType>> SelectFormatPass::candidatesFor(WeightUses &weight,
                                                                       bool isDecided) {
  auto stored = cast<CompressedType>(weight.weight().getType());
  SmallVector<CompressedType> types;
  Status asStored = model->checkFormat(stored);
  if (asStored)
    types.push_back(stored);
  if (asStored && stored.getFormat().getFormat().isQuantized())
    return types;
  for (const Format &format : runFormats())
    if (auto type = inFormat(stored, format);
        type && !isDecided && *type != stored && model->checkFormat(*type))
      types.push_back(*type);
  if (types.empty())
    return weight.first()->emitOpError()
           << "cannot run from " << stored.getFormat().getText()
           << ", nor from anything else: " << asStored.error().message();
  return types;
}

/// Makes all uses of a weight read it in one format, so that it is held once.
static void runFrom(WeightUses &weight, CompressedType type) {
  const Format &format = type.getFormat().getFormat();
  auto transcode = [&](OpOperand &operand) { operand.set(transcodedTo(operand.get(), format)); };
  for (GatherOp gather : weight.gathers)
    transcode(gather.getWeightMutable());
  for (MatmulOp product : weight.products)
    transcode(product.getWeightMutable());
}

void SelectFormatPass::explain(MatmulOp op, ArrayRef<FormatCandidate> ranked) {
  CompressedType type = op.getWeightType();
  std::string m = ShapedType::isDynamic(op.getM()) ? "?" : std::to_string(op.getM());
  // Not op.emitRemark(): that would print the operation, twice the size of what there is to say.
  InFlightDiagnostic diagnostic = mlir::emitRemark(op.getLoc());
  diagnostic << "product with " << type.getRows() << "x" << type.getColumns() << ", m " << m
             << ", on " << model->name() << " from " << ranked.front().prediction;
  if (ranked.size() > 1)
    diagnostic << "; runner-up " << ranked[1].prediction;
}

LogicalResult SelectFormatPass::selectFor(WeightUses &weight) {
  if (weight.products.empty() && !model->takesRows())
    return success();
  // What a function is given comes in the format that its caller has; and where x has its columns
  // in a weight's order, no other format has that.
  auto stored = cast<CompressedType>(weight.weight().getType());
  bool isDecided = isa<BlockArgument>(weight.weight()) || model->isDecided(weight.weight()) ||
                   stored.getFormat().getFormat().hasColumnOrder;
  if (!isDecided && !runFormat.empty()) {
    FailureOr<CompressedType> forced = forcedFor(weight);
    if (failed(forced))
      return failure();
    runFrom(weight, *forced);
    return success();
  }
  FailureOr<SmallVector<CompressedType>> types = candidatesFor(weight, isDecided);
  if (failed(types))
    return failure();
  Expected<SmallVector<FormatCandidate>> ranked = model->rankFormats(weight, *types);
  if (!ranked)
    return weight.first()->emitOpError() << ranked.error().message();
  if (isDecided || ranked->empty())
    return success();
  if (remarks && !weight.products.empty())
    explain(weight.products.front(), *ranked);
  runFrom(weight, ranked->front().type);
  return success();
}

static WeightKey keyOf(Value weight) {
  if (auto named = weight.getDefiningOp<WeightOp>())
    return {named.getNameAttr().getAsOpaquePointer(), named.getType().getAsOpaquePointer()};
  return {weight.getAsOpaquePointer(), nullptr};
}

void SelectFormatPass::runOnOperation() {
  MachineOptions options = machineOptions();
  options.board = board;
  options.mHint = mHint;
  if (profiles)
    options.profiles = profiles.get();
  FailureOr<std::unique_ptr<MachineModel>> created = createMachineModel(getOperation(), options);
  if (failed(created))
    return signalPassFailure();
  model = created->get();
  llvm::MapVector<WeightKey, WeightUses> weights;
  // The format of a product with a strategy is somebody's decision.
  getOperation().walk([&](MatmulOp op) {
    if (!op.getStrategyAttr())
      weights[keyOf(op.getWeight())].products.push_back(op);
  });
  getOperation().walk([&](GatherOp op) { weights[keyOf(op.getWeight())].gathers.push_back(op); });
  for (auto &[key, weight] : weights)
    if (failed(selectFor(weight)))
      return signalPassFailure();
}

std::unique_ptr<Pass> createSelectFormatPass(const SelectFormatPassOptions &options,
                                             std::shared_ptr<KernelProfileSource> profiles) {
  return std::make_unique<SelectFormatPass>(options, std::move(profiles));
}

} // namespace uwt
