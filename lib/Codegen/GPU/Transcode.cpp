//===- Transcode.cpp - Kind transcode: fixed units and stores -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Transcode.h"
#include "Entries.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/Panel.h"

using namespace mlir;

namespace uwt::codegen {

/// What ctas() says: of fixed units 32 warps, each with 1.5 KB on its way; the state of
/// streams takes more registers, codes beside it still more, and row classes, too.
static constexpr int64_t fixedCtas = 8, streamCtas = 6, codeCtas = 5, codeCtasWithClasses = 4;
/// What a table of streams may take of a multiprocessor's shared memory.
static constexpr int64_t maxTableBytes = 96 * 1024;

TranscodeBuilder::TranscodeBuilder(CompressedType type, const EmittedFormat &format,
                                   OpBuilder &builder, Location location, DecodedForm form,
                                   DecodedOrder order)
    : UnitCode(builder, location, type), type(type), format(format), form(form), order(order),
      layout(unitLayout(format)) {}

std::vector<KernelArgument> TranscodeBuilder::resultArguments(ArgumentKind where) const {
  if (order == DecodedOrder::Units)
    return {memrefArgument(where, makesWords() ? ArgumentType::I16 : ArgumentType::I8, 256)};
  std::vector<KernelArgument> arguments = {DenseRows::argument(columns),
                                           scalarArgument(ArgumentKind::XStride)};
  if (order == DecodedOrder::Gathered) {
    arguments.push_back(scalarArgument(ArgumentKind::M));
    for (uint32_t number = 0; number < 2; ++number)
      arguments.push_back({ArgumentKind::Extra, ArgumentType::I32, 4, number, 0});
  }
  return arguments;
}

void TranscodeBuilder::takeResult(gpu::GPUFuncOp kernel, unsigned next) {
  result = kernel.getArgument(next++);
  output.emplace(static_cast<const UnitCode &>(*this), type, format, form, result, windowBase);
  if (order == DecodedOrder::Units)
    return;
  stride = kernel.getArgument(next++);
  output->storeTo(DenseRows(static_cast<const UnitCode &>(*this), result, stride));
  if (order == DecodedOrder::Rows)
    return;
  m = kernel.getArgument(next++);
  ids = kernel.getArgument(next++);
  outside = kernel.getArgument(next++);
}

void TranscodeBuilder::build(gpu::GPUModuleOp module, StringRef name) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Type> arguments;
  for (unsigned bits : {64, 32, 32, 32, 32, 32, 32, 8})
    arguments.push_back(globalBuffer(builder.getIntegerType(bits)));
  for (const KernelArgument &argument : resultArguments(ArgumentKind::Extra))
    arguments.push_back(isMemref(argument.kind)
                            ? Type(globalBuffer(builder.getIntegerType(8 * bytesOf(argument.type))))
                            : builder.getIndexType());
  gpu::GPUFuncOp kernel = beginKernel(module, name, arguments, threads, ctas());
  unsigned next = 0;
  for (Value *argument : {&panelTable, &records, &table, &words, &raw, &code, &patches, &classes})
    *argument = kernel.getArgument(next++);
  findLane();
  if (isStream())
    streams.emplace(builder, location, type, format, lane);
  loadTable();
  takeResult(kernel, next);
  if (order == DecodedOrder::Gathered)
    forEachWarpItem(index.mul(m, itemsOfRow()), warps, [&](Value item) { buildGather(item); });
  else
    forEachWarpItem(index.constant(panels * panelItems()), warps,
                    [&](Value item) { isStream() ? buildStream(item) : buildFixed(item); });
  gpu::ReturnOp::create(builder, location);
}

int64_t TranscodeBuilder::ctas() const {
  if (!isStream())
    return fixedCtas;
  if (!makesCodes())
    return streamCtas;
  return format.table.classes > 1 ? codeCtasWithClasses : codeCtas;
}

void TranscodeBuilder::loadTable() {
  if (!isStream()) {
    const Emitter &emitter = emitterOf(format);
    for (unsigned i = 0; i < *emitter.fragmentTableU32(format); ++i)
      tableRegisters.push_back(load(table, index.constant(i)));
    return;
  }
  int64_t size = tableBytes() / 4;
  if (makesCodes())
    windowBase = load(table, index.constant(size));
  Value shared = sharedView(size, builder.getI32Type(), 0);
  copyToShared(table, shared, size, index.add(index.mul(warp, 32), lane), threads);
  gpu::BarrierOp::create(builder, location);
  table = shared;
}

int64_t TranscodeBuilder::panelItems() const {
  return isStream() ? streams->unitsInPanel() : groups * int64_t(panelRows / stripRows);
}

TranscodePanel TranscodeBuilder::loadPanel(Value number) {
  auto field = [&](DevicePanelField which) { return panelField(panelTable, number, which); };
  TranscodePanel panel{number,
                       field(DevicePanelField::Words),
                       field(DevicePanelField::Raw),
                       field(DevicePanelField::Code),
                       field(DevicePanelField::Patch),
                       field(DevicePanelField::Records),
                       {},
                       {}};
  panel.storedAsWords = index.less(0, field(DevicePanelField::StoredAsWords));
  panel.strips = stripsOf(number);
  return panel;
}

void TranscodeBuilder::buildFixed(Value item) {
  Value inPanel = index.rem(item, panelItems());
  TranscodePanel panel = loadPanel(index.div(item, panelItems()));
  FixedUnit fixed{index.div(inPanel, 4), index.rem(inPanel, 4)};
  index.ifElse(index.less(fixed.strip, panel.strips), [&] {
    output->store(panel, fixed, decodeFixed(panel, fixed, lane));
    if (layout.hasEscapes)
      patchFixed(panel, fixed);
  });
}

