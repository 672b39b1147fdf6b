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
// two or three bits a symbol. With tables=exact frequencies are stored in that way
// themselves: four or five bits a symbol, and nothing is lost to rounding.
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_ANS_ANSMODEL_H
#define UWT_LIB_CODEC_ANS_ANSMODEL_H

#include "uwt/Codec/AnsCode.h"
#include "uwt/Codec/Codec.h"

namespace uwt {

/// The model of fewest bits for `statistics`. In every class the escape has a frequency; symbols
/// have one where that is cheaper than escaping them.
Model buildAnsModel(const CodecTraits &traits, const SymbolStatistics &statistics);

/// About the bits of streams and tables of that model, [class][symbol]; `unknown` elements of each
/// class (or none) have other symbols.
double estimateAnsBits(const CodecTraits &traits, std::span<const std::vector<uint64_t>> counts,
                       std::span<const uint64_t> unknown);

void writeAnsModel(const Model &model, const CodecTraits &traits, std::vector<uint32_t> &words);
/// As Codec::readModel.
Expected<Model> readAnsModel(uint32_t tables, const CodecTraits &traits, const FieldSplit &split,
                             std::span<const uint32_t> words, size_t &used);

} // namespace uwt

#endif // UWT_LIB_CODEC_ANS_ANSMODEL_H
