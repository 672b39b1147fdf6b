//===- InPlace.cpp - inplace<12> and inplace<11>, half word by half word --===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reference of packing=inplace: fields at their operand positions inside
// half words, further weights in the spare bits.
//
//   inplace<12>   15 14    11 10       7 6             0
//                 s  x x x x  c  c  c  c m m m m m m m
//   inplace<11>   15 14      10 9     7 6             0
//                 s  x x x x x  c  c  c m m m m m m m
//
//===----------------------------------------------------------------------===//

#include "FixedRate.h"
#include <array>

using namespace uwt;

static constexpr uint32_t mantissaBits = 7;

/// The half word of a code and a raw field (sign over mantissa).
static uint16_t halfOf(uint32_t code, uint32_t raw) {
  return static_cast<uint16_t>((raw >> mantissaBits) << 15 | code << mantissaBits | (raw & 0x7F));
}
static uint16_t codeOf(uint16_t half, uint32_t codeBits) {
  return half >> mantissaBits & ((1u << codeBits) - 1);
}
static uint16_t rawOf(uint16_t half) {
  return static_cast<uint16_t>(half >> 15 << mantissaBits | (half & 0x7F));
}

/// Bits [low, low + count) of `half`.
static uint16_t bitsOf(uint16_t half, uint32_t low, uint32_t count) {
  return half >> low & ((1u << count) - 1);
}

/// Two half words of a register, half 0 first.
using Register = std::array<uint16_t, 2>;

/// inplace12-1: three stored words from four registers.
static std::array<Register, 3> packRegisters12(const std::array<Register, 4> &p) {
  std::array<Register, 3> w = {p[0], p[1], p[2]};
  for (uint32_t h = 0; h < 2; ++h) {
    uint16_t x = p[3][h], other = p[3][1 - h];
    w[2][h] |= bitsOf(x, 7, 4) << 11;
    w[1][h] |= bitsOf(x, 3, 4) << 11;
    w[0][h] |= bitsOf(x, 0, 3) << 12 | bitsOf(other, 15, 1) << 11;
  }
  return w;
}

static std::array<Register, 4> unpackRegisters12(const std::array<Register, 3> &w) {
  std::array<Register, 4> p{};
  for (uint32_t i = 0; i < 3; ++i)
    for (uint32_t h = 0; h < 2; ++h)
      p[i][h] = w[i][h] & 0x87FF;
  for (uint32_t h = 0; h < 2; ++h)
    p[3][h] = static_cast<uint16_t>(bitsOf(w[2][h], 11, 4) << 7 | bitsOf(w[1][h], 11, 4) << 3 |
                                    bitsOf(w[0][h], 12, 3) | bitsOf(w[0][1 - h], 11, 1) << 15);
  return p;
}

/// inplace11-1: eleven stored words from sixteen registers.
static std::array<Register, 11> packRegisters11(const std::array<Register, 16> &q) {
  std::array<Register, 11> v;
  for (uint32_t i = 0; i < 11; ++i)
    v[i] = q[i];
  for (uint32_t i = 0; i < 5; ++i)
    for (uint32_t h = 0; h < 2; ++h) {
      uint16_t x = q[11 + i][h];
      v[2 * i][h] |= bitsOf(x, 5, 5) << 10;
      v[2 * i + 1][h] |= bitsOf(x, 0, 5) << 10;
      v[10][h] |= bitsOf(x, 15, 1) << (10 + i);
    }
  return v;
}

static std::array<Register, 16> unpackRegisters11(const std::array<Register, 11> &v) {
  std::array<Register, 16> q{};
  for (uint32_t i = 0; i < 11; ++i)
    for (uint32_t h = 0; h < 2; ++h)
      q[i][h] = v[i][h] & 0x83FF;
  for (uint32_t i = 0; i < 5; ++i)
    for (uint32_t h = 0; h < 2; ++h)
      q[11 + i][h] =
          static_cast<uint16_t>(bitsOf(v[2 * i][h], 10, 5) << 5 | bitsOf(v[2 * i + 1][h], 10, 5) |
                                bitsOf(v[10][h], 10 + i, 1) << 15);
  return q;
}

