//===- Table.h - Tables for a terminal --------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Columns of text: words to the left, numbers to the right. A table that is wider than the
// terminal first says what its names have in common once, then cuts the middle of names, and
// drops columns before two names would look the same.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_TEXT_TABLE_H
#define UWT_TOOLS_UWT_TEXT_TABLE_H

#include "../Session.h"
#include <string>
#include <vector>

namespace uwt::tool {

class Table {
public:
  enum class Align { Left, Right };
  struct Column {
    std::string heading;
    Align align = Align::Right;
    /// In which order columns are dropped where the table is too wide: 1 first, 0 never. Those
    /// that may be dropped are also left out where all their cells are empty.
    unsigned drop = 0;
    /// Whether cells are names: they may be cut, but those that differ go on to do so. At most
    /// one column of a table.
    bool isName = false;
  };

  struct Row {
    std::vector<std::string> cells;
    bool isTotal;
  };

  explicit Table(std::vector<Column> columns) : columns(std::move(columns)) {}

  /// Adds a row; cells that are left out are empty. Control characters become '?'.
  void add(std::vector<std::string> cells, bool isTotal = false);
  /// Adds a row below a line: a sum.
  void addTotal(std::vector<std::string> cells) { add(std::move(cells), true); }
  bool empty() const { return rows.empty(); }

  /// The table with headings, as wide as the terminal at most; two spaces between columns,
  /// `indent` in front.
  std::string str(const Session &session, unsigned indent = 0) const;
  /// The same in at most `width` columns, without bold headings. Lines are longer only where a
  /// name would have to be cut to one that another has: it then stands on a line of its own.
  std::string str(size_t width, unsigned indent = 0) const;

private:
  /// What of the table is printed.
  struct Layout {
    std::vector<Column> columns;
    std::vector<Row> rows;
    /// What was taken away from all names.
    std::string prefix;
    /// Names in front of rows that are printed without them; empty where columns hold them.
    std::vector<std::string> namesAbove;
  };
  Layout fit(size_t width) const;
  std::string text(const Layout &layout, const Session *session, unsigned indent) const;

  std::vector<Column> columns;
  std::vector<Row> rows;
};

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_TEXT_TABLE_H
