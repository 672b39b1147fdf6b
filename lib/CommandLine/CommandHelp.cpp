//===- CommandHelp.cpp - Help made from the tables ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CommandLine/CommandHelp.h"
#include "uwt/CommandLine/Words.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::command_line;

std::string uwt::command_line::optionHeading(const Option &option) {
  std::string text = option.shortName();
  text += (text.empty() ? "" : ", ") + option.longName();
  if (!option.isArgument() && !option.isFlag())
    text += " " + option.valueName();
  return text;
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

std::string uwt::command_line::usageLine(const CommandTable &command,
                                         const std::vector<Option> &options) {
  std::string text = command.call();
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
std::string
uwt::command_line::definitions(const std::vector<std::pair<std::string, std::string>> &rows) {
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
static std::string usageText(CommandTable &command) {
  std::string line = usageLine(command, command.options());
  // Those that every command of the program takes.
  if (command.call() != command.name())
    line += " [options]";
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

static std::string exampleText(CommandTable &command) {
  std::string text;
  for (const Example &example : command.examples())
    text += paragraphs(example.purpose + ":", 2) + "    $ " + example.command + "\n\n";
  return text;
}

std::string uwt::command_line::commandHelp(CommandTable &command, const std::vector<Option> &common,
                                           const HeadingStyle &heading) {
  std::vector<Option> options = command.options();
  options.insert(options.end(), common.begin(), common.end());
  std::string text = command.call() + ": " + std::string(command.summary()) + "\n\n" +
                     heading("Usage") + "\n" + usageText(command) + "\n";
  text += heading("Examples") + "\n" + exampleText(command);
  if (!command.description().empty())
    text += heading("Description") + "\n" + paragraphs(command.description(), 2) + "\n";
  std::string arguments = optionRows(options, true);
  if (!arguments.empty())
    text += heading("Arguments") + "\n" + arguments + "\n";
  return text + heading("Options") + "\n" + optionRows(options, false);
}

/// Text for a cell of a Markdown table.
static std::string markdownCell(std::string_view text) {
  std::string result;
  for (char c : text)
    result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string uwt::command_line::optionsMarkdown(const std::vector<Option> &options) {
  std::string text = "| option | meaning |\n| --- | --- |\n";
  for (const Option &option : options)
    text +=
        "| `" + markdownCell(optionHeading(option)) + "` | " + markdownCell(option.help) + " |\n";
  return text;
}

std::string uwt::command_line::commandMarkdown(CommandTable &command) {
  std::string text = "### " + command.call() + "\n\n" + std::string(command.summary()) +
                     "\n\n```\n" + usageText(command) + "```\n\n";
  if (!command.description().empty())
    for (const std::string &line : wrapText(command.description(), 110))
      text += line + "\n";
  text += "\n```sh\n";
  for (const Example &example : command.examples())
    text += "# " + example.purpose + "\n" + example.command + "\n";
  text += "```\n\n";
  std::vector<Option> options = command.options();
  return options.empty() ? text : text + optionsMarkdown(options) + "\n";
}
