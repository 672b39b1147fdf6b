//===- SharedDecoder.cpp - The role that decodes for others ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedDecoder.h"

using namespace mlir;

namespace uwt::codegen {

DecoderThread findDecoderThread(const LaneCode &code, const ProductPlan &plan,
                                const LaneCode::CtaThread &thread) {
  Indices index = code.index;
  DecoderThread own;
  own.number = index.sub(thread.warp, plan.tile.consumerWarps());
  own.member = index.div(own.number, panelStrips);
  own.strip = index.rem(own.number, panelStrips);
  own.copiesX = index.equal(own.number, 0);
  own.lane = thread.lane;
  return own;
}

SharedDecoder::SharedDecoder(const LaneCode &code, const ProductPlan &plan, RingWork &work,
                             StageCopies &copies, StreamReader &streams, ScratchMemory &scratch,
                             const DecoderThread &own)
    : LaneCode(code), plan(plan), layout(plan.stage()), shape(plan.work()),
      partition(work.partition), ring(work.ring), panels(work.panels), copies(copies),
      streams(streams), scratch(scratch), own(own) {}

Status SharedDecoder::checkProduct(MatmulOp op, const EmittedFormat &format) {
  if (!isVariable(format.traits.rate))
    return unsupportedError("threads decode format '" + format.format.str() +
                            "' straight into registers; use strategy direct");
  return checkStreams(op, format);
}

int64_t SharedDecoder::u32BesideRing(MatmulOp op, const EmittedFormat &format,
                                     const ProductPlan &plan) {
  return streamSharedU32(op, format, plan.copiesByThreads ? 0 : plan.decoderWarps());
}

SharedDecoder::Run SharedDecoder::runAt(Value number) {
  Run run;
  run.outputTile = index.div(number, shape.kIterations);
  Value inTile = index.rem(number, shape.kIterations);
  run.item = streams.itemOf(panels.find(run.outputTile, own.member), own.strip, inTile);
  run.kTile = index.mul(inTile, shape.kTilesPerIteration);
  run.ordinal = asShort(index.sub(index.add(index.mul(run.outputTile, shape.kTiles), run.kTile),
                                  partition.firstKTile()));
  run.kTiles = index.min(index.sub(shape.kTiles, run.kTile), shape.kTilesPerIteration);
  return run;
}

void SharedDecoder::build() {
  Value first = partition.iterationBegin(partition.workUnit());
  Value end = partition.iterationBegin(index.add(partition.workUnit(), 1));
  Value count = index.sub(end, first);
  // Weights do not depend on the kernel before this one.
  index.ifElse(index.less(first, end), [&] {
    StreamItem item = runAt(first).item;
    index.ifElse(streams.isCoded(item), [&] { streams.prefetch(streams.aheadOf(item)); });
  });
  // x does.
  index.ifElse(own.copiesX, [&] { GridDependencyWaitOp::create(builder, location); });
  index.loop(count, {index.constant(0)}, [&](Value i, ValueRange carried) {
    Value number = index.add(first, i), following = index.add(number, 1);
    following = select(index.less(following, end), following, number);
    return Values{buildRun(number, following, carried[0])};
  });
  index.ifElse(own.copiesX, [&] { LaunchDependentsOp::create(builder, location); });
}

Value SharedDecoder::buildRun(Value number, Value following, Value decoded) {
  Run run = runAt(number);
  auto itemAt = [&](Value other) { return runAt(other).item; };
  auto coded = [&] {
    StreamReader::Ahead ahead = streams.lookAhead(itemAt, following, number);
    streams.decodeUnit(
        run.item, decoded, {}, [&] { streams.prefetch(ahead); },
        [&](const StreamUnits::Source &source, const StreamUnits::Header &header) {
          decodeCoded(run, source, header);
          return Values();
        });
    return Values{index.add(decoded, 1)};
  };
  auto asWords = [&] {
    copyWords(run);
    return Values{decoded};
  };
  // Strips that the last panel does not have: the warp only keeps pace.
  auto absent = [&] {
    forEachKTile(run, {}, [](const Stage &, Value, ValueRange) { return Values(); });
    return Values{decoded};
  };
  Type type = builder.getIndexType();
  auto isThere = [&] { return either(run.item.panel.storedAsWords, type, asWords, coded); };
  return either(index.less(own.strip, run.item.panel.strips), type, isThere, absent)[0];
}

SharedDecoder::Values SharedDecoder::forEachKTile(const Run &run, ValueRange carried, Body body) {
  return index.loop(run.kTiles, Values(carried), [&](Value i, ValueRange now) {
    Stage stage = ring.stage(run.outputTile, index.add(run.kTile, i),
                             ring.stateOf(index.add(run.ordinal, i)));
    ring.waitEmpty(stage);
    index.ifElse(own.copiesX, [&] { beginX(stage); });
    Values next = body(stage, index.mul(i, plan.ring.groupsPerKTile()), now);
    index.ifElse(own.copiesX, [&] { endX(); });
    // All lanes have written before one says so.
    warpBarrier();
    index.ifElse(index.equal(own.lane, 0), [&] { ring.arriveFull(stage); });
    return next;
  });
}

void SharedDecoder::beginX(const Stage &stage) {
  if (plan.copiesByThreads)
    return copies.copyX(stage);
  index.ifElse(index.equal(own.lane, 0), [&] {
    copies.expectX(stage);
    copies.copyX(stage);
  });
}

void SharedDecoder::endX() {
  if (plan.copiesByThreads)
    copies.endGroup(0);
}

Value SharedDecoder::unitIn(const Stage &stage, const StreamItem &item, Value group) {
  Value unit = index.add(index.mul(group, item.panel.strips), own.strip);
  Value region = index.add(stage.begin, index.mul(own.member, layout.regionU32));
  return asShort(index.add(region, index.mul(unit, wordUnitU32)));
}

void SharedDecoder::copyWords(const Run &run) {
  forEachKTile(run, {}, [&](const Stage &stage, Value first, ValueRange) {
    index.loop(stage.groups, [&](Value inStage) {
      Value group = index.add(run.item.unit.firstGroup, index.add(first, inStage));
      scratch.storeFragments(streams.loadWords(run.item, group), unitIn(stage, run.item, inStage));
    });
    return Values();
  });
}

SharedDecoder::Values SharedDecoder::decodeGroup(const StreamItem &item, const Stage &stage,
                                                 Value first, Value inStage, ValueRange state,
                                                 const StreamUnits::Source &source,
                                                 const StreamUnits::Header &header,
                                                 ValueRange classOffsets) {
  Value group = index.add(first, inStage), unitAt = unitIn(stage, item, inStage);
  Values decoded = streams.decodeGroup(item, group, source, state.take_front(4), classOffsets);
  scratch.storeFragments(ArrayRef<Value>(decoded).take_front(4), unitAt);
  Values next(ArrayRef<Value>(decoded).drop_front(4));
  if (!streams.hasEscapes())
    return next;
  ValueRange records = state.drop_front(4);
  auto apply = [&](Value record) { scratch.applyRecord(record, unitAt); };
  llvm::append_range(next, either(
                               streams.isNext(records, group), records.getTypes(),
                               [&] {
                                 // Lanes' words are there before one changes them.
                                 warpBarrier();
                                 return streams.applyRecords(source, header, records, group, apply);
                               },
                               [&] { return Values(records); }));
  return next;
}

SharedDecoder::Values SharedDecoder::decodeCoded(const Run &run, const StreamUnits::Source &source,
                                                 const StreamUnits::Header &header) {
  Values classOffsets = streams.classOffsets(run.item);
  return forEachKTile(
      run, streams.begin(source, header), [&](const Stage &stage, Value first, ValueRange state) {
        return index.loop(stage.groups, Values(state), [&](Value inStage, ValueRange now) {
          return decodeGroup(run.item, stage, first, inStage, now, source, header, classOffsets);
        });
      });
}

} // namespace uwt::codegen
