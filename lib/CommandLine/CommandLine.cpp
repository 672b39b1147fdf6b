//===- CommandLine.cpp - From words to a command --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CommandLine/CommandLine.h"
#include "uwt/CommandLine/Words.h"
#include "uwt/Support/Suggest.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <map>

using namespace uwt;
using namespace uwt::command_line;

namespace {

/// A command while it is parsed.
struct BoundCommand {
  CommandTable *command;
  CLI::App *app;
  std::vector<Option> options;
  std::vector<CLI::Option *> parsed;

  /// Fills the options' targets. Errors: Usage.
  Status fill() const;
  /// The same, and a usage error for words that no table has and for options that are missing.
  Status fillAndCheck() const;
  bool wantsHelp() const;

private:
  Status checkRequired() const;
  Error extraError(const std::string &given) const;
};

class Parser {
public:
  Parser(std::span<CommandTable *const> commands, const std::vector<Option> &common);
  Expected<ParsedCommandLine> parse(int argc, const char *const *argv);

private:
  CLI::App *appFor(const CommandTable &command);
  Error commandError(const std::string &given, const std::string &group) const;

  CLI::App app;
  std::map<std::string, CLI::App *> groups;
  std::vector<BoundCommand> bound;
  bool version = false, help = false;
};

} // namespace

/// Turns CLI11's own help off and keeps what it does not know, so that near misses
/// can be named.
static void prepare(CLI::App &app) {
  app.set_help_flag();
  app.allow_extras();
}

/// `command` with its own and the `common` options in `app`.
static BoundCommand bind(CommandTable &command, CLI::App &app, const std::vector<Option> &common) {
  BoundCommand entry{&command, &app, command.options(), {}};
  entry.options.insert(entry.options.end(), common.begin(), common.end());
  for (const Option &option : entry.options) {
    if (option.isFlag()) {
      entry.parsed.push_back(app.add_flag(option.names));
      continue;
    }
    // Values are read from the results afterwards, with messages of our own.
    CLI::callback_t accept = [](const CLI::results_t &) { return true; };
    CLI::Option *parsed = app.add_option(option.names, accept);
    parsed->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    bool isList = std::holds_alternative<std::vector<std::string> *>(option.target);
    parsed->expected(option.isArgument() && isList ? -1 : 1);
    // An option takes the one word after it, or arguments would be lost to it.
    parsed->allow_extra_args(option.isArgument() && isList);
    entry.parsed.push_back(parsed);
  }
  return entry;
}

/// Sets the target of an option from the text that was given for it.
static Status setTarget(const Option &option, const std::string &text) {
  std::string name = option.longName();
  if (!option.choices.empty() &&
      std::find(option.choices.begin(), option.choices.end(), text) == option.choices.end()) {
    std::vector<std::string_view> choices(option.choices.begin(), option.choices.end());
    return usageError(name + " takes " + option.valueName() + ", got " + inQuotes(text) +
                      didYouMean(text, choices));
  }
  if (auto *target = std::get_if<std::string *>(&option.target))
    **target = text;
  else if (auto *target = std::get_if<std::optional<std::string> *>(&option.target))
    **target = text;
  else if (auto *target = std::get_if<std::vector<std::string> *>(&option.target))
    (*target)->push_back(text);
  else if (auto *target = std::get_if<unsigned *>(&option.target)) {
    // No machine has more threads, and each costs a stack.
    UWT_ASSIGN_OR_RETURN(uint64_t value, parseNumber(text, name, 4096));
    **target = static_cast<unsigned>(value);
  } else if (auto *target = std::get_if<double *>(&option.target)) {
    double value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size() || !(value >= 0))
      return usageError(name + " takes a number that is not negative, got " + inQuotes(text));
    **target = value;
  }
  return ok();
}

Status BoundCommand::fill() const {
  for (size_t i = 0; i < options.size(); ++i) {
    const Option &option = options[i];
    if (auto *flag = std::get_if<bool *>(&option.target)) {
      **flag = parsed[i]->count() > 0;
      continue;
    }
    bool repeats = std::holds_alternative<std::vector<std::string> *>(option.target);
    const std::vector<std::string> &given = parsed[i]->results();
    if (given.size() > 1 && !repeats)
      return usageError(option.longName() + " is given " + std::to_string(given.size()) +
                        " times; give it once");
    for (const std::string &text : given)
      UWT_RETURN_IF_ERROR(setTarget(option, text));
  }
  return ok();
}

bool BoundCommand::wantsHelp() const {
  for (size_t i = 0; i < options.size(); ++i)
    if (options[i].longName() == "--help" && parsed[i]->count() > 0)
      return true;
  return false;
}

Status BoundCommand::fillAndCheck() const {
  UWT_RETURN_IF_ERROR(fill());
  if (wantsHelp())
    return ok();
  // What is misspelt is said before what is missing for it.
  for (const std::string &extra : app->remaining())
    if (extra != "--")
      return extraError(extra);
  return checkRequired();
}

