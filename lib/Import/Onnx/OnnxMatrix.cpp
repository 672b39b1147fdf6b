//===- OnnxMatrix.cpp - Codes and grids that nodes of ONNX name -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layouts are those of onnxruntime 1.32 (ContribOperators.md, matmul_nbits_helper.h) and of ONNX's
// DequantizeLinear of version 25.
//
//===----------------------------------------------------------------------===//

#include "OnnxMatrix.h"
#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <bit>

using namespace uwt;

//===----------------------------------------------------------------------===//
// What nodes say
//===----------------------------------------------------------------------===//

static std::string quoted(const OnnxTensor &tensor) { return "'" + tensor.name + "'"; }

/// The initializer that is an input, or null where the node has none of that number. Errors:
/// Unsupported (it is computed, or it cannot be read).
static Expected<const OnnxTensor *> inputOf(const OnnxModel &model, const OnnxNode &node,
                                            size_t index) {
  std::string name(node.input(index));
  if (name.empty())
    return nullptr;
  const OnnxTensor *tensor = model.find(name);
  if (!tensor)
    return unsupportedError("'" + name + "' is no initializer");
  if (!tensor->refusal.empty())
    return unsupportedError(tensor->refusal);
  if (!tensor->type)
    return unsupportedError(quoted(*tensor) + " is of type " + std::to_string(tensor->typeNumber) +
                            ", which is not read");
  return tensor;
}

/// Scales, which are floats. Errors: Unsupported.
static Expected<const OnnxTensor *> scaleOf(const OnnxModel &model, const OnnxNode &node,
                                            size_t index) {
  UWT_ASSIGN_OR_RETURN(const OnnxTensor *scale, inputOf(model, node, index));
  if (!scale)
    return unsupportedError("it has no scales");
  if (scale->type->element)
    return unsupportedError(quoted(*scale) + " is " + std::string(scale->type->name) +
                            ", expected f32, f16 or bf16");
  return scale;
}

static Error wrongShape(const OnnxTensor &tensor, const Shape &expected) {
  return unsupportedError(quoted(tensor) + " is " + shapeText(tensor.shape) + ", expected " +
                          shapeText(expected));
}

/// Rows of that many numbers, which older files have as one row.
static Status expectRows(const OnnxTensor &tensor, uint64_t rows, uint64_t each) {
  if (tensor.shape == Shape{rows, each} || tensor.shape == Shape{rows * each})
    return ok();
  return wrongShape(tensor, {rows, each});
}

/// An attribute that is a positive integer. Errors: Unsupported.
static Expected<uint64_t> sizeOf(const OnnxNode &node, std::string_view name,
                                 std::optional<int64_t> absent = std::nullopt) {
  constexpr int64_t limit = int64_t(1) << 40;
  auto found = node.integers.find(name);
  if (found == node.integers.end() && !absent)
    return unsupportedError("it has no attribute " + std::string(name));
  int64_t value = found == node.integers.end() ? *absent : found->second;
  if (value <= 0 || value > limit)
    return unsupportedError(std::string(name) + " is " + std::to_string(value));
  return static_cast<uint64_t>(value);
}

/// onnx-4: what the node has beside codes, scales and zero points. Errors: Unsupported.
static Status checkPlain(const OnnxNode &node) {
  constexpr size_t columnOrder = 4;
  if (!node.input(columnOrder).empty())
    return unsupportedError("it has columns in an order of their own (g_idx)");
  const KnownAttributes known = {
      {"K", "N", "bits", "block_size", "weight_prepacked"}, {}, {}, {"accuracy_level"}};
  if (std::string refusal = node.unreadAttribute(known); !refusal.empty()) // onnx-10
    return unsupportedError(refusal);
  constexpr size_t maxInputs = 6;
  if (node.inputs.size() > maxInputs)
    return unsupportedError("MatMulNBits has " + std::to_string(node.inputs.size()) +
                            " inputs, of which " + std::to_string(maxInputs) + " are read");
  auto packing = node.integers.find("weight_prepacked");
  if (packing != node.integers.end() && packing->second != 0)
    return unsupportedError("its codes are in the order of a GPU's kernel (weight_prepacked = " +
                            std::to_string(packing->second) + ")");
  return ok();
}

