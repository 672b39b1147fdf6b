//===- IntegerMainloop.cpp - A stage, multiplied by integers --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerMainloop.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt::codegen {

/// Products by mma.m16n8k32 in a column group.
static constexpr int64_t productsOfGroup = 2;

IntegerMainloop::IntegerMainloop(const LaneCode &code, const ProductPlan &plan, CompressedType type,
                                 Value ring, Value workspace, Value lane)
    : LaneCode(code), plan(plan), type(type), layout(quantizedUnit(type.getFormat().getFormat())),
      codes(signedIntegerCodes(type.getFormat().getFormat())),
      hasZeros(needsSumsOfX(type.getFormat().getFormat())),
      groupUnits(unitsInGroup(type.getFormat().getFormat())), units(code, plan), ring(ring),
      workspace(workspace), lane(lane) {}

Value IntegerMainloop::noSumsOfX() {
  auto sums = VectorType::get({2}, builder.getI32Type());
  return arith::ConstantOp::create(builder, location, builder.getZeroAttr(sums));
}

Value IntegerMainloop::noProducts() {
  auto sums = VectorType::get({2, 2}, builder.getI32Type());
  return arith::ConstantOp::create(builder, location, builder.getZeroAttr(sums));
}

IntegerMainloop::Values IntegerMainloop::begin() {
  auto integers = VectorType::get({4}, builder.getI32Type());
  Values zeros(plan.tile.mTiles, noSums());
  if (groupUnits > 1)
    zeros.append(plan.tile.mTiles,
                 arith::ConstantOp::create(builder, location, builder.getZeroAttr(integers)));
  return zeros;
}

Value IntegerMainloop::noSums() {
  auto floats = VectorType::get({4}, builder.getF32Type());
  return arith::ConstantOp::create(builder, location, builder.getZeroAttr(floats));
}

IntegerMainloop::Values IntegerMainloop::sums(ValueRange accumulators) {
  return Values(accumulators.take_front(plan.tile.mTiles));
}

IntegerMainloop::Values IntegerMainloop::multiply(Value strip, const TilePanel &panel,
                                                  const Stage &stage, ValueRange accumulators,
                                                  bool /*asWords*/) {
  int64_t groups = plan.unit.columnGroups;
  if (plan.unrollsStages()) {
    Values next(accumulators);
    for (int64_t number = 0; number < plan.ring.groupsPerStage / groups; ++number)
      next = multiplyUnit(strip, panel, stage, index.constant(number), next);
    return next;
  }
  return index.loop(index.ceilDiv(stage.ownGroups, groups), accumulators,
                    [&](Value number, ValueRange carried) {
                      return multiplyUnit(strip, panel, stage, number, carried);
                    });
}

DecodeFragmentNumbersOp IntegerMainloop::numbersOf(Value unit) {
  SmallVector<Type> scales(2 * size_t(layout.cells), builder.getF32Type()),
      zeros(layout.zero ? 2 * size_t(layout.cells) : 0, builder.getI32Type());
  return DecodeFragmentNumbersOp::create(builder, location, scales, zeros, type.getFormat(),
                                         TypeAttr::get(type.getElementType()), lane, ring, unit);
}

IntegerMainloop::Values IntegerMainloop::multiplyUnit(Value strip, const TilePanel &panel,
                                                      const Stage &stage, Value number,
                                                      ValueRange accumulators) {
  int64_t mTiles = plan.tile.mTiles;
  Value firstGroup = index.mul(number, plan.unit.columnGroups);
  UnitCoordinate coordinate = units.coordinate(panel, firstGroup, strip);
  Value unit = index.add(index.add(stage.region, plan.stage().code),
                         index.mul(coordinate.unit, plan.unit.codeU32)); // u32 of the ring
  // Loads of numbers are not behind the wait for products.
  DecodeFragmentNumbersOp numbers;
  if (groupUnits == 1 || layout.zero)
    numbers = numbersOf(unit);
  UnitSums sums;
  if (hasZeros)
    sums.ofX.assign(layout.cells * mTiles, noSumsOfX());
  if (plan.tile.usesWarpgroups) {
    multiplyTogether(stage, unit, firstGroup, sums);
  } else {
    sums.products.assign(layout.cells * mTiles, noProducts());
    for (int64_t inUnit = 0; inUnit < plan.unit.columnGroups; ++inUnit)
      multiplyGroup(stage, unit, firstGroup, inUnit, sums);
  }
  Values integers;
  for (unsigned cell = 0; cell < layout.cells; ++cell)
    for (int64_t mTile = 0; mTile < mTiles; ++mTile)
      integers.push_back(
          differences(sums, cell, mTile, numbers ? numbers.getZeros() : ValueRange()));
  if (groupUnits == 1)
    return addScaled(accumulators, integers, numbers.getScales());
  for (auto [sum, before] : llvm::zip_equal(integers, accumulators.drop_front(mTiles)))
    sum = arith::AddIOp::create(builder, location, before, sum);
  return either(
      endsGroup(stage, number), accumulators.getTypes(),
      [&] {
        Values next =
            addScaled(accumulators.take_front(mTiles), integers, numbersOf(unit).getScales());
        Values zeros = begin();
        next.append(zeros.begin() + mTiles, zeros.end());
        return next;
      },
      [&] {
        Values next(accumulators.take_front(mTiles));
        llvm::append_range(next, integers);
        return next;
      });
}

