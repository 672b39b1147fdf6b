//===- WriteImage.cpp - Weights coded into somebody's memory --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threads code panels straight to where they lie in an image: at multiples of their size, as if
// none had to be stored as words. Where some have to, which is rare, coded panels then move
// together, and the others are coded again, as words, behind them. Only escape records wait for
// their place outside of the image.
//
//===----------------------------------------------------------------------===//

#include "PanelCoder.h"
#include "WeightBuilder.h"
#include "uwt/Runtime/WeightImage.h"
#include "uwt/Support/CheckedMath.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

//===----------------------------------------------------------------------===//
// What has a form in memory, and how large it is at most
//===----------------------------------------------------------------------===//

/// Rows of the panels of a matrix but for its last one, and of that.
static std::array<uint32_t, 2> rowsOfPanels(const MatrixShape &matrix) {
  uint64_t panels = matrix.panels();
  if (panels == 0)
    return {0, 0};
  return {matrix.rowsOfPanel(0), matrix.rowsOfPanel(panels - 1)};
}

/// The plan of an image, without a model. Errors: Usage, for what has no form in memory.
static Expected<CodingPlan> imagePlan(const TensorDescription &description) {
  size_t rank = description.shape.size();
  if (rank < 2 || rank > maxImageRank)
    return usageError("a weight in memory has 2 to " + std::to_string(maxImageRank) +
                      " dimensions, got " + std::to_string(rank));
  const Format &format = description.format;
  std::string text = format.str();
  if (text.size() >= maxImageFormat)
    return usageError("the text of the format is longer than " +
                      std::to_string(maxImageFormat - 1) + " bytes: " + text);
  if (format.storage != Storage::NMajor || format.fold != Fold())
    return usageError("a weight in memory is stored n_major and without a fold, got " + text);
  auto *check = format.isQuantized() ? checkRunFormat : checkFormat;
  UWT_ASSIGN_OR_RETURN(CodingPlan plan, planWithoutModel(description, check));
  if (getTraits(plan.element).lowBits != 0)
    return usageError("a weight in memory has elements of 8 or 16 bits, got " +
                      std::string(getTraits(plan.element).name));
  if (plan.traits.rate != Rate::Fixed && plan.traits.rate != Rate::Words)
    return usageError("a weight in memory has units of a fixed size, which '" + text +
                      "' has not: use " + runFormats().front().str());
  // Code wants panels at multiples of this, decoding wants them without gaps.
  auto isAligned = [&](uint32_t rows) {
    uint64_t words = fieldBytes(format.layout, rows, plan.matrix.columns, plan.split.wordBits);
    FixedPanelSizes coded =
        plan.traits.rate == Rate::Fixed ? fixedPanelSizes(plan, rows) : FixedPanelSizes();
    return words % partAlignment == 0 && coded.raw % partAlignment == 0 &&
           coded.code % partAlignment == 0;
  };
  auto [full, last] = rowsOfPanels(plan.matrix);
  // Nothing decodes those of quantised weights but code, and nothing is behind a matrix's last
  // panel.
  bool isAlone = format.isQuantized() && rank == 2;
  bool areAligned =
      isAligned(isAlone && plan.matrix.panels() <= 1 ? 0 : full) && isAligned(isAlone ? 0 : last);
  if (format.hasContext() || !areAligned)
    return usageError("'" + text + "' has no form in memory that can be decoded: use " +
                      runFormats().front().str());
  return plan;
}

/// Bytes from the begin of a part of `bytes` bytes to that of the next: code reads up to 64 bytes
/// past the end of a buffer.
static uint64_t partStride(uint64_t bytes) {
  return roundUp(bytes, imageAlignment) + imageAlignment;
}

/// What a panel takes at most in all parts: coded, its fields and records are smaller than its
/// words (panel-1), and records are padded.
static uint64_t maxPanelBytes(const CodingPlan &plan, uint32_t rows) {
  const Format &format = plan.format;
  uint64_t counts = plan.traits.rate == Rate::Fixed ? fixedPanelSizes(plan, rows).counts : 0;
  uint64_t countBytes = counts * packCounts(format.layout, std::array<uint32_t, 1>(), nullptr);
  // In the index: slot, begin of the records, checksum (docs/formats.md).
  constexpr uint64_t directoryBytes = 16;
  return sizeof(PanelEntry) +
         fieldBytes(format.layout, rows, plan.matrix.columns, plan.split.wordBits) + partAlignment +
         roundUp(countBytes, partAlignment) + directoryBytes + countBytes;
}

