//===- SkinnyEntries.cpp - How kernels of family skinny are launched ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

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
  KernelEntry entry;
  entry.kernel = kernel.str();
  entry.family = plan.family();
  entry.strategy = plan.decodesFirst ? "buffer," : "";
  entry.strategy += std::string(nameOf(entry.family)) + ",n=" + std::to_string(8 * plan.tiles) +
                    ",stages=" + std::to_string(plan.stages) +
                    ",k=" + std::to_string(64 * plan.groupsPerStage);
  if (plan.cluster > 1)
    entry.strategy += ",cluster=" + std::to_string(plan.cluster);
  entry.format = op.getWeightType().getFormat().getFormat();
  entry.format.storage = Storage::NMajor;
  entry.element = *elementTypeOf(op.getWeightType().getElementType());
  auto rows = static_cast<uint64_t>(plan.rows), columns = static_cast<uint64_t>(plan.columns);
  entry.rows = {rows, rows, 1};
  entry.columns = {columns, columns, 1};
  entry.launch.tileBatch = 8 * plan.tiles;
  entry.workspace = workspaceRule();
  return entry;
}

static KernelArgument memref(ArgumentKind kind, ArgumentType type, uint32_t alignment = 1) {
  return {kind, type, alignment, 0, 0};
}

static KernelArgument scalar(ArgumentKind kind) { return {kind, ArgumentType::I64, 1, 0, 0}; }

KernelEntry SkinnyKernels::packEntry() {
  Type x = op.getXType().getElementType();
  KernelEntry pack = commonEntry("pack");
  pack.launch.grid = GridRule::Tiles;
  pack.launch.threads = SkinnyPlan::packThreads;
  pack.launch.tileRows = 0;
  pack.launch.tileColumns = 64;
  // It writes into the product's.
  pack.workspace = {};
  pack.arguments = {memref(ArgumentKind::X, argumentType(x), bytesOf(argumentType(x))),
                    scalar(ArgumentKind::XStride), scalar(ArgumentKind::Batch),
                    memref(ArgumentKind::Workspace, ArgumentType::I32, 256)};
  return pack;
}

KernelEntry SkinnyKernels::decodeEntry() {
  Type x = op.getXType().getElementType();
  KernelEntry decode = commonEntry("decode");
  TranscodeBuilder transcode(op.getWeightType(), format, builder, location);
  decode.launch = transcode.launch();
  decode.workspace = {};
  decode.arguments = TranscodeBuilder::partArguments();
  decode.arguments.insert(decode.arguments.end(),
                          {memref(ArgumentKind::X, argumentType(x), bytesOf(argumentType(x))),
                           scalar(ArgumentKind::XStride), scalar(ArgumentKind::Batch),
                           memref(ArgumentKind::Workspace, ArgumentType::I8, 256)});
  return decode;
}

std::vector<KernelEntry> SkinnyKernels::entries() {
  Type y = op.getInitType().getElementType();
  KernelEntry product = commonEntry("product");
  product.launch.grid = GridRule::Persistent;
  product.launch.threads = static_cast<uint32_t>(plan.threads());
  product.launch.sharedBytes = static_cast<uint32_t>(plan.sharedBytes());
  product.launch.dependent = true;
  product.launch.cluster = static_cast<uint32_t>(plan.cluster);
  product.launch.ctasPerMultiprocessor = static_cast<uint32_t>(plan.ctas);
  product.launch.tileRows = 64 * plan.bandPanels;
  product.launch.tileColumns = 64 * plan.groupsPerStage;
  product.arguments = {memref(ArgumentKind::Panels, ArgumentType::I64),
                       memref(ArgumentKind::Table, ArgumentType::I32),
                       memref(ArgumentKind::Words, ArgumentType::I32),
                       memref(ArgumentKind::Raw, ArgumentType::I32),
                       memref(ArgumentKind::Code, ArgumentType::I32),
                       memref(ArgumentKind::Patch, ArgumentType::I32),
                       memref(ArgumentKind::Records, ArgumentType::I32),
                       memref(ArgumentKind::Y, argumentType(y), bytesOf(argumentType(y))),
                       scalar(ArgumentKind::YStride),
                       scalar(ArgumentKind::Batch),
                       memref(ArgumentKind::Workspace, ArgumentType::I32, 256),
                       memref(ArgumentKind::Counters, ArgumentType::I32, 16)};
  for (auto [i, extra] : llvm::enumerate(op.getExtras())) {
    Type element = cast<ShapedType>(extra.getType()).getElementType();
    product.arguments.push_back({ArgumentKind::Extra, argumentType(element),
                                 bytesOf(argumentType(element)), static_cast<uint32_t>(i), 0});
  }
  return {plan.decodesFirst ? decodeEntry() : packEntry(), product};
}

} // namespace uwt
