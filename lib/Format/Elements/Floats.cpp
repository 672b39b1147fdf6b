//===- Floats.cpp - Floats as elements of quantised weights ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/QuantizedElement.h"

using namespace uwt;

static QuantizedElement elementOf(const SmallFloat &kind) {
  QuantizedElement element;
  element.bits = kind.bits();
  element.isSigned = true;
  element.kind = kind;
  return element;
}

namespace {
/// A float with a name of its own.
class NamedFloat final : public ElementFamily {
public:
  NamedFloat(std::string_view name, const SmallFloat &kind) : name(name), kind(kind) {}

  std::string_view keyword() const override { return name; }
  std::string_view range() const override { return name; }
  std::optional<QuantizedElement> find(std::span<const uint32_t> parameters) const override {
    return parameters.empty() ? std::optional(elementOf(kind)) : std::nullopt;
  }

private:
  std::string_view name;
  SmallFloat kind;
};

/// float<e,m>: all codes are finite numbers.
class AnyFloat final : public ElementFamily {
public:
  std::string_view keyword() const override { return "float"; }
  std::string_view range() const override { return "float<e,m> of 3 to 8 bits with e = 1 to 4"; }
  std::optional<QuantizedElement> find(std::span<const uint32_t> parameters) const override {
    // Exponents of 5 bits have one more than f16, through which codes become f32.
    constexpr uint32_t minBits = 3, maxBits = 8, maxExponentBits = 4;
    if (parameters.size() != 2 || parameters[0] == 0 || parameters[0] > maxExponentBits ||
        parameters[1] > maxBits)
      return std::nullopt;
    SmallFloat kind = {parameters[0], parameters[1]};
    bool isServed = kind.bits() >= minBits && kind.bits() <= maxBits;
    return isServed ? std::optional(elementOf(kind)) : std::nullopt;
  }
};
} // namespace

namespace uwt {
const ElementFamily &getF4E2M1FNElements() {
  static const NamedFloat family("f4E2M1FN", float4E2M1);
  return family;
}
const ElementFamily &getF6E2M3FNElements() {
  static const NamedFloat family("f6E2M3FN", float6E2M3);
  return family;
}
const ElementFamily &getF6E3M2FNElements() {
  static const NamedFloat family("f6E3M2FN", float6E3M2);
  return family;
}
const ElementFamily &getF8E4M3FNElements() {
  static const NamedFloat family("f8E4M3FN", float8E4M3);
  return family;
}
const ElementFamily &getF8E5M2Elements() {
  static const NamedFloat family("f8E5M2", float8E5M2);
  return family;
}
const ElementFamily &getFloatElements() {
  static const AnyFloat family;
  return family;
}
} // namespace uwt
