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
#include "uwt/Cuda/Launch.h"
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

/// Bytes of a decoded unit.
static constexpr uint64_t unitWordsBytes = 2 * stripRows * fixedUnitColumns;

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

namespace uwt::cuda {

/// One transcode.
class DeviceTranscoder {
public:
  DeviceTranscoder(const DeviceWeight &source, DevicePack &pack, const CodingPlan &plan,
                   const CudaStream &stream)
      : source(source), pack(pack), plan(plan), stream(stream) {}
  Expected<DeviceWeight> run();

private:
  using Buffer = DeviceWeight::Buffer;
  /// Of a matrix.
  uint64_t units() const { return unitsOf({source.rows(), source.columns()}); }
  uint64_t wordsBytes() const { return units() * unitWordsBytes; }
  Status prepare();
  Expected<Buffer> wordsOf(uint64_t matrix);
  Status launch(const KernelLauncher &launcher, std::span<const Buffer> extras) const;
  Expected<std::vector<uint16_t>> count();
  Expected<DeviceWeight> room(const EncodedTables &layout) const;
  Status encode(const DeviceWeight &made);

  const DeviceWeight &source;
  DevicePack &pack;
  const CodingPlan &plan;
  const CudaStream &stream;
  /// Null where the weight is in format raw.
  const KernelEntry *decodeKernel = nullptr;
  /// Takes nothing of the source but what extras say: one serves all matrices.
  std::optional<KernelLauncher> encodeLauncher;
  DeviceBuffer table;
  /// Plane words of one matrix, and which.
  DeviceBuffer decoded;
  std::optional<uint64_t> decodedMatrix;
};

} // namespace uwt::cuda

Status DeviceTranscoder::prepare() {
  UWT_ASSIGN_OR_RETURN(const KernelEntry *encode, pack.selectTranscode(source, plan.format));
  UWT_ASSIGN_OR_RETURN(encodeLauncher, KernelLauncher::create(pack, *encode, source));
  EncodeTable codes = encodeTable(plan);
  UWT_ASSIGN_OR_RETURN(table, DeviceBuffer::allocate(source.device(), codes.size()));
  UWT_RETURN_IF_ERROR(table.write(0, codes, stream.get()));
  // It is copied from memory of this function's.
  UWT_RETURN_IF_ERROR(stream.synchronize());
  if (isRaw(source.format()))
    return ok();
  UWT_ASSIGN_OR_RETURN(decodeKernel, pack.selectTranscode(source, rawFormat()));
  UWT_ASSIGN_OR_RETURN(decoded, DeviceBuffer::allocate(source.device(), wordsBytes()));
  return ok();
}

Status DeviceTranscoder::launch(const KernelLauncher &launcher,
                                std::span<const Buffer> extras) const {
  LaunchOperands operands;
  operands.m = std::max<uint32_t>(launcher.entry().mFrom, 1);
  operands.extras = extras;
  return launcher.launch(operands, stream.get());
}

/// The decoded words of a matrix, until those of another are asked for.
Expected<DeviceWeight::Buffer> DeviceTranscoder::wordsOf(uint64_t matrix) {
  if (!decodeKernel)
    return Buffer{source.buffer(ArgumentKind::Words, 0).address + matrix * wordsBytes(),
                  wordsBytes()};
  Buffer words = {decoded.address(), decoded.bytes()};
  if (decodedMatrix == matrix)
    return words;
  UWT_ASSIGN_OR_RETURN(KernelLauncher launcher,
                       KernelLauncher::create(pack, *decodeKernel, source, matrix));
  UWT_RETURN_IF_ERROR(launch(launcher, {&words, 1}));
  decodedMatrix = matrix;
  return words;
}

