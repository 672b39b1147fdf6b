//===- BuildKernels.cpp - A gpu.module for each product -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SkinnyStreams.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Emission/Emission.h"
#include "uwt/GpuKernels/Passes.h"
#include "uwt/GpuKernels/ProductKernels.h"
#include "uwt/Target/GpuTarget.h"

using namespace mlir;

namespace uwt {

#define GEN_PASS_DEF_BUILDKERNELSPASS
#include "uwt/GpuKernels/Passes.h.inc"

/// Most batch rows, in eights, that family skinny serves with its sums in registers: where warps
/// multiply alone, and where a panel's four do so together.
static constexpr unsigned mostTiles = 8, mostTilesTogether = 32;

namespace {
struct BuildKernelsPass : impl::BuildKernelsPassBase<BuildKernelsPass> {
  using BuildKernelsPassBase::BuildKernelsPassBase;
  void runOnOperation() override;
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
  bool isStream = format.traits.rate == Rate::Prefix;
  bool hasWideUnits = unitLayout(format.format, format.element).groups != 1;
  if (!isStream && (!tableWords || hasWideUnits))
    return refuse("threads do not decode format '" + format.format.str() + "'");
  if (op.getXType().getElementType() != element)
    return refuse("x and weight have different element types");
  if (!op.getWeightType().getRows() || !op.getWeightType().getColumns())
    return refuse("the weight is empty");
  if (isStream)
    if (std::string reason = StreamProduct::refusal(op, format); !reason.empty())
      return refuse(reason);
  return mlir::success();
}

/// Columns of x, in eights, that a kernel multiplies at a time; larger batches come in slices.
static unsigned chooseTiles(MatmulOp op, const KernelOptions &options, unsigned most) {
  if (options.tiles != 0)
    return std::min(options.tiles, most);
  if (ShapedType::isDynamic(op.getBatch()))
    return 1;
  // As few slices as there can be, all of about the same width.
  int64_t eights = std::max<int64_t>(llvm::divideCeil(op.getBatch(), 8), 1);
  return static_cast<unsigned>(llvm::divideCeil(eights, llvm::divideCeil(eights, most)));
}

/// The most tiles that are multiplied at a time without spills.
static unsigned widestSlice(const UnitLayout &layout, bool hasWarpgroups) {
  if (!layout.fixedRate)
    return StreamProduct::mostTiles;
  return hasWarpgroups ? mostTilesTogether : mostTiles;
}

static FailureOr<SkinnyPlan> makePlan(MatmulOp op, const KernelOptions &options) {
  CompressedType weight = op.getWeightType();
  EmittedFormat format;
  std::string reason;
  std::optional<ElementType> element = elementTypeOf(weight.getElementType());
  if (!element || !describeFormat(weight.getFormat().getFormat(), *element, format, reason))
    return op.emitOpError() << "has no kernel of family skinny: " << reason;
  const Emitter &emitter = *findEmitter(format.format.codec.keyword);
  if (failed(checkProduct(op, format, emitter.fragmentTableWords(format))))
    return mlir::failure();

  SkinnyPlan plan{};
  plan.rows = weight.getRows();
  plan.columns = weight.getColumns();
  const GpuTarget &target = options.target ? *options.target : **findGpuTarget("sm_90a");
  UnitLayout layout = unitLayout(format.format, *element);
  unsigned tableWords = emitter.fragmentTableWords(format).value_or(0);
  bool hasWarpgroups = options.warpgroups && layout.fixedRate && target.supports(GpuFeature::Wgmma);
  bool isCluster = llvm::is_contained({0u, 1u, 2u, 4u, 8u}, options.cluster);
  if (!isCluster)
    return op.emitOpError() << "expects a cluster of 1, 2, 4 or 8 workgroups, got "
                            << options.cluster;
  if (options.tiles > mostTilesTogether || options.stages == 1 || options.groups % 2 != 0)
    return op.emitOpError() << "expects 1 to " << mostTilesTogether
                            << " tiles, at least 2 stages and an even number of groups, got "
                            << options.tiles << ", " << options.stages << " and " << options.groups;
  plan.tiles = chooseTiles(op, options, widestSlice(layout, hasWarpgroups));
  plan.copiesByThreads = !target.supports(GpuFeature::BulkCopy);
  plan.multipliesTogether = hasWarpgroups && plan.tiles > 2;
  plan.bandPanels = plan.multipliesTogether && plan.panels() > 1 ? 2 : 1;
  plan.onlyWords = layout.onlyWords;
  plan.hasEscapes = layout.hasEscapes;
  plan.isStream = !layout.fixedRate;
  if (plan.isStream) {
    plan.multipliesTogether = false;
    plan.bandPanels = 1;
    // No ring; x is packed by groups all the same.
    plan.stages = 2;
    plan.groupsPerStage = 4;
    // Wider slices take the registers of both workgroups.
    plan.ctas = plan.tiles == 1 ? StreamProduct::mostCtas : 1;
  }
  plan.tableWords = tableWords;
  plan.recordWords = layout.recordWords;
  if (!plan.onlyWords) {
    plan.rawWords = layout.rawWords;
    plan.codeWords = layout.codeWords;
  }
  plan.cluster = plan.chooseCluster(target, options.cluster);
  if (!plan.isStream && !plan.chooseRing(target, options.stages, options.groups))
    return op.emitOpError() << "has no kernel of family " << nameOf(plan.family()) << ": a ring of "
                            << plan.stages << " stages of " << 4 * plan.stageWords()
                            << " bytes does not fit the shared memory of '" << target.name << "'";
  return plan;
}

FailureOr<ProductKernels> buildProductKernels(MatmulOp op, const KernelOptions &options,
                                              OpBuilder &builder, StringRef name) {
  FailureOr<SkinnyPlan> plan = makePlan(op, options);
  if (failed(plan))
    return mlir::failure();
  // For callers that are no passes, which declare them.
  op.getContext()
      ->loadDialect<arith::ArithDialect, gpu::GPUDialect, memref::MemRefDialect, NVVM::NVVMDialect,
                    nvgpu::NVGPUDialect, scf::SCFDialect, vector::VectorDialect>();
  ProductKernels result;
  result.module = gpu::GPUModuleOp::create(builder, op.getLoc(), name);
  result.plan = plan->facts();
  if (!ShapedType::isDynamic(op.getBatch()))
    result.plan.batch = static_cast<uint64_t>(op.getBatch());
  SkinnyKernels kernels(op, *plan, builder);
  if (plan->isStream) {
    EmittedFormat format;
    std::string reason;
    describeFormat(op.getWeightType().getFormat().getFormat(),
                   *elementTypeOf(op.getWeightType().getElementType()), format, reason);
    StreamProduct(kernels, format).build(result);
    return result;
  }
  kernels.build(result.module);
  result.entries = kernels.entries();
  return result;
}

void BuildKernelsPass::runOnOperation() {
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
    if (failed(buildProductKernels(op, {tiles, stages, groups, cluster, warpgroups, nullptr},
                                   builder, name)))
      return signalPassFailure();
  }
}

} // namespace uwt
