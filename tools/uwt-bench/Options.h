//===- Options.h - Command line of uwt-bench --------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_OPTIONS_H
#define UWT_TOOLS_UWTBENCH_OPTIONS_H

#include "Bench.h"
#include "uwt/CommandLine/CommandTable.h"

namespace uwt::bench {

/// The options of uwt-bench, checked.
struct GpuBenchOptions {
  BenchOptions bench;
  std::vector<std::string> profiles;
  /// Results to put together.
  std::vector<std::string> merge;
  /// A file for results; empty for none.
  std::string output;
  std::string ncu;
  unsigned device = 0, threads = 0;
  bool json = false, help = false, version = false, list = false, markdown = false;

  /// Whether something is measured, not only printed.
  bool measures() const { return !help && !version && !list && !markdown && merge.empty(); }
};

/// What uwt-bench takes: parser, help and the reference of docs/gpu-bench.md are made from it.
class GpuBenchTable final : public command_line::CommandTable {
public:
  std::string_view name() const override { return "uwt-bench"; }
  std::string call() const override { return "uwt-bench"; }
  std::string helpCall() const override { return "uwt-bench --help"; }
  std::string_view summary() const override {
    return "check the kernels of packs on a GPU, and measure them against cuBLASLt";
  }
  std::string_view description() const override;
  std::vector<command_line::Example> examples() const override;
  std::vector<command_line::Option> options() override;

  /// What the targets hold after parsing. Errors: Usage.
  Expected<GpuBenchOptions> parsed() const;

private:
  std::vector<command_line::Option> inputRows();
  std::vector<command_line::Option> gridRows();
  std::vector<command_line::Option> modeRows();

  GpuBenchOptions given;
  std::string seed = "1", shapes, m, samples;
  bool quick = false;
};

/// Reads the arguments after the program's name. Errors: Usage.
Expected<GpuBenchOptions> parseOptions(const std::vector<std::string> &arguments);

/// What --help prints.
std::string helpText();
/// What --markdown prints.
std::string referenceText();
/// What --list prints: the grid, a shape a line.
std::string listText(const GpuBenchOptions &options);

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_OPTIONS_H
