//===- ElementType.cpp - Element types and how their bits split -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/ElementType.h"
#include <algorithm>
#include <cassert>
#include <iterator>

using namespace uwt;

// field-1: in the order of ElementType.
static constexpr ElementTraits elementTable[] = {
    // name, safetensors name, bytes, word, sign, exponent, mantissa, low, reader
    {"bf16", "BF16", 2, 16, 1, 8, 7, 0, 1},     {"f16", "F16", 2, 16, 1, 5, 10, 0, 1},
    {"f32", "F32", 4, 16, 1, 8, 7, 16, 1},      {"f8E4M3FN", "F8_E4M3", 1, 8, 1, 4, 3, 0, 1},
    {"f8E5M2", "F8_E5M2", 1, 8, 1, 5, 2, 0, 1}, {"uint8", "U8", 1, 8, 0, 4, 4, 0, 3},
    {"uint16", "", 2, 16, 0, 8, 8, 0, 6},
};
static constexpr uint8_t elementCount = std::size(elementTable);

/// field-3: dtypes whose bytes are coded.
static constexpr std::string_view byteDtypes[] = {"BOOL", "I8",  "F8_E8M0", "F8_E4M3FNUZ",
                                                  "I16",  "U16", "I32",     "F8_E5M2FNUZ",
                                                  "U32",  "I64", "U64"};

const ElementTraits &uwt::getTraits(ElementType type) {
  return elementTable[static_cast<uint8_t>(type)];
}

std::optional<ElementType> uwt::parseElementType(std::string_view name) {
  for (uint8_t i = 0; i < elementCount; ++i)
    if (elementTable[i].name == name)
      return static_cast<ElementType>(i);
  return std::nullopt;
}

std::optional<ElementType> uwt::elementTypeFromSafetensors(std::string_view dtype) {
  for (uint8_t i = 0; i < elementCount; ++i)
    if (elementTable[i].safetensorsName == dtype)
      return static_cast<ElementType>(i);
  return std::nullopt;
}

std::optional<ElementType> uwt::storedElementType(std::string_view dtype) {
  if (std::find(std::begin(byteDtypes), std::end(byteDtypes), dtype) != std::end(byteDtypes))
    return ElementType::UInt8;
  return elementTypeFromSafetensors(dtype);
}

// diff-1
ElementType uwt::differenceElementType(unsigned dtypeBits) {
  return dtypeBits == 8 ? ElementType::UInt8 : ElementType::UInt16;
}

// field-2
FieldSplit uwt::splitOf(ElementType type, unsigned codedMantissa, bool codedSign) {
  const ElementTraits &traits = getTraits(type);
  assert(codedMantissa <= traits.mantissaBits && "more coded bits than the mantissa has");
  unsigned coded = traits.exponentBits + codedMantissa, raw = traits.mantissaBits - codedMantissa;
  if (codedSign)
    return {traits.wordBits, traits.signBits + coded, raw, 0};
  return {traits.wordBits, coded, raw, traits.signBits};
}
