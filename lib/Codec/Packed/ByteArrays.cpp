//===- ByteArrays.cpp - Arrays of bytes in the packed form ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ByteArrays.h"
#include "../FixedLog2.h"
#include "uwt/Codec/AnsCode.h"
#include <algorithm>
#include <optional>

namespace uwt::packed {

namespace {

/// pack-3: bytes of a block, and its kinds.
constexpr size_t blockBytes = size_t(1) << 18;
enum class BlockKind : uint8_t { Bytes = 0, Constant = 1, Table = 2, SameTable = 3 };

/// pack-5: lanes of a block, and the sum of frequencies.
constexpr size_t lanes = 8;
constexpr uint32_t frequencyBits = 12, frequencySum = 1u << frequencyBits;

using Counts = std::array<uint32_t, 256>;

/// Frequencies of bytes, and the sums of those before.
struct Table {
  std::array<uint32_t, 256> frequency{}, first{};

  /// False for frequencies that are not those of a table.
  bool setFirst() {
    uint32_t sum = 0;
    for (size_t i = 0; i < 256; ++i) {
      first[i] = sum;
      sum += frequency[i];
    }
    return sum == frequencySum;
  }
};

} // namespace

Error damaged(std::string_view what) {
  return invalidError("packed form: " + std::string(what) +
                      ": the tensor is damaged; get the file again");
}

Expected<std::span<const uint8_t>> Input::take(uint64_t count) {
  if (count > rest.size())
    return damaged("it ends too soon");
  std::span<const uint8_t> taken = rest.first(count);
  rest = rest.subspan(count);
  return taken;
}

Expected<uint8_t> Input::takeByte() {
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> byte, take(1));
  return byte[0];
}

Expected<uint32_t> Input::takeU32() {
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, take(4));
  uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i)
    value |= uint32_t(bytes[i]) << (8 * i);
  return value;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

static Counts countBytes(std::span<const uint8_t> bytes) {
  Counts counts{};
  for (uint8_t byte : bytes)
    ++counts[byte];
  return counts;
}

/// Frequencies nearest to the shares of counts, of which two at least are not 0.
static Table tableOf(const Counts &counts) {
  uint64_t sum = 0;
  for (uint32_t count : counts)
    sum += count;
  Table table;
  int32_t left = frequencySum;
  for (size_t i = 0; i < 256; ++i) {
    if (counts[i] == 0)
      continue;
    uint64_t nearest = (uint64_t(counts[i]) * frequencySum * 2 + sum) / (sum * 2);
    table.frequency[i] = static_cast<uint32_t>(std::max<uint64_t>(nearest, 1));
    left -= static_cast<int32_t>(table.frequency[i]);
  }
  // The largest ones lose least by what is missing or too much.
  while (left != 0) {
    uint32_t &largest = *std::ranges::max_element(table.frequency);
    int32_t change = std::max(left, -std::max(static_cast<int32_t>(largest) / 8, 1));
    largest = static_cast<uint32_t>(static_cast<int32_t>(largest) + change);
    left -= change;
  }
  table.setFirst();
  return table;
}

/// pack-4.
static void appendTable(const Table &table, std::vector<uint8_t> &out) {
  size_t occurring = 0;
  for (uint32_t frequency : table.frequency)
    occurring += frequency != 0;
  out.push_back(static_cast<uint8_t>(occurring - 1));
  for (size_t i = 0; i < 256; ++i) {
    uint32_t frequency = table.frequency[i];
    if (frequency == 0)
      continue;
    out.push_back(static_cast<uint8_t>(i));
    if (frequency < 128) {
      out.push_back(static_cast<uint8_t>(frequency));
      continue;
    }
    out.push_back(static_cast<uint8_t>(0x80 | (frequency & 0x7F)));
    out.push_back(static_cast<uint8_t>(frequency >> 7));
  }
}

