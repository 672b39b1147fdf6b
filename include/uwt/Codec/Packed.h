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
#include <cstdint>
#include <span>
#include <vector>

namespace uwt {

/// Elements to the packed form: their bytes (1, 2, 4 or 8), and the values that they are.
struct PackedElement {
  enum class Kind : uint8_t { Bytes, Float, Integer };
  uint32_t bytes = 1;
  Kind kind = Kind::Bytes;
};

/// Packs whole elements. Searches equal elements only with `repeats`, which takes time. The result
/// depends on the arguments alone, not on threads.
std::vector<uint8_t> packElements(std::span<const uint8_t> bytes, PackedElement element,
                                  bool repeats, ThreadPool &pool);

/// Unpacks into `out`, exactly the bytes that were packed. Any input may arrive: fails with
/// ErrorKind::Invalid on one that is not a packed form of so many bytes.
Status unpackElements(std::span<const uint8_t> packed, std::span<uint8_t> out, ThreadPool &pool);

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
