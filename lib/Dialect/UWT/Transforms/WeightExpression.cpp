//===- WeightExpression.cpp - Values that only weights decide -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightExpression.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace uwt {

/// Operations that are looked at before the search gives up: what leads to an activation in a deep
/// model may be all of the model.
static constexpr size_t maxOperations = 256;

namespace {
/// Collects an expression, operands before users.
class Search {
public:
  std::optional<WeightExpression> run(ValueRange values) {
    for (Value value : values)
      if (!visit(value))
        return std::nullopt;
    return std::move(expression);
  }

private:
  bool visit(Value value);
  bool visitOperands(Operation *op);
  bool visitLayer(tensor::ExtractSliceOp slice);

  WeightExpression expression;
  llvm::SmallPtrSet<Operation *, 16> seen;
};
} // namespace

/// The weight or constant behind a decode.
static Operation *storedSource(DecodeOp decode) {
  Value source = decode.getSource();
  while (auto transcode = source.getDefiningOp<TranscodeOp>())
    source = transcode.getSource();
  return source.getDefiningOp();
}

/// Whether an operation stands for a tensor of a container or of the module.
static bool isStored(Operation *op) {
  auto weight = dyn_cast_or_null<WeightOp>(op);
  return isa_and_nonnull<ConstantOp>(op) || (weight && !weight.getDerivation());
}

static bool isLeaf(Operation *op) {
  if (auto decode = dyn_cast<DecodeOp>(op))
    return isStored(storedSource(decode));
  auto weight = dyn_cast<WeightOp>(op);
  return weight && isa<RankedTensorType>(weight.getType());
}

bool Search::visitOperands(Operation *op) {
  for (Value operand : op->getOperands())
    if (!visit(operand))
      return false;
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  return llvm::all_of(captured, [&](Value value) { return visit(value); });
}

/// Takes the slice of one layer of a stacked weight whose number only a call knows. All such slices
/// of an expression have the same number.
bool Search::visitLayer(tensor::ExtractSliceOp slice) {
  Operation *stack = slice.getSource().getDefiningOp();
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(), sizes = slice.getMixedSizes();
  auto number = dyn_cast_if_present<Value>(offsets.empty() ? OpFoldResult() : offsets[0]);
  int64_t count = slice.getSourceType().getDimSize(0);
  bool isConstant = isa_and_nonnull<arith::ConstantOp>(stack);
  if (!stack || !(isConstant || isLeaf(stack)) || !number || !isConstantIntValue(sizes[0], 1) ||
      slice.getSourceType().getRank() < 2 ||
      llvm::any_of(ArrayRef(offsets).drop_front(),
                   [](OpFoldResult offset) { return !getConstantIntValue(offset); }) ||
      !slice.getType().hasStaticShape() || !slice.hasUnitStride())
    return false;
  if (expression.number && (expression.number != number || expression.count != count))
    return false;
  expression.number = number;
  expression.count = count;
  if (isConstant)
    expression.operations.insert(stack);
  else
    expression.leaves.insert(stack);
  expression.operations.insert(slice);
  return true;
}

bool Search::visit(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || seen.size() > maxOperations)
    return false;
  if (!seen.insert(op).second)
    return true;
  if (isLeaf(op)) {
    expression.leaves.insert(op);
    return true;
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op); slice && visitLayer(slice))
    return true;
  if (!isMemoryEffectFree(op) || isa<DecodeOp, MatmulOp>(op) || !visitOperands(op))
    return false;
  expression.operations.insert(op);
  return true;
}

std::optional<WeightExpression> WeightExpression::find(Value value) {
  return find(ValueRange(value));
}

std::optional<WeightExpression> WeightExpression::find(ValueRange values) {
  for (Value value : values)
    if (auto type = dyn_cast<RankedTensorType>(value.getType()); !type || !type.hasStaticShape())
      return std::nullopt;
  std::optional<WeightExpression> expression = Search().run(values);
  if (!expression || expression->leaves.empty())
    return std::nullopt;
  return expression;
}

bool isOfWeights(Value value) { return Search().run(value).has_value(); }

int64_t tensorBytes(RankedTensorType type) {
  Type element = type.getElementType();
  int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  return type.getNumElements() * int64_t(divideUp(bits, 8));
}

int64_t WeightExpression::widenedLeafBytes() const {
  int64_t bytes = 0;
  for (Operation *leaf : leaves) {
    auto type = cast<RankedTensorType>(leaf->getResult(0).getType());
    bytes += std::max(tensorBytes(type), 2 * type.getNumElements());
  }
  return bytes;
}

//===----------------------------------------------------------------------===//
// Functions of derived weights
//===----------------------------------------------------------------------===//

/// Clones the operations of `expression` that are not in `mapping` yet.
static void cloneOperations(OpBuilder &builder, const WeightExpression &expression,
                            IRMapping &mapping) {
  for (Operation *op : expression.operations)
    builder.clone(*op, mapping);
}

