//===- BuildKernels.cpp - A gpu.module for each product -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "SharedDecoder.h"
#include "Simt.h"
#include "SkinnyStreams.h"
#include "Transcode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Codegen/GPU/KernelEntries.h"
#include "uwt/Codegen/GPU/Passes.h"
#include "uwt/Target/GpuTarget.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_BUILDKERNELSPASS
#include "uwt/Codegen/GPU/Passes.h.inc"

/// Most batch rows, in eights, that family skinny serves with its sums in registers: where warps
/// multiply alone, and where a panel's four do so together.
static constexpr unsigned maxTiles = 8, maxTilesTogether = 32;

namespace {
struct BuildKernelsPass : impl::BuildKernelsPassBase<BuildKernelsPass> {
  using BuildKernelsPassBase::BuildKernelsPassBase;
  void runOnOperation() override;
};
} // namespace

/// Whether a product can have kernels, of any strategy. Errors: Unsupported.
static Status checkProduct(MatmulOp op) {
  if (!op.hasBuffers())
    return unsupportedError("it is on tensors: bufferize it before");
  if (!op.getWeightType().getRows() || !op.getWeightType().getColumns())
    return unsupportedError("the weight is empty");
  return checkEpilogue(op);
}

/// Whether a weight can be decoded where it is multiplied. Errors: Unsupported.
static Status checkDirect(MatmulOp op, const EmittedFormat &format, const GpuTarget &target) {
  if (format.traits.rate == Rate::Prefix && !target.supports(GpuFeature::BulkCopy))
    return unsupportedError("threads read streams of format '" + format.format.str() +
                            "' through bulk copies, which GPU target '" + std::string(target.name) +
                            "' lacks; use strategy shared");
  if (format.traits.rate == Rate::Prefix)
    return StreamProduct::checkProduct(op, format);
  if (!findEmitter(format.format.codec.keyword)->fragmentTableWords(format))
    return unsupportedError("threads do not decode format '" + format.format.str() + "'");
  return ok();
}

/// Eights of batch rows, of a dynamic batch one unless the options say how many.
static int64_t eightsOf(MatmulOp op, const KernelOptions &options) {
  if (options.tiles != 0)
    return options.tiles;
  bool isKnown = !ShapedType::isDynamic(op.getBatch()) && op.getBatch() > 0;
  return isKnown ? llvm::divideCeil(op.getBatch(), 8) : 1;
}

/// What is tried for a product, in this order.
static SmallVector<ProductStrategy> preferredStrategies(MatmulOp op, const EmittedFormat &format,
                                                        const KernelOptions &options,
                                                        const GpuTarget &target) {
  // By the kernel profiles (docs/gpu-kernels-rationale.md): lanes' streams take the registers of
  // many warps, so that beyond this others multiply; and family shared decodes again for each slice
  // of its width, which costs more than decoding once where family wide multiplies.
  constexpr int64_t maxEightsOfStreams = 4, maxEightsShared = 16;
  using enum ProductStrategy;
  if (options.strategy)
    return {*options.strategy};
  if (format.traits.rate != Rate::Prefix)
    return {Direct, Buffer};
  if (eightsOf(op, options) <= maxEightsOfStreams)
    return {Direct, Shared, Exponents, Buffer};
  if (eightsOf(op, options) > maxEightsShared && target.supports(GpuFeature::Wgmma))
    return {Exponents, Shared, Buffer};
  return {Shared, Direct, Exponents, Buffer};
}

/// What is decoded before.
static DecodedForm formOf(ProductStrategy strategy) {
  switch (strategy) {
  case ProductStrategy::Direct:
  case ProductStrategy::Shared:
    return DecodedForm::None;
  case ProductStrategy::Codes:
    return DecodedForm::Codes;
  case ProductStrategy::Exponents:
    return DecodedForm::ExponentBytes;
  case ProductStrategy::Buffer:
    return DecodedForm::Words;
  }
  llvm_unreachable("all strategies are there");
}

