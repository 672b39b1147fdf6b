//===- Patch.cpp - Escapes of fixed units as loops ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EscapeElement.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "uwt/Codegen/Decode/Emission.h"
#include "uwt/Dialect/UWT/IR/Indices.h"
#include <bit>

using namespace mlir;

namespace uwt::codegen {
namespace {

/// Emits code for one escape record: operations on i32, and on indices.
class PatchBuilder : private IntegerBuilder {
public:
  PatchBuilder(OpBuilder &builder, PatchUnitOp op, const EmittedFormat &format)
      : IntegerBuilder(builder, op.getLoc(), builder.getI32Type()), index(builder, op.getLoc()),
        op(op), format(format) {
    Type type = MemRefType::get({ShapedType::kDynamic}, builder.getI32Type());
    records = BufferOp::create(builder, location, type, WeightBuffer::Patch, op.getWeight());
  }

  void emitWord(Value record);
  void emitRun(Value record);

private:
  Value load(Value buffer, Value at) {
    return convert(memref::LoadOp::create(builder, location, buffer, ValueRange{at}));
  }
  void store(Value word, Value at) {
    Value half = IntegerBuilder(builder, location, builder.getI16Type()).convert(word);
    memref::StoreOp::create(builder, location, half, op.getBuffer(), at);
  }
  /// Its index in the buffer, where a unit has at most four column groups.
  Value indexOf(const EscapeElement &element) {
    // Group of 4 blocks, register, lane, block in the group, half.
    Value word = shl(bits(element.block, 2, 2), 10);
    const Value inGroup[] = {shl(element.reg, 8), shl(element.lane, 3),
                             shl(bits(element.block, 0, 2), 1), element.half};
    for (Value part : inGroup)
      word = add(word, part);
    return index.add(op.getOffset(), index.convert(word));
  }

  Indices index;
  PatchUnitOp op;
  const EmittedFormat &format;
  Value records;
};

} // namespace

void PatchBuilder::emitWord(Value record) {
  Value value = load(records, record);
  unsigned blocks = format.traits.unit.columns / blockColumns;
  store(value, indexOf(EscapeElement::ofWord(*this, value, std::countr_zero(blocks))));
}

/// escape-3: the number of a run of 64 columns of a row, then 64 symbols.
void PatchBuilder::emitRun(Value record) {
  Value number = load(records, record), runs = convert(op.getRuns());
  Value run = rem(number, runs), row = bits(div(number, runs), 0, 4);
  index.loop(escapeRunColumns, [&](Value i) {
    Value column = convert(i);
    Value at = index.add(record, index.add(index.div(i, 4), 1)); // four symbols a u32
    Value shift = shl(bits(column, 0, 2), 3);
    Value symbol = lshr(load(records, at), shift);
    symbol = bitAnd(symbol, 0xFF & ((1u << format.split.symbolBits) - 1));
    Value target = indexOf(EscapeElement::ofRun(*this, run, row, column));
    Value kept = bitAnd(load(op.getBuffer(), target), ~format.symbolMask() & 0xFFFF);
    store(bitOr(kept, shl(symbol, format.split.rawLowBits)), target);
  });
}

LogicalResult emitPatch(const EmittedFormat &format, RewriterBase &rewriter, PatchUnitOp op) {
  rewriter.setInsertionPoint(op);
  PatchBuilder patch(rewriter, op, format);
  Indices index(rewriter, op.getLoc());
  index.loop(op.getCount(), [&](Value i) {
    Value record = index.add(op.getRecord(), index.mul(i, escapeRecordU32(format.format)));
    if (format.format.escapes == Escapes::Rows64)
      patch.emitRun(record);
    else
      patch.emitWord(record);
  });
  rewriter.eraseOp(op);
  return success();
}

} // namespace uwt::codegen
