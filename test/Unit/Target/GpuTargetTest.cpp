//===- GpuTargetTest.cpp - GPU targets and boards -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Target/GpuTarget.h"
#include "TestFolders.h"
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>

using namespace uwt;

static std::string errorOf(std::string_view text) {
  Expected<std::vector<GpuBoard>> result = parseGpuBoards(text);
  return result ? "no error" : result.error().message();
}

/// A file of one board whose member `name` has the JSON text `value`, or is absent where that is
/// empty.
static std::string boardWith(const std::string &name, const std::string &value) {
  std::pair<std::string, std::string> members[] = {
      {"name", "\"B1\""},    {"target", "\"sm_80\""}, {"sms", "10"},       {"clock_ghz", "1.5"},
      {"memory_gbs", "100"}, {"l2_mb", "4"},          {"source", "\"us\""}};
  std::string text;
  for (auto &[key, old] : members) {
    const std::string &now = key == name ? value : old;
    if (!now.empty())
      text += (text.empty() ? "" : ", ") + ("\"" + key + "\": " + now);
  }
  return R"({"schema": "uwt.gpu-boards/1", "boards": [{)" + text + "}]}";
}

TEST(GpuTarget, CtasShareOutputTilesEvenlyWhereThatLeavesFewOfThemOut) {
  // Four to each of 64 output tiles, in place of 264 that have parts of two each.
  EXPECT_EQ(evenCtas(264, 64), 256u);
  EXPECT_EQ(evenCtas(132, 64), 128u);
  // As many output tiles to each.
  EXPECT_EQ(evenCtas(264, 512), 256u);
  EXPECT_EQ(evenCtas(264, 264), 264u);
  // A sixteenth of 256 is 16 of them.
  EXPECT_EQ(evenCtas(256, 240), 240u);
  EXPECT_EQ(evenCtas(256, 239), 256u);
  // 224 CTAs with two each would leave 40 of 264 out.
  EXPECT_EQ(evenCtas(264, 448), 264u);
  // Two output tiles each do not come out even.
  EXPECT_EQ(evenCtas(264, 527), 264u);
  EXPECT_EQ(evenCtas(5, 1), 5u);
  EXPECT_EQ(evenCtas(0, 64), 0u);
  EXPECT_EQ(evenCtas(264, 0), 264u);
}

TEST(GpuTarget, NamesFindTheirTargets) {
  for (const GpuTarget &target : allGpuTargets()) {
    Expected<const GpuTarget *> found = findGpuTarget(target.name);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, &target);
    EXPECT_LT(target.sharedBytesPerBlock, target.sharedBytesPerSm) << target.name;
  }
}

TEST(GpuTarget, AnUnknownNameGetsASuggestion) {
  Expected<const GpuTarget *> found = findGpuTarget("sm_90");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().getKind(), ErrorKind::Usage);
  EXPECT_EQ(found.error().message(),
            "unknown GPU target 'sm_90'; did you mean 'sm_80'?; GPU targets are: sm_80, sm_86, "
            "sm_89, sm_90a, sm_120a");
}

TEST(GpuTarget, ConsumerPartsLackWhatOlderDataCentrePartsHave) {
  const GpuTarget &hopper = **findGpuTarget("sm_90a");
  const GpuTarget &consumer = **findGpuTarget("sm_120a");
  GpuFeature bulk[] = {GpuFeature::BulkCopy};
  GpuFeature wide[] = {GpuFeature::BulkCopy, GpuFeature::Wgmma, GpuFeature::ClusterMulticast};
  EXPECT_TRUE(checkSupports(consumer, "this", bulk));
  EXPECT_TRUE(checkSupports(hopper, "this", wide));
  Status status = checkSupports(consumer, "kind 'wide'", wide);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().getKind(), ErrorKind::Unsupported);
  EXPECT_EQ(status.error().message(),
            "kind 'wide' needs wgmma, cluster multicast, which GPU target 'sm_120a' lacks; it is "
            "made for: sm_90a");
}

