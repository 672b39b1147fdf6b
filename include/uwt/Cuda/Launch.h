//===- Launch.h - Products on a GPU -----------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel of a pack, a weight on a device, and a caller's pointers, brought together. What
// takes time is done when a KernelLauncher is made; a launch computes the grid, copies a block of
// arguments on the stack and calls the driver, once for each kernel that takes part (one, or up to
// three where others prepare it). It allocates nothing and waits for nothing, so it can be captured
// in a CUDA graph.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CUDA_LAUNCH_H
#define UWT_CUDA_LAUNCH_H

#include "uwt/Cuda/DeviceWeight.h"
#include <functional>
#include <mutex>

namespace uwt::cuda {

/// The size of one launch (launch-1 to launch-3 of docs/packs.md).
struct LaunchSize {
  uint64_t tiles = 0;
  /// 0 where there is nothing to do.
  uint32_t grid = 0;
  /// Scratch memory: workspace with any contents; counters that are zero, and are zero again after
  /// the launch.
  uint64_t workspaceBytes = 0, counterBytes = 0;
};

/// The size for a machine that runs `residentCtas` CTAs of the kernel at a time. Errors: Usage
/// where grid or workspace are too large for any machine.
Expected<LaunchSize> launchSize(const KernelEntry &entry, uint64_t rows, uint64_t columns,
                                uint32_t m, uint64_t residentCtas);

/// The kernels of a pack on a device, loaded when they are first asked for. Thread-safe.
class DevicePack {
public:
  /// Hears once that the driver does not take the pack's machine code, and which one would.
  using Note = std::function<void(const std::string &)>;
  DevicePack(CudaDevicePtr device, std::shared_ptr<const KernelPack> pack, Note note = {});

  const KernelPack &pack() const { return *file; }
  const std::shared_ptr<const KernelPack> &sharedPack() const { return file; }
  const CudaDevicePtr &device() const { return owner; }
  /// The kernel for a problem (KernelPack::select) whose code the driver takes: it is loaded.
  /// Where the driver refuses the machine code, that of the PTX (select-4). Errors: those of
  /// KernelPack::select; Unsupported where the driver takes neither, with the driver that would;
  /// the driver's.
  Expected<const KernelEntry *> select(const KernelQuery &query);
  /// The kernel for a product with `weight`.
  Expected<const KernelEntry *> select(const DeviceWeightDescription &weight, uint32_t m,
                                       std::optional<GpuKernelKind> kind = {});
  /// The kernel for grouped products with `weight`, whose slices fit m rows a matrix best.
  Expected<const KernelEntry *> selectGrouped(const DeviceWeightDescription &weight, uint32_t m);
  /// The kernel of kind transcode that makes `result` of `weight`.
  Expected<const KernelEntry *> selectTranscode(const DeviceWeightDescription &weight,
                                                const Format &result);
  /// Whether `entry` is one of pack().kernels().
  bool owns(const KernelEntry &entry) const;
  /// The loaded code object of a kernel of this pack.
  Expected<std::shared_ptr<const CudaModule>> module(const KernelEntry &entry);

private:
  Expected<std::shared_ptr<const CudaModule>> load(const CodeObject &code) const;
  void sayOnce(const std::string &text);

  CudaDevicePtr owner;
  std::shared_ptr<const KernelPack> file;
  std::mutex mutex;
  Note note;
  /// By code object: what is loaded, and why the driver does not take it.
  std::vector<std::shared_ptr<const CudaModule>> modules;
  std::vector<std::optional<Error>> refusals;
};

/// Whether an address, `name` in words, is there and aligned. Errors: Usage.
Status checkAddress(const std::string &name, uint64_t address, uint64_t alignment);

/// What a caller gives to a launch, in device memory.
struct LaunchOperands {
  /// The image of the weight, and which of its matrices; grouped products are of all.
  uint64_t weight = 0, matrix = 0;
  uint64_t x = 0, y = 0;
  uint32_t m = 1;
  /// Elements from row to row; 0 for rows without a gap.
  uint64_t xStride = 0, yStride = 0;
  /// Scratch memory of at least the launch's size, which launches on one stream may share.
  DeviceRange workspace, counters;
  /// The slice table of a grouped product (launch-8).
  DeviceRange slices;
  /// Operands of the epilogue: address and bytes of each.
  std::span<const DeviceRange> extras;
  /// Each kernel begins only when the one before it on the stream has ended, also one that is made
  /// for programmatic dependent launch: to measure what that gives.
  bool serial = false;
  /// Persistent grids: as many CTAs as this, in whole clusters, or fewer where there are fewer
  /// tiles; 0 for as many as run at a time. Sums of several kernels with the same tiles and CTAs
  /// are in the same order, so that their bits may be compared.
  uint32_t ctas = 0;
  /// The weight has been decoded to this workspace before (KernelLauncher::launchDecode).
  bool isDecoded = false;
};

/// A kernel, and the one that prepares it, for weights of one description. Immutable and
/// thread-safe: launches may be made from several threads, each with its own scratch memory where
/// they may run at the same time.
class KernelLauncher {
public:
  /// `entry` is a kernel of `pack`, which outlives the launcher. Errors: Usage (a weight that the
  /// kernel is not for), Unsupported (a device that lacks what the kernel needs), and the driver's.
  static Expected<KernelLauncher> create(DevicePack &pack, const KernelEntry &entry,
                                         const DeviceWeightDescription &weight);

