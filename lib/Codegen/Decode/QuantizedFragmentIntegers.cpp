//===- QuantizedFragmentIntegers.cpp - Codes as integers in a thread ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What products by integers read of a unit in a thread of a GPU. The stored order is that of
// `mma.m16n8k32`, whose columns may stand in any order that x has too: a u32 of 4-bit codes has
// four columns of rows g and g + 8, one of 8-bit codes is a register as it is.
//
//===----------------------------------------------------------------------===//

#include "Fragment.h"
#include "QuantizedThread.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/IntegerCodes.h"
#include <cmath>

using namespace mlir;

namespace uwt::codegen {

/// Registers 2b and 2b + 1 of a product: rows g and g + 8 of block b of its two.
static Pair rowsOf(LaneBuilder &scalars, ThreadCodes &codes, unsigned block, uint32_t shift) {
  constexpr uint32_t signs = 0x80808080;
  uint32_t bits = codes.element.bits;
  if (shift == 0)
    return codes.rowBytes(block);
  Pair rows;
  if (bits <= nibbleBits) {
    Value nibbles = codes.nibbles(block);
    rows = {scalars.shl(nibbles, shift), scalars.shl(nibbles, shift - nibbleBits)};
  } else {
    for (auto [row, bytes] : llvm::zip_equal(rows, codes.rowBytes(block)))
      row = scalars.shl(bytes, shift);
  }
  // The codes are half their range too large there: without that they have a sign in its place.
  uint32_t all = repeated(((1u << bits) - 1) << shift, 8);
  for (Value &row : rows)
    row = scalars.bitXor(scalars.bitAnd(row, all), signs);
  return rows;
}

void emitFragmentIntegers(const Format &format, RewriterBase &rewriter,
                          DecodeFragmentIntegersOp op) {
  constexpr unsigned products = 2, blocksOfProduct = blocksInGroup / products;
  LaneBuilder scalars(rewriter, op.getLoc(), rewriter.getI32Type());
  QuantizedUnit layout = quantizedUnit(format);
  QuantizedElement element = *QuantizedElement::find(format.element);
  ThreadCodes codes(scalars, element, layout, {op.getCode(), op.getFirst(), op.getLane()});
  uint32_t shift = signedIntegerCodes(format).shift;
  SmallVector<Value> results;
  for (unsigned product = 0; product < products; ++product) {
    SmallVector<Value> registers;
    unsigned first = product * blocksOfProduct;
    for (unsigned block = first; !layout.hasBytes() && block < first + blocksOfProduct; ++block)
      llvm::append_range(registers, rowsOf(scalars, codes, block, shift));
    for (unsigned r = 0; layout.hasBytes() && r < registersInLane; ++r) {
      Value bytes = codes.bytes(r, first);
      registers.push_back(element.bits == 8 ? scalars.bitXor(bytes, 0x80808080) : bytes);
    }
    results.push_back(
        vector::FromElementsOp::create(rewriter, op.getLoc(), op.getLow().getType(), registers));
  }
  rewriter.replaceOp(op, results);
}

// integer-4
void emitFragmentNumbers(const Format &format, RewriterBase &rewriter, DecodeFragmentNumbersOp op) {
  LaneBuilder scalars(rewriter, op.getLoc(), rewriter.getI32Type());
  ThreadFloats floats(scalars);
  QuantizedUnit layout = quantizedUnit(format);
  ThreadNumbers numbers(scalars, layout, {op.getCode(), op.getFirst(), op.getLane()});
  SmallVector<Value> results;
  SignedIntegerCodes codes = signedIntegerCodes(format);
  float factor = codes.shiftsScales    ? std::ldexp(1.0f, -static_cast<int>(codes.shift))
                 : format.divisor != 1 ? format.factor()
                                       : 1;
  for (Pair scales : numbers.read(*format.scale, layout.scale))
    for (Value scale : scales)
      results.push_back(factor == 1 ? scale : floats.mul(scale, floats.constant(factor)));
  bool isSigned = QuantizedElement::find(format.element)->isSigned;
  for (uint32_t cell = 0; layout.zero && cell < layout.cells; ++cell)
    for (Value zero : numbers.readBits(layout.zero.at(cell), layout.zero.bits))
      results.push_back(isSigned ? withSign(scalars, zero, layout.zero.bits) : zero);
  rewriter.replaceOp(op, results);
}

} // namespace uwt::codegen
