//===- SelectStrategy.cpp - Pick run formats and kernel configurations ----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Asks the cost model; knows no format and no kernel itself. First each weight's run
// format, for all of its products together, since a weight is loaded once; then
// each product's configuration.
//
//===----------------------------------------------------------------------===//

#include "RunFormat.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "uwt/CostModel/CostModel.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/FormatCosts.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Threading.h"

using namespace mlir;

namespace uwt {
#define GEN_PASS_DEF_SELECTSTRATEGYPASS
#include "uwt/Dialect/UWT/Transforms/Passes.h.inc"
} // namespace uwt

using uwt::BatchRange, uwt::Calibration, uwt::CompressedType, uwt::ConfigPins, uwt::FormatCost,
    uwt::GatherOp, uwt::KernelConfig, uwt::MatmulOp, uwt::Prediction, uwt::ProductProblem;

namespace {
/// What uses one weight, and the formats that it could run from.
struct WeightUses {
  SmallVector<MatmulOp> products;
  SmallVector<GatherOp> gathers;
  SmallVector<FormatCost> formats;

  Operation *first() {
    return products.empty() ? gathers[0].getOperation() : products[0].getOperation();
  }
  Value weight() { return products.empty() ? gathers[0].getWeight() : products[0].getWeight(); }
};

/// Uses are together when their weights have the same key: name and type of a
/// `uwt.weight`, else the value.
using WeightKey = std::pair<const void *, const void *>;

struct SelectStrategyPass : uwt::impl::SelectStrategyPassBase<SelectStrategyPass> {
  using SelectStrategyPassBase::SelectStrategyPassBase;
  void runOnOperation() override;

private:
  LogicalResult prepare();
  LogicalResult selectFor(WeightUses &weight);
  LogicalResult collectFormats(WeightUses &weight);
  LogicalResult collectForced(WeightUses &weight, CompressedType stored);
  ProductProblem problemOf(MatmulOp op) const;
  LogicalResult configure(MatmulOp op, const WeightUses &weight, size_t chosen);
  void remark(MatmulOp op, const WeightUses &weight, size_t chosen, const KernelConfig &config,
              ProductProblem problem, const Twine &batch);

  Calibration machine;
  ConfigPins pins;
};
} // namespace

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

LogicalResult SelectStrategyPass::prepare() {
  ModuleOp module = getOperation();
  const uwt::Target &target = uwt::TargetAttr::of(module);
  machine = Calibration::of(target);
  if (!calibration.empty()) {
    uwt::Expected<Calibration> read = Calibration::read(calibration);
    if (!read)
      return module.emitError() << read.error().message();
    if (read->target != target.name)
      return module.emitError() << calibration << ": is for target '" << read->target
                                << "', the module is for '" << StringRef(target.name) << "'";
    machine = *std::move(read);
  }
  pins = {};
  if (!strategy.empty()) {
    std::optional<uwt::ProductStrategy> kind = uwt::symbolizeProductStrategy(strategy);
    if (kind != uwt::ProductStrategy::Direct && kind != uwt::ProductStrategy::Buffer)
      return module.emitError() << "expected strategy to be direct or buffer, got '" << strategy
                                << "'";
    pins.buffered = kind == uwt::ProductStrategy::Buffer;
  }
  auto pin = [](unsigned value) { return value ? std::optional(value) : std::nullopt; };
  pins.tileN = pin(tileN);
  pins.tileM = pin(tileM);
  pins.tileK = pin(tileK);
  return success();
}

ProductProblem SelectStrategyPass::problemOf(MatmulOp op) const {
  CompressedType type = op.getWeightType();
  ProductProblem problem;
  int64_t batch = op.getBatch();
  problem.isStatic = !ShapedType::isDynamic(batch);
  problem.m = ShapedType::isDynamic(batch) ? static_cast<int64_t>(batchHint) : batch;
  problem.n = type.getRows();
  problem.k = type.getColumns();
  int64_t matrices = op.getMatrices();
  problem.matrices = ShapedType::isDynamic(matrices) ? type.getMatrices() : matrices;
  problem.threads =
      threads ? unsigned(threads) : llvm::hardware_concurrency().compute_thread_count();
  problem.pairDots = type.getElementType().isBF16() && op.getXType().getElementType().isBF16() &&
                     op.getNumerics() == uwt::Numerics::Fast;
  return problem;
}

//===----------------------------------------------------------------------===//
// Run formats
//===----------------------------------------------------------------------===//

/// The stored bytes of a constant, which is known exactly.
static std::optional<double> bitsOfConstant(Value weight) {
  auto constant = weight.getDefiningOp<uwt::ConstantOp>();
  if (!constant)
    return std::nullopt;
  double bytes = 0;
  for (NamedAttribute plane : constant.getPlanes())
    bytes += cast<ElementsAttr>(plane.getValue()).getNumElements();
  int64_t elements = constant.getType().getTensorType().getNumElements();
  return elements ? bytes * 8 / elements : 0.0;
}

