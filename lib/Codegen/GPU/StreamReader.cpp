//===- StreamReader.cpp - Warps that read stream units --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamReader.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <algorithm>

using namespace mlir;

namespace uwt::codegen {

/// The column group of a record that is not there.
static constexpr int64_t noGroup = int64_t(1) << 20;

static StreamUnits::Panel ofPanel(const StreamItem &item) {
  return {item.panel.number, item.panel.strips, item.panel.code};
}

/// The units of a weight, for questions that need no code.
static StreamUnits unitsOf(MatmulOp op, const EmittedFormat &format, OpBuilder &builder) {
  return StreamUnits(builder, op.getLoc(), op.getWeightType(), format, Value());
}

StreamShape StreamShape::of(MatmulOp op, const EmittedFormat &format, const ProductPlan &plan,
                            int64_t warps) {
  // At 33 bytes a nanosecond and a latency of a microsecond 33 KB have to be on their way.
  constexpr int64_t bytesAhead = 48 * 1024;
  OpBuilder builder(op.getContext());
  StreamUnits units = unitsOf(op, format, builder);
  StreamShape shape;
  shape.warps = warps;
  shape.unitsOfStrip = units.unitsInStrip();
  shape.firstU32 = plan.decodesInShared ? plan.ring.stages * plan.stage().sizeU32 : 0;
  shape.tableU32 = static_cast<int64_t>(format.table.words());
  shape.roomU32 = plan.copiesByThreads ? 0 : units.roomU32();
  shape.rawU32 = plan.unit.rawU32;
  int64_t groupBytes = 4 * warps * plan.ctas * std::max<int64_t>(shape.rawU32, 1);
  shape.distance = std::clamp<int64_t>(bytesAhead / groupBytes, 1, 8);
  return shape;
}

Status checkStreams(MatmulOp op, const EmittedFormat &format) {
  OpBuilder builder(op.getContext());
  if (unitsOf(op, format, builder).isWholePanel())
    return unsupportedError(
        "a weight of at most 512 columns has stream units of four strips; use strategy buffer");
  if (format.format.escapes == Escapes::Rows64)
    return unsupportedError(
        "records of escapes=rows<64> are not in the order of columns; use strategy buffer");
  return ok();
}

int64_t streamSharedU32(MatmulOp op, const EmittedFormat &format, int64_t rooms) {
  OpBuilder builder(op.getContext());
  return static_cast<int64_t>(format.table.words()) +
         rooms * unitsOf(op, format, builder).roomU32();
}

void addStreamFacts(const StreamShape &shape, const EmittedFormat &format, const ProductPlan &plan,
                    PlanFacts &facts) {
  // Raw fields are what warps have on their way.
  facts.stages = static_cast<unsigned>(shape.distance);
  facts.stageBytes = static_cast<uint64_t>(4 * shape.warps * shape.rawU32);
  facts.decodesBeside = plan.decodesInShared;
  facts.streamWarps = static_cast<unsigned>(shape.warps * plan.ctas);
  // Of a numeral system's lane four threads look up each entry, and its symbol.
  facts.lookups = format.traits.rate == Rate::Ans ? 8 : 1.0 / format.table.symbols;
  constexpr double unitWeights = stripRows * fixedUnitColumns;
  facts.rawBytes = static_cast<double>(4 * shape.rawU32) / unitWeights;
}

StreamReader::StreamReader(const LaneCode &code, CompressedType type, const EmittedFormat &format,
                           const StreamShape &shape, const ProductArguments &arguments, Value lane,
                           Value reader)
    : LaneCode(code), shape(shape), type(type), arguments(arguments), lane(lane), reader(reader),
      units(builder, location, type, format, lane) {
  table = sharedView(shape.tableU32, builder.getI32Type(), shape.firstU32);
  if (!hasRooms())
    return;
  rooms = sharedView(shape.warps * shape.roomU32, builder.getI32Type(),
                     shape.firstU32 + shape.tableU32);
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(), gpu::AddressSpace::Workgroup);
  barriers = nvgpu::MBarrierCreateOp::create(
      builder, location, nvgpu::MBarrierGroupType::get(builder.getContext(), space, shape.warps));
}

void StreamReader::initBarriers() {
  if (!hasRooms())
    return;
  for (int64_t warp = 0; warp < shape.warps; ++warp)
    nvgpu::MBarrierInitOp::create(builder, location, barriers, index.constant(1),
                                  index.constant(warp), Value());
  // Copies complete on them through another proxy.
  NVVM::FenceMbarrierInitOp::create(builder, location);
}

