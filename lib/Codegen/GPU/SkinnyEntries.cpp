//===- SkinnyEntries.cpp - How kernels of family skinny are launched ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Entries.h"
#include "Skinny.h"
#include "Transcode.h"

using namespace mlir;

namespace uwt {

WorkspaceRule SkinnyKernels::workspaceRule() const {
  // The rule counts by tiles, packed x by slices: so a tile stands for its part of a slice, in
  // whole runs of 16 bytes.
  WorkspaceRule rule;
  uint64_t sliceBytes = 4 * plan.packedWords(), tiles = plan.bands() * plan.chunks();
  rule.perTile = (sliceBytes + 16 * tiles - 1) / (16 * tiles) * 16;
  rule.fixed = 4 * plan.decodedWords();
  rule.perCta = 4 * plan.partialFloats();
  rule.countersPerTile = static_cast<uint32_t>(4 * plan.cluster * plan.consumerWarps());
  return rule;
}

KernelEntry SkinnyKernels::commonEntry(StringRef kernel) {
  KernelEntry entry = entryOf(plan.family(), kernel, op.getWeightType(), format);
  if (plan.decodesFirst())
    entry.strategy = stringifyProductStrategy(plan.strategy()).str() + ",";
  entry.strategy += std::string(nameOf(entry.family)) + ",m=" + std::to_string(8 * plan.tiles) +
                    ",stages=" + std::to_string(plan.stages) +
                    ",k=" + std::to_string(64 * plan.groupsPerStage);
  if (plan.cluster > 1)
    entry.strategy += ",cluster=" + std::to_string(plan.cluster);
  entry.launch.tileBatch = 8 * plan.tiles;
  entry.workspace = workspaceRule();
  return entry;
}

KernelEntry SkinnyKernels::packEntry() {
  KernelEntry pack = commonEntry("pack");
  pack.launch.grid = GridRule::Tiles;
  pack.launch.threads = SkinnyPlan::packThreads;
  pack.launch.tileRows = 0;
  pack.launch.tileColumns = 64;
  // It writes into the product's, behind the decoded weight.
  pack.workspace = {};
  pack.workspace.fixed = 4 * static_cast<uint64_t>(plan.decodedWords());
  pack.arguments = {operandArgument(ArgumentKind::X, op.getX()),
                    scalarArgument(ArgumentKind::XStride), scalarArgument(ArgumentKind::Batch),
                    memrefArgument(ArgumentKind::Workspace, ArgumentType::I32, 256)};
  return pack;
}

std::vector<KernelEntry> SkinnyKernels::entries() {
  KernelEntry product = commonEntry("product");
  product.launch.grid = GridRule::Persistent;
  product.launch.threads = static_cast<uint32_t>(plan.threads());
  product.launch.sharedBytes = static_cast<uint32_t>(plan.sharedBytes());
  // On targets without dependent launch nothing in the kernel waits for the one before.
  product.launch.dependent = !plan.copiesByThreads;
  product.launch.cluster = static_cast<uint32_t>(plan.cluster);
  product.launch.ctasPerMultiprocessor = static_cast<uint32_t>(plan.ctas);
  product.launch.tileRows = 64 * plan.bandPanels;
  product.launch.tileColumns = 64 * plan.groupsPerStep();
  product.arguments = {memrefArgument(ArgumentKind::Panels, ArgumentType::I64),
                       memrefArgument(ArgumentKind::Table, ArgumentType::I32),
                       memrefArgument(ArgumentKind::Words, ArgumentType::I32),
                       memrefArgument(ArgumentKind::Raw, ArgumentType::I32),
                       memrefArgument(ArgumentKind::Code, ArgumentType::I32),
                       // Streams have no such plane.
                       plan.isShared || plan.isStream
                           ? memrefArgument(ArgumentKind::Classes, ArgumentType::I8)
                           : memrefArgument(ArgumentKind::Patch, ArgumentType::I32),
                       memrefArgument(ArgumentKind::Records, ArgumentType::I32),
                       operandArgument(ArgumentKind::Y, op.getInit()),
                       scalarArgument(ArgumentKind::YStride), scalarArgument(ArgumentKind::Batch),
                       memrefArgument(ArgumentKind::Workspace, ArgumentType::I32, 256),
                       memrefArgument(ArgumentKind::Counters, ArgumentType::I32, 16)};
  for (auto [i, extra] : llvm::enumerate(op.getExtras()))
    product.arguments.push_back(
        operandArgument(ArgumentKind::Extra, extra, static_cast<uint32_t>(i)));
  if (!plan.decodesFirst())
    return {packEntry(), product};
  KernelEntry decode = commonEntry("decode");
  TranscodeBuilder(op.getWeightType(), format, builder, location, plan.decoded)
      .describe(decode, ArgumentKind::Workspace);
  return {decode, packEntry(), product};
}

} // namespace uwt