uwt::Expected<FormatCost> uwt::formatCostOf(CompressedType type) {
  auto decoder = dyn_cast<uwt::DecoderEmissionInterface>(Attribute(type.getFormat()));
  Type element = type.getElementType();
  if (!decoder)
    return unsupportedError("no decoders are registered (uwt::registerEmission)");
  UWT_RETURN_IF_ERROR(decoder.checkEmission(element));
  FormatCost cost;
  cost.format = type.getFormat().getFormat();
  uwt::ElementType elementType = *uwt::elementTypeOf(element);
  cost.size = uwt::expectedSize(cost.format, elementType);
  cost.decodeOperations = decoder.getDecodeCost(element);
  cost.fixedRate = decoder.hasFixedRate(element);
  cost.unitColumns = uwt::kernelUnitColumns(cost.format, elementType);
  return cost;
}

LogicalResult SelectStrategyPass::collectForced(WeightUses &weight, CompressedType stored) {
  Operation *first = weight.first();
  uwt::Expected<uwt::Format> forced = uwt::Format::parse(std::string(runFormat));
  if (!forced)
    return first->emitOpError() << "cannot run from '" << runFormat
                                << "': " << forced.error().message();
  std::optional<CompressedType> type = uwt::inFormat(stored, *forced);
  if (!type)
    return first->emitOpError() << "cannot run from " << runFormat
                                << ": the format is no composition for "
                                << StringRef(uwt::getTraits(stored.getDescription().element).name);
  uwt::Expected<FormatCost> cost = uwt::formatCostOf(*type);
  if (!cost)
    return first->emitOpError() << "cannot run from " << runFormat << ": "
                                << cost.error().message();
  weight.formats.push_back(*cost);
  return success();
}

/// Whether a transcode to another codec is there already: somebody's decision. Fusion transcodes to
/// the storage and the layout that a product reads, and leaves the codec open.
static bool hasChosenCodec(Value weight) {
  auto transcode = weight.getDefiningOp<uwt::TranscodeOp>();
  if (!transcode)
    return false;
  auto codecOf = [](Value value) {
    return cast<CompressedType>(value.getType()).getFormat().getFormat().codec;
  };
  return codecOf(transcode.getSource()) != codecOf(weight);
}

LogicalResult SelectStrategyPass::collectFormats(WeightUses &weight) {
  Value value = weight.weight();
  auto stored = cast<CompressedType>(value.getType());
  bool isPinned = hasChosenCodec(value);
  if (!runFormat.empty() && !isPinned)
    return collectForced(weight, stored);
  uwt::Expected<FormatCost> asStored = uwt::formatCostOf(stored);
  if (asStored) {
    asStored->size.bitsPerWeight = bitsOfConstant(value).value_or(asStored->size.bitsPerWeight);
    weight.formats.push_back(*asStored);
  }
  for (const uwt::Format &format : uwt::runFormats()) {
    std::optional<CompressedType> type = uwt::inFormat(stored, format);
    if (isPinned || !type || *type == stored)
      continue;
    if (uwt::Expected<FormatCost> cost = uwt::formatCostOf(*type))
      weight.formats.push_back(*cost);
  }
  if (weight.formats.empty())
    return weight.first()->emitOpError()
           << "cannot run from " << stored.getFormat().getText()
           << ", nor from anything else: " << asStored.error().message();
  return success();
}

//===----------------------------------------------------------------------===//
// Configurations
//===----------------------------------------------------------------------===//

static uwt::StrategyAttr strategyOf(MLIRContext *context, const KernelConfig &config) {
  auto strategy = config.buffered ? uwt::ProductStrategy::Buffer : uwt::ProductStrategy::Direct;
  return uwt::StrategyAttr::get(context, strategy, config.tileN, config.tileM, config.tileK);
}

static std::string describe(const FormatCost &format, const KernelConfig &config,
                            const Prediction &p) {
  return llvm::formatv("{0} by {1}: {2:f1} us (memory {3:f1}, decode {4:f1}, dots {5:f1}, traffic "
                       "{6:f1}, output {7:f1}, pack {8:f1}, fork-join {9:f1})",
                       format.format.str(), config.str(), p.total, p.memory, p.decode, p.dots,
                       p.traffic, p.output, p.pack, p.forkJoin)
      .str();
}

void SelectStrategyPass::remark(MatmulOp op, const WeightUses &weight, size_t chosen,
                                const KernelConfig &config, ProductProblem problem,
                                const Twine &batch) {
  if (!remarks)
    return;
  const FormatCost &format = weight.formats[chosen];
  std::string text = describe(format, config, uwt::predict(machine, problem, format, config));
  // The best of everything else.
  std::string runnerUp;
  double least = 0;
  for (auto [i, other] : llvm::enumerate(weight.formats))
    for (const uwt::Candidate &candidate : uwt::rankConfigs(machine, problem, other, pins)) {
      if (i == chosen && candidate.config == config)
        continue;
      if (!runnerUp.empty() && candidate.prediction.total >= least)
        break;
      least = candidate.prediction.total;
      runnerUp = describe(other, candidate.config, candidate.prediction);
      break;
    }
  CompressedType type = op.getWeightType();
  // Not op.emitRemark(): that would print the operation, twice the size of what there is to say.
  InFlightDiagnostic diagnostic = mlir::emitRemark(op.getLoc());
  diagnostic << "product with " << type.getRows() << "x" << type.getColumns() << ", batch "
             << batch.str() << ": " << text;
  if (!runnerUp.empty())
    diagnostic << "; runner-up " << runnerUp;
}

