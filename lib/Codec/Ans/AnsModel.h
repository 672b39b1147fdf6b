//===- AnsModel.h - Alphabets and frequencies -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models of asymmetric numeral systems (J. Duda, "Asymmetric numeral systems",
// arXiv:1311.2540; the range variant, rANS): an alphabet, and for each row class
// the weights that its frequencies are made of. Weights have few significant bits,
// and each is stored as its difference from the one before, so that a table takes
// two or three bits a symbol.
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_ANS_ANSMODEL_H
#define UWT_LIB_CODEC_ANS_ANSMODEL_H

#include "uwt/Codec/Codec.h"

namespace uwt {

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

/// The model of fewest bits for `statistics`. In every class the escape has a frequency; symbols
/// have one where that is cheaper than escaping them.
Model buildAnsModel(uint32_t frequencyBits, const SymbolStatistics &statistics);

/// About the bits of streams and tables of that model, [class][symbol]; `unknown` elements of each
/// class (or none) have other symbols.
double estimateAnsBits(uint32_t frequencyBits, std::span<const std::vector<uint64_t>> counts,
                       std::span<const uint64_t> unknown);

void writeAnsModel(const Model &model, std::vector<uint32_t> &words);
/// As Codec::readModel.
Expected<Model> readAnsModel(uint32_t classes, const FieldSplit &split,
                             std::span<const uint32_t> words, size_t &used);

} // namespace uwt

#endif // UWT_LIB_CODEC_ANS_ANSMODEL_H
