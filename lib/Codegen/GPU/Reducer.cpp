//===- Reducer.cpp - Sums of work tiles to outputs ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reducer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace uwt::codegen {

Reducer::Reducer(const LaneCode &code, const ProductPlan &plan, WorkPartition &work,
                 PartialSums &partials, TileOutput &output, const CtaThread &own)
    : LaneCode(code), plan(plan), shape(plan.work()), work(work), partials(partials),
      output(output), own(own) {}

void Reducer::finish(Value strip, const TilePanel &panel, Value from, Value to,
                     ValueRange accumulators) {
  Value isWhole = index.equal(index.sub(to, from), shape.kTiles);
  PartialSums::Sharers sharers = sharersOf(panel);
  auto offsets = [&](Value number) { return offsetsOf(panel, number); };
  Values totals = partials.flat(accumulators);
  auto arrive = [&] {
    partials.store(totals, offsets(sharers.own));
    return partials.count(sharers);
  };
  index.ifElse(isComplete(isWhole, arrive), [&] {
    Value count = index.select(isWhole, 0, index.add(sharers.others, 1));
    output.store(strip, panel,
                 partials.add(beginOf(isWhole, totals), sharers.first, count, offsets));
  });
}

Value Reducer::isComplete(Value isWhole, llvm::function_ref<Value()> arrive) {
  // Stored at one place: the code of that is longer than a stage's.
  return either(
      isWhole, builder.getI1Type(),
      [&] {
        return Values{arith::ConstantIntOp::create(builder, location, builder.getI1Type(), 1)};
      },
      [&] { return Values{arrive()}; })[0];
}

Reducer::Values Reducer::beginOf(Value isWhole, ValueRange totals) {
  Value zero = partials.zero();
  return llvm::map_to_vector(totals,
                             [&](Value sum) -> Value { return select(isWhole, sum, zero); });
}

void Reducer::storePart(const TilePanel &panel, Value part, ValueRange sums) {
  partials.store(sums, offsetsOfPart(panel, part));
}

void Reducer::finishParts(Value strip, const TilePanel &panel, Value isWhole, ValueRange totals,
                          Finish finish) {
  if (!plan.hasParts())
    return output.store(strip, panel, finish(totals));
  index.ifElse(isComplete(isWhole, [&] { return partials.count(sharersOf(panel)); }), [&] {
    Value count = index.select(isWhole, 0, shape.kIterations);
    auto offsets = [&](Value part) { return offsetsOfPart(panel, part); };
    Values all = partials.add(beginOf(isWhole, totals), index.constant(0), count, offsets);
    output.store(strip, panel, finish(all));
  });
}

Reducer::Values Reducer::offsetsOfPart(const TilePanel &panel, Value part) {
  Value at = index.add(index.mul(ctaTileOf(panel), shape.kIterations), part);
  at = index.add(index.mul(at, plan.tile.consumerWarps()), own.warp);
  at = index.mul(at, plan.tile.mTiles * accumulatorTileF32);
  at = index.add(work.partialsBegin(), index.add(at, index.mul(own.lane, laneU32)));
  Values offsets;
  for (int64_t mTile = 0; mTile < plan.tile.mTiles; ++mTile)
    offsets.push_back(index.add(at, mTile * accumulatorTileF32));
  return offsets;
}

Value Reducer::ctaTileOf(const TilePanel &panel) {
  if (plan.tile.cluster == 1)
    return panel.outputTile;
  return index.add(index.mul(panel.outputTile, plan.tile.cluster), work.rankInCluster());
}

Value Reducer::offsetOf(Value number, Value isLater, int64_t mTile) {
  // A CTA shares at most its first output tile and its last one.
  int64_t cluster = plan.tile.cluster;
  Value cta = cluster > 1 ? index.add(index.mul(number, cluster), work.rankInCluster()) : number;
  Value at = index.add(index.mul(cta, 2), isLater);
  at = index.add(index.mul(at, plan.tile.consumerWarps()), own.warp);
  at = index.add(index.mul(at, plan.tile.mTiles), mTile);
  at = index.add(index.mul(at, accumulatorTileF32), index.mul(own.lane, laneU32));
  return index.add(work.partialsBegin(), at);
}

PartialSums::Sharers Reducer::sharersOf(const TilePanel &panel) {
  Value firstIteration = index.mul(panel.outputTile, shape.kIterations);
  Value first = work.unitOf(firstIteration);
  Value last = work.unitOf(index.add(firstIteration, shape.kIterations - 1));
  Value counter = index.add(index.mul(ctaTileOf(panel), plan.tile.consumerWarps()), own.warp);
  return {counter, work.workUnit(), first, index.sub(last, first)};
}

Reducer::Values Reducer::offsetsOf(const TilePanel &panel, Value number) {
  Value firstTile = index.div(work.kTileBegin(number), shape.kTiles);
  Value isLater = toIndex(index.less(firstTile, panel.outputTile));
  Values offsets;
  for (int64_t mTile = 0; mTile < plan.tile.mTiles; ++mTile)
    offsets.push_back(offsetOf(number, isLater, mTile));
  return offsets;
}

} // namespace uwt::codegen
