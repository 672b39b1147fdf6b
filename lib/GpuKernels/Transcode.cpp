//===- Transcode.cpp - Family transcode: fixed units and stores -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Transcode.h"
#include "Entries.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/Panel.h"

using namespace mlir;

namespace uwt {

/// Workgroups that a multiprocessor is to run at a time: of fixed units 32 warps, each with 1.5 KB
/// on its way; the state of streams takes more registers.
static constexpr int64_t fixedWorkgroups = 8, streamWorkgroups = 6;
/// What a table of prefix codes may take of a multiprocessor's shared memory.
static constexpr int64_t mostTableBytes = 96 * 1024;

TranscodeBuilder::TranscodeBuilder(CompressedType type, const EmittedFormat &format,
                                   OpBuilder &builder, Location location, DecodedForm form)
    : UnitCode(builder, location, type), type(type), format(format), form(form),
      layout(unitLayout(format.format, format.element)) {}

void TranscodeBuilder::build(gpu::GPUModuleOp module, StringRef name) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Type> arguments;
  for (unsigned bits : {64, 32, 32, 32, 32, 32, 32, 8})
    arguments.push_back(globalBuffer(builder.getIntegerType(bits)));
  arguments.push_back(globalBuffer(resultType()));
  gpu::GPUFuncOp kernel = beginKernel(module, name, arguments, threads,
                                      isStream() ? streamWorkgroups : fixedWorkgroups);
  unsigned next = 0;
  for (Value *argument :
       {&panelTable, &records, &table, &words, &raw, &code, &patches, &classes, &result})
    *argument = kernel.getArgument(next++);
  findLane();
  if (isStream())
    streams.emplace(builder, location, type, format, lane);
  loadTable();
  forEachWarpItem(index.constant(panels * panelItems()), warps,
                  [&](Value item) { isStream() ? buildStream(item) : buildFixed(item); });
  gpu::ReturnOp::create(builder, location);
}

void TranscodeBuilder::loadTable() {
  if (!isStream()) {
    const Emitter &emitter = *findEmitter(format.format.codec.keyword);
    for (unsigned i = 0; i < *emitter.fragmentTableWords(format); ++i)
      tableWords.push_back(load(table, index.constant(i)));
    return;
  }
  int64_t size = tableBytes() / 4;
  Value shared = sharedView(size, builder.getI32Type(), 0);
  copyToShared(table, shared, size, index.add(index.mul(warp, 32), lane), threads);
  gpu::BarrierOp::create(builder, location);
  table = shared;
}

int64_t TranscodeBuilder::panelItems() const {
  return isStream() ? streams->unitsInPanel() : groups * int64_t(panelRows / stripRows);
}

TranscodeBuilder::Panel TranscodeBuilder::loadPanel(Value number) {
  auto field = [&](int64_t place) { return panelField(panelTable, number, place); };
  // In the order of DevicePanelEntry (Cuda/Abi.h).
  Panel panel{number, field(0), field(1), field(2), field(3), field(4), {}, {}};
  panel.storedAsWords = index.less(index.constant(0), field(5));
  panel.strips = stripsOf(number);
  return panel;
}

void TranscodeBuilder::buildFixed(Value item) {
  Value inPanel = index.rem(item, panelItems());
  Panel panel = loadPanel(index.div(item, panelItems()));
  Place place{index.div(inPanel, 4), index.rem(inPanel, 4)};
  index.ifElse(index.less(place.strip, panel.strips), [&] {
    store(panel, place, decodeFixed(panel, place));
    if (layout.hasEscapes)
      patchFixed(panel, place);
  });
}

TranscodeBuilder::Values TranscodeBuilder::decodeFixed(const Panel &panel, const Place &place) {
  if (layout.onlyWords)
    return decode(panel, place, /*asWords=*/true);
  auto fragment = VectorType::get({4}, builder.getI32Type());
  return either(
      panel.storedAsWords, SmallVector<Type>(4, fragment),
      [&] { return decode(panel, place, /*asWords=*/true); },
      [&] { return decode(panel, place, /*asWords=*/false); });
}

TranscodeBuilder::Values TranscodeBuilder::decode(const Panel &panel, const Place &place,
                                                  bool asWords) {
  auto at = [&](Value plane, int64_t size) {
    Value unit = index.add(index.mul(place.group, panel.strips), place.strip);
    return index.add(plane, index.mul(unit, size));
  };
  Value rawPlane, rawAt, codePlane, codeAt;
  if (asWords) {
    rawPlane = words;
    rawAt = at(panel.words, SkinnyPlan::unitWords);
  } else {
    if (layout.rawWords != 0) {
      rawPlane = raw;
      rawAt = at(panel.raw, layout.rawWords);
    }
    codePlane = code;
    Value unitGroup = index.div(place.group, layout.groups);
    Value unit = index.add(index.mul(unitGroup, panel.strips), place.strip);
    codeAt = index.add(panel.code, index.mul(unit, layout.codeWords));
    // A unit of four groups: the group's number is added to where the unit begins.
    if (layout.groups != 1)
      codeAt = index.add(codeAt, index.rem(place.group, layout.groups));
  }
  auto fragment = VectorType::get({4}, builder.getI32Type());
  auto decoded = DecodeFragmentOp::create(
      builder, location, TypeRange{fragment, fragment, fragment, fragment}, type.getFormat(),
      TypeAttr::get(type.getElementType()), lane, rawPlane, rawAt, codePlane, codeAt,
      asWords ? ValueRange() : ValueRange(tableWords),
      asWords ? builder.getUnitAttr() : UnitAttr());
  return Values(decoded.getResults());
}

