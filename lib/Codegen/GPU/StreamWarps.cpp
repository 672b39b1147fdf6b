//===- StreamWarps.cpp - Warps that read stream units ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamWarps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <algorithm>

using namespace mlir;

namespace uwt {

/// The group of a record that is not there.
static constexpr int64_t noGroup = int64_t(1) << 20;

StreamWarps::StreamWarps(SkinnyKernels &kernels, int64_t warps)
    : kernels(kernels), format(kernels.format), builder(kernels.builder),
      location(kernels.location), index(builder, location), warps(warps),
      units(std::in_place, builder, location, kernels.op.getWeightType(), format, Value()) {
  // At 33 bytes a nanosecond and a latency of a microsecond 33 KB have to be on their way.
  constexpr int64_t bytesAhead = 48 * 1024;
  inRow = units->unitsInRow();
  room = hasRooms() ? units->usualWords() : 0;
  int64_t groupBytes = 4 * warps * kernels.plan.ctas * std::max<int64_t>(kernels.plan.rawWords, 1);
  distance = std::clamp<int64_t>(bytesAhead / groupBytes, 1, 8);
}

Status StreamWarps::checkProduct(MatmulOp op, const EmittedFormat &format) {
  OpBuilder builder(op.getContext());
  StreamUnits units(builder, op.getLoc(), op.getWeightType(), format, Value());
  if (units.isWholePanel())
    return unsupportedError(
        "a weight of at most 512 columns has stream units of four strips; use strategy buffer");
  if (format.format.escapes == Escapes::Rows64)
    return unsupportedError(
        "records of escapes=rows<64> are not in the order of columns; use strategy buffer");
  return ok();
}

void StreamWarps::addFacts(PlanFacts &facts) const {
  // Raw fields are what warps have on their way.
  facts.stages = static_cast<unsigned>(distance);
  facts.stageBytes = static_cast<uint64_t>(4 * warps * kernels.plan.rawWords);
  facts.decodesBeside = kernels.plan.isShared;
  facts.streamWarps = static_cast<unsigned>(warps * kernels.plan.ctas);
  facts.lookups = 1.0 / format.table.symbols;
  constexpr double unitWeights = 1024;
  facts.rawBytes = static_cast<double>(4 * kernels.plan.rawWords) / unitWeights;
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

int64_t StreamWarps::streamWordsOf(MatmulOp op, const EmittedFormat &format, int64_t rooms) {
  OpBuilder builder(op.getContext());
  StreamUnits units(builder, op.getLoc(), op.getWeightType(), format, Value());
  return static_cast<int64_t>(format.table.words()) + rooms * units.usualWords();
}

void StreamWarps::layOutStreams(int64_t first, Value number) {
  reader = number;
  sharedTable = kernels.sharedView(tableWords(), builder.getI32Type(), first);
  units.emplace(builder, location, kernels.op.getWeightType(), format, kernels.lane);
  if (!hasRooms())
    return;
  rooms = kernels.sharedView(warps * room, builder.getI32Type(), first + tableWords());
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(), gpu::AddressSpace::Workgroup);
  barriers = nvgpu::MBarrierCreateOp::create(
      builder, location, nvgpu::MBarrierGroupType::get(builder.getContext(), space, warps));
}

void StreamWarps::initStreamBarriers() {
  if (!hasRooms())
    return;
  for (int64_t warp = 0; warp < warps; ++warp)
    nvgpu::MBarrierInitOp::create(builder, location, barriers, index.constant(1),
                                  index.constant(warp), Value());
  // Copies complete on them through another proxy.
  NVVM::FenceMbarrierInitOp::create(builder, location);
}

void StreamWarps::copyTable(Value thread, int64_t threads) {
  kernels.copyToShared(kernels.table, sharedTable, tableWords(), thread, threads);
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

StreamWarps::Item StreamWarps::itemOf(const Panel &panel, Value strip, Value part) {
  Item item;
  item.panel = panel;
  item.strip = strip;
  item.part = part;
  item.number = kernels.asShort(index.add(index.mul(strip, inRow), part));
  item.unit = units->unit(panel.strips, item.number);
  return item;
}

Value StreamWarps::isCoded(const Item &item) {
  Value isThere = index.less(item.strip, item.panel.strips);
  Value asWords =
      arith::ExtUIOp::create(builder, location, builder.getI32Type(), item.panel.storedAsWords);
  return kernels.both(isThere, kernels.equal(asWords, kernels.constantI32(0)));
}

Value StreamWarps::rawStride(const Item &item) {
  return index.mul(item.panel.strips, kernels.plan.rawWords);
}

Value StreamWarps::rawStart(const Item &item) {
  Value unit = index.add(index.mul(item.unit.firstGroup, item.panel.strips), item.strip);
  return index.add(item.panel.raw, index.mul(unit, kernels.plan.rawWords));
}

StreamWarps::Ahead StreamWarps::aheadOf(const Item &item) {
  Value begin = units->locate(kernels.code, item.panel.code, item.number).begin;
  Value all = memref::DimOp::create(builder, location, kernels.code, 0);
  Value words = index.min(index.sub(all, begin), index.constant(units->usualWords()));
  return {begin, words, rawStart(item), rawStride(item), item.unit.groups};
}

StreamWarps::Ahead StreamWarps::lookAhead(Value number, Value instead) {
  Value isThere = isCoded(itemAt(number));
  return aheadOf(itemAt(arith::SelectOp::create(builder, location, isThere, number, instead)));
}

void StreamWarps::prefetch(const Ahead &ahead) {
  Value groups = index.min(ahead.groups, index.constant(distance));
  index.loop(groups, [&](Value group) {
    prefetchRaw(index.add(ahead.raw, index.mul(group, ahead.stride)));
  });
  // A sector of the second-level cache a lane.
  constexpr int64_t sectorWords = 8, warpWords = 32 * sectorWords;
  Value own = index.mul(kernels.lane, sectorWords);
  index.loop(index.ceilDiv(ahead.codeWords, warpWords), [&](Value round) {
    Value at = index.add(index.mul(round, warpWords), own);
    at = index.min(at, index.sub(ahead.codeWords, index.constant(1)));
    memref::PrefetchOp::create(builder, location, kernels.code,
                               ValueRange{index.add(ahead.code, at)}, /*isWrite=*/false,
                               /*localityHint=*/2, /*isDataCache=*/true);
  });
}

void StreamWarps::prefetchRaw(Value groupStart) {
  // All of the group's sectors, whose lanes have the same share each.
  Value at = index.add(groupStart, index.mul(kernels.lane, kernels.plan.rawWords / 32));
  memref::PrefetchOp::create(builder, location, kernels.raw, ValueRange{at}, /*isWrite=*/false,
                             /*localityHint=*/2, /*isDataCache=*/true);
}

StreamUnits::Source StreamWarps::copyUnit(const Item &item, Value round) {
  StreamUnits::Source plane = units->locate(kernels.code, item.panel.code, item.number);
  // As far as the next unit; the panel's last one does not say how long it is.
  Value following = index.add(item.number, 1);
  Value end = units->locate(kernels.code, item.panel.code, following).begin;
  Value isLast = kernels.equal(following, index.mul(item.panel.strips, inRow));
  Value isBackwards = index.less(end, plane.begin);
  Value isUnknown = arith::OrIOp::create(builder, location, isLast, isBackwards);
  Value size = arith::SelectOp::create(builder, location, isUnknown, index.constant(room),
                                       index.sub(end, plane.begin));
  // Whole runs of 16 bytes, of which a plane with blobs has at least one here.
  Value from = index.mul(index.div(plane.begin, 4), 4), shift = index.sub(plane.begin, from);
  Value all = memref::DimOp::create(builder, location, kernels.code, 0);
  Value words = index.mul(index.ceilDiv(index.add(index.add(shift, size), 1), 4), 4);
  words = index.min(words, index.min(index.sub(all, from), index.constant(room)));
  Value slot = index.mul(reader, room);
  index.ifElse(kernels.equal(kernels.lane, index.constant(0)), [&] {
    Value bytes = index.mul(words, 4);
    nvgpu::MBarrierArriveExpectTxOp::create(builder, location, barriers, bytes, reader, Value());
    BulkCopyOp::create(builder, location, kernels.code, from, rooms, slot, bytes, barriers, reader,
                       /*multicast=*/Value(), builder.getUnitAttr());
  });
  kernels.waitForPhase(barriers, reader, round);
  return {rooms, index.add(slot, shift), index.sub(index.sub(words, shift), index.constant(1))};
}

StreamWarps::Values StreamWarps::decodeUnit(
    const Item &item, Value round, TypeRange types, llvm::function_ref<void()> meanwhile,
    llvm::function_ref<Values(const StreamUnits::Source &, const StreamUnits::Header &)> body) {
  auto fromPlane = [&] {
    StreamUnits::Source plane = units->locate(kernels.code, item.panel.code, item.number);
    return body(plane, units->header(plane));
  };
  if (!hasRooms()) {
    meanwhile();
    return fromPlane();
  }
  StreamUnits::Source copied = copyUnit(item, round);
  StreamUnits::Header header = units->header(copied);
  meanwhile();
  Values results = kernels.either(
      index.less(header.words, index.add(copied.last, 2)), types,
      [&] { return body(copied, header); }, fromPlane);
  // All lanes have read the room before the next copy into it.
  kernels.warpBarrier();
  return results;
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

Value StreamWarps::groupOfRecord(const StreamUnits::Source &source,
                                 const StreamUnits::Header &header, Value record) {
  Value word = units->word(source, index.add(header.records, record));
  Value group = index.div(kernels.toIndex(kernels.bits(word, 24, 8)), 4);
  return arith::SelectOp::create(builder, location, index.less(record, header.recordCount), group,
                                 index.constant(noGroup));
}

StreamWarps::Values StreamWarps::begin(const StreamUnits::Source &source,
                                       const StreamUnits::Header &header) {
  Values carried(header.state);
  if (hasEscapes()) {
    Value first = index.constant(0);
    carried.append({first, groupOfRecord(source, header, first)});
  }
  return carried;
}

StreamWarps::Values StreamWarps::decodeGroup(const Item &item, Value group,
                                             const StreamUnits::Source &source, ValueRange state,
                                             ValueRange classPlaces) {
  Value rawAt = index.add(rawStart(item), index.mul(group, rawStride(item)));
  index.ifElse(index.less(index.add(group, distance), item.unit.groups),
               [&] { prefetchRaw(index.add(rawAt, index.mul(rawStride(item), distance))); });
  return units->decode(item.unit, group, kernels.raw, rawAt, source, state, sharedTable,
                       classPlaces);
}

Value StreamWarps::isNext(ValueRange records, Value group) {
  return index.less(records[1], index.add(group, 1));
}

StreamWarps::Values StreamWarps::loadWords(const Item &item, Value group) {
  Value unit = index.add(index.mul(group, item.panel.strips), item.strip);
  Value at = index.add(item.panel.words, index.mul(unit, SkinnyPlan::unitWords));
  auto fragment = VectorType::get({4}, builder.getI32Type());
  auto words = DecodeFragmentOp::create(
      builder, location, SmallVector<Type>(4, fragment), kernels.op.getWeightType().getFormat(),
      TypeAttr::get(kernels.op.getWeightType().getElementType()), kernels.lane, kernels.words, at,
      Value(), Value(), ValueRange(), builder.getUnitAttr());
  return Values(words.getResults());
}

void StreamWarps::storeFragments(ValueRange fragments, Value unitAt) {
  Value mine = index.add(unitAt, index.mul(kernels.lane, 4));
  for (auto [r, fragment] : llvm::enumerate(fragments))
    kernels.storeVector(fragment, kernels.scratchWords,
                        index.add(mine, 128 * static_cast<int64_t>(r)));
}

StreamWarps::Values StreamWarps::applyRecords(const StreamUnits::Source &source,
                                              const StreamUnits::Header &header, ValueRange records,
                                              Value group, Value unitAt) {
  return applyRecords(source, header, records, group,
                      [&](Value record) { kernels.applyWord(record, unitAt); });
}

StreamWarps::Values StreamWarps::applyRecords(const StreamUnits::Source &source,
                                              const StreamUnits::Header &header, ValueRange records,
                                              Value group, llvm::function_ref<void(Value)> apply) {
  // Records rise (escape-1): those of this group come next, and few.
  SmallVector<Type> types(2, builder.getIndexType());
  auto loop = scf::WhileOp::create(builder, location, types, records);
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Location> locations(2, location);
  Block *test = builder.createBlock(&loop.getBefore(), {}, types, locations);
  scf::ConditionOp::create(builder, location, isNext(test->getArguments(), group),
                           test->getArguments());
  Block *body = builder.createBlock(&loop.getAfter(), {}, types, locations);
  Value record = units->word(source, index.add(header.records, body->getArgument(0)));
  index.ifElse(kernels.equal(kernels.lane, index.constant(0)), [&] { apply(record); });
  Value following = index.add(body->getArgument(0), 1);
  scf::YieldOp::create(builder, location,
                       ValueRange{following, groupOfRecord(source, header, following)});
  return Values(loop.getResults());
}

} // namespace uwt
