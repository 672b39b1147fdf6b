//===- StreamFieldsTest.cpp - Symbols and raw fields of stream units ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Codec/Prefix/StreamFields.h"
#include "Codec/TestData.h"
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

/// A panel of random words in a format of variable rate.
struct FieldCase {
  CodingPlan plan;
  uint32_t rows;
  std::vector<uint16_t> words;
  /// Its raw fields, by the reference.
  std::vector<uint8_t> raw;

  FieldCase(ElementType element, Layout layout, unsigned codedMantissa, bool codedSign,
            MatrixShape shape, Random &random) {
    plan.element = element;
    plan.format = parsedFormat("rans<12>");
    plan.format.layout = layout;
    plan.traits = *checkFormat(plan.format, element);
    plan.split = splitOf(element, codedMantissa, codedSign);
    plan.matrix = shape;
    rows = static_cast<uint32_t>(shape.rows);
    words.resize(shape.rows * shape.columns);
    for (uint16_t &word : words)
      word = static_cast<uint16_t>(random.next());
    FieldSplitter(plan, {words.data(), shape.columns, rows, shape.columns}, CodePath::Reference,
                  raw);
  }

  /// Symbols and raw fields, joined again.
  std::vector<uint16_t> join(CodePath path) const {
    std::vector<uint16_t> out(words.size());
    std::vector<uint16_t> symbols(size_t(panelRows) * scratchStride);
    FieldJoiner joiner(plan, raw, path,
                       {out.data(), plan.matrix.columns, rows, plan.matrix.columns});
    for (uint64_t number = 0; number < streamUnitCount(plan, rows); ++number) {
      PanelUnit unit = streamUnit(plan, rows, number);
      for (uint32_t row = 0; row < unit.rows; ++row)
        for (uint32_t column = 0; column < unit.columns; ++column) {
          uint16_t word =
              words[(unit.firstRow + row) * plan.matrix.columns + unit.firstColumn + column];
          symbols[row * scratchStride + column] =
              static_cast<uint16_t>(plan.split.symbolOf(word) << (16 - plan.split.symbolBits));
        }
      joiner.join(unit, symbols.data());
    }
    return out;
  }
};

TEST(StreamFieldsTest, FieldsOfAnyWidthAreJoinedByAllPaths) { // plane-1, plane-2
  Random random(7);
  const MatrixShape shapes[] = {{1, 1}, {17, 65}, {64, 128}, {30, 1100}};
  for (ElementType element : {ElementType::BF16, ElementType::F16})
    for (Layout layout : {Layout::Fragment16x16, Layout::RowMajor})
      for (unsigned mantissa = 0; mantissa <= getTraits(element).mantissaBits; ++mantissa)
        for (bool codedSign : {false, true})
          for (const MatrixShape &shape : shapes) {
            FieldCase one(element, layout, mantissa, codedSign, shape, random);
            for (CodePath path : availableCodePaths())
              ASSERT_EQ(one.join(path), one.words)
                  << codePathName(path) << ", " << mantissa << " mantissa bits, sign " << codedSign
                  << ", " << shape.rows << " x " << shape.columns;
          }
}

/// Raw fields of rows, and whether symbols are those of the words.
std::vector<uint8_t> splitRowsOf(const FieldCase &one, CodePath path, bool &hasSymbols) {
  std::vector<uint8_t> raw;
  std::vector<uint16_t> symbols(size_t(panelRows) * scratchStride);
  uint64_t columns = one.plan.matrix.columns;
  FieldSplitter splitter(one.plan, {one.words.data(), columns, one.rows, columns}, path, raw);
  hasSymbols = true;
  for (uint64_t number = 0; number < streamUnitCount(one.plan, one.rows); ++number) {
    PanelUnit unit = streamUnit(one.plan, one.rows, number);
    splitter.split(unit, symbols.data());
    for (uint32_t row = 0; row < unit.rows; ++row)
      for (uint32_t column = 0; column < unit.columns; ++column) {
        uint16_t word = one.words[(unit.firstRow + row) * columns + unit.firstColumn + column];
        hasSymbols &= symbols[row * scratchStride + column] == one.plan.split.symbolOf(word);
      }
  }
  return raw;
}

TEST(StreamFieldsTest, RowsAreSplitAsTheReferenceSplitsThem) { // plane-2
  Random random(8);
  // Rows of parts of 64 columns and without any, and of more than a unit.
  const MatrixShape shapes[] = {{1, 1}, {5, 63}, {17, 64}, {30, 384}, {3, 391}, {9, 1100}};
  for (ElementType element : {ElementType::BF16, ElementType::F16})
    for (unsigned mantissa = 0; mantissa <= getTraits(element).mantissaBits; ++mantissa)
      for (bool codedSign : {false, true})
        for (const MatrixShape &shape : shapes) {
          FieldCase one(element, Layout::RowMajor, mantissa, codedSign, shape, random);
          for (CodePath path : availableCodePaths()) {
            if (path == CodePath::Reference)
              continue;
            bool hasSymbols = false;
            ASSERT_EQ(splitRowsOf(one, path, hasSymbols), one.raw)
                << codePathName(path) << ", " << mantissa << " mantissa bits, sign " << codedSign
                << ", " << shape.rows << " x " << shape.columns;
            ASSERT_TRUE(hasSymbols) << codePathName(path) << ", " << mantissa << " mantissa bits";
          }
        }
}

} // namespace
