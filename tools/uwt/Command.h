//===- Command.h - What a subcommand is -------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A subcommand: its name, help, examples, table of options and what it does. The
// tables are the only place where options are written down: the parser
// (CommandLine.cpp), help, completion, man page and docs/cli.md are made from them.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_COMMAND_H
#define UWT_TOOLS_UWT_COMMAND_H

#include "Session.h"
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace uwt {

/// What a value is, for completion in a shell.
enum class ValueHint : uint8_t { None, Path, Format, Topic };

/// Where an option's value goes; the type says how it is read. A `bool` is a flag,
/// a vector takes one value each time the option is given.
using OptionTarget = std::variant<bool *, std::string *, std::optional<std::string> *,
                                  std::vector<std::string> *, unsigned *, double *>;

/// A row of a command's table: an option, or an argument where the name has no dash.
struct Option {
  /// "-o,--output", or "IN".
  std::string names;
  /// What help calls the value: "FILE". Empty for flags and arguments.
  std::string value;
  std::string help;
  OptionTarget target;
  ValueHint hint = ValueHint::None;
  /// The values that are allowed; empty for any.
  std::vector<std::string> choices = {}; // NOLINT(readability-redundant-member-init): else rows
                                         // without choices are warned of
  bool required = false;

  bool isArgument() const { return !names.starts_with('-'); }
  bool isFlag() const { return std::holds_alternative<bool *>(target); }
  /// "--output": the long name, or the only one.
  std::string longName() const;
  /// "-o", or nothing.
  std::string shortName() const;
  /// "IN", "FORMAT", or the choices: "auto|json|none".
  std::string valueName() const;
};

/// One command that a user could type, and what it is for.
struct Example {
  std::string command, purpose;
};

class Command {
public:
  virtual ~Command() = default;

  /// "compress", or two words: "bench codecs".
  virtual std::string_view name() const = 0;
  /// One line: "compress a model or a safetensors file".
  virtual std::string_view summary() const = 0;
  /// Paragraphs below the summary, separated by empty lines.
  virtual std::string_view description() const { return {}; }
  virtual std::vector<Example> examples() const = 0;
  /// Arguments first. Targets point into this object.
  virtual std::vector<Option> options() = 0;
  /// Does the work after the targets have been filled.
  virtual Status run(Session &session) = 0;
};

/// Options that every command takes, written to `options`.
std::vector<Option> commonOptions(SessionOptions &options);
/// The row for `-T N`.
Option threadsOption(unsigned *threads, const std::string &defaultText = "one a processor");

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

} // namespace uwt

#endif // UWT_TOOLS_UWT_COMMAND_H
