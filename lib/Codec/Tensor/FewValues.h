//===- FewValues.h - Weights whose values are few ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights that were once quantised have a few values a block, times scales of many blocks. Their
// lower mantissa bits lean on the others, which those of natural weights do not.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_TENSOR_FEWVALUES_H
#define UWT_LIB_CODEC_TENSOR_FEWVALUES_H

#include "uwt/Codec/Statistics.h"

namespace uwt {

/// Mantissa bits that codes hold of natural weights: the others are noise.
inline constexpr uint32_t naturalMantissaBits = 2;

/// Prefix codes of 12 bits hold so many symbols well.
inline constexpr size_t maxPrefixSymbols = 256;

/// choice-13: whether the mantissa bits that codes of natural weights leave out say 1/16 bit an
/// element or more of each other and of the coded ones, and there are too many values for prefix
/// codes of all. `counts` are of magnitudes with `mantissaBits` bits each; one stands for `each`
/// elements that were not counted. False where too few were counted to tell.
bool haveFewValues(std::span<const uint64_t> counts, uint32_t mantissaBits, uint64_t each);
/// The same of a tensor, as its first 128 KiB show it.
bool haveFewValues(ElementType element, std::span<const uint8_t> source);

} // namespace uwt

#endif // UWT_LIB_CODEC_TENSOR_FEWVALUES_H
