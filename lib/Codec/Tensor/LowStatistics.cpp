//===- LowStatistics.cpp - What low halves need ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LowStatistics.h"
#include "../LowHalves.h"
#include "uwt/Support/Random.h"
#include <algorithm>
#include <atomic>
#include <cstring>

using namespace uwt;

/// The newest reader of files that do not know forms other than LowHalves::TopBits, and the oldest
/// that knows fewer than all bits of those (docs/container.md, choice-8).
static constexpr uint32_t topBitsReader = 4, lowFormsReader = 6;
/// A newer form saves so much of the tensor at least.
static constexpr double leastLowGain = 1.0 / 256;
/// What shows the form of a tensor before all of it is read.
static constexpr uint64_t shownRows = 256, shownBytes = uint64_t(1) << 16;

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

std::vector<uint8_t> uwt::findRowBits(const TensorWords &words, std::span<const uint8_t> source,
                                      const PanelSample *sample, ThreadPool &pool) {
  uint64_t panels = sample ? sample->panels.size() : words.matrices().panels();
  std::vector<uint8_t> rowBits(panels * panelRows);
  pool.parallelFor(panels, [&](uint64_t i, unsigned) {
    uint64_t panel = sample ? sample->panels[i] : i;
    for (uint32_t row = 0; row < words.rowsOf(panel); ++row)
      rowBits[i * panelRows + row] = static_cast<uint8_t>(words.lowBitsOfRow(source, panel, row));
  });
  return rowBits;
}

//===----------------------------------------------------------------------===//
// Palettes
//===----------------------------------------------------------------------===//

namespace {

/// The values met so far, as long as they are a palette.
class PaletteFinder {
public:
  PaletteFinder() : entries(size_t(1) << 16) {}

  /// Adds whole elements. False once the values are no palette.
  bool add(std::span<const uint8_t> elements) {
    for (size_t at = 0; at + 4 <= elements.size(); at += 4) {
      uint32_t value;
      std::memcpy(&value, elements.data() + at, sizeof(value));
      if (!addValue(value))
        return false;
    }
    return true;
  }
  bool add(const PaletteFinder &other) {
    return std::ranges::all_of(other.values(), [&](uint32_t value) { return addValue(value); });
  }
  /// By rising word.
  std::vector<uint32_t> values() const {
    std::vector<uint32_t> found;
    for (uint32_t word = 0; word < entries.size(); ++word)
      if (entries[word] != 0)
        found.push_back(word << wholeLowBits | (entries[word] & (isKnown - 1)));
    return found;
  }

private:
  static constexpr uint32_t isKnown = 1u << wholeLowBits;

  bool addValue(uint32_t value) {
    uint32_t &entry = entries[value >> wholeLowBits], wanted = isKnown | (value & (isKnown - 1));
    if (entry == wanted)
      return true;
    if (entry != 0 || count == maxPaletteValues)
      return false;
    entry = wanted;
    ++count;
    return true;
  }

  /// By word: the low half, and a bit above it where the word occurs.
  std::vector<uint32_t> entries;
  uint32_t count = 0;
};

} // namespace

/// The tensor's bytes, or the sample's, in pieces that threads share.
static std::vector<std::span<const uint8_t>>
piecesOf(const TensorWords &words, std::span<const uint8_t> source, const PanelSample *sample) {
  std::vector<std::span<const uint8_t>> pieces;
  auto addPieces = [&](uint64_t offset, uint64_t bytes) -> Status {
    for (uint64_t end = offset + bytes; offset < end; offset += shownBytes)
      pieces.push_back(source.subspan(offset, std::min(shownBytes, end - offset)));
    return ok();
  };
  // What adds pieces cannot fail.
  if (!sample)
    static_cast<void>(addPieces(0, source.size()));
  for (size_t i = 0; sample && i < sample->panels.size(); ++i)
    static_cast<void>(words.visitBytes(sample->panels[i], addPieces));
  return pieces;
}

