//===- PanelIndex.cpp - The directory of a tensor's panels ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelIndex.h"
#include "../LowHalves.h"
#include "../Scales.h"
#include "uwt/Support/CheckedMath.h"
#include "uwt/Support/Checksum.h"
#include <bit>
#include <cstring>

namespace uwt {

uint32_t rowClassBits(const Format &format) {
  return static_cast<uint32_t>(std::bit_width(format.rowClasses) - 1);
}

static uint32_t rowClassWords(const Format &format) {
  return panelRows * rowClassBits(format) / 32;
}

uint32_t directoryEntryWords(const CodingPlan &plan) {
  if (plan.format.shortIndex)
    return 2 + rowClassWords(plan.format);
  return 3 + (hasCodeOffsets(plan) ? 1 : 0) + (hasPatch(plan) ? 1 : 0) + rowClassWords(plan.format);
}

void setPanelSizes(const CodingPlan &plan, uint64_t panel, uint32_t rows, bool hasLow,
                   DirectoryEntry &entry) {
  Layout layout = plan.format.layout;
  if (hasLow)
    entry.size[numberOf(PlaneKind::Low)] = storedLowBytes(plan, panel, rows);
  if (entry.asWords) {
    entry.size[numberOf(PlaneKind::Words)] =
        fieldBytes(layout, rows, plan.matrix.columns, plan.split.wordBits);
    return;
  }
  if (isVariable(plan.traits.rate)) {
    entry.size[numberOf(PlaneKind::Raw)] =
        fieldBytes(layout, rows, plan.matrix.columns, plan.split.rawBits());
    return;
  }
  FixedPanelSizes sizes = fixedPanelSizes(plan, rows);
  entry.size[numberOf(PlaneKind::Raw)] = sizes.raw;
  entry.size[numberOf(PlaneKind::Code)] = sizes.code;
  if (hasPatch(plan))
    entry.countEnd = entry.countBegin + sizes.counts;
}

Status checkEntry(const DirectoryEntry &entry) {
  constexpr uint64_t offsetLimit = uint64_t(UINT32_MAX);
  if (entry.offset[numberOf(PlaneKind::Code)] / codeOffsetBytes > offsetLimit ||
      entry.offset[numberOf(PlaneKind::Patch)] / 4 > offsetLimit || entry.slot >= storedAsWordsBit)
    return usageError("the tensor is too large for one index: a code plane holds 64 GiB at most");
  return ok();
}

void IndexWriter::add(const DirectoryEntry &entry, std::span<const uint8_t> classes,
                      std::span<const uint32_t> panelCounts) {
  plan.format.shortIndex ? addShort(entry) : addWhole(entry);

  uint32_t bits = rowClassBits(plan.format);
  size_t first = directory.size();
  directory.resize(first + rowClassWords(plan.format));
  for (size_t row = 0; bits != 0 && row < classes.size(); ++row) {
    size_t bit = row * bits;
    uint64_t shifted = uint64_t(classes[row]) << bit % 32;
    directory[first + bit / 32] |= static_cast<uint32_t>(shifted);
    // A class of three bits may lie across two u32.
    if (shifted >> 32 != 0)
      directory[first + bit / 32 + 1] |= static_cast<uint32_t>(shifted >> 32);
  }

  ++panels;
  panelsAsWords += entry.asWords;
  if (entry.asWords || !hasPatch(plan))
    return;
  for (uint32_t count : panelCounts)
    for (uint32_t byte = 0; byte < countBytes(plan); ++byte)
      counts.push_back(static_cast<uint8_t>(count >> (8 * byte)));
}

/// index-1
void IndexWriter::addShort(const DirectoryEntry &entry) {
  uint64_t size = entry.size[numberOf(PlaneKind::Code)] / codeOffsetBytes;
  directory.push_back(entry.asWords ? storedAsWordsBit : static_cast<uint32_t>(size));
  directory.push_back(static_cast<uint32_t>(entry.checksum));
}

void IndexWriter::addWhole(const DirectoryEntry &entry) {
  uint32_t slot = static_cast<uint32_t>(entry.slot);
  directory.push_back(entry.asWords ? slot | storedAsWordsBit : slot);
  auto pushOffset = [&](PlaneKind kind, uint64_t unitBytes) {
    directory.push_back(
        entry.asWords ? 0 : static_cast<uint32_t>(entry.offset[numberOf(kind)] / unitBytes));
  };
  if (hasCodeOffsets(plan))
    pushOffset(PlaneKind::Code, codeOffsetBytes);
  if (hasPatch(plan))
    pushOffset(PlaneKind::Patch, 4);
  directory.push_back(static_cast<uint32_t>(entry.checksum));
  directory.push_back(static_cast<uint32_t>(entry.checksum >> 32));
}

std::vector<uint32_t> IndexWriter::finish(const Codec &codec, const TensorScales &scales,
                                          uint64_t matrices,
                                          const std::array<uint64_t, planeKinds> &used) const {
  std::vector<uint32_t> words(indexHeaderWords);
  codec.writeModel(plan.format, plan.model, words);
  if (plan.format.hasScales())
    writeScales(plan, scales, matrices, words);
  writeLowModel(plan, panels, words);
  words.insert(words.end(), directory.begin(), directory.end());
  size_t countsBegin = words.size();
  words.resize(countsBegin + divideUp(counts.size(), 4));
  if (!counts.empty())
    std::memcpy(words.data() + countsBegin, counts.data(), counts.size());
  words[0] = static_cast<uint32_t>(words.size());
  words[1] = panelsAsWords;
  words[2] = hasCodeOffsets(plan)
                 ? static_cast<uint32_t>(used[numberOf(PlaneKind::Code)] / codeOffsetBytes)
                 : 0;
  words[3] = static_cast<uint32_t>(used[numberOf(PlaneKind::Patch)] / 4);
  return words;
}

Expected<std::vector<uint32_t>> indexOfPanels(const CodingPlan &plan,
                                              std::span<const IndexedPanel> panels) {
  UWT_ASSIGN_OR_RETURN(const Codec *codec, findCodec(plan.format.codec.keyword));
  IndexWriter writer(plan);
  uint64_t slots[2] = {0, 0};
  std::array<uint64_t, planeKinds> used{};
  uint64_t &patch = used[numberOf(PlaneKind::Patch)];
  for (const IndexedPanel &panel : panels) {
    DirectoryEntry entry;
    entry.asWords = panel.asWords;
    entry.slot = slots[panel.asWords]++;
    entry.offset[numberOf(PlaneKind::Patch)] = patch;
    entry.checksum = panel.checksum;
    UWT_RETURN_IF_ERROR(checkEntry(entry));
    writer.add(entry, {}, panel.counts);
    for (uint32_t count : panel.counts)
      patch += uint64_t(count) * escapeRecordU32(plan.format) * 4;
  }
  return writer.finish(*codec, {}, 0, used);
}

namespace {

/// Walks the words of an index plane and builds the TensorIndex from them.
class IndexReader {
public:
  IndexReader(const TensorDescription &description,
              const std::array<uint64_t, planeKinds> &planeSizes)
      : description(description), planeSizes(planeSizes) {}

