//===- TMTensor.cpp - Torch-mlir's operations beyond linalg ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/TMTensor/TMTensor.h"

using namespace mlir;

#include "uwt/Dialect/TMTensor/TMTensorDialect.cpp.inc"

#define GET_OP_CLASSES
#include "uwt/Dialect/TMTensor/TMTensorOps.cpp.inc"

namespace uwt::tm_tensor {

void TMTensorDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "uwt/Dialect/TMTensor/TMTensorOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// What verifiers share
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(Value tensor) { return cast<RankedTensorType>(tensor.getType()); }

/// Numbers of operands, and results that have the types of the outputs.
static LogicalResult verifyOperands(Operation *op, OperandRange inputs, unsigned fewest,
                                    unsigned most, OperandRange outputs, unsigned expected) {
  if (inputs.size() < fewest || inputs.size() > most)
    return op->emitOpError() << "expects " << fewest
                             << (most != fewest ? " or " + std::to_string(most) : std::string())
                             << " inputs, got " << inputs.size();
  if (outputs.size() != expected)
    return op->emitOpError() << "expects " << expected << " outputs, got " << outputs.size();
  if (op->getResultTypes() != TypeRange(outputs.getTypes()))
    return op->emitOpError("expects results of the types of its outputs");
  return success();
}

/// A region that takes elements of `arguments` and yields one of `result`.
static LogicalResult verifyRegion(Operation *op, ArrayRef<Type> arguments, Type result) {
  Block &block = op->getRegion(0).front();
  if (TypeRange(block.getArgumentTypes()) != TypeRange(arguments))
    return op->emitOpError() << "expects a region of " << arguments.size()
                             << " arguments with the types of elements";
  if (TypeRange(block.getTerminator()->getOperandTypes()) != TypeRange(result))
    return op->emitOpError() << "expects a region that yields " << result;
  return success();
}

static LogicalResult verifyDimension(Operation *op, int64_t dimension, RankedTensorType type) {
  if (dimension >= 0 && dimension < type.getRank())
    return success();
  return op->emitOpError() << "has dimension " << dimension << ", expected one of the "
                           << type.getRank() << " of " << type;
}

/// Whether a dimension may have both sizes.
static bool mayEqual(int64_t a, int64_t b) {
  return a == b || ShapedType::isDynamic(a) || ShapedType::isDynamic(b);
}

static LogicalResult verifyShapes(Operation *op, ArrayRef<int64_t> a, ArrayRef<int64_t> b,
                                  StringRef what) {
  if (a.size() == b.size() &&
      llvm::all_of(llvm::zip(a, b), [](auto sizes) { return std::apply(mayEqual, sizes); }))
    return success();
  return op->emitOpError() << "expects " << what << " of equal sizes";
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

void YieldOp::build(OpBuilder &, OperationState &) {}

LogicalResult ScanOp::verify() {
  if (failed(verifyOperands(*this, getInputs(), 1, 1, getOutputs(), 2)))
    return failure();
  RankedTensorType input = typeOf(getInputs()[0]), output = typeOf(getOutputs()[0]);
  RankedTensorType last = typeOf(getOutputs()[1]);
  if (failed(verifyDimension(*this, getDimension(), input)) ||
      failed(verifyShapes(*this, input.getShape(), output.getShape(), "an input and an output")))
    return failure();
  SmallVector<int64_t> rest(input.getShape());
  rest.erase(rest.begin() + getDimension());
  if (failed(verifyShapes(*this, rest, last.getShape(),
                          "a second output and the input without its dimension")))
    return failure();
  Type element = input.getElementType();
  if (output.getElementType() != element || last.getElementType() != element)
    return emitOpError("expects one element type");
  return verifyRegion(*this, {element, element}, element);
}

LogicalResult ScatterOp::verify() {
  if (failed(verifyOperands(*this, getInputs(), 2, 2, getOutputs(), 1)))
    return failure();
  RankedTensorType updates = typeOf(getInputs()[0]), indices = typeOf(getInputs()[1]);
  RankedTensorType output = typeOf(getOutputs()[0]);
  if (indices.getRank() != 2 || !indices.getElementType().isSignlessInteger() ||
      indices.getDimSize(1) != static_cast<int64_t>(getDimensionMap().size()))
    return emitOpError("expects indices [n, depth] of integers, with a depth that is the length of "
                       "the dimension map");
  if (updates.getRank() == 0 || updates.getRank() - 1 > output.getRank() ||
      !mayEqual(updates.getDimSize(0), indices.getDimSize(0)))
    return emitOpError(
        "expects updates [n, ...] with at most the dimensions of the output after n");
  int64_t missing = output.getRank() - (updates.getRank() - 1);
  llvm::SmallDenseSet<int64_t> mapped;
  for (int64_t dimension : getDimensionMap())
    if (failed(verifyDimension(*this, dimension, output)) || !mapped.insert(dimension).second)
      return emitOpError("expects a dimension map of different dimensions of the output");
  for (int64_t dimension = 0; dimension < missing; ++dimension)
    if (!mapped.contains(dimension))
      return emitOpError() << "has neither an index nor an update for dimension " << dimension;
  Type element = output.getElementType();
  if (updates.getElementType() != element)
    return emitOpError("expects one element type");
  return verifyRegion(*this, {element, element}, element);
}

LogicalResult SortOp::verify() {
  if (failed(verifyOperands(*this, getInputs(), 0, 0, getOutputs(), getOutputs().size())))
    return failure();
  if (getOutputs().empty())
    return emitOpError("expects at least one output");
  RankedTensorType first = typeOf(getOutputs()[0]);
  SmallVector<Type> arguments;
  for (Value output : getOutputs()) {
    if (failed(verifyShapes(*this, first.getShape(), typeOf(output).getShape(), "outputs")))
      return failure();
    arguments.append(2, typeOf(output).getElementType());
  }
  if (failed(verifyDimension(*this, getDimension(), first)))
    return failure();
  return verifyRegion(*this, arguments, IntegerType::get(getContext(), 1));
}

LogicalResult TopkOp::verify() {
  if (failed(verifyOperands(*this, getInputs(), 1, 2, getOutputs(), 2)))
    return failure();
  RankedTensorType input = typeOf(getInputs()[0]), values = typeOf(getOutputs()[0]);
  RankedTensorType indices = typeOf(getOutputs()[1]);
  if (failed(verifyDimension(*this, getDimension(), input)) ||
      failed(verifyShapes(*this, values.getShape(), indices.getShape(), "outputs")))
    return failure();
  SmallVector<int64_t> expected(input.getShape());
  if (values.getRank() == input.getRank())
    expected[getDimension()] = values.getDimSize(getDimension());
  if (failed(verifyShapes(*this, expected, values.getShape(),
                          "an input and outputs, but for the dimension,")))
    return failure();
  Type element = input.getElementType();
  if (values.getElementType() != element || !indices.getElementType().isSignlessInteger())
    return emitOpError("expects values of one type, and integers for indices");
  if (getInputs().size() == 2) {
    RankedTensorType given = typeOf(getInputs()[1]);
    if (given.getElementType() != indices.getElementType() ||
        failed(verifyShapes(*this, input.getShape(), given.getShape(), "inputs")))
      return emitOpError("expects input indices like the values, of the type of the others");
  }
  return verifyRegion(*this, {element, element}, IntegerType::get(getContext(), 1));
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyOperands(*this, getInputs(), 3, 4, getOutputs(), 1)))
    return failure();
  ArrayRef<int64_t> q = typeOf(getInputs()[0]).getShape(), k = typeOf(getInputs()[1]).getShape();
  ArrayRef<int64_t> v = typeOf(getInputs()[2]).getShape(), o = typeOf(getOutputs()[0]).getShape();
  size_t rank = q.size();
  if (rank < 2 || k.size() != rank || v.size() != rank || o.size() != rank)
    return emitOpError("expects operands of one rank, at least 2");
  auto with = [&](int64_t rows, int64_t columns) {
    SmallVector<int64_t> shape(q.drop_back(2));
    shape.append({rows, columns});
    return shape;
  };
  int64_t m = q[rank - 2], n = k[rank - 2];
  if (failed(verifyShapes(*this, k, with(n, q.back()), "queries and keys")) ||
      failed(verifyShapes(*this, v, with(n, v.back()), "keys and values")) ||
      failed(verifyShapes(*this, o, with(m, v.back()), "an output and queries")))
    return failure();
  Type element = typeOf(getOutputs()[0]).getElementType();
  for (Value input : getInputs().take_front(3))
    if (typeOf(input).getElementType() != element || !isa<FloatType>(element))
      return emitOpError("expects floats of one type");
  if (getInputs().size() < 4)
    return success();
  RankedTensorType mask = typeOf(getInputs()[3]);
  if (mask.getElementType() != element && !mask.getElementType().isInteger(1))
    return emitOpError("expects a mask of the type of the others, or i1");
  return verifyShapes(*this, mask.getShape(), with(m, n), "a mask and the pairs");
}

} // namespace uwt::tm_tensor
