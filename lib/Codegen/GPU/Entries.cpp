//===- Entries.cpp - How kernels are launched -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Entries.h"

using namespace mlir;

namespace uwt::codegen {

static ArgumentType argumentType(Type type) {
  if (type.isBF16())
    return ArgumentType::BF16;
  if (type.isF16())
    return ArgumentType::F16;
  if (type.isF32())
    return ArgumentType::F32;
  switch (type.getIntOrFloatBitWidth()) {
  case 8:
    return ArgumentType::I8;
  case 16:
    return ArgumentType::I16;
  case 32:
    return ArgumentType::I32;
  default:
    return ArgumentType::I64;
  }
}

KernelEntry entryOf(GpuKernelKind kind, StringRef kernel, CompressedType weight,
                    const EmittedFormat &format) {
  KernelEntry entry;
  entry.kernel = kernel.str();
  entry.kind = kind;
  entry.format = format.format.ofMatrices();
  entry.element = format.element;
  auto rows = static_cast<uint64_t>(weight.getRows());
  auto columns = static_cast<uint64_t>(weight.getColumns());
  entry.n = {rows, rows, 1};
  entry.k = {columns, columns, 1};
  return entry;
}

KernelArgument memrefArgument(ArgumentKind kind, ArgumentType type, uint32_t alignment) {
  return {kind, type, alignment, 0, 0};
}

KernelArgument operandArgument(ArgumentKind kind, Value operand, uint32_t number) {
  ArgumentType type = argumentType(cast<ShapedType>(operand.getType()).getElementType());
  return {kind, type, bytesOf(type), number, 0};
}

KernelArgument scalarArgument(ArgumentKind kind) { return {kind, ArgumentType::I64, 1, 0, 0}; }

} // namespace uwt::codegen
