//===- BenchRun.h - A run of uwt-bench --------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_BENCHRUN_H
#define UWT_TOOLS_UWTBENCH_BENCHRUN_H

#include "Bench.h"
#include "QuantizedDraw.h"
#include "uwt/Bench/MatrixSource.h"
#include <algorithm>

namespace uwt::bench {

/// A pack on the device, and the formats that it multiplies from or decodes.
struct OpenPack {
  std::string path;
  std::unique_ptr<cuda::DevicePack> pack;
  struct Kind {
    Format format;
    /// What is made of it; nothing where it is multiplied from.
    std::optional<Format> result;
    bool operator==(const Kind &) const = default;
  };
  /// Empty where outputs are only compared with the pack's.
  std::vector<Kind> kinds;
};

/// One run: what all shapes share, and the shape in hand.
class BenchRun {
public:
  BenchRun(GpuSession &session, const BenchOptions &options, const BenchProgress &progress,
           BenchResult &result)
      : session(session), options(options), progress(progress), result(result) {}

  Status prepare(const cuda::CudaDevicePtr &device);
  /// The shapes that the options choose, with the packs at hand.
  std::vector<GridShape> chooseShapes() const;
  Status runShape(const GridShape &shape, const MatrixSource &source);

private:
  Status openPacks();
  Expected<OpenPack> openPack(const std::string &path);
  Status measureMachine();
  std::vector<GridShape> ownShapes() const;
  /// Of the values of m that are asked for, those that some kernel takes at this shape.
  std::vector<uint32_t> mValuesFor(const GridShape &shape) const;
  Status openPyTorchPeer();
  /// Dense weights, as cold as others, and what is multiplied with them.
  struct DenseOperands;
  using DenseLaunch = std::function<Status(uint64_t weight, void *stream)>;
  Expected<DenseOperands> denseOperands() const;
  Expected<Samples> timeDense(const DenseOperands &operands, unsigned samples,
                              const DenseLaunch &launch);
  Status runBaselines();
  Expected<BaselineRow> runBaseline(uint32_t m, const DenseOperands &operands);
  Expected<BaselineRow> runPyTorchBaseline(uint32_t m, const DenseOperands &operands);
  Status keepBaseline(const char *kernel, uint32_t m, Expected<BaselineRow> row);
  uint32_t maxM() const { return *std::ranges::max_element(mValues); }
  /// Takes the weight in hand that a format is measured with: the source's, or where the format is
  /// a quantised one a weight that is drawn for it. Errors: those of reading; Usage and Unsupported
  /// where there is none.
  Status takeWeight(const Format &format);
  Status drawCodes(const Format &format);
  /// Uploads the weight in hand, or the one with exact sums, in a format; `copies` as in
  /// GpuSession.
  Expected<std::vector<cuda::DeviceWeight>> upload(DrawnValues values, const Format &format,
                                                   unsigned copies, bool asWords = false) const;
  Status uploadBoth(const Format &format);
  Status runKind(OpenPack &pack, const OpenPack::Kind &kind);
  Status runProducts(OpenPack &pack, const Format &format);
  Status runTranscode(OpenPack &pack, const OpenPack::Kind &kind);
  Expected<BenchRow> checkAndTimeTranscode(OpenPack &pack, const KernelEntry &entry);
  Expected<BenchRow> checkAndTimeCoding(OpenPack &pack, const KernelEntry &entry);
  Status runKernel(OpenPack &pack, const KernelEntry &entry, uint32_t m);
  BenchRow rowOf(const OpenPack &pack, const KernelEntry &entry, uint32_t m) const;
  /// Keeps a row, or why there is none.
  Status keep(Expected<BenchRow> row, const KernelEntry &entry, uint32_t m);
  /// Nothing where there is no probe.
  Expected<Samples> timeProbe();
  Expected<BenchRow> checkAndTime(OpenPack &pack, const KernelEntry &entry, uint32_t m);
  Status check(OpenPack &pack, BenchRow &row, std::vector<float> &y);
  /// What a row's kernel is compared with: the raw kernel that adds in the same order, of the same
  /// pack or else of another; where there is none the kernel itself, whose weight has all its
  /// panels as words.
  struct Twin {
    OpenPack *pack = nullptr;
    const KernelEntry *entry = nullptr;
    std::string name;
    std::span<const cuda::DeviceWeight> weight;
  };
  Expected<Twin> findTwin(OpenPack &own, const BenchRow &row);
  Status checkAgainstTwin(OpenPack &pack, BenchRow &row, std::vector<float> &y);
  Status time(OpenPack &pack, BenchRow &row, std::span<const float> y);
  Status profileOnly(OpenPack &pack, const KernelEntry &entry, uint32_t m);
  /// Without a kernel kind: of any that multiplies.
  Expected<const KernelEntry *> select(const OpenPack &pack,
                                       std::optional<GpuKernelKind> kernelKind,
                                       const OpenPack::Kind &kind, uint32_t m) const;
  void refuse(const std::string &kernel, const Format &format, uint32_t m, const Error &error);
  /// Launches of a graph that uses each copy equally often.
  TimingOptions timingFor(size_t copies) const;

  std::vector<OpenPack> packs;
  GpuSession &session;
  const BenchOptions &options;
  const BenchProgress &progress;
  BenchResult &result;
  std::optional<cuda::ReadProbe> probe;
  std::shared_ptr<const cuda::CublasLt> cublas;
  std::unique_ptr<cuda::Cublas> pyTorch;

  // Of the shape in hand.
  GridShape shape;
  std::vector<uint32_t> mValues;
  std::vector<uint16_t> x;
  const MatrixSource *source = nullptr;
  struct WeightInHand {
    /// The quantised format that it was drawn for, or `raw`; nothing where there is none.
    std::optional<Format> format;
    DenseWords words;
    EntropyBounds entropy;
    std::optional<ExactProblem> exact;
    /// Of a quantised format: the codes that words, and those of `exact`, are the values of.
    std::optional<QuantizedWeight> codes, exactCodes;
    std::vector<cuda::DeviceWeight> rawTwin;

    void measureEntropy(const GridShape &shape, ThreadPool &pool);
  } hand;
  // Of the format in hand.
  std::vector<cuda::DeviceWeight> copies, exactCopy, asWords;
  const KernelEntry *decodedBy = nullptr;
  uint64_t decodedColumns = 0;
};

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_BENCHRUN_H
