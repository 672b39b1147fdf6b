//===- Escapes.h - Units of a panel and their escapes -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What every engine needs to know of units: which elements a unit covers, the
// number of each inside it, and the records of the elements whose symbols the
// model lacks (escape-1, escape-2, escape-3 of docs/formats.md). How records are counted
// and where they lie is the engines' business.
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_ESCAPES_H
#define UWT_LIB_CODEC_ESCAPES_H

#include "uwt/Codec/Panel.h"
#include "uwt/Support/Error.h"
#include <cstdint>
#include <span>
#include <vector>

namespace uwt {

/// The elements of a panel that one unit covers. Rows and columns are those
/// that exist; padding is what `blocks` covers beyond them.
struct PanelUnit {
  Layout layout = Layout::Fragment16x16;
  /// First row (inside the panel) and first column (of the matrix).
  uint32_t firstRow = 0;
  uint64_t firstColumn = 0;
  uint32_t rows = 0;
  uint32_t columns = 0;
  /// fragment: strips, and blocks in each of them, padding included.
  uint32_t strips = 0;
  uint32_t blocks = 0;

  /// Runs of 64 columns in a row, the last one perhaps shorter (escape-3).
  uint32_t runs() const { return (columns + escapeRunColumns - 1) / escapeRunColumns; }
};

/// Fixed units of a panel of `rows` rows, and the one numbered `index` (order-4).
uint64_t fixedUnitCount(const CodingPlan &plan, uint32_t rows);
PanelUnit fixedUnit(const CodingPlan &plan, uint32_t rows, uint64_t index);
/// The same for stream units (order-5, order-6, scale-5), and the most columns that they have.
uint64_t streamUnitWidth(const CodingPlan &plan);
uint64_t streamUnitCount(const CodingPlan &plan, uint32_t rows);
PanelUnit streamUnit(const CodingPlan &plan, uint32_t rows, uint64_t index);

/// Row and column of an element, counted from the unit's first.
struct ElementCoordinate {
  uint32_t row, column;
};
/// The position of an element in its unit (escape-2), and the inverse. Any
/// position may be asked for: the element may then be padding or outside.
uint32_t positionInUnit(const PanelUnit &unit, ElementCoordinate at);
ElementCoordinate coordinateInUnit(const PanelUnit &unit, uint32_t position);
inline bool existsInUnit(const PanelUnit &unit, ElementCoordinate at) {
  return at.row < unit.rows && at.column < unit.columns;
}

/// From symbol to its number in `Model::symbols` (the lowest, where a symbol
/// stands there twice).
class SymbolNumbers {
public:
  /// What symbols outside the model have.
  static constexpr uint16_t none = 0xFFFF;

  SymbolNumbers() = default;
  SymbolNumbers(const FieldSplit &split, const Model &model);

  /// Precondition: symbol < 2^symbolBits.
  uint16_t operator[](uint32_t symbol) const { return numbers[symbol]; }
  bool isEscape(uint32_t symbol) const { return numbers[symbol] == none; }
  std::span<const uint16_t> all() const { return numbers; }

private:
  std::vector<uint16_t> numbers;
};

/// Appends the escape records of `unit` to `records`, by rising position, and
/// returns how many there are: with escapes=none the number of escapes, without any
/// record. `words` is the whole panel.
uint32_t appendEscapes(const CodingPlan &plan, const SymbolNumbers &numbers, const PanelUnit &unit,
                       PanelWords words, std::vector<uint32_t> &records);

/// escapes=rows<64>: gives all words of each run with an escape the commonest symbol, which is
/// what is coded beneath a record (escape-3). `words` are of one row, from a multiple
/// of 64 columns on, `count` of them.
void coverEscapedRuns(const CodingPlan &plan, const SymbolNumbers &numbers, uint16_t *words,
                      uint64_t count);

/// Checks the records of `unit` (a whole number of records) and writes them
/// over the decoded words of the panel, `out`, in which the raw fields of the unit
/// are right. Fails with ErrorKind::Invalid where a record points outside the unit's
/// existing elements, does not rise, or holds what no word of this type can; messages
/// name `unitNumber`.
Status applyEscapes(const CodingPlan &plan, const PanelUnit &unit, uint64_t unitNumber,
                    std::span<const uint32_t> records, MutablePanelWords out);

/// The same for row `row` of a row_major unit alone: `out` is that row, all columns of the
/// matrix. Finds the row's records by bisection and checks only them.
Status applyEscapesToRow(const CodingPlan &plan, const PanelUnit &unit, uint64_t unitNumber,
                         std::span<const uint32_t> records, uint32_t row, std::span<uint16_t> out);

} // namespace uwt

#endif // UWT_LIB_CODEC_ESCAPES_H
