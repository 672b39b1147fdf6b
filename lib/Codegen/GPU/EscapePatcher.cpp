//===- EscapePatcher.cpp - Escapes of units in a stage --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EscapePatcher.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Format/ElementType.h"

using namespace mlir;

namespace uwt::codegen {

EscapePatcher::EscapePatcher(const LaneCode &code, const ProductPlan &plan, CompressedType type,
                             ScratchMemory &scratch, Value ring, Value patches, Value lane)
    : LaneCode(code), plan(plan), layout(plan.stage()), type(type), scratch(scratch), ring(ring),
      patches(patches), lane(lane), units(code, plan) {}

SmallVector<EscapePatcher::Entry>
EscapePatcher::entriesFrom(const Stage &stage, const UnitCoordinate &unit, int64_t count) {
  // An entry a column group with the counts of its strips, or a strip of a wide unit with its
  // groups'.
  Value number = unit.group;
  if (plan.unit.isWide())
    number =
        index.add(index.mul(units.rowOf(unit.group).row, plan.unit.escapeEntries()), unit.strip);
  Value at = index.add(index.add(stage.region, layout.escapes), index.mul(number, 2));
  Value loaded = loadVector(ring, at, 2 * count, builder.getI32Type()); // (first, counts) × count
  SmallVector<Entry> entries;
  for (int64_t i = 0; i < count; ++i)
    entries.push_back({vector::ExtractOp::create(builder, location, loaded, 2 * i),
                       vector::ExtractOp::create(builder, location, loaded, 2 * i + 1)});
  return entries;
}

Value EscapePatcher::hasEscapes(const UnitCoordinate &unit, const Entry &entry) {
  // The mask does not change from stage to stage, as a shift would.
  Value mask = shl(0xFF, toI32(index.mul(countNumber(unit), 8)));
  Value own = bitAnd(entry.counts, mask);
  return notEqual(own, 0);
}

Value EscapePatcher::recordsBefore(const Entry &entry, Value end) {
  // Counts are bytes, whose sums take two of them.
  constexpr int64_t evenBytes = 0x00FF00FF;
  Value before = sub(shl(1, toI32(index.mul(end, 8))), 1);
  Value counts = bitAnd(entry.counts, before);
  Value pairs = add(bitAnd(counts, evenBytes), bitAnd(lshr(counts, 8), evenBytes));
  return toIndex(lshr(mul(pairs, 0x00010001), 16));
}

EscapePatcher::Records EscapePatcher::recordsOf(const UnitCoordinate &unit, const Entry &entry) {
  Value number = countNumber(unit);
  Value own = lshr(entry.counts, toI32(index.mul(number, 8)));
  Value before = index.mul(recordsBefore(entry, number), plan.unit.recordU32);
  return {index.add(toIndex(entry.first), before), toIndex(bits(own, 0, 8))};
}

EscapePatcher::Values EscapePatcher::patch(const Stage &stage, const UnitCoordinate &unit,
                                           const Entry &entry, ValueRange fragments) {
  Records records = recordsOf(unit, entry);
  auto inScratch = [&] { return patchInScratch(stage, unit, entry, records, fragments); };
  // Accumulators of kind wide leave no registers for both ways.
  bool hasRegisters = plan.kind() != GpuKernelKind::Wide;
  if (plan.unit.isWide() || !plan.unit.hasWordRecords() || !hasRegisters)
    return inScratch();
  // So many are sooner applied one by one than written to shared memory and read back.
  constexpr int64_t fewRecords = 2;
  return either(
      index.less(records.count, fewRecords + 1), fragments.getTypes(),
      [&] { return patchRegisters(stage, records, fragments); }, inScratch);
}

EscapePatcher::Values EscapePatcher::patchInScratch(const Stage &stage, const UnitCoordinate &unit,
                                                    const Entry &entry, Records records,
                                                    ValueRange fragments) {
  // A lane can reach another one's words there: records are applied 32 at a time.
  Value mine = index.add(scratch.begin(), index.mul(lane, laneU32)); // u32
  scratch.storeFragments(fragments, scratch.begin());
  warpBarrier();
  if (plan.unit.hasWordRecords())
    applyWords(stage, records);
  else if (!plan.unit.isWide())
    index.loop(records.count, [&](Value i) {
      Value at = index.add(records.first, index.mul(i, plan.unit.recordU32));
      applyRun(at, index.rem(toIndex(load(patches, at)), stripRows));
    });
  else
    applyRunsOfGroup(stage, unit, entry);
  warpBarrier();
  Values patched;
  for (unsigned r = 0; r < 4; ++r)
    patched.push_back(
        loadVector(scratch.buffer(), index.add(mine, operandU32 * r), 4, builder.getI32Type()));
  return patched;
}

Value EscapePatcher::copiedFrom(const Stage &stage) {
  return units.copiedFrom(toIndex(load(ring, index.add(stage.region, layout.escapes))));
}

Value EscapePatcher::loadRecord(const Stage &stage, Value copiedFrom, Value at) {
  Value number = asShort(index.sub(at, copiedFrom));
  auto copy = [&] {
    return Values{load(ring, index.add(index.add(stage.region, layout.patch), number))};
  };
  if (plan.recordsFit())
    return copy()[0];
  return either(index.less(number, plan.unit.patchU32()), builder.getI32Type(), copy,
                [&] { return Values{load(patches, at)}; })[0];
}

EscapePatcher::Values EscapePatcher::patchRegisters(const Stage &stage, Records records,
                                                    ValueRange fragments) {
  Value from = copiedFrom(stage);
  return loop(toI32(records.count), fragments, [&](Value i, ValueRange carried) {
    Value at = index.add(records.first, toIndex(i));
    return applyToRegisters(loadRecord(stage, from, at), carried);
  });
}

EscapePatcher::Values EscapePatcher::applyToRegisters(Value record, ValueRange fragments) {
  // escape-2: value, half, register, lane, block (docs/formats.md). The place less the lane is a
  // register's number in that lane, and in no other one.
  constexpr int64_t laneRegisters = 4, blocks = 4, blockRegisters = laneRegisters * warpLanes;
  Value own = sub(lshr(record, 17), toI32(index.mul(lane, laneRegisters)));
  // Bytes of a register and, from 4 on, of the record.
  constexpr int64_t toLowHalf = 0x3254, toHighHalf = 0x5410;
  Value selector = select(notEqual(bits(record, 16, 1), 0), toHighHalf, toLowHalf);
  Values patched;
  for (auto [r, fragment] : llvm::enumerate(fragments)) {
    Value operand = fragment;
    for (int64_t block = 0; block < blocks; ++block) {
      Value old = vector::ExtractOp::create(builder, location, operand, block);
      Value changed = NVVM::PermuteOp::create(builder, location, builder.getI32Type(), old, record,
                                              selector, NVVM::PermuteMode::DEFAULT);
      Value isOwn = equal(own, int64_t(r) + blockRegisters * block);
      operand =
          vector::InsertOp::create(builder, location, select(isOwn, changed, old), operand, block);
    }
    patched.push_back(operand);
  }
  return patched;
}

void EscapePatcher::applyWords(const Stage &stage, Records records) {
  Value from = copiedFrom(stage);
  auto applyNumber = [&](Value number) {
    index.ifElse(index.less(number, records.count), [&] {
      scratch.applyRecord(loadRecord(stage, from, index.add(records.first, number)),
                          scratch.begin());
    });
  };
  applyNumber(lane);
  // Hardly ever there are more, and what compilers make of a loop is long.
  index.ifElse(index.less(warpLanes, records.count), [&] {
    index.loop(index.ceilDiv(index.sub(records.count, warpLanes), warpLanes), [&](Value pass) {
      applyNumber(index.add(index.mul(index.add(pass, 1), warpLanes), lane));
    });
  });
}

void EscapePatcher::applyRun(Value at, Value row) {
  // escape-3: the run's number, then 64 symbols. A lane has columns 2·lane and 2·lane + 1: one u32
  // of the unit, and half a u32 of the record.
  Value pair = load(patches, index.add(index.add(at, 1), index.div(lane, 2)));
  Value shift = toI32(index.mul(index.rem(lane, 2), 16));
  pair = lshr(pair, shift);
  // order-3: row g + 8·(r mod 2), column 2t + 8·⌊r/2⌋ + 16·block.
  Value owner = index.add(index.mul(index.rem(row, 8), 4), index.rem(lane, 4));
  Value r = index.add(index.div(row, 8), index.mul(index.rem(index.div(lane, 4), 2), 2));
  Value target = index.add(index.mul(r, operandU32), index.mul(owner, laneU32));
  target = index.add(index.add(target, index.div(lane, 8)), scratch.begin());
  FieldSplit split = splitOf(*elementTypeOf(type.getElementType()), type.getFormat().getFormat());
  uint32_t symbol = (1u << split.symbolBits) - 1;
  auto placed = [&](unsigned half) {
    Value own = bitAnd(lshr(pair, 8 * half), symbol & 0xFF);
    return shl(own, 16 * half + split.rawLowBits);
  };
  Value kept =
      bitAnd(load(scratch.buffer(), target), ~int64_t(symbol * 0x00010001u << split.rawLowBits));
  kept = bitOr(kept, placed(0));
  kept = bitOr(kept, placed(1));
  memref::StoreOp::create(builder, location, kept, scratch.buffer(), ValueRange{target});
}

void EscapePatcher::applyRunsOfGroup(const Stage &stage, const UnitCoordinate &unit,
                                     const Entry &entry) {
  // escape-3: a row's runs are the column groups of its unit, whose records lie row by row.
  Value unitStart = index.add(stage.firstGroup, index.sub(unit.group, unit.inUnit));
  Value runs = index.min(index.sub(plan.problem.columnGroups(), unitStart), plan.unit.columnGroups);
  Value count =
      index.add(recordsBefore(entry, index.constant(3)), toIndex(bits(entry.counts, 24, 8)));
  index.loop(count, [&](Value i) {
    Value at = index.add(toIndex(entry.first), index.mul(i, plan.unit.recordU32));
    Value number = toIndex(load(patches, at));
    Value row = divideShort(number, runs);
    index.ifElse(equal(index.sub(number, index.mul(row, runs)), unit.inUnit),
                 [&] { applyRun(at, index.rem(row, stripRows)); });
  });
}

} // namespace uwt::codegen
