//===- SkinnyStreams.cpp - Products of weights with prefix codes ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A strip's units are added in their order by whichever warp ends last, so that bits depend on
// shapes alone.
//
//===----------------------------------------------------------------------===//

#include "SkinnyStreams.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/Panel.h"

using namespace mlir;

namespace uwt {

/// What workgroups may have of a multiprocessor's shared memory, two at a time.
static constexpr int64_t maxSharedBytes = 113 * 1024;

/// Warps of a multiprocessor: with the registers that their sums leave.
static int64_t warpsFor(int64_t tiles) { return tiles == 1 ? 6 : 8; }

StreamProduct::StreamProduct(SkinnyKernels &kernels)
    : StreamWarps(kernels, warpsFor(kernels.plan.tiles)), threads(32 * warps) {}

int64_t StreamProduct::sharedBytes() const {
  return 4 * (streamWords() + (hasEscapes() ? warps * SkinnyPlan::unitWords : 0));
}

Status StreamProduct::checkProduct(MatmulOp op, const EmittedFormat &format) {
  UWT_RETURN_IF_ERROR(StreamWarps::checkProduct(op, format));
  int64_t bytes =
      4 * (streamWordsOf(op, format, warpsFor(1)) + warpsFor(1) * SkinnyPlan::unitWords);
  if (bytes > maxSharedBytes)
    return unsupportedError("its decode table and streams take " + std::to_string(bytes) +
                            " bytes of shared memory, more than " + std::to_string(maxSharedBytes));
  return ok();
}

void StreamProduct::build(ProductKernels &result) {
  kernels.buildPack(result.module);
  buildKernel(result.module);
  result.entries = kernels.entries();
  KernelEntry product = productEntry();
  result.entries.front().strategy = product.strategy;
  result.entries.back() = product;
  addFacts(result.plan);
}

void StreamProduct::buildKernel(gpu::GPUModuleOp module) {
  OpBuilder::InsertionGuard guard(builder);
  Type word = builder.getI32Type(), at = builder.getIndexType();
  MemRefType words = kernels.globalBuffer(word);
  SmallVector<Type> arguments = {kernels.globalBuffer(builder.getI64Type()),
                                 words,
                                 words,
                                 words,
                                 words,
                                 kernels.globalBuffer(builder.getI8Type()),
                                 kernels.globalBuffer(kernels.op.getInitType().getElementType()),
                                 at,
                                 at,
                                 words,
                                 words};
  for (Value extra : kernels.op.getExtras())
    arguments.push_back(kernels.globalBuffer(cast<ShapedType>(extra.getType()).getElementType()));
  gpu::GPUFuncOp kernel =
      kernels.beginKernel(module, "product", arguments, threads, kernels.plan.ctas);
  takeArguments(kernel);
  layOutStreams(0, kernels.warp);
  if (hasEscapes()) {
    int64_t size = warps * SkinnyPlan::unitWords;
    kernels.scratchWords = kernels.sharedView(size, word, streamWords());
    kernels.scratchHalves = kernels.sharedView(2 * size, builder.getI16Type(), streamWords());
  }
  slices = kernels.slicesOf(kernels.batch);
  kernels.partials = index.mul(slices, kernels.plan.packedWords());
  Value items = kernels.asShort(index.mul(slices, 4 * kernels.plan.panels() * inRow));
  LaneCode::WarpItems own = kernels.itemsOfWarp(items, warps);
  // Weights do not depend on the kernel before this one: the first ones are on their way while that
  // ends and the table is loaded.
  Item firstItem = itemAt(index.min(own.first, index.sub(items, index.constant(1))));
  Value hasItem = index.less(own.first, items);
  index.ifElse(kernels.both(hasItem, isCoded(firstItem)), [&] { prefetch(aheadOf(firstItem)); });
  Value thread = index.add(index.mul(kernels.warp, 32), kernels.lane);
  index.ifElse(kernels.equal(thread, index.constant(0)), [&] { initStreamBarriers(); });
  copyTable(thread, threads);
  gpu::BarrierOp::create(builder, location);
  GridDependencyWaitOp::create(builder, location);
  index.loop(own.count, {index.constant(0)}, [&](Value i, ValueRange carried) {
    Value number = kernels.asShort(index.add(own.first, index.mul(i, own.step)));
    Value following = kernels.asShort(index.add(number, own.step));
    Value isLast = index.less(items, index.add(following, 1));
    following = arith::SelectOp::create(builder, location, isLast, number, following);
    return Values{buildItem(number, following, carried[0])};
  });
  gpu::ReturnOp::create(builder, location);
}

void StreamProduct::takeArguments(gpu::GPUFuncOp kernel) {
  unsigned next = 0;
  for (Value *argument :
       {&kernels.panels, &kernels.table, &kernels.words, &kernels.raw, &kernels.code, &classes,
        &kernels.y, &kernels.yRow, &kernels.batch, &kernels.workspace, &kernels.counters})
    *argument = kernel.getArgument(next++);
  for (unsigned i = 0; i < kernels.op.getExtras().size(); ++i)
    kernels.extras.push_back(kernel.getArgument(next++));
  Value thread = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  kernels.warp = index.div(thread, 32);
  kernels.lane = index.rem(thread, 32);
}

StreamProduct::Item StreamProduct::itemAt(Value number) {
  // Strips first: warps of a workgroup read the same x. Then slices: those that come later find
  // the weights in the second-level cache.
  int64_t panels = kernels.plan.panels();
  Value rest = index.div(number, 4), unit = kernels.divideShort(rest, slices);
  Value slice = kernels.asShort(index.sub(rest, index.mul(unit, slices)));
  Value place = kernels.asShort(index.add(index.mul(slice, panels), index.rem(unit, panels)));
  return itemOf(kernels.loadPanel(place, index.constant(0)), index.rem(number, 4),
                index.div(unit, panels));
}

Value StreamProduct::buildItem(Value number, Value following, Value round) {
  Item item = itemAt(number);
  auto isThere = [&] {
    SmallVector<Type> types(kernels.plan.tiles, kernels.zeroSum().getType());
    types.push_back(builder.getIndexType());
    auto with = [&](Values sums, Value next) {
      sums.push_back(next);
      return sums;
    };
    Values done = kernels.either(
        item.panel.storedAsWords, types, [&] { return with(multiplyWords(item), round); },
        [&] {
          Ahead ahead = lookAhead(following, number);
          return with(multiplyCoded(item, ahead, round), index.add(round, 1));
        });
    Values sums = kernels.flatSums(ArrayRef<Value>(done).drop_back());
    if (inRow == 1)
      kernels.storeOutputs(item.strip, item.panel, sums);
    else
      addPartials(item, sums);
    return Values{done.back()};
  };
  return kernels.either(index.less(item.strip, item.panel.strips),
                        TypeRange{builder.getIndexType()}, isThere,
                        [&] { return Values{round}; })[0];
}

StreamProduct::Values StreamProduct::multiplyGroup(const Item &item, Value group,
                                                   ValueRange fragments, ValueRange sums) {
  Value at = index.add(item.unit.firstGroup, group);
  at = index.mul(at, kernels.plan.tiles * SkinnyPlan::tileWords);
  at = index.add(at, index.mul(item.panel.slice, kernels.plan.packedWords()));
  return kernels.multiplyWith(fragments, kernels.workspace,
                              index.add(at, index.mul(kernels.lane, 4)), sums);
}

StreamProduct::Values StreamProduct::multiplyWords(const Item &item) {
  Values sums(kernels.plan.tiles, kernels.zeroSum());
  return index.loop(item.unit.groups, sums, [&](Value group, ValueRange carried) {
    Values words = loadWords(item, index.add(item.unit.firstGroup, group));
    return multiplyGroup(item, group, words, carried);
  });
}

StreamProduct::Values StreamProduct::multiplyCoded(const Item &item, const Ahead &ahead,
                                                   Value round) {
  SmallVector<Type> types(kernels.plan.tiles, kernels.zeroSum().getType());
  return decodeUnit(
      item, round, types, [&] { prefetch(ahead); },
      [&](const StreamUnits::Source &source, const StreamUnits::Header &header) {
        return multiplyUnit(item, source, header);
      });
}

StreamProduct::Values StreamProduct::multiplyUnit(const Item &item,
                                                  const StreamUnits::Source &source,
                                                  const StreamUnits::Header &header) {
  Values carried = begin(source, header);
  Values places = units->classes(classes, item.panel.number, item.strip);
  carried.append(kernels.plan.tiles, kernels.zeroSum());
  Values after = index.loop(item.unit.groups, carried, [&](Value group, ValueRange now) {
    ValueRange sums = now.drop_front(carriedCount());
    Values decoded = decodeGroup(item, group, source, now.take_front(4), places);
    ValueRange fragments = ArrayRef<Value>(decoded).take_front(4);
    Values next(ArrayRef<Value>(decoded).drop_front(4));
    if (!hasEscapes()) {
      llvm::append_range(next, multiplyGroup(item, group, fragments, sums));
      return next;
    }
    ValueRange records = now.slice(4, 2), handedOn = now.drop_front(4);
    Values results = kernels.either(
        isNext(records, group), handedOn.getTypes(),
        [&] { return multiplyEscaped(item, group, fragments, sums, source, header, records); },
        [&] {
          Values same(records);
          llvm::append_range(same, multiplyGroup(item, group, fragments, sums));
          return same;
        });
    llvm::append_range(next, results);
    return next;
  });
  return Values(ArrayRef<Value>(after).drop_front(carriedCount()));
}

StreamProduct::Values StreamProduct::transposed(ValueRange vectors) {
  SmallVector<Values> elements;
  for (Value vector : vectors)
    elements.push_back(
        Values(vector::ToElementsOp::create(builder, location, vector).getElements()));
  Values results;
  for (size_t i = 0; i < 4; ++i)
    results.push_back(vector::FromElementsOp::create(
        builder, location, cast<VectorType>(vectors[0].getType()),
        ValueRange{elements[0][i], elements[1][i], elements[2][i], elements[3][i]}));
  return results;
}

StreamProduct::Values StreamProduct::multiplyEscaped(const Item &item, Value group,
                                                     ValueRange fragments, ValueRange sums,
                                                     const StreamUnits::Source &source,
                                                     const StreamUnits::Header &header,
                                                     ValueRange records) {
  // In the order of records, a block's registers one behind the other, as products want them: in
  // another order ptxas would move all registers, also where there are no escapes.
  Value mine = index.mul(kernels.warp, SkinnyPlan::unitWords);
  Value own = index.add(mine, index.mul(kernels.lane, 4));
  kernels.warpBarrier();
  storeFragments(transposed(fragments), mine);
  kernels.warpBarrier();
  Values result = applyRecords(source, header, records, group, [&](Value record) {
    // escape-2: value, half, register, lane, block (docs/formats.md).
    kernels.storeHalf(record, index.add(mine, kernels.toIndex(kernels.bits(record, 17, 9))));
  });
  kernels.warpBarrier();
  Values blocks;
  for (int64_t block = 0; block < 4; ++block)
    blocks.push_back(kernels.loadVector(kernels.scratchWords, index.add(own, 128 * block), 4,
                                        builder.getI32Type()));
  Values patched = transposed(blocks);
  llvm::append_range(result, multiplyGroup(item, group, patched, sums));
  kernels.warpBarrier();
  return result;
}

void StreamProduct::addPartials(const Item &item, ValueRange sums) {
  auto placesOf = [&](Value part) {
    Value at = index.add(index.mul(item.panel.place, inRow), part);
    at = index.mul(index.add(index.mul(at, 4), item.strip), kernels.plan.tiles);
    Values places;
    for (int64_t tile = 0; tile < kernels.plan.tiles; ++tile) {
      Value place = index.add(index.mul(index.add(at, tile), 128), index.mul(kernels.lane, 4));
      places.push_back(index.add(kernels.partials, place));
    }
    return places;
  };
  Value counter = index.add(index.mul(item.panel.place, 4), item.strip);
  // A number that LLVM knows it would unroll the loop by, for all of whose loads there are no
  // registers.
  Value others = kernels.sameInWarp(index.constant(inRow - 1));
  Value first = index.constant(0), zero = kernels.zeroOf(sums.front().getType());
  Value isComplete = kernels.countPart(sums, {counter, item.part, first, others}, placesOf);
  index.ifElse(isComplete, [&] {
    Values zeros(sums.size(), zero);
    Values totals = kernels.addParts(zeros, first, index.add(others, 1), placesOf);
    kernels.storeOutputs(item.strip, item.panel, totals);
  });
}

KernelEntry StreamProduct::productEntry() {
  KernelEntry entry = kernels.entries().back();
  entry.strategy = "skinny-streams,m=" + std::to_string(8 * kernels.plan.tiles);
  entry.launch.threads = static_cast<uint32_t>(threads);
  entry.launch.sharedBytes = static_cast<uint32_t>(sharedBytes());
  entry.launch.tileRows = panelRows;
  entry.launch.tileColumns = streamUnitColumns;
  // Packed x counts by slices, the rule by tiles: a tile has its part, in whole runs of 16 bytes,
  // and the partial sums of four warps.
  uint64_t tiles = static_cast<uint64_t>(kernels.plan.panels() * inRow);
  uint64_t sliceBytes = static_cast<uint64_t>(4 * kernels.plan.packedWords());
  entry.workspace = {};
  entry.workspace.perTile = (sliceBytes + 16 * tiles - 1) / (16 * tiles) * 16 +
                            static_cast<uint64_t>(4 * 512 * kernels.plan.tiles);
  entry.workspace.countersPerTile = 16;
  // In the order of buildKernel.
  llvm::erase_if(entry.arguments, [](const KernelArgument &argument) {
    return argument.kind == ArgumentKind::Records;
  });
  return entry;
}

} // namespace uwt