Expected<uint64_t> WeightImage::maxBytes(const TensorDescription &description) {
  UWT_ASSIGN_OR_RETURN(CodingPlan plan, imagePlan(description));
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, description.matrices());
  uint64_t tableBytes = decodeTableLayout(plan.format, plan.split, plan.traits).words() * 4;
  // The index has a header, and a model that says no more than the table.
  constexpr uint64_t indexHeaderBytes = 16;
  uint64_t once =
      partStride(sizeof(ImageHeader)) + parts * partStride(1) + 2 * tableBytes + indexHeaderBytes;
  auto [full, last] = rowsOfPanels(plan.matrix);
  uint64_t panels = std::max<uint64_t>(plan.matrix.panels(), 1);
  std::optional<uint64_t> bytes = checkedMultiply(panels - 1, maxPanelBytes(plan, full));
  bytes = bytes ? checkedAdd(*bytes, maxPanelBytes(plan, last)) : bytes;
  if (description.format.hasColumnOrder)
    bytes = bytes ? checkedAdd(*bytes, plan.matrix.columns * sizeof(uint32_t)) : bytes;
  bytes = bytes ? checkedMultiply(*bytes, matrices.count) : bytes;
  bytes = bytes ? checkedAdd(*bytes, once) : bytes;
  if (!bytes)
    return usageError("the weight is too large for memory");
  return *bytes;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

namespace {

/// What an image has of a panel when it is coded, beside what is in place already.
struct PlacedPanel {
  std::vector<uint32_t> patch, counts;
  uint64_t checksum = 0;
  bool asWords = false;
};

/// Where panels lie in a plane in which all have a part.
class FixedParts {
public:
  /// `bytesOf` gives a panel's bytes by its rows.
  template <typename BytesOf>
  FixedParts(const PanelCoder &coder, BytesOf bytesOf) : perMatrix(coder.plan().matrix.panels()) {
    auto [full, last] = rowsOfPanels(coder.plan().matrix);
    each = bytesOf(full);
    this->last = bytesOf(last);
  }
  uint64_t bytes(uint64_t panel) const { return panel % perMatrix == perMatrix - 1 ? last : each; }
  uint64_t begin(uint64_t panel) const {
    if (perMatrix == 0)
      return 0;
    return panel / perMatrix * ((perMatrix - 1) * each + last) + panel % perMatrix * each;
  }

private:
  uint64_t perMatrix, each, last;
};

class ImageWriter {
public:
  ImageWriter(const PanelCoder &coder, std::span<uint8_t> memory, ThreadPool &pool)
      : coder(coder), plan(coder.plan()), memory(memory), pool(pool), loose(coder.panels()),
        rawParts(coder, [&](uint32_t rows) { return coder.rawBytes(rows); }),
        codeParts(coder, [&](uint32_t rows) { return coder.codeBytes(rows); }) {}

  Status write(std::span<const uint64_t> shape, std::span<const uint32_t> columnOrder);

private:
  Expected<std::span<uint8_t>> place(ImageHeader::Part &part, uint64_t bytes);
  std::span<uint8_t> planeOf(PlaneKind kind) {
    const ImageHeader::Part &part = header.planes[numberOf(kind)];
    return memory.subspan(part.begin, part.bytes);
  }
  Status forEachPanel(const std::function<Status(uint64_t, PanelWorker &)> &body);
  Status placeTable();
  Status placeOrder(std::span<const uint32_t> columnOrder);
  Status codePanels();
  Status codePanel(uint64_t panel, PanelWorker &worker);
  uint64_t pack(const FixedParts &parts, std::span<uint8_t> from, uint8_t *to,
                uint64_t PanelEntry::*offset);
  Status packCoded();
  Status storeWords();
  Status placeRecords();
  Status placeIndex();

  const PanelCoder &coder;
  const CodingPlan &plan;
  std::span<uint8_t> memory;
  ThreadPool &pool;
  std::vector<PlacedPanel> loose;
  FixedParts rawParts, codeParts;
  ImageHeader header{};
  uint64_t end = 0;
  std::span<PanelEntry> entries;
};

} // namespace

