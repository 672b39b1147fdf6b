//===- HelpText.cpp - Help made from the tables ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HelpText.h"

using namespace uwt;
using namespace uwt::tool;

std::vector<command_line::Option> uwt::tool::allOptions(Command &command) {
  // Only described, never filled.
  static SessionOptions unused;
  std::vector<command_line::Option> options = command.options(), shared = commonOptions(unused);
  options.insert(options.end(), shared.begin(), shared.end());
  return options;
}

std::string uwt::tool::toolHelp(const Session &session, const CommandList &commands,
                                const std::string &group) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const std::unique_ptr<Command> &command : commands)
    if (group.empty() || command->name().starts_with(group + " "))
      rows.emplace_back(command->name(), command->summary());
  std::string text = "uwt: model weights, compressed without loss\n\n" + session.bold("Usage") +
                     "\n  uwt " + (group.empty() ? "" : group + " ") +
                     "COMMAND [arguments] [options]\n\n" + session.bold("Commands") + "\n" +
                     command_line::definitions(rows);
  if (!group.empty())
    return text;
  rows.clear();
  for (const HelpTopic &topic : helpTopics())
    rows.emplace_back(topic.name, topic.summary);
  text += "\n" + session.bold("Topics") + "\n" + command_line::definitions(rows);
  text += "\n" + session.bold("Start here") +
          "\n  $ uwt compress model.safetensors     writes model.uwt.safetensors"
          "\n  $ uwt inspect model.uwt.safetensors  shows what each tensor takes"
          "\n  $ uwt verify model.uwt.safetensors --against model.safetensors"
          "\n  $ uwt decompress model.uwt.safetensors -o again.safetensors"
          "\n\n'uwt help COMMAND' explains a command by examples, 'uwt --version' prints the "
          "version.\n";
  return text;
}

std::string uwt::tool::commandHelp(const Session &session, Command &command) {
  // Only described, never filled.
  SessionOptions unused;
  return commandHelp(command, commonOptions(unused),
                     [&](std::string_view heading) { return session.bold(heading); });
}

std::string uwt::tool::markdownHelp(const CommandList &commands) {
  std::string text;
  for (const std::unique_ptr<Command> &command : commands)
    text += command_line::commandMarkdown(*command);
  SessionOptions unused;
  text += "### Options of every command\n\n" + command_line::optionsMarkdown(commonOptions(unused));
  text += "\n### Exit codes\n\n| code | meaning |\n| ---: | --- |\n";
  for (const ExitCode &exit : exitCodes())
    text += "| " + std::to_string(exit.code) + " | " + std::string(exit.meaning) + " |\n";
  return text;
}
