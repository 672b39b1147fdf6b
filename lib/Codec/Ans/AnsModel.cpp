//===- AnsModel.cpp - Alphabets and frequencies ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AnsModel.h"
#include "../RowClasses.h"
#include <algorithm>
#include <bit>
#include <numeric>

using namespace uwt;

std::vector<uint32_t> uwt::ansFrequencies(std::span<const uint8_t> weights,
                                          uint32_t frequencyBits) {
  uint64_t sum = 0, present = 0;
  for (uint8_t code : weights) {
    sum += ansWeight(code);
    present += code != 0;
  }
  // One for each entry that is present, and the rest by weight.
  uint64_t rest = (uint64_t(1) << frequencyBits) - present, before = 0;
  std::vector<uint32_t> frequencies;
  for (uint8_t code : weights) {
    uint64_t after = before + ansWeight(code);
    uint64_t share = after * rest / sum - before * rest / sum;
    frequencies.push_back(code ? static_cast<uint32_t>(1 + share) : 0);
    before = after;
  }
  return frequencies;
}

void uwt::appendAnsEntries(std::span<const uint32_t> frequencies, std::vector<uint32_t> &table) {
  for (uint32_t number = 0; number < frequencies.size(); ++number)
    for (uint32_t offset = 0; offset < frequencies[number]; ++offset)
      table.push_back((frequencies[number] - 1) | offset << ans_entry::offsetShift |
                      number << ans_entry::numberShift);
}

//===----------------------------------------------------------------------===//
// Numbers in few bits
//===----------------------------------------------------------------------===//

namespace {

/// Exponential Golomb codes (ans-1): v + 1 has n + 1 bits; n zeros, then those bits from the
/// highest one, each behind the ones before from the lowest bit of a u32 on.
uint32_t golombBits(uint32_t value) { return 2 * std::bit_width(value + 1) - 1; }

class GolombWriter {
public:
  explicit GolombWriter(std::vector<uint32_t> &words) : words(words) {}

  void put(uint32_t value) {
    uint32_t length = std::bit_width(value + 1);
    for (uint32_t i = 1; i < length; ++i)
      putBit(0);
    for (uint32_t i = length; i-- > 0;)
      putBit((value + 1) >> i & 1);
  }

private:
  void putBit(uint32_t bit) {
    if (bits % 32 == 0)
      words.push_back(0);
    words.back() |= bit << bits % 32;
    ++bits;
  }

  std::vector<uint32_t> &words;
  uint64_t bits = 0;
};

class GolombReader {
public:
  explicit GolombReader(std::span<const uint32_t> words) : words(words) {}

  /// Numbers of at most `limit`; a larger one, or the end of the words, is an error.
  Expected<uint32_t> next(uint32_t limit) {
    uint32_t zeros = 0, value = 1;
    while (hasMore() && !takeBit())
      if (++zeros > 16)
        return tooLarge(limit);
    for (uint32_t i = 0; i < zeros && hasMore(); ++i)
      value = value << 1 | takeBit();
    if (isShort)
      return invalidError("model is too short: it ends inside its tables");
    if (value - 1 > limit)
      return tooLarge(limit);
    return value - 1;
  }
  /// u32 that were read, the last one perhaps in part.
  size_t used() const { return divideUp(bits, 32); }
  bool isPaddedWithZeros() const { return bits % 32 == 0 || words[bits / 32] >> bits % 32 == 0; }

private:
  bool hasMore() {
    isShort = isShort || bits / 32 >= words.size();
    return !isShort;
  }
  uint32_t takeBit() {
    uint32_t bit = words[bits / 32] >> bits % 32 & 1;
    ++bits;
    return bit;
  }
  static Error tooLarge(uint32_t limit) {
    return invalidError("a number of the model is larger than " + std::to_string(limit));
  }

  std::span<const uint32_t> words;
  uint64_t bits = 0;
  bool isShort = false;
};

/// Differences, small ones of either sign first.
uint32_t zigzag(int32_t value) {
  return value < 0 ? static_cast<uint32_t>(-2 * value - 1) : static_cast<uint32_t>(2 * value);
}
int32_t unzigzag(uint32_t value) {
  auto half = static_cast<int32_t>(value / 2);
  return value % 2 ? -half - 1 : half;
}

/// ans-1: number of symbols, and how many bits all codes of weights are shifted by.
constexpr uint32_t shiftOffset = 16, maxShift = 2;

} // namespace

static uint32_t commonShift(const Model &model) {
  uint32_t shift = maxShift;
  for (const std::vector<uint8_t> &weights : model.weights)
    for (uint8_t code : weights)
      while (code % (1u << shift) != 0)
        --shift;
  return shift;
}

