//===- TileMatmulEpilogue.cpp - From accumulators to outputs --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The 16 lanes of each of a strip's 16 rows are added while they are transposed, so that
// 16 outputs of one row of x end in a vector. The epilogue runs on it.
//
//===----------------------------------------------------------------------===//

#include "TileMatmul.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace uwt::codegen {

void ProductLowering::zeroAccumulators(Value width) {
  auto type = VectorType::get({laneCount}, builder.getF32Type());
  Value zero = arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
  if (ShapedType::isDynamic(staticM))
    width = index.mul(index.ceilDiv(width, tileM), tileM);
  index.loop(stripsInPanel, [&](Value strip) {
    Value start = accumulatorsOfRow(strip);
    index.loop(index.mul(width, stripRows), [&](Value i) {
      storeVector(zero, accumulators, index.add(start, index.mul(i, laneCount)));
    });
  });
}

void ProductLowering::emitOutputs(const PanelFields &panel, Value firstM, Value width) {
  index.loop(panel.strips, [&](Value strip) {
    index.loop(width, [&](Value inSlice) {
      Value inBlock = index.rem(inSlice, tileM);
      Value first = index.sub(inSlice, inBlock);
      auto sumOf = [&](int64_t blockRows, int64_t blockWidth) {
        return IntegerBuilder::Values{addLanes(strip, first, inBlock, blockRows, blockWidth)};
      };
      IntegerBuilder::Values sum;
      if (lastM == 0)
        sum = sumOf(tileN, tileM);
      else
        sum = index.either(
            index.less(width, index.add(first, tileM)),
            VectorType::get({laneCount}, builder.getF32Type()), [&] { return sumOf(lastN, lastM); },
            [&] { return sumOf(tileN, tileM); });
      emitOutput(panel, strip, index.add(firstM, inSlice), sum.front());
    });
  });
}

void ProductLowering::emitOutput(const PanelFields &panel, Value strip, Value m, Value sum) {
  Value n = index.add(panel.row, index.mul(strip, stripRows));
  Value count = index.constant(laneCount);
  if (!rows.isMultipleOf(stripRows))
    count = index.min(count, index.sub(rows, n));
  Value result = emitEpilogue(sum, panel.matrix, m, n, count);
  SmallVector<Value> position = {m, n};
  if (op.isBatched())
    position.insert(position.begin(), panel.matrix);
  storeOutput(result, position, count);
}

/// Adds the upper half of each row's lanes to the lower half. `a` and `b` hold 16/`lanes` rows of
/// `lanes` lanes each; the result has a's rows and then b's, of half the lanes.
static Value addHalves(OpBuilder &builder, Location location, Value a, Value b, int64_t lanes) {
  SmallVector<int64_t> low, high;
  for (int64_t row = 0; row < 2 * laneCount; row += lanes)
    for (int64_t lane = 0; lane < lanes / 2; ++lane) {
      low.push_back(row + lane);
      high.push_back(row + lane + lanes / 2);
    }
  Value lower = vector::ShuffleOp::create(builder, location, a, b, low);
  Value upper = vector::ShuffleOp::create(builder, location, a, b, high);
  return arith::AddFOp::create(builder, location, lower, upper);
}

Value ProductLowering::addLanes(Value strip, Value first, Value inBlock, int64_t blockRows,
                                int64_t width) {
  Value start = index.add(accumulatorsOf(strip, first, index.constant(0), blockRows, width),
                          index.mul(inBlock, laneCount));
  int64_t half = blockRows / 2;
  SmallVector<Value> vectors;
  for (int64_t row = 0; row < stripRows; ++row) {
    int64_t g = row % 8, rowBlock = g / half;
    int64_t output = rowBlock * blockRows + row / 8 * half + g % half;
    vectors.push_back(loadVector(accumulators, index.add(start, output * width * laneCount),
                                 builder.getF32Type()));
  }
  for (int64_t lanes = laneCount; lanes > 1; lanes /= 2) {
    SmallVector<Value> next;
    for (size_t i = 0; i < vectors.size(); i += 2)
      next.push_back(addHalves(builder, location, vectors[i], vectors[i + 1], lanes));
    vectors = std::move(next);
  }
  return vectors.front();
}

