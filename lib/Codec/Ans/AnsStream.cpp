//===- AnsStream.cpp - Tables and frames of interleaved lanes --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tables of a tensor and the frame of a unit: where it starts in its blob, and the
// states that begin it.
//
//===----------------------------------------------------------------------===//

#include "AnsStream.h"
#include "../Fixed/FieldPlane.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

void AnsTablesDeleter::operator()(AnsTables *tables) const { delete tables; }

AnsTablesPtr uwt::makeAnsTables(const CodingPlan &plan) {
  return AnsTablesPtr(new AnsTables(plan));
}

AnsTables::AnsTables(const CodingPlan &plan)
    : split(plan.split), frequencyBits(plan.traits.frequencyBits), groupBits(plan.traits.groupBits),
      groups(plan.model.groups), tables(static_cast<uint32_t>(ansTables(plan.model))),
      symbols(plan.model.symbols),
      numberOf(size_t(1) << split.symbolBits, static_cast<uint8_t>(symbols.size())),
      encode(size_t(tables) << 8, missingAnsEntry), reciprocals(size_t(tables) << 8),
      symbolOf(size_t(256) << groupBits) {
  for (uint32_t i = 0; i < symbols.size(); ++i) {
    size_t inGroup = size_t(1) << groupBitsOf(i);
    for (size_t k = 0; k < inGroup; ++k) {
      symbolOf[k << 8 | i] = static_cast<uint16_t>((symbols[i] + k) << (16 - split.symbolBits));
      numberOf[symbols[i] + k] = static_cast<uint8_t>(i);
    }
    symbolBytes[0][i] = static_cast<uint8_t>(symbolOf[i]);
    symbolBytes[1][i] = static_cast<uint8_t>(symbolOf[i] >> 8);
  }
  decode.reserve(size_t(tables) << frequencyBits);
  for (uint32_t c = 0; c < tables; ++c) {
    std::vector<uint32_t> frequencies = ansFrequencies(plan.model, c, frequencyBits);
    appendAnsEntries(frequencies, decode);
    makeEncodeTable(c, frequencies);
  }
}

void AnsTables::makeEncodeTable(uint32_t table, std::span<const uint32_t> frequencies) {
  std::span entries = std::span(encode).subspan(size_t(table) << 8, 256);
  std::span divisors = std::span(reciprocals).subspan(size_t(table) << 8, 256);
  // ans-2: entries take their frequencies one after another.
  uint32_t start = 0;
  for (uint32_t i = 0; i < frequencies.size(); ++i) {
    if (frequencies[i] == 0)
      continue;
    entries[i] =
        (frequencies[i] - 1) | start << ans_entry::offsetShift | i << ans_entry::numberShift;
    divisors[i] = divideUp(uint64_t(1) << (32 + frequencyBits), frequencies[i]);
    start += frequencies[i];
  }
  for (uint32_t i = 0; i < escapeNumber(); ++i)
    if (frequencies[i] == 0) { // ans-7
      entries[i] = entries[escapeNumber()];
      divisors[i] = divisors[escapeNumber()];
    }
}

AnsSymbol AnsTables::encodeSymbol(uint32_t table, uint32_t symbol) const {
  uint32_t entry = encode[encodeIndex(table, symbol)];
  if (entry == missingAnsEntry)
    return {};
  uint32_t number = entry >> ans_entry::numberShift;
  uint32_t bits = groupBitsOf(number);
  return {(entry & ans_entry::fieldMask) + 1,
          entry >> ans_entry::offsetShift & ans_entry::fieldMask, number == escapeNumber(), bits,
          symbol & ((1u << bits) - 1)};
}

