//===- UWTOps.cpp - Operations at tensor level ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Verifiers, folders and canonicalisation. Compression is lossless, so encode and
// decode cancel both ways, and a format in the middle of a chain does not matter.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "uwt/Dialect/UWT/IR/UWTOps.cpp.inc"

namespace uwt {

/// Verifies that compressed `type` stands for `tensor`, whose role is `what`.
static LogicalResult verifySameTensor(Operation *op, StringRef what, Type tensor,
                                      CompressedType type) {
  if (tensor == type.getTensorType())
    return success();
  return op->emitOpError() << "expects " << what << " of type " << type.getTensorType()
                           << ", the tensor of " << type << ", got " << tensor;
}

//===----------------------------------------------------------------------===//
// WeightOp
//===----------------------------------------------------------------------===//

void WeightOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  // The last components of a tensor's name say most: "dense.weight".
  StringRef name = getName();
  size_t dot = name.rfind('.');
  if (dot != StringRef::npos && dot != 0)
    dot = name.rfind('.', dot);
  std::string shortName = name.substr(dot == StringRef::npos ? 0 : dot + 1).str();
  for (char &c : shortName)
    if (!llvm::isAlnum(c))
      c = '_';
  if (shortName.empty() || llvm::isDigit(shortName[0]))
    shortName.insert(0, "w");
  setName(getResult(), shortName);
}

LogicalResult WeightOp::verify() {
  if (getDerivation() && !isa<CompressedType>(getType()))
    return emitOpError() << "is dense: 'derivation' is for what the loader encodes";
  std::optional<CompressedType> stored = getStored();
  if (!stored)
    return success();
  auto type = dyn_cast<CompressedType>(getType());
  if (!type)
    return emitOpError() << "is dense: 'stored' is for what is transcoded to another format";
  return verifySameTensor(*this, "a stored tensor", stored->getTensorType(), type);
}

//===----------------------------------------------------------------------===//
// ConstantOp
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::verify() {
  for (NamedAttribute plane : getPlanes()) {
    if (!parsePlaneName(std::string_view(plane.getName().strref())))
      return emitOpError() << "has no plane '" << plane.getName().strref()
                           << "'; planes are index, words, raw, code, patch, low";
    auto bytes = dyn_cast<ElementsAttr>(plane.getValue());
    if (!bytes || bytes.getShapedType().getRank() != 1 ||
        !bytes.getShapedType().getElementType().isInteger(8))
      return emitOpError() << "expects plane '" << plane.getName().strref()
                           << "' to be a constant of type tensor<Nxi8>, got " << plane.getValue();
  }
  if (!getPlanes().contains(planeName(PlaneKind::Index)))
    return emitOpError() << "expects a plane 'index'";
  return success();
}

//===----------------------------------------------------------------------===//
// EncodeOp
//===----------------------------------------------------------------------===//

LogicalResult EncodeOp::verify() {
  return verifySameTensor(*this, "a source", getSource().getType(), getResult().getType());
}

OpFoldResult EncodeOp::fold(FoldAdaptor) {
  auto decode = getSource().getDefiningOp<DecodeOp>();
  if (decode && decode.getSource().getType() == getType())
    return decode.getSource();
  return {};
}

//===----------------------------------------------------------------------===//
// DecodeOp
//===----------------------------------------------------------------------===//

void DecodeOp::build(OpBuilder &builder, OperationState &state, Value source) {
  build(builder, state, cast<CompressedType>(source.getType()).getTensorType(), source);
}

LogicalResult DecodeOp::verify() {
  return verifySameTensor(*this, "a result", getResult().getType(), getSource().getType());
}

OpFoldResult DecodeOp::fold(FoldAdaptor) {
  if (auto encode = getSource().getDefiningOp<EncodeOp>())
    return encode.getSource();
  return {};
}

//===----------------------------------------------------------------------===//
// ColumnOrderOp
//===----------------------------------------------------------------------===//

void ColumnOrderOp::build(OpBuilder &builder, OperationState &state, Value weight) {
  int64_t columns = cast<CompressedType>(weight.getType()).getColumns();
  build(builder, state, RankedTensorType::get({columns}, builder.getI32Type()), weight);
}

LogicalResult ColumnOrderOp::verify() {
  CompressedType type = getWeight().getType();
  if (!type.getFormat().getFormat().hasColumnOrder)
    return emitOpError() << "expects a weight with order=k, got " << type;
  if (getType().getDimSize(0) != type.getColumns())
    return emitOpError() << "expects a number for each of " << type.getColumns() << " columns, got "
                         << getType();
  return success();
}

