//===- BenchRun.h - One measurement -----------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Times encoding and decoding of a workload in memory. Every row is checked bit for
// bit before it is timed.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_BENCH_BENCHRUN_H
#define UWT_TOOLS_UWT_BENCH_BENCHRUN_H

#include "../FormatOption.h"
#include "uwt/Bench/BenchWeights.h"
#include "uwt/Bench/Samples.h"

namespace uwt::tool {

struct BenchSettings {
  CodePath path = bestCodePath();
  double minimumSeconds = 1;
};

/// Times of the whole workload, and what the steps took of their sum.
struct CodingSamples {
  bench::Samples total;
  /// Choosing the format (policies only).
  double choose = 0;
  CodingTimes times;

  void add(double choosing, const CodingTimes &one);
};

struct CodecBenchRow {
  std::string name;
  /// The format of the first tensor, where `name` is a policy.
  std::string format;
  /// Planes with the padding that a container gives them.
  uint64_t bytes = 0;
  uint64_t escapes = 0, panels = 0, panelsAsWords = 0;
  CodingSamples encode, decode;
};

/// Measures a format. Errors: Usage (the format does not fit the element type),
/// Interrupted, Invalid (the round trip is not exact).
Expected<CodecBenchRow> benchFormat(const bench::BenchWorkload &workload, const std::string &name,
                                    const FormatChoice &choice, const BenchSettings &settings,
                                    ThreadPool &pool);

/// Plain copies: the speed of memory on one core.
Expected<CodecBenchRow> benchCopy(const bench::BenchWorkload &workload,
                                  const BenchSettings &settings);

/// zstd on the tensors' bytes, one thread, with its content checksum.
Expected<CodecBenchRow> benchZstd(const bench::BenchWorkload &workload, int level,
                                  const BenchSettings &settings);
/// Version of zstd that this build has, or nothing.
std::string zstdVersion();

/// takeSamplesFor; an error of kind Interrupted where the user wishes so.
Expected<bench::Samples> takeSamplesUnlessInterrupted(double seconds,
                                                      const std::function<Status()> &once);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_BENCH_BENCHRUN_H