static void removeImage(std::span<uint8_t> memory) {
  std::ranges::fill(memory.first(std::min(memory.size(), sizeof(ImageHeader))), uint8_t(0));
}

/// The next part, with zeros up to where another may begin.
Expected<std::span<uint8_t>> ImageWriter::place(ImageHeader::Part &part, uint64_t bytes) {
  if (end > memory.size() || bytes > memory.size() || partStride(bytes) > memory.size() - end)
    return usageError("the memory has " + std::to_string(memory.size()) +
                      " bytes, which the weight does not fit in");
  part = {end, bytes};
  end += partStride(bytes);
  std::ranges::fill(memory.subspan(part.begin + bytes, end - part.begin - bytes), uint8_t(0));
  return memory.subspan(part.begin, bytes);
}

Status ImageWriter::forEachPanel(const std::function<Status(uint64_t, PanelWorker &)> &body) {
  std::vector<PanelWorker> workers(pool.size());
  FirstPanelError firstError;
  pool.parallelFor(coder.panels(), [&](uint64_t panel, unsigned worker) {
    Status done = body(panel, workers[worker]);
    if (!done)
      firstError.report(panel, done.takeError());
  });
  return firstError.take();
}

Status ImageWriter::placeTable() {
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> table, decodeTable(plan));
  UWT_ASSIGN_OR_RETURN(std::span<uint8_t> to, place(header.table, table.size() * 4));
  if (!table.empty())
    std::memcpy(to.data(), table.data(), to.size());
  return ok();
}

Status ImageWriter::placeOrder(std::span<const uint32_t> columnOrder) {
  UWT_ASSIGN_OR_RETURN(std::span<uint8_t> to, place(header.order, columnOrder.size_bytes()));
  if (!columnOrder.empty())
    std::memcpy(to.data(), columnOrder.data(), to.size());
  return ok();
}

Status ImageWriter::codePanel(uint64_t panel, PanelWorker &worker) {
  PlacedPanel &result = loose[panel];
  std::span<uint8_t> code =
      planeOf(PlaneKind::Code).subspan(codeParts.begin(panel), codeParts.bytes(panel));
  std::span<uint8_t> raw =
      planeOf(PlaneKind::Raw).subspan(rawParts.begin(panel), rawParts.bytes(panel));
  UWT_RETURN_IF_ERROR(coder.check(panel));
  Expected<bool> isCoded = coder.code(panel, code, worker);
  if (!isCoded)
    return isCoded.takeError().in("panel " + std::to_string(panel));
  result.asWords = !*isCoded;
  if (result.asWords)
    return ok();
  std::ranges::copy(worker.coded.raw, raw.begin());
  result.patch = worker.coded.patch;
  result.counts = worker.coded.counts;
  Xxh3Stream hash;
  hash.update(raw);
  hash.update(code);
  hash.update({reinterpret_cast<const uint8_t *>(result.patch.data()), result.patch.size() * 4});
  result.checksum = hash.digest();
  return ok();
}

Status ImageWriter::codePanels() {
  UWT_RETURN_IF_ERROR(place(header.planes[numberOf(PlaneKind::Raw)], rawParts.begin(loose.size())));
  UWT_RETURN_IF_ERROR(
      place(header.planes[numberOf(PlaneKind::Code)], codeParts.begin(loose.size())));
  if (plan.traits.rate == Rate::Words) {
    for (PlacedPanel &panel : loose)
      panel.asWords = true;
    return ok();
  }
  return forEachPanel(
      [&](uint64_t panel, PanelWorker &worker) { return codePanel(panel, worker); });
}

/// Moves what coded panels have in a plane together and sets their offsets; gives its bytes.
uint64_t ImageWriter::pack(const FixedParts &parts, std::span<uint8_t> from, uint8_t *to,
                           uint64_t PanelEntry::*offset) {
  uint64_t packed = 0;
  for (uint64_t panel = 0; panel < loose.size(); ++panel) {
    uint64_t bytes = loose[panel].asWords ? 0 : parts.bytes(panel);
    if (bytes == 0)
      continue;
    const uint8_t *at = from.data() + parts.begin(panel);
    if (to + packed != at)
      std::memmove(to + packed, at, bytes);
    entries[panel].*offset = packed / 4;
    packed += bytes;
  }
  return packed;
}