/// Whether a strategy serves a product, if there is room for its plan. Errors: Unsupported.
static Status checkStrategy(ProductStrategy strategy, MatmulOp op, const EmittedFormat &format,
                            const GpuTarget &target) {
  switch (strategy) {
  case ProductStrategy::Direct:
    return checkDirect(op, format, target);
  case ProductStrategy::Shared:
    return SharedDecoder::checkProduct(op, format);
  case ProductStrategy::Codes:
  case ProductStrategy::Exponents:
  case ProductStrategy::Buffer:
    return TranscodeBuilder::checkWeight(op.getWeightType(), format, formOf(strategy));
  }
  llvm_unreachable("all strategies are there");
}

/// Columns of x, in eights, that a kernel multiplies at a time; larger batches come in slices.
static unsigned chooseTiles(MatmulOp op, const KernelOptions &options, unsigned most) {
  if (options.tiles != 0)
    return std::min(options.tiles, most);
  // As few slices as there can be, all of about the same width.
  int64_t eights = eightsOf(op, options);
  return static_cast<unsigned>(llvm::divideCeil(eights, llvm::divideCeil(eights, most)));
}

/// The most tiles that are multiplied at a time without spills.
static unsigned widestSlice(const SkinnyPlan &plan, bool hasWarpgroups) {
  if (plan.isStream)
    return StreamProduct::maxTiles;
  if (!hasWarpgroups)
    return maxTiles;
  // What a last panel lacks of its four strips takes registers too, and so do decoders.
  constexpr unsigned maxTilesOfTails = 12, maxTilesBesideDecoders = 16;
  if (plan.rows % 64 != 0)
    return maxTilesOfTails;
  return plan.isShared ? maxTilesBesideDecoders : maxTilesTogether;
}

/// What of a weight's units and table the kernel `product` knows.
static void planUnits(const EmittedFormat &format, SkinnyPlan &plan) {
  UnitLayout layout = unitLayout(format.format, format.element);
  bool makesWords = plan.decoded == DecodedForm::Words || plan.isShared;
  plan.onlyWords = layout.onlyWords || makesWords;
  plan.isStream = !layout.fixedRate && !plan.decodesFirst() && !plan.isShared;
  if (plan.isShared)
    plan.rawWords = layout.rawWords;
  if (plan.onlyWords)
    return;
  if (plan.decodesFirst()) {
    // Escapes are in the exponents.
    plan.rawWords = layout.rawWords;
    plan.codeWords = plan.decodedUnitWords();
    if (plan.hasFlags()) {
      plan.tableWords = 1;
      plan.tableFirst = static_cast<int64_t>(format.table.words());
    }
    return;
  }
  const Emitter &emitter = *findEmitter(format.format.codec.keyword);
  plan.hasEscapes = layout.hasEscapes;
  plan.tableWords = emitter.fragmentTableWords(format).value_or(0);
  plan.recordWords = layout.recordWords;
  plan.rawWords = layout.rawWords;
  plan.codeWords = layout.codeWords;
  plan.unitGroups = layout.groups;
  plan.rawGroupStep = layout.rawGroupStep;
  plan.codeGroupStep = layout.codeGroupStep;
}

static LogicalResult checkOptions(MatmulOp op, const KernelOptions &options) {
  if (!llvm::is_contained({0U, 1U, 2U, 4U, 8U}, options.cluster))
    return op.emitOpError() << "expects a cluster of 1, 2, 4 or 8 workgroups, got "
                            << options.cluster;
  if (options.tiles > maxTilesTogether || options.stages == 1 || options.groups % 2 != 0)
    return op.emitOpError() << "expects 1 to " << maxTilesTogether
                            << " tiles, at least 2 stages and an even number of groups, got "
                            << options.tiles << ", " << options.stages << " and " << options.groups;
  return success();
}

/// The product's format, where it can have kernels at all. Errors: why not.
static Expected<EmittedFormat> describe(MatmulOp op) {
  UWT_RETURN_IF_ERROR(checkProduct(op));
  CompressedType weight = op.getWeightType();
  std::optional<ElementType> element = elementTypeOf(weight.getElementType());
  if (!element)
    return unsupportedError("its elements have no formats");
  return describeFormat(weight.getFormat().getFormat(), *element);
}

