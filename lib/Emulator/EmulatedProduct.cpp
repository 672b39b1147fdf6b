//===- EmulatedProduct.cpp - Products on the emulator ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Emulator/EmulatedProduct.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "uwt/Pack/Abi.h"
#include <algorithm>
#include <cstring>

namespace uwt::emulator {

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

EmulatedMemory::EmulatedMemory(uint64_t bytes)
    : size(bytes), storage(bytes + 2 * devicePlaneAlignment) {
  auto address = reinterpret_cast<uintptr_t>(storage.data());
  start = storage.data() +
          (devicePlaneAlignment - address % devicePlaneAlignment) % devicePlaneAlignment;
}

EmulatedMemory::EmulatedMemory(std::span<const uint8_t> from) : EmulatedMemory(from.size()) {
  if (!from.empty())
    std::memcpy(start, from.data(), from.size());
}

/// What a bulk copy takes is a multiple of 16 bytes, and may end behind a plane.
static EmulatedMemory copyPlane(std::span<const uint8_t> from) {
  EmulatedMemory memory((from.size() + 15) / 16 * 16);
  if (!from.empty())
    std::memcpy(memory.bytes().data(), from.data(), from.size());
  return memory;
}

Expected<EmulatedWeight> EmulatedWeight::make(const LoadedWeight &weight) {
  UWT_ASSIGN_OR_RETURN(cuda::DeviceTables tables, cuda::deviceTables(weight));
  EmulatedWeight result;
  UWT_ASSIGN_OR_RETURN(TensorDescription::Matrices matrices, weight.description().matrices());
  result.shape = matrices.shape;
  result.count = matrices.count;
  for (std::span<const uint8_t> part : cuda::bufferContents(weight, tables))
    result.parts.push_back(copyPlane(part));
  result.isPartlyWords = std::ranges::any_of(
      tables.panels, [](const DevicePanelEntry &panel) { return panel.storedAsWords != 0; });
  return result;
}

EmulatedArgument EmulatedWeight::argument(ArgumentKind kind, std::optional<uint64_t> matrix) const {
  const EmulatedMemory &whole = buffer(kind);
  if (count == 1 || !cuda::goesByPanel(kind) || !matrix)
    return whole.readable();
  uint64_t size = whole.bytes().size() / count;
  return EmulatedArgument::buffer(static_cast<const void *>(whole.bytes().data() + *matrix * size),
                                  size);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

llvm::FailureOr<EmulatedProduct> EmulatedProduct::prepare(mlir::gpu::GPUModuleOp module,
                                                          std::vector<KernelEntry> entries) {
  EmulatedProduct result;
  for (const KernelEntry &entry : entries) {
    auto function = module.lookupSymbol<mlir::gpu::GPUFuncOp>(entry.kernel);
    if (!function)
      return module.emitError() << "has no kernel '" << entry.kernel << "'";
    auto kernel = EmulatedKernel::prepare(function);
    if (mlir::failed(kernel))
      return mlir::failure();
    result.kernels.push_back(std::move(*kernel));
  }
  result.launches = std::move(entries);
  return result;
}

Expected<EmulatedProduct> EmulatedProduct::preparePtx(llvm::StringRef text,
                                                      std::vector<KernelEntry> entries) {
  EmulatedProduct result;
  for (const KernelEntry &entry : entries) {
    UWT_ASSIGN_OR_RETURN(std::unique_ptr<EmulatedKernel> kernel,
                         EmulatedKernel::preparePtx(text, entry.kernel));
    result.kernels.push_back(std::move(kernel));
  }
  result.launches = std::move(entries);
  return result;
}

namespace {
/// The buffers of one run.
struct Buffers {
  EmulatedMemory x, y, workspace, counters, slices;
  /// Of the weight; nothing for all.
  std::optional<uint64_t> matrix;
  std::vector<EmulatedMemory> extras;
};
} // namespace

static EmulatedArgument argumentOf(const KernelArgument &argument, const EmulatedWeight &weight,
                                   const EmulatedOperands &operands, Buffers &buffers) {
  switch (argument.kind) {
  case ArgumentKind::X:
    return buffers.x.readable();
  case ArgumentKind::Y:
    return buffers.y.writable();
  case ArgumentKind::Workspace:
    return buffers.workspace.writable();
  case ArgumentKind::Counters:
    return buffers.counters.writable();
  case ArgumentKind::Extra:
    return buffers.extras[argument.number].readable();
  case ArgumentKind::Slices:
    return buffers.slices.readable();
  case ArgumentKind::M:
    return EmulatedArgument::integer(operands.m);
  case ArgumentKind::N:
  case ArgumentKind::YStride:
    return EmulatedArgument::integer(weight.rows());
  case ArgumentKind::K:
  case ArgumentKind::XStride:
    return EmulatedArgument::integer(weight.columns());
  case ArgumentKind::Constant:
    return EmulatedArgument::integer(argument.constant);
  default:
    return weight.argument(argument.kind, buffers.matrix);
  }
}

/// Whether the kernel before may still use it: what is not of the weight. (The output of one
/// product is the x of another, or what its epilogue reads.)
static bool isOfActivations(ArgumentKind kind) {
  switch (kind) {
  case ArgumentKind::X:
  case ArgumentKind::Y:
  case ArgumentKind::Extra:
  case ArgumentKind::Workspace:
  case ArgumentKind::Counters:
    return true;
  default:
    return false;
  }
}

static Status checkOperands(const KernelEntry &entry, const EmulatedWeight &weight,
                            const EmulatedOperands &operands) {
  if (operands.matrix >= weight.matrices())
    return usageError("the weight has " + std::to_string(weight.matrices()) +
                      " matrices, and matrix " + std::to_string(operands.matrix) + " is asked for");
  if (needsCodes(entry) && weight.hasWords())
    return noCodesError(entry);
  for (const KernelArgument &argument : entry.arguments) {
    uint64_t size = bytesOf(argument.type);
    uint64_t row = argument.kind == ArgumentKind::X ? weight.columns() : weight.rows();
    uint64_t given = argument.kind == ArgumentKind::X ? operands.x.size() : operands.y.size();
    bool isRows = argument.kind == ArgumentKind::X || argument.kind == ArgumentKind::Y;
    if (isRows && given != operands.m * row * size)
      return usageError("kernel " + entry.kernel + " takes " + std::string(nameOf(argument.kind)) +
                        " of " + std::to_string(operands.m * row * size) + " bytes, got " +
                        std::to_string(given));
    if (argument.kind == ArgumentKind::Extra && argument.number >= operands.extras.size())
      return usageError("kernel " + entry.kernel + " takes extra operand " +
                        std::to_string(argument.number) + ", got " +
                        std::to_string(operands.extras.size()));
  }
  return ok();
}

Expected<EmulationCounters> EmulatedProduct::run(const EmulatedWeight &weight,
                                                 const EmulatedOperands &operands,
                                                 uint64_t residentCtas,
                                                 const EmulationOptions &options) const {
  uint64_t workspace = 0, counters = 0;
  std::vector<cuda::LaunchSize> sizes;
  for (const KernelEntry &entry : launches) {
    UWT_RETURN_IF_ERROR(checkOperands(entry, weight, operands));
    UWT_ASSIGN_OR_RETURN(
        cuda::LaunchSize size,
        cuda::launchSize(entry, weight.rows(), weight.columns(), operands.m, residentCtas));
    workspace = std::max(workspace, size.workspaceBytes);
    counters = std::max(counters, size.counterBytes);
    sizes.push_back(size);
  }
  Buffers buffers{EmulatedMemory(operands.x),
                  EmulatedMemory(operands.y.size()),
                  EmulatedMemory(workspace),
                  EmulatedMemory(counters),
                  EmulatedMemory(operands.slices),
                  {},
                  {}};
  if (operands.slices.empty())
    buffers.matrix = operands.matrix;
  // Neither may have to be zero.
  constexpr uint8_t anything = 0xA5;
  std::ranges::fill(buffers.y.bytes(), anything);
  std::ranges::fill(buffers.workspace.bytes(), anything);
  for (std::span<const uint8_t> extra : operands.extras)
    buffers.extras.emplace_back(extra);

  EmulationCounters result;
  for (size_t i = 0; i < launches.size(); ++i) {
    if (sizes[i].grid == 0)
      continue;
    LaunchShape shape;
    shape.grid[0] = sizes[i].grid;
    shape.block[0] = launches[i].launch.threads;
    shape.dynamicSharedBytes = launches[i].launch.sharedBytes;
    std::vector<EmulatedArgument> arguments;
    for (const KernelArgument &argument : launches[i].arguments) {
      arguments.push_back(argumentOf(argument, weight, operands, buffers));
      arguments.back().elementBytes = bytesOf(argument.type);
      arguments.back().isFromBefore =
          launches[i].launch.dependent && isOfActivations(argument.kind);
    }
    UWT_ASSIGN_OR_RETURN(result, kernels[i]->launch(shape, arguments, options));
  }
  for (uint8_t byte : buffers.counters.bytes())
    if (byte != 0)
      return invalidError("counters are not zero after the launch");
  std::ranges::copy(buffers.y.bytes(), operands.y.begin());
  return result;
}

} // namespace uwt::emulator
