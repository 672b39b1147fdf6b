//===- FuseEpilogueLayout.cpp - Dimensions around a product ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuseEpilogueLayout.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <utility>

using namespace mlir;

namespace uwt {

ProductLayout::ProductLayout(RankedTensorType type, ArrayRef<OpFoldResult> sizes) : type(type) {
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    int64_t staticSize = type.getDimSize(dim);
    roots.push_back(staticSize == 1 ? -1 : int64_t(atoms.size()));
    if (staticSize != 1)
      atoms.push_back({unsigned(dim), staticSize, size, {}});
  }
}

Frame ProductLayout::product() const {
  Frame frame;
  for (int64_t root : roots)
    frame.push_back(root < 0 ? DimAtoms() : DimAtoms{unsigned(root)});
  return frame;
}

DimAtoms ProductLayout::leaves(const DimAtoms &dim) const {
  DimAtoms result;
  for (unsigned atom : dim) {
    if (atoms[atom].parts.empty())
      result.push_back(atom);
    else
      llvm::append_range(result, leaves(atoms[atom].parts));
  }
  return result;
}

bool ProductLayout::isWhole(const Frame &frame) const {
  size_t present = 0, expected = 0;
  for (const DimAtoms &dim : frame)
    present += leaves(dim).size();
  for (const DimAtoms &dim : product())
    expected += leaves(dim).size();
  return present == expected;
}

//===----------------------------------------------------------------------===//
// Frames of reshapes
//===----------------------------------------------------------------------===//

/// Whether dimensions `results` of an expanded type have the sizes of the atoms of `dim`. One size
/// that is not known follows from the others, as the number of elements is the same.
bool ProductLayout::hasSizes(const DimAtoms &dim, ArrayRef<int64_t> results,
                             RankedTensorType expanded, ArrayRef<OpFoldResult> sizes) const {
  if (dim.size() != results.size())
    return false;
  unsigned unknown = 0;
  for (auto [atom, result] : llvm::zip(dim, results)) {
    int64_t size = expanded.getDimSize(result);
    if (isEqualConstantIntOrValue(atoms[atom].size, sizes[result]) ||
        (size == atoms[atom].staticSize && !ShapedType::isDynamic(size)))
      continue;
    if (!ShapedType::isDynamic(size) && !ShapedType::isDynamic(atoms[atom].staticSize))
      return false;
    ++unknown;
  }
  return unknown <= 1;
}

void ProductLayout::split(unsigned atom, ArrayRef<int64_t> results, RankedTensorType expanded,
                          ArrayRef<OpFoldResult> sizes) {
  for (int64_t result : results) {
    unsigned part = atoms.size();
    atoms.push_back({atoms[atom].productDim, expanded.getDimSize(result), sizes[result], {}});
    atoms[atom].parts.push_back(part);
  }
}

std::optional<Frame> ProductLayout::expand(const Frame &frame, tensor::ExpandShapeOp op) {
  RankedTensorType expanded = op.getResultType();
  SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
  Frame result(expanded.getRank());
  for (auto [dim, group] : llvm::zip(frame, op.getReassociationIndices())) {
    SmallVector<int64_t> longer;
    llvm::copy_if(group, std::back_inserter(longer),
                  [&](int64_t i) { return expanded.getDimSize(i) != 1; });
    DimAtoms current = leaves(dim);
    if (current.empty() || longer.size() <= 1) {
      if (current.empty() != longer.empty())
        return std::nullopt;
      if (!longer.empty())
        result[longer[0]] = current;
      continue;
    }
    if (!hasSizes(current, longer, expanded, sizes)) {
      if (current.size() != 1)
        return std::nullopt;
      split(current[0], longer, expanded, sizes);
      current = leaves(current);
    }
    for (auto [i, atom] : llvm::zip(longer, current))
      result[i] = {atom};
  }
  return result;
}

