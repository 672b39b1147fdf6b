//===- IntegerCodes.h - Codes that are multiplied as they are ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which quantised weights products by integers run from (docs/numerics.md, section "By integers"),
// and how their codes become bytes that machines multiply.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_INTEGERCODES_H
#define UWT_CODEC_INTEGERCODES_H

#include "uwt/Codec/Quantized.h"
#include <array>
#include <optional>

namespace uwt {

/// Bits of the integers that x is rounded to.
inline constexpr uint32_t minIntegerBits = 2, maxIntegerBits = 8;
/// The largest of these integers (integer-1).
constexpr uint32_t largestInteger(uint32_t bits) { return (1u << (bits - 1)) - 1; }
/// The bits that `integer<b>` says; 0 for `dense`. Errors: Usage.
Expected<uint32_t> parseArithmetic(std::string_view text);
/// That text.
std::string arithmeticText(uint32_t integerBits);

/// The columns of a group at most (integer-3), and of a part where several groups are one
/// (integer-4).
inline constexpr uint32_t maxIntegerGroup = 2048;
/// The columns of a part, of groups of so many columns: as many groups as a power of two, and no
/// more than maxIntegerGroup columns where a group has no more.
constexpr uint32_t integerPart(uint32_t groupColumns) {
  uint32_t columns = groupColumns;
  while (columns <= maxIntegerGroup / 2)
    columns *= 2;
  return columns;
}

/// The codes of a format as bytes, 64 columns of a row at a time. A byte is the integer that its
/// code stands for, plus `bias`. Bytes are made of stored ones by an exclusive or with `flipped`.
struct IntegerCodes {
  /// Bits of a byte that are used: fewer than 8, and bytes are not negative, or 8, and they have a
  /// sign.
  uint32_t bits = 0;
  uint8_t flipped = 0;
  int32_t bias = 0;
  /// The column of each of a row's 64 bytes.
  std::array<uint8_t, fixedUnitColumns> columns{};
  /// The bit of the number of a u32, among the 16 of a row, that says which of two cells its bytes
  /// belong to; 0 where they all belong to one.
  uint32_t cellBit = 0;

  bool isSigned() const { return bits == 8; }
};

/// Checks that products by integers run from a format of elements of that type, in rows of so many
/// columns where they are known. Errors: Usage, with the reason.
Status checkIntegerCodes(const Format &format, ElementType element,
                         std::optional<uint64_t> columns);

/// How the codes of a format that checkIntegerCodes() takes become bytes.
IntegerCodes integerCodes(const Format &format);

/// The same for tensor cores, which multiply bytes with a sign: in bits `shift` and above a byte
/// has the integer that its code stands for, plus `bias`, and zeros below.
struct SignedIntegerCodes {
  uint32_t shift = 0;
  /// Whether scales times 2^-shift are f32 that are not rounded: then they take the place of
  /// shifts of sums.
  bool shiftsScales = false;
  int32_t bias = 0;
  /// By so much bytes are larger than differences of integers and `zero=`, beside the zeros of a
  /// grid.
  int32_t offset = 0;
};
SignedIntegerCodes signedIntegerCodes(const Format &format);
/// Whether bytes are larger than differences, so that sums of x are to be taken away.
bool needsSumsOfX(const Format &format);

/// Units of a format in a group: 1 where a unit has a group or two.
uint32_t unitsInGroup(const Format &format);
/// Groups of 64 columns in a part.
uint32_t columnGroupsInPart(const Format &format);

} // namespace uwt

#endif // UWT_CODEC_INTEGERCODES_H
