//===- TileGather.cpp - Rows of a weight by their numbers -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row lies in one strip of one panel. Its units are decoded into a buffer, in the order of codec
// raw, and the row's elements are picked from there: of each group of 64 columns two row vectors
// have them (StoredOrder.h).
//
//===----------------------------------------------------------------------===//

#include "PanelReader.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {
namespace {

class GatherLowering : private PanelReader {
public:
  GatherLowering(GatherOp op, OpBuilder &builder)
      : PanelReader(op.getWeight(), builder, op.getLoc()), op(op) {}
  LogicalResult lower();

private:
  LogicalResult check();
  Value number(Value i);
  void emitRow(Value i);
  void emitWords(const PanelFields &panel);
  void emitUnits(const PanelFields &panel);
  void emitStream(const PanelFields &panel);
  void copyGroups(Value firstGroup, IntegerBuilder::Operand count, Value first, Value stride);
  void copyGroup(Value group, Value from);

  GatherOp op;
  /// 64-column groups of a row.
  IntegerBuilder::Operand groups = 0;
  /// Decoded units; elements of a group.
  Value buffer, elements;
  /// The row's strip, its row in that, and where it goes.
  Value strip, rowInStrip, to;
};

} // namespace

LogicalResult GatherLowering::check() {
  if (!op.hasBuffers())
    return op.emitOpError("is on tensors: bufferize it before it is tiled");
  if (!op->getParentWithTrait<OpTrait::AutomaticAllocationScope>())
    return op.emitOpError("is in no function, which its scratch belongs to");
  Format format = op.getWeightType().getFormat().getFormat();
  if (format.storage != Storage::NMajor)
    return op.emitOpError("reads a weight with storage=k_major: transcode it to n_major");
  return checkWeight(op);
}

Value GatherLowering::number(Value i) {
  Value id = memref::LoadOp::create(builder, location, op.getIds(), ValueRange{i});
  return id.getType().isIndex()
             ? id
             : arith::IndexCastOp::create(builder, location, builder.getIndexType(), id);
}

LogicalResult GatherLowering::lower() {
  if (failed(check()))
    return failure();
  groups = index.ceilDiv(columns, fixedUnitColumns);
  int64_t known = op.getIdsType().getDimSize(0);
  Value count = ShapedType::isDynamic(known)
                    ? memref::DimOp::create(builder, location, op.getIds(), 0).getResult()
                    : index.constant(known);
  index.loop(count, [&](Value i) {
    index.check(number(i), rows, "the number of a gathered row is outside of the weight's");
  });
  if (rows.known() == 0 || columns.known() == 0)
    return success();
  auto loop = scf::ForallOp::create(builder, location, ArrayRef<OpFoldResult>{count}, ValueRange(),
                                    std::nullopt);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  emitRow(loop.getInductionVars().front());
  return success();
}

void GatherLowering::emitRow(Value i) {
  int64_t unitGroups = layout.groups;
  if (isWholePanelStream())
    unitGroups = *groups.known() * stripsInPanel;
  else if (!layout.fixedRate)
    unitGroups = streamUnitColumns / fixedUnitColumns;
  auto scratch = [&](int64_t count, Type type) -> Value {
    return memref::AllocaOp::create(builder, location, MemRefType::get({count}, type),
                                    builder.getI64IntegerAttr(64));
  };
  buffer = scratch(unitGroups * groupU32 * 2, builder.getI16Type());
  elements = scratch(fixedUnitColumns, element);
  to = i;
  Value row = number(i);
  Value panelNumber = index.div(row, panelRows);
  Value inPanel = index.rem(row, panelRows);
  strip = index.div(inPanel, stripRows);
  rowInStrip = index.rem(inPanel, stripRows);
  PanelFields panel = loadPanel(panelNumber, panelNumber);
  auto coded = [&] { layout.fixedRate ? emitUnits(panel) : emitStream(panel); };
  if (layout.onlyWords)
    emitWords(panel);
  else
    index.ifElse(panel.storedAsWords, [&] { emitWords(panel); }, coded);
}

void GatherLowering::emitWords(const PanelFields &panel) {
  Value zero = index.constant(0);
  index.loop(groups, [&](Value group) {
    decode(panel, index.add(index.mul(group, panel.strips), strip), /*asWords=*/true, buffer, zero);
    copyGroup(group, zero);
  });
}