/// pack-4.
static Expected<Table> readTable(Input &input) {
  UWT_ASSIGN_OR_RETURN(uint8_t last, input.takeByte());
  Table table;
  int before = -1;
  for (uint32_t i = 0; i <= last; ++i) {
    UWT_ASSIGN_OR_RETURN(uint8_t byte, input.takeByte());
    UWT_ASSIGN_OR_RETURN(uint32_t frequency, input.takeByte());
    if (frequency >= 128) {
      UWT_ASSIGN_OR_RETURN(uint32_t high, input.takeByte());
      frequency = (frequency & 0x7F) | high << 7;
    }
    if (int(byte) <= before || frequency == 0)
      return damaged("bytes of a table do not rise, or have no frequency");
    table.frequency[byte] = frequency;
    before = byte;
  }
  if (!table.setFirst())
    return damaged("frequencies of a table have a wrong sum");
  return table;
}

/// Bits in 1/65536 that the table takes, or nothing if it lacks a byte that occurs.
static std::optional<uint64_t> costOf(const Table &table, const Counts &counts) {
  uint64_t cost = 0;
  for (size_t i = 0; i < 256; ++i) {
    if (counts[i] == 0)
      continue;
    if (table.frequency[i] == 0)
      return std::nullopt;
    cost += counts[i] * ((uint64_t(frequencyBits) << 16) - fixedLog2(table.frequency[i]));
  }
  return cost;
}

uint64_t arrayBits(std::span<const uint32_t, 256> given) {
  Counts counts;
  std::ranges::copy(given, counts.begin());
  size_t occurring = static_cast<size_t>(256 - std::ranges::count(counts, 0u));
  return occurring < 2 ? 0 : *costOf(tableOf(counts), counts) >> 16;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// pack-5: states and words, the last byte first.
static void appendCoded(std::span<const uint8_t> bytes, const Table &table,
                        std::vector<uint8_t> &out) {
  std::array<uint32_t, lanes> states;
  states.fill(leastAnsState);
  std::vector<uint16_t> words;
  words.reserve(bytes.size());
  for (size_t i = bytes.size(); i-- > 0;) {
    uint32_t &state = states[i % lanes];
    uint32_t frequency = table.frequency[bytes[i]];
    if (state >= frequency << (32 - frequencyBits)) {
      words.push_back(static_cast<uint16_t>(state));
      state >>= ansWordBits;
    }
    state = (state / frequency << frequencyBits) + state % frequency + table.first[bytes[i]];
  }
  appendU32(out, static_cast<uint32_t>(words.size()));
  for (uint32_t state : states)
    appendU32(out, state);
  for (size_t i = words.size(); i-- > 0;) {
    out.push_back(static_cast<uint8_t>(words[i]));
    out.push_back(static_cast<uint8_t>(words[i] >> 8));
  }
}

static void appendBlock(std::span<const uint8_t> bytes, std::optional<Table> &last,
                        std::vector<uint8_t> &out) {
  Counts counts = countBytes(bytes);
  if (counts[bytes[0]] == bytes.size()) {
    out.push_back(static_cast<uint8_t>(BlockKind::Constant));
    out.push_back(bytes[0]);
    return;
  }
  // Words less than a byte are rounded up; eight states and a number of words are always there.
  auto bytesOf = [](uint64_t cost) { return (cost >> 19) + 2 + 4 * (lanes + 1); };
  Table table = tableOf(counts);
  std::vector<uint8_t> text;
  appendTable(table, text);
  uint64_t own = bytesOf(*costOf(table, counts)) + text.size();
  std::optional<uint64_t> cost = last ? costOf(*last, counts) : std::nullopt;
  uint64_t same = cost ? bytesOf(*cost) : UINT64_MAX;
  if (std::min(own, same) >= bytes.size()) {
    out.push_back(static_cast<uint8_t>(BlockKind::Bytes));
    out.insert(out.end(), bytes.begin(), bytes.end());
    return;
  }
  bool isSame = same <= own;
  out.push_back(static_cast<uint8_t>(isSame ? BlockKind::SameTable : BlockKind::Table));
  if (!isSame) {
    out.insert(out.end(), text.begin(), text.end());
    last = table;
  }
  appendCoded(bytes, *last, out);
}

void appendArray(std::span<const uint8_t> bytes, std::vector<uint8_t> &out) {
  std::optional<Table> last;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), blockBytes)))
    appendBlock(bytes.first(std::min(bytes.size(), blockBytes)), last, out);
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// Decodes one lane's next byte; takes a word if its state needs one (pack-5).
inline uint8_t step(uint32_t &state, const uint32_t *entries, const uint8_t *&words) {
  uint32_t entry = entries[state & (frequencySum - 1)];
  uint32_t next = ((entry & ans_entry::fieldMask) + 1) * (state >> frequencyBits) +
                  ((entry >> ans_entry::offsetShift) & ans_entry::fieldMask);
  uint32_t word = words[0] | uint32_t(words[1]) << 8;
  bool needs = next < leastAnsState;
  state = needs ? next << ansWordBits | word : next;
  words += needs ? 2 : 0;
  return static_cast<uint8_t>(entry >> ans_entry::numberShift);
}

} // namespace

