//===- QuantizedElement.cpp - Elements of quantised weights ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/QuantizedElement.h"
#include <algorithm>
#include <cmath>

namespace uwt {
#define UWT_ELEMENT(name) const ElementFamily &get##name##Elements();
#include "Elements.def"
#undef UWT_ELEMENT
} // namespace uwt

using namespace uwt;

//===----------------------------------------------------------------------===//
// The registry
//===----------------------------------------------------------------------===//

static std::vector<const ElementFamily *> &registry() {
  static std::vector<const ElementFamily *> families = {
#define UWT_ELEMENT(name) &get##name##Elements(),
#include "Elements.def"
#undef UWT_ELEMENT
  };
  return families;
}

std::span<const ElementFamily *const> uwt::allElements() { return registry(); }

ElementRegistration::ElementRegistration(const ElementFamily &family) {
  registry().push_back(&family);
}

static const ElementFamily *findFamily(std::string_view keyword) {
  auto found = std::ranges::find(allElements(), keyword, &ElementFamily::keyword);
  return found == allElements().end() ? nullptr : *found;
}

std::optional<QuantizedElement> uwt::elementOfBits(std::span<const uint32_t> parameters,
                                                   uint32_t maxBits) {
  if (parameters.size() != 1 || parameters[0] == 0 || parameters[0] > maxBits)
    return std::nullopt;
  QuantizedElement element;
  element.bits = parameters[0];
  return element;
}

bool QuantizedElement::isKeyword(std::string_view keyword) { return findFamily(keyword); }

std::optional<QuantizedElement> QuantizedElement::find(const Term &term) {
  const ElementFamily *family = findFamily(term.keyword);
  return family ? family->find(term.parameters) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

std::vector<float> QuantizedElement::values() const {
  if (isTable || !numbers.empty())
    return numbers;
  if (kind)
    return kind->values();
  uint32_t count = 1u << bits;
  std::vector<float> integers;
  for (uint32_t code = 0; code < count; ++code) {
    bool isNegative = isSigned && code >= count / 2;
    integers.push_back(static_cast<float>(code) - static_cast<float>(isNegative ? count : 0));
  }
  return integers;
}

/// The fewest bits of an integer with a sign that has all of these numbers.
static std::optional<uint32_t> integerBits(std::span<const float> numbers) {
  constexpr uint32_t maxBits = 8;
  if (!std::ranges::all_of(numbers, [](float number) { return number == std::trunc(number); }))
    return std::nullopt;
  auto [smallest, largest] = std::ranges::minmax(numbers);
  for (uint32_t bits = 1; bits <= maxBits; ++bits) {
    auto limit = static_cast<float>(1 << (bits - 1));
    if (smallest >= -limit && largest < limit)
      return bits;
  }
  return std::nullopt;
}

std::optional<Term> uwt::heldElement(const Term &element) {
  constexpr uint32_t maxTableBits = 4;
  std::optional<QuantizedElement> own = QuantizedElement::find(element);
  if (!own)
    return std::nullopt;
  if (own->numbers.empty())
    return element;
  if (own->bits <= maxTableBits)
    return Term{"table", {own->bits}};
  if (std::optional<uint32_t> bits = integerBits(own->numbers))
    return Term{"int", {*bits}};
  return own->isComputed ? std::optional(element) : std::nullopt;
}