/// A usage error where a value is missing that the command cannot do without.
Status BoundCommand::checkRequired() const {
  for (size_t i = 0; i < options.size(); ++i)
    if (options[i].required && parsed[i]->count() == 0)
      return usageError(std::string(command->name()) + " needs " + options[i].longName() +
                        "; see '" + command->helpCall() + "'");
  return ok();
}

/// The error for a word that no table has.
Error BoundCommand::extraError(const std::string &given) const {
  std::string name(command->name()), hint = "; see '" + command->helpCall() + "'";
  if (given.size() < 2 || given[0] != '-')
    return usageError(name + " does not take the argument " + inQuotes(given) + hint);
  std::vector<std::string> names;
  for (const Option &option : options)
    if (!option.isArgument())
      names.push_back(option.longName());
  std::vector<std::string_view> views(names.begin(), names.end());
  std::string option = given.substr(0, given.find('='));
  std::string suggestion = didYouMean(option, views);
  return usageError(name + " has no option " + inQuotes(option) +
                    (suggestion.empty() ? hint : suggestion));
}

//===----------------------------------------------------------------------===//
// Programs with subcommands
//===----------------------------------------------------------------------===//

Parser::Parser(std::span<CommandTable *const> commands, const std::vector<Option> &common) {
  prepare(app);
  app.add_flag("--version", version);
  app.add_flag("-h,--help", help);
  app.require_subcommand(0, 1);
  for (CommandTable *command : commands)
    bound.push_back(bind(*command, *appFor(*command), common));
}

CLI::App *Parser::appFor(const CommandTable &command) {
  std::string name(command.name());
  size_t space = name.find(' ');
  CLI::App *parent = &app;
  if (space != std::string::npos) {
    std::string group = name.substr(0, space);
    if (!groups.count(group)) {
      groups[group] = app.add_subcommand(group);
      prepare(*groups[group]);
      groups[group]->require_subcommand(0, 1);
      groups[group]->add_flag("-h,--help", help);
    }
    parent = groups[group];
    name = name.substr(space + 1);
  }
  CLI::App *result = parent->add_subcommand(name);
  prepare(*result);
  return result;
}

Error Parser::commandError(const std::string &given, const std::string &group) const {
  if (given.starts_with('-'))
    return usageError("there is no option " + inQuotes(given) +
                      " in front of a command; options come after it, see 'uwt help'");
  std::vector<std::string> names;
  for (const BoundCommand &entry : bound) {
    std::string name(entry.command->name());
    if (group.empty())
      names.push_back(name);
    else if (name.starts_with(group + " "))
      names.push_back(name.substr(group.size() + 1));
  }
  std::vector<std::string_view> views(names.begin(), names.end());
  std::string suggestion = didYouMean(given, views);
  return usageError("there is no command " + inQuotes(group.empty() ? given : group + " " + given) +
                    (suggestion.empty() ? "; see 'uwt help'" : suggestion));
}

/// What CLI11 found wrong, as a sentence of ours.
static Error parseFailure(const CLI::ParseError &error) {
  std::string text = error.what();
  if (error.get_name() == "ArgumentMismatch")
    return usageError(text.substr(0, text.find(':')) + " needs a value");
  if (error.get_name() == "ConversionError" || error.get_name() == "InvalidError")
    return usageError("cannot read the command line: " + text);
  return usageError(text);
}

Expected<ParsedCommandLine> Parser::parse(int argc, const char *const *argv) {
  // CLI11 reports through exceptions; they end here.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return parseFailure(error);
  }
  if (!app.remaining().empty())
    return commandError(app.remaining().front(), "");
  ParsedCommandLine result;
  for (const BoundCommand &entry : bound) {
    if (!entry.app->parsed())
      continue;
    UWT_RETURN_IF_ERROR(entry.fillAndCheck());
    result.command = entry.command;
    return result;
  }
  result.wantsVersion = version;
  result.wantsHelp = help;
  for (const auto &[name, group] : groups)
    if (group->parsed()) {
      result.group = name;
      if (!group->remaining().empty())
        return commandError(group->remaining().front(), name);
    }
  return result;
}

Expected<ParsedCommandLine>
uwt::command_line::parseCommandLine(int argc, const char *const *argv,
                                    std::span<CommandTable *const> commands,
                                    const std::vector<Option> &common) {
  return Parser(commands, common).parse(argc, argv);
}

//===----------------------------------------------------------------------===//
// Programs without
//===----------------------------------------------------------------------===//

Status uwt::command_line::parseArguments(const std::vector<std::string> &arguments,
                                         CommandTable &program) {
  CLI::App app;
  prepare(app);
  BoundCommand bound = bind(program, app, {});
  // CLI11 takes them from the last one on.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError &error) {
    return parseFailure(error);
  }
  return bound.fillAndCheck();
}
