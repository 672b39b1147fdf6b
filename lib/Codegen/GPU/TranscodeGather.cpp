//===- TranscodeGather.cpp - Rows of a weight by their numbers ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Four lanes of a unit's fragments have a row of it, and one eight rows behind: so a warp gathers
// eight units of a row at a time, of each of which four lanes read their part alone.
//
//===----------------------------------------------------------------------===//

#include "Transcode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace uwt::codegen {

TranscodeBuilder::RowOfId TranscodeBuilder::rowOfId(Value i) {
  // Ids of 64 bits are two u32 each.
  Value size = memref::DimOp::create(builder, location, ids, 0);
  Value isWide = index.less(m, size);
  Value at = index.select(isWide, index.mul(i, 2), i);
  Value low = load(ids, at);
  Value last = load(ids, index.select(isWide, index.add(at, 1), at));
  Value high = select(isWide, last, lshr(last, 31));
  Value row = toIndex(low);
  return {row, bitAnd(equal(high, 0), index.less(row, rows))};
}

void TranscodeBuilder::buildGather(Value item) {
  Value i = index.div(item, itemsOfRow());
  Value firstGroup = index.mul(index.rem(item, itemsOfRow()), gatheredGroups);
  RowOfId id = rowOfId(i);
  output->denseRows().gather({index.rem(id.row, stripRows), i});
  index.ifElse(
      id.isThere, [&] { gatherRow(id.row, firstGroup); }, [&] { gatherNothing(firstGroup); });
}

void TranscodeBuilder::gatherRow(Value row, Value firstGroup) {
  TranscodePanel panel = loadPanel(index.div(row, panelRows));
  Value strip = index.rem(index.div(row, stripRows), panelRows / stripRows);
  Value inStrip = index.rem(row, stripRows);
  Value reader = index.add(index.mul(index.rem(inStrip, 8), 4), index.rem(lane, 4));
  // Behind the last group nothing is stored.
  FixedUnit own{index.add(firstGroup, index.div(lane, 4)), strip};
  FixedUnit read{index.min(own.group, groups - 1), strip};
  output->denseRows().storeGathered(own, decodeFixed(panel, read, reader));
  if (!layout.hasEscapes)
    return;
  Value there = index.min(gatheredGroups, index.sub(groups, firstGroup));
  index.loop(there,
             [&](Value number) { patchFixed(panel, {index.add(firstGroup, number), strip}); });
}

void TranscodeBuilder::gatherNothing(Value firstGroup) {
  LaneBuilder lanes(builder, location, VectorType::get({4}, builder.getI32Type()));
  FixedUnit own{index.add(firstGroup, index.div(lane, 4)), index.constant(0)};
  output->denseRows().storeGathered(own, Values(4, lanes.constant(0)));
  Value size = memref::DimOp::create(builder, location, outside, 0);
  index.ifElse(bitAnd(index.less(0, size), index.equal(lane, 0)), [&] {
    memref::AtomicRMWOp::create(builder, location, arith::AtomicRMWKind::ori, constant(1), outside,
                                ValueRange{index.constant(0)});
  });
}

Status TranscodeBuilder::checkGather(CompressedType type, const EmittedFormat &format) {
  UWT_RETURN_IF_ERROR(checkWeight(type, format));
  if (isVariable(format.traits.rate))
    return unsupportedError("rows are gathered from formats with units of a fixed size, like " +
                            deviceFormatsText() + ", not from '" + format.format.str() + "'");
  return ok();
}

} // namespace uwt::codegen