Value IntegerMainloop::endsGroup(const Stage &stage, Value number) {
  int64_t groups = plan.unit.columnGroups;
  int64_t all = (plan.problem.columnGroups() + groups - 1) / groups;
  Value next = index.add(index.add(index.div(stage.firstGroup, groups), number), 1);
  // A part has whole groups, and begins with one.
  return bitOr(index.equal(index.rem(next, groupUnits), 0), index.equal(next, all));
}

DecodeFragmentIntegersOp IntegerMainloop::integersOf(Value unit, int64_t inUnit) {
  return DecodeFragmentIntegersOp::create(builder, location, type.getFormat(),
                                          TypeAttr::get(type.getElementType()), lane, ring,
                                          index.add(unit, inUnit * plan.unit.codeGroupStride));
}

IntegerMainloop::Values IntegerMainloop::beginProducts(Value low, Value high, Value x,
                                                       ValueRange sums) {
  SmallVector<Type> types(plan.tile.mTiles, noProducts().getType());
  return Values(WarpgroupMmaBytesOp::create(builder, location, types, low, high, ring, x,
                                            /*leading=*/coreMatrixBytes, /*stride=*/blockTileBytes,
                                            /*blockStride=*/plan.tile.mTiles * blockTileBytes, sums)
                    .getNext());
}

void IntegerMainloop::multiplyTogether(const Stage &stage, Value unit, Value firstGroup,
                                       UnitSums &sums) {
  Values xOfGroups;
  for (int64_t inUnit = 0; inUnit < plan.unit.columnGroups; ++inUnit) {
    auto own = integersOf(unit, inUnit);
    Value x = xOf(stage, index.add(firstGroup, inUnit));
    xOfGroups.push_back(x);
    sums.products = beginProducts(own.getLow(), own.getHigh(), x, sums.products);
  }
  auto wait =
      WarpgroupWaitOp::create(builder, location, TypeRange(sums.products), 0, sums.products);
  sums.products = Values(wait.getDone());
  for (Value x : xOfGroups)
    addSumsOfX(x, sums);
}

Value IntegerMainloop::xOf(const Stage &stage, Value group) {
  Value x = index.add(stage.begin, plan.stage().x);
  return index.add(x, index.mul(group, plan.tile.packedGroupU32()));
}

void IntegerMainloop::addSumsOfX(Value x, UnitSums &sums) {
  if (!hasZeros)
    return;
  // A lane has columns 2t and 2t + 1 of an m tile.
  Value own = index.add(index.add(x, plan.tile.sumsOfXBegin()), index.mul(index.rem(lane, 4), 2));
  for (unsigned cell = 0; cell < layout.cells; ++cell)
    for (int64_t mTile = 0; mTile < plan.tile.mTiles; ++mTile) {
      Value at = index.add(own, cell * plan.tile.m() + mTile * mTileRows);
      Value &sum = sums.ofX[cell * plan.tile.mTiles + mTile];
      sum = arith::AddIOp::create(builder, location, sum,
                                  loadVector(ring, at, 2, builder.getI32Type()));
    }
}