void uwt::writeAnsModel(const Model &model, std::vector<uint32_t> &words) {
  uint32_t shift = commonShift(model);
  words.push_back(static_cast<uint32_t>(model.symbols.size()) | shift << shiftOffset);
  GolombWriter writer(words);
  uint32_t next = 0;
  for (uint16_t symbol : model.symbols) {
    writer.put(symbol - next);
    next = symbol + 1u;
  }
  for (const std::vector<uint8_t> &weights : model.weights) {
    int32_t before = 0;
    for (uint8_t code : weights) {
      writer.put(zigzag((code >> shift) - before));
      before = code >> shift;
    }
  }
}

static Expected<std::vector<uint8_t>> readWeights(GolombReader &reader, size_t entries,
                                                  uint32_t shift) {
  std::vector<uint8_t> weights;
  int32_t code = 0;
  bool isEmpty = true;
  while (weights.size() < entries) {
    UWT_ASSIGN_OR_RETURN(uint32_t difference, reader.next(2 * maxAnsWeightCode));
    code += unzigzag(difference);
    if (code < 0 || (code << shift) > static_cast<int32_t>(maxAnsWeightCode))
      return invalidError("a code of a weight is outside 0 to " + std::to_string(maxAnsWeightCode));
    weights.push_back(static_cast<uint8_t>(code << shift));
    isEmpty = isEmpty && code == 0;
  }
  if (isEmpty)
    return invalidError("all weights of a row class are 0");
  return weights;
}

Expected<Model> uwt::readAnsModel(uint32_t classes, const FieldSplit &split,
                                  std::span<const uint32_t> words, size_t &used) {
  if (words.empty())
    return invalidError("model is too short: expected an alphabet, got nothing");
  uint32_t size = words[0] & ((1u << shiftOffset) - 1), shift = words[0] >> shiftOffset;
  if (size > maxAnsSymbols || shift > maxShift)
    return invalidError("the model's first word is " + std::to_string(words[0]) +
                        ", which is no alphabet of at most " + std::to_string(maxAnsSymbols) +
                        " symbols");
  Model model;
  GolombReader reader(words.subspan(1));
  uint32_t next = 0, last = (1u << split.symbolBits) - 1;
  for (uint32_t i = 0; i < size; ++i) {
    if (next > last)
      return invalidError("the alphabet goes on after symbol " + std::to_string(last));
    UWT_ASSIGN_OR_RETURN(uint32_t gap, reader.next(last - next));
    model.symbols.push_back(static_cast<uint16_t>(next + gap));
    next += gap + 1;
  }
  for (uint32_t c = 0; c < classes; ++c) {
    UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> weights, readWeights(reader, size + 1, shift));
    model.weights.push_back(std::move(weights));
  }
  if (!reader.isPaddedWithZeros())
    return invalidError("padding after the model's tables is not zero");
  model.commonest = model.symbols.empty() ? 0 : model.symbols[0];
  used = 1 + reader.used();
  return model;
}

//===----------------------------------------------------------------------===//
// From statistics
//===----------------------------------------------------------------------===//

namespace {

/// An element of a symbol that has a frequency of 1 takes this share of a class's codes from all
/// others; to escape it takes 16 bits more. Below one in so many elements, escapes are cheaper.
constexpr uint64_t rarest = 40000;

/// The code of the weight nearest to `wanted` among multiples of 2^shift, never 0.
uint8_t weightCode(uint64_t wanted, uint32_t shift) {
  uint32_t step = 1u << shift, best = step;
  for (uint32_t code = step; code <= maxAnsWeightCode; code += step) {
    auto distance = [&](uint32_t of) {
      uint64_t weight = ansWeight(of);
      return weight > wanted ? weight - wanted : wanted - weight;
    };
    if (distance(code) > distance(best))
      break;
    best = code;
  }
  return static_cast<uint8_t>(best);
}

/// Counts of a class by entry; the escape's last.
using EntryCounts = std::vector<uint64_t>;

std::vector<uint8_t> weightsOf(const EntryCounts &counts, uint32_t frequencyBits, uint32_t shift) {
  uint64_t total = std::accumulate(counts.begin(), counts.end(), uint64_t(0));
  std::vector<uint8_t> weights;
  for (uint64_t count : counts) {
    // The frequency beyond the one that each entry has, in 1/16.
    uint64_t share = total ? (count << (frequencyBits + 4)) / total : 0;
    weights.push_back(count ? weightCode(share > 16 ? share - 16 : 0, shift) : 0);
  }
  return weights;
}

/// Bits of the elements of a class, in 1/65536.
uint64_t streamBits(const EntryCounts &counts, std::span<const uint8_t> weights,
                    uint32_t frequencyBits) {
  std::vector<uint32_t> frequencies = ansFrequencies(weights, frequencyBits);
  uint64_t bits = 0;
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i])
      bits += counts[i] * ((frequencyBits << 16) - fixedLog2(frequencies[i]));
  return bits + (counts.back() * ansEscapeBits << 16);
}

uint64_t tableBits(std::span<const uint8_t> weights, uint32_t shift) {
  uint64_t bits = 0;
  int32_t before = 0;
  for (uint8_t code : weights) {
    bits += golombBits(zigzag((code >> shift) - before));
    before = code >> shift;
  }
  return bits;
}

