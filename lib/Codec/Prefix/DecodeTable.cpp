//===- DecodeTable.cpp - Symbols by code, for compiled decoders -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/DecodeTable.h"
#include "uwt/Codec/AnsCode.h"
#include "uwt/Codec/PrefixCode.h"
#include <algorithm>
#include <string>

using namespace uwt;

static constexpr uint32_t lengthBits = 4;
static constexpr uint32_t halfBits = 16;

/// The lowest of four bits that neither symbols nor their neighbours use, or nothing.
static std::optional<uint32_t> roomForLength(const FieldSplit &split) {
  if (split.rawLowBits >= lengthBits)
    return 0;
  if (split.wordBits + lengthBits <= halfBits)
    return split.wordBits;
  return std::nullopt;
}

/// Where a symbol stands in its half word: at its offset in a word, or higher where that leaves two
/// zeros above a length. Machines shift by the low six bits of a register, so an entry is
/// then a shift count as it is.
static uint32_t symbolOffset(const FieldSplit &split) {
  constexpr uint32_t shiftBits = 6;
  bool hasRoom = split.rawLowBits >= lengthBits && shiftBits + split.symbolBits <= halfBits;
  return hasRoom ? std::max(split.rawLowBits, shiftBits) : split.rawLowBits;
}

static DecodeTableLayout ansLayout(const Format &format, const FieldSplit &split,
                                   const CodecTraits &traits) {
  DecodeTableLayout layout;
  layout.indexBits = traits.frequencyBits;
  layout.classes = format.rowClasses;
  layout.symbols = 1;
  layout.symbolShift = split.rawLowBits;
  layout.symbolMask = ((1u << split.symbolBits) - 1) << layout.symbolShift;
  layout.symbolWords = maxAnsSymbols + 1;
  return layout;
}

DecodeTableLayout uwt::decodeTableLayout(const Format &format, const FieldSplit &split,
                                         const CodecTraits &traits) {
  DecodeTableLayout layout;
  // What codes stand for is constants of compiled code, or 16 numbers.
  if (format.isQuantized())
    return layout;
  uint32_t symbolMask = (1u << split.symbolBits) - 1;
  if (traits.rate == Rate::Fixed) {
    layout.indexBits = traits.codeBits;
    layout.symbolMask = symbolMask * 0x00010001u;
  }
  if (traits.rate == Rate::Ans)
    return ansLayout(format, split, traits);
  if (traits.rate != Rate::Prefix)
    return layout;
  layout.indexBits = traits.maxLength;
  layout.classes = format.rowClasses;
  layout.symbols = traits.codeSymbols;
  layout.symbolShift = symbolOffset(split);
  layout.symbolMask =
      (symbolMask << layout.symbolShift) * (traits.codeSymbols == 2 ? 0x00010001u : 1u);
  std::optional<uint32_t> room = roomForLength(split);
  layout.entryBits = !room ? 64 : traits.codeSymbols == 1 ? 16 : 32;
  layout.lengthShift = room.value_or(32);
  return layout;
}

static Expected<std::vector<uint32_t>> fixedTable(const CodingPlan &plan,
                                                  const DecodeTableLayout &layout) {
  const std::vector<uint16_t> &symbols = plan.model.symbols;
  if (symbols.size() != layout.words())
    return invalidError("the model has " + std::to_string(symbols.size()) +
                        " symbols, expected one for each of " + std::to_string(layout.words()) +
                        " codes");
  std::vector<uint32_t> table;
  for (uint16_t symbol : symbols)
    table.push_back(symbol * 0x00010001u);
  return table;
}

static Expected<std::vector<uint32_t>> ansTable(const CodingPlan &plan,
                                                const DecodeTableLayout &layout) {
  const Model &model = plan.model;
  if (model.symbols.size() > maxAnsSymbols || ansTables(model) != layout.classes)
    return invalidError("the model has " + std::to_string(model.symbols.size()) + " symbols and " +
                        std::to_string(ansTables(model)) + " code tables, expected " +
                        std::to_string(maxAnsSymbols) + " at most and " +
                        std::to_string(layout.classes));
  std::vector<uint32_t> table;
  for (size_t i = 0; i < layout.classes; ++i)
    appendAnsEntries(ansFrequencies(model, i, layout.indexBits), table);
  for (uint16_t symbol : model.symbols)
    table.push_back(uint32_t(symbol) << layout.symbolShift);
  table.resize(layout.words(), ansEscapeMark);
  return table;
}

