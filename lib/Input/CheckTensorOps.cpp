//===- CheckTensorOps.cpp - Checks of operations on tensors ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an operation needs of sizes and indices, and its verifier cannot see.
//
//===----------------------------------------------------------------------===//

#include "CheckBuilder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using arith::CmpIPredicate;

namespace uwt {

/// Sizes that the result states and the source does not.
static void checkCast(Operation *op) {
  CheckBuilder check(op);
  auto from = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  auto to = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!from || !to)
    return;
  for (int64_t i = 0; i < to.getRank(); ++i)
    if (from.isDynamicDim(i) && !to.isDynamicDim(i))
      check.requireEqual(check.size(op->getOperand(0), i), check.constant(to.getDimSize(i)),
                         "size " + Twine(i));
}

static void checkIndices(Operation *op, Value tensor, ValueRange indices) {
  CheckBuilder check(op);
  for (auto [dimension, index] : llvm::enumerate(indices))
    check.requireInside(index, check.size(tensor, dimension), dimension);
}

/// That a part of `tensor` is inside of it.
static void checkSlice(CheckBuilder &check, OffsetSizeAndStrideOpInterface op, Value tensor) {
  for (unsigned i = 0; i < op.getMixedSizes().size(); ++i) {
    std::string where = " " + std::to_string(i);
    Value whole = check.size(tensor, i), offset = check.value(op.getMixedOffsets()[i]);
    Value size = check.value(op.getMixedSizes()[i]);
    check.requireNotNegative(size, "size" + where);
    // As unsigned numbers, negative offsets are larger than any size.
    check.require(check.compare(CmpIPredicate::ule, offset, whole),
                  "offset" + where + " is {0}, outside of the size {1}", {offset, whole});
    Value available = check.create<arith::SubIOp>(whole, offset);
    OpFoldResult stride = op.getMixedStrides()[i];
    if (getConstantIntValue(stride) != 1) {
      Value step = check.value(stride), one = check.constant(1);
      check.require(check.compare(CmpIPredicate::sge, step, one),
                    "stride" + where + " is {0}, expected at least 1", step);
      // Nothing is divided by zero once the check holds.
      available = check.create<arith::CeilDivUIOp>(available, step);
    }
    check.require(check.compare(CmpIPredicate::sle, size, available),
                  "size" + where + " is {0}, more than the {1} that there are", {size, available});
  }
}

/// That `source` has the sizes of the part of a tensor that it is put into.
template <typename OpTy> static void checkInsertSlice(OpTy op) {
  CheckBuilder check(op);
  checkSlice(check, op, op.getDest());
  llvm::SmallBitVector dropped = op.getDroppedDims();
  unsigned dimension = 0;
  for (auto [i, size] : llvm::enumerate(op.getMixedSizes())) {
    if (dropped[i])
      continue;
    check.requireEqual(check.size(op.getSource(), dimension), check.value(size),
                       "size " + Twine(dimension) + " of the source");
    ++dimension;
  }
}

static void checkNewSizes(Operation *op, ValueRange sizes) {
  CheckBuilder check(op);
  for (auto [i, size] : llvm::enumerate(sizes))
    check.requireNotNegative(size, "dynamic size " + Twine(i));
}

static void checkExpand(tensor::ExpandShapeOp op) {
  CheckBuilder check(op);
  SmallVector<OpFoldResult> sizes = op.getMixedOutputShape();
  for (auto [i, group] : llvm::enumerate(op.getReassociationIndices())) {
    SmallVector<OpFoldResult> ofGroup;
    for (int64_t dimension : group) {
      ofGroup.push_back(sizes[dimension]);
      check.requireNotNegative(check.value(sizes[dimension]), "size " + Twine(dimension));
    }
    check.requireProduct(ofGroup, check.size(op.getSrc(), i), "the group of dimension " + Twine(i));
  }
}