/// The values of all layers, one after another.
static Value stackLayers(OpBuilder &builder, Location loc, Value value,
                         const WeightExpression &expression, const IRMapping &leaves) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(shape.begin(), expression.count);
  Value stack = tensor::EmptyOp::create(builder, loc, shape, type.getElementType());
  auto constant = [&](int64_t number) {
    return arith::ConstantIndexOp::create(builder, loc, number).getResult();
  };
  Value begin = constant(0), end = constant(expression.count), step = constant(1);
  auto body = [&](OpBuilder &inner, Location, Value layer, ValueRange carried) {
    IRMapping mapping = leaves;
    mapping.map(expression.number, layer);
    cloneOperations(inner, expression, mapping);
    SmallVector<OpFoldResult> offsets(shape.size(), inner.getIndexAttr(0)),
        strides(shape.size(), inner.getIndexAttr(1)), sizes;
    offsets[0] = layer;
    sizes.push_back(inner.getIndexAttr(1));
    for (int64_t size : type.getShape())
      sizes.push_back(inner.getIndexAttr(size));
    Value next = tensor::InsertSliceOp::create(inner, loc, mapping.lookup(value), carried[0],
                                               offsets, sizes, strides);
    scf::YieldOp::create(inner, loc, next);
  };
  return scf::ForOp::create(builder, loc, begin, end, step, stack, body).getResult(0);
}

/// The function that computes `values`; not in the module yet.
func::FuncOp WeightDeriver::makeFunction(ValueRange values, const WeightExpression &expression,
                                         ArrayRef<Operation *> arguments) {
  OpBuilder builder(module.getContext());
  Location loc = values.front().getLoc();
  SmallVector<Type> types;
  for (Operation *leaf : arguments)
    types.push_back(leaf->getResult(0).getType());
  auto function = func::FuncOp::create(builder, loc, "derive", builder.getFunctionType(types, {}));
  function.setPrivate();
  // Tensors are shared with other functions, and with other programs.
  for (unsigned i = 0; i < types.size(); ++i)
    function.setArgAttr(i, bufferization::BufferizationDialect::kWritableAttrName,
                        builder.getBoolAttr(false));
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToStart(block);
  IRMapping mapping;
  for (auto [leaf, argument] : llvm::zip(arguments, block->getArguments()))
    mapping.map(leaf->getResult(0), argument);
  // Constants are part of the function: their planes are in the module.
  for (Operation *leaf : expression.leaves)
    if (auto decode = dyn_cast<DecodeOp>(leaf); decode && !mapping.contains(decode)) {
      builder.clone(*storedSource(decode), mapping);
      Value stored = mapping.lookup(storedSource(decode)->getResult(0));
      mapping.map(decode.getResult(), DecodeOp::create(builder, decode.getLoc(), stored));
    }
  SmallVector<Value> results;
  if (expression.number) {
    results.push_back(stackLayers(builder, loc, values.front(), expression, mapping));
  } else {
    cloneOperations(builder, expression, mapping);
    for (Value value : values)
      results.push_back(mapping.lookup(value));
  }
  func::ReturnOp::create(builder, loc, results);
  function.setFunctionType(builder.getFunctionType(types, ValueRange(results).getTypes()));
  return function;
}

/// An equal function that the module has, or `function`, which it then has.
func::FuncOp WeightDeriver::unique(func::FuncOp function) {
  for (func::FuncOp known : functions)
    if (known.getFunctionType() == function.getFunctionType() &&
        OperationEquivalence::isRegionEquivalentTo(&known.getBody(), &function.getBody(),
                                                   OperationEquivalence::IgnoreLocations)) {
      function.erase();
      return known;
    }
  symbols.insert(function);
  functions.push_back(function);
  return function;
}

Value WeightDeriver::derive(OpBuilder &builder, Value value, CompressedType type) {
  return derive(builder, ValueRange(value), type, /*codes=*/{});
}

Value WeightDeriver::derive(OpBuilder &builder, ValueRange values, CompressedType type,
                            FormatAttr codes) {
  std::optional<WeightExpression> expression = WeightExpression::find(values);
  assert(expression && "only a weight expression is derived");
  SmallVector<Operation *> arguments;
  SmallVector<Attribute> names;
  for (Operation *leaf : expression->leaves) {
    auto decode = dyn_cast<DecodeOp>(leaf);
    auto weight = dyn_cast<WeightOp>(decode ? storedSource(decode) : leaf);
    if (!weight)
      continue;
    arguments.push_back(leaf);
    names.push_back(weight.getNameAttr());
  }
  func::FuncOp function = unique(makeFunction(values, *expression, arguments));
  auto derivation = DerivationAttr::get(builder.getContext(), FlatSymbolRefAttr::get(function),
                                        builder.getArrayAttr(names), codes);
  return WeightOp::create(builder, values.front().getLoc(), type, derivation);
}

} // namespace uwt
