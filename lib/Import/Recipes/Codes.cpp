//===- Codes.cpp - Codes a byte each, of any element ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a quantiser of one's own can write, of elements for which packers have no layout: the
// configuration has the composition (codes-1 to codes-8 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Format/QuantizedElement.h"
#include <algorithm>
#include <numeric>

using namespace uwt;

namespace {

constexpr std::string_view codesName = "weight", scaleName = "weight_scale",
                           zeroName = "weight_zero_point", tableName = "weight_table",
                           pickName = "weight_pick", groupName = "weight_g_idx";

class CodesRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "codes"; }
  bool reads(const QuantizationConfig &config) const override {
    return config.method() == "uwt-codes";
  }
  bool claims(const Parts &parts) const override {
    return parts.has(codesName) && parts.has(scaleName);
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;
};

} // namespace

/// A grid as the configuration may have it: numbers of a type that tensors have, of one grid.
static bool isPlainGrid(const GridFormat &grid) {
  constexpr std::string_view types[] = {"f16", "bf16", "f32", "f8E8M0FNU"};
  return !grid.outer && grid.number.parameters.empty() &&
         std::ranges::count(types, grid.number.keyword) != 0;
}

/// What a tensor of so many bits a pick is of.
static std::string_view pickDtype(uint32_t bits) { return bits <= 8 ? "U8" : "I32"; }

/// Whether tables are as the configuration may have them: of cells, of a type that tensors have, or
/// picked by integers that tensors have (codes-9, codes-10).
static bool hasPlainTables(const Format &format, const QuantizedElement &element) {
  if (!format.hasTables())
    return true;
  if (!element.isTable || (format.table && format.pick))
    return false;
  return format.table ? isPlainGrid({*format.table}) : pickBits(*format.pick).has_value();
}

/// Whether a composition has what this recipe reads, and nothing else (codes-1).
static bool isPlain(const Format &format) {
  std::optional<QuantizedElement> element = QuantizedElement::find(format.element);
  if (!element || !format.scale || !isPlainGrid(*format.scale) || !hasPlainTables(format, *element))
    return false;
  bool hasOwnZeros = element->isTable || !element->numbers.empty();
  if (hasOwnZeros && (format.zeroGrid || format.zero != 0))
    return false;
  if (format.zeroGrid && (format.zeroGrid->outer || (format.zeroGrid->number != format.element &&
                                                     !isPlainGrid(*format.zeroGrid))))
    return false;
  if (!std::ranges::all_of(format.steps,
                           [](const GridStep &step) { return isPlainGrid(step.format); }))
    return false;
  // What differences are rounded to is a type of their zeros.
  if (format.math != ElementType::F32 && !format.hasFloatZeros())
    return false;
  Format plain;
  plain.codec = rawFormat().codec;
  plain.escapes = Escapes::None;
  plain.storage = format.storage; // codes-7
  return format.ofFloats() == plain;
}

/// Errors: Unsupported.
static Expected<Format> formatOf(const QuantizationConfig &config) {
  std::string text = config.text("format");
  if (text.empty())
    return unsupportedError("quantization_config has no format, such as 'f6E2M3FN, scale={1x32, "
                            "bf16}'");
  Expected<Format> format = Format::parse(text);
  if (!format)
    return unsupportedError("quantization_config has as format: " + format.error().message());
  if (isPlain(*format))
    return format;
  return unsupportedError("quantization_config has the format '" + text +
                          "', expected an element of integers or floats, zero= or nothing, or a "
                          "table<b>, table= or pick= or nothing, scale= of one grid, and factor= "
                          "and offset= of one grid or nothing");
}

/// The grid that the configuration has of a tensor, with the cells that this has, and no numbers.
/// Errors: Unsupported.
static Expected<Grid> cellsOfTensor(std::string_view name, const CellFormat &format,
                                    const Parts &parts, const WeightOutline &outline) {
  auto orAll = [](uint64_t size, uint64_t all) { return size == 0 ? all : size; };
  return cellsOf(name, parts.shape(name), outline, orAll(format.cellRows, outline.rows),
                 orAll(format.cellColumns, outline.columns));
}

