//===- TileMatmulBuffer.cpp - Chunks decoded once, multiplied often -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Units of `tileGroups` column groups of a strip are decoded into a buffer, in the order of codec
// raw; then blocks of n × m accumulators run over it. Accumulators wait in a scratch between
// k-tiles; the first one begins them. The buffer holds one strip, so that it stays in the nearest
// cache; what memory has to deliver is asked for in the order in which it lies, a k-tile ahead, and
// brought to that cache while the strip before is multiplied with its last rows of x. A block's
// accumulators lie one behind the other, in the order of its visits, and blocks do so too: a stride
// would put them all into few sets of that cache. While a block is multiplied, the next one's x and
// accumulators are brought there.
//
//===----------------------------------------------------------------------===//

#include "TileMatmul.h"

using namespace mlir;

namespace uwt::codegen {

void ProductLowering::emitBuffer(const PanelFields &panel, Value slice) {
  setGroupStride(panel);
  Value width = sliceWidth(slice);
  if (beginsInFirstTile())
    // Without a k-tile nothing else does.
    index.ifElse(index.equal(groups, 0), [&] { zeroAccumulators(width); });
  else
    zeroAccumulators(width);
  index.loop(index.ceilDiv(groups, tileGroups), {panel.patch}, [&](Value kTile, ValueRange record) {
    Value count = groupsOf(kTile);
    Value next = countRecords(panel, kTile, count, record[0]);
    if (isWholePanelStream())
      emitDecodeOfSlice(panel, {}, kTile, count, slice);
    index.loop(panel.strips, [&](Value strip) {
      setBufferStart(panel, strip, kTile);
      if (!isWholePanelStream())
        emitDecodeOfSlice(panel, strip, kTile, count, slice);
      emitBlocks(panel, strip, kTile, count, slice, width);
    });
    return SmallVector<Value>{next};
  });
  emitOutputs(panel, slice, width);
}

void ProductLowering::setBufferStart(const PanelFields &panel, Value strip, Value kTile) {
  if (keepsPanel && !isWholePanelStream())
    bufferStart =
        index.mul(index.add(index.mul(kTile, panel.strips), strip), tileGroups * groupU32 * 2);
}

void ProductLowering::emitDecodeOfSlice(const PanelFields &panel, Value strip, Value kTile,
                                        Value count, Value slice) {
  auto decode = [&] { emitDecodeTile(panel, strip, kTile, count); };
  if (!keepsPanel)
    return decode();
  index.ifElse(index.equal(slice, 0), decode);
}

/// The groups of a stream of all strips take turns.
void ProductLowering::setGroupStride(const PanelFields &panel) {
  groupStride =
      isWholePanelStream() ? index.mul(panel.strips, groupU32 * 2) : index.constant(groupU32 * 2);
}

Value ProductLowering::sliceWidth(Value slice) {
  Value width = index.constant(sliceM);
  if (staticM % sliceM != 0 || ShapedType::isDynamic(staticM))
    width = index.min(width, index.sub(sizeM, slice));
  return width;
}

Value ProductLowering::groupsOf(Value kTile) {
  Value count = index.constant(tileGroups);
  if (groups.isMultipleOf(tileGroups))
    return count;
  return index.min(count, index.sub(groups, index.mul(kTile, tileGroups)));
}

Value ProductLowering::countRecords(const PanelFields &panel, Value kTile, Value count,
                                    Value record) {
  if (!layout.hasEscapes)
    return record;
  // Records follow each other in the order of units, which is not the one of decoding.
  Value units = index.mul(index.div(count, layout.groups), panel.strips);
  Value first = index.mul(index.mul(kTile, tileGroups / layout.groups), panel.strips);
  auto walk = [&] {
    return index.loop(units, {record}, [&](Value unit, ValueRange start) {
      memref::StoreOp::create(builder, location, start[0], records, ValueRange{unit});
      Value escapes = escapesOf(panel, index.add(first, unit));
      return SmallVector<Value>{index.add(start[0], index.mul(escapes, layout.recordU32))};
    })[0];
  };
  auto branch = scf::IfOp::create(builder, location, TypeRange{builder.getIndexType()},
                                  panel.storedAsWords, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, location, record);
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, location, walk());
  return branch.getResult(0);
}

