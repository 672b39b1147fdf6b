//===- PrefixCode.h - Length-limited canonical prefix codes -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Code lengths and code words, without any notion of tensors.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_PREFIXCODE_H
#define UWT_CODEC_PREFIXCODE_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <span>
#include <vector>

namespace uwt {

/// Longest code word of any prefix codec (prefix-2).
inline constexpr uint32_t longestCodeWord = 15;

/// Optimal code lengths of at most `maxLength` bits (1...15) for `counts`, by package-merge
/// (Larmore and Hirschberg, "A fast algorithm for optimal length-limited Huffman codes", 1990).
/// Entries with count 0 get length 0; a single entry gets length 1; ties are
/// broken by index, so that the result is the same everywhere. Precondition: at
/// most 2^maxLength counts are not 0.
std::vector<uint8_t> limitedCodeLengths(std::span<const uint64_t> counts, uint32_t maxLength);

/// Checks prefix-2 of docs/formats.md: lengths at most `maxLength`, and complete (or a
/// single entry of length 1, or no entry at all).
Status checkCodeLengths(std::span<const uint8_t> lengths, uint32_t maxLength);

/// Canonical code words (highest bit first, right-aligned) of checked lengths;
/// 0 for entries that never occur.
std::vector<uint16_t> canonicalCodeWords(std::span<const uint8_t> lengths);

/// `word` of `length` bits with its bits in opposite order.
uint32_t reverseBits(uint32_t word, uint32_t length);

} // namespace uwt

#endif // UWT_CODEC_PREFIXCODE_H