static void checkReshape(tensor::ReshapeOp op) {
  CheckBuilder check(op);
  auto type = dyn_cast<RankedTensorType>(op.getType());
  auto source = dyn_cast<RankedTensorType>(op.getSource().getType());
  if (!type || !source)
    return;
  SmallVector<OpFoldResult> sizes;
  Value elements = check.constant(1);
  for (int64_t i = 0; i < source.getRank(); ++i)
    elements = check.create<arith::MulIOp>(elements, check.size(op.getSource(), i));
  for (int64_t i = 0; i < type.getRank(); ++i) {
    Value size = check.elementOf(op.getShape(), i);
    check.requireNotNegative(size, "size " + Twine(i));
    if (!type.isDynamicDim(i))
      check.requireEqual(size, check.constant(type.getDimSize(i)), "size " + Twine(i));
    sizes.emplace_back(size);
  }
  check.requireProduct(sizes, elements, "the new shape");
}

static void checkPad(tensor::PadOp op) {
  CheckBuilder check(op);
  RankedTensorType type = op.getResultType();
  for (int64_t i = 0; i < type.getRank(); ++i) {
    Value low = check.value(op.getMixedLowPad()[i]), high = check.value(op.getMixedHighPad()[i]);
    check.requireNotNegative(low, "low padding of dimension " + Twine(i));
    check.requireNotNegative(high, "high padding of dimension " + Twine(i));
    if (type.isDynamicDim(i))
      continue;
    Value sum = check.create<arith::AddIOp>(check.size(op.getSource(), i), low);
    check.requireEqual(check.create<arith::AddIOp>(sum, high), check.constant(type.getDimSize(i)),
                       "size " + Twine(i));
  }
}

static void checkConcat(tensor::ConcatOp op) {
  CheckBuilder check(op);
  auto along = static_cast<int64_t>(op.getDim());
  auto type = cast<RankedTensorType>(op.getType());
  Value sum = check.constant(0);
  for (auto [number, input] : llvm::enumerate(op.getInputs())) {
    sum = check.create<arith::AddIOp>(sum, check.size(input, along));
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (i != along)
        check.requireEqual(check.size(input, i), check.size(op.getInputs()[0], i),
                           "size " + Twine(i) + " of input " + Twine(number));
  }
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (!type.isDynamicDim(i))
      check.requireEqual(i == along ? sum : check.size(op.getInputs()[0], i),
                         check.constant(type.getDimSize(i)), "size " + Twine(i));
}

/// Integer divisions that the processor would end the process for.
static void checkDivision(Operation *op, bool isSigned) {
  Value divisor = op->getOperand(1);
  auto type = dyn_cast<IntegerType>(divisor.getType());
  if (!type && !isa<IndexType>(divisor.getType()))
    return;
  APInt known;
  bool isKnown = matchPattern(divisor, m_ConstantInt(&known));
  if (isKnown && !known.isZero() && !(isSigned && known.isAllOnes()))
    return;
  CheckBuilder check(op);
  check.require(check.compare(CmpIPredicate::ne, divisor, check.constantLike(divisor, 0)),
                "division by zero");
  if (!isSigned)
    return;
  // The quotient of the smallest number and -1 is no number of the type.
  unsigned width = type ? type.getWidth() : IndexType::kInternalStorageBitWidth;
  Value least = check.constantLike(divisor, APInt::getSignedMinValue(width).getSExtValue());
  Value minusOne = check.constantLike(divisor, -1);
  Value isFine =
      check.create<arith::OrIOp>(check.compare(CmpIPredicate::ne, op->getOperand(0), least),
                                 check.compare(CmpIPredicate::ne, divisor, minusOne));
  check.require(isFine, "the smallest number is divided by -1");
}

static void checkSteps(LoopLikeOpInterface loop) {
  CheckBuilder check(loop);
  std::optional<SmallVector<OpFoldResult>> steps = loop.getLoopSteps();
  for (OpFoldResult size : *steps) {
    Value step = check.value(size), zero = check.constantLike(step, 0);
    check.require(check.compare(CmpIPredicate::sgt, step, zero), "the step is not positive");
  }
}

