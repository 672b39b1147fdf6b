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

#ifndef UWT_TOOLS_UWT_COMMANDLINE_H
#define UWT_TOOLS_UWT_COMMANDLINE_H

#include "Command.h"

namespace uwt {

/// What the user asked for.
struct ParsedCommandLine {
  /// nullptr where only help or the version was asked for, or nothing at all.
  Command *command = nullptr;
  bool wantsVersion = false, wantsHelp = false;
  /// The first word of a two-word command, given alone: "bench".
  std::string group;
};

/// Fills the targets of the options of the command that is named, and `common`.
/// Errors: Usage, with a suggestion for a near miss.
Expected<ParsedCommandLine> parseCommandLine(int argc, const char *const *argv,
                                             const CommandList &commands, SessionOptions &common);

} // namespace uwt

#endif // UWT_TOOLS_UWT_COMMANDLINE_H