/// Zero points of MatMulNBits (onnx-4). Errors: Unsupported.
static Status addZero(const OnnxModel &model, const OnnxNode &node, OnnxMatrix &matrix) {
  UWT_ASSIGN_OR_RETURN(const OnnxTensor *zero, inputOf(model, node, 3));
  uint64_t cells = divideUp(matrix.columns, matrix.cellColumns);
  if (!zero) {
    matrix.constantZero = 1 << (matrix.element.bits - 1);
    return ok();
  }
  matrix.zero = zero;
  if (zero->type->name == "uint<8>") {
    matrix.zeroRowBytes = divideUp(cells * matrix.element.bits, 8);
    return expectRows(*zero, matrix.rows, matrix.zeroRowBytes);
  }
  if (zero->type != matrix.scale->type)
    return unsupportedError(quoted(*zero) + " is " + std::string(zero->type->name) +
                            ", expected uint<8> or " + std::string(matrix.scale->type->name));
  return expectRows(*zero, matrix.rows, cells);
}

Expected<OnnxMatrix> OnnxMatrix::ofMatMulNBits(const OnnxModel &model, const OnnxNode &node) {
  constexpr uint64_t leastBlock = 16;
  OnnxMatrix matrix;
  UWT_RETURN_IF_ERROR(checkPlain(node));
  UWT_ASSIGN_OR_RETURN(matrix.codes, inputOf(model, node, 1));
  UWT_ASSIGN_OR_RETURN(matrix.columns, sizeOf(node, "K"));
  UWT_ASSIGN_OR_RETURN(matrix.rows, sizeOf(node, "N"));
  UWT_ASSIGN_OR_RETURN(uint64_t bits, sizeOf(node, "bits", 4));
  UWT_ASSIGN_OR_RETURN(uint64_t block, sizeOf(node, "block_size"));
  if (bits != 2 && bits != 4 && bits != 8)
    return unsupportedError(std::to_string(bits) + " bits are not 2, 4 or 8");
  if (block < leastBlock || !std::has_single_bit(block))
    return unsupportedError("block_size " + std::to_string(block) +
                            " is no power of two from 16 on");
  matrix.element = {static_cast<uint32_t>(bits), false, std::nullopt};
  matrix.elementName = "uint<" + std::to_string(bits) + ">";
  matrix.cellRows = 1;
  matrix.cellColumns = block;
  uint64_t cells = divideUp(matrix.columns, block), blockBytes = block * bits / 8;
  if (matrix.codes->type->name != "uint<8>")
    return unsupportedError(quoted(*matrix.codes) + " is " + std::string(matrix.codes->type->name) +
                            ", expected uint<8>");
  if (matrix.codes->shape != Shape{matrix.rows, cells, blockBytes})
    return wrongShape(*matrix.codes, {matrix.rows, cells, blockBytes});
  matrix.rowBytes = cells * blockBytes;
  UWT_ASSIGN_OR_RETURN(matrix.scale, scaleOf(model, node, 2));
  UWT_RETURN_IF_ERROR(expectRows(*matrix.scale, matrix.rows, cells));
  UWT_RETURN_IF_ERROR(addZero(model, node, matrix));
  return matrix;
}

