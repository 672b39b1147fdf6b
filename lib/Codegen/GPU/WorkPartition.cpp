//===- WorkPartition.cpp - Which k-tiles a work unit has ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WorkPartition.h"

using namespace mlir;

namespace uwt::codegen {

Value WorkPartition::countSlices(const ProductPlan &plan, const ProductArguments &arguments) {
  // Taken from another lane, so that LLVM does not do this for both roles before them.
  Value slices = index.ceilDiv(sameInWarp(arguments.m), plan.tile.m());
  if (!plan.grouped)
    return slices;
  // Those that there are of those that have room.
  return index.min(toIndex(sameInWarp(load(arguments.slices, index.constant(0)))), slices);
}

WorkPartition::WorkPartition(const LaneCode &code, const ProductPlan &plan,
                             const ProductArguments &arguments)
    : LaneCode(code), work(plan.work()), kTilesPerStage(plan.ring.kTilesPerStage) {
  Value cta = gpu::BlockIdOp::create(builder, location, gpu::Dimension::x);
  Value ctas = gpu::GridDimOp::create(builder, location, gpu::Dimension::x);
  unit = asShort(index.div(cta, plan.tile.cluster));
  Value units = asShort(index.div(ctas, plan.tile.cluster));
  rank = index.rem(cta, plan.tile.cluster);
  Value slices = countSlices(plan, arguments);
  partials = index.add(index.mul(slices, plan.packedU32()), plan.decoded.sizeU32());
  Value iterations = asShort(index.mul(slices, work.outputTiles * work.kIterations));
  // A launch has fewer than 2^31 k-tiles (launchSize).
  if (plan.partGroups != 0) {
    // Parts are long: where the last work units have none, others have no more of them, and fewer
    // output tiles are shared.
    allIterations = iterations;
    evenIterations = divideShort(index.add(iterations, index.sub(units, 1)), units);
    longer = index.constant(0);
  } else {
    evenIterations = divideShort(iterations, units);
    longer = asShort(index.sub(iterations, index.mul(evenIterations, units)));
  }
  first = kTileBegin(unit);
  end = kTileBegin(index.add(unit, 1));
  firstOfFills = fillOf(first);
  endOfFills = end;
  if (kTilesPerStage > 1)
    endOfFills = select(index.less(first, end), fillAfter(end), firstOfFills);
}

Value WorkPartition::iterationBegin(Value number) {
  if (allIterations)
    return index.min(asShort(index.mul(number, evenIterations)), allIterations);
  // The first ones have one more.
  return asShort(index.add(index.mul(number, evenIterations), index.min(number, longer)));
}

Value WorkPartition::kTileBegin(Value number) {
  Value iteration = iterationBegin(number);
  if (work.kTilesPerIteration == 1)
    return iteration;
  Value outputTile = index.div(iteration, work.kIterations),
        inTile = index.rem(iteration, work.kIterations);
  return asShort(
      index.add(index.mul(outputTile, work.kTiles), index.mul(inTile, work.kTilesPerIteration)));
}

Value WorkPartition::unitOf(Value iteration) {
  Value longIterations = index.add(evenIterations, 1), allLong = index.mul(longer, longIterations);
  auto either = [&](Value a, Value b) { return select(index.less(iteration, allLong), a, b); };
  // Where there are fewer k-iterations than work units, all are of long ones.
  Value size = either(longIterations, index.max(evenIterations, 1));
  Value past = index.sub(iteration, either(index.constant(0), allLong));
  return index.add(either(index.constant(0), longer), divideShort(past, size));
}

Value WorkPartition::fillOf(Value kTile) {
  if (kTilesPerStage == 1)
    return kTile;
  Value outputTile = index.div(kTile, work.kTiles), inTile = index.rem(kTile, work.kTiles);
  return asShort(index.add(index.mul(outputTile, work.fills), index.div(inTile, kTilesPerStage)));
}

Value WorkPartition::fillAfter(Value endKTile) {
  if (kTilesPerStage == 1)
    return endKTile;
  return asShort(index.add(fillOf(asShort(index.sub(endKTile, 1))), 1));
}

} // namespace uwt::codegen