void IntegerMainloop::multiplyGroup(const Stage &stage, Value unit, Value firstGroup,
                                    int64_t inUnit, UnitSums &sums) {
  Value group = index.add(firstGroup, inUnit);
  // The last unit may have column groups that x does not have.
  bool mayBeMissing = inUnit > 0 && plan.problem.columnGroups() % plan.unit.columnGroups != 0;
  Values before = sums.products;
  llvm::append_range(before, sums.ofX);
  auto multiplyOwn = [&] {
    auto own = integersOf(unit, inUnit);
    Value x = xOf(stage, group), ofLane = index.add(x, index.mul(lane, laneU32));
    UnitSums next = sums;
    for (int64_t mTile = 0; mTile < plan.tile.mTiles; ++mTile) {
      Value both =
          loadVector(ring, index.add(ofLane, mTile * packedByteTileU32), 4, builder.getI32Type());
      for (int64_t product = 0; product < productsOfGroup; ++product) {
        Value b = vector::ExtractStridedSliceOp::create(builder, location, both,
                                                        ArrayRef<int64_t>{2 * product},
                                                        ArrayRef<int64_t>{2}, ArrayRef<int64_t>{1});
        int64_t cell = layout.cells == 1 ? 0 : product;
        Value &sum = next.products[cell * plan.tile.mTiles + mTile];
        sum = multiplyBytes(own.getResult(product), b, sum);
      }
    }
    addSumsOfX(x, next);
    Values all = next.products;
    llvm::append_range(all, next.ofX);
    return all;
  };
  Values after = mayBeMissing
                     ? either(index.less(group, stage.ownGroups), ValueRange(before).getTypes(),
                              multiplyOwn, [&] { return before; })
                     : multiplyOwn();
  ArrayRef<Value> all(after);
  size_t count = sums.products.size();
  sums.products.assign(all.take_front(count));
  sums.ofX.assign(all.drop_front(count));
}

/// Registers of A and B are four bytes each.
Value IntegerMainloop::multiplyBytes(Value a, Value b, Value sum) {
  auto bytesOf = [&](Value registers) -> Value {
    auto own = cast<VectorType>(registers.getType());
    if (own.getRank() == 2)
      return registers;
    int64_t count = own.getNumElements();
    Type byte = builder.getI8Type();
    Value bytes =
        vector::BitCastOp::create(builder, location, VectorType::get({4 * count}, byte), registers);
    return vector::ShapeCastOp::create(builder, location, VectorType::get({count, 4}, byte), bytes);
  };
  return nvgpu::MmaSyncOp::create(builder, location, bytesOf(a), bytesOf(b), sum,
                                  ArrayRef<int64_t>{16, 8, 32});
}

Value IntegerMainloop::ofRows(Value upper, Value lower) {
  auto four = VectorType::get({4}, upper.getType());
  return vector::FromElementsOp::create(builder, location, four,
                                        ValueRange{upper, upper, lower, lower});
}

Value IntegerMainloop::ofColumns(Value pair) {
  return vector::ShuffleOp::create(builder, location, pair, pair, ArrayRef<int64_t>{0, 1, 0, 1});
}

Value IntegerMainloop::differences(const UnitSums &sums, unsigned cell, int64_t mTile,
                                   ValueRange zeros) {
  auto four = VectorType::get({4}, builder.getI32Type());
  IntegerBuilder lanes(builder, location, four);
  size_t number = cell * plan.tile.mTiles + mTile;
  Value products = vector::ShapeCastOp::create(builder, location, four, sums.products[number]);
  if (codes.shift != 0 && !codes.shiftsScales)
    products = arith::ShRSIOp::create(builder, location, products, lanes.constant(codes.shift));
  if (!hasZeros)
    return products;
  Value less = zeros.empty()
                   ? lanes.constant(codes.offset)
                   : lanes.add(ofRows(zeros[2 * cell], zeros[2 * cell + 1]), codes.offset);
  return lanes.sub(products, lanes.mul(less, ofColumns(sums.ofX[number])));
}

IntegerMainloop::Values IntegerMainloop::addScaled(ValueRange accumulators, ValueRange sums,
                                                   ValueRange scales) {
  auto four = VectorType::get({4}, builder.getF32Type());
  Values next(accumulators);
  for (unsigned cell = 0; cell < layout.cells; ++cell) {
    Value scale = ofRows(scales[2 * cell], scales[2 * cell + 1]);
    for (auto [mTile, sum] : llvm::enumerate(next)) {
      Value floats =
          arith::SIToFPOp::create(builder, location, four, sums[cell * plan.tile.mTiles + mTile]);
      sum = math::FmaOp::create(builder, location, floats, scale, sum);
    }
  }
  return next;
}

IntegerMainloop::Values IntegerMainloop::scaled(const TilePanel &panel, ValueRange totals) {
  // A lane has columns 2t and 2t + 1 of an m tile, in two rows.
  Value at = index.add(index.mul(panel.slice, plan.packedU32()), plan.xScalesBegin());
  at = index.add(at, index.mul(index.rem(lane, 4), 2)); // u32 of the workspace
  Values results;
  for (int64_t mTile = 0; mTile < plan.tile.mTiles; ++mTile) {
    Value bits = loadVector(workspace, index.add(at, mTile * mTileRows), 2, builder.getI32Type());
    Value pair = vector::BitCastOp::create(builder, location,
                                           VectorType::get({2}, builder.getF32Type()), bits);
    results.push_back(arith::MulFOp::create(builder, location, totals[mTile], ofColumns(pair)));
  }
  return results;
}

} // namespace uwt::codegen
