//===- Bench.h - Kernels of packs against cuBLASLt -------------*- C++ -*--===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For each shape: weights are drawn or read, coded, copied to the device as often as it takes to
// read them cold; each kernel is checked, then timed; what fails a check has no row.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_BENCH_H
#define UWT_TOOLS_UWTBENCH_BENCH_H

#include "Checks.h"
#include "Machine.h"
#include "Timing.h"
#include "uwt/Bench/Grid.h"
#include "uwt/Codec/Statistics.h"
#include "uwt/Cuda/Cublas.h"
#include "uwt/Cuda/CublasLt.h"
#include "uwt/Cuda/ReadProbe.h"
#include <optional>

namespace uwt::bench {

/// Which shapes are measured, where they depend on the packs' own: those that kernels are for
/// alone.
enum class ShapeChoice {
  /// BenchOptions::shapes.
  Given,
  /// Those and the packs' own.
  WithOwn,
  /// Those, or the packs' own where kernels fit none.
  OrOwn,
  /// The packs' own, or the smallest of them.
  Own,
  Smallest,
};

struct BenchOptions {
  /// What is measured, and what its outputs may be compared with alone: raw kernels.
  std::vector<std::string> packs, twins;
  /// As openMatrices takes them.
  std::string weights = "row-scaled-t4";
  std::vector<GridShape> shapes;
  ShapeChoice choice = ShapeChoice::Given;
  std::vector<uint32_t> mValues;
  TimingOptions timing;
  /// Copies of a weight, used in turn; 0: as many as coldCopies says.
  unsigned copies = 0;
  /// Bytes of a copy whose speed is the measure.
  uint64_t copyBytes = uint64_t(1) << 30;
  /// Launches of a decode check at most.
  uint64_t decodeLaunches = 512;
  uint64_t seed = 1;
  /// Checks only; launches without checks and times, for profilers; no cuBLASLt.
  bool checkOnly = false, profile = false, noPeers = false;
  /// Path of cuBLASLt, where it is not found by itself.
  std::string cublasLt;
  UploadObserver observer;
};

/// A dense product, by cuBLASLt or as PyTorch calls cuBLAS.
struct BaselineRow {
  enum class Library { CublasLt, PyTorch } library = Library::CublasLt;
  GridShape shape;
  uint32_t m = 0;
  /// How many algorithms were tried, and which one, from the best guess on, was the fastest.
  unsigned tried = 0, chosen = 0;
  Samples timing;
  std::optional<GpuLoad> load;
};

/// A kernel that was checked and timed.
struct BenchRow {
  GridShape shape;
  uint32_t m = 0;
  const KernelEntry *entry = nullptr;
  std::string pack, target;
  CodeKind code = CodeKind::Cubin;
  cuda::LaunchSize size;
  cuda::FunctionResources resources;
  uint64_t weightBytes = 0;
  /// Kind transcode, whose m is 0: bytes that it writes.
  uint64_t writtenBytes = 0;
  unsigned copies = 0;
  EntropyBounds entropy;
  CheckReport checks;
  /// As the pack says, one kernel after the other, and reading the weight alone; of kernels that
  /// decode their weight before, also where that is done beside the product before.
  Samples dependent, serial, probe, ahead;
  /// While it was timed.
  std::optional<GpuLoad> load;
};

/// What has no row.
struct RefusedRow {
  GridShape shape;
  uint32_t m = 0;
  std::string kernel, format, reason;
  /// Whether a check failed, or the machine or pack cannot.
  bool isWrong = false;
};

/// What a run has found. Rows refer to the packs.
struct BenchResult {
  std::vector<std::shared_ptr<const KernelPack>> packs;
  cuda::DeviceProperties device;
  std::string busId;
  int cudaVersion = 0;
  /// Empty where there is none, with the reason.
  std::string cublasVersion, cublasMissing;
  /// Why there is no baseline of PyTorch's calls; empty where there is one.
  std::string pyTorchMissing;
  double copyBytesPerSecond = 0;
  std::vector<BaselineRow> baselines;
  std::vector<BenchRow> rows;
  std::vector<RefusedRow> refused;

  bool hasWrong() const;
};

/// Called after each row, to tell and to save, and around what is timed.
struct BenchProgress {
  std::function<void(const std::string &line)> say;
  std::function<Status(const BenchResult &)> save;
  /// What the GPU did since the last call, where that is known.
  std::function<std::optional<GpuLoad>()> takeLoad = [] { return std::nullopt; };
};

/// The shapes that kernels of packs are for alone. Errors: those of KernelPack::open.
Expected<std::vector<GridShape>> shapesOfPacks(const std::vector<std::string> &packs);

/// Runs the grid on a device; `result` has what was found also after an error. Errors: packs and
/// weights that cannot be read; Usage where nothing fits; the driver's.
Status runBench(const cuda::CudaDevicePtr &device, const BenchOptions &options,
                const BenchProgress &progress, ThreadPool &pool, BenchResult &result);

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_BENCH_H
