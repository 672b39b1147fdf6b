//===- Command.h - What a subcommand is -------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A subcommand: its table (uwt/CommandLine/CommandTable.h) and what it does.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_COMMAND_H
#define UWT_TOOLS_UWT_COMMAND_H

#include "Session.h"
#include "uwt/CommandLine/CommandTable.h"
#include <memory>
#include <span>

namespace uwt::tool {

/// A subcommand of uwt.
class Command : public command_line::CommandTable {
public:
  std::string call() const final { return "uwt " + std::string(name()); }
  std::string helpCall() const final { return "uwt help " + std::string(name()); }
  /// Does the work after the targets have been filled.
  virtual Status run(Session &session) = 0;
};

/// Options that every command takes, written to `options`.
std::vector<command_line::Option> commonOptions(SessionOptions &options);

using CommandList = std::vector<std::unique_ptr<Command>>;

/// All commands in the order in which help lists them.
CommandList makeCommands();

/// The command of that name, or nullptr.
Command *findCommand(const CommandList &commands, std::string_view name);

std::unique_ptr<Command> makeCompressCommand();
std::unique_ptr<Command> makeDecompressCommand();
std::unique_ptr<Command> makeVerifyCommand();
std::unique_ptr<Command> makeSliceCommand();
std::unique_ptr<Command> makeInspectCommand();
std::unique_ptr<Command> makeEmitIrCommand();
std::unique_ptr<Command> makeCompileCommand();
std::unique_ptr<Command> makeRunCommand();
std::unique_ptr<Command> makeBenchCodecsCommand();
std::unique_ptr<Command> makeBenchMatmulCommand();
std::unique_ptr<Command> makeBenchCalibrateCommand();
std::unique_ptr<Command> makeDoctorCommand();
/// These four describe the others; `commands` must outlive them.
std::unique_ptr<Command> makeHelpCommand(const CommandList &commands);
std::unique_ptr<Command> makeCompletionCommand(const CommandList &commands);
std::unique_ptr<Command> makeManCommand(const CommandList &commands);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_COMMAND_H
