//===- SkinnyConsumer.cpp - The warps that decode and multiply ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each warp has a strip of 16 output features of a panel of its workgroup's bands. Its sums (a
// vector<2x2xf32> a tile of 8 batch rows) stay in registers from a segment's first step to its
// last; a segment is the run of steps of one panel that the workgroup has.
//
//===----------------------------------------------------------------------===//

#include "Skinny.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Format/ElementType.h"

using namespace mlir;

namespace uwt {

void SkinnyKernels::buildConsumer() {
  Value strip = index.rem(warp, 4);
  for (int64_t i = 0; i < plan.tableWords; ++i)
    tableWords.push_back(load(table, index.constant(plan.tableFirst + i)));
  // Units as bytes are read where the kernel before has left them.
  if (plan.hasFlags() && !plan.copiesByThreads)
    GridDependencyWaitOp::create(builder, location);
  Value first = index.div(firstStep, plan.chunks());
  Value end = index.ceilDiv(endStep, plan.chunks());
  Value count = arith::SelectOp::create(builder, location, index.less(firstStep, endStep),
                                        asShort(index.sub(end, first)), index.constant(0));
  SmallVector<Value> turn(2, constantI32(0));
  index.loop(count, turn, [&](Value i, ValueRange carried) {
    return buildSegment(strip, asShort(index.add(first, i)), carried);
  });
}

Value SkinnyKernels::zeroSum() {
  auto type = VectorType::get({2, 2}, builder.getF32Type());
  return zeroOf(type);
}

SkinnyKernels::Values SkinnyKernels::turnAfter(ValueRange turn) {
  auto exclusiveOr = [&](Value a, Value b) {
    return arith::XOrIOp::create(builder, location, a, b).getResult();
  };
  if (plan.stages == 2)
    return {exclusiveOr(turn[0], constantI32(1)), exclusiveOr(turn[1], turn[0])};
  Value next = arith::AddIOp::create(builder, location, turn[0], constantI32(1));
  Value isLast = equal(next, constantI32(plan.stages));
  Value phase =
      exclusiveOr(turn[1], arith::ExtUIOp::create(builder, location, builder.getI32Type(), isLast));
  return {arith::SelectOp::create(builder, location, isLast, constantI32(0), next), phase};
}

SkinnyKernels::Values SkinnyKernels::multiplySteps(Value strip, const Segment &segment,
                                                   ValueRange carried, bool asWords) {
  const Panel &panel = segment.panel;
  Value panelFilling = asShort(index.mul(panel.place, plan.fillings()));
  Value first = fillingOf(segment.from), end = fillingAfter(segment.to);
  // A counter of 32 bits: the loop is short enough for one of 64 to be felt.
  auto loop = scf::ForOp::create(builder, location, constantI32(0), toI32(index.sub(end, first)),
                                 constantI32(1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  ValueRange turn = loop.getRegionIterArgs().take_front(2);
  ValueRange sums = loop.getRegionIterArgs().drop_front(2);
  Value number = index.add(first, toIndex(loop.getInductionVar()));
  Step step = fillingIn(panel.place, asShort(index.sub(number, panelFilling)),
                        {toIndex(turn[0]), toIndex(turn[1])});
  if (plan.stepsPerStage > 1)
    restrictTo(step, index.sub(segment.from, segment.panelStart),
               index.sub(segment.to, segment.panelStart));
  if (plan.bandPanels > 1)
    step.part = index.add(step.start, index.mul(segment.member, plan.partWords()));
  waitFor(full, step, /*isEmptyWait=*/false);
  Fragments next = plan.multipliesTogether ? multiplyStepTogether(strip, panel, step, sums, asWords)
                                           : multiplyStep(strip, panel, step, sums, asWords);
  // All lanes have read the stage before one says so.
  warpBarrier();
  releaseStage(step);
  Values results = turnAfter(turn);
  llvm::append_range(results, next);
  scf::YieldOp::create(builder, location, results);
  return Values(loop.getResults());
}

bool SkinnyKernels::wordsHaveTheirLoop() const {
  // The registers of family wide are not enough for two loops.
  return !plan.onlyWords && plan.family() != GpuKernelFamily::Wide;
}

SkinnyKernels::Values SkinnyKernels::buildSegment(Value strip, Value place, ValueRange turn) {
  Segment segment;
  segment.member = sameInWarp(index.div(warp, 4));
  segment.panel = loadPanel(place, segment.member);
  const Panel &panel = segment.panel;
  segment.panelStart = asShort(index.mul(place, plan.chunks()));
  segment.from = arith::MaxUIOp::create(builder, location, firstStep, segment.panelStart);
  segment.to = index.min(endStep, index.add(segment.panelStart, plan.chunks()));
  Value own = sameInWarp(strip), there = own;
  // For a strip that the last panel does not have any other will do: nobody takes its sums.
  bool hasShortPanel = plan.rows % 64 != 0;
  if (hasShortPanel)
    there = index.min(own, index.sub(panel.strips, index.constant(1)));
  Values carried(turn);
  carried.append(plan.tiles, zeroSum());
  auto steps = [&](bool asWords) { return multiplySteps(there, segment, carried, asWords); };
  Values results = wordsHaveTheirLoop() ? either(
                                              panel.storedAsWords, ValueRange(carried).getTypes(),
                                              [&] { return steps(/*asWords=*/true); },
                                              [&] { return steps(/*asWords=*/false); })
                                        : steps(/*asWords=*/false);
  // Not a strip that the last panel does not have, nor a repeated panel.
  Value isThere = panel.isOwn;
  if (hasShortPanel)
    isThere =
        isThere ? both(isThere, index.less(own, panel.strips)) : index.less(own, panel.strips);
  auto finish = [&] {
    finishSegment(strip, panel, segment.from, segment.to, ValueRange(results).drop_front(2));
  };
  isThere ? index.ifElse(isThere, finish) : finish();
  results.truncate(2);
  return results;
}

void SkinnyKernels::releaseStage(const Step &step) {
  // Whoever fills a part of it is told: a lane for each workgroup.
  index.ifElse(index.less(lane, index.constant(plan.cluster)), [&] {
    if (plan.cluster > 1)
      RemoteArriveOp::create(builder, location, empty, step.stage, lane);
    else
      arrive(empty, step.stage);
  });
}

SkinnyKernels::Fragments SkinnyKernels::multiplyStep(Value strip, const Panel &panel,
                                                     const Step &step, ValueRange sums,
                                                     bool asWords) {
  // Runs take the registers that a second group's operands would.
  if (plan.unitGroups > 1 && plan.recordWords == 1)
    return multiplyPairs(strip, panel, step, sums, asWords);
  // Two tiles at most: of more, a group has so many products that a loop costs little beside them.
  constexpr int64_t maxTiles = 2;
  if (asWords || plan.tiles > maxTiles || plan.unitGroups > 1 ||
      plan.groups() % plan.groupsPerStage != 0)
    return index.loop(step.ownGroups, sums, [&](Value i, ValueRange carried) {
      Place place = placeOf(panel, ownGroup(step, i), strip);
      return multiplyGroup(
          panel, step, place, [&] { return recordEntryOf(step, place); }, carried, asWords);
    });
  Fragments next(sums);
  SmallVector<RecordEntry> pair;
  for (int64_t number = 0; number < plan.groupsPerStage; ++number) {
    Place place = placeOf(panel, index.constant(number), strip);
    auto entry = [&] {
      if (number % 2 == 0)
        pair = entriesFrom(step, place, 2);
      return pair[number % 2];
    };
    next = multiplyGroup(panel, step, place, entry, next, asWords);
  }
  return next;
}

Value SkinnyKernels::matrixA(ValueRange fragments, unsigned block) {
  SmallVector<Value> registers;
  for (Value fragment : fragments)
    registers.push_back(vector::ExtractOp::create(builder, location, fragment, block));
  Type element = op.getWeightType().getElementType();
  Value packedA = vector::FromElementsOp::create(
      builder, location, VectorType::get({4}, builder.getI32Type()), registers);
  Value halves =
      vector::BitCastOp::create(builder, location, VectorType::get({8}, element), packedA);
  return vector::ShapeCastOp::create(builder, location, VectorType::get({4, 2}, element), halves);
}

SkinnyKernels::Fragments
SkinnyKernels::multiplyGroup(const Panel &panel, const Step &step, const Place &place,
                             llvm::function_ref<RecordEntry()> entryOfPlace, ValueRange sums,
                             bool asWords) {
  auto often = [&] {
    return multiply(decodeFragment(panel, step, place, asWords), step, place.group, sums);
  };
  if (plan.onlyWords || asWords || !(plan.hasEscapes || plan.hasFlags()))
    return often();
  if (plan.hasFlags())
    return either(
        isInBytes(step, place), sums.getTypes(),
        [&] {
          warpBarrier();
          return multiply(decodeBytes(panel, step, place), step, place.group, sums);
        },
        often);
  // Each way decodes and multiplies by itself: what a branch hands over are then sums, not
  // operands, which would have to be moved into place. Barriers around the rare way keep LLVM from
  // taking what it has in common with the frequent one out of the branch.
  RecordEntry entry = entryOfPlace();
  return either(
      hasEscapes(place, entry), sums.getTypes(),
      [&] {
        warpBarrier();
        Fragments decoded = decodeFragment(panel, step, place, /*asWords=*/false);
        Fragments next = multiply(patch(step, place, entry, decoded), step, place.group, sums);
        warpBarrier();
        return next;
      },
      often);
}

SkinnyKernels::Fragments SkinnyKernels::multiply(ValueRange fragments, const Step &step,
                                                 Value group, ValueRange sums) {
  Value x = index.add(step.start, plan.stageX());
  x = index.add(x, index.mul(group, plan.tiles * SkinnyPlan::tileWords));
  return multiplyWith(fragments, ring, index.add(x, index.mul(lane, 4)), sums);
}

SkinnyKernels::Fragments SkinnyKernels::multiplyWith(ValueRange fragments, Value buffer, Value x,
                                                     ValueRange sums) {
  Type element = op.getWeightType().getElementType(), word = builder.getI32Type();
  Fragments next(sums);
  Value blockPair;
  for (int64_t tile = 0; tile < plan.tiles; ++tile) {
    for (unsigned block = 0; block < 4; ++block) {
      Value at = index.add(x, tile * SkinnyPlan::tileWords + block / 2 * 128);
      if (block % 2 == 0)
        blockPair = loadVector(buffer, at, 4, word);
      int64_t first = block % 2 * 2;
      Value packedB = vector::ExtractStridedSliceOp::create(
          builder, location, blockPair, ArrayRef<int64_t>{first}, ArrayRef<int64_t>{2},
          ArrayRef<int64_t>{1});
      Value halves =
          vector::BitCastOp::create(builder, location, VectorType::get({4}, element), packedB);
      Value matrixB =
          vector::ShapeCastOp::create(builder, location, VectorType::get({2, 2}, element), halves);
      next[tile] = nvgpu::MmaSyncOp::create(builder, location, matrixA(fragments, block), matrixB,
                                            next[tile], ArrayRef<int64_t>{16, 8, 16});
    }
  }
  return next;
}

SkinnyKernels::Place SkinnyKernels::placeOf(const Panel &panel, Value group, Value strip) {
  auto [row, inUnit] = unitOf(group);
  return {group, strip, index.add(index.mul(row, panel.strips), strip), inUnit};
}

/// The format of the codes that a weight with symbols of this one is decoded to.
static FormatAttr codesOf(FormatAttr format) {
  Format codes = baseFormat(/*codeBits=*/4);
  codes.codedMantissa = format.getFormat().codedMantissa;
  return FormatAttr::get(format.getContext(), codes);
}

Value SkinnyKernels::isInBytes(const Step &step, const Place &place) {
  Value at = index.add(index.add(step.part, plan.partRecords()), index.mul(place.group, 4));
  Value flag = load(ring, index.add(at, place.strip));
  return arith::CmpIOp::create(builder, location, arith::CmpIPredicate::ne, flag, constantI32(0));
}

SkinnyKernels::Fragments SkinnyKernels::decodeBytes(const Panel &panel, const Step &step,
                                                    const Place &place) {
  constexpr int64_t bytesWords = SkinnyPlan::unitWords / 2;
  Value rawAt =
      index.add(index.add(step.part, plan.partRaw()), index.mul(place.unit, plan.rawWords));
  Value unit = index.add(index.mul(step.firstGroup, panel.strips), place.unit);
  Value at = index.add(index.mul(panel.number, 4 * plan.groups() * bytesWords),
                       index.mul(unit, bytesWords));
  auto fragment = VectorType::get({4}, builder.getI32Type());
  auto decoded = DecodeFragmentOp::create(
      builder, location, TypeRange{fragment, fragment, fragment, fragment},
      op.getWeightType().getFormat(), TypeAttr::get(op.getWeightType().getElementType()), lane,
      ring, rawAt, workspace, index.add(at, plan.decodedBytesAt()), ValueRange(), UnitAttr(),
      builder.getUnitAttr());
  return Fragments(decoded.getResults());
}

SkinnyKernels::Fragments SkinnyKernels::decodeFragment(const Panel &panel, const Step &step,
                                                       const Place &place, bool asWords) {
  bool fromWords = asWords || plan.onlyWords;
  auto partAt = [&](int64_t part, int64_t unitSize) {
    return index.add(index.add(step.part, part), index.mul(place.unit, unitSize));
  };
  Value rawPlane, rawAt, codePlane, codeAt;
  if (fromWords && !plan.copiesWords()) {
    rawPlane = words;
    rawAt = wordsAt(panel, step, place);
  } else if (fromWords || plan.rawWords != 0) {
    rawPlane = ring;
    rawAt = partAt(plan.partRaw(), fromWords ? SkinnyPlan::unitWords : plan.rawWords);
    if (!fromWords && plan.unitGroups > 1)
      rawAt = index.add(rawAt, index.mul(place.inUnit, plan.rawGroupStep));
  }
  if (!fromWords && plan.codeWords != 0) {
    codePlane = ring;
    codeAt = partAt(plan.partCode(), plan.codeWords);
    if (plan.unitGroups > 1)
      codeAt = index.add(codeAt, index.mul(place.inUnit, plan.codeGroupStep));
  }
  FormatAttr own = op.getWeightType().getFormat();
  if (plan.hasFlags() && !fromWords)
    own = codesOf(own);
  auto attributeIf = [&](bool isSet) { return isSet ? builder.getUnitAttr() : UnitAttr(); };
  auto fragment = VectorType::get({4}, builder.getI32Type());
  auto decoded = DecodeFragmentOp::create(
      builder, location, TypeRange{fragment, fragment, fragment, fragment}, own,
      TypeAttr::get(op.getWeightType().getElementType()), lane, rawPlane, rawAt, codePlane, codeAt,
      fromWords ? ValueRange() : ValueRange(tableWords),
      attributeIf(asWords || plan.decoded == DecodedForm::Words || plan.isShared),
      attributeIf(!fromWords && plan.decoded == DecodedForm::ExponentBytes));
  return Fragments(decoded.getResults());
}

SmallVector<SkinnyKernels::RecordEntry>
SkinnyKernels::entriesFrom(const Step &step, const Place &place, int64_t count) {
  // An entry a group with the counts of its strips, or a strip of a wide unit with its groups'.
  Value number = place.group;
  if (plan.unitGroups > 1)
    number = index.add(index.mul(unitOf(place.group).first, plan.unitEntries()), place.strip);
  Value at = index.add(index.add(step.part, plan.partRecords()), index.mul(number, 2));
  Value records = loadVector(ring, at, 2 * count, builder.getI32Type());
  SmallVector<RecordEntry> result;
  for (int64_t i = 0; i < count; ++i)
    result.push_back({vector::ExtractOp::create(builder, location, records, 2 * i),
                      vector::ExtractOp::create(builder, location, records, 2 * i + 1)});
  return result;
}

Value SkinnyKernels::hasEscapes(const Place &place, const RecordEntry &entry) {
  // The mask does not change from step to step, as a shift would.
  Value mask = arith::ShLIOp::create(builder, location, constantI32(0xFF),
                                     toI32(index.mul(countNumber(place), 8)));
  Value own = arith::AndIOp::create(builder, location, entry.counts, mask);
  return arith::CmpIOp::create(builder, location, arith::CmpIPredicate::ne, own, constantI32(0));
}

Value SkinnyKernels::recordsBefore(const RecordEntry &entry, Value end) {
  Value sum = index.constant(0);
  for (unsigned before = 0; before < 3; ++before) {
    Value isBefore = index.less(index.constant(before), end);
    Value passed = arith::SelectOp::create(
        builder, location, isBefore, toIndex(bits(entry.counts, 8 * before, 8)), index.constant(0));
    sum = index.add(sum, passed);
  }
  return sum;
}

SkinnyKernels::Fragments SkinnyKernels::patch(const Step &step, const Place &place,
                                              const RecordEntry &entry, ValueRange fragments) {
  Value number = countNumber(place);
  Value own = arith::ShRUIOp::create(builder, location, entry.counts, toI32(index.mul(number, 8)));
  Value count = toIndex(bits(own, 0, 8));
  Value first =
      index.add(toIndex(entry.first), index.mul(recordsBefore(entry, number), plan.recordWords));
  // In shared memory, where a lane can reach another one's words: records are applied 32 at a time.
  Value mine = index.add(scratchOfWarp(), index.mul(lane, 4));
  for (auto [r, fragment] : llvm::enumerate(fragments))
    storeVector(fragment, scratchWords, index.add(mine, 128 * static_cast<int64_t>(r)));
  warpBarrier();
  if (plan.recordWords == 1)
    applyWords(step, first, count);
  else if (plan.unitGroups == 1)
    index.loop(count, [&](Value i) {
      Value at = index.add(first, index.mul(i, plan.recordWords));
      applyRun(at, index.rem(toIndex(load(patches, at)), 16));
    });
  else
    applyRunsOfGroup(step, place, entry);
  warpBarrier();
  Fragments patched;
  for (unsigned r = 0; r < 4; ++r)
    patched.push_back(loadVector(scratchWords, index.add(mine, 128 * r), 4, builder.getI32Type()));
  return patched;
}

void SkinnyKernels::applyWords(const Step &step, Value first, Value count) {
  // The stage has the records of all its groups, unless they were too many: those stay in the
  // plane.
  PatchCopy copied = patchCopy(step, ring, index.add(step.part, plan.partRecords()));
  Value unit = scratchOfWarp();
  auto applyRound = [&](Value number) {
    index.ifElse(index.less(number, count), [&] {
      Value place = index.add(first, number);
      auto copy = [&] {
        Value at = index.add(index.add(step.part, plan.partPatch()), index.sub(place, copied.from));
        return Values{load(ring, at)};
      };
      if (plan.recordsFit())
        return applyWord(copy()[0], unit);
      applyWord(either(index.less(index.constant(0), copied.words), builder.getI32Type(), copy,
                       [&] { return Values{load(patches, place)}; })[0],
                unit);
    });
  };
  applyRound(lane);
  // Hardly ever there are more, and what compilers make of a loop is long.
  index.ifElse(index.less(index.constant(32), count), [&] {
    index.loop(index.ceilDiv(index.sub(count, index.constant(32)), 32), [&](Value round) {
      applyRound(index.add(index.mul(index.add(round, 1), 32), lane));
    });
  });
}

void SkinnyKernels::applyWord(Value record, Value unitAt) {
  // escape-2: value, half, register, lane, block (docs/formats.md).
  Value word = index.add(index.mul(toIndex(bits(record, 17, 2)), 128),
                         index.mul(toIndex(bits(record, 19, 5)), 4));
  word = index.add(word, unitAt);
  storeHalf(record, index.add(word, toIndex(bits(record, 24, 2))));
}

void SkinnyKernels::storeHalf(Value record, Value word) {
  Value half = index.add(index.mul(word, 2), toIndex(bits(record, 16, 1)));
  Value value = arith::TruncIOp::create(builder, location, builder.getI16Type(), record);
  memref::StoreOp::create(builder, location, value, scratchHalves, ValueRange{half});
}

void SkinnyKernels::applyRun(Value at, Value row) {
  // escape-3: the run's number, then 64 symbols. A lane has columns 2·lane and 2·lane + 1: one
  // word, and half a u32 of the record.
  Value pair = load(patches, index.add(index.add(at, 1), index.div(lane, 2)));
  Value shift = arith::IndexCastUIOp::create(builder, location, builder.getI32Type(),
                                             index.mul(index.rem(lane, 2), 16));
  pair = arith::ShRUIOp::create(builder, location, pair, shift);
  // order-3: row g + 8·(r mod 2), column 2t + 8·⌊r/2⌋ + 16·block.
  Value owner = index.add(index.mul(index.rem(row, 8), 4), index.rem(lane, 4));
  Value r = index.add(index.div(row, 8), index.mul(index.rem(index.div(lane, 4), 2), 2));
  Value word = index.add(index.mul(r, 128), index.mul(owner, 4));
  word = index.add(index.add(word, index.div(lane, 8)), scratchOfWarp());
  FieldSplit split = splitOf(*elementTypeOf(op.getWeightType().getElementType()),
                             op.getWeightType().getFormat().getFormat().codedMantissa);
  uint32_t symbol = (1u << split.symbolBits) - 1;
  auto placed = [&](unsigned half) -> Value {
    Value own = arith::AndIOp::create(
        builder, location,
        arith::ShRUIOp::create(builder, location, pair, constantI32(8 * int64_t(half))).getResult(),
        constantI32(symbol & 0xFF));
    return arith::ShLIOp::create(builder, location, own,
                                 constantI32(16 * int64_t(half) + int64_t(split.rawLowBits)));
  };
  Value kept =
      arith::AndIOp::create(builder, location, load(scratchWords, word),
                            constantI32(~int64_t(symbol * 0x00010001u << split.rawLowBits)));
  kept = arith::OrIOp::create(builder, location, kept, placed(0));
  kept = arith::OrIOp::create(builder, location, kept, placed(1));
  memref::StoreOp::create(builder, location, kept, scratchWords, ValueRange{word});
}

} // namespace uwt
