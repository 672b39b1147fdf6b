//===- TableLookup.cpp - Parts of a weight by their numbers ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TableLookup.h"
#include "WeightExpression.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace uwt {

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

std::optional<MatrixSlice> MatrixSlice::match(Operation *op) {
  auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op);
  auto weight = slice ? slice.getSource().getDefiningOp<DecodeOp>() : DecodeOp();
  if (!weight || slice.getSourceType().getRank() != 3 || !slice.hasUnitStride())
    return std::nullopt;
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(), sizes = slice.getMixedSizes();
  ArrayRef<int64_t> shape = slice.getSourceType().getShape();
  if (!isConstantIntValue(sizes[0], 1))
    return std::nullopt;
  for (int64_t dim : {1, 2})
    if (!isConstantIntValue(offsets[dim], 0) || !isConstantIntValue(sizes[dim], shape[dim]))
      return std::nullopt;
  return MatrixSlice{weight, offsets[0]};
}

//===----------------------------------------------------------------------===//
// Lookups
//===----------------------------------------------------------------------===//

/// Operations of the body that compute `value`, and assertions about what they compute.
static llvm::SetVector<Operation *> computationOf(Value value, Block *body) {
  llvm::SetVector<Operation *> slice;
  SmallVector<Value> worklist = {value};
  auto add = [&](Value operand) {
    Operation *op = operand.getDefiningOp();
    if (op && op->getBlock() == body && slice.insert(op))
      llvm::append_range(worklist, op->getOperands());
  };
  add(value);
  while (!worklist.empty())
    add(worklist.pop_back_val());
  for (auto assertion : body->getOps<cf::AssertOp>()) {
    slice.insert(assertion);
    worklist.push_back(assertion.getArg());
    while (!worklist.empty())
      add(worklist.pop_back_val());
  }
  return slice;
}

/// Whether `number`, with what computes it, depends on the first `rank` loops alone.
static bool dependsOnLeadingLoops(Value number, linalg::GenericOp op, unsigned rank) {
  auto isLeading = [&](Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != op.getBody())
      return true;
    if (argument.getArgNumber() >= op.getNumDpsInputs())
      return false;
    AffineMap map = op.getIndexingMapsArray()[argument.getArgNumber()];
    for (unsigned loop = rank; loop < op.getNumLoops(); ++loop)
      if (map.isFunctionOfDim(loop))
        return false;
    return true;
  };
  auto computation = computationOf(number, op.getBody());
  return isLeading(number) && llvm::all_of(computation, [&](Operation *each) {
           if (each->getNumRegions() != 0 || !(isMemoryEffectFree(each) || isa<cf::AssertOp>(each)))
             return false;
           if (auto loop = dyn_cast<linalg::IndexOp>(each); loop && loop.getDim() >= rank)
             return false;
           return llvm::all_of(each->getOperands(), isLeading);
         });
}

int64_t TableLookup::idRank() const {
  return linalg::GenericOp(op).getNumLoops() - tableType().getRank() + 1;
}

/// Whether `table` is a weight or computed from weights alone, for all layers of a model.
static bool isWeightTable(Value table) {
  std::optional<WeightExpression> expression = WeightExpression::find(table);
  return table.getDefiningOp<DecodeOp>() || (expression && !expression->number);
}

std::optional<TableLookup> TableLookup::match(Operation *candidate, Value table) {
  auto op = dyn_cast_or_null<linalg::GenericOp>(candidate);
  if (!op || op->getNumResults() != 1 || !op.hasPureTensorSemantics() ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      !op.getIndexingMapMatchingResult(op->getResult(0)).isIdentity())
    return std::nullopt;
  Block *body = op.getBody();
  auto read = body->getTerminator()->getOperand(0).getDefiningOp<tensor::ExtractOp>();
  if (!read)
    return std::nullopt;
  TableLookup lookup{op, read, read.getTensor()};
  if ((table ? lookup.table != table : !isWeightTable(lookup.table)) || lookup.idRank() < 0)
    return std::nullopt;
  RankedTensorType type = lookup.tableType();
  int64_t idRank = lookup.idRank();
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  for (int64_t dim = 1; dim < type.getRank(); ++dim) {
    auto loop = read.getIndices()[dim].getDefiningOp<linalg::IndexOp>();
    if (!loop || int64_t(loop.getDim()) != idRank + dim - 1 ||
        result.getDimSize(idRank + dim - 1) != type.getDimSize(dim))
      return std::nullopt;
  }
  if (!dependsOnLeadingLoops(read.getIndices()[0], op, idRank))
    return std::nullopt;
  return lookup;
}

