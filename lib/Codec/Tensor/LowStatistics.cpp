//===- LowStatistics.cpp - What low halves need ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LowStatistics.h"
#include "../Ans/AnsModel.h"
#include "../FixedLog2.h"
#include "../LowHalves.h"
#include "uwt/Support/Random.h"
#include <algorithm>
#include <atomic>
#include <cstring>

using namespace uwt;

/// The newest reader of files that do not know forms other than LowHalves::TopBits, and the oldest
/// that knows fewer than all bits of those (docs/container.md, choice-9).
static constexpr uint32_t topBitsReader = 4, lowFormsReader = 6;
/// A newer form saves so much of the tensor at least.
static constexpr double leastLowGain = 1.0 / 256;
/// Coded low halves take several times as long: they save so much of the tensor at least.
static constexpr double leastCodedGain = 1.0 / 64;
/// What shows the form of a tensor before all of it is read.
static constexpr uint64_t shownRows = 256, shownBytes = uint64_t(1) << 16;
/// Runs of neighbours whose low halves show whether they can be coded.
static constexpr uint64_t shownRuns = 256, shownRunElements = 16;

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
// Codes
//===----------------------------------------------------------------------===//

/// How often each low half occurs.
static SymbolStatistics countLow(const TensorWords &words, std::span<const uint8_t> source,
                                 const PanelSample *sample, ThreadPool &pool) {
  PanelSource lowOf = [&](uint64_t i, std::vector<uint16_t> &scratch) {
    return words.loadLow(source, sample ? sample->panels[i] : i, scratch);
  };
  uint64_t panels = sample ? sample->panels.size() : words.matrices().panels();
  return countSymbols(lowOf, panels, LowCoder::split, /*wantPairs=*/false, {}, 1, pool);
}

Model uwt::buildLowCode(const TensorWords &words, std::span<const uint8_t> source,
                        const PanelSample *sample, ThreadPool &pool) {
  return buildAnsModel(LowCoder::traits(), countLow(words, source, sample, pool));
}

/// The low halves of `runs` runs of neighbours, spread evenly, in rising order.
static std::vector<uint16_t> drawLow(std::span<const std::span<const uint8_t>> pieces,
                                     uint64_t runs) {
  uint64_t elements = 0, before = 0, run = 0;
  for (std::span<const uint8_t> piece : pieces)
    elements += piece.size() / 4;
  runs = std::min(runs, elements / shownRunElements);
  std::vector<uint16_t> drawn;
  for (std::span<const uint8_t> piece : pieces) {
    for (; run < runs && elements / runs * run * 4 < before + piece.size(); ++run) {
      std::span<const uint8_t> from = piece.subspan(elements / runs * run * 4 - before);
      for (size_t at = 0; at + 4 <= from.size() && at < 4 * shownRunElements; at += 4)
        drawn.push_back(static_cast<uint16_t>(from[at] | from[at + 1] << 8));
    }
    before += piece.size();
  }
  std::ranges::sort(drawn);
  return drawn;
}

/// Bits that a coded low half takes about, where so many of them are drawn; 16 where most of those
/// differ, as natural ones do.
static double drawnCodeBits(std::span<const std::span<const uint8_t>> pieces, uint64_t runs) {
  std::vector<uint16_t> drawn = drawLow(pieces, runs);
  std::vector<uint64_t> counts;
  uint64_t escapes = 0;
  for (size_t begin = 0, end = 0; begin < drawn.size(); begin = end) {
    while (end < drawn.size() && drawn[end] == drawn[begin])
      ++end;
    if (end - begin > 1)
      counts.push_back(end - begin);
    else
      ++escapes;
  }
  if (escapes * 2 >= drawn.size())
    return wholeLowBits;
  counts.push_back(std::max<uint64_t>(1, escapes));
  double bits = static_cast<double>(escapes * wholeLowBits);
  for (uint64_t count : counts)
    bits += static_cast<double>(count) * (fixedLog2(drawn.size()) - fixedLog2(count)) / 65536;
  return std::min<double>(wholeLowBits, bits / static_cast<double>(drawn.size()));
}

