//===- HelpText.h - Help made from the tables -------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Texts that are made from the commands' tables: help on a terminal, and the
// topics that are no command.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_HELP_HELPTEXT_H
#define UWT_TOOLS_UWT_HELP_HELPTEXT_H

#include "../Command.h"
#include "uwt/CommandLine/CommandHelp.h"

namespace uwt::tool {

/// What `uwt help NAME` explains beside commands.
struct HelpTopic {
  std::string_view name, summary;
  /// The text, plain, lines of at most helpColumns.
  std::string (*text)();
};
std::span<const HelpTopic> helpTopics();

/// Exit codes of every command and what they mean.
struct ExitCode {
  int code;
  std::string_view meaning;
};
std::span<const ExitCode> exitCodes();

/// Options of `command` followed by those of every command.
std::vector<command_line::Option> allOptions(Command &command);

/// `uwt help COMMAND`.
std::string commandHelp(const Session &session, Command &command);
/// `uwt help`; with `group`, only the commands that start with that word.
std::string toolHelp(const Session &session, const CommandList &commands,
                     const std::string &group = {});
/// The reference part of docs/cli.md.
std::string markdownHelp(const CommandList &commands);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_HELP_HELPTEXT_H
