//===- Avx512.h - What files for AVX-512 share ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Empty where the processor is another one. Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_AVX512_H
#define UWT_LIB_CODEC_AVX512_H

#if defined(__x86_64__)
#include <cstdint>
#include <immintrin.h>

/// For functions that run on machines of SimdLevel::Avx512 only.
#define UWT_AVX512                                                                                 \
  __attribute__((target(                                                                           \
      "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi,bmi2,lzcnt,popcnt")))

namespace uwt::avx512 {

/// Bits of `a` where `mask` has ones, else of `b`.
[[gnu::always_inline]] UWT_AVX512 inline __m512i select(__m512i a, __m512i b, __m512i mask) {
  // The truth table of mask ? a : b, with a, b, mask as bits 2, 1, 0 of the index.
  return _mm512_ternarylogic_epi32(a, b, mask, 0xE4);
}

/// 256 bytes in four registers, looked up 64 at a time.
struct ByteTable {
  __m512i part[4];

  [[gnu::always_inline]] UWT_AVX512 explicit ByteTable(const uint8_t *from) {
    for (int i = 0; i < 4; ++i)
      part[i] = _mm512_loadu_si512(from + 64 * i);
  }
  [[gnu::always_inline]] UWT_AVX512 __m512i operator[](__m512i index) const {
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index),
                                  _mm512_permutex2var_epi8(part[0], index, part[1]),
                                  _mm512_permutex2var_epi8(part[2], index, part[3]));
  }
};

} // namespace uwt::avx512

#endif

#endif // UWT_LIB_CODEC_AVX512_H
