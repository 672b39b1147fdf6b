//===- StreamProduct.cpp - Products of weights with prefix codes ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamProduct.h"
#include "PackKernel.h"
#include "ProductEntries.h"
#include "StreamConsumer.h"

using namespace mlir;

namespace uwt::codegen {

static constexpr Value ProductArguments::*argumentOrder[] = {
    &ProductArguments::panels,    &ProductArguments::table,   &ProductArguments::words,
    &ProductArguments::raw,       &ProductArguments::code,    &ProductArguments::classes,
    &ProductArguments::y,         &ProductArguments::yStride, &ProductArguments::m,
    &ProductArguments::workspace, &ProductArguments::counters};

/// What CTAs may have of a multiprocessor's shared memory, two at a time.
static constexpr int64_t maxSharedBytes = 113 * 1024;

/// Warps of a CTA: with the registers that their accumulators leave.
static int64_t warpsFor(int64_t mTiles) { return mTiles == 1 ? 6 : 8; }

StreamProduct::StreamProduct(MatmulOp op, const ProductPlan &plan, const EmittedFormat &format,
                             OpBuilder &builder)
    : LaneCode(builder, op.getLoc()), op(op), plan(plan), format(format),
      shape(StreamShape::of(op, format, plan, warpsFor(plan.tile.mTiles))) {}

int64_t StreamProduct::sharedBytes() const {
  return 4 * (shape.sharedU32() + (hasEscapes() ? shape.warps * wordUnitU32 : 0));
}

Status StreamProduct::checkProduct(MatmulOp op, const EmittedFormat &format) {
  UWT_RETURN_IF_ERROR(checkStreams(op, format));
  int64_t warps = warpsFor(1);
  int64_t bytes = 4 * (streamSharedU32(op, format, warps) + warps * wordUnitU32);
  if (bytes > maxSharedBytes)
    return unsupportedError("its decode table and streams take " + std::to_string(bytes) +
                            " bytes of shared memory, more than " + std::to_string(maxSharedBytes));
  return ok();
}

void StreamProduct::build(BuiltKernels &result) {
  PackKernel(op, plan, builder).build(result.module);
  buildKernel(result.module);
  ProductEntries entries(op, plan, format, builder);
  KernelEntry product = productEntry(), pack = entries.pack();
  pack.strategy = product.strategy;
  result.entries = {pack, product};
  addStreamFacts(shape, format, plan, result.plan);
}

ScratchMemory StreamProduct::layOutScratch(const CtaThread &own) {
  Value u32s, halves;
  if (hasEscapes()) {
    int64_t size = shape.warps * wordUnitU32, first = shape.sharedU32();
    u32s = sharedView(size, builder.getI32Type(), first);
    halves = sharedView(2 * size, builder.getI16Type(), first);
  }
  return ScratchMemory(*this, u32s, halves, wordUnitU32, own.warp, own.lane);
}

void StreamProduct::buildKernel(gpu::GPUModuleOp module) {
  OpBuilder::InsertionGuard guard(builder);
  gpu::GPUFuncOp kernel =
      beginKernel(module, "product", argumentTypes(op, argumentOrder), threads(), plan.ctas);
  ProductArguments arguments = takeArguments(kernel, argumentOrder);
  CtaThread own = thread();
  StreamReader streams(*this, op.getWeightType(), format, shape, arguments, own.lane, own.warp);
  ScratchMemory scratch = layOutScratch(own);
  StreamConsumer consumer(*this, op, plan, arguments, own, streams, scratch);
  Value items = consumer.itemCount();
  WarpItems ofWarp = itemsOfWarp(items, shape.warps);
  // Weights do not depend on the kernel before this one: the first ones are on their way while that
  // ends and the table is loaded.
  StreamItem first = consumer.itemAt(index.min(ofWarp.first, index.sub(items, 1)));
  Value hasItem = index.less(ofWarp.first, items);
  index.ifElse(bitAnd(hasItem, streams.isCoded(first)),
               [&] { streams.prefetch(streams.aheadOf(first)); });
  Value number = index.add(index.mul(own.warp, warpLanes), own.lane);
  index.ifElse(index.equal(number, 0), [&] { streams.initBarriers(); });
  streams.copyTable(number, threads());
  gpu::BarrierOp::create(builder, location);
  GridDependencyWaitOp::create(builder, location);
  index.loop(ofWarp.count, {index.constant(0)}, [&](Value i, ValueRange carried) {
    Value item = asShort(index.add(ofWarp.first, index.mul(i, ofWarp.stride)));
    Value following = asShort(index.add(item, ofWarp.stride));
    Value isLast = index.less(items, index.add(following, 1));
    following = select(isLast, item, following);
    return Values{consumer.buildItem(item, following, carried[0])};
  });
  LaunchDependentsOp::create(builder, location);
  gpu::ReturnOp::create(builder, location);
}

KernelEntry StreamProduct::productEntry() {
  KernelEntry entry = ProductEntries(op, plan, format, builder).product();
  entry.strategy = "skinny-streams,m=" + std::to_string(plan.tile.m());
  entry.launch.threads = static_cast<uint32_t>(threads());
  entry.launch.sharedBytes = static_cast<uint32_t>(sharedBytes());
  entry.launch.tileN = panelRows;
  entry.launch.tileK = streamUnitColumns;
  // Packed x counts by slices, the rule by tiles: a tile has its share, in whole runs of 16 bytes,
  // and the partial sums of four warps.
  uint64_t tiles = static_cast<uint64_t>(plan.problem.panels() * shape.unitsOfStrip);
  uint64_t sliceBytes = static_cast<uint64_t>(4 * plan.packedU32());
  int64_t partialBytes = 4 * panelStrips * accumulatorTileF32 * plan.tile.mTiles;
  entry.workspace = {};
  entry.workspace.perTile =
      (sliceBytes + 16 * tiles - 1) / (16 * tiles) * 16 + static_cast<uint64_t>(partialBytes);
  entry.workspace.countersPerTile = 16;
  // In the order of argumentOrder.
  llvm::erase_if(entry.arguments, [](const KernelArgument &argument) {
    return argument.kind == ArgumentKind::Records;
  });
  return entry;
}

} // namespace uwt::codegen
