//===- WarpMma.cpp - Products of one warp ---------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WarpMma.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace uwt::codegen {

Value WarpMma::zero() {
  auto type = VectorType::get({2, 2}, builder.getF32Type());
  return arith::ConstantOp::create(builder, location, builder.getZeroAttr(type));
}

Value WarpMma::matrixA(ValueRange fragments, unsigned block) {
  SmallVector<Value> registers;
  for (Value fragment : fragments)
    registers.push_back(vector::ExtractOp::create(builder, location, fragment, block));
  Value packed = vector::FromElementsOp::create(
      builder, location, VectorType::get({4}, builder.getI32Type()), registers);
  Value halves =
      vector::BitCastOp::create(builder, location, VectorType::get({8}, element), packed);
  return vector::ShapeCastOp::create(builder, location, VectorType::get({4, 2}, element), halves);
}

Value WarpMma::matrixB(Value blockPair, unsigned block) {
  int64_t first = block % 2 * 2;
  Value packed =
      vector::ExtractStridedSliceOp::create(builder, location, blockPair, ArrayRef<int64_t>{first},
                                            ArrayRef<int64_t>{2}, ArrayRef<int64_t>{1});
  Value halves =
      vector::BitCastOp::create(builder, location, VectorType::get({4}, element), packed);
  return vector::ShapeCastOp::create(builder, location, VectorType::get({2, 2}, element), halves);
}

WarpMma::Values WarpMma::multiply(ValueRange fragments, Value buffer, Value x,
                                  ValueRange accumulators) {
  Values next(accumulators);
  Value blockPair; // vector<4xi32>: two blocks
  for (int64_t tile = 0; tile < mTiles; ++tile) {
    for (unsigned block = 0; block < 4; ++block) {
      Value at = index.add(x, tile * packedTileU32 + block / 2 * (packedTileU32 / 2));
      if (block % 2 == 0)
        blockPair = loadVector(buffer, at, 4, builder.getI32Type());
      Value b = matrixB(blockPair, block);
      next[tile] = nvgpu::MmaSyncOp::create(builder, location, matrixA(fragments, block), b,
                                            next[tile], ArrayRef<int64_t>{16, 8, 16});
    }
  }
  return next;
}

} // namespace uwt::codegen
