//===- Transcode.h - Kernels that decode a weight ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_TRANSCODE_H
#define UWT_TOOLS_UWTBENCH_TRANSCODE_H

#include "Product.h"
#include "Timing.h"

namespace uwt::bench {

/// Whether uwt-bench can run a kernel of kind transcode. Errors: Unsupported.
Status checkTranscodeEntry(const KernelEntry &entry);

/// A kernel of kind transcode with copies of a weight and a buffer for plane `words` of it in
/// format raw: what kernels that make raw write is their only `extra`.
class Transcoding {
public:
  /// The weights, copies of one, and the session outlive it. `words` is the dense weight.
  static Expected<Transcoding> create(const GpuSession &session, cuda::DevicePack &pack,
                                      const KernelEntry &entry,
                                      std::span<const cuda::DeviceWeight> weights,
                                      const DenseWords &words);

  const cuda::LaunchSize &size() const { return launchSize; }
  const cuda::FunctionResources &resources() const { return launcher.resources(); }
  uint64_t resultBytes() const { return expected.size(); }
  Status enqueue(unsigned copy, bool isSerial, void *stream) const;
  /// Runs it on copy 0 where the result held other bits, and compares what it writes with what the
  /// host's codec does: the number of words. Errors: Differs.
  Expected<uint64_t> check();
  /// Compares what is there now.
  Status compare() const;

private:
  Transcoding(const GpuSession &session, cuda::KernelLauncher launcher)
      : session(&session), launcher(std::move(launcher)) {}

  const GpuSession *session;
  cuda::KernelLauncher launcher;
  /// Where the copies of the weight are.
  std::vector<uint64_t> images;
  cuda::LaunchSize launchSize;
  cuda::LaunchOperands operands;
  std::vector<uint8_t> expected;
  cuda::DeviceBuffer result, workspace, counters;
};

/// A weight that the device codes in another format than raw: all steps of DeviceWeight::transcode,
/// those on the host too.
class Coding {
public:
  /// `stored` is on the device; it, the pack and the session outlive the object. `words` is the
  /// dense weight.
  static Expected<Coding> create(const GpuSession &session, cuda::DevicePack &pack,
                                 const cuda::DeviceWeight &stored, const Format &result,
                                 const DenseWords &words);

  uint64_t resultBytes() const { return expected.size(); }
  /// Compares all that the device makes with what the host makes and uploads: the number of bytes.
  /// Errors: Differs.
  Expected<uint64_t> check() const;
  /// On the host's clock.
  Expected<Samples> time(unsigned samples) const;

private:
  Coding(const GpuSession &session, cuda::DevicePack &pack, const cuda::DeviceWeight &stored)
      : session(&session), pack(&pack), stored(&stored) {}

  const GpuSession *session;
  cuda::DevicePack *pack;
  const cuda::DeviceWeight *stored;
  CodingPlan plan;
  std::vector<uint8_t> expected;
};

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_TRANSCODE_H
