//===- DrawIntegers.h - Operands of products by integers --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CODEGEN_DECODE_DRAWINTEGERS_H
#define UWT_TEST_UNIT_CODEGEN_DECODE_DRAWINTEGERS_H

#include "DrawQuantized.h"
#include <string>

namespace uwt::test {

/// Formats that products by integers run from: codes of each width, zeros of each kind, groups of a
/// part of a unit, of one, and of several.
std::span<const char *const> integerFormats();

/// x as its elements have it in memory, and as f32.
struct DrawnX {
  std::vector<uint8_t> bytes;
  std::vector<float> numbers;

  /// `type`: "bf16", "f16" or "f32".
  void add(float number, const std::string &type);
};

/// Row 0 is usual; of others some are zeros, tiny, huge, or have a number that is none.
DrawnX drawX(uint64_t m, uint64_t columns, const std::string &type);

/// What uwt::integerProduct makes of them, [m, n].
std::vector<float> integerOutputs(const QuantizedWeight &weight, const DrawnX &x, uint64_t m,
                                  uint32_t integerBits = 8);

/// NaNs are alike: payloads are the machine's.
void expectSameBits(std::span<const float> found, std::span<const float> expected);

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CODEGEN_DECODE_DRAWINTEGERS_H
