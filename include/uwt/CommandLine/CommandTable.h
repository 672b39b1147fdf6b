//===- CommandTable.h - What a command takes --------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A command: its name, help, examples and table of options. The tables are the only place where
// options are written down: the parser (CommandLine.h), help, completion, man page and the
// references of the pages are made from them.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMMANDLINE_COMMANDTABLE_H
#define UWT_COMMANDLINE_COMMANDTABLE_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace uwt::command_line {

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

/// A command as parser and help see it: a program, or a subcommand of one.
class CommandTable {
public:
  virtual ~CommandTable() = default;

  /// "compress", or two words: "bench codecs"; a program's own name.
  virtual std::string_view name() const = 0;
  /// What a user types: "uwt bench codecs".
  virtual std::string call() const = 0;
  /// What a user types for help on it: "uwt help bench codecs".
  virtual std::string helpCall() const = 0;
  /// One line: "compress a model or a safetensors file".
  virtual std::string_view summary() const = 0;
  /// Paragraphs below the summary, separated by empty lines.
  virtual std::string_view description() const { return {}; }
  virtual std::vector<Example> examples() const = 0;
  /// Arguments first. Targets point into this object.
  virtual std::vector<Option> options() = 0;
};

/// The row for `-T N`.
Option threadsOption(unsigned *threads, const std::string &defaultText = "one a processor");

} // namespace uwt::command_line

#endif // UWT_COMMANDLINE_COMMANDTABLE_H
