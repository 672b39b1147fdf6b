//===- Completion.cpp - uwt completion ------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Completion scripts for three shells, made from the commands' tables.
//
//===----------------------------------------------------------------------===//

#include "../text/Json.h"
#include "HelpText.h"
#include "uwt/Codec/Codec.h"
#include "uwt/Codec/Statistics.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::tool;

namespace {

class CompletionCommand final : public Command {
public:
  explicit CompletionCommand(const CommandList &commands) : commands(commands) {}
  std::string_view name() const override { return "completion"; }
  std::string_view summary() const override { return "print a completion script for a shell"; }
  std::vector<command_line::Example> examples() const override {
    return {{"source <(uwt completion bash)", "In this bash"},
            {"uwt completion bash > ~/.local/share/bash-completion/completions/uwt",
             "In every bash from now on"},
            {"uwt completion zsh > ~/.zfunc/_uwt", "zsh, with ~/.zfunc in fpath"},
            {"uwt completion fish > ~/.config/fish/completions/uwt.fish", "fish"}};
  }
  std::vector<command_line::Option> options() override {
    command_line::Option shell{"SHELL",
                               "",
                               "which shell",
                               &chosen,
                               command_line::ValueHint::None,
                               {"bash", "zsh", "fish"}};
    shell.required = true;
    return {shell};
  }
  Status run(Session &session) override;

private:
  const CommandList &commands;
  std::string chosen;
};

} // namespace

/// Names of formats, without characters that would need quoting twice.
static std::vector<std::string> formatWords() {
  std::vector<std::string> words(policyNames().begin(), policyNames().end());
  for (const Codec *codec : allCodecs())
    for (const std::string &example : codec->examples())
      words.push_back(example);
  return words;
}

/// What completes the value of `option`; nothing where it is free text or a path.
static std::vector<std::string> valueWords(const command_line::Option &option,
                                           const CommandList &commands) {
  if (!option.choices.empty())
    return option.choices;
  if (option.hint == command_line::ValueHint::Format)
    return formatWords();
  std::vector<std::string> words;
  if (option.hint == command_line::ValueHint::Topic) {
    for (const std::unique_ptr<Command> &command : commands)
      words.emplace_back(command->name().substr(0, command->name().find(' ')));
    for (const HelpTopic &topic : helpTopics())
      words.emplace_back(topic.name);
  }
  return words;
}

static std::string joined(const std::vector<std::string> &words, std::string_view quote = "") {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : " ") + std::string(quote) + word + std::string(quote);
  return text;
}

/// First words of commands, each once.
static std::vector<std::string> firstWords(const CommandList &commands) {
  std::vector<std::string> words;
  for (const std::unique_ptr<Command> &command : commands) {
    std::string word(command->name().substr(0, command->name().find(' ')));
    if (std::find(words.begin(), words.end(), word) == words.end())
      words.push_back(word);
  }
  return words;
}

/// Second words of the commands that start with `group`.
static std::vector<std::string> secondWords(const CommandList &commands, const std::string &group) {
  std::vector<std::string> words;
  for (const std::unique_ptr<Command> &command : commands)
    if (command->name().starts_with(group + " "))
      words.emplace_back(command->name().substr(group.size() + 1));
  return words;
}

static bool isGroup(const CommandList &commands, const std::string &word) {
  return !secondWords(commands, word).empty();
}

static std::string bashCommand(Command &command, const CommandList &commands) {
  std::string names, values, arguments;
  for (const command_line::Option &option : allOptions(command)) {
    std::vector<std::string> words = valueWords(option, commands);
    if (option.isArgument()) {
      arguments += joined(words, "'");
      continue;
    }
    names += " " + option.longName() + (option.shortName().empty() ? "" : " " + option.shortName());
    if (option.isFlag())
      continue;
    std::string pattern =
        option.longName() + (option.shortName().empty() ? "" : "|" + option.shortName());
    values += "        " + pattern + ") words=(" + joined(words, "'") + ") kind=value ;;\n";
  }
  std::string text = "    '" + std::string(command.name()) + "')\n      options=(" +
                     names.substr(names.empty() ? 0 : 1) + ")\n      words=(" + arguments + ")\n";
  if (!values.empty())
    text += "      case $previous in\n" + values + "      esac\n";
  return text + "      ;;\n";
}

