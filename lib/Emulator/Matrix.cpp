//===- Matrix.cpp - mma.sync and ldmatrix ---------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fragments as the PTX ISA has them ("Matrix fragments for mma.m16n8k16"), with
// g = lane / 4 and t = lane % 4:
//
//   A (16 × k)  element i: row g + 8 · (i / 2 % 2), column 2 t + i % 2 + 8 · (i / 4)
//   B (k × 8)   element i: row 2 t + i % 2 + 8 · (i / 2), column g
//   C (16 × 8)  element i: row g + 8 · (i / 2), column 2 t + i % 2
//
// k = 8 has the first half of A's and B's elements.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "Numbers.h"
#include <cstring>

namespace uwt::emulator {

namespace {
struct Fragments {
  float a[16][16], b[16][8], sum[16][8];
};
} // namespace

/// One register: lane l goes to row l / 4 and column 2 (l % 4) from `to` on.
template <typename Decode>
static void unpack(const Lanes &from, float *to, unsigned rowStride, unsigned columnStride,
                   Decode decode) {
  for (unsigned g = 0; g < 8; ++g)
    for (unsigned t = 0; t < 4; ++t)
      to[g * rowStride + 2 * t * columnStride] = decode(from.lane[4 * g + t]);
}

/// Fragments of the registers from `a` and `b` on; `decode` makes floats of bits.
template <typename Decode>
static void unpack(const Lanes *a, const Lanes *b, unsigned depth, Fragments &to, Decode decode) {
  for (unsigned i = 0; i < depth / 2; ++i)
    unpack(a[i], &to.a[8 * (i / 2 % 2)][i % 2 + 8 * (i / 4)], 16, 1, decode);
  for (unsigned i = 0; i < depth / 4; ++i)
    unpack(b[i], &to.b[i % 2 + 8 * (i / 2)][0], 1, 8, decode);
}

static void multiply(Fragments &fragments, unsigned depth) {
  for (unsigned row = 0; row < 16; ++row) {
    // A copy that the compiler can keep in registers.
    float sum[8];
    std::memcpy(sum, fragments.sum[row], sizeof(sum));
    for (unsigned k = 0; k < depth; ++k)
      for (unsigned column = 0; column < 8; ++column)
        sum[column] += fragments.a[row][k] * fragments.b[k][column];
    std::memcpy(fragments.sum[row], sum, sizeof(sum));
  }
}

bool Warp::matrix(const Instruction &code) {
  if (!needLanes(allLanes))
    return false;
  Fragments fragments;
  if (code.kind == FloatKind::BF16)
    unpack(&reg(code.a), &reg(code.b), code.mode, fragments, fromBf16);
  else
    unpack(&reg(code.a), &reg(code.b), code.mode, fragments, fromF16);
  for (unsigned i = 0; i < 4; ++i)
    unpack(reg(code.c + i), &fragments.sum[8 * (i / 2)][i % 2], 8, 1,
           [](uint64_t bits) { return std::bit_cast<float>(uint32_t(bits)); });
  multiply(fragments, code.mode);
  for (unsigned i = 0; i < 4; ++i)
    for (unsigned l = 0; l < warpLanes; ++l)
      reg(code.dst + i).lane[l] =
          std::bit_cast<uint32_t>(fragments.sum[l / 4 + 8 * (i / 2)][2 * (l % 4) + i % 2]);
  return true;
}

bool Warp::loadMatrix(const Instruction &code) {
  if (!needLanes(allLanes))
    return false;
  // Lane 8 i + j has the address of row j of tile i; other lanes' addresses do not count.
  const Access &access = cluster.launch.program.accesses[code.target];
  unsigned rows = 8 * code.count;
  uint32_t used = uint32_t(maskOf(rows));
  Addresses addresses;
  if (!address(access, addresses, used))
    return false;
  const uint8_t *row[warpLanes];
  if (!checkReads(addresses, 16, used))
    return false;
  for (unsigned l = 0; l < rows; ++l)
    row[l] = memory(addresses) + addresses.lane[l];
  // A lane's part of a row is 4 bytes: one element of 32 bits, two of 16 or four of 8.
  unsigned elements = 32 / code.bits, bytes = code.bits / 8;
  for (unsigned tile = 0; tile < code.count; ++tile)
    for (unsigned l = 0; l < warpLanes; ++l)
      for (unsigned e = 0; e < elements; ++e) {
        unsigned r = l / 4, column = l % 4 * elements + e;
        if (code.mode)
          std::swap(r, column);
        uint64_t value = 0;
        for (unsigned i = 0; i < bytes; ++i)
          value |= uint64_t(row[8 * tile + r][column * bytes + i]) << (8 * i);
        reg(code.dst + tile * elements + e).lane[l] = value;
      }
  uint32_t all = mask;
  mask = used;
  countAccess(addresses, 16, false);
  mask = all;
  return true;
}

} // namespace uwt::emulator
