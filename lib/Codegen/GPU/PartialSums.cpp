//===- PartialSums.cpp - Accumulators in memory ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PartialSums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include <algorithm>

using namespace mlir;

namespace uwt::codegen {

PartialSums::Values PartialSums::flat(ValueRange accumulators) {
  auto type = VectorType::get({4}, builder.getF32Type());
  return llvm::map_to_vector(accumulators, [&](Value accumulator) -> Value {
    return vector::ShapeCastOp::create(builder, location, type, accumulator);
  });
}

Value PartialSums::zero() {
  auto type = VectorType::get({4}, builder.getF32Type());
  return arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
}

void PartialSums::storeMTile(Value accumulator, Value buffer, Value at) {
  auto u32s = VectorType::get({4}, builder.getI32Type());
  storeVector(vector::BitCastOp::create(builder, location, u32s, accumulator), buffer, at);
}

Value PartialSums::loadMTile(Value buffer, Value at) {
  auto type = VectorType::get({4}, builder.getF32Type());
  Value u32s = loadVector(buffer, at, 4, builder.getI32Type()); // vector<4xi32>
  return vector::BitCastOp::create(builder, location, type, u32s);
}

void PartialSums::store(ValueRange accumulators, ValueRange offsets) {
  for (auto [accumulator, offset] : llvm::zip_equal(accumulators, offsets))
    storeMTile(accumulator, workspace, offset);
}

Value PartialSums::count(const Sharers &sharers) {
  warpBarrier();

  // The first lane releases what the warp wrote, and acquires what those before wrote. Whoever is
  // last leaves the counter as it was.
  Value isFirstLane = index.equal(lane, 0);
  Value arrived = either(
      isFirstLane, TypeRange{builder.getI32Type()},
      [&] {
        Value before =
            AtomicAddOp::create(builder, location, constant(1), counters, sharers.counter);
        index.ifElse(equal(toIndex(before), sharers.others), [&] {
          memref::StoreOp::create(builder, location, constant(0), counters,
                                  ValueRange{sharers.counter});
        });
        return Values{before};
      },
      [&] { return Values{constant(0)}; })[0];
  arrived = gpu::ShuffleOp::create(builder, location, arrived, constant(0), constant(32),
                                   gpu::ShuffleMode::IDX)
                .getShuffleResult();
  // A shuffle orders no memory: the other lanes see what the first one has acquired behind this.
  warpBarrier();
  return equal(toIndex(arrived), sharers.others);
}

PartialSums::Values PartialSums::add(ValueRange begin, Value first, Value count,
                                     OffsetsOf offsetsOf) {
  // A load takes as long as many do at once: so many sharers' sums are asked for before the first
  // of them is added, as registers allow.
  constexpr int64_t maxMTilesAtOnce = 16, maxSharersAtOnce = 4;
  int64_t atOnce =
      std::clamp<int64_t>(maxMTilesAtOnce / int64_t(begin.size()), 1, maxSharersAtOnce);
  return index.loop(index.ceilDiv(count, atOnce), begin, [&](Value i, ValueRange carried) {
    SmallVector<Values> loaded(atOnce);
    SmallVector<Value> isThere(atOnce);
    for (int64_t j = 0; j < atOnce; ++j) {
      Value number = index.add(index.mul(i, atOnce), j);
      isThere[j] = index.less(number, count);
      number = index.min(number, index.sub(count, 1));
      for (Value offset : offsetsOf(index.add(first, number)))
        loaded[j].push_back(loadMTile(workspace, offset));
    }
    Values next(carried);
    for (int64_t j = 0; j < atOnce; ++j)
      for (auto [total, other] : llvm::zip(next, loaded[j])) {
        Value sum = arith::AddFOp::create(builder, location, total, other);
        total = j == 0 ? sum : select(isThere[j], sum, total);
      }
    return next;
  });
}

} // namespace uwt::codegen
