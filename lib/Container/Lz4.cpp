//===- Lz4.cpp - Blocks of LZ4 --------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A block is a sequence of: a byte with two lengths of four bits, literals, the distance to a match
// in two bytes. Lengths of 15 and more go on in bytes. The last sequence has literals alone.
//
//===----------------------------------------------------------------------===//

#include "Lz4.h"
#include <algorithm>
#include <cstring>

namespace uwt {

/// What the format demands: the shortest match, and how far from the end the last one begins and
/// ends.
static constexpr size_t minMatch = 4, lastLiterals = 5, lastMatchBegin = 12;
static constexpr size_t maxDistance = 65535;
static constexpr unsigned longLength = 15;

//===----------------------------------------------------------------------===//
// Encoder
//===----------------------------------------------------------------------===//

namespace {

struct Match {
  size_t length = 0, distance = 0;
};

/// Finds the longest match among the last ones with the same four bytes.
class MatchFinder {
public:
  explicit MatchFinder(std::string_view text)
      : text(text), heads(size_t(1) << hashBits, -1), previous(maxDistance + 1) {}

  /// Enters every index up to and with `at`, each once, and searches there.
  Match find(size_t at);
  void enterUpTo(size_t end);

private:
  static constexpr unsigned hashBits = 16, maxTries = 256;
  uint32_t hashAt(size_t at) const {
    uint32_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof(bytes));
    return bytes * 2654435761u >> (32 - hashBits);
  }
  size_t lengthOf(size_t candidate, size_t at) const {
    auto begin = text.begin() + static_cast<ptrdiff_t>(at);
    auto end = text.end() - lastLiterals;
    return static_cast<size_t>(
        std::mismatch(begin, end, text.begin() + static_cast<ptrdiff_t>(candidate)).first - begin);
  }

  std::string_view text;
  std::vector<int32_t> heads, previous;
  size_t entered = 0;
};

} // namespace

void MatchFinder::enterUpTo(size_t end) {
  for (; entered < end && entered + minMatch <= text.size(); ++entered) {
    int32_t &head = heads[hashAt(entered)];
    previous[entered & maxDistance] = head;
    head = static_cast<int32_t>(entered);
  }
}

Match MatchFinder::find(size_t at) {
  enterUpTo(at);
  Match best;
  int32_t candidate = heads[hashAt(at)];
  for (unsigned tries = 0; candidate >= 0 && tries < maxTries; ++tries) {
    auto from = static_cast<size_t>(candidate);
    if (at - from > maxDistance)
      break;
    if (size_t length = lengthOf(from, at); length > best.length)
      best = {length, at - from};
    candidate = previous[from & maxDistance];
  }
  return best.length >= minMatch ? best : Match();
}

/// What four bits of the first byte could not say.
static void appendLength(std::vector<uint8_t> &out, size_t length) {
  if (length < longLength)
    return;
  size_t rest = length - longLength;
  out.insert(out.end(), rest / 255, 255);
  out.push_back(static_cast<uint8_t>(rest % 255));
}

static void appendSequence(std::vector<uint8_t> &out, std::string_view literals, Match match) {
  size_t matched = match.length ? match.length - minMatch : 0;
  out.push_back(static_cast<uint8_t>(std::min<size_t>(literals.size(), longLength) << 4 |
                                     std::min<size_t>(matched, longLength)));
  appendLength(out, literals.size());
  out.insert(out.end(), literals.begin(), literals.end());
  if (match.length == 0)
    return;
  out.push_back(static_cast<uint8_t>(match.distance));
  out.push_back(static_cast<uint8_t>(match.distance >> 8));
  appendLength(out, matched);
}

std::vector<uint8_t> lz4Encode(std::string_view text) {
  std::vector<uint8_t> out;
  MatchFinder finder(text);
  size_t written = 0, at = 0;
  while (at + lastMatchBegin < text.size()) {
    Match match = finder.find(at);
    // A longer match that begins one byte later is worth a literal.
    while (match.length && at + 1 + lastMatchBegin < text.size()) {
      Match later = finder.find(at + 1);
      if (later.length <= match.length)
        break;
      match = later;
      ++at;
    }
    if (!match.length) {
      ++at;
      continue;
    }
    appendSequence(out, text.substr(written, at - written), match);
    written = at += match.length;
  }
  appendSequence(out, text.substr(written), {});
  return out;
}

//===----------------------------------------------------------------------===//
// Decoder
//===----------------------------------------------------------------------===//

namespace {

/// Reads a block from its begin. Nothing is read behind its end: what fails says so.
class BlockReader {
public:
  explicit BlockReader(std::span<const uint8_t> block) : block(block) {}
  bool atEnd() const { return at == block.size(); }
  std::optional<uint8_t> byte() {
    return atEnd() ? std::nullopt : std::optional<uint8_t>(block[at++]);
  }
  /// A length whose first four bits are `begin`.
  std::optional<uint64_t> length(unsigned begin) {
    uint64_t length = begin;
    for (bool isLonger = begin == longLength; isLonger;) {
      std::optional<uint8_t> more = byte();
      if (!more)
        return std::nullopt;
      length += *more;
      isLonger = *more == 255;
    }
    return length;
  }
  std::optional<std::span<const uint8_t>> bytes(uint64_t count) {
    if (count > block.size() - at)
      return std::nullopt;
    at += count;
    return block.subspan(at - count, count);
  }

private:
  std::span<const uint8_t> block;
  size_t at = 0;
};

} // namespace

/// One byte after another, since a match may reach into itself.
static void copyMatch(std::string &text, size_t distance, size_t length) {
  for (size_t i = 0; i < length; ++i)
    text.push_back(text[text.size() - distance]);
}

Expected<std::string> lz4Decode(std::span<const uint8_t> block, uint64_t textBytes) {
  auto damaged = [](const char *what) {
    return invalidError("its LZ4 block " + std::string(what) + ": the file is damaged");
  };
  if (textBytes / lz4MaxRatio > block.size())
    return damaged("cannot stand for a text of that size");
  std::string text;
  text.reserve(textBytes);
  BlockReader reader(block);
  while (true) {
    std::optional<uint8_t> lengths = reader.byte();
    std::optional<uint64_t> count = lengths ? reader.length(*lengths >> 4) : std::nullopt;
    auto literals = count ? reader.bytes(*count) : std::nullopt;
    if (!literals)
      return damaged("ends too early");
    if (literals->size() > textBytes - text.size())
      return damaged("stands for a longer text");
    text.append(literals->begin(), literals->end());
    if (reader.atEnd())
      break;
    auto offset = reader.bytes(2);
    std::optional<uint64_t> matched = offset ? reader.length(*lengths & longLength) : std::nullopt;
    if (!matched)
      return damaged("ends too early");
    size_t distance = (*offset)[0] | size_t((*offset)[1]) << 8;
    if (distance == 0 || distance > text.size())
      return damaged("points before its text");
    if (*matched + minMatch > textBytes - text.size())
      return damaged("stands for a longer text");
    copyMatch(text, distance, *matched + minMatch);
  }
  if (text.size() != textBytes)
    return damaged("stands for a shorter text");
  return text;
}

} // namespace uwt
