//===- PrefixStreamNeon.cpp - Prefix codes on AArch64 ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops are the portable ones: AArch64 shifts by any register and counts leading zeros.
// Vectors join symbols and raw fields of 8 bits.
//
//===----------------------------------------------------------------------===//

#include "PrefixStreamKernels.h"

using namespace uwt;

#if defined(__aarch64__)
#include <arm_neon.h>

namespace {

/// Eight words of top-aligned symbols and of raw fields, of which both bytes of a column hold a
/// copy: the sign is the top bit.
UWT_INLINE void storeJoined(uint16_t *to, const uint16_t *symbols, uint16x8_t raw) {
  const uint16x8_t keep = vdupq_n_u16(0x807F);
  vst1q_u16(to, vbslq_u16(keep, raw, vshrq_n_u16(vld1q_u16(symbols), 1)));
}

/// Bytes of a u32 of a unit (plane-1), by half and row: |h1 g+8|h1 g|h0 g+8|h0 g|. Its lanes
/// 4g ... 4g + 3 lie together, [lane][block], so that a load of every fourth gives a vector a
/// block.
void merge8(const MergeJob &job, bool /*stream*/) {
  for (uint32_t group = 0; group < job.groups; ++group) {
    const uint8_t *raw = job.raw + group * job.groupBytes + size_t(job.rowInStrip) * 64;
    // Columns 0 ... 7 of each block, then 8 ... 15.
    for (uint32_t right = 0; right < 2; ++right) {
      uint32x4x4_t blocks =
          vld4q_u32(reinterpret_cast<const uint32_t *>(raw + right * size_t(512)));
      for (uint32_t block = 0; block < 4; ++block) {
        size_t at = group * size_t(fixedUnitColumns) + block * size_t(16) + right * size_t(8);
        uint16x8_t both = vreinterpretq_u16_u32(blocks.val[block]);
        storeJoined(job.outLow + at, job.low + at, vsliq_n_u16(both, both, 8));
        storeJoined(job.outHigh + at, job.high + at, vsriq_n_u16(both, both, 8));
      }
    }
  }
}

uint32_t joinRow8(const RowJob &job) {
  uint32_t count = job.count / 16 * 16;
  const uint8_t *raw = job.raw + job.first;
  for (uint32_t column = 0; column < count; column += 16) {
    uint8x16_t bytes = vld1q_u8(raw + column);
    storeJoined(job.out + column, job.symbols + column,
                vreinterpretq_u16_u8(vzip1q_u8(bytes, bytes)));
    storeJoined(job.out + column + 8, job.symbols + column + 8,
                vreinterpretq_u16_u8(vzip2q_u8(bytes, bytes)));
  }
  return count;
}

} // namespace

const PrefixKernels &uwt::neonPrefixKernels() {
  static const PrefixKernels kernels = [] {
    PrefixKernels made = portablePrefixKernels();
    made.merge8 = merge8;
    made.joinRow8 = joinRow8;
    return made;
  }();
  return kernels;
}

#else

const PrefixKernels &uwt::neonPrefixKernels() { return portablePrefixKernels(); }

#endif