/// Chooses the cluster and the ring for the plan's band. Errors: Unsupported (the target has no
/// room for what the options ask for).
static Status chooseRing(SkinnyPlan &plan, MatmulOp op, const EmittedFormat &format,
                         const KernelOptions &options, const GpuTarget &target) {
  plan.cluster = plan.chooseCluster(target, options.cluster);
  if (plan.isShared)
    plan.wordsBesideRing = SharedDecoder::wordsBesideRing(op, format, plan);
  if (!plan.chooseRing(target, options.stages, options.groups))
    return unsupportedError("a ring of " + std::to_string(plan.stages) + " stages of " +
                            std::to_string(4 * plan.stageWords()) +
                            " bytes does not fit the shared memory of '" +
                            std::string(target.name) + "'");
  return ok();
}

static Error noKernel(std::string_view family, Error reason) {
  return std::move(reason).in("has no kernel of family " + std::string(family));
}

/// The plan of a strategy. Errors: Unsupported (there is no kernel of it).
static Expected<SkinnyPlan> planOf(MatmulOp op, const EmittedFormat &format,
                                   const KernelOptions &options, const GpuTarget &target,
                                   ProductStrategy strategy) {
  if (Status served = checkStrategy(strategy, op, format, target); !served)
    return noKernel(strategy == ProductStrategy::Shared ? "shared" : "skinny", served.takeError());
  SkinnyPlan plan{};
  plan.rows = op.getWeightType().getRows();
  plan.columns = op.getWeightType().getColumns();
  plan.decoded = formOf(strategy);
  plan.isShared = strategy == ProductStrategy::Shared;
  planUnits(format, plan);
  bool hasWarpgroups = options.warpgroups && !plan.isStream && target.supports(GpuFeature::Wgmma);
  plan.tiles = chooseTiles(op, options, widestSlice(plan, hasWarpgroups));
  plan.copiesByThreads = !target.supports(GpuFeature::BulkCopy);
  plan.multipliesTogether = hasWarpgroups && plan.tiles > 2;
  plan.bandPanels = (plan.multipliesTogether || plan.isShared) && plan.panels() > 1 ? 2 : 1;
  if (plan.isStream) {
    // No ring; x is packed by groups all the same.
    plan.cluster = 1;
    plan.stages = 2;
    plan.groupsPerStage = 4;
    plan.ctas = StreamProduct::workgroupsFor(plan.tiles);
    return plan;
  }
  Status fits = chooseRing(plan, op, format, options, target);
  // Eight warps decode faster than four; where they have no room, four do.
  if (plan.isShared && plan.bandPanels > 1 && !fits) {
    plan.bandPanels = 1;
    fits = chooseRing(plan, op, format, options, target);
  }
  if (!fits)
    return noKernel(nameOf(plan.family()), fits.takeError());
  return plan;
}

static const GpuTarget &targetOf(const KernelOptions &options) {
  return options.target ? *options.target : **findGpuTarget("sm_90a");
}

static FailureOr<SkinnyPlan> makePlan(MatmulOp op, const EmittedFormat &format,
                                      const KernelOptions &options) {
  const GpuTarget &target = targetOf(options);
  // Why the first choice is not taken.
  std::optional<Error> first;
  for (ProductStrategy strategy : preferredStrategies(op, format, options, target)) {
    Expected<SkinnyPlan> plan = planOf(op, format, options, target, strategy);
    if (plan)
      return *plan;
    if (!first)
      first = plan.takeError();
  }
  return op.emitOpError() << first->message();
}

static ProductKernels beginKernels(MatmulOp op, const KernelOptions &options, OpBuilder &builder,
                                   StringRef name) {
  ProductKernels result;
  result.module = createKernelModule(builder, op.getLoc(), name);
  Attribute target = NVVM::NVVMTargetAttr::get(op.getContext(), /*optLevel=*/3,
                                               "nvptx64-nvidia-cuda", targetOf(options).name);
  result.module.setTargetsAttr(builder.getArrayAttr(target));
  return result;
}

