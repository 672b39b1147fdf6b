//===- Pipelines.cpp - The ways of a module to a CPU and a GPU ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/Pipelines.h"
#include "KernelProfiles.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "uwt/Codegen/CPU/Passes.h"
#include "uwt/Codegen/Decode/Passes.h"
#include "uwt/Codegen/GPU/Passes.h"
#include "uwt/Compiler/Passes.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Dialect/UWT/Transforms/Passes.h"
#include "uwt/Input/Passes.h"
#include "uwt/Rewrite/Passes.h"
#include "uwt/Support/Suggest.h"
#include <charconv>

using namespace mlir;

namespace uwt {

Expected<StrategyChoice> StrategyChoice::parse(std::string_view text) {
  StrategyChoice choice;
  std::pair<std::string_view, unsigned *> numbers[] = {{"tile_n", &choice.tileN},
                                                       {"tile_m", &choice.tileM},
                                                       {"tile_k", &choice.tileK},
                                                       {"prefetch", &choice.prefetch},
                                                       {"read_streams", &choice.readStreams}};
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string_view item = text.substr(begin, end - begin);
    begin = end + 1;
    while (item.starts_with(' '))
      item.remove_prefix(1);
    size_t equals = item.find('=');
    auto *number =
        std::ranges::find(numbers, item.substr(0, equals), [](auto &n) { return n.first; });
    // Those of CPUs are among them.
    if (symbolizeProductStrategy(item)) {
      choice.name = item;
      continue;
    }
    const char *last = item.data() + item.size();
    if (number == std::end(numbers) || equals == std::string_view::npos ||
        std::from_chars(item.data() + equals + 1, last, *number->second).ptr != last ||
        *number->second == 0)
      return usageError("a strategy is direct or buffer, on CPUs with AMX also tiles, on GPUs "
                        "shared, codes or exponents, and tile_n=N, tile_m=N, tile_k=N, prefetch=N, "
                        "read_streams=N, separated by commas; got " +
                        inQuotes(item));
  }
  return choice;
}

static void addBinding(OpPassManager &pm, const CompileOptions &options) {
  BindWeightsPassOptions bind;
  bind.weights.assign(options.weights.begin(), options.weights.end());
  bind.columnsByCell = options.columnsByCell && !options.format;
  bind.assumePlain = options.assumePlain;
  pm.addPass(createBindWeightsPass(std::move(bind)));
  CompressConstantsPassOptions compress;
  compress.format = options.format.value_or("");
  compress.minElements = options.minElements;
  compress.profit = options.profit;
  pm.addPass(createCompressConstantsPass(std::move(compress)));
}

static void addArithmetic(OpPassManager &pm, const CompileOptions &options) {
  if (options.integerBits == 0)
    return;
  SelectArithmeticPassOptions arithmetic;
  arithmetic.bits = options.integerBits;
  pm.addPass(createSelectArithmeticPass(arithmetic));
}

/// The format of each weight, for a GPU or a CPU; for a CPU strategies as well. Those of a GPU are
/// picked on memrefs (buildKernelPipeline).
static void addSelection(OpPassManager &pm, const CompileOptions &options) {
  SelectFormatPassOptions format;
  format.gpu = options.gpu;
  format.runFormat = options.format.value_or("");
  format.mHint = options.mHint;
  if (!options.gpu.empty()) {
    std::shared_ptr<KernelProfileSource> profiles;
    if (options.profileFolder)
      profiles = std::make_shared<KernelProfileMaker>(*options.profileFolder);
    pm.addPass(createSelectFormatPass(format, std::move(profiles)));
    addArithmetic(pm, options);
    return;
  }
  SelectStrategyPassOptions select;
  select.runFormat = format.runFormat;
  select.strategy = format.strategy = options.strategy.name;
  select.tileN = format.tileN = options.strategy.tileN;
  select.tileM = format.tileM = options.strategy.tileM;
  select.tileK = format.tileK = options.strategy.tileK;
  select.prefetch = format.prefetch = options.strategy.prefetch;
  select.readStreams = format.readStreams = options.strategy.readStreams;
  select.calibration = format.calibration = options.calibration;
  select.threads = format.threads = options.threads;
  pm.addPass(createSelectFormatPass(std::move(format)));
  addArithmetic(pm, options);
  pm.addPass(createSelectStrategyPass(std::move(select)));
}