Status ImageWriter::packCoded() {
  std::span<uint8_t> raw = planeOf(PlaneKind::Raw), code = planeOf(PlaneKind::Code);
  uint64_t begin = header.planes[numberOf(PlaneKind::Raw)].begin;
  uint64_t rawBytes = pack(rawParts, raw, raw.data(), &PanelEntry::raw);
  uint64_t codeBytes =
      pack(codeParts, code, memory.data() + begin + partStride(rawBytes), &PanelEntry::code);
  end = begin;
  UWT_RETURN_IF_ERROR(place(header.planes[numberOf(PlaneKind::Raw)], rawBytes));
  UWT_RETURN_IF_ERROR(place(header.planes[numberOf(PlaneKind::Code)], codeBytes));
  return ok();
}

Status ImageWriter::storeWords() {
  uint64_t bytes = 0;
  for (uint64_t panel = 0; panel < loose.size(); ++panel) {
    PanelEntry &entry = entries[panel];
    entry.storedAsWords = loose[panel].asWords;
    if (!entry.storedAsWords)
      continue;
    uint64_t panelBytes = coder.wordsBytes(coder.rowsOf(panel));
    entry.words = panelBytes == 0 ? 0 : bytes / 4;
    bytes += panelBytes;
  }
  UWT_ASSIGN_OR_RETURN(std::span<uint8_t> words,
                       place(header.planes[numberOf(PlaneKind::Words)], bytes));
  if (bytes == 0)
    return ok();
  return forEachPanel([&](uint64_t panel, PanelWorker &worker) -> Status {
    if (!loose[panel].asWords)
      return ok();
    UWT_RETURN_IF_ERROR(coder.check(panel));
    Status packed = coder.packWords(panel, worker);
    if (!packed)
      return packed.takeError().in("panel " + std::to_string(panel));
    std::ranges::copy(worker.packed,
                      words.begin() + static_cast<ptrdiff_t>(entries[panel].words * 4));
    loose[panel].checksum = xxh3(worker.packed);
    return ok();
  });
}

/// Escape records and their counts.
Status ImageWriter::placeRecords() {
  uint64_t patchBytes = 0, countBytes = 0;
  for (uint64_t panel = 0; panel < loose.size(); ++panel) {
    PanelEntry &entry = entries[panel];
    const PlacedPanel &parts = loose[panel];
    if (!parts.asWords)
      entry.codeU32 = codeParts.bytes(panel) / 4;
    entry.patchU32 = parts.patch.size();
    entry.patch = parts.patch.empty() ? 0 : patchBytes / 4;
    patchBytes += roundUp(parts.patch.size() * 4, partAlignment);
    entry.counts = countBytes;
    countBytes += roundUp(packCounts(plan.format.layout, parts.counts, nullptr), partAlignment);
  }
  UWT_ASSIGN_OR_RETURN(std::span<uint8_t> patch,
                       place(header.planes[numberOf(PlaneKind::Patch)], patchBytes));
  UWT_ASSIGN_OR_RETURN(std::span<uint8_t> counts, place(header.counts, countBytes));
  std::ranges::fill(patch, uint8_t(0));
  std::ranges::fill(counts, uint8_t(0));
  for (uint64_t panel = 0; panel < loose.size(); ++panel) {
    const PlacedPanel &parts = loose[panel];
    if (!parts.patch.empty())
      std::memcpy(patch.data() + entries[panel].patch * 4, parts.patch.data(),
                  parts.patch.size() * 4);
    packCounts(plan.format.layout, parts.counts, counts.data() + entries[panel].counts);
  }
  return ok();
}

Status ImageWriter::placeIndex() {
  std::vector<IndexedPanel> panels;
  for (const PlacedPanel &panel : loose)
    panels.push_back({panel.asWords, panel.checksum, panel.counts});
  // Decoding a format of files needs it, and there are none of quantised weights.
  std::vector<uint32_t> index;
  if (!plan.format.isQuantized()) {
    UWT_ASSIGN_OR_RETURN(index, indexOfPanels(plan, panels));
  }
  UWT_ASSIGN_OR_RETURN(std::span<uint8_t> to,
                       place(header.planes[numberOf(PlaneKind::Index)], index.size() * 4));
  if (!index.empty())
    std::memcpy(to.data(), index.data(), to.size());
  header.indexChecksum = xxh3(to);
  UWT_RETURN_IF_ERROR(place(header.planes[numberOf(PlaneKind::Low)], 0));
  return ok();
}