static std::string bashScript(const CommandList &commands) {
  std::string text = R"sh(# bash completion of uwt, made by `uwt completion bash`
_uwt() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  # '=' is a word of its own in COMP_WORDS: --format=x completes as --format x does.
  if [[ $current == '=' ]]; then current=; fi
  if [[ $previous == '=' ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi
  local command=${COMP_WORDS[1]} kind=argument
  local -a words=() options=()
  COMPREPLY=()
)sh";
  text += "  if ((COMP_CWORD == 1)); then\n    COMPREPLY=($(compgen -W '" +
          joined(firstWords(commands)) + " --help --version' -- \"$current\"))\n    return\n  fi\n";
  text += "  case $command in\n";
  for (const std::string &word : firstWords(commands))
    if (isGroup(commands, word))
      text += "    " + word +
              ")\n      if ((COMP_CWORD == 2)); then\n        COMPREPLY=($(compgen -W '" +
              joined(secondWords(commands, word)) +
              "' -- \"$current\"))\n        return\n      fi\n"
              "      command+=\" ${COMP_WORDS[2]}\" ;;\n";
  text += "  esac\n  case $command in\n";
  for (const std::unique_ptr<Command> &command : commands)
    text += bashCommand(*command, commands);
  return text + R"sh(  esac
  if [[ $kind == argument && $current == -* ]]; then words=("${options[@]}"); fi
  local word
  if ((${#words[@]})); then
    for word in "${words[@]}"; do
      if [[ $word == "$current"* ]]; then COMPREPLY+=("$(printf '%q' "$word")"); fi
    done
  else
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -F _uwt uwt
)sh";
}

/// `text` between single quotes of a shell.
static std::string shellQuoted(std::string_view text) {
  std::string result = "'";
  for (char c : text)
    result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

/// Text inside [...] or after ':' of a zsh specification.
static std::string zshEscaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\')
      result += '\\';
    result += c;
  }
  return result;
}

static std::string zshAction(const command_line::Option &option, const CommandList &commands) {
  std::vector<std::string> words = valueWords(option, commands);
  if (words.empty())
    return option.hint == command_line::ValueHint::Path ? "_files" : " ";
  std::string list;
  for (const std::string &word : words) {
    std::string quoted;
    for (char c : zshEscaped(word))
      quoted += c == '<' || c == '>' || c == ',' ? std::string("\\") + c : std::string(1, c);
    list += (list.empty() ? "" : " ") + quoted;
  }
  return "(" + list + ")";
}

static std::string zshCommand(Command &command, const CommandList &commands) {
  std::string text;
  for (const command_line::Option &option : allOptions(command)) {
    bool repeats = std::holds_alternative<std::vector<std::string> *>(option.target);
    std::string value =
        option.isFlag() ? ""
                        : ":" + zshEscaped(option.valueName()) + ":" + zshAction(option, commands);
    if (option.isArgument()) {
      text += " \\\n        " + shellQuoted((repeats ? "*" : option.required ? "" : ":") + value);
      continue;
    }
    std::string meaning = "[" + zshEscaped(option.help) + "]" + value;
    for (const std::string &name : {option.shortName(), option.longName()})
      if (!name.empty())
        text += " \\\n        " + shellQuoted((repeats ? "*" : "") + name + meaning);
  }
  return text;
}

static std::string zshScript(const CommandList &commands) {
  std::string text = "#compdef uwt\n# zsh completion of uwt, made by `uwt completion zsh`\n_uwt() "
                     "{\n  local -a commands=(\n";
  for (const std::string &word : firstWords(commands)) {
    Command *command = findCommand(commands, word);
    text += "    " +
            shellQuoted(word + ":" + (command ? zshEscaped(command->summary()) : "a group")) + "\n";
  }
  text += "  )\n  if ((CURRENT == 2)); then\n    _describe command commands\n    return\n  fi\n"
          "  local command=${words[2]}\n  case $command in\n";
  for (const std::string &word : firstWords(commands))
    if (isGroup(commands, word))
      text += "    " + word + ")\n      if ((CURRENT == 3)); then\n        compadd " +
              joined(secondWords(commands, word)) +
              "\n        return\n      fi\n      command+=\" ${words[3]}\"\n      shift words\n"
              "      ((CURRENT--)) ;;\n";
  text += "  esac\n  shift words\n  ((CURRENT--))\n  case $command in\n";
  for (const std::unique_ptr<Command> &command : commands)
    text += "    '" + std::string(command->name()) + "')\n      _arguments" +
            zshCommand(*command, commands) + " ;;\n";
  return text + "  esac\n}\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n  _uwt \"$@\"\n"
                "else\n  compdef _uwt uwt\nfi\n";
}

static std::string fishOption(const command_line::Option &option, const std::string &condition,
                              const CommandList &commands) {
  std::string text = "complete -c uwt -n " + shellQuoted(condition);
  std::vector<std::string> words = valueWords(option, commands);
  if (option.isArgument()) {
    if (words.empty())
      return option.hint == command_line::ValueHint::Path ? text + " -F\n" : "";
    return text + " -a " + shellQuoted(joined(words)) + "\n";
  }
  if (!option.shortName().empty())
    text += " -s " + option.shortName().substr(1);
  text += " -l " + option.longName().substr(2) + " -d " + shellQuoted(option.help);
  if (option.isFlag())
    return text + "\n";
  if (!words.empty())
    return text + " -x -a " + shellQuoted(joined(words, "\"")) + "\n";
  return text + (option.hint == command_line::ValueHint::Path ? " -r -F\n" : " -x\n");
}

static std::string fishScript(const CommandList &commands) {
  std::string text = "# fish completion of uwt, made by `uwt completion fish`\n"
                     "complete -c uwt -f\n"
                     "complete -c uwt -n __fish_use_subcommand -l version -d 'print the version'\n";
  for (const std::string &word : firstWords(commands)) {
    Command *command = findCommand(commands, word);
    text += "complete -c uwt -n __fish_use_subcommand -a " + word +
            (command ? " -d " + shellQuoted(command->summary()) : "") + "\n";
    if (isGroup(commands, word))
      text += "complete -c uwt -n '__fish_seen_subcommand_from " + word +
              "; and not __fish_seen_subcommand_from " + joined(secondWords(commands, word)) +
              "' -a " + shellQuoted(joined(secondWords(commands, word))) + "\n";
  }
  for (const std::unique_ptr<Command> &command : commands) {
    std::string name(command->name());
    std::string word = name.substr(0, name.find(' '));
    std::string condition = "__fish_seen_subcommand_from " + word;
    if (word != name)
      condition += "; and __fish_seen_subcommand_from " + name.substr(word.size() + 1);
    for (const command_line::Option &option : allOptions(*command))
      text += fishOption(option, condition, commands);
  }
  return text;
}

Status CompletionCommand::run(Session &session) {
  std::string text = chosen == "bash"  ? bashScript(commands)
                     : chosen == "zsh" ? zshScript(commands)
                                       : fishScript(commands);
  if (!session.wantsJson()) {
    session.print(text);
    return ok();
  }
  Json result = schemaObject("completion");
  result["shell"] = chosen;
  result["script"] = text;
  printJson(session, result);
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeCompletionCommand(const CommandList &commands) {
  return std::make_unique<CompletionCommand>(commands);
}