void buildInputPipeline(OpPassManager &pm, const CompileOptions &options) {
  SetTargetPassOptions target;
  target.target = options.target;
  pm.addPass(createSetTargetPass(std::move(target)));
  if (!options.trustIr)
    pm.addPass(createCheckInputPass());
  buildLowerInputPipeline(pm, options.runtimeChecks);
}

void buildTensorPipeline(OpPassManager &pm, const CompileOptions &options) {
  pm.addPass(createLowerPackingPass());
  pm.addPass(createExposeWeightsPass());
  pm.addPass(createSplitProductsPass());
  addBinding(pm, options);
  pm.addPass(createCSEPass());
  // Constants that are encoded by hand in the module; decodes wait for fusion.
  pm.addPass(createFoldConstantsPass({/*keepDecodes=*/true}));
  FuseDecodePassOptions fuse;
  fuse.numerics = options.exact ? Numerics::Exact : Numerics::Fast;
  pm.addPass(createFuseDecodePass(fuse));
  pm.addPass(createTileWindowsPass());
  addSelection(pm, options);
  // What selection transcodes, and decodes that no product took.
  pm.addPass(createFoldConstantsPass());
  pm.addPass(createLowerDispatchPass());
  pm.addPass(createCanonicalizePass());
  pm.addPass(createCSEPass());
  pm.addPass(createAssignSlotsPass());
}

void buildBufferPipeline(OpPassManager &pm, const CompileOptions & /*options*/) {
  codegen::LowerRestOptions rest;
  codegen::buildFuseRestPipeline(pm, rest);
  codegen::buildBufferizePipeline(pm);
  codegen::buildVectorizeRestPipeline(pm);
}

void buildCodePipeline(OpPassManager &pm, const CompileOptions & /*options*/) {
  // First, so that what follows sees equal layers once.
  codegen::buildShareRepeatedPipeline(pm);
  // Epilogues are arithmetic like any other, so products go before it is expanded.
  pm.addPass(codegen::createTileMatmulPass());
  pm.addPass(codegen::createEmitDecodersPass());
  pm.addPass(codegen::createLowerLaneOpsPass());
  pm.addPass(codegen::createLowerTilesPass());
  pm.addPass(codegen::createWeightsToLLVMPass());
  codegen::buildExpandArithmeticPipeline(pm);
  codegen::buildLowerToLLVMPipeline(pm);
}

void buildCompilePipeline(OpPassManager &pm, const CompileOptions &options) {
  buildInputPipeline(pm, options);
  buildTensorPipeline(pm, options);
  buildBufferPipeline(pm, options);
  buildCodePipeline(pm, options);
}

void buildKernelPipeline(OpPassManager &pm, const KernelPipelineOptions &options) {
  SelectStrategyPassOptions select;
  select.gpu = options.gpu;
  select.strategy = options.strategy;
  select.keepOnHost = options.keepOnHost;
  select.ownFormat = options.ownFormat;
  pm.addPass(createSelectStrategyPass(std::move(select)));
  codegen::OutlineProductsPassOptions outline;
  outline.target = options.gpu;
  outline.grouped = options.grouped;
  pm.addPass(codegen::createOutlineProductsPass(std::move(outline)));
  pm.addPass(codegen::createLowerLaunchesPass());
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  kernels.addPass(codegen::createEmitDecodersPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createCanonicalizePass());
}

void buildCompileGpuPipeline(OpPassManager &pm, const CompileOptions &options,
                             const KernelPipelineOptions &kernels) {
  buildInputPipeline(pm, options);
  buildTensorPipeline(pm, options);
  buildBufferPipeline(pm, options);
  pm.addPass(codegen::createBuildWeightKernelsPass());
  buildKernelPipeline(pm, kernels);
}

namespace {
using mlir::detail::PassOptions;

/// CompileOptions on a command line, among the options of a pipeline.
struct CompileFlags {
  explicit CompileFlags(PassOptions &pipeline) : pipeline(pipeline) {}

