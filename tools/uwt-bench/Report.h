//===- Report.h - Results of uwt-bench as JSON -----------------*- C++ -*--===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_REPORT_H
#define UWT_TOOLS_UWTBENCH_REPORT_H

#include "Bench.h"
#include "Machine.h"
#include "uwt/Bench/BenchReport.h"
#include <memory>

namespace uwt::bench {

/// Predictions of `uwt compile --emit profiles` (schema uwt.kernel-profiles/3 of
/// docs/gpu-bench.md).
class KernelProfiles {
public:
  /// Reads files. Errors: IO; Invalid, with the path, for anything else than that schema.
  static Expected<KernelProfiles> read(const std::vector<std::string> &paths);
  KernelProfiles();
  ~KernelProfiles();
  KernelProfiles(KernelProfiles &&) noexcept;
  KernelProfiles &operator=(KernelProfiles &&) noexcept;

private:
  friend class Report;
  struct State;
  std::unique_ptr<State> state;
};

/// Writes what a run has found (schema uwt.gpu-bench/5).
class Report {
public:
  Report(const BenchOptions &options, const KernelProfiles &profiles, std::string version)
      : options(options), profiles(profiles), version(std::move(version)), begun(timeStamp()) {}

  /// Notes what only the machine can tell.
  void note(const Management &management);
  std::string text(const BenchResult &result) const;
  /// Replaces the file, crash-safely.
  Status write(const std::string &path, const BenchResult &result) const;

private:
  const BenchOptions &options;
  const KernelProfiles &profiles;
  std::string version, begun, driver;
  unsigned powerLimitWatts = 0, highestSmClock = 0;
};

/// Results of several runs on one machine as one: the first, with the rows, baselines, packs and
/// refusals of the others; of baselines for the same shape and m the first. Errors: IO; Invalid,
/// with the path, for other files; Usage where machines, weights or seeds differ.
Expected<std::string> mergeResults(const std::vector<std::string> &paths);

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_REPORT_H
