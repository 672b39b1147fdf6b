//===- RingProduct.cpp - Kernel product with a ring -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RingProduct.h"
#include "Consumer.h"
#include "IntegerMainloop.h"
#include "Producer.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace uwt::codegen {

/// Registers of a thread where they are moved, of who multiplies and of who copies or decodes.
/// Together they may not have more than the CTA begins with: an equal share of a multiprocessor's,
/// in eights. Else the first ones wait for ever.
struct RoleRegisters {
  int32_t consumer, other;
};
static constexpr RoleRegisters besideCopies = {232, 40}, besideDecoders = {152, 104},
                               besideDecodersOfFewAccumulators = {144, 112};
static constexpr bool fits(RoleRegisters roles, int32_t consumers, int32_t others) {
  int32_t equal = smRegisters / (128 * (consumers + others)) / 8 * 8;
  return consumers * roles.consumer + others * roles.other <= (consumers + others) * equal;
}
static_assert(fits(besideCopies, 2, 1) && fits(besideDecoders, 2, 2) &&
              fits(besideDecodersOfFewAccumulators, 2, 2));

static RoleRegisters registersOf(const ProductPlan &plan) {
  // m tiles whose accumulators leave consumers registers that decoders can do with.
  constexpr int64_t fewMTiles = 12;
  if (!plan.decodesInShared)
    return besideCopies;
  return plan.tile.mTiles > fewMTiles ? besideDecoders : besideDecodersOfFewAccumulators;
}

SmallVector<Value ProductArguments::*> RingProduct::argumentOrder() const {
  using Arguments = ProductArguments;
  SmallVector<Value ProductArguments::*> order = {&Arguments::panels};
  if (plan.tile.multipliesIntegers)
    order.push_back(&Arguments::code);
  else
    // Streams have no escape table: row classes come instead.
    order.append({&Arguments::table, &Arguments::words, &Arguments::raw, &Arguments::code,
                  plan.decodesInShared ? &Arguments::classes : &Arguments::patches,
                  &Arguments::escapes});
  order.append({&Arguments::y, &Arguments::yStride, &Arguments::m, &Arguments::workspace,
                &Arguments::counters});
  if (plan.grouped)
    order.push_back(&Arguments::slices);
  return order;
}

gpu::GPUFuncOp RingProduct::begin(gpu::GPUModuleOp module) {
  gpu::GPUFuncOp kernel =
      beginKernel(module, "product", argumentTypes(op, argumentOrder()), plan.threads(), plan.ctas);
  if (plan.tile.cluster > 1)
    kernel->setAttr(NVVM::NVVMDialect::getClusterDimAttrName(),
                    builder.getDenseI32ArrayAttr({static_cast<int32_t>(plan.tile.cluster), 1, 1}));
  return kernel;
}

ProductArguments RingProduct::argumentsOf(gpu::GPUFuncOp kernel) {
  ProductArguments arguments = takeArguments(kernel, argumentOrder());
  if (plan.decoded.form == DecodedForm::Words)
    arguments.words = arguments.workspace;
  else if (plan.decoded.exists())
    arguments.code = arguments.workspace;
  if (plan.decoded.hasFlags())
    arguments.escapes = arguments.workspace;
  return arguments;
}

RingProduct::Memory RingProduct::layOut() {
  Memory memory;
  int64_t ringU32 = plan.ring.stages * plan.stage().sizeU32;
  memory.ring = sharedView(ringU32, builder.getI32Type(), 0);
  if (int64_t size = plan.tile.consumerWarps() * plan.scratchU32(); size > 0) {
    memory.scratch = sharedView(size, builder.getI32Type(), ringU32);
    memory.scratchHalves = sharedView(2 * size, builder.getI16Type(), ringU32);
  }
  return memory;
}

void RingProduct::useRingAsScratch(Memory &memory) {
  int64_t ringU32 = plan.ring.stages * plan.stage().sizeU32;
  memory.scratch = memory.ring;
  memory.scratchHalves = sharedView(2 * ringU32, builder.getI16Type(), 0);
}

void RingProduct::build(gpu::GPUModuleOp module) {
  OpBuilder::InsertionGuard guard(builder);
  gpu::GPUFuncOp kernel = begin(module);
  ProductArguments arguments = argumentsOf(kernel);
  Memory memory = layOut();
  CtaThread own = thread();
  RingPipeline ring(*this, plan, memory.ring);
  std::optional<StreamReader> streams;
  DecoderThread decoder;
  if (plan.decodesInShared) {
    decoder = findDecoderThread(*this, plan, own);
    StreamShape shape = StreamShape::of(op, format, plan, plan.decoderWarps());
    streams.emplace(static_cast<const LaneCode &>(*this), op.getWeightType(), format, shape,
                    arguments, own.lane, decoder.number);
    useRingAsScratch(memory);
    streams->copyTable(own.number, plan.threads());
  }
  ScratchMemory scratch(*this, memory.scratch, memory.scratchHalves, plan.scratchU32(), own.warp,
                        own.lane);
  Cta cta{arguments, own, ring, scratch, streams ? &*streams : nullptr, decoder};
  initBarriers(cta);
  buildRoles(cta);
  // Others may still copy into this CTA's memory, and arrive at its barriers.
  if (plan.tile.cluster > 1)
    meetCluster();
  gpu::ReturnOp::create(builder, location);
}