Expected<std::vector<uint16_t>> DeviceTranscoder::count() {
  std::vector<uint16_t> counts(units() * source.matrices());
  std::span<uint8_t> bytes(reinterpret_cast<uint8_t *>(counts.data()), counts.size() * 2);
  uint64_t matrixBytes = units() * 2, stride = roundUp(matrixBytes, devicePartAlignment);
  UWT_ASSIGN_OR_RETURN(DeviceBuffer found,
                       DeviceBuffer::allocate(source.device(), source.matrices() * stride));
  // What is not there is somewhere, and has no bytes.
  Buffer none = {table.address(), 0};
  for (uint64_t matrix = 0; matrix < source.matrices(); ++matrix) {
    UWT_ASSIGN_OR_RETURN(Buffer words, wordsOf(matrix));
    const Buffer extras[] = {words,
                             {table.address(), table.bytes()},
                             {found.address() + matrix * stride, matrixBytes},
                             none,
                             none,
                             none,
                             none,
                             none,
                             none};
    UWT_RETURN_IF_ERROR(launch(*encodeLauncher, extras));
    UWT_RETURN_IF_ERROR(found.read(matrix * stride,
                                   bytes.subspan(matrix * matrixBytes, matrixBytes), stream.get()));
  }
  UWT_RETURN_IF_ERROR(stream.synchronize());
  return counts;
}

Expected<DeviceWeight> DeviceTranscoder::room(const EncodedTables &layout) const {
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> decodeWords, decodeTable(plan));
  std::array<uint64_t, DeviceWeight::bufferKinds> sizes{};
  auto size = [&](ArgumentKind kind) -> uint64_t & { return sizes[static_cast<size_t>(kind)]; };
  size(ArgumentKind::Panels) = itemBytes(layout.tables.panels).size();
  size(ArgumentKind::Records) = itemBytes(layout.tables.escapes).size();
  size(ArgumentKind::Table) = itemBytes(decodeWords).size();
  size(ArgumentKind::Words) = layout.words;
  size(ArgumentKind::Raw) = layout.raw;
  size(ArgumentKind::Code) = layout.code;
  size(ArgumentKind::Patch) = layout.patch;
  UWT_ASSIGN_OR_RETURN(DeviceWeight made, DeviceWeight::allocate(source.device(), sizes, stream));
  UWT_RETURN_IF_ERROR(made.write(ArgumentKind::Panels, itemBytes(layout.tables.panels), stream));
  UWT_RETURN_IF_ERROR(made.write(ArgumentKind::Records, itemBytes(layout.tables.escapes), stream));
  UWT_RETURN_IF_ERROR(made.write(ArgumentKind::Table, itemBytes(decodeWords), stream));
  // They are copied from memory of this function's.
  UWT_RETURN_IF_ERROR(stream.synchronize());
  made.shape = plan.matrix;
  made.count = source.matrices();
  made.runFormat = plan.format;
  made.type = plan.element;
  return made;
}

Status DeviceTranscoder::encode(const DeviceWeight &made) {
  for (uint64_t matrix = 0; matrix < source.matrices(); ++matrix) {
    UWT_ASSIGN_OR_RETURN(Buffer words, wordsOf(matrix));
    auto buffer = [&](ArgumentKind kind) { return made.buffer(kind, matrix); };
    const Buffer extras[] = {words,
                             {table.address(), table.bytes()},
                             {table.address(), 0},
                             buffer(ArgumentKind::Panels),
                             buffer(ArgumentKind::Records),
                             buffer(ArgumentKind::Words),
                             buffer(ArgumentKind::Raw),
                             buffer(ArgumentKind::Code),
                             buffer(ArgumentKind::Patch)};
    UWT_RETURN_IF_ERROR(launch(*encodeLauncher, extras));
  }
  return stream.synchronize();
}

Expected<DeviceWeight> DeviceTranscoder::run() {
  UWT_RETURN_IF_ERROR(prepare());
  UWT_ASSIGN_OR_RETURN(std::vector<uint16_t> counts, count());
  UWT_ASSIGN_OR_RETURN(EncodedTables layout, encodedTables(plan, counts));
  UWT_ASSIGN_OR_RETURN(DeviceWeight made, room(layout));
  UWT_RETURN_IF_ERROR(encode(made));
  return made;
}

Expected<DeviceWeight> DeviceWeight::transcode(DevicePack &pack, const CodingPlan &plan,
                                               const CudaStream &stream) const {
  if (mayPadWithInfinities(plan))
    return unsupportedError("columns beyond k might be infinite in " + plan.format.str() +
                            "; load the weight as words (LoadOptions::asWords)");
  return DeviceTranscoder(*this, pack, plan, stream).run();
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
