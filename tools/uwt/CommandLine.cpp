//===- CommandLine.cpp - From words to a command --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "text/Text.h"
#include "uwt/Support/Suggest.h"
#include <CLI/CLI.hpp>
#include <charconv>
#include <map>

using namespace uwt;

namespace {

/// A command while it is parsed.
struct BoundCommand {
  Command *command;
  CLI::App *app;
  std::vector<Option> options;
  std::vector<CLI::Option *> parsed;
};

class Parser {
public:
  Parser(const CommandList &commands, SessionOptions &common);
  Expected<ParsedCommandLine> parse(int argc, const char *const *argv);

private:
  CLI::App *appFor(const Command &command);
  void bind(Command &command);
  Error commandError(const std::string &given, const std::string &group) const;
  Status fill(BoundCommand &bound) const;

  SessionOptions &common;
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

Parser::Parser(const CommandList &commands, SessionOptions &common) : common(common) {
  prepare(app);
  app.add_flag("--version", version);
  app.add_flag("-h,--help", help);
  app.require_subcommand(0, 1);
  for (const std::unique_ptr<Command> &command : commands)
    bind(*command);
}

CLI::App *Parser::appFor(const Command &command) {
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

void Parser::bind(Command &command) {
  BoundCommand entry{&command, appFor(command), command.options(), {}};
  std::vector<Option> shared = commonOptions(common);
  entry.options.insert(entry.options.end(), shared.begin(), shared.end());
  for (const Option &option : entry.options) {
    if (option.isFlag()) {
      entry.parsed.push_back(entry.app->add_flag(option.names));
      continue;
    }
    // Values are read from the results afterwards, with messages of our own.
    CLI::callback_t accept = [](const CLI::results_t &) { return true; };
    CLI::Option *parsed = entry.app->add_option(option.names, accept);
    parsed->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    bool isList = std::holds_alternative<std::vector<std::string> *>(option.target);
    parsed->expected(option.isArgument() && isList ? -1 : 1);
    // An option takes the one word after it, or arguments would be lost to it.
    parsed->allow_extra_args(option.isArgument() && isList);
    entry.parsed.push_back(parsed);
  }
  bound.push_back(std::move(entry));
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

Status Parser::fill(BoundCommand &entry) const {
  for (size_t i = 0; i < entry.options.size(); ++i) {
    const Option &option = entry.options[i];
    const CLI::Option &parsed = *entry.parsed[i];
    if (auto *flag = std::get_if<bool *>(&option.target)) {
      **flag = parsed.count() > 0;
      continue;
    }
    bool repeats = std::holds_alternative<std::vector<std::string> *>(option.target);
    if (parsed.results().size() > 1 && !repeats)
      return usageError(option.longName() + " is given " + std::to_string(parsed.results().size()) +
                        " times; give it once");
    for (const std::string &text : parsed.results())
      UWT_RETURN_IF_ERROR(setTarget(option, text));
  }
  return ok();
}

/// A usage error where a value is missing that the command cannot do without.
static Status checkRequired(const BoundCommand &entry) {
  for (size_t i = 0; i < entry.options.size(); ++i) {
    if (!entry.options[i].required || entry.parsed[i]->count() > 0)
      continue;
    std::string text(entry.command->name());
    text += " needs ";
    text += entry.options[i].longName();
    text += "; see 'uwt help ";
    text += entry.command->name();
    return usageError(text + "'");
  }
  return ok();
}

/// The error for a word that no table has.
static Error extraError(const BoundCommand &entry, const std::string &given) {
  std::string name(entry.command->name());
  std::string hint = "; see 'uwt help " + name + "'";
  if (given.size() < 2 || given[0] != '-')
    return usageError(name + " does not take the argument " + inQuotes(given) + hint);
  std::vector<std::string> names;
  for (const Option &option : entry.options)
    if (!option.isArgument())
      names.push_back(option.longName());
  std::vector<std::string_view> views(names.begin(), names.end());
  std::string option = given.substr(0, given.find('='));
  std::string suggestion = didYouMean(option, views);
  return usageError(name + " has no option " + inQuotes(option) +
                    (suggestion.empty() ? hint : suggestion));
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
  for (BoundCommand &entry : bound) {
    if (!entry.app->parsed())
      continue;
    UWT_RETURN_IF_ERROR(fill(entry));
    result.command = entry.command;
    if (common.help)
      return result;
    // What is misspelt is said before what is missing for it.
    for (const std::string &extra : entry.app->remaining())
      if (extra != "--")
        return extraError(entry, extra);
    UWT_RETURN_IF_ERROR(checkRequired(entry));
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

Expected<ParsedCommandLine> uwt::parseCommandLine(int argc, const char *const *argv,
                                                  const CommandList &commands,
                                                  SessionOptions &common) {
  return Parser(commands, common).parse(argc, argv);
}
