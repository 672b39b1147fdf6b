//===- TranscodeRecords.cpp - Escapes over decoded words ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A warp writes the escapes of its own unit, after a barrier of the warp. A record may say
// anything: one that points outside of the unit is left out.
//
//===----------------------------------------------------------------------===//

#include "Transcode.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace uwt::codegen {

void TranscodeBuilder::patchWords(Value count, TranscodeResult::Load loadAt,
                                  llvm::function_ref<void(Value, Value)> apply) {
  warpBarrier();
  index.loop(index.ceilDiv(count, 32), [&](Value pass) {
    Value number = index.add(index.mul(pass, 32), lane);
    index.ifElse(index.less(number, count), [&] {
      Value record = loadAt(number);
      apply(record, bits(record, 24, 8));
    });
  });
}

void TranscodeBuilder::patchFixed(const TranscodePanel &panel, const FixedUnit &fixed) {
  // DeviceEscapeEntry: a group's with the counts of its strips, or a strip's of a unit of several
  // groups with theirs.
  Value ownGroup = index.rem(fixed.group, layout.groups);
  Value unitStart = index.sub(fixed.group, ownGroup);
  bool isWide = layout.groups != 1;
  Value inPanel = fixed.group;
  if (isWide)
    inPanel = index.add(index.mul(unitStart, 4 / layout.groups), fixed.strip);
  Value entry = index.add(panel.records, inPanel);
  Value number = isWide ? ownGroup : fixed.strip;
  entry = index.mul(entry, 2);
  Value counts = load(records, index.add(entry, 1));
  auto countOf = [&](Value number) {
    Value shift = toI32(index.mul(number, 8));
    Value own = lshr(counts, shift);
    return toIndex(bits(own, 0, 8));
  };
  auto countBefore = [&](Value end) {
    return index.loop(end, {index.constant(0)}, [&](Value before, ValueRange sum) {
      return Values{index.add(sum[0], countOf(before))};
    })[0];
  };
  Value count = countOf(number), entryFirst = toIndex(load(records, entry));
  index.ifElse(index.less(0, count), [&] {
    // Runs of a unit of several groups are not in the order of groups.
    bool hasOthers = isWide && layout.recordU32 != 1;
    Value before = hasOthers ? index.constant(0) : countBefore(number);
    Value first = index.add(entryFirst, index.mul(before, layout.recordU32));
    if (layout.recordU32 == 1) {
      patchWords(
          count, [&](Value i) { return load(patches, index.add(first, i)); },
          [&](Value record, Value /*block*/) { output->storeWord(panel, fixed, record); });
      return;
    }
    patchRuns(panel, fixed, {ownGroup, unitStart}, first,
              [&] { return hasOthers ? countBefore(index.constant(4)) : count; });
  });
}

void TranscodeBuilder::patchRuns(const TranscodePanel &panel, const FixedUnit &fixed,
                                 const GroupOfUnit &group, Value first,
                                 llvm::function_ref<Value()> countOfRuns) {
  // escape-3: a unit has as many runs in a row as it has column groups.
  Value runs = index.min(index.sub(groups, group.unitStart), layout.groups);
  warpBarrier();
  index.loop(countOfRuns(), [&](Value i) {
    Value at = index.add(first, index.mul(i, runRecordU32));
    Value number = toIndex(load(patches, at));
    Value row = index.div(number, runs);
    Value run = index.sub(number, index.mul(row, runs));
    index.ifElse(equal(run, group.number), [&] {
      output->storeRun(panel, fixed, index.rem(row, stripRows),
                       [&](Value word) { return load(patches, index.add(at, word)); });
    });
  });
}

TranscodeBuilder::RecordUnit TranscodeBuilder::unitOfWord(const StreamUnits::Unit &unit,
                                                          Value block) {
  Value strip = index.div(block, unit.blocks);
  return {strip, index.div(index.sub(block, index.mul(strip, unit.blocks)), 4)};
}

TranscodeBuilder::RecordUnit TranscodeBuilder::unitOfRun(const StreamUnits::Unit &unit,
                                                         Value number) {
  Value row = index.div(number, unit.groups);
  return {index.div(row, 16), index.sub(number, index.mul(row, unit.groups))};
}

Value TranscodeBuilder::groupsWithRecords(const StreamUnits::Unit &unit,
                                          const StreamUnits::Source &source,
                                          const StreamUnits::Header &header) {
  // A strip has at most 16 groups, and four strips at most 8.
  bool areRuns = layout.recordU32 != 1;
  auto bitOf = [&](Value number) {
    Value at = index.add(header.records, index.mul(number, layout.recordU32));
    Value record = streams->u32At(source, at);
    RecordUnit target =
        areRuns ? unitOfRun(unit, toIndex(record)) : unitOfWord(unit, toIndex(bits(record, 24, 8)));
    Value bit = toI32(index.add(index.mul(target.strip, unit.groups), target.group));
    Value mask = shl(1, bitAnd(bit, 31));
    Value isThere =
        bitAnd(index.less(number, header.recordCount), index.less(target.strip, unit.strips));
    return select(isThere, mask, 0);
  };
  Value none = constant(0);
  return index.loop(index.ceilDiv(header.recordCount, 32), {none},
                    [&](Value pass, ValueRange found) {
                      Value number = index.add(index.mul(pass, 32), lane);
                      return Values{bitOr(found[0], bitOf(number))};
                    })[0];
}

void TranscodeBuilder::patchStream(const TranscodePanel &panel, const StreamUnits::Unit &unit,
                                   const StreamUnits::Source &source,
                                   const StreamUnits::Header &header) {
  auto loadAt = [&](Value word) { return streams->u32At(source, index.add(header.records, word)); };
  auto fixedOf = [&](Value strip, Value group) {
    return FixedUnit{index.add(unit.firstGroup, group), index.add(unit.strip, strip)};
  };
  if (layout.recordU32 == 1) {
    patchWords(header.recordCount, loadAt, [&](Value record, Value number) {
      Value block = toIndex(number);
      RecordUnit at = unitOfWord(unit, block);
      index.ifElse(index.less(at.strip, unit.strips), [&] {
        // Its low bits are the block in its group.
        Value inStrip = index.sub(block, index.mul(at.strip, unit.blocks));
        Value bitsOfBlock = shl(toI32(index.rem(inStrip, 4)), 24);
        Value own = bitAnd(record, 0x00FFFFFF);
        own = bitOr(own, bitsOfBlock);
        output->storeWord(panel, fixedOf(at.strip, at.group), own);
      });
    });
    return;
  }
  warpBarrier();
  index.loop(header.recordCount, [&](Value i) {
    Value at = index.mul(i, runRecordU32);
    Value number = toIndex(loadAt(at));
    RecordUnit run = unitOfRun(unit, number);
    index.ifElse(index.less(run.strip, unit.strips), [&] {
      output->storeRun(panel, fixedOf(run.strip, run.group),
                       index.rem(index.div(number, unit.groups), 16),
                       [&](Value word) { return loadAt(index.add(at, word)); });
    });
  });
}

} // namespace uwt::codegen
