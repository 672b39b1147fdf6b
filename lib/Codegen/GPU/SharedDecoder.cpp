//===- SharedDecoder.cpp - The warps that decode for others ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A share is a whole number of stream units of all strips of a band: a stream can be entered only
// where it begins.
//
//===----------------------------------------------------------------------===//

#include "SharedDecoder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace uwt {

SharedDecoder::SharedDecoder(SkinnyKernels &kernels)
    : StreamWarps(kernels, kernels.plan.decoderWarps()) {}

Status SharedDecoder::checkProduct(MatmulOp op, const EmittedFormat &format) {
  if (format.traits.rate != Rate::Prefix)
    return unsupportedError("threads decode format '" + format.format.str() +
                            "' straight into registers; use strategy direct");
  return StreamWarps::checkProduct(op, format);
}

int64_t SharedDecoder::wordsBesideRing(MatmulOp op, const EmittedFormat &format,
                                       const SkinnyPlan &plan) {
  return streamWordsOf(op, format, plan.copiesByThreads ? 0 : plan.decoderWarps());
}

void SharedDecoder::layOut() {
  Value number = index.sub(kernels.warp, index.constant(kernels.plan.consumerWarps()));
  member = index.div(number, 4);
  strip = index.rem(number, 4);
  copiesX = kernels.equal(number, index.constant(0));
  int64_t ringWords = kernels.plan.stages * kernels.plan.stageWords();
  layOutStreams(ringWords, number);
  // Streams have no plane of records: in its place come classes.
  classes = kernels.patches;
  // Escapes are applied where the words lie.
  kernels.scratchWords = kernels.ring;
  kernels.scratchHalves = kernels.sharedView(2 * ringWords, builder.getI16Type(), 0);
}

void SharedDecoder::copyTable(Value thread) {
  StreamWarps::copyTable(thread, kernels.plan.threads());
}

SharedDecoder::Run SharedDecoder::runAt(Value number) {
  const SkinnyPlan &plan = kernels.plan;
  Run run;
  run.place = index.div(number, plan.grains());
  Value part = index.rem(number, plan.grains());
  run.item = itemOf(kernels.loadPanel(run.place, member), strip, part);
  run.chunk = index.mul(part, plan.grain());
  run.ordinal = kernels.asShort(
      index.sub(index.add(index.mul(run.place, plan.chunks()), run.chunk), kernels.firstStep));
  run.steps =
      index.min(index.sub(index.constant(plan.chunks()), run.chunk), index.constant(plan.grain()));
  return run;
}

void SharedDecoder::build() {
  Value first = kernels.grainOf(kernels.cluster);
  Value end = kernels.grainOf(index.add(kernels.cluster, 1));
  Value count = index.sub(end, first);
  // Weights do not depend on the kernel before this one.
  index.ifElse(index.less(first, end), [&] {
    Item item = itemAt(first);
    index.ifElse(isCoded(item), [&] { prefetch(aheadOf(item)); });
  });
  // x does.
  index.ifElse(copiesX, [&] { GridDependencyWaitOp::create(builder, location); });
  index.loop(count, {index.constant(0)}, [&](Value i, ValueRange carried) {
    Value number = index.add(first, i), following = index.add(number, 1);
    following =
        arith::SelectOp::create(builder, location, index.less(following, end), following, number);
    return Values{buildRun(number, following, carried[0])};
  });
}

Value SharedDecoder::buildRun(Value number, Value following, Value round) {
  Run run = runAt(number);
  auto coded = [&] {
    Ahead ahead = lookAhead(following, number);
    decodeUnit(
        run.item, round, {}, [&] { prefetch(ahead); },
        [&](const StreamUnits::Source &source, const StreamUnits::Header &header) {
          decodeCoded(run, source, header);
          return Values();
        });
    return Values{index.add(round, 1)};
  };
  auto asWords = [&] {
    copyWords(run);
    return Values{round};
  };
  // Strips that the last panel does not have: the warp only keeps pace.
  auto absent = [&] {
    forEachStep(run, {}, [](const SkinnyKernels::Step &, Value, ValueRange) { return Values(); });
    return Values{round};
  };
  Type type = builder.getIndexType();
  auto isThere = [&] { return kernels.either(run.item.panel.storedAsWords, type, asWords, coded); };
  return kernels.either(index.less(strip, run.item.panel.strips), type, isThere, absent)[0];
}

