//===- Integers.cpp - Integers as elements of quantised weights -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/QuantizedElement.h"

using namespace uwt;

namespace {
class IntegerFamily final : public ElementFamily {
public:
  explicit IntegerFamily(bool isSigned) : isSigned(isSigned) {}

  std::string_view keyword() const override { return isSigned ? "int" : "uint"; }
  std::string_view range() const override {
    return isSigned ? "int<1> to int<8>" : "uint<1> to uint<8>";
  }
  std::optional<QuantizedElement> find(std::span<const uint32_t> parameters) const override {
    std::optional<QuantizedElement> element = elementOfBits(parameters, 8);
    if (element)
      element->isSigned = isSigned;
    return element;
  }

private:
  bool isSigned;
};
} // namespace

namespace uwt {
const ElementFamily &getUnsignedElements() {
  static const IntegerFamily family(false);
  return family;
}
const ElementFamily &getSignedElements() {
  static const IntegerFamily family(true);
  return family;
}
} // namespace uwt
