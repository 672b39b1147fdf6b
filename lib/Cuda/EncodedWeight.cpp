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

/// Whether kernels make a format: words, or codes of symbols that are bytes.
static Status checkMade(const CodingPlan &plan) {
  const Format &format = plan.format;
  bool isCoded = plan.traits.rate == Rate::Fixed && plan.traits.madeByDevices &&
                 format.escapes != Escapes::Rows64 && plan.split.symbolBits == 8;
  if ((plan.traits.rate == Rate::Words || isCoded) && format.layout != Layout::RowMajor &&
      plan.split.wordBits == 16)
    return ok();
  return usageError("no kernel codes a weight as " + format.str() + "; load it in that format");
}

static Status checkCoding(const CodingPlan &plan, uint64_t units) {
  UWT_RETURN_IF_ERROR(checkMade(plan));
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

namespace {
/// Places the parts of panel after panel.
class PanelLayout {
public:
  explicit PanelLayout(const CodingPlan &plan) : plan(plan) {
    auto most = static_cast<uint32_t>(std::min<uint64_t>(panelRows, plan.matrix.rows));
    FixedPanelSizes full = fixedPanelSizes(plan, most);
    rawStride = roundUp(full.raw, devicePartAlignment);
    codeStride = roundUp(full.code, devicePartAlignment);
  }

  uint64_t wordsBytes(uint32_t rows) const {
    return fieldBytes(plan.format.layout, rows, plan.matrix.columns, plan.split.wordBits);
  }
  void addWords(uint32_t rows) {
    DevicePanelEntry entry = nextEntry(true);
    entry.words = roundUp(result.words, devicePartAlignment) / 4;
    result.words = 4 * entry.words + wordsBytes(rows);
    add(entry, rows, {});
  }
  void addCoded(uint32_t rows, const PanelCounts &panel) {
    DevicePanelEntry entry = nextEntry(false);
    entry.raw = result.tables.panels.size() * rawStride / 4;
    entry.code = result.tables.panels.size() * codeStride / 4;
    result.patch += roundUp(4 * panel.records, devicePartAlignment);
    add(entry, rows, panel.counts);
  }
  EncodedTables finish(bool isCoded) {
    uint64_t coded = isCoded ? result.tables.panels.size() : 0;
    result.raw = rawStride * coded;
    result.code = codeStride * coded;
    return std::move(result);
  }

private:
  DevicePanelEntry nextEntry(bool asWords) const {
    return {0, 0, 0, result.patch / 4, result.tables.escapes.size(), asWords};
  }
  void add(const DevicePanelEntry &entry, uint32_t rows, std::span<const uint8_t> counts) {
    result.tables.panels.push_back(entry);
    if (hasEscapeEntries(plan))
      appendEscapeEntries(plan, {divideUp(rows, stripRows), counts, entry.patch, {}},
                          result.tables.escapes);
  }

  const CodingPlan &plan;
  uint64_t rawStride, codeStride;
  EncodedTables result;
};
} // namespace

Expected<EncodedTables> uwt::cuda::encodedTables(const CodingPlan &plan,
                                                 std::span<const uint16_t> counts) {
  UWT_RETURN_IF_ERROR(checkCoding(plan, counts.size()));
  uint64_t groups = divideUp(plan.matrix.columns, fixedUnitColumns);
  PanelLayout layout(plan);
  for (uint64_t number = 0; !counts.empty(); ++number) {
    uint32_t rows = plan.matrix.rowsOfPanel(number % plan.matrix.panels());
    uint64_t units = divideUp(rows, stripRows) * groups;
    PanelCounts panel = countsOf(plan, counts.first(units));
    counts = counts.subspan(units);
    FixedPanelSizes sizes = fixedPanelSizes(plan, rows);
    // panel-1.
    bool asWords =
        panel.overflow || sizes.code + sizes.raw + 4 * panel.records >= layout.wordsBytes(rows);
    asWords ? layout.addWords(rows) : layout.addCoded(rows, panel);
  }
  EncodedTables result = layout.finish(/*isCoded=*/true);
  if (result.patch / 4 > UINT32_MAX)
    return unsupportedError("the escape records take " + std::to_string(result.patch / 4) +
                            " u32, and kernels count up to 2^32 - 1; run it from the format raw");
  return result;
}

EncodedTables uwt::cuda::wordTables(const CodingPlan &plan, uint64_t matrices) {
  PanelLayout layout(plan);
  for (uint64_t number = 0; number < matrices * plan.matrix.panels(); ++number)
    layout.addWords(plan.matrix.rowsOfPanel(number % plan.matrix.panels()));
  return layout.finish(/*isCoded=*/false);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

uint64_t ImageCoder::units() const { return unitsOf(plan.matrix); }

/// Bytes from one matrix's counts to the next one's.
uint64_t ImageCoder::countStride() const {
  return roundUp(units() * sizeof(uint16_t), devicePartAlignment);
}

static constexpr uint64_t tableRoom = roundUp(sizeof(EncodeTable), devicePlaneAlignment);

uint64_t ImageCoder::scratchBytes() const {
  if (makesWords())
    return 0;
  return tableRoom + roundUp(matrices * countStride(), devicePlaneAlignment);
}

Expected<std::vector<uint16_t>> ImageCoder::countUnits(const Launch &launch,
                                                       const CudaStream &stream) const {
  std::vector<uint16_t> found(units() * matrices);
  std::span<uint8_t> bytes(reinterpret_cast<uint8_t *>(found.data()), found.size() * 2);
  uint64_t matrixBytes = units() * 2;
  DeviceBuffer memory = DeviceBuffer::borrow(device, counts);
  // What is not there is somewhere, and has no bytes.
  DeviceRange none = {table.address, 0};
  for (uint64_t matrix = 0; matrix < matrices; ++matrix) {
    uint64_t begin = matrix * countStride();
    const DeviceRange operands[] = {
        table, {counts.address + begin, matrixBytes}, none, none, none, none, none, none};
    UWT_RETURN_IF_ERROR(launch(matrix, operands));
    UWT_RETURN_IF_ERROR(
        memory.read(begin, bytes.subspan(matrix * matrixBytes, matrixBytes), stream.get()));
  }
  UWT_RETURN_IF_ERROR(stream.synchronize());
  return found;
}

Expected<EncodedTables> ImageCoder::makeLayout(const Launch &launch,
                                               const CudaStream &stream) const {
  if (makesWords())
    return wordTables(plan, matrices);
  UWT_RETURN_IF_ERROR(DeviceBuffer::borrow(device, table).write(0, codes, stream.get()));
  if (mayPadWithInfinities(plan)) {
    UWT_RETURN_IF_ERROR(stream.synchronize());
    return wordTables(plan, matrices);
  }
  // Waits, for that copy too.
  UWT_ASSIGN_OR_RETURN(std::vector<uint16_t> found, countUnits(launch, stream));
  return encodedTables(plan, found);
}

Expected<DeviceWeightDescription> ImageCoder::count(DeviceRange scratch, const Launch &launch,
                                                    const CudaStream &stream) {
  reset();
  table = {scratch.address, sizeof(EncodeTable)};
  counts = {table.address + tableRoom, matrices * countStride()};
  codes = encodeTable(plan);
  UWT_ASSIGN_OR_RETURN(layout, makeLayout(launch, stream));
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
  result = DeviceWeightDescription({matrices, plan.matrix}, plan.format, plan.element, sizes);
  return *result;
}

Status ImageCoder::writeTables(const DeviceBuffer &memory, const CudaStream &stream) const {
  UWT_RETURN_IF_ERROR(memory.fill(0, stream.get()));
  auto write = [&](ArgumentKind kind, std::span<const uint8_t> bytes) {
    uint64_t begin = result->buffers()[static_cast<size_t>(kind)].begin;
    return memory.write(begin, bytes, stream.get());
  };
  UWT_RETURN_IF_ERROR(write(ArgumentKind::Panels, itemBytes(layout.tables.panels)));
  UWT_RETURN_IF_ERROR(write(ArgumentKind::Records, itemBytes(layout.tables.escapes)));
  return write(ArgumentKind::Table, itemBytes(layout.tables.table));
}

Status ImageCoder::write(const DeviceBuffer &memory, const Launch &launch,
                         const CudaStream &stream) const {
  if (!result)
    return usageError("an image is written as it was counted: call count() first");
  if (memory.bytes() != result->bytes())
    return usageError("the image has " + std::to_string(result->bytes()) +
                      " bytes, got memory of " + std::to_string(memory.bytes()));
  UWT_RETURN_IF_ERROR(
      checkAddress("the memory for the image", memory.address(), devicePlaneAlignment));
  UWT_RETURN_IF_ERROR(writeTables(memory, stream));
  for (uint64_t matrix = 0; matrix < matrices; ++matrix) {
    auto buffer = [&](ArgumentKind kind) {
      return result->bufferAt(memory.address(), kind, matrix);
    };
    if (makesWords()) {
      uint64_t bytes = result->bufferAt(0, ArgumentKind::Words, 0).bytes / matrices;
      DeviceRange words = {buffer(ArgumentKind::Words).address + matrix * bytes, bytes};
      UWT_RETURN_IF_ERROR(launch(matrix, {&words, 1}));
      continue;
    }
    const DeviceRange operands[] = {table,
                                    {table.address, 0},
                                    buffer(ArgumentKind::Panels),
                                    buffer(ArgumentKind::Records),
                                    buffer(ArgumentKind::Words),
                                    buffer(ArgumentKind::Raw),
                                    buffer(ArgumentKind::Code),
                                    buffer(ArgumentKind::Patch)};
    UWT_RETURN_IF_ERROR(launch(matrix, operands));
  }
  return stream.synchronize();
}

static Status checkScratch(DeviceRange scratch, uint64_t needed) {
  if (scratch.bytes < needed)
    return usageError("coding takes scratch memory of " + std::to_string(needed) + " bytes, got " +
                      std::to_string(scratch.bytes));
  if (needed == 0)
    return ok();
  return checkAddress("the scratch memory", scratch.address, devicePlaneAlignment);
}

//===----------------------------------------------------------------------===//
// From a weight
//===----------------------------------------------------------------------===//

Expected<DeviceTranscode>
DeviceTranscode::create(DevicePack &pack, const DeviceWeightDescription &source, CodingPlan plan) {
  if (mayPadWithInfinities(plan))
    return unsupportedError("columns beyond k might be infinite in " + plan.format.str() +
                            ", which no kernel prevents; let the host code the weight");
  if (plan.traits.rate == Rate::Words)
    UWT_RETURN_IF_ERROR(checkMade(plan));
  ImageCoder coder(pack.device(), source.matrices(), std::move(plan));
  std::optional<KernelLauncher> encoder;
  if (!coder.makesWords()) {
    UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack.selectTranscode(source, coder.plan.format));
    UWT_ASSIGN_OR_RETURN(encoder, KernelLauncher::create(pack, *entry, source));
  }
  UWT_ASSIGN_OR_RETURN(WeightDecoder decoder, WeightDecoder::create(pack, source));
  return DeviceTranscode(source, std::move(coder), std::move(decoder), std::move(encoder));
}

bool DeviceTranscode::decodesToScratch() const {
  return !coder.makesWords() && !decoder.storedWords(0, 0);
}

uint64_t DeviceTranscode::scratchBytes() const {
  return coder.scratchBytes() + (decodesToScratch() ? decoder.bytes() : 0);
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

Status DeviceTranscode::encode(uint64_t matrix, std::span<const DeviceRange> results,
                               const CudaStream &stream) {
  if (!encoder)
    return decoder.decode(sourceImage, matrix, results[0], stream.get());
  UWT_ASSIGN_OR_RETURN(DeviceRange words, wordsOf(matrix, stream));
  std::vector<DeviceRange> extras = {words};
  extras.insert(extras.end(), results.begin(), results.end());
  LaunchOperands operands;
  operands.m = std::max<uint32_t>(encoder->entry().mFrom, 1);
  operands.extras = extras;
  return encoder->launch(operands, stream.get());
}

Expected<DeviceWeightDescription> DeviceTranscode::count(uint64_t image, DeviceRange scratch,
                                                         const CudaStream &stream) {
  coder.reset();
  UWT_RETURN_IF_ERROR(checkScratch(scratch, scratchBytes()));
  UWT_RETURN_IF_ERROR(checkAddress("the weight", image, devicePlaneAlignment));
  decodedMatrix.reset();
  sourceImage = image;
  decoded = {scratch.address + coder.scratchBytes(), decoder.bytes()};
  return coder.count(
      scratch, [&](uint64_t matrix, auto results) { return encode(matrix, results, stream); },
      stream);
}

Status DeviceTranscode::write(const DeviceBuffer &memory, const CudaStream &stream) {
  return coder.write(
      memory, [&](uint64_t matrix, auto results) { return encode(matrix, results, stream); },
      stream);
}

//===----------------------------------------------------------------------===//
// From dense matrices
//===----------------------------------------------------------------------===//

/// How matrices are coded, but for the model.
static Expected<CodingPlan> planOf(ElementType element, const MatrixShape &matrix,
                                   const Format &format) {
  CodingPlan plan;
  plan.format = format;
  plan.element = element;
  UWT_ASSIGN_OR_RETURN(plan.traits, checkFormat(format, element));
  if (format.storage != Storage::NMajor || format.fold != Fold())
    return unsupportedError("a device codes matrices as they lie, without storage=k_major and "
                            "without a fold, not as " +
                            format.str() + "; let the host code the weight");
  plan.split = splitOf(element, format);
  plan.matrix = matrix;
  UWT_RETURN_IF_ERROR(checkMade(plan));
  return plan;
}

Expected<DeviceEncode> DeviceEncode::create(DevicePack &pack, ElementType element,
                                            const TensorDescription::Matrices &matrices,
                                            const Format &format) {
  UWT_ASSIGN_OR_RETURN(CodingPlan plan, planOf(element, matrices.shape, format));
  DeviceWeightDescription dense(matrices, denseFormat(), element, {});
  UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, pack.selectTranscode(dense, format));
  UWT_ASSIGN_OR_RETURN(KernelLauncher encoder, KernelLauncher::create(pack, *entry, dense));
  std::optional<KernelLauncher> histogram;
  if (plan.traits.rate != Rate::Words) {
    UWT_ASSIGN_OR_RETURN(entry, pack.select(dense, 1, GpuKernelKind::Histogram));
    UWT_ASSIGN_OR_RETURN(histogram, KernelLauncher::create(pack, *entry, dense));
  }
  ImageCoder coder(pack.device(), matrices.count, std::move(plan));
  return DeviceEncode(pack.device(), dense, std::move(coder), std::move(encoder),
                      std::move(histogram));
}

/// Counters of kernel `histogram`.
static constexpr uint64_t symbolCount = 256, symbolBytes = symbolCount * sizeof(uint64_t);

uint64_t DeviceEncode::scratchBytes() const {
  return (histogram ? symbolBytes : 0) + coder.scratchBytes();
}

LaunchOperands DeviceEncode::operandsOf(uint64_t matrix,
                                        std::span<const DeviceRange> extras) const {
  constexpr uint64_t elementBytes = sizeof(uint16_t);
  LaunchOperands operands;
  operands.m = static_cast<uint32_t>(dense.rows());
  operands.x = source.memory.address + matrix * source.matrixStride * elementBytes;
  operands.xStride = source.rowStride;
  operands.extras = extras;
  return operands;
}

Status DeviceEncode::encode(uint64_t matrix, std::span<const DeviceRange> operands,
                            const CudaStream &stream) const {
  return encoder.launch(operandsOf(matrix, operands), stream.get());
}

Status DeviceEncode::countSymbols(DeviceRange symbols, const CudaStream &stream) {
  DeviceBuffer memory = DeviceBuffer::borrow(device, symbols);
  UWT_RETURN_IF_ERROR(memory.fill(0, stream.get()));
  for (uint64_t matrix = 0; matrix < dense.matrices(); ++matrix)
    UWT_RETURN_IF_ERROR(histogram->launch(operandsOf(matrix, {&symbols, 1}), stream.get()));
  SymbolStatistics statistics;
  statistics.split = coder.plan.split;
  statistics.counts.assign(1, std::vector<uint64_t>(symbolCount));
  std::span<uint8_t> counts(reinterpret_cast<uint8_t *>(statistics.counts[0].data()), symbolBytes);
  UWT_RETURN_IF_ERROR(memory.read(0, counts, stream.get()));
  UWT_RETURN_IF_ERROR(stream.synchronize());
  const Format &format = coder.plan.format;
  UWT_ASSIGN_OR_RETURN(const Codec *codec, findCodec(format.codec.keyword));
  UWT_ASSIGN_OR_RETURN(coder.plan.model, codec->buildModel(format, statistics));
  return ok();
}

Expected<DeviceWeightDescription>
DeviceEncode::count(const DenseMatrices &matrices, DeviceRange scratch, const CudaStream &stream) {
  coder.reset();
  UWT_RETURN_IF_ERROR(checkScratch(scratch, scratchBytes()));
  UWT_ASSIGN_OR_RETURN(source, checkDense("the memory of the matrices", matrices,
                                          {dense.matrices(), dense.rows(), dense.columns()},
                                          encoder.entry()));
  if (histogram) {
    UWT_RETURN_IF_ERROR(countSymbols({scratch.address, symbolBytes}, stream));
    scratch.address += symbolBytes;
    scratch.bytes -= symbolBytes;
  }
  return coder.count(
      scratch, [&](uint64_t matrix, auto results) { return encode(matrix, results, stream); },
      stream);
}

Status DeviceEncode::write(const DeviceBuffer &memory, const CudaStream &stream) const {
  return coder.write(
      memory, [&](uint64_t matrix, auto results) { return encode(matrix, results, stream); },
      stream);
}

//===----------------------------------------------------------------------===//
// Weights in memory of their own
//===----------------------------------------------------------------------===//

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