static LogicalResult checkSimt(MatmulOp op, const EmittedFormat &format,
                               const KernelOptions &options) {
  Status served = SimtKernels::checkProduct(op, format, options.strategy);
  if (served)
    return success();
  return op.emitOpError() << "has no kernel of family simt: " << served.error().message();
}

static FailureOr<ProductKernels> buildSimt(MatmulOp op, const EmittedFormat &format,
                                           const KernelOptions &options, OpBuilder &builder,
                                           StringRef name) {
  if (failed(checkSimt(op, format, options)))
    return failure();
  ProductKernels result = beginKernels(op, options, builder, name);
  SimtKernels(op, format, builder).build(result);
  return result;
}

static FailureOr<ProductKernels> buildSkinny(MatmulOp op, const EmittedFormat &format,
                                             const KernelOptions &options, OpBuilder &builder,
                                             StringRef name) {
  FailureOr<SkinnyPlan> plan = makePlan(op, format, options);
  if (failed(plan))
    return failure();
  ProductKernels result = beginKernels(op, options, builder, name);
  result.plan = plan->facts();
  SkinnyKernels kernels(op, *plan, format, builder);
  if (plan->isStream) {
    StreamProduct(kernels).build(result);
    return result;
  }
  kernels.build(result.module);
  result.entries = kernels.entries();
  if (plan->isShared)
    SharedDecoder(kernels).addFacts(result.plan);
  return result;
}

/// Drops a dimension. Layouts are for callers.
static MemRefType withoutDimension(Value memref, unsigned dimension) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.erase(shape.begin() + dimension);
  return MemRefType::get(shape, type.getElementType());
}

/// A product like `op`, alone in `block`.
static MatmulOp copyOf(MatmulOp op, Block &block) {
  OpBuilder builder(op.getContext());
  builder.setInsertionPointToEnd(&block);
  return cast<MatmulOp>(builder.clone(*op));
}

/// Makes a product with a weight of rank 3 one with a single matrix of it, whose operands are
/// arguments of `block`.
static void takeOneMatrix(MatmulOp op, Block &block) {
  Builder builder(op.getContext());
  auto replace = [&](OpOperand &operand, Type type) {
    operand.set(block.addArgument(type, op.getLoc()));
  };
  if (op.getXType().getRank() == 3)
    replace(op.getXMutable(), withoutDimension(op.getX(), 0));
  replace(op.getInitMutable(), withoutDimension(op.getInit(), 0));
  CompressedType weight = op.getWeightType();
  replace(op.getWeightMutable(),
          CompressedType::get(op.getContext(), weight.getShape().drop_front(),
                              weight.getElementType(), weight.getFormat()));
  SmallVector<AffineMap> maps;
  for (auto [extra, map] : llvm::zip(op.getExtrasMutable(), op.getExtraMaps())) {
    if (std::optional<unsigned> dimension = MatmulOp::matrixDimension(map))
      replace(extra, withoutDimension(extra.get(), *dimension));
    SmallVector<AffineExpr> results;
    for (AffineExpr result : map.getResults())
      if (unsigned position = cast<AffineDimExpr>(result).getPosition(); position != 0)
        results.push_back(builder.getAffineDimExpr(position - 1));
    maps.push_back(AffineMap::get(/*dimCount=*/2, /*symbolCount=*/0, results, op.getContext()));
  }
  op.setMapsAttr(builder.getAffineMapArrayAttr(maps));
}

namespace {
/// A product as kernels compute it, and the options that its strategy has filled.
struct KernelProblem {
  /// Holds the product.
  Block block;
  MatmulOp op;
  EmittedFormat format;
  KernelOptions options;

  LogicalResult prepare(MatmulOp product, const KernelOptions &given);
  LogicalResult readStrategy();
  /// There are no matrix instructions of mixed types.
  bool isSimt() {
    return options.simt || op.getXType().getElementType() != op.getWeightType().getElementType();
  }
};
} // namespace

