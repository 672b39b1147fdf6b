//===- LowerGpuOps.cpp - Pass uwt-lower-gpu-ops ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What upstream's conversions to NVVM do not have: our operations, products of bf16, vectors
// of several dimensions. Leaves casts between memrefs and their descriptors, which
// reconcile-unrealized-casts removes once upstream's conversions have run.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/NVPTX/Passes.h"

#include "CheckFeatures.h"
#include "FuseLogic.h"
#include "Warpgroup.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "uwt/Codegen/NVPTX/Ptx.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Rewrite/GreedyRewrites.h"

namespace uwt::codegen {
#define GEN_PASS_DEF_LOWERGPUOPSPASS
#include "uwt/Codegen/NVPTX/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;
using namespace uwt;
using namespace uwt::codegen;

/// Address space of the shared memory of a cluster's CTAs.
static constexpr unsigned sharedCluster = 7;

/// What upstream does not lower, or lowers to sums that end at the largest numbers: products of
/// bf16 and of bytes.
static bool isOwnProduct(nvgpu::MmaSyncOp op) {
  Type element = cast<VectorType>(op.getMatrixA().getType()).getElementType();
  return element.isBF16() || element.isInteger(8);
}

namespace {

/// The elements of an operand of nvgpu.mma.sync, in the order of the thread's registers.
class Registers {
public:
  Registers(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  /// Pairs of bf16, or fours of bytes, as u32.
  SmallVector<Value> words(Value operand) {
    auto type = cast<VectorType>(operand.getType());
    int64_t count = type.getNumElements(), inWord = 32 / type.getElementTypeBitWidth();
    Value flat = vector::ShapeCastOp::create(
        builder, loc, VectorType::get({count}, type.getElementType()), operand);
    Value bits = vector::BitCastOp::create(
        builder, loc, VectorType::get({count / inWord}, builder.getI32Type()), flat);
    return elements(bits);
  }
  SmallVector<Value> elements(Value operand) {
    int64_t count = cast<VectorType>(operand.getType()).getNumElements();
    Type type = VectorType::get({count}, cast<VectorType>(operand.getType()).getElementType());
    operand = vector::ShapeCastOp::create(builder, loc, type, operand);
    auto results = vector::ToElementsOp::create(builder, loc, operand).getElements();
    return {results.begin(), results.end()};
  }

private:
  OpBuilder &builder;
  Location loc;
};

/// nvgpu.mma.sync of bf16 and of bytes -> nvvm.mma.sync.
struct LowerProduct : OpConversionPattern<nvgpu::MmaSyncOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(nvgpu::MmaSyncOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto sum = cast<VectorType>(op.getMatrixC().getType());
    bool isOfBytes = cast<VectorType>(op.getMatrixA().getType()).getElementType().isInteger(8);
    Type number = isOfBytes ? Type(rewriter.getI32Type()) : rewriter.getF32Type();
    if (sum.getElementType() != number || sum.getNumElements() != 4)
      return op.emitOpError(isOfBytes ? "of i8 needs accumulators of 4 i32 a thread, got "
                                      : "of bf16 needs accumulators of 4 f32 a thread, got ")
             << sum;
    std::array<int64_t, 3> shape = op.getMmaShapeAsArray();
    Location loc = op.getLoc();
    Registers registers(rewriter, loc);
    auto result = LLVM::LLVMStructType::getLiteral(getContext(), {number, number, number, number});
    NVVM::MMATypes operands = isOfBytes ? NVVM::MMATypes::s8 : NVVM::MMATypes::bf16;
    std::optional<NVVM::MMAIntOverflow> overflow;
    if (isOfBytes)
      overflow = NVVM::MMAIntOverflow::wrapped;
    Value product = NVVM::MmaOp::create(
        rewriter, loc, result, registers.words(op.getMatrixA()), registers.words(op.getMatrixB()),
        registers.elements(op.getMatrixC()), shape, std::nullopt, overflow,
        std::array{operands, operands}, std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
    SmallVector<Value> values;
    for (int64_t i = 0; i < 4; ++i)
      values.push_back(LLVM::ExtractValueOp::create(rewriter, loc, product, i));
    Value flat =
        vector::FromElementsOp::create(rewriter, loc, VectorType::get({4}, number), values);
    rewriter.replaceOpWithNewOp<vector::ShapeCastOp>(op, sum, flat);
    return success();
  }
};

Value addressOfBarrier(OpBuilder &builder, Location loc, const LLVMTypeConverter &converter,
                       Value group, Value descriptor, Value number) {
  MemRefType type = nvgpu::getMBarrierMemrefType(builder.getContext(),
                                                 cast<nvgpu::MBarrierGroupType>(group.getType()));
  return LLVM::getStridedElementPtr(builder, loc, converter, type, descriptor, number);
}

/// uwt.remote_arrive -> nvvm.mapa and nvvm.mbarrier.arrive of what it finds.
struct LowerRemoteArrive : ConvertOpToLLVMPattern<RemoteArriveOp> {
  LowerRemoteArrive(const LLVMTypeConverter &converter, const GpuTarget &target)
      : ConvertOpToLLVMPattern(converter), target(target) {}

