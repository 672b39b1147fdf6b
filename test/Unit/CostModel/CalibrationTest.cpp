//===- CalibrationTest.cpp - Files of constants ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/Calibration.h"
#include <gtest/gtest.h>

using namespace uwt;

static std::string errorOf(std::string_view text) {
  Expected<Calibration> result = Calibration::parse(text);
  return result ? "no error" : result.error().message();
}

TEST(Calibration, EveryTargetHasConstants) {
  for (const Target &target : allTargets()) {
    const Calibration &c = Calibration::of(target);
    EXPECT_EQ(c.target, target.name);
    EXPECT_GT(c.dot, 0) << target.name;
    EXPECT_EQ(c.tileDot > 0, target.hasTiles()) << target.name;
    EXPECT_LE(c.bandwidthOf(1), c.bandwidthOf(2)) << target.name;
    EXPECT_EQ(c.bandwidthOf(2), c.bandwidthOf(64)) << target.name;
  }
}

TEST(Calibration, TextRoundTrips) {
  Calibration c = Calibration::of(**findTarget("avx512bf16"));
  c.machine = "a machine";
  c.bandwidth = {10, 18.5, 25};
  c.farLoad = 0.125;
  c.nearBytes = 12345;
  c.prefetchBytes = 8192;
  c.readStreams = 4;
  Expected<Calibration> again = Calibration::parse(c.json());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->json(), c.json());
  EXPECT_EQ(again->machine, "a machine");
  EXPECT_EQ(again->bandwidth, c.bandwidth);
  EXPECT_EQ(again->farLoad, 0.125);
  EXPECT_EQ(again->nearBytes, 12345u);
  EXPECT_EQ(again->prefetchBytes, 8192u);
  EXPECT_EQ(again->readStreams, 4u);
}

TEST(Calibration, AbsentMembersAreTheTargets) {
  Expected<Calibration> c = Calibration::parse(
      R"({"schema": "uwt.calibration/1", "target": "avx2", "nanoseconds": {"dot": 7}})");
  ASSERT_TRUE(c);
  const Calibration &builtIn = Calibration::of(**findTarget("avx2"));
  EXPECT_EQ(c->dot, 7);
  EXPECT_EQ(c->load, builtIn.load);
  EXPECT_EQ(c->bandwidth, builtIn.bandwidth);
  EXPECT_EQ(c->prefetchBytes, 0u);
  EXPECT_EQ(c->readStreams, 0u);
}

TEST(Calibration, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(errorOf("{"), "calibration: expected a JSON object");
  EXPECT_EQ(errorOf("[]"), "calibration: expected a JSON object");
  EXPECT_EQ(errorOf("{}"), "calibration: expected schema 'uwt.calibration/1', got ''");
  EXPECT_EQ(errorOf(R"({"schema": "uwt.calibration/1", "target": 1})"),
            "calibration: 'target' is not a string");
  EXPECT_EQ(errorOf(R"({"schema": "uwt.calibration/1", "target": "avx3"})"),
            "unknown target 'avx3'; did you mean 'avx2'?; targets are: native, amx-fp16, amx, "
            "avx512bf16, avx512, avx2, neon-bf16, neon, generic, amx-vectors, amx-fp16-vectors");
  std::string head = R"({"schema": "uwt.calibration/1", "target": "avx2", )";
  EXPECT_EQ(errorOf(head + R"("bandwidth_gbs": []})"),
            "calibration: 'bandwidth_gbs' is not a list of numbers, for 1, 2, ... threads");
  EXPECT_EQ(errorOf(head + R"("bandwidth_gbs": [0]})"),
            "calibration: 'bandwidth_gbs' is not a list of numbers above 0");
  EXPECT_EQ(errorOf(head + R"("nanoseconds": {"dot": -1}})"),
            "calibration: 'dot' is not a number of at least 0");
  EXPECT_EQ(errorOf(head + R"("nanoseconds": 3})"), "calibration: 'nanoseconds' is not an object");
  EXPECT_EQ(errorOf(head + R"("prefetch_bytes": 1048577})"),
            "calibration: 'prefetch_bytes' is not a number of at most 1048576");
  for (const char *number : {"3", "16", "1e300"})
    EXPECT_EQ(errorOf(head + R"("read_streams": )" + number + "}"),
              "calibration: 'read_streams' is not 1, 2, 4 or 8");
  EXPECT_EQ(errorOf(head + R"("overlap": "much"})"), "calibration: 'overlap' is not a number");
}

TEST(Calibration, AFileThatIsNotThereIsSaid) {
  Expected<Calibration> result = Calibration::read("/nowhere/calibration.json");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().getKind(), ErrorKind::IO);
  EXPECT_EQ(result.error().message(),
            "/nowhere/calibration.json: cannot open: No such file or directory; "
            "'uwt bench calibrate' writes such a file");
}
