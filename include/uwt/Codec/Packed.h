//===- Packed.h - Elements with zeros and repeats ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The packed form (pack-1 to pack-9 of docs/formats.md): bytes of any element type without panels,
// for tensors with many zeros, repeats, elements of one sign, or elements that no codec takes. Each
// section is coded as it is smallest: by the bytes of elements, by a mask of those that are not
// zero, or by references to equal elements before.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_PACKED_H
#define UWT_CODEC_PACKED_H

#include "uwt/Support/Error.h"
#include "uwt/Support/Parallel.h"
#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace uwt {

/// Elements to the packed form: their bytes (1, 2, 4 or 8), and the values that they are.
struct PackedElement {
  enum class Kind : uint8_t { Bytes, Float, Integer };
  uint32_t bytes = 1;
  Kind kind = Kind::Bytes;
};

/// Result of packing.
struct PackedSize {
  uint64_t bytes = 0;
  /// Checksum of the table at the end (pack-1), which has those of the sections.
  uint64_t checksum = 0;
};

/// Options of packing.
struct PackingOptions {
  PackedElement element;
  /// Searches equal elements, which takes time.
  bool repeats = false;
  /// Bytes of a section: 2 to this power.
  unsigned sectionLog = 20;
};

/// Packs whole elements; gives the packed bytes to `sink` in order. They depend on the arguments
/// alone, not on threads. Errors: those of `sink`.
Expected<PackedSize> packElements(std::span<const uint8_t> bytes, const PackingOptions &options,
                                  ThreadPool &pool,
                                  const std::function<Status(std::span<const uint8_t>)> &sink);

/// The size of the packed form as so many sections show it, which lie evenly apart: exact if there
/// are no more.
uint64_t estimatePackedBytes(std::span<const uint8_t> bytes, const PackingOptions &options,
                             uint64_t sections, ThreadPool &pool);

/// Decodes a packed form, of which each section stands alone. Any bytes may arrive: what is not a
/// packed form is an error of ErrorKind::Invalid. Refers to the packed bytes. Thread-safe.
class PackedDecoder {
public:
  /// Opens a packed form of `size` bytes; compares the checksum of its table, if one is given.
  static Expected<PackedDecoder> open(std::span<const uint8_t> packed, uint64_t size,
                                      std::optional<uint64_t> checksum);

  uint64_t sections() const { return ends.size(); }
  /// Bytes of a section; the last one may have fewer.
  uint64_t sectionBytes() const { return uint64_t(1) << log; }
  /// Bytes that a section has.
  uint64_t bytesOf(uint64_t section) const {
    return std::min(sectionBytes(), size - (section << log));
  }
  /// Decodes a section into `out`, exactly its bytes; with `check` compares its checksum first.
  Status decodeSection(uint64_t section, std::span<uint8_t> out, bool check) const;
  /// Decodes the bytes from `begin` on, as many as `out` has. Threads take a section each.
  Status decode(uint64_t begin, std::span<uint8_t> out, ThreadPool &pool, bool check) const;
  /// Compares the checksums of all sections, without decoding them.
  Status checkAll(ThreadPool &pool) const;

private:
  PackedDecoder() = default;
  std::span<const uint8_t> stored(uint64_t section) const;
  Status checkSection(uint64_t section) const;

  std::span<const uint8_t> packed;
  uint64_t size = 0;
  uint32_t elementBytes = 1;
  uint8_t filter = 0;
  unsigned log = 0;
  /// End of the packed bytes and checksum of each section.
  std::vector<uint64_t> ends, checksums;
};

/// Properties of elements that the packed form takes advantage of, as a sample shows them.
struct PackedSigns {
  /// Elements that were seen; those of bits 0; those with the highest bit set.
  uint64_t elements = 0, zeros = 0, negatives = 0;
  /// Chunks of 16 bytes that were seen, and those that had occurred before.
  uint64_t chunks = 0, repeated = 0;
  /// Bits per element by counts of all bytes together, and by counts of each byte of an element
  /// alone.
  double bitsTogether = 0, bitsApart = 0;
};

/// Looks at about 64 KiB of the elements, or at all of fewer.
PackedSigns samplePacked(std::span<const uint8_t> bytes, PackedElement element);

} // namespace uwt

#endif // UWT_CODEC_PACKED_H
