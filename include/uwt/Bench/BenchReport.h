//===- BenchReport.h - Results of measurements as JSON ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The members that the results of `uwt bench` and of `uwt-bench` have in common.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_BENCH_BENCHREPORT_H
#define UWT_BENCH_BENCHREPORT_H

#include "uwt/Bench/Samples.h"
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace uwt::bench {

/// What a result begins with: "schema" ("uwt.NAME/1" for "NAME/1"), "version" of uwt, "written"
/// (now), and "processor" of the host.
nlohmann::ordered_json benchResult(const std::string &schema, const std::string &version);

/// "median_seconds", "p10_seconds", "p90_seconds", and all samples as "seconds"; to the nanosecond.
nlohmann::ordered_json samplesJson(const Samples &samples);

/// Now, in UTC: "2026-01-31T12:00:00Z".
std::string timeStamp();
/// The host's processor, as the kernel says.
std::string processorName();

} // namespace uwt::bench

#endif // UWT_BENCH_BENCHREPORT_H
