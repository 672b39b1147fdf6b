//===- EscapesTest.cpp - Units, positions and records of escapes ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Codec/Escapes.h"
#include "FixedRateTesting.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

/// Every element of a panel has one unit and one position there, and comes back
/// from it.
void expectPartition(const CodingPlan &plan, uint32_t rows, uint64_t units,
                     PanelUnit (*unitOf)(const CodingPlan &, uint32_t, uint64_t)) {
  Panel covered(rows, plan.matrix.columns);
  for (uint64_t index = 0; index < units; ++index) {
    PanelUnit unit = unitOf(plan, rows, index);
    std::vector<bool> used(1 << 16);
    for (uint32_t row = 0; row < unit.rows; ++row)
      for (uint32_t column = 0; column < unit.columns; ++column) {
        ++covered.at(unit.firstRow + row, unit.firstColumn + column);
        uint32_t position = positionInUnit(unit, {row, column});
        ASSERT_LT(position, used.size());
        EXPECT_FALSE(used[position]);
        used[position] = true;
        ElementCoordinate back = coordinateInUnit(unit, position);
        EXPECT_EQ(std::pair(back.row, back.column), std::pair(row, column));
      }
  }
  for (uint32_t row = 0; row < rows; ++row)
    for (uint64_t column = 0; column < plan.matrix.columns; ++column)
      EXPECT_EQ(covered.at(row, column), 1);
}

TEST(PanelUnitTest, UnitsPartitionPanels) {
  FixedCase formats[] = {
      {.name = "planes"},
      {.name = "inplace11", .chunks = {2, 1}, .packing = Packing::InPlace},
      {.name = "planes of 128 columns", .unitColumns = 128},
      {.name = "rows", .layout = Layout::RowMajor},
  };
  for (const FixedCase &format : formats)
    for (auto [rows, columns] : {std::pair(64, 1030), {17, 512}, {3, 513}, {33, 40}}) {
      SCOPED_TRACE(format.name + " " + std::to_string(rows) + " x " + std::to_string(columns));
      CodingPlan plan = makePlan(format, rows, columns);
      expectPartition(plan, rows, fixedUnitCount(plan, rows), fixedUnit);
      expectPartition(plan, rows, streamUnitCount(plan, rows), streamUnit);
    }
}

// order-4, order-5
TEST(PanelUnitTest, FixedUnitsGoByGroupAndStreamUnitsByStrip) {
  CodingPlan plan = makePlan({}, 40, 2000);
  EXPECT_EQ(fixedUnitCount(plan, 40), 3u * 32);
  PanelUnit fixed = fixedUnit(plan, 40, 3 * 31 + 2);
  EXPECT_EQ(fixed.firstRow, 32u);
  EXPECT_EQ(fixed.firstColumn, 31u * 64);
  EXPECT_EQ(std::pair(fixed.rows, fixed.columns), std::pair(8u, 16u));
  EXPECT_EQ(streamUnitCount(plan, 40), 3u * 2);
  PanelUnit stream = streamUnit(plan, 40, 2 * 1 + 1);
  EXPECT_EQ(stream.firstRow, 16u);
  EXPECT_EQ(stream.firstColumn, 1024u);
  EXPECT_EQ(std::pair(stream.columns, stream.blocks), std::pair(976u, 61u));
}

// order-5, escape-2
TEST(PanelUnitTest, NarrowPanelsAreOneStreamUnit) {
  CodingPlan plan = makePlan({}, 64, 500);
  ASSERT_EQ(streamUnitCount(plan, 64), 1u);
  PanelUnit unit = streamUnit(plan, 64, 0);
  // Strip 2, block 3 of 32, lane 5, register 1, half 1.
  EXPECT_EQ(positionInUnit(unit, {2 * 16 + 9, 3 * 16 + 3}),
            (((2 * 32 + 3) * 32 + 5) * 4 + 1) * 2 + 1u);
}

// scale-5, scale-6
TEST(PanelUnitTest, ScaledUnitsHaveAllColumns) {
  CodingPlan plan = makePlan({}, 64, 2000);
  plan.format = *Format::parse("rans<12>, context=scale<8>");
  EXPECT_EQ(streamUnitCount(plan, 40), 3u);
  EXPECT_EQ(streamUnit(plan, 40, 2).rows, 8u);
  plan.format.panelUnits = true;
  ASSERT_EQ(streamUnitCount(plan, 40), 1u);
  PanelUnit unit = streamUnit(plan, 40, 0);
  EXPECT_EQ(std::pair(unit.rows, unit.columns), std::pair(40u, 2000u));
  EXPECT_EQ(std::pair(unit.strips, unit.blocks), std::pair(3u, 125u));
}

