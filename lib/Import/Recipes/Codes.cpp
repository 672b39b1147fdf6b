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

/// Whether tensors have numbers of that type as they are; else they have codes.
static bool isTensorType(const Term &number) {
  constexpr std::string_view types[] = {"f16", "bf16", "f32", "f8E8M0FNU"};
  return number.parameters.empty() && std::ranges::count(types, number.keyword) != 0;
}

static bool isReadable(const CellFormat &cells) {
  std::optional<QuantizedElement> element = QuantizedElement::find(cells.number);
  return cells.kind == CellKind::Block &&
         (isTensorType(cells.number) || (element && !element->isTable));
}

/// Whether the configuration may have a grid (codes-3, codes-11).
static bool isReadableGrid(const GridFormat &grid) {
  auto isReadableInside = [](const Recursive<GridFormat> &inside) {
    return !inside || isReadableGrid(*inside);
  };
  return isReadable(grid) && isReadableInside(grid.zero) && isReadableInside(grid.outer) &&
         isReadableInside(grid.offset);
}

/// Zero points are codes of the element, or what is no code (codes-4).
static bool isReadableZero(const GridFormat &zero, const Term &element) {
  return isReadableGrid(zero) &&
         (!zero.isPlain() || zero.number == element || isTensorType(zero.number));
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
  if (format.table)
    return isReadable(*format.table) && isTensorType(format.table->number);
  return format.pick->kind == CellKind::Block && pickBits(*format.pick);
}

bool uwt::isOfCodes(const Format &format) {
  std::optional<QuantizedElement> element = QuantizedElement::find(format.element);
  if (!element || !format.scale || !isReadableGrid(*format.scale) ||
      !hasPlainTables(format, *element))
    return false;
  bool hasOwnZeros = element->isTable || !element->numbers.empty();
  if (hasOwnZeros && (format.zeroGrid || format.zero != 0))
    return false;
  if (format.zeroGrid && !isReadableZero(*format.zeroGrid, format.element))
    return false;
  if (!std::ranges::all_of(format.steps, isReadableGrid, &GridStep::format))
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
  if (isOfCodes(*format))
    return format;
  return unsupportedError("quantization_config has the format '" + text +
                          "', expected an element of integers or floats, zero= or nothing, or a "
                          "table<b>, table= or pick= or nothing, scale=, and factor= and offset= "
                          "or nothing, with cells of rows and columns");
}

/// The grid that the configuration has of a tensor, with the cells that this has, and no numbers.
/// Errors: Unsupported.
static Expected<Grid> cellsOfTensor(std::string_view name, const CellFormat &format,
                                    const Shape &shape, const WeightOutline &outline) {
  auto orAll = [](uint64_t size, uint64_t all) { return size == 0 ? all : size; };
  return cellsOf(name, shape, outline, orAll(format.cellRows, outline.rows),
                 orAll(format.cellColumns, outline.columns));
}

static Expected<Grid> cellsOfTensor(std::string_view name, const CellFormat &format,
                                    const Parts &parts, const WeightOutline &outline) {
  return cellsOfTensor(name, format, parts.shape(name), outline);
}

