//===- FieldPlane.h - Where chunks of fields lie ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The arithmetic of plane-1 and plane-2, for fields in any chunks. Private to
// lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_FIXED_FIELDPLANE_H
#define UWT_LIB_CODEC_FIXED_FIELDPLANE_H

#include "uwt/Codec/StoredOrder.h"
#include <cstdint>
#include <cstring>
#include <span>

namespace uwt {

/// Elements of a strip x 64 columns, and bytes of its field of one bit.
inline constexpr uint32_t unitElements = stripRows * fixedUnitColumns;
inline constexpr uint32_t unitBitBytes = unitElements / 8;

/// Bytes of a row's chunk, and of a whole row (plane-2).
inline uint64_t rowChunkBytes(uint64_t columns, uint32_t chunk) {
  return divideUp(columns * chunk, 8);
}
uint64_t rowBytes(uint64_t columns, std::span<const uint32_t> chunks);

/// Calls `visit(chunk, bytes, shift)` for each chunk of a row of `columns` (plane-2): `bytes` has
/// element `first`, a multiple of 8, and the chunk begins with bit `shift` of a field.
template <typename Byte, typename Visit>
void forEachRowChunk(std::span<const uint32_t> chunks, Byte *row, uint64_t columns, uint64_t first,
                     Visit visit) {
  uint32_t shift = 0;
  for (uint32_t chunk : chunks) {
    visit(chunk, row + first * chunk / 8, shift);
    row += rowChunkBytes(columns, chunk);
    shift += chunk;
  }
}

/// Bytes of a panel's field in any chunks (panel-3).
uint64_t fieldBytes(Layout layout, uint32_t rows, uint64_t columns,
                    std::span<const uint32_t> chunks);

/// Where a chunk of an element lies: bit `bit` of u32 number `word` of the
/// chunk's u32 in the unit.
struct ChunkOffset {
  uint32_t word, bit;
};
inline constexpr ChunkOffset chunkOffset(uint32_t chunk, uint32_t block, FragmentPosition at) {
  // plane-1: [kind][lane][word], one u32 takes the two halves of 16 / chunk registers.
  uint32_t q = 4 * block + at.reg;
  uint32_t kind = chunk >= 4 ? at.reg * chunk / 16 : 0;
  uint32_t words = chunk >= 4 ? 4 : chunk;
  uint32_t word = chunk >= 4 ? block : q * chunk / 16;
  return {(kind * fragmentLanes + at.lane) * words + word,
          16 * at.half + chunk * (q % (16 / chunk))};
}

/// Little-endian u32 of a plane, at any alignment. Planes are little-endian by
/// definition; big-endian machines are not supported.
inline uint32_t loadWord(const uint8_t *from) {
  uint32_t word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}
inline void storeWord(uint8_t *to, uint32_t word) { std::memcpy(to, &word, sizeof(word)); }

} // namespace uwt

#endif // UWT_LIB_CODEC_FIXED_FIELDPLANE_H