/// The cells of tables: those of a tensor that has a table for each (codes-9). Errors: Unsupported.
static Expected<Grid> cellsOfTables(const CellFormat &format, size_t codeCount, const Parts &parts,
                                    const WeightOutline &outline) {
  Shape shape = parts.shape(tableName);
  if (shape.empty() || shape.back() != codeCount)
    return unsupportedError("." + std::string(tableName) + " is " + shapeText(shape) +
                            ", expected " + std::to_string(codeCount) + " numbers a table");
  shape.pop_back();
  auto orAll = [](uint64_t size, uint64_t all) { return size == 0 ? all : size; };
  UWT_ASSIGN_OR_RETURN(Grid grid,
                       cellsOf(tableName, shape, outline, orAll(format.cellRows, outline.rows),
                               orAll(format.cellColumns, outline.columns)));
  // The numbers of tables are floats, of which these are all integers.
  constexpr uint64_t maxTables = uint64_t(1) << 24;
  uint64_t tables = std::accumulate(shape.begin(), shape.end(), uint64_t(1), std::multiplies<>());
  if (tables > maxTables)
    return unsupportedError("." + std::string(tableName) + " has " + std::to_string(tables) +
                            " tables, expected up to " + std::to_string(maxTables));
  grid.cells.resize(tables);
  std::iota(grid.cells.begin(), grid.cells.end(), 0.0f);
  return grid;
}

/// Sets the cells of `format` to those of `grid`, as cellText says them.
static void setCells(CellFormat &format, const Grid &grid, const WeightOutline &outline) {
  uint64_t rows = grid.cellRows, columns = std::min(grid.cellColumns, outline.columns);
  bool isRow = columns == outline.columns, isTensor = isRow && rows >= outline.rows;
  format.cellRows = isTensor ? 0 : static_cast<uint32_t>(rows);
  format.cellColumns = isTensor || (isRow && rows == 1) ? 0 : static_cast<uint32_t>(columns);
}

/// Errors: Unsupported, where a tensor's numbers are not of that type.
static Status expectNumber(std::string_view name, const Term &number, const Parts &parts) {
  std::string_view stored = elementText(parts.dtype(name));
  if (stored == number.str())
    return ok();
  return unsupportedError("." + std::string(name) + " is " + std::string(stored) +
                          ", and the format has " + number.str());
}

/// codes-3 to codes-5: checks a tensor of a grid, and sets the cells of `format` to those that it
/// has. Errors: Unsupported.
static Status takeGrid(std::string_view name, GridFormat &format, const Term &element,
                       const Parts &parts, const WeightOutline &outline) {
  if (format.number == element) {
    UWT_RETURN_IF_ERROR(parts.expect(name, {"U8"}));
  } else {
    UWT_RETURN_IF_ERROR(parts.expect(name, {"F32", "BF16", "F16", "F8_E8M0", "U8"}));
    UWT_RETURN_IF_ERROR(expectNumber(name, format.number, parts));
  }
  UWT_ASSIGN_OR_RETURN(Grid grid, cellsOfTensor(name, format, parts, outline));
  setCells(format, grid, outline);
  return ok();
}

