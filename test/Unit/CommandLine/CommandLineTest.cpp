//===- CommandLineTest.cpp - From tables to parsers and help --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CommandLine/CommandLine.h"
#include "Container/TestFiles.h"
#include "uwt/CommandLine/CommandHelp.h"
#include "uwt/CommandLine/Words.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::command_line;
using namespace uwt::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// A command with a row of each type.
class SampleTable final : public CommandTable {
public:
  explicit SampleTable(std::string ownName) : ownName(std::move(ownName)) {}
  std::string_view name() const override { return ownName; }
  std::string call() const override { return "tool " + ownName; }
  std::string helpCall() const override { return call() + " --help"; }
  std::string_view summary() const override { return "do nothing"; }
  std::string_view description() const override { return "For tests."; }
  std::vector<Example> examples() const override { return {{"tool sample x", "Do it to x"}}; }
  std::vector<Option> options() override {
    return {
        {"IN", "", "what to read", &input, ValueHint::Path, {}, /*required=*/true},
        {"--mode", "MODE", "how | why", &mode, ValueHint::None, {"fast", "small"}},
        {"--add", "NAME", "may be given again", &added},
        {"-n,--number", "N", "a number", &number},
        {"--seconds", "S", "a time", &seconds},
        {"--flag", "", "a flag", &flag},
        {"-h,--help", "", "help", &help},
    };
  }

  std::string ownName, input, mode;
  std::vector<std::string> added;
  unsigned number = 7;
  double seconds = 0;
  bool flag = false, help = false;
};

} // namespace

TEST(CommandLine, FillsTheTargets) {
  SampleTable table("sample");
  ASSERT_TRUE(holds(parseArguments(
      {"x", "--mode=fast", "--add", "a", "--add", "b", "-n", "3", "--seconds", "0.5", "--flag"},
      table)));
  EXPECT_EQ(table.input, "x");
  EXPECT_EQ(table.mode, "fast");
  EXPECT_THAT(table.added, ElementsAre("a", "b"));
  EXPECT_EQ(table.number, 3u);
  EXPECT_EQ(table.seconds, 0.5);
  EXPECT_TRUE(table.flag);
}

TEST(CommandLine, NamesMistakes) {
  auto messageOfLine = [](const std::vector<std::string> &arguments) {
    SampleTable table("sample");
    return messageOf(parseArguments(arguments, table));
  };
  EXPECT_EQ(messageOfLine({}), "sample needs IN; see 'tool sample --help'");
  EXPECT_EQ(messageOfLine({"--help"}), "no error");
  EXPECT_EQ(messageOfLine({"x", "--mode", "smal"}),
            "--mode takes fast|small, got 'smal'; did you mean 'small'?");
  EXPECT_EQ(messageOfLine({"x", "--numbr=3"}),
            "sample has no option '--numbr'; did you mean '--number'?");
  EXPECT_EQ(messageOfLine({"x", "y"}),
            "sample does not take the argument 'y'; see 'tool sample --help'");
  EXPECT_EQ(messageOfLine({"x", "-n", "-1"}),
            "--number takes a whole number from 0 to 4096, got '-1'");
  EXPECT_EQ(messageOfLine({"x", "--seconds", "soon"}),
            "--seconds takes a number that is not negative, got 'soon'");
  EXPECT_EQ(messageOfLine({"x", "-n", "1", "-n", "2"}), "--number is given 2 times; give it once");
}

TEST(CommandLine, FindsCommandsOfGroups) {
  SampleTable one("group one"), two("two");
  std::vector<CommandTable *> commands = {&one, &two};
  auto parse = [&](std::vector<const char *> words) {
    words.insert(words.begin(), "tool");
    return parseCommandLine(static_cast<int>(words.size()), words.data(), commands, {});
  };
  auto parsed = parse({"group", "one", "x"});
  ASSERT_TRUE(holds(parsed));
  EXPECT_EQ(parsed->command, &one);
  EXPECT_EQ(one.input, "x");
  EXPECT_EQ(two.input, "");
  EXPECT_EQ(parse({"group"})->group, "group");
  EXPECT_TRUE(parse({"--version"})->wantsVersion);
  EXPECT_EQ(messageOf(parse({"tow"})), "there is no command 'tow'; did you mean 'two'?");
  EXPECT_THAT(messageOf(parse({"group", "on"})), HasSubstr("did you mean 'one'?"));
}

TEST(CommandHelp, IsMadeFromTheTable) {
  SampleTable table("sample");
  std::string help =
      commandHelp(table, {}, [](std::string_view heading) { return std::string(heading); });
  EXPECT_THAT(help, testing::StartsWith("tool sample: do nothing\n\nUsage\n  tool sample IN "
                                        "[--mode fast|small] [--add NAME]... [-n N]"));
  EXPECT_THAT(help, HasSubstr("  -n, --number N     a number\n"));
  std::string page = commandMarkdown(table);
  EXPECT_THAT(page, testing::StartsWith("### tool sample\n\ndo nothing\n"));
  EXPECT_THAT(page, HasSubstr("| `--mode fast\\|small` | how \\| why |\n"));
}

TEST(CommandWords, AreSplitAndWrapped) {
  EXPECT_THAT(splitList("a,,b"), ElementsAre("a", "", "b"));
  EXPECT_THAT(splitList(""), ElementsAre(""));
  EXPECT_THAT(wrapText("one two three\n\n  kept as it is", 8),
              ElementsAre("one two", "three", "", "  kept as it is"));
  EXPECT_EQ(*parseNumber("12", "it"), 12u);
  EXPECT_EQ(messageOf(parseNumber("1x", "it", 9)), "it takes a whole number from 0 to 9, got '1x'");
}