  LogicalResult matchAndRewrite(RemoteArriveOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(
            checkFeatures(op, target, "an arrival at another CTA", GpuFeature::ClusterMulticast)))
      return failure();
    Location loc = op.getLoc();
    Value barrier = addressOfBarrier(rewriter, loc, *getTypeConverter(), op.getBarriers(),
                                     adaptor.getBarriers(), adaptor.getNumber());
    Value rank = LLVM::TruncOp::create(rewriter, loc, rewriter.getI32Type(), adaptor.getRank());
    Value other = NVVM::MapaOp::create(
        rewriter, loc, LLVM::LLVMPointerType::get(getContext(), sharedCluster), barrier, rank);
    // A release beyond the CTA would be a fence of all memory, in each k-tile.
    NVVM::MBarrierArriveOp::create(
        rewriter, loc, TypeRange(), other, Value(),
        NVVM::MemScopeKindAttr::get(getContext(), NVVM::MemScopeKind::CTA),
        rewriter.getBoolAttr(false));
    rewriter.eraseOp(op);
    return success();
  }

private:
  const GpuTarget &target;
};

/// uwt.expect_bytes -> nvvm.mbarrier.expect_tx.
struct LowerExpectBytes : ConvertOpToLLVMPattern<ExpectBytesOp> {
  LowerExpectBytes(const LLVMTypeConverter &converter, const GpuTarget &target)
      : ConvertOpToLLVMPattern(converter), target(target) {}

  LogicalResult matchAndRewrite(ExpectBytesOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(checkFeatures(op, target, "a barrier of transactions", GpuFeature::BulkCopy)))
      return failure();
    Location loc = op.getLoc();
    Value barrier = addressOfBarrier(rewriter, loc, *getTypeConverter(), op.getBarriers(),
                                     adaptor.getBarriers(), adaptor.getNumber());
    Value bytes = LLVM::TruncOp::create(rewriter, loc, rewriter.getI32Type(), adaptor.getBytes());
    rewriter.replaceOpWithNewOp<NVVM::MBarrierExpectTxOp>(op, barrier, bytes);
    return success();
  }

private:
  const GpuTarget &target;
};

/// uwt.async_arrive -> nvvm.cp.async.mbarrier.arrive.
struct LowerAsyncArrive : ConvertOpToLLVMPattern<AsyncArriveOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult matchAndRewrite(AsyncArriveOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Value barrier = addressOfBarrier(rewriter, op.getLoc(), *getTypeConverter(), op.getBarriers(),
                                     adaptor.getBarriers(), adaptor.getNumber());
    rewriter.replaceOpWithNewOp<NVVM::CpAsyncMBarrierArriveOp>(op, barrier, /*noinc=*/true);
    return success();
  }
};

/// uwt.atomic_add -> inline assembly: NVPTX of LLVM 22 drops the ordering of llvm.atomicrmw, and
/// later ones make a fence of the whole system of one without a scope.
struct LowerAtomicAdd : ConvertOpToLLVMPattern<AtomicAddOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult matchAndRewrite(AtomicAddOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Value address =
        getStridedElementPtr(rewriter, op.getLoc(), cast<MemRefType>(op.getCounters().getType()),
                             adaptor.getCounters(), adaptor.getAt());
    rewriter.replaceOpWithNewOp<LLVM::InlineAsmOp>(
        op, TypeRange(rewriter.getI32Type()), ValueRange{address, adaptor.getValue()},
        "atom.acq_rel.gpu.global.add.u32 $0, [$1], $2;", "=r,l,r,~{memory}",
        /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::TailCallKind::None,
        LLVM::AsmDialectAttr::get(getContext(), LLVM::AsmDialect::AD_ATT), ArrayAttr());
    return success();
  }
};

