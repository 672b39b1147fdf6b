//===- QuantizedItems.cpp - Items of quantised weights as text ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FormatText.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <array>
#include <iterator>

using namespace uwt;

/// "1x128", "row" or "tensor".
static Status parseCell(CellFormat &grid, std::string_view text, const std::string &what) {
  if (text == "tensor")
    return ok();
  grid.cellRows = 1;
  if (text == "row")
    return ok();
  size_t cross = text.find('x');
  if (cross == std::string_view::npos)
    return usageError(what + ": expected cells such as 1x128, row or tensor, got " +
                      inQuotes(text));
  UWT_ASSIGN_OR_RETURN(grid.cellRows, parseUnsigned(text.substr(0, cross), what));
  UWT_ASSIGN_OR_RETURN(grid.cellColumns, parseUnsigned(text.substr(cross + 1), what));
  if (grid.cellRows == 0 || grid.cellColumns == 0)
    return usageError(what + ": cells of " + inQuotes(text) + " have no elements");
  return ok();
}

/// The items in the braces of a grid; two of them are its cells and its type.
static Expected<std::vector<std::string_view>> splitGrid(std::string_view value,
                                                         const std::string &what, size_t most) {
  std::vector<std::string_view> items;
  if (value.starts_with('{') && value.ends_with('}')) {
    UWT_ASSIGN_OR_RETURN(items, splitItems(value.substr(1, value.size() - 2)));
  }
  if (items.size() < 2 || items.size() > most)
    return usageError(what + ": expected cells and a type, such as '{1x128, f16}', got " +
                      inQuotes(value));
  return items;
}

static Status parseCells(CellFormat &cells, std::span<const std::string_view> items,
                         const std::string &what) {
  UWT_RETURN_IF_ERROR(parseCell(cells, items[0], what));
  UWT_ASSIGN_OR_RETURN(cells.number, parseTerm(items[1], what));
  return ok();
}

static Expected<GridFormat> parseGrid(std::string_view value, const std::string &what) {
  UWT_ASSIGN_OR_RETURN(std::vector<std::string_view> items, splitGrid(value, what, 3));
  GridFormat grid;
  UWT_RETURN_IF_ERROR(parseCells(grid, items, what));
  if (items.size() < 3)
    return grid;
  std::string_view key = itemKey(items[2]).value_or("");
  if (key != "scale" && key != "divide")
    return usageError(what + ": expected scale={...} or divide={...} after a grid's type, got " +
                      inQuotes(items[2]));
  grid.isDivided = key == "divide";
  UWT_ASSIGN_OR_RETURN(std::vector<std::string_view> outer,
                       splitGrid(itemValue(items[2]), what, 2));
  UWT_RETURN_IF_ERROR(parseCells(grid.outer.emplace(), outer, what));
  return grid;
}

static Status parseOptionalCells(std::optional<CellFormat> &cells, std::string_view value,
                                 const std::string &what) {
  cells = std::nullopt;
  if (value == "none")
    return ok();
  UWT_ASSIGN_OR_RETURN(std::vector<std::string_view> items, splitGrid(value, what, 2));
  return parseCells(cells.emplace(), items, what);
}

Status uwt::parseTable(Format &format, std::string_view value) {
  return parseOptionalCells(format.table, value, "table");
}

Status uwt::parsePick(Format &format, std::string_view value) {
  return parseOptionalCells(format.pick, value, "pick");
}

std::string uwt::printOptionalCells(const std::optional<CellFormat> &cells) {
  return cells ? "{" + cells->str() + "}" : "none";
}

std::string CellFormat::str() const {
  std::string cell = cellRows == 0 ? "tensor"
                     : cellColumns == 0
                         ? "row"
                         : std::to_string(cellRows) + "x" + std::to_string(cellColumns);
  return cell + ", " + number.str();
}

static uint64_t sizeOf(uint32_t each, uint64_t all) {
  return std::max<uint64_t>(each == 0 || each > all ? all : each, 1);
}

