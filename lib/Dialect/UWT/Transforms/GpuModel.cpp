//===- GpuModel.cpp - What is chosen for a GPU ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MachineModel.h"
#include "uwt/Codec/Panel.h"
#include "uwt/CostModel/GpuSearch.h"
#include "uwt/Dialect/UWT/Transforms/BuildableKernels.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace uwt {

namespace {
class GpuModel : public MachineModel {
public:
  GpuModel(const MachineOptions &options) : options(options) {}
  /// Finds what the options name.
  LogicalResult prepare(ModuleOp module);
  LogicalResult preparePins(ModuleOp module);

  std::string name() const override { return board->name; }
  /// They are taken on the host.
  bool takesRows() const override { return false; }
  bool isDecided(Value weight) const override {
    return weight.getDefiningOp<TranscodeOp>() != nullptr;
  }
  /// Kernels that are not in the table say for themselves whether they can be built.
  Status checkFormat(CompressedType type) override {
    if (type.getFormat().getFormat().hasColumnOrder)
      return unsupportedError("kernels of GPUs take x with its columns as they are");
    return ok();
  }
  Expected<SmallVector<FormatCandidate>> rankFormats(WeightUses &weight,
                                                     ArrayRef<CompressedType> types) override;
  FailureOr<StrategyRanges> chooseStrategies(MatmulOp op) override;
  SmallVector<std::string> explain(MatmulOp op, const StrategyRanges &ranges) override;

private:
  /// What a format costs the products of one weight: the microseconds of all of them, and the terms
  /// of the first one.
  struct Cost {
    double microseconds = 0;
    GpuPrediction first;
  };
  Expected<Cost> predictFormat(CompressedType type, ArrayRef<MatmulOp> products) const;
  Expected<std::vector<GpuRange>> chooseRanges(MatmulOp op) const;
  /// The search for the product's own format.
  GpuSearch searchOf(MatmulOp op) const;

  MachineOptions options;
  const GpuBoard *board = nullptr;
  GpuPins pins;
};
} // namespace

GpuChoice choiceOf(GpuStrategyAttr attribute) {
  GpuChoice choice;
  choice.strategy = gpuStrategyOf(attribute.getStrategy());
  choice.instruction = gpuInstructionOf(attribute.getInstruction());
  choice.slice = attribute.getSlice();
  choice.panels = attribute.getPanels();
  choice.cluster = attribute.getCluster();
  choice.ctas = attribute.getCtas();
  choice.stages = attribute.getStages();
  choice.groups = attribute.getGroups();
  choice.kTiles = attribute.getKTiles();
  return choice;
}

GpuStrategyAttr attributeOf(MLIRContext *context, const GpuChoice &choice) {
  return GpuStrategyAttr::get(context, productStrategyOf(choice.strategy),
                              productInstructionOf(choice.instruction), choice.slice, choice.panels,
                              choice.cluster, choice.ctas, choice.stages, choice.groups,
                              choice.kTiles);
}

FailureOr<std::unique_ptr<MachineModel>> createGpuModel(ModuleOp module,
                                                        const MachineOptions &options) {
  auto model = std::make_unique<GpuModel>(options);
  if (failed(model->prepare(module)))
    return failure();
  return std::unique_ptr<MachineModel>(std::move(model));
}

LogicalResult GpuModel::prepare(ModuleOp module) {
  Expected<const GpuTarget *> target = findGpuTarget(options.gpu);
  if (!target)
    return module.emitError() << target.error().message();
  board = usualBoard(**target);
  if (!options.board.empty()) {
    Expected<const GpuBoard *> named = findGpuBoard(builtInGpuBoards(), options.board);
    if (!named)
      return module.emitError() << named.error().message();
    if ((*named)->target != *target)
      return module.emitError() << "board '" << options.board << "' is no " << options.gpu
                                << " but " << (*named)->target->name;
    board = *named;
  }
  return preparePins(module);
}

LogicalResult GpuModel::preparePins(ModuleOp module) {
  pins.mTiles = options.mTiles;
  pins.stages = options.stages;
  pins.groups = options.groups;
  pins.cluster = options.cluster;
  std::optional<ProductStrategy> strategy = symbolizeProductStrategy(options.strategy);
  if (strategy && strategy != ProductStrategy::Tiles)
    pins.strategy = gpuStrategyOf(*strategy);
  else if (!options.strategy.empty())
    return module.emitError()
           << "expects strategy 'direct', 'shared', 'codes', 'exponents' or 'buffer', got '"
           << options.strategy << "'";
  std::optional<ProductInstruction> instruction = symbolizeProductInstruction(options.instruction);
  if (instruction)
    pins.instruction = gpuInstructionOf(*instruction);
  else if (!options.instruction.empty())
    return module.emitError() << "expects instruction 'fma', 'mma' or 'wgmma', got '"
                              << options.instruction << "'";
  return success();
}

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

/// Errors: those of the profiles' source.
Expected<GpuModel::Cost> GpuModel::predictFormat(CompressedType type,
                                                 ArrayRef<MatmulOp> products) const {
  Cost result;
  const Format &format = type.getFormat().getFormat();
  for (MatmulOp op : products) {
    GpuProblem problem;
    problem.n = op.getWeightType().getRows();
    problem.k = op.getWeightType().getColumns();
    int64_t m = ShapedType::isDynamic(op.getM()) ? options.mHint : op.getM();
    problem.m = std::max<int64_t>(m, 1);
    UWT_ASSIGN_OR_RETURN(const KernelProfile *profile,
                         options.profiles->find(*board->target, format, problem.m));
    GpuPrediction prediction = predictGpu(*board, *profile, problem);
    if (result.microseconds == 0)
      result.first = prediction;
    // The kernel is launched for each matrix.
    result.microseconds += prediction.total * static_cast<double>(op.getWeightType().getMatrices());
  }
  return result;
}

