//===- Output.cpp - Epilogue and output of a product ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Output.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace uwt::codegen {

void Output::store(LaneCode &code, Value m, Value n, Value sum) const {
  Value at = code.index.add(code.index.mul(m, yStride), n);
  memref::StoreOp::create(code.ops(), code.loc(), applyEpilogue(code, m, n, sum), y,
                          ValueRange{at});
}

Value Output::applyEpilogue(LaneCode &code, Value m, Value n, Value sum) const {
  MatmulOp product = op;
  Indices &index = code.index;
  IRMapping mapping;
  Block *block = product.getEpilogueBlock();
  mapping.map(block->getArgument(0), sum);
  for (auto [i, map] : llvm::enumerate(product.getMaps().getAsRange<AffineMapAttr>())) {
    Value at = index.constant(0);
    for (AffineExpr result : map.getValue().getResults()) {
      bool isM = cast<AffineDimExpr>(result).getPosition() == 0;
      Value size = isM ? mSize : index.constant(product.getWeightType().getRows());
      at = index.add(index.mul(at, size), isM ? m : n);
    }
    mapping.map(block->getArgument(i + 1), code.load(extras[i], at));
  }
  for (Operation &scalar : block->without_terminator())
    code.ops().clone(scalar, mapping);
  return mapping.lookup(block->getTerminator()->getOperand(0));
}

} // namespace uwt::codegen
