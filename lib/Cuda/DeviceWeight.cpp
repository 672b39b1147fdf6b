//===- DeviceWeight.cpp - A weight in device memory -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/DeviceWeight.h"
#include "EscapeEntries.h"
#include "uwt/Codec/DecodeTable.h"
#include "uwt/Support/CheckedMath.h"
#include <algorithm>
#include <numeric>

using namespace uwt;
using namespace uwt::cuda;

//===----------------------------------------------------------------------===//
// Structures for the device
//===----------------------------------------------------------------------===//

bool uwt::cuda::hasEscapeEntries(const CodingPlan &plan) {
  return plan.traits.rate == Rate::Fixed && plan.hasEscapes();
}

/// Strips of a panel: a wide unit's entries.
static constexpr uint64_t stripsInPanel = panelRows / stripRows;

/// Whether units have several column groups: entries are then a strip's and count by group, else
/// they are a group's and count by strip.
static bool hasWideUnits(const CodingPlan &plan) {
  return plan.format.layout == Layout::Fragment16x16 && plan.traits.unit.groups() > 1;
}

uint64_t uwt::cuda::escapeEntriesInPanel(const CodingPlan &plan) {
  return hasWideUnits(plan)
             ? divideUp(plan.matrix.columns, plan.traits.unit.columns) * stripsInPanel
             : divideUp(plan.matrix.columns, fixedUnitColumns);
}

void uwt::cuda::appendEscapeEntries(const CodingPlan &plan, const PanelEscapes &panel,
                                    std::vector<DeviceEscapeEntry> &out) {
  uint64_t groups = escapeEntriesInPanel(plan), next = panel.first;
  size_t end = out.size() + roundUp(groups, escapeEntriesMultiple);
  for (uint64_t group = 0; group < groups; ++group) {
    DeviceEscapeEntry entry{static_cast<uint32_t>(next), {}};
    for (uint64_t strip = 0; strip < panel.strips && !panel.counts.empty(); ++strip) {
      entry.counts[strip] = panel.counts[group * panel.strips + strip];
      next += uint64_t(entry.counts[strip]) * escapeRecordU32(plan.format);
    }
    out.push_back(entry);
  }
  out.resize(end, DeviceEscapeEntry{static_cast<uint32_t>(next), {}});
}

/// Appends an entry a strip of each wide unit, with the counts of its groups.
static void appendWideUnits(const CodingPlan &plan, const PanelEscapes &panel,
                            std::vector<DeviceEscapeEntry> &out) {
  uint64_t groups = divideUp(plan.matrix.columns, fixedUnitColumns), next = panel.first;
  uint64_t unitGroups = plan.traits.unit.groups();
  for (uint64_t firstGroup = 0; firstGroup < groups; firstGroup += unitGroups) {
    // Records may say anything: one of no group of the unit counts as one of its last.
    uint64_t runs = std::min(groups - firstGroup, unitGroups);
    auto groupOf = [&](uint32_t record) {
      bool isRun = plan.format.escapes == Escapes::Rows64;
      return isRun ? record % runs : std::min<uint64_t>(record >> 26, unitGroups - 1);
    };
    for (uint64_t strip = 0; strip < stripsInPanel; ++strip) {
      DeviceEscapeEntry entry{static_cast<uint32_t>(next), {}};
      bool hasUnit = strip < panel.strips && !panel.counts.empty();
      uint64_t unit = firstGroup / unitGroups * panel.strips + strip;
      for (uint32_t i = 0; hasUnit && i < panel.counts[unit]; ++i) {
        uint32_t record = next < panel.patch.size() ? panel.patch[next] : 0;
        ++entry.counts[groupOf(record)];
        next += escapeRecordU32(plan.format);
      }
      out.push_back(entry);
    }
  }
}

static Status checkForDevice(const LoadedWeight &weight) {
  if (weight.isDense())
    return usageError("a dense weight has no planes for a kernel; load it in the format raw");
  const CodingPlan &plan = weight.plan();
  if (hasEscapeEntries(plan) && plan.format.layout == Layout::RowMajor)
    return unsupportedError("no kernel reads the escapes of " + plan.format.str() +
                            "; run it from a format with layout=fragment<16x16>");
  uint64_t patchWords = weight.buffer(PlaneKind::Patch).size() / 4;
  if (hasEscapeEntries(plan) && patchWords > UINT32_MAX)
    return unsupportedError("the escape records take " + std::to_string(patchWords) +
                            " u32, and kernels count up to 2^32 - 1; run it from the format raw");
  return ok();
}

