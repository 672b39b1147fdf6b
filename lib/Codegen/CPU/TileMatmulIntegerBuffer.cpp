//===- TileMatmulIntegerBuffer.cpp - Integers by a buffer -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TileMatmulIntegerBuffer.h"
#include "uwt/Dialect/UWT/IR/CpuStrategy.h"

using namespace mlir;

namespace uwt::codegen {

/// U32 of a strip and a 64-column group in bytes.
static constexpr int64_t groupBytesU32 = stripRows * laneCount;

/// Rows of x that a task takes at most: their accumulators, and the bytes of a k-tile, fit the
/// nearest cache.
static constexpr int64_t maxRows = 64;

LogicalResult IntegerBufferLowering::readStrategy(const Target &target) {
  if (failed(IntegerProductLowering::readStrategy(target)))
    return failure();
  // As many rows of x as a block has: of all that there are, padded.
  int64_t most = std::max<int64_t>(maxRows / xTile, 1) * xTile;
  tileM = ShapedType::isDynamic(staticM) ? most : std::min<int64_t>(roundUp(staticM, xTile), most);
  sliceM = tileM;
  slicesAreTasks = hasMoreSlices();
  tileUnits = std::min(groupUnits, std::max<int64_t>(config.tileK / unit.columns, 1));
  blockStrips = target.holdsUnit() ? stripsInPanel : 1;
  multipliesAlone = target.supports(Feature::Avx512Vnni);
  if (codes.isSigned() && multipliesAlone) {
    flipped = 0x80808080;
    offset += 0x80;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// A task
//===----------------------------------------------------------------------===//

void IntegerBufferLowering::emitTask(Value task) {
  bytes = scratch(tileUnits * stripsInPanel * unit.groups() * groupBytesU32, builder.getI32Type());
  IntegerProductLowering::emitTask(task);
}

void IntegerBufferLowering::emitGroups(const PanelFields &panel, Value firstM, Value begin,
                                       Value units) {
  index.loop(index.ceilDiv(units, groupUnits), [&](Value group) {
    Value before = index.mul(group, groupUnits);
    Value count =
        groupUnits == 1 ? index.constant(1) : index.min(groupUnits, index.sub(units, before));
    KTile ofGroup = {index.add(begin, before), count};
    if (!hasSeveralKTiles())
      return emitKTile(panel, firstM, ofGroup);
    clear(totals, builder.getI32Type());
    index.loop(index.ceilDiv(count, tileUnits), [&](Value number) {
      Value inGroup = index.mul(number, tileUnits);
      emitKTile(
          panel, firstM,
          {index.add(ofGroup.first, inGroup), index.min(tileUnits, index.sub(count, inGroup))});
    });
    forEachBlock(panel, firstM, [&](const Block &block) {
      addCell(panel, firstM, ofGroup, block, /*cell=*/0, loadTotals(block));
    });
  });
}

void IntegerBufferLowering::emitKTile(const PanelFields &panel, Value firstM, KTile kTile) {
  decodeKTile(panel, kTile);
  forEachBlock(panel, firstM, [&](const Block &block) {
    prefetchShare(panel, kTile, block);
    if (hasSeveralKTiles())
      return storeTotals(block,
                         multiply(panel, firstM, kTile, block, /*cell=*/0, loadTotals(block)));
    IntegerBuilder lanes(builder, location, VectorType::get({laneCount}, builder.getI32Type()));
    SmallVector<Value> zeros(block.strips * xTile, lanes.constant(0));
    for (int64_t cell = 0; cell < unit.cells; ++cell)
      addCell(panel, firstM, kTile, block, cell,
              multiply(panel, firstM, kTile, block, cell, zeros));
  });
}

void IntegerBufferLowering::decodeKTile(const PanelFields &panel, KTile kTile) {
  int64_t unitGroups = unit.groups();
  index.loop(kTile.count, [&](Value number) {
    index.loop(panel.strips, [&](Value strip) {
      Value first = index.add(firstBytes(strip), index.mul(number, unitGroups * laneCount));
      for (int64_t group = 0; group < unitGroups; ++group)
        storeBytes(decodeIntegers(panel, index.add(kTile.first, number), strip, group),
                   index.add(first, group * laneCount));
    });
  });
}

void IntegerBufferLowering::storeBytes(DecodeIntegersOp integers, Value first) {
  LaneBuilder lanes(builder, location, integers.getBytes().front().getType());
  for (auto [u32, vector] : llvm::enumerate(integers.getBytes())) {
    Value stored = flipped == 0 ? vector : lanes.bitXor(vector, flipped);
    storeVector(stored, bytes, index.mul(index.add(first, int64_t(u32)), laneCount));
  }
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void IntegerBufferLowering::forEachBlock(const PanelFields &panel, Value firstM,
                                         llvm::function_ref<void(const Block &)> body) {
  Value tiles = xTiles(firstM);
  auto ofStrips = [&](Value strip, int64_t strips, Value count) {
    Value before = index.mul(strip, tiles);
    index.loop(tiles, [&](Value tile) {
      body({strip, strips, index.mul(tile, xTile), index.add(before, tile), count});
    });
  };
  auto oneByOne = [&] {
    Value count = index.mul(panel.strips, tiles);
    index.loop(panel.strips, [&](Value strip) { ofStrips(strip, 1, count); });
  };
  if (blockStrips == 1)
    return oneByOne();
  index.ifElse(
      index.equal(panel.strips, blockStrips),
      [&] { ofStrips(index.constant(0), blockStrips, tiles); }, oneByOne);
}

void IntegerBufferLowering::prefetchShare(const PanelFields &panel, KTile kTile,
                                          const Block &block) {
  Value next = codeOf(panel, index.add(kTile.first, kTile.count), index.constant(0));
  Value lines =
      index.div(index.sub(next, codeOf(panel, kTile.first, index.constant(0))), laneCount);
  Value share = index.div(index.add(lines, index.sub(block.count, 1)), block.count);
  index.loop(share, [&](Value i) {
    Value line = index.add(index.mul(block.number, share), i);
    prefetchLines(WeightBuffer::Code, index.add(next, index.mul(line, laneCount)), laneCount);
  });
}

SmallVector<Value> IntegerBufferLowering::multiply(const PanelFields &panel, Value firstM,
                                                   KTile kTile, const Block &block, int64_t cell,
                                                   ArrayRef<Value> sums) {
  Value group = index.mul(kTile.first, unit.groups());
  Value x = firstVector(matrixOf(panel), index.add(firstM, block.row), group);
  Value weights = firstBytes(block.strip);
  constexpr int64_t foursInGroup = laneCount / 4;
  Value count = index.mul(kTile.count, unit.groups() * foursInGroup);
  return index.loop(count, sums, [&](Value four, ValueRange carried) {
    keepRolled(builder.getInsertionBlock()->getParentOp());
    Value inX = index.add(x, index.mul(index.div(four, foursInGroup), xTile));
    Value u32 = index.add(index.mul(inX, laneCount), index.mul(index.rem(four, foursInGroup), 4));
    return multiplyFour(block, index.add(weights, index.mul(four, 4)), u32, cell,
                        llvm::to_vector(carried));
  });
}

SmallVector<Value> IntegerBufferLowering::multiplyFour(const Block &block, Value number, Value x,
                                                       int64_t cell, SmallVector<Value> sums) {
  auto type = VectorType::get({laneCount}, builder.getI32Type());
  SmallVector<SmallVector<Value>> weights(block.strips), ofX(xTile);
  auto multiplyThem = [&] {
    for (int64_t strip = 0; strip < block.strips; ++strip)
      for (int64_t c = 0; c < xTile; ++c) {
        Value &sum = sums[strip * xTile + c];
        sum = DotIntegerOp::create(builder, location, type, weights[strip], ofX[c], sum, codes.bits,
                                   flipped != 0);
      }
    for (SmallVector<Value> &vectors : llvm::concat<SmallVector<Value>>(weights, ofX))
      vectors.clear();
  };
  for (int64_t u32 = 0; u32 < 4; ++u32) {
    if (unit.cells > 1 && bool(u32 & codes.cellBit) != bool(cell))
      continue;
    for (int64_t strip = 0; strip < block.strips; ++strip) {
      Value vector = index.add(index.add(number, firstBytes(strip)), u32);
      weights[strip].push_back(
          loadVector(bytes, index.mul(vector, laneCount), builder.getI32Type()));
    }
    for (int64_t c = 0; c < xTile; ++c) {
      Value four = memref::LoadOp::create(builder, location, prepared,
                                          ValueRange{index.add(x, c * laneCount + u32)});
      ofX[c].push_back(vector::BroadcastOp::create(builder, location, type, four));
    }
    if (multipliesAlone)
      multiplyThem();
  }
  if (!multipliesAlone)
    multiplyThem();
  return sums;
}

void IntegerBufferLowering::addCell(const PanelFields &panel, Value firstM, KTile units,
                                    const Block &block, int64_t cell, ArrayRef<Value> sums) {
  IntegerBuilder scalars(builder, location, builder.getI32Type());
  SmallVector<Value> ofX;
  if (hasZeros()) {
    SmallVector<Value> none(xTile, scalars.constant(0));
    ofX = index.loop(units.count, none, [&](Value number, ValueRange carried) {
      Value group = index.mul(index.add(units.first, number), unit.groups());
      Value x = firstVector(matrixOf(panel), index.add(firstM, block.row), group);
      SmallVector<Value> result = llvm::to_vector(carried);
      for (int64_t i = 0; i < unit.groups(); ++i)
        for (int64_t c = 0; c < xTile; ++c)
          result[c] = scalars.add(result[c], loadSumOfX(index.add(x, i * xTile), cell, c));
      return result;
    });
  }
  for (int64_t strip = 0; strip < block.strips; ++strip) {
    DecodeNumbersOp numbers = decodeNumbers(panel, units.first, index.add(block.strip, strip));
    for (int64_t c = 0; c < xTile; ++c) {
      Value sum = sums[strip * xTile + c];
      if (hasZeros())
        sum =
            lessZeros(sum, ofX[c], numbers.getZeros().empty() ? Value() : numbers.getZeros()[cell]);
      addScaled(vectorOffset(block, strip, c), sum, numbers.getScales()[cell]);
    }
  }
}

SmallVector<Value> IntegerBufferLowering::loadTotals(const Block &block) {
  SmallVector<Value> sums;
  for (int64_t strip = 0; strip < block.strips; ++strip)
    for (int64_t c = 0; c < xTile; ++c)
      sums.push_back(loadVector(totals, vectorOffset(block, strip, c), builder.getI32Type()));
  return sums;
}

void IntegerBufferLowering::storeTotals(const Block &block, ArrayRef<Value> sums) {
  for (int64_t strip = 0; strip < block.strips; ++strip)
    for (int64_t c = 0; c < xTile; ++c)
      storeVector(sums[strip * xTile + c], totals, vectorOffset(block, strip, c));
}

} // namespace uwt::codegen
