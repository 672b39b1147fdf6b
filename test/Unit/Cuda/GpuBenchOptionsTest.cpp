//===- GpuBenchOptionsTest.cpp - What uwt-bench is given ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "uwt-bench/Options.h"
#include "uwt-bench/Report.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::bench;
using namespace uwt::test;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(GpuBenchOptions, AreRead) {
  auto options = parseOptions({"--pack=a", "--pack", "b", "--quick", "--device", "2", "-o", "o"});
  ASSERT_TRUE(holds(options));
  EXPECT_THAT(options->bench.packs, ElementsAre("a", "b"));
  EXPECT_EQ(options->bench.shapes.size(), 3u);
  EXPECT_EQ(options->bench.timing.samples, 10u);
  EXPECT_EQ(options->bench.weights, "row-scaled-t4");
  EXPECT_EQ(options->device, 2u);
  EXPECT_EQ(options->output, "o");
  // What is given counts, wherever --quick stands.
  options = parseOptions({"--pack=a", "--m", "3", "--samples=4", "--shapes=packs", "--quick"});
  ASSERT_TRUE(holds(options));
  EXPECT_EQ(options->bench.choice, ShapeChoice::Own);
  EXPECT_THAT(options->bench.mValues, ElementsAre(3));
  EXPECT_EQ(options->bench.timing.samples, 4u);
  EXPECT_TRUE(holds(parseOptions({"--list"})));
  for (const char *name : {"--pack FILE", "--kernel-profiles FILE", "--ncu FILE"})
    EXPECT_THAT(helpText(), HasSubstr(name));
  EXPECT_THAT(listText(*parseOptions({"--list", "--quick"})), HasSubstr("28672x4096   llama"));
}

TEST(GpuBenchOptions, MistakesAreNamed) {
  EXPECT_EQ(messageOf(parseOptions({})),
            "no pack is given; use --pack FILE, made by 'uwt compile --emit pack'");
  EXPECT_EQ(messageOf(parseOptions({"--paks"})),
            "uwt-bench has no option '--paks'; did you mean '--pack'?");
  EXPECT_EQ(messageOf(parseOptions({"more"})),
            "uwt-bench does not take the argument 'more'; see 'uwt-bench --help'");
  EXPECT_EQ(messageOf(parseOptions({"--pack"})), "--pack needs a value");
  EXPECT_EQ(messageOf(parseOptions({"--device", "x"})),
            "--device takes a whole number from 0 to 4096, got 'x'");
  EXPECT_EQ(messageOf(parseOptions({"--samples", "0"})), "--samples: expected at least 1");
}

TEST(GpuBenchProfiles, OfAnotherKindIsRefused) {
  TemporaryFolder folder;
  std::string path = folder / "profile.json";
  auto messageFor = [&](const std::string &text) {
    writeText(path, text);
    return messageOf(KernelProfiles::read({path}));
  };
  const std::string no =
      path + ": it has no kernel profiles (schema uwt.kernel-profiles/3) with rows; write one by "
             "'uwt compile --emit profiles'";
  EXPECT_EQ(messageFor("{"), no);
  EXPECT_EQ(messageFor("[]"), no);
  EXPECT_EQ(messageFor(R"({"schema": "uwt.kernel-profiles/3"})"), no);
  EXPECT_EQ(messageFor(R"({"schema": "uwt.kernel-profiles/3", "rows": [3]})"),
            path + ": row 0 needs texts kernel, format and target, numbers n, k and m, and an "
                   "object terms of numbers");
  EXPECT_EQ(messageFor(R"({"schema": "uwt.kernel-profiles/3", "rows": []})"), "no error");
}