/// The cells of tables: those of a tensor that has a table for each (codes-9). Errors: Unsupported.
static Expected<Grid> cellsOfTables(const CellFormat &format, size_t codeCount, const Parts &parts,
                                    const WeightOutline &outline) {
  Shape shape = parts.shape(tableName);
  if (shape.empty() || shape.back() != codeCount)
    return unsupportedError("." + std::string(tableName) + " is " + shapeText(shape) +
                            ", expected " + std::to_string(codeCount) + " numbers a table");
  shape.pop_back();
  UWT_ASSIGN_OR_RETURN(Grid grid, cellsOfTensor(tableName, format, shape, outline));
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

namespace {
/// A grid inside of one: what its tensor's name has behind that of the other, and what it does.
struct InnerGrid {
  std::string_view suffix;
  Recursive<GridFormat> GridFormat::*format;
  float (*apply)(float number, float inner, bool isDivided);
};
} // namespace

/// In the order in which they do it (codes-11).
static constexpr InnerGrid innerGrids[] = {
    {"_zero_point", &GridFormat::zero, [](float a, float b, bool) { return a - b; }},
    {"_scale", &GridFormat::outer,
     [](float a, float b, bool isDivided) { return isDivided ? a / b : a * b; }},
    {"_offset", &GridFormat::offset, [](float a, float b, bool) { return a + b; }},
};

/// Whether each cell of a grid is in one cell of another.
static bool areParts(const Grid &cells, const Grid &of, const WeightOutline &outline) {
  auto arePartsOf = [](uint64_t each, uint64_t other, uint64_t all) {
    return other >= all || other % each == 0;
  };
  return arePartsOf(cells.cellRows, of.cellRows, outline.rows) &&
         arePartsOf(cells.cellColumns, of.cellColumns, outline.columns);
}

/// codes-3 to codes-5, codes-11: checks the tensors of a grid, and sets the cells of `format` to
/// those that they have. The cells are given, without numbers. Errors: Unsupported.
static Expected<Grid> takeGrid(const std::string &name, GridFormat &format, const Parts &parts,
                               WeightOutline &outline) {
  if (isTensorType(format.number)) {
    UWT_RETURN_IF_ERROR(parts.expect(name, {"F32", "BF16", "F16", "F8_E8M0", "U8"}));
    UWT_RETURN_IF_ERROR(expectNumber(name, format.number, parts));
  } else {
    UWT_RETURN_IF_ERROR(parts.expect(name, {"U8"}));
  }
  UWT_ASSIGN_OR_RETURN(Grid grid, cellsOfTensor(name, format, parts, outline));
  setCells(format, grid, outline);
  // The tensor's name lives as long as the outline.
  const std::string &whole = parts.at(name).entry->name;
  outline.parts.push_back(std::string_view(whole).substr(whole.rfind('.') + 1));
  for (const InnerGrid &inner : innerGrids) {
    Recursive<GridFormat> &inside = format.*inner.format;
    if (!inside)
      continue;
    std::string innerName = name + std::string(inner.suffix);
    UWT_ASSIGN_OR_RETURN(Grid cells, takeGrid(innerName, *inside, parts, outline));
    if (!areParts(grid, cells, outline))
      return unsupportedError("." + innerName + " has cells that are no whole ones of ." + name);
  }
  return grid;
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
  WeightOutline outline{shape[0], shape[1], {}, "", {codesName}};
  if (format.storage == Storage::KMajor)
    outline.shape = {shape[1], shape[0]};
  auto take = [&](std::string_view name, GridFormat &grid) -> Status {
    UWT_RETURN_IF_ERROR(takeGrid(std::string(name), grid, parts, outline));
    return ok();
  };
  UWT_RETURN_IF_ERROR(take(scaleName, *format.scale));
  // codes-4 to codes-6
  if (format.zeroGrid)
    UWT_RETURN_IF_ERROR(take(zeroName, *format.zeroGrid));
  for (GridStep &step : format.steps)
    UWT_RETURN_IF_ERROR(take(step.role.tensor, step.format));
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

/// The numbers of a tensor of a grid. Errors: Invalid (codes that their type has not); as reading
/// tensors.
static Expected<Grid> readNumbers(std::string_view name, const CellFormat &format,
                                  const Parts &parts, const WeightOutline &outline,
                                  ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(Grid grid, cellsOfTensor(name, format, parts, outline));
  if (isTensorType(format.number)) {
    UWT_ASSIGN_OR_RETURN(grid.cells, parts.floats(name, pool));
    return grid;
  }
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> codes, parts.bytes(name, pool));
  std::vector<float> values = QuantizedElement::find(format.number)->values();
  grid.cells.clear();
  for (uint8_t code : codes) {
    UWT_RETURN_IF_ERROR(checkCode(code, values.size(), format.number));
    grid.cells.push_back(values[code]);
  }
  return grid;
}

namespace {
/// What the numbers of a grid come to, and what they are products or quotients of, if of anything.
struct ReadGrid {
  Grid numbers;
  std::optional<GridParts> parts;
};
} // namespace

/// codes-11. Errors: as readNumbers.
static Expected<ReadGrid> readGrid(const std::string &name, const GridFormat &format,
                                   const Parts &parts, const WeightOutline &outline,
                                   ThreadPool &pool) {
  ReadGrid grid;
  UWT_ASSIGN_OR_RETURN(grid.numbers, readNumbers(name, format, parts, outline, pool));
  for (const InnerGrid &inner : innerGrids) {
    const Recursive<GridFormat> &inside = format.*inner.format;
    if (!inside)
      continue;
    std::string innerName = name + std::string(inner.suffix);
    UWT_ASSIGN_OR_RETURN(ReadGrid other, readGrid(innerName, *inside, parts, outline, pool));
    if (&inside == &format.outer && !format.zero && !format.offset)
      grid.parts = {grid.numbers, other.numbers, format.isDivided};
    grid.numbers.combine(other.numbers, [&](float number, float by) {
      return inner.apply(number, by, format.isDivided);
    });
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
      return outsideError("a column", "group", column, scale.columns);
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
      return outsideError("a cell", "table", pick, tables);
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
  auto read = [&](std::string_view name, const GridFormat &grid) {
    return readGrid(std::string(name), grid, parts, outline, pool);
  };
  if (format.zeroGrid) {
    UWT_ASSIGN_OR_RETURN(ReadGrid zero, read(zeroName, *format.zeroGrid));
    weight.zero = std::move(zero.numbers);
  }
  UWT_ASSIGN_OR_RETURN(ReadGrid scale, read(scaleName, *format.scale));
  weight.scale = std::move(scale.numbers);
  weight.scaleParts = std::move(scale.parts);
  for (const GridStep &step : format.steps) {
    UWT_ASSIGN_OR_RETURN(ReadGrid own, read(step.role.tensor, step.format));
    weight.steps.push_back({step.role, std::move(own.numbers), std::move(own.parts)});
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
