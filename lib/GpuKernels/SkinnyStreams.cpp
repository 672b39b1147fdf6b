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
#include <algorithm>

using namespace mlir;

namespace uwt {

/// What workgroups may have of a multiprocessor's shared memory, two at a time.
static constexpr int64_t mostSharedBytes = 113 * 1024;
static constexpr int64_t noGroup = int64_t(1) << 20;

/// Warps of a multiprocessor: with the registers that theirs sums leave.
static int64_t warpsFor(int64_t tiles) { return tiles == 1 ? 6 : 8; }

StreamProduct::StreamProduct(SkinnyKernels &kernels)
    : kernels(kernels), format(kernels.format), builder(kernels.builder),
      location(kernels.location), index(builder, location),
      units(std::in_place, builder, location, kernels.op.getWeightType(), format, Value()) {
  // At 33 bytes a nanosecond and a latency of a microsecond 33 KB have to be on their way.
  constexpr int64_t bytesAhead = 48 * 1024;
  inRow = units->unitsInRow();
  room = units->usualWords();
  warps = warpsFor(kernels.plan.tiles);
  threads = 32 * warps;
  int64_t groupBytes = 4 * warps * kernels.plan.ctas * std::max<int64_t>(kernels.plan.rawWords, 1);
  distance = std::clamp<int64_t>(bytesAhead / groupBytes, 1, 8);
}

int64_t StreamProduct::sharedBytes() const {
  return 4 * (tableWords() + warps * (room + (hasEscapes() ? SkinnyPlan::unitWords : 0)));
}

std::string StreamProduct::refusal(MatmulOp op, const EmittedFormat &format) {
  OpBuilder builder(op.getContext());
  StreamUnits units(builder, op.getLoc(), op.getWeightType(), format, Value());
  if (units.isWholePanel())
    return "a weight of at most 512 columns has stream units of four strips; use strategy buffer";
  if (format.format.escapes == Escapes::Rows64)
    return "records of escapes=rows<64> are not in the order of columns; use strategy buffer";
  int64_t bytes = 4 * (static_cast<int64_t>(format.table.words()) +
                       warpsFor(1) * (units.usualWords() + SkinnyPlan::unitWords));
  if (bytes > mostSharedBytes)
    return "its decode table and streams take " + std::to_string(bytes) +
           " bytes of shared memory, more than " + std::to_string(mostSharedBytes);
  return {};
}

void StreamProduct::build(ProductKernels &result) {
  kernels.buildPack(result.module);
  buildKernel(result.module);
  result.entries = kernels.entries();
  KernelEntry product = productEntry();
  result.entries.front().strategy = product.strategy;
  result.entries.back() = product;
  // Raw fields are what warps have on their way.
  result.plan.stages = static_cast<unsigned>(distance);
  result.plan.stageBytes = static_cast<uint64_t>(4 * warps * kernels.plan.rawWords);
  result.plan.streamWarps = static_cast<unsigned>(warps * kernels.plan.ctas);
  result.plan.lookups = 1.0 / format.table.symbols;
  constexpr double unitWeights = 1024;
  result.plan.rawBytes = static_cast<double>(4 * kernels.plan.rawWords) / unitWeights;
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
  layOutShared();
  slices = kernels.slicesOf(kernels.batch);
  kernels.partials = index.mul(slices, kernels.plan.packedWords());
  Value items = index.mul(slices, 4 * kernels.plan.panels() * inRow);
  LaneCode::WarpItems own = kernels.itemsOfWarp(items, warps);
  // Weights do not depend on the kernel before this one: the first ones are on their way while that
  // ends and the table is loaded.
  Item firstItem = itemAt(index.min(own.first, index.sub(items, index.constant(1))));
  Value hasItem = index.less(own.first, items);
  index.ifElse(kernels.both(hasItem, isCoded(firstItem)), [&] { prefetch(aheadOf(firstItem)); });
  loadTable();
  GridDependencyWaitOp::create(builder, location);
  index.loop(own.count, {index.constant(0)}, [&](Value i, ValueRange carried) {
    Value number = index.add(own.first, index.mul(i, own.step));
    Value following = index.add(number, own.step);
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
  units.emplace(builder, location, kernels.op.getWeightType(), format, kernels.lane);
}

void StreamProduct::layOutShared() {
  auto space = gpu::AddressSpaceAttr::get(builder.getContext(), gpu::AddressSpace::Workgroup);
  auto type = [&](int64_t size, Type element) {
    return MemRefType::get({size}, element, MemRefLayoutAttrInterface(), space);
  };
  auto shared = [&](int64_t size, Type element, int64_t word) -> Value {
    Value all = gpu::DynamicSharedMemoryOp::create(builder, location,
                                                   type(ShapedType::kDynamic, builder.getI8Type()));
    return memref::ViewOp::create(builder, location, type(size, element), all,
                                  index.constant(4 * word), ValueRange());
  };
  Type word = builder.getI32Type();
  int64_t scratch = tableWords() + warps * room, size = warps * SkinnyPlan::unitWords;
  sharedTable = shared(tableWords(), word, 0);
  rooms = shared(warps * room, word, tableWords());
  if (hasEscapes()) {
    kernels.scratchWords = shared(size, word, scratch);
    kernels.scratchHalves = shared(2 * size, builder.getI16Type(), scratch);
  }
  barriers = nvgpu::MBarrierCreateOp::create(
      builder, location, nvgpu::MBarrierGroupType::get(builder.getContext(), space, warps));
}

void StreamProduct::loadTable() {
  Value thread = index.add(index.mul(kernels.warp, 32), kernels.lane);
  index.ifElse(kernels.equal(thread, index.constant(0)), [&] {
    for (int64_t warp = 0; warp < warps; ++warp)
      nvgpu::MBarrierInitOp::create(builder, location, barriers, index.constant(1),
                                    index.constant(warp), Value());
    // Copies complete on them through another proxy.
    NVVM::FenceMbarrierInitOp::create(builder, location);
  });
  index.loop(index.constant((tableWords() + threads - 1) / threads), [&](Value round) {
    Value at = index.add(index.mul(round, threads), thread);
    index.ifElse(index.less(at, index.constant(tableWords())), [&] {
      memref::StoreOp::create(builder, location, kernels.load(kernels.table, at), sharedTable,
                              ValueRange{at});
    });
  });
  gpu::BarrierOp::create(builder, location);
}

StreamProduct::Item StreamProduct::itemAt(Value number) {
  // Strips first: warps of a workgroup read the same x. Then slices: those that come later find
  // the weights in the second-level cache.
  int64_t panels = kernels.plan.panels();
  Item item;
  item.strip = index.rem(number, 4);
  Value rest = index.div(number, 4), unit = kernels.divideShort(rest, slices);
  Value slice = index.sub(rest, index.mul(unit, slices));
  item.part = index.div(unit, panels);
  Value place = index.add(index.mul(slice, panels), index.rem(unit, panels));
  item.panel = kernels.loadPanel(place, index.constant(0));
  item.number = index.add(index.mul(item.strip, inRow), item.part);
  item.unit = units->unit(item.panel.strips, item.number);
  return item;
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
    ArrayRef<Value> sums = ArrayRef<Value>(done).drop_back();
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

Value StreamProduct::rawStride(const Item &item) {
  return index.mul(item.panel.strips, kernels.plan.rawWords);
}

Value StreamProduct::rawStart(const Item &item) {
  Value unit = index.add(index.mul(item.unit.firstGroup, item.panel.strips), item.strip);
  return index.add(item.panel.raw, index.mul(unit, kernels.plan.rawWords));
}

Value StreamProduct::isCoded(const Item &item) {
  Value isThere = index.less(item.strip, item.panel.strips);
  Value asWords =
      arith::ExtUIOp::create(builder, location, builder.getI32Type(), item.panel.storedAsWords);
  return kernels.both(isThere, kernels.equal(asWords, kernels.constantI32(0)));
}

StreamProduct::Ahead StreamProduct::aheadOf(const Item &item) {
  Value begin = units->locate(kernels.code, item.panel.code, item.number).begin;
  Value all = memref::DimOp::create(builder, location, kernels.code, 0);
  Value words = index.min(index.sub(all, begin), index.constant(room));
  return {begin, words, rawStart(item), rawStride(item), item.unit.groups};
}

StreamProduct::Ahead StreamProduct::lookAhead(Value number, Value instead) {
  Value isThere = isCoded(itemAt(number));
  return aheadOf(itemAt(arith::SelectOp::create(builder, location, isThere, number, instead)));
}

void StreamProduct::prefetch(const Ahead &ahead) {
  Value groups = index.min(ahead.groups, index.constant(distance));
  index.loop(groups, [&](Value group) {
    prefetchRaw(index.add(ahead.raw, index.mul(group, ahead.stride)));
  });
  // A sector of the second-level cache a lane.
  constexpr int64_t sectorWords = 8, warpWords = 32 * sectorWords;
  Value own = index.mul(kernels.lane, sectorWords);
  index.loop(index.ceilDiv(ahead.codeWords, warpWords), [&](Value round) {
    Value at = index.add(index.mul(round, warpWords), own);
    at = index.min(at, index.sub(ahead.codeWords, index.constant(1)));
    memref::PrefetchOp::create(builder, location, kernels.code,
                               ValueRange{index.add(ahead.code, at)}, /*isWrite=*/false,
                               /*localityHint=*/2, /*isDataCache=*/true);
  });
}

void StreamProduct::prefetchRaw(Value groupStart) {
  // All of the group's sectors, whose lanes have the same share each.
  Value at = index.add(groupStart, index.mul(kernels.lane, kernels.plan.rawWords / 32));
  memref::PrefetchOp::create(builder, location, kernels.raw, ValueRange{at}, /*isWrite=*/false,
                             /*localityHint=*/2, /*isDataCache=*/true);
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
    Value unit = index.mul(index.add(item.unit.firstGroup, group), item.panel.strips);
    Value at = index.mul(index.add(unit, item.strip), SkinnyPlan::unitWords);
    auto fragment = VectorType::get({4}, builder.getI32Type());
    auto words = DecodeFragmentOp::create(
        builder, location, SmallVector<Type>(4, fragment), kernels.op.getWeightType().getFormat(),
        TypeAttr::get(kernels.op.getWeightType().getElementType()), kernels.lane, kernels.words,
        index.add(item.panel.words, at), Value(), Value(), ValueRange(), builder.getUnitAttr());
    return multiplyGroup(item, group, words.getResults(), carried);
  });
}

StreamUnits::Source StreamProduct::copyUnit(const Item &item, Value round) {
  StreamUnits::Source plane = units->locate(kernels.code, item.panel.code, item.number);
  // As far as the next unit; the panel's last one does not say how long it is.
  Value following = index.add(item.number, 1);
  Value end = units->locate(kernels.code, item.panel.code, following).begin;
  Value isLast = kernels.equal(following, index.mul(item.panel.strips, inRow));
  Value isBackwards = index.less(end, plane.begin);
  Value isUnknown = arith::OrIOp::create(builder, location, isLast, isBackwards);
  Value size = arith::SelectOp::create(builder, location, isUnknown, index.constant(room),
                                       index.sub(end, plane.begin));
  // Whole runs of 16 bytes, of which a plane with blobs has at least one here.
  Value from = index.mul(index.div(plane.begin, 4), 4), shift = index.sub(plane.begin, from);
  Value all = memref::DimOp::create(builder, location, kernels.code, 0);
  Value words = index.mul(index.ceilDiv(index.add(index.add(shift, size), 1), 4), 4);
  words = index.min(words, index.min(index.sub(all, from), index.constant(room)));
  Value slot = index.mul(kernels.warp, room);
  index.ifElse(kernels.equal(kernels.lane, index.constant(0)), [&] {
    Value bytes = index.mul(words, 4);
    nvgpu::MBarrierArriveExpectTxOp::create(builder, location, barriers, bytes, kernels.warp,
                                            Value());
    BulkCopyOp::create(builder, location, kernels.code, from, rooms, slot, bytes, barriers,
                       kernels.warp, /*multicast=*/Value(), builder.getUnitAttr());
  });
  Value isOdd = kernels.equal(index.rem(round, 2), index.constant(1));
  nvgpu::MBarrierTryWaitParityOp::create(builder, location, barriers, isOdd,
                                         index.constant(10000000), kernels.warp);
  return {rooms, index.add(slot, shift), index.sub(index.sub(words, shift), index.constant(1))};
}

StreamProduct::Values StreamProduct::multiplyCoded(const Item &item, const Ahead &ahead,
                                                   Value round) {
  StreamUnits::Source copied = copyUnit(item, round);
  StreamUnits::Header header = units->header(copied);
  prefetch(ahead);
  SmallVector<Type> types(kernels.plan.tiles, kernels.zeroSum().getType());
  Values sums = kernels.either(
      index.less(header.words, index.add(copied.last, 2)), types,
      [&] { return multiplyUnit(item, copied, header); },
      [&] {
        StreamUnits::Source plane = units->locate(kernels.code, item.panel.code, item.number);
        return multiplyUnit(item, plane, units->header(plane));
      });
  // All lanes have read the room before the next copy into it.
  kernels.warpBarrier();
  return sums;
}

Value StreamProduct::groupOfRecord(const StreamUnits::Source &source,
                                   const StreamUnits::Header &header, Value record) {
  Value word = units->word(source, index.add(header.records, record));
  Value group = index.div(kernels.toIndex(kernels.bits(word, 24, 8)), 4);
  return arith::SelectOp::create(builder, location, index.less(record, header.recordCount), group,
                                 index.constant(noGroup));
}

StreamProduct::Values StreamProduct::multiplyUnit(const Item &item,
                                                  const StreamUnits::Source &source,
                                                  const StreamUnits::Header &header) {
  Values carried(header.state), places = units->classes(classes, item.panel.number, item.strip);
  if (hasEscapes()) {
    Value first = index.constant(0);
    carried.append({first, groupOfRecord(source, header, first)});
  }
  size_t before = carried.size();
  carried.append(kernels.plan.tiles, kernels.zeroSum());
  Values after = index.loop(item.unit.groups, carried, [&](Value group, ValueRange now) {
    Value rawAt = index.add(rawStart(item), index.mul(group, rawStride(item)));
    index.ifElse(index.less(index.add(group, distance), item.unit.groups),
                 [&] { prefetchRaw(index.add(rawAt, index.mul(rawStride(item), distance))); });
    Values decoded = units->decode(item.unit, group, kernels.raw, rawAt, source, now.take_front(4),
                                   sharedTable, places);
    ValueRange fragments = ArrayRef<Value>(decoded).take_front(4), sums = now.drop_front(before);
    Values next(ArrayRef<Value>(decoded).drop_front(4));
    if (!hasEscapes()) {
      llvm::append_range(next, multiplyGroup(item, group, fragments, sums));
      return next;
    }
    ValueRange records = now.slice(4, 2);
    ValueRange handedOn = now.drop_front(4);
    Values results = kernels.either(
        index.less(records[1], index.add(group, 1)), handedOn.getTypes(),
        [&] { return multiplyEscaped(item, group, fragments, sums, source, header, records); },
        [&] {
          Values same(records);
          llvm::append_range(same, multiplyGroup(item, group, fragments, sums));
          return same;
        });
    llvm::append_range(next, results);
    return next;
  });
  return Values(ArrayRef<Value>(after).drop_front(before));
}

StreamProduct::Values StreamProduct::multiplyEscaped(const Item &item, Value group,
                                                     ValueRange fragments, ValueRange sums,
                                                     const StreamUnits::Source &source,
                                                     const StreamUnits::Header &header,
                                                     ValueRange next) {
  kernels.warpBarrier();
  Value mine =
      index.add(index.mul(kernels.warp, SkinnyPlan::unitWords), index.mul(kernels.lane, 4));
  for (auto [r, fragment] : llvm::enumerate(fragments))
    vector::StoreOp::create(builder, location, fragment, kernels.scratchWords,
                            ValueRange{index.add(mine, 128 * static_cast<int64_t>(r))},
                            /*nontemporal=*/false, llvm::MaybeAlign(16));
  kernels.warpBarrier();
  // Records rise (escape-1): those of this group come next, and few.
  SmallVector<Type> types(2, builder.getIndexType());
  auto loop = scf::WhileOp::create(builder, location, types, next);
  {
    OpBuilder::InsertionGuard guard(builder);
    SmallVector<Location> locations(2, location);
    Block *test = builder.createBlock(&loop.getBefore(), {}, types, locations);
    scf::ConditionOp::create(builder, location,
                             index.less(test->getArgument(1), index.add(group, 1)),
                             test->getArguments());
    Block *body = builder.createBlock(&loop.getAfter(), {}, types, locations);
    Value record = units->word(source, index.add(header.records, body->getArgument(0)));
    index.ifElse(kernels.equal(kernels.lane, index.constant(0)),
                 [&] { kernels.applyWord(record); });
    Value following = index.add(body->getArgument(0), 1);
    scf::YieldOp::create(builder, location,
                         ValueRange{following, groupOfRecord(source, header, following)});
  }
  kernels.warpBarrier();
  Values patched, result(loop.getResults());
  for (int64_t r = 0; r < 4; ++r)
    patched.push_back(kernels.loadVector(kernels.scratchWords, index.add(mine, 128 * r), 4,
                                         builder.getI32Type()));
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
  kernels.addInOrder(
      item.strip, item.panel, sums,
      {counter, item.part, /*first=*/index.constant(0), /*others=*/index.constant(inRow - 1)},
      placesOf);
}

KernelEntry StreamProduct::productEntry() {
  KernelEntry entry = kernels.entries().back();
  entry.strategy = "skinny-streams,n=" + std::to_string(8 * kernels.plan.tiles);
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
  std::vector<KernelArgument> arguments;
  for (KernelArgument argument : entry.arguments) {
    if (argument.kind == ArgumentKind::Records)
      continue;
    if (argument.kind == ArgumentKind::Patch)
      argument = {ArgumentKind::Classes, ArgumentType::I8, 1, 0, 0};
    arguments.push_back(argument);
  }
  entry.arguments = std::move(arguments);
  return entry;
}

} // namespace uwt