std::optional<Frame> ProductLayout::collapse(const Frame &frame, tensor::CollapseShapeOp op) const {
  Frame result;
  for (const ReassociationIndices &group : op.getReassociationIndices()) {
    DimAtoms dim;
    for (int64_t i : group)
      llvm::append_range(dim, leaves(frame[i]));
    if (dim.size() > 1) {
      DimAtoms whole = leaves({unsigned(roots[atoms[dim[0]].productDim])});
      bool dynamic = llvm::any_of(
          dim, [&](unsigned atom) { return ShapedType::isDynamic(atoms[atom].staticSize); });
      auto first = llvm::find(whole, dim[0]) - whole.begin();
      if (ArrayRef(whole).drop_front(first).take_front(dim.size()) != ArrayRef(dim) ||
          (dynamic && dim != whole))
        return std::nullopt;
    }
    result.push_back(dim);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// To and from the product's dimensions
//===----------------------------------------------------------------------===//

std::optional<AffineMap> ProductLayout::mapOf(const Frame &frame, MLIRContext *context) const {
  DimAtoms order;
  for (const DimAtoms &dim : frame)
    llvm::append_range(order, leaves(dim));
  SmallVector<AffineExpr> results;
  for (ArrayRef<unsigned> rest = order; !rest.empty();) {
    unsigned productDim = atoms[rest[0]].productDim;
    DimAtoms whole = leaves({unsigned(roots[productDim])});
    if (rest.take_front(whole.size()) != ArrayRef(whole))
      return std::nullopt;
    results.push_back(getAffineDimExpr(productDim, context));
    rest = rest.drop_front(whole.size());
  }
  return AffineMap::get(roots.size(), 0, results, context);
}

/// Groups of the dimensions of `frame`, one a dimension of the product that it has; dimensions
/// of size 1 go with their neighbours.
static SmallVector<ReassociationIndices>
groupByProductDim(const Frame &frame, llvm::function_ref<unsigned(const DimAtoms &)> productDimOf) {
  SmallVector<ReassociationIndices> groups;
  ReassociationIndices leading;
  std::optional<unsigned> current;
  for (auto [i, dim] : llvm::enumerate(frame)) {
    if (dim.empty()) {
      (groups.empty() ? leading : groups.back()).push_back(i);
      continue;
    }
    unsigned productDim = productDimOf(dim);
    if (current != productDim)
      groups.push_back(std::exchange(leading, {}));
    current = productDim;
    groups.back().push_back(i);
  }
  return groups;
}

Value ProductLayout::toProduct(OpBuilder &builder, Location loc, Value value,
                               const Frame &frame) const {
  auto groups =
      groupByProductDim(frame, [&](const DimAtoms &dim) { return atoms[dim[0]].productDim; });
  if (groups.size() == frame.size())
    return value;
  return builder.createOrFold<tensor::CollapseShapeOp>(loc, value, groups);
}

/// The size of a dimension: one with several atoms is static or a whole one (collapse).
OpFoldResult ProductLayout::sizeOf(OpBuilder &builder, const DimAtoms &dim) const {
  if (dim.size() == 1)
    return atoms[dim[0]].size;
  int64_t size = 1;
  for (unsigned atom : dim) {
    if (ShapedType::isDynamic(atoms[atom].staticSize))
      return atoms[roots[atoms[atom].productDim]].size;
    size *= atoms[atom].staticSize;
  }
  return builder.getIndexAttr(size);
}

Value ProductLayout::expandTo(OpBuilder &builder, Location loc, Value value, const Frame &frame,
                              ArrayRef<ReassociationIndices> groups) const {
  if (groups.size() == frame.size())
    return value;
  SmallVector<OpFoldResult> sizes;
  for (const DimAtoms &dim : frame)
    sizes.push_back(sizeOf(builder, dim));
  auto type = RankedTensorType::get(decomposeMixedValues(sizes).first, getElementTypeOrSelf(value));
  // A size that the product's type has, and a cast in front of the reshape took away or gave.
  RankedTensorType collapsed = tensor::CollapseShapeOp::inferCollapsedType(type, groups);
  if (value.getType() != collapsed)
    value = tensor::CastOp::create(builder, loc, collapsed, value);
  return tensor::ExpandShapeOp::create(builder, loc, type, value, groups, sizes);
}

/// From the product's dimensions to `frame`, which has them in order.
Value ProductLayout::reshape(OpBuilder &builder, Location loc, Value value,
                             const Frame &frame) const {
  Frame from = product();
  auto productDimOf = [&](const DimAtoms &dim) { return atoms[dim[0]].productDim; };
  bool same = from.size() == frame.size();
  for (auto [before, after] : llvm::zip(from, frame))
    same &= leaves(before) == leaves(after);
  if (same)
    return value;
  auto collapsed = groupByProductDim(from, productDimOf);
  if (collapsed.size() != from.size())
    value = tensor::CollapseShapeOp::create(builder, loc, value, collapsed);
  return expandTo(builder, loc, value, frame, groupByProductDim(frame, productDimOf));
}

/// From the product's order to that of `frame`, but without its dimensions of size 1.
Value ProductLayout::permute(OpBuilder &builder, Location loc, Value value,
                             const Frame &frame) const {
  DimAtoms whole;
  for (const DimAtoms &dim : product())
    llvm::append_range(whole, leaves(dim));
  auto position = [&](const DimAtoms &dim) { return llvm::find(whole, leaves(dim)[0]); };
  Frame target;
  llvm::copy_if(frame, std::back_inserter(target),
                [](const DimAtoms &dim) { return !dim.empty(); });
  Frame sorted = target;
  llvm::sort(sorted,
             [&](const DimAtoms &a, const DimAtoms &b) { return position(a) < position(b); });
  value = reshape(builder, loc, value, sorted);

  SmallVector<int64_t> permutation;
  SmallVector<OpFoldResult> sizes;
  for (const DimAtoms &dim : target) {
    permutation.push_back(llvm::find(sorted, dim) - sorted.begin());
    sizes.push_back(sizeOf(builder, dim));
  }
  Value init = tensor::EmptyOp::create(builder, loc, sizes, getElementTypeOrSelf(value));
  return linalg::TransposeOp::create(builder, loc, value, init, permutation)->getResult(0);
}

Value ProductLayout::fromProduct(OpBuilder &builder, Location loc, Value value, const Frame &frame,
                                 RankedTensorType resultType) const {
  DimAtoms order, whole;
  for (const DimAtoms &dim : frame)
    llvm::append_range(order, leaves(dim));
  for (const DimAtoms &dim : product())
    llvm::append_range(whole, leaves(dim));
  if (order == whole) {
    value = reshape(builder, loc, value, frame);
  } else {
    value = permute(builder, loc, value, frame);
    unsigned number = 0;
    auto eachAlone = [&](const DimAtoms &) { return number++; };
    value = expandTo(builder, loc, value, frame, groupByProductDim(frame, eachAlone));
  }
  if (value.getType() == resultType)
    return value;
  return tensor::CastOp::create(builder, loc, resultType, value);
}

} // namespace uwt
