//===- Squares.cpp - Elements of quantised weights that no build has ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `squares<b>`: a quarter of the square of a code. Test programs register it beside the elements of
// the build. Whatever holds a list of elements, or takes them to be integers or floats, fails with
// it: up to 4 bits products look its numbers up, of more they compute them by a dequantizer that
// tests register as well (SquaresDequantizer.cpp).
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/QuantizedElement.h"

using namespace uwt;

namespace {
class SquaresFamily final : public ElementFamily {
public:
  std::string_view keyword() const override { return "squares"; }
  std::string_view range() const override { return "squares<1> to squares<8>"; }
  std::optional<QuantizedElement> find(std::span<const uint32_t> parameters) const override {
    std::optional<QuantizedElement> element = elementOfBits(parameters, 8);
    if (!element)
      return element;
    element->isComputed = true;
    for (uint32_t code = 0; code < 1u << element->bits; ++code)
      element->numbers.push_back(static_cast<float>(code * code) / 4);
    return element;
  }
};
} // namespace

static const SquaresFamily squaresFamily;
static const ElementRegistration squaresRegistration(squaresFamily);
