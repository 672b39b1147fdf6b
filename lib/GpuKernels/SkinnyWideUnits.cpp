//===- SkinnyWideUnits.cpp - Coded units of several groups ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A unit of several groups may have their words lane by lane (inplace<11>): it can only be copied
// as a whole. So a stage has whole units and more than one step, and at the ends of its share a
// cluster multiplies a part of what it has copied; shares, and with them the order of sums, are
// those of the raw twin.
//
// Two groups are decoded side by side: a lane's two words of a kind are then one read of shared
// memory. Those of one group lie 16 bytes apart from lane to lane, so that reading them takes as
// long as reading all four groups'.
//
//===----------------------------------------------------------------------===//

#include "Skinny.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace uwt {

Value SkinnyKernels::fillingOf(Value step) {
  if (plan.stepsPerStage == 1)
    return step;
  Value place = index.div(step, plan.chunks()), chunk = index.rem(step, plan.chunks());
  return asShort(
      index.add(index.mul(place, plan.fillings()), index.div(chunk, plan.stepsPerStage)));
}

Value SkinnyKernels::fillingAfter(Value endStep) {
  if (plan.stepsPerStage == 1)
    return endStep;
  return asShort(index.add(fillingOf(asShort(index.sub(endStep, index.constant(1)))), 1));
}

void SkinnyKernels::restrictTo(Step &step, Value firstChunk, Value endChunk) {
  int64_t width = plan.groupsPerStep();
  Value first = index.mul(firstChunk, width), end = index.mul(endChunk, width);
  Value before = arith::MaxUIOp::create(builder, location, first, step.firstGroup);
  step.firstOwn = index.sub(before, step.firstGroup);
  Value endOwn = index.min(index.sub(end, step.firstGroup), step.groups);
  step.ownGroups = index.sub(endOwn, step.firstOwn);
}

std::pair<Value, Value> SkinnyKernels::unitOf(Value group) {
  if (plan.unitGroups == 1)
    return {group, index.constant(0)};
  if (plan.groupsPerStage == plan.unitGroups)
    return {index.constant(0), group};
  return {index.div(group, plan.unitGroups), index.rem(group, plan.unitGroups)};
}

Value SkinnyKernels::unitRows(const Step &step) {
  return index.ceilDiv(step.groups, plan.unitGroups);
}

Value SkinnyKernels::wordsAt(const Panel &panel, const Step &step, const Place &place) {
  Value unit = index.mul(index.add(step.firstGroup, place.group), panel.strips);
  return index.add(panel.words, index.mul(index.add(unit, place.strip), SkinnyPlan::unitWords));
}

SkinnyKernels::Fragments SkinnyKernels::decodePair(const Panel &panel, const Step &step,
                                                   Value group, Value strip, bool asWords) {
  Fragments pair = decodeFragment(panel, step, placeOf(panel, group, strip), asWords);
  pair.append(decodeFragment(panel, step, placeOf(panel, index.add(group, 1), strip), asWords));
  return pair;
}

SkinnyKernels::Fragments SkinnyKernels::multiplyPairs(Value strip, const Panel &panel,
                                                      const Step &step, ValueRange sums,
                                                      bool asWords) {
  using Multiply = llvm::function_ref<Fragments(const Place &, ValueRange fragments, ValueRange)>;
  auto multiplyBoth = [&](Value pair, ValueRange carried, Multiply multiplyOne) {
    Value group = ownGroup(step, index.mul(pair, 2));
    Place even = placeOf(panel, group, strip), odd = placeOf(panel, index.add(group, 1), strip);
    // A unit has the words of groups behind the last one, plane `words` has not.
    Fragments first = decodeFragment(panel, step, even, asWords), second;
    if (!asWords)
      second = decodeFragment(panel, step, odd, asWords);
    Fragments next = multiplyOne(even, first, carried);
    auto multiplyOdd = [&] {
      return multiplyOne(odd, asWords ? decodeFragment(panel, step, odd, asWords) : second, next);
    };
    if (plan.groups() % 2 == 0)
      return multiplyOdd();
    Value hasOdd = index.less(index.add(index.mul(pair, 2), 1), step.ownGroups);
    return either(hasOdd, sums.getTypes(), multiplyOdd, [&] { return next; });
  };
  auto multiplyWords = [&](const Place &place, ValueRange fragments, ValueRange carried) {
    return multiply(fragments, step, place.group, carried);
  };
  // As in multiplyGroup: each way multiplies by itself.
  auto multiplyCodes = [&](const Place &place, ValueRange fragments, ValueRange carried) {
    if (!plan.hasEscapes)
      return multiply(fragments, step, place.group, carried);
    RecordEntry entry = recordEntryOf(step, place);
    return either(
        hasEscapes(place, entry), sums.getTypes(),
        [&] {
          warpBarrier();
          Fragments patched = patch(step, place, entry, fragments);
          Fragments next = multiply(patched, step, place.group, carried);
          warpBarrier();
          return next;
        },
        [&] { return multiply(fragments, step, place.group, carried); });
  };
  return index.loop(index.ceilDiv(step.ownGroups, 2), sums, [&](Value pair, ValueRange carried) {
    if (asWords)
      return multiplyBoth(pair, carried, multiplyWords);
    return multiplyBoth(pair, carried, multiplyCodes);
  });
}

void SkinnyKernels::applyRunsOfGroup(const Step &step, const Place &place,
                                     const RecordEntry &entry) {
  // escape-3: a row's runs are the groups of its unit, whose records lie row by row.
  Value unitStart = index.add(step.firstGroup, index.sub(place.group, place.inUnit));
  Value runs = index.min(index.sub(index.constant(plan.groups()), unitStart),
                         index.constant(plan.unitGroups));
  Value count =
      index.add(recordsBefore(entry, index.constant(3)), toIndex(bits(entry.counts, 24, 8)));
  index.loop(count, [&](Value i) {
    Value at = index.add(toIndex(entry.first), index.mul(i, plan.recordWords));
    Value number = toIndex(load(patches, at));
    Value row = divideShort(number, runs);
    index.ifElse(equal(index.sub(number, index.mul(row, runs)), place.inUnit),
                 [&] { applyRun(at, index.rem(row, 16)); });
  });
}

} // namespace uwt
