//===- StageCopies.cpp - Copies into stages -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StageCopies.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

StageCopies::StageCopies(const LaneCode &code, const ProductPlan &plan, RingPipeline &ring,
                         Value workspace, Value rank, Value lane)
    : LaneCode(code), plan(plan), layout(plan.stage()), outputTiles(plan.work().outputTiles),
      ring(ring), workspace(workspace), rank(rank), lane(lane) {}

void StageCopies::copy(Value plane, Value from, const Stage &stage, Value to, Value count,
                       bool evictFirst) {
  if (plan.copiesByThreads)
    return copyByThreads(plane, from, to, count);
  BulkCopyOp::create(builder, location, plane, from, ring.buffer(), to, index.mul(count, 4),
                     ring.fullBarriers(), stage.state.index, Value(),
                     evictFirst ? builder.getUnitAttr() : UnitAttr());
}

void StageCopies::copyByThreads(Value plane, Value from, Value to, Value count) {
  constexpr int64_t warpU32 = warpLanes * laneU32;
  Value own = index.mul(lane, laneU32);
  index.loop(index.ceilDiv(count, warpU32), [&](Value run) {
    Value at = index.add(index.mul(run, warpU32), own);
    index.ifElse(index.less(at, count), [&] {
      nvgpu::DeviceAsyncCopyOp::create(
          builder, location, nvgpu::DeviceAsyncTokenType::get(builder.getContext()), ring.buffer(),
          ValueRange{index.add(to, at)}, plane, ValueRange{index.add(from, at)},
          builder.getIndexAttr(laneU32), /*srcElements=*/Value(),
          /*bypassL1=*/builder.getUnitAttr());
    });
  });
}

void StageCopies::endGroup(int32_t left) {
  auto token = nvgpu::DeviceAsyncTokenType::get(builder.getContext());
  Value group = nvgpu::DeviceAsyncCreateGroupOp::create(builder, location, token, ValueRange());
  nvgpu::DeviceAsyncWaitOp::create(builder, location, group, builder.getI32IntegerAttr(left));
}

void StageCopies::expectX(const Stage &stage) {
  ring.expectBytes(stage, index.mul(stage.groups, 4 * plan.tile.packedGroupU32()));
}

void StageCopies::copyX(const Stage &stage) {
  int64_t groupU32 = plan.tile.packedGroupU32(), cluster = plan.tile.cluster;
  Value slice = index.div(stage.outputTile, outputTiles);
  Value from = index.add(index.mul(slice, plan.packedU32()), index.mul(stage.firstGroup, groupU32));
  from = index.add(from, plan.decoded.sizeU32()); // u32 of the workspace
  Value to = index.add(stage.begin, layout.x);    // u32 of the ring
  if (cluster == 1)
    return copy(workspace, from, stage, to, index.mul(stage.groups, groupU32),
                /*evictFirst=*/false);
  // Each CTA reads its share, for all of them.
  Value share = index.mul(stage.groups, groupU32 / cluster); // u32
  Value before = index.mul(rank, share);
  Value everyone = arith::ConstantOp::create(
      builder, location, builder.getI16IntegerAttr(static_cast<int16_t>((1 << cluster) - 1)));
  BulkCopyOp::create(builder, location, workspace, index.add(from, before), ring.buffer(),
                     index.add(to, before), index.mul(share, 4), ring.fullBarriers(),
                     stage.state.index, everyone, UnitAttr());
}

} // namespace uwt::codegen
