//===- CompileOptionRows.cpp - Options of the commands that compile -------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompileOptionRows.h"
#include "FormatOption.h"
#include "text/Paths.h"
#include "text/Table.h"
#include "text/Text.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/File.h"
#include "uwt/Support/Suggest.h"
#include "uwt/Target/GpuTarget.h"
#include "uwt/Target/Target.h"

using namespace uwt;
using namespace uwt::tool;

std::vector<command_line::Option> CompileOptionRows::rows() {
  std::string targets;
  for (const Target &each : allTargets())
    targets += std::string(each.name) + ", ";
  for (const GpuTarget &each : allGpuTargets())
    targets += std::string(each.name) + (&each == &allGpuTargets().back() ? "" : ", ");
  return {
      {"--target", "TARGET",
       "machine to compile for: native, " + targets +
           "; products of a GPU's name run there, of emulate: and a GPU's name on the emulator "
           "(default: native)",
       &target},
      {"--weights", "PATH",
       "container, safetensors, GGUF or ONNX file or folder whose tensors the module's constants "
       "are bound to, or the weights that quantised tensors stand for; may be given again",
       &weights, command_line::ValueHint::Path},
      {"--format", "FORMAT",
       "format that constants are compressed to and products run from (default: " +
           runFormats().front().str() + " for constants, and what the cost model picks)",
       &format, command_line::ValueHint::Format},
      {"--raw", "", "run the same kernels from uncompressed weights: the same bits", &raw},
      {"--numerics",
       "MODE",
       "fast takes the target's bf16 dot products, exact IEEE multiply-adds (default: fast)",
       &numerics,
       command_line::ValueHint::None,
       {"fast", "exact"}},
      {"--arithmetic", "MODE",
       "integer<8> multiplies codes of quantised weights with integers of 8 bits that x is rounded "
       "to (or 2 to 7), a scale a row: faster, but other and less accurate outputs "
       "(docs/numerics.md), the same on CPUs and GPUs; dense multiplies the weights that codes "
       "stand for (default: dense)",
       &arithmetic},
      assumeOption(&assumed),
      {"--columns-by-cell", "",
       "run from the codes of quantised weights whose columns belong to groups in an order of "
       "their own (desc_act), on CPUs: least memory, but sums are in the order of the groups, and "
       "outputs have other bits (docs/quantised.md)",
       &columnsByCell},
      {"--strategy", "STRATEGY",
       "kernel of every product in place of the cost model's pick: direct or buffer, on CPUs with "
       "AMX also tiles, on GPUs shared, codes or exponents; then (CPUs) "
       "tile_n=N,tile_m=N,tile_k=N,prefetch=N,read_streams=N",
       &strategy},
      {"--own-format", "",
       "on GPUs, pick each kernel for its own format alone: faster by some percent, but not the "
       "bits of other formats and of raw weights",
       &ownFormat},
      {"--min-elements", "N", "constants with fewer elements are not compressed (default: 1024)",
       &minElements},
      {"--profit", "", "do not compress constants that would not get smaller", &profit},
      {"--m", "M", "usual m where only a call knows it; formats are picked for that", &m},
      {"--calibration", "FILE", "constants of this machine from 'uwt bench calibrate'",
       &calibration, command_line::ValueHint::Path},
      {"--optimise",
       "LEVEL",
       "level of LLVM's code generator; 0 leaves out its optimisations too (default: 3)",
       &optimisation,
       command_line::ValueHint::None,
       {"0", "1", "2", "3"}},
      {"--no-check", "", "do not verify checksums of weights", &noCheck},
      {"--trust-ir", "",
       "take bytecode, any operation and calls of functions of the process: the module is then as "
       "trusted as a program",
       &trustIr},
      {"--no-runtime-checks", "",
       "do not check sizes and indices that only a call knows: an index in the input can then "
       "name any memory",
       &noRuntimeChecks},
  };
}

Expected<ToolCompileOptions> CompileOptionRows::options(unsigned threads) const {
  ToolCompileOptions result;
  result.target = target;
  result.weights = weights;
  for (const std::string &path : weights)
    UWT_RETURN_IF_ERROR(checkModel(path));
  if (raw && format)
    return usageError("--raw and --format say different things; give one of them");
  if ((raw || format) && columnsByCell)
    return usageError("--columns-by-cell is for products from codes, and --raw and --format are "
                      "for others; give one of them");
  if (raw)
    result.format = rawFormat().str();
  if (format) {
    UWT_ASSIGN_OR_RETURN(FormatChoice choice, parseFormatChoice(*format));
    if (!std::holds_alternative<Format>(choice))
      return usageError("--format: a program runs from one format, such as " +
                        runFormats().front().str() + ", got " + inQuotes(*format));
    result.format = std::get<Format>(choice).str();
  }
  if (minElements) {
    UWT_ASSIGN_OR_RETURN(result.minElements,
                         command_line::parseNumber(*minElements, "--min-elements", 1 << 30));
  }
  if (m) {
    UWT_ASSIGN_OR_RETURN(result.mHint, command_line::parseNumber(*m, "--m", 1 << 20));
  }
  if (calibration) {
    UWT_RETURN_IF_ERROR(checkInput(*calibration));
    result.calibration = *calibration;
  }
  result.profit = profit;
  result.ownFormat = ownFormat;
  result.columnsByCell = columnsByCell;
  result.assumePlain = assumed.has_value();
  result.exact = numerics == "exact";
  UWT_ASSIGN_OR_RETURN(result.integerBits, parseArithmetic(arithmetic));
  result.strategyText = strategy;
  result.optimisation = optimisation[0] - '0';
  result.check = !noCheck;
  result.trustIr = trustIr;
  result.runtimeChecks = !noRuntimeChecks;
  result.threads = threads;
  return result;
}

std::vector<std::string> CompileOptionRows::reads(const std::string &module) const {
  std::vector<std::string> paths = weights;
  paths.push_back(module);
  paths.push_back(calibration.value_or(""));
  return paths;
}

Expected<std::string> uwt::tool::readModule(const std::string &path) {
  UWT_RETURN_IF_ERROR(checkInput(path));
  if (pathIsFolder(path) || path.ends_with(weightEnding))
    return usageError(path + ": has weights, but no program; 'uwt emit-ir' writes one for single "
                             "layers, tools/export/from_torch.py for a model; give the weights "
                             "with --weights");
  // Constants are written in hexadecimal: two digits a byte.
  constexpr uint64_t limit = uint64_t(8) << 30;
  return readTextFile(path, limit);
}

std::string uwt::tool::compileTable(const Session &session, const ToolStats &stats) {
  Table table({{"stage", Table::Align::Left}, {"ms"}});
  double sum = 0;
  for (const auto &[stage, seconds] : stats.stages) {
    table.add({stage, formatNumber(seconds * 1e3, 1)});
    sum += seconds;
  }
  table.addTotal({"total", formatNumber(sum * 1e3, 1)});
  std::string text = table.str(session);
  if (session.verbose()) {
    Table passes({{"pass", Table::Align::Left}, {"ms"}});
    for (const auto &[pass, seconds] : stats.passes)
      passes.add({pass, formatNumber(seconds * 1e3, 2)});
    text += "\n" + passes.str(session);
  }
  return text;
}
