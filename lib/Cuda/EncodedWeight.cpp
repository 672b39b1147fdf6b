//===- EncodedWeight.cpp - Weights that a device has coded ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/EncodedWeight.h"
#include "RecordGroups.h"
#include "uwt/Codec/DecodeTable.h"
#include "uwt/Cuda/Launch.h"
#include <algorithm>

using namespace uwt;

/// Where a panel's part of a plane begins (uwt/Cuda/Abi.h).
static constexpr uint64_t partAlignment = 64;

EncodeTable uwt::encodeTable(const CodingPlan &plan) {
  constexpr uint8_t isEscape = 0x80;
  const std::vector<uint16_t> &symbols = plan.model.symbols;
  auto codeOf = [&](uint32_t symbol) { return std::ranges::find(symbols, symbol); };
  auto common = codeOf(plan.model.commonest);
  auto commonest = static_cast<uint8_t>(common == symbols.end() ? 0 : common - symbols.begin());
  EncodeTable table{};
  for (uint32_t symbol = 0; symbol < encodeTablePadding; ++symbol) {
    auto code = codeOf(symbol);
    table[symbol] =
        code == symbols.end() ? isEscape | commonest : static_cast<uint8_t>(code - symbols.begin());
  }
  table[encodeTablePadding] = commonest;
  return table;
}

static Status checkCoding(const CodingPlan &plan, uint64_t units) {
  const Format &format = plan.format;
  if (plan.traits.rate != Rate::Fixed || plan.traits.codeBits != 4 ||
      format.layout == Layout::RowMajor || format.escapes == Escapes::Rows64 ||
      plan.split.symbolBits != 8 || plan.split.wordBits != 16)
    return usageError("no kernel codes a weight as " + format.str() + "; load it in that format");
  uint64_t strips = divideUp(plan.matrix.rows, stripRows);
  uint64_t expected = strips * divideUp(plan.matrix.columns, fixedUnitColumns);
  if (units != expected)
    return usageError("a matrix " + std::to_string(plan.matrix.rows) + " x " +
                      std::to_string(plan.matrix.columns) + " has " + std::to_string(expected) +
                      " units, and there are counts of " + std::to_string(units));
  return success();
}

namespace {
/// What counts say of a panel.
struct PanelCounts {
  std::vector<uint8_t> counts;
  uint64_t records = 0;
  bool overflow = false;
};
} // namespace

static PanelCounts countsOf(const CodingPlan &plan, std::span<const uint16_t> units) {
  PanelCounts panel;
  uint32_t most = plan.hasEscapes() ? UINT8_MAX : 0;
  for (uint16_t count : units) {
    panel.overflow |= count > most;
    panel.records += count;
    panel.counts.push_back(static_cast<uint8_t>(count));
  }
  return panel;
}