namespace {

/// Fills the tables of prefix codes, class by class.
class PrefixTableWriter {
public:
  PrefixTableWriter(const CodingPlan &plan, const DecodeTableLayout &layout)
      : plan(plan), layout(layout),
        alphabet(static_cast<uint32_t>(plan.model.symbols.size()) + plan.hasEscapes()) {}

  Status check() const;
  /// `table` is the class's part of the whole table.
  void fill(const std::vector<uint8_t> &lengths, std::span<uint32_t> table) const;

private:
  uint32_t symbolOf(uint32_t number) const {
    const std::vector<uint16_t> &symbols = plan.model.symbols;
    return uint32_t(number < symbols.size() ? symbols[number] : symbols[0]) << layout.symbolShift;
  }
  uint32_t symbolsOf(uint32_t entry) const {
    if (layout.symbols == 1)
      return symbolOf(entry);
    return symbolOf(entry % alphabet) | symbolOf(entry / alphabet) << halfBits;
  }
  void put(std::span<uint32_t> table, size_t index, uint32_t entry, uint32_t length) const {
    uint64_t value = symbolsOf(entry) | uint64_t(length) << layout.lengthShift;
    uint64_t bit = index * layout.entryBits;
    table[bit / 32] |= static_cast<uint32_t>(value << bit % 32);
    if (layout.entryBits == 64)
      table[bit / 32 + 1] = static_cast<uint32_t>(value >> 32);
  }

  const CodingPlan &plan;
  const DecodeTableLayout &layout;
  /// Numbers of symbols in an entry, with the escape (prefix-1).
  uint32_t alphabet;
};

} // namespace

Status PrefixTableWriter::check() const {
  const Model &model = plan.model;
  uint64_t entries = layout.symbols == 2 ? uint64_t(alphabet) * alphabet : alphabet;
  if (model.symbols.empty() || model.lengths.size() != layout.classes)
    return invalidError("the model has " + std::to_string(model.symbols.size()) + " symbols and " +
                        std::to_string(model.lengths.size()) +
                        " tables of code lengths, expected some and " +
                        std::to_string(layout.classes));
  for (const std::vector<uint8_t> &lengths : model.lengths) {
    if (lengths.size() != entries)
      return invalidError("a table has " + std::to_string(lengths.size()) +
                          " code lengths, expected " + std::to_string(entries));
    UWT_RETURN_IF_ERROR(checkCodeLengths(lengths, layout.indexBits));
  }
  return ok();
}

void PrefixTableWriter::fill(const std::vector<uint8_t> &lengths, std::span<uint32_t> table) const {
  size_t size = size_t(1) << layout.indexBits;
  std::vector<uint16_t> words = canonicalCodeWords(lengths);
  std::vector<bool> hasMeaning(size);
  for (uint32_t entry = 0; entry < lengths.size(); ++entry) {
    uint32_t length = lengths[entry];
    if (length == 0)
      continue;
    for (size_t i = reverseBits(words[entry], length); i < size; i += size_t(1) << length) {
      put(table, i, entry, length);
      hasMeaning[i] = true;
    }
  }
  for (size_t i = 0; i < size; ++i)
    if (!hasMeaning[i])
      put(table, i, 0, 1);
}

static std::vector<uint32_t> bitsOf(std::span<const float> numbers) {
  std::vector<uint32_t> table;
  for (float number : numbers)
    table.push_back(std::bit_cast<uint32_t>(number));
  return table;
}

Expected<std::vector<uint32_t>> uwt::decodeTable(const CodingPlan &plan) {
  DecodeTableLayout layout = decodeTableLayout(plan.format, plan.split, plan.traits);
  if (plan.traits.rate == Rate::Words)
    return std::vector<uint32_t>();
  if (plan.format.isQuantized())
    return bitsOf(plan.numbers);
  if (plan.traits.rate == Rate::Ans)
    return ansTable(plan, layout);
  if (plan.traits.rate == Rate::Fixed)
    return fixedTable(plan, layout);
  PrefixTableWriter writer(plan, layout);
  UWT_RETURN_IF_ERROR(writer.check());
  std::vector<uint32_t> table(layout.words());
  for (uint32_t c = 0; c < layout.classes; ++c)
    writer.fill(plan.model.lengths[c],
                std::span(table).subspan(c * layout.classWords(), layout.classWords()));
  return table;
}