std::optional<std::vector<uint32_t>> uwt::findPalette(const TensorWords &words,
                                                      std::span<const uint8_t> source,
                                                      const PanelSample *sample, ThreadPool &pool) {
  std::vector<std::span<const uint8_t>> pieces = piecesOf(words, source, sample);
  PaletteFinder all;
  // The first piece ends the search in most tensors.
  if (!pieces.empty() && !all.add(pieces[0]))
    return std::nullopt;
  if (pieces.size() <= 1)
    return all.values();
  std::vector<PaletteFinder> finders(pool.size());
  std::atomic<bool> isPalette = true;
  pool.parallelFor(pieces.size() - 1, [&](uint64_t i, unsigned worker) {
    if (isPalette.load(std::memory_order_relaxed) && !finders[worker].add(pieces[i + 1]))
      isPalette.store(false, std::memory_order_relaxed);
  });
  for (const PaletteFinder &finder : finders)
    if (!isPalette || !all.add(finder))
      return std::nullopt;
  return all.values();
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

namespace {
/// Bytes that low halves take: with the same bits for all, and by row.
struct LowBytes {
  double topBits = 0, rows = 0;
};
} // namespace

static LowBytes lowBytes(const TensorWords &words, const Format &format, uint32_t bits,
                         std::span<const uint8_t> rowBits, const PanelSample *sample) {
  LowBytes bytes;
  uint64_t columns = words.matrices().shape.columns;
  uint8_t before = 0;
  for (uint64_t i = 0; i * panelRows < rowBits.size(); ++i) {
    uint32_t rows = words.rowsOf(sample ? sample->panels[i] : i);
    double weight = sample ? sample->weights[i] : 1;
    std::span<const uint8_t> own = rowBits.subspan(i * panelRows, rows);
    bytes.topBits += weight * static_cast<double>(fieldBytes(format.layout, rows, columns, bits));
    bytes.rows += weight * static_cast<double>(lowRowsBytes(columns, own));
    for (uint8_t one : own) // low-3: a run is two bytes.
      if (std::exchange(before, one) != one)
        bytes.rows += weight * 2;
  }
  return bytes;
}

Status uwt::chooseLow(const TensorDescription &description, std::span<const uint8_t> source,
                      uint32_t newestReader, const PanelSample *sample, ThreadPool &pool,
                      ChosenFormat &chosen) {
  UWT_ASSIGN_OR_RETURN(TensorWords words, TensorWords::make(description, source.size()));
  uint32_t bits = topLowBits(words.lowHalfBits(source, sample, /*enough=*/1, pool));
  if (bits == 0 || newestReader < topBitsReader)
    return ok();
  chosen.format.lowBits = bits;
  if (newestReader < lowFormsReader)
    return ok();
  auto take = [&](LowHalves form, LowModel model) {
    chosen.format.lowHalves = form;
    chosen.format.lowBits = wholeLowBits;
    chosen.low = std::move(model);
  };
  double least = leastLowGain * static_cast<double>(source.size());
  LowModel model;
  model.rowBits = findRowBits(words, source, sample, pool);
  LowBytes bytes = lowBytes(words, description.format, bits, model.rowBits, sample);
  if (auto palette = findPalette(words, source, sample, pool)) {
    auto ofPalette = static_cast<double>(4 * palette->size());
    if (ofPalette + least <= std::min(bytes.topBits, bytes.rows)) {
      take(LowHalves::Palette, {{}, *std::move(palette)});
      return ok();
    }
  }
  if (bytes.rows + least <= bytes.topBits)
    take(LowHalves::Rows, std::move(model));
  return ok();
}

uint64_t uwt::shownLowGain(const TensorDescription &description, std::span<const uint8_t> source) {
  Expected<TensorWords> words = TensorWords::make(description, source.size());
  if (!words || getTraits(description.element).lowBits == 0 || source.empty())
    return 0;
  // One row of each stratum.
  uint64_t rows = words->matrices().count * words->matrices().shape.rows;
  uint64_t strata = std::min(rows, shownRows), sum = 0;
  uint32_t most = 0;
  Random random(rows);
  for (uint64_t stratum = 0; stratum < strata; ++stratum) {
    uint64_t begin = rows * stratum / strata, end = rows * (stratum + 1) / strata;
    uint64_t row = begin + random.below(end - begin), ofMatrix = words->matrices().shape.rows;
    uint64_t panel = row / ofMatrix * words->matrices().shape.panels() + row % ofMatrix / panelRows;
    uint32_t bits = words->lowBitsOfRow(source, panel, row % ofMatrix % panelRows);
    sum += bits;
    most = std::max(most, bits);
  }
  double elements = static_cast<double>(source.size()) / 4;
  double gain = elements / 8 * (most - static_cast<double>(sum) / static_cast<double>(strata));
  if (PaletteFinder shown; shown.add(source.first(std::min<size_t>(source.size(), shownBytes))))
    gain = elements / 8 * most - static_cast<double>(4 * shown.values().size());
  return gain < leastLowGain * static_cast<double>(source.size()) ? 0 : static_cast<uint64_t>(gain);
}
