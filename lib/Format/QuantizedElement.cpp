//===- QuantizedElement.cpp - Elements of quantised weights ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/QuantizedElement.h"
#include <algorithm>
#include <utility>

using namespace uwt;

static constexpr std::string_view unsignedKeyword = "uint", signedKeyword = "int";
static constexpr std::string_view tableKeyword = "table", floatKeyword = "float";
static constexpr uint32_t maxBits = 8, maxTableBits = 4;
/// Of float<e,m>. Exponents of 5 bits have one more than f16, through which codes become f32.
static constexpr uint32_t minFloatBits = 3, maxExponentBits = 4;
static constexpr std::pair<std::string_view, SmallFloat> floats[] = {{"f4E2M1FN", float4E2M1},
                                                                     {"f6E2M3FN", float6E2M3},
                                                                     {"f6E3M2FN", float6E3M2},
                                                                     {"f8E4M3FN", float8E4M3},
                                                                     {"f8E5M2", float8E5M2}};

static const SmallFloat *findFloat(std::string_view keyword) {
  for (const auto &[name, kind] : floats)
    if (name == keyword)
      return &kind;
  return nullptr;
}

/// The float of any bits that a term names.
static std::optional<SmallFloat> anyFloat(const Term &term) {
  if (term.keyword != floatKeyword || term.parameters.size() != 2)
    return std::nullopt;
  uint32_t exponentBits = term.parameters[0], mantissaBits = term.parameters[1];
  if (exponentBits == 0 || exponentBits > maxExponentBits || mantissaBits > maxBits)
    return std::nullopt;
  SmallFloat kind = {exponentBits, mantissaBits};
  bool isServed = kind.bits() >= minFloatBits && kind.bits() <= maxBits;
  return isServed ? std::optional(kind) : std::nullopt;
}

static bool isInteger(std::string_view keyword) {
  return keyword == unsignedKeyword || keyword == signedKeyword;
}

bool QuantizedElement::isKeyword(std::string_view keyword) {
  return isInteger(keyword) || keyword == tableKeyword || keyword == floatKeyword ||
         findFloat(keyword);
}

std::optional<QuantizedElement> QuantizedElement::find(const Term &term) {
  if (const SmallFloat *kind = findFloat(term.keyword); kind && term.parameters.empty())
    return QuantizedElement{kind->bits(), true, *kind};
  if (std::optional<SmallFloat> kind = anyFloat(term))
    return QuantizedElement{kind->bits(), true, kind};
  bool isTable = term.keyword == tableKeyword;
  if ((!isTable && !isInteger(term.keyword)) || term.parameters.size() != 1 ||
      term.parameters[0] == 0 || term.parameters[0] > (isTable ? maxTableBits : maxBits))
    return std::nullopt;
  return QuantizedElement{term.parameters[0], term.keyword == signedKeyword, std::nullopt, isTable};
}

std::vector<float> QuantizedElement::values() const {
  if (isTable)
    return {};
  if (kind)
    return kind->values();
  uint32_t count = 1u << bits;
  std::vector<float> numbers;
  for (uint32_t code = 0; code < count; ++code) {
    bool isNegative = isSigned && code >= count / 2;
    numbers.push_back(static_cast<float>(code) - static_cast<float>(isNegative ? count : 0));
  }
  return numbers;
}
