//===- HelpText.cpp - Help made from the tables ---------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HelpText.h"
#include "../text/Text.h"
#include <algorithm>

using namespace uwt;

std::string uwt::optionHeading(const Option &option) {
  std::string text = option.shortName();
  text += (text.empty() ? "" : ", ") + option.longName();
  if (!option.isArgument() && !option.isFlag())
    text += " " + option.valueName();
  return text;
}

std::vector<Option> uwt::allOptions(Command &command) {
  // Only described, never filled.
  static SessionOptions unused;
  std::vector<Option> options = command.options(), shared = commonOptions(unused);
  options.insert(options.end(), shared.begin(), shared.end());
  return options;
}

static std::string usageItem(const Option &option) {
  bool repeats = std::holds_alternative<std::vector<std::string> *>(option.target);
  std::string shortName = option.shortName();
  std::string text = shortName.empty() ? option.longName() : shortName;
  if (!option.isArgument() && !option.isFlag())
    text += " " + option.valueName();
  if (!option.required)
    text = "[" + text + "]";
  return text + (repeats ? "..." : "");
}

std::string uwt::usageLine(Command &command, const std::vector<Option> &options) {
  std::string text = "uwt " + std::string(command.name());
  for (const Option &option : options)
    text += " " + usageItem(option);
  return text;
}

/// `text` in lines behind `indent` spaces.
static std::string paragraphs(std::string_view text, unsigned indent) {
  std::string result;
  for (const std::string &line : wrapText(text, helpColumns - indent))
    result += (line.empty() ? "" : std::string(indent, ' ') + line) + "\n";
  return result;
}

/// Rows "heading   text" whose texts start in one column.
static std::string definitions(const std::vector<std::pair<std::string, std::string>> &rows) {
  constexpr size_t indent = 2, widest = 26;
  size_t width = 0;
  for (const auto &[heading, text] : rows)
    if (heading.size() <= widest)
      width = std::max(width, heading.size());
  size_t column = indent + width + 2;
  std::string result;
  for (const auto &[heading, text] : rows) {
    std::string line = std::string(indent, ' ') + heading;
    if (heading.size() > width) {
      result += line + "\n";
      line.clear();
    }
    for (const std::string &part : wrapText(text, helpColumns - column)) {
      line.resize(column, ' ');
      result += line + part + "\n";
      line.clear();
    }
  }
  return result;
}

static std::string optionRows(const std::vector<Option> &options, bool arguments) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Option &option : options)
    if (option.isArgument() == arguments)
      rows.emplace_back(optionHeading(option), option.help);
  return definitions(rows);
}

/// The usage line, broken between items with the rest indented.
static std::string usageText(Command &command) {
  std::string line = usageLine(command, command.options()) + " [options]";
  // Items contain spaces that no line may end at.
  std::string guarded;
  int depth = 0;
  for (char c : line) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    guarded += c == ' ' && depth > 0 ? '\x01' : c;
  }
  std::string result;
  for (const std::string &part : wrapText(guarded, helpColumns - 6))
    result += (result.empty() ? "  " : "      ") + part + "\n";
  std::replace(result.begin(), result.end(), '\x01', ' ');
  return result;
}

static std::string exampleText(Command &command) {
  std::string text;
  for (const Example &example : command.examples())
    text += paragraphs(example.purpose + ":", 2) + "    $ " + example.command + "\n\n";
  return text;
}

std::string uwt::commandHelp(const Session &session, Command &command) {
  std::vector<Option> options = allOptions(command);
  std::string text = "uwt " + std::string(command.name()) + ": " + std::string(command.summary()) +
                     "\n\n" + session.bold("Usage") + "\n" + usageText(command) + "\n";
  text += session.bold("Examples") + "\n" + exampleText(command);
  if (!command.description().empty())
    text += session.bold("Description") + "\n" + paragraphs(command.description(), 2) + "\n";
  std::string arguments = optionRows(options, true);
  if (!arguments.empty())
    text += session.bold("Arguments") + "\n" + arguments + "\n";
  return text + session.bold("Options") + "\n" + optionRows(options, false);
}

std::string uwt::toolHelp(const Session &session, const CommandList &commands,
                          const std::string &group) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const std::unique_ptr<Command> &command : commands)
    if (group.empty() || command->name().starts_with(group + " "))
      rows.emplace_back(command->name(), command->summary());
  std::string text = "uwt: model weights, compressed without loss\n\n" + session.bold("Usage") +
                     "\n  uwt " + (group.empty() ? "" : group + " ") +
                     "COMMAND [arguments] [options]\n\n" + session.bold("Commands") + "\n" +
                     definitions(rows);
  if (!group.empty())
    return text;
  rows.clear();
  for (const HelpTopic &topic : helpTopics())
    rows.emplace_back(topic.name, topic.summary);
  text += "\n" + session.bold("Topics") + "\n" + definitions(rows);
  text += "\n" + session.bold("Start here") +
          "\n  $ uwt compress model.safetensors     writes model.uwt.safetensors"
          "\n  $ uwt inspect model.uwt.safetensors  shows what each tensor takes"
          "\n  $ uwt verify model.uwt.safetensors --against model.safetensors"
          "\n  $ uwt decompress model.uwt.safetensors -o again.safetensors"
          "\n\n'uwt help COMMAND' explains a command by examples, 'uwt --version' prints the "
          "version.\n";
  return text;
}

/// Text for a cell of a Markdown table.
static std::string markdownCell(std::string_view text) {
  std::string result;
  for (char c : text)
    result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string uwt::markdownHelp(const CommandList &commands) {
  std::string text;
  for (const std::unique_ptr<Command> &command : commands) {
    std::vector<Option> options = command->options();
    text += "### uwt " + std::string(command->name()) + "\n\n" + std::string(command->summary()) +
            "\n\n```\n" + usageText(*command) + "```\n\n";
    if (!command->description().empty())
      for (const std::string &line : wrapText(command->description(), 110))
        text += line + "\n";
    text += "\n```sh\n";
    for (const Example &example : command->examples())
      text += "# " + example.purpose + "\n" + example.command + "\n";
    text += "```\n\n";
    if (options.empty())
      continue;
    text += "| option | meaning |\n| --- | --- |\n";
    for (const Option &option : options)
      text +=
          "| `" + markdownCell(optionHeading(option)) + "` | " + markdownCell(option.help) + " |\n";
    text += "\n";
  }
  SessionOptions unused;
  text += "### Options of every command\n\n| option | meaning |\n| --- | --- |\n";
  for (const Option &option : commonOptions(unused))
    text +=
        "| `" + markdownCell(optionHeading(option)) + "` | " + markdownCell(option.help) + " |\n";
  text += "\n### Exit codes\n\n| code | meaning |\n| ---: | --- |\n";
  for (const ExitCode &exit : exitCodes())
    text += "| " + std::to_string(exit.code) + " | " + std::string(exit.meaning) + " |\n";
  return text;
}
