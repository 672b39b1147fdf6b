//===- MatmulOp.cpp - uwt.matmul ------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductEffects.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Dialect/UWT/IR/IntegerProducts.h"

using namespace mlir;

namespace uwt {

int64_t MatmulOp::getM() { return getXType().getDimSize(getXType().getRank() - 2); }

int64_t MatmulOp::getMatrices() {
  if (!getSelection())
    return getWeightType().getMatrices();
  return isBatched() ? getInitType().getDimSize(0) : 1;
}

std::optional<unsigned> MatmulOp::matrixDimension(AffineMap map) {
  if (map.getNumDims() != 3)
    return std::nullopt;
  return map.getResultPosition(getAffineDimExpr(0, map.getContext()));
}

void MatmulOp::build(OpBuilder &builder, OperationState &state, Value x, Value weight,
                     Value selection, ValueRange extras, Value init, ArrayRef<AffineMap> maps,
                     Numerics numerics,
                     llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> epilogue) {
  state.addOperands({x, weight});
  if (selection)
    state.addOperands(selection);
  state.addOperands(extras);
  state.addOperands(init);
  auto &properties = state.getOrAddProperties<Properties>();
  properties.operandSegmentSizes = {1, 1, selection ? 1 : 0, int32_t(extras.size()), 1};
  properties.maps = builder.getAffineMapArrayAttr(maps);
  properties.numerics = NumericsAttr::get(builder.getContext(), numerics);
  if (isa<RankedTensorType>(init.getType()))
    state.addTypes(init.getType());

  Region *region = state.addRegion();
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Type> types = {builder.getF32Type()};
  for (Value extra : extras)
    types.push_back(cast<ShapedType>(extra.getType()).getElementType());
  SmallVector<Location> locations(types.size(), state.location);
  Block *block = builder.createBlock(region, {}, types, locations);
  Value result = epilogue(builder, state.location, block->getArguments());
  YieldOp::create(builder, state.location, result);
}

void MatmulOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (hasBuffers())
    addProductEffects(*this, effects);
}

Speculation::Speculatability MatmulOp::getSpeculatability() {
  return hasBuffers() ? Speculation::NotSpeculatable : Speculation::Speculatable;
}

LogicalResult MatmulOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &shapes) {
  if (hasBuffers())
    return failure();
  SmallVector<OpFoldResult> sizes;
  for (int64_t i = 0; i < getInitType().getRank(); ++i)
    sizes.push_back(tensor::getMixedSize(builder, getLoc(), getInit(), i));
  shapes.push_back(std::move(sizes));
  return success();
}

void MatmulOp::setStrategies(ArrayRef<int64_t> limits, ArrayRef<Attribute> strategies) {
  if (strategies.size() == 1)
    return setStrategyAttr(strategies.front());
  OpBuilder builder(*this);
  int64_t dimension = getXType().getRank() - 2;
  Value size = hasBuffers()
                   ? memref::DimOp::create(builder, getLoc(), getX(), dimension).getResult()
                   : tensor::DimOp::create(builder, getLoc(), getX(), dimension).getResult();
  auto dispatch = DispatchOp::create(builder, getLoc(), (*this)->getResultTypes(), size, limits,
                                     strategies.size());
  for (auto [region, strategy] : llvm::zip_equal(dispatch.getCases(), strategies)) {
    builder.createBlock(&region);
    auto copy = cast<MatmulOp>(builder.clone(**this));
    copy.setStrategyAttr(strategy);
    YieldOp::create(builder, getLoc(), copy->getResults());
  }
  (*this)->replaceAllUsesWith(dispatch);
  erase();
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

ParseResult MatmulOp::parse(OpAsmParser &parser, OperationState &state) {
  SmallVector<OpAsmParser::UnresolvedOperand> inputs, selection, extras, inits;
  SmallVector<Type> inputTypes, selectionTypes, extraTypes, initTypes;
  auto parseGroup = [&](SmallVectorImpl<OpAsmParser::UnresolvedOperand> &operands,
                        SmallVectorImpl<Type> &types) -> ParseResult {
    if (parser.parseLParen() || parser.parseOperandList(operands) ||
        parser.parseColonTypeList(types) || parser.parseRParen())
      return failure();
    return success();
  };
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseKeyword("ins") || parseGroup(inputs, inputTypes))
    return failure();
  if (inputs.size() != 2)
    return parser.emitError(location, "expected two inputs, x and a weight");

  if (succeeded(parser.parseOptionalKeyword("select")))
    if (parseGroup(selection, selectionTypes))
      return failure();
  if (selection.size() > 1)
    return parser.emitError(location, "expected one selection");
  auto &properties = state.getOrAddProperties<Properties>();
  properties.maps = parser.getBuilder().getArrayAttr({});
  if (succeeded(parser.parseOptionalKeyword("extras")))
    if (parseGroup(extras, extraTypes) || parser.parseKeyword("maps") ||
        parser.parseAttribute(properties.maps))
      return failure();
  if (parser.parseKeyword("outs") || parseGroup(inits, initTypes))
    return failure();
  if (inits.size() != 1)
    return parser.emitError(location, "expected one output");
  if (succeeded(parser.parseOptionalKeyword("numerics"))) {
    auto numerics = FieldParser<Numerics, Numerics>::parse(parser);
    if (failed(numerics))
      return failure();
    properties.numerics = NumericsAttr::get(parser.getContext(), *numerics);
  }
  if (succeeded(parser.parseOptionalKeyword("arithmetic")))
    if (parser.parseAttribute(properties.arithmetic))
      return failure();
  if (succeeded(parser.parseOptionalKeyword("strategy")))
    if (parser.parseAttribute(properties.strategy))
      return failure();
  if (parser.parseOptionalAttrDictWithKeyword(state.attributes) ||
      parser.parseRegion(*state.addRegion()) || parser.parseOptionalArrowTypeList(state.types))
    return failure();

  properties.operandSegmentSizes = {1, 1, int32_t(selection.size()), int32_t(extras.size()), 1};
  return failure(parser.resolveOperands(inputs, inputTypes, location, state.operands) ||
                 parser.resolveOperands(selection, selectionTypes, location, state.operands) ||
                 parser.resolveOperands(extras, extraTypes, location, state.operands) ||
                 parser.resolveOperands(inits, initTypes, location, state.operands));
}

