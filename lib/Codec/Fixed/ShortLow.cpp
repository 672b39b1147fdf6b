//===- ShortLow.cpp - Top bits of low halves, fast ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fields of 1 to 15 bits in units of fragments, a u32 of a chunk at a time: where its elements
// lie in the unit is known beforehand.
//
//===----------------------------------------------------------------------===//

#include "ShortLow.h"
#include "FixedRateWalk.h"
#include <array>

using namespace uwt;

/// The element, row · 64 + column, at each position of a unit's u32 of a chunk (plane-1).
template <uint32_t chunk> static constexpr std::array<uint16_t, unitElements> makeElementOrder() {
  std::array<uint16_t, unitElements> order{};
  for (uint32_t row = 0; row < stripRows; ++row)
    for (uint32_t column = 0; column < fixedUnitColumns; ++column) {
      ChunkOffset offset =
          chunkOffset(chunk, column / blockColumns, fragmentPosition(row, column % blockColumns));
      order[offset.word * (32 / chunk) + offset.bit / chunk] =
          static_cast<uint16_t>(row * fixedUnitColumns + column);
    }
  return order;
}

template <uint32_t chunk> static constexpr auto elementOrder = makeElementOrder<chunk>();

/// Packs bits [shift, shift + chunk) of the halves of a unit.
template <uint32_t chunk>
static void packUnitChunk(const uint16_t *unit, uint32_t shift, uint8_t *out) {
  const uint16_t *order = elementOrder<chunk>.data();
  for (uint32_t word = 0; word < fragmentLanes * chunk; ++word) {
    uint32_t packed = 0;
    for (uint32_t bit = 0; bit < 32; bit += chunk)
      packed |= (uint32_t(unit[*order++]) >> shift & ((1u << chunk) - 1)) << bit;
    storeWord(out + word * 4, packed);
  }
}

template <uint32_t chunk>
static void unpackUnitChunk(const uint8_t *in, uint32_t shift, uint16_t *unit) {
  const uint16_t *order = elementOrder<chunk>.data();
  for (uint32_t word = 0; word < fragmentLanes * chunk; ++word) {
    uint32_t packed = loadWord(in + word * 4);
    for (uint32_t bit = 0; bit < 32; bit += chunk)
      unit[*order++] |= static_cast<uint16_t>((packed >> bit & ((1u << chunk) - 1)) << shift);
  }
}

/// Calls `visit.operator()<chunk>(shift, byte)` for the chunks of the top `bits` bits: the lowest
/// bit of a chunk in the half is `shift`, and it begins at byte `byte` of the unit.
template <typename Visit> static void forEachUnitChunk(uint32_t bits, Visit visit) {
  uint32_t shift = wholeLowBits - bits, byte = 0;
  auto next = [&]<uint32_t chunk>() {
    if ((bits & chunk) == 0)
      return;
    visit.template operator()<chunk>(shift, byte);
    shift += chunk;
    byte += unitBitBytes * chunk;
  };
  next.template operator()<8>();
  next.template operator()<4>();
  next.template operator()<2>();
  next.template operator()<1>();
}

namespace {
struct ShortLowDecoder {
  uint32_t bits;
  const uint8_t *in;

  void operator()(uint64_t index, uint16_t *to, size_t stride) const {
    alignas(64) uint16_t unit[unitElements] = {};
    const uint8_t *from = in + index * unitBitBytes * bits;
    forEachUnitChunk(bits, [&]<uint32_t chunk>(uint32_t shift, uint32_t byte) {
      unpackUnitChunk<chunk>(from + byte, shift, unit);
    });
    for (uint32_t row = 0; row < stripRows; ++row)
      std::copy_n(unit + row * fixedUnitColumns, fixedUnitColumns, to + row * stride);
  }
  void finish(uint64_t, uint16_t *, size_t) const {}
};
} // namespace

void uwt::encodeShortLow(Layout layout, uint32_t bits, PanelWords low, CodePath path,
                         std::vector<uint8_t> &out) {
  if (layout == Layout::RowMajor) // plane-2 is what low-2 has of each row.
    return encodeLowRows(low, std::vector<uint8_t>(low.rows, static_cast<uint8_t>(bits)), path,
                         out);
  out.resize(fieldBytes(layout, low.rows, low.columns, bits));
  encodeByStrips(
      low, fixedUnitColumns, 0, [&](uint64_t index, const uint16_t *data, size_t stride) {
        alignas(64) uint16_t unit[unitElements];
        for (uint32_t row = 0; row < stripRows; ++row)
          std::copy_n(data + row * stride, fixedUnitColumns, unit + row * fixedUnitColumns);
        uint8_t *to = out.data() + index * unitBitBytes * bits;
        forEachUnitChunk(bits, [&]<uint32_t chunk>(uint32_t shift, uint32_t byte) {
          packUnitChunk<chunk>(unit, shift, to + byte);
        });
      });
}

void uwt::decodeShortLow(Layout layout, uint32_t bits, std::span<const uint8_t> in, CodePath path,
                         MutablePanelWords out) {
  if (layout == Layout::RowMajor)
    return decodeLowRows(in, std::vector<uint8_t>(out.rows, static_cast<uint8_t>(bits)), path, out);
  decodeByStrips(*fixedKernels(path), out, fixedUnitColumns, ShortLowDecoder{bits, in.data()});
}
