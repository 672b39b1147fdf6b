//===- UnitNumbers.cpp - What elements of a quantised unit share ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UnitNumbers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {

Value VectorFloats::constants(ArrayRef<float> numbers) {
  return arith::ConstantOp::create(builder, location,
                                   DenseElementsAttr::get(cast<VectorType>(type()), numbers));
}

Value VectorFloats::splat(Value pointer) {
  Value number = LLVM::LoadOp::create(builder, location, builder.getF32Type(), pointer);
  return vector::BroadcastOp::create(builder, location, type(), number);
}

UnitNumbers::UnitNumbers(UnitEmission &unit, Order order, float factor)
    : layout(quantizedUnit(unit.format.format)), order(order), lanes(unit.lanes), floats(lanes),
      memory(lanes.ops(), lanes.loc()) {
  const Format &format = unit.format.format;
  Operation *here = &*lanes.ops().getInsertionPoint();
  Value own = memory.scratch(here, byteOf(gridCount(), 0, 0));
  NumberReader reader(lanes, layout, unit.weightBuffer(WeightBuffer::Code), unit.code);
  SmallVector<Value> scales = reader.read(*format.scale, layout.scale);
  if (factor != 1)
    for (Value &scale : scales)
      scale = floats.mul(scale, floats.constant(factor));
  store(own, ScaleGrid, scales);
  if (layout.zero)
    store(own, ZeroGrid, reader.read(*format.zeroGrid, layout.zero));
  if (layout.pick) {
    SmallVector<Value> picks;
    for (unsigned cell = 0; cell < layout.cells; ++cell)
      picks.push_back(floats.ofBits(reader.readBits(layout.pick.at(cell), layout.pick.bits)));
    store(own, PickGrid, picks);
  }
  for (auto [i, step] : llvm::enumerate(format.steps))
    store(own, FirstStep + i, reader.read(step.format, layout.steps[i]));
  // LLVM would take what it sees stored from the registers all the same.
  pointer = memory.keepPointer(own);
}

Value UnitNumbers::ofCell(unsigned grid, unsigned row, unsigned cell) {
  return floats.splat(memory.at(pointer, byteOf(grid, row, cell)));
}

Value UnitNumbers::pickedTable(Value tables, unsigned row, unsigned cell) {
  constexpr int64_t tableBytes = nibbleCodes * sizeof(float);
  Value number = memory.load(32, memory.at(pointer, byteOf(PickGrid, row, cell)), sizeof(float));
  Value table = memory.at(memory.pointerTo(tables), memory.mul(number, tableBytes));
  return memory.loadVector(floats.type(), table);
}

Value UnitNumbers::ofSixteen(Sixteen what, unsigned grid, unsigned row) {
  if (layout.cells == 1)
    return ofCell(grid, row, 0);
  // No more than one store wrote, or the load would wait for memory.
  auto few = VectorType::get({layout.cells}, lanes.ops().getF32Type());
  Value cells = memory.loadVector(few, memory.at(pointer, byteOf(grid, row, 0)));
  SmallVector<int64_t> picks;
  for (int64_t i = 0; i < laneCount; ++i)
    picks.push_back((what == Sixteen::Words ? i / 2 : i) % 4 * layout.cells / 4);
  return shuffle(cells, cells, picks);
}

UnitNumbers::RowNumbers UnitNumbers::ofRow(Sixteen what, unsigned row) {
  RowNumbers numbers(gridCount());
  for (unsigned grid = 0; grid < numbers.size(); ++grid)
    if (has(grid))
      numbers[grid] = ofSixteen(what, grid, row);
  return numbers;
}

static Value asHalves(LaneBuilder &lanes, Value words) {
  auto type = VectorType::get({2 * laneCount}, lanes.ops().getI16Type());
  return vector::BitCastOp::create(lanes.ops(), lanes.loc(), type, words);
}

Value UnitNumbers::exponentsOf(unsigned row) {
  constexpr uint32_t one = 0x3F803F80;
  Value scales = floats.bitsOf(ofSixteen(Sixteen::Halves, ScaleGrid, row));
  Value both = lanes.bitOr(scales, lanes.lshr(scales, 16));
  return arith::SubIOp::create(lanes.ops(), lanes.loc(), asHalves(lanes, both),
                               asHalves(lanes, lanes.constant(one)));
}

Value addExponents(LaneBuilder &lanes, Value words, Value exponents) {
  LaneBuilder halves(lanes.ops(), lanes.loc(), exponents.getType());
  Value own = asHalves(lanes, words);
  Value isNumber = halves.notEqual(halves.bitAnd(own, 0x7FFF), 0);
  Value result = halves.select(isNumber, halves.add(own, exponents), own);
  return vector::BitCastOp::create(lanes.ops(), lanes.loc(), lanes.type(), result);
}

unsigned UnitNumbers::byteOf(unsigned grid, unsigned row, unsigned cell) const {
  unsigned inGrid = order == Order::Cells ? cell * laneCount + row : row * layout.cells + cell;
  return (grid * laneCount * layout.cells + inGrid) * sizeof(float);
}

Value UnitNumbers::shuffle(Value a, Value b, ArrayRef<int64_t> picks) {
  return vector::ShuffleOp::create(lanes.ops(), lanes.loc(), a, b, picks);
}

/// Stores vectors of 16 rows, one a cell.
void UnitNumbers::store(Value own, unsigned grid, SmallVector<Value> cells) {
  if (order == Order::Rows)
    cells = transposed(cells);
  for (auto [i, vector] : llvm::enumerate(cells))
    memory.storeVector(vector, memory.at(own, byteOf(grid, 0, 0) + i * laneCount * sizeof(float)));
}

/// As many vectors, in which the numbers of a row are beside one another.
SmallVector<Value> UnitNumbers::transposed(ArrayRef<Value> cells) {
  int64_t count = cells.size(), rows = laneCount / count;
  SmallVector<Value> parts;
  for (int64_t part = 0; part < count; ++part) {
    // The first vector's lanes take their places when those of the second one come.
    Value vector = cells.front();
    for (int64_t cell = 1; cell < count; ++cell) {
      SmallVector<int64_t> picks;
      for (int64_t lane = 0; lane < laneCount; ++lane) {
        int64_t row = part * rows + lane / count;
        picks.push_back(lane % count == cell ? laneCount + row : cell == 1 ? row : lane);
      }
      vector = shuffle(vector, cells[cell], picks);
    }
    parts.push_back(vector);
  }
  return parts;
}

Value weightsOf(const Format &format, VectorFloats &floats, Value numbers,
                llvm::function_ref<Value(unsigned grid)> shared) {
  Value value = numbers;
  if (Value zero = shared(UnitNumbers::ZeroGrid))
    value = floats.sub(value, zero);
  if (format.math != ElementType::F32)
    value = floats.rounded(value, format.math);
  value = floats.mul(value, shared(UnitNumbers::ScaleGrid));
  if (format.divisor != 1)
    value = floats.mul(value, floats.constant(format.factor()));
  for (auto [i, step] : llvm::enumerate(format.steps))
    value = floats.apply(step.role, value, shared(UnitNumbers::FirstStep + i));
  return value;
}

} // namespace uwt::codegen