uint64_t CellFormat::rowsOf(uint64_t all) const { return sizeOf(cellRows, all); }
uint64_t CellFormat::columnsOf(uint64_t all) const { return sizeOf(cellColumns, all); }

std::string GridFormat::str() const {
  std::string text = CellFormat::str();
  if (outer)
    text += std::string(isDivided ? ", divide" : ", scale") + "={" + outer->str() + "}";
  return "{" + text + "}";
}

Status uwt::parseZero(Format &format, std::string_view value) {
  if (value.starts_with('{')) {
    UWT_ASSIGN_OR_RETURN(format.zeroGrid, parseGrid(value, "zero"));
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(format.zero, parseUnsigned(value, "zero"));
  return ok();
}

std::string uwt::printZero(const Format &format) {
  return format.zeroGrid ? format.zeroGrid->str() : std::to_string(format.zero);
}

static Status parseOptionalGrid(std::optional<GridFormat> &grid, std::string_view value,
                                const std::string &what) {
  grid = std::nullopt;
  if (value == "none")
    return ok();
  UWT_ASSIGN_OR_RETURN(grid, parseGrid(value, what));
  return ok();
}

std::string uwt::printOptionalGrid(const std::optional<GridFormat> &grid) {
  return grid ? grid->str() : "none";
}

Status uwt::parseScale(Format &format, std::string_view value) {
  return parseOptionalGrid(format.scale, value, "scale");
}

Status uwt::parseStep(Format &format, const GridRole &role, std::string_view value) {
  std::optional<GridFormat> grid;
  UWT_RETURN_IF_ERROR(parseOptionalGrid(grid, value, std::string(role.key)));
  if (grid)
    format.setStep(role, *std::move(grid));
  return ok();
}

std::string uwt::printStep(const Format &format, const GridRole &role) {
  const GridFormat *grid = format.step(role);
  return grid ? grid->str() : "none";
}

const GridFormat *Format::step(const GridRole &role) const {
  auto found = std::ranges::find(steps, role, &GridStep::role);
  return found == steps.end() ? nullptr : &found->format;
}

void Format::setStep(const GridRole &role, GridFormat grid) {
  auto place = [](const GridStep &step) {
    return std::ranges::find(allGridRoles(), step.role) - allGridRoles().begin();
  };
  std::erase_if(steps, [&](const GridStep &step) { return step.role == role; });
  GridStep step{role, std::move(grid)};
  steps.insert(std::ranges::upper_bound(steps, place(step), {}, place), std::move(step));
}

/// A fraction of one is what a factor is in all checkpoints that have one.
Status uwt::parseFactor(Format &format, std::string_view value) {
  constexpr std::string_view one = "1/";
  format.divisor = 1;
  if (value == "1")
    return ok();
  if (!value.starts_with(one))
    return usageError("factor: expected a fraction such as 1/127, got " + inQuotes(value));
  UWT_ASSIGN_OR_RETURN(format.divisor, parseUnsigned(value.substr(one.size()), "factor"));
  if (format.divisor == 0)
    return usageError("factor: " + inQuotes(value) + " divides by zero");
  return ok();
}

std::string uwt::printFactor(const Format &format) {
  return format.divisor == 1 ? "1" : "1/" + std::to_string(format.divisor);
}

static constexpr ElementType mathTypes[] = {ElementType::F32, ElementType::F16, ElementType::BF16};

Status uwt::parseMath(Format &format, std::string_view value) {
  std::array<std::string_view, std::size(mathTypes)> names;
  std::ranges::transform(mathTypes, names.begin(),
                         [](ElementType type) { return getTraits(type).name; });
  UWT_ASSIGN_OR_RETURN(uint32_t index, parseChoice(value, names, "math"));
  format.math = mathTypes[index];
  return ok();
}

std::string uwt::printMath(const Format &format) {
  return std::string(getTraits(format.math).name);
}
