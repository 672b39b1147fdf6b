//===- Transcode.h - Kernels that decode a weight ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_TRANSCODE_H
#define UWT_TOOLS_UWTBENCH_TRANSCODE_H

#include "Product.h"

namespace uwt {

/// A kernel of family transcode with copies of a weight and a place for plane `words` of it in
/// format raw: what such kernels write is their only `extra`.
class Transcoding {
public:
  /// Why uwt-bench cannot run a kernel, or nothing.
  static std::string whyNotRunnable(const KernelEntry &entry);

  /// The weights and the session outlive it. `words` is the dense weight.
  static Expected<Transcoding> create(const GpuSession &session, DevicePack &pack,
                                      const KernelEntry &entry,
                                      std::span<const DeviceWeight> weights,
                                      const DenseWords &words);

  const LaunchSize &size() const { return launchSize; }
  const FunctionResources &resources() const { return launchers.front().resources(); }
  uint64_t resultBytes() const { return expected.size(); }
  Status enqueue(unsigned copy, bool isSerial, void *stream) const;
  /// Runs it on copy 0 where the result held other bits, and compares what it writes with what the
  /// host's codec does: the number of words. Errors: Differs.
  Expected<uint64_t> check();
  /// Compares what is there now.
  Status compare() const;

private:
  explicit Transcoding(const GpuSession &session) : session(&session) {}

  const GpuSession *session;
  std::vector<KernelLauncher> launchers;
  LaunchSize launchSize;
  LaunchOperands operands;
  std::vector<uint8_t> expected;
  DeviceBuffer result, workspace, counters;
};

} // namespace uwt

#endif // UWT_TOOLS_UWTBENCH_TRANSCODE_H