LogicalResult KernelProblem::readStrategy() {
  Attribute attribute = op.getStrategyAttr();
  auto strategy = dyn_cast_or_null<GpuStrategyAttr>(attribute);
  if (!strategy)
    return attribute ? op.emitOpError() << "has a strategy of kernels for CPUs: " << attribute
                     : success();
  if (!options.strategy)
    options.strategy = strategy.getStrategy();
  if (options.tiles == 0)
    options.tiles = llvm::divideCeil(strategy.getSlice(), 8);
  return success();
}

LogicalResult KernelProblem::prepare(MatmulOp product, const KernelOptions &given) {
  options = given;
  op = copyOf(product, block);
  if (op.hasBuffers() && op.getWeightType().getShape().size() == 3)
    takeOneMatrix(op, block);
  if (failed(readStrategy()) || failed(expandEpilogue(op)))
    return failure();
  Expected<EmittedFormat> described = describe(op);
  if (!described)
    return op.emitOpError() << "has no kernel of family skinny: " << described.error().message();
  format = *std::move(described);
  return checkOptions(op, options);
}

FailureOr<GpuStrategyAttr> chooseGpuStrategy(MatmulOp op, const KernelOptions &options) {
  KernelProblem problem;
  if (failed(problem.prepare(op, options)))
    return failure();
  if (problem.isSimt()) {
    if (failed(checkSimt(problem.op, problem.format, problem.options)))
      return failure();
    return SimtKernels::strategyOf(problem.op, problem.format);
  }
  FailureOr<SkinnyPlan> plan = makePlan(problem.op, problem.format, problem.options);
  if (failed(plan))
    return failure();
  return GpuStrategyAttr::get(op.getContext(), plan->strategy(),
                              static_cast<unsigned>(8 * plan->tiles));
}

FailureOr<gpu::GPUModuleOp> buildProductKernels(MatmulOp op, const KernelOptions &options,
                                                OpBuilder &builder, StringRef name) {
  KernelProblem problem;
  if (failed(problem.prepare(op, options)))
    return failure();
  FailureOr<ProductKernels> result =
      problem.isSimt() ? buildSimt(problem.op, problem.format, problem.options, builder, name)
                       : buildSkinny(problem.op, problem.format, problem.options, builder, name);
  if (failed(result))
    return failure();
  if (!ShapedType::isDynamic(op.getBatch()))
    result->plan.batch = static_cast<uint64_t>(op.getBatch());
  for (KernelEntry &entry : result->entries) {
    entry.batchFrom = options.batchFrom;
    entry.batchTo = options.batchTo;
  }
  writeKernelEntries(result->module, result->entries, /*isSequence=*/true);
  writePlanFacts(result->module, result->plan);
  return result->module;
}

FailureOr<KernelOptions> parseKernelOptions(Operation *op, StringRef target, StringRef strategy) {
  KernelOptions options;
  Expected<const GpuTarget *> machine = findGpuTarget(std::string_view(target));
  if (!machine)
    return op->emitError() << machine.error().message();
  options.target = *machine;
  options.strategy = symbolizeProductStrategy(strategy);
  if (!strategy.empty() && !options.strategy)
    return op->emitError()
           << "expects strategy 'direct', 'shared', 'codes', 'exponents' or 'buffer', got '"
           << strategy << "'";
  return options;
}

void BuildKernelsPass::runOnOperation() {
  SmallVector<MatmulOp> products;
  getOperation().walk([&](MatmulOp op) { products.push_back(op); });
  getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                          UnitAttr::get(&getContext()));
  FailureOr<KernelOptions> options = parseKernelOptions(getOperation(), target, strategy);
  if (failed(options))
    return signalPassFailure();
  options->tiles = tiles;
  options->stages = stages;
  options->groups = groups;
  options->cluster = cluster;
  options->warpgroups = warpgroups;
  options->simt = simt;
  DenseMap<Operation *, unsigned> numbers;
  for (MatmulOp op : products) {
    auto function = op->getParentOfType<FunctionOpInterface>();
    if (!function) {
      op.emitOpError("is in no function");
      return signalPassFailure();
    }
    OpBuilder builder(function);
    std::string name = function.getName().str() + "_product_" + std::to_string(numbers[function]++);
    if (failed(buildProductKernels(op, *options, builder, name)))
      return signalPassFailure();
  }
}

} // namespace uwt
