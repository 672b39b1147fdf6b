//===- Consumer.cpp - The role that multiplies ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Consumer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace uwt::codegen {

Consumer::Consumer(const LaneCode &code, const ProductPlan &plan, RingWork &work,
                   Mainloop &mainloop, IntegerMainloop *integers, Reducer &reducer,
                   const CtaThread &own)
    : LaneCode(code), plan(plan), layout(plan.stage()), shape(plan.work()),
      partition(work.partition), ring(work.ring), panels(work.panels), mainloop(mainloop),
      integers(integers), reducer(reducer), own(own) {}

void Consumer::build(Value strip) {
  Value first = index.div(partition.firstKTile(), shape.kTiles);
  Value end = index.ceilDiv(partition.endKTile(), shape.kTiles);
  Value count = index.select(index.less(partition.firstKTile(), partition.endKTile()),
                             asShort(index.sub(end, first)), 0);
  SmallVector<Value> state(2, constant(0));
  index.loop(count, state, [&](Value i, ValueRange carried) {
    return buildWorkTile(strip, asShort(index.add(first, i)), carried);
  });
}

Consumer::WorkTile Consumer::workTileOf(Value outputTile) {
  WorkTile tile;
  tile.member = sameInWarp(index.div(own.warp, panelStrips));
  tile.panel = panels.find(outputTile, tile.member);
  tile.tileBegin = asShort(index.mul(outputTile, shape.kTiles));
  tile.from = index.max(partition.firstKTile(), tile.tileBegin);
  tile.to = index.min(partition.endKTile(), index.add(tile.tileBegin, shape.kTiles));
  return tile;
}

Consumer::Values Consumer::buildWorkTile(Value strip, Value outputTile, ValueRange state) {
  WorkTile tile = workTileOf(outputTile);
  const TilePanel &panel = tile.panel;
  Value ownStrip = sameInWarp(strip), there = ownStrip;
  // For a strip that the last panel does not have any other will do: nobody takes its accumulators.
  if (plan.problem.hasShortPanel())
    there = index.min(ownStrip, index.sub(panel.strips, 1));
  if (integers)
    return buildParts({strip, ownStrip, there}, tile, state);
  Values carried(state);
  carried.append(mainloop.begin());
  auto stages = [&](bool asWords) { return multiplyStages(there, tile, carried, asWords); };
  Values results = plan.hasLoopOfWords() ? either(
                                               panel.storedAsWords, ValueRange(carried).getTypes(),
                                               [&] { return stages(/*asWords=*/true); },
                                               [&] { return stages(/*asWords=*/false); })
                                         : stages(/*asWords=*/false);
  ifThere(panel, ownStrip, [&] {
    reducer.finish(strip, panel, tile.from, tile.to, ValueRange(results).drop_front(2));
  });
  results.truncate(2);
  return results;
}

void Consumer::ifThere(const TilePanel &panel, Value strip, llvm::function_ref<void()> body) {
  Value isThere = panel.isOwn;
  if (plan.problem.hasShortPanel())
    isThere = isThere ? bitAnd(isThere, index.less(strip, panel.strips))
                      : index.less(strip, panel.strips);
  isThere ? index.ifElse(isThere, body) : body();
}

Consumer::Values Consumer::buildParts(const WarpStrip &strip, const WorkTile &tile,
                                      ValueRange state) {
  const TilePanel &panel = tile.panel;
  int64_t mTiles = plan.tile.mTiles, width = shape.kTilesPerIteration;
  Value isWhole = index.equal(index.sub(tile.to, tile.from), shape.kTiles);
  Value isPartial = index.notEqual(index.sub(tile.to, tile.from), shape.kTiles);
  Value firstPart = index.div(index.sub(tile.from, tile.tileBegin), width);
  Values begin(state);
  begin.append(mTiles, integers->noSums());
  auto buildPart = [&](Value i, ValueRange carried) {
    WorkTile part = tile;
    part.from = asShort(index.add(tile.from, index.mul(i, width)));
    part.to = index.min(index.add(part.from, width), tile.to);
    Values before(carried.take_front(2));
    before.append(mainloop.begin());
    Values results = multiplyStages(strip.read, part, before, /*asWords=*/false);
    Values sums = integers->sums(ValueRange(results).drop_front(2));
    if (plan.hasParts())
      index.ifElse(isPartial, [&] {
        ifThere(panel, strip.own, [&] { reducer.storePart(panel, index.add(firstPart, i), sums); });
      });
    results.truncate(2);
    for (auto [total, sum] : llvm::zip_equal(carried.drop_front(2), sums))
      results.push_back(arith::AddFOp::create(builder, location, total, sum));
    return results;
  };
  Value count = index.ceilDiv(index.sub(tile.to, tile.from), width);
  Values results =
      plan.hasParts() ? index.loop(count, begin, buildPart) : buildPart(index.constant(0), begin);
  ifThere(panel, strip.own, [&] {
    auto finish = [&](ValueRange totals) { return integers->scaled(panel, totals); };
    reducer.finishParts(strip.number, panel, isWhole, ValueRange(results).drop_front(2), finish);
  });
  results.truncate(2);
  return results;
}

Consumer::Values Consumer::multiplyStages(Value strip, const WorkTile &tile, ValueRange carried,
                                          bool asWords) {
  const TilePanel &panel = tile.panel;
  Value tileFill = asShort(index.mul(panel.outputTile, shape.fills));
  Value first = partition.fillOf(tile.from), end = partition.fillAfter(tile.to);
  // A counter of 32 bits: the loop is short enough for one of 64 to be felt.
  return loop(toI32(index.sub(end, first)), carried, [&](Value counted, ValueRange values) {
    ValueRange state = values.take_front(2); // i32 index, i32 phase
    ValueRange accumulators = values.drop_front(2);
    Value number = index.add(first, toIndex(counted));
    Stage stage = ring.stage(panel.outputTile, asShort(index.sub(number, tileFill)),
                             {toIndex(state[0]), toIndex(state[1])});
    if (plan.ring.kTilesPerStage > 1)
      restrictTo(stage, tile);
    if (plan.tile.panels > 1)
      stage.region = index.add(stage.begin, index.mul(tile.member, layout.regionU32));
    ring.waitFull(stage);
    Values next = mainloop.multiply(strip, panel, stage, accumulators, asWords);
    // All lanes have read the stage before one says so.
    warpBarrier();
    ring.release(stage, own.lane);
    Values results = ring.next(state);
    llvm::append_range(results, next);
    return results;
  });
}

void Consumer::restrictTo(Stage &stage, const WorkTile &tile) {
  int64_t width = plan.ring.groupsPerKTile();
  Value firstKTile = index.sub(tile.from, tile.tileBegin);
  Value endKTile = index.sub(tile.to, tile.tileBegin);
  Value first = index.mul(firstKTile, width), end = index.mul(endKTile, width);
  Value before = index.max(first, stage.firstGroup);
  stage.firstOwn = index.sub(before, stage.firstGroup);
  Value endOwn = index.min(index.sub(end, stage.firstGroup), stage.groups);
  stage.ownGroups = index.sub(endOwn, stage.firstOwn);
}

} // namespace uwt::codegen