uint32_t uwt::leastStateBefore(const AnsSymbol &symbol, uint32_t frequencyBits, uint32_t least) {
  uint32_t high = least >> frequencyBits, low = least & ((1u << frequencyBits) - 1);
  uint32_t offset = low < symbol.start ? 0 : std::min(low - symbol.start, symbol.frequency);
  // What codes to `least` is this, of which the lowest bits are those of the symbol in its group.
  uint32_t before = high * symbol.frequency + offset;
  return (before - symbol.inGroup + (1u << symbol.groupBits) - 1) >> symbol.groupBits;
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

static Error damagedUnit(uint64_t number, const std::string &what) {
  return invalidError("unit " + std::to_string(number) + ": " + what + ": the panel is damaged");
}

/// Where unit `number` starts, in u16: behind the list of all starts but the first (ans-6).
static uint64_t startOf(std::span<const uint8_t> code, uint64_t units, uint64_t number) {
  return number ? loadWord(code.data() + (number - 1) * 4) : (units - 1) * 2;
}

/// ans-6: four bits a lane say how many bits its state has, then come those below the highest one.
static Status readStates(std::span<const uint8_t> code, AnsUnitView &view) {
  uint64_t bit = view.wordsBegin * 16, last = view.end * 16;
  uint32_t lanes = ansLanesOf(view.unit);
  auto take = [&](uint32_t count) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < count; ++i, ++bit)
      if (bit < last)
        value |= uint32_t(code[bit / 8] >> bit % 8 & 1) << i;
    return value;
  };
  std::array<uint32_t, ansLanes> lengths{};
  for (uint32_t lane = 0; lane < lanes; ++lane)
    lengths[lane] = 16 + take(4);
  for (uint32_t lane = 0; lane < lanes; ++lane)
    view.states[lane] = 1u << lengths[lane] | take(lengths[lane]);
  uint64_t begin = divideUp(bit, 16);
  if (begin > view.end)
    return damagedUnit(view.number,
                       "its states end at byte " + std::to_string(begin * 2) + ", behind its end");
  if (take(static_cast<uint32_t>(begin * 16 - bit)) != 0)
    return damagedUnit(view.number, "padding after its states is not zero");
  view.wordsBegin = begin;
  return ok();
}

Status uwt::readAnsUnit(const CodingPlan &plan, std::span<const uint8_t> code, uint32_t rows,
                        uint64_t number, AnsUnitView &view) {
  uint64_t units = streamUnitCount(plan, rows), size = code.size() / 2;
  if ((units - 1) * 2 > size)
    return damagedUnit(number, "the list of units ends behind its blob");
  view.unit = streamUnit(plan, rows, number);
  view.number = number;
  view.states = {};
  view.wordsBegin = startOf(code, units, number);
  view.isLast = number + 1 == units;
  view.end = view.isLast ? size : startOf(code, units, number + 1);
  if (view.wordsBegin < (units - 1) * 2 || view.wordsBegin > view.end || view.end > size)
    return damagedUnit(number, "it takes bytes " + std::to_string(view.wordsBegin * 2) + " to " +
                                   std::to_string(view.end * 2) + " of a blob of " +
                                   std::to_string(code.size()));
  return readStates(code, view);
}

Status uwt::checkAnsEnd(std::span<const uint8_t> code, const AnsUnitView &view,
                        const AnsUnitEnd &end) {
  for (uint32_t lane = 0; lane < ansLanesOf(view.unit); ++lane)
    if (end.states[lane] > leastAnsState)
      return damagedUnit(view.number, "lane " + std::to_string(lane) + " ends in state " +
                                          std::to_string(end.states[lane]));
  if (view.isLast && end.position <= view.end && view.end - end.position < 8) {
    auto rest = code.subspan(end.position * 2);
    if (std::ranges::all_of(rest, [](uint8_t byte) { return byte == 0; }))
      return ok();
    return damagedUnit(view.number, "padding after its words is not zero");
  }
  if (!view.isLast && end.position == view.end)
    return ok();
  return damagedUnit(view.number, "its words end at byte " + std::to_string(end.position * 2) +
                                      " of its blob, expected " + std::to_string(view.end * 2));
}

static void appendHalfWord(std::vector<uint8_t> &code, uint16_t word) {
  code.push_back(static_cast<uint8_t>(word));
  code.push_back(static_cast<uint8_t>(word >> 8));
}

void uwt::appendAnsUnit(std::span<const uint32_t> states, std::span<const uint16_t> words,
                        std::vector<uint8_t> &code) {
  uint64_t held = 0;
  uint32_t heldBits = 0;
  auto put = [&](uint32_t value, uint32_t count) {
    held |= uint64_t(value) << heldBits;
    heldBits += count;
    for (; heldBits >= 16; heldBits -= 16, held >>= 16)
      appendHalfWord(code, static_cast<uint16_t>(held));
  };
  for (uint32_t state : states)
    put(std::bit_width(state) - 17, 4);
  for (uint32_t state : states) {
    uint32_t length = std::bit_width(state) - 1;
    put(state ^ 1u << length, length);
  }
  if (heldBits)
    appendHalfWord(code, static_cast<uint16_t>(held));
  size_t begin = code.size();
  code.resize(begin + words.size_bytes());
  if (!words.empty())
    std::memcpy(code.data() + begin, words.data(), words.size_bytes());
}
