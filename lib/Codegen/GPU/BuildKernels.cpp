//===- BuildKernels.cpp - A gpu.module for each product -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "PackKernel.h"
#include "ProductEntries.h"
#include "RingProduct.h"
#include "SharedDecoder.h"
#include "Simt.h"
#include "StreamProduct.h"
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
#include "uwt/Dialect/UWT/Transforms/BuildableKernels.h"
#include "uwt/Target/GpuTarget.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_BUILDKERNELSPASS
#include "uwt/Codegen/GPU/Passes.h.inc"

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
  if (!findEmitter(format.format.codec.keyword)->fragmentTableU32(format))
    return unsupportedError("threads do not decode format '" + format.format.str() + "'");
  return ok();
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

/// What of a weight's units and table the kernel `product` knows.
static void planUnits(const EmittedFormat &format, ProductPlan &plan) {
  UnitLayout layout = unitLayout(format.format, format.element);
  bool makesWords = plan.decoded.form == DecodedForm::Words || plan.decodesInShared;
  plan.unit.onlyWords = layout.onlyWords || makesWords;
  plan.readsStreams = !layout.fixedRate && !plan.decoded.exists() && !plan.decodesInShared;
  if (plan.decodesInShared)
    plan.unit.rawU32 = layout.rawU32;
  if (plan.unit.onlyWords)
    return;
  if (plan.decoded.exists()) {
    // Escapes are in the exponents.
    plan.unit.rawU32 = layout.rawU32;
    plan.unit.codeU32 = plan.decoded.unitU32();
    if (plan.decoded.hasFlags()) {
      plan.unit.tableU32 = 1;
      plan.unit.tableFirst = static_cast<int64_t>(format.table.words());
    }
    return;
  }
  const Emitter &emitter = *findEmitter(format.format.codec.keyword);
  plan.unit.hasEscapes = layout.hasEscapes;
  plan.unit.tableU32 = emitter.fragmentTableU32(format).value_or(0);
  plan.unit.recordU32 = layout.recordU32;
  plan.unit.rawU32 = layout.rawU32;
  plan.unit.codeU32 = layout.codeU32;
  plan.unit.columnGroups = layout.groups;
  plan.unit.rawGroupStride = layout.rawGroupStride;
  plan.unit.codeGroupStride = layout.codeGroupStride;
}

