//===- EmulatedProduct.h - Products on the emulator -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Launches a product's kernels as KernelLauncher does on a device: the same entries, grids and
// scratch memory, in memory that holds nothing but what kernels may touch.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_EMULATOR_EMULATEDPRODUCT_H
#define UWT_EMULATOR_EMULATEDPRODUCT_H

#include "uwt/Cuda/DeviceWeight.h"
#include "uwt/Cuda/Launch.h"
#include "uwt/Emulator/Emulator.h"
#include <span>

namespace mlir::gpu {
class GPUModuleOp;
} // namespace mlir::gpu

namespace uwt::emulator {

/// Zeroed memory as a device allocates it: aligned to 256 bytes, with zeros behind.
class EmulatedMemory {
public:
  explicit EmulatedMemory(uint64_t bytes);
  /// A copy.
  explicit EmulatedMemory(std::span<const uint8_t> from);
  EmulatedMemory(const EmulatedMemory &other) : EmulatedMemory(other.bytes()) {}
  EmulatedMemory(EmulatedMemory &&) = default;
  EmulatedMemory &operator=(EmulatedMemory &&) = default;

  std::span<uint8_t> bytes() { return {start, size}; }
  std::span<const uint8_t> bytes() const { return {start, size}; }
  EmulatedArgument writable() { return EmulatedArgument::buffer(static_cast<void *>(start), size); }
  EmulatedArgument readable() const {
    return EmulatedArgument::buffer(static_cast<const void *>(start), size);
  }

private:
  uint64_t size;
  std::vector<uint8_t> storage;
  uint8_t *start;
};

/// A weight as kernels see it. Immutable: launches may share it.
class EmulatedWeight {
public:
  /// Errors: those of deviceTables().
  static Expected<EmulatedWeight> make(const LoadedWeight &weight);

  uint64_t rows() const { return shape.rows; }
  uint64_t columns() const { return shape.columns; }
  uint64_t matrices() const { return count; }
  /// Whether a panel is stored as words.
  bool hasWords() const { return isPartlyWords; }
  /// What a kernel takes of it for a matrix, or for all, as DeviceWeightDescription::bufferAt.
  EmulatedArgument argument(ArgumentKind kind, std::optional<uint64_t> matrix) const;
  const EmulatedMemory &buffer(ArgumentKind kind) const { return parts[static_cast<size_t>(kind)]; }
  /// For tests that damage planes.
  EmulatedMemory &buffer(ArgumentKind kind) { return parts[static_cast<size_t>(kind)]; }

private:
  EmulatedWeight() = default;
  MatrixShape shape;
  uint64_t count = 1;
  bool isPartlyWords = false;
  std::vector<EmulatedMemory> parts;
};

/// What a launch multiplies with one matrix: dense row-major tensors x [m, k] and y [m, n],
/// and the epilogue's operands.
struct EmulatedOperands {
  std::span<const uint8_t> x;
  std::span<uint8_t> y;
  std::vector<std::span<const uint8_t>> extras = {};
  uint32_t m = 1;
  /// Which one of the weight's.
  uint64_t matrix = 0;
  /// The slice table of a grouped product, which is of all matrices.
  std::span<const uint8_t> slices = {};
};

/// Kernels that are ready to run. Immutable: any number of threads may run it at once.
class EmulatedProduct {
public:
  /// Flattens the kernels of `module` that `entries` name, in the order of their launches. Emits
  /// diagnostics at what the emulator does not know; a name that is not there is one too.
  static llvm::FailureOr<EmulatedProduct> prepare(mlir::gpu::GPUModuleOp module,
                                                  std::vector<KernelEntry> entries);
  /// The same for entries of a PTX module. Errors: those of EmulatedKernel::preparePtx.
  static Expected<EmulatedProduct> preparePtx(llvm::StringRef text,
                                              std::vector<KernelEntry> entries);

  std::span<const KernelEntry> entries() const { return launches; }
  /// Runs all kernels as on a machine that holds `residentCtas` CTAs at a time; gives what the last
  /// kernel executed. Errors: the emulator's; Usage (operands of another size); Invalid (counters
  /// that are not zero afterwards).
  Expected<EmulationCounters> run(const EmulatedWeight &weight, const EmulatedOperands &operands,
                                  uint64_t residentCtas,
                                  const EmulationOptions &options = {}) const;

private:
  std::vector<KernelEntry> launches;
  std::vector<std::shared_ptr<const EmulatedKernel>> kernels;
};

} // namespace uwt::emulator

#endif // UWT_EMULATOR_EMULATEDPRODUCT_H
