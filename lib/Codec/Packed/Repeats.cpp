//===- Repeats.cpp - Elements that were there before ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Repeats.h"
#include <algorithm>
#include <array>
#include <bit>

namespace uwt::packed {

namespace {

/// pack-8: numbers below this are their own codes.
constexpr uint32_t ownCodes = 16, ownCodeBits = 4, lastCode = ownCodes + 31 - ownCodeBits;
/// Equal elements before that are looked at for each one.
constexpr unsigned searchDepth = 8;
/// pack-7: bytes that are hashed; no shorter repeat is found.
constexpr uint32_t leastRepeatBytes = 8;
/// A repeat of so many bytes is taken without a look at the next element.
constexpr uint64_t longRepeatBytes = 256;
/// Bits that a sequence takes, about: with the distance of the one before, and with another one.
constexpr uint64_t sameDistanceBits = 10, newDistanceBits = 14;
/// Bytes that occurred before but are cheaper as new elements, of which half are passed
/// over: they would be compared again for each of their elements.
constexpr uint64_t cheapRepeatBytes = 64;
/// After each so many elements without a repeat one more is passed over, up to a limit.
constexpr uint32_t patience = 64, longestStep = 16;

/// pack-7: new elements, then as many as `length` that lie `distance` before.
struct Sequence {
  uint32_t fresh = 0, length = 0, distance = 0;
};

struct Match {
  uint32_t length = 0, distance = 0;
  int64_t gain = 0;
  /// The longest one that was looked at.
  uint32_t longest = 0;
};

/// Finds sequences of a section.
class Matcher {
public:
  Matcher(std::span<const uint8_t> elements, uint32_t bytes);
  std::vector<Sequence> find();

private:
  uint32_t lengthAt(uint32_t at, uint32_t before) const;
  bool isEqual(uint32_t a, uint32_t b) const {
    return std::memcmp(data + size_t(a) * bytes, data + size_t(b) * bytes, bytes) == 0;
  }
  Match best(uint32_t at) const;
  void consider(uint32_t at, uint32_t distance, Match &match) const;
  void insert(uint32_t at);
  uint32_t slotOf(uint32_t at) const;

