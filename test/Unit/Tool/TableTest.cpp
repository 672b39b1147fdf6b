//===- TableTest.cpp - Tables that fit a terminal -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/uwt/text/Table.h"
#include "tools/uwt/text/Names.h"
#include "uwt/Support/Random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <map>
#include <set>

using namespace uwt;
using namespace uwt::tool;
using testing::ElementsAre;

static std::vector<std::string> linesOf(const std::string &text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// A table as inspect prints it: names, and columns that can be dropped.
static Table tableOf(const std::vector<std::string> &names) {
  using Align = Table::Align;
  Table table({{"tensor", Align::Left, 0, true},
               {"shape", Align::Left, 2},
               {"stored"},
               {"bits", Align::Right, 1}});
  for (const std::string &name : names)
    table.add({name, "4096x14336", "85.4 MB", "10.531"});
  table.addTotal({"all of them", "", "85.4 GB", "10.531"});
  return table;
}

TEST(NamesTest, CutsTheMiddleAtDots) {
  std::string name = "model.layers.12.mlp.experts.down_proj.weight";
  EXPECT_EQ(cutMiddle(name, 60), name);
  EXPECT_EQ(cutMiddle(name, 36), "model.layers.12...down_proj.weight");
  EXPECT_EQ(cutMiddle("abcdefghijklmnop", 9), "abc...nop");
  EXPECT_EQ(cutMiddle("\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc\u00e4\u00f6\u00fc", 7),
            "\u00e4\u00f6...\u00f6\u00fc");
}

TEST(NamesTest, PrefixEndsAtADot) {
  EXPECT_EQ(commonPrefix(std::vector<std::string>{"model.layers.1.a", "model.layers.12.b"}),
            "model.layers.");
  EXPECT_EQ(commonPrefix(std::vector<std::string>{"model.a", "lm_head.a"}), "");
  EXPECT_EQ(commonPrefix(std::vector<std::string>{"model.a"}), "");
  EXPECT_EQ(commonPrefix(std::vector<std::string>{"a.", "a.b"}), "");
  EXPECT_EQ(commonPrefix({}), "");
}

TEST(TableTest, WideEnoughIsPrintedInFull) {
  EXPECT_THAT(linesOf(tableOf({"model.a.weight", "model.b.weight"}).str(SIZE_MAX)),
              ElementsAre("tensor          shape        stored    bits",
                          "model.a.weight  4096x14336  85.4 MB  10.531",
                          "model.b.weight  4096x14336  85.4 MB  10.531",
                          "-------------------------------------------",
                          "all of them                 85.4 GB  10.531"));
}

TEST(TableTest, CommonPrefixIsSaidOnce) {
  EXPECT_THAT(linesOf(tableOf({"model.a.weight", "model.b.weight"}).str(40)),
              ElementsAre("all names begin with model.", "tensor       shape        stored    bits",
                          "a.weight     4096x14336  85.4 MB  10.531",
                          "b.weight     4096x14336  85.4 MB  10.531",
                          "----------------------------------------",
                          "all of them              85.4 GB  10.531"));
}

TEST(TableTest, ColumnsGoBeforeNamesAreEqual) {
  std::vector<std::string> names = {"layers.0.self_attention.k_proj.weight",
                                    "layers.1.self_attention.k_proj.weight", "embedding.weight"};
  EXPECT_THAT(linesOf(tableOf(names).str(50)),
              ElementsAre("tensor                    shape        stored",
                          "layers.0...k_proj.weight  4096x14336  85.4 MB",
                          "layers.1...k_proj.weight  4096x14336  85.4 MB",
                          "embedding.weight          4096x14336  85.4 MB",
                          "---------------------------------------------",
                          "all of them                           85.4 GB"));
}

TEST(TableTest, NamesThatCannotBeCutStandAlone) {
  std::vector<std::string> names;
  for (char a : std::string("abcdefgh"))
    for (char b : std::string("abcdefgh"))
      names.push_back(std::string(30, 'x') + a + std::string(30, 'y') + b + std::string(30, 'z'));
  std::string text = tableOf(names).str(24);
  for (const std::string &name : names)
    EXPECT_NE(text.find("\n" + name + "\n"), std::string::npos) << text;
}

namespace {
class NameMaker {
public:
  explicit NameMaker(uint64_t seed) : random(seed) {}
  size_t below(size_t bound) { return random.below(bound); }

  /// Names as models have them, or of any characters.
  std::vector<std::string> names() {
    std::set<std::string> made;
    size_t count = 1 + below(60);
    bool isModel = below(3) != 0;
    std::string prefix = below(2) ? "model.language_model.layers." : "";
    for (size_t i = 0; i < count; ++i)
      made.insert(prefix + (isModel ? modelName() : anyName()));
    return {made.begin(), made.end()};
  }

private:
  std::string modelName() {
    static const char *const words[] = {"mlp",    "self_attn", "experts",   "down_proj", "q_proj",
                                        "k_proj", "weight",    "layernorm", "bias",      "h"};
    std::string name;
    for (size_t i = 0, parts = 1 + below(7); i < parts; ++i)
      name += (i ? "." : "") + (below(3) ? words[below(10)] : std::to_string(below(130)));
    return name;
  }
  std::string anyName() {
    static const char *const letters[] = {"a", "b", ".", "_", "\u00e4", "\u4e2d"};
    std::string name;
    for (size_t i = 0, length = 1 + below(90); i < length; ++i)
      name += letters[below(6)];
    return name;
  }
  Random random;
};
} // namespace

/// Whatever the names and the width: the table has that width, or names stand alone, and no two
/// different names look the same.
TEST(TableTest, RandomNamesFitAndStayDistinct) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    NameMaker maker(seed);
    std::vector<std::string> names = maker.names();
    size_t width = 20 + maker.below(120);
    std::vector<std::string> lines = linesOf(tableOf(names).str(width));
    bool hasPrefix = lines[0].starts_with("all names begin with ");
    size_t first = hasPrefix ? 2 : 1;
    bool isAlone = lines.size() == first + 2 * names.size() + 2;
    ASSERT_TRUE(isAlone || lines.size() == first + names.size() + 2) << seed;
    std::map<std::string, std::string> nameOf;
    for (size_t i = 0; i < names.size(); ++i) {
      std::string line = lines[first + (isAlone ? 2 * i : i)];
      std::string shown = isAlone ? line : line.substr(0, line.find("  "));
      ASSERT_TRUE(nameOf.emplace(shown, names[i]).second)
          << seed << ": " << shown << " is " << names[i] << " and " << nameOf[shown];
      if (!isAlone)
        EXPECT_LE(displayWidth(line), width) << seed;
    }
    EXPECT_LE(displayWidth(lines.back()), std::max<size_t>(width, 22)) << seed;
  }
}
