//===- Table.cpp - Entries of a table as elements of quantised weights ----===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/QuantizedElement.h"

using namespace uwt;

namespace {
/// table<b>: its 2^b numbers come with the weight.
class TableFamily final : public ElementFamily {
public:
  std::string_view keyword() const override { return "table"; }
  std::string_view range() const override { return "table<1> to table<4>"; }
  std::optional<QuantizedElement> find(std::span<const uint32_t> parameters) const override {
    std::optional<QuantizedElement> element = elementOfBits(parameters, 4);
    if (element)
      element->isTable = true;
    return element;
  }
};
} // namespace

namespace uwt {
const ElementFamily &getTableElements() {
  static const TableFamily family;
  return family;
}
} // namespace uwt
