//===- CompileOptionRows.h - Options of the commands that compile *- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `uwt compile` and `uwt run` have in common: the same options, read in the
// same way, so that a module that is looked at is the one that runs.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_COMPILEOPTIONROWS_H
#define UWT_TOOLS_UWT_COMPILEOPTIONROWS_H

#include "Command.h"
#include "CompilerModule.h"

namespace uwt::tool {

/// Values of the shared options.
class CompileOptionRows {
public:
  /// The rows; their targets are in this object.
  std::vector<command_line::Option> rows();
  /// Checked. `threads` is what products are chosen for. Errors: Usage, IO (a weights file that is
  /// not there).
  Expected<ToolCompileOptions> options(unsigned threads) const;
  /// The paths that these options name, and `module`: all that compiling reads.
  std::vector<std::string> reads(const std::string &module) const;

private:
  std::string target = "native", numerics = "fast", arithmetic = "dense", optimisation = "3";
  std::vector<std::string> weights;
  std::optional<std::string> format, minElements, calibration, m;
  std::string strategy;
  std::optional<std::string> assumed;
  bool raw = false, ownFormat = false, columnsByCell = false, profit = false, noCheck = false,
       trustIr = false, noRuntimeChecks = false;
};

/// A file of IR, text or bytecode. Errors: IO, Usage (larger than is sensible).
Expected<std::string> readModule(const std::string &path);

/// The stages of a compilation and the weights, as a table.
std::string compileTable(const Session &session, const ToolStats &stats);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_COMPILEOPTIONROWS_H
