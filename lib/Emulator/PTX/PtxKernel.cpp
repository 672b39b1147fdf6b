//===- PtxKernel.cpp - Launches an entry of PTX ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PtxKernel.h"
#include "Machine.h"
#include "llvm/ADT/STLExtras.h"
#include <bit>
#include <cstring>

namespace uwt::emulator::ptx {

namespace {
class PtxKernel : public EmulatedKernel {
public:
  explicit PtxKernel(Program program);
  Expected<EmulationCounters> launch(const LaunchShape &shape,
                                     const std::vector<EmulatedArgument> &arguments,
                                     const EmulationOptions &options) const override;

private:
  Status checkLaunch(const LaunchShape &shape) const;
  Status setParameters(Launch &launch, const std::vector<EmulatedArgument> &arguments) const;

  Program program;
  std::vector<bool> touchesProducts;
};
} // namespace

PtxKernel::PtxKernel(Program given) : program(std::move(given)) {
  std::vector<bool> isOfProducts(program.registers);
  bool hasProducts = false;
  for (const Instruction &code : program.code) {
    if (code.op != Op::Wgmma)
      continue;
    hasProducts = true;
    for (const Operand &operand : program.resultsOf(code))
      isOfProducts[operand.reg] = true;
    llvm::ArrayRef<Operand> sources = program.sourcesOf(code);
    for (const Operand &operand : sources.take_front(sources.size() == 6 ? 4 : 0))
      isOfProducts[operand.reg] = true;
  }
  if (!hasProducts)
    return;
  for (const Instruction &code : program.code) {
    auto isTouched = [&](const Operand &operand) {
      return operand.reg >= 0 && isOfProducts[operand.reg];
    };
    touchesProducts.push_back(llvm::any_of(program.resultsOf(code), isTouched) ||
                              llvm::any_of(program.sourcesOf(code), isTouched));
  }
}

Status PtxKernel::checkLaunch(const LaunchShape &shape) const {
  std::string kernel = "'" + program.name + "': ";
  uint64_t threads = uint64_t(shape.block[0]) * shape.block[1] * shape.block[2];
  if (threads == 0 || threads > 1024)
    return usageError(kernel + "expected 1 to 1024 threads a block, got " +
                      std::to_string(threads));
  uint64_t stated = uint64_t(program.blockSize[0]) * program.blockSize[1] * program.blockSize[2];
  if (stated != 0 && (program.isMaximum ? threads > stated : program.blockSize != shape.block))
    return usageError(kernel + "expected blocks of " + (program.isMaximum ? "at most " : "") +
                      sizeText(program.blockSize) + " threads, got " + sizeText(shape.block));
  if (program.clusterSize[1] != 1 || program.clusterSize[2] != 1)
    return unsupportedError(kernel + "clusters of " + sizeText(program.clusterSize) +
                            " blocks are not known to the emulator: it takes blocks in x");
  if (shape.grid[0] % program.clusterSize[0] != 0)
    return usageError(kernel + "expected whole clusters of " +
                      std::to_string(program.clusterSize[0]) + " blocks, got a grid of " +
                      sizeText(shape.grid));
  uint64_t shared = shape.dynamicSharedBytes + program.staticSharedBytes;
  if (shared > 227 * 1024)
    return usageError(kernel + "expected at most 232448 bytes of shared memory, got " +
                      std::to_string(shared));
  return ok();
}

Status PtxKernel::setParameters(Launch &launch,
                                const std::vector<EmulatedArgument> &arguments) const {
  bool arePointers = program.parameters.size() == arguments.size();
  launch.parameters.resize(program.parameterBytes);
  size_t next = 0;
  auto set = [&](uint64_t value) {
    if (next < program.parameters.size()) {
      const Parameter &parameter = program.parameters[next];
      std::memcpy(launch.parameters.data() + parameter.offset, &value,
                  std::min<uint64_t>(parameter.bytes, sizeof(value)));
    }
    ++next;
  };
  for (size_t i = 0; i < arguments.size(); ++i) {
    const EmulatedArgument &argument = arguments[i];
    if (!argument.data) {
      set(argument.scalar);
      continue;
    }
    if (std::bit_cast<uintptr_t>(argument.data) % 16 != 0)
      return usageError("'" + program.name + "': argument " + std::to_string(i) +
                        ": expected a buffer aligned to 16 bytes");
    launch.buffers.push_back(argument);
    uint64_t address = uint64_t(launch.buffers.size()) << bufferShift;
    set(address);
    if (arePointers)
      continue;
    // A memref: allocated and aligned pointer, offset, size, stride.
    set(address);
    set(0);
    set(argument.bytes / argument.elementBytes);
    set(1);
  }
  if (next != program.parameters.size())
    return usageError("'" + program.name + "': expected " +
                      std::to_string(program.parameters.size()) + " parameters, got " +
                      std::to_string(next));
  launch.cells.resize(launch.buffers.size());
  return ok();
}

Expected<EmulationCounters> PtxKernel::launch(const LaunchShape &shape,
                                              const std::vector<EmulatedArgument> &arguments,
                                              const EmulationOptions &options) const {
  UWT_RETURN_IF_ERROR(checkLaunch(shape));
  Launch launch(program, shape);
  UWT_RETURN_IF_ERROR(setParameters(launch, arguments));
  launch.touchesProducts = touchesProducts;
  launch.operationsLeft = options.operationLimit;
  Random random(options.seed);
  uint32_t ofEach = program.clusterSize[0], inRow = shape.grid[0] / ofEach;
  uint64_t clusters = uint64_t(inRow) * shape.grid[1] * shape.grid[2];
  for (uint64_t number : shuffledOrder(clusters, random)) {
    uint32_t x = number % inRow * ofEach, y = number / inRow % shape.grid[1];
    uint32_t z = number / inRow / shape.grid[1];
    Cluster cluster(launch, {x, y, z}, random.next());
    if (!cluster.run())
      return invalidError(launch.error);
  }
  return launch.counters;
}

Expected<std::unique_ptr<EmulatedKernel>> prepareEntry(llvm::StringRef text,
                                                       llvm::StringRef entry) {
  UWT_ASSIGN_OR_RETURN(std::vector<Program> programs, parsePtx(text));
  for (Program &program : programs)
    if (program.name == entry)
      return std::unique_ptr<EmulatedKernel>(new PtxKernel(std::move(program)));
  return invalidError("the PTX module has no entry '" + entry.str() + "'");
}

} // namespace uwt::emulator::ptx