  const uint8_t *data;
  uint32_t bytes, count, leastLength;
  /// Bits of a new element, in 1/65536.
  uint64_t elementBits = 0;
  uint32_t lastDistance = 0;
  unsigned slotBits;
  /// By hash: the last position and 1; by position: the one before of the same hash.
  std::vector<uint32_t> heads, previous;
};

} // namespace

Matcher::Matcher(std::span<const uint8_t> elements, uint32_t bytes)
    : data(elements.data()), bytes(bytes), count(static_cast<uint32_t>(elements.size() / bytes)),
      leastLength(leastRepeatBytes / bytes) {
  for (uint32_t plane = 0; plane < bytes; ++plane) {
    std::array<uint32_t, 256> counts{};
    for (uint32_t i = 0; i < count; ++i)
      ++counts[data[size_t(i) * bytes + plane]];
    elementBits += (arrayBits(counts) << 16) / std::max(count, 1u);
  }
  slotBits = std::clamp<unsigned>(static_cast<unsigned>(std::bit_width(count)) + 1, 8, 22);
  heads.resize(size_t(1) << slotBits);
  previous.resize(count);
}

uint32_t Matcher::slotOf(uint32_t at) const {
  uint64_t word;
  std::memcpy(&word, data + size_t(at) * bytes, leastRepeatBytes);
  return static_cast<uint32_t>(word * 0x9E3779B97F4A7C15u >> (64 - slotBits));
}

void Matcher::insert(uint32_t at) {
  if (count - at < leastLength)
    return;
  uint32_t &head = heads[slotOf(at)];
  previous[at] = head;
  head = at + 1;
}

uint32_t Matcher::lengthAt(uint32_t at, uint32_t before) const {
  const uint8_t *a = data + size_t(at) * bytes, *b = data + size_t(before) * bytes;
  uint64_t limit = uint64_t(count - at) * bytes, same = 0;
  while (same + 8 <= limit) {
    uint64_t x, y;
    std::memcpy(&x, a + same, 8);
    std::memcpy(&y, b + same, 8);
    if (x != y)
      return static_cast<uint32_t>((same + static_cast<unsigned>(std::countr_zero(x ^ y)) / 8) /
                                   bytes);
    same += 8;
  }
  while (same < limit && a[same] == b[same])
    ++same;
  return static_cast<uint32_t>(same / bytes);
}

void Matcher::consider(uint32_t at, uint32_t distance, Match &match) const {
  uint32_t length = lengthAt(at, at - distance);
  uint64_t cost = distance == lastDistance
                      ? sameDistanceBits
                      : newDistanceBits + static_cast<unsigned>(std::bit_width(distance));
  int64_t gain = static_cast<int64_t>(length * elementBits >> 16) - static_cast<int64_t>(cost);
  match.longest = std::max(match.longest, length);
  if (length >= leastLength && gain > match.gain)
    match = {length, distance, gain, match.longest};
}

Match Matcher::best(uint32_t at) const {
  Match match;
  if (count - at < leastLength)
    return match;
  if (lastDistance != 0 && lastDistance <= at)
    consider(at, lastDistance, match);
  uint32_t next = heads[slotOf(at)];
  for (unsigned i = 0; i < searchDepth && next != 0; ++i) {
    if (uint64_t(match.longest) * bytes >= longRepeatBytes)
      break;
    consider(at, at - (next - 1), match);
    next = previous[next - 1];
  }
  return match;
}

std::vector<Sequence> Matcher::find() {
  std::vector<Sequence> sequences;
  uint32_t begin = 0;
  for (uint32_t at = 0; at < count;) {
    Match match = best(at);
    insert(at);
    if (match.length == 0) {
      uint32_t step = std::min(1 + (at - begin) / patience, longestStep);
      if (uint64_t(match.longest) * bytes >= cheapRepeatBytes)
        step = std::max(step, match.longest / 2);
      uint32_t next = std::min(at + step, count);
      for (++at; at < next; ++at)
        insert(at);
      continue;
    }
    if (uint64_t(match.length) * bytes < longRepeatBytes && at + 1 < count) {
      Match later = best(at + 1);
      if (later.gain > match.gain + static_cast<int64_t>(elementBits >> 16)) {
        ++at;
        insert(at);
        match = later;
      }
    }
    uint32_t inserted = at + 1;
    // Elements that were passed over may belong to it.
    for (; at > begin && at > match.distance && isEqual(at - 1, at - 1 - match.distance); --at)
      ++match.length;
    sequences.push_back({at - begin, match.length, match.distance});
    lastDistance = match.distance;
    // A long repeat has been inserted where it was before: some of its elements are enough.
    uint32_t step = uint64_t(match.length) * bytes < longRepeatBytes ? 1 : 32;
    for (uint32_t i = std::max(inserted, at + step); i < at + match.length; i += step)
      insert(i);
    at += match.length;
    begin = at;
  }
  return sequences;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

namespace {

/// Bits behind one another, the lowest first.
class BitWriter {
public:
  void append(uint32_t value, unsigned bits) {
    for (unsigned i = 0; i < bits; ++i, ++used) {
      if (used % 8 == 0)
        out.push_back(0);
      out.back() = static_cast<uint8_t>(out.back() | (value >> i & 1) << used % 8);
    }
  }
  std::vector<uint8_t> out;

private:
  uint64_t used = 0;
};

class BitReader {
public:
  explicit BitReader(std::span<const uint8_t> bytes) : bytes(bytes) {}
  Expected<uint32_t> take(unsigned bits) {
    if (bits > bytes.size() * 8 - used)
      return damaged("numbers of sequences end too soon");
    uint32_t value = 0;
    for (unsigned i = 0; i < bits; ++i, ++used)
      value |= uint32_t(bytes[used / 8] >> used % 8 & 1) << i;
    return value;
  }

private:
  std::span<const uint8_t> bytes;
  uint64_t used = 0;
};

} // namespace

/// pack-8.
static uint8_t appendNumber(uint32_t value, BitWriter &extra) {
  if (value < ownCodes)
    return static_cast<uint8_t>(value);
  unsigned bits = static_cast<unsigned>(std::bit_width(value)) - 1;
  extra.append(value - (1u << bits), bits);
  return static_cast<uint8_t>(ownCodes + bits - ownCodeBits);
}

static Expected<uint32_t> takeNumber(uint8_t code, BitReader &extra) {
  if (code < ownCodes)
    return uint32_t(code);
  if (code > lastCode)
    return damaged("a number of a sequence has no such code");
  unsigned bits = code - ownCodes + ownCodeBits;
  UWT_ASSIGN_OR_RETURN(uint32_t rest, extra.take(bits));
  return (1u << bits) + rest;
}

//===----------------------------------------------------------------------===//
// Planes
//===----------------------------------------------------------------------===//

void appendPlanes(std::span<const uint8_t> elements, uint32_t bytes, std::vector<uint8_t> &out) {
  if (bytes == 1)
    return appendArray(elements, out);
  std::vector<uint8_t> plane(elements.size() / bytes);
  for (uint32_t k = 0; k < bytes; ++k) {
    for (size_t i = 0; i < plane.size(); ++i)
      plane[i] = elements[i * bytes + k];
    appendArray(plane, out);
  }
}

Status readPlanes(Input &input, uint32_t bytes, std::span<uint8_t> out) {
  if (bytes == 1)
    return readArray(input, out);
  std::vector<uint8_t> plane(out.size() / bytes);
  for (uint32_t k = 0; k < bytes; ++k) {
    UWT_RETURN_IF_ERROR(readArray(input, plane));
    for (size_t i = 0; i < plane.size(); ++i)
      out[i * bytes + k] = plane[i];
  }
  return ok();
}

//===----------------------------------------------------------------------===//
// Sequences
//===----------------------------------------------------------------------===//

void appendRepeats(std::span<const uint8_t> elements, uint32_t bytes, std::vector<uint8_t> &out) {
  std::vector<Sequence> sequences = Matcher(elements, bytes).find();
  std::vector<uint8_t> codes[3], fresh;
  BitWriter extra;
  uint32_t lastDistance = 0;
  size_t at = 0;
  auto takeFresh = [&](size_t count) {
    auto piece = elements.subspan(at * bytes, count * bytes);
    fresh.insert(fresh.end(), piece.begin(), piece.end());
    at += count;
  };
  for (const Sequence &sequence : sequences) {
    codes[0].push_back(appendNumber(sequence.fresh, extra));
    codes[1].push_back(appendNumber(sequence.length, extra));
    bool isSame = sequence.distance == lastDistance;
    codes[2].push_back(appendNumber(isSame ? 0 : sequence.distance, extra));
    lastDistance = sequence.distance;
    takeFresh(sequence.fresh);
    at += sequence.length;
  }
  takeFresh(elements.size() / bytes - at);
  appendU32(out, static_cast<uint32_t>(sequences.size()));
  for (const std::vector<uint8_t> &array : codes)
    appendArray(array, out);
  appendU32(out, static_cast<uint32_t>(extra.out.size()));
  out.insert(out.end(), extra.out.begin(), extra.out.end());
  appendPlanes(fresh, bytes, out);
}

/// pack-7: sequences of `count` elements at most, and how many of these are new.
static Expected<std::vector<Sequence>> readSequences(Input &input, uint64_t count, uint32_t bytes,
                                                     uint64_t &fresh) {
  UWT_ASSIGN_OR_RETURN(uint32_t sequenceCount, input.takeU32());
  if (sequenceCount > count * bytes / leastRepeatBytes)
    return damaged("it has more sequences than one for each 8 bytes");
  std::vector<uint8_t> codes[3];
  for (std::vector<uint8_t> &array : codes) {
    array.resize(sequenceCount);
    UWT_RETURN_IF_ERROR(readArray(input, array));
  }
  UWT_ASSIGN_OR_RETURN(uint32_t extraBytes, input.takeU32());
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> extraData, input.take(extraBytes));
  BitReader extra(extraData);
  std::vector<Sequence> sequences(sequenceCount);
  uint64_t at = 0;
  uint32_t lastDistance = 0;
  fresh = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    Sequence &sequence = sequences[i];
    UWT_ASSIGN_OR_RETURN(sequence.fresh, takeNumber(codes[0][i], extra));
    UWT_ASSIGN_OR_RETURN(sequence.length, takeNumber(codes[1][i], extra));
    UWT_ASSIGN_OR_RETURN(uint32_t distance, takeNumber(codes[2][i], extra));
    sequence.distance = lastDistance = distance == 0 ? lastDistance : distance;
    fresh += sequence.fresh;
    at += sequence.fresh;
    if (sequence.distance == 0 || sequence.distance > at)
      return damaged("a repeat begins before the section");
    at += sequence.length;
    if (at > count)
      return damaged("sequences have more elements than the section");
  }
  fresh += count - at;
  return sequences;
}