TEST(GpuBoards, TheFileIsCompiledIn) {
  ASSERT_EQ(builtInGpuBoards().size(), 7u);
  Expected<const GpuBoard *> board = findGpuBoard(builtInGpuBoards(), "H200");
  ASSERT_TRUE(board) << board.error().message();
  EXPECT_EQ((*board)->target->name, "sm_90a");
  EXPECT_EQ((*board)->sms, 132u);
  EXPECT_EQ((*board)->memoryGBs, 4800);
}

TEST(GpuBoards, AnUnknownNameGetsASuggestion) {
  Expected<const GpuBoard *> board = findGpuBoard(builtInGpuBoards(), "RTX 4091");
  ASSERT_FALSE(board);
  EXPECT_EQ(board.error().message(), "unknown GPU board 'RTX 4091'; did you mean 'RTX 4090'?; "
                                     "boards are: H200, H100, A100, L40S, RTX 4090, RTX 5090, A10");
}

TEST(GpuBoards, ErrorsSayWhatIsWrong) {
  EXPECT_EQ(errorOf(boardWith("", "")), "no error");
  EXPECT_EQ(errorOf("{"), "GPU boards: expected a JSON object");
  EXPECT_EQ(errorOf("{}"), "GPU boards: expected schema 'uwt.gpu-boards/1'");
  EXPECT_EQ(errorOf(R"({"schema": "uwt.gpu-boards/1"})"),
            "GPU boards: 'boards' is not a list of objects");
  EXPECT_EQ(errorOf(R"({"schema": "uwt.gpu-boards/1", "boards": [1]})"),
            "GPU boards: board 1: expected an object");
  EXPECT_EQ(errorOf(boardWith("name", "")),
            "GPU boards: board 1: 'name' is not a non-empty string");
  EXPECT_EQ(errorOf(boardWith("source", "\"\"")),
            "GPU boards: board 1 ('B1'): 'source' is not a non-empty string");
  EXPECT_EQ(errorOf(boardWith("target", "\"sm_81\"")),
            "GPU boards: board 1 ('B1'): unknown GPU target 'sm_81'; did you mean 'sm_80'?; GPU "
            "targets are: sm_80, sm_86, sm_89, sm_90a, sm_120a");
  EXPECT_EQ(errorOf(boardWith("sms", "1.5")),
            "GPU boards: board 1 ('B1'): 'sms' is not a whole number of at most 65536");
  EXPECT_EQ(errorOf(boardWith("clock_ghz", "\"1\"")),
            "GPU boards: board 1 ('B1'): 'clock_ghz' is not a number");
  EXPECT_EQ(errorOf(boardWith("l2_mb", "0")),
            "GPU boards: board 1 ('B1'): 'l2_mb' is not a number above 0");
  std::string one = boardWith("", "");
  size_t begin = one.find("{\"name");
  one.insert(one.size() - 2, ", " + one.substr(begin, one.size() - 2 - begin));
  EXPECT_EQ(errorOf(one), "GPU boards: board 2 ('B1'): that name is there twice");
}

TEST(GpuBoards, AUsersFileReplacesAndAdds) {
  test::TemporaryFolder folder;
  std::string path = folder / "boards.json";
  std::ofstream(path) << boardWith("name", "\"H200\"");
  Expected<std::vector<GpuBoard>> boards = readGpuBoards(path);
  ASSERT_TRUE(boards) << boards.error().message();
  EXPECT_EQ(boards->size(), 7u);
  EXPECT_EQ((*findGpuBoard(*boards, "H200"))->sms, 10u);
  std::ofstream(path) << boardWith("", "");
  boards = readGpuBoards(path);
  ASSERT_TRUE(boards) << boards.error().message();
  EXPECT_EQ(boards->back().name, "B1");
  std::ofstream(path) << "[]";
  boards = readGpuBoards(path);
  ASSERT_FALSE(boards);
  EXPECT_EQ(boards.error().message(), path + ": GPU boards: expected a JSON object");
  std::remove(path.c_str());
  boards = readGpuBoards(path);
  ASSERT_FALSE(boards);
  EXPECT_EQ(boards.error().getKind(), ErrorKind::IO);
  EXPECT_EQ(boards.error().message(), path + ": cannot open: No such file or directory; expected a "
                                             "file like lib/Target/gpu-boards.json");
}
