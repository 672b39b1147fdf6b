//===- SkinnyProducer.cpp - The thread that fills the ring ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Skinny.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt {

void SkinnyKernels::buildCopies(Value thread) {
  if (plan.copiesByThreads)
    return buildThreadProducer();
  Value producer = index.constant(32 * plan.consumerWarps());
  index.ifElse(equal(thread, producer), [&] { buildProducer(); });
}

void SkinnyKernels::buildProducer() {
  Value count = index.sub(endFilling, firstFilling);
  Value filled = index.min(count, index.constant(plan.stages));
  // Weights do not depend on the kernel before this one, unless that decodes them: the ring is on
  // its way while that ends.
  if (plan.decodesFirst())
    GridDependencyWaitOp::create(builder, location);
  index.loop(filled, [&](Value ordinal) { copyWeights(fillingAt(ordinal)); });
  if (!plan.decodesFirst())
    GridDependencyWaitOp::create(builder, location);
  index.loop(filled, [&](Value ordinal) { copyX(fillingAt(ordinal)); });
  index.loop(index.sub(count, filled), [&](Value i) {
    Step step = fillingAt(index.add(filled, i));
    waitFor(empty, step, /*isEmptyWait=*/true);
    copyWeights(step);
    copyX(step);
  });
}

void SkinnyKernels::copy(Value plane, Value from, const Step &step, Value to, Value count,
                         bool evictFirst) {
  if (plan.copiesByThreads)
    return copyByThreads(plane, from, to, count);
  BulkCopyOp::create(builder, location, plane, from, ring, to, index.mul(count, 4), full,
                     step.stage, Value(), evictFirst ? builder.getUnitAttr() : UnitAttr());
}

SkinnyKernels::PatchCopy SkinnyKernels::patchCopy(const Step &step, Value buffer, Value at) {
  // Two words an entry: where its records begin, and its counts. As many as groups of whole units.
  Value begin = toIndex(load(buffer, at));
  Value entries = index.mul(unitRows(step), plan.unitEntries());
  Value last = index.add(at, index.mul(index.sub(entries, index.constant(1)), 2));
  Value counts = load(buffer, index.add(last, 1));
  Value end = toIndex(load(buffer, last));
  for (unsigned strip = 0; strip < 4; ++strip)
    end = index.add(end, index.mul(toIndex(bits(counts, 8 * strip, 8)), plan.recordWords));
  // Whole runs of 16 bytes around the records.
  Value from = index.mul(index.div(begin, 4), 4);
  Value words = index.mul(index.ceilDiv(index.sub(end, from), 4), 4);
  Value isLeft = index.less(end, index.add(begin, 1));
  if (!plan.recordsFit()) {
    Value isTooLong = index.less(index.constant(plan.patchWords()), words);
    isLeft = arith::OrIOp::create(builder, location, isLeft, isTooLong);
  }
  words = arith::SelectOp::create(builder, location, isLeft, index.constant(0), words);
  return {from, words};
}

void SkinnyKernels::copyWeights(const Step &step) {
  for (int64_t member = 0; member < plan.bandPanels; ++member) {
    Step part = step;
    part.part = index.add(step.start, member * plan.partWords());
    copyPanel(part, member);
  }
}