Status ImageWriter::write(std::span<const uint64_t> shape, std::span<const uint32_t> columnOrder) {
  if (reinterpret_cast<uintptr_t>(memory.data()) % imageAlignment != 0)
    return usageError("a weight in memory begins at a multiple of " +
                      std::to_string(imageAlignment) + " bytes");
  // Where an image was before there is none until this one is whole.
  removeImage(memory);
  ImageHeader::Part front;
  UWT_RETURN_IF_ERROR(place(front, sizeof(ImageHeader)));
  UWT_ASSIGN_OR_RETURN(std::span<uint8_t> panels,
                       place(header.panels, loose.size() * sizeof(PanelEntry)));
  std::ranges::fill(panels, uint8_t(0));
  entries = {reinterpret_cast<PanelEntry *>(panels.data()), loose.size()};
  UWT_RETURN_IF_ERROR(placeTable());
  UWT_RETURN_IF_ERROR(placeOrder(columnOrder));
  UWT_RETURN_IF_ERROR(codePanels());
  UWT_RETURN_IF_ERROR(packCoded());
  UWT_RETURN_IF_ERROR(storeWords());
  UWT_RETURN_IF_ERROR(placeRecords());
  UWT_RETURN_IF_ERROR(placeIndex());
  header.element = static_cast<uint32_t>(plan.element);
  header.rank = static_cast<uint32_t>(shape.size());
  std::ranges::copy(shape, header.shape.begin());
  std::ranges::copy(plan.format.str(), header.format);
  header.bytes = end;
  header.seal();
  std::memcpy(memory.data(), &header, sizeof(header));
  return ok();
}

Status uwt::writePanels(const PanelCoder &coder, std::span<const uint64_t> shape,
                        std::span<const uint32_t> columnOrder, std::span<uint8_t> memory,
                        ThreadPool &pool) {
  return ImageWriter(coder, memory, pool).write(shape, columnOrder);
}

/// Writes what `makeCoder` gives for the format, or for `raw` where padding could be infinities.
template <typename MakeCoder>
static Status writeImage(TensorDescription description, std::span<uint8_t> memory, ThreadPool &pool,
                         MakeCoder makeCoder) {
  UWT_RETURN_IF_ERROR(imagePlan(description));
  if (description.format.isQuantized())
    return usageError("'" + description.format.str() +
                      "' is made of the codes of a quantised checkpoint, not of a tensor");
  Expected<std::unique_ptr<PanelCoder>> coder = makeCoder(description);
  if (coder && mayPadWithInfinities((*coder)->plan())) {
    description.format = rawFormat();
    coder = makeCoder(description);
  }
  if (!coder)
    return coder.takeError();
  return ImageWriter(**coder, memory, pool).write(description.shape, {});
}

//===----------------------------------------------------------------------===//
// From a dense tensor
//===----------------------------------------------------------------------===//

/// Sets strides that are not given, and checks that the tensor lies in its bytes.
static Status resolveStrides(DenseTensor &tensor, const TensorDescription::Matrices &matrices) {
  auto [rows, columns] = matrices.shape;
  if (tensor.rowStride == 0)
    tensor.rowStride = columns;
  if (tensor.rowStride < columns)
    return usageError("rows of the tensor are " + std::to_string(tensor.rowStride) +
                      " elements apart, and have " + std::to_string(columns));
  std::optional<uint64_t> lastRow = checkedMultiply(rows ? rows - 1 : 0, tensor.rowStride);
  std::optional<uint64_t> matrix = lastRow ? checkedAdd(*lastRow, tensor.rowStride) : lastRow;
  if (tensor.matrixStride == 0)
    tensor.matrixStride = matrix.value_or(0);
  std::optional<uint64_t> end =
      checkedMultiply(matrices.count ? matrices.count - 1 : 0, tensor.matrixStride);
  if (matrices.count == 0 || rows == 0 || columns == 0)
    return ok();
  end = end && lastRow ? checkedAdd(*end, *lastRow) : std::nullopt;
  end = end ? checkedAdd(*end, columns) : end;
  end = end ? checkedMultiply(*end, getTraits(tensor.element).bytes) : end;
  if (!end || *end > tensor.bytes.size())
    return usageError("the tensor's shape and strides take " +
                      (end ? std::to_string(*end) : "more than 2^64") + " bytes, but there are " +
                      std::to_string(tensor.bytes.size()));
  return ok();
}