Expected<EncodedTables> uwt::encodedTables(const CodingPlan &plan,
                                           std::span<const uint16_t> counts) {
  UWT_RETURN_IF_ERROR(checkCoding(plan, counts.size()));
  uint64_t groups = divideUp(plan.matrix.columns, fixedUnitColumns);
  FixedPanelSizes full =
      fixedPanelSizes(plan, static_cast<uint32_t>(std::min<uint64_t>(panelRows, plan.matrix.rows)));
  uint64_t rawStep = roundUp(full.raw, partAlignment), codeStep = roundUp(full.code, partAlignment);
  EncodedTables result;
  for (uint64_t number = 0; number < plan.matrix.panels(); ++number) {
    uint32_t rows = plan.matrix.rowsOfPanel(number);
    uint64_t strips = divideUp(rows, stripRows);
    PanelCounts panel = countsOf(plan, counts.first(strips * groups));
    counts = counts.subspan(strips * groups);
    FixedPanelSizes sizes = fixedPanelSizes(plan, rows);
    uint64_t wordsBytes =
        fieldBytes(plan.format.layout, rows, plan.matrix.columns, plan.split.wordBits);
    // panel-1.
    bool asWords = panel.overflow || sizes.code + sizes.raw + 4 * panel.records >= wordsBytes;
    DevicePanelEntry entry{0, 0, 0, result.patch / 4, result.tables.records.size(), asWords};
    PanelRecords records{strips, {}, entry.patch, {}};
    if (asWords) {
      entry.words = roundUp(result.words, partAlignment) / 4;
      result.words = 4 * entry.words + wordsBytes;
    } else {
      entry.raw = number * rawStep / 4;
      entry.code = number * codeStep / 4;
      result.patch += roundUp(4 * panel.records, partAlignment);
      records.counts = panel.counts;
    }
    result.tables.panels.push_back(entry);
    if (hasRecordGroups(plan))
      appendRecordGroups(plan, records, result.tables.records);
  }
  if (result.patch / 4 > UINT32_MAX)
    return unsupportedError("the escape records take " + std::to_string(result.patch / 4) +
                            " u32, and kernels count up to 2^32 - 1; run it from the format raw");
  result.raw = rawStep * plan.matrix.panels();
  result.code = codeStep * plan.matrix.panels();
  return result;
}

//===----------------------------------------------------------------------===//
// On a device
//===----------------------------------------------------------------------===//

namespace uwt {

/// One transcode.
class DeviceTranscoder {
public:
  DeviceTranscoder(const DeviceWeight &source, DevicePack &pack, const CodingPlan &plan,
                   const CudaStream &stream)
      : source(source), pack(pack), plan(plan), stream(stream) {}
  Expected<DeviceWeight> run();

private:
  using Part = DeviceWeight::Part;
  uint64_t units() const {
    return divideUp(source.rows(), stripRows) * divideUp(source.columns(), fixedUnitColumns);
  }
  Status decode();
  Status launch(const KernelLauncher &launcher, std::span<const Part> extras) const;
  Expected<std::vector<uint16_t>> count(const KernelLauncher &encode);
  Expected<DeviceWeight> room(const EncodedTables &layout) const;

  const DeviceWeight &source;
  DevicePack &pack;
  const CodingPlan &plan;
  const CudaStream &stream;
  /// Plane words, where the weight is not in format raw, and the encode table.
  DeviceBuffer decoded, table;
  Part words;
};

} // namespace uwt

Status DeviceTranscoder::launch(const KernelLauncher &launcher,
                                std::span<const Part> extras) const {
  LaunchOperands operands;
  operands.batch = std::max<uint32_t>(launcher.entry().batchFrom, 1);
  operands.extras = extras;
  return launcher.launch(operands, stream.get());
}

Status DeviceTranscoder::decode() {
  words = source.part(ArgumentKind::Words, 0);
  if (source.format().codec.keyword == "raw")
    return success();
  UWT_ASSIGN_OR_RETURN(const KernelEntry *entry,
                       pack.selectTranscode(source, *Format::parse("raw")));
  UWT_ASSIGN_OR_RETURN(KernelLauncher launcher, KernelLauncher::create(pack, *entry, source));
  UWT_ASSIGN_OR_RETURN(decoded, DeviceBuffer::allocate(source.device(), units() * 2048));
  words = {decoded.address(), decoded.bytes()};
  return launch(launcher, {&words, 1});
}

Expected<std::vector<uint16_t>> DeviceTranscoder::count(const KernelLauncher &encode) {
  EncodeTable codes = encodeTable(plan);
  std::vector<uint16_t> counts(units());
  std::span<uint8_t> bytes(reinterpret_cast<uint8_t *>(counts.data()), counts.size() * 2);
  UWT_ASSIGN_OR_RETURN(table, DeviceBuffer::allocate(source.device(), codes.size()));
  UWT_RETURN_IF_ERROR(table.write(0, codes, stream.get()));
  UWT_ASSIGN_OR_RETURN(DeviceBuffer found, DeviceBuffer::allocate(source.device(), bytes.size()));
  // What is not there is somewhere, and has no bytes.
  Part none = {table.address(), 0};
  const Part extras[] = {words,
                         {table.address(), table.bytes()},
                         {found.address(), found.bytes()},
                         none,
                         none,
                         none,
                         none,
                         none,
                         none};
  UWT_RETURN_IF_ERROR(launch(encode, extras));
  UWT_RETURN_IF_ERROR(found.read(0, bytes, stream.get()));
  UWT_RETURN_IF_ERROR(stream.synchronize());
  return counts;
}

