//===- Emulator.cpp - Preparing and launching -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Emulator/Emulator.h"
#include "Flatten.h"
#include "Machine.h"
#include "PTX/PtxKernel.h"
#include <bit>
#include <utility>

namespace uwt::emulator {

EmulatedArgument EmulatedArgument::real(float value) {
  return integer(std::bit_cast<uint32_t>(value));
}

uint64_t EmulationCounters::operations() const {
  return integer + logic + floating + conversions + matrix + control + shuffles + barriers +
         sharedLoads + sharedStores + globalLoads + globalStores + atomics + bulkCopies;
}

namespace {
/// A kernel that was made from IR.
class FlattenedKernel : public EmulatedKernel {
public:
  explicit FlattenedKernel(std::unique_ptr<Program> program) : program(std::move(program)) {}
  Expected<EmulationCounters> launch(const LaunchShape &shape,
                                     const std::vector<EmulatedArgument> &arguments,
                                     const EmulationOptions &options) const override;

private:
  std::unique_ptr<Program> program;
};
} // namespace

llvm::FailureOr<std::unique_ptr<EmulatedKernel>>
EmulatedKernel::prepare(mlir::gpu::GPUFuncOp function) {
  auto program = std::make_unique<Program>();
  Flattener flattener(*program);
  if (mlir::failed(flattener.run(function)))
    return mlir::failure();
  return std::unique_ptr<EmulatedKernel>(new FlattenedKernel(std::move(program)));
}

Expected<std::unique_ptr<EmulatedKernel>> EmulatedKernel::preparePtx(llvm::StringRef text,
                                                                     llvm::StringRef entry) {
  return ptx::prepareEntry(text, entry);
}

std::string sizeText(const std::array<uint32_t, 3> &size) {
  return std::to_string(size[0]) + " x " + std::to_string(size[1]) + " x " +
         std::to_string(size[2]);
}

static Status checkLaunch(const Program &program, const LaunchShape &shape,
                          const std::vector<EmulatedArgument> &arguments) {
  std::string kernel = "'" + program.name + "': ";
  uint64_t threads = uint64_t(shape.block[0]) * shape.block[1] * shape.block[2];
  if (threads == 0 || threads > 1024 || shape.block[0] > 1024 || shape.block[1] > 1024)
    return usageError(kernel + "expected 1 to 1024 threads a block, got " +
                      std::to_string(threads));
  if (program.blockSize[0] != 0 && program.blockSize != shape.block)
    return usageError(kernel + "expected blocks of " + sizeText(program.blockSize) +
                      " threads, got " + sizeText(shape.block));
  if (shape.grid[0] % program.clusterBlocks != 0)
    return usageError(kernel + "expected whole clusters of " +
                      std::to_string(program.clusterBlocks) + " blocks, got a grid of " +
                      sizeText(shape.grid));
  if (shape.grid[0] > INT32_MAX || shape.grid[1] > 65535 || shape.grid[2] > 65535)
    return usageError(kernel + "the grid is larger than 2147483647 x 65535 x 65535 blocks");
  if (shape.dynamicSharedBytes + program.sharedBytes > 227 * 1024)
    return usageError(kernel + "expected at most 232448 bytes of shared memory, got " +
                      std::to_string(shape.dynamicSharedBytes + program.sharedBytes));
  if (arguments.size() != program.arguments.size())
    return usageError(kernel + "expected " + std::to_string(program.arguments.size()) +
                      " arguments, got " + std::to_string(arguments.size()));
  for (size_t i = 0; i < arguments.size(); ++i) {
    const ArgumentType &type = program.arguments[i];
    std::string name = kernel + "argument " + std::to_string(i) + ": ";
    if (!type.isBuffer)
      continue;
    if (arguments[i].bytes < type.bytes)
      return usageError(name + "expected a buffer of at least " + std::to_string(type.bytes) +
                        " bytes, got " + std::to_string(arguments[i].bytes));
    if (std::bit_cast<uintptr_t>(arguments[i].data) % 16 != 0)
      return usageError(name + "expected a buffer aligned to 16 bytes");
  }
  return ok();
}

std::vector<uint64_t> shuffledOrder(uint64_t count, Random &random) {
  std::vector<uint64_t> order(count);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t other = random.below(i + 1);
    order[i] = order[other];
    order[other] = i;
  }
  return order;
}

Expected<EmulationCounters> FlattenedKernel::launch(const LaunchShape &shape,
                                                    const std::vector<EmulatedArgument> &arguments,
                                                    const EmulationOptions &options) const {
  UWT_RETURN_IF_ERROR(checkLaunch(*program, shape, arguments));
  Launch launch(*program, shape, arguments);
  launch.operationsLeft = options.operationLimit;
  Random random(options.seed);
  uint32_t inRow = shape.grid[0] / program->clusterBlocks;
  uint64_t clusters = uint64_t(inRow) * shape.grid[1] * shape.grid[2];
  Cluster cluster(launch, random.next());
  for (uint64_t number : shuffledOrder(clusters, random)) {
    uint32_t x = number % inRow * program->clusterBlocks, y = number / inRow % shape.grid[1];
    uint32_t z = number / inRow / shape.grid[1];
    if (!cluster.run({x, y, z}))
      return invalidError(launch.error);
  }
  return launch.counters;
}

} // namespace uwt::emulator