Value ProductLowering::emitEpilogue(Value sum, Value matrix, Value m, Value n, Value count) {
  SmallVector<Value> position = {m, n};
  if (op.isBatched())
    position.insert(position.begin(), matrix);
  IRMapping mapping;
  Block *block = op.getEpilogueBlock();
  mapping.map(block->getArgument(0), sum);
  for (auto [i, extra, map] :
       llvm::enumerate(op.getExtras(), op.getMaps().getAsRange<AffineMapAttr>())) {
    mapping.map(block->getArgument(i + 1),
                loadExtra(extra, map.getValue(), position, count, extraScratch[i]));
  }
  for (Operation &scalar : block->without_terminator()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(scalar)) {
      auto type = VectorType::get({laneCount}, constant.getType());
      mapping.map(constant.getResult(),
                  arith::ConstantOp::create(builder, location,
                                            DenseElementsAttr::get(type, constant.getValue())));
      continue;
    }
    Operation *clone = builder.clone(scalar, mapping);
    for (Value result : clone->getResults())
      result.setType(VectorType::get({laneCount}, result.getType()));
  }
  return mapping.lookup(block->getTerminator()->getOperand(0));
}

Value ProductLowering::loadExtra(Value extra, AffineMap map, ArrayRef<Value> position, Value count,
                                 Value through) {
  auto memref = cast<MemRefType>(extra.getType());
  auto vector = VectorType::get({laneCount}, memref.getElementType());
  unsigned nDimension = map.getNumDims() - 1;
  SmallVector<Value> at;
  int64_t nDim = -1;
  for (auto [dim, result] : llvm::enumerate(map.getResults())) {
    unsigned dimension = cast<AffineDimExpr>(result).getPosition();
    at.push_back(position[dimension]);
    if (dimension == nDimension)
      nDim = static_cast<int64_t>(dim);
  }
  if (nDim < 0)
    return vector::BroadcastOp::create(builder, location, vector,
                                       memref::LoadOp::create(builder, location, extra, at));

  // Where the 16 are not one run of memory, they pass through a scratch one by one.
  Value first = at[nDim], zero = index.constant(0);
  auto gather = [&] {
    index.loop(count, [&](Value i) {
      at[nDim] = index.add(first, i);
      Value value = memref::LoadOp::create(builder, location, extra, at);
      memref::StoreOp::create(builder, location, value, through, ValueRange{i});
    });
    at[nDim] = first;
  };
  auto copy = [&] {
    storeVector(vector::LoadOp::create(builder, location, vector, extra, at), through, zero);
  };
  bool isRun = nDim + 1 == memref.getRank() && memref.isLastDimUnitStride();
  if (isRun && rows.isMultipleOf(stripRows))
    return vector::LoadOp::create(builder, location, vector, extra, at);
  if (isRun)
    index.ifElse(index.less(count, laneCount), gather, copy);
  else
    gather();
  return loadVector(through, zero, memref.getElementType());
}

void ProductLowering::storeOutput(Value vector, ArrayRef<Value> position, Value count) {
  auto memref = cast<MemRefType>(op.getInit().getType());
  auto store = [&] { vector::StoreOp::create(builder, location, vector, op.getInit(), position); };
  auto scatter = [&] {
    storeVector(vector, outputScratch, index.constant(0));
    index.loop(count, [&](Value i) {
      Value value = memref::LoadOp::create(builder, location, outputScratch, ValueRange{i});
      SmallVector<Value> at(position);
      at.back() = index.add(at.back(), i);
      memref::StoreOp::create(builder, location, value, op.getInit(), at);
    });
  };
  if (!memref.isLastDimUnitStride())
    scatter();
  else if (rows.isMultipleOf(stripRows))
    store();
  else
    index.ifElse(index.less(count, laneCount), scatter, store);
}

} // namespace uwt::codegen
