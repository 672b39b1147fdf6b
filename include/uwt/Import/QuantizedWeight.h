//===- QuantizedWeight.h - Codes, and what they mean ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A quantised matrix in one form, whatever checkpoint it comes from: a code for each element, the
// number that each code stands for, and grids of numbers that elements share (docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_IMPORT_QUANTIZEDWEIGHT_H
#define UWT_IMPORT_QUANTIZEDWEIGHT_H

#include "uwt/Format/ElementType.h"
#include "uwt/Format/GridRole.h"
#include "uwt/Support/Error.h"
#include "uwt/Support/Parallel.h"
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace uwt {

/// Numbers that the elements of a cell share. Cells are `cellRows` x `cellColumns` elements, the
/// last ones of a row or column of cells maybe smaller.
struct Grid {
  uint64_t cellRows = 0, cellColumns = 0;
  /// Cells in a row of cells.
  uint64_t columns = 0;
  /// Row by row. Every number that checkpoints store here is an f32 too.
  std::vector<float> cells;

  /// A grid of one cell.
  static Grid constant(float value) { return {UINT64_MAX, UINT64_MAX, 1, {value}}; }
  /// The number of the cell that has an element.
  uint64_t cellOf(uint64_t row, uint64_t column) const {
    return row / cellRows * columns + column / cellColumns;
  }
  float at(uint64_t row, uint64_t column) const { return cells[cellOf(row, column)]; }
  /// Takes the number of each cell to what it becomes by that of the cell of `other` that it is in.
  template <typename Operation> void combine(const Grid &other, Operation operation) {
    for (size_t cell = 0; cell < cells.size(); ++cell)
      cells[cell] =
          operation(cells[cell], other.at(cell / columns * cellRows, cell % columns * cellColumns));
  }
  /// Appends numbers of the cells that have a row's elements: of those, as cellOf(0, column) counts
  /// them.
  void appendRow(uint64_t row, std::span<const uint64_t> inRow, std::vector<float> &numbers) const {
    const float *first = cells.data() + cellOf(row, 0);
    for (uint64_t cell : inRow)
      numbers.push_back(first[cell]);
  }
  /// The first column of the cell after that of `column`.
  uint64_t nextCell(uint64_t column) const { return (column / cellColumns + 1) * cellColumns; }
};

/// A grid as a checkpoint stores it: numbers of its own cells, times or divided by those of larger
/// ones, one rounding.
struct GridParts {
  Grid numbers, outer;
  bool isDivided = false;

  /// The number of each of the own cells.
  Grid product() const;
};

/// A step after the product of numbers and scales.
struct WeightStep {
  GridRole role;
  Grid numbers;
  /// What these are made of, where that is two grids.
  std::optional<GridParts> parts = std::nullopt;
};

/// A matrix [rows, columns] of quantised weights, or several of them, one below the other.
struct QuantizedWeight {
  uint64_t rows = 0, columns = 0;
  /// How many matrices they are, of equally many rows.
  uint64_t matrices = 1;
  /// Whether the weight has each of them transposed: [matrices, columns, rows / matrices].
  bool isTransposed = false;
  /// Of each element, row by row.
  std::vector<uint8_t> codes;
  /// The number that a code stands for (value-1): as many as there are codes, table by table.
  std::vector<float> values;
  /// How many tables these are, and the number of the one that a cell's codes are looked up in.
  uint64_t tables = 1;
  Grid table = Grid::constant(0);
  /// What is subtracted from it (value-2).
  Grid zero = Grid::constant(0);
  /// What the difference is rounded to: BF16 or F16; F32 is nothing more than value-2 says.
  ElementType math = ElementType::F32;
  /// What the difference is multiplied with (value-3).
  Grid scale = Grid::constant(1);
  /// What the product is multiplied with (value-4).
  float factor = 1;
  /// What the scale is made of, where that is two grids.
  std::optional<GridParts> scaleParts;
  /// What follows (value-5), in the order of allGridRoles().
  std::vector<WeightStep> steps;
  /// The column of all grids that column k belongs to, in elements: k itself where this is empty.
  std::vector<uint32_t> gridColumns;
  /// The weights themselves, row by row, where the file has floats: all else is empty then.
  std::vector<float> floats;

  /// Adds a grid of numbers that are added, as its last step.
  void addOffset(Grid numbers, std::optional<GridParts> parts = std::nullopt) {
    steps.push_back({offsetRole(), std::move(numbers), std::move(parts)});
  }
  /// How many codes there are.
  size_t codeCount() const { return values.size() / tables; }
  /// What codes stand for in the table of that number.
  std::span<const float> valuesOf(float number) const {
    size_t count = codeCount();
    return std::span(values).subspan(static_cast<size_t>(number) * count, count);
  }
  /// What those of the cell that has an element stand for.
  std::span<const float> valuesAt(uint64_t row, uint64_t column) const {
    return tables == 1 ? std::span(values) : valuesOf(table.at(row, column));
  }
  /// All grids of the weight: tables, zeros, scales, and those of steps.
  std::vector<Grid *> grids();

  /// The weights as elements of `type` (BF16, F16 or F32), in order of the weight, little-endian.
  /// `out` has exactly their bytes. The same bits for any number of threads and on every machine.
  void decode(ElementType type, std::span<uint8_t> out, ThreadPool &pool) const;
  /// The same in memory of its own.
  std::vector<uint8_t> decode(ElementType type, ThreadPool &pool) const;
  /// Rows [first, first + out.size() / columns) as BF16 or F16, not transposed.
  void decodeRows(ElementType type, uint64_t first, std::span<uint16_t> out) const;

  /// The columns cell by cell, those of a cell of the scale in their own order. Errors:
  /// Unsupported, where a cell but the last has not `cellColumns` of them.
  Expected<std::vector<uint32_t>> columnOrder(uint64_t cellColumns) const;
  /// The weight whose columns are those of this one in that order.
  QuantizedWeight withColumns(std::span<const uint32_t> order) const;

  /// The column of all grids that column k belongs to.
  uint64_t gridColumn(uint64_t k) const { return gridColumns.empty() ? k : gridColumns[k]; }
};

/// Whether weights can be decoded to that type.
bool canDecodeTo(ElementType type);

/// The nearest number of that type (BF16, F16 or F32), as an f32.
float roundedTo(ElementType type, float value);

} // namespace uwt

#endif // UWT_IMPORT_QUANTIZEDWEIGHT_H
