//===- SkinnyOutput.cpp - Partial sums, epilogue, output ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A strip's outputs belong to one warp, or to those of neighbouring clusters that share its
// panel. Those write their sums to `partials` and count themselves; the last one adds all, its own
// included, in the order of clusters, so that bits do not depend on who is last.
//
//===----------------------------------------------------------------------===//

#include "Output.h"
#include "Skinny.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt {

SkinnyKernels::Values SkinnyKernels::flatSums(ValueRange sums) {
  auto type = VectorType::get({4}, builder.getF32Type());
  return llvm::map_to_vector(sums, [&](Value sum) -> Value {
    return vector::ShapeCastOp::create(builder, location, type, sum);
  });
}

void SkinnyKernels::storeSum(Value sum, Value buffer, Value at) {
  auto words = VectorType::get({4}, builder.getI32Type());
  storeVector(vector::BitCastOp::create(builder, location, words, sum), buffer, at);
}

Value SkinnyKernels::loadSum(Value buffer, Value at) {
  auto type = VectorType::get({4}, builder.getF32Type());
  Value words = loadVector(buffer, at, 4, builder.getI32Type());
  return vector::BitCastOp::create(builder, location, type, words);
}

void SkinnyKernels::finishSegment(Value strip, const Panel &panel, Value from, Value to,
                                  ValueRange sums) {
  Value isWhole = equal(index.sub(to, from), index.constant(plan.chunks()));
  Parts parts = partsOf(panel);
  auto placesOf = [&](Value number) { return placesOfCluster(panel, number); };
  Values own = flatSums(sums);
  // Stored at one place: the code of that is longer than a step's.
  Value isComplete = either(
      isWhole, builder.getI1Type(),
      [&] {
        return Values{arith::ConstantIntOp::create(builder, location, builder.getI1Type(), 1)};
      },
      [&] { return Values{countPart(own, parts, placesOf)}; })[0];
  index.ifElse(isComplete, [&] {
    Value count = arith::SelectOp::create(builder, location, isWhole, index.constant(0),
                                          index.add(parts.others, 1));
    Value zero = zeroOf(own.front().getType());
    Values begin = llvm::map_to_vector(own, [&](Value sum) -> Value {
      return arith::SelectOp::create(builder, location, isWhole, sum, zero);
    });
    storeOutputs(strip, panel, addParts(begin, parts.first, count, placesOf));
  });
}

Value SkinnyKernels::clusterOf(Value grain) {
  Value longShare = index.add(evenShare, 1), longGrains = index.mul(longer, longShare);
  auto either = [&](Value a, Value b) {
    return arith::SelectOp::create(builder, location, index.less(grain, longGrains), a, b);
  };
  // Where there are fewer grains than clusters, all are of long shares.
  Value size =
      either(longShare, arith::MaxUIOp::create(builder, location, evenShare, index.constant(1)));
  Value past = index.sub(grain, either(index.constant(0), longGrains));
  return index.add(either(index.constant(0), longer), divideShort(past, size));
}

Value SkinnyKernels::partialAt(Value number, Value isLater, unsigned tile) {
  // A workgroup shares at most its first band and its last one.
  Value owner = plan.cluster > 1 ? index.add(index.mul(number, plan.cluster), rank) : number;
  Value slot = index.add(index.mul(owner, 2), isLater);
  Value at = index.add(index.mul(slot, plan.consumerWarps()), warp);
  at = index.add(index.mul(at, plan.tiles), tile);
  at = index.add(index.mul(at, 128), index.mul(lane, 4));
  return index.add(partials, at);
}

SkinnyKernels::Parts SkinnyKernels::partsOf(const Panel &panel) {
  Value firstGrain = index.mul(panel.place, plan.grains());
  Value first = clusterOf(firstGrain);
  Value last = clusterOf(index.add(firstGrain, plan.grains() - 1));
  Value band = panel.place;
  if (plan.cluster > 1)
    band = index.add(index.mul(band, plan.cluster), rank);
  Value counter = index.add(index.mul(band, plan.consumerWarps()), warp);
  return {counter, cluster, first, index.sub(last, first)};
}

