//===- BuildKernels.cpp - A gpu.module for each product -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BuiltKernels.h"
#include "Epilogue.h"
#include "PackIntegers.h"
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

using namespace mlir;

namespace uwt::codegen {

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
  if (isVariable(format.traits.rate) && !target.supports(GpuFeature::BulkCopy))
    return unsupportedError("threads read streams of format '" + format.format.str() +
                            "' through bulk copies, which GPU target '" + std::string(target.name) +
                            "' lacks; use strategy shared");
  if (isVariable(format.traits.rate))
    return StreamProduct::checkProduct(op, format);
  if (!emitterOf(format).fragmentTableU32(format))
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
  case ProductStrategy::Tiles:
    break;
  }
  llvm_unreachable("#uwt.gpu_strategy has those of GPUs");
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
  case ProductStrategy::Tiles:
    break;
  }
  llvm_unreachable("#uwt.gpu_strategy has those of GPUs");
}

/// What of a weight's units and table the kernel `product` knows.
static void planUnits(const EmittedFormat &format, ProductPlan &plan) {
  UnitLayout layout = unitLayout(format);
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
  const Emitter &emitter = emitterOf(format);
  plan.unit.hasEscapes = layout.hasEscapes;
  plan.unit.tableU32 = emitter.fragmentTableU32(format).value_or(0);
  plan.unit.recordU32 = layout.recordU32;
  plan.unit.rawU32 = layout.rawU32;
  plan.unit.codeU32 = layout.codeU32;
  plan.unit.columnGroups = layout.groups;
  plan.unit.rawGroupStride = layout.rawGroupStride;
  plan.unit.codeGroupStride = layout.codeGroupStride;
  plan.unit.hasNumbers = layout.hasNumbers;
}