/// Copies `size` bytes from `distance` before; the two may overlap.
static void copyRepeat(uint8_t *out, uint64_t distance, uint64_t size) {
  for (uint64_t done = 0; done < size;) {
    // Copied elements lengthen what can be copied at once.
    uint64_t piece = std::min(size - done, distance + done);
    std::memcpy(out + done, out - distance, piece);
    done += piece;
  }
}

Status readRepeats(Input &input, uint32_t bytes, std::span<uint8_t> out) {
  uint64_t freshCount = 0;
  UWT_ASSIGN_OR_RETURN(std::vector<Sequence> sequences,
                       readSequences(input, out.size() / bytes, bytes, freshCount));
  std::vector<uint8_t> fresh(freshCount * bytes);
  UWT_RETURN_IF_ERROR(readPlanes(input, bytes, fresh));
  uint8_t *at = out.data();
  const uint8_t *from = fresh.data();
  auto takeFresh = [&](uint64_t size) {
    if (size == 0)
      return;
    std::memcpy(at, from, size);
    at += size;
    from += size;
  };
  for (const Sequence &sequence : sequences) {
    takeFresh(uint64_t(sequence.fresh) * bytes);
    uint64_t size = uint64_t(sequence.length) * bytes;
    copyRepeat(at, uint64_t(sequence.distance) * bytes, size);
    at += size;
  }
  takeFresh(static_cast<uint64_t>(out.data() + out.size() - at));
  return ok();
}

} // namespace uwt::packed
