//===- Table.cpp - Tables for a terminal ----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Table.h"
#include "Names.h"
#include "Text.h"
#include <algorithm>
#include <numeric>

using namespace uwt;
using namespace uwt::tool;

static constexpr size_t betweenColumns = 2;
/// Names are not cut to less than this where a column can be dropped instead.
static constexpr size_t leastNameWidth = 28;

void Table::add(std::vector<std::string> cells, bool isTotal) {
  for (std::string &cell : cells)
    cell = printable(cell);
  cells.resize(columns.size());
  rows.push_back({std::move(cells), isTotal});
}

//===----------------------------------------------------------------------===//
// Fitting
//===----------------------------------------------------------------------===//

using Columns = std::vector<Table::Column>;
using Rows = std::vector<Table::Row>;

static std::vector<size_t> columnWidths(const Columns &columns, const Rows &rows) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns.size(); ++i) {
    widths.push_back(displayWidth(columns[i].heading));
    for (const Table::Row &row : rows)
      widths[i] = std::max(widths[i], displayWidth(row.cells[i]));
  }
  return widths;
}

/// Columns of the terminal that a table takes.
static size_t widthOf(const std::vector<size_t> &widths) {
  size_t gaps = betweenColumns * (widths.empty() ? 0 : widths.size() - 1);
  return std::accumulate(widths.begin(), widths.end(), gaps);
}

static void eraseColumn(Columns &columns, Rows &rows, size_t index) {
  auto at = static_cast<std::ptrdiff_t>(index);
  columns.erase(columns.begin() + at);
  for (Table::Row &row : rows)
    row.cells.erase(row.cells.begin() + at);
}

/// Drops columns that say nothing.
static void dropEmpty(Columns &columns, Rows &rows) {
  for (size_t i = columns.size(); i-- > 0;)
    if (columns[i].drop && !rows.empty() &&
        std::ranges::all_of(rows, [&](const Table::Row &row) { return row.cells[i].empty(); }))
      eraseColumn(columns, rows, i);
}

static size_t nameColumn(const Columns &columns) {
  return static_cast<size_t>(std::ranges::find(columns, true, &Table::Column::isName) -
                             columns.begin());
}

/// The column to drop next, or how many there are.
static size_t nextDropped(const Columns &columns) {
  size_t next = columns.size();
  for (size_t i = 0; i < columns.size(); ++i)
    if (columns[i].drop && (next == columns.size() || columns[i].drop < columns[next].drop))
      next = i;
  return next;
}

/// Columns that the heading of names and the words beside sums need.
static size_t leastWidthOfNames(const Columns &columns, const Rows &rows, size_t column) {
  size_t width = displayWidth(columns[column].heading);
  for (const Table::Row &row : rows)
    if (row.isTotal)
      width = std::max(width, displayWidth(row.cells[column]));
  return width;
}

/// The names of rows that are no sums.
static std::vector<std::string> namesIn(const Rows &rows, size_t column) {
  std::vector<std::string> names;
  for (const Table::Row &row : rows)
    if (!row.isTotal)
      names.push_back(row.cells[column]);
  return names;
}

static void setNames(Rows &rows, size_t column, const std::vector<std::string> &names) {
  size_t next = 0;
  for (Table::Row &row : rows)
    if (!row.isTotal)
      row.cells[column] = names[next++];
}

static bool isFitting(const Columns &columns, const Rows &rows, size_t width) {
  return widthOf(columnWidths(columns, rows)) <= width;
}

/// Cuts the names of `rows` so that the table has `width` columns; false where that would make
/// two of them equal, or too short while another column can be dropped.
static bool cutNames(const Columns &columns, Rows &rows, const std::vector<std::string> &names,
                     size_t width) {
  size_t name = nameColumn(columns);
  std::vector<size_t> widths = columnWidths(columns, rows);
  size_t others = widthOf(widths) - widths[name];
  size_t room = width - std::min(width, others);
  size_t least = leastWidthOfNames(columns, rows, name);
  if (nextDropped(columns) < columns.size())
    least = std::max(least, leastNameWidth);
  if (room < least)
    return false;
  auto cut = fitNames(names, room);
  if (cut)
    setNames(rows, name, *cut);
  return cut.has_value();
}

Table::Layout Table::fit(size_t width) const {
  Layout layout{columns, rows, {}, {}};
  dropEmpty(layout.columns, layout.rows);
  if (isFitting(layout.columns, layout.rows, width))
    return layout;
  size_t name = nameColumn(columns);
  bool hasNames = name < columns.size();
  std::vector<std::string> names;
  if (hasNames) {
    names = namesIn(rows, name);
    layout.prefix = commonPrefix(names);
    for (std::string &each : names)
      each.erase(0, layout.prefix.size());
    setNames(layout.rows, name, names);
  }
  while (!isFitting(layout.columns, layout.rows, width)) {
    if (hasNames && cutNames(layout.columns, layout.rows, names, width))
      return layout;
    size_t next = nextDropped(layout.columns);
    if (next == layout.columns.size()) {
      layout.namesAbove = std::move(names);
      break;
    }
    eraseColumn(layout.columns, layout.rows, next);
  }
  if (!layout.namesAbove.empty())
    eraseColumn(layout.columns, layout.rows, nameColumn(layout.columns));
  return layout;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

static std::string tableLine(const Columns &columns, const std::vector<std::string> &cells,
                             const std::vector<size_t> &widths, unsigned indent) {
  std::string text(indent, ' ');
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string padding(widths[i] - displayWidth(cells[i]), ' ');
    text += i ? std::string(betweenColumns, ' ') : "";
    text += columns[i].align == Table::Align::Left ? cells[i] + padding : padding + cells[i];
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string Table::text(const Layout &layout, const Session *session, unsigned indent) const {
  std::vector<size_t> widths = columnWidths(layout.columns, layout.rows);
  std::vector<std::string> headings;
  for (const Column &column : layout.columns)
    headings.push_back(column.heading);
  std::string margin(indent, ' '), text;
  if (!layout.prefix.empty())
    text += margin + "all names begin with " + layout.prefix + "\n";
  std::string heading = tableLine(layout.columns, headings, widths, indent);
  text += (session ? session->bold(heading) : heading) + "\n";
  size_t next = 0;
  for (const Row &row : layout.rows) {
    if (row.isTotal)
      text += margin + std::string(widthOf(widths), '-') + "\n";
    else if (!layout.namesAbove.empty())
      text += margin + layout.namesAbove[next++] + "\n";
    text += tableLine(layout.columns, row.cells, widths, indent) + "\n";
  }
  return text;
}

std::string Table::str(const Session &session, unsigned indent) const {
  size_t width = session.outputColumns();
  return text(fit(width - std::min<size_t>(width, indent)), &session, indent);
}

std::string Table::str(size_t width, unsigned indent) const {
  return text(fit(width - std::min<size_t>(width, indent)), nullptr, indent);
}
