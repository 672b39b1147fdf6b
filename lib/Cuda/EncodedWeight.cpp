//===- EncodedWeight.cpp - Weights that a device has coded ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/EncodedWeight.h"
#include "EscapeEntries.h"
#include "uwt/Codec/DecodeTable.h"
#include "uwt/Codec/Transcode.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::cuda;

EncodeTable uwt::cuda::encodeTable(const CodingPlan &plan) {
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

static uint64_t unitsOf(const MatrixShape &matrix) {
  return divideUp(matrix.rows, stripRows) * divideUp(matrix.columns, fixedUnitColumns);
}

static Status checkCoding(const CodingPlan &plan, uint64_t units) {
  const Format &format = plan.format;
  if (plan.traits.rate != Rate::Fixed || !plan.traits.madeByDevices ||
      format.layout == Layout::RowMajor || format.escapes == Escapes::Rows64 ||
      plan.split.symbolBits != 8 || plan.split.wordBits != 16)
    return usageError("no kernel codes a weight as " + format.str() + "; load it in that format");
  uint64_t expected = unitsOf(plan.matrix);
  if (units % std::max<uint64_t>(expected, 1) != 0)
    return usageError("a matrix " + std::to_string(plan.matrix.rows) + " x " +
                      std::to_string(plan.matrix.columns) + " has " + std::to_string(expected) +
                      " units, and there are counts of " + std::to_string(units));
  return ok();
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

Expected<EncodedTables> uwt::cuda::encodedTables(const CodingPlan &plan,
                                                 std::span<const uint16_t> counts) {
  UWT_RETURN_IF_ERROR(checkCoding(plan, counts.size()));
  uint64_t groups = divideUp(plan.matrix.columns, fixedUnitColumns);
  FixedPanelSizes full =
      fixedPanelSizes(plan, static_cast<uint32_t>(std::min<uint64_t>(panelRows, plan.matrix.rows)));
  uint64_t rawStride = roundUp(full.raw, devicePartAlignment),
           codeStride = roundUp(full.code, devicePartAlignment);
  EncodedTables result;
  uint64_t number = 0;
  for (; !counts.empty(); ++number) {
    uint32_t rows = plan.matrix.rowsOfPanel(number % plan.matrix.panels());
    uint64_t strips = divideUp(rows, stripRows);
    PanelCounts panel = countsOf(plan, counts.first(strips * groups));
    counts = counts.subspan(strips * groups);
    FixedPanelSizes sizes = fixedPanelSizes(plan, rows);
    uint64_t wordsBytes =
        fieldBytes(plan.format.layout, rows, plan.matrix.columns, plan.split.wordBits);
    // panel-1.
    bool asWords = panel.overflow || sizes.code + sizes.raw + 4 * panel.records >= wordsBytes;
    DevicePanelEntry entry{0, 0, 0, result.patch / 4, result.tables.escapes.size(), asWords};
    PanelEscapes records{strips, {}, entry.patch, {}};
    if (asWords) {
      entry.words = roundUp(result.words, devicePartAlignment) / 4;
      result.words = 4 * entry.words + wordsBytes;
    } else {
      entry.raw = number * rawStride / 4;
      entry.code = number * codeStride / 4;
      result.patch += roundUp(4 * panel.records, devicePartAlignment);
      records.counts = panel.counts;
    }
    result.tables.panels.push_back(entry);
    if (hasEscapeEntries(plan))
      appendEscapeEntries(plan, records, result.tables.escapes);
  }
  if (result.patch / 4 > UINT32_MAX)
    return unsupportedError("the escape records take " + std::to_string(result.patch / 4) +
                            " u32, and kernels count up to 2^32 - 1; run it from the format raw");
  result.raw = rawStride * number;
  result.code = codeStride * number;
  return result;
}

//===----------------------------------------------------------------------===//
// On a device
//===----------------------------------------------------------------------===//

Expected<DeviceTranscode>
DeviceTranscode::create(DevicePack &pack, const DeviceWeightDescription &source, CodingPlan plan) {
  if (mayPadWithInfinities(plan))
    return unsupportedError("columns beyond k might be infinite in " + plan.format.str() +
                            ", which no kernel prevents; let the host code the weight");
  UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack.selectTranscode(source, plan.format));
  UWT_ASSIGN_OR_RETURN(KernelLauncher encoder, KernelLauncher::create(pack, *entry, source));
  UWT_ASSIGN_OR_RETURN(WeightDecoder decoder, WeightDecoder::create(pack, source));
  return DeviceTranscode(pack.device(), source, std::move(plan), std::move(decoder),
                         std::move(encoder));
}

uint64_t DeviceTranscode::units() const { return unitsOf({source.rows(), source.columns()}); }

/// Bytes from one matrix's counts to the next one's.
uint64_t DeviceTranscode::countStride() const {
  return roundUp(units() * sizeof(uint16_t), devicePartAlignment);
}

static constexpr uint64_t tableRoom = roundUp(sizeof(EncodeTable), devicePlaneAlignment);

uint64_t DeviceTranscode::scratchBytes() const {
  uint64_t countRoom = roundUp(source.matrices() * countStride(), devicePlaneAlignment);
  return tableRoom + countRoom + (decoder.storedWords(0, 0) ? 0 : decoder.bytes());
}

Status DeviceTranscode::encode(std::span<const DeviceRange> extras,
                               const CudaStream &stream) const {
  LaunchOperands operands;
  operands.m = std::max<uint32_t>(encoder.entry().mFrom, 1);
  operands.extras = extras;
  return encoder.launch(operands, stream.get());
}

/// The decoded words of a matrix, until those of another are asked for.
Expected<DeviceRange> DeviceTranscode::wordsOf(uint64_t matrix, const CudaStream &stream) {
  if (std::optional<DeviceRange> stored = decoder.storedWords(sourceImage, matrix))
    return *stored;
  if (decodedMatrix != matrix)
    UWT_RETURN_IF_ERROR(decoder.decode(sourceImage, matrix, decoded, stream.get()));
  decodedMatrix = matrix;
  return decoded;
}

Expected<std::vector<uint16_t>> DeviceTranscode::countUnits(const CudaStream &stream) {
  std::vector<uint16_t> found(units() * source.matrices());
  std::span<uint8_t> bytes(reinterpret_cast<uint8_t *>(found.data()), found.size() * 2);
  uint64_t matrixBytes = units() * 2;
  DeviceBuffer memory = DeviceBuffer::borrow(device, counts);
  // What is not there is somewhere, and has no bytes.
  DeviceRange none = {table.address, 0};
  for (uint64_t matrix = 0; matrix < source.matrices(); ++matrix) {
    UWT_ASSIGN_OR_RETURN(DeviceRange words, wordsOf(matrix, stream));
    uint64_t begin = matrix * countStride();
    const DeviceRange extras[] = {
        words, table, {counts.address + begin, matrixBytes}, none, none, none, none, none, none};
    UWT_RETURN_IF_ERROR(encode(extras, stream));
    UWT_RETURN_IF_ERROR(
        memory.read(begin, bytes.subspan(matrix * matrixBytes, matrixBytes), stream.get()));
  }
  UWT_RETURN_IF_ERROR(stream.synchronize());
  return found;
}

Expected<DeviceWeightDescription> DeviceTranscode::count(uint64_t image, DeviceRange scratch,
                                                         const CudaStream &stream) {
  if (scratch.bytes < scratchBytes())
    return usageError("a transcode takes scratch memory of " + std::to_string(scratchBytes()) +
                      " bytes, got " + std::to_string(scratch.bytes));
  UWT_RETURN_IF_ERROR(checkAddress("the scratch memory", scratch.address, devicePlaneAlignment));
  UWT_RETURN_IF_ERROR(checkAddress("the weight", image, devicePlaneAlignment));
  result.reset();
  decodedMatrix.reset();
  sourceImage = image;
  table = {scratch.address, sizeof(EncodeTable)};
  counts = {table.address + tableRoom, source.matrices() * countStride()};
  decoded = {roundUp(counts.address + counts.bytes, devicePlaneAlignment), decoder.bytes()};
  codes = encodeTable(plan);
  UWT_RETURN_IF_ERROR(DeviceBuffer::borrow(device, table).write(0, codes, stream.get()));
  // countUnits() waits, for this copy too.
  UWT_ASSIGN_OR_RETURN(std::vector<uint16_t> found, countUnits(stream));
  UWT_ASSIGN_OR_RETURN(layout, encodedTables(plan, found));
  UWT_ASSIGN_OR_RETURN(layout.tables.table, decodeTable(plan));
  std::array<uint64_t, DeviceWeightDescription::bufferKinds> sizes{};
  auto size = [&](ArgumentKind kind) -> uint64_t & { return sizes[static_cast<size_t>(kind)]; };
  size(ArgumentKind::Panels) = itemBytes(layout.tables.panels).size();
  size(ArgumentKind::Records) = itemBytes(layout.tables.escapes).size();
  size(ArgumentKind::Table) = itemBytes(layout.tables.table).size();
  size(ArgumentKind::Words) = layout.words;
  size(ArgumentKind::Raw) = layout.raw;
  size(ArgumentKind::Code) = layout.code;
  size(ArgumentKind::Patch) = layout.patch;
  result =
      DeviceWeightDescription({source.matrices(), plan.matrix}, plan.format, plan.element, sizes);
  return *result;
}

Status DeviceTranscode::writeTables(const DeviceBuffer &memory, const CudaStream &stream) const {
  UWT_RETURN_IF_ERROR(memory.fill(0, stream.get()));
  auto write = [&](ArgumentKind kind, std::span<const uint8_t> bytes) {
    uint64_t begin = result->buffers()[static_cast<size_t>(kind)].begin;
    return memory.write(begin, bytes, stream.get());
  };
  UWT_RETURN_IF_ERROR(write(ArgumentKind::Panels, itemBytes(layout.tables.panels)));
  UWT_RETURN_IF_ERROR(write(ArgumentKind::Records, itemBytes(layout.tables.escapes)));
  return write(ArgumentKind::Table, itemBytes(layout.tables.table));
}

Status DeviceTranscode::write(const DeviceBuffer &memory, const CudaStream &stream) {
  if (!result)
    return usageError("a transcode writes what it has counted: call count() first");
  if (memory.bytes() != result->bytes())
    return usageError("the image has " + std::to_string(result->bytes()) +
                      " bytes, got memory of " + std::to_string(memory.bytes()));
  UWT_RETURN_IF_ERROR(
      checkAddress("the memory for the image", memory.address(), devicePlaneAlignment));
  UWT_RETURN_IF_ERROR(writeTables(memory, stream));
  for (uint64_t matrix = 0; matrix < source.matrices(); ++matrix) {
    UWT_ASSIGN_OR_RETURN(DeviceRange words, wordsOf(matrix, stream));
    auto buffer = [&](ArgumentKind kind) {
      return result->bufferAt(memory.address(), kind, matrix);
    };
    const DeviceRange extras[] = {words,
                                  table,
                                  {table.address, 0},
                                  buffer(ArgumentKind::Panels),
                                  buffer(ArgumentKind::Records),
                                  buffer(ArgumentKind::Words),
                                  buffer(ArgumentKind::Raw),
                                  buffer(ArgumentKind::Code),
                                  buffer(ArgumentKind::Patch)};
    UWT_RETURN_IF_ERROR(encode(extras, stream));
  }
  return stream.synchronize();
}

Expected<DeviceWeight> DeviceWeight::transcode(DevicePack &pack, const CodingPlan &plan,
                                               const CudaStream &stream) const {
  UWT_ASSIGN_OR_RETURN(DeviceTranscode steps, DeviceTranscode::create(pack, *this, plan));
  UWT_ASSIGN_OR_RETURN(DeviceBuffer scratch, DeviceBuffer::allocate(owner, steps.scratchBytes()));
  UWT_ASSIGN_OR_RETURN(DeviceWeightDescription made,
                       steps.count(address(), scratch.range(), stream));
  UWT_ASSIGN_OR_RETURN(DeviceBuffer result, DeviceBuffer::allocate(owner, made.bytes()));
  UWT_RETURN_IF_ERROR(steps.write(result, stream));
  return DeviceWeight(made, owner, std::move(result));
}

Expected<DeviceWeight> DeviceWeight::load(DevicePack &pack, const TensorDecoder &stored,
                                          const Format &runFormat, ThreadPool &pool,
                                          const CudaStream &stream) {
  auto uploadAs = [&](const LoadOptions &options) -> Expected<DeviceWeight> {
    UWT_ASSIGN_OR_RETURN(LoadedWeight planes, LoadedWeight::fromDecoder(stored, pool, options));
    return upload(pack.device(), planes, stream);
  };
  const Format &storedFormat = stored.description().format;
  if (runFormat == storedFormat)
    return uploadAs({});
  // The panels of another fold hold other elements.
  if (runFormat.fold != storedFormat.fold)
    return uploadAs({.runFormat = runFormat});
  UWT_ASSIGN_OR_RETURN(CodingPlan plan, transcodePlan(stored, runFormat, bestCodePath(), pool));
  if (mayPadWithInfinities(plan))
    return uploadAs({.runFormat = runFormat});
  UWT_ASSIGN_OR_RETURN(DeviceWeight uploaded, uploadAs({}));
  return uploaded.transcode(pack, plan, stream);
}
