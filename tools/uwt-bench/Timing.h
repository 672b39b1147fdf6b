//===- Timing.h - Times of launches on a GPU -------------------*- C++ -*--===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_TIMING_H
#define UWT_TOOLS_UWTBENCH_TIMING_H

#include "uwt/Bench/Samples.h"
#include "uwt/Cuda/Device.h"
#include <functional>

namespace uwt::bench {

/// How often is measured.
struct TimingOptions {
  /// Samples, and launches in a graph (rounded up to a multiple of the copies).
  unsigned samples = 30, launches = 20;
  /// Seconds that a device works before a sample is taken, at least and at most: in between it ends
  /// as soon as times of graphs agree, as those of a device whose clocks still rise do not.
  double minWarmUp = 0.02, maxWarmUp = 0.3;
};

/// Puts launch `i` on a stream.
using Enqueue = std::function<Status(unsigned i, void *stream)>;

/// Captures `timing.launches` calls of `enqueue` in a graph, warms up, and times it with events:
/// each sample is the mean over the launches of one graph.
Expected<Samples> timeGraph(const cuda::CudaDevicePtr &device, const cuda::CudaStream &stream,
                            const TimingOptions &timing, const Enqueue &enqueue);

/// Bytes a second, read and written, of copies from device memory to device memory, each of
/// `bytes` bytes; the median.
Expected<double> copyBandwidth(const cuda::CudaDevicePtr &device, const cuda::CudaStream &stream,
                               uint64_t bytes, unsigned samples);

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_TIMING_H
