//===- Table.h - Tables for a terminal --------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Columns of text: words to the left, numbers to the right.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_TABLE_H
#define UWT_TOOLS_UWT_TABLE_H

#include "Session.h"
#include <string>
#include <vector>

namespace uwt {

class Table {
public:
  enum class Align { Left, Right };
  struct Column {
    std::string heading;
    Align align = Align::Right;
  };

  explicit Table(std::vector<Column> columns) : columns(std::move(columns)) {}

  /// Adds a row; cells that are left out are empty. Control characters become '?'.
  void add(std::vector<std::string> cells, bool isTotal = false);
  /// Adds a row below a line: a sum.
  void addTotal(std::vector<std::string> cells) { add(std::move(cells), true); }
  bool empty() const { return rows.empty(); }

  /// The table with headings; two spaces between columns, `indent` in front.
  std::string str(const Session &session, unsigned indent = 0) const;

private:
  struct Row {
    std::vector<std::string> cells;
    bool isTotal;
  };
  std::vector<size_t> widths() const;
  std::string line(const std::vector<std::string> &cells, const std::vector<size_t> &widths,
                   unsigned indent) const;

  std::vector<Column> columns;
  std::vector<Row> rows;
};

/// Columns that `text` (UTF-8) takes on a terminal, a character each.
size_t displayWidth(std::string_view text);

} // namespace uwt

#endif // UWT_TOOLS_UWT_TABLE_H
