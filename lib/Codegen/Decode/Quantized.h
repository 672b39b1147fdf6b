//===- Quantized.h - What decoders of quantised weights share ---*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEGEN_DECODE_QUANTIZED_H
#define UWT_LIB_CODEGEN_DECODE_QUANTIZED_H

#include "uwt/Codec/Quantized.h"
#include "uwt/Codegen/Decode/FloatBuilder.h"
#include "uwt/Format/Floats.h"
#include <cmath>

namespace uwt::codegen {

/// How floats of at most 8 bits become f16: shifted, so that exponents and mantissas end alike, and
/// 2^n times too small, by what biases differ.
struct HalfPosition {
  explicit HalfPosition(const SmallFloat &kind)
      : shift(float16.mantissaBits - kind.mantissaBits),
        factor(std::ldexp(1.0f, float16.bias() - kind.bias())) {}
  uint32_t shift;
  float factor;
};

/// Two's complement of so many bits.
mlir::Value withSign(LaneBuilder &lanes, mlir::Value codes, uint32_t bits);

/// Reads the numbers that elements of a unit share: of 16 rows, a lane each. `first` is where the
/// unit begins in `buffer`, its plane `code`.
class NumberReader {
public:
  NumberReader(LaneBuilder &lanes, const QuantizedUnit &layout, mlir::Value buffer,
               mlir::Value first)
      : layout(layout), lanes(lanes), floats(lanes), buffer(buffer), first(first) {}

  /// The numbers of a grid, a vector a cell of a row.
  llvm::SmallVector<mlir::Value> read(const GridFormat &format, const QuantizedGrid &grid);
  /// The bits of numbers of so many bits (fewer than 32), from `at` of the unit on.
  mlir::Value readBits(uint32_t at, uint32_t bits);

private:
  mlir::Value readNumbers(uint32_t at, uint32_t bits, const Term &type);

  const QuantizedUnit &layout;
  LaneBuilder &lanes;
  FloatBuilder floats;
  mlir::Value buffer, first;
};

inline constexpr uint32_t nibbleBits = 4;

/// A pattern of so many bits as often as a u32 has them.
uint32_t repeated(uint32_t pattern, uint32_t bits);

/// Reads codes in chunks (run-1) of rows g and g + 8 of a group. `first` is where the unit begins
/// in `buffer`, its plane `code`.
class ChunkReader {
public:
  ChunkReader(LaneBuilder &lanes, const QuantizedUnit &layout, mlir::Value buffer,
              mlir::Value first);

  /// Codes of 4 bits at most, of register r and half h from bit 16h + 4r on; above those of fewer
  /// bits are others.
  mlir::Value nibbles(unsigned g, unsigned group);
  /// Codes of 5 and 6 bits of register r, the lowest bits of halves; above them are others.
  mlir::Value halves(unsigned r, unsigned g, unsigned group);
  /// Codes of row g and of row g + 8, a byte each.
  std::array<mlir::Value, 2> bytes(unsigned g, unsigned group);
  /// The same of nibbles.
  std::array<mlir::Value, 2> bytesOf(mlir::Value nibbles);

private:
  /// A row's bits of a chunk, moved to the left by so many.
  mlir::Value load(const CodeChunk &chunk, unsigned g, unsigned group, int left);
  mlir::Value piece(const CodePiece &piece, unsigned g, unsigned group);

  const QuantizedUnit &layout;
  LaneBuilder &lanes;
  mlir::Value buffer, first;
  /// Of codes of 5 and 6 bits, the lower four bits of halves.
  mlir::Value lowerOfHalves;
};

/// Emits what `uwt.decode_integers` gives: `set` gets each vector and its number, in an order in
/// which few of them wait for others that they are added to.
void emitIntegers(LaneBuilder &lanes, const Format &format, mlir::Value buffer, mlir::Value first,
                  std::optional<unsigned> group,
                  llvm::function_ref<void(unsigned number, mlir::Value bytes)> set);

/// Replaces `uwt.decode_numbers` by code.
void emitNumbers(const Format &format, mlir::RewriterBase &rewriter, DecodeNumbersOp op);

/// Replaces `uwt.decode_fragment_integers` and `uwt.decode_fragment_numbers` by code.
void emitFragmentIntegers(const Format &format, mlir::RewriterBase &rewriter,
                          DecodeFragmentIntegersOp op);
void emitFragmentNumbers(const Format &format, mlir::RewriterBase &rewriter,
                         DecodeFragmentNumbersOp op);

} // namespace uwt::codegen

#endif // UWT_LIB_CODEGEN_DECODE_QUANTIZED_H
