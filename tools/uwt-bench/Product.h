//===- Product.h - Products on a GPU, set up to be checked and timed -*- C++ -*--===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_PRODUCT_H
#define UWT_TOOLS_UWTBENCH_PRODUCT_H

#include "uwt/Bench/MatrixSource.h"
#include "uwt/Cuda/LayerQueue.h"
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace uwt::bench {

/// Gets every weight that is uploaded with the dense BF16 words that it stands for: tests make a
/// fake GPU compute by it.
using UploadObserver =
    std::function<void(const cuda::DeviceWeight &, std::span<const uint16_t> dense)>;

/// What all products of a run share.
struct GpuSession {
  cuda::CudaDevicePtr device;
  cuda::CudaStream stream;
  ThreadPool &pool;
  UploadObserver observer;

  /// A weight in `format`, coded by the host, or with all panels as words. Errors: those of
  /// LoadedWeight.
  Expected<LoadedWeight> load(const DenseWords &words, uint64_t rows, uint64_t columns,
                              const Format &format, bool asWords = false) const;
  /// A quantised weight in its format, as from a checkpoint that has these codes. Errors: those of
  /// LoadedWeight; Unsupported where the codes cannot be kept.
  Expected<LoadedWeight> load(const QuantizedWeight &weight, const Format &format,
                              bool asWords = false) const;
  /// Uploads `copies` of a weight; 0 are as many as coldCopies says. `words` are for the observer.
  /// Errors: those of DeviceWeight.
  Expected<std::vector<cuda::DeviceWeight>> upload(const LoadedWeight &loaded,
                                                   const DenseWords &words, unsigned copies) const;
};

/// Whether uwt-bench can run a kernel. Errors: Unsupported (element and result types, operands of
/// epilogues).
Status checkProductEntry(const KernelPack &pack, const KernelEntry &entry);

/// A kernel with copies of a weight and operands for an m.
class Product {
public:
  /// The weights are copies of one. `ctas` as in LaunchOperands. x is zeros. The weights outlive
  /// the product.
  static Expected<Product> create(const GpuSession &session, cuda::DevicePack &pack,
                                  const KernelEntry &entry,
                                  std::span<const cuda::DeviceWeight> weights, uint32_t m,
                                  uint32_t ctas = 0);

  const cuda::LaunchSize &size() const { return launchSize; }
  const KernelEntry &entry() const { return launcher.entry(); }
  const cuda::FunctionResources &resources() const { return launcher.resources(); }
  uint32_t m() const { return operands.m; }

  /// Dense BF16 [m, k] to the device.
  Status setX(std::span<const uint16_t> x);
  /// Puts a launch with copy `copy` on the stream.
  Status enqueue(unsigned copy, bool isSerial, void *stream) const;
  /// Whether its weight is decoded before it is multiplied.
  bool decodesFirst() const { return launcher.decodesFirst(); }
  /// Puts launches with the first `count` copies on the stream, and on another one: each decodes
  /// its weight beside the product of the one before. Only where decodesFirst().
  Status enqueueAhead(unsigned count, void *stream) const;
  /// Overwrites y with NaNs, launches, and gives y.
  Expected<std::vector<float>> run(unsigned copy);
  /// y [m, n] as it is on the device, after all launches.
  Expected<std::vector<float>> readY() const;

private:
  Product(const GpuSession &session, cuda::KernelLauncher launcher)
      : session(&session), launcher(std::move(launcher)) {}
  Status allocate();
  /// Of a launch with copy `copy`, that one or the first ones again.
  cuda::LaunchOperands operandsOf(unsigned copy) const;

  const GpuSession *session;
  cuda::KernelLauncher launcher;
  /// Where the copies of the weight are.
  std::vector<uint64_t> images;
  cuda::LaunchSize launchSize;
  cuda::LaunchOperands operands;
  uint64_t rows = 0, columns = 0;
  ArgumentType yType = ArgumentType::F32;
  cuda::DeviceBuffer x, y, workspace, counters;
  /// For launches beside each other.
  std::optional<cuda::LayerQueue> layers;
  cuda::DeviceBuffer otherWorkspace;
};

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_PRODUCT_H