static std::string describe(CompressedType type, const GpuPrediction &p) {
  return llvm::formatv("{0}: {1:f1} us (memory {2:f1}, cache {3:f1}, issue {4:f1}, alu {5:f1}, "
                       "shared {6:f1}, matrix {7:f1}, chain {8:f1}, copying {9:f1}; launch "
                       "{10:f1}, prologue {11:f1}, ring {12:f1}, cluster {13:f1}, quantisation "
                       "{14:f1}, tail {15:f1}, decode {16:f1})",
                       type.getFormat().getText(), p.total, p.memory, p.cache, p.issue, p.alu,
                       p.shared, p.matrix, p.chain, p.copying, p.launch, p.prologue, p.ring,
                       p.cluster, p.quantisation, p.tail, p.decode)
      .str();
}

/// Prefix codes run where the kernel that was profiled does, for every m that there is: it
/// needs stream units of a strip, and for a large m it is by far slower than the others.
static bool runsAsStored(CompressedType stored, ArrayRef<MatmulOp> products) {
  auto decoder = dyn_cast<DecoderEmissionInterface>(Attribute(stored.getFormat()));
  if (!decoder || decoder.hasFixedRate(stored.getElementType()))
    return decoder != nullptr;
  bool isKnown =
      llvm::none_of(products, [](MatmulOp op) { return ShapedType::isDynamic(op.getM()); });
  return isKnown && stored.getColumns() > wholePanelUnitColumns;
}

Expected<SmallVector<FormatCandidate>> GpuModel::rankFormats(WeightUses &weight,
                                                             ArrayRef<CompressedType> types) {
  SmallVector<std::pair<double, FormatCandidate>> ranked;
  for (CompressedType type : types) {
    if (type == weight.weight().getType() && !runsAsStored(type, weight.products))
      continue;
    Expected<Cost> cost = predictFormat(type, weight.products);
    if (cost)
      ranked.push_back({cost->microseconds, {type, describe(type, cost->first)}});
    else
      mlir::emitRemark(weight.first()->getLoc())
          << type.getFormat().getText() << " is not compared: " << cost.error().message();
  }
  llvm::stable_sort(ranked, [](const auto &a, const auto &b) { return a.first < b.first; });
  return llvm::map_to_vector(ranked, [](const auto &each) { return each.second; });
}

//===----------------------------------------------------------------------===//
// Strategies
//===----------------------------------------------------------------------===//

Expected<std::vector<GpuRange>> GpuModel::chooseRanges(MatmulOp op) const {
  const auto *interface = op->getDialect()->getRegisteredInterface<BuildableKernelsInterface>();
  if (!interface)
    return unsupportedError("has no kernels: none are registered (uwt::registerGpuKernels)");
  if (op.getWeightType().isDynamic())
    return unsupportedError("has a weight of dynamic shape, and kernels of GPUs are made for one");
  UWT_ASSIGN_OR_RETURN(auto kernels, interface->describe(op, *board->target));
  // There are no profiles of products by integers.
  if (!options.search || op.getArithmeticAttr())
    return chooseGpuRanges(*kernels, pins);
  uint64_t k = op.getWeightType().getColumns();
  return searchGpuRanges(*kernels, pins, options.ownFormat ? searchOf(op) : tableSearch(*board, k));
}

/// The format that a product runs from and where, as remarks begin.
static std::string sourceAndTarget(MatmulOp op, const GpuTarget &target) {
  return " from " + op.getWeightType().getFormat().getText().str() + " on " +
         std::string(target.name) + ": ";
}

GpuSearch GpuModel::searchOf(MatmulOp op) const {
  Format format = op.getWeightType().getFormat().getFormat();
  auto profileOf = [this, format](uint64_t m) -> const KernelProfile * {
    Expected<const KernelProfile *> found = options.profiles->find(*board->target, format, m);
    return found ? *found : nullptr;
  };
  return ownSearch(*board, op.getWeightType().getColumns(), profileOf);
}

FailureOr<StrategyRanges> GpuModel::chooseStrategies(MatmulOp op) {
  Expected<std::vector<GpuRange>> ranges = chooseRanges(op);
  StrategyRanges result;
  if (!ranges && !options.keepOnHost)
    return op.emitOpError() << ranges.error().message();
  if (!ranges) {
    CompressedType type = op.getWeightType();
    mlir::emitRemark(op.getLoc()) << "product with " << type.getRows() << "x" << type.getColumns()
                                  << sourceAndTarget(op, *board->target)
                                  << "runs on the host, because it " << ranges.error().message();
    return result;
  }
  for (const GpuRange &range : *ranges)
    result.strategies.push_back(attributeOf(op.getContext(), range.choice));
  for (const GpuRange &range : ArrayRef(*ranges).drop_back())
    result.limits.push_back(static_cast<int64_t>(range.limit));
  return result;
}

SmallVector<std::string> GpuModel::explain(MatmulOp op, const StrategyRanges &ranges) {
  std::string text = sourceAndTarget(op, *board->target);
  std::optional<ProductStrategy> last;
  for (Attribute attribute : ranges.strategies) {
    auto each = cast<GpuStrategyAttr>(attribute);
    if (last != each.getStrategy())
      text += (last ? "; " : "") + stringifyProductStrategy(each.getStrategy()).str() +
              " in slices of " + std::to_string(each.getSlice());
    else
      text += ", " + std::to_string(each.getSlice());
    last = each.getStrategy();
  }
  return {text};
}

} // namespace uwt