SkinnyKernels::Values SkinnyKernels::placesOfCluster(const Panel &panel, Value number) {
  Value begins = index.div(shareOf(number), plan.chunks());
  Value isLater = toIndex(index.less(begins, panel.place));
  Values places;
  for (int64_t tile = 0; tile < plan.tiles; ++tile)
    places.push_back(partialAt(number, isLater, static_cast<unsigned>(tile)));
  return places;
}

Value SkinnyKernels::countPart(ValueRange sums, const Parts &parts, PlacesOf placesOf) {
  for (auto [sum, place] : llvm::zip(sums, placesOf(parts.own)))
    storeSum(sum, workspace, place);
  warpBarrier();

  // The atomic releases what the warp wrote, and acquires what those before wrote. Whoever is last
  // leaves the counter as it was.
  Value isFirstLane = equal(lane, index.constant(0));
  Value arrived = either(
      isFirstLane, TypeRange{builder.getI32Type()},
      [&] {
        Value before =
            memref::AtomicRMWOp::create(builder, location, arith::AtomicRMWKind::addi,
                                        constantI32(1), counters, ValueRange{parts.counter});
        index.ifElse(equal(toIndex(before), parts.others), [&] {
          memref::StoreOp::create(builder, location, constantI32(0), counters,
                                  ValueRange{parts.counter});
        });
        return Values{before};
      },
      [&] { return Values{constantI32(0)}; })[0];
  arrived = gpu::ShuffleOp::create(builder, location, arrived, constantI32(0), constantI32(32),
                                   gpu::ShuffleMode::IDX)
                .getShuffleResult();
  return equal(toIndex(arrived), parts.others);
}

Value SkinnyKernels::zeroOf(Type type) {
  return arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
}

SkinnyKernels::Values SkinnyKernels::addParts(ValueRange begin, Value first, Value count,
                                              PlacesOf placesOf) {
  return index.loop(count, begin, [&](Value i, ValueRange carried) {
    Values next;
    for (auto [total, place] : llvm::zip(carried, placesOf(index.add(first, i)))) {
      Value part = loadSum(workspace, place);
      next.push_back(arith::AddFOp::create(builder, location, total, part));
    }
    return next;
  });
}

void SkinnyKernels::storeOutputs(Value strip, const Panel &panel, ValueRange sums) {
  Value n0 = index.add(index.mul(panel.number, 64), index.mul(strip, 16));
  n0 = index.add(n0, index.div(lane, 4));
  Value m0 = index.add(index.mul(panel.slice, 8 * plan.tiles), index.mul(index.rem(lane, 4), 2));
  if (!plan.storesFromScratch()) {
    for (auto [tile, sum] : llvm::enumerate(sums))
      storeTile(index.add(m0, 8 * int64_t(tile)), n0, sum);
    return;
  }
  Value own = index.add(scratchOfWarp(), index.mul(lane, 4));
  for (int64_t first = 0; first < plan.tiles; first += plan.scratchTiles()) {
    int64_t count = std::min(plan.scratchTiles(), plan.tiles - first);
    for (auto [tile, sum] : llvm::enumerate(sums.slice(first, count)))
      storeSum(sum, scratchWords, index.add(own, 128 * int64_t(tile)));
    rolledLoop(count, [&](Value tile) {
      Value sum = loadSum(scratchWords, index.add(own, index.mul(tile, 128)));
      storeTile(index.add(index.add(m0, 8 * first), index.mul(tile, 8)), n0, sum);
    });
  }
}

void SkinnyKernels::storeTile(Value m0, Value n0, Value sum) {
  Output output{op, y, yRow, batch, extras};
  for (int64_t i = 0; i < 4; ++i) {
    // Register i holds row g + 8·⌊i/2⌋, column 2t + i mod 2.
    Value m = index.add(m0, i % 2), n = index.add(n0, 8 * (i / 2));
    Value isThere = both(index.less(m, batch), index.less(n, index.constant(plan.rows)));
    index.ifElse(isThere, [&] {
      output.store(*this, m, n, vector::ExtractOp::create(builder, location, sum, i));
    });
  }
}

} // namespace uwt