Value TranscodeBuilder::resultAt(const Panel &panel, const Place &place) {
  return index.mul(unitNumber(panel.number, panel.strips, place), 2 * SkinnyPlan::unitWords);
}

void TranscodeBuilder::store(const Panel &panel, const Place &place, ValueRange fragments) {
  Values cleared = clearPadding(panel, place, fragments);
  Value unit = resultAt(panel, place);
  // Kinds of 32 lanes with 16 bytes each.
  int64_t inLane = makesWords() ? 8 : 16;
  Value start = index.add(unit, index.mul(lane, inLane));
  if (!makesWords())
    cleared = {exponentBytes(cleared[0], cleared[1]), exponentBytes(cleared[2], cleared[3])};
  for (auto [kind, fragment] : llvm::enumerate(cleared))
    storeAligned(fragment, index.add(start, 32 * inLane * static_cast<int64_t>(kind)));
}

void TranscodeBuilder::storeAligned(Value fragment, Value at) {
  Type element = resultType();
  auto run = VectorType::get({128 / element.getIntOrFloatBitWidth()}, element);
  Value value = vector::BitCastOp::create(builder, location, run, fragment);
  vector::StoreOp::create(builder, location, value, result, ValueRange{at},
                          /*nontemporal=*/false, llvm::MaybeAlign(16));
}

Value TranscodeBuilder::exponentBytes(Value even, Value odd) {
  // A rotated symbol is the upper byte of its word but for the highest bit, which comes from the
  // lower byte.
  LaneBuilder lanes(builder, location, even.getType());
  Value low = lanes.merge(0x00800080, even, lanes.lshr(even, 8));
  Value high = lanes.merge(0x80008000, lanes.shl(odd, 8), odd);
  return lanes.merge(0x00FF00FF, low, high);
}

TranscodeBuilder::Values TranscodeBuilder::clearPadding(const Panel &panel, const Place &place,
                                                        ValueRange fragments) {
  Value isEdge = hasPadding(panel.number, place);
  if (!isEdge)
    return Values(fragments);
  auto clear = [&] {
    Values cleared;
    for (auto [fragment, mask] : llvm::zip_equal(fragments, existing(panel.number, place)))
      cleared.push_back(arith::AndIOp::create(builder, location, fragment, mask));
    return cleared;
  };
  return either(isEdge, fragments.getTypes(), clear, [&] { return Values(fragments); });
}

//===----------------------------------------------------------------------===//
// What the family serves
//===----------------------------------------------------------------------===//

void TranscodeBuilder::describe(KernelEntry &entry, ArgumentKind where) {
  LaunchRule rule;
  rule.grid = GridRule::Persistent;
  rule.threads = threads;
  rule.sharedBytes = static_cast<uint32_t>(tableBytes());
  rule.ctasPerMultiprocessor = isStream() ? streamWorkgroups : fixedWorkgroups;
  rule.tileRows = panelRows;
  rule.tileColumns = isStream() ? streamUnitColumns : fixedUnitColumns;
  entry.launch = rule;
  entry.arguments = {
      memrefArgument(ArgumentKind::Panels, ArgumentType::I64),
      memrefArgument(ArgumentKind::Records, ArgumentType::I32),
      memrefArgument(ArgumentKind::Table, ArgumentType::I32),
      memrefArgument(ArgumentKind::Words, ArgumentType::I32),
      memrefArgument(ArgumentKind::Raw, ArgumentType::I32),
      memrefArgument(ArgumentKind::Code, ArgumentType::I32),
      memrefArgument(ArgumentKind::Patch, ArgumentType::I32),
      memrefArgument(ArgumentKind::Classes, ArgumentType::I8),
      memrefArgument(where, makesWords() ? ArgumentType::I16 : ArgumentType::I8, 256)};
  entry.workspace = {};
  if (where != ArgumentKind::Workspace)
    return;
  uint64_t units = divideUp(static_cast<uint64_t>(rows), stripRows) * static_cast<uint64_t>(groups);
  entry.workspace.fixed = units * stripRows * fixedUnitColumns * (makesWords() ? 2 : 1);
}

std::string TranscodeBuilder::refusal(CompressedType type, const EmittedFormat &format,
                                      DecodedForm form) {
  if (!type.getRows() || !type.getColumns())
    return "the weight is empty";
  if (form == DecodedForm::ExponentBytes &&
      (format.traits.rate != Rate::Prefix || !format.hasByteFields()))
    return "only prefix codes of symbols that are bytes, beside raw fields that are bytes, are "
           "decoded to exponents before: not format '" +
           format.format.str() + "'";
  const Emitter &emitter = *findEmitter(format.format.codec.keyword);
  if (format.traits.rate != Rate::Prefix && !emitter.fragmentTableWords(format))
    return "threads do not decode format '" + format.format.str() + "'";
  int64_t bytes = 4 * static_cast<int64_t>(format.table.words());
  if (format.traits.rate == Rate::Prefix && bytes > mostTableBytes)
    return "the decode table of format '" + format.format.str() + "' has " + std::to_string(bytes) +
           " bytes, more than " + std::to_string(mostTableBytes) + " of shared memory";
  return "";
}

} // namespace uwt
