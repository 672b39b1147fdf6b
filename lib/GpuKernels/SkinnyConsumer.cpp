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
  Value strip = plan.bandPanels > 1 ? index.rem(warp, 4) : warp;
  for (int64_t i = 0; i < plan.tableWords; ++i)
    tableWords.push_back(load(table, index.constant(i)));
  Value first = index.div(firstStep, plan.chunks());
  Value end = index.ceilDiv(endStep, plan.chunks());
  Value count = arith::SelectOp::create(builder, location, index.less(firstStep, endStep),
                                        index.sub(end, first), index.constant(0));
  index.loop(count, [&](Value i) { buildSegment(strip, index.add(first, i)); });
}

Value SkinnyKernels::zeroSum() {
  auto type = VectorType::get({2, 2}, builder.getF32Type());
  return arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
}

void SkinnyKernels::buildSegment(Value strip, Value place) {
  Value member = index.div(warp, 4);
  Panel panel = loadPanel(place, member);
  Value panelStart = index.mul(place, plan.chunks());
  Value from = arith::MaxUIOp::create(builder, location, firstStep, panelStart);
  Value to = index.min(endStep, index.add(panelStart, plan.chunks()));
  Value panelFilling = index.mul(place, plan.fillings());
  Value first = fillingOf(from), end = fillingAfter(to);
  SmallVector<Value> sums(plan.tiles, zeroSum());
  sums = index.loop(index.sub(end, first), sums, [&](Value i, ValueRange carried) {
    Value number = index.add(first, i);
    Step step = fillingIn(place, index.sub(number, panelFilling), index.sub(number, firstFilling));
    if (plan.stepsPerStage > 1)
      restrictTo(step, index.sub(from, panelStart), index.sub(to, panelStart));
    if (plan.bandPanels > 1)
      step.part = index.add(step.start, index.mul(member, plan.partWords()));
    waitFor(full, step, /*isEmptyWait=*/false);
    Fragments next = plan.multipliesTogether ? multiplyStepTogether(strip, panel, step, carried)
                                             : multiplyStep(strip, panel, step, carried);
    // All lanes have read the stage before one says so.
    warpBarrier();
    releaseStage(step);
    return next;
  });
  // Not a strip that the last panel does not have, nor a repeated panel.
  Value isThere = index.less(strip, panel.strips);
  if (panel.isOwn)
    isThere = both(isThere, panel.isOwn);
  index.ifElse(isThere, [&] { finishSegment(strip, panel, from, to, sums); });
}

void SkinnyKernels::releaseStage(const Step &step) {
  if (plan.cluster > 1)
    // Whoever fills a part of it is told: a lane for each workgroup.
    return index.ifElse(index.less(lane, index.constant(plan.cluster)), [&] {
      RemoteArriveOp::create(builder, location, empty, step.stage, lane);
    });
  index.ifElse(equal(lane, index.constant(0)), [&] {
    nvgpu::MBarrierArriveOp::create(
        builder, location, nvgpu::MBarrierTokenType::get(builder.getContext()), empty, step.stage);
  });
}

SkinnyKernels::Fragments SkinnyKernels::multiplyStep(Value strip, const Panel &panel,
                                                     const Step &step, ValueRange sums) {
  // Strips that the last panel does not have: the warp only keeps pace.
  return either(
      index.less(strip, panel.strips), sums.getTypes(),
      [&] {
        if (plan.unitGroups > 1)
          return multiplyPairs(strip, panel, step, sums);
        return index.loop(step.ownGroups, sums, [&](Value i, ValueRange carried) {
          return multiplyGroup(strip, panel, step, ownGroup(step, i), carried);
        });
      },
      [&] { return Fragments(sums); });
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

SkinnyKernels::Fragments SkinnyKernels::multiplyGroup(Value strip, const Panel &panel,
                                                      const Step &step, Value group,
                                                      ValueRange sums) {
  Place place = placeOf(panel, group, strip);
  if (plan.onlyWords)
    return multiply(decodeFragment(panel, step, place, /*asWords=*/false), step, group, sums);
  // Each way decodes and multiplies by itself: what a branch hands over are then sums, not
  // operands, which would have to be moved into place. Barriers around the rare ways keep LLVM from
  // taking what they have in common with the frequent one out of the branch.
  auto rarely = [&](llvm::function_ref<Fragments()> decode) {
    warpBarrier();
    Fragments next = multiply(decode(), step, group, sums);
    warpBarrier();
    return next;
  };
  auto asWords = [&] { return decodeFragment(panel, step, place, /*asWords=*/true); };
  auto asCodes = [&] { return decodeFragment(panel, step, place, /*asWords=*/false); };
  return either(
      panel.storedAsWords, sums.getTypes(), [&] { return rarely(asWords); },
      [&] {
        if (!plan.hasEscapes)
          return multiply(asCodes(), step, group, sums);
        PlaceEscapes escapes = escapesOf(step, place);
        return either(
            index.less(index.constant(0), escapes.count), sums.getTypes(),
            [&] { return rarely([&] { return patch(step, place, escapes, asCodes()); }); },
            [&] { return multiply(asCodes(), step, group, sums); });
      });
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
  }
  if (!fromWords && plan.codeWords != 0) {
    codePlane = ring;
    codeAt = index.add(partAt(plan.partCode(), plan.codeWords), place.inUnit);
  }
  auto fragment = VectorType::get({4}, builder.getI32Type());
  auto decoded = DecodeFragmentOp::create(
      builder, location, TypeRange{fragment, fragment, fragment, fragment},
      op.getWeightType().getFormat(), TypeAttr::get(op.getWeightType().getElementType()), lane,
      rawPlane, rawAt, codePlane, codeAt, fromWords ? ValueRange() : ValueRange(tableWords),
      asWords || plan.decodesFirst || plan.isShared ? builder.getUnitAttr() : UnitAttr());
  return Fragments(decoded.getResults());
}

