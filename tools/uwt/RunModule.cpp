//===- RunModule.cpp - uwt run --------------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompileOptionRows.h"
#include "RunInputs.h"
#include "text/Json.h"
#include "text/Paths.h"
#include "text/Progress.h"
#include "text/Text.h"
#include "uwt/Bench/Samples.h"
#include "uwt/Container/Container.h"
#include "uwt/Support/Suggest.h"

using namespace uwt;
using namespace uwt::tool;

namespace {

class RunCommand final : public Command {
public:
  std::string_view name() const override { return "run"; }
  std::string_view summary() const override {
    return "compile a module of linalg and call a function of it";
  }
  std::string_view description() const override {
    return "IN is MLIR, as for compile, or an object of 'uwt compile --emit obj', which is machine "
           "code and needs --trust-ir. Programs are kept, and not compiled a second time "
           "(--cache); those for the emulator are not.\n\n"
           "Inputs are the tensors arg0, arg1, ... of the --input file, by the position of the "
           "function's arguments; where there is one, it may have any name. --random-inputs draws "
           "those that are not there, the same on every machine. Outputs are out0, out1, .... The "
           "same weights give the same bits in every format and on any number of threads; --raw "
           "runs the same kernels from uncompressed weights.\n\n"
           "--target sm_90a runs products on this machine's GPU, emulate:sm_90a on an emulator "
           "that needs none and finds races, missing waits and accesses out of bounds. There, bits "
           "are the same for formats of a fixed rate (palettes: up to 64 rows of x). "
           "emulate:sm_90a,ptx runs the PTX that a driver would be given, not the IR before it; "
           "seed=N takes another order of events, ctas=N so many CTAs at a time.";
  }
  std::vector<command_line::Example> examples() const override {
    std::string module = "uwt run model.mlir --input x.safetensors ";
    return {
        {module + "--weights model.uwt.safetensors -o y.safetensors", "From compressed weights"},
        {module + "--weights model.uwt.safetensors -o y.safetensors --raw",
         "The same bits from raw ones"},
        {module + "--format 'huffman<12,2>' -o y.safetensors", "Constants of the module, coded"},
        {"uwt run model.mlir --weights model.uwt.safetensors --random-inputs --shape arg0:4x64 "
         "--bench 20",
         "How fast is it?"},
        {module + "-o y.safetensors --target emulate:sm_90a",
         "By the kernels of a GPU, without one"}};
  }
  std::vector<command_line::Option> options() override;
  Status run(Session &session) override;

private:
  Status write(const std::vector<ToolResult> &results) const;
  void report(Session &session, const ToolSignature &function, const ToolStats &stats,
              const std::vector<ToolResult> &results, const bench::Samples &calls) const;

  std::string module, output, function, cache;
  RunInputs inputs;
  CompileOptionRows shared;
  bool force = false;
  unsigned threads = 0, bench = 0;
};

} // namespace

std::vector<command_line::Option> RunCommand::options() {
  command_line::Option in{"IN", "", "a file of MLIR", &module, command_line::ValueHint::Path};
  in.required = true;
  std::vector<command_line::Option> rows = {in};
  auto add = [&](const std::vector<command_line::Option> &more) {
    rows.insert(rows.end(), more.begin(), more.end());
  };
  add(inputs.rows());
  add({{"-o,--output", "OUT",
        "the .safetensors file to write the results to (default: none, their shapes are shown)",
        &output, command_line::ValueHint::Path},
       {"--function", "NAME", "function to call (default: the only one, or main)", &function}});
  add(shared.rows());
  rows.push_back(
      {"--cache", "DIR",
       "folder that keeps compiled programs for the next run, or none (default: $UWT_CACHE, or "
       "uwt/programs in $XDG_CACHE_HOME or ~/.cache)",
       &cache, command_line::ValueHint::Path});
  rows.push_back({"--bench", "N", "call it N more times and print how long that took", &bench});
  rows.push_back({"-f,--force", "", "overwrite an existing output", &force});
  rows.push_back(command_line::threadsOption(&threads));
  return rows;
}

