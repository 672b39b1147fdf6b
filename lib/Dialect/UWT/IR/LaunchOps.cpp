//===- LaunchOps.cpp - Launches of kernels by programs --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductEffects.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;

namespace uwt {

void LaunchProductOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  addProductEffects(*this, effects);
}

LogicalResult LaunchProductOp::verify() {
  if (getKernels().empty())
    return emitOpError("expects kernels");
  if (getMaps().size() != getExtras().size())
    return emitOpError() << "expects a map for each of " << getExtras().size() << " extras, got "
                         << getMaps().size();
  if (isa_and_nonnull<TensorType>(getSelection() ? getSelection().getType() : Type()))
    return emitOpError("expects a selection in memory, or a number");
  return success();
}

/// The entry of the kernel that a launch of `module` ends with, or null.
static KernelEntryAttr lastEntry(gpu::GPUModuleOp module) {
  KernelEntryAttr last;
  for (auto kernel : module.getOps<gpu::GPUFuncOp>())
    if (auto entry = kernel->getAttrOfType<KernelEntryAttr>(UWTDialect::kernelEntryAttrName))
      last = entry;
  return last;
}

LogicalResult LaunchProductOp::verifySymbolUses(SymbolTableCollection &symbols) {
  uint64_t next = 1;
  for (auto name : getKernels().getAsRange<FlatSymbolRefAttr>()) {
    auto module = symbols.lookupNearestSymbolFrom<gpu::GPUModuleOp>(*this, name);
    KernelEntryAttr entry = module ? lastEntry(module) : KernelEntryAttr();
    if (!entry)
      return emitOpError() << "names " << name << ", which is no gpu.module with kernel entries";
    ExtentRange m = entry.getM();
    if (m.least != next)
      return emitOpError() << "expects the kernels of " << name << " to serve m from " << next
                           << ", but they do from " << m.least;
    next = m.most + 1;
  }
  if (next != 0)
    return emitOpError() << "has no kernels for m from " << next;
  return success();
}

} // namespace uwt
