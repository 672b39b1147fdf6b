//===- CpuModel.cpp - What is chosen for a CPU ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MachineModel.h"
#include "uwt/CostModel/CostModel.h"
#include "uwt/Dialect/UWT/IR/CpuStrategy.h"
#include "uwt/Dialect/UWT/Transforms/FormatCosts.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Threading.h"

using namespace mlir;

namespace uwt {

namespace {
class CpuModel : public MachineModel {
public:
  CpuModel(const MachineOptions &options) : options(options) {}
  /// Reads what the options name.
  LogicalResult prepare(ModuleOp module);

  std::string name() const override { return machine.target; }
  bool takesRows() const override { return true; }
  bool isDecided(Value weight) const override;
  Status checkFormat(CompressedType type) override { return costOf(type).status; }
  Expected<SmallVector<FormatCandidate>> rankFormats(WeightUses &weight,
                                                     ArrayRef<CompressedType> types) override;
  FailureOr<StrategyRanges> chooseStrategies(MatmulOp op) override;
  SmallVector<std::string> explain(MatmulOp op, const StrategyRanges &ranges) override;

private:
  /// A format's cost, or why there is none.
  struct Known {
    Status status;
    FormatCost cost;
  };
  const Known &costOf(CompressedType type);
  FormatCost costOf(Value weight, CompressedType type);
  ProductProblem problemOf(MatmulOp op) const;
  std::string predictFormat(MatmulOp op, const FormatCost &format) const;
  /// Why no configuration that the options ask for computes all of these products.
  StringRef whyNoKernel(ArrayRef<ProductProblem> problems) const;

