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

static constexpr std::pair<std::string_view, CellKind> lists[] = {{"flat", CellKind::Flat},
                                                                  {"stride", CellKind::Stride}};

/// "1x128", "row", "column", "tensor", "flat<64>" or "stride<768>".
static Status parseCell(CellFormat &grid, std::string_view text, const std::string &what) {
  if (text == "tensor")
    return ok();
  if (text == "column") {
    grid.cellColumns = 1;
    return ok();
  }
  grid.cellRows = 1;
  if (text == "row")
    return ok();
  for (auto [keyword, kind] : lists) {
    if (!text.starts_with(keyword))
      continue;
    UWT_ASSIGN_OR_RETURN(Term term, parseTerm(text, what));
    if (term.keyword != keyword || term.parameters.size() != 1 || term.parameters[0] == 0)
      return usageError(what + ": expected cells such as " + std::string(keyword) + "<64>, got " +
                        inQuotes(text));
    grid.kind = kind;
    grid.cellColumns = term.parameters[0];
    return ok();
  }
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

/// The grid inside of a grid that has this key; null of other keys.
static Recursive<GridFormat> *gridInside(GridFormat &grid, std::string_view key) {
  if (key == "zero")
    return &grid.zero;
  if (key == "offset")
    return &grid.offset;
  return key == "scale" || key == "divide" ? &grid.outer : nullptr;
}

/// Grids nest as far as splitItems lets them.
static Expected<GridFormat> parseGrid(std::string_view value, const std::string &what) {
  constexpr size_t maxItems = 5;
  UWT_ASSIGN_OR_RETURN(std::vector<std::string_view> items, splitGrid(value, what, maxItems));
  GridFormat grid;
  UWT_RETURN_IF_ERROR(parseCells(grid, items, what));
  for (std::string_view item : std::span(items).subspan(2)) {
    std::string_view key = itemKey(item).value_or("");
    Recursive<GridFormat> *inside = gridInside(grid, key);
    if (!inside)
      return usageError(what +
                        ": expected zero={...}, scale={...}, divide={...} or offset={...} "
                        "after a grid's type, got " +
                        inQuotes(item));
    if (*inside)
      return usageError(what + ": a grid has " +
                        (inside == &grid.outer ? "scale= or divide=" : std::string(key) + "=") +
                        " twice, in " + inQuotes(value));
    UWT_ASSIGN_OR_RETURN(*inside, parseGrid(itemValue(item), what));
    grid.isDivided |= key == "divide";
  }
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

static std::string cellsText(const CellFormat &cells) {
  for (auto [keyword, kind] : lists)
    if (cells.kind == kind)
      return Term{std::string(keyword), {cells.cellColumns}}.str();
  if (cells.cellRows == 0)
    return cells.cellColumns == 0 ? "tensor" : "column";
  if (cells.cellColumns == 0)
    return "row";
  return std::to_string(cells.cellRows) + "x" + std::to_string(cells.cellColumns);
}

std::string CellFormat::str() const { return cellsText(*this) + ", " + number.str(); }

static uint64_t sizeOf(uint32_t each, uint64_t all) {
  return std::max<uint64_t>(each == 0 || each > all ? all : each, 1);
}

uint64_t CellFormat::rowsOf(uint64_t all) const { return sizeOf(cellRows, all); }
uint64_t CellFormat::columnsOf(uint64_t all) const { return sizeOf(cellColumns, all); }

std::string GridFormat::str() const {
  std::string text = CellFormat::str();
  auto add = [&](std::string_view key, const Recursive<GridFormat> &inside) {
    if (inside)
      text.append(", ").append(key).append("=").append(inside->str());
  };
  add("zero", zero);
  add(isDivided ? "divide" : "scale", outer);
  add("offset", offset);
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