void GatherLowering::emitUnits(const PanelFields &panel) {
  Value zero = index.constant(0);
  Value units = index.ceilDiv(groups, layout.groups);
  auto emitUnit = [&](Value unit, Value number, Value record) {
    decode(panel, number, /*asWords=*/false, buffer, zero);
    if (record) {
      Value left = index.sub(groups, index.mul(unit, layout.groups));
      PatchUnitOp::create(builder, location, weight, record, escapesOf(panel, number),
                          index.min(left, layout.groups), buffer, zero);
    }
    copyGroups(index.mul(unit, layout.groups), layout.groups, zero, index.constant(groupU32 * 2));
  };
  if (!layout.hasEscapes) {
    index.loop(units, [&](Value unit) {
      emitUnit(unit, index.add(index.mul(unit, panel.strips), strip), {});
    });
    return;
  }
  // Records follow each other in the order of units: those of the other strips are counted.
  index.loop(units, {panel.patch}, [&](Value unit, ValueRange record) {
    Value first = index.mul(unit, panel.strips);
    return index.loop(panel.strips, record, [&](Value each, ValueRange start) {
      Value number = index.add(first, each);
      Value isOurs = index.equal(each, strip);
      index.ifElse(isOurs, [&] { emitUnit(unit, number, start[0]); });
      Value escapes = escapesOf(panel, number);
      return SmallVector<Value>{index.add(start[0], index.mul(escapes, layout.recordU32))};
    });
  });
}

void GatherLowering::emitStream(const PanelFields &panel) {
  Value zero = index.constant(0);
  if (isWholePanelStream()) {
    DecodeStreamOp::create(builder, location, weight, panel.panel, zero, buffer);
    // The groups of a stream of all strips take turns.
    copyGroups(zero, groups, index.mul(strip, groupU32 * 2), index.mul(panel.strips, groupU32 * 2));
    return;
  }
  int64_t unitGroups = streamUnitColumns / fixedUnitColumns;
  Value units = index.ceilDiv(columns, streamUnitColumns);
  index.loop(units, [&](Value unit) {
    Value number = index.add(index.mul(strip, units), unit);
    DecodeStreamOp::create(builder, location, weight, panel.panel, number, buffer);
    copyGroups(index.mul(unit, unitGroups), unitGroups, zero, index.constant(groupU32 * 2));
  });
}

/// Copies the row's part of `count` groups, as far as the matrix has them. The first one lies at
/// `first` of the buffer, each `stride` behind the one before.
void GatherLowering::copyGroups(Value firstGroup, IntegerBuilder::Operand count, Value first,
                                Value stride) {
  std::optional<int64_t> each = count.known();
  bool isAlwaysWhole = each && groups.isMultipleOf(*each);
  if (!isAlwaysWhole)
    count = index.min(count, index.sub(groups, firstGroup));
  index.loop(count, [&](Value i) {
    copyGroup(index.add(firstGroup, i), index.add(first, index.mul(i, stride)));
  });
}

/// Columns of a group, by the two row vectors' elements: u32 4t + b holds columns 16b + 2t and
/// 16b + 2t + 1, and of the second row vector those 8 further.
static SmallVector<int64_t> columnOrder() {
  SmallVector<int64_t> order;
  for (int64_t column = 0; column < fixedUnitColumns; ++column) {
    int64_t block = column / 16, second = column % 16 / 8, lane = column % 8 / 2;
    order.push_back(second * 2 * laneCount + (4 * lane + block) * 2 + column % 2);
  }
  return order;
}

void GatherLowering::copyGroup(Value group, Value from) {
  // Register r of row g is row g + 8·(r mod 2) of the strip and has half ⌊r/2⌋ of the columns.
  Value g = index.rem(rowInStrip, 8), parity = index.div(rowInStrip, 8);
  auto load = [&](int64_t half) {
    Value number = index.add(index.mul(index.add(parity, 2 * half), 8), g);
    return loadVector(buffer, index.add(from, index.mul(number, 2 * laneCount)),
                      builder.getI16Type(), 2 * laneCount);
  };
  Value words = vector::ShuffleOp::create(builder, location, load(0), load(1), columnOrder());
  Value values = vector::BitCastOp::create(builder, location,
                                           VectorType::get({fixedUnitColumns}, element), words);
  Value column = index.mul(group, fixedUnitColumns);
  auto memref = cast<MemRefType>(op.getInit().getType());
  auto store = [&] {
    vector::StoreOp::create(builder, location, values, op.getInit(), ValueRange{to, column});
  };
  auto scatter = [&] {
    storeVector(values, elements, index.constant(0));
    Value count = index.min(fixedUnitColumns, index.sub(columns, column));
    index.loop(count, [&](Value i) {
      Value value = memref::LoadOp::create(builder, location, elements, ValueRange{i});
      memref::StoreOp::create(builder, location, value, op.getInit(),
                              ValueRange{to, index.add(column, i)});
    });
  };
  if (!memref.isLastDimUnitStride())
    scatter();
  else if (columns.isMultipleOf(fixedUnitColumns))
    store();
  else
    index.ifElse(index.less(group, index.sub(groups, 1)), store, scatter);
}

LogicalResult lowerGather(GatherOp op, OpBuilder &builder) {
  return GatherLowering(op, builder).lower();
}

} // namespace uwt::codegen
