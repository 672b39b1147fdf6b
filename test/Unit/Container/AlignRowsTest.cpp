//===- AlignRowsTest.cpp - Rows that two tensors have in common -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule choice-18 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "lib/Container/AlignRows.h"
#include "Codec/TestData.h"
#include "lib/Container/ContainerFormat.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;

namespace {

using Rows = std::vector<uint64_t>;

/// Returns rows that are all different: first, first + 1, …
Rows rowsFrom(uint64_t first, uint64_t count) {
  Rows rows(count);
  for (uint64_t i = 0; i < count; ++i)
    rows[i] = first + i;
  return rows;
}

Rows joinedRows(std::initializer_list<Rows> parts) {
  Rows all;
  for (const Rows &part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(AlignRowsTest, EndsThatGrewOrShrankStayWhereTheyAre) {
  EXPECT_THAT(alignRows(rowsFrom(0, 10), rowsFrom(0, 8)), ElementsAre(BaseRows{0, 0, 8}));
  EXPECT_THAT(alignRows(rowsFrom(0, 8), rowsFrom(0, 10)), ElementsAre(BaseRows{0, 0, 8}));
  EXPECT_THAT(alignRows(rowsFrom(100, 8), rowsFrom(0, 10)), ElementsAre(BaseRows{0, 0, 8}));
}

TEST(AlignRowsTest, RowsAreInsertedAndRemovedAnywhere) {
  Rows base = rowsFrom(0, 100);
  EXPECT_THAT(alignRows(joinedRows({rowsFrom(500, 3), base}), base),
              ElementsAre(BaseRows{3, 0, 100}));
  EXPECT_THAT(alignRows(joinedRows({rowsFrom(0, 40), rowsFrom(500, 3), rowsFrom(40, 60)}), base),
              ElementsAre(BaseRows{0, 0, 40}, BaseRows{43, 40, 60}));
  EXPECT_THAT(alignRows(joinedRows({rowsFrom(0, 40), rowsFrom(45, 55)}), base),
              ElementsAre(BaseRows{0, 0, 40}, BaseRows{40, 45, 55}));
  EXPECT_THAT(alignRows(joinedRows({rowsFrom(50, 50), rowsFrom(0, 50)}), rowsFrom(0, 101)),
              ElementsAre(BaseRows{0, 50, 50}, BaseRows{50, 0, 50}));
}

/// Changed rows belong to the run around them, and to the ends.
TEST(AlignRowsTest, ChangedRowsAreCompared) {
  Rows base = rowsFrom(0, 100);
  Rows own = joinedRows({rowsFrom(900, 2), base, rowsFrom(950, 4)});
  own[2] = own[3] = own[50] = own[101] = 1000;
  EXPECT_THAT(alignRows(own, base), ElementsAre(BaseRows{2, 0, 100}));
}

TEST(AlignRowsTest, OnlyTheLongestRunsAreKept) {
  Rows base = rowsFrom(0, 1000), own;
  for (uint64_t i = 0; i < 40; ++i)
    own = joinedRows({own, rowsFrom((39 - i) * 25, 5 + i / 2)});
  std::vector<BaseRows> runs = alignRows(own, base);
  EXPECT_EQ(runs.size(), maxBaseRuns);
  EXPECT_GE(runs[3].count, 9u);
}

/// Whatever the rows are, runs rise and lie in both tensors.
TEST(AlignRowsTest, RunsAreAlwaysValid) {
  Random random(3);
  for (int round = 0; round < 300; ++round) {
    Rows own(1 + random.below(80)), base(1 + random.below(80));
    uint64_t kinds = 1 + random.below(60);
    for (Rows *rows : {&own, &base})
      for (uint64_t &row : *rows)
        row = random.below(kinds);
    uint64_t end = 0;
    for (const BaseRows &run : alignRows(own, base)) {
      ASSERT_GE(run.own, end);
      ASSERT_GE(run.count, 1u);
      end = run.own + run.count;
      ASSERT_LE(end, own.size());
      ASSERT_LE(run.base + run.count, base.size());
    }
  }
}

} // namespace