/// pack-5.
static Status readCoded(Input &input, const std::vector<uint32_t> &entries,
                        std::span<uint8_t> out) {
  UWT_ASSIGN_OR_RETURN(uint32_t count, input.takeU32());
  std::array<uint32_t, lanes> states;
  for (uint32_t &state : states) {
    UWT_ASSIGN_OR_RETURN(state, input.takeU32());
  }
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> words, input.take(uint64_t(count) * 2));
  const uint8_t *at = words.data(), *end = at + words.size();
  size_t i = 0;
  for (; i + lanes <= out.size() && static_cast<size_t>(end - at) >= 2 * lanes; i += lanes)
    for (size_t lane = 0; lane < lanes; ++lane)
      out[i + lane] = step(states[lane], entries.data(), at);
  // The last words come from a copy with zeros behind it.
  std::array<uint8_t, 2 * lanes> rest{};
  for (; i < out.size(); ++i) {
    size_t left = static_cast<size_t>(end - at);
    const uint8_t *from = at;
    if (left < 2) {
      std::copy(at, end, rest.begin());
      from = rest.data();
    }
    const uint8_t *before = from;
    out[i] = step(states[i % lanes], entries.data(), from);
    if (static_cast<size_t>(from - before) > left)
      return damaged("a block has too few words");
    at += from - before;
  }
  bool isDone = at == end &&
                std::ranges::all_of(states, [](uint32_t state) { return state == leastAnsState; });
  return isDone ? ok() : Status(damaged("a block does not end in its first states"));
}

static Status readBlock(Input &input, std::vector<uint32_t> &entries, std::span<uint8_t> out) {
  UWT_ASSIGN_OR_RETURN(uint8_t kind, input.takeByte());
  switch (static_cast<BlockKind>(kind)) {
  case BlockKind::Bytes: {
    UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, input.take(out.size()));
    std::ranges::copy(bytes, out.begin());
    return ok();
  }
  case BlockKind::Constant: {
    UWT_ASSIGN_OR_RETURN(uint8_t value, input.takeByte());
    std::ranges::fill(out, value);
    return ok();
  }
  case BlockKind::Table: {
    UWT_ASSIGN_OR_RETURN(Table table, readTable(input));
    entries.clear();
    appendAnsEntries(table.frequency, entries);
    return readCoded(input, entries, out);
  }
  case BlockKind::SameTable:
    if (entries.empty())
      return damaged("a block has no table");
    return readCoded(input, entries, out);
  }
  return damaged("a block is of no kind");
}

Status readArray(Input &input, std::span<uint8_t> out) {
  std::vector<uint32_t> entries;
  for (; !out.empty(); out = out.subspan(std::min(out.size(), blockBytes)))
    UWT_RETURN_IF_ERROR(readBlock(input, entries, out.first(std::min(out.size(), blockBytes))));
  return ok();
}

} // namespace uwt::packed
