//===- QuantizedPart.cpp - Parts of quantised weights ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules share-1 to share-4 of docs/quantised.md.
//
//===----------------------------------------------------------------------===//

#include "uwt/Import/QuantizedPart.h"
#include "Recipe.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Container/LocatedSlice.h"
#include "uwt/Format/BF16.h"
#include "uwt/Format/Floats.h"
#include "uwt/Format/QuantizedElement.h"
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static Status checkHasNoRefusal(const ImportedWeight &weight) {
  return weight.refusal.empty() ? ok() : unsupportedError(weight.refusal);
}

Expected<std::vector<uint64_t>> uwt::sliceShape(const ImportedWeight &weight,
                                                const TensorSlice &slice) {
  UWT_RETURN_IF_ERROR(checkHasNoRefusal(weight));
  UWT_ASSIGN_OR_RETURN(LocatedSlice located, locate(weight.shape, slice));
  return std::move(located.shape);
}

/// share-1
bool uwt::canConvertFloats(const TensorEntry &tensor) {
  std::optional<ElementType> type = elementTypeFromSafetensors(tensor.dtype->name);
  return type && canDecodeTo(*type);
}

/// Appends the bytes of a number, rounded to `type`.
static void appendNumber(ElementType type, float number, std::vector<uint8_t> &bytes) {
  uint32_t bits = type == ElementType::F32   ? std::bit_cast<uint32_t>(number)
                  : type == ElementType::F16 ? roundToF16(number)
                                             : roundToBF16(number);
  for (size_t i = 0; i < getTraits(type).bytes; ++i)
    bytes.push_back(static_cast<uint8_t>(bits >> (8 * i)));
}

Expected<TensorBytes> uwt::readFloatsAs(const Container &file, const TensorEntry &tensor,
                                        ElementType type, const TensorSlice &slice,
                                        ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(TensorReader reader, file.reader(tensor));
  UWT_ASSIGN_OR_RETURN(TensorBytes part, reader.readSlice(slice, pool));
  const SafetensorsDtype *dtype = findSafetensorsDtype(getTraits(type).safetensorsName);
  if (part.dtype == dtype)
    return part;
  TensorBytes values{dtype, part.shape, {}};
  for (float number : floatsOf(elementText(part.dtype->name), part.bytes))
    appendNumber(type, number, values.bytes);
  return values;
}

Expected<TensorBytes> uwt::readValues(const ImportedWeight &weight, ElementType type,
                                      const TensorSlice &slice, ThreadPool &pool) {
  // Before anything is read.
  UWT_RETURN_IF_ERROR(sliceShape(weight, slice));
  UWT_ASSIGN_OR_RETURN(QuantizedWeight codes, weight.read(pool));
  TensorBytes values{findSafetensorsDtype(getTraits(type).safetensorsName), weight.shape,
                     codes.decode(type, pool)};
  return sliceOf(values, slice);
}