static Status checkOptions(const KernelOptions &options) {
  if (!llvm::is_contained({0U, 1U, 2U, 4U, 8U}, options.cluster))
    return usageError("expects a cluster of 1, 2, 4 or 8 workgroups, got " +
                      std::to_string(options.cluster));
  if (options.tiles > maxMTiles || options.stages == 1 || options.groups % 2 != 0)
    return usageError(llvm::formatv("expects 1 to {0} tiles, at least 2 stages and an even number "
                                    "of groups, got {1}, {2} and {3}",
                                    maxMTiles, options.tiles, options.stages, options.groups)
                          .str());
  return ok();
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

/// Chooses the cluster and the ring for the plan's CTA tile. Errors: Unsupported (the target has no
/// room for what the options ask for).
static Status chooseRing(ProductPlan &plan, MatmulOp op, const EmittedFormat &format,
                         const KernelOptions &options, const GpuTarget &target) {
  plan.tile.cluster = plan.chooseCluster(target, options.cluster);
  if (plan.decodesInShared)
    plan.decoderU32 = SharedDecoder::u32BesideRing(op, format, plan);
  if (!plan.chooseRing(target, options.stages, options.groups))
    return unsupportedError("a ring of " + std::to_string(plan.ring.stages) + " stages of " +
                            std::to_string(4 * plan.stage().sizeU32) +
                            " bytes does not fit the shared memory of '" +
                            std::string(target.name) + "'");
  return ok();
}

static Error noKernel(std::string_view family, Error reason) {
  return std::move(reason).in("has no kernel of family " + std::string(family));
}

/// The plan of a kernel. Errors: Unsupported (there is no kernel of it).
static Expected<ProductPlan> planOf(MatmulOp op, const EmittedFormat &format,
                                    const KernelOptions &options, const GpuTarget &target,
                                    const GpuChoice &choice) {
  ProductStrategy strategy = productStrategyOf(choice.strategy);
  if (Status served = checkStrategy(strategy, op, format, target); !served)
    return noKernel(strategy == ProductStrategy::Shared ? "shared" : "skinny", served.takeError());
  ProductPlan plan;
  plan.problem = {op.getWeightType().getRows(), op.getWeightType().getColumns()};
  plan.decoded = {plan.problem, formOf(strategy)};
  plan.decodesInShared = strategy == ProductStrategy::Shared;
  planUnits(format, plan);
  bool hasWarpgroups =
      options.warpgroups && !plan.readsStreams && target.supports(GpuFeature::Wgmma);
  plan.tile.mTiles = choice.slice / 8;
  plan.copiesByThreads = !target.supports(GpuFeature::BulkCopy);
  plan.tile.usesWarpgroups = hasWarpgroups && plan.tile.mTiles > 2;
  plan.tile.panels =
      (plan.tile.usesWarpgroups || plan.decodesInShared) && plan.problem.panels() > 1 ? 2 : 1;
  if (plan.readsStreams) {
    // No ring; x is packed by groups all the same.
    plan.tile.cluster = 1;
    plan.ring.stages = 2;
    plan.ring.groupsPerStage = 4;
    plan.ctas = StreamProduct::ctasFor(plan.tile.mTiles);
    return plan;
  }
  Status fits = chooseRing(plan, op, format, options, target);
  // Eight warps decode faster than four; where they have no room, four do.
  if (plan.decodesInShared && plan.tile.panels > 1 && !fits) {
    plan.tile.panels = 1;
    fits = chooseRing(plan, op, format, options, target);
  }
  if (!fits)
    return noKernel(nameOf(plan.family()), fits.takeError());
  return plan;
}

static const GpuTarget &targetOf(const KernelOptions &options) {
  return options.target ? *options.target : **findGpuTarget("sm_90a");
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

/// Builds `decode`, if it comes first, `pack` and `product` of a plan with a ring.
static void buildRing(MatmulOp op, const ProductPlan &plan, const EmittedFormat &format,
                      OpBuilder &builder, ProductKernels &result) {
  if (plan.decoded.exists())
    TranscodeBuilder(op.getWeightType(), format, builder, op.getLoc(), plan.decoded.form)
        .build(result.module, "decode");
  PackKernel(op, plan, builder).build(result.module);
  RingProduct(op, plan, format, builder).build(result.module);
  result.entries = ProductEntries(op, plan, format, builder).all();
  if (plan.decodesInShared)
    addStreamFacts(StreamShape::of(op, format, plan, plan.decoderWarps()), format, plan,
                   result.plan);
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
class KernelProblem : public BuildableKernels {
public:
  /// Errors: Unsupported (no kernel serves it), Usage (options, a strategy of kernels for CPUs).
  Status prepare(MatmulOp product, const KernelOptions &given);
  GpuProduct product() const override;
  Status canBuild(const GpuChoice &choice) const override;
  /// Errors: as above.
  Expected<ProductKernels> build(OpBuilder &builder, StringRef name);

private:
  Status readStrategy();
  Status checkSimt(ProductStrategy strategy) const;
  Expected<ProductPlan> planOf(const GpuChoice &choice) const {
    return uwt::planOf(op, format, options, targetOf(options), choice);
  }
  void buildSkinny(const ProductPlan &plan, OpBuilder &builder, ProductKernels &result);
  /// There are no matrix instructions of mixed types.
  bool isSimt() const {
    return options.simt || op.getXType().getElementType() != op.getWeightType().getElementType();
  }

  /// Holds the product.
  Block block;
  /// What operations say of themselves is not const.
  mutable MatmulOp op;
  EmittedFormat format;
  KernelOptions options;
};
} // namespace

Status KernelProblem::readStrategy() {
  Attribute attribute = op.getStrategyAttr();
  auto strategy = dyn_cast_or_null<GpuStrategyAttr>(attribute);
  if (!strategy && attribute) {
    std::string text;
    llvm::raw_string_ostream(text) << attribute;
    return usageError("has a strategy of kernels for CPUs: " + text);
  }
  if (!strategy)
    return ok();
  if (!options.strategy)
    options.strategy = strategy.getStrategy();
  if (options.tiles == 0)
    options.tiles = llvm::divideCeil(strategy.getSlice(), 8);
  return ok();
}

Status KernelProblem::prepare(MatmulOp product, const KernelOptions &given) {
  options = given;
  op = copyOf(product, block);
  if (op.hasBuffers() && op.getWeightType().getShape().size() == 3)
    takeOneMatrix(op, block);
  UWT_RETURN_IF_ERROR(readStrategy());
  if (failed(expandEpilogue(op)))
    return unsupportedError("has an epilogue that cannot be expanded");
  Expected<EmittedFormat> described = describe(op);
  if (!described)
    return noKernel("skinny", described.takeError());
  format = *std::move(described);
  return checkOptions(options);
}

GpuProduct KernelProblem::product() const {
  GpuProduct result;
  result.target = &targetOf(options);
  result.n = op.getWeightType().getRows();
  if (int64_t m = op.getM(); !ShapedType::isDynamic(m))
    result.m = static_cast<uint64_t>(m);
  result.hasPrefixCode = format.traits.rate == Rate::Prefix;
  result.hasOnlyWords = unitLayout(format.format, format.element).onlyWords;
  result.allowsWarpgroups = options.warpgroups;
  result.onlySlice = isSimt() ? SimtKernels::mRows : 0;
  return result;
}

Status KernelProblem::checkSimt(ProductStrategy strategy) const {
  Status served = SimtKernels::checkProduct(op, format, strategy);
  return served ? ok() : Status(noKernel("simt", served.takeError()));
}

Status KernelProblem::canBuild(const GpuChoice &choice) const {
  if (isSimt())
    return checkSimt(productStrategyOf(choice.strategy));
  UWT_RETURN_IF_ERROR(planOf(choice));
  return ok();
}

void KernelProblem::buildSkinny(const ProductPlan &plan, OpBuilder &builder,
                                ProductKernels &result) {
  result.plan = plan.facts();
  if (plan.readsStreams) {
    StreamProduct(op, plan, format, builder).build(result);
    return;
  }
  buildRing(op, plan, format, builder, result);
}

Expected<ProductKernels> KernelProblem::build(OpBuilder &builder, StringRef name) {
  GpuPins pins;
  if (options.strategy)
    pins.strategy = gpuStrategyOf(*options.strategy);
  pins.mTiles = options.tiles;
  UWT_ASSIGN_OR_RETURN(GpuChoice choice, chooseGpuKernel(*this, pins));
  if (isSimt()) {
    ProductKernels result = beginKernels(op, options, builder, name);
    SimtKernels(op, format, builder).build(result);
    return result;
  }
  UWT_ASSIGN_OR_RETURN(ProductPlan plan, planOf(choice));
  ProductKernels result = beginKernels(op, options, builder, name);
  buildSkinny(plan, builder, result);
  return result;
}

namespace {
struct KernelsOfProducts : BuildableKernelsInterface {
  using BuildableKernelsInterface::BuildableKernelsInterface;
  Expected<std::unique_ptr<BuildableKernels>> describe(MatmulOp op,
                                                       const GpuTarget &target) const override {
    KernelOptions options;
    options.target = &target;
    auto problem = std::make_unique<KernelProblem>();
    UWT_RETURN_IF_ERROR(problem->prepare(op, options));
    return std::unique_ptr<BuildableKernels>(std::move(problem));
  }
};
} // namespace

void registerGpuKernels(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *, UWTDialect *dialect) { dialect->addInterface<KernelsOfProducts>(); });
}

FailureOr<gpu::GPUModuleOp> buildProductKernels(MatmulOp op, const KernelOptions &options,
                                                OpBuilder &builder, StringRef name) {
  KernelProblem problem;
  if (Status prepared = problem.prepare(op, options); !prepared)
    return op.emitOpError() << prepared.error().message();
  Expected<ProductKernels> result = problem.build(builder, name);
  if (!result)
    return op.emitOpError() << result.error().message();
  if (!ShapedType::isDynamic(op.getM()))
    result->plan.batch = static_cast<uint64_t>(op.getM());
  for (KernelEntry &entry : result->entries) {
    entry.mFrom = options.mFrom;
    entry.mTo = options.mTo;
  }
  writeKernelEntries(result->module, result->entries, /*isSequence=*/true);
  writePlanFacts(result->module, result->plan);
  return result->module;
}

/// Options of a GPU target and a strategy by their names; an empty one leaves the choice of the
/// strategy. Fails with a diagnostic at `op`.
static FailureOr<KernelOptions> parseKernelOptions(Operation *op, StringRef target,
                                                   StringRef strategy) {
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