void ProductLowering::emitDecodeTile(const PanelFields &panel, Value strip, Value kTile,
                                     Value count) {
  auto words = [&] {
    if (strip)
      return emitDecodeWords(panel, strip, kTile, count);
    index.loop(panel.strips, [&](Value each) { emitDecodeWords(panel, each, kTile, count); });
  };
  if (layout.onlyWords)
    return words();
  index.ifElse(panel.storedAsWords, words, [&] {
    if (layout.fixedRate)
      emitDecodeUnits(panel, strip, kTile, count);
    else
      emitDecodeStream(panel, strip, kTile);
  });
}

void ProductLowering::emitDecodeWords(const PanelFields &panel, Value strip, Value kTile,
                                      Value count) {
  Value first = index.mul(kTile, tileGroups);
  Value stored = index.ceilDiv(columns, fixedUnitColumns);
  // Groups beyond are padding of coded units only: whatever the buffer has there meets zeros of x.
  bool areAllStored =
      layout.groups == 1 || (groups.known() && groups.known() == getConstantIntValue(stored));
  Value present = areAllStored ? count : index.min(count, index.sub(stored, first));
  index.loop(present, [&](Value group) {
    Value unit = index.add(index.mul(index.add(first, group), panel.strips), strip);
    decodeUnit(panel, unit, /*asWords=*/true, bufferAt(strip, group));
  });
  if (present == count)
    return;
  Value zero = arith::ConstantOp::create(
      builder, location,
      builder.getZeroAttr(VectorType::get({2 * laneCount}, builder.getI16Type())));
  index.loop(index.sub(count, present), [&](Value group) {
    Value to = bufferAt(strip, index.add(present, group));
    index.loop(groupVectors, [&](Value i) {
      storeVector(zero, buffer, index.add(to, index.mul(i, 2 * laneCount)));
    });
  });
}

void ProductLowering::emitDecodeUnits(const PanelFields &panel, Value strip, Value kTile,
                                      Value count) {
  Value first = index.mul(kTile, tileGroups / layout.groups);
  index.loop(index.div(count, layout.groups), [&](Value group) {
    Value unitInTile = index.add(index.mul(group, panel.strips), strip);
    Value unit = index.add(index.mul(first, panel.strips), unitInTile);
    Value to = bufferAt(strip, index.mul(group, layout.groups));
    if (asksWhileDecoding())
      prefetchUnitOfNextTile(panel, unit);
    decodeUnit(panel, unit, /*asWords=*/false, to);
    if (!layout.hasEscapes)
      return;
    Value record = memref::LoadOp::create(builder, location, records, ValueRange{unitInTile});
    // The last unit of a row may have fewer groups of 64 columns.
    Value stored = index.ceilDiv(columns, fixedUnitColumns);
    Value left = index.sub(stored, index.mul(index.add(first, group), layout.groups));
    Value runs = index.min(left, layout.groups);
    PatchUnitOp::create(builder, location, op.getWeight(), record, escapesOf(panel, unit), runs,
                        buffer, to);
  });
}

