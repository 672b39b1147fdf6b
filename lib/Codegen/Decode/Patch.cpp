//===- Patch.cpp - Escapes of fixed units as loops ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "uwt/Codegen/Decode/Emission.h"
#include <bit>

using namespace mlir;

namespace uwt {
namespace {

/// Emits scalar code for one escape record.
class PatchBuilder {
public:
  PatchBuilder(OpBuilder &builder, PatchUnitOp op, const EmittedFormat &format)
      : builder(builder), location(op.getLoc()), op(op), format(format),
        blockBits(std::countr_zero(format.traits.unit.columns / blockColumns)) {
    Type type = MemRefType::get({ShapedType::kDynamic}, builder.getI32Type());
    records = BufferOp::create(builder, location, type, WeightBuffer::Patch, op.getWeight());
  }

  void emitWord(Value record);
  void emitRun(Value record);

private:
  Value constant(uint32_t value) {
    return arith::ConstantIntOp::create(builder, location, static_cast<int32_t>(value), 32);
  }
  Value bits(Value value, unsigned low, unsigned count) {
    Value shifted = arith::ShRUIOp::create(builder, location, value, constant(low));
    return arith::AndIOp::create(builder, location, shifted, constant((1u << count) - 1));
  }
  Value scaled(Value value, unsigned shift) {
    return arith::ShLIOp::create(builder, location, value, constant(shift));
  }
  Value sum(ArrayRef<Value> values) {
    Value total = values.front();
    for (Value value : values.drop_front())
      total = arith::AddIOp::create(builder, location, total, value);
    return total;
  }
  Value load(Value index) {
    return memref::LoadOp::create(builder, location, records, ValueRange{index});
  }
  /// Index in the buffer of half h of register r of a lane in a block.
  Value indexOf(Value block, Value lane, Value r, Value half) {
    // Group of 4 blocks, register, lane, block in the group, half.
    Value word = sum({scaled(bits(block, 2, 2), 10), scaled(r, 8), scaled(lane, 3),
                      scaled(bits(block, 0, 2), 1), half});
    Value index = arith::IndexCastUIOp::create(builder, location, builder.getIndexType(), word);
    return arith::AddIOp::create(builder, location, op.getOffset(), index);
  }

  OpBuilder &builder;
  Location location;
  PatchUnitOp op;
  const EmittedFormat &format;
  /// Bits of the number of a block of 16 columns in its unit.
  unsigned blockBits;
  Value records;
};

} // namespace

/// escape-1, escape-2: `position << 16 | word`.
void PatchBuilder::emitWord(Value record) {
  Value value = load(record);
  Value at = indexOf(bits(value, 24, blockBits), bits(value, 19, 5), bits(value, 17, 2),
                     bits(value, 16, 1));
  Value word = arith::TruncIOp::create(builder, location, builder.getI16Type(), value);
  memref::StoreOp::create(builder, location, word, op.getBuffer(), at);
}

/// escape-3: the number of a run of 64 columns of a row, then 64 symbols.
void PatchBuilder::emitRun(Value record) {
  Value number = load(record);
  Value runs = arith::IndexCastUIOp::create(builder, location, builder.getI32Type(), op.getRuns());
  Value run = arith::RemUIOp::create(builder, location, number, runs);
  Value row = bits(arith::DivUIOp::create(builder, location, number, runs), 0, 4);
  Value zero = arith::ConstantIndexOp::create(builder, location, 0);
  Value one = arith::ConstantIndexOp::create(builder, location, 1);
  Value end = arith::ConstantIndexOp::create(builder, location, escapeRunColumns);
  auto loop = scf::ForOp::create(builder, location, zero, end, one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());

  Value column =
      arith::IndexCastUIOp::create(builder, location, builder.getI32Type(), loop.getInductionVar());
  Value four = arith::ConstantIndexOp::create(builder, location, 4);
  Value word = arith::DivUIOp::create(builder, location, loop.getInductionVar(), four);
  Value at = arith::AddIOp::create(builder, location, record,
                                   arith::AddIOp::create(builder, location, word, one));
  Value shift = scaled(bits(column, 0, 2), 3);
  Value symbol = arith::AndIOp::create(builder, location,
                                       arith::ShRUIOp::create(builder, location, load(at), shift),
                                       constant(0xFF & ((1u << format.split.symbolBits) - 1)));

  // order-3: column 2t + h + 8·⌊r/2⌋ of a block, row g + 8·(r mod 2).
  Value block = sum({scaled(run, 2), bits(column, 4, 2)});
  Value lane = sum({scaled(bits(row, 0, 3), 2), bits(column, 1, 2)});
  Value r = sum({bits(row, 3, 1), scaled(bits(column, 3, 1), 1)});
  Value index = indexOf(block, lane, r, bits(column, 0, 1));
  Value old = arith::ExtUIOp::create(
      builder, location, builder.getI32Type(),
      memref::LoadOp::create(builder, location, op.getBuffer(), ValueRange{index}));
  Value kept =
      arith::AndIOp::create(builder, location, old, constant(~format.symbolMask() & 0xFFFF));
  Value joined =
      arith::OrIOp::create(builder, location, kept, scaled(symbol, format.split.rawLowBits));
  memref::StoreOp::create(builder, location,
                          arith::TruncIOp::create(builder, location, builder.getI16Type(), joined),
                          op.getBuffer(), index);
}

LogicalResult emitPatch(const EmittedFormat &format, RewriterBase &rewriter, PatchUnitOp op) {
  rewriter.setInsertionPoint(op);
  Location location = op.getLoc();
  PatchBuilder patch(rewriter, op, format);
  Value zero = arith::ConstantIndexOp::create(rewriter, location, 0);
  Value one = arith::ConstantIndexOp::create(rewriter, location, 1);
  Value size = arith::ConstantIndexOp::create(rewriter, location, escapeRecordU32(format.format));
  auto loop = scf::ForOp::create(rewriter, location, zero, op.getCount(), one);
  rewriter.setInsertionPointToStart(loop.getBody());
  Value record = arith::AddIOp::create(
      rewriter, location, op.getRecord(),
      arith::MulIOp::create(rewriter, location, loop.getInductionVar(), size));
  if (format.format.escapes == Escapes::Rows64)
    patch.emitRun(record);
  else
    patch.emitWord(record);
  rewriter.eraseOp(op);
  return success();
}

} // namespace uwt
