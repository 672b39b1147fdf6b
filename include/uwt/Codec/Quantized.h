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

/// How many different codes of 4 bits there are.
inline constexpr uint32_t nibbleCodes = 16;

/// Bits of the integers by which cells pick a table: `uint<1>` to `uint<8>`, which take a byte in
/// memory, or `uint<16>`. Nothing of other types.
std::optional<uint32_t> pickBits(const CellFormat &pick);

/// What picks tables in a weight that is held: a format's own pick, and of tables of cells their
/// numbers; in the cells of its scale, where these are parts of its own. Nothing where there is one
/// table.
std::optional<CellFormat> heldPick(const Format &format);

/// The composition that products run from, of a checkpoint's: with the element that codes are held
/// as (heldElement), heldPick(), and grids that units have: numbers, maybe times or divided by
/// those of one grid inside. Of other grids that is what their numbers come to, as f32.
Format heldComposition(const Format &format);

/// Steps after the product that a format in memory may have.
inline constexpr size_t maxSteps = 4;

/// What a unit has of a grid: for each of a row's cells the numbers of 16 rows, then what those are
/// multiplied with or divided by.
struct QuantizedGrid {
  /// Where it begins in the unit, in u32.
  uint32_t first = 0;
  /// Bits of a number, and of an outer one: 8, 16 or 32; 0 where there is none.
  uint32_t bits = 0, outerBits = 0;

  explicit operator bool() const { return bits != 0; }
  /// u32 of 16 rows' numbers of so many bits.
  static uint32_t cellU32(uint32_t bits) { return stripRows * bits / 32; }
  uint32_t at(uint32_t cell) const { return first + cell * cellU32(bits); }
  /// Of a unit whose rows have so many cells.
  uint32_t outerAt(uint32_t cells) const { return at(cells); }
  uint32_t end(uint32_t cells) const { return outerAt(cells) + cellU32(outerBits); }
};

/// u32 of a group of 64 columns in which a lane of the fragment has 16, 8 or 4 bits of its codes in
/// each half, of rows g and g + 8 together; of several rows g where these bits are fewer than 16.
struct CodeChunk {
  /// Bits of a code, on average: 4, 2 or 1.
  uint32_t bits;
  /// The lowest bit of a code that is here, of 4 bits at most.
  uint32_t lowestBit;
  /// Where the chunk begins in the group, in u32.
  uint32_t first;
  /// How far a row's bits are above those of the row before, in the same u32.
  uint32_t rowBits;

  /// Rows g of a u32.
  uint32_t rows() const { return 4 / bits; }
  /// Where the 16 u32 of a row g are in the group, and how far its bits are above the lowest ones.
  uint32_t at(uint32_t g) const { return first + g / rows() * (2 * fixedUnitColumns / 8); }
  uint32_t bitsBelow(uint32_t g) const { return g % rows() * rowBits; }
};

/// Bits of the codes of a register, in both halves of the u32 of a chunk.
struct CodePiece {
  uint32_t chunk;
  /// Their lowest bit in a half, and in a code.
  uint32_t bit, lowestBit;
  uint32_t bits;
};

/// A unit of plane `code` (run-1): the codes; then scales, zeros, picked tables and what steps
/// take. Codes lie in the order in which compiled code reads them: by group of 64 columns, and
/// there by chunk. Of 4 bits at most, half h of register r has a nibble from bit 16h + 4r on, and
/// that has a chunk's bits of a row above those of the row before. Those of 5 and 6 bits are whole
/// in a half, but for one register's (`pieces`). Those of 8 bits follow by row g, of rows g and g +
/// 8 register by register, 32 words a byte each.
struct QuantizedUnit {
  /// 1 to 6, or 8, which codes of 7 bits have too.
  uint32_t codeBits = 4;
  /// Of codes of fewer than 8 bits: of 4 at most, a code's lower bits first.
  std::vector<CodeChunk> chunks;
  uint32_t columns = fixedUnitColumns;
  /// Cells that a row of the unit belongs to; more than one only in units of 64 columns.
  uint32_t cells = 1;
  QuantizedGrid scale, zero, pick;
  /// Of the format's steps.
  std::vector<QuantizedGrid> steps;

  /// Whether codes have 4 bits at most: nibbles of a u32, above which are other codes.
  bool hasNibbles() const { return codeBits <= 4; }
  bool hasBytes() const { return chunks.empty(); }
  bool hasPieces() const { return !hasNibbles() && !hasBytes(); }
  /// Where codes of 5 and 6 bits of register r are: one piece, or the lower four bits and the rest.
  std::span<const CodePiece> pieces(uint32_t r) const;
  uint32_t groups() const { return columns / fixedUnitColumns; }
  /// Rows g and g + 8 of a group of bytes.
  static constexpr uint32_t byteRowU32 = 2 * fixedUnitColumns / 4;
  uint32_t groupU32() const { return stripRows * fixedUnitColumns * codeBits / 32; }
  uint32_t byteRowAt(uint32_t g, uint32_t group) const {
    return group * groupU32() + g * byteRowU32;
  }
  uint32_t codesU32() const { return groups() * groupU32(); }
  uint32_t u32() const { return (steps.empty() ? pick : steps.back()).end(cells); }
};

/// Checks a format of a quantised weight for elements that it decodes to. Errors: Usage, with the
/// reason.
Expected<CodecTraits> checkQuantized(const Format &format, ElementType element);

/// The type `f16E6M10U` of scales of f4E2M1FN: a positive float with 6 bits of exponent and 10 of
/// mantissa, 2^-63 to nearly 2, as the bits of an f32 from there on. For every f32 in that range
/// one of the two numbers around it gives the same eight magnitudes as bf16 (run-5).
inline constexpr std::string_view positiveScale = "f16E6M10U";
/// Bits of an f32 below those of such a number, and what is added to them.
inline constexpr uint32_t positiveScaleShift = 13, positiveScaleBase = 0x20000000;

/// The format that a weight of this one is held in, of elements of that type: with codes that
/// compiled code knows (heldElement), and scales that are faster to decode where weights are the
/// same.
Format heldFormat(const Format &format, ElementType element);

/// The unit of a format that checkQuantized takes.
QuantizedUnit quantizedUnit(const Format &format);

/// Of a format whose weights kernels of GPUs compute two at a time in the weights' own type, which
/// rounds as f32 does (run-4): they multiply scales by 2^n before, which stays finite. Nothing of
/// one whose weights they compute in f32.
std::optional<int> packedScaleExponent(const Format &format, ElementType element);

} // namespace uwt

#endif // UWT_CODEC_QUANTIZED_H
