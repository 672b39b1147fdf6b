//===- StreamConsumer.cpp - Warps that multiply stream units --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamConsumer.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {

StreamConsumer::StreamConsumer(const LaneCode &code, MatmulOp op, const ProductPlan &plan,
                               const ProductArguments &arguments, const CtaThread &own,
                               StreamReader &streams, ScratchMemory &scratch)
    : LaneCode(code), plan(plan), shape(streams.shape), arguments(arguments), own(own),
      streams(streams), scratch(scratch), slices(index.ceilDiv(arguments.m, plan.tile.m())),
      partialsBegin(index.mul(slices, plan.packedU32())),
      panels(code, plan, arguments, /*rank=*/Value()),
      mma(code, op.getWeightType().getElementType(), plan.tile.mTiles),
      partials(code, arguments.workspace, arguments.counters, own.lane),
      output(code, plan, {op, arguments.y, arguments.yStride, arguments.m, arguments.extras},
             partials, scratch, own.lane) {}

Value StreamConsumer::itemCount() {
  int64_t ofSlice = panelStrips * plan.problem.panels() * shape.unitsOfStrip;
  return asShort(index.mul(slices, ofSlice));
}

StreamItem StreamConsumer::itemAt(Value number) {
  // Strips first: warps of a CTA read the same x. Then slices: those that come later find the
  // weights in the second-level cache.
  int64_t count = plan.problem.panels();
  Value rest = index.div(number, panelStrips), unit = divideShort(rest, slices);
  Value slice = asShort(index.sub(rest, index.mul(unit, slices)));
  Value outputTile = asShort(index.add(index.mul(slice, count), index.rem(unit, count)));
  return streams.itemOf(panels.find(outputTile, index.constant(0)), index.rem(number, panelStrips),
                        index.div(unit, count));
}

Value StreamConsumer::buildItem(Value number, Value following, Value decoded) {
  StreamItem item = itemAt(number);
  auto itemOfNumber = [&](Value other) { return itemAt(other); };
  auto isThere = [&] {
    SmallVector<Type> types(plan.tile.mTiles, mma.zero().getType());
    types.push_back(builder.getIndexType());
    auto with = [&](Values accumulators, Value next) {
      accumulators.push_back(next);
      return accumulators;
    };
    Values done = either(
        item.panel.storedAsWords, types, [&] { return with(multiplyWords(item), decoded); },
        [&] {
          StreamReader::Ahead ahead = streams.lookAhead(itemOfNumber, following, number);
          return with(multiplyCoded(item, ahead, decoded), index.add(decoded, 1));
        });
    Values totals = partials.flat(ArrayRef<Value>(done).drop_back());
    if (shape.unitsOfStrip == 1)
      output.store(item.strip, item.panel, totals);
    else
      addPartials(item, totals);
    return Values{done.back()};
  };
  return either(index.less(item.strip, item.panel.strips), TypeRange{builder.getIndexType()},
                isThere, [&] { return Values{decoded}; })[0];
}

StreamConsumer::Values StreamConsumer::multiplyGroup(const StreamItem &item, Value group,
                                                     ValueRange fragments,
                                                     ValueRange accumulators) {
  Value at = index.add(item.unit.firstGroup, group);
  at = index.mul(at, plan.tile.packedGroupU32());
  at = index.add(at, index.mul(item.panel.slice, plan.packedU32())); // u32 of the workspace
  return mma.multiply(fragments, arguments.workspace, index.add(at, index.mul(own.lane, laneU32)),
                      accumulators);
}

StreamConsumer::Values StreamConsumer::multiplyWords(const StreamItem &item) {
  Values zeros(plan.tile.mTiles, mma.zero());
  return index.loop(item.unit.groups, zeros, [&](Value group, ValueRange carried) {
    Values words = streams.loadWords(item, index.add(item.unit.firstGroup, group));
    return multiplyGroup(item, group, words, carried);
  });
}

StreamConsumer::Values StreamConsumer::multiplyCoded(const StreamItem &item,
                                                     const StreamReader::Ahead &ahead,
                                                     Value decoded) {
  SmallVector<Type> types(plan.tile.mTiles, mma.zero().getType());
  return streams.decodeUnit(
      item, decoded, types, [&] { streams.prefetch(ahead); },
      [&](const StreamUnits::Source &source, const StreamUnits::Header &header) {
        return multiplyUnit(item, source, header);
      });
}