/// The tables of all classes with weights of one precision, and their cost in 1/65536 bit.
struct Tables {
  std::vector<std::vector<uint8_t>> weights;
  uint64_t cost = 0;
};

Tables makeTables(std::span<const EntryCounts> classes, uint32_t frequencyBits, uint32_t shift) {
  Tables tables;
  for (const EntryCounts &counts : classes) {
    std::vector<uint8_t> weights = weightsOf(counts, frequencyBits, shift);
    tables.cost += streamBits(counts, weights, frequencyBits) + (tableBits(weights, shift) << 16);
    tables.weights.push_back(std::move(weights));
  }
  return tables;
}

Tables bestTables(std::span<const EntryCounts> classes, uint32_t frequencyBits) {
  Tables best = makeTables(classes, frequencyBits, 0);
  for (uint32_t shift = 1; shift <= maxShift; ++shift)
    if (Tables tables = makeTables(classes, frequencyBits, shift); tables.cost < best.cost)
      best = std::move(tables);
  return best;
}

/// Symbols that a class codes: those that are not too rare in it.
bool isKept(uint64_t count, uint64_t ofClass) { return count != 0 && count >= ofClass / rarest; }

/// Symbols that some class codes, the commonest ones where these are too many, by rising symbol.
std::vector<uint16_t> alphabetOf(std::span<const std::vector<uint64_t>> counts,
                                 std::span<const uint64_t> totals, uint32_t frequencyBits) {
  std::vector<std::pair<uint64_t, uint16_t>> found;
  for (size_t symbol = 0; symbol < counts.front().size(); ++symbol) {
    uint64_t all = 0;
    bool kept = false;
    for (size_t c = 0; c < counts.size(); ++c) {
      all += counts[c][symbol];
      kept = kept || isKept(counts[c][symbol], totals[c]);
    }
    if (kept)
      found.emplace_back(all, static_cast<uint16_t>(symbol));
  }
  // Half of the frequencies are left to be shared out.
  size_t most = std::min<size_t>(maxAnsSymbols, size_t(1) << (frequencyBits - 1));
  std::ranges::stable_sort(found, [](auto a, auto b) { return a.first > b.first; });
  found.resize(std::min(found.size(), most));
  std::vector<uint16_t> symbols;
  for (auto [count, symbol] : found)
    symbols.push_back(symbol);
  std::ranges::sort(symbols);
  return symbols;
}

struct Alphabet {
  std::vector<uint16_t> symbols;
  std::vector<EntryCounts> classes;
};

Alphabet makeAlphabet(std::span<const std::vector<uint64_t>> counts,
                      std::span<const uint64_t> unknown, uint32_t frequencyBits) {
  std::vector<uint64_t> totals;
  for (size_t c = 0; c < counts.size(); ++c)
    totals.push_back(std::accumulate(counts[c].begin(), counts[c].end(),
                                     unknown.empty() ? uint64_t(0) : unknown[c]));
  Alphabet alphabet{alphabetOf(counts, totals, frequencyBits), {}};
  for (size_t c = 0; c < counts.size(); ++c) {
    EntryCounts entries;
    uint64_t escaped = totals[c];
    for (uint16_t symbol : alphabet.symbols) {
      uint64_t count = counts[c][symbol];
      entries.push_back(isKept(count, totals[c]) ? count : 0);
      escaped -= entries.back();
    }
    // The escape always has a frequency: weights that nobody has counted may follow.
    entries.push_back(std::max<uint64_t>(escaped, 1));
    alphabet.classes.push_back(std::move(entries));
  }
  return alphabet;
}

uint64_t alphabetBits(std::span<const uint16_t> symbols) {
  uint64_t bits = 32;
  uint32_t next = 0;
  for (uint16_t symbol : symbols) {
    bits += golombBits(symbol - next);
    next = symbol + 1u;
  }
  return bits;
}

} // namespace

Model uwt::buildAnsModel(uint32_t frequencyBits, const SymbolStatistics &statistics) {
  Alphabet alphabet = makeAlphabet(statistics.counts, {}, frequencyBits);
  Model model;
  model.symbols = std::move(alphabet.symbols);
  model.weights = bestTables(alphabet.classes, frequencyBits).weights;
  std::vector<uint64_t> total = statistics.total();
  model.commonest = static_cast<uint16_t>(std::ranges::max_element(total) - total.begin());
  return model;
}

double uwt::estimateAnsBits(uint32_t frequencyBits, std::span<const std::vector<uint64_t>> counts,
                            std::span<const uint64_t> unknown) {
  Alphabet alphabet = makeAlphabet(counts, unknown, frequencyBits);
  Tables tables = bestTables(alphabet.classes, frequencyBits);
  return static_cast<double>(tables.cost) / 65536 +
         static_cast<double>(alphabetBits(alphabet.symbols));
}
