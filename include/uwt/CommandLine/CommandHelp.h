//===- CommandHelp.h - Help made from the tables ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMMANDLINE_COMMANDHELP_H
#define UWT_COMMANDLINE_COMMANDHELP_H

#include "uwt/CommandLine/CommandTable.h"
#include <functional>
#include <utility>

namespace uwt::command_line {

/// Columns of help, README and man page.
inline constexpr size_t helpColumns = 92;

/// "uwt compress IN [-o OUT] [--format FORMAT] ...".
std::string usageLine(const CommandTable &command, const std::vector<Option> &options);
/// "-o, --output FILE", as help writes it.
std::string optionHeading(const Option &option);

/// Rows "heading   text" whose texts start in one column.
std::string definitions(const std::vector<std::pair<std::string, std::string>> &rows);

/// How a heading is written on a terminal: in bold, or as it is.
using HeadingStyle = std::function<std::string(std::string_view)>;

/// What help prints of a command. `common`: the options that every command of the program takes.
std::string commandHelp(CommandTable &command, const std::vector<Option> &common,
                        const HeadingStyle &heading);

/// A command's part of a reference in Markdown, below a heading of level 3.
std::string commandMarkdown(CommandTable &command);
/// A table of options in Markdown.
std::string optionsMarkdown(const std::vector<Option> &options);

} // namespace uwt::command_line

#endif // UWT_COMMANDLINE_COMMANDHELP_H