void MatmulOp::print(OpAsmPrinter &printer) {
  printer << " ins(" << getX() << ", " << getWeight() << " : " << getX().getType() << ", "
          << getWeight().getType() << ")";
  if (getSelection())
    printer << " select(" << getSelection() << " : " << getSelection().getType() << ")";
  if (!getExtras().empty()) {
    printer << " extras(" << getExtras() << " : " << getExtras().getTypes() << ") maps ";
    printer.printAttribute(getMapsAttr());
  }
  printer << " outs(" << getInit() << " : " << getInit().getType() << ")";
  if (getNumerics() != Numerics::Fast)
    printer << " numerics " << stringifyNumerics(getNumerics());
  if (getArithmeticAttr()) {
    printer << " arithmetic ";
    printer.printAttribute(getArithmeticAttr());
  }
  if (getStrategyAttr()) {
    printer << " strategy ";
    printer.printAttribute(getStrategyAttr());
  }
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {"maps", "numerics", "arithmetic", "strategy", "operandSegmentSizes"});
  printer << ' ';
  printer.printRegion(getEpilogue());
  printer.printOptionalArrowTypeList(getResultTypes());
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

/// Verifies that dimension `dimension` of `what` is `expected`, where both are known.
static LogicalResult verifySize(MatmulOp op, StringRef what, ShapedType type, int64_t dimension,
                                int64_t expected) {
  int64_t size = type.getDimSize(dimension);
  if (ShapedType::isDynamic(size) || ShapedType::isDynamic(expected) || size == expected)
    return success();
  return op.emitOpError() << "expects dimension " << dimension << " of " << what << " to be "
                          << expected << ", got " << size;
}

/// Verifies the ranks of x and the output. A product that goes by matrix has one dimension more.
static LogicalResult verifyRanks(MatmulOp op) {
  CompressedType weight = op.getWeightType();
  int64_t rank = weight.getShape().size();
  if (rank != 2 && rank != 3)
    return op.emitOpError() << "expects a weight of rank 2 or 3, got " << weight;
  if (weight.isFolded())
    return op.emitOpError() << "expects a weight without a fold, got " << weight
                            << "; transcode it to fold=none first";
  Value selection = op.getSelection();
  if (selection && rank != 3)
    return op.emitOpError() << "selects matrices of a weight of rank 3, got " << weight;
  if (selection && selection.getType().isIndex())
    rank = 2;
  ShapedType x = op.getXType(), init = op.getInitType();
  if (x.getRank() != 2 && x.getRank() != rank)
    return op.emitOpError() << "expects x of rank 2" << (rank == 3 ? " or 3" : "") << ", got " << x;
  if (init.getRank() != rank)
    return op.emitOpError() << "expects an output of rank " << rank << ", got " << init;
  return success();
}

static LogicalResult verifyShapes(MatmulOp op) {
  if (failed(verifyRanks(op)))
    return failure();
  CompressedType weight = op.getWeightType();
  ShapedType x = op.getXType(), init = op.getInitType();
  int64_t rank = init.getRank();
  if (x.getElementType() != weight.getElementType() && !x.getElementType().isF32())
    return op.emitOpError() << "expects x to have elements of " << weight.getElementType()
                            << " or f32, got " << x.getElementType();

  if (failed(verifySize(op, "x", x, x.getRank() - 1, weight.getColumns())) ||
      failed(verifySize(op, "the output", init, rank - 1, weight.getRows())) ||
      failed(verifySize(op, "the output", init, rank - 2, op.getM())))
    return failure();
  if (rank == 2)
    return success();
  int64_t matrices = weight.getShape()[0];
  if (op.getSelection())
    matrices = cast<ShapedType>(op.getSelection().getType()).getDimSize(0);
  if (failed(verifySize(op, "the output", init, 0, matrices)))
    return failure();
  return x.getRank() == 3 ? verifySize(op, "x", x, 0, matrices) : success();
}