void ProductLowering::emitDecodeStream(const PanelFields &panel, Value strip, Value kTile) {
  Value unit = index.constant(0);
  if (strip) {
    unit = index.add(index.mul(strip, index.ceilDiv(columns, streamUnitColumns)), kTile);
  }
  Value into = buffer;
  if (bufferStart)
    into = memref::SubViewOp::create(
        builder, location, buffer, ArrayRef<OpFoldResult>{bufferStart},
        ArrayRef<OpFoldResult>{builder.getIndexAttr(tileGroups * groupU32 * 2)},
        ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
  DecodeStreamOp::create(builder, location, op.getWeight(), panel.panel, unit, into);
}

void ProductLowering::emitBlocks(const PanelFields &panel, Value strip, Value kTile, Value count,
                                 Value slice, Value width) {
  Value firstGroup = index.mul(kTile, tileGroups);
  bool isStatic = !ShapedType::isDynamic(staticM);
  int64_t rowBlocks = stripRows / tileN;
  auto xStart = [&](Value inSlice, int64_t blockWidth) {
    return index.add(preparedStart(panel.matrix, index.add(slice, inSlice)),
                     index.mul(firstGroup, blockWidth * u32InGroup()));
  };
  // A known m has a last block of its own; others are padded with zeros.
  Value blocks = isStatic ? index.div(width, tileM) : index.ceilDiv(width, tileM);
  bool hasMore = !isStatic || sliceM > tileM;
  // x stays in the nearest cache while a strip's rows pass by.
  index.loop(blocks, [&](Value i) {
    Value inSlice = index.mul(i, tileM);
    Value x = xStart(inSlice, tileM), nextX;
    if (hasMore) {
      // The next strip begins anew.
      Value next = index.add(i, 1);
      next = index.select(index.less(next, blocks), next, 0);
      nextX = xStart(index.mul(next, tileM), tileM);
    }
    index.loop(rowBlocks, [&](Value rowBlock) {
      Value ordinal = index.add(index.mul(strip, blocks), i);
      ordinal = index.add(index.mul(ordinal, rowBlocks), rowBlock);
      Value ordinals = index.mul(blocks, stripsInPanel * rowBlocks);
      // Codes for one block were asked for while others were decoded, where that is faster.
      if (hasMore || layout.onlyWords)
        prefetchNextStrip(panel, strip, kTile, index.sub(blocks, i), rowBlock);
      emitBlock(strip, rowBlock, inSlice, kTile, x, count, tileN, tileM, [&](Value group) {
        if (hasMore)
          return prefetchBlock(nextX, accumulatorsOf(strip, inSlice, rowBlock, tileN, tileM),
                               rowBlock, group, count);
        prefetchNextTile(panel, kTile, index.add(index.mul(ordinal, tileGroups), group),
                         index.mul(ordinals, tileGroups));
      });
      // Many blocks ask for less than a line a group.
      if (hasMore)
        prefetchNextTile(panel, kTile, ordinal, ordinals);
    });
  });
  if (lastM == 0)
    return;
  Value isLast = index.less(0, index.rem(width, tileM));
  index.ifElse(isLast, [&] {
    Value inSlice = index.mul(blocks, tileM);
    Value x = xStart(inSlice, lastM);
    index.loop(stripRows / lastN, [&](Value rowBlock) {
      emitBlock(strip, rowBlock, inSlice, kTile, x, count, lastN, lastM, [](Value) {});
    });
  });
}

/// Of one block of rows of x: multiplying is over before memory has delivered what it asks for. On
/// a Zen 5 products of `inplace<12>` are 1.25 times as fast then; of more blocks none is.
bool ProductLowering::asksWhileDecoding() const {
  bool mayBeOneBlock = ShapedType::isDynamic(staticM) || staticM <= tileM;
  return strategy == CpuStrategy::Buffer && holdsUnit && mayBeOneBlock;
}

void ProductLowering::prefetchUnitOfNextTile(const PanelFields &panel, Value unit) {
  Value ahead = index.mul(panel.strips, tileGroups / layout.groups);
  // Of more blocks for what is read anyway.
  if (ShapedType::isDynamic(staticM))
    ahead = index.select(index.less(tileM, sizeM), 0, ahead);
  forEachPlane(panel, index.add(unit, ahead), layout.onlyWords,
               [&](WeightBuffer kind, Value first, int64_t unitU32) {
                 prefetchLines(kind, first, unitU32, nearestCache);
               });
}

void ProductLowering::prefetchNextTile(const PanelFields &panel, Value kTile, Value ordinal,
                                       Value shares) {
  if (!layout.fixedRate)
    return;
  int64_t units = tileGroups / layout.groups;
  Value unit = index.mul(index.mul(index.add(kTile, 1), units), panel.strips);
  forEachPlane(panel, unit, layout.onlyWords, [&](WeightBuffer kind, Value first, int64_t unitU32) {
    int64_t lines = divideUp(units * stripsInPanel * unitU32, laneCount);
    Value share = index.div(index.add(shares, lines - 1), shares);
    auto ask = [&](IntegerBuilder::Operand i) {
      // Once all has been asked for, the last line again: that costs nothing.
      Value line = index.min(index.add(index.mul(ordinal, share), i), lines - 1);
      prefetchLines(kind, index.add(first, index.mul(line, laneCount)), laneCount, nearestCache);
    };
    std::optional<int64_t> known = getConstantIntValue(share);
    if (!known)
      return index.loop(share, [&](Value i) { ask(i); });
    for (int64_t i = 0; i < *known; ++i)
      ask(i);
  });
}

void ProductLowering::prefetchNextStrip(const PanelFields &panel, Value strip, Value kTile,
                                        Value blocksLeft, Value rowBlock) {
  if (!layout.fixedRate)
    return;
  // A unit by each of the last blocks, before others drive it out again; several where there are
  // fewer blocks than units.
  int64_t units = tileGroups / layout.groups;
  int64_t blocks = ShapedType::isDynamic(staticM) ? units : std::min(sliceM / tileM, units);
  int64_t unitsOfBlock = divideUp(units, blocks), lastBlocks = divideUp(units, unitsOfBlock);
  index.ifElse(index.less(blocksLeft, lastBlocks + 1), [&] {
    Value isLast = index.equal(index.add(strip, 1), panel.strips);
    Value nextTile = index.select(isLast, index.add(kTile, 1), kTile);
    Value nextStrip = index.select(isLast, 0, index.add(strip, 1));
    Value first = index.mul(index.sub(lastBlocks, blocksLeft), unitsOfBlock);
    first = index.add(index.mul(nextTile, units), first);
    for (int64_t i = 0; i < unitsOfBlock; ++i) {
      Value unit = index.add(index.mul(index.add(first, i), panel.strips), nextStrip);
      forEachPlane(
          panel, unit, layout.onlyWords, [&](WeightBuffer kind, Value start, int64_t unitU32) {
            // Row blocks of a block share it.
            int64_t share = roundUp(divideUp(unitU32 * tileN, stripRows), laneCount);
            prefetchLines(kind, index.add(start, index.mul(rowBlock, share)), share, nearestCache);
          });
    }
  });
}

void ProductLowering::prefetchBlock(Value nextX, Value sums, Value rowBlock, Value group,
                                    Value count) {
  auto ask = [&](Value memory, Value first, Value line, Value last) {
    Value at = index.min(index.add(first, index.mul(line, laneCount)), last);
    memref::PrefetchOp::create(builder, location, memory, at, /*isWrite=*/false,
                               /*localityHint=*/3, /*isDataCache=*/true);
  };
  // All row blocks share a block of x.
  int64_t share = divideUp(tileM * vectorsInGroup() * tileN, stripRows);
  Value step = index.mul(index.add(index.mul(rowBlock, count), group), share);
  Value lastOfX = index.add(
      nextX, index.sub(index.mul(count, tileM * u32InGroup()), index.constant(laneCount)));
  for (int64_t i = 0; i < share; ++i)
    ask(prepared, nextX, index.add(step, i), lastOfX);

  Value nextSums = index.add(sums, tileN * tileM * laneCount);
  Value lastOfSums = index.constant((stripsInPanel * sliceM * stripRows - 1) * laneCount);
  share = divideUp(tileN * tileM, tileGroups);
  for (int64_t i = 0; i < share; ++i)
    ask(accumulators, nextSums, index.add(index.mul(group, share), i), lastOfSums);
}

/// Accumulators of `blockRowCount` outputs (half of them g, half g + 8) × `width` rows of x over
/// `count` groups, as many at a time as registers hold.
void ProductLowering::emitBlock(Value strip, Value rowBlock, Value inSlice, Value kTile,
                                Value xStart, Value count, int64_t blockRowCount, int64_t width,
                                llvm::function_ref<void(Value)> eachGroup) {
  bool isWhole = blockRowCount * width <= maxAccumulators;
  // Few accumulators are as many rows of x as there are: weights are widened once for all of them.
  int64_t columnsEach = isWhole ? width : std::min(width, maxAccumulators);
  int64_t rows = isWhole ? blockRowCount : maxAccumulators / columnsEach;
  for (int64_t column = 0; column < width; column += columnsEach)
    for (int64_t row = 0; row < blockRowCount; row += rows) {
      BlockPiece piece = {row, std::min(row + rows, blockRowCount), column,
                          std::min(column + columnsEach, width)};
      bool isFirst = row == 0 && column == 0;
      emitPiece(strip, rowBlock, inSlice, kTile, xStart, count, blockRowCount, width, piece,
                [&](Value group) {
                  if (isFirst)
                    eachGroup(group);
                });
    }
}

void ProductLowering::emitPiece(Value strip, Value rowBlock, Value inSlice, Value kTile,
                                Value xStart, Value count, int64_t blockRowCount, int64_t width,
                                const BlockPiece &piece,
                                llvm::function_ref<void(Value)> eachGroup) {
  int64_t half = blockRowCount / 2, pieceWidth = piece.columnEnd - piece.columnBegin;
  auto rowVector = VectorType::get({laneCount}, builder.getI32Type());
  Value firstRow = index.mul(rowBlock, half);
  Value firstSum = accumulatorsOf(strip, inSlice, rowBlock, blockRowCount, width);
  SmallVector<int64_t> sums;
  for (int64_t row = piece.rowBegin; row < piece.rowEnd; ++row)
    for (int64_t c = piece.columnBegin; c < piece.columnEnd; ++c)
      sums.push_back((row * width + c) * laneCount);
  auto type = VectorType::get({laneCount}, builder.getF32Type());
  auto zeros = [&] {
    Value zero = arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
    return IntegerBuilder::Values(sums.size(), zero);
  };
  auto waiting = [&] {
    IntegerBuilder::Values loaded;
    for (int64_t sum : sums)
      loaded.push_back(loadVector(accumulators, index.add(firstSum, sum), type.getElementType()));
    return loaded;
  };
  SmallVector<Type> types(sums.size(), type);
  SmallVector<Value> start =
      beginsInFirstTile() ? index.either(index.equal(kTile, 0), types, zeros, waiting) : waiting();
  Value firstInBuffer =
      index.add(bufferAt(strip, index.constant(0)), index.mul(firstRow, 2 * laneCount));
  SmallVector<Value> end = index.loop(count, start, [&](Value group, ValueRange carried) {
    SmallVector<Value> block(carried);
    eachGroup(group);
    Value from = index.add(firstInBuffer, index.mul(group, groupStride));
    Value xAt = index.add(xStart, index.mul(group, width * u32InGroup()));
    for (unsigned xHalf = 0; xHalf < 2; ++xHalf) {
      auto loadRowVector = [&](int64_t row) -> Value {
        int64_t first = (2 * xHalf + row / half) * 8 + row % half;
        Value words = loadVector(buffer, index.add(from, first * 2 * laneCount),
                                 builder.getI16Type(), 2 * laneCount);
        return vector::BitCastOp::create(builder, location, rowVector, words);
      };
      auto loadRow = [&](int64_t c) { return loadX(index.add(xAt, c * u32InGroup()), xHalf); };
      auto add = [&](int64_t row, int64_t c, Value words, ValueRange x) {
        Value &sum = block[(row - piece.rowBegin) * pieceWidth + c - piece.columnBegin];
        sum = dot(words, sum, x);
      };
      // Beside the accumulators, registers hold the side that has fewer, and one vector of the
      // other.
      if (piece.rowEnd - piece.rowBegin <= pieceWidth) {
        SmallVector<Value> words;
        for (int64_t row = piece.rowBegin; row < piece.rowEnd; ++row)
          words.push_back(loadRowVector(row));
        for (int64_t c = piece.columnBegin; c < piece.columnEnd; ++c) {
          SmallVector<Value> x = loadRow(c);
          for (auto [i, row] : llvm::enumerate(words))
            add(piece.rowBegin + int64_t(i), c, row, x);
        }
        continue;
      }
      SmallVector<SmallVector<Value>> x;
      for (int64_t c = piece.columnBegin; c < piece.columnEnd; ++c)
        x.push_back(loadRow(c));
      for (int64_t row = piece.rowBegin; row < piece.rowEnd; ++row) {
        Value words = loadRowVector(row);
        for (auto [i, ofRow] : llvm::enumerate(x))
          add(row, piece.columnBegin + int64_t(i), words, ofRow);
      }
    }
    return block;
  });
  for (auto [at, sum] : llvm::zip_equal(sums, end))
    storeVector(sum, accumulators, index.add(firstSum, at));
}

} // namespace uwt::codegen