Value TableLookup::createIds(OpBuilder &b) const {
  linalg::GenericOp generic = op;
  Location loc = generic.getLoc();
  unsigned rank = idRank();
  MLIRContext *context = b.getContext();
  SmallVector<AffineExpr> leading;
  for (unsigned loop = 0; loop < generic.getNumLoops(); ++loop)
    leading.push_back(loop < rank ? b.getAffineDimExpr(loop) : b.getAffineConstantExpr(0));
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  SmallVector<unsigned> numbers;
  for (auto [i, input] : llvm::enumerate(generic.getInputs())) {
    AffineMap map = generic.getIndexingMapsArray()[i];
    bool isLeading = true;
    for (unsigned loop = rank; loop < generic.getNumLoops(); ++loop)
      isLeading &= !map.isFunctionOfDim(loop);
    if (!isLeading)
      continue;
    inputs.push_back(input);
    numbers.push_back(i);
    maps.push_back(map.replaceDimsAndSymbols(leading, {}, rank, 0));
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, loc, generic.getDpsInitOperand(0)->get());
  sizes.truncate(rank);
  Value init = tensor::EmptyOp::create(b, loc, sizes, b.getIndexType());
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  Block *body = generic.getBody();
  Value number = tensor::ExtractOp(read).getIndices()[0];
  auto computation = computationOf(number, body);
  Value ids = linalg::GenericOp::create(
                  b, loc, init.getType(), inputs, init, maps, iterators,
                  [&](OpBuilder &builder, Location location, ValueRange args) {
                    IRMapping mapping;
                    for (auto [position, i] : llvm::enumerate(numbers))
                      mapping.map(body->getArgument(i), args[position]);
                    for (Operation &each : body->without_terminator())
                      if (computation.contains(&each))
                        builder.clone(each, mapping);
                    linalg::YieldOp::create(builder, location, mapping.lookupOrDefault(number));
                  })
                  ->getResult(0);
  if (rank == 1)
    return ids;
  if (rank == 0) {
    auto vector = RankedTensorType::get({1}, IndexType::get(context));
    return tensor::ExpandShapeOp::create(b, loc, vector, ids, ArrayRef<ReassociationIndices>{});
  }
  SmallVector<ReassociationIndices> groups(1);
  for (unsigned i = 0; i < rank; ++i)
    groups[0].push_back(i);
  return tensor::CollapseShapeOp::create(b, loc, ids, groups);
}

void rewriteLookup(RewriterBase &b, const TableLookup &lookup) {
  linalg::GenericOp op = lookup.op;
  Location loc = op.getLoc();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Value weight = lookup.weight().getSource();
  // Rows lie together along K, with columns in their own order.
  auto type = cast<CompressedType>(weight.getType());
  Format stored = type.getFormat().getFormat();
  Format format = stored.hasColumnOrder ? rawFormat() : stored.ofMatrices();
  format.layout = Layout::Fragment16x16;
  if (format != stored)
    weight = TranscodeOp::create(b, loc, type.withFormat(FormatAttr::get(b.getContext(), format)),
                                 weight);
  Value ids = lookup.createIds(b);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, op.getDpsInitOperand(0)->get());
  RankedTensorType tableType = lookup.tableType();
  SmallVector<OpFoldResult> rows = {tensor::getMixedSize(b, loc, ids, 0),
                                    b.getIndexAttr(tableType.getDimSize(1))};
  Value init = tensor::EmptyOp::create(b, loc, rows, tableType.getElementType());
  Value result = GatherOp::create(b, loc, weight, ids, init)->getResult(0);
  int64_t rank = lookup.idRank();
  auto resultType = cast<RankedTensorType>(op->getResult(0).getType());
  if (rank == 0) {
    SmallVector<ReassociationIndices> groups = {{0, 1}};
    result = tensor::CollapseShapeOp::create(b, loc, result, groups);
  } else if (rank > 1) {
    SmallVector<ReassociationIndices> groups(2);
    for (int64_t i = 0; i < rank; ++i)
      groups[0].push_back(i);
    groups[1].push_back(rank);
    auto expanded =
        RankedTensorType::get(decomposeMixedValues(sizes).first, resultType.getElementType());
    result = tensor::ExpandShapeOp::create(b, loc, expanded, result, groups, sizes);
  }
  if (result.getType() != resultType)
    result = tensor::CastOp::create(b, loc, resultType, result);
  b.replaceOp(op, result);
}

} // namespace uwt
