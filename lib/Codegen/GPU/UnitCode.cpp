//===- UnitCode.cpp - Kernels that go through a weight's units ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UnitCode.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Codec/Panel.h"

using namespace mlir;

namespace uwt::codegen {

void UnitCode::findLane() {
  Value thread = gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
  lane = index.rem(thread, 32);
  warp = index.div(thread, 32);
}

Value UnitCode::stripsOf(Value number) {
  Value left = index.sub(rows, index.mul(number, panelRows));
  return index.min(panelRows / stripRows, index.ceilDiv(left, stripRows));
}

Value UnitCode::unitNumber(Value panel, Value strips, const FixedUnit &fixed) {
  Value unit = index.add(index.mul(fixed.group, strips), fixed.strip);
  return index.add(unit, index.mul(panel, 4 * groups));
}

Value UnitCode::rowOf(Value panel, const FixedUnit &fixed) {
  return index.add(index.mul(panel, panelRows), index.mul(fixed.strip, stripRows));
}

Value UnitCode::columnOf(const FixedUnit &fixed) {
  return index.mul(fixed.group, fixedUnitColumns);
}

Value UnitCode::hasPadding(Value panel, const FixedUnit &fixed) {
  if (rows % stripRows == 0 && columns % fixedUnitColumns == 0)
    return {};
  Value isRowEdge = index.less(rows, index.add(rowOf(panel, fixed), stripRows));
  Value isColumnEdge = index.less(columns, index.add(columnOf(fixed), fixedUnitColumns));
  return bitOr(isRowEdge, isColumnEdge);
}

UnitCode::Values UnitCode::existing(Value panel, const FixedUnit &fixed) {
  // order-3.
  Value ownRow = index.add(rowOf(panel, fixed), index.div(lane, 4));
  Value ownColumn = index.add(columnOf(fixed), index.mul(index.rem(lane, 4), 2));
  auto maskOf = [&](Value n, Value k, int64_t mask) -> Value {
    Value isThere = bitAnd(index.less(n, rows), index.less(k, columns));
    return select(isThere, mask, 0);
  };
  auto fragment = VectorType::get({4}, builder.getI32Type());
  Values all;
  for (int64_t r = 0; r < 4; ++r) {
    Values masks;
    for (int64_t block = 0; block < 4; ++block) {
      Value n = index.add(ownRow, 8 * (r % 2));
      Value k = index.add(ownColumn, 16 * block + 8 * (r / 2));
      masks.push_back(bitOr(maskOf(n, k, 0xFFFF), maskOf(n, index.add(k, 1), 0xFFFF0000)));
    }
    all.push_back(vector::FromElementsOp::create(builder, location, fragment, masks));
  }
  return all;
}

} // namespace uwt::codegen