static Status takeTables(Format &format, const Parts &parts, WeightOutline &outline) {
  QuantizedElement element = *QuantizedElement::find(format.element);
  if (!element.isTable)
    return ok();
  uint64_t codeCount = uint64_t(1) << element.bits;
  outline.parts.push_back(tableName);
  if (format.table) {
    UWT_RETURN_IF_ERROR(parts.expect(tableName, {"F32", "BF16", "F16"}));
    UWT_RETURN_IF_ERROR(expectNumber(tableName, format.table->number, parts));
    UWT_ASSIGN_OR_RETURN(Grid grid, cellsOfTables(*format.table, codeCount, parts, outline));
    setCells(*format.table, grid, outline);
    return ok();
  }
  if (!format.pick)
    return parts.expect(tableName, {"F32"}, {codeCount});
  uint32_t bits = *pickBits(*format.pick);
  UWT_RETURN_IF_ERROR(parts.expect(tableName, {"F32"}));
  const Shape &shape = parts.shape(tableName);
  if (shape.size() != 2 || shape[0] == 0 || shape[0] > uint64_t(1) << bits || shape[1] != codeCount)
    return unsupportedError("." + std::string(tableName) + " is " + shapeText(shape) +
                            ", expected 1 to " + std::to_string(1u << bits) + " tables of " +
                            std::to_string(codeCount) + " numbers");
  UWT_RETURN_IF_ERROR(parts.expect(pickName, {pickDtype(bits)}));
  UWT_ASSIGN_OR_RETURN(Grid grid, cellsOfTensor(pickName, *format.pick, parts, outline));
  setCells(*format.pick, grid, outline);
  outline.parts.push_back(pickName);
  return ok();
}

Expected<WeightOutline> CodesRecipe::outline(const QuantizationConfig &config, const Parts &parts,
                                             ThreadPool &) const {
  UWT_ASSIGN_OR_RETURN(Format format, formatOf(config));
  UWT_RETURN_IF_ERROR(parts.expect(codesName, {"U8"}));
  const Shape &shape = parts.shape(codesName);
  if (shape.size() != 2)
    return unsupportedError(".weight is " + shapeText(shape) + ", expected a matrix");
  WeightOutline outline{shape[0], shape[1], {}, "", {codesName, scaleName}};
  if (format.storage == Storage::KMajor)
    outline.shape = {shape[1], shape[0]};
  UWT_RETURN_IF_ERROR(takeGrid(scaleName, *format.scale, {}, parts, outline));
  // codes-4 to codes-6
  if (format.zeroGrid) {
    UWT_RETURN_IF_ERROR(takeGrid(zeroName, *format.zeroGrid, format.element, parts, outline));
    outline.parts.push_back(zeroName);
  }
  for (GridStep &step : format.steps) {
    UWT_RETURN_IF_ERROR(takeGrid(step.role.tensor, step.format, {}, parts, outline));
    outline.parts.push_back(step.role.tensor);
  }
  UWT_RETURN_IF_ERROR(takeTables(format, parts, outline));
  if (format.hasColumnOrder) { // codes-8
    UWT_RETURN_IF_ERROR(parts.expect(groupName, {"I32"}, {outline.columns}));
    outline.parts.push_back(groupName);
  }
  outline.format = format.str();
  return outline;
}

/// Errors: Invalid (codes-2).
static Status checkCode(uint8_t code, size_t count, const Term &element) {
  if (code < count)
    return ok();
  return invalidError("a code is " + std::to_string(code) + ", and " + element.str() +
                      " has codes up to " + std::to_string(count - 1));
}

/// The numbers of a grid. Errors: Invalid (codes that the element has not); as reading tensors.
static Expected<Grid> readGrid(std::string_view name, const GridFormat &format, const Term &element,
                               const Parts &parts, const WeightOutline &outline, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(Grid grid, cellsOfTensor(name, format, parts, outline));
  if (format.number != element) {
    UWT_ASSIGN_OR_RETURN(grid.cells, parts.floats(name, pool));
    return grid;
  }
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> codes, parts.bytes(name, pool));
  std::vector<float> values = QuantizedElement::find(element)->values();
  grid.cells.clear();
  for (uint8_t code : codes) {
    UWT_RETURN_IF_ERROR(checkCode(code, values.size(), element));
    grid.cells.push_back(values[code]);
  }
  return grid;
}

