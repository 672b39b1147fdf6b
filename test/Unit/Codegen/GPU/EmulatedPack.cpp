//===- EmulatedPack.cpp - Real kernels on an emulated GPU -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulatedPack.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::emulator;
using namespace uwt::test;

EmulatedPack::EmulatedPack(uint64_t rows, uint64_t columns)
    : fake(test::freshFakeCuda()), rows(rows), columns(columns) {
  // Fewer than there are shares: workgroups have parts of panels.
  fake.multiprocessors = 3;
  fake.ctasThatFit = fake.clustersThatFit = 1;
  fake.onLaunch = [this](const test::FakeLaunch &launch) { emulate(launch); };
}

EmulatedPack::~EmulatedPack() { test::freshFakeCuda(); }

void EmulatedPack::addProduct(const PackedProduct &product) {
  KernelPins how;
  how.tiles = product.tiles;
  how.strategy = product.strategy;
  how.grouped = product.grouped;
  auto made =
      std::make_unique<Product>(product.format, Shape{rows, columns, 8 * product.tiles}, how);
  ASSERT_EQ(made->prepare(), "");
  uint32_t before = 0;
  for (KernelEntry entry : made->entries()) {
    entry.prepare = before;
    entry.mFrom = product.mFrom;
    entry.mTo = product.mTo;
    auto kernel = made->kernels().lookupSymbol<mlir::gpu::GPUFuncOp>(entry.kernel);
    auto prepared = EmulatedKernel::prepare(kernel);
    ASSERT_TRUE(mlir::succeeded(prepared));
    add({entry, std::move(*prepared)});
    before = static_cast<uint32_t>(kernels.size());
  }
  products.push_back(std::move(made));
}

void EmulatedPack::addTranscode(const std::string &from, const std::string &to,
                                const std::string &element) {
  auto transcode = std::make_unique<TranscodeModule>(from, to, rows, columns, element);
  ASSERT_EQ(transcode->prepare(), "");
  for (size_t number = 0; number < transcode->kernels().entries.size(); ++number)
    add({transcode->kernels().entries[number], nullptr, transcode.get(), number});
  transcodes.push_back(std::move(transcode));
}

/// A kernel, under a name of its own.
void EmulatedPack::add(Kernel kernel) {
  KernelEntry &entry = kernel.entry;
  entry.kernel += "_" + std::to_string(kernels.size());
  entry.code = code;
  writer.addKernel(entry);
  fake.parameterCounts[entry.kernel] = parametersOf(entry);
  names[entry.kernel] = kernels.size();
  kernels.push_back(std::move(kernel));
}

size_t EmulatedPack::parametersOf(const KernelEntry &entry, std::optional<ArgumentKind> before) {
  size_t count = 0;
  for (const KernelArgument &argument : entry.arguments) {
    if (argument.kind == before)
      break;
    count += isMemref(argument.kind) ? memrefParameters : 1;
  }
  return count;
}

namespace {
/// The emulator takes buffers that are aligned to 16 bytes. Rows of some matrices begin elsewhere:
/// while this lives, a copy stands for their memory.
class AlignedArguments {
public:
  explicit AlignedArguments(std::vector<EmulatedArgument> &arguments) {
    for (EmulatedArgument &argument : arguments)
      if (reinterpret_cast<uint64_t>(argument.data) % 16 != 0) {
        auto copy = std::make_unique<DeviceMemory>(argument.bytes);
        std::memcpy(copy->bytes().data(), argument.data, argument.bytes);
        auto *original = static_cast<uint8_t *>(argument.data);
        argument.data = copy->bytes().data();
        originals.emplace_back(original, std::move(copy));
      }
  }
  ~AlignedArguments() {
    for (const auto &[original, copy] : originals)
      std::ranges::copy(copy->bytes(), original);
  }
  AlignedArguments(const AlignedArguments &) = delete;
  AlignedArguments &operator=(const AlignedArguments &) = delete;

private:
  std::vector<std::pair<uint8_t *, std::unique_ptr<DeviceMemory>>> originals;
};
} // namespace

void EmulatedPack::emulate(const test::FakeLaunch &launch) {
  ASSERT_TRUE(names.contains(launch.function)) << launch.function;
  const Kernel &kernel = kernels[names[launch.function]];
  const KernelEntry &entry = kernel.entry;
  std::vector<EmulatedArgument> arguments;
  const uint64_t *next = launch.parameters.data();
  for (const KernelArgument &argument : entry.arguments) {
    if (!isMemref(argument.kind)) {
      arguments.push_back(EmulatedArgument::integer(*next++));
      continue;
    }
    // Allocated and aligned pointer, offset, size and stride. Bulk copies take runs of 16 bytes;
    // parts of weights have zeros behind.
    uint64_t bytes = next[3] * bytesOf(argument.type);
    if (!kernel.transcode || argument.kind <= ArgumentKind::Classes)
      bytes = roundUp(bytes, 16);
    arguments.push_back(EmulatedArgument::buffer(reinterpret_cast<void *>(next[1]), bytes));
    arguments.back().isFromBefore = launch.dependent && (argument.kind == ArgumentKind::Workspace ||
                                                         argument.kind == ArgumentKind::Counters);
    next += memrefParameters;
  }
  ++launches;
  if (kernel.transcode) {
    AlignedArguments aligned(arguments);
    Status run = kernel.transcode->launch(kernel.number, launch.grid, arguments, launches);
    if (!run)
      faults.push_back(launch.function + ": " + run.error().message());
    return;
  }
  LaunchShape shape;
  shape.grid[0] = launch.grid;
  shape.block[0] = launch.threads;
  shape.dynamicSharedBytes = launch.sharedBytes;
  EmulationOptions emulation;
  emulation.seed = launches;
  auto run = kernel.product->launch(shape, arguments, emulation);
  if (!run)
    faults.push_back(launch.function + ": " + run.error().message());
}