namespace {

/// Calls `visit(byte, at)` for each group of registers that are stored together:
/// `byte` is where kind 0 lies, and `at(i, h)` the row and column of half h of the
/// group's register i.
template <typename Visit>
void forEachGroup(uint32_t codeBits, uint32_t rows, uint64_t columns, Visit visit) {
  // A unit holds 4 x lanes groups: [kind][lane][block], or [kind][lane][group].
  UnitGeometry unit = unitInPlace(codeBits);
  uint32_t width = unit.columns, unitBytes = 4 * unit.codeU32;
  uint64_t unitStart = 0;
  for (uint64_t firstColumn = 0; firstColumn < columns; firstColumn += width)
    for (uint64_t firstRow = 0; firstRow < rows; firstRow += stripRows, unitStart += unitBytes)
      for (uint32_t lane = 0; lane < fragmentLanes; ++lane)
        for (uint32_t group = 0; group < 4; ++group)
          visit(unitStart + 4 * (4 * lane + group), [=](uint32_t i, uint32_t h) {
            uint64_t column = firstColumn + group * width / 4 + i / 4 * blockColumns;
            return std::pair(firstRow + fragmentRow(lane, i % 4),
                             column + fragmentColumn(lane, i % 4, h));
          });
}

constexpr uint32_t kindBytes = 4 * 4 * fragmentLanes;

} // namespace

UnitGeometry uwt::unitInPlace(uint32_t codeBits) {
  // panel-3: three words of four registers in 64 columns, or eleven of sixteen in 256.
  UnitGeometry unit;
  unit.columns = codeBits == 4 ? fixedUnitColumns : 4 * fixedUnitColumns;
  unit.codeU32 = (codeBits == 4 ? 3 : 11) * kindBytes / 4;
  // The u32 of a kind and lane are a group's each.
  unit.codeGroupStride = 1;
  return unit;
}

void uwt::packInPlace(uint32_t codeBits, uint32_t rows, uint64_t columns,
                      std::span<const uint16_t> codes, std::span<const uint16_t> raws,
                      uint16_t paddingCode, std::span<uint8_t> out) {
  forEachGroup(codeBits, rows, columns, [&](uint64_t byte, auto at) {
    auto half = [&](uint32_t i, uint32_t h) {
      auto [row, column] = at(i, h);
      bool exists = row < rows && column < columns;
      uint64_t element = row * columns + column;
      return exists ? halfOf(codes[element], raws[element]) : halfOf(paddingCode, 0); // order-7
    };
    auto store = [&](const auto &words) {
      for (size_t kind = 0; kind < words.size(); ++kind)
        storeWord(out.data() + byte + kind * kindBytes, words[kind][0] | uint32_t(words[kind][1])
                                                                             << 16);
    };
    std::array<Register, 16> registers{};
    for (uint32_t i = 0; i < (codeBits == 4 ? 4 : 16); ++i)
      registers[i] = {half(i, 0), half(i, 1)};
    if (codeBits == 4)
      store(packRegisters12({registers[0], registers[1], registers[2], registers[3]}));
    else
      store(packRegisters11(registers));
  });
}

void uwt::unpackInPlace(uint32_t codeBits, uint32_t rows, uint64_t columns,
                        std::span<const uint8_t> in, std::span<uint16_t> codes,
                        std::span<uint16_t> raws) {
  forEachGroup(codeBits, rows, columns, [&](uint64_t byte, auto at) {
    auto load = [&](auto words) {
      for (size_t kind = 0; kind < words.size(); ++kind) {
        uint32_t word = loadWord(in.data() + byte + kind * kindBytes);
        words[kind] = {static_cast<uint16_t>(word), static_cast<uint16_t>(word >> 16)};
      }
      return words;
    };
    auto keep = [&](const auto &registers) {
      for (uint32_t i = 0; i < registers.size(); ++i)
        for (uint32_t h = 0; h < 2; ++h) {
          auto [row, column] = at(i, h);
          if (row >= rows || column >= columns)
            continue;
          codes[row * columns + column] = codeOf(registers[i][h], codeBits);
          raws[row * columns + column] = rawOf(registers[i][h]);
        }
    };
    if (codeBits == 4)
      keep(unpackRegisters12(load(std::array<Register, 3>())));
    else
      keep(unpackRegisters11(load(std::array<Register, 11>())));
  });
}
