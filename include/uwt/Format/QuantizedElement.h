//===- QuantizedElement.h - Elements of quantised weights -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What codes of quantised weights are. A new kind of element is a file of lib/Format/Elements, and
// a line in lib/Format/Elements.def.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_FORMAT_QUANTIZEDELEMENT_H
#define UWT_FORMAT_QUANTIZEDELEMENT_H

#include "uwt/Format/Floats.h"
#include "uwt/Format/Format.h"
#include <span>

namespace uwt {

/// What the codes of a quantised weight are: integers of 1 to 8 bits, floats, entries of a table
/// of 2 to 16 numbers that comes with the weight, or any numbers.
struct QuantizedElement {
  uint32_t bits = 0;
  bool isSigned = false;
  /// Of floats only.
  std::optional<SmallFloat> kind;
  bool isTable = false;
  /// Of elements that are none of these: the number that each code stands for.
  std::vector<float> numbers = {};
  /// Whether compiled code has a dequantizer of its own for these numbers
  /// (uwt/Codegen/Decode/Dequantizer.h).
  bool isComputed = false;

  bool isInteger() const { return !kind && !isTable && numbers.empty(); }

  /// Whether elements are called so, whatever their parameters: `uint`, `f8E4M3FN`, `table`,
  /// `float`.
  static bool isKeyword(std::string_view keyword);
  /// `uint<4>`, `f8E4M3FN`, `float<2,2>`; nothing where there is no such element.
  static std::optional<QuantizedElement> find(const Term &term);

  /// The number that each code stands for (value-1), NaN and infinities of floats included. Empty
  /// for a table.
  std::vector<float> values() const;
};

/// Elements with one keyword. Immutable and thread-safe.
class ElementFamily {
public:
  virtual ~ElementFamily() = default;
  /// `uint`.
  virtual std::string_view keyword() const = 0;
  /// Which ones there are, for messages: `uint<1> to uint<8>`.
  virtual std::string_view range() const = 0;
  /// The one with these parameters; nothing where there is none.
  virtual std::optional<QuantizedElement> find(std::span<const uint32_t> parameters) const = 0;
};

/// For families with one parameter: elements of that many bits, from 1 to `maxBits`; nothing for
/// other parameters.
std::optional<QuantizedElement> elementOfBits(std::span<const uint32_t> parameters,
                                              uint32_t maxBits);

/// The families of this build, in the order of lib/Format/Elements.def, then those that a program
/// has registered.
std::span<const ElementFamily *const> allElements();

/// Adds a family to this program's: `static const ElementRegistration registration(family);` in a
/// file that is linked into it. The family must live as long.
struct ElementRegistration {
  explicit ElementRegistration(const ElementFamily &family);
};

/// The element that weights of `element` have in memory: itself where compiled code knows it. Any
/// numbers are a table<b> where they have 4 bits at most, and else integers with a sign, of the
/// fewest bits that have them. Where there are none, itself if it is computed, or nothing, so that
/// products run from values.
std::optional<Term> heldElement(const Term &element);

} // namespace uwt

#endif // UWT_FORMAT_QUANTIZEDELEMENT_H