namespace {
/// decode(transcode(x)) -> decode(x)
struct DecodeOfTranscode : OpRewritePattern<DecodeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DecodeOp op, PatternRewriter &rewriter) const override {
    auto transcode = op.getSource().getDefiningOp<TranscodeOp>();
    if (!transcode)
      return failure();
    rewriter.replaceOpWithNewOp<DecodeOp>(op, op.getType(), transcode.getSource());
    return success();
  }
};

/// transcode(transcode(x)) -> transcode(x), transcode(encode(x)) -> encode(x)
struct TranscodeOfCoded : OpRewritePattern<TranscodeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TranscodeOp op, PatternRewriter &rewriter) const override {
    if (auto transcode = op.getSource().getDefiningOp<TranscodeOp>()) {
      rewriter.replaceOpWithNewOp<TranscodeOp>(op, op.getType(), transcode.getSource());
      return success();
    }
    if (auto encode = op.getSource().getDefiningOp<EncodeOp>()) {
      rewriter.replaceOpWithNewOp<EncodeOp>(op, op.getType(), encode.getSource());
      return success();
    }
    return failure();
  }
};
} // namespace

void DecodeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DecodeOfTranscode>(context);
}

//===----------------------------------------------------------------------===//
// TranscodeOp
//===----------------------------------------------------------------------===//

LogicalResult TranscodeOp::verify() {
  return verifySameTensor(*this, "a result", getResult().getType().getTensorType(),
                          getSource().getType());
}

OpFoldResult TranscodeOp::fold(FoldAdaptor) {
  if (getSource().getType() == getType())
    return getSource();
  return {};
}

void TranscodeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<TranscodeOfCoded>(context);
}

//===----------------------------------------------------------------------===//
// DispatchOp
//===----------------------------------------------------------------------===//

LogicalResult DispatchOp::verify() {
  if (getCases().size() != getLimits().size() + 1)
    return emitOpError() << "expects a region more than limits, got " << getCases().size()
                         << " regions and " << getLimits().size() << " limits";
  if (!llvm::is_sorted(getLimits(), std::less_equal<>()))
    return emitOpError() << "expects limits that rise";
  for (Region &region : getCases())
    if (region.front().getTerminator()->getOperandTypes() != getResultTypes())
      return emitOpError() << "expects each region to yield the types of the results";
  return success();
}

void DispatchOp::getSuccessorRegions(RegionBranchPoint point,
                                     SmallVectorImpl<RegionSuccessor> &successors) {
  if (!point.isParent()) {
    successors.push_back(RegionSuccessor(getOperation(), getResults()));
    return;
  }
  for (Region &region : getCases())
    successors.push_back(RegionSuccessor(&region));
}

void DispatchOp::getEntrySuccessorRegions(ArrayRef<Attribute> operands,
                                          SmallVectorImpl<RegionSuccessor> &successors) {
  FoldAdaptor adaptor(operands, *this);
  auto size = dyn_cast_or_null<IntegerAttr>(adaptor.getSize());
  if (!size)
    return getSuccessorRegions(RegionBranchPoint::parent(), successors);
  const auto *limit = llvm::lower_bound(getLimits(), size.getInt());
  successors.push_back(RegionSuccessor(&getCases()[limit - getLimits().begin()]));
}

void DispatchOp::getRegionInvocationBounds(ArrayRef<Attribute> /*operands*/,
                                           SmallVectorImpl<InvocationBounds> &bounds) {
  bounds.append(getNumRegions(), InvocationBounds(0, 1));
}

namespace {
/// A dispatch on a constant size is its region.
struct DispatchOfConstant : OpRewritePattern<DispatchOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DispatchOp op, PatternRewriter &rewriter) const override {
    std::optional<int64_t> size = getConstantIntValue(op.getSize());
    if (!size)
      return failure();
    size_t index = llvm::lower_bound(op.getLimits(), *size) - op.getLimits().begin();
    Block &block = op.getCases()[index].front();
    Operation *yield = block.getTerminator();
    rewriter.inlineBlockBefore(&block, op);
    rewriter.replaceOp(op, yield->getOperands());
    rewriter.eraseOp(yield);
    return success();
  }
};
} // namespace

void DispatchOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DispatchOfConstant>(context);
}

} // namespace uwt
