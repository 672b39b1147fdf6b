//===- Table.cpp - Tables for a terminal ----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Table.h"
#include "Text.h"
#include <algorithm>
#include <numeric>

using namespace uwt;

void Table::add(std::vector<std::string> cells, bool isTotal) {
  for (std::string &cell : cells)
    cell = printable(cell);
  rows.push_back({std::move(cells), isTotal});
}

size_t uwt::displayWidth(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::vector<size_t> Table::widths() const {
  std::vector<size_t> result;
  for (size_t i = 0; i < columns.size(); ++i) {
    size_t width = displayWidth(columns[i].heading);
    for (const Row &row : rows)
      if (i < row.cells.size())
        width = std::max(width, displayWidth(row.cells[i]));
    result.push_back(width);
  }
  return result;
}

std::string Table::line(const std::vector<std::string> &cells, const std::vector<size_t> &widths,
                        unsigned indent) const {
  std::string text(indent, ' ');
  for (size_t i = 0; i < columns.size(); ++i) {
    std::string cell = i < cells.size() ? cells[i] : std::string();
    std::string padding(widths[i] - displayWidth(cell), ' ');
    text += i ? "  " : "";
    text += columns[i].align == Align::Left ? cell + padding : padding + cell;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string Table::str(const Session &session, unsigned indent) const {
  std::vector<size_t> width = widths();
  std::vector<std::string> headings;
  for (const Column &column : columns)
    headings.push_back(column.heading);
  std::string text = session.bold(line(headings, width, indent)) + "\n";
  size_t rule = std::accumulate(width.begin(), width.end(), 2 * (columns.size() - 1));
  for (const Row &row : rows) {
    if (row.isTotal)
      text += std::string(indent, ' ') + std::string(rule, '-') + "\n";
    text += line(row.cells, width, indent) + "\n";
  }
  return text;
}
