//===- ChunkReader.cpp - Codes of fewer than 8 bits as lane code ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Quantized.h"
#include "StreamCode.h"

using namespace mlir;

namespace uwt::codegen {

uint32_t repeated(uint32_t pattern, uint32_t bits) {
  uint32_t result = 0;
  for (uint32_t shift = 0; shift < 32; shift += bits)
    result |= pattern << shift;
  return result;
}

/// LLVM would keep of a mask that it knows what each shift leaves of it, and merge by two
/// operations with masks of their own.
ChunkReader::ChunkReader(LaneBuilder &lanes, const QuantizedUnit &layout, Value buffer, Value first)
    : layout(layout), lanes(lanes), buffer(buffer), first(first) {
  if (!layout.hasPieces())
    return;
  OpBuilder &builder = lanes.ops();
  Value mask = IntegerBuilder(builder, lanes.loc(), builder.getI32Type()).constant(0x000F000F);
  lowerOfHalves = lanes.splat(ScalarBuilder(builder, lanes.loc()).keepScalar(mask));
}

Value ChunkReader::load(const CodeChunk &chunk, unsigned g, unsigned group, int left) {
  Value words = lanes.load(buffer, first, group * layout.groupU32() + chunk.at(g));
  return lanes.shift(words, left - static_cast<int>(chunk.bitsBelow(g)));
}

Value ChunkReader::nibbles(unsigned g, unsigned group) {
  Value result;
  for (const CodeChunk &chunk : layout.chunks) {
    Value own = load(chunk, g, group, static_cast<int>(chunk.lowestBit));
    uint32_t lower = (1u << chunk.lowestBit) - 1;
    result = result ? lanes.merge(repeated(lower, nibbleBits), result, own) : own;
  }
  return result;
}

Value ChunkReader::piece(const CodePiece &piece, unsigned g, unsigned group) {
  return load(layout.chunks[piece.chunk], g, group,
              static_cast<int>(piece.lowestBit) - static_cast<int>(piece.bit));
}

Value ChunkReader::halves(unsigned r, unsigned g, unsigned group) {
  std::span<const CodePiece> pieces = layout.pieces(r);
  Value lower = piece(pieces.front(), g, group);
  if (pieces.size() == 1)
    return lower;
  Value above = piece(pieces.back(), g, group);
  return lanes.bitXor(lanes.bitAnd(lanes.bitXor(lower, above), lowerOfHalves), above);
}

std::array<Value, 2> ChunkReader::bytesOf(Value nibbles) {
  uint32_t all = repeated((1u << layout.codeBits) - 1, 8);
  return {lanes.bitAnd(nibbles, all), lanes.bitAnd(lanes.lshr(nibbles, nibbleBits), all)};
}

/// Registers 0 and 2 have row g, 1 and 3 row g + 8: the first one's columns are the even bytes.
std::array<Value, 2> ChunkReader::bytes(unsigned g, unsigned group) {
  if (layout.hasNibbles())
    return bytesOf(nibbles(g, group));
  uint32_t all = repeated((1u << layout.codeBits) - 1, 8);
  std::array<Value, 2> rows;
  for (unsigned half = 0; half < rows.size(); ++half) {
    Value odd = lanes.shl(halves(half + 2, g, group), 8);
    rows[half] = lanes.bitAnd(lanes.merge(0x00FF00FF, halves(half, g, group), odd), all);
  }
  return rows;
}

} // namespace uwt::codegen
