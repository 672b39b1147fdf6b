//===- ProductEntries.cpp - Launches of a product -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductEntries.h"
#include "Entries.h"
#include "PackIntegers.h"
#include "Transcode.h"

using namespace mlir;

namespace uwt::codegen {

WorkspaceRule ProductEntries::workspaceRule() const {
  // The rule counts by k-tiles, packed x by slices: so a k-tile stands for its share of a slice, in
  // whole runs of 16 bytes.
  WorkspaceRule rule;
  uint64_t sliceBytes = 4 * plan.packedU32(), tiles = plan.ctaTiles();
  // Of products by integers a launch's tile is a part of an output tile, with sums of its own.
  tiles *= plan.partGroups == 0 ? plan.work().kTiles : plan.work().kIterations;
  rule.perTile = (sliceBytes + 16 * tiles - 1) / (16 * tiles) * 16;
  rule.fixed = 4 * plan.decoded.sizeU32();
  rule.perCta = 4 * plan.partialF32();
  // Of each CTA of a cluster, as of counters: the last one of a slice may have tiles to spare.
  if (plan.hasParts())
    rule.perTile += 4 * plan.tile.cluster * plan.tileF32();
  rule.countersPerTile = static_cast<uint32_t>(4 * plan.tile.cluster * plan.tile.consumerWarps());
  return rule;
}

KernelEntry ProductEntries::common(StringRef kernel) {
  KernelEntry entry = entryOf(plan.kind(), kernel, op.getWeightType(), format);
  if (plan.decoded.exists())
    entry.strategy = stringifyProductStrategy(plan.strategy()).str() + ",";
  entry.strategy += std::string(nameOf(entry.kind)) + ",m=" + std::to_string(plan.tile.m()) +
                    ",stages=" + std::to_string(plan.ring.stages) +
                    ",k=" + std::to_string(fixedUnitColumns * plan.ring.groupsPerStage);
  if (plan.tile.cluster > 1)
    entry.strategy += ",cluster=" + std::to_string(plan.tile.cluster);
  if (plan.tile.multipliesIntegers)
    entry.strategy += ",integers";
  if (plan.grouped)
    entry.strategy += ",grouped";
  entry.launch.tileM = plan.tile.m();
  entry.workspace = workspaceRule();
  return entry;
}

KernelEntry ProductEntries::pack() {
  KernelEntry pack = common("pack");
  pack.launch.grid = GridRule::Tiles;
  pack.launch.threads = packThreads;
  pack.launch.dependent = isDependent();
  pack.launch.tileN = 0;
  pack.launch.tileK = fixedUnitColumns;
  if (plan.tile.multipliesIntegers) {
    // A CTA a row, which looks for its largest element.
    pack.launch.tileK = 0;
    pack.launch.tileM = 1;
    pack.launch.sharedBytes = PackIntegersKernel::sharedBytes;
  }
  // It writes into the product's, behind the decoded weight.
  pack.workspace = {};
  pack.workspace.fixed = 4 * static_cast<uint64_t>(plan.decoded.sizeU32());
  pack.arguments = {operandArgument(ArgumentKind::X, op.getX()),
                    scalarArgument(ArgumentKind::XStride), scalarArgument(ArgumentKind::M),
                    memrefArgument(ArgumentKind::Workspace, ArgumentType::I32, 256)};
  return pack;
}

/// In the order of RingProduct::argumentOrder().
std::vector<KernelArgument> ProductEntries::productArguments() {
  auto plane = [](ArgumentKind kind, ArgumentType type = ArgumentType::I32) {
    return memrefArgument(kind, type);
  };
  std::vector<KernelArgument> arguments = {plane(ArgumentKind::Panels, ArgumentType::I64)};
  if (plan.tile.multipliesIntegers)
    arguments.push_back(plane(ArgumentKind::Code));
  else
    arguments.insert(arguments.end(), {plane(ArgumentKind::Table), plane(ArgumentKind::Words),
                                       plane(ArgumentKind::Raw), plane(ArgumentKind::Code),
                                       // Streams have no such plane.
                                       plan.decodesInShared || plan.readsStreams
                                           ? plane(ArgumentKind::Classes, ArgumentType::I8)
                                           : plane(ArgumentKind::Patch),
                                       plane(ArgumentKind::Records)});
  arguments.insert(arguments.end(),
                   {operandArgument(ArgumentKind::Y, op.getInit()),
                    scalarArgument(ArgumentKind::YStride), scalarArgument(ArgumentKind::M),
                    memrefArgument(ArgumentKind::Workspace, ArgumentType::I32, 256),
                    memrefArgument(ArgumentKind::Counters, ArgumentType::I32, 16)});
  if (plan.grouped)
    arguments.push_back(memrefArgument(ArgumentKind::Slices, ArgumentType::I32, 4));
  return arguments;
}

KernelEntry ProductEntries::product() {
  KernelEntry product = common("product");
  product.launch.grid = GridRule::Persistent;
  product.launch.threads = static_cast<uint32_t>(plan.threads());
  product.launch.sharedBytes =
      static_cast<uint32_t>(std::max(plan.sharedBytes(), plan.leastSharedBytes));
  // Which panels those of its output tiles are, a kernel before says: even its copies of weights
  // would have to wait.
  product.launch.dependent = isDependent() && !plan.grouped;
  product.launch.cluster = static_cast<uint32_t>(plan.tile.cluster);
  product.launch.ctasPerMultiprocessor = static_cast<uint32_t>(plan.ctas);
  product.launch.tileN = plan.tile.n();
  product.launch.tileK = fixedUnitColumns * plan.ring.groupsPerKTile() *
                         (plan.partGroups == 0 ? 1 : plan.work().kTilesPerIteration);
  product.arguments = productArguments();
  for (auto [i, extra] : llvm::enumerate(op.getExtras()))
    product.arguments.push_back(
        operandArgument(ArgumentKind::Extra, extra, static_cast<uint32_t>(i)));
  return product;
}

KernelEntry ProductEntries::decode() {
  KernelEntry decode = common("decode");
  TranscodeBuilder(op.getWeightType(), format, builder, op.getLoc(), plan.decoded.form)
      .describe(decode, ArgumentKind::Workspace);
  return decode;
}

std::vector<KernelEntry> ProductEntries::all() {
  if (!plan.decoded.exists())
    return {pack(), product()};
  return {decode(), pack(), product()};
}

} // namespace uwt::codegen
