//===- PrefixStreamTables.cpp - Tables of a prefix-coded tensor -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All tables are made once from the model and never change, so that panels may be
// coded from several threads at a time. Which escape stands for a symbol without
// a code is decided here, for all encoders (PrefixTables::choose).
//
//===----------------------------------------------------------------------===//

#include "PrefixStream.h"
#include "uwt/Codec/PrefixCode.h"

using namespace uwt;

void PrefixTablesDeleter::operator()(PrefixTables *tables) const { delete tables; }

PrefixTablesPtr uwt::makePrefixTables(const CodingPlan &plan) {
  return PrefixTablesPtr(new PrefixTables(plan));
}

PrefixTables::PrefixTables(const CodingPlan &plan)
    : split(plan.split), codeSymbols(plan.traits.codeSymbols), escapes(plan.hasEscapes()),
      symbols(plan.model.symbols),
      commonest(symbols.empty() ? plan.model.commonest : symbols.front()),
      entries(static_cast<uint32_t>(symbols.size()) + escapes),
      pairStride(static_cast<uint32_t>(symbols.size()) + 1),
      numbers(size_t(1) << split.symbolBits, static_cast<uint16_t>(symbols.size())) {
  for (size_t i = symbols.size(); i-- > 0;)
    numbers[symbols[i]] = static_cast<uint16_t>(i);
  for (const std::vector<uint8_t> &lengths : plan.model.lengths)
    for (uint32_t length : lengths)
      longest = std::max(longest, length);

  if (codeSymbols == 1)
    lookup = split.symbolBits <= 10 ? Lookup::Single : Lookup::SingleWide;
  else if (split.symbolBits <= 10)
    lookup = Lookup::Pair;

  for (const std::vector<uint8_t> &lengths : plan.model.lengths)
    classes.push_back(makeClass(lengths));
  if (classes.empty())
    classes.push_back(makeClass({}));
  makePairVectors();
}

PrefixClass PrefixTables::makeClass(const std::vector<uint8_t> &lengths) const {
  PrefixClass made;
  made.lengths = lengths;
  made.lengths.resize(codeSymbols == 1 ? entries : size_t(entries) * entries);
  std::vector<uint16_t> words = canonicalCodeWords(made.lengths);
  made.stored.resize(made.lengths.size());
  for (size_t entry = 0; entry < made.lengths.size(); ++entry) {
    uint32_t length = made.lengths[entry];
    made.stored[entry] = static_cast<uint16_t>(reverseBits(words[entry], length));
    made.count[length] += length != 0;
  }
  // prefix-2: in order of length, then of entry; each next word is the last plus
  // one, shifted left where the length grows.
  uint32_t coded = 0;
  for (uint32_t length = 1; length <= longestCodeWord; ++length) {
    made.firstWord[length] = (made.firstWord[length - 1] + made.count[length - 1]) << 1;
    made.begin[length] = coded;
    coded += made.count[length];
  }
  made.order.resize(coded);
  auto next = made.begin;
  for (uint32_t entry = 0; entry < made.lengths.size(); ++entry)
    if (made.lengths[entry] != 0)
      made.order[next[made.lengths[entry]]++] = entry;
  uint32_t last = made.firstWord[longestCodeWord] + made.count[longestCodeWord];
  if (last == 1u << longestCodeWord)
    made.cover = PrefixClass::Cover::Complete;
  else if (!made.order.empty())
    made.cover = PrefixClass::Cover::Single;
  fillLookup(made);
  fillEncode(made);
  return made;
}

void PrefixTables::fillLookup(PrefixClass &of) const {
  if (lookup == Lookup::None)
    return;
  size_t size = size_t(1) << longest;
  (lookup == Lookup::Single ? of.narrow.resize(size) : of.wide.resize(size));
  uint32_t up = 16 - split.symbolBits;
  for (uint32_t entry : of.order) {
    uint32_t length = of.lengths[entry];
    uint32_t first = symbolOf(codeSymbols == 1 ? entry : entry % entries);
    uint32_t second = symbolOf(codeSymbols == 1 ? 0 : entry / entries);
    for (size_t i = of.stored[entry]; i < size; i += size_t(1) << length)
      if (lookup == Lookup::Single)
        of.narrow[i] = static_cast<uint16_t>(first << up | length);
      else if (lookup == Lookup::SingleWide)
        of.wide[i] = first << (16 + up) | length;
      else
        of.wide[i] = second << (16 + up) | first << up | length;
  }
}

