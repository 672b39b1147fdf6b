//===- HeldType.h - What a wide type's values really are --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are often kept in a wider type than they need: FP8 values in BF16, F16 ones in F32.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_INSPECT_HELDTYPE_H
#define UWT_TOOLS_UWT_INSPECT_HELDTYPE_H

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string_view>

namespace uwt::tool {

/// A type that can hold all values of a tensor exactly.
struct HeldType {
  /// As safetensors calls it; empty where there is none narrower than the tensor's own.
  std::string_view name;
  /// Whether the values are those of the type times one power of two.
  bool isScaled = false;
};

/// Finds the narrowest type that holds every value of a tensor of BF16, F16 or F32.
class HeldTypeFinder {
public:
  /// For values with a sign and an exponent of IEEE's kind.
  HeldTypeFinder(unsigned exponentBits, unsigned mantissaBits)
      : exponentBits(exponentBits), mantissaBits(mantissaBits) {}

  /// Takes the bits of a value in, with or without its sign.
  void add(uint32_t value);
  /// False once no narrower type can hold all values: more of them need not be taken in.
  bool isOpen() const;
  HeldType find() const;

private:
  unsigned exponentBits, mantissaBits;
  bool hasSpecials = false;
  /// log2 of the largest highest bit and of the smallest lowest bit of all values.
  int highest = std::numeric_limits<int>::min(), lowest = std::numeric_limits<int>::max();
  /// Most bits of a value below its highest one.
  int precision = 0;
};

/// Rows of f32 that hold values of a narrower type.
struct HeldRows {
  /// The type of most of them; empty where there are none.
  std::string_view name;
  uint64_t rows = 0, ofRows = 0;
};

class HeldRowsFinder {
public:
  /// Rows are `columns` elements one after another. Of few columns they say nothing of a type.
  explicit HeldRowsFinder(uint64_t columns) : columns(columns), row(f32Finder()) {}

  /// Takes whole elements in, as they follow one another.
  void add(std::span<const uint8_t> elements);
  HeldRows find() const;

private:
  static HeldTypeFinder f32Finder() { return {8, 23}; }

  uint64_t columns, column = 0, rows = 0;
  HeldTypeFinder row;
  std::map<std::string_view, uint64_t> byType;
};

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_INSPECT_HELDTYPE_H
