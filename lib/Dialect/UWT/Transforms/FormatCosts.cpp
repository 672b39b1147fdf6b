//===- FormatCosts.cpp - What compiled code pays for formats --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/Transforms/FormatCosts.h"

using namespace mlir;

namespace uwt {

Expected<FormatCost> formatCostOf(CompressedType type) {
  auto decoder = dyn_cast<DecoderEmissionInterface>(Attribute(type.getFormat()));
  Type element = type.getElementType();
  if (!decoder)
    return unsupportedError("no decoders are registered (uwt::registerEmission)");
  UWT_RETURN_IF_ERROR(decoder.checkEmission(element));
  FormatCost cost;
  cost.format = type.getFormat().getFormat();
  ElementType elementType = *elementTypeOf(element);
  cost.size = expectedSize(cost.format, elementType);
  cost.decodeOperations = decoder.getDecodeCost(element);
  cost.fixedRate = decoder.hasFixedRate(element);
  cost.unitColumns = kernelUnitColumns(cost.format, elementType);
  return cost;
}

} // namespace uwt
