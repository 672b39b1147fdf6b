//===- Man.cpp - uwt man --------------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The manual page in roff, made from the commands' tables. It has no date: the same
// build always prints the same page.
//
//===----------------------------------------------------------------------===//

#include "../text/Json.h"
#include "../text/Text.h"
#include "HelpText.h"

using namespace uwt;
using namespace uwt::tool;

namespace {

class ManCommand final : public Command {
public:
  explicit ManCommand(const CommandList &commands) : commands(commands) {}
  std::string_view name() const override { return "man"; }
  std::string_view summary() const override { return "print the manual page in roff"; }
  std::vector<command_line::Example> examples() const override {
    return {{"uwt man | man -l -", "Read it"},
            {"uwt man > ~/.local/share/man/man1/uwt.1", "Install it"}};
  }
  std::vector<command_line::Option> options() override { return {}; }
  Status run(Session &session) override;

private:
  std::string page() const;
  const CommandList &commands;
};

} // namespace

/// `text` so that roff prints it as it is.
static std::string roff(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else if (c == '\'')
      result += "\\(aq";
    else
      result += c;
  }
  // A line that starts with a dot would be a request.
  return result.starts_with('.') ? "\\&" + result : result;
}

/// Paragraphs, with indented lines kept as they are.
static std::string roffParagraphs(std::string_view text) {
  std::string result;
  bool literal = false;
  for (const std::string &line : command_line::wrapText(text, 80)) {
    bool wantsLiteral = line.starts_with(' ');
    if (wantsLiteral != literal)
      result += wantsLiteral ? ".nf\n" : ".fi\n";
    literal = wantsLiteral;
    result += line.empty() ? ".PP\n" : roff(line) + "\n";
  }
  return result + (literal ? ".fi\n" : "");
}

static std::string roffOptions(const std::vector<command_line::Option> &options) {
  std::string text;
  for (const command_line::Option &option : options)
    text +=
        ".TP\n.B " + roff(command_line::optionHeading(option)) + "\n" + roff(option.help) + "\n";
  return text;
}

static std::string roffCommand(Command &command) {
  std::vector<command_line::Option> options = command.options();
  std::string name = "uwt " + std::string(command.name());
  std::string text = ".SS " + roff(name) + "\n" + roff(command.summary()) + ".\n.PP\n.nf\n" +
                     roff(command_line::usageLine(command, options)) + "\n.fi\n";
  if (!command.description().empty())
    text += ".PP\n" + roffParagraphs(command.description());
  text += roffOptions(options);
  for (const command_line::Example &example : command.examples())
    text += ".PP\n" + roff(example.purpose) + ":\n.PP\n.RS 4\n.nf\n" + roff(example.command) +
            "\n.fi\n.RE\n";
  return text;
}

std::string ManCommand::page() const {
  std::string text = ".TH UWT 1 \"\" \"uwt " UWT_VERSION "\" \"User Commands\"\n"
                     ".SH NAME\nuwt \\- model weights, compressed without loss\n"
                     ".SH SYNOPSIS\n.B uwt\n.I COMMAND\n[arguments] [options]\n"
                     ".SH DESCRIPTION\n" +
                     roff("Compresses the weights of models in safetensors files bit for bit, "
                          "gives them back, verifies, inspects and reads them in part. Data goes "
                          "to standard output, messages to standard error.") +
                     "\n.SH COMMANDS\n";
  for (const std::unique_ptr<Command> &command : commands)
    text += roffCommand(*command);
  SessionOptions unused;
  text += ".SH OPTIONS OF EVERY COMMAND\n" + roffOptions(commonOptions(unused));
  text += ".SH FORMATS AND NAMES\n";
  for (const HelpTopic &topic : helpTopics())
    if (topic.name != "exit-codes")
      text += ".SS " + roff(topic.name) + "\n.nf\n" + roffParagraphs(topic.text()) + ".fi\n";
  text += ".SH EXIT STATUS\n";
  for (const ExitCode &exit : exitCodes())
    text += ".TP\n.B " + std::to_string(exit.code) + "\n" + roff(exit.meaning) + "\n";
  return text + ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\n" +
         roff("If it is set and not empty, nothing is printed in bold.") + "\n";
}

Status ManCommand::run(Session &session) {
  if (!session.wantsJson()) {
    session.print(page());
    return ok();
  }
  Json result = schemaObject("man");
  result["roff"] = page();
  printJson(session, result);
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeManCommand(const CommandList &commands) {
  return std::make_unique<ManCommand>(commands);
}