StreamConsumer::Values StreamConsumer::multiplyUnit(const StreamItem &item,
                                                    const StreamUnits::Source &source,
                                                    const StreamUnits::Header &header) {
  Values carried = streams.begin(source, header);
  Values classOffsets = streams.classOffsets(item);
  carried.append(plan.tile.mTiles, mma.zero());
  Values after = index.loop(item.unit.groups, carried, [&](Value group, ValueRange now) {
    ValueRange accumulators = now.drop_front(streams.carriedCount());
    Values decoded = streams.decodeGroup(item, group, source, now.take_front(4), classOffsets);
    ValueRange fragments = ArrayRef<Value>(decoded).take_front(4);
    Values next(ArrayRef<Value>(decoded).drop_front(4));
    if (!streams.hasEscapes()) {
      llvm::append_range(next, multiplyGroup(item, group, fragments, accumulators));
      return next;
    }
    ValueRange records = now.slice(4, 2), handedOn = now.drop_front(4);
    Values results = either(
        streams.isNext(records, group), handedOn.getTypes(),
        [&] {
          return multiplyEscaped(item, group, fragments, accumulators, source, header, records);
        },
        [&] {
          Values same(records);
          llvm::append_range(same, multiplyGroup(item, group, fragments, accumulators));
          return same;
        });
    llvm::append_range(next, results);
    return next;
  });
  return Values(ArrayRef<Value>(after).drop_front(streams.carriedCount()));
}

StreamConsumer::Values StreamConsumer::transposed(ValueRange vectors) {
  SmallVector<Values> elements;
  for (Value vector : vectors)
    elements.push_back(
        Values(vector::ToElementsOp::create(builder, location, vector).getElements()));
  Values results;
  for (size_t i = 0; i < 4; ++i)
    results.push_back(vector::FromElementsOp::create(
        builder, location, cast<VectorType>(vectors[0].getType()),
        ValueRange{elements[0][i], elements[1][i], elements[2][i], elements[3][i]}));
  return results;
}

StreamConsumer::Values
StreamConsumer::multiplyEscaped(const StreamItem &item, Value group, ValueRange fragments,
                                ValueRange accumulators, const StreamUnits::Source &source,
                                const StreamUnits::Header &header, ValueRange records) {
  // In the order of records, a block's registers one behind the other, as products want them: in
  // another order ptxas would move all registers, also where there are no escapes.
  Value mine = index.mul(own.warp, wordUnitU32);
  Value ofLane = index.add(mine, index.mul(own.lane, laneU32));
  warpBarrier();
  scratch.storeFragments(transposed(fragments), mine);
  warpBarrier();
  Values result = streams.applyRecords(source, header, records, group, [&](Value record) {
    // escape-2: value, half, register, lane, block (docs/formats.md).
    scratch.storeHalf(record, index.add(mine, toIndex(bits(record, 17, 9))));
  });
  warpBarrier();
  Values blocks;
  for (int64_t block = 0; block < 4; ++block)
    blocks.push_back(loadVector(scratch.buffer(), index.add(ofLane, operandU32 * block), 4,
                                builder.getI32Type()));
  Values patched = transposed(blocks);
  llvm::append_range(result, multiplyGroup(item, group, patched, accumulators));
  warpBarrier();
  return result;
}

StreamConsumer::Values StreamConsumer::offsetsOf(const StreamItem &item, Value inStrip) {
  Value at = index.add(index.mul(item.panel.outputTile, shape.unitsOfStrip), inStrip);
  at = index.mul(index.add(index.mul(at, panelStrips), item.strip), plan.tile.mTiles);
  Values offsets;
  for (int64_t mTile = 0; mTile < plan.tile.mTiles; ++mTile) {
    Value offset = index.add(index.mul(index.add(at, mTile), accumulatorTileF32),
                             index.mul(own.lane, laneU32));
    offsets.push_back(index.add(partialsBegin, offset));
  }
  return offsets;
}

void StreamConsumer::addPartials(const StreamItem &item, ValueRange totals) {
  auto offsets = [&](Value inStrip) { return offsetsOf(item, inStrip); };
  Value counter = index.add(index.mul(item.panel.outputTile, panelStrips), item.strip);
  // A number that LLVM knows it would unroll the loop by, for all of whose loads there are no
  // registers.
  Value others = sameInWarp(index.constant(shape.unitsOfStrip - 1));
  Value first = index.constant(0), zero = partials.zero();
  partials.store(totals, offsets(item.inStrip));
  Value isComplete = partials.count({counter, item.inStrip, first, others});
  index.ifElse(isComplete, [&] {
    Values zeros(totals.size(), zero);
    Values all = partials.add(zeros, first, index.add(others, 1), offsets);
    output.store(item.strip, item.panel, all);
  });
}

} // namespace uwt::codegen