/// Batch sizes of a range; the times beside it are those at the first one.
static std::string batchText(uint64_t first, uint64_t limit) {
  std::string text = std::to_string(first);
  if (limit == UINT64_MAX)
    return text + " and more";
  return first == limit ? text : text + " to " + std::to_string(limit);
}

LogicalResult SelectStrategyPass::configure(MatmulOp op, const WeightUses &weight, size_t chosen) {
  const FormatCost &format = weight.formats[chosen];
  ProductProblem problem = problemOf(op);
  if (!ShapedType::isDynamic(op.getBatch())) {
    KernelConfig config = uwt::rankConfigs(machine, problem, format, pins).front().config;
    remark(op, weight, chosen, config, problem, Twine(problem.m));
    op.setStrategyAttr(strategyOf(&getContext(), config));
    return success();
  }
  std::vector<BatchRange> ranges = uwt::chooseRanges(machine, problem, format, maxCases, pins);
  uint64_t first = 1;
  for (const BatchRange &range : ranges) {
    problem.m = first;
    remark(op, weight, chosen, range.config, problem, batchText(first, range.limit));
    first = range.limit + 1;
  }
  SmallVector<int64_t> limits;
  for (const BatchRange &range : ArrayRef(ranges).drop_back())
    limits.push_back(static_cast<int64_t>(range.limit));
  op.setStrategies(limits, llvm::map_to_vector(ranges, [&](const BatchRange &range) -> Attribute {
                     return strategyOf(&getContext(), range.config);
                   }));
  return success();
}

/// The format that takes the least memory, for a weight that only rows are taken of; the first one
/// of several.
static size_t smallestFormat(ArrayRef<FormatCost> formats) {
  auto bits = [](const FormatCost &format) { return format.size.bitsPerWeight; };
  const auto *least =
      std::min_element(formats.begin(), formats.end(),
                       [&](const FormatCost &a, const FormatCost &b) { return bits(a) < bits(b); });
  return least - formats.begin();
}

LogicalResult SelectStrategyPass::selectFor(WeightUses &weight) {
  if (failed(collectFormats(weight)))
    return failure();
  auto transcodeGathers = [&](const FormatCost &format) {
    for (GatherOp gather : weight.gathers)
      gather.getWeightMutable().assign(uwt::transcodedTo(gather.getWeight(), format.format));
  };
  if (weight.products.empty()) {
    transcodeGathers(weight.formats[smallestFormat(weight.formats)]);
    return success();
  }
  SmallVector<ProductProblem> uses;
  for (MatmulOp op : weight.products)
    uses.push_back(problemOf(op));
  size_t chosen = uwt::chooseRunFormat(machine, uses, weight.formats, pins);
  if (chosen == weight.formats.size())
    return weight.products.front().emitOpError()
           << "has no kernel of the configuration that the options ask for";
  transcodeGathers(weight.formats[chosen]);
  for (MatmulOp op : weight.products) {
    KernelConfig any = uwt::candidateConfigs(weight.formats[chosen], uses[0].k, pins).front();
    if (failed(uwt::StrategyAttr::verify([&] { return op.emitOpError("has a bad strategy: "); },
                                         uwt::ProductStrategy::Direct, any.tileN, any.tileM,
                                         any.tileK)))
      return failure();
    op.getWeightMutable().assign(uwt::transcodedTo(op.getWeight(), weight.formats[chosen].format));
    if (failed(configure(op, weight, chosen)))
      return failure();
    ++numProducts;
  }
  return success();
}

static WeightKey keyOf(Value weight) {
  if (auto named = weight.getDefiningOp<uwt::WeightOp>())
    return {named.getNameAttr().getAsOpaquePointer(), named.getType().getAsOpaquePointer()};
  return {weight.getAsOpaquePointer(), nullptr};
}

void SelectStrategyPass::runOnOperation() {
  if (failed(prepare()))
    return signalPassFailure();
  llvm::MapVector<WeightKey, WeightUses> weights;
  // A strategy that is there already stays.
  getOperation().walk([&](MatmulOp op) {
    if (!op.getStrategyAttr())
      weights[keyOf(op.getWeight())].products.push_back(op);
  });
  getOperation().walk([&](GatherOp op) { weights[keyOf(op.getWeight())].gathers.push_back(op); });
  for (auto &[key, weight] : weights)
    if (failed(selectFor(weight)))
      return signalPassFailure();
}