static LogicalResult verifyMaps(MatmulOp op) {
  if (op.getMaps().size() != op.getExtras().size())
    return op.emitOpError() << "expects a map for each extra, got " << op.getMaps().size()
                            << " maps and " << op.getExtras().size() << " extras";
  ShapedType init = op.getInitType();
  for (auto [i, extra, attribute] :
       llvm::enumerate(op.getExtras(), op.getMaps().getAsRange<AffineMapAttr>())) {
    AffineMap map = attribute.getValue();
    auto type = cast<ShapedType>(extra.getType());
    if (map.getNumDims() != init.getRank() || map.getNumSymbols() != 0 ||
        !map.isProjectedPermutation())
      return op.emitOpError() << "expects map " << i << " to be a projected permutation of "
                              << init.getRank() << " dimensions, got " << attribute;
    if (map.getNumResults() != type.getRank())
      return op.emitOpError() << "expects extra " << i << " of rank " << map.getNumResults()
                              << ", as its map says, got " << type;
    for (auto [dimension, result] : llvm::enumerate(map.getResults()))
      if (failed(verifySize(op, ("extra " + Twine(i)).str(), type, dimension,
                            init.getDimSize(cast<AffineDimExpr>(result).getPosition()))))
        return failure();
  }
  return success();
}

Status checkIntegerWeight(CompressedType type) {
  std::optional<ElementType> element = elementTypeOf(type.getElementType());
  if (!element)
    return usageError("its elements are of no type that UWT stores");
  std::optional<uint64_t> columns;
  if (!type.isDynamic())
    columns = static_cast<uint64_t>(type.getColumns());
  return checkIntegerCodes(type.getFormat().getFormat(), *element, columns);
}

/// What sums of integers are made of (integer-3), and what kernels compute them.
static LogicalResult verifyArithmetic(MatmulOp op) {
  if (!op.getArithmeticAttr())
    return success();
  if (Status served = checkIntegerWeight(op.getWeightType()); !served)
    return op.emitOpError() << "cannot be computed by integers: " << served.error().message();
  Attribute strategy = op.getStrategyAttr();
  auto ofCpu = dyn_cast_or_null<StrategyAttr>(strategy);
  auto ofGpu = dyn_cast_or_null<GpuStrategyAttr>(strategy);
  if (ofGpu && ofGpu.getStrategy() != ProductStrategy::Direct)
    return op.emitOpError() << "has arithmetic " << op.getArithmeticAttr()
                            << ", which GPUs compute by strategy direct, got " << strategy;
  if (ofCpu && ofCpu.getTileN() != stripRows)
    return op.emitOpError() << "has arithmetic " << op.getArithmeticAttr()
                            << ", which CPUs compute with tile_n = " << stripRows << ", got "
                            << strategy;
  return success();
}

LogicalResult MatmulOp::verify() {
  bool isTensor = isa<RankedTensorType>(getInit().getType());
  if (getResults().size() != (isTensor ? 1 : 0) ||
      (isTensor && getResultTypes()[0] != getInit().getType()))
    return emitOpError() << "expects a result of the output's type for tensors, none for memrefs";
  SmallVector<Value> shaped = {getX()};
  llvm::append_range(shaped, getExtras());
  if (getSelection() && !getSelection().getType().isIndex())
    shaped.push_back(getSelection());
  for (Value value : shaped)
    if (isa<RankedTensorType>(value.getType()) != isTensor)
      return emitOpError() << "expects tensors or memrefs, not both";
  if (failed(verifyShapes(*this)) || failed(verifyArithmetic(*this)))
    return failure();
  return verifyMaps(*this);
}

LogicalResult MatmulOp::verifyRegions() {
  Block &block = getEpilogue().front();
  SmallVector<Type> expected = {Float32Type::get(getContext())};
  for (Value extra : getExtras())
    expected.push_back(cast<ShapedType>(extra.getType()).getElementType());
  if (block.getArgumentTypes() != ArrayRef<Type>(expected))
    return emitOpError() << "expects the epilogue to take the accumulator (f32) and an element of "
                            "each extra";
  auto yielded = block.getTerminator()->getOperandTypes();
  if (yielded.size() != 1 || yielded[0] != getInitType().getElementType())
    return emitOpError() << "expects the epilogue to yield a value of type "
                         << getInitType().getElementType();
  for (Operation &op : block.without_terminator())
    if (op.getNumRegions() != 0 || !isMemoryEffectFree(&op))
      return op.emitOpError() << "is not allowed in an epilogue: expected scalar operations "
                                 "without effects or regions";
  return success();
}

} // namespace uwt
