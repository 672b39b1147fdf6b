//===- Options.h - Command line of uwt-bench -------------------*- C++ -*--===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_OPTIONS_H
#define UWT_TOOLS_UWTBENCH_OPTIONS_H

#include "Bench.h"

namespace uwt {

struct CommandLineOptions {
  BenchOptions bench;
  std::vector<std::string> profiles;
  std::string json, ncu;
  unsigned device = 0, threads = 0;
  bool help = false, version = false, list = false;
};

/// Reads the arguments after the program's name. Usage errors.
Expected<CommandLineOptions> parseOptions(const std::vector<std::string> &arguments);

/// What --help prints.
std::string helpText();
/// What --list prints: the grid, a shape a line.
std::string listText(const CommandLineOptions &options);

} // namespace uwt

#endif // UWT_TOOLS_UWTBENCH_OPTIONS_H
