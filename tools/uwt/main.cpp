//===- main.cpp - The command-line tool -----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "help/HelpText.h"
#include "text/Json.h"
#include "uwt/CommandLine/CommandLine.h"
#include "uwt/Support/Process.h"

using namespace uwt;
using namespace uwt::tool;

/// The last three refer to the list, which must stay where it is.
static void addCommands(CommandList &commands) {
  commands = makeCommands();
  commands.push_back(makeHelpCommand(commands));
  commands.push_back(makeCompletionCommand(commands));
  commands.push_back(makeManCommand(commands));
}

static Status runCommand(const CommandList &commands, const command_line::ParsedCommandLine &parsed,
                         Session &session) {
  if (parsed.wantsVersion)
    session.print("uwt " UWT_VERSION "\n");
  else if (parsed.wantsHelp)
    session.print(toolHelp(session, commands, parsed.group));
  else if (!parsed.command) {
    session.print(toolHelp(session, commands, parsed.group) + "\n");
    return usageError("no command is given");
  }
  Command *command = parsed.command ? findCommand(commands, parsed.command->name()) : nullptr;
  if (command && session.options().help)
    session.print(commandHelp(session, *command));
  else if (command)
    UWT_RETURN_IF_ERROR(command->run(session));
  Status written = session.finish();
  session.endWhereReaderIsGone();
  return written;
}

int main(int argc, char **argv) {
  prepareProcess();
  CommandList commands;
  addCommands(commands);
  SessionOptions options;
  std::vector<command_line::CommandTable *> tables;
  for (const std::unique_ptr<Command> &command : commands)
    tables.push_back(command.get());
  auto parsed = command_line::parseCommandLine(argc, argv, tables, commonOptions(options));
  if (!parsed) {
    printError(parsed.error().message());
    return static_cast<int>(parsed.error().getKind());
  }
  catchInterrupts();
  Session session(options);
  Status status = callWithMemory([&] { return runCommand(commands, *parsed, session); });
  if (status)
    return 0;
  // What a command printed before it failed comes first, also into a pipe.
  Status flushed = session.finish();
  static_cast<void>(flushed);
  printError(status.error().message());
  return static_cast<int>(status.error().getKind());
}