static double shownCodeBits(std::span<const std::span<const uint8_t>> pieces) {
  // Few are enough to see that there is nothing to gain.
  if (drawnCodeBits(pieces, shownRuns / 8) == wholeLowBits)
    return wholeLowBits;
  return drawnCodeBits(pieces, shownRuns);
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

namespace {

/// Finds the form of low halves that takes fewest bytes.
class LowChoice {
public:
  LowChoice(const TensorWords &words, const Format &format, std::span<const uint8_t> source,
            const PanelSample *sample, ThreadPool &pool, ChosenFormat &chosen)
      : words(words), format(format), source(source), sample(sample), pool(pool), chosen(chosen) {}

  void tryRows(uint32_t topBits);
  void tryPalette();
  void tryCode();

private:
  double gain(double share) const { return share * static_cast<double>(source.size()); }
  void take(LowHalves form, double bytes, LowModel model);
  /// Panels that are read, the place of one among all, and how many it stands for.
  uint64_t panels() const { return sample ? sample->panels.size() : words.matrices().panels(); }
  uint64_t panelAt(uint64_t i) const { return sample ? sample->panels[i] : i; }
  double weightOf(uint64_t i) const { return sample ? sample->weights[i] : 1; }

  const TensorWords &words;
  const Format &format;
  std::span<const uint8_t> source;
  const PanelSample *sample;
  ThreadPool &pool;
  ChosenFormat &chosen;
  /// Of what is chosen so far, in plane `low` and index.
  double least = 0;
};

} // namespace

void LowChoice::take(LowHalves form, double bytes, LowModel model) {
  least = bytes;
  chosen.format.lowHalves = form;
  chosen.format.lowBits = wholeLowBits;
  chosen.low = std::move(model);
}

void LowChoice::tryRows(uint32_t topBits) {
  LowModel model;
  model.rowBits = findRowBits(words, source, sample, pool);
  uint64_t columns = words.matrices().shape.columns;
  double byRow = 0;
  uint8_t before = 0;
  for (uint64_t i = 0; i < panels(); ++i) {
    uint32_t rows = words.rowsOf(panelAt(i));
    auto own = std::span<const uint8_t>(model.rowBits).subspan(i * panelRows, rows);
    least += weightOf(i) * static_cast<double>(fieldBytes(format.layout, rows, columns, topBits));
    byRow += weightOf(i) * static_cast<double>(lowRowsBytes(columns, own));
    for (uint8_t bits : own) // low-3: a run is two bytes.
      if (std::exchange(before, bits) != bits)
        byRow += weightOf(i) * 2;
  }
  if (byRow + gain(leastLowGain) <= least)
    take(LowHalves::Rows, byRow, std::move(model));
}

void LowChoice::tryPalette() {
  auto palette = findPalette(words, source, sample, pool);
  if (!palette)
    return;
  auto bytes = static_cast<double>(4 * palette->size());
  if (bytes + gain(leastLowGain) > least)
    return;
  LowModel model;
  model.palette = *std::move(palette);
  take(LowHalves::Palette, bytes, std::move(model));
}

void LowChoice::tryCode() {
  double elements = 0;
  for (uint64_t i = 0; i < panels(); ++i)
    elements += weightOf(i) * static_cast<double>(words.panelSize(panelAt(i))) / 4;
  std::vector<std::span<const uint8_t>> pieces = piecesOf(words, source, sample);
  if (elements * shownCodeBits(pieces) / 8 + gain(leastCodedGain) > least)
    return;
  SymbolStatistics counted = countLow(words, source, sample, pool);
  uint64_t counts = 0;
  for (uint64_t count : counted.counts.front())
    counts += count;
  double bits = estimateAnsBits(LowCoder::traits(), counted.counts, {});
  // A unit has states of its lanes and a start (ans-6), a panel a size (low-5).
  constexpr double unitBytes = 20, panelBytes = 12;
  const MatrixShape &shape = words.matrices().shape;
  bool isOne = format.layout == Layout::RowMajor || shape.columns <= streamUnitColumns / 2;
  double units = static_cast<double>(divideUp(shape.columns, streamUnitColumns)) *
                 (isOne ? 1 : panelRows / stripRows);
  double bytes = bits / 8 * elements / std::max<double>(1, static_cast<double>(counts)) +
                 static_cast<double>(words.matrices().panels()) * (units * unitBytes + panelBytes);
  if (bytes + gain(leastCodedGain) > least)
    return;
  LowModel model;
  model.code = buildAnsModel(LowCoder::traits(), counted);
  take(LowHalves::Coded, bytes, std::move(model));
}

Status uwt::chooseLow(FormatPolicy policy, const TensorDescription &description,
                      std::span<const uint8_t> source, uint32_t newestReader,
                      const PanelSample *sample, ThreadPool &pool, ChosenFormat &chosen) {
  UWT_ASSIGN_OR_RETURN(TensorWords words, TensorWords::make(description, source.size()));
  uint32_t bits = topLowBits(words.lowHalfBits(source, sample, /*enough=*/1, pool));
  if (bits == 0 || newestReader < topBitsReader)
    return ok();
  chosen.format.lowBits = bits;
  if (newestReader < lowFormsReader)
    return ok();
  LowChoice choice(words, description.format, source, sample, pool, chosen);
  choice.tryRows(bits);
  choice.tryPalette();
  if (policy != FormatPolicy::Fast)
    choice.tryCode();
  return ok();
}

uint64_t uwt::shownLowGain(FormatPolicy policy, const TensorDescription &description,
                           std::span<const uint8_t> source) {
  Expected<TensorWords> words = TensorWords::make(description, source.size());
  if (!words || getTraits(description.element).lowBits == 0 || source.empty())
    return 0;
  // One row of each stratum.
  const MatrixShape &shape = words->matrices().shape;
  uint64_t rows = words->matrices().count * shape.rows;
  uint64_t strata = std::min(rows, shownRows), sum = 0;
  uint32_t most = 0;
  Random random(rows);
  for (uint64_t stratum = 0; stratum < strata; ++stratum) {
    uint64_t begin = rows * stratum / strata, end = rows * (stratum + 1) / strata;
    uint64_t row = begin + random.below(end - begin);
    uint64_t panel = row / shape.rows * shape.panels() + row % shape.rows / panelRows;
    uint32_t bits = words->lowBitsOfRow(source, panel, row % shape.rows % panelRows);
    sum += bits;
    most = std::max(most, bits);
  }
  auto size = static_cast<double>(source.size());
  // Of four bytes, `most` bits without the newer forms.
  auto gain = [&](double bits) { return size / 32 * (most - bits); };
  double saved = gain(static_cast<double>(sum) / static_cast<double>(strata));
  if (PaletteFinder shown; shown.add(source.first(std::min<size_t>(source.size(), shownBytes))))
    saved = std::max(saved, gain(0) - static_cast<double>(4 * shown.values().size()));
  if (policy != FormatPolicy::Fast) {
    double coded = gain(shownCodeBits(piecesOf(*words, source, nullptr)));
    saved = coded < saved + leastCodedGain * size ? saved : coded;
  }
  return saved < leastLowGain * size ? 0 : static_cast<uint64_t>(saved);
}
