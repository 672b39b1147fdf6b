//===- Command.cpp - The list of subcommands ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Command.h"

using namespace uwt;
using namespace uwt::tool;

std::vector<command_line::Option> uwt::tool::commonOptions(SessionOptions &options) {
  return {
      {"--json", "", "print the result as one JSON object with a named schema", &options.json},
      {"--progress",
       "MODE",
       "auto draws a bar where messages go to a terminal; json writes a line of JSON at each step",
       &options.progress,
       command_line::ValueHint::None,
       {"auto", "json", "none"}},
      {"-q,--quiet", "", "print errors only", &options.quiet},
      {"-v,--verbose", "", "print more", &options.verbose},
      {"-h,--help", "", "print this help", &options.help},
  };
}

CommandList uwt::tool::makeCommands() {
  CommandList commands;
  commands.push_back(makeCompressCommand());
  commands.push_back(makeDecompressCommand());
  commands.push_back(makeVerifyCommand());
  commands.push_back(makeInspectCommand());
  commands.push_back(makeSliceCommand());
  commands.push_back(makeEmitIrCommand());
  commands.push_back(makeCompileCommand());
  commands.push_back(makeRunCommand());
  commands.push_back(makeBenchCodecsCommand());
  commands.push_back(makeBenchMatmulCommand());
  commands.push_back(makeBenchCalibrateCommand());
  commands.push_back(makeDoctorCommand());
  return commands;
}

Command *uwt::tool::findCommand(const CommandList &commands, std::string_view name) {
  for (const std::unique_ptr<Command> &command : commands)
    if (command->name() == name)
      return command.get();
  return nullptr;
}
