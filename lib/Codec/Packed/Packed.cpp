//===- Packed.cpp - Elements with zeros and repeats -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules pack-1, pack-2, pack-6 and pack-9 of docs/formats.md.
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Packed.h"
#include "Repeats.h"
#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <unordered_set>

namespace uwt {

using namespace packed;

namespace {

/// pack-1: logarithms of the bytes of a section, with and without a search for repeats, and the
/// least and largest of any packed form.
constexpr uint8_t repeatsLog = 24, usualLog = 22, leastLog = 12, largestLog = 26;
/// Bytes that show whether differences of neighbours are smaller.
constexpr size_t filterSample = size_t(1) << 18;
/// A mask is tried if one element of so many is zero.
constexpr uint64_t maskShare = 16;

/// pack-2.
enum class Filter : uint8_t { None = 0, Rotated = 1, Delta = 2 };
/// pack-6.
enum class SectionKind : uint8_t { Planes = 0, Mask = 1, Repeats = 2 };

} // namespace

//===----------------------------------------------------------------------===//
// Filters
//===----------------------------------------------------------------------===//

template <typename Word> static Word loadWord(const uint8_t *at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

template <typename Word> static void applyFilter(Filter filter, std::span<uint8_t> bytes) {
  Word before = 0;
  for (size_t at = 0; at < bytes.size(); at += sizeof(Word)) {
    Word word = loadWord<Word>(&bytes[at]);
    Word result = filter == Filter::Rotated ? std::rotl(word, 1) : Word(word - before);
    before = word;
    std::memcpy(&bytes[at], &result, sizeof(Word));
  }
}

template <typename Word> static void undoFilter(Filter filter, std::span<uint8_t> bytes) {
  Word before = 0;
  for (size_t at = 0; at < bytes.size(); at += sizeof(Word)) {
    Word word = loadWord<Word>(&bytes[at]);
    before = filter == Filter::Rotated ? std::rotr(word, 1) : Word(word + before);
    std::memcpy(&bytes[at], &before, sizeof(Word));
  }
}

/// Calls `body` with the unsigned word of an element.
template <typename Body> static void withWord(uint32_t bytes, Body body) {
  switch (bytes) {
  case 1:
    return body(uint8_t());
  case 2:
    return body(uint16_t());
  case 4:
    return body(uint32_t());
  default:
    return body(uint64_t());
  }
}

static void applyFilter(Filter filter, uint32_t bytes, std::span<uint8_t> elements) {
  if (filter != Filter::None)
    withWord(bytes, [&](auto word) { applyFilter<decltype(word)>(filter, elements); });
}

static void undoFilter(Filter filter, uint32_t bytes, std::span<uint8_t> elements) {
  if (filter != Filter::None)
    withWord(bytes, [&](auto word) { undoFilter<decltype(word)>(filter, elements); });
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// pack-9: bits of elements that are not zero, and these elements.
template <typename Word>
static void splitZeros(std::span<const uint8_t> elements, std::vector<uint8_t> &mask,
                       std::vector<uint8_t> &values) {
  size_t count = elements.size() / sizeof(Word), kept = 0;
  mask.assign((count + 7) / 8, 0);
  values.resize(elements.size());
  for (size_t i = 0; i < count; ++i) {
    Word word = loadWord<Word>(&elements[i * sizeof(Word)]);
    mask[i / 8] = static_cast<uint8_t>(mask[i / 8] | (word != 0) << i % 8);
    std::memcpy(&values[kept * sizeof(Word)], &word, sizeof(Word));
    kept += word != 0;
  }
  values.resize(kept * sizeof(Word));
}

/// Precondition: `values` has an element for each bit of the mask.
template <typename Word>
static void joinZeros(std::span<const uint8_t> mask, const uint8_t *values,
                      std::span<uint8_t> out) {
  std::memset(out.data(), 0, out.size());
  for (size_t i = 0; i < mask.size(); ++i)
    for (unsigned bits = mask[i]; bits != 0; bits &= bits - 1) {
      size_t at = i * 8 + static_cast<unsigned>(std::countr_zero(bits));
      std::memcpy(&out[at * sizeof(Word)], values, sizeof(Word));
      values += sizeof(Word);
    }
}

//===----------------------------------------------------------------------===//
// Sections
//===----------------------------------------------------------------------===//

static void keepSmaller(std::vector<uint8_t> &best, std::vector<uint8_t> candidate) {
  if (best.empty() || candidate.size() < best.size())
    best = std::move(candidate);
}

static std::vector<uint8_t> startOf(SectionKind kind) { return {static_cast<uint8_t>(kind)}; }

/// A section, or the mask of one, by planes or with repeats.
static std::vector<uint8_t> packPlain(std::span<const uint8_t> elements, uint32_t bytes,
                                      bool repeats) {
  std::vector<uint8_t> best = startOf(SectionKind::Planes);
  appendPlanes(elements, bytes, best);
  if (repeats) {
    std::vector<uint8_t> candidate = startOf(SectionKind::Repeats);
    appendRepeats(elements, bytes, candidate);
    keepSmaller(best, std::move(candidate));
  }
  return best;
}

static std::vector<uint8_t> packSection(std::span<const uint8_t> elements, uint32_t bytes,
                                        bool repeats) {
  std::vector<uint8_t> best = packPlain(elements, bytes, repeats);
  std::vector<uint8_t> mask, values;
  withWord(bytes, [&](auto word) { splitZeros<decltype(word)>(elements, mask, values); });
  if ((elements.size() - values.size()) * maskShare < elements.size())
    return best;
  std::vector<uint8_t> candidate = startOf(SectionKind::Mask);
  std::vector<uint8_t> packedMask = packPlain(mask, 1, true);
  candidate.insert(candidate.end(), packedMask.begin(), packedMask.end());
  appendPlanes(values, bytes, candidate);
  keepSmaller(best, std::move(candidate));
  return best;
}

static Status readPlain(Input &input, SectionKind kind, uint32_t bytes, std::span<uint8_t> out) {
  if (kind == SectionKind::Planes)
    return readPlanes(input, bytes, out);
  if (kind == SectionKind::Repeats)
    return readRepeats(input, bytes, out);
  return damaged("a section is of no kind");
}

static Status readMasked(Input &input, uint32_t bytes, std::span<uint8_t> out) {
  size_t count = out.size() / bytes;
  std::vector<uint8_t> mask((count + 7) / 8);
  UWT_ASSIGN_OR_RETURN(uint8_t kind, input.takeByte());
  UWT_RETURN_IF_ERROR(readPlain(input, static_cast<SectionKind>(kind), 1, mask));
  if (count % 8 != 0 && mask.back() >> count % 8 != 0)
    return damaged("a mask has bits behind the last element");
  size_t kept = 0;
  for (uint8_t byte : mask)
    kept += static_cast<size_t>(std::popcount(byte));
  std::vector<uint8_t> values(kept * bytes);
  UWT_RETURN_IF_ERROR(readPlanes(input, bytes, values));
  withWord(bytes, [&](auto word) { joinZeros<decltype(word)>(mask, values.data(), out); });
  return ok();
}

static Status readSection(std::span<const uint8_t> section, uint32_t bytes, Filter filter,
                          std::span<uint8_t> out) {
  Input input(section);
  UWT_ASSIGN_OR_RETURN(uint8_t number, input.takeByte());
  auto kind = static_cast<SectionKind>(number);
  UWT_RETURN_IF_ERROR(kind == SectionKind::Mask ? readMasked(input, bytes, out)
                                                : readPlain(input, kind, bytes, out));
  if (!input.isAtEnd())
    return damaged("bytes follow a section's last ones");
  undoFilter(filter, bytes, out);
  return ok();
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

static std::vector<uint8_t> packFiltered(std::span<const uint8_t> elements, uint32_t bytes,
                                         Filter filter, bool repeats) {
  if (filter == Filter::None)
    return packSection(elements, bytes, repeats);
  std::vector<uint8_t> filtered(elements.begin(), elements.end());
  applyFilter(filter, bytes, filtered);
  return packSection(filtered, bytes, repeats);
}

static Filter chooseFilter(std::span<const uint8_t> elements, PackedElement element, bool repeats) {
  if (element.bytes == 1 || element.kind == PackedElement::Kind::Bytes)
    return Filter::None;
  if (element.kind == PackedElement::Kind::Float)
    return Filter::Rotated;
  auto sample = elements.first(std::min(elements.size(), filterSample));
  size_t plain = packFiltered(sample, element.bytes, Filter::None, repeats).size();
  size_t delta = packFiltered(sample, element.bytes, Filter::Delta, repeats).size();
  return delta < plain ? Filter::Delta : Filter::None;
}

static uint64_t sectionsOf(uint64_t bytes, unsigned log) {
  return (bytes >> log) + ((bytes & ((uint64_t(1) << log) - 1)) != 0);
}

std::vector<uint8_t> packElements(std::span<const uint8_t> bytes, PackedElement element,
                                  bool repeats, ThreadPool &pool) {
  Filter filter = chooseFilter(bytes, element, repeats);
  uint8_t log = repeats ? repeatsLog : usualLog;
  std::vector<std::vector<uint8_t>> sections(sectionsOf(bytes.size(), log));
  pool.parallelFor(sections.size(), [&](uint64_t i, unsigned) {
    auto rest = bytes.subspan(i << log);
    auto section = rest.first(std::min<size_t>(rest.size(), size_t(1) << log));
    sections[i] = packFiltered(section, element.bytes, filter, repeats);
  });
  std::vector<uint8_t> out = {static_cast<uint8_t>(element.bytes), static_cast<uint8_t>(filter),
                              log};
  for (const std::vector<uint8_t> &section : sections)
    appendU32(out, static_cast<uint32_t>(section.size()));
  for (std::vector<uint8_t> &section : sections) {
    out.insert(out.end(), section.begin(), section.end());
    section = {};
  }
  return out;
}

//===----------------------------------------------------------------------===//
// Unpacking
//===----------------------------------------------------------------------===//

namespace {

/// pack-1.
struct PackedHeader {
  uint32_t bytes = 1;
  Filter filter = Filter::None;
  unsigned log = usualLog;
};

} // namespace

static Expected<PackedHeader> readHeader(Input &input, uint64_t size) {
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> header, input.take(3));
  bool isElement = std::has_single_bit(header[0]) && header[0] <= 8;
  if (!isElement || size % header[0] != 0)
    return damaged("its elements have no such size");
  if (header[1] > static_cast<uint8_t>(Filter::Delta))
    return damaged("it has no such filter");
  if (header[2] < leastLog || header[2] > largestLog)
    return damaged("its sections have no such size");
  return PackedHeader{header[0], static_cast<Filter>(header[1]), header[2]};
}

Status unpackElements(std::span<const uint8_t> packed, std::span<uint8_t> out, ThreadPool &pool) {
  Input input(packed);
  UWT_ASSIGN_OR_RETURN(PackedHeader header, readHeader(input, out.size()));
  uint64_t count = sectionsOf(out.size(), header.log);
  UWT_ASSIGN_OR_RETURN(std::span<const uint8_t> sizes, input.take(count * 4));
  Input sizeInput(sizes);
  std::vector<std::span<const uint8_t>> sections(count);
  for (std::span<const uint8_t> &section : sections) {
    UWT_ASSIGN_OR_RETURN(uint32_t size, sizeInput.takeU32());
    UWT_ASSIGN_OR_RETURN(section, input.take(size));
  }
  if (!input.isAtEnd())
    return damaged("bytes follow the last section");
  std::vector<std::optional<Error>> errors(count);
  pool.parallelFor(count, [&](uint64_t i, unsigned) {
    auto rest = out.subspan(i << header.log);
    auto part = rest.first(std::min<size_t>(rest.size(), size_t(1) << header.log));
    Status read = readSection(sections[i], header.bytes, header.filter, part);
    if (!read)
      errors[i] = read.takeError();
  });
  for (std::optional<Error> &error : errors)
    if (error)
      return *std::move(error);
  return ok();
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

namespace {

/// Bytes of a sample's pieces, and their number.
constexpr size_t pieceBytes = size_t(1) << 13, pieces = 8, chunkBytes = 16;

class Sampler {
public:
  explicit Sampler(uint32_t bytes) : bytes(bytes), counts(bytes) {}

  void add(std::span<const uint8_t> piece) {
    for (size_t at = 0; at + bytes <= piece.size(); at += bytes) {
      uint8_t any = 0;
      for (uint32_t k = 0; k < bytes; ++k) {
        any |= piece[at + k];
        ++counts[k][piece[at + k]];
      }
      ++signs.elements;
      signs.zeros += any == 0;
      signs.negatives += piece[at + bytes - 1] >> 7;
    }
    for (size_t at = 0; at + chunkBytes <= piece.size(); at += chunkBytes) {
      ++signs.chunks;
      uint64_t low = loadWord<uint64_t>(&piece[at]), high = loadWord<uint64_t>(&piece[at + 8]);
      signs.repeated +=
          !seen.insert((low ^ std::rotl(high, 29)) * 0x9E3779B97F4A7C15u ^ high).second;
    }
  }

  PackedSigns finish() {
    std::array<uint32_t, 256> all{};
    uint64_t apart = 0;
    for (const auto &plane : counts) {
      apart += arrayBits(plane);
      for (size_t i = 0; i < 256; ++i)
        all[i] += plane[i];
    }
    double count = static_cast<double>(std::max<uint64_t>(signs.elements, 1));
    signs.bitsTogether = static_cast<double>(arrayBits(all)) / count;
    signs.bitsApart = static_cast<double>(apart) / count;
    return signs;
  }

private:
  uint32_t bytes;
  std::vector<std::array<uint32_t, 256>> counts;
  std::unordered_set<uint64_t> seen;
  PackedSigns signs;
};

} // namespace

PackedSigns samplePacked(std::span<const uint8_t> bytes, PackedElement element) {
  Sampler sampler(element.bytes);
  if (bytes.size() <= pieceBytes * pieces) {
    sampler.add(bytes);
    return sampler.finish();
  }
  // Both ends, and places between them.
  for (size_t i = 0; i < pieces; ++i) {
    size_t begin = (bytes.size() - pieceBytes) / (pieces - 1) * i / chunkBytes * chunkBytes;
    sampler.add(bytes.subspan(begin, pieceBytes));
  }
  return sampler.finish();
}

} // namespace uwt
