//===- BF16.h - Between bf16 words and floats -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_FORMAT_BF16_H
#define UWT_FORMAT_BF16_H

#include <bit>
#include <cstdint>

namespace uwt {

/// Nearest bf16, ties to even; `value` is finite.
inline uint16_t toBF16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

inline float fromBF16(uint16_t word) { return std::bit_cast<float>(uint32_t(word) << 16); }

} // namespace uwt

#endif // UWT_FORMAT_BF16_H