/// uwt.bulk_copy -> inline assembly: what NVVM has takes addresses of the window of the cluster,
/// which NVPTX of LLVM 22 makes by way of generic ones of 64 bits, instructions between a stage
/// that is empty and its first byte.
struct LowerBulkCopy : ConvertOpToLLVMPattern<BulkCopyOp> {
  LowerBulkCopy(const LLVMTypeConverter &converter, const GpuTarget &target)
      : ConvertOpToLLVMPattern(converter), target(target) {}

  LogicalResult matchAndRewrite(BulkCopyOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    constexpr GpuFeature one[] = {GpuFeature::BulkCopy};
    constexpr GpuFeature several[] = {GpuFeature::BulkCopy, GpuFeature::ClusterMulticast};
    ArrayRef<GpuFeature> needed = op.getMulticast() ? ArrayRef(several) : ArrayRef(one);
    if (failed(checkFeatures(op, target, "a bulk copy", needed)))
      return failure();
    Location loc = op.getLoc();
    Value from = address(rewriter, loc, op.getSource(), adaptor.getSource(), adaptor.getFrom());
    Value to = address(rewriter, loc, op.getTarget(), adaptor.getTarget(), adaptor.getTo());
    Value barrier = addressOfBarrier(rewriter, loc, *getTypeConverter(), op.getBarriers(),
                                     adaptor.getBarriers(), adaptor.getNumber());
    Value bytes = adaptor.getBytes();
    if (!bytes.getType().isInteger(32))
      bytes = LLVM::TruncOp::create(rewriter, loc, rewriter.getI32Type(), bytes);
    // The window of the CTA lies in that of the cluster (PTX ISA, "State Spaces: Shared").
    std::string text = "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes";
    std::string operands = " [$0], [$1], $2, [$3]", constraints = "r,l,r,r,";
    SmallVector<Value> values{shortAddress(rewriter, loc, to), from, bytes,
                              shortAddress(rewriter, loc, barrier)};
    auto add = [&](StringRef modifier, StringRef constraint, Value value) {
      text += modifier;
      operands += ", $" + std::to_string(values.size());
      constraints += constraint;
      values.push_back(value);
    };
    if (op.getMulticast())
      add(".multicast::cluster", "h,", adaptor.getMulticast());
    if (op.getEvictFirst())
      add(".L2::cache_hint", "l,",
          LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64Type(), evictFirst));
    LLVM::InlineAsmOp::create(rewriter, loc, TypeRange(), values, text + operands + ";",
                              constraints + "~{memory}", /*has_side_effects=*/true,
                              /*is_align_stack=*/false, LLVM::TailCallKind::None,
                              LLVM::AsmDialectAttr::get(getContext(), LLVM::AsmDialect::AD_ATT),
                              ArrayAttr());
    rewriter.eraseOp(op);
    return success();
  }

private:
  /// What createpolicy.fractional.L2::evict_first with a fraction of 1 gives: ptxas folds that to
  /// this number, too, but makes it anew by six instructions in front of each copy. CUTLASS passes
  /// it as a number (TMA::CacheHintSm90 and CacheHintSm100 of
  /// include/cute/arch/copy_sm90_desc.hpp).
  static constexpr int64_t evictFirst = 0x12F0000000000000;

  Value address(ConversionPatternRewriter &rewriter, Location loc, Value memref, Value descriptor,
                Value index) const {
    return getStridedElementPtr(rewriter, loc, cast<MemRefType>(memref.getType()), descriptor,
                                index);
  }
  /// Addresses of shared memory have 32 bits.
  static Value shortAddress(OpBuilder &builder, Location loc, Value pointer) {
    return LLVM::PtrToIntOp::create(builder, loc, builder.getI32Type(), pointer);
  }

  const GpuTarget &target;
};

/// memref.prefetch of global memory -> nvvm.prefetch to the second-level cache: NVPTX does not know
/// what upstream makes of it.
struct LowerPrefetch : ConvertOpToLLVMPattern<memref::PrefetchOp> {
  LowerPrefetch(const LLVMTypeConverter &converter, const GpuTarget &target)
      : ConvertOpToLLVMPattern(converter), target(target) {}