Status RunCommand::write(const std::vector<ToolResult> &results) const {
  if (output.empty())
    return ok();
  std::vector<SafetensorsOutput> outputs;
  for (size_t i = 0; i < results.size(); ++i)
    outputs.push_back({"out" + std::to_string(i), findSafetensorsDtype(results[i].dtype),
                       results[i].shape, results[i].bytes});
  return writeSafetensors(output, outputs, {}, force, modeWithin(inputs.reads()));
}

void RunCommand::report(Session &session, const ToolSignature &called, const ToolStats &stats,
                        const std::vector<ToolResult> &results, const bench::Samples &calls) const {
  double compileSeconds = 0;
  for (const auto &[stage, time] : stats.stages)
    compileSeconds += time;
  if (session.wantsJson()) {
    Json object = schemaObject("run");
    object["input"] = module;
    if (!output.empty())
      object["output"] = output;
    object["function"] = called.name;
    object["compile_seconds"] = compileSeconds;
    object["cache"] = stats.cache;
    object["weights"] = stats.weights;
    object["weight_bytes"] = stats.weightBytes;
    object["raw_weight_bytes"] = stats.rawWeightBytes;
    inputs.report(object);
    for (const ToolResult &result : results)
      object["results"].push_back({{"dtype", result.dtype}, {"shape", result.shape}});
    object["seconds"] = calls.seconds;
    return printJson(session, object);
  }
  for (size_t i = 0; i < results.size(); ++i)
    session.note((output.empty() ? "" : output + ": ") + "out" + std::to_string(i) + ", " +
                 results[i].dtype + ", " + formatShape(results[i].shape) + ", " +
                 formatBytes(results[i].bytes.size()));
  session.note((stats.cache == "hit" ? "compiled before, loaded in " : "compiled in ") +
               formatNumber(compileSeconds * 1e3, 0) + " ms, " + plural(stats.weights, "weight") +
               " held in " + formatBytes(stats.weightBytes) +
               " (raw: " + formatBytes(stats.rawWeightBytes) + ")");
  if (calls.empty())
    return;
  session.print(plural(calls.seconds.size(), "call") + ": median " +
                formatNumber(calls.median() * 1e3, 3) + " ms, p10 " +
                formatNumber(calls.quantile(0.1) * 1e3, 3) + " ms, p90 " +
                formatNumber(calls.quantile(0.9) * 1e3, 3) + " ms\n");
}

Status RunCommand::run(Session &session) {
  UWT_ASSIGN_OR_RETURN(ToolCompileOptions options, shared.options(threads));
  options.requiredCache = !cache.empty();
  options.cacheFolder = cache.empty() ? programFolder() : cache == "none" ? "" : cache;
  UWT_ASSIGN_OR_RETURN(std::string text, readModule(module));
  UWT_RETURN_IF_ERROR(inputs.open(shared.reads(module), output, force));
  UWT_RETURN_IF_ERROR(checkOutput(inputs.reads(), output, force));
  UWT_ASSIGN_OR_RETURN(const CompilerModule *compiler, loadCompiler());
  StageProgress progress(session, "compiling");
  UWT_ASSIGN_OR_RETURN(auto program,
                       compiler->compile(text, module, options, threads, progress.function()));
  progress.finish();
  for (const std::string &note : program->stats().notes)
    session.note(note);
  for (const std::string &remark : program->stats().remarks)
    session.detail(remark);
  UWT_ASSIGN_OR_RETURN(ToolSignature called, program->find(function));
  UWT_ASSIGN_OR_RETURN(std::vector<ToolTensor> arguments, inputs.bind(called));
  UWT_RETURN_IF_ERROR(inputs.save(force));
  bench::Samples calls;
  UWT_ASSIGN_OR_RETURN(std::vector<ToolResult> results,
                       program->run(called.name, arguments, threads, bench, calls.seconds));
  UWT_RETURN_IF_ERROR(inputs.checkRead());
  UWT_RETURN_IF_ERROR(write(results));
  report(session, called, program->stats(), results, calls);
  return ok();
}

std::unique_ptr<Command> uwt::tool::makeRunCommand() { return std::make_unique<RunCommand>(); }
