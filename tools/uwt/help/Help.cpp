//===- Help.cpp - uwt help ------------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../text/Json.h"
#include "HelpText.h"
#include "uwt/Support/Suggest.h"

using namespace uwt;
using namespace uwt::tool;

namespace {

class HelpCommand final : public Command {
public:
  explicit HelpCommand(const CommandList &commands) : commands(commands) {}
  std::string_view name() const override { return "help"; }
  std::string_view summary() const override { return "explain a command or a topic"; }
  std::vector<command_line::Example> examples() const override {
    return {{"uwt help compress", "How to compress"},
            {"uwt help formats", "Formats and codecs"},
            {"uwt help exit-codes", "Exit codes, for scripts"}};
  }
  std::vector<command_line::Option> options() override {
    return {{"TOPIC", "", "a command or a topic; without it, all of them", &topic,
             command_line::ValueHint::Topic},
            {"--markdown", "", "print the reference of all commands for docs/cli.md", &markdown}};
  }
  Status run(Session &session) override;

private:
  Expected<std::string> topicText(const Session &session, const std::string &name) const;
  Json tables() const;

  const CommandList &commands;
  std::vector<std::string> topic;
  bool markdown = false;
};

} // namespace

Expected<std::string> HelpCommand::topicText(const Session &session,
                                             const std::string &name) const {
  if (name.empty())
    return toolHelp(session, commands);
  if (Command *command = findCommand(commands, name))
    return commandHelp(session, *command);
  std::vector<std::string_view> names;
  for (const HelpTopic &known : helpTopics()) {
    if (known.name == name)
      return known.text();
    names.push_back(known.name);
  }
  for (const std::unique_ptr<Command> &command : commands) {
    if (command->name().starts_with(name + " "))
      return toolHelp(session, commands, name);
    names.push_back(command->name());
  }
  std::string suggestion = didYouMean(name, names);
  return usageError("there is no help on " + inQuotes(name) +
                    (suggestion.empty() ? "; see 'uwt help'" : suggestion));
}

static Json optionTable(const std::vector<command_line::Option> &options) {
  Json rows = Json::array();
  for (const command_line::Option &option : options)
    rows.push_back({{"name", option.longName()},
                    {"short", option.shortName()},
                    {"value", option.isFlag() ? "" : option.valueName()},
                    {"help", option.help},
                    {"required", option.required}});
  return rows;
}

Json HelpCommand::tables() const {
  Json result = schemaObject("help");
  Json list = Json::array();
  for (const std::unique_ptr<Command> &command : commands)
    list.push_back({{"name", command->name()},
                    {"summary", command->summary()},
                    {"options", optionTable(command->options())}});
  SessionOptions unused;
  result["commands"] = std::move(list);
  result["common_options"] = optionTable(commonOptions(unused));
  for (const ExitCode &exit : exitCodes())
    result["exit_codes"][std::to_string(exit.code)] = exit.meaning;
  return result;
}

Status HelpCommand::run(Session &session) {
  std::string name;
  for (const std::string &word : topic)
    name += (name.empty() ? "" : " ") + word;
  if (markdown) {
    session.print(markdownHelp(commands));
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(std::string text, topicText(session, name));
  if (session.wantsJson())
    printJson(session, tables());
  else
    session.print(text);
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeHelpCommand(const CommandList &commands) {
  return std::make_unique<HelpCommand>(commands);
}