  const KernelEntry &entry() const { return *what; }
  const FunctionResources &resources() const { return needs; }
  /// Grid, and scratch memory of all that is launched, for an m. A usage error for those that
  /// the kernel is not for. `ctas` as in LaunchOperands.
  Expected<LaunchSize> size(uint32_t m, uint32_t ctas = 0) const;
  /// Launches on a stream (CUstream) of the weight's device. An m of 0 does nothing. Errors,
  /// found before anything is launched: Usage (null, misaligned or too small operands); the
  /// driver's.
  Status launch(const LaunchOperands &operands, void *stream) const;
  /// What launch() checks.
  Status check(const LaunchOperands &operands) const;
  /// The operands of `m` rows of x and y, from row `first` on.
  LaunchOperands rowsOf(const LaunchOperands &operands, uint64_t first, uint32_t m) const;

  /// Whether the kernel that is launched first decodes the weight to the workspace, and takes
  /// nothing that depends on x (launch-6).
  bool decodesFirst() const { return decoder() != nullptr; }
  /// Launches that kernel alone: a launch whose operands say `isDecoded`, with this m and
  /// workspace, may then follow it, on another stream too that waits for it. Of `operands` only
  /// m, workspace, serial and ctas count. Errors: Usage (no such kernel, a workspace that is
  /// null, misaligned or too small); the driver's.
  Status launchDecode(const LaunchOperands &operands, void *stream) const;
  bool isOn(const CudaDevicePtr &other) const { return device == other; }

private:
  KernelLauncher() = default;
  /// Kernels of a launch, in their order.
  struct Plan;
  Expected<Plan> plan(const LaunchOperands &operands) const;
  const KernelLauncher *decoder() const;
  static Expected<KernelLauncher> createAlone(DevicePack &pack, const KernelEntry &entry,
                                              const DeviceWeightDescription &weight);
  Expected<LaunchSize> sizeAlone(uint32_t m, uint32_t ctas) const;
  Status checkFits() const;
  Status configure();
  Expected<uint64_t> countResident() const;
  void fillConstants();
  Status checkWeight(const LaunchOperands &operands) const;
  Status checkOperands(const LaunchOperands &operands, const LaunchSize &size) const;
  Status checkRows(const char *name, ArgumentKind kind, uint64_t address, uint64_t stride,
                   uint64_t width) const;
  Status checkExtras(const LaunchOperands &operands) const;
  Status checkSlices(const LaunchOperands &operands) const;
  Status checkScratch(const char *name, ArgumentKind kind, DeviceRange given, uint64_t needed,
                      uint32_t m) const;
  void fillDynamic(const LaunchOperands &operands, uint64_t *values) const;
  Status launchAlone(const LaunchOperands &operands, uint32_t grid, void *stream) const;

  const KernelEntry *what = nullptr;
  /// Of the kernel that prepares this one; null where there is none.
  std::shared_ptr<const KernelLauncher> before;
  CudaDevicePtr device;
  std::shared_ptr<const CudaModule> code;
  void *function = nullptr;
  FunctionResources needs;
  DeviceWeightDescription weight;
  uint64_t residentCtas = 1;
  size_t extraCount = 0;
  /// The kernel's parameters, 8 bytes each, with all that no launch changes.
  std::vector<uint64_t> constants;
};

} // namespace uwt::cuda

#endif // UWT_CUDA_LAUNCH_H
