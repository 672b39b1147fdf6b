//===- FlattenVector.cpp - vector operations that move registers ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A vector's elements lie in registers in row-major order, so all of these are one
// Permute: a list of source registers.
//
//===----------------------------------------------------------------------===//

#include "Flatten.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::emulator {

using Handler = Flattener::Handler;

static LogicalResult checkType(Operation *op) {
  for (Value result : op->getResults())
    if (!valueType(result.getType()))
      return op->emitError() << "type " << result.getType() << " is not known to the emulator";
  return success();
}

/// Where the slice at `position` (of the leading dimensions) begins.
static int64_t linearOffset(VectorType type, ArrayRef<int64_t> position) {
  int64_t offset = 0;
  for (auto [dimension, size] : llvm::enumerate(type.getShape()))
    offset = offset * size + (dimension < position.size() ? position[dimension] : 0);
  return offset;
}

static LogicalResult extract(Flattener &flat, Operation *op, const Handler &) {
  auto extractOp = cast<vector::ExtractOp>(op);
  if (extractOp.hasDynamicPosition())
    return op->emitError() << "a position that is not constant is not known to the emulator";
  if (failed(checkType(op)))
    return failure();
  ValueRegisters dst = flat.define(op->getResult(0));
  int64_t offset = linearOffset(extractOp.getSourceVectorType(), extractOp.getStaticPosition());
  SmallVector<int32_t> source = flat.allRegisters(extractOp.getSource());
  flat.emitPermute(op, dst.reg, ArrayRef(source).slice(offset, dst.count));
  return success();
}

static LogicalResult insert(Flattener &flat, Operation *op, const Handler &) {
  auto insertOp = cast<vector::InsertOp>(op);
  if (insertOp.hasDynamicPosition())
    return op->emitError() << "a position that is not constant is not known to the emulator";
  if (failed(checkType(op)))
    return failure();
  ValueRegisters dst = flat.define(op->getResult(0));
  SmallVector<int32_t> registers = flat.allRegisters(insertOp.getDest());
  int64_t offset = linearOffset(insertOp.getDestVectorType(), insertOp.getStaticPosition());
  llvm::copy(flat.allRegisters(insertOp.getValueToStore()), registers.begin() + offset);
  flat.emitPermute(op, dst.reg, registers);
  return success();
}

/// vector.from_elements, shape_cast: all operands' registers in order.
static LogicalResult concatenate(Flattener &flat, Operation *op, const Handler &) {
  if (failed(checkType(op)))
    return failure();
  ValueRegisters dst = flat.define(op->getResult(0));
  flat.emitPermute(op, dst.reg, flat.allRegisters(op->getOperands()));
  return success();
}

static LogicalResult toElements(Flattener &flat, Operation *op, const Handler &) {
  if (failed(checkType(op)))
    return failure();
  SmallVector<int32_t> source = flat.allRegisters(op->getOperand(0));
  for (auto [result, reg] : llvm::zip_equal(op->getResults(), source))
    flat.emitPermute(op, flat.define(result).reg, reg);
  return success();
}

static LogicalResult broadcastVector(Flattener &flat, Operation *op, const Handler &) {
  if (failed(checkType(op)))
    return failure();
  auto type = cast<VectorType>(op->getResult(0).getType());
  auto sourceType = dyn_cast<VectorType>(op->getOperand(0).getType());
  // Dimensions of size one may stretch anywhere: walk the result's elements.
  ArrayRef<int64_t> shape = type.getShape();
  ArrayRef<int64_t> sourceShape = sourceType ? sourceType.getShape() : ArrayRef<int64_t>();
  int32_t source = flat.reg(op->getOperand(0));
  SmallVector<int32_t> registers;
  for (int64_t element = 0; element < type.getNumElements(); ++element) {
    int64_t rest = element, offset = 0, stride = 1;
    for (unsigned back = 1; back <= sourceShape.size(); ++back) {
      int64_t index = rest % shape[shape.size() - back];
      rest /= shape[shape.size() - back];
      int64_t size = sourceShape[sourceShape.size() - back];
      offset += size == 1 ? 0 : index * stride;
      stride *= size;
    }
    registers.push_back(source + offset);
  }
  flat.emitPermute(op, flat.define(op->getResult(0)).reg, registers);
  return success();
}