/// The base of the sixteen symbols in a row that most entries of a prefix code's table have: a code
/// word takes the more entries, the oftener it comes.
static uint32_t commonestWindow(const CodingPlan &plan, std::span<const uint32_t> table) {
  constexpr size_t symbols = 256, width = 16;
  DecodeTableLayout layout = decodeTableLayout(plan.format, plan.split, plan.traits);
  if (plan.split.symbolBits > 8 || table.size() < layout.words())
    return 0;
  std::array<uint64_t, symbols> entries{};
  for (uint64_t i = 0; i < uint64_t(layout.classes) << layout.indexBits; ++i)
    for (uint32_t symbol = 0; symbol < layout.symbols; ++symbol)
      ++entries[layout.entry(table.data(), i) >> (16 * symbol + layout.symbolShift) & 0xFF];
  uint64_t most = 0;
  uint32_t base = 0;
  for (uint32_t from = 0; from + width <= size_t(1) << plan.split.symbolBits; ++from) {
    auto first = entries.begin() + from;
    uint64_t inside = std::accumulate(first, first + width, uint64_t(0));
    if (inside <= most)
      continue;
    most = inside;
    base = from;
  }
  return base * 0x00010001;
}

Expected<DeviceTables> uwt::cuda::deviceTables(const LoadedWeight &weight) {
  UWT_RETURN_IF_ERROR(checkForDevice(weight));
  const CodingPlan &plan = weight.plan();
  uint64_t groups = escapeEntriesInPanel(plan);
  std::span<const uint32_t> patch(static_cast<const uint32_t *>(weight.view().patch),
                                  weight.buffer(PlaneKind::Patch).size() / 4);
  uint64_t matrixPanels = std::max<uint64_t>(plan.matrix.panels(), 1);
  DeviceTables tables;
  tables.table.assign(weight.table().begin(), weight.table().end());
  if (plan.traits.rate == Rate::Prefix)
    tables.table.push_back(commonestWindow(plan, weight.table()));
  std::span<const PanelEntry> panels = weight.panels();
  tables.panels.reserve(panels.size());
  if (hasEscapeEntries(plan))
    tables.escapes.reserve(panels.size() * roundUp(groups, escapeEntriesMultiple));
  for (uint64_t panel = 0; panel < panels.size(); ++panel) {
    const PanelEntry &entry = panels[panel];
    tables.panels.push_back({entry.words, entry.raw, entry.code, entry.patch, tables.escapes.size(),
                             entry.storedAsWords});
    if (!hasEscapeEntries(plan))
      continue;
    uint32_t rows = plan.matrix.rowsOfPanel(panel % matrixPanels);
    PanelEscapes records{divideUp(rows, stripRows), {}, entry.patch, patch};
    if (!entry.storedAsWords)
      records.counts = weight.counts().subspan(entry.counts, fixedPanelSizes(plan, rows).counts);
    hasWideUnits(plan) ? appendWideUnits(plan, records, tables.escapes)
                       : appendEscapeEntries(plan, records, tables.escapes);
  }
  return tables;
}

//===----------------------------------------------------------------------===//
// What an image is written from
//===----------------------------------------------------------------------===//

BufferContents uwt::cuda::bufferContents(const LoadedWeight &weight, const DeviceTables &tables) {
  BufferContents contents;
  auto at = [&](ArgumentKind kind) -> auto & { return contents[static_cast<size_t>(kind)]; };
  at(ArgumentKind::Panels) = itemBytes(tables.panels);
  at(ArgumentKind::Records) = itemBytes(tables.escapes);
  at(ArgumentKind::Table) = itemBytes(tables.table);
  at(ArgumentKind::Words) = weight.buffer(PlaneKind::Words);
  at(ArgumentKind::Raw) = weight.buffer(PlaneKind::Raw);
  at(ArgumentKind::Code) = weight.buffer(PlaneKind::Code);
  at(ArgumentKind::Patch) = weight.buffer(PlaneKind::Patch);
  at(ArgumentKind::Low) = weight.buffer(PlaneKind::Low);
  // Without classes the view has a few zeros only.
  if (weight.plan().format.rowClasses > 1 && !weight.panels().empty())
    at(ArgumentKind::Classes) = {static_cast<const uint8_t *>(weight.view().classes),
                                 weight.panels().size() * panelRows};
  return contents;
}