class EscapesTest : public ::testing::Test {
protected:
  /// The message of applying `records` to unit 1 of a panel of 10 x 100; empty
  /// where they are right.
  std::string apply(FixedCase format, std::vector<uint32_t> records) {
    CodingPlan plan = makePlan(format, 10, 100);
    Status status = applyEscapes(plan, fixedUnit(plan, 10, 1), 1, records, panel.mutableView());
    if (!status)
      EXPECT_EQ(status.error().getKind(), ErrorKind::Invalid);
    return status ? "" : status.error().message();
  }
  static std::vector<uint32_t> run(uint32_t number, uint32_t symbols) {
    std::vector<uint32_t> record(17, symbols);
    record[0] = number;
    return record;
  }

  Panel panel = Panel(10, 100);
};

TEST_F(EscapesTest, PatchesWriteWholeWords) {
  EXPECT_EQ(apply({}, {0x0000'1234, 0x0003'FFFF}), "");
  EXPECT_EQ(panel.at(0, 64), 0x1234);
  EXPECT_EQ(panel.at(8, 65), 0xFFFF);
}

TEST_F(EscapesTest, PatchesOutsideAreRefused) {
  // Row 10 of 10 (lane 8, register 1), column 36 of 36, and beyond the unit.
  EXPECT_EQ(apply({}, {(8 * 4 + 1) * 2 << 16}),
            "patch record 0 of unit 1 points outside its unit (position 66, 10 rows x 36 columns "
            "exist)");
  EXPECT_NE(apply({}, {(2 * 32 + 2) * 8 << 16}), "");
  EXPECT_NE(apply({}, {1024u << 16}), "");
  EXPECT_NE(apply({}, {0xFFFFu << 16}), "");
}

// escape-1
TEST_F(EscapesTest, PatchesMustRise) {
  EXPECT_EQ(apply({}, {2u << 16, 2u << 16}),
            "patch record 1 of unit 1 is out of order (position 2 after 2)");
}

TEST_F(EscapesTest, WordsMustFitTheType) {
  EXPECT_EQ(apply({.split = {8, 4, 3}, .base = 0}, {0x100}),
            "patch record 0 of unit 1 holds the word 256, which has more than 8 bits");
}

// escape-3
TEST_F(EscapesTest, RunsReplaceSymbolsAndKeepRawFields) {
  panel.at(2, 64) = 0x8055;
  panel.at(2, 63) = 0x1234;
  EXPECT_EQ(apply({.escapes = Escapes::Rows64}, run(2, 0x01020304)), "");
  EXPECT_EQ(panel.at(2, 64), 0x8000 | 4 << 7 | 0x55);
  EXPECT_EQ(panel.at(2, 99), 1 << 7);
  EXPECT_EQ(panel.at(2, 63), 0x1234);
}

TEST_F(EscapesTest, WrongRunsAreRefused) {
  FixedCase format{.escapes = Escapes::Rows64};
  EXPECT_EQ(apply(format, run(10, 0)), "patch record 0 of unit 1 points outside its unit (run 10, "
                                       "10 rows x 36 columns exist)");
  std::vector<uint32_t> twice = run(3, 0), again = run(3, 0);
  twice.insert(twice.end(), again.begin(), again.end());
  EXPECT_EQ(apply(format, twice), "patch record 1 of unit 1 is out of order (run 3 after 3)");
  format.split = {16, 5, 10};
  format.base = 0;
  EXPECT_EQ(apply(format, run(0, 0x20)),
            "patch record 0 of unit 1 holds the symbol 32, which has more than 5 bits");
}

TEST_F(EscapesTest, OneRowTakesItsOwnRecords) {
  for (Escapes escapes : {Escapes::Patch, Escapes::Rows64}) {
    CodingPlan plan = makePlan({.layout = Layout::RowMajor, .escapes = escapes}, 10, 1500);
    PanelUnit unit = fixedUnit(plan, 10, 1);
    Panel words = randomPanel(plan, 10, 20, 3);
    std::vector<uint32_t> records;
    appendEscapes(plan, SymbolNumbers(plan.split, plan.model), unit, words.view(), records);
    for (uint32_t row = 0; row < 10; ++row) {
      std::vector<uint16_t> out(words.view().row(row), words.view().row(row) + 1500);
      std::vector<uint16_t> whole = out;
      for (uint16_t &word : out)
        if (!(plan.split.symbolOf(word) >= 0x78 && plan.split.symbolOf(word) < 0x88) &&
            &word >= &out[1024])
          word = static_cast<uint16_t>(plan.split.join(0x78, plan.split.rawOf(word)));
      EXPECT_TRUE(applyEscapesToRow(plan, unit, 1, records, row, out));
      EXPECT_TRUE(out == whole) << "row " << row;
    }
  }
}

TEST_F(EscapesTest, OneRowRefusesRecordsOfOthersInItsMidst) {
  CodingPlan plan = makePlan({.layout = Layout::RowMajor}, 10, 64);
  std::vector<uint16_t> out(64);
  auto record = [](uint32_t row) { return row * 1024u << 16; };
  std::vector<uint32_t> records = {record(2), record(9), record(2), record(3)};
  Status status = applyEscapesToRow(plan, fixedUnit(plan, 10, 0), 0, records, 2, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(), "patch record 1 of unit 0 is out of order (it is of row 9, "
                                      "between those of row 2)");
}

} // namespace