void RingProduct::initBarriers(const Cta &cta) {
  index.ifElse(index.equal(cta.thread.number, 0), [&] {
    if (cta.streams)
      cta.streams->initBarriers();
    cta.ring.initBarriers();
  });
  // The cluster's barrier orders the barriers' initialisation, which is fenced, and nothing else:
  // not the table that threads have copied.
  bool isCluster = plan.tile.cluster > 1;
  if (!isCluster || cta.streams)
    gpu::BarrierOp::create(builder, location);
  if (isCluster)
    meetCluster();
}

void RingProduct::meetCluster() {
  NVVM::ClusterArriveRelaxedOp::create(builder, location, UnitAttr());
  NVVM::ClusterWaitOp::create(builder, location, UnitAttr());
}

void RingProduct::moveRegisters(int32_t count, bool isMore) {
  if (plan.movesRegisters())
    NVVM::SetMaxRegisterOp::create(builder, location, count,
                                   isMore ? NVVM::SetMaxRegisterAction::increase
                                          : NVVM::SetMaxRegisterAction::decrease);
}

void RingProduct::buildRoles(const Cta &cta) {
  RoleRegisters registers = registersOf(plan);
  index.ifElse(
      index.less(sameInWarp(cta.thread.warp), plan.tile.consumerWarps()),
      [&] {
        moveRegisters(registers.consumer, /*isMore=*/true);
        buildConsumer(cta);
      },
      [&] {
        moveRegisters(registers.other, /*isMore=*/false);
        plan.decodesInShared ? buildDecoder(cta) : buildProducer(cta);
      });
}

void RingProduct::buildConsumer(const Cta &cta) {
  const ProductArguments &arguments = cta.arguments;
  Value lane = cta.thread.lane, buffer = cta.ring.buffer();
  CompressedType type = op.getWeightType();
  RingWork work(*this, plan, arguments, cta.ring);
  Value strip = index.rem(cta.thread.warp, panelStrips);
  StageDecoder decoder(*this, plan, type, arguments, buffer, lane);
  // Units as bytes are read where the kernel before has left them.
  if (plan.decoded.hasFlags() && !plan.copiesByThreads)
    GridDependencyWaitOp::create(builder, location);
  EscapePatcher escapes(*this, plan, type, cta.scratch, buffer, arguments.patches, lane);
  WarpMma mma(*this, type.getElementType(), plan.tile.mTiles);
  WarpMainloop ofWarp(*this, plan, decoder, escapes, mma, buffer, lane);
  WarpgroupMainloop ofWarpgroup(*this, plan, type.getElementType(), decoder, escapes, mma, buffer);
  std::optional<IntegerMainloop> ofIntegers;
  if (plan.tile.multipliesIntegers)
    ofIntegers.emplace(static_cast<const LaneCode &>(*this), plan, type, buffer,
                       arguments.workspace, lane);
  Mainloop &mainloop = ofIntegers                 ? static_cast<Mainloop &>(*ofIntegers)
                       : plan.tile.usesWarpgroups ? static_cast<Mainloop &>(ofWarpgroup)
                                                  : ofWarp;
  PartialSums partials(*this, arguments.workspace, arguments.counters, lane);
  TileOutput output(*this, plan,
                    {op, arguments.y, arguments.yStride, arguments.m, arguments.extras}, partials,
                    cta.scratch, lane);
  Reducer reducer(*this, plan, work.partition, partials, output, cta.thread);
  IntegerMainloop *integers = ofIntegers ? &*ofIntegers : nullptr;
  Consumer(*this, plan, work, mainloop, integers, reducer, cta.thread).build(strip);
}

void RingProduct::buildProducer(const Cta &cta) {
  const ProductArguments &arguments = cta.arguments;
  RingWork work(*this, plan, arguments, cta.ring);
  StageCopies copies(*this, plan, cta.ring, arguments.workspace, work.partition.rankInCluster(),
                     cta.thread.lane);
  Value warp = index.sub(sameInWarp(cta.thread.warp), plan.tile.consumerWarps());
  Value panel = plan.tile.panels == 1 ? index.constant(0) : warp;
  auto build = [&] {
    Producer producer(*this, plan, arguments, work, copies, panel);
    if (plan.copiesByThreads)
      return producer.buildForWarp();
    index.ifElse(elected(), [&] { producer.build(); });
  };
  // Warps that are here only because registers move by four of them have nothing to do.
  if (plan.copyingWarps() == plan.tile.panels)
    return build();
  index.ifElse(index.less(warp, plan.tile.panels), build);
}

void RingProduct::buildDecoder(const Cta &cta) {
  const ProductArguments &arguments = cta.arguments;
  RingWork work(*this, plan, arguments, cta.ring);
  StageCopies copies(*this, plan, cta.ring, arguments.workspace, work.partition.rankInCluster(),
                     cta.thread.lane);
  SharedDecoder(*this, plan, work, copies, *cta.streams, cta.scratch, cta.decoder).build();
}

} // namespace uwt::codegen
