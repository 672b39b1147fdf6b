//===- ProductArguments.cpp - What kernel `product` is given --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductArguments.h"
#include "LaneCode.h"

using namespace mlir;

namespace uwt::codegen {

static Type typeOf(Value ProductArguments::*argument, MatmulOp op) {
  Builder builder(op.getContext());
  if (argument == &ProductArguments::yStride || argument == &ProductArguments::m)
    return builder.getIndexType();
  if (argument == &ProductArguments::panels)
    return LaneCode::globalBuffer(builder.getI64Type());
  if (argument == &ProductArguments::classes)
    return LaneCode::globalBuffer(builder.getI8Type());
  if (argument == &ProductArguments::y)
    return LaneCode::globalBuffer(op.getInitType().getElementType());
  return LaneCode::globalBuffer(builder.getI32Type());
}

SmallVector<Type> argumentTypes(MatmulOp op, ArgumentOrder order) {
  SmallVector<Type> types;
  for (Value ProductArguments::*argument : order)
    types.push_back(typeOf(argument, op));
  for (Value extra : op.getExtras())
    types.push_back(LaneCode::globalBuffer(cast<ShapedType>(extra.getType()).getElementType()));
  return types;
}

ProductArguments takeArguments(gpu::GPUFuncOp kernel, ArgumentOrder order) {
  ProductArguments arguments;
  for (auto [argument, value] : llvm::zip(order, kernel.getArguments()))
    arguments.*argument = value;
  llvm::append_range(arguments.extras, kernel.getArguments().drop_front(order.size()));
  return arguments;
}

} // namespace uwt::codegen
