//===- Options.cpp - Command line of uwt-bench ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "uwt/Bench/BenchFlags.h"
#include "uwt/CommandLine/CommandHelp.h"
#include "uwt/CommandLine/CommandLine.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::bench;

std::string_view GpuBenchTable::description() const {
  return "Each kernel is checked first, and has no row where it is wrong. Then it is timed from "
         "weights that no cache holds, as is cuBLASLt for the same shape. The grid is that of "
         "--shapes and --m; what the packs have no kernel for is left out and named.\n\n"
         "Exit codes: 0 all right, 1 a kernel was wrong, 2 usage, 3 a damaged file, 4 reading, "
         "writing or the driver, 5 no GPU, or one that cannot.";
}

std::vector<command_line::Example> GpuBenchTable::examples() const {
  return {{"uwt-bench --pack kernels.uwtpack --quick -o results.json", "A first look"},
          {"uwt-bench --pack kernels.uwtpack --shapes llama-3.1-8b,4096x4096 --m 1,8 --no-peers",
           "Some shapes, without cuBLASLt"},
          {"uwt-bench --pack kernels.uwtpack --weights model.safetensors --check",
           "Whether kernels are right for weights of your own"}};
}

std::vector<command_line::Option> GpuBenchTable::inputRows() {
  return {
      {"--pack", "FILE", "a kernel pack, made by 'uwt compile --emit pack'; may be given again",
       &given.bench.packs, command_line::ValueHint::Path},
      {"--twin", "FILE",
       "a pack whose raw kernels outputs are compared with, and which is not measured; may be "
       "given "
       "again",
       &given.bench.twins, command_line::ValueHint::Path},
      weightsOption(&given.bench.weights, given.bench.weights),
      seedOption(&seed),
      {"--kernel-profiles", "FILE", "predictions to put beside rows; may be given again",
       &given.profiles, command_line::ValueHint::Path},
      {"--cublaslt", "FILE", "the cuBLASLt to measure against", &given.bench.cublasLt,
       command_line::ValueHint::Path},
  };
}

std::vector<command_line::Option> GpuBenchTable::gridRows() {
  return {
      shapesOption(&shapes, "all: the grid and the packs' own",
                   "; quick: three of them; packs: the packs' own; smallest: the smallest of "
                   "those"),
      mOption(&m, "all"),
      {"--quick", "", "a few shapes, values of m and samples, where others are not given", &quick},
      samplesOption(&samples, "30; 10 with --quick"),
      copiesOption(&given.bench.copies),
  };
}

std::vector<command_line::Option> GpuBenchTable::modeRows() {
  return {
      {"--check", "", "check only, measure nothing", &given.bench.checkOnly},
      noPeersOption(&given.bench.noPeers, "cuBLASLt"),
      {"--profile", "", "launch each kernel three times, for a profiler", &given.bench.profile},
      {"--ncu", "FILE", "run --profile under Nsight Compute, counters to FILE", &given.ncu,
       command_line::ValueHint::Path},
      {"--device", "N", "number of the GPU (default: 0)", &given.device},
      command_line::threadsOption(&given.threads),
      {"-o,--output", "FILE", "write results as JSON, after every row", &given.output,
       command_line::ValueHint::Path},
      {"--json", "", "print the results as one JSON object with a named schema", &given.json},
      {"--merge", "FILE",
       "put results of runs on this machine together, a --merge each, and end; to -o or printed",
       &given.merge, command_line::ValueHint::Path},
      {"--list", "", "print the grid and end; with --shapes packs that of the packs", &given.list},
      {"--markdown", "", "print the reference for docs/gpu-bench.md and end", &given.markdown},
      {"--version", "", "print the version and end", &given.version},
      {"-h,--help", "", "print this help", &given.help},
  };
}

std::vector<command_line::Option> GpuBenchTable::options() {
  std::vector<command_line::Option> all;
  for (std::vector<command_line::Option> rows : {inputRows(), gridRows(), modeRows()})
    all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

/// Which shapes of the packs a word of --shapes means.
static ShapeChoice choiceOf(const std::string &shapes) {
  if (shapes == "all")
    return ShapeChoice::WithOwn;
  if (shapes == "quick")
    return ShapeChoice::OrOwn;
  if (shapes == "packs")
    return ShapeChoice::Own;
  return shapes == "smallest" ? ShapeChoice::Smallest : ShapeChoice::Given;
}

Expected<GpuBenchOptions> GpuBenchTable::parsed() const {
  GpuBenchOptions options = given;
  if (options.help)
    return options;
  BenchOptions &bench = options.bench;
  std::string grid = quick ? "quick" : "all", wanted = shapes.empty() ? grid : shapes;
  bench.choice = choiceOf(wanted);
  if (bench.choice != ShapeChoice::Own && bench.choice != ShapeChoice::Smallest) {
    UWT_ASSIGN_OR_RETURN(bench.shapes, parseShapes(wanted, "packs, smallest, "));
  }
  UWT_ASSIGN_OR_RETURN(bench.mValues, parseM(m.empty() ? grid : m));
  UWT_ASSIGN_OR_RETURN(bench.seed, parseSeed(seed));
  if (quick)
    bench.decodeLaunches = 64;
  UWT_ASSIGN_OR_RETURN(bench.timing.samples, parseSamples(!samples.empty() ? samples
                                                          : quick          ? "10"
                                                                           : "30"));
  if (options.list && bench.choice == ShapeChoice::Own) {
    UWT_ASSIGN_OR_RETURN(bench.shapes, shapesOfPacks(bench.packs));
    std::ranges::stable_sort(bench.shapes, {}, &GridShape::elements);
  }
  if (options.measures() && bench.packs.empty())
    return usageError("no pack is given; use --pack FILE, made by 'uwt compile --emit pack'");
  return options;
}

Expected<GpuBenchOptions> uwt::bench::parseOptions(const std::vector<std::string> &arguments) {
  GpuBenchTable table;
  UWT_RETURN_IF_ERROR(command_line::parseArguments(arguments, table));
  return table.parsed();
}

std::string uwt::bench::helpText() {
  GpuBenchTable table;
  return commandHelp(table, {}, [](std::string_view heading) { return std::string(heading); });
}

std::string uwt::bench::referenceText() {
  GpuBenchTable table;
  return command_line::commandMarkdown(table);
}

std::string uwt::bench::listText(const GpuBenchOptions &options) {
  std::string text;
  for (const GridShape &shape : options.bench.shapes) {
    std::string size = std::to_string(shape.rows) + "x" + std::to_string(shape.columns);
    size.resize(std::max<size_t>(size.size() + 1, 13), ' ');
    text += size + shape.name + "\n";
  }
  text += "m";
  for (uint32_t m : options.bench.mValues)
    text += " " + std::to_string(m);
  return text + "\n";
}
