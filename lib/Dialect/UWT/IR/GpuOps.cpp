//===- GpuOps.cpp - What kernels for GPUs need beside upstream ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"

using namespace mlir;

namespace uwt {

//===----------------------------------------------------------------------===//
// DecodeFragmentOp
//===----------------------------------------------------------------------===//

void DecodeFragmentOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  for (OpOperand &operand : getRawMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
  for (OpOperand &operand : getCodeMutable())
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
}

LogicalResult DecodeFragmentOp::verify() {
  auto check = [&](Value buffer, Value first, StringRef name) -> LogicalResult {
    if (bool(buffer) != bool(first))
      return emitOpError() << "expects " << name << " with an offset";
    if (buffer && !cast<MemRefType>(buffer.getType()).getElementType().isInteger(32))
      return emitOpError() << "expects " << name << " to hold i32, got " << buffer.getType();
    return mlir::success();
  };
  if (failed(check(getRaw(), getFirst(), "raw")) ||
      failed(check(getCode(), getCodeFirst(), "code")))
    return mlir::failure();
  if (!getRaw() && !getCode())
    return emitOpError("expects raw, code, or both");
  return mlir::success();
}

//===----------------------------------------------------------------------===//
// BulkCopyOp
//===----------------------------------------------------------------------===//

void BulkCopyOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getTargetMutable());
  // The barrier counts: two copies of the same bytes are not one.
  effects.emplace_back(MemoryEffects::Write::get());
}

static bool isIn(MemRefType type, gpu::AddressSpace space) {
  auto attribute = dyn_cast_if_present<gpu::AddressSpaceAttr>(type.getMemorySpace());
  return attribute && attribute.getValue() == space;
}

LogicalResult BulkCopyOp::verify() {
  auto source = cast<MemRefType>(getSource().getType());
  auto target = cast<MemRefType>(getTarget().getType());
  if (source.getRank() != 1 || target.getRank() != 1 ||
      source.getElementType() != target.getElementType())
    return emitOpError() << "expects one-dimensional buffers of one element type, got " << source
                         << " and " << target;
  if (!isIn(source, gpu::AddressSpace::Global) || !isIn(target, gpu::AddressSpace::Workgroup))
    return emitOpError() << "expects a source in global and a target in workgroup memory, got "
                         << source << " and " << target;
  if (!isa<nvgpu::MBarrierGroupType>(getBarriers().getType()))
    return emitOpError() << "expects a group of mbarriers, got " << getBarriers().getType();
  return mlir::success();
}

} // namespace uwt