/// codes-8: of each column, the first one of its cell. Errors: Invalid (a cell that is not there);
/// as reading tensors.
static Expected<std::vector<uint32_t>> readColumnOrder(const Grid &scale, const Parts &parts,
                                                       ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> columns, parts.words(groupName, pool));
  for (uint32_t &column : columns) {
    if (column >= scale.columns)
      return invalidError("a column is of group " + std::to_string(column) + ", but there are " +
                          std::to_string(scale.columns));
    column = static_cast<uint32_t>(column * scale.cellColumns);
  }
  return columns;
}

/// codes-10: which table each cell has. Errors: Invalid (a table that is not there); as reading
/// tensors.
static Expected<Grid> readPicks(const CellFormat &format, uint64_t tables, const Parts &parts,
                                const WeightOutline &outline, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(Grid grid, cellsOfTensor(pickName, format, parts, outline));
  std::vector<uint32_t> picks;
  if (parts.dtype(pickName) == "U8") {
    UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, parts.bytes(pickName, pool));
    picks.assign(bytes.begin(), bytes.end());
  } else {
    UWT_ASSIGN_OR_RETURN(picks, parts.words(pickName, pool));
  }
  grid.cells.clear();
  for (uint32_t pick : picks) {
    if (pick >= tables)
      return invalidError("a cell is of table " + std::to_string(pick) + ", but there are " +
                          std::to_string(tables));
    grid.cells.push_back(static_cast<float>(pick));
  }
  return grid;
}

/// What codes stand for (codes-6, codes-9, codes-10).
static Status readValues(const Format &format, const Parts &parts, const WeightOutline &outline,
                         QuantizedWeight &weight, ThreadPool &pool) {
  QuantizedElement element = *QuantizedElement::find(format.element);
  if (!element.isTable) {
    weight.values = element.values();
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(weight.values, parts.floats(tableName, pool));
  weight.tables = weight.values.size() >> element.bits;
  if (format.table) {
    UWT_ASSIGN_OR_RETURN(weight.table,
                         cellsOfTables(*format.table, size_t(1) << element.bits, parts, outline));
  }
  if (format.pick) {
    UWT_ASSIGN_OR_RETURN(weight.table,
                         readPicks(*format.pick, weight.tables, parts, outline, pool));
  }
  return ok();
}

Expected<QuantizedWeight> CodesRecipe::assemble(const QuantizationConfig &config,
                                                const Parts &parts, const WeightOutline &outline,
                                                ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(Format format, formatOf(config));
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.isTransposed = format.storage == Storage::KMajor;
  UWT_RETURN_IF_ERROR(readValues(format, parts, outline, weight, pool));
  weight.factor = format.factor();
  UWT_ASSIGN_OR_RETURN(weight.codes, parts.bytes(codesName, pool));
  auto largest = std::ranges::max_element(weight.codes);
  if (largest != weight.codes.end())
    UWT_RETURN_IF_ERROR(checkCode(*largest, weight.codeCount(), format.element));
  weight.math = format.math;
  weight.zero = Grid::constant(static_cast<float>(format.zero));
  if (format.zeroGrid) {
    UWT_ASSIGN_OR_RETURN(
        weight.zero, readGrid(zeroName, *format.zeroGrid, format.element, parts, outline, pool));
  }
  UWT_ASSIGN_OR_RETURN(weight.scale, readGrid(scaleName, *format.scale, {}, parts, outline, pool));
  for (const GridStep &step : format.steps) {
    UWT_ASSIGN_OR_RETURN(Grid numbers,
                         readGrid(step.role.tensor, step.format, {}, parts, outline, pool));
    weight.steps.push_back({step.role, std::move(numbers)});
  }
  if (format.hasColumnOrder) {
    UWT_ASSIGN_OR_RETURN(weight.gridColumns, readColumnOrder(weight.scale, parts, pool));
  }
  return weight;
}

const Recipe &uwt::getCodesRecipe() {
  static const CodesRecipe recipe;
  return recipe;
}