SharedDecoder::Values SharedDecoder::forEachStep(
    const Run &run, ValueRange carried,
    llvm::function_ref<Values(const SkinnyKernels::Step &, Value, ValueRange)> body) {
  return index.loop(run.steps, Values(carried), [&](Value i, ValueRange now) {
    SkinnyKernels::Step step = kernels.fillingIn(run.place, index.add(run.chunk, i),
                                                 kernels.turnOf(index.add(run.ordinal, i)));
    kernels.waitFor(kernels.empty, step, /*isEmptyWait=*/true);
    index.ifElse(copiesX, [&] { beginX(step); });
    Values next = body(step, index.mul(i, kernels.plan.groupsPerStep()), now);
    index.ifElse(copiesX, [&] { endX(); });
    // All lanes have written before one says so.
    kernels.warpBarrier();
    index.ifElse(kernels.equal(kernels.lane, index.constant(0)),
                 [&] { kernels.arrive(kernels.full, step.stage); });
    return next;
  });
}

void SharedDecoder::beginX(const SkinnyKernels::Step &step) {
  if (kernels.plan.copiesByThreads)
    return kernels.copyX(step);
  index.ifElse(kernels.equal(kernels.lane, index.constant(0)), [&] {
    kernels.expectX(step);
    kernels.copyX(step);
  });
}

void SharedDecoder::endX() {
  if (kernels.plan.copiesByThreads)
    kernels.endCopies(0);
}

Value SharedDecoder::unitIn(const SkinnyKernels::Step &step, const Item &item, Value group) {
  Value unit = index.add(index.mul(group, item.panel.strips), strip);
  Value part = index.add(step.start, index.mul(member, kernels.plan.partWords()));
  return kernels.asShort(index.add(part, index.mul(unit, SkinnyPlan::unitWords)));
}

void SharedDecoder::copyWords(const Run &run) {
  forEachStep(run, {}, [&](const SkinnyKernels::Step &step, Value first, ValueRange) {
    index.loop(step.groups, [&](Value inStep) {
      Value group = index.add(run.item.unit.firstGroup, index.add(first, inStep));
      storeFragments(loadWords(run.item, group), unitIn(step, run.item, inStep));
    });
    return Values();
  });
}

SharedDecoder::Values SharedDecoder::decodeCoded(const Run &run, const StreamUnits::Source &source,
                                                 const StreamUnits::Header &header) {
  const Item &item = run.item;
  Values places = units->classes(classes, item.panel.number, item.strip);
  auto decodeNext = [&](const SkinnyKernels::Step &step, Value first, Value inStep,
                        ValueRange now) {
    Value group = index.add(first, inStep), unitAt = unitIn(step, item, inStep);
    Values decoded = decodeGroup(item, group, source, now.take_front(4), places);
    storeFragments(ArrayRef<Value>(decoded).take_front(4), unitAt);
    Values next(ArrayRef<Value>(decoded).drop_front(4));
    if (!hasEscapes())
      return next;
    ValueRange records = now.drop_front(4);
    llvm::append_range(next, kernels.either(
                                 isNext(records, group), records.getTypes(),
                                 [&] {
                                   // Lanes' words are there before one changes them.
                                   kernels.warpBarrier();
                                   return applyRecords(source, header, records, group, unitAt);
                                 },
                                 [&] { return Values(records); }));
    return next;
  };
  return forEachStep(run, begin(source, header),
                     [&](const SkinnyKernels::Step &step, Value first, ValueRange state) {
                       return index.loop(step.groups, Values(state),
                                         [&](Value inStep, ValueRange now) {
                                           return decodeNext(step, first, inStep, now);
                                         });
                     });
}

} // namespace uwt