  Expected<TensorIndex> read(std::span<const uint8_t> plane, std::optional<uint64_t> checksum);

private:
  Status readHeader(std::span<const uint8_t> plane, std::optional<uint64_t> checksum);
  Status readModel();
  Status readLow();
  Status checkRoom();
  Status readEntry(uint64_t panel);
  Status readWhole(uint64_t panel);
  Status readShort(uint64_t panel);
  Status readOffset(uint64_t panel, PlaneKind kind, uint64_t unitBytes);
  Status setOffsets(uint64_t panel, DirectoryEntry &entry);
  Status endPreviousCode(uint64_t begin);
  Status readCounts();
  Status checkPatch();
  Status checkPlanes();

  const TensorDescription &description;
  const std::array<uint64_t, planeKinds> &planeSizes;
  TensorDescription::Matrices matrices;
  TensorIndex index;
  std::vector<uint32_t> words;
  size_t position = indexHeaderWords;
  bool hasLow = false;
  uint64_t slots[2] = {0, 0};
  /// The last coded panel of a prefix codec, whose code ends where the next begins.
  std::optional<uint64_t> openCode;
  uint64_t countTotal = 0;
};

} // namespace

Status IndexReader::readHeader(std::span<const uint8_t> plane, std::optional<uint64_t> checksum) {
  if (plane.size() < indexHeaderWords * 4)
    return invalidError("plane index has " + std::to_string(plane.size()) +
                        " bytes, its header alone takes 16");
  uint32_t inUse;
  std::memcpy(&inUse, plane.data(), 4);
  if (inUse < indexHeaderWords || inUse > plane.size() / 4)
    return invalidError("plane index says that " + std::to_string(inUse) +
                        " of its u32 are in use, but it has " + std::to_string(plane.size() / 4));
  if (checksum && xxh3(plane.first(uint64_t(inUse) * 4)) != *checksum)
    return invalidError("plane index is damaged: its checksum is " +
                        toHex64(xxh3(plane.first(uint64_t(inUse) * 4))) + ", expected " +
                        toHex64(*checksum));
  words.resize(inUse);
  std::memcpy(words.data(), plane.data(), uint64_t(inUse) * 4);
  index.used[numberOf(PlaneKind::Index)] = uint64_t(inUse) * 4;
  return ok();
}

Status IndexReader::readModel() {
  CodingPlan &plan = index.plan;
  plan.format = description.format;
  plan.element = description.element;
  plan.split = splitOf(plan.element, plan.format);
  plan.matrix = matrices.shape;
  UWT_ASSIGN_OR_RETURN(const Codec *codec, findCodec(plan.format.codec.keyword));
  size_t used = 0;
  UWT_ASSIGN_OR_RETURN(plan.model,
                       codec->readModel(plan.format, plan.split,
                                        std::span<const uint32_t>(words).subspan(position), used));
  position += used;
  if (!plan.format.hasScales())
    return ok();
  UWT_ASSIGN_OR_RETURN(
      index.scales,
      readScales(plan, matrices.count, std::span<const uint32_t>(words).subspan(position), used));
  position += used;
  return ok();
}

Status IndexReader::readLow() {
  if (index.plan.format.lowHalves == LowHalves::TopBits)
    return ok();
  UWT_RETURN_IF_ERROR(checkRoom());
  size_t used = 0;
  UWT_ASSIGN_OR_RETURN(index.plan.low,
                       readLowModel(index.plan, matrices.panels(),
                                    std::span<const uint32_t>(words).subspan(position), used));
  position += used;
  return ok();
}

/// The directory must fit before anything of its size is allocated.
Status IndexReader::checkRoom() {
  std::optional<uint64_t> needed =
      checkedMultiply(matrices.panels(), directoryEntryWords(index.plan));
  if (!needed || *needed > words.size() - position)
    return invalidError("plane index is too short for a directory of " +
                        std::to_string(matrices.panels()) + " panels");
  return ok();
}

Status IndexReader::endPreviousCode(uint64_t begin) {
  if (!openCode)
    return begin == 0 ? ok()
                      : invalidError("the code of the first coded panel begins at " +
                                     std::to_string(begin) + ", expected 0");
  DirectoryEntry &previous = index.entries[*openCode];
  uint64_t previousBegin = previous.offset[numberOf(PlaneKind::Code)];
  if (begin < previousBegin)
    return invalidError("code offsets are out of order at " + std::to_string(begin));
  previous.size[numberOf(PlaneKind::Code)] = begin - previousBegin;
  return ok();
}

Status IndexReader::setOffsets(uint64_t panel, DirectoryEntry &entry) {
  entry.countBegin = countTotal;
  uint32_t rows = index.plan.matrix.rowsOfPanel(panel % matrices.shape.panels());
  setPanelSizes(index.plan, panel, rows, hasLow, entry);
  if (!entry.asWords && hasPatch(index.plan))
    countTotal = entry.countEnd;
  for (PlaneKind kind : {PlaneKind::Words, PlaneKind::Raw, PlaneKind::Code, PlaneKind::Low}) {
    if (kind == PlaneKind::Code && hasCodeOffsets(index.plan))
      continue;
    entry.offset[numberOf(kind)] = index.used[numberOf(kind)];
    std::optional<uint64_t> end =
        checkedAdd(index.used[numberOf(kind)], entry.size[numberOf(kind)]);
    if (!end || *end > planeSizes[numberOf(kind)])
      return invalidError("panel " + std::to_string(panel) + " needs more bytes of plane " +
                          std::string(planeName(kind)) + " than the " +
                          std::to_string(planeSizes[numberOf(kind)]) + " that it has");
    index.used[numberOf(kind)] = *end;
  }
  return ok();
}

/// Reads where a panel's code or escape records begin.
Status IndexReader::readOffset(uint64_t panel, PlaneKind kind, uint64_t unitBytes) {
  DirectoryEntry &entry = index.entries[panel];
  uint64_t begin = words[position++] * unitBytes;
  if (entry.asWords && begin != 0)
    return invalidError("panel " + std::to_string(panel) +
                        " is stored as words, but has an offset into plane " +
                        std::string(planeName(kind)));
  if (entry.asWords)
    return ok();
  if (kind == PlaneKind::Code) {
    UWT_RETURN_IF_ERROR(endPreviousCode(begin));
    openCode = panel;
  }
  entry.offset[numberOf(kind)] = begin;
  return ok();
}

/// index-1: parts follow one another, and slots count.
Status IndexReader::readShort(uint64_t panel) {
  DirectoryEntry &entry = index.entries[panel];
  uint32_t first = words[position++];
  entry.asWords = (first & storedAsWordsBit) != 0;
  entry.slot = slots[entry.asWords]++;
  uint64_t size = uint64_t(first & ~storedAsWordsBit) * codeOffsetBytes;
  if (entry.asWords && size != 0)
    return invalidError("panel " + std::to_string(panel) +
                        " is stored as words, but has bytes of plane code");
  UWT_RETURN_IF_ERROR(setOffsets(panel, entry));
  uint64_t &used = index.used[numberOf(PlaneKind::Code)];
  entry.offset[numberOf(PlaneKind::Code)] = used;
  entry.size[numberOf(PlaneKind::Code)] = size;
  used += size;
  if (used > planeSizes[numberOf(PlaneKind::Code)])
    return invalidError("panel " + std::to_string(panel) +
                        " needs more bytes of plane code than the " +
                        std::to_string(planeSizes[numberOf(PlaneKind::Code)]) + " that it has");
  entry.checksum = words[position++];
  return ok();
}

Status IndexReader::readWhole(uint64_t panel) {
  const CodingPlan &plan = index.plan;
  DirectoryEntry &entry = index.entries[panel];
  uint32_t first = words[position++];
  entry.asWords = (first & storedAsWordsBit) != 0;
  entry.slot = first & ~storedAsWordsBit;
  if (!entry.asWords && plan.traits.rate == Rate::Words)
    return invalidError("panel " + std::to_string(panel) +
                        " is marked as coded, but codec raw codes none");
  if (entry.slot != slots[entry.asWords]++) // panel-2
    return invalidError("panel " + std::to_string(panel) + " has slot " +
                        std::to_string(entry.slot) + ", expected " +
                        std::to_string(slots[entry.asWords] - 1));
  UWT_RETURN_IF_ERROR(setOffsets(panel, entry));
  if (hasCodeOffsets(plan))
    UWT_RETURN_IF_ERROR(readOffset(panel, PlaneKind::Code, codeOffsetBytes));
  if (hasPatch(plan))
    UWT_RETURN_IF_ERROR(readOffset(panel, PlaneKind::Patch, 4));
  entry.checksum = words[position] | uint64_t(words[position + 1]) << 32;
  position += 2;
  return ok();
}

Status IndexReader::readEntry(uint64_t panel) {
  const CodingPlan &plan = index.plan;
  UWT_RETURN_IF_ERROR(plan.format.shortIndex ? readShort(panel) : readWhole(panel));
  uint32_t bits = rowClassBits(plan.format);
  for (uint32_t bit = 0; bit < panelRows * bits; ++bit)
    index.rowClasses[panel * panelRows + bit / bits] |= (words[position + bit / 32] >> bit % 32 & 1)
                                                        << bit % bits;
  position += rowClassWords(plan.format);
  return ok();
}

Status IndexReader::readCounts() {
  uint64_t bytes = countTotal * countBytes(index.plan);
  if (divideUp(bytes, 4) != words.size() - position)
    return invalidError("plane index has " + std::to_string(words.size() - position) +
                        " u32 after its directory, expected " + std::to_string(divideUp(bytes, 4)) +
                        " of escape counts");
  index.counts.resize(countTotal);
  const auto *packed = reinterpret_cast<const uint8_t *>(words.data() + position);
  for (uint64_t i = 0; i < countTotal; ++i)
    for (uint32_t byte = 0; byte < countBytes(index.plan); ++byte)
      index.counts[i] |= uint32_t(packed[i * countBytes(index.plan) + byte]) << (8 * byte);
  return ok();
}

Status IndexReader::checkPatch() {
  uint64_t end = 0;
  for (uint64_t panel = 0; panel < index.entries.size(); ++panel) {
    DirectoryEntry &entry = index.entries[panel];
    if (entry.asWords)
      continue;
    if (entry.offset[numberOf(PlaneKind::Patch)] != end)
      return invalidError("the escape records of panel " + std::to_string(panel) + " begin at " +
                          std::to_string(entry.offset[numberOf(PlaneKind::Patch)]) + ", expected " +
                          std::to_string(end));
    uint64_t records = 0;
    for (uint64_t i = entry.countBegin; i < entry.countEnd; ++i)
      records += index.counts[i];
    entry.size[numberOf(PlaneKind::Patch)] = records * escapeRecordU32(index.plan.format) * 4;
    end += entry.size[numberOf(PlaneKind::Patch)];
  }
  if (end != uint64_t(words[3]) * 4)
    return invalidError("escape counts add up to " + std::to_string(end) +
                        " bytes of plane patch, but the index says " +
                        std::to_string(uint64_t(words[3]) * 4));
  index.used[numberOf(PlaneKind::Patch)] = end;
  return ok();
}

Status IndexReader::checkPlanes() {
  if (slots[1] != words[1])
    return invalidError("the index says that " + std::to_string(words[1]) +
                        " panels are stored as words, but " + std::to_string(slots[1]) + " are");
  uint64_t end = words[2] * codeOffsetBytes;
  if (index.plan.format.shortIndex) {
    if (end != index.used[numberOf(PlaneKind::Code)])
      return invalidError("the panels have " +
                          std::to_string(index.used[numberOf(PlaneKind::Code)]) +
                          " bytes of plane code, but the index says " + std::to_string(end));
  } else if (hasCodeOffsets(index.plan)) {
    if (openCode || end != 0)
      UWT_RETURN_IF_ERROR(endPreviousCode(end));
    index.used[numberOf(PlaneKind::Code)] = end;
  } else if (words[2] != 0) {
    return invalidError("the index gives a size of plane code, which has a fixed rate");
  }
  for (unsigned kind = 0; kind < planeKinds; ++kind)
    if (index.used[kind] > planeSizes[kind])
      return invalidError("plane " + std::string(planeName(static_cast<PlaneKind>(kind))) +
                          " has " + std::to_string(planeSizes[kind]) +
                          " bytes, but the index uses " + std::to_string(index.used[kind]));
  return ok();
}

Expected<TensorIndex> IndexReader::read(std::span<const uint8_t> plane,
                                        std::optional<uint64_t> checksum) {
  UWT_ASSIGN_OR_RETURN(matrices, description.matrices());
  UWT_ASSIGN_OR_RETURN(index.plan.traits, checkFormat(description.format, description.element));
  UWT_RETURN_IF_ERROR(readHeader(plane, checksum));
  UWT_RETURN_IF_ERROR(readModel());
  UWT_RETURN_IF_ERROR(readLow());
  UWT_RETURN_IF_ERROR(checkRoom());
  // Forms that say what each panel has of plane `low` do so whether it is present or not.
  LowHalves form = index.plan.format.lowHalves;
  hasLow = planeSizes[numberOf(PlaneKind::Low)] != 0 || form == LowHalves::Rows ||
           form == LowHalves::Coded;
  if (hasLow && getTraits(description.element).lowBits == 0)
    return invalidError("plane low is present, but " +
                        std::string(getTraits(description.element).name) + " has no low halves");
  index.entries.resize(matrices.panels());
  if (index.plan.format.rowClasses > 1)
    index.rowClasses.resize(matrices.panels() * panelRows);
  for (uint64_t panel = 0; panel < index.entries.size(); ++panel)
    UWT_RETURN_IF_ERROR(readEntry(panel));
  UWT_RETURN_IF_ERROR(readCounts());
  UWT_RETURN_IF_ERROR(checkPatch());
  UWT_RETURN_IF_ERROR(checkPlanes());
  return std::move(index);
}

Expected<TensorIndex> readIndex(const TensorDescription &description,
                                std::span<const uint8_t> indexPlane,
                                const std::array<uint64_t, planeKinds> &planeSizes,
                                std::optional<uint64_t> checksum) {
  return IndexReader(description, planeSizes).read(indexPlane, checksum);
}

} // namespace uwt
