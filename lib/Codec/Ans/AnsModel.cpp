//===- AnsModel.cpp - Alphabets and frequencies ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AnsModel.h"
#include "../FixedLog2.h"
#include "../Golomb.h"
#include "../NonZero.h"
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
  if (sum == 0)
    return std::vector<uint32_t>(weights.size());
  // One for each entry that is present, and the rest by weight.
  uint64_t rest = (uint64_t(1) << frequencyBits) - present, weight = 0, before = 0;
  std::vector<uint32_t> frequencies;
  for (uint8_t code : weights) {
    weight += ansWeight(code);
    uint64_t after = weight * rest / sum;
    frequencies.push_back(code ? static_cast<uint32_t>(1 + after - before) : 0);
    before = after;
  }
  return frequencies;
}

size_t uwt::ansTables(const Model &model) {
  return std::max(model.weights.size(), model.frequencies.size());
}

std::vector<uint32_t> uwt::ansFrequencies(const Model &model, size_t table,
                                          uint32_t frequencyBits) {
  if (model.frequencies.empty())
    return ansFrequencies(model.weights[table], frequencyBits);
  const std::vector<uint16_t> &exact = model.frequencies[table];
  return {exact.begin(), exact.end()};
}

void uwt::appendAnsEntries(std::span<const uint32_t> frequencies, std::vector<uint32_t> &table) {
  for (uint32_t number = 0; number < frequencies.size(); ++number)
    for (uint32_t offset = 0; offset < frequencies[number]; ++offset)
      table.push_back((frequencies[number] - 1) | offset << ans_entry::offsetShift |
                      number << ans_entry::numberShift);
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

namespace {

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

/// ans-1, and ans-8 of groups: what the alphabet is a list of, by rising value.
static void writeAlphabet(const Model &model, uint32_t groupBits, GolombWriter &writer) {
  size_t split = model.symbols.size() - model.groups, group = split;
  uint32_t next = 0;
  for (size_t i = 0; i < split || group < model.symbols.size();) {
    bool isSplit =
        group == model.symbols.size() || (i < split && model.symbols[i] < model.symbols[group]);
    uint32_t value = (isSplit ? model.symbols[i] : model.symbols[group]) >> groupBits;
    writer.put(value - next);
    if (groupBits)
      writer.putBits(isSplit, 1);
    next = value + 1;
    isSplit ? i += size_t(1) << groupBits : ++group;
  }
}

/// How many values an alphabet is a list of.
static size_t listedValues(const Model &model, uint32_t groupBits) {
  return model.groups + ((model.symbols.size() - model.groups) >> groupBits);
}

/// Calls `visit` with the numbers that a table is stored as (ans-1, ans-9): each one's difference
/// from the one before, both shifted by `shift`.
template <typename Number, typename Visit>
static void forDifferences(std::span<const Number> table, uint32_t shift, Visit visit) {
  int32_t before = 0;
  for (Number number : table) {
    visit(zigzag((number >> shift) - before));
    before = number >> shift;
  }
}

template <typename Number>
static uint64_t tableBits(std::span<const Number> table, uint32_t shift) {
  uint64_t bits = 0;
  forDifferences(table, shift, [&](uint32_t difference) { bits += golombBits(difference); });
  return bits;
}

template <typename Number>
static void writeTables(std::span<const std::vector<Number>> tables, uint32_t shift,
                        GolombWriter &writer) {
  for (const std::vector<Number> &table : tables)
    forDifferences(std::span(table), shift, [&](uint32_t difference) { writer.put(difference); });
}

void uwt::writeAnsModel(const Model &model, const CodecTraits &traits,
                        std::vector<uint32_t> &words) {
  uint32_t shift = traits.exactTables ? 0 : commonShift(model);
  words.push_back(static_cast<uint32_t>(listedValues(model, traits.groupBits)) |
                  shift << shiftOffset);
  GolombWriter writer(words);
  writeAlphabet(model, traits.groupBits, writer);
  writeTables<uint8_t>(model.weights, shift, writer);
  writeTables<uint16_t>(model.frequencies, 0, writer);
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

/// ans-9: frequencies that add up to 2^bits.
static Expected<std::vector<uint16_t>> readFrequencies(GolombReader &reader, size_t entries,
                                                       uint32_t bits) {
  const int32_t all = 1 << bits;
  std::vector<uint16_t> frequencies;
  int32_t frequency = 0, sum = 0;
  while (frequencies.size() < entries) {
    UWT_ASSIGN_OR_RETURN(uint32_t difference, reader.next(2 * static_cast<uint32_t>(all)));
    frequency += unzigzag(difference);
    if (frequency < 0 || frequency > all - sum)
      return invalidError("a frequency is outside 0 to what is left of " + std::to_string(all));
    sum += frequency;
    frequencies.push_back(static_cast<uint16_t>(frequency));
  }
  if (sum != all)
    return invalidError("the frequencies of a code table add up to " + std::to_string(sum) +
                        ", expected " + std::to_string(all));
  return frequencies;
}

/// The entries of an alphabet of `size` values: split ones first, symbol by symbol (ans-8).
static Status readAlphabet(GolombReader &reader, uint32_t size, uint32_t valueBits,
                           uint32_t groupBits, Model &model) {
  std::vector<uint16_t> groups;
  uint32_t next = 0, last = (1u << valueBits) - 1;
  for (uint32_t i = 0; i < size; ++i) {
    if (next > last)
      return invalidError("the alphabet goes on after symbol " + std::to_string(last));
    UWT_ASSIGN_OR_RETURN(uint32_t gap, reader.next(last - next));
    UWT_ASSIGN_OR_RETURN(uint32_t isSplit, reader.nextBits(groupBits ? 1 : 0));
    uint32_t first = (next + gap) << groupBits;
    if (groupBits && !isSplit)
      groups.push_back(static_cast<uint16_t>(first));
    for (uint32_t i = 0; (isSplit || !groupBits) && i < 1u << groupBits; ++i)
      model.symbols.push_back(static_cast<uint16_t>(first + i));
    next += gap + 1;
  }
  model.groups = groups.size();
  model.symbols.insert(model.symbols.end(), groups.begin(), groups.end());
  if (model.symbols.size() > maxAnsSymbols)
    return invalidError("the alphabet has " + std::to_string(model.symbols.size()) +
                        " entries, expected at most " + std::to_string(maxAnsSymbols));
  return ok();
}

Expected<Model> uwt::readAnsModel(uint32_t tables, const CodecTraits &traits,
                                  const FieldSplit &split, std::span<const uint32_t> words,
                                  size_t &used) {
  if (words.empty())
    return invalidError("model is too short: expected an alphabet, got nothing");
  uint32_t size = words[0] & ((1u << shiftOffset) - 1), shift = words[0] >> shiftOffset;
  if (size > maxAnsSymbols || shift > (traits.exactTables ? 0 : maxShift))
    return invalidError("the model's first word is " + std::to_string(words[0]) +
                        ", which is no alphabet of at most " + std::to_string(maxAnsSymbols) +
                        " symbols");
  Model model;
  GolombReader reader(words.subspan(1));
  UWT_RETURN_IF_ERROR(
      readAlphabet(reader, size, split.symbolBits - traits.groupBits, traits.groupBits, model));
  for (uint32_t i = 0; i < tables; ++i) {
    size_t entries = model.symbols.size() + 1;
    if (traits.exactTables) {
      UWT_ASSIGN_OR_RETURN(std::vector<uint16_t> frequencies,
                           readFrequencies(reader, entries, traits.frequencyBits));
      model.frequencies.push_back(std::move(frequencies));
      continue;
    }
    UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> weights, readWeights(reader, entries, shift));
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

/// The code of the largest weight that is at most `wanted`.
uint32_t weightCodeBelow(uint64_t wanted) {
  wanted = std::min<uint64_t>(wanted, ansWeight(maxAnsWeightCode));
  if (wanted < 8)
    return static_cast<uint32_t>(wanted);
  uint32_t shift = static_cast<uint32_t>(std::bit_width(wanted)) - 4;
  return 8 * shift + static_cast<uint32_t>(wanted >> shift);
}

/// The code of the weight nearest to `wanted` among multiples of 2^shift, never 0.
uint8_t weightCode(uint64_t wanted, uint32_t shift) {
  uint32_t step = 1u << shift;
  uint32_t below = std::max(weightCodeBelow(wanted) & ~(step - 1), step), above = below + step;
  bool isAbove =
      above <= maxAnsWeightCode && wanted > ansWeight(below) &&
      (wanted >= ansWeight(above) || ansWeight(above) - wanted <= wanted - ansWeight(below));
  return static_cast<uint8_t>(isAbove ? above : below);
}

/// Counts of a class by entry; the escape's last.
using EntryCounts = std::vector<uint64_t>;

/// Weights are frequencies beyond the one that each entry has, in 1/16 times `scale` / wholeScale.
constexpr uint32_t wholeScale = 64;

std::vector<uint8_t> weightsOf(const EntryCounts &counts, uint32_t frequencyBits, uint32_t shift,
                               uint32_t scale = wholeScale) {
  uint64_t total = std::accumulate(counts.begin(), counts.end(), uint64_t(0));
  std::vector<uint8_t> weights;
  for (uint64_t count : counts) {
    uint64_t share = total ? (count << (frequencyBits + 4)) / total : 0;
    share = share > 16 ? (share - 16) * scale / wholeScale : 0;
    weights.push_back(count ? weightCode(share, shift) : 0);
  }
  return weights;
}

/// Bits of the elements of a class, in 1/65536, but for those inside groups.
template <typename Number>
uint64_t streamBits(const EntryCounts &counts, std::span<const Number> frequencies,
                    uint32_t frequencyBits) {
  uint64_t bits = 0;
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i])
      bits += counts[i] * ((frequencyBits << 16) - fixedLog2(frequencies[i]));
  return bits + (counts.back() * ansEscapeBits << 16);
}

/// Bits of a class's elements and table, in 1/65536.
uint64_t costOfWeights(const EntryCounts &counts, std::span<const uint8_t> weights,
                       uint32_t frequencyBits, uint32_t shift) {
  std::vector<uint32_t> frequencies = ansFrequencies(weights, frequencyBits);
  return streamBits<uint32_t>(counts, frequencies, frequencyBits) +
         (tableBits(weights, shift) << 16);
}

/// The tables of all classes with weights of one precision, and their cost in 1/65536 bit.
struct Tables {
  std::vector<std::vector<uint8_t>> weights;
  uint64_t cost = 0;
  uint32_t shift = 0;
};

Tables makeTables(std::span<const EntryCounts> classes, uint32_t frequencyBits, uint32_t shift) {
  Tables tables;
  tables.shift = shift;
  for (const EntryCounts &counts : classes) {
    std::vector<uint8_t> weights = weightsOf(counts, frequencyBits, shift);
    tables.cost += costOfWeights(counts, weights, frequencyBits, shift);
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

/// Weights round otherwise where all of them are smaller: by up to half, since from there on
/// roundings are the same again. What is best of some scales takes 0.0003 bits an element less.
void refineWeights(std::span<const EntryCounts> classes, uint32_t frequencyBits, uint32_t shift,
                   std::vector<std::vector<uint8_t>> &weights) {
  for (size_t c = 0; c < classes.size(); ++c) {
    uint64_t least = costOfWeights(classes[c], weights[c], frequencyBits, shift);
    for (uint32_t scale = wholeScale - 1; scale > wholeScale / 2; --scale) {
      std::vector<uint8_t> codes = weightsOf(classes[c], frequencyBits, shift, scale);
      uint64_t cost = costOfWeights(classes[c], codes, frequencyBits, shift);
      if (cost < least) {
        least = cost;
        weights[c] = std::move(codes);
      }
    }
  }
}

/// Frequencies of a class with the fewest bits for its elements, at least 1 for each entry that
/// occurs: shares rounded down, then what is left or owed is given to or taken from the entry that
/// gains most or loses least by it, one after another.
std::vector<uint16_t> exactFrequencies(const EntryCounts &counts, uint32_t frequencyBits) {
  uint64_t total = std::accumulate(counts.begin(), counts.end(), uint64_t(0));
  std::vector<uint16_t> frequencies;
  int64_t left = int64_t(1) << frequencyBits;
  for (uint64_t count : counts) {
    // Counts are below 2^46 (docs/container.md), so that nothing overflows.
    uint64_t share = count ? std::max<uint64_t>((count << frequencyBits) / total, 1) : 0;
    frequencies.push_back(static_cast<uint16_t>(share));
    left -= static_cast<int64_t>(share);
  }
  // What an entry saves by one more, in 1/65536 bit.
  auto gainOf = [&](size_t i, uint32_t from) {
    return counts[i] * (fixedLog2(from + 1) - fixedLog2(from));
  };
  for (; left > 0; --left) {
    size_t best = 0;
    uint64_t most = 0;
    for (size_t i = 0; i < counts.size(); ++i)
      if (uint64_t gain = counts[i] ? gainOf(i, frequencies[i]) : 0; gain > most) {
        most = gain;
        best = i;
      }
    ++frequencies[best];
  }
  for (; left < 0; ++left) {
    size_t best = counts.size();
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < counts.size(); ++i)
      if (frequencies[i] > 1)
        if (uint64_t loss = gainOf(i, frequencies[i] - 1u); loss < least) {
          least = loss;
          best = i;
        }
    --frequencies[best];
  }
  return frequencies;
}

/// The same of all classes, and what they cost in 1/65536 bit.
struct ExactTables {
  std::vector<std::vector<uint16_t>> frequencies;
  uint64_t cost = 0;

  ExactTables(std::span<const EntryCounts> classes, uint32_t frequencyBits) {
    for (const EntryCounts &counts : classes) {
      frequencies.push_back(exactFrequencies(counts, frequencyBits));
      std::span<const uint16_t> made = frequencies.back();
      cost += streamBits(counts, made, frequencyBits) + (tableBits(made, 0) << 16);
    }
  }
};

/// Symbols that a class codes: those that are not too rare in it.
bool isKept(uint64_t count, uint64_t ofClass) { return count != 0 && count >= ofClass / rarest; }

struct Alphabet {
  std::vector<uint16_t> symbols;
  size_t groups = 0;
  std::vector<EntryCounts> classes;
};

/// [class][symbol], and how many elements each class has.
struct CountsOfClasses {
  std::span<const std::vector<uint64_t>> counts;
  std::vector<uint64_t> totals;
};

/// Symbols, or groups of them, that some class codes.
struct KeptGroup {
  uint16_t first;
  uint64_t count;
  /// What is saved where each of its symbols has an entry, in 1/65536 bit.
  int64_t splitGain = 0;
};

uint64_t sumOfRange(const std::vector<uint64_t> &counts, size_t first, size_t size) {
  return std::accumulate(counts.begin() + static_cast<ptrdiff_t>(first),
                         counts.begin() + static_cast<ptrdiff_t>(first + size), uint64_t(0));
}

/// An entry has a frequency of 1 or more: what a rarer one takes from all others, in 1/65536 bit.
uint64_t wasteOf(uint64_t count, uint64_t ofClass, uint32_t frequencyBits) {
  constexpr uint64_t naturalLog = 94548; // 65536 / ln 2
  uint64_t each = ofClass >> frequencyBits;
  return count != 0 && each > count ? (each - count) * naturalLog : 0;
}

int64_t splitGainOf(const CountsOfClasses &of, const CodecTraits &traits, size_t first) {
  constexpr int64_t entryBits = 5 << 15; // 2.5, about what a weight takes in the index
  size_t size = size_t(1) << traits.groupBits;
  int64_t gain = 0;
  for (size_t c = 0; c < of.counts.size(); ++c) {
    uint64_t sum = sumOfRange(of.counts[c], first, size);
    uint64_t saved =
        sum * (traits.groupBits << 16) + wasteOf(sum, of.totals[c], traits.frequencyBits);
    uint64_t lost = 0;
    for (size_t i = first; i < first + size; ++i)
      if (uint64_t count = of.counts[c][i])
        lost += count * (fixedLog2(sum) - fixedLog2(count)) +
                wasteOf(count, of.totals[c], traits.frequencyBits);
    gain += static_cast<int64_t>(saved - lost) - static_cast<int64_t>(size - 1) * entryBits;
  }
  return gain;
}

/// Whether a class has any of the symbols in [begin, end).
bool occurs(const CountsOfClasses &of, size_t begin, size_t end) {
  return std::ranges::any_of(of.counts, [&](const std::vector<uint64_t> &counts) {
    return hasNonZero(std::span(counts).subspan(begin, end - begin));
  });
}

/// The commonest ones where these are too many.
std::vector<KeptGroup> keptGroups(const CountsOfClasses &of, const CodecTraits &traits,
                                  size_t most) {
  // Most of many symbols do not occur: so many are passed over at a time.
  constexpr size_t passed = 128;
  std::vector<KeptGroup> found;
  size_t size = size_t(1) << traits.groupBits, symbols = of.counts.front().size();
  for (size_t first = 0; first < symbols; first += size) {
    if (first % passed == 0 && !occurs(of, first, std::min(first + passed, symbols))) {
      first += passed - size;
      continue;
    }
    uint64_t all = 0;
    bool kept = false;
    for (size_t c = 0; c < of.counts.size(); ++c) {
      uint64_t count = sumOfRange(of.counts[c], first, size);
      all += count;
      kept = kept || isKept(count, of.totals[c]);
    }
    if (kept)
      found.push_back({static_cast<uint16_t>(first), all});
  }
  std::ranges::stable_sort(found, std::ranges::greater(), &KeptGroup::count);
  found.resize(std::min(found.size(), most));
  return found;
}

/// Symbols of the groups that are split, by rising symbol, then groups.
void chooseEntries(const CountsOfClasses &of, const CodecTraits &traits, Alphabet &alphabet) {
  // Half of the frequencies are left to be shared out.
  size_t most = std::min<size_t>(maxAnsSymbols, size_t(1) << (traits.frequencyBits - 1));
  std::vector<KeptGroup> kept = keptGroups(of, traits, most);
  size_t size = size_t(1) << traits.groupBits, room = most - kept.size();
  for (KeptGroup &group : kept)
    group.splitGain = size > 1 ? splitGainOf(of, traits, group.first) : 1;
  std::ranges::stable_sort(kept, std::ranges::greater(), &KeptGroup::splitGain);
  std::vector<uint16_t> groups;
  for (const KeptGroup &group : kept) {
    if (group.splitGain <= 0 || room < size - 1) {
      groups.push_back(group.first);
      continue;
    }
    room -= size - 1;
    for (size_t i = 0; i < size; ++i)
      alphabet.symbols.push_back(static_cast<uint16_t>(group.first + i));
  }
  std::ranges::sort(alphabet.symbols);
  std::ranges::sort(groups);
  alphabet.groups = groups.size();
  alphabet.symbols.insert(alphabet.symbols.end(), groups.begin(), groups.end());
}

Alphabet makeAlphabet(const CodecTraits &traits, std::span<const std::vector<uint64_t>> counts,
                      std::span<const uint64_t> unknown) {
  CountsOfClasses of{counts, {}};
  for (size_t c = 0; c < counts.size(); ++c)
    of.totals.push_back(std::accumulate(counts[c].begin(), counts[c].end(),
                                        unknown.empty() ? uint64_t(0) : unknown[c]));
  Alphabet alphabet;
  chooseEntries(of, traits, alphabet);
  for (size_t c = 0; c < counts.size(); ++c) {
    EntryCounts entries;
    uint64_t escaped = of.totals[c];
    for (size_t i = 0; i < alphabet.symbols.size(); ++i) {
      bool isGroup = i + alphabet.groups >= alphabet.symbols.size();
      uint64_t count =
          sumOfRange(counts[c], alphabet.symbols[i], isGroup ? size_t(1) << traits.groupBits : 1);
      entries.push_back(isKept(count, of.totals[c]) ? count : 0);
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
    // Groups begin anew below the symbols of split ones.
    bits += golombBits(symbol < next ? symbol : symbol - next);
    next = symbol + 1u;
  }
  return bits;
}

/// Bits that say which symbol of its group an element has.
uint64_t bitsInGroups(const Alphabet &alphabet, uint32_t groupBits) {
  uint64_t elements = 0;
  for (const EntryCounts &counts : alphabet.classes)
    elements += sumOfRange(counts, counts.size() - 1 - alphabet.groups, alphabet.groups);
  return elements * groupBits;
}

} // namespace

Model uwt::buildAnsModel(const CodecTraits &traits, const SymbolStatistics &statistics) {
  Alphabet alphabet = makeAlphabet(traits, statistics.counts, {});
  Model model;
  model.symbols = std::move(alphabet.symbols);
  model.groups = traits.groupBits ? alphabet.groups : 0;
  if (traits.exactTables) {
    model.frequencies = ExactTables(alphabet.classes, traits.frequencyBits).frequencies;
  } else {
    Tables tables = bestTables(alphabet.classes, traits.frequencyBits);
    model.weights = std::move(tables.weights);
    refineWeights(alphabet.classes, traits.frequencyBits, tables.shift, model.weights);
  }
  std::vector<uint64_t> total = statistics.total();
  model.commonest = static_cast<uint16_t>(std::ranges::max_element(total) - total.begin());
  return model;
}

double uwt::estimateAnsBits(const CodecTraits &traits,
                            std::span<const std::vector<uint64_t>> counts,
                            std::span<const uint64_t> unknown) {
  Alphabet alphabet = makeAlphabet(traits, counts, unknown);
  uint64_t cost = traits.exactTables ? ExactTables(alphabet.classes, traits.frequencyBits).cost
                                     : bestTables(alphabet.classes, traits.frequencyBits).cost;
  return static_cast<double>(cost) / 65536 +
         static_cast<double>(alphabetBits(alphabet.symbols) +
                             bitsInGroups(alphabet, traits.groupBits));
}