Status uwt::readValues(const ImportedWeight &weight, ElementType type, const TensorSlice &slice,
                       ThreadPool &pool, std::span<uint8_t> out) {
  UWT_ASSIGN_OR_RETURN(std::vector<uint64_t> shape, sliceShape(weight, slice));
  uint64_t bytes = getTraits(type).bytes;
  for (uint64_t size : shape)
    bytes *= size;
  if (bytes != out.size())
    return usageError("the part has " + std::to_string(bytes) + " bytes, got a buffer of " +
                      std::to_string(out.size()));
  if (shape != weight.shape) {
    UWT_ASSIGN_OR_RETURN(TensorBytes values, readValues(weight, type, slice, pool));
    std::ranges::copy(values.bytes, out.begin());
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(QuantizedWeight codes, weight.read(pool));
  codes.decode(type, out, pool);
  return ok();
}

//===----------------------------------------------------------------------===//
// Whole cells
//===----------------------------------------------------------------------===//

/// share-3: the number type of a grid that is stored by itself, as recipe `codes` has it.
static void storeByItself(GridFormat &grid) {
  constexpr std::string_view kept[] = {"f16", "bf16", "f32", "f8E8M0FNU"};
  if (!grid.isPlain() || std::ranges::count(kept, grid.number.keyword) == 0)
    grid.number = {"f32", {}};
  grid.outer = std::nullopt;
}

/// Whether all grids have the cells of the scale.
static bool hasCommonCells(const Format &format) {
  auto hasThem = [&](const CellFormat &grid) { return grid.hasCellsOf(*format.scale); };
  return (!format.zeroGrid || hasThem(*format.zeroGrid)) &&
         (!format.pick || hasThem(*format.pick)) &&
         std::ranges::all_of(format.steps, hasThem, &GridStep::format);
}

/// share-4: the composition of a weight whose parts have codes of their own. Errors: Unsupported.
static Expected<Format> formatOfParts(const ImportedWeight &weight) {
  UWT_RETURN_IF_ERROR(checkHasNoRefusal(weight));
  const std::string &text = weight.runFormat.empty() ? weight.format : weight.runFormat;
  auto refused = [&](std::string_view reason) {
    return unsupportedError("is '" + text + "', " + std::string(reason) +
                            "; it has parts as values alone");
  };
  Expected<Format> format = Format::parse(text);
  if (!format || !format->scale || format->scale->kind != CellKind::Block)
    return refused("whose groups are no cells of rows");
  if (!QuantizedElement::find(format->element))
    return refused("whose elements are not held as codes");
  if (!hasCommonCells(*format))
    return refused("whose grids have different cells");
  storeByItself(*format->scale);
  for (GridStep &step : format->steps)
    storeByItself(step.format);
  // What is written is what is read again.
  if (!isOfCodes(*format))
    return refused("which no checkpoint of codes has");
  return format;
}

namespace {

/// One dimension of a part: what it takes of `size` rows or columns in groups of `each`.
struct Cut {
  const char *dimension;
  uint64_t begin, end, size, each;

  bool isWhole(uint64_t at) const { return at % each == 0 || at == size; }
  Status check() const;

private:
  static std::string textOf(uint64_t from, uint64_t to) {
    return std::to_string(from) + ":" + std::to_string(to);
  }
};

} // namespace

/// share-2
Status Cut::check() const {
  if (isWhole(begin) && isWhole(end))
    return ok();
  auto below = [&](uint64_t at) { return isWhole(at) ? at : at / each * each; };
  auto above = [&](uint64_t at) { return isWhole(at) ? at : std::min(size, roundUp(at, each)); };
  // Both ends down, apart, and up.
  const std::pair<uint64_t, uint64_t> candidates[] = {
      {below(begin), below(end)}, {below(begin), above(end)}, {above(begin), above(end)}};
  std::vector<std::string> nearest;
  for (auto [from, to] : candidates)
    if (from < to && (nearest.empty() || nearest.back() != textOf(from, to)))
      nearest.push_back(textOf(from, to));
  std::string text;
  for (const std::string &each : nearest)
    text += (text.empty() ? "" : " and ") + each;
  return usageError(std::string(dimension) + " " + textOf(begin, end) + " cut groups of " +
                    std::to_string(each) + " " + dimension + "; the nearest that do not are " +
                    text);
}

/// Rows, which are those of codes, and columns of a part, and which matrices it is of. Errors:
/// Usage.
static Expected<TensorRange> rangeOf(const ImportedWeight &weight, const Format &format,
                                     const TensorSlice &slice) {
  UWT_ASSIGN_OR_RETURN(LocatedSlice located, locate(weight.shape, slice));
  TensorRange range = located.range;
  uint64_t rows = weight.shape[weight.shape.size() - 2], columns = weight.shape.back();
  // Cells that are all of a dimension are so in each of its parts.
  auto eachOf = [](uint64_t each, uint64_t all) { return each == 0 || each >= all ? 1 : each; };
  uint64_t cellRows = format.scale->cellRows, cellColumns = format.scale->cellColumns;
  bool isTransposed = format.storage == Storage::KMajor;
  if (isTransposed)
    std::swap(cellRows, cellColumns);
  Cut inRows = {"rows", range.rowBegin, range.rowEnd, rows, eachOf(cellRows, rows)};
  Cut inColumns = {"columns", range.columnBegin, range.columnEnd, columns,
                   eachOf(cellColumns, columns)};
  UWT_RETURN_IF_ERROR(inRows.check());
  UWT_RETURN_IF_ERROR(inColumns.check());
  if (isTransposed) {
    std::swap(range.rowBegin, range.columnBegin);
    std::swap(range.rowEnd, range.columnEnd);
  }
  return range;
}

namespace {

/// A part of the codes of matrices that lie one below the other.
class PartOfCodes {
public:
  PartOfCodes(const QuantizedWeight &weight, const TensorRange &range,
              std::span<const uint32_t> columnOrder)
      : weight(weight), range(range), columnOrder(columnOrder),
        rowsEach(weight.rows / weight.matrices), rows(range.rowEnd - range.rowBegin),
        columns(range.columnEnd - range.columnBegin) {}

  /// Takes them out of `all` where that is the part.
  std::vector<uint8_t> codes(std::vector<uint8_t> all, const QuantizedElement &element) const;
  /// The numbers of the part's cells. Errors: Usage (cells of rows of two matrices), Unsupported (a
  /// cell of the composition that has several of the grid's own).
  Expected<Grid> grid(const char *name, const Grid &grid, const CellFormat &format) const;

private:
  /// Of the part's row in one of its matrices, the row of all codes.
  uint64_t rowOf(uint64_t matrix, uint64_t row) const {
    return matrix * rowsEach + range.rowBegin + row;
  }
  /// The column of all grids that a column of the part belongs to.
  uint64_t gridColumn(uint64_t column) const {
    return weight.gridColumn(columnOrder.empty() ? range.columnBegin + column
                                                 : columnOrder[column]);
  }
  bool hasCellsOf(const Grid &grid, const Grid &part) const;

  const QuantizedWeight &weight;
  TensorRange range;
  /// The weight's columns cell by cell, empty if they lie so.
  std::span<const uint32_t> columnOrder;
  uint64_t rowsEach, rows, columns;
};

} // namespace

std::vector<uint8_t> PartOfCodes::codes(std::vector<uint8_t> all,
                                        const QuantizedElement &element) const {
  uint64_t count = (range.matrixEnd - range.matrixBegin) * rows * columns;
  std::vector<uint8_t> codes;
  if (count == all.size()) {
    codes = std::move(all);
  } else {
    codes.reserve(count);
    for (uint64_t matrix = range.matrixBegin; matrix < range.matrixEnd; ++matrix)
      for (uint64_t row = 0; row < rows; ++row) {
        const uint8_t *begin = all.data() + rowOf(matrix, row) * weight.columns;
        codes.insert(codes.end(), begin + range.columnBegin, begin + range.columnEnd);
      }
  }
  // codes-2
  auto mask = static_cast<uint8_t>((1u << element.bits) - 1);
  for (uint8_t &code : codes)
    code &= mask;
  return codes;
}

/// Returns whether each cell of the part is in one cell of the weight's grid, which says as much as
/// the composition's text then.
bool PartOfCodes::hasCellsOf(const Grid &grid, const Grid &part) const {
  uint64_t largest = 0;
  for (uint64_t column = 0; column < columns; ++column) {
    uint64_t first = column / part.cellColumns * part.cellColumns;
    uint64_t cell = grid.cellOf(0, gridColumn(column));
    if (cell != grid.cellOf(0, gridColumn(first)))
      return false;
    largest = std::max(largest, cell);
  }
  for (uint64_t matrix = range.matrixBegin; matrix < range.matrixEnd; ++matrix)
    for (uint64_t row = 0; row < rows; row += part.cellRows) {
      uint64_t last = rowOf(matrix, std::min(row + part.cellRows, rows) - 1);
      if (grid.cellOf(rowOf(matrix, row), 0) != grid.cellOf(last, 0) ||
          grid.cellOf(last, 0) + largest >= grid.cells.size())
        return false;
    }
  return true;
}

Expected<Grid> PartOfCodes::grid(const char *name, const Grid &grid,
                                 const CellFormat &format) const {
  Grid part = {format.rowsOf(rows), format.columnsOf(columns), 0, {}};
  if (range.matrixEnd - range.matrixBegin > 1 && rows % part.cellRows != 0)
    return usageError("has matrices of " + std::to_string(rows) + " rows, which are no groups of " +
                      std::to_string(part.cellRows) + ": read one at a time (an expert)");
  if (!hasCellsOf(grid, part))
    return unsupportedError("has " + std::string(name) + " of other cells than {" + format.str() +
                            "}; it has parts as values alone");
  part.columns = divideUp(columns, part.cellColumns);
  std::vector<uint64_t> cells;
  for (uint64_t column = 0; column < columns; column += part.cellColumns)
    cells.push_back(grid.cellOf(0, gridColumn(column)));
  for (uint64_t matrix = range.matrixBegin; matrix < range.matrixEnd; ++matrix)
    for (uint64_t row = 0; row < rows; row += part.cellRows)
      grid.appendRow(rowOf(matrix, row), cells, part.cells);
  return part;
}

/// Leaves a weight the tables that its cells have, in the order in which they first do.
static void keepUsedTables(QuantizedWeight &weight) {
  std::vector<std::optional<float>> numbers(weight.tables);
  std::vector<float> values;
  uint64_t tables = 0;
  for (float &cell : weight.table.cells) {
    std::optional<float> &number = numbers[static_cast<size_t>(cell)];
    if (!number) {
      number = static_cast<float>(tables++);
      std::ranges::copy(weight.valuesOf(cell), std::back_inserter(values));
    }
    cell = *number;
  }
  if (tables == 0)
    return;
  weight.values = std::move(values);
  weight.tables = tables;
}

//===----------------------------------------------------------------------===//
// Numbers of grids
//===----------------------------------------------------------------------===//

static uint32_t wordOfF32(float value) { return std::bit_cast<uint32_t>(value); }

/// The code of f8E8M0FNU that is a power of two.
static uint8_t exponentOf(float value) {
  constexpr uint8_t notANumber = 255;
  return std::isnan(value) ? notANumber : static_cast<uint8_t>(wordOfF32(value) >> 23);
}

static bool isSameNumber(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

namespace {

/// A type that numbers of a grid are stored as, and the number that is stored of another.
struct StoredType {
  std::string_view dtype;
  uint32_t bytes;
  uint32_t (*bits)(float);
  float (*nearest)(float);
};

} // namespace

static StoredType storedTypeOf(const Term &number) {
  if (number.keyword == "f32")
    return {"F32", 4, wordOfF32, [](float value) { return value; }};
  if (number.keyword == "f16")
    return {"F16", 2, [](float value) -> uint32_t { return roundToF16(value); },
            [](float value) { return roundedTo(ElementType::F16, value); }};
  if (number.keyword == "bf16")
    return {"BF16", 2, [](float value) -> uint32_t { return roundToBF16(value); },
            [](float value) { return roundedTo(ElementType::BF16, value); }};
  if (number.keyword == "f8E8M0FNU")
    return {"U8", 1, [](float value) -> uint32_t { return exponentOf(value); },
            [](float value) { return std::ldexp(1.0F, exponentOf(value) - 127); }};
  // Numbers of tables that are no element's codes: those of 16 bits.
  return {"I32", 4, [](float value) { return static_cast<uint32_t>(value); },
          [](float value) { return static_cast<float>(static_cast<uint32_t>(value)); }};
}

/// The code of an element that stands for `value`, by its bits; nothing if none does.
static std::optional<uint8_t> codeOf(std::span<const float> values, float value) {
  auto found = std::ranges::find_if(values, [&](float each) { return isSameNumber(each, value); });
  if (found == values.end())
    return std::nullopt;
  return static_cast<uint8_t>(found - values.begin());
}

/// The shortest text that is that number.
static std::string numberText(float number) {
  std::array<char, 32> text;
  auto [end, error] = std::to_chars(text.begin(), text.end(), number);
  return {text.begin(), end};
}

/// Verifies that a type has all numbers of a grid. Errors: Unsupported.
static Status checkNumbers(const char *name, const Grid &grid, const Term &type) {
  std::optional<QuantizedElement> element = QuantizedElement::find(type);
  std::vector<float> values = element ? element->values() : std::vector<float>();
  StoredType stored = storedTypeOf(type);
  auto isOne = [&](float number) {
    if (element)
      return codeOf(values, number).has_value();
    return std::isnan(number) || isSameNumber(stored.nearest(number), number);
  };
  auto other = std::ranges::find_if_not(grid.cells, isOne);
  if (other == grid.cells.end())
    return ok();
  auto cell = static_cast<uint64_t>(other - grid.cells.begin());
  return unsupportedError("has " + std::string(name) + " of " + type.str() + ", and that of cell " +
                          std::to_string(cell / grid.columns) + ", " +
                          std::to_string(cell % grid.columns) + " is " + numberText(*other) +
                          ", which is no such number; it has parts as values alone");
}

static Status checkNumbers(const QuantizedPart &part) {
  const Format &format = part.format;
  UWT_RETURN_IF_ERROR(checkNumbers("scales", part.weight.scale, format.scale->number));
  if (format.zeroGrid)
    UWT_RETURN_IF_ERROR(checkNumbers("zero points", part.weight.zero, format.zeroGrid->number));
  for (size_t i = 0; i < format.steps.size(); ++i) {
    const GridStep &step = format.steps[i];
    UWT_RETURN_IF_ERROR(checkNumbers(std::string(step.role.key).c_str(),
                                     part.weight.steps[i].numbers, step.format.number));
  }
  return format.pick ? checkNumbers("tables", part.weight.table, format.pick->number) : ok();
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// Returns whether the codes that a weight has stand for the element's numbers, in its lower bits.
static bool hasNumbersOf(const QuantizedWeight &weight, const QuantizedElement &element) {
  size_t count = size_t(1) << element.bits;
  if (element.isTable)
    return weight.codeCount() == count;
  std::vector<float> numbers = element.values();
  std::array<bool, 256> isUsed{};
  for (uint8_t code : weight.codes)
    isUsed[code] = true;
  for (size_t code = 0; code < isUsed.size(); ++code)
    if (isUsed[code] &&
        (code >= weight.values.size() || !isSameNumber(weight.values[code], numbers[code % count])))
      return false;
  return true;
}

/// share-4: verifies that a weight is what its composition says, but for grids. Errors:
/// Unsupported.
static Status checkIsOf(const Format &format, const QuantizedWeight &weight) {
  auto refused = [&](const char *what) {
    return unsupportedError("has " + std::string(what) + " than '" + format.str() +
                            "' says; it has parts as values alone");
  };
  if (!hasNumbersOf(weight, *QuantizedElement::find(format.element)))
    return refused("codes of other numbers");
  auto zero = static_cast<float>(format.zero);
  if (!format.zeroGrid &&
      !std::ranges::all_of(weight.zero.cells, [&](float each) { return isSameNumber(each, zero); }))
    return refused("other zero points");
  if (!format.pick && weight.tables != 1)
    return refused("more tables");
  if (weight.math != format.math || weight.factor != format.factor() ||
      !std::ranges::equal(weight.steps, format.steps, {}, &WeightStep::role, &GridStep::role))
    return refused("another arithmetic");
  return ok();
}

Expected<QuantizedPart> uwt::readQuantizedPart(const ImportedWeight &weight,
                                               const TensorSlice &slice, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(Format format, formatOfParts(weight));
  UWT_ASSIGN_OR_RETURN(TensorRange range, rangeOf(weight, format, slice));
  UWT_ASSIGN_OR_RETURN(QuantizedWeight whole, weight.read(pool));
  UWT_RETURN_IF_ERROR(checkIsOf(format, whole));
  QuantizedElement element = *QuantizedElement::find(format.element);
  QuantizedPart part;
  part.format = format;
  if (format.hasColumnOrder) {
    uint64_t cellColumns = format.scale->columnsOf(whole.columns);
    if (range.columnBegin != 0 || range.columnEnd != whole.columns)
      return unsupportedError("has columns in an order of their own; parts of them are values "
                              "alone");
    UWT_ASSIGN_OR_RETURN(part.columnOrder, whole.columnOrder(cellColumns));
    for (uint64_t column = 0; column < whole.columns; ++column)
      part.weight.gridColumns.push_back(
          static_cast<uint32_t>(whole.scale.cellOf(0, whole.gridColumn(column)) * cellColumns));
  }
  PartOfCodes cut(whole, range, part.columnOrder);
  part.weight.matrices = range.matrixEnd - range.matrixBegin;
  part.weight.isTransposed = whole.isTransposed;
  part.weight.rows = part.weight.matrices * (range.rowEnd - range.rowBegin);
  part.weight.columns = range.columnEnd - range.columnBegin;
  part.weight.values = element.isTable ? whole.values : element.values();
  if (format.pick) {
    part.weight.tables = whole.tables;
    UWT_ASSIGN_OR_RETURN(part.weight.table, cut.grid("tables", whole.table, *format.pick));
    keepUsedTables(part.weight);
  }
  part.weight.math = whole.math;
  part.weight.factor = format.factor();
  part.weight.zero = Grid::constant(static_cast<float>(format.zero));
  if (format.zeroGrid) {
    UWT_ASSIGN_OR_RETURN(part.weight.zero, cut.grid("zero points", whole.zero, *format.zeroGrid));
  }
  UWT_ASSIGN_OR_RETURN(part.weight.scale, cut.grid("scales", whole.scale, *format.scale));
  for (size_t i = 0; i < format.steps.size(); ++i) {
    const GridRole &role = format.steps[i].role;
    UWT_ASSIGN_OR_RETURN(Grid numbers, cut.grid(std::string(role.key).c_str(),
                                                whole.steps[i].numbers, format.steps[i].format));
    part.weight.steps.push_back({role, std::move(numbers)});
  }
  part.weight.codes = cut.codes(std::move(whole.codes), element);
  UWT_RETURN_IF_ERROR(checkNumbers(part));
  return part;
}

//===----------------------------------------------------------------------===//
// As tensors
//===----------------------------------------------------------------------===//

/// The lower `bytes` bytes of a number, little-endian.
static void appendNumber(uint32_t number, uint32_t bytes, std::vector<uint8_t> &to) {
  for (uint32_t byte = 0; byte < bytes; ++byte)
    to.push_back(static_cast<uint8_t>(number >> (8 * byte)));
}

static TensorBytes tensorOf(const Grid &grid, const Term &number, uint64_t rows) {
  TensorBytes tensor{nullptr, {divideUp(rows, grid.cellRows), grid.columns}, {}};
  // Zero points, of the element's own type, and numbers of tables.
  if (std::optional<QuantizedElement> element = QuantizedElement::find(number)) {
    tensor.dtype = findSafetensorsDtype("U8");
    std::vector<float> values = element->values();
    for (float value : grid.cells)
      tensor.bytes.push_back(*codeOf(values, value)); // checkNumbers
    return tensor;
  }
  StoredType type = storedTypeOf(number);
  tensor.dtype = findSafetensorsDtype(type.dtype);
  for (float value : grid.cells)
    appendNumber(type.bits(value), type.bytes, tensor.bytes);
  return tensor;
}

std::vector<std::pair<std::string, TensorBytes>> QuantizedPart::tensors() const {
  std::vector<std::pair<std::string, TensorBytes>> tensors;
  TensorBytes codes{findSafetensorsDtype("U8"), {weight.rows, weight.columns}, weight.codes};
  tensors.emplace_back("weight", std::move(codes));
  tensors.emplace_back("weight_scale", tensorOf(weight.scale, format.scale->number, weight.rows));
  if (format.zeroGrid)
    tensors.emplace_back("weight_zero_point",
                         tensorOf(weight.zero, format.zeroGrid->number, weight.rows));
  for (size_t i = 0; i < format.steps.size(); ++i)
    tensors.emplace_back(
        std::string(format.steps[i].role.tensor),
        tensorOf(weight.steps[i].numbers, format.steps[i].format.number, weight.rows));
  if (format.pick)
    tensors.emplace_back("weight_pick", tensorOf(weight.table, format.pick->number, weight.rows));
  if (format.hasColumnOrder) {
    TensorBytes groups{findSafetensorsDtype("I32"), {weight.columns}, {}};
    for (uint32_t column : weight.gridColumns)
      appendNumber(static_cast<uint32_t>(weight.scale.cellOf(0, column)), sizeof(uint32_t),
                   groups.bytes);
    tensors.emplace_back("weight_g_idx", std::move(groups));
  }
  if (QuantizedElement::find(format.element)->isTable) {
    Grid numbers = {1, 1, weight.codeCount(), weight.values};
    TensorBytes table = tensorOf(numbers, {"f32", {}}, weight.tables);
    if (!format.pick)
      table.shape = {weight.codeCount()};
    tensors.emplace_back("weight_table", std::move(table));
  }
  return tensors;
}