  MachineOptions options;
  Calibration machine;
  ConfigPins pins;
  /// By format and element.
  llvm::DenseMap<std::pair<Attribute, Type>, Known> costs;
};
} // namespace

FailureOr<std::unique_ptr<MachineModel>> createCpuModel(ModuleOp module,
                                                        const MachineOptions &options) {
  auto model = std::make_unique<CpuModel>(options);
  if (failed(model->prepare(module)))
    return failure();
  return std::unique_ptr<MachineModel>(std::move(model));
}

LogicalResult CpuModel::prepare(ModuleOp module) {
  const Target &target = TargetAttr::of(module);
  machine = Calibration::of(target);
  if (!options.calibration.empty()) {
    Expected<Calibration> read = Calibration::read(options.calibration);
    if (!read)
      return module.emitError() << read.error().message();
    if (read->target != target.name)
      return module.emitError() << options.calibration << ": is for target '" << read->target
                                << "', the module is for '" << StringRef(target.name) << "'";
    machine = *std::move(read);
  }
  if (!options.strategy.empty()) {
    if (std::optional<ProductStrategy> named = symbolizeProductStrategy(options.strategy))
      pins.strategy = cpuStrategyOf(*named);
    if (!pins.strategy)
      return module.emitError() << "expected strategy to be direct, buffer or tiles, got '"
                                << options.strategy << "'";
    if (pins.strategy == CpuStrategy::Tiles && !target.hasTiles())
      return module.emitError() << "strategy tiles needs a target with AMX, such as amx; target '"
                                << StringRef(target.name) << "' has none";
  }
  auto pin = [](unsigned value) { return value ? std::optional(value) : std::nullopt; };
  pins.tileN = pin(options.tileN);
  pins.tileM = pin(options.tileM);
  pins.tileK = pin(options.tileK);
  pins.prefetchBytes = options.prefetch ? options.prefetch : machine.prefetchBytes;
  pins.readStreams = options.readStreams ? options.readStreams : machine.readStreams;
  return success();
}

/// Code for weights of every size is compiled for other machines than this one. It is chosen for a
/// layer of a language model on one thread: with many, memory sets the time, whatever is chosen.
static constexpr int64_t usualSize = 4096;
static constexpr unsigned usualThreads = 1;

static unsigned threadsFor(CompressedType type, unsigned given) {
  if (given)
    return given;
  return type.isDynamic() ? usualThreads : llvm::hardware_concurrency().compute_thread_count();
}

ProductProblem CpuModel::problemOf(MatmulOp op) const {
  CompressedType type = op.getWeightType();
  ProductProblem problem;
  int64_t m = op.getM();
  problem.isStatic = !ShapedType::isDynamic(m);
  problem.m = problem.isStatic ? m : static_cast<int64_t>(options.mHint);
  auto sizeOf = [](int64_t size) { return ShapedType::isDynamic(size) ? usualSize : size; };
  problem.n = sizeOf(type.getRows());
  problem.k = sizeOf(type.getColumns());
  int64_t matrices = op.getMatrices();
  problem.matrices = ShapedType::isDynamic(matrices) ? type.getMatrices() : matrices;
  problem.threads = threadsFor(type, options.threads);
  problem.pairDots = type.getElementType().isBF16() && op.getXType().getElementType().isBF16() &&
                     op.getNumerics() == Numerics::Fast;
  problem.holdsUnit = TargetAttr::of(op).holdsUnit();
  problem.tileDots = tilesServe(op, TargetAttr::of(op));
  return problem;
}

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

const CpuModel::Known &CpuModel::costOf(CompressedType type) {
  auto [known, isNew] = costs.try_emplace({type.getFormat(), type.getElementType()});
  if (!isNew)
    return known->second;
  Expected<FormatCost> cost = formatCostOf(type);
  if (cost)
    known->second.cost = *std::move(cost);
  else
    known->second.status = cost.takeError();
  return known->second;
}

/// The stored bytes of a constant, which is known exactly.
static std::optional<double> bitsOfConstant(Value weight) {
  auto constant = weight.getDefiningOp<ConstantOp>();
  if (!constant)
    return std::nullopt;
  double bytes = 0;
  for (NamedAttribute plane : constant.getPlanes())
    bytes += cast<ElementsAttr>(plane.getValue()).getNumElements();
  int64_t elements = constant.getType().getTensorType().getNumElements();
  return elements ? bytes * 8 / elements : 0.0;
}

/// The cost of a weight in a type, which checkFormat() has taken. Where all weights run from one
/// format, constants count as others do: with the size that is expected of it.
FormatCost CpuModel::costOf(Value weight, CompressedType type) {
  FormatCost cost = costOf(type).cost;
  if (type == weight.getType() && options.runFormat.empty())
    cost.size.bitsPerWeight = bitsOfConstant(weight).value_or(cost.size.bitsPerWeight);
  return cost;
}

/// Whether a transcode to another codec is there already. Fusion transcodes to the storage and the
/// layout that a product reads, and leaves the codec open.
bool CpuModel::isDecided(Value weight) const {
  auto transcode = weight.getDefiningOp<TranscodeOp>();
  if (!transcode)
    return false;
  auto codecOf = [](Value value) {
    return cast<CompressedType>(value.getType()).getFormat().getFormat().codec;
  };
  return codecOf(transcode.getSource()) != codecOf(weight);
}

static std::string describe(const FormatCost &format, const KernelConfig &config,
                            const Prediction &p) {
  return llvm::formatv("{0} by {1}: {2:f1} us (memory {3:f1}, decode {4:f1}, dots {5:f1}, traffic "
                       "{6:f1}, output {7:f1}, pack {8:f1}, fork-join {9:f1})",
                       format.format.str(), config.str(), p.total, p.memory, p.decode, p.dots,
                       p.traffic, p.output, p.pack, p.forkJoin)
      .str();
}

/// The fastest configuration, for one row of x where m is not known.
std::string CpuModel::predictFormat(MatmulOp op, const FormatCost &format) const {
  ProductProblem problem = problemOf(op);
  problem.m = std::max<uint64_t>(problem.m, 1);
  Candidate best = rankConfigs(machine, problem, format, pins).front();
  return describe(format, best.config, best.prediction);
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

StringRef CpuModel::whyNoKernel(ArrayRef<ProductProblem> problems) const {
  auto isOnTiles = [](const ProductProblem &problem) { return problem.tileDots; };
  if (pins.strategy == CpuStrategy::Tiles && !llvm::all_of(problems, isOnTiles))
    return tilesNeed;
  return "has no kernel of the configuration that the options ask for";
}

Expected<SmallVector<FormatCandidate>> CpuModel::rankFormats(WeightUses &weight,
                                                             ArrayRef<CompressedType> types) {
  std::vector<FormatCost> formats;
  for (CompressedType type : types)
    formats.push_back(costOf(weight.weight(), type));
  if (weight.products.empty())
    return SmallVector<FormatCandidate>{{types[smallestFormat(formats)], ""}};
  SmallVector<ProductProblem> uses;
  for (MatmulOp op : weight.products)
    uses.push_back(problemOf(op));
  SmallVector<FormatCandidate> ranked;
  for (size_t i : rankRunFormats(machine, uses, formats, pins))
    ranked.push_back({types[i], predictFormat(weight.products.front(), formats[i])});
  if (ranked.empty())
    return unsupportedError(whyNoKernel(uses).str());
  return ranked;
}

//===----------------------------------------------------------------------===//
// Strategies
//===----------------------------------------------------------------------===//

static StrategyAttr strategyOf(MLIRContext *context, const KernelConfig &config) {
  return StrategyAttr::get(context, productStrategyOf(config.strategy), config.tileN, config.tileM,
                           config.tileK, config.prefetchBytes, config.readStreams);
}

static LogicalResult verifyConfig(MatmulOp op, const KernelConfig &config) {
  return StrategyAttr::verify([&] { return op.emitOpError("has a bad strategy: "); },
                              productStrategyOf(config.strategy), config.tileN, config.tileM,
                              config.tileK, config.prefetchBytes, config.readStreams);
}

namespace {
/// A kernel of a product by integers: for m as a constant or what only a call knows, up to `limit`
/// where a later one serves what is above.
struct IntegerCase {
  CpuStrategy strategy;
  std::optional<uint64_t> m;
  uint64_t limit = 0;
};
} // namespace

static uint64_t leastBufferM(MatmulOp op) {
  return leastIntegerBufferM(op.getWeightType().getFormat().getFormat());
}

/// The strategy for so many rows of x: what is pinned, or what the target computes fastest.
static CpuStrategy integerStrategy(MatmulOp op, const ConfigPins &pins, uint64_t m) {
  if (pins.strategy)
    return *pins.strategy;
  const Target &target = TargetAttr::of(op);
  // A pinned `tile_m` is one of vector registers.
  if (target.hasTiles() && !pins.tileM && m >= leastIntegerTilesM)
    return CpuStrategy::Tiles;
  bool isBuffer = target.supports(Feature::Avx2) && m >= leastBufferM(op);
  return isBuffer ? CpuStrategy::Buffer : CpuStrategy::Direct;
}

/// One row alone, as many as registers have room for, and tiles of them where the target has such:
/// what is pinned takes the place of all.
static SmallVector<IntegerCase> integerCases(MatmulOp op, const ConfigPins &pins) {
  if (!ShapedType::isDynamic(op.getM())) {
    auto m = static_cast<uint64_t>(op.getM());
    return {IntegerCase{integerStrategy(op, pins, m), m}};
  }
  CpuStrategy few = integerStrategy(op, pins, 1);
  CpuStrategy many = integerStrategy(op, pins, leastIntegerTilesM);
  bool isTiles = many == CpuStrategy::Tiles;
  SmallVector<IntegerCase> cases;
  if (few != CpuStrategy::Tiles && !pins.tileM)
    cases.push_back({few, 1, 1});
  uint64_t limit = (isTiles ? leastIntegerTilesM : leastBufferM(op)) - 1;
  if (few != many)
    cases.push_back({few, limit, limit});
  cases.push_back({many, std::nullopt});
  return cases;
}

/// By the rule of integerConfig().
static FailureOr<StrategyRanges> chooseIntegerStrategies(MatmulOp op, const ConfigPins &pins) {
  StrategyRanges result;
  SmallVector<IntegerCase> cases = integerCases(op, pins);
  for (const IntegerCase &each : cases) {
    KernelConfig config = integerConfig(each.strategy, each.m);
    config.tileN = pins.tileN.value_or(config.tileN);
    config.tileM = pins.tileM.value_or(config.tileM);
    config.tileK = pins.tileK.value_or(config.tileK);
    if (!config.isBuffered())
      config.prefetchBytes = pins.prefetchBytes;
    if (each.strategy != CpuStrategy::Buffer)
      config.readStreams = pins.readStreams;
    if (failed(verifyConfig(op, config)))
      return failure();
    result.strategies.push_back(strategyOf(op.getContext(), config));
  }
  for (const IntegerCase &each : ArrayRef(cases).drop_back())
    result.limits.push_back(static_cast<int64_t>(each.limit));
  return result;
}

FailureOr<StrategyRanges> CpuModel::chooseStrategies(MatmulOp op) {
  if (op.getArithmeticAttr())
    return chooseIntegerStrategies(op, pins);
  CompressedType type = op.getWeightType();
  if (Status known = checkFormat(type); !known)
    return op.emitOpError() << "cannot run from " << type.getFormat().getText() << ": "
                            << known.error().message();
  FormatCost format = costOf(op.getWeight(), type);
  ProductProblem problem = problemOf(op);
  std::vector<KernelConfig> configs = candidateConfigs(format, problem.k, pins, problem.tileDots);
  if (configs.empty())
    return op.emitOpError(whyNoKernel(problem));
  if (failed(verifyConfig(op, configs.front())))
    return failure();
  StrategyRanges result;
  if (problem.isStatic) {
    KernelConfig config = rankConfigs(machine, problem, format, pins).front().config;
    result.strategies.push_back(strategyOf(op.getContext(), config));
    return result;
  }
  std::vector<MRange> ranges = chooseRanges(machine, problem, format, options.maxCases, pins);
  for (const MRange &range : ranges)
    result.strategies.push_back(strategyOf(op.getContext(), range.config));
  for (const MRange &range : ArrayRef(ranges).drop_back())
    result.limits.push_back(static_cast<int64_t>(range.limit));
  return result;
}

/// A range of m; the times beside it are those at the first size.
static std::string rangeText(uint64_t first, std::optional<uint64_t> limit) {
  std::string text = std::to_string(first);
  if (!limit)
    return text + " and more";
  return first == *limit ? text : text + " to " + std::to_string(*limit);
}

/// Nothing is predicted of products by integers.
static SmallVector<std::string> explainIntegers(MatmulOp op, const StrategyRanges &ranges) {
  std::string text = ": " + op.getWeightType().getFormat().getText().str() + " by integers, ";
  for (auto [i, strategy] : llvm::enumerate(ranges.strategies))
    text += (i == 0 ? "" : ", then ") + configOf(cast<StrategyAttr>(strategy)).str();
  return {text};
}

SmallVector<std::string> CpuModel::explain(MatmulOp op, const StrategyRanges &ranges) {
  if (op.getArithmeticAttr())
    return explainIntegers(op, ranges);
  FormatCost format = costOf(op.getWeight(), op.getWeightType());
  ProductProblem problem = problemOf(op);
  auto sentence = [&](const KernelConfig &config, const std::string &m) {
    std::string text =
        ", m " + m + ": " + describe(format, config, predict(machine, problem, format, config));
    for (const Candidate &other : rankConfigs(machine, problem, format, pins))
      if (other.config != config)
        return text + "; runner-up " + describe(format, other.config, other.prediction);
    return text;
  };
  if (problem.isStatic)
    return {sentence(configOf(cast<StrategyAttr>(ranges.strategies.front())),
                     std::to_string(problem.m))};
  SmallVector<std::string> sentences;
  uint64_t first = 1;
  for (auto [i, strategy] : llvm::enumerate(ranges.strategies)) {
    std::optional<uint64_t> limit;
    if (i < ranges.limits.size())
      limit = ranges.limits[i];
    problem.m = first;
    sentences.push_back(sentence(configOf(cast<StrategyAttr>(strategy)), rangeText(first, limit)));
    first = limit.value_or(first) + 1;
  }
  return sentences;
}

} // namespace uwt
