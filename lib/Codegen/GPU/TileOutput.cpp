//===- TileOutput.cpp - Outputs of a strip, through the epilogue ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileOutput.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {

void TileOutput::store(Value strip, const TilePanel &panel, ValueRange totals) {
  Value n0 = index.add(index.mul(panel.number, panelRows), index.mul(strip, stripRows));
  n0 = index.add(n0, index.div(lane, 4));
  Value m0 = index.add(index.mul(panel.slice, plan.tile.m()), index.mul(index.rem(lane, 4), 2));
  if (!plan.storesFromScratch()) {
    for (auto [tile, total] : llvm::enumerate(totals))
      storeMTile(index.add(m0, mTileRows * int64_t(tile)), n0, total);
    return;
  }
  Value own = index.add(scratch.begin(), index.mul(lane, laneU32));
  for (int64_t first = 0; first < plan.tile.mTiles; first += plan.scratchMTiles()) {
    int64_t count = std::min(plan.scratchMTiles(), plan.tile.mTiles - first);
    for (auto [tile, total] : llvm::enumerate(totals.slice(first, count)))
      partials.storeMTile(total, scratch.buffer(),
                          index.add(own, accumulatorTileF32 * int64_t(tile)));
    rolledLoop(count, [&](Value tile) {
      Value total =
          partials.loadMTile(scratch.buffer(), index.add(own, index.mul(tile, accumulatorTileF32)));
      storeMTile(index.add(index.add(m0, mTileRows * first), index.mul(tile, mTileRows)), n0,
                 total);
    });
  }
}

void TileOutput::storeMTile(Value m0, Value n0, Value total) {
  for (int64_t i = 0; i < 4; ++i) {
    // Register i holds row g + 8·⌊i/2⌋, column 2t + i mod 2.
    Value m = index.add(m0, i % 2), n = index.add(n0, 8 * (i / 2));
    Value isThere = bitAnd(index.less(m, output.mSize), index.less(n, plan.problem.n));
    index.ifElse(isThere, [&] {
      output.store(*this, m, n, vector::ExtractOp::create(builder, location, total, i));
    });
  }
}

} // namespace uwt::codegen