  LogicalResult matchAndRewrite(memref::PrefetchOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto space = dyn_cast_or_null<gpu::AddressSpaceAttr>(op.getMemRefType().getMemorySpace());
    if (!space || space.getValue() != gpu::AddressSpace::Global)
      return op.emitOpError() << "of " << op.getMemRefType()
                              << " cannot be compiled: only global memory is brought nearer";
    Value address = getStridedElementPtr(rewriter, op.getLoc(), op.getMemRefType(),
                                         adaptor.getMemref(), adaptor.getIndices());
    prefetch(rewriter, op.getLoc(), address);
    rewriter.eraseOp(op);
    return success();
  }

private:
  void prefetch(OpBuilder &builder, Location loc, Value address) const {
    if (target.supports(GpuFeature::BulkCopy)) {
      NVVM::PrefetchOp::create(
          builder, loc,
          NVVM::PrefetchCacheLevelAttr::get(getContext(), NVVM::PrefetchCacheLevel::L2),
          NVVM::CacheEvictionPriorityAttr(), address, /*predicate=*/Value());
      return;
    }
    // PTX has it for all targets, LLVM from sm_90 on.
    LLVM::InlineAsmOp::create(builder, loc, TypeRange(), ValueRange{address},
                              "prefetch.global.L2 [$0];", "l", /*has_side_effects=*/true,
                              /*is_align_stack=*/false, LLVM::TailCallKind::None,
                              LLVM::AsmDialectAttr::get(getContext(), LLVM::AsmDialect::AD_ATT),
                              ArrayAttr());
  }

  const GpuTarget &target;
};

/// nvgpu.mbarrier.try_wait.parity -> a loop over mbarrier.test_wait, on targets before sm_90.
struct LowerWait : ConvertOpToLLVMPattern<nvgpu::MBarrierTryWaitParityOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;
  LogicalResult matchAndRewrite(nvgpu::MBarrierTryWaitParityOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value barrier = addressOfBarrier(rewriter, loc, *getTypeConverter(), op.getBarriers(),
                                     adaptor.getBarriers(), adaptor.getMbarId());
    Value parity =
        LLVM::ZExtOp::create(rewriter, loc, rewriter.getI32Type(), adaptor.getPhaseParity());
    // NVVM's test of a parity has no loop, and LLVM would make one of two branches.
    LLVM::InlineAsmOp::create(
        rewriter, loc, TypeRange(), ValueRange{barrier, parity},
        "{\n.reg .pred done;\nagain:\nmbarrier.test_wait.parity.shared.b64 done, [$0], $1;\n"
        "@!done bra again;\n}",
        "r,r,~{memory}", /*has_side_effects=*/true, /*is_align_stack=*/false,
        LLVM::TailCallKind::None, LLVM::AsmDialectAttr::get(getContext(), LLVM::AsmDialect::AD_ATT),
        ArrayAttr());
    rewriter.eraseOp(op);
    return success();
  }
};

/// uwt.grid_dependency_wait, uwt.launch_dependents -> nvvm.griddepcontrol, or nothing.
template <typename Op, NVVM::GridDepActionKind action>
struct LowerDependency : OpConversionPattern<Op> {
  LowerDependency(MLIRContext *context, const GpuTarget &target)
      : OpConversionPattern<Op>(context), target(target) {}
  LogicalResult matchAndRewrite(Op op, Op::Adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (target.supports(GpuFeature::DependentLaunch))
      NVVM::GriddepcontrolOp::create(rewriter, op.getLoc(), action);
    rewriter.eraseOp(op);
    return success();
  }
  const GpuTarget &target;
};

struct LowerGpuOpsPass : uwt::codegen::impl::LowerGpuOpsPassBase<LowerGpuOpsPass> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<const GpuTarget *> target = targetOfKernels(getOperation(), chip);
    if (mlir::failed(target))
      return signalPassFailure();
    fuseLogic(getOperation());
    if (mlir::failed(checkOperations(**target)) || mlir::failed(convert(**target)) ||
        mlir::failed(unrollVectors()))
      signalPassFailure();
  }

  LogicalResult checkOperations(const GpuTarget &target);
  LogicalResult convert(const GpuTarget &target);
  LogicalResult unrollVectors();
};

} // namespace