TranscodeBuilder::Values TranscodeBuilder::decodeFixed(const TranscodePanel &panel,
                                                       const FixedUnit &fixed, Value reader) {
  if (layout.onlyWords)
    return decode(panel, fixed, reader, /*asWords=*/true);
  auto fragment = VectorType::get({4}, builder.getI32Type());
  return either(
      panel.storedAsWords, SmallVector<Type>(4, fragment),
      [&] { return decode(panel, fixed, reader, /*asWords=*/true); },
      [&] { return decode(panel, fixed, reader, /*asWords=*/false); });
}

TranscodeBuilder::Values TranscodeBuilder::decode(const TranscodePanel &panel,
                                                  const FixedUnit &fixed, Value reader,
                                                  bool asWords) {
  // Units of `size` u32, and `stride` of them from a group to the unit's next one.
  auto at = [&](Value plane, int64_t unitGroups, int64_t size, int64_t stride) {
    Value unitRow = index.div(fixed.group, unitGroups);
    Value unit = index.add(index.mul(unitRow, panel.strips), fixed.strip);
    Value start = index.add(plane, index.mul(unit, size));
    if (unitGroups == 1)
      return start;
    return index.add(start, index.mul(index.rem(fixed.group, unitGroups), stride));
  };
  Value rawPlane, rawAt, codePlane, codeAt;
  if (asWords) {
    rawPlane = words;
    rawAt = at(panel.words, 1, wordUnitU32, 0);
  } else {
    if (layout.rawU32 != 0) {
      rawPlane = raw;
      rawAt = at(panel.raw, layout.groups, layout.rawU32, layout.rawGroupStride);
    }
    codePlane = code;
    if (layout.hasNumbers) {
      rawPlane = code;
      rawAt = at(panel.code, layout.groups, layout.codeU32, 0);
    }
    codeAt = at(panel.code, layout.groups, layout.codeU32, layout.codeGroupStride);
  }
  auto fragment = VectorType::get({4}, builder.getI32Type());
  auto decoded = DecodeFragmentOp::create(
      builder, location, TypeRange{fragment, fragment, fragment, fragment}, type.getFormat(),
      TypeAttr::get(type.getElementType()), reader, rawPlane, rawAt, codePlane, codeAt,
      asWords ? ValueRange() : ValueRange(tableRegisters),
      format.format.pick && !asWords ? table : Value(),
      asWords ? builder.getUnitAttr() : UnitAttr());
  return Values(decoded.getResults());
}

//===----------------------------------------------------------------------===//
// Which transcodes have kernels
//===----------------------------------------------------------------------===//

void TranscodeBuilder::describe(KernelEntry &entry, ArgumentKind where) {
  LaunchRule rule;
  rule.grid = GridRule::Persistent;
  rule.threads = threads;
  rule.sharedBytes = static_cast<uint32_t>(tableBytes());
  rule.ctasPerMultiprocessor = static_cast<uint32_t>(ctas());
  rule.tileN = panelRows;
  rule.tileK = isStream() ? streamUnitColumns : fixedUnitColumns;
  if (order == DecodedOrder::Gathered) {
    rule.tileN = 0;
    rule.tileK = gatheredGroups * fixedUnitColumns;
    rule.tileM = 1;
  }
  entry.launch = rule;
  entry.arguments = {memrefArgument(ArgumentKind::Panels, ArgumentType::I64),
                     memrefArgument(ArgumentKind::Records, ArgumentType::I32),
                     memrefArgument(ArgumentKind::Table, ArgumentType::I32),
                     memrefArgument(ArgumentKind::Words, ArgumentType::I32),
                     memrefArgument(ArgumentKind::Raw, ArgumentType::I32),
                     memrefArgument(ArgumentKind::Code, ArgumentType::I32),
                     memrefArgument(ArgumentKind::Patch, ArgumentType::I32),
                     memrefArgument(ArgumentKind::Classes, ArgumentType::I8)};
  llvm::append_range(entry.arguments, resultArguments(where));
  entry.workspace = {};
  if (where != ArgumentKind::Workspace)
    return;
  entry.workspace.fixed = 4 * static_cast<uint64_t>(DecodedWeight{{rows, columns}, form}.sizeU32());
}

Status TranscodeBuilder::checkWeight(CompressedType type, const EmittedFormat &format,
                                     DecodedForm form) {
  if (!type.getRows() || !type.getColumns())
    return unsupportedError("the weight is empty");
  if (form != DecodedForm::Words && (format.traits.rate != Rate::Prefix || !format.hasByteFields()))
    return unsupportedError("only prefix codes of symbols that are bytes, beside raw fields that "
                            "are bytes, are decoded to exponents before: not format '" +
                            format.format.str() + "'");
  const Emitter &emitter = emitterOf(format);
  if (!isVariable(format.traits.rate) && !emitter.fragmentTableU32(format))
    return unsupportedError("threads do not decode format '" + format.format.str() + "'");
  int64_t bytes = 4 * static_cast<int64_t>(format.table.words());
  if (isVariable(format.traits.rate) && bytes > maxTableBytes)
    return unsupportedError("the decode table of format '" + format.format.str() + "' has " +
                            std::to_string(bytes) + " bytes, more than " +
                            std::to_string(maxTableBytes) + " of shared memory");
  return ok();
}

} // namespace uwt::codegen
