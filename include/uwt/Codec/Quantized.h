//===- Quantized.h - Quantised weights in memory ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formats that quantised weights run from: codes, and the numbers that elements share. They are
// made when a checkpoint is loaded, and no file has them (docs/quantised.md, section "In memory").
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_QUANTIZED_H
#define UWT_CODEC_QUANTIZED_H

#include "uwt/Codec/Codec.h"

namespace uwt {

/// How many different codes of 4 bits there are. In memory codes have 4 or 8 bits; elements of
/// fewer bits have the smaller of their codes.
inline constexpr uint32_t nibbleCodes = 16;

/// A unit of plane `code` (run-1): the codes; for each of a row's cells the scales of 16 rows; then
/// likewise their zeros. Codes lie in the order in which compiled code reads them: by row g of a
/// block, by group of 64 columns, and of these rows g and g + 8, which four registers of the
/// fragment's lanes hold. Codes of 4 bits of all four are in one another's halves: the code of
/// register r at bit 4r. Those of 8 bits follow register by register, 32 words a byte each.
struct QuantizedUnit {
  uint32_t codeBits = 4;
  uint32_t columns = fixedUnitColumns;
  /// Cells that a row of the unit belongs to; more than one only in units of 64 columns.
  uint32_t cells = 1;
  /// Bits of a number: 8, 16 or 32; of zeros 8, or 0 where the format has none.
  uint32_t scaleBits = 16, zeroBits = 0;

  /// Whether codes have 4 bits; else 8.
  bool hasNibbles() const { return codeBits < 8; }
  uint32_t groups() const { return columns / fixedUnitColumns; }
  /// Rows g and g + 8 of a group.
  uint32_t rowU32() const { return 4 * codeBits; }
  uint32_t rowAt(uint32_t g, uint32_t group) const { return (g * groups() + group) * rowU32(); }
  uint32_t codesU32() const { return rowAt(stripRows / 2, 0); }
  /// u32 of 16 rows' numbers of so many bits.
  static uint32_t cellU32(uint32_t bits) { return stripRows * bits / 32; }
  /// Where the numbers of a cell begin.
  uint32_t scaleAt(uint32_t cell) const { return codesU32() + cell * cellU32(scaleBits); }
  uint32_t zeroAt(uint32_t cell) const { return scaleAt(cells) + cell * cellU32(zeroBits); }
  uint32_t u32() const { return zeroAt(cells); }
};

/// Checks a format of a quantised weight for elements that it decodes to. Errors: Usage, with the
/// reason.
Expected<CodecTraits> checkQuantized(const Format &format, ElementType element);

/// The unit of a format that checkQuantized takes.
QuantizedUnit quantizedUnit(const Format &format);

} // namespace uwt

#endif // UWT_CODEC_QUANTIZED_H