/// Upstream makes inline assembly of this, which only ptxas would refuse.
static LogicalResult checkBarrier(Operation *op, const GpuTarget &target) {
  if (!isa<nvgpu::MBarrierArriveExpectTxOp>(op))
    return success();
  return checkFeatures(op, target, "a barrier of transactions", GpuFeature::BulkCopy);
}

/// LLVM's NVPTX makes a loop over bytes of a load of 128 bytes or more that is only stored, at the
/// place of the store, also where a barrier lies between.
static LogicalResult checkLoad(Operation *op) {
  constexpr int64_t maxBits = 127 * 8;
  auto load = dyn_cast<vector::LoadOp>(op);
  if (!load)
    return success();
  VectorType type = load.getVectorType();
  if (!type.getElementType().isIntOrFloat() ||
      type.getNumElements() * type.getElementTypeBitWidth() <= maxBits)
    return success();
  return op->emitOpError("of ") << type << " is more than 127 bytes a thread: load it in parts";
}

LogicalResult LowerGpuOpsPass::checkOperations(const GpuTarget &target) {
  WalkResult result = getOperation().walk([&](Operation *op) -> WalkResult {
    return failure(mlir::failed(checkBarrier(op, target)) || mlir::failed(checkLoad(op)));
  });
  return failure(result.wasInterrupted());
}

LogicalResult LowerGpuOpsPass::convert(const GpuTarget &target) {
  MLIRContext *context = &getContext();
  LowerToLLVMOptions options(context);
  LLVMTypeConverter converter(context, options);
  nvgpu::populateCommonGPUTypeAndAttributeConversions(converter);
  converter.addConversion([&](nvgpu::MBarrierGroupType type) -> Type {
    return converter.convertType(nvgpu::getMBarrierMemrefType(context, type));
  });
  RewritePatternSet patterns(context);
  patterns.add<LowerProduct>(context);
  patterns.add<LowerBulkCopy, LowerRemoteArrive>(converter, target);
  patterns.add<LowerAtomicAdd, LowerAsyncArrive>(converter);
  patterns.add<LowerExpectBytes>(converter, target);
  patterns.add<LowerPrefetch>(converter, target);
  bool hasTryWait = target.supports(GpuFeature::BulkCopy);
  if (!hasTryWait)
    patterns.add<LowerWait>(converter);
  patterns.add<LowerDependency<GridDependencyWaitOp, NVVM::GridDepActionKind::wait>,
               LowerDependency<LaunchDependentsOp, NVVM::GridDepActionKind::launch_dependents>>(
      context, target);
  populateWarpgroupPatterns(converter, target, patterns);
  // Upstream's conversion of kernels leaves some of these as they are, and makes calls of CUDA's
  // libdevice of the others. (What it calls itself illegal, Ptx.cpp puts right.)
  populateMathToLLVMConversionPatterns(converter, patterns, /*approximateLog1p=*/false);
  ConversionTarget legality(*context);
  legality.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  legality.addIllegalOp<AsyncArriveOp, AtomicAddOp, BulkCopyOp, ExpectBytesOp, RemoteArriveOp,
                        GridDependencyWaitOp, LaunchDependentsOp, WarpgroupMmaOp,
                        WarpgroupMmaBytesOp, WarpgroupWaitOp, memref::PrefetchOp>();
  legality.addIllegalOp<math::AbsIOp, math::CountLeadingZerosOp, math::CountTrailingZerosOp,
                        math::CtPopOp, math::FmaOp, math::TruncOp>();
  if (!hasTryWait)
    legality.addIllegalOp<nvgpu::MBarrierTryWaitParityOp>();
  legality.addDynamicallyLegalOp<nvgpu::MmaSyncOp>(
      [](nvgpu::MmaSyncOp op) { return !isOwnProduct(op); });
  return applyPartialConversion(getOperation(), legality, std::move(patterns));
}

LogicalResult LowerGpuOpsPass::unrollVectors() {
  RewritePatternSet patterns(&getContext());
  vector::populateVectorShapeCastLoweringPatterns(patterns);
  vector::populateVectorBroadcastLoweringPatterns(patterns);
  vector::populateVectorBitCastLoweringPatterns(patterns);
  vector::populateVectorRankReducingFMAPattern(patterns);
  vector::populateVectorToElementsUnrollPatterns(patterns);
  vector::populateVectorFromElementsUnrollPatterns(patterns);
  vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
  return rewriteGreedily(getArgument(), getOperation(), std::move(patterns));
}