/// onnx-5: the cells of DequantizeLinear's scales, one for all, one for each index along an axis,
/// or blocks along it. Errors: Unsupported.
static Status setCells(const OnnxNode &node, OnnxMatrix &matrix) {
  auto attribute = [&](std::string_view name, int64_t absent) {
    auto found = node.integers.find(name);
    return found == node.integers.end() ? absent : found->second;
  };
  const Shape &shape = matrix.scale->shape;
  int64_t axis = attribute("axis", 1), block = attribute("block_size", 0);
  if (axis < -2 || axis > 1)
    return unsupportedError("axis is " + std::to_string(axis));
  bool isRows = axis == 0 || axis == -2;
  if (block < 0)
    return unsupportedError("block_size is " + std::to_string(block));
  if (block > 0) {
    auto size = static_cast<uint64_t>(block);
    matrix.cellRows = isRows ? size : 1;
    matrix.cellColumns = isRows ? 1 : size;
    Shape expected = {divideUp(matrix.rows, matrix.cellRows),
                      divideUp(matrix.columns, matrix.cellColumns)};
    return shape == expected ? ok() : wrongShape(*matrix.scale, expected);
  }
  if (shape.empty() || shape == Shape{1}) {
    matrix.cellRows = matrix.rows;
    matrix.cellColumns = matrix.columns;
    return ok();
  }
  matrix.cellRows = isRows ? 1 : matrix.rows;
  matrix.cellColumns = isRows ? matrix.columns : 1;
  Shape expected = {isRows ? matrix.rows : matrix.columns};
  return shape == expected ? ok() : wrongShape(*matrix.scale, expected);
}

/// onnx-10: what the node has beside its inputs. Errors: Unsupported.
static Status checkDequantize(const OnnxNode &node, const OnnxTensor &scale) {
  const KnownAttributes known = {{"axis", "block_size", "output_dtype"}, {}, {}, {}};
  if (std::string refusal = node.unreadAttribute(known); !refusal.empty())
    return unsupportedError(refusal);
  auto type = node.integers.find("output_dtype");
  if (type == node.integers.end() || type->second == 0 || type->second == scale.type->number)
    return ok();
  return unsupportedError("output_dtype is " + std::to_string(type->second) +
                          ", another type than that of its scales");
}

Expected<OnnxMatrix> OnnxMatrix::ofDequantizeLinear(const OnnxModel &model, const OnnxNode &node) {
  OnnxMatrix matrix;
  UWT_ASSIGN_OR_RETURN(matrix.codes, inputOf(model, node, 0));
  const OnnxTensor &codes = *matrix.codes;
  if (!codes.type->element)
    return unsupportedError(quoted(codes) + " is " + std::string(codes.type->name) +
                            ", expected codes");
  if (codes.shape.size() != 2)
    return unsupportedError(quoted(codes) + " is " + shapeText(codes.shape) +
                            ", expected a matrix");
  matrix.rows = codes.shape[0];
  matrix.columns = codes.shape[1];
  if (matrix.rows == 0 || matrix.columns == 0)
    return unsupportedError("it is empty");
  matrix.element = *codes.type->element;
  matrix.elementName = codes.type->name;
  UWT_ASSIGN_OR_RETURN(matrix.scale, scaleOf(model, node, 1));
  UWT_RETURN_IF_ERROR(checkDequantize(node, *matrix.scale));
  UWT_RETURN_IF_ERROR(setCells(node, matrix));
  UWT_ASSIGN_OR_RETURN(matrix.zero, inputOf(model, node, 2));
  if (!matrix.zero)
    return matrix;
  if (matrix.zero->type != codes.type)
    return unsupportedError(quoted(*matrix.zero) + " is " + std::string(matrix.zero->type->name) +
                            ", expected " + matrix.elementName);
  if (matrix.zero->shape != matrix.scale->shape)
    return wrongShape(*matrix.zero, matrix.scale->shape);
  return matrix;
}

bool OnnxMatrix::hasRowsAlone(bool isTransposed) const {
  uint64_t size = isTransposed ? cellColumns : cellRows;
  return size == 1 || size >= (isTransposed ? columns : rows);
}

bool OnnxMatrix::isSame(const OnnxMatrix &other) const {
  return codes == other.codes && scale == other.scale && zero == other.zero && rows == other.rows &&
         columns == other.columns && elementName == other.elementName &&
         cellRows == other.cellRows && cellColumns == other.cellColumns;
}

