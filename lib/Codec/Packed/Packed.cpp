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
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <unordered_set>

namespace uwt {

using namespace packed;

namespace {

/// pack-1: logarithms of the bytes of the smallest and the largest sections.
constexpr uint8_t leastLog = 12, largestLog = 24;
/// pack-1: bytes of the table for each section, and those behind the last one.
constexpr uint64_t tableEntryBytes = 12, tableEndBytes = 3;
/// Bytes of sections that are packed at a time, by all threads together.
constexpr uint64_t batchBytes = uint64_t(64) << 20;
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
  if (bytes == 1)
    return body(uint8_t());
  if (bytes == 2)
    return body(uint16_t());
  if (bytes == 4)
    return body(uint32_t());
  return body(uint64_t());
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

static void appendU64(std::vector<uint8_t> &out, uint64_t value) {
  appendU32(out, static_cast<uint32_t>(value));
  appendU32(out, static_cast<uint32_t>(value >> 32));
}

namespace {

/// Packs sections of a tensor.
class SectionPacker {
public:
  SectionPacker(std::span<const uint8_t> bytes, const PackingOptions &options)
      : bytes(bytes), options(options),
        filter(chooseFilter(bytes, options.element, options.repeats)) {}

  uint64_t count() const { return sectionsOf(bytes.size(), options.sectionLog); }
  std::vector<uint8_t> pack(uint64_t section) const {
    auto rest = bytes.subspan(section << options.sectionLog);
    size_t size = std::min<size_t>(rest.size(), size_t(1) << options.sectionLog);
    return packFiltered(rest.first(size), options.element.bytes, filter, options.repeats);
  }
  /// pack-1: what stands behind the table's entries.
  void appendEnd(std::vector<uint8_t> &out) const {
    for (uint32_t value : {options.element.bytes, uint32_t(filter), options.sectionLog})
      out.push_back(static_cast<uint8_t>(value));
  }

private:
  std::span<const uint8_t> bytes;
  PackingOptions options;
  Filter filter;
};

} // namespace

Expected<PackedSize> packElements(std::span<const uint8_t> bytes, const PackingOptions &options,
                                  ThreadPool &pool,
                                  const std::function<Status(std::span<const uint8_t>)> &sink) {
  SectionPacker packer(bytes, options);
  uint64_t batch = std::max<uint64_t>(batchBytes >> options.sectionLog, 1);
  std::vector<uint8_t> table;
  PackedSize size;
  for (uint64_t first = 0; first < packer.count(); first += batch) {
    std::vector<std::vector<uint8_t>> sections(std::min(batch, packer.count() - first));
    pool.parallelFor(sections.size(),
                     [&](uint64_t i, unsigned) { sections[i] = packer.pack(first + i); });
    for (const std::vector<uint8_t> &section : sections) {
      appendU32(table, static_cast<uint32_t>(section.size()));
      appendU64(table, xxh3(section));
      size.bytes += section.size();
      UWT_RETURN_IF_ERROR(sink(section));
    }
  }
  packer.appendEnd(table);
  size.bytes += table.size();
  size.checksum = xxh3(table);
  UWT_RETURN_IF_ERROR(sink(table));
  return size;
}

uint64_t estimatePackedBytes(std::span<const uint8_t> bytes, const PackingOptions &options,
                             uint64_t sections, ThreadPool &pool) {
  SectionPacker packer(bytes, options);
  uint64_t count = packer.count(), drawn = std::min(sections, count);
  std::vector<uint64_t> sizes(drawn);
  pool.parallelFor(drawn, [&](uint64_t i, unsigned) {
    sizes[i] = packer.pack(drawn == count ? i : i * count / drawn).size();
  });
  uint64_t sum = 0;
  for (uint64_t size : sizes)
    sum += size;
  double share = drawn == 0 ? 1.0 : static_cast<double>(count) / static_cast<double>(drawn);
  return static_cast<uint64_t>(static_cast<double>(sum) * share) + count * tableEntryBytes +
         tableEndBytes;
}

//===----------------------------------------------------------------------===//
// Unpacking
//===----------------------------------------------------------------------===//

/// pack-1.
Expected<PackedDecoder> PackedDecoder::open(std::span<const uint8_t> packed, uint64_t size,
                                            std::optional<uint64_t> checksum) {
  if (packed.size() < tableEndBytes)
    return damaged("it ends too soon");
  std::span<const uint8_t> end = packed.last(tableEndBytes);
  bool isElement = std::has_single_bit(end[0]) && end[0] <= 8;
  if (!isElement || size % end[0] != 0)
    return damaged("its elements have no such size");
  if (end[1] > static_cast<uint8_t>(Filter::Delta))
    return damaged("it has no such filter");
  if (end[2] < leastLog || end[2] > largestLog)
    return damaged("its sections have no such size");
  uint64_t count = sectionsOf(size, end[2]);
  if ((packed.size() - tableEndBytes) / tableEntryBytes < count)
    return damaged("it ends too soon");
  std::span<const uint8_t> table = packed.last(count * tableEntryBytes + tableEndBytes);
  if (checksum && xxh3(table) != *checksum) // check-4
    return damaged("the checksum of its table is wrong");

  PackedDecoder decoder;
  decoder.packed = packed.first(packed.size() - table.size());
  decoder.size = size;
  decoder.elementBytes = end[0];
  decoder.filter = end[1];
  decoder.log = end[2];
  Input input(table);
  uint64_t at = 0;
  for (uint64_t i = 0; i < count; ++i) {
    UWT_ASSIGN_OR_RETURN(uint64_t bytes, input.takeU32());
    UWT_ASSIGN_OR_RETURN(uint64_t low, input.takeU32());
    UWT_ASSIGN_OR_RETURN(uint64_t high, input.takeU32());
    at += bytes;
    decoder.ends.push_back(at);
    decoder.checksums.push_back(low | high << 32);
  }
  if (at != decoder.packed.size())
    return damaged("its sections do not end where its table begins");
  return decoder;
}

std::span<const uint8_t> PackedDecoder::stored(uint64_t section) const {
  uint64_t begin = section == 0 ? 0 : ends[section - 1];
  return packed.subspan(begin, ends[section] - begin);
}

Status PackedDecoder::checkSection(uint64_t section) const {
  if (xxh3(stored(section)) == checksums[section]) // check-4
    return ok();
  return damaged("the checksum of section " + std::to_string(section) + " is wrong");
}

Status PackedDecoder::decodeSection(uint64_t section, std::span<uint8_t> out, bool check) const {
  if (check)
    UWT_RETURN_IF_ERROR(checkSection(section));
  return readSection(stored(section), elementBytes, static_cast<Filter>(filter), out);
}

/// Calls `body` for [begin, end) on threads; the first error by number.
static Status eachSection(uint64_t begin, uint64_t end, ThreadPool &pool,
                          const std::function<Status(uint64_t)> &body) {
  std::vector<std::optional<Error>> errors(end - begin);
  pool.parallelFor(end - begin, [&](uint64_t i, unsigned) {
    if (Status done = body(begin + i); !done)
      errors[i] = done.takeError();
  });
  for (std::optional<Error> &error : errors)
    if (error)
      return *std::move(error);
  return ok();
}

Status PackedDecoder::decode(uint64_t begin, std::span<uint8_t> out, ThreadPool &pool,
                             bool check) const {
  uint64_t end = begin + out.size();
  return eachSection(begin >> log, sectionsOf(end, log), pool, [&](uint64_t section) -> Status {
    uint64_t first = section << log, last = first + bytesOf(section);
    uint64_t from = std::max(first, begin), to = std::min(last, end);
    std::span<uint8_t> part = out.subspan(from - begin, to - from);
    if (from == first && to == last)
      return decodeSection(section, part, check);
    std::vector<uint8_t> whole(last - first);
    UWT_RETURN_IF_ERROR(decodeSection(section, whole, check));
    std::memcpy(part.data(), whole.data() + (from - first), part.size());
    return ok();
  });
}

Status PackedDecoder::checkAll(ThreadPool &pool) const {
  return eachSection(0, sections(), pool, [&](uint64_t section) { return checkSection(section); });
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
