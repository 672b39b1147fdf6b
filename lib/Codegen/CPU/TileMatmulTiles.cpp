//===- TileMatmulTiles.cpp - Products on tile registers -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers 0 and 1 of a unit of words are a tile of 16 outputs × 16 pairs as they lie, and so are
// 2 and 3. x is turned round to meet them: a tile of x is 16 pairs × 16 rows of x. Tiles of x are
// one after another, in a tile the groups, in a group its two halves, so that blocks of any number
// of tiles read the same memory. Accumulators are 16 outputs × 16 rows of x; they are turned round
// before the epilogue.
//
//===----------------------------------------------------------------------===//

#include "TileMatmul.h"
#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;

namespace uwt::codegen {

/// Elements of a tile, and those of both halves of a column group.
static constexpr int64_t tileElements = tileRows * laneCount, groupElements = 2 * tileElements;

/// Elements of x that stay in the second-level cache (2 MB where there are tiles) while panel after
/// panel passes by. Where there are more, several panels in turn take each k-tile of x.
static constexpr int64_t nearX = 256 << 10;

/// Panels that a task takes at most, and the tasks that are left at least: their accumulators stay
/// in the second-level cache, and all threads have work.
static constexpr int64_t maxPanelsAtOnce = 4, leastTasks = 32;

//===----------------------------------------------------------------------===//
// x
//===----------------------------------------------------------------------===//

Value ProductLowering::tileStart(Value matrix, Value tile) {
  Value number = tile;
  if (op.getXType().getRank() == 3)
    number = index.add(number, index.mul(matrix, index.ceilDiv(sizeM, tileRows)));
  return index.mul(number, index.mul(groups, groupElements));
}

void ProductLowering::prepareTiles() {
  choosePanelsAtOnce();
  allocatePrepared(tileRows);
  if (columns.known() == 0)
    return;
  Value tiles = index.ceilDiv(sizeM, tileRows);
  if (op.getXType().getRank() == 3)
    tiles = index.mul(tiles, matrixCount);
  Value count = index.mul(tiles, index.ceilDiv(columns, fixedUnitColumns));
  forEachRun(count, int64_t(preparedTileGroups), [&](Value first, Value ofRun) {
    turned = scratch(groupElements, builder.getI32Type());
    allocateTransfer();
    index.loop(ofRun, [&](Value i) { prepareNumbered(index.add(first, i)); });
  });
}

void ProductLowering::prepareNumbered(Value number) {
  Value inTile = index.ceilDiv(columns, fixedUnitColumns);
  Value group = index.rem(number, inTile), tile = index.div(number, inTile);
  Value matrix = index.constant(0);
  if (op.getXType().getRank() == 3) {
    Value tiles = index.ceilDiv(sizeM, tileRows);
    matrix = index.div(tile, tiles);
    tile = index.rem(tile, tiles);
  }
  Value to = index.add(tileStart(matrix, tile), index.mul(group, groupElements));
  Value column = index.mul(group, fixedUnitColumns);
  auto prepareAs = [&](bool isWhole) { prepareTileGroup(matrix, tile, column, isWhole, to); };
  if (columns.isMultipleOf(fixedUnitColumns))
    return prepareAs(/*isWhole=*/true);
  index.ifElse(
      index.less(group, index.div(columns, fixedUnitColumns)), [&] { prepareAs(/*isWhole=*/true); },
      [&] { prepareAs(/*isWhole=*/false); });
}

void ProductLowering::prepareTileGroup(Value matrix, Value tile, Value column, bool isWhole,
                                       Value to) {
  Value first = index.mul(tile, tileRows);
  bool isFull = !ShapedType::isDynamic(staticM) && staticM % tileRows == 0;
  index.loop(tileRows, [&](Value row) {
    Value m = index.add(first, row), at = index.mul(row, u32InGroup());
    auto fill = [&] { prepareGroup(matrix, m, column, isWhole, turned, at); };
    if (isFull)
      return fill();
    index.ifElse(index.less(m, sizeM), fill, [&] {
      auto type = VectorType::get({laneCount}, builder.getI32Type());
      Value zero = arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
      for (int64_t half = 0; half < 2; ++half)
        storeVector(zero, turned, index.add(at, half * laneCount));
    });
  });
  for (int64_t half = 0; half < 2; ++half)
    for (auto [pair, vector] :
         llvm::enumerate(loadTurned(turned, index.constant(half * laneCount), u32InGroup())))
      storeVector(vector, prepared, index.add(to, half * tileElements + pair * laneCount));
}

SmallVector<Value> ProductLowering::loadTurned(Value from, Value at, int64_t stride) {
  Type type = cast<MemRefType>(from.getType()).getElementType();
  SmallVector<Value> vectors;
  for (int64_t row = 0; row < tileRows; ++row)
    vectors.push_back(loadVector(from, index.add(at, row * stride), type));
  return turnRound(builder, location, vectors);
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void ProductLowering::choosePanelsAtOnce() {
  Value inSlice = index.mul(index.min(sizeM, sliceM), columns);
  Value tasks = index.mul(panelCount(), index.ceilDiv(sizeM, sliceM));
  Value several = index.max(1, index.min(maxPanelsAtOnce, index.div(tasks, leastTasks)));
  panelsAtOnce = index.select(index.less(nearX, inSlice), several, 1);
  maxPanels = getConstantIntValue(panelsAtOnce).value_or(maxPanelsAtOnce);
}

void ProductLowering::emitTileTask(Value task) {
  Value slices = index.ceilDiv(sizeM, sliceM);
  Value slice = index.mul(index.rem(task, slices), sliceM), width = sliceWidth(slice);
  Value first = index.mul(index.div(task, slices), panelsAtOnce);
  if (layout.hasEscapes)
    nextRecords = scratch(maxPanels, builder.getIndexType());
  std::optional<PanelFields> only;
  if (maxPanels == 1) {
    only = panelAt(first);
    only->inTask = index.constant(0);
  }
  Value count = index.min(panelsAtOnce, index.sub(panelCount(), first));
  auto forEachPanel = [&](llvm::function_ref<void(const PanelFields &)> body) {
    if (only)
      return body(*only);
    index.loop(count, [&](Value i) {
      PanelFields panel = panelAt(index.add(first, i));
      panel.inTask = i;
      body(panel);
    });
  };
  forEachPanel([&](const PanelFields &panel) {
    zeroTiles(panel, width);
    if (layout.hasEscapes)
      memref::StoreOp::create(builder, location, panel.patch, nextRecords, panel.inTask);
  });
  // What a k-tile has of x is read by all panels before the next one takes its place.
  index.loop(index.ceilDiv(groups, tileGroups), [&](Value kTile) {
    forEachPanel([&](const PanelFields &panel) { emitTileStep(panel, kTile, slice, width); });
  });
  forEachPanel([&](const PanelFields &panel) { emitTileOutputs(panel, slice, width); });
}

void ProductLowering::emitTileStep(const PanelFields &panel, Value kTile, Value slice,
                                   Value width) {
  setGroupStride(panel);
  Value count = groupsOf(kTile);
  if (layout.hasEscapes) {
    Value record = memref::LoadOp::create(builder, location, nextRecords, panel.inTask);
    Value next = countRecords(panel, kTile, count, record);
    memref::StoreOp::create(builder, location, next, nextRecords, panel.inTask);
  }
  if (isWholePanelStream())
    emitDecodeTile(panel, {}, kTile, count);
  emitTileStrips(panel, kTile, count, slice, width);
}

Value ProductLowering::tileAccumulators(const PanelFields &panel, Value strip, Value inSlice) {
  Value strips = index.add(index.mul(panel.inTask, stripsInPanel), strip);
  Value number = index.add(index.mul(strips, sliceM / tileRows), inSlice);
  return index.mul(number, tileElements);
}

void ProductLowering::zeroTiles(const PanelFields &panel, Value width) {
  auto type = VectorType::get({laneCount}, builder.getF32Type());
  Value zero = arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
  Value vectors = index.mul(index.ceilDiv(width, tileRows), tileRows);
  index.loop(stripsInPanel, [&](Value strip) {
    Value start = tileAccumulators(panel, strip, index.constant(0));
    index.loop(vectors, [&](Value i) {
      storeVector(zero, accumulators, index.add(start, index.mul(i, laneCount)));
    });
  });
}

void ProductLowering::emitTileStrips(const PanelFields &panel, Value kTile, Value count,
                                     Value slice, Value width) {
  auto strips = [&](Value first, int64_t number) {
    if (!isWholePanelStream() && !readsInPlace())
      for (int64_t i = 0; i < number; ++i)
        emitDecodeTile(panel, index.add(first, i), kTile, count);
    emitTileBlocks(panel, first, number, kTile, count, slice, width);
  };
  if (stripsAtOnce == 1)
    return index.loop(panel.strips, [&](Value strip) { strips(strip, 1); });
  index.loop(index.div(panel.strips, 2), [&](Value pair) { strips(index.mul(pair, 2), 2); });
  // The last panel may have an odd number of them.
  index.ifElse(index.less(0, index.rem(panel.strips, 2)),
               [&] { strips(index.sub(panel.strips, 1), 1); });
}

void ProductLowering::emitTileBlocks(const PanelFields &panel, Value strip, int64_t strips,
                                     Value kTile, Value count, Value slice, Value width) {
  Value firstGroup = index.mul(kTile, tileGroups);
  // Padding of a unit of several groups meets no x.
  Value stored = index.ceilDiv(columns, fixedUnitColumns);
  Value present = layout.groups == 1 ? count : index.min(count, index.sub(stored, firstGroup));
  int64_t blockTiles = tileM / tileRows;
  Value used = index.ceilDiv(width, tileRows);
  Value blocks = index.div(used, blockTiles), left = index.rem(used, blockTiles);
  auto block = [&](Value inSlice, int64_t tiles, Value isFirst) {
    Value ofX = index.add(index.div(slice, tileRows), inSlice);
    emitTileBlock(panel, {strip, firstGroup, present, inSlice, ofX, strips, tiles, isFirst});
  };
  index.loop(blocks,
             [&](Value i) { block(index.mul(i, blockTiles), blockTiles, index.equal(i, 0)); });
  bool isStatic = !ShapedType::isDynamic(staticM);
  for (int64_t tiles = 1; tiles < blockTiles; ++tiles)
    if (!isStatic || tiles * tileRows == lastM)
      index.ifElse(index.equal(left, tiles),
                   [&] { block(index.mul(blocks, blockTiles), tiles, index.equal(blocks, 0)); });
}

Value ProductLowering::loadTile(Value from, Value at, Type elementType) {
  Type inMemory = cast<MemRefType>(from.getType()).getElementType();
  int64_t bytes = laneCount * sizeof(float);
  // Rows of a tile follow each other, wherever it is.
  Value stride = index.constant(bytes * 8 / inMemory.getIntOrFloatBitWidth());
  auto type =
      amx::TileType::get({tileRows, bytes * 8 / elementType.getIntOrFloatBitWidth()}, elementType);
  return amx::TileLoadOp::create(builder, location, type, from, ValueRange{at}, stride);
}

Value ProductLowering::loadWeightTile(const PanelFields &panel, const TileBlock &block,
                                      int64_t strip, Value group, unsigned half) {
  Value number = index.add(block.strip, strip);
  if (!readsInPlace())
    return loadTile(buffer, index.add(bufferAt(number, group), 2 * half * tileElements), element);
  Value unit = index.mul(index.add(block.firstGroup, group), panel.strips);
  Value at = unitOffset(panel.words, index.add(unit, number), groupU32);
  return loadTile(weightBuffer(WeightBuffer::Words), index.add(at, half * tileElements), element);
}

void ProductLowering::emitTileBlock(const PanelFields &panel, const TileBlock &block) {
  Type f32 = builder.getF32Type();
  Value tileStride = index.mul(groups, groupElements);
  Value x =
      index.add(tileStart(panel.matrix, block.ofX), index.mul(block.firstGroup, groupElements));
  SmallVector<Value> accumulatorsOfBlock, start;
  for (int64_t tile = 0; tile < block.tiles; ++tile)
    for (int64_t strip = 0; strip < block.strips; ++strip) {
      accumulatorsOfBlock.push_back(
          tileAccumulators(panel, index.add(block.strip, strip), index.add(block.inSlice, tile)));
      start.push_back(loadTile(accumulators, accumulatorsOfBlock.back(), f32));
    }
  SmallVector<Value> end = index.loop(block.groups, start, [&](Value group, ValueRange carried) {
    SmallVector<Value> sums(carried);
    index.ifElse(block.asks, [&] {
      for (int64_t strip = 0; strip < block.strips; ++strip) {
        Value before = index.mul(index.add(block.strip, strip), block.groups);
        prefetchShare(panel, block.firstGroup, index.add(before, group));
      }
    });
    Value xGroup = index.add(x, index.mul(group, groupElements));
    for (unsigned half = 0; half < 2; ++half) {
      SmallVector<Value> weights;
      for (int64_t strip = 0; strip < block.strips; ++strip)
        weights.push_back(loadWeightTile(panel, block, strip, group, half));
      for (int64_t tile = 0; tile < block.tiles; ++tile) {
        Value at = index.add(xGroup, index.mul(tileStride, tile));
        Value rowsOfX = loadTile(prepared, index.add(at, half * tileElements), element);
        for (int64_t strip = 0; strip < block.strips; ++strip) {
          Value &sum = sums[tile * block.strips + strip];
          sum = amx::TileMulFOp::create(builder, location, sum.getType(), weights[strip], rowsOfX,
                                        sum);
        }
      }
    }
    return sums;
  });
  for (auto [at, sum] : llvm::zip_equal(accumulatorsOfBlock, end))
    amx::TileStoreOp::create(builder, location, accumulators, ValueRange{at}, sum,
                             index.constant(laneCount));
}

void ProductLowering::prefetchShare(const PanelFields &panel, Value firstGroup, Value step) {
  if (!layout.fixedRate)
    return;
  Value next = index.div(index.add(firstGroup, tileGroups), layout.groups);
  Value unit = index.mul(next, panel.strips), shares = index.mul(panel.strips, tileGroups);
  auto ask = [&](WeightBuffer kind, Value start, int64_t unitU32) {
    Value first = unitOffset(start, unit, unitU32);
    prefetchStreams(kind, first, divideUp(unitU32, layout.groups), shares, step);
  };
  if (layout.onlyWords)
    return ask(WeightBuffer::Words, panel.words, groupU32);
  ask(WeightBuffer::Code, panel.code, layout.codeU32);
  if (layout.rawU32 != 0)
    ask(WeightBuffer::Raw, panel.raw, layout.rawU32);
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

void ProductLowering::emitTileOutputs(const PanelFields &panel, Value firstM, Value width) {
  index.loop(panel.strips, [&](Value strip) {
    index.loop(index.ceilDiv(width, tileRows), [&](Value tile) {
      Value start = tileAccumulators(panel, strip, tile);
      auto rowAt = [&](IntegerBuilder::Operand row) {
        return index.add(start, index.mul(row, laneCount));
      };
      for (auto [row, sums] : llvm::enumerate(loadTurned(accumulators, start)))
        storeVector(sums, accumulators, rowAt(row));
      Value first = index.mul(tile, tileRows);
      index.loop(index.min(tileRows, index.sub(width, first)), [&](Value row) {
        emitOutput(panel, strip, index.add(firstM, index.add(first, row)),
                   loadVector(accumulators, rowAt(row), builder.getF32Type()));
      });
    });
  });
}

} // namespace uwt::codegen
