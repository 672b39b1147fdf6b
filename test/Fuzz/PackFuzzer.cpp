//===- PackFuzzer.cpp - Any bytes as a kernel pack ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the input as a pack, checksums off. What is taken has one encoding: written again it has
// the same bytes but for its checksums. Then kernels are chosen, and launches sized.
//
//===----------------------------------------------------------------------===//

#include "FuzzCheck.h"
#include "uwt/Cuda/Launch.h"
#include <algorithm>
#include <cstring>

using namespace uwt;
using namespace uwt::cuda;

/// Whether two packs differ in more than their checksums.
static bool differs(std::span<const uint8_t> input, const KernelPack &pack,
                    std::span<const uint8_t> again) {
  // Header up to the checksums; then what follows the table, whose rows hold checksums too.
  if (input.size() != again.size() || std::memcmp(input.data(), again.data(), 32) != 0)
    return true;
  uint64_t tableBytes = 0;
  std::memcpy(&tableBytes, input.data() + 24, 8);
  size_t end = 64 + tableBytes;
  if (std::memcmp(input.data() + end, again.data() + end, input.size() - end) != 0)
    return true;
  Expected<std::shared_ptr<const KernelPack>> read = KernelPack::parse(again);
  return !read || !std::ranges::equal(pack.kernels(), (*read)->kernels()) ||
         !std::ranges::equal(pack.tools(), (*read)->tools());
}

static void writeAgain(const KernelPack &pack, std::span<const uint8_t> input) {
  KernelPackWriter writer;
  for (const ToolVersion &tool : pack.tools())
    writer.addTool(tool.name, tool.version);
  uint32_t number = 0;
  for (const CodeObject &code : pack.codeObjects())
    // Equal objects are stored once by the writer: such a pack is valid, and another one.
    if (writer.addCode(code.kind, code.target, code.bytes) != number++)
      return;
  for (const KernelEntry &entry : pack.kernels())
    writer.addKernel(entry);
  Expected<std::vector<uint8_t>> again = writer.bytes();
  fuzzRequire(bool(again), "a pack that was read cannot be written");
  fuzzRequire(!differs(input, pack, *again), "a pack has two encodings");
}

static void useKernel(const KernelPack &pack, const KernelEntry &entry) {
  KernelQuery query;
  query.target = pack.codeObjects()[entry.code].target;
  query.format = entry.format;
  query.element = entry.element;
  query.n = entry.n.least;
  query.k = entry.k.most;
  query.m = entry.mTo;
  query.kind = entry.kind;
  Expected<const KernelEntry *> chosen = pack.select(query);
  bool fits = entry.n.admits(query.n) && entry.k.admits(query.k);
  fuzzRequire(bool(chosen) || !fits || pack.isPreparation(entry),
              "a kernel's own problem finds no kernel");
  fuzzRequire(!chosen || !pack.isPreparation(**chosen), "a kernel that only prepares is chosen");
  for (uint64_t resident : {uint64_t(1), uint64_t(132)}) {
    Expected<LaunchSize> size = launchSize(entry, query.n, query.k, query.m, resident);
    if (!size || size->grid == 0)
      continue;
    fuzzRequire(size->grid % entry.launch.cluster == 0, "a grid that cuts a cluster");
    fuzzRequire(size->workspaceBytes >= entry.workspace.fixed, "a workspace that overflows");
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::span<const uint8_t> input(data, size);
  Expected<std::shared_ptr<const KernelPack>> pack = KernelPack::parse(input, PackOptions{false});
  if (!pack) {
    fuzzRequire(!pack.error().message().empty(), "an error without a message");
    return 0;
  }
  writeAgain(**pack, input);
  constexpr size_t most = 64;
  for (const KernelEntry &entry :
       (*pack)->kernels().first(std::min((*pack)->kernels().size(), most)))
    useKernel(**pack, entry);
  return 0;
}
