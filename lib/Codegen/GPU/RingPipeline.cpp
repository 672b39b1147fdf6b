//===- RingPipeline.cpp - The ring of stages, and its barriers ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RingPipeline.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

RingPipeline::RingPipeline(const LaneCode &code, const ProductPlan &plan, Value buffer)
    : LaneCode(code), plan(plan), layout(plan.stage()), ring(buffer) {
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(), gpu::AddressSpace::Workgroup);
  Type type = nvgpu::MBarrierGroupType::get(builder.getContext(), space, plan.ring.stages);
  full = nvgpu::MBarrierCreateOp::create(builder, location, type);
  empty = nvgpu::MBarrierCreateOp::create(builder, location, type);
}

void RingPipeline::initBarriers() {
  // Of those who copy: for each panel all lanes of a warp, or one.
  int64_t arrivals = plan.tile.panels * (plan.copiesByThreads ? warpLanes : 1);
  if (plan.decodesInShared)
    arrivals = plan.decoderWarps() + (plan.copiesByThreads ? 0 : 1);
  for (int64_t stage = 0; stage < plan.ring.stages; ++stage) {
    Value number = index.constant(stage);
    nvgpu::MBarrierInitOp::create(builder, location, full, index.constant(arrivals), number,
                                  Value());
    nvgpu::MBarrierInitOp::create(builder, location, empty,
                                  index.constant(plan.tile.cluster * plan.tile.consumerWarps()),
                                  number, Value());
  }
  // Bulk copies complete on them through another proxy.
  if (!plan.copiesByThreads)
    NVVM::FenceMbarrierInitOp::create(builder, location);
}

PipelineState RingPipeline::stateOf(Value ordinal) {
  ordinal = asShort(ordinal);
  return {index.rem(ordinal, plan.ring.stages), index.div(ordinal, plan.ring.stages)};
}

RingPipeline::Values RingPipeline::next(ValueRange state) {
  if (plan.ring.stages == 2)
    return {bitXor(state[0], 1), bitXor(state[1], state[0])};
  Value following = add(state[0], 1);
  Value isLast = equal(following, plan.ring.stages);
  Value phase = bitXor(state[1], toI32(isLast));
  return {select(isLast, 0, following), phase};
}

Stage RingPipeline::stage(Value outputTile, Value number, const PipelineState &state) {
  int64_t width = plan.ring.groupsPerStage, all = plan.problem.columnGroups();
  Stage stage;
  stage.outputTile = outputTile;
  stage.firstGroup = index.mul(number, width);
  stage.groups = index.constant(width);
  if (all % width != 0)
    stage.groups = index.min(stage.groups, index.sub(all, stage.firstGroup));
  stage.state = state;
  stage.begin = index.mul(state.index, layout.sizeU32);
  stage.region = stage.begin;
  stage.ownGroups = stage.groups;
  return stage;
}

void RingPipeline::waitEmpty(const Stage &stage) {
  // A barrier that nobody has used yet counts as one whose odd phase has ended: at first all stages
  // are empty.
  waitForPhase(empty, stage.state.index, index.add(stage.state.phase, 1));
}

void RingPipeline::expectMore(const Stage &stage, Value bytes) {
  ExpectBytesOp::create(builder, location, full, stage.state.index, bytes);
}

void RingPipeline::expectBytes(const Stage &stage, Value bytes) {
  nvgpu::MBarrierArriveExpectTxOp::create(builder, location, full, bytes, stage.state.index,
                                          Value());
}

void RingPipeline::arriveFull(const Stage &stage) { arrive(full, stage.state.index); }

void RingPipeline::arriveCopied(const Stage &stage) {
  AsyncArriveOp::create(builder, location, full, stage.state.index);
}

void RingPipeline::waitFull(const Stage &stage) {
  waitForPhase(full, stage.state.index, stage.state.phase);
}

void RingPipeline::release(const Stage &stage, Value lane) {
  // Whoever fills a part of it is told: a lane for each CTA.
  index.ifElse(index.less(lane, plan.tile.cluster), [&] {
    if (plan.tile.cluster > 1)
      RemoteArriveOp::create(builder, location, empty, stage.state.index, lane);
    else
      arrive(empty, stage.state.index);
  });
}

} // namespace uwt::codegen