/// Panels of a tensor whose words are its elements: in place where these are aligned words.
static PanelSource sourceOf(const DenseTensor &tensor, const MatrixShape &matrix) {
  uint64_t elementBytes = getTraits(tensor.element).bytes;
  bool isInPlace = elementBytes == 2 && reinterpret_cast<uintptr_t>(tensor.bytes.data()) % 2 == 0;
  return [&tensor, matrix, elementBytes, isInPlace](uint64_t panel,
                                                    std::vector<uint16_t> &scratch) -> PanelWords {
    uint64_t inMatrix = panel % matrix.panels(), columns = matrix.columns;
    uint32_t rows = matrix.rowsOfPanel(inMatrix);
    uint64_t first =
        panel / matrix.panels() * tensor.matrixStride + inMatrix * panelRows * tensor.rowStride;
    const uint8_t *from = tensor.bytes.data() + first * elementBytes;
    if (isInPlace)
      return {reinterpret_cast<const uint16_t *>(from), tensor.rowStride, rows, columns};
    scratch.assign(rows * columns, 0);
    for (uint32_t row = 0; row < rows; ++row)
      for (uint64_t column = 0; column < columns; ++column)
        std::memcpy(&scratch[row * columns + column],
                    from + (row * tensor.rowStride + column) * elementBytes, elementBytes);
    return {scratch.data(), columns, rows, columns};
  };
}

Expected<WeightImage> WeightImage::encode(const DenseTensor &given, const Format &format,
                                          std::span<uint8_t> memory, ThreadPool &pool) {
  DenseTensor tensor = given;
  auto makeEncoder = [&](const TensorDescription &wanted) -> Expected<std::unique_ptr<PanelCoder>> {
    UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, wanted.matrices());
    UWT_RETURN_IF_ERROR(resolveStrides(tensor, matrices));
    UWT_ASSIGN_OR_RETURN(CodingPlan plan, planWithoutModel(wanted));
    return makeCoder(std::move(plan), matrices.panels(), sourceOf(tensor, matrices.shape), pool,
                     LoadOptions());
  };
  UWT_RETURN_IF_ERROR(
      writeImage({tensor.element, tensor.shape, format}, memory, pool, makeEncoder));
  return open(memory);
}

//===----------------------------------------------------------------------===//
// From a container
//===----------------------------------------------------------------------===//

/// What was read past the end of a file that somebody has cut is no weight.
static Status checkSource(const TensorReader &reader, std::span<uint8_t> memory) {
  Status read = reader.checkRead();
  if (!read)
    removeImage(memory);
  return read;
}

Expected<WeightImage> WeightImage::load(const TensorReader &reader, const Format &format,
                                        std::span<uint8_t> memory, ThreadPool &pool) {
  const TensorEntry &entry = reader.entry();
  std::optional<ElementType> element = elementTypeFromSafetensors(entry.dtype->name);
  if (!element)
    return usageError("a weight has no elements of dtype " + std::string(entry.dtype->name));
  TensorDescription description{*element, entry.shape, format};
  LoadOptions options;
  options.check = reader.verifies();
  const TensorDecoder *decoder = reader.decoder();
  if (decoder && goesByPanels(*decoder, format)) {
    Status written = writeImage(description, memory, pool, [&](const TensorDescription &wanted) {
      return makeCoder(*decoder, wanted.format, pool, options);
    });
    UWT_RETURN_IF_ERROR(checkSource(reader, memory));
    UWT_RETURN_IF_ERROR(std::move(written));
    return open(memory);
  }
  UWT_RETURN_IF_ERROR(imagePlan(description));
  std::vector<uint8_t> decoded;
  std::span<const uint8_t> dense = reader.rawBytes();
  if (decoder || reader.isPacked() || entry.isDifference()) {
    decoded.resize(entry.bytes);
    UWT_RETURN_IF_ERROR(reader.read(decoded, pool));
    dense = decoded;
  } else if (options.check) {
    UWT_RETURN_IF_ERROR(reader.check(pool));
  }
  Expected<WeightImage> image = encode({*element, entry.shape, dense, 0, 0}, format, memory, pool);
  UWT_RETURN_IF_ERROR(checkSource(reader, memory));
  return image;
}
