//===- Samples.cpp - Times of launches on a GPU ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Timing.h"
#include <algorithm>
#include <cmath>

using namespace uwt;
using namespace uwt::bench;

/// Seconds between two events around `work`.
static Expected<double> timeOnce(const cuda::CudaStream &stream, const cuda::CudaEvent &begin,
                                 const cuda::CudaEvent &end, const std::function<Status()> &work) {
  UWT_RETURN_IF_ERROR(begin.record(stream.get()));
  UWT_RETURN_IF_ERROR(work());
  UWT_RETURN_IF_ERROR(end.record(stream.get()));
  UWT_RETURN_IF_ERROR(stream.synchronize());
  UWT_ASSIGN_OR_RETURN(float milliseconds, begin.millisecondsUntil(end));
  return 1e-3 * milliseconds;
}

/// Runs `once`, which gives the device's seconds, until its times agree (TimingOptions).
static Status warmUp(const TimingOptions &timing, const std::function<Expected<double>()> &once) {
  constexpr double agreement = 0.01;
  constexpr unsigned together = 5;
  double worked = 0, before = 0;
  do {
    double sum = 0;
    for (unsigned i = 0; i < together; ++i) {
      UWT_ASSIGN_OR_RETURN(double seconds, once());
      sum += seconds;
    }
    worked += sum;
    if (worked >= timing.minWarmUp && std::abs(sum - before) <= agreement * sum)
      return ok();
    before = sum;
  } while (worked < timing.maxWarmUp);
  return ok();
}

Expected<Samples> uwt::bench::timeGraph(const cuda::CudaDevicePtr &device,
                                        const cuda::CudaStream &stream, const TimingOptions &timing,
                                        const Enqueue &enqueue) {
  // What is loaded when it is first used cannot be while a stream is captured.
  UWT_RETURN_IF_ERROR(enqueue(0, stream.get()));
  UWT_RETURN_IF_ERROR(stream.synchronize());
  UWT_RETURN_IF_ERROR(stream.beginCapture());
  Status captured = ok();
  for (unsigned i = 0; i < timing.launches && captured; ++i)
    captured = enqueue(i, stream.get());
  // A capture that failed has to end too, or the stream stays unusable.
  Expected<cuda::CudaGraph> graph = stream.endCapture();
  UWT_RETURN_IF_ERROR(std::move(captured));
  if (!graph)
    return graph.takeError();
  UWT_ASSIGN_OR_RETURN(cuda::CudaEvent begin, cuda::CudaEvent::create(device));
  UWT_ASSIGN_OR_RETURN(cuda::CudaEvent end, cuda::CudaEvent::create(device));
  auto run = [&] { return graph->launch(stream.get()); };
  auto once = [&] { return timeOnce(stream, begin, end, run); };
  UWT_RETURN_IF_ERROR(warmUp(timing, once));
  Samples times;
  for (unsigned i = 0; i < timing.samples; ++i) {
    UWT_ASSIGN_OR_RETURN(double seconds, once());
    times.seconds.push_back(seconds / timing.launches);
  }
  return times;
}

Expected<double> uwt::bench::copyBandwidth(const cuda::CudaDevicePtr &device,
                                           const cuda::CudaStream &stream, uint64_t bytes,
                                           unsigned samples) {
  UWT_ASSIGN_OR_RETURN(cuda::DeviceBuffer from, cuda::DeviceBuffer::allocate(device, bytes));
  UWT_ASSIGN_OR_RETURN(cuda::DeviceBuffer to, cuda::DeviceBuffer::allocate(device, bytes));
  UWT_RETURN_IF_ERROR(from.fill(0x55, stream.get()));
  UWT_ASSIGN_OR_RETURN(cuda::CudaEvent begin, cuda::CudaEvent::create(device));
  UWT_ASSIGN_OR_RETURN(cuda::CudaEvent end, cuda::CudaEvent::create(device));
  UWT_RETURN_IF_ERROR(to.copy(from, stream.get()));
  Samples times;
  for (unsigned i = 0; i < samples; ++i) {
    UWT_ASSIGN_OR_RETURN(double seconds,
                         timeOnce(stream, begin, end, [&] { return to.copy(from, stream.get()); }));
    times.seconds.push_back(seconds);
  }
  return 2 * static_cast<double>(bytes) / std::max(times.median(), 1e-9);
}