SkinnyKernels::PlaceEscapes SkinnyKernels::escapesOf(const Step &step, const Place &place) {
  // An entry a group with the counts of its strips, or a strip of units of four with theirs.
  Value entry = place.group, number = place.strip;
  if (plan.unitGroups > 1) {
    Value row = unitOf(place.group).first;
    entry = index.add(index.mul(row, plan.unitGroups), place.strip);
    number = place.inUnit;
  }
  Value at = index.add(index.add(step.part, plan.partRecords()), index.mul(entry, 2));
  Value record = loadVector(ring, at, 2, builder.getI32Type());
  Value counts = vector::ExtractOp::create(builder, location, record, 1);
  Value ownBits =
      arith::IndexCastUIOp::create(builder, location, builder.getI32Type(), index.mul(number, 8));
  Value own = arith::ShRUIOp::create(builder, location, counts, ownBits);
  return {toIndex(vector::ExtractOp::create(builder, location, record, 0)), counts, number,
          toIndex(bits(own, 0, 8))};
}

Value SkinnyKernels::recordsBefore(const PlaceEscapes &escapes, Value end) {
  Value sum = index.constant(0);
  for (unsigned before = 0; before < 3; ++before) {
    Value isBefore = index.less(index.constant(before), end);
    Value passed =
        arith::SelectOp::create(builder, location, isBefore,
                                toIndex(bits(escapes.counts, 8 * before, 8)), index.constant(0));
    sum = index.add(sum, passed);
  }
  return sum;
}

SkinnyKernels::Fragments SkinnyKernels::patch(const Step &step, const Place &place,
                                              const PlaceEscapes &escapes, ValueRange fragments) {
  Value first = index.add(escapes.entryFirst,
                          index.mul(recordsBefore(escapes, escapes.number), plan.recordWords));
  // In shared memory, where a lane can reach another one's words: records are applied 32 at a time.
  Value mine = index.add(index.mul(warp, SkinnyPlan::unitWords), index.mul(lane, 4));
  for (auto [r, fragment] : llvm::enumerate(fragments))
    vector::StoreOp::create(builder, location, fragment, scratchWords,
                            ValueRange{index.add(mine, 128 * static_cast<int64_t>(r))},
                            /*nontemporal=*/false, llvm::MaybeAlign(16));
  warpBarrier();
  if (plan.recordWords == 1)
    applyWords(step, first, escapes.count);
  else if (plan.unitGroups == 1)
    index.loop(escapes.count, [&](Value i) {
      Value at = index.add(first, index.mul(i, plan.recordWords));
      applyRun(at, index.rem(toIndex(load(patches, at)), 16));
    });
  else
    applyRunsOfGroup(step, place, escapes);
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
  Value unit = index.mul(warp, SkinnyPlan::unitWords);
  index.loop(index.ceilDiv(count, 32), [&](Value round) {
    Value number = index.add(index.mul(round, 32), lane);
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
  });
}

void SkinnyKernels::applyWord(Value record, Value unitAt) {
  // escape-2: value, half, register, lane, block (docs/formats.md).
  Value word = index.add(index.mul(toIndex(bits(record, 17, 2)), 128),
                         index.mul(toIndex(bits(record, 19, 5)), 4));
  word = index.add(word, unitAt);
  word = index.add(word, toIndex(bits(record, 24, 2)));
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
  word = index.add(index.add(word, index.div(lane, 8)), index.mul(warp, SkinnyPlan::unitWords));
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
