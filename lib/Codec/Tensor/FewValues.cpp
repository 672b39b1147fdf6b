//===- FewValues.cpp - Weights whose values are few -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FewValues.h"
#include "../FixedLog2.h"
#include <algorithm>
#include <vector>

using namespace uwt;

namespace {
/// Of F16 the last three mantissa bits are not looked at: so many magnitudes would each be rare.
constexpr uint32_t fineMantissaBits = 7;
/// Fewer elements do not show how often a thousand values are.
constexpr uint64_t leastCounted = uint64_t(1) << 15;
/// What lower mantissa bits must say: 1/gainDivisor bit an element. Blocks of 32 or 128 values of 4
/// bits have 0.08 and more, natural weights 0.02 and less.
constexpr uint64_t gainDivisor = 16;
/// Bytes of a tensor that show its values.
constexpr size_t firstBytes = size_t(1) << 17;

/// How many symbols occur, and the bits that all elements take by their entropy, in 1/65536.
struct SymbolBits {
  uint64_t symbols = 0, elements = 0, bits = 0;

  /// Of counters in groups of 2^shift.
  SymbolBits(std::span<const uint64_t> counts, uint32_t shift) {
    uint64_t ofSymbols = 0;
    for (size_t first = 0; first < counts.size(); first += size_t(1) << shift) {
      uint64_t count = 0;
      for (uint64_t one :
           counts.subspan(first, std::min(size_t(1) << shift, counts.size() - first)))
        count += one;
      if (count == 0)
        continue;
      ++symbols;
      elements += count;
      ofSymbols += count * fixedLog2(count);
    }
    if (elements)
      bits = elements * fixedLog2(elements) - ofSymbols;
  }
};
} // namespace

bool uwt::haveFewValues(std::span<const uint64_t> counts, uint32_t mantissaBits, uint64_t each) {
  if (mantissaBits <= naturalMantissaBits)
    return false;
  uint32_t fineBits = std::min(mantissaBits, fineMantissaBits);
  SymbolBits fine(counts, mantissaBits - fineBits);
  if (fine.elements / each < leastCounted || fine.symbols <= maxPrefixSymbols)
    return false;
  SymbolBits coarse(counts, mantissaBits - naturalMantissaBits);
  // Entropies of samples are too low by (symbols - 1) / 2n nats an element (Miller 1955).
  constexpr uint64_t biasEach = 47274; // 65536 / (2 ln 2)
  uint64_t bias = (fine.symbols - coarse.symbols) * biasEach * each;
  uint64_t raw = fine.elements * (fineBits - naturalMantissaBits) << 16;
  return fine.bits + bias + (fine.elements << 16) / gainDivisor <= coarse.bits + raw;
}

/// Counts of magnitudes of the first elements.
static std::vector<uint64_t> countShown(const ElementTraits &traits,
                                        std::span<const uint8_t> source) {
  source = source.first(std::min(source.size(), firstBytes));
  std::vector<uint64_t> counts(size_t(1) << (traits.wordBits - 1));
  // The word of an F32 is its upper half.
  for (size_t at = traits.bytes; at <= source.size(); at += traits.bytes)
    ++counts[(source[at - 2] | source[at - 1] << 8) & (counts.size() - 1)];
  return counts;
}

bool uwt::haveFewValues(ElementType element, std::span<const uint8_t> source) {
  const ElementTraits &traits = getTraits(element);
  return traits.signBits != 0 && traits.wordBits == 16 &&
         haveFewValues(countShown(traits, source), traits.mantissaBits, /*each=*/1);
}