template <typename Item> static std::span<const uint8_t> itemBytes(const std::vector<Item> &items) {
  return {reinterpret_cast<const uint8_t *>(items.data()), items.size() * sizeof(Item)};
}

Expected<DeviceWeight> DeviceTranscoder::room(const EncodedTables &layout) const {
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> decodeWords, decodeTable(plan));
  std::array<uint64_t, DeviceWeight::parts> sizes{};
  auto size = [&](ArgumentKind kind) -> uint64_t & { return sizes[static_cast<size_t>(kind)]; };
  size(ArgumentKind::Panels) = itemBytes(layout.tables.panels).size();
  size(ArgumentKind::Records) = itemBytes(layout.tables.records).size();
  size(ArgumentKind::Table) = itemBytes(decodeWords).size();
  size(ArgumentKind::Words) = layout.words;
  size(ArgumentKind::Raw) = layout.raw;
  size(ArgumentKind::Code) = layout.code;
  size(ArgumentKind::Patch) = layout.patch;
  UWT_ASSIGN_OR_RETURN(DeviceWeight made, DeviceWeight::allocate(source.device(), sizes, stream));
  UWT_RETURN_IF_ERROR(made.write(ArgumentKind::Panels, itemBytes(layout.tables.panels), stream));
  UWT_RETURN_IF_ERROR(made.write(ArgumentKind::Records, itemBytes(layout.tables.records), stream));
  UWT_RETURN_IF_ERROR(made.write(ArgumentKind::Table, itemBytes(decodeWords), stream));
  // They are copied from memory of this function's.
  UWT_RETURN_IF_ERROR(stream.synchronize());
  made.shape = plan.matrix;
  made.count = 1;
  made.runFormat = plan.format;
  made.type = plan.element;
  return made;
}

Expected<DeviceWeight> DeviceTranscoder::run() {
  if (source.matrices() != 1)
    return unsupportedError("a weight of " + std::to_string(source.matrices()) +
                            " matrices is not transcoded on a device; load it in the format " +
                            plan.format.str());
  UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack.selectTranscode(source, plan.format));
  UWT_ASSIGN_OR_RETURN(KernelLauncher encode, KernelLauncher::create(pack, *entry, source));
  UWT_RETURN_IF_ERROR(decode());
  UWT_ASSIGN_OR_RETURN(std::vector<uint16_t> counts, count(encode));
  UWT_ASSIGN_OR_RETURN(EncodedTables layout, encodedTables(plan, counts));
  UWT_ASSIGN_OR_RETURN(DeviceWeight made, room(layout));
  auto part = [&](ArgumentKind kind) { return made.part(kind, 0); };
  const Part extras[] = {words,
                         {table.address(), table.bytes()},
                         {table.address(), 0},
                         part(ArgumentKind::Panels),
                         part(ArgumentKind::Records),
                         part(ArgumentKind::Words),
                         part(ArgumentKind::Raw),
                         part(ArgumentKind::Code),
                         part(ArgumentKind::Patch)};
  UWT_RETURN_IF_ERROR(launch(encode, extras));
  UWT_RETURN_IF_ERROR(stream.synchronize());
  return made;
}

Expected<DeviceWeight> DeviceWeight::transcode(DevicePack &pack, const CodingPlan &plan,
                                               const CudaStream &stream) const {
  return DeviceTranscoder(*this, pack, plan, stream).run();
}
