//===- AnsCode.h - Asymmetric numeral systems -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What everyone who reads or writes codes of Rate::Ans agrees on: the numbers of the
// rules ans-1 to ans-9 of docs/formats.md, frequencies from stored weights, and what
// decoders look up.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_ANSCODE_H
#define UWT_CODEC_ANSCODE_H

#include <cstdint>
#include <span>
#include <vector>

namespace uwt {

struct Model;

/// Most symbols of an alphabet: the number of an entry, the escape's too, has 8 bits.
inline constexpr uint32_t maxAnsSymbols = 255;
/// Bits of an escaped symbol in the stream (ans-5).
inline constexpr uint32_t ansEscapeBits = 16;

/// The weight of a code (ans-2): 0 to 7 are their own, further ones have four significant bits.
inline constexpr uint32_t ansWeight(uint32_t code) {
  return code < 8 ? code : (8 + code % 8) << (code / 8 - 1);
}
inline constexpr uint32_t maxAnsWeightCode = 111;

/// Frequencies of a class from codes of weights, of which one is not 0: they add up to
/// 2^frequencyBits, and are 0 for weights of 0 alone (ans-2).
std::vector<uint32_t> ansFrequencies(std::span<const uint8_t> weights, uint32_t frequencyBits);

/// Code tables of a model, and the frequencies of one, whichever way it has them (ans-2, ans-9).
size_t ansTables(const Model &model);
std::vector<uint32_t> ansFrequencies(const Model &model, size_t table, uint32_t frequencyBits);

/// An entry of a decode table, by the lowest bits of a state.
namespace ans_entry {
/// Bits: frequency less 1, the state's offset into the entry's frequencies, the entry's number.
inline constexpr uint32_t offsetShift = 12, numberShift = 24, fieldMask = 0xFFF;
} // namespace ans_entry

/// Appends the entries of a class, a slot after another (ans-2).
void appendAnsEntries(std::span<const uint32_t> frequencies, std::vector<uint32_t> &table);

/// Lanes of a unit, one a row of eight (ans-4).
inline constexpr uint32_t ansLanes = 8;
/// A state below this takes a word of the stream (ans-3).
inline constexpr uint32_t ansWordBits = 16, leastAnsState = 1u << ansWordBits;
/// Columns of a lane's last run after which it takes none (ans-4).
inline constexpr uint32_t ansFinalColumns = 2;

} // namespace uwt

#endif // UWT_CODEC_ANSCODE_H
