//===- ScratchMemory.cpp - Where warps apply escapes ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScratchMemory.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "uwt/Codegen/GPU/ProductPlan.h"

using namespace mlir;

namespace uwt::codegen {

void ScratchMemory::storeFragments(ValueRange fragments, Value unitAt) {
  Value mine = index.add(unitAt, index.mul(lane, laneU32));
  for (auto [r, fragment] : llvm::enumerate(fragments))
    storeVector(fragment, u32s, index.add(mine, operandU32 * static_cast<int64_t>(r)));
}

void ScratchMemory::storeHalf(Value record, Value at) {
  Value half = index.add(index.mul(at, 2), toIndex(bits(record, 16, 1)));
  Value value = arith::TruncIOp::create(builder, location, builder.getI16Type(), record);
  memref::StoreOp::create(builder, location, value, halves, ValueRange{half});
}

void ScratchMemory::applyRecord(Value record, Value unitAt) {
  // escape-2: value, half, register, lane, block (docs/formats.md).
  Value at = index.add(index.mul(toIndex(bits(record, 17, 2)), operandU32),
                       index.mul(toIndex(bits(record, 19, 5)), laneU32));
  at = index.add(at, unitAt);
  storeHalf(record, index.add(at, toIndex(bits(record, 24, 2))));
}

} // namespace uwt::codegen