/// That x, what the epilogue reads and the destination have the same rows.
static void checkMatmul(MatmulOp op) {
  CheckBuilder check(op);
  Value init = op.getInit();
  int64_t rank = op.getInitType().getRank(), xRank = op.getXType().getRank();
  // [M, K] and [M, N], or with a matrix an expert [E, M, K] and [E, M, N].
  check.requireEqual(check.size(op.getX(), xRank - 2), check.size(init, rank - 2), "the rows of x");
  for (auto [number, extra, map] : llvm::enumerate(op.getExtras(), op.getExtraMaps()))
    for (auto [i, expression] : llvm::enumerate(map.getResults()))
      if (auto dimension = dyn_cast<AffineDimExpr>(expression))
        check.requireEqual(check.size(extra, i), check.size(init, dimension.getPosition()),
                           "size " + Twine(i) + " of extra operand " + Twine(number));
}

/// That both tensors have the same sizes.
static void checkSoftmax(linalg::SoftmaxOp op) {
  CheckBuilder check(op);
  for (int64_t i = 0; i < op.getInputOperandRank(); ++i)
    check.requireEqual(check.size(op.getOutput(), i), check.size(op.getInput(), i),
                       "size " + Twine(i) + " of the output");
}

void checkTensorOp(Operation *op) {
  TypeSwitch<Operation *>(op)
      .Case<tensor::CastOp, tensor::BitcastOp>([](auto cast) { checkCast(cast); })
      .Case([](tensor::DimOp dim) {
        CheckBuilder check(dim);
        if (auto type = dyn_cast<RankedTensorType>(dim.getSource().getType()))
          check.require(
              check.compare(CmpIPredicate::ult, dim.getIndex(), check.constant(type.getRank())),
              "there is no dimension {0}", dim.getIndex());
      })
      .Case([](tensor::ExtractOp extract) {
        checkIndices(extract, extract.getTensor(), extract.getIndices());
      })
      .Case([](tensor::InsertOp insert) {
        checkIndices(insert, insert.getDest(), insert.getIndices());
      })
      .Case([](tensor::ExtractSliceOp slice) {
        CheckBuilder check(slice);
        checkSlice(check, slice, slice.getSource());
      })
      .Case<tensor::InsertSliceOp, tensor::ParallelInsertSliceOp>(
          [](auto insert) { checkInsertSlice(insert); })
      .Case([](tensor::EmptyOp empty) { checkNewSizes(empty, empty.getDynamicSizes()); })
      .Case([](tensor::SplatOp splat) { checkNewSizes(splat, splat.getDynamicSizes()); })
      .Case([](tensor::GenerateOp make) { checkNewSizes(make, make.getDynamicExtents()); })
      .Case([](tensor::ExpandShapeOp expand) { checkExpand(expand); })
      .Case([](tensor::ReshapeOp reshape) { checkReshape(reshape); })
      .Case([](tensor::PadOp pad) { checkPad(pad); })
      .Case([](tensor::ConcatOp concat) { checkConcat(concat); })
      .Case<arith::DivUIOp, arith::RemUIOp, arith::CeilDivUIOp>(
          [](auto division) { checkDivision(division, /*isSigned=*/false); })
      .Case<arith::DivSIOp, arith::RemSIOp, arith::CeilDivSIOp, arith::FloorDivSIOp>(
          [](auto division) { checkDivision(division, /*isSigned=*/true); })
      .Case<scf::ForOp, scf::ForallOp, scf::ParallelOp>([](auto loop) { checkSteps(loop); })
      .Case([](linalg::SoftmaxOp softmax) { checkSoftmax(softmax); })
      .Case([](MatmulOp product) { checkMatmul(product); });
}

} // namespace uwt