void SkinnyKernels::copyPanel(const Step &step, int64_t member) {
  Panel panel = loadPanel(step.place, index.constant(member));
  Value units = index.mul(unitRows(step), panel.strips);
  Value firstUnit = index.mul(index.div(step.firstGroup, plan.unitGroups), panel.strips);
  PatchCopy patch;
  // x belongs to the band.
  Value bytes = member > 0 ? index.constant(0)
                           : index.mul(step.groups, plan.tiles * SkinnyPlan::tileWords * 4);
  auto count = [&](Value words) { bytes = index.add(bytes, index.mul(words, 4)); };
  int64_t coded = plan.rawWords + plan.codeWords;
  Value unitWords = index.constant(plan.onlyWords ? SkinnyPlan::unitWords : coded);
  if (!plan.onlyWords)
    unitWords = arith::SelectOp::create(
        builder, location, panel.storedAsWords,
        index.constant(plan.copiesWords() ? SkinnyPlan::unitWords : 0), unitWords);
  count(index.mul(units, unitWords));
  Value recordsAt, recordWords;
  if (plan.hasEscapes) {
    Value firstEntry = index.mul(step.firstGroup, plan.groupEntries());
    recordsAt = index.mul(index.add(panel.records, firstEntry), 2);
    // Two are 16 bytes; a panel has an even number of them.
    Value entries = index.mul(unitRows(step), plan.unitEntries());
    recordWords = index.mul(index.ceilDiv(entries, 2), 4);
    patch = patchCopy(step, records, recordsAt);
    count(patch.words);
    count(recordWords);
  }
  if (plan.hasFlags()) {
    recordsAt = index.add(panel.records, index.mul(step.firstGroup, 4));
    recordWords = index.mul(step.groups, 4);
    count(recordWords);
  }
  if (!plan.copiesByThreads)
    nvgpu::MBarrierArriveExpectTxOp::create(builder, location, full, bytes, step.stage, Value());

  auto plane = [&](Value buffer, Value start, int64_t unitSize, int64_t to) {
    if (unitSize != 0)
      copy(buffer, index.add(start, index.mul(firstUnit, unitSize)), step, index.add(step.part, to),
           index.mul(units, unitSize), /*evictFirst=*/true);
  };
  auto asWords = [&] {
    plane(words, panel.words, plan.copiesWords() ? SkinnyPlan::unitWords : 0, plan.partRaw());
  };
  auto asCodes = [&] {
    plane(raw, panel.raw, plan.rawWords, plan.partRaw());
    plane(code, panel.code, plan.codeWords, plan.partCode());
  };
  if (plan.onlyWords)
    asWords();
  else
    index.ifElse(panel.storedAsWords, asWords, asCodes);
  if (!plan.hasEscapes && !plan.hasFlags())
    return;
  copy(records, recordsAt, step, index.add(step.part, plan.partRecords()), recordWords,
       /*evictFirst=*/true);
  if (!plan.hasEscapes)
    return;
  index.ifElse(index.less(index.constant(0), patch.words), [&] {
    copy(patches, patch.from, step, index.add(step.part, plan.partPatch()), patch.words,
         /*evictFirst=*/true);
  });
}

void SkinnyKernels::expectX(const Step &step) {
  Value bytes = index.mul(step.groups, plan.tiles * SkinnyPlan::tileWords * 4);
  nvgpu::MBarrierArriveExpectTxOp::create(builder, location, full, bytes, step.stage, Value());
}

void SkinnyKernels::copyX(const Step &step) {
  int64_t groupWords = plan.tiles * SkinnyPlan::tileWords;
  Value slice = index.div(step.place, plan.places());
  Value from =
      index.add(index.mul(slice, plan.packedWords()), index.mul(step.firstGroup, groupWords));
  from = index.add(from, plan.decodedWords());
  Value to = index.add(step.start, plan.stageX());
  if (plan.cluster == 1)
    return copy(workspace, from, step, to, index.mul(step.groups, groupWords),
                /*evictFirst=*/false);
  // Each workgroup reads its part, for all of them.
  Value part = index.mul(step.groups, groupWords / plan.cluster);
  Value before = index.mul(rank, part);
  Value everyone = arith::ConstantOp::create(
      builder, location, builder.getI16IntegerAttr(static_cast<int16_t>((1 << plan.cluster) - 1)));
  BulkCopyOp::create(builder, location, workspace, index.add(from, before), ring,
                     index.add(to, before), index.mul(part, 4), full, step.stage, everyone,
                     UnitAttr());
}

} // namespace uwt
