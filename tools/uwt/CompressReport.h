//===- CompressReport.h - What compress tells -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_COMPRESSREPORT_H
#define UWT_TOOLS_UWT_COMPRESSREPORT_H

#include "Session.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Import/ImportedWeights.h"

namespace uwt::tool {

/// A finished compression.
struct CompressOutcome {
  std::string input, output, format;
  /// "I/N" or "finish" where machines work together; else empty.
  std::string shard;
  /// Whether nothing was written; and whether sizes are from samples.
  bool dryRun = false, estimated = false;
  double seconds = 0;
  CheckpointReport report;
  /// The quantised weights of the input.
  const ImportedWeights *quantized = nullptr;
};

/// Sizes beside bounds by type and format, and what else there is to know; every tensor
/// with --verbose.
void printCompressSummary(Session &session, const CompressOutcome &outcome);
/// Schema uwt.compress/1.
void printCompressJson(Session &session, const CompressOutcome &outcome);

/// Most bytes of memory that this process has had resident.
uint64_t peakMemoryBytes();

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_COMPRESSREPORT_H