void StreamReader::copyTable(Value thread, int64_t threads) {
  copyToShared(arguments.table, table, shape.tableU32, thread, threads);
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

StreamItem StreamReader::itemOf(const TilePanel &panel, Value strip, Value inStrip) {
  StreamItem item;
  item.panel = panel;
  item.strip = strip;
  item.inStrip = inStrip;
  item.number = asShort(index.add(index.mul(strip, shape.unitsOfStrip), inStrip));
  item.unit = units.unit(panel.strips, item.number);
  return item;
}

Value StreamReader::isCoded(const StreamItem &item) {
  Value isThere = index.less(item.strip, item.panel.strips);
  Value asWords = toI32(item.panel.storedAsWords);
  return bitAnd(isThere, equal(asWords, 0));
}

Value StreamReader::rawStride(const StreamItem &item) {
  return index.mul(item.panel.strips, shape.rawU32);
}

Value StreamReader::rawStart(const StreamItem &item) {
  Value unit = index.add(index.mul(item.unit.firstGroup, item.panel.strips), item.strip);
  return index.add(item.panel.raw, index.mul(unit, shape.rawU32));
}

StreamReader::Ahead StreamReader::aheadOf(const StreamItem &item) {
  Value begin = units.locate(arguments.code, ofPanel(item), item.number).begin;
  Value all = memref::DimOp::create(builder, location, arguments.code, 0);
  Value count = index.min(index.sub(all, begin), units.usualU32()); // u32
  return {begin, count, rawStart(item), rawStride(item), item.unit.groups};
}

StreamReader::Ahead StreamReader::lookAhead(llvm::function_ref<StreamItem(Value)> itemAt,
                                            Value number, Value instead) {
  Value isThere = isCoded(itemAt(number));
  return aheadOf(itemAt(select(isThere, number, instead)));
}

void StreamReader::prefetch(const Ahead &ahead) {
  Value groups = index.min(ahead.groups, shape.distance);
  index.loop(groups, [&](Value group) {
    prefetchRaw(index.add(ahead.raw, index.mul(group, ahead.stride)));
  });
  // A sector of the second-level cache a lane.
  constexpr int64_t sectorU32 = 8, warpU32 = warpLanes * sectorU32;
  Value own = index.mul(lane, sectorU32);
  index.loop(index.ceilDiv(ahead.codeU32, warpU32), [&](Value pass) {
    Value at = index.add(index.mul(pass, warpU32), own);
    at = index.min(at, index.sub(ahead.codeU32, 1));
    memref::PrefetchOp::create(builder, location, arguments.code,
                               ValueRange{index.add(ahead.code, at)}, /*isWrite=*/false,
                               /*localityHint=*/2, /*isDataCache=*/true);
  });
}

void StreamReader::prefetchRaw(Value groupStart) {
  // All of the group's sectors, whose lanes have the same share each.
  Value at = index.add(groupStart, index.mul(lane, shape.rawU32 / warpLanes));
  memref::PrefetchOp::create(builder, location, arguments.raw, ValueRange{at}, /*isWrite=*/false,
                             /*localityHint=*/2, /*isDataCache=*/true);
}

StreamUnits::Source StreamReader::copyUnit(const StreamItem &item, Value ordinal) {
  StreamUnits::Source plane = units.locate(arguments.code, ofPanel(item), item.number);
  // As far as the next unit; the panel's last one does not say how long it is.
  Value following = index.add(item.number, 1);
  Value end = units.locate(arguments.code, ofPanel(item), following).begin;
  Value isLast = equal(following, index.mul(item.panel.strips, shape.unitsOfStrip));
  Value isBackwards = index.less(end, plane.begin);
  Value isUnknown = bitOr(isLast, isBackwards);
  Value size = index.select(isUnknown, shape.roomU32, index.sub(end, plane.begin));
  // Whole runs of 16 bytes, of which a plane with blobs has at least one here.
  Value from = index.mul(index.div(plane.begin, 4), 4), shift = index.sub(plane.begin, from);
  Value all = memref::DimOp::create(builder, location, arguments.code, 0);
  Value count = index.mul(index.ceilDiv(index.add(index.add(shift, size), 1), 4), 4); // u32
  count = index.min(count, index.min(index.sub(all, from), shape.roomU32));
  Value roomBegin = index.mul(reader, shape.roomU32);
  index.ifElse(index.equal(lane, 0), [&] {
    Value bytes = index.mul(count, 4);
    nvgpu::MBarrierArriveExpectTxOp::create(builder, location, barriers, bytes, reader, Value());
    BulkCopyOp::create(builder, location, arguments.code, from, rooms, roomBegin, bytes, barriers,
                       reader,
                       /*multicast=*/Value(), builder.getUnitAttr());
  });
  waitForPhase(barriers, reader, ordinal);
  return {rooms, index.add(roomBegin, shift), index.sub(index.sub(count, shift), 1), plane.skipped};
}

StreamReader::Values StreamReader::decodeUnit(const StreamItem &item, Value ordinal,
                                              TypeRange types, llvm::function_ref<void()> meanwhile,
                                              Body body) {
  auto fromPlane = [&] {
    StreamUnits::Source plane = units.locate(arguments.code, ofPanel(item), item.number);
    return body(plane, units.header(plane, ofPanel(item), item.unit));
  };
  if (!hasRooms()) {
    meanwhile();
    return fromPlane();
  }
  StreamUnits::Source copied = copyUnit(item, ordinal);
  StreamUnits::Header header = units.header(copied, ofPanel(item), item.unit);
  meanwhile();
  Values results = either(
      index.less(header.sizeU32, index.add(copied.last, 2)), types,
      [&] { return body(copied, header); }, fromPlane);
  // All lanes have read the room before the next copy into it.
  warpBarrier();
  return results;
}

//===----------------------------------------------------------------------===//
// Column groups
//===----------------------------------------------------------------------===//

Value StreamReader::groupOfRecord(const StreamUnits::Source &source,
                                  const StreamUnits::Header &header, Value record) {
  Value position = units.u32At(source, index.add(header.records, record));
  Value group = index.div(toIndex(bits(position, 24, 8)), 4);
  return index.select(index.less(record, header.recordCount), group, noGroup);
}

StreamReader::Values StreamReader::begin(const StreamUnits::Source &source,
                                         const StreamUnits::Header &header) {
  Values carried(header.state);
  if (hasEscapes()) {
    Value first = index.constant(0);
    carried.append({first, groupOfRecord(source, header, first)});
  }
  return carried;
}

StreamReader::Values StreamReader::decodeGroup(const StreamItem &item, Value group,
                                               const StreamUnits::Source &source, ValueRange state,
                                               ValueRange classOffsets) {
  Value rawAt = index.add(rawStart(item), index.mul(group, rawStride(item)));
  index.ifElse(index.less(index.add(group, shape.distance), item.unit.groups),
               [&] { prefetchRaw(index.add(rawAt, index.mul(rawStride(item), shape.distance))); });
  return units.decode(item.unit, group, arguments.raw, rawAt, source, state, table, classOffsets);
}

Value StreamReader::isNext(ValueRange records, Value group) {
  return index.less(records[1], index.add(group, 1));
}

StreamReader::Values StreamReader::loadWords(const StreamItem &item, Value group) {
  Value unit = index.add(index.mul(group, item.panel.strips), item.strip);
  Value at = index.add(item.panel.words, index.mul(unit, wordUnitU32));
  auto fragment = VectorType::get({4}, builder.getI32Type());
  auto words =
      DecodeFragmentOp::create(builder, location, SmallVector<Type>(4, fragment), type.getFormat(),
                               TypeAttr::get(type.getElementType()), lane, arguments.words, at,
                               Value(), Value(), ValueRange(), Value(), builder.getUnitAttr());
  return Values(words.getResults());
}

StreamReader::Values StreamReader::applyRecords(const StreamUnits::Source &source,
                                                const StreamUnits::Header &header,
                                                ValueRange records, Value group,
                                                llvm::function_ref<void(Value)> apply) {
  // Records rise (escape-1): those of this column group come next, and few.
  SmallVector<Type> types(2, builder.getIndexType());
  auto loop = scf::WhileOp::create(builder, location, types, records);
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Location> locations(2, location);
  Block *test = builder.createBlock(&loop.getBefore(), {}, types, locations);
  scf::ConditionOp::create(builder, location, isNext(test->getArguments(), group),
                           test->getArguments());
  Block *body = builder.createBlock(&loop.getAfter(), {}, types, locations);
  Value record = units.u32At(source, index.add(header.records, body->getArgument(0)));
  index.ifElse(index.equal(lane, 0), [&] { apply(record); });
  Value following = index.add(body->getArgument(0), 1);
  scf::YieldOp::create(builder, location,
                       ValueRange{following, groupOfRecord(source, header, following)});
  return Values(loop.getResults());
}

StreamReader::Values StreamReader::classOffsets(const StreamItem &item) {
  return units.classes(arguments.classes, item.panel.number, item.strip);
}

} // namespace uwt::codegen
