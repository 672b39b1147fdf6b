//===- KernelEntries.cpp - Launch metadata in the IR ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/GPU/KernelEntries.h"

using namespace mlir;

namespace uwt::codegen {

void writeKernelEntries(gpu::GPUModuleOp module, ArrayRef<KernelEntry> entries, bool isSequence) {
  FlatSymbolRefAttr before;
  for (const KernelEntry &entry : entries) {
    auto kernel = module.lookupSymbol<gpu::GPUFuncOp>(entry.kernel);
    kernel->setAttr(UWTDialect::kernelEntryAttrName,
                    KernelEntryAttr::get(module.getContext(), entry, before));
    if (isSequence)
      before = FlatSymbolRefAttr::get(kernel);
  }
}

FailureOr<std::vector<KernelEntry>> readKernelEntries(gpu::GPUModuleOp module) {
  std::vector<KernelEntry> entries;
  llvm::StringMap<uint32_t> numbers;
  for (auto kernel : module.getOps<gpu::GPUFuncOp>()) {
    if (!kernel.isKernel())
      continue;
    auto attribute = kernel->getAttrOfType<KernelEntryAttr>(UWTDialect::kernelEntryAttrName);
    if (!attribute)
      return kernel.emitOpError() << "has no attribute " << UWTDialect::kernelEntryAttrName;
    entries.push_back(attribute.getEntry(kernel.getName()));
    if (FlatSymbolRefAttr after = attribute.getAfter()) {
      auto found = numbers.find(after.getValue());
      if (found == numbers.end())
        return kernel.emitOpError()
               << "is launched after " << after << ", which does not stand before it";
      entries.back().prepare = found->second;
    }
    numbers[kernel.getName()] = static_cast<uint32_t>(entries.size());
  }
  return entries;
}

void writePlanFacts(gpu::GPUModuleOp module, const PlanFacts &facts) {
  auto real = [](double value) { return llvm::APFloat(value); };
  module->setAttr(UWTDialect::kernelPlanAttrName,
                  KernelPlanAttr::get(module.getContext(), facts.slice, facts.tileN, facts.cluster,
                                      facts.m, facts.ctas, facts.stages, facts.stageBytes,
                                      facts.usesWarpgroups, facts.streamWarps, real(facts.lookups),
                                      real(facts.rawBytes), facts.decodesBeside,
                                      real(facts.decodedBytes), real(facts.bytesOutside),
                                      facts.multipliesBytes, facts.partColumns));
}

std::optional<PlanFacts> readPlanFacts(gpu::GPUModuleOp module) {
  auto plan = module->getAttrOfType<KernelPlanAttr>(UWTDialect::kernelPlanAttrName);
  if (!plan)
    return std::nullopt;
  PlanFacts facts;
  facts.slice = plan.getSlice();
  facts.tileN = plan.getTileN();
  facts.cluster = plan.getCluster();
  facts.m = plan.getM();
  facts.ctas = plan.getCtas();
  facts.stages = plan.getStages();
  facts.stageBytes = plan.getStageBytes();
  facts.usesWarpgroups = plan.getWarpgroups();
  facts.streamWarps = plan.getStreamWarps();
  facts.lookups = plan.getLookups().convertToDouble();
  facts.rawBytes = plan.getRawBytes().convertToDouble();
  facts.decodesBeside = plan.getDecodesBeside();
  facts.decodedBytes = plan.getDecodedBytes().convertToDouble();
  facts.bytesOutside = plan.getBytesOutside().convertToDouble();
  facts.multipliesBytes = plan.getMultipliesBytes();
  facts.partColumns = plan.getPartColumns();
  return facts;
}

} // namespace uwt::codegen
