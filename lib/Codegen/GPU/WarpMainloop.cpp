//===- WarpMainloop.cpp - A stage, multiplied by single warps -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mainloop.h"

using namespace mlir;

namespace uwt::codegen {

WarpMainloop::WarpMainloop(const LaneCode &code, const ProductPlan &plan, StageDecoder &decoder,
                           EscapePatcher &escapes, WarpMma &mma, Value ring, Value lane)
    : LaneCode(code), plan(plan), layout(plan.stage()), decoder(decoder), escapes(escapes),
      mma(mma), units(code, plan), ring(ring), lane(lane) {}

WarpMainloop::Values WarpMainloop::multiply(Value strip, const TilePanel &panel, const Stage &stage,
                                            ValueRange accumulators, bool asWords) {
  // Runs take the registers that a second column group's operands would.
  if (plan.unit.isWide() && plan.unit.hasWordRecords())
    return multiplyPairs(strip, panel, stage, accumulators, asWords);
  if (!asWords && !plan.unit.isWide() && plan.unrollsStages())
    return multiplyUnrolled(strip, panel, stage, accumulators);
  return index.loop(stage.ownGroups, accumulators, [&](Value i, ValueRange carried) {
    UnitCoordinate unit = units.coordinate(panel, units.ownGroup(stage, i), strip);
    return multiplyGroup(
        panel, stage, unit, [&] { return escapes.entryOf(stage, unit); }, carried, asWords);
  });
}

WarpMainloop::Values WarpMainloop::multiplyUnrolled(Value strip, const TilePanel &panel,
                                                    const Stage &stage, ValueRange accumulators) {
  Values next(accumulators);
  SmallVector<EscapePatcher::Entry> pair;
  for (int64_t number = 0; number < plan.ring.groupsPerStage; ++number) {
    UnitCoordinate unit = units.coordinate(panel, index.constant(number), strip);
    auto entry = [&] {
      if (number % 2 == 0)
        pair = escapes.entriesFrom(stage, unit, 2);
      return pair[number % 2];
    };
    next = multiplyGroup(panel, stage, unit, entry, next, /*asWords=*/false);
  }
  return next;
}

WarpMainloop::Values WarpMainloop::multiplyGroup(const TilePanel &panel, const Stage &stage,
                                                 const UnitCoordinate &unit, EntryOf entryOf,
                                                 ValueRange accumulators, bool asWords) {
  auto often = [&] {
    return multiplyFragments(decoder.decode(panel, stage, unit, asWords), stage, unit.group,
                             accumulators);
  };
  if (plan.unit.onlyWords || asWords || !(plan.unit.hasEscapes || plan.decoded.hasFlags()))
    return often();
  if (plan.decoded.hasFlags())
    return either(
        decoder.isInBytes(stage, unit), accumulators.getTypes(),
        [&] {
          warpBarrier();
          return multiplyFragments(decoder.decodeBytes(panel, stage, unit), stage, unit.group,
                                   accumulators);
        },
        often);
  // Each way decodes and multiplies by itself: what a branch hands over are then accumulators, not
  // operands, which would have to be moved into place. Barriers around the rare way keep LLVM from
  // taking what it has in common with the frequent one out of the branch.
  EscapePatcher::Entry entry = entryOf();
  return either(
      escapes.hasEscapes(unit, entry), accumulators.getTypes(),
      [&] {
        warpBarrier();
        Values decoded = decoder.decode(panel, stage, unit, /*asWords=*/false);
        Values next = multiplyFragments(escapes.patch(stage, unit, entry, decoded), stage,
                                        unit.group, accumulators);
        warpBarrier();
        return next;
      },
      often);
}

WarpMainloop::Values WarpMainloop::multiplyFragments(ValueRange fragments, const Stage &stage,
                                                     Value group, ValueRange accumulators) {
  Value x = index.add(stage.begin, layout.x); // u32 of the ring
  x = index.add(x, index.mul(group, plan.tile.packedGroupU32()));
  return mma.multiply(fragments, ring, index.add(x, index.mul(lane, laneU32)), accumulators);
}

WarpMainloop::Values WarpMainloop::multiplyPairs(Value strip, const TilePanel &panel,
                                                 const Stage &stage, ValueRange accumulators,
                                                 bool asWords) {
  return index.loop(index.ceilDiv(stage.ownGroups, 2), accumulators,
                    [&](Value pair, ValueRange carried) {
                      return multiplyPair(pair, strip, panel, stage, carried, asWords);
                    });
}

WarpMainloop::Values WarpMainloop::multiplyPair(Value pair, Value strip, const TilePanel &panel,
                                                const Stage &stage, ValueRange accumulators,
                                                bool asWords) {
  Value group = units.ownGroup(stage, index.mul(pair, 2));
  UnitCoordinate even = units.coordinate(panel, group, strip),
                 odd = units.coordinate(panel, index.add(group, 1), strip);
  auto multiplyOne = [&](const UnitCoordinate &unit, ValueRange fragments, ValueRange before) {
    return asWords ? multiplyFragments(fragments, stage, unit.group, before)
                   : multiplyPatched(stage, unit, fragments, before);
  };
  // A unit has the words of column groups behind the last one, plane `words` has not.
  Values first = decoder.decode(panel, stage, even, asWords), second;
  if (!asWords)
    second = decoder.decode(panel, stage, odd, asWords);
  Values next = multiplyOne(even, first, accumulators);
  auto multiplyOdd = [&] {
    return multiplyOne(odd, asWords ? decoder.decode(panel, stage, odd, asWords) : second, next);
  };
  if (plan.problem.columnGroups() % 2 == 0)
    return multiplyOdd();
  Value hasOdd = index.less(index.add(index.mul(pair, 2), 1), stage.ownGroups);
  return either(hasOdd, accumulators.getTypes(), multiplyOdd, [&] { return next; });
}

WarpMainloop::Values WarpMainloop::multiplyPatched(const Stage &stage, const UnitCoordinate &unit,
                                                   ValueRange fragments, ValueRange accumulators) {
  if (!plan.unit.hasEscapes)
    return multiplyFragments(fragments, stage, unit.group, accumulators);
  // As in multiplyGroup: each way multiplies by itself.
  EscapePatcher::Entry entry = escapes.entryOf(stage, unit);
  return either(
      escapes.hasEscapes(unit, entry), accumulators.getTypes(),
      [&] {
        warpBarrier();
        Values patched = escapes.patch(stage, unit, entry, fragments);
        Values next = multiplyFragments(patched, stage, unit.group, accumulators);
        warpBarrier();
        return next;
      },
      [&] { return multiplyFragments(fragments, stage, unit.group, accumulators); });
}

} // namespace uwt::codegen
