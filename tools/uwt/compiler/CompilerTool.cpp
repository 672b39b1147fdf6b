//===- CompilerTool.cpp - The compiler behind the tool --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// libUWTCompilerTool.so: the interface of CompilerModule.h over the embedding API. It has
// its own copy of the libraries below, so nothing but values goes through.
//
//===----------------------------------------------------------------------===//

#include "../CompilerModule.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/CudaTools/CompileKernels.h"
#include "uwt/Dialect/UWT/Transforms/FormatCosts.h"
#include "uwt/Support/StopWatch.h"

using namespace uwt;
using namespace uwt::tool;

static ToolStats toolStats(const CompileStats &stats) {
  static constexpr const char *cacheNames[] = {"off", "miss", "hit"};
  return {stats.stages,
          stats.passes,
          stats.codeBytes,
          stats.weights,
          stats.weightBytes,
          stats.rawWeightBytes,
          cacheNames[static_cast<size_t>(stats.cache)],
          stats.remarks,
          stats.notes};
}

static std::vector<ToolSpec> toolSpecs(const std::vector<TensorSpec> &specs) {
  std::vector<ToolSpec> result;
  for (const TensorSpec &spec : specs)
    result.push_back({std::string(spec.dtype->name), spec.shape});
  return result;
}

namespace {

class ProgramOfTool final : public ToolProgram {
public:
  explicit ProgramOfTool(std::unique_ptr<Program> program)
      : program(std::move(program)), values(toolStats(this->program->stats())) {}
  const ToolStats &stats() const override { return values; }
  Expected<ToolSignature> find(const std::string &function) const override;
  Expected<std::vector<ToolResult>> run(const std::string &function,
                                        std::span<const ToolTensor> inputs, unsigned threads,
                                        unsigned repeats,
                                        std::vector<double> &seconds) const override;

private:
  std::unique_ptr<Program> program;
  ToolStats values;
};

class CompilerOfTool final : public CompilerModule {
public:
  Expected<std::unique_ptr<ToolProgram>> compile(std::string_view text, const std::string &path,
                                                 const ToolCompileOptions &options,
                                                 unsigned threads,
                                                 const StageFunction &onStage) const override;
  Expected<std::string> emit(std::string_view text, const std::string &path,
                             const ToolCompileOptions &options, EmitKind kind,
                             ToolStats &stats) const override;
  Expected<std::string> findCudaTool(const std::string &program) const override;
  Expected<FormatCost> formatCost(const std::string &format) const override;
};

} // namespace

Expected<ToolSignature> ProgramOfTool::find(const std::string &function) const {
  UWT_ASSIGN_OR_RETURN(const Signature *found, program->find(function));
  if (!found->obstacle.empty())
    return usageError("function '" + found->name + "' cannot be called: " + found->obstacle);
  // Compiled code follows images, and a file may hold any bytes.
  for (size_t i = 0; i < found->inputs.size(); ++i)
    if (found->inputs[i].isWeight())
      return usageError("function '" + found->name + "' cannot be called with files: argument " +
                        std::to_string(i) + " is the weight " + found->inputs[i].str() +
                        ", whose image a program gives (uwtProgramRun)");
  return ToolSignature{found->name, toolSpecs(found->inputs), toolSpecs(found->outputs)};
}

Expected<std::vector<ToolResult>> ProgramOfTool::run(const std::string &function,
                                                     std::span<const ToolTensor> inputs,
                                                     unsigned threads, unsigned repeats,
                                                     std::vector<double> &seconds) const {
  UWT_ASSIGN_OR_RETURN(const Signature *found, program->find(function));
  std::vector<TensorView> views;
  for (const ToolTensor &input : inputs)
    views.push_back(
        {findSafetensorsDtype(input.dtype), input.shape, input.bytes.data(), /*strides=*/{}});
  ThreadPool pool(threads);
  UWT_ASSIGN_OR_RETURN(std::vector<TensorResult> results, program->run(*found, views, &pool));
  for (unsigned i = 0; i < repeats; ++i) {
    StopWatch watch;
    UWT_RETURN_IF_ERROR(program->run(*found, views, &pool));
    seconds.push_back(watch.lap());
  }
  std::vector<ToolResult> outputs;
  for (TensorResult &result : results)
    outputs.push_back({std::string(result.dtype()->name),
                       result.shape(),
                       {result.bytes().begin(), result.bytes().end()}});
  return outputs;
}

/// The options with what the compiler itself has to parse.
static Expected<CompileOptions> completed(const ToolCompileOptions &options) {
  CompileOptions result = options;
  if (!options.strategyText.empty()) {
    auto strategy = StrategyChoice::parse(options.strategyText);
    if (!strategy)
      return strategy.takeError().in("--strategy");
    result.strategy = *strategy;
  }
  return result;
}

Expected<std::unique_ptr<ToolProgram>> CompilerOfTool::compile(std::string_view text,
                                                               const std::string &path,
                                                               const ToolCompileOptions &options,
                                                               unsigned threads,
                                                               const StageFunction &onStage) const {
  UWT_ASSIGN_OR_RETURN(CompileOptions chosen, completed(options));
  ThreadPool pool(threads);
  std::unique_ptr<Program> program;
  if (text.starts_with("\x7f"
                       "ELF")) {
    UWT_ASSIGN_OR_RETURN(program, loadObject(text, path, chosen, pool));
  } else {
    std::string folder = options.cacheFolder;
    if (Status usable = folder.empty() ? ok() : checkCodeFolder(folder); !usable) {
      if (options.requiredCache)
        return usable.takeError();
      folder.clear();
    }
    UWT_ASSIGN_OR_RETURN(program, compileText(text, path, chosen, pool, folder, onStage));
  }
  std::unique_ptr<ToolProgram> result = std::make_unique<ProgramOfTool>(std::move(program));
  return result;
}

Expected<std::string> CompilerOfTool::emit(std::string_view text, const std::string &path,
                                           const ToolCompileOptions &options, EmitKind kind,
                                           ToolStats &stats) const {
  UWT_ASSIGN_OR_RETURN(CompileOptions chosen, completed(options));
  chosen.profileFolder = options.cacheFolder;
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  UWT_ASSIGN_OR_RETURN(auto module, parseModule(*context, text, path, chosen.trustIr));
  CompileStats measured;
  UWT_ASSIGN_OR_RETURN(std::string code, emitCode(*module, chosen, kind, &measured));
  stats = toolStats(measured);
  return code;
}

Expected<std::string> CompilerOfTool::findCudaTool(const std::string &program) const {
  return uwt::cuda_tools::findCudaTool(
      program == "ptxas" ? cuda_tools::CudaTool::Ptxas : cuda_tools::CudaTool::Nvdisasm, "");
}

Expected<FormatCost> CompilerOfTool::formatCost(const std::string &format) const {
  UWT_ASSIGN_OR_RETURN(Format parsed, Format::parse(format));
  UWT_RETURN_IF_ERROR(checkRunFormat(parsed, ElementType::BF16));
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  context->loadDialect<UWTDialect>();
  auto attribute = FormatAttr::get(context.get(), parsed);
  auto type = CompressedType::get(context.get(), {1, 1}, typeOf(context.get(), ElementType::BF16),
                                  attribute);
  Expected<FormatCost> cost = formatCostOf(type);
  if (!cost)
    return cost.takeError().in(format);
  return cost;
}

extern "C" __attribute__((visibility("default"))) const CompilerModule *uwtCompilerModule() {
  static const CompilerOfTool compiler;
  return &compiler;
}