static LogicalResult shuffleVectors(Flattener &flat, Operation *op, const Handler &) {
  if (failed(checkType(op)))
    return failure();
  auto shuffleOp = cast<vector::ShuffleOp>(op);
  VectorType type = shuffleOp.getV1VectorType();
  int64_t each = type.getRank() == 0 ? 1 : type.getNumElements() / type.getShape()[0];
  SmallVector<int32_t> source = flat.allRegisters(op->getOperands()), registers;
  for (int64_t index : shuffleOp.getMask())
    for (int64_t i = 0; i < each; ++i)
      // Poison: any value will do.
      registers.push_back(source[index < 0 ? 0 : index * each + i]);
  flat.emitPermute(op, flat.define(op->getResult(0)).reg, registers);
  return success();
}

static SmallVector<int64_t> integers(ArrayAttr attribute) {
  SmallVector<int64_t> result;
  for (IntegerAttr value : attribute.getAsRange<IntegerAttr>())
    result.push_back(value.getInt());
  return result;
}

/// Numbers of the elements of `shape` that a slice of `sizes` at `offsets` covers, in order.
static SmallVector<int64_t> sliceElements(ArrayRef<int64_t> shape, ArrayRef<int64_t> offsets,
                                          ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> result = {0};
  for (auto [dimension, extent] : llvm::enumerate(shape)) {
    bool isCut = dimension < offsets.size();
    int64_t begin = isCut ? offsets[dimension] : 0, size = isCut ? sizes[dimension] : extent;
    SmallVector<int64_t> next;
    for (int64_t prefix : result)
      for (int64_t i = 0; i < size; ++i)
        next.push_back(prefix * extent + begin + i);
    result = std::move(next);
  }
  return result;
}

static LogicalResult extractSlice(Flattener &flat, Operation *op, const Handler &) {
  if (failed(checkType(op)))
    return failure();
  auto slice = cast<vector::ExtractStridedSliceOp>(op);
  SmallVector<int32_t> source = flat.allRegisters(op->getOperand(0)), registers;
  for (int64_t element : sliceElements(slice.getSourceVectorType().getShape(),
                                       integers(slice.getOffsets()), integers(slice.getSizes())))
    registers.push_back(source[element]);
  flat.emitPermute(op, flat.define(op->getResult(0)).reg, registers);
  return success();
}

static LogicalResult insertSlice(Flattener &flat, Operation *op, const Handler &) {
  if (failed(checkType(op)))
    return failure();
  auto slice = cast<vector::InsertStridedSliceOp>(op);
  SmallVector<int32_t> registers = flat.allRegisters(slice.getDest());
  ArrayRef<int64_t> inner = slice.getSourceVectorType().getShape();
  SmallVector<int64_t> sizes(slice.getDestVectorType().getRank() - inner.size(), 1);
  sizes.append(inner.begin(), inner.end());
  auto elements =
      sliceElements(slice.getDestVectorType().getShape(), integers(slice.getOffsets()), sizes);
  for (auto [element, source] :
       llvm::zip_equal(elements, flat.allRegisters(slice.getValueToStore())))
    registers[element] = source;
  flat.emitPermute(op, flat.define(op->getResult(0)).reg, registers);
  return success();
}

void addVectorHandlers(Flattener::HandlerTable &table) {
  table["vector.extract"] = {extract};
  table["vector.insert"] = {insert};
  table["vector.from_elements"] = {concatenate};
  table["vector.shape_cast"] = {concatenate};
  table["vector.to_elements"] = {toElements};
  table["vector.broadcast"] = {broadcastVector};
  table["vector.shuffle"] = {shuffleVectors};
  table["vector.extract_strided_slice"] = {extractSlice};
  table["vector.insert_strided_slice"] = {insertSlice};
}

} // namespace uwt::emulator
