//===- TileMatmulBuffer.cpp - Chunks decoded once, multiplied often -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Units of `tileGroups` column groups of a strip are decoded into a buffer, in the order of codec
// raw; then blocks of n × m accumulators run over it. Accumulators wait in a scratch between
// k-tiles. The buffer holds one strip, so that it stays in the nearest cache; what memory has to
// deliver is asked for in the order in which it lies, a k-tile ahead.
//
//===----------------------------------------------------------------------===//

#include "TileMatmul.h"

using namespace mlir;

namespace uwt::codegen {

void ProductLowering::emitBuffer(const PanelFields &panel) {
  setGroupStride(panel);
  index.loop(
      sizeM,
      [&](Value slice) {
        Value width = sliceWidth(slice);
        zeroAccumulators(width);
        index.loop(index.ceilDiv(groups, tileGroups), {panel.patch},
                   [&](Value kTile, ValueRange record) {
                     Value count = groupsOf(kTile);
                     Value next = countRecords(panel, kTile, count, record[0]);
                     if (isWholePanelStream())
                       emitDecodeTile(panel, {}, kTile, count);
                     index.loop(panel.strips, [&](Value strip) {
                       if (!isWholePanelStream())
                         emitDecodeTile(panel, strip, kTile, count);
                       emitBlocks(panel, strip, kTile, count, slice, width);
                     });
                     return SmallVector<Value>{next};
                   });
        emitOutputs(panel, slice, width);
      },
      sliceM);
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
  DecodeStreamOp::create(builder, location, op.getWeight(), panel.panel, unit, buffer);
}

void ProductLowering::emitBlocks(const PanelFields &panel, Value strip, Value kTile, Value count,
                                 Value slice, Value width) {
  Value firstGroup = index.mul(kTile, tileGroups);
  // Goes over all blocks and groups of a full panel, in order: each asks for its share.
  bool isStatic = !ShapedType::isDynamic(staticM);
  // An m that is not known has one block at least.
  int64_t blockCount = isStatic ? sliceM / tileM : 1;
  int64_t shares = stripsInPanel * blockCount * (stripRows / tileN) * tileGroups;
  auto block = [&](Value rowBlock, Value inSlice, int64_t blockRowCount, int64_t blockWidth,
                   Value ordinal) {
    Value x = index.add(preparedStart(panel.matrix, index.add(slice, inSlice)),
                        index.mul(firstGroup, blockWidth * u32InGroup()));
    emitBlock(strip, rowBlock, inSlice, x, count, blockRowCount, blockWidth, [&](Value group) {
      if (ordinal)
        prefetch(panel, kTile, index.add(index.mul(ordinal, tileGroups), group), shares);
    });
  };
  // A known m has a last block of its own; others are padded with zeros.
  Value blocks = isStatic ? index.div(width, tileM) : index.ceilDiv(width, tileM);
  // x stays in the nearest cache while a strip's rows pass by.
  index.loop(blocks, [&](Value i) {
    index.loop(stripRows / tileN, [&](Value rowBlock) {
      Value ordinal = index.add(index.mul(strip, blockCount), i);
      ordinal = index.add(index.mul(ordinal, stripRows / tileN), rowBlock);
      block(rowBlock, index.mul(i, tileM), tileN, tileM, ordinal);
    });
  });
  if (lastM == 0)
    return;
  Value isLast = index.less(0, index.rem(width, tileM));
  index.ifElse(isLast, [&] {
    Value inSlice = index.mul(blocks, tileM);
    index.loop(stripRows / lastN,
               [&](Value rowBlock) { block(rowBlock, inSlice, lastN, lastM, {}); });
  });
}

void ProductLowering::prefetch(const PanelFields &panel, Value kTile, Value ordinal,
                               int64_t count) {
  if (!layout.fixedRate)
    return;
  Value units = index.mul(index.mul(index.add(kTile, 1), tileGroups / layout.groups), panel.strips);
  auto ask = [&](WeightBuffer kind, Value start, int64_t unitU32) {
    int64_t lines = divideUp(tileGroups / layout.groups * stripsInPanel * unitU32, laneCount);
    int64_t share = divideUp(lines, count);
    Value first = index.add(start, index.mul(units, unitU32));
    for (int64_t i = 0; i < share; ++i) {
      // Once all has been asked for, the last line again: that costs nothing.
      Value line = index.min(index.add(index.mul(ordinal, share), i), lines - 1);
      Value at = index.add(first, index.mul(line, laneCount));
      memref::PrefetchOp::create(builder, location, weightBuffer(kind), at, /*isWrite=*/false,
                                 /*localityHint=*/2, /*isDataCache=*/true);
    }
  };
  if (layout.onlyWords)
    return ask(WeightBuffer::Words, panel.words, groupU32);
  ask(WeightBuffer::Code, panel.code, layout.codeU32);
  if (layout.rawU32 != 0)
    ask(WeightBuffer::Raw, panel.raw, layout.rawU32);
}

/// Accumulators of `blockRowCount` outputs (half of them g, half g + 8) × `width` rows of x over
/// `count` groups.
void ProductLowering::emitBlock(Value strip, Value rowBlock, Value inSlice, Value xStart,
                                Value count, int64_t blockRowCount, int64_t width,
                                llvm::function_ref<void(Value)> eachGroup) {
  int64_t half = blockRowCount / 2;
  auto rowVector = VectorType::get({laneCount}, builder.getI32Type());
  Value firstRow = index.mul(rowBlock, half);
  Value firstSum = index.add(accumulatorsAt(inSlice, strip), index.mul(firstRow, laneCount));
  auto sumIndex = [&](int64_t c, int64_t parity, int64_t g) {
    int64_t row = c * stripRows + 8 * parity + g;
    return index.add(firstSum, row * laneCount);
  };
  auto forEachSum = [&](llvm::function_ref<void(int64_t, int64_t, int64_t)> visit) {
    for (int64_t parity = 0; parity < 2; ++parity)
      for (int64_t g = 0; g < half; ++g)
        for (int64_t c = 0; c < width; ++c)
          visit(c, parity, g);
  };
  SmallVector<Value> start;
  forEachSum([&](int64_t c, int64_t parity, int64_t g) {
    start.push_back(loadVector(accumulators, sumIndex(c, parity, g), builder.getF32Type()));
  });
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
        Value &sum = block[row * width + c];
        sum = dot(words, sum, x);
      };
      // Beside the accumulators, registers hold the side that has fewer, and one vector of the
      // other.
      if (blockRowCount <= width) {
        SmallVector<Value> words;
        for (int64_t row = 0; row < blockRowCount; ++row)
          words.push_back(loadRowVector(row));
        for (int64_t c = 0; c < width; ++c) {
          SmallVector<Value> x = loadRow(c);
          for (int64_t row = 0; row < blockRowCount; ++row)
            add(row, c, words[row], x);
        }
        continue;
      }
      SmallVector<SmallVector<Value>> x;
      for (int64_t c = 0; c < width; ++c)
        x.push_back(loadRow(c));
      for (int64_t row = 0; row < blockRowCount; ++row) {
        Value words = loadRowVector(row);
        for (int64_t c = 0; c < width; ++c)
          add(row, c, words, x[c]);
      }
    }
    return block;
  });
  size_t next = 0;
  forEachSum([&](int64_t c, int64_t parity, int64_t g) {
    storeVector(end[next++], accumulators, sumIndex(c, parity, g));
  });
}

} // namespace uwt::codegen