  PassOptions &pipeline;
  PassOptions::Option<std::string> target{
      pipeline, "target", llvm::cl::desc("Name of a target, or native"), llvm::cl::init("native")};
  PassOptions::ListOption<std::string> weights{
      pipeline, "weights", llvm::cl::desc("Containers or folders with the weights of the module")};
  PassOptions::Option<std::string> format{
      pipeline, "format",
      llvm::cl::desc("Format that constants are compressed to and products run from")};
  PassOptions::Option<int64_t> minElements{
      pipeline, "min-elements", llvm::cl::desc("Elements below which a constant is left alone"),
      llvm::cl::init(1024)};
  PassOptions::Option<bool> profit{pipeline, "profit",
                                   llvm::cl::desc("Whether a constant has to get smaller"),
                                   llvm::cl::init(false)};
  PassOptions::Option<std::string> strategy{
      pipeline, "strategy",
      llvm::cl::desc("Where weights are decoded: direct or buffer, on CPUs with AMX also tiles, "
                     "on GPUs shared, codes or exponents")};
  PassOptions::Option<bool> exact{pipeline, "exact",
                                  llvm::cl::desc("IEEE multiply-adds on every target"),
                                  llvm::cl::init(false)};
  PassOptions::Option<unsigned> integerBits{
      pipeline, "integer-bits",
      llvm::cl::desc("Compute products of quantised weights by integers of so many bits that x is "
                     "rounded to: 2 to 8, or 0 for none"),
      llvm::cl::init(0)};
  PassOptions::Option<bool> columnsByCell{
      pipeline, "columns-by-cell",
      llvm::cl::desc("Run from the codes of weights whose columns belong to groups in an order of "
                     "their own: sums are in another order then"),
      llvm::cl::init(false)};
  PassOptions::Option<bool> assumePlain{
      pipeline, "assume-plain",
      llvm::cl::desc("Bind tensors of floats whatever the configuration says of how the model is "
                     "quantised"),
      llvm::cl::init(false)};
  PassOptions::Option<bool> trustIr{pipeline, "trust-ir",
                                    llvm::cl::desc("Take operations that can reach any memory"),
                                    llvm::cl::init(false)};
  PassOptions::Option<bool> runtimeChecks{
      pipeline, "runtime-checks", llvm::cl::desc("Check sizes and indices that only a call knows"),
      llvm::cl::init(true)};

  CompileOptions options() const {
    CompileOptions result;
    result.target = target;
    result.weights.assign(weights.begin(), weights.end());
    if (!format.empty())
      result.format = format;
    result.minElements = minElements;
    result.profit = profit;
    result.strategy.name = strategy;
    result.exact = exact;
    result.integerBits = integerBits;
    result.columnsByCell = columnsByCell;
    result.assumePlain = assumePlain;
    result.trustIr = trustIr;
    result.runtimeChecks = runtimeChecks;
    return result;
  }
};

struct CpuPipelineOptions : PassPipelineOptions<CpuPipelineOptions> {
  CompileFlags compile{*this};
};

struct GpuPipelineOptions : PassPipelineOptions<GpuPipelineOptions> {
  CompileFlags compile{*this};
  Option<std::string> gpu{*this, "gpu",
                          llvm::cl::desc("GPU target: sm_80, sm_86, sm_89, sm_90a or sm_120a"),
                          llvm::cl::init("sm_90a")};
  Option<bool> keepOnHost{*this, "keep-on-host",
                          llvm::cl::desc("Leave products that no kernel of the GPU serves"),
                          llvm::cl::init(false)};
  Option<bool> ownFormat{*this, "own-format",
                         llvm::cl::desc("Search for kernels for the format of each product alone"),
                         llvm::cl::init(false)};

  KernelPipelineOptions kernels() const {
    KernelPipelineOptions result;
    result.gpu = gpu;
    result.strategy = compile.strategy;
    result.keepOnHost = keepOnHost;
    result.ownFormat = ownFormat;
    return result;
  }
};
} // namespace

void registerCompilePipelines() {
  PassPipelineRegistration<CpuPipelineOptions>(
      "uwt-compile-cpu",
      "Compile linalg on tensors, products from compressed weights fused, to the LLVM dialect",
      [](OpPassManager &pm, const CpuPipelineOptions &options) {
        buildCompilePipeline(pm, options.compile.options());
      });
  PassPipelineRegistration<GpuPipelineOptions>(
      "uwt-compile-gpu",
      "Compile linalg on tensors to buffers, products from compressed weights to kernels of a GPU "
      "at lane level and calls that launch them",
      [](OpPassManager &pm, const GpuPipelineOptions &options) {
        CompileOptions compile = options.compile.options();
        compile.gpu = options.gpu;
        buildCompileGpuPipeline(pm, compile, options.kernels());
      });
}

} // namespace uwt