/// Whether a panel of words comes into the ring as others do. Where its units are larger than coded
/// ones a stage has no room for them; but a wide kernel has one loop for both, and its stages are
/// few in any case.
static bool copiesWords(const ProductPlan &plan) {
  const UnitShape &unit = plan.unit;
  if (unit.isWide())
    return false;
  return unit.onlyWords || plan.kind() == GpuKernelKind::Wide ||
         unit.rawU32 + unit.codeU32 >= wordUnitU32;
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

static Error noKernel(std::string_view kind, Error reason) {
  return std::move(reason).in("has no kernel of kind " + std::string(kind));
}

/// The plan that a choice says, of a strategy that serves the product.
static ProductPlan planOf(MatmulOp op, const EmittedFormat &format, const GpuTarget &target,
                          const GpuChoice &choice) {
  ProductStrategy strategy = productStrategyOf(choice.strategy);
  ProductPlan plan;
  plan.problem = {op.getWeightType().getRows(), op.getWeightType().getColumns()};
  plan.decoded = {plan.problem, formOf(strategy)};
  plan.decodesInShared = strategy == ProductStrategy::Shared;
  planUnits(format, plan);
  plan.copiesByThreads = !target.supports(GpuFeature::BulkCopy);
  plan.tile.mTiles = choice.slice / mTileRows;
  plan.tile.panels = choice.panels;
  plan.tile.cluster = choice.cluster;
  plan.tile.usesWarpgroups = choice.instruction == GpuInstruction::Wgmma;
  plan.tile.multipliesIntegers = op.getArithmeticAttr() != nullptr;
  if (plan.tile.multipliesIntegers) {
    plan.partGroups = columnGroupsInPart(format.format);
    plan.tile.sumsOfX = needsSumsOfX(format.format) ? quantizedUnit(format.format).cells : 0;
  }
  plan.unit.copiesWords = !plan.tile.multipliesIntegers && copiesWords(plan);
  plan.ctas = choice.ctas;
  if (!plan.copiesByThreads && !plan.readsStreams)
    plan.leastSharedBytes = sharedBytesOfCtas(target, choice.ctas);
  // Without a ring x is packed by groups all the same.
  if (!plan.readsStreams)
    plan.ring = {choice.stages, choice.groups, choice.kTiles};
  if (plan.decodesInShared)
    plan.decoderU32 = SharedDecoder::u32BesideRing(op, format, plan);
  return plan;
}

/// Whether there is a kernel with a choice's tile. Errors: Unsupported.
static Status checkTile(const GpuChoice &choice, const GpuProduct &product,
                        const ProductPlan &plan) {
  bool usesWgmma = choice.instruction == GpuInstruction::Wgmma;
  if (usesWgmma && product.needsWarps)
    return unsupportedError(
        "integers of cells of 32 columns, and where the last unit of a row lacks "
        "columns, are multiplied by instruction mma");
  if (usesWgmma && (plan.readsStreams || choice.slice <= maxSliceBesideWgmma ||
                    !product.target->supports(GpuFeature::Wgmma)))
    return unsupportedError("wgmma multiplies more than " + std::to_string(maxSliceBesideWgmma) +
                            " rows of m, from a ring, on targets that have it");
  unsigned widest = mTileRows * widestSlice(product, choice.strategy, choice.instruction);
  if (choice.slice % mTileRows != 0 || choice.slice > widest)
    return unsupportedError("its slices have 8, 16, … or " + std::to_string(widest) +
                            " rows of m, got " + std::to_string(choice.slice));
  if (!hasTiles(product, choice.instruction, choice.slice / mTileRows))
    return unsupportedError(
        "wgmma multiplies integers of up to 32 rows of m, or of 48 or 64, got " +
        std::to_string(choice.slice));
  if (choice.panels > 1 && (plan.problem.panels() == 1 || !(usesWgmma || plan.decodesInShared)))
    return unsupportedError("its CTAs have one panel, got " + std::to_string(choice.panels));
  bool hasClusters = product.target->supports(GpuFeature::ClusterMulticast) && !plan.readsStreams;
  if (choice.cluster > 1 && !hasClusters)
    return unsupportedError("its CTAs have no clusters, got " + std::to_string(choice.cluster));
  unsigned most = plan.readsStreams ? ctasOfStreams(choice.slice) : maxCtas(choice);
  if (choice.ctas > most)
    return unsupportedError("a multiprocessor has registers for " + std::to_string(most) +
                            " of its CTAs, got " + std::to_string(choice.ctas));
  return ok();
}

/// Whether there is a kernel with a choice's ring. Errors: Unsupported.
static Status checkRing(const GpuChoice &choice, const GpuTarget &target, const ProductPlan &plan) {
  if (plan.readsStreams)
    return choice.stages == 0 ? ok() : unsupportedError("it reads streams without a ring");
  if (choice.stages == 0)
    return unsupportedError("it has a ring, whose stages and groups are missed: run "
                            "uwt-select-strategy");
  if (choice.stages > maxRingStages)
    return unsupportedError("a ring has at most " + std::to_string(maxRingStages) +
                            " stages, got " + std::to_string(choice.stages));
  constexpr int64_t streamUnitGroups = streamUnitColumns / fixedUnitColumns;
  if (plan.partGroups % plan.ring.groupsPerKTile() != 0)
    return unsupportedError("integers are added up in parts of " + std::to_string(plan.partGroups) +
                            " groups of columns, and its k-tiles have " +
                            std::to_string(plan.ring.groupsPerKTile()));
  if (choice.groups % plan.unit.columnGroups != 0 ||
      (plan.decodesInShared && streamUnitGroups % plan.ring.groupsPerKTile() != 0))
    return unsupportedError("its stages have whole units, got " + std::to_string(choice.groups) +
                            " groups in " + std::to_string(choice.kTiles) + " k-tiles");
  RingMemory memory = plan.ringMemory();
  if (plan.ring.stages > stagesThatFit(target, choice.ctas, memory))
    return unsupportedError("a ring of " + std::to_string(choice.stages) + " stages of " +
                            std::to_string(memory.stageBytes) +
                            " bytes does not fit the shared memory of '" +
                            std::string(target.name) + "'");
  return ok();
}

static BuiltKernels beginKernels(MatmulOp op, const GpuTarget &target, OpBuilder &builder,
                                 StringRef name) {
  BuiltKernels result;
  result.module = createKernelModule(builder, op.getLoc(), name);
  Attribute attribute = NVVM::NVVMTargetAttr::get(op.getContext(), /*optLevel=*/3,
                                                  "nvptx64-nvidia-cuda", target.name);
  result.module.setTargetsAttr(builder.getArrayAttr(attribute));
  return result;
}

/// Builds `decode`, if it comes first, `pack` and `product` of a plan with a ring.
static void buildRing(MatmulOp op, const ProductPlan &plan, const EmittedFormat &format,
                      OpBuilder &builder, BuiltKernels &result) {
  if (plan.decoded.exists())
    TranscodeBuilder(op.getWeightType(), format, builder, op.getLoc(), plan.decoded.form)
        .build(result.module, "decode");
  if (plan.tile.multipliesIntegers)
    PackIntegersKernel(op, plan, builder).build(result.module);
  else
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
/// A product as kernels compute it.
class KernelProblem : public BuildableKernels {
public:
  explicit KernelProblem(const GpuTarget &target) : target(target) {}
  /// Errors: Unsupported (no kernel serves it).
  Status prepare(MatmulOp product);
  GpuProduct product() const override;
  Expected<RingMemory> ringMemory(const GpuChoice &choice, bool ofAnyFormat) const override;
  Status canBuild(const GpuChoice &choice) const override;
  /// Errors: Unsupported (no kernel is what the choice says).
  Expected<BuiltKernels> build(const GpuChoice &choice, bool grouped, OpBuilder &builder,
                               StringRef name);

private:
  Status checkSimt(const GpuChoice &choice) const;
  /// Whether a choice serves grouped products too. Errors: Unsupported.
  Status checkGrouped(const GpuChoice &choice) const;
  /// Errors: Unsupported (the strategy does not serve the product).
  Expected<ProductPlan> planOf(const GpuChoice &choice) const;
  void buildSkinny(const ProductPlan &plan, OpBuilder &builder, BuiltKernels &result);

  const GpuTarget &target;
  /// Holds the product.
  Block block;
  /// What operations say of themselves is not const.
  mutable MatmulOp op;
  EmittedFormat format;
};
} // namespace

Status KernelProblem::prepare(MatmulOp product) {
  op = copyOf(product, block);
  if (op.hasBuffers() && op.getWeightType().getShape().size() == 3)
    takeOneMatrix(op, block);
  if (failed(expandEpilogue(op)))
    return unsupportedError("has an epilogue that cannot be expanded");
  Expected<EmittedFormat> described = describe(op);
  if (!described)
    return noKernel("skinny", described.takeError());
  format = *std::move(described);
  return ok();
}

/// Whether four warps can multiply the integers of a weight together: the products of a column
/// group share a sum, and each unit has all of its column groups.
static bool suitWarpgroups(MatmulOp op, const EmittedFormat &format) {
  ProblemShape problem = {op.getWeightType().getRows(), op.getWeightType().getColumns()};
  return quantizedUnit(format.format).cells == 1 &&
         problem.columnGroups() % unitLayout(format).groups == 0;
}

GpuProduct KernelProblem::product() const {
  GpuProduct result;
  result.target = &target;
  result.n = op.getWeightType().getRows();
  if (int64_t m = op.getM(); !ShapedType::isDynamic(m))
    result.m = static_cast<uint64_t>(m);
  result.hasStreams = isVariable(format.traits.rate);
  result.hasOnlyWords = unitLayout(format).onlyWords;
  result.multipliesIntegers = op.getArithmeticAttr() != nullptr;
  result.needsWarps = result.multipliesIntegers && !suitWarpgroups(op, format);
  // There are none of mixed types; integers are made of any.
  result.hasMatrixInstruction =
      result.multipliesIntegers ||
      op.getXType().getElementType() == op.getWeightType().getElementType();
  result.fmaSlice = SimtKernels::mRows;
  return result;
}

Expected<ProductPlan> KernelProblem::planOf(const GpuChoice &choice) const {
  ProductStrategy strategy = productStrategyOf(choice.strategy);
  if (op.getArithmeticAttr() && strategy != ProductStrategy::Direct)
    return noKernel("skinny", unsupportedError("integers are multiplied where they are decoded; "
                                               "use strategy direct"));
  if (Status served = checkStrategy(strategy, op, format, target); !served)
    return noKernel(strategy == ProductStrategy::Shared ? "shared" : "skinny", served.takeError());
  return uwt::codegen::planOf(op, format, target, choice);
}

Expected<RingMemory> KernelProblem::ringMemory(const GpuChoice &choice, bool ofAnyFormat) const {
  UWT_ASSIGN_OR_RETURN(ProductPlan plan, planOf(choice));
  if (ofAnyFormat) {
    plan.unit.hasEscapes = !plan.decodesInShared;
    plan.unit.copiesWords = true;
    plan.unit.columnGroups = 1;
    plan.unit.codeU32 = plan.unit.rawU32 = 0;
  }
  return plan.ringMemory();
}

Status KernelProblem::checkSimt(const GpuChoice &choice) const {
  if (op.getArithmeticAttr())
    return noKernel("simt", unsupportedError("integers are multiplied by tensor cores; use "
                                             "instruction mma"));
  Status served = SimtKernels::checkProduct(op, format, productStrategyOf(choice.strategy));
  if (served && choice.slice != SimtKernels::mRows)
    served = unsupportedError("its slices have " + std::to_string(SimtKernels::mRows) +
                              " rows of m, got " + std::to_string(choice.slice));
  return served ? ok() : Status(noKernel("simt", served.takeError()));
}

Status KernelProblem::canBuild(const GpuChoice &choice) const {
  if (choice.instruction == GpuInstruction::Fma)
    return checkSimt(choice);
  GpuProduct facts = product();
  if (!facts.hasMatrixInstruction)
    return noKernel("skinny", unsupportedError("x has another type than the weight; use "
                                               "instruction fma"));
  UWT_ASSIGN_OR_RETURN(ProductPlan plan, planOf(choice));
  Status fits = checkTile(choice, facts, plan);
  if (fits)
    fits = checkRing(choice, target, plan);
  return fits ? ok() : Status(noKernel(nameOf(plan.kind()), fits.takeError()));
}

void KernelProblem::buildSkinny(const ProductPlan &plan, OpBuilder &builder, BuiltKernels &result) {
  result.plan = plan.facts();
  if (plan.readsStreams) {
    StreamProduct(op, plan, format, builder).build(result);
    return;
  }
  buildRing(op, plan, format, builder, result);
}

Status KernelProblem::checkGrouped(const GpuChoice &choice) const {
  bool fromRing = choice.strategy == GpuStrategy::Direct &&
                  choice.instruction != GpuInstruction::Fma && !isVariable(format.traits.rate);
  if (!fromRing)
    return noKernel("grouped", unsupportedError("its weights are decoded where they are "
                                                "multiplied, from a ring: use strategy direct, and "
                                                "a format of a fixed rate"));
  if (!op.getExtras().empty())
    return noKernel("grouped", unsupportedError("its epilogue has no operands"));
  return ok();
}

Expected<BuiltKernels> KernelProblem::build(const GpuChoice &choice, bool grouped,
                                            OpBuilder &builder, StringRef name) {
  UWT_RETURN_IF_ERROR(canBuild(choice));
  if (grouped)
    UWT_RETURN_IF_ERROR(checkGrouped(choice));
  BuiltKernels result = beginKernels(op, target, builder, name);
  if (choice.instruction == GpuInstruction::Fma) {
    SimtKernels(op, format, builder).build(result);
    return result;
  }
  ProductPlan plan = uwt::codegen::planOf(op, format, target, choice);
  plan.grouped = grouped;
  buildSkinny(plan, builder, result);
  return result;
}

namespace {
struct KernelsOfProducts : BuildableKernelsInterface {
  using BuildableKernelsInterface::BuildableKernelsInterface;
  Expected<std::unique_ptr<BuildableKernels>> describe(MatmulOp op,
                                                       const GpuTarget &target) const override {
    auto problem = std::make_unique<KernelProblem>(target);
    UWT_RETURN_IF_ERROR(problem->prepare(op));
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
  auto strategy = dyn_cast_or_null<GpuStrategyAttr>(op.getStrategyAttr());
  if (!strategy && op.getStrategyAttr())
    return op.emitOpError() << "has a strategy of kernels for CPUs: " << op.getStrategyAttr();
  if (!strategy)
    return op.emitOpError("has no #uwt.gpu_strategy: run uwt-select-strategy for a GPU before");
  KernelProblem problem(options.target);
  if (Status prepared = problem.prepare(op); !prepared)
    return op.emitOpError() << prepared.error().message();
  Expected<BuiltKernels> result = problem.build(choiceOf(strategy), options.grouped, builder, name);
  if (!result)
    return op.emitOpError() << result.error().message();
  if (!ShapedType::isDynamic(op.getM()))
    result->plan.m = static_cast<uint64_t>(op.getM());
  for (KernelEntry &entry : result->entries) {
    entry.mFrom = options.mFrom;
    entry.mTo = options.mTo;
  }
  writeKernelEntries(result->module, result->entries, /*isSequence=*/true);
  writePlanFacts(result->module, result->plan);
  return result->module;
}

void BuildKernelsPass::runOnOperation() {
  Expected<const GpuTarget *> machine = findGpuTarget(std::string_view(target));
  if (!machine) {
    getOperation().emitError() << machine.error().message();
    return signalPassFailure();
  }
  SmallVector<MatmulOp> products;
  getOperation().walk([&](MatmulOp op) { products.push_back(op); });
  getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                          UnitAttr::get(&getContext()));
  DenseMap<Operation *, unsigned> numbers;
  for (MatmulOp op : products) {
    auto function = op->getParentOfType<FunctionOpInterface>();
    if (!function) {
      op.emitOpError("is in no function");
      return signalPassFailure();
    }
    OpBuilder builder(function);
    std::string name = function.getName().str() + "_product_" + std::to_string(numbers[function]++);
    if (failed(buildProductKernels(op, {**machine}, builder, name)))
      return signalPassFailure();
  }
}

} // namespace uwt::codegen
