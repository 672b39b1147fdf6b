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

void SkinnyKernels::finishSegment(Value strip, const Panel &panel, Value from, Value to,
                                  ValueRange sums) {
  Value isWhole = equal(index.sub(to, from), index.constant(plan.chunks()));
  Values own = flatSums(sums);
  // Sums of wide slices leave no register for what tells the two ways apart.
  if (plan.family() == GpuKernelFamily::Wide)
    return index.ifElse(
        isWhole, [&] { storeOutputs(strip, panel, own); },
        [&] { storeComplete(strip, panel, addPartials(panel, own)); });
  // Stored at one place: the code of that is longer than a step's.
  SmallVector<Type> types(ValueRange(own).getTypes());
  types.push_back(builder.getI1Type());
  Values done = either(
      isWhole, types,
      [&] {
        Values whole = own;
        whole.push_back(arith::ConstantIntOp::create(builder, location, builder.getI1Type(), 1));
        return whole;
      },
      [&] { return addPartials(panel, own); });
  storeComplete(strip, panel, done);
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

SkinnyKernels::Values SkinnyKernels::addPartials(const Panel &panel, ValueRange sums) {
  Value firstGrain = index.mul(panel.place, plan.grains());
  Value first = clusterOf(firstGrain);
  Value last = clusterOf(index.add(firstGrain, plan.grains() - 1));
  auto placesOf = [&](Value number) {
    Value begins = index.div(shareOf(number), plan.chunks());
    Value isLater = toIndex(index.less(begins, panel.place));
    Values places;
    for (int64_t tile = 0; tile < plan.tiles; ++tile)
      places.push_back(partialAt(number, isLater, static_cast<unsigned>(tile)));
    return places;
  };
  Value band = panel.place;
  if (plan.cluster > 1)
    band = index.add(index.mul(band, plan.cluster), rank);
  Value counter = index.add(index.mul(band, plan.consumerWarps()), warp);
  return addInOrder(sums, {counter, cluster, first, index.sub(last, first)}, placesOf);
}

SkinnyKernels::Values SkinnyKernels::addInOrder(ValueRange sums, const Parts &parts,
                                                llvm::function_ref<Values(Value part)> placesOf) {
  auto words = VectorType::get({4}, builder.getI32Type());
  auto values = VectorType::get({4}, builder.getF32Type());
  for (auto [sum, place] : llvm::zip(sums, placesOf(parts.own))) {
    Value bits = vector::BitCastOp::create(builder, location, words, sum);
    vector::StoreOp::create(builder, location, bits, workspace, ValueRange{place},
                            /*nontemporal=*/false, llvm::MaybeAlign(16));
  }
  warpBarrier();

  // The atomic releases what the warp wrote, and acquires what those before wrote.
  Value isFirstLane = equal(lane, index.constant(0));
  Value arrived = either(
      isFirstLane, TypeRange{builder.getI32Type()},
      [&] {
        return Values{memref::AtomicRMWOp::create(builder, location, arith::AtomicRMWKind::addi,
                                                  constantI32(1), counters,
                                                  ValueRange{parts.counter})};
      },
      [&] { return Values{constantI32(0)}; })[0];
  arrived = gpu::ShuffleOp::create(builder, location, arrived, constantI32(0), constantI32(32),
                                   gpu::ShuffleMode::IDX)
                .getShuffleResult();
  Value isLast = equal(toIndex(arrived), parts.others);
  Value zero = arith::ConstantOp::create(builder, location, builder.getZeroAttr(values));
  Values zeros(sums.size(), zero);
  auto addAll = [&] {
    Values totals = index.loop(index.add(parts.others, 1), zeros, [&](Value i, ValueRange carried) {
      Values next;
      for (auto [total, place] : llvm::zip(carried, placesOf(index.add(parts.first, i)))) {
        Value part = loadVector(workspace, place, 4, builder.getI32Type());
        part = vector::BitCastOp::create(builder, location, values, part);
        next.push_back(arith::AddFOp::create(builder, location, total, part));
      }
      return next;
    });
    index.ifElse(isFirstLane, [&] {
      memref::StoreOp::create(builder, location, constantI32(0), counters,
                              ValueRange{parts.counter});
    });
    return totals;
  };
  Values totals = either(isLast, sums.getTypes(), addAll, [&] { return zeros; });
  totals.push_back(isLast);
  return totals;
}

void SkinnyKernels::storeComplete(Value strip, const Panel &panel, ValueRange done) {
  index.ifElse(done.back(), [&] { storeOutputs(strip, panel, done.drop_back()); });
}

void SkinnyKernels::storeOutputs(Value strip, const Panel &panel, ValueRange sums) {
  Value n0 = index.add(index.mul(panel.number, 64), index.mul(strip, 16));
  n0 = index.add(n0, index.div(lane, 4));
  Value m0 = index.add(index.mul(panel.slice, 8 * plan.tiles), index.mul(index.rem(lane, 4), 2));
  Output output{op, y, yRow, batch, extras};
  for (auto [tile, sum] : llvm::enumerate(sums))
    for (int64_t i = 0; i < 4; ++i) {
      // Register i holds row g + 8·⌊i/2⌋, column 2t + i mod 2.
      Value m = index.add(index.add(m0, 8 * int64_t(tile)), i % 2);
      Value n = index.add(n0, 8 * (i / 2));
      Value isThere = both(index.less(m, batch), index.less(n, index.constant(plan.rows)));
      index.ifElse(isThere, [&] {
        output.store(*this, m, n, vector::ExtractOp::create(builder, location, sum, i));
      });
    }
}

} // namespace uwt