namespace {
/// Words of panels that are copied together.
struct WordsRun {
  uint64_t from, to, bytes;
};
} // namespace

/// Places the words of panels that are stored as words one after another: a weight that was coded
/// when it was loaded has room for the words of every panel, nearly all of it unused. Gives the
/// bytes of the buffer, and what goes where in it.
static uint64_t packWords(const LoadedWeight &weight, std::vector<DevicePanelEntry> &panels,
                          std::vector<WordsRun> &runs) {
  const CodingPlan &plan = weight.plan();
  uint64_t matrixPanels = std::max<uint64_t>(plan.matrix.panels(), 1), end = 0;
  // Not beyond the plane, whatever entries say.
  uint64_t there = weight.buffer(PlaneKind::Words).size();
  for (uint64_t panel = 0; panel < panels.size(); ++panel) {
    if (!panels[panel].storedAsWords)
      continue;
    uint64_t from = std::min(panels[panel].words * 4, there);
    uint64_t bytes =
        std::min(fieldBytes(plan.format.layout, plan.matrix.rowsOfPanel(panel % matrixPanels),
                            plan.matrix.columns, plan.split.wordBits),
                 there - from);
    uint64_t to = roundUp(end, devicePartAlignment);
    panels[panel].words = to / 4;
    end = to + bytes;
    if (!runs.empty() && from - runs.back().from == to - runs.back().to)
      runs.back().bytes = end - runs.back().to;
    else
      runs.push_back({from, to, bytes});
  }
  return end;
}

//===----------------------------------------------------------------------===//
// Descriptions and images
//===----------------------------------------------------------------------===//

DeviceWeightDescription::DeviceWeightDescription(const TensorDescription::Matrices &matrices,
                                                 Format format, ElementType element,
                                                 const std::array<uint64_t, bufferKinds> &bytes)
    : shape(matrices.shape), count(matrices.count), runFormat(std::move(format)), type(element) {
  // Zeros first, which absent buffers point to; zeros follow each buffer.
  imageBytes = devicePlaneAlignment;
  for (size_t i = 0; i < bufferKinds; ++i) {
    if (bytes[i] == 0)
      continue;
    byKind[i] = {imageBytes, bytes[i]};
    imageBytes += roundUp(bytes[i], devicePlaneAlignment) + devicePlaneAlignment;
  }
}

/// Whether a buffer and the zeros behind it are in an image of `bytes` bytes.
static bool isInside(const DeviceWeightDescription::Buffer &buffer, uint64_t bytes) {
  return buffer.begin % devicePlaneAlignment == 0 && bytes >= devicePlaneAlignment &&
         buffer.begin <= bytes - devicePlaneAlignment &&
         buffer.bytes <= bytes - devicePlaneAlignment - buffer.begin;
}

Expected<DeviceWeightDescription>
DeviceWeightDescription::create(const TensorDescription::Matrices &matrices, Format format,
                                ElementType element, uint64_t bytes,
                                std::span<const Buffer, bufferKinds> buffers) {
  UWT_RETURN_IF_ERROR(checkRunFormat(format, element));
  DeviceWeightDescription result(matrices, std::move(format), element, {});
  result.imageBytes = bytes;
  std::ranges::copy(buffers, result.byKind.begin());
  for (size_t i = 0; i < bufferKinds; ++i) {
    auto kind = static_cast<ArgumentKind>(i);
    bool isDivisible =
        matrices.count == 0 ? buffers[i].bytes == 0 : buffers[i].bytes % matrices.count == 0;
    if (!isInside(buffers[i], bytes) || (goesByPanel(kind) && !isDivisible))
      return invalidError("the description of a weight in device memory says that its " +
                          std::string(nameOf(kind)) + " have " + std::to_string(buffers[i].bytes) +
                          " bytes at " + std::to_string(buffers[i].begin) + " of " +
                          std::to_string(bytes) + ": it is damaged");
  }
  // So that no size that follows from them overflows.
  constexpr uint64_t maxElements = uint64_t(1) << 48;
  std::optional<uint64_t> elements = checkedMultiply(matrices.shape.rows, matrices.shape.columns);
  if (elements)
    elements = checkedMultiply(*elements, matrices.count);
  if (!elements || *elements > maxElements)
    return invalidError("the description of a weight in device memory has more than 2^48 elements: "
                        "it is damaged");
  uint64_t entries = result.bufferAt(0, ArgumentKind::Panels, 0).bytes / sizeof(DevicePanelEntry);
  if (matrices.count != 0 && entries != matrices.shape.panels())
    return invalidError("the description of a weight in device memory has entries of " +
                        std::to_string(entries) + " panels, and a matrix has " +
                        std::to_string(matrices.shape.panels()) + ": it is damaged");
  return result;
}

