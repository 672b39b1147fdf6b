//===- MagnitudeCounts.cpp - Counts of exponents that occur ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MagnitudeCounts.h"
#include "../NonZero.h"
#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>

using namespace uwt;

static void addTo(std::vector<uint64_t> &sum, std::span<const uint64_t> counts) {
  for (size_t i = 0; i < sum.size(); ++i)
    sum[i] += counts[i];
}

ClassCounts uwt::sumOfClasses(const ClassCounts &classes) {
  ClassCounts sum = {classes.front()};
  for (size_t c = 1; c < classes.size(); ++c)
    addTo(sum[0], classes[c]);
  return sum;
}

void uwt::dropMantissaBit(ClassCounts &counts) {
  for (std::vector<uint64_t> &one : counts) {
    size_t symbols = one.size() / 2;
    for (size_t i = 0; i < symbols; ++i)
      one[i] = one[2 * i] + one[2 * i + 1];
    one[symbols] = one.back();
    one.resize(symbols + 1);
  }
}

ExponentSet ExponentSet::all(uint32_t exponentBits) {
  ExponentSet set;
  set.list.resize(size_t(1) << exponentBits);
  std::iota(set.list.begin(), set.list.end(), 0u);
  return set;
}

static std::span<const uint64_t> symbolsOf(std::span<const uint64_t> counts, uint32_t exponent,
                                           uint32_t mantissaBits) {
  return counts.subspan(size_t(exponent) << mantissaBits, size_t(1) << mantissaBits);
}

ExponentSet ExponentSet::occurring(std::span<const uint64_t> counts, uint32_t mantissaBits) {
  ExponentSet set;
  for (uint32_t exponent = 0; exponent < counts.size() >> mantissaBits; ++exponent)
    if (hasNonZero(symbolsOf(counts, exponent, mantissaBits)))
      set.list.push_back(exponent);
  return set;
}

std::vector<uint64_t> ExponentSet::select(std::span<const uint64_t> all,
                                          uint32_t mantissaBits) const {
  std::vector<uint64_t> selected;
  selected.reserve((list.size() << mantissaBits) + 1);
  for (uint32_t exponent : list) {
    std::span<const uint64_t> symbols = symbolsOf(all, exponent, mantissaBits);
    selected.insert(selected.end(), symbols.begin(), symbols.end());
  }
  selected.push_back(all.back());
  return selected;
}

std::vector<uint64_t> ExponentSet::expand(std::span<const uint64_t> selected,
                                          uint32_t mantissaBits) const {
  size_t each = size_t(1) << mantissaBits;
  std::vector<uint64_t> all(list.empty() ? 0 : (list.back() + 1) * each);
  for (size_t i = 0; i < list.size(); ++i)
    std::copy_n(&selected[i * each], each, &all[list[i] * each]);
  return all;
}

namespace {
/// Counts of one thread. Tables have an entry for every magnitude, but those of exponents that do
/// not occur are neither cleared nor read. A thread has two copies of a table, used in turn: a
/// counter's next increment would have to wait for its last one.
class MagnitudeCounter {
public:
  MagnitudeCounter(ElementType element, const ExponentSet &exponents, uint32_t classCount)
      : exponents(exponents), mantissaBits(getTraits(element).mantissaBits),
        tableSize(size_t(1) << (getTraits(element).exponentBits + mantissaBits)),
        tables(std::make_unique_for_overwrite<uint32_t[]>(classCount * 2 * tableSize)),
        sums(classCount, std::vector<uint64_t>((exponents.members().size() << mantissaBits) + 1)) {
    forMagnitudes([](uint32_t *first, uint32_t *second, uint64_t *) { *first = *second = 0; });
  }

  void countRow(std::span<const uint16_t> row, uint32_t rowClass) {
    if (pending + row.size() > flushInterval)
      flush();
    pending += row.size();
    const uint64_t mask = tableSize - 1, masks = mask * 0x0001000100010001;
    uint32_t *first = &tables[rowClass * 2 * tableSize], *second = first + tableSize;
    size_t i = 0;
    for (; i + 4 <= row.size(); i += 4) {
      uint64_t four;
      std::memcpy(&four, &row[i], sizeof(four));
      four &= masks;
      ++first[four & 0xffff];
      ++second[four >> 16 & 0xffff];
      ++first[four >> 32 & 0xffff];
      ++second[four >> 48];
    }
    for (; i < row.size(); ++i)
      ++first[row[i] & mask];
  }

  ClassCounts take() {
    flush();
    return std::move(sums);
  }

private:
  /// Most elements that are counted before tables are added to sums.
  static constexpr uint64_t flushInterval = uint64_t(1) << 31;

  /// Calls `visit` with the counters and the sum of each magnitude of each class.
  template <typename Visit> void forMagnitudes(Visit visit) {
    const size_t each = size_t(1) << mantissaBits;
    for (size_t c = 0; c < sums.size(); ++c)
      for (size_t e = 0; e < exponents.members().size(); ++e) {
        uint32_t *first = &tables[c * 2 * tableSize + exponents.members()[e] * each];
        for (size_t i = 0; i < each; ++i)
          visit(first + i, first + tableSize + i, &sums[c][e * each + i]);
      }
  }

  void flush() {
    forMagnitudes([](uint32_t *first, uint32_t *second, uint64_t *sum) {
      *sum += uint64_t(*first) + *second;
      *first = *second = 0;
    });
    pending = 0;
  }

  const ExponentSet &exponents;
  uint32_t mantissaBits;
  size_t tableSize;
  /// [class][copy][magnitude]
  std::unique_ptr<uint32_t[]> tables;
  ClassCounts sums;
  uint64_t pending = 0;
};
} // namespace

ClassCounts uwt::countMagnitudes(const PanelSource &source, uint64_t panels, ElementType element,
                                 const ExponentSet &exponents, std::span<const uint8_t> classes,
                                 uint32_t classCount, ThreadPool &pool) {
  std::vector<std::optional<MagnitudeCounter>> counters(pool.size());
  std::vector<std::vector<uint16_t>> scratch(pool.size());
  pool.parallelFor(panels, [&](uint64_t p, unsigned worker) {
    if (!counters[worker])
      counters[worker].emplace(element, exponents, classCount);
    PanelWords words = source(p, scratch[worker]);
    for (uint32_t r = 0; r < words.rows; ++r)
      counters[worker]->countRow({words.row(r), words.columns},
                                 classes.empty() ? 0 : classes[p * panelRows + r]);
  });
  ClassCounts all(
      classCount,
      std::vector<uint64_t>((exponents.members().size() << getTraits(element).mantissaBits) + 1));
  for (std::optional<MagnitudeCounter> &counter : counters) {
    if (!counter)
      continue;
    ClassCounts own = counter->take();
    for (uint32_t c = 0; c < classCount; ++c)
      addTo(all[c], own[c]);
  }
  return all;
}
