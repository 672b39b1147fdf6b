//===- Emulator.h - Runs a gpu.func on this CPU -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Proves a kernel without a GPU: interprets a verified `gpu.func` a warp at a time
// and checks what hardware does not. Each access is checked for bounds, alignment,
// initialisation, races (vector clocks a warp) and copies still in flight; copies
// land early or late and warps take turns by a seed.
//
// What it models: clusters of blocks (`nvvm.cluster_dim`; else single blocks) one after another, in
// an order from the seed, the blocks of a cluster at once; warps of 32
// lanes that share one clock, so that a race between lanes of one warp is found only
// where both lanes write in one operation. The generic and the asynchronous proxy are
// told apart: a bulk copy over what threads wrote, or on an mbarrier that they initialised, needs
// the fence. What copies read was there before the launch, and needs none.
// Global memory: a write over, or a read of, what another warp wrote in this launch
// without an edge is an error; a write over what another cluster only read is found from PTX alone.
// Copies and arrivals of a block at another one of its cluster need that one to be there still.
// After a relaxed arrival at the cluster's barrier others see what the last fence of an mbarrier's
// initialisation covers, and nothing else.
// `memref.atomic_rmw` orders nothing: NVPTX makes a relaxed atomic of it. `uwt.atomic_add` acquires
// and releases, for its own lane; the others see what it acquired after a barrier of the warp.
// That they need one before it, too, is not modelled.
//
// Kernels are run from two front ends. From IR they are quick, and errors name the IR's operations.
// From the PTX that NVPTX made of them, with assembly strings, they are what the driver compiles:
// each lane has a program counter of its own and knows for itself what orders it behind others'
// accesses (PTX ISA, "Memory Consistency Model"): weak and relaxed accesses and shuffles order
// nothing, a release and an acquire do within their scopes, and lanes meet only where an
// instruction waits for them. An instruction or a modifier that is not known is an error that names
// it. There a write over what another thread reads is found, too; of several readers that nothing
// orders the first one. Not modelled: races of atomics in shared memory, and values of reads that
// race.
//
// Numbers: integers and IEEE operations are exact, and rounded once to nearest even in
// f16, bf16, f32 and f64; payloads of NaNs are not modelled. `nvgpu.mma.sync` adds exact
// products to the accumulator in order of k, each sum rounded to nearest in f32:
// tensor cores add differently, so the bits are the hardware's only where sums are exact.
//
// `uwt.warpgroup_mma` adds likewise, when all four warps of the warpgroup have come to it; until
// `uwt.warpgroup_wait` its sums may not be used (control flow may carry them) and B's bytes not be
// written. B is found through the fields of a matrix descriptor, and what threads wrote there needs
// the proxy fence. That ptxas keeps registers of A from being overwritten is not modelled.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_EMULATOR_EMULATOR_H
#define UWT_EMULATOR_EMULATOR_H

#include "uwt/Support/Error.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace mlir::gpu {
class GPUFuncOp;
} // namespace mlir::gpu

namespace uwt::emulator {

/// An argument of a launch: a buffer in host memory for a memref, bits for a scalar.
struct EmulatedArgument {
  void *data = nullptr;
  /// Size of the buffer. `data` must be aligned to 16 bytes, as device memory is.
  uint64_t bytes = 0;
  /// Of the buffer's elements: PTX takes sizes of buffers in elements.
  uint64_t elementBytes = 1;
  bool isWritable = false;
  /// The kernel before, which may still run, writes or reads it: it may be written, and what this
  /// one has not written itself may be read, only after uwt.grid_dependency_wait.
  bool isFromBefore = false;
  /// The scalar's bits, zero-extended.
  uint64_t scalar = 0;

  static EmulatedArgument buffer(void *data, uint64_t bytes) {
    return {data, bytes, 1, true, false, 0};
  }
  static EmulatedArgument buffer(const void *data, uint64_t bytes) {
    return {const_cast<void *>(data), bytes, 1, false, false, 0};
  }
  static EmulatedArgument integer(uint64_t value) { return {nullptr, 0, 1, false, false, value}; }
  static EmulatedArgument real(float value);
};

/// How a kernel is launched.
struct LaunchShape {
  std::array<uint32_t, 3> grid = {1, 1, 1};
  /// Threads of a block, at most 1024.
  std::array<uint32_t, 3> block = {32, 1, 1};
  uint64_t dynamicSharedBytes = 0;
};

struct EmulationOptions {
  /// Picks the order of blocks and warps, and when asynchronous copies land.
  uint64_t seed = 0;
  /// Operations of a warp in all after which a launch counts as one that never ends.
  uint64_t operationLimit = uint64_t(1) << 36;
};

/// What a launch executed, in warp operations: one for each scalar or element of a vector,
/// whatever the number of active lanes. Copies between registers are not counted.
struct EmulationCounters {
  uint64_t integer = 0;
  /// And, or, xor, shifts.
  uint64_t logic = 0;
  uint64_t floating = 0;
  uint64_t conversions = 0;
  /// Of a group of a warpgroup's products, four for each warp.
  uint64_t matrix = 0;
  uint64_t control = 0;
  uint64_t shuffles = 0;
  uint64_t barriers = 0;
  /// Bytes: also B of a warpgroup's products, once for its four warps.
  uint64_t sharedLoads = 0, sharedLoadBytes = 0;
  uint64_t sharedStores = 0, sharedStoreBytes = 0;
  /// Clocks of shared memory beyond one for each phase: 32 banks of 4 bytes; accesses of 8 and
  /// 16 bytes a lane go in 2 and 4 phases of 16 and 8 lanes.
  uint64_t bankConflicts = 0;
  uint64_t globalLoads = 0, globalLoadBytes = 0;
  uint64_t globalStores = 0, globalStoreBytes = 0;
  uint64_t atomics = 0;
  uint64_t bulkCopies = 0, bulkBytes = 0;

  /// All operations, not bytes or conflicts.
  uint64_t operations() const;
};

/// A kernel ready to run. Immutable: any number of threads may launch it at once.
class EmulatedKernel {
public:
  /// Flattens `function`; emits a diagnostic at whatever the emulator does not know. The
  /// context of `function` must outlive the kernel, the function need not.
  static llvm::FailureOr<std::unique_ptr<EmulatedKernel>> prepare(mlir::gpu::GPUFuncOp function);
  /// Decodes the entry of that name of a PTX module. Errors: Unsupported (an instruction, a
  /// modifier or a directive that the emulator does not know, with its line); Invalid (no such
  /// entry, or no PTX).
  static Expected<std::unique_ptr<EmulatedKernel>> preparePtx(llvm::StringRef text,
                                                              llvm::StringRef entry);
  virtual ~EmulatedKernel() = default;

  /// Runs the grid. An error names the operation, its location (of PTX its line) and the thread
  /// that it happened in; buffers then hold what was written so far. An entry of PTX takes a buffer
  /// as the five parameters of a memref of rank 1, or, where it has as many parameters as there are
  /// arguments, as a pointer.
  virtual Expected<EmulationCounters> launch(const LaunchShape &shape,
                                             const std::vector<EmulatedArgument> &arguments,
                                             const EmulationOptions &options = {}) const = 0;
};

} // namespace uwt::emulator

#endif // UWT_EMULATOR_EMULATOR_H