uint32_t PrefixTables::choose(const PrefixClass &of, uint32_t first, uint32_t second) const {
  auto escape = static_cast<uint32_t>(symbols.size());
  uint32_t ways = codeSymbols == 1 ? 2 : 4;
  if (!escapes)
    ways = 1;
  // The symbols themselves, then an escape for the first, for the second, for both.
  for (uint32_t way = 0; way < ways; ++way) {
    uint32_t a = way & 1 ? escape : first, b = way & 2 ? escape : second;
    if (a >= entries || (codeSymbols == 2 && b >= entries))
      continue;
    uint32_t entry = codeSymbols == 1 ? a : a + entries * b;
    if (!of.lengths[entry])
      continue;
    uint32_t flags = a == escape ? encode_entry::firstEscapes : 0;
    if (codeSymbols == 2 && b == escape)
      flags |= encode_entry::secondEscapes;
    return entry | flags;
  }
  return encode_entry::noCode;
}

void PrefixTables::fillEncode(PrefixClass &of) const {
  auto makeEntry = [&](uint32_t first, uint32_t second) -> uint32_t {
    uint32_t chosen = choose(of, first, second);
    if (chosen & encode_entry::noCode)
      return encode_entry::noCode;
    uint32_t entry = chosen & ~encode_entry::flags;
    return (chosen & encode_entry::flags) | uint32_t(of.stored[entry]) << encode_entry::lengthBits |
           of.lengths[entry];
  };
  if (codeSymbols == 1) {
    // Symbols without an entry all have that of the escape.
    of.encode.assign(numbers.size(), makeEntry(static_cast<uint32_t>(symbols.size()), 0));
    for (uint16_t symbol : symbols)
      of.encode[symbol] = makeEntry(numbers[symbol], 0);
    return;
  }
  of.encode.resize(size_t(pairStride) * pairStride);
  for (uint32_t second = 0; second < pairStride; ++second)
    for (uint32_t first = 0; first < pairStride; ++first)
      of.encode[first + pairStride * second] = makeEntry(first, second);
}

void PrefixTables::makePairVectors() {
  bool fits = codeSymbols == 2 && classes.size() == 1 && split.wordBits == 16 &&
              split.signBits == 1 && split.symbolBits == 8 && symbols.size() <= 15 && longest <= 12;
  if (!fits)
    return;
  auto vectors = std::make_unique<PairVectors>();
  vectors->escape = static_cast<uint8_t>(symbols.size());
  for (size_t i = 0; i < 256; ++i)
    vectors->numbers[i] = static_cast<uint8_t>(numbers[i]);
  for (uint32_t pair = 0; pair < 256; ++pair) {
    uint32_t first = pair & 15, second = pair >> 4;
    vectors->low[pair] = vectors->high[pair] = 0;
    if (first >= pairStride || second >= pairStride)
      continue;
    uint32_t entry = classes[0].encode[first + pairStride * second];
    // The vector path takes escapes from the symbols alone: pairs that take an
    // escape for want of a code word are left to the lane coder.
    uint32_t expected = (first == vectors->escape ? encode_entry::firstEscapes : 0) |
                        (second == vectors->escape ? encode_entry::secondEscapes : 0);
    if (escapes ? (entry & encode_entry::flags) != expected : (!expected && entry >> 29))
      return;
    uint32_t word = (entry & ~encode_entry::flags) >> encode_entry::lengthBits;
    vectors->low[pair] = static_cast<uint8_t>(word);
    vectors->high[pair] = static_cast<uint8_t>(word >> 8 | (entry & encode_entry::lengthMask) << 4);
  }
  pairVectors = std::move(vectors);
}
