//===- CommandLine.h - From words to a command ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parses the command line by the commands' tables. CLI11 does the parsing and is
// seen in CommandLine.cpp only.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMMANDLINE_COMMANDLINE_H
#define UWT_COMMANDLINE_COMMANDLINE_H

#include "uwt/CommandLine/CommandTable.h"
#include "uwt/Support/Error.h"
#include <span>

namespace uwt::command_line {

/// What the user asked for.
struct ParsedCommandLine {
  /// nullptr where only help or the version was asked for, or nothing at all.
  CommandTable *command = nullptr;
  bool wantsVersion = false, wantsHelp = false;
  /// The first word of a two-word command, given alone: "bench".
  std::string group;
};

/// Of a program with subcommands: fills the targets of the options of the command that is named,
/// and of `common`, which every command takes. What is missing is no error where `--help` is
/// given. Errors: Usage, with a suggestion for a near miss.
Expected<ParsedCommandLine> parseCommandLine(int argc, const char *const *argv,
                                             std::span<CommandTable *const> commands,
                                             const std::vector<Option> &common);

/// Of a program without subcommands: `arguments` are those after its name. Errors as above.
Status parseArguments(const std::vector<std::string> &arguments, CommandTable &program);

} // namespace uwt::command_line

#endif // UWT_COMMANDLINE_COMMANDLINE_H