DeviceRange DeviceWeightDescription::bufferAt(uint64_t image, ArgumentKind kind,
                                              std::optional<uint64_t> matrix) const {
  auto number = static_cast<size_t>(kind);
  if (number >= bufferKinds || matrix.value_or(0) >= count)
    return {};
  const Buffer &whole = byKind[number];
  if (!goesByPanel(kind) || !matrix)
    return {image + whole.begin, whole.bytes};
  uint64_t one = whole.bytes / count;
  return {image + whole.begin + *matrix * one, one};
}

Expected<DeviceImageSource> DeviceImageSource::create(const LoadedWeight &weight) {
  DeviceImageSource source;
  UWT_ASSIGN_OR_RETURN(source.tables, deviceTables(weight));
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, weight.description().matrices());
  std::vector<WordsRun> runs;
  uint64_t wordsBytes = packWords(weight, source.tables.panels, runs);
  BufferContents contents = bufferContents(weight, source.tables);
  std::array<uint64_t, DeviceWeightDescription::bufferKinds> sizes;
  std::ranges::transform(contents, sizes.begin(), [](auto content) { return content.size(); });
  constexpr auto words = static_cast<size_t>(ArgumentKind::Words);
  sizes[words] = wordsBytes;
  source.what =
      DeviceWeightDescription(matrices, weight.plan().format, weight.description().element, sizes);
  auto buffers = source.what.buffers();
  for (size_t i = 0; i < contents.size(); ++i)
    if (i != words && !contents[i].empty())
      source.pieces.push_back({buffers[i].begin, contents[i]});
  for (const WordsRun &run : runs)
    source.pieces.push_back(
        {buffers[words].begin + run.to, contents[words].subspan(run.from, run.bytes)});
  return source;
}

void DeviceImageSource::write(std::span<uint8_t> image) const {
  std::ranges::fill(image, 0);
  for (const Piece &piece : pieces)
    std::ranges::copy(piece.from, image.begin() + static_cast<ptrdiff_t>(piece.to));
}

Status DeviceImageSource::copy(const DeviceBuffer &image, void *stream) const {
  UWT_RETURN_IF_ERROR(image.fill(0, stream));
  for (const Piece &piece : pieces)
    UWT_RETURN_IF_ERROR(image.write(piece.to, piece.from, stream));
  return ok();
}

//===----------------------------------------------------------------------===//
// Weights in memory of their own
//===----------------------------------------------------------------------===//

Expected<DeviceWeight> DeviceWeight::upload(CudaDevicePtr device, const LoadedWeight &weight,
                                            const CudaStream &stream) {
  UWT_ASSIGN_OR_RETURN(DeviceImageSource source, DeviceImageSource::create(weight));
  UWT_ASSIGN_OR_RETURN(DeviceBuffer memory,
                       DeviceBuffer::allocate(device, source.description().bytes()));
  UWT_RETURN_IF_ERROR(source.copy(memory, stream.get()));
  UWT_RETURN_IF_ERROR(stream.synchronize());
  return DeviceWeight(source.description(), std::move(device), std::move(memory));
}

Expected<std::vector<uint8_t>> DeviceWeight::read(const CudaStream &stream) const {
  std::vector<uint8_t> result(bytes());
  UWT_RETURN_IF_ERROR(memory.read(0, result, stream.get()));
  UWT_RETURN_IF_ERROR(stream.synchronize());
  return result;
}
