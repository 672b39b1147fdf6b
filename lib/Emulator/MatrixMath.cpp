//===- MatrixMath.cpp - Products of fragments -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixMath.h"
#include "Numbers.h"
#include <cstring>

namespace uwt::emulator {

/// One register: lane l goes to row l / 4 and column 2 (l % 4) from `to` on.
template <typename Decode>
static void unpackRegister(const Lanes &from, float *to, unsigned rowStride, unsigned columnStride,
                           Decode decode) {
  for (unsigned g = 0; g < 8; ++g)
    for (unsigned t = 0; t < 4; ++t)
      to[g * rowStride + 2 * t * columnStride] = decode(from.lane[4 * g + t]);
}

static void unpackElements(const Lanes &from, unsigned shift, FloatKind kind, float *to,
                           unsigned rowStride, unsigned columnStride) {
  if (kind == FloatKind::BF16)
    unpackRegister(from, to, rowStride, columnStride,
                   [=](uint64_t bits) { return fromBf16(bits >> shift & 0xffff); });
  else
    unpackRegister(from, to, rowStride, columnStride,
                   [=](uint64_t bits) { return fromF16(bits >> shift & 0xffff); });
}

void MmaFragments::setA(unsigned i, const Lanes &from, unsigned shift, FloatKind kind) {
  unpackElements(from, shift, kind, &a[8 * (i / 2 % 2)][i % 2 + 8 * (i / 4)], 16, 1);
}

void MmaFragments::setB(unsigned i, const Lanes &from, unsigned shift, FloatKind kind) {
  unpackElements(from, shift, kind, &b[i % 2 + 8 * (i / 2)][0], 1, 8);
}

void MmaFragments::setSum(unsigned i, const Lanes &from) {
  unpackRegister(from, &sum[8 * (i / 2)][i % 2], 8, 1,
                 [](uint64_t bits) { return std::bit_cast<float>(uint32_t(bits)); });
}

void MmaFragments::getSum(unsigned i, Lanes &to) const {
  for (unsigned l = 0; l < warpLanes; ++l)
    to.lane[l] = std::bit_cast<uint32_t>(sum[l / 4 + 8 * (i / 2)][2 * (l % 4) + i % 2]);
}

void MmaFragments::multiply(unsigned depth) {
  for (unsigned row = 0; row < 16; ++row) {
    // A copy that the compiler can keep in registers.
    float total[8];
    std::memcpy(total, sum[row], sizeof(total));
    for (unsigned k = 0; k < depth; ++k)
      for (unsigned column = 0; column < 8; ++column)
        total[column] += a[row][k] * b[k][column];
    std::memcpy(sum[row], total, sizeof(total));
  }
}

static int32_t byteOf(uint64_t bits, unsigned shift) {
  return static_cast<int8_t>(bits >> shift & 0xff);
}

void ByteFragments::setA(unsigned i, const Lanes &from, unsigned shift) {
  for (unsigned l = 0; l < warpLanes; ++l)
    a[l / 4 + 8 * (i / 4 % 2)][4 * (l % 4) + i % 4 + 16 * (i / 8)] = byteOf(from.lane[l], shift);
}

void ByteFragments::setB(unsigned i, const Lanes &from, unsigned shift) {
  for (unsigned l = 0; l < warpLanes; ++l)
    b[4 * (l % 4) + i % 4 + 16 * (i / 4)][l / 4] = byteOf(from.lane[l], shift);
}

void ByteFragments::setSum(unsigned i, const Lanes &from) {
  for (unsigned l = 0; l < warpLanes; ++l)
    sum[l / 4 + 8 * (i / 2)][2 * (l % 4) + i % 2] = uint32_t(from.lane[l]);
}

void ByteFragments::getSum(unsigned i, Lanes &to) const {
  for (unsigned l = 0; l < warpLanes; ++l)
    to.lane[l] = sum[l / 4 + 8 * (i / 2)][2 * (l % 4) + i % 2];
}

void ByteFragments::multiply() {
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned k = 0; k < depth; ++k)
      for (unsigned column = 0; column < 8; ++column)
        sum[row][column] += uint32_t(a[row][k] * b[k][column]);
}

template <typename Number>
void WarpgroupRows<Number>::add(const Lanes *const *a, FloatKind kind, const Number *b) {
  Number rows[16][depth];
  constexpr unsigned ofRegister = areBytes ? 4 : 2, bits = 32 / ofRegister;
  for (unsigned r = 0; r < 4; ++r)
    for (unsigned l = 0; l < warpLanes; ++l)
      for (unsigned e = 0; e < ofRegister; ++e) {
        Number &number = rows[l / 4 + 8 * (r % 2)][ofRegister * (l % 4) + e + depth / 2 * (r / 2)];
        if constexpr (areBytes)
          number = uint32_t(byteOf(a[r]->lane[l], bits * e));
        else
          number = toFloat(a[r]->lane[l] >> (bits * e) & 0xffff, kind);
      }
  add(rows, b);
}

template <typename Number>
void WarpgroupRows<Number>::add(const Number (&a)[16][depth], const Number *b) {
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned k = 0; k < depth; ++k)
      for (unsigned column = 0; column < columns; ++column)
        sums[row * maxColumns + column] += a[row][k] * b[k * maxColumns + column];
}

template <typename Number>
void WarpgroupRows<Number>::setHalf(Number *b, unsigned column, unsigned half, const uint8_t *bytes,
                                    FloatKind kind) {
  Number *to = b + depth / 2 * half * maxColumns + column;
  for (unsigned k = 0; k < depth / 2; ++k, to += maxColumns) {
    if constexpr (areBytes) {
      *to = uint32_t(int32_t(static_cast<int8_t>(bytes[k])));
    } else {
      uint16_t word;
      std::memcpy(&word, bytes + 2 * k, sizeof(word));
      *to = toFloat(word, kind);
    }
  }
}

template class uwt::emulator::WarpgroupRows<float>;
template class uwt::emulator::WarpgroupRows<uint32_t>;

uint64_t MatrixDescriptor::offset(unsigned column, unsigned half) const {
  static constexpr unsigned widths[] = {0, 128, 64, 32};
  unsigned width = widths[bits >> 62];
  uint64_t tile = field(0) + column / 8 * field(32);
  if (width == 0)
    return tile + half * field(16) + column % 8 * coreBytes;
  uint64_t address = tile + column % 8 * width + half * coreBytes;
  return address ^ ((address >> 7 & (width / coreBytes - 1)) << 4);
}

} // namespace uwt::emulator
