//===- QuantizedThread.h - What a thread has of a quantised unit *- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_QUANTIZEDTHREAD_H
#define UWT_LIB_CODEGEN_DECODE_QUANTIZEDTHREAD_H

#include "FieldPlanes.h"
#include "Quantized.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include "uwt/Format/QuantizedElement.h"

namespace uwt::codegen {

/// Threads that have a row of a fragment together.
inline constexpr int64_t rowLanes = fragmentLanes / rowsInStrip;

/// Of the halves of a word, or of rows g and g + 8 of a strip.
using Pair = std::array<mlir::Value, 2>;

/// Operations on f32 of a thread, and between them and words.
class ThreadFloats : public FloatBuilder {
public:
  using FloatBuilder::FloatBuilder;

  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  /// Of the f16 in a word's halves.
  Pair ofBothHalves(mlir::Value word);
  /// A word of two numbers, each rounded to `to`.
  mlir::Value round(Pair numbers, mlir::Type to);
  /// The nearest numbers of bf16 or f16, as f32.
  Pair roundedTo(Pair numbers, ElementType type);

private:
  mlir::Value extract(mlir::Value vector, int64_t i);
};

/// Where a thread reads: from a u32 of a buffer on, as lane 0 … 31 of its warp.
struct ThreadSource {
  mlir::Value buffer, first, lane;
};

/// Reads the numbers that a thread's weights share, of rows g and g + 8 of a strip.
class ThreadNumbers {
public:
  ThreadNumbers(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout);
  /// Of the unit that begins at `unit`.
  ThreadNumbers(LaneBuilder &scalars, const QuantizedUnit &layout, const ThreadSource &unit);

  /// The bits of a cell's numbers; with `inBothHalves`, which is for 16 bits, twice.
  Pair bitsOf(const QuantizedGrid &grid, uint32_t cell, bool inBothHalves = false) {
    return readBits(grid.at(cell), grid.bits, inBothHalves);
  }

  /// The numbers of a grid, by cell of a row.
  llvm::SmallVector<Pair> read(const GridFormat &format, const QuantizedGrid &grid);
  /// From `at` of the unit on, so many bits; with `inBothHalves`, which is for 16 bits, twice.
  Pair readBits(uint32_t at, uint32_t bits, bool inBothHalves = false);

private:
  Pair readOuter(const GridFormat &format, const QuantizedGrid &grid);
  void applyOuter(const GridFormat &format, Pair outer, llvm::MutableArrayRef<Pair> cells);
  mlir::Value quotient(mlir::Value a, mlir::Value b, mlir::Value inverse);
  Pair readNumbers(uint32_t at, uint32_t bits, const Term &type);

  const QuantizedUnit &layout;
  LaneBuilder &scalars;
  ThreadFloats floats;
  Indices index;
  mlir::Value buffer, first, row;
};

/// What a thread does with differences of codes and zeros (value-2 to value-6), in f32.
class CellArithmetic {
public:
  CellArithmetic(const Format &format, const QuantizedUnit &layout, LaneBuilder &scalars,
                 ThreadNumbers &numbers);

  /// A word of the weights that two differences are in row g or g + 8 of a cell.
  mlir::Value weights(Pair differences, unsigned cell, unsigned half, mlir::Type to);

  /// By cell of a row. There are no zeros where one number is that of all.
  llvm::SmallVector<Pair> scales, zeros;

private:
  const Format &format;
  ThreadFloats floats;
  /// By step, and by cell of a row.
  llvm::SmallVector<llvm::SmallVector<Pair>> steps;
};

/// The codes that a thread has of a group of 64 columns: of a register and a block two, one a half
/// of a word.
class ThreadCodes {
public:
  ThreadCodes(UnitEmission &unit, LaneBuilder &scalars, const QuantizedUnit &layout);
  /// Of the group whose codes begin at `group`.
  ThreadCodes(LaneBuilder &scalars, const QuantizedElement &element, const QuantizedUnit &layout,
              const ThreadSource &group);

  /// Of integers, 2^(bits - 1) of such as have a sign: by so much codes here are larger.
  uint32_t signBit() const {
    return element.isInteger() && element.isSigned ? 1u << (element.bits - 1) : 0;
  }
  /// Of 4 bits at most, a block's codes, of register r and half h from bit 16h + 4r on; above those
  /// of fewer bits are others.
  mlir::Value nibbles(unsigned block) const { return codes[block]; }
  /// Of 8 bits, those of a register's blocks 2i and 2i + 1.
  mlir::Value bytes(unsigned r, unsigned block) const { return codes[2 * r + block / 2]; }

  /// Integers, in both halves at bit integerBit().
  mlir::Value integers(unsigned r, unsigned block);
  unsigned integerBit(unsigned r) const { return layout.hasNibbles() ? 4 * (r % 2) : 0; }
  /// Integers of fewer than 8 bits of rows g and g + 8, a byte each.
  Pair rowBytes(unsigned block);

  /// Floats as such of 16 bits with so many bits of mantissa, in both halves.
  mlir::Value floats(unsigned r, unsigned block, uint32_t mantissaBits);

  const QuantizedElement element;

private:
  static constexpr uint32_t bothHalves = 0x00010001;

  uint32_t codeMask() const { return (1u << element.bits) - 1; }
  void takeBytes(const ThreadSource &group);
  llvm::SmallVector<mlir::Value> readChunk(const CodeChunk &chunk, const ThreadSource &group);
  void takeNibbles(const ThreadSource &group);
  void takePieces(const ThreadSource &group);
  /// A piece, so many bits above its place in a code.
  mlir::Value pieceAt(const CodePiece &piece, unsigned block, int above);
  mlir::Value joined(unsigned r, unsigned block);
  mlir::Value placedNibbles(unsigned r, unsigned block, uint32_t mantissaBits);
  mlir::Value placedPieces(unsigned r, unsigned block, uint32_t mantissaBits);
  mlir::Value placedBytes(unsigned r, unsigned block, uint32_t mantissaBits);

  LaneBuilder &scalars;
  const QuantizedUnit &layout;
  /// Of 8 bits two u32 a register, of 4 at most one a block, of 5 and 6 one a block of each chunk.
  llvm::SmallVector<mlir::Value> codes;
};

/// Hands over the registers of a group of 64 columns, whose words `decode` gives, one a block.
void setRegisters(UnitEmission &unit,
                  llvm::function_ref<llvm::SmallVector<mlir::Value>(unsigned r)> decode);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_QUANTIZEDTHREAD_H