std::string OnnxMatrix::format(bool isTransposed, bool isKMajor) const {
  WeightOutline outline;
  outline.rows = isTransposed ? columns : rows;
  outline.columns = isTransposed ? rows : columns;
  std::string cell = isTransposed ? cellText(cellColumns, cellRows, outline)
                                  : cellText(cellRows, cellColumns, outline);
  auto grid = [&](std::string_view number) {
    return "={" + cell + ", " + std::string(number) + "}";
  };
  std::string text = elementName + (isKMajor ? ", storage=k_major" : "");
  if (constantZero != 0)
    text += ", zero=" + std::to_string(constantZero);
  if (zero && !hasOffset())
    text += ", zero" + grid(elementName);
  text += ", scale" + grid(scale->type->name);
  return hasOffset() ? text + ", offset" + grid("f32") : text;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// onnx-3: codes [rows, columns] of rows of `rowBytes` bytes, or, where that is 0, of rows that
/// follow without gaps. The first code of a byte is in its lowest bits.
static std::vector<uint8_t> unpack(unsigned bits, std::span<const uint8_t> bytes, uint64_t rows,
                                   uint64_t columns, uint64_t rowBytes, ThreadPool &pool) {
  unsigned eachLog2 = std::countr_zero(8 / bits), mask = (1u << bits) - 1;
  std::vector<uint8_t> codes(rows * columns);
  pool.parallelFor(rows, [&](uint64_t row, unsigned) {
    const uint8_t *packed = bytes.data() + row * rowBytes;
    uint64_t first = rowBytes == 0 ? row * columns : 0;
    for (uint64_t column = 0; column < columns; ++column) {
      uint64_t code = first + column, inByte = code & ((uint64_t(1) << eachLog2) - 1);
      codes[row * columns + column] =
          static_cast<uint8_t>(packed[code >> eachLog2] >> (inByte * bits) & mask);
    }
  });
  return codes;
}

/// A matrix [rows, columns] as [columns, rows].
template <typename Number>
static std::vector<Number> transposed(const std::vector<Number> &numbers, uint64_t rows,
                                      uint64_t columns, ThreadPool &pool) {
  // So many columns that what is read is whole cache lines.
  constexpr uint64_t blockColumns = 64;
  std::vector<Number> result(numbers.size());
  pool.parallelFor(divideUp(columns, blockColumns), [&](uint64_t block, unsigned) {
    uint64_t first = block * blockColumns, end = std::min(first + blockColumns, columns);
    for (uint64_t row = 0; row < rows; ++row)
      for (uint64_t column = first; column < end; ++column)
        result[column * rows + row] = numbers[row * columns + column];
  });
  return result;
}

static void transpose(Grid &grid, ThreadPool &pool) {
  uint64_t rows = grid.cells.size() / grid.columns;
  grid.cells = transposed(grid.cells, rows, grid.columns, pool);
  grid.columns = rows;
  std::swap(grid.cellRows, grid.cellColumns);
}

QuantizedWeight OnnxMatrix::read(bool isTransposed, ThreadPool &pool) const {
  QuantizedWeight weight;
  weight.rows = rows;
  weight.columns = columns;
  weight.values = element.values();
  for (float &value : weight.values)
    value -= static_cast<float>(constantZero);
  weight.codes = unpack(element.bits, codes->bytes, rows, columns, rowBytes, pool);
  uint64_t cellsDown = divideUp(rows, cellRows), cellsAcross = divideUp(columns, cellColumns);
  weight.scale = {cellRows, cellColumns, cellsAcross, scale->floats()};
  if (hasOffset()) { // onnx-4
    Grid offsets = weight.scale;
    std::vector<float> zeros = zero->floats();
    std::ranges::transform(zeros, weight.scale.cells, offsets.cells.begin(),
                           [](float zero, float scale) { return -(zero * scale); });
    weight.addOffset(std::move(offsets));
  } else if (zero) {
    weight.zero = weight.scale;
    std::vector<float> numbers = element.values();
    std::ranges::transform(
        unpack(element.bits, zero->bytes, cellsDown, cellsAcross, zeroRowBytes, pool),
        weight.zero.cells.begin(), [&](uint8_t code) { return numbers[code]; });
  }
  if (!isTransposed)
    return weight;
  weight.codes = transposed(weight.codes, rows, columns, pool);
  std::swap(weight.rows, weight.columns);
  for (Grid *grid : weight.grids())
    transpose(*grid, pool);
  return weight;
}
