//===- RunFormat.cpp - Weights in the format that products run from -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunFormat.h"

using namespace mlir;

namespace uwt {

std::optional<CompressedType> inFormat(CompressedType type, Format format) {
  format.storage = type.getFormat().getFormat().storage;
  format.fold = type.getFormat().getFormat().fold;
  // Codes of a quantised weight are made from a checkpoint's, not from words.
  if (format.isQuantized() && format != type.getFormat().getFormat())
    return std::nullopt;
  if (!checkRunFormat(format, *elementTypeOf(type.getElementType())))
    return std::nullopt;
  return type.withFormat(FormatAttr::get(type.getContext(), format));
}

Value transcodedTo(Value weight, const Format &format) {
  auto type = cast<CompressedType>(weight.getType());
  CompressedType run = type.withFormat(FormatAttr::get(type.getContext(), format));
  if (run == type)
    return weight;
  for (Operation *user : weight.getUsers())
    if (auto transcode = dyn_cast<TranscodeOp>(user); transcode && transcode.getType() == run)
      if (transcode->getPrevNode() == weight.getDefiningOp())
        return transcode;
  OpBuilder builder(weight.getContext());
  builder.setInsertionPointAfterValue(weight);
  return TranscodeOp::create(builder, weight.getLoc(), run, weight);
}

} // namespace uwt
