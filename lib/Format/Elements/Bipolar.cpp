//===- Bipolar.cpp - Odd integers as elements of quantised weights --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/QuantizedElement.h"

using namespace uwt;

namespace {
/// bipolar<b>: the sum of 2^i for bits that are set and -2^i for others, 2c + 1 - 2^b of a code c:
/// odd numbers around 0 (Ma, Fang, Shao, Wang, "Efficient Arbitrary Precision Acceleration for
/// Large Language Models on GPU Tensor Cores", 2024, section 3.1: bipolar-INT).
class BipolarFamily final : public ElementFamily {
public:
  std::string_view keyword() const override { return "bipolar"; }
  std::string_view range() const override { return "bipolar<1> to bipolar<8>"; }
  std::optional<QuantizedElement> find(std::span<const uint32_t> parameters) const override {
    std::optional<QuantizedElement> element = elementOfBits(parameters, 8);
    if (!element)
      return element;
    element->isSigned = true;
    element->isComputed = true;
    int count = 1 << element->bits;
    for (int code = 0; code < count; ++code)
      element->numbers.push_back(static_cast<float>(2 * code + 1 - count));
    return element;
  }
};
} // namespace

namespace uwt {
const ElementFamily &getBipolarElements() {
  static const BipolarFamily family;
  return family;
}
} // namespace uwt
