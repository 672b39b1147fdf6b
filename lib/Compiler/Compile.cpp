//===- Compile.cpp - From IR in memory to code ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/Compile.h"
#include "CodeModules.h"
#include "Codegen.h"
#include "Diagnostics.h"
#include "GpuPack.h"
#include "GpuProducts.h"
#include "KernelProfiles.h"
#include "LinkProgram.h"
#include "ProgramState.h"
#include "Signatures.h"
#include "StageTimer.h"
#include "Weights.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "uwt/Codegen/GPU/Passes.h"
#include "uwt/Compiler/ModuleText.h"
#include "uwt/Compiler/ProductTarget.h"
#include "uwt/Compiler/Registration.h"
#include "uwt/Dialect/UWT/IR/CpuStrategy.h"
#include "uwt/Dialect/UWT/IR/UWTDialect.h"
#include "uwt/Support/Suggest.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include <chrono>

using namespace mlir;
using namespace uwt;
namespace {

/// Sums the times of passes over all threads; those that only run others are left out. MLIR calls
/// it from one thread at a time.
class PassTimer : public PassInstrumentation {
public:
  explicit PassTimer(llvm::MapVector<StringRef, double> &times) : times(times) {}
  void runBeforePass(Pass *pass, Operation *op) override {
    begins[{pass, op}] = StageTimer::Clock::now();
  }
  void runAfterPass(Pass *pass, Operation *op) override {
    auto end = StageTimer::Clock::now();
    auto begin = begins.find({pass, op});
    if (!pass->getArgument().empty())
      times[pass->getArgument()] += std::chrono::duration<double>(end - begin->second).count();
    begins.erase(begin);
  }
  void runAfterPassFailed(Pass *pass, Operation *op) override { begins.erase({pass, op}); }

private:
  llvm::MapVector<StringRef, double> &times;
  DenseMap<std::pair<Pass *, Operation *>, StageTimer::Clock::time_point> begins;
};

/// A module on its way to machine code.
class Compilation {
public:
  Compilation(ModuleOp module, const CompileOptions &options, CompileStats &stats,
              const StageFunction &onStage = {})
      : module(module.clone()), options(options), stats(stats), timer(stats, onStage) {
    prepareContext(*module.getContext());
  }

  /// Of options.target; afterwards these options are those of the host.
  Expected<const ProductTarget *> setTarget();
  /// Runs a part of the pipeline, and verifies what it has made.
  Status runPipeline(void (*build)(OpPassManager &, const CompileOptions &));
  /// Makes the kernels that code and gather from weights, which takeKernels() takes as well.
  Status makeWeightKernels();
  /// Makes kernels of the products of the bufferized module and takes them out of it, for a target
  /// with GPUs. Products without kernels are errors, or with `keepOnHost` stay for the CPU.
  Status takeKernels(bool keepOnHost);
  /// By GPU of the target.
  std::vector<GpuProducts> &getProducts() { return products; }
  Status translate();
  /// What follows runs on all threads of `pool`, and may give several files.
  Status split(ThreadPool &pool);
  Status optimise(ThreadPool &pool);
  Expected<std::vector<SmallVector<char, 0>>> emit(ThreadPool &pool, llvm::CodeGenFileType kind);

  static void prepareContext(MLIRContext &context);
  ModuleOp getModule() { return *module; }
  StageTimer &getTimer() { return timer; }
  const std::vector<std::string> &getRemarks() const { return stats.remarks; }
  std::vector<std::string> &getNotes() { return stats.notes; }
  /// The first module, where there are several.
  llvm::Module &getLlvm() { return *modules.front().module; }

private:
  /// Runs passes on `on`, and verifies what they have made. Errors: of `kind`, the first diagnostic
  /// or, without one, `failure`.
  Status runPasses(ModuleOp on, llvm::function_ref<void(OpPassManager &)> build, ErrorKind kind,
                   const char *failure);

  OwningOpRef<ModuleOp> module;
  CompileOptions options;
  CompileStats &stats;
  StageTimer timer;
  ProductTarget target;
  std::vector<GpuProducts> products;
  std::vector<CodeModule> modules;
};

} // namespace

namespace {

/// Marks the `uwt` dialect of a context that has all that a compilation needs. A host may have
/// registered any part of that itself.
struct ReadyToCompile : DialectInterface::Base<ReadyToCompile> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReadyToCompile)
  explicit ReadyToCompile(Dialect *dialect) : Base(dialect) {}
};

} // namespace

void Compilation::prepareContext(MLIRContext &context) {
  auto *dialect = context.getLoadedDialect<UWTDialect>();
  if (dialect && dialect->getRegisteredInterface<ReadyToCompile>())
    return;
  DialectRegistry registry;
  uwt::registerAllDialects(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registry.addExtension(
      +[](MLIRContext *, UWTDialect *own) { own->addInterface<ReadyToCompile>(); });
  context.appendDialectRegistry(registry);
  context.loadDialect<UWTDialect>();
}

Expected<const ProductTarget *> Compilation::setTarget() {
  // Checked here, so that the pipeline only sees names that exist.
  UWT_ASSIGN_OR_RETURN(target, ProductTarget::parse(options.target));
  CodeModule &code = modules.emplace_back();
  UWT_ASSIGN_OR_RETURN(code.machine, makeTargetMachine(*target.host, options.optimisation));
  options.target = target.host->name;
  if (target.gpus.empty()) {
    const std::string &named = options.strategy.name;
    auto strategy = symbolizeProductStrategy(named);
    if (strategy && !cpuStrategyOf(*strategy))
      return usageError("strategy " + named +
                        " is of kernels for GPUs; for CPUs it is direct, buffer or tiles");
    if (strategy == ProductStrategy::Tiles && !target.host->hasTiles())
      return usageError("strategy tiles needs a target with AMX, such as amx; target '" +
                        options.target + "' has none");
    return &target;
  }
  options.gpu = target.gpus.front()->name;
  const StrategyChoice &strategy = options.strategy;
  if (strategy.name == stringifyProductStrategy(ProductStrategy::Tiles))
    return usageError("strategy tiles is of kernels for CPUs with AMX; for GPU target '" +
                      options.gpu + "' it is direct, shared, codes, exponents or buffer");
  if (strategy.tileN != 0 || strategy.tileM != 0 || strategy.tileK != 0 || strategy.prefetch != 0 ||
      strategy.readStreams != 0)
    return usageError("tile_n, tile_m, tile_k, prefetch and read_streams of a strategy are those "
                      "of kernels for CPUs; for GPU target '" +
                      options.gpu + "' it is direct, shared, codes, exponents or buffer alone");
  return &target;
}

/// Whether a module holds to what its operations ask for.
static Status checkModule(ModuleOp module) {
  DiagnosticCollector diagnostics(module->getContext());
  if (mlir::failed(mlir::verify(module)))
    return diagnostics.takeError(ErrorKind::Invalid, "the module is not valid");
  return ok();
}

Status Compilation::makeWeightKernels() {
  codegen::BuildWeightKernelsPassOptions wanted;
  wanted.encode = options.weightKernels.encode;
  wanted.decode = options.weightKernels.decode;
  wanted.gather = options.weightKernels.gather;
  return runPasses(
      *module,
      [&](OpPassManager &passes) { passes.addPass(codegen::createBuildWeightKernelsPass(wanted)); },
      ErrorKind::Unsupported, "a transcode has no kernel");
}

Status Compilation::takeKernels(bool keepOnHost) {
  UWT_RETURN_IF_ERROR(timer.begin("kernels"));
  // What is left of the module is the same for all GPUs: only the last one takes it from here.
  for (const GpuTarget *gpu : target.gpus) {
    OwningOpRef<ModuleOp> copy;
    if (gpu != target.gpus.back())
      copy = module->clone();
    ModuleOp from = copy ? *copy : *module;
    KernelPipelineOptions kernels;
    kernels.gpu = gpu->name;
    kernels.strategy = options.strategy.name;
    kernels.keepOnHost = keepOnHost;
    kernels.ownFormat = options.ownFormat;
    kernels.grouped = options.grouped;
    UWT_RETURN_IF_ERROR(runPasses(
        from, [&](OpPassManager &passes) { buildKernelPipeline(passes, kernels); },
        ErrorKind::Unsupported, "a product has no kernel"));
    products.push_back(separateKernels(from));
  }
  timer.end();
  return ok();
}

Status Compilation::runPasses(ModuleOp on, llvm::function_ref<void(OpPassManager &)> build,
                              ErrorKind kind, const char *failure) {
  DiagnosticCollector diagnostics(on.getContext());
  llvm::MapVector<StringRef, double> times;
  PassManager passes(on.getContext(), ModuleOp::getOperationName());
  // After each pass it would take as long as all passes together.
  passes.enableVerifier(false);
  passes.addInstrumentation(std::make_unique<PassTimer>(times));
  build(passes);
  if (mlir::failed(passes.run(on)))
    return diagnostics.takeError(kind, failure);
  for (auto &[name, seconds] : times) {
    auto known = llvm::find_if(stats.passes, [&](StageTime &pass) { return pass.first == name; });
    if (known != stats.passes.end())
      known->second += seconds;
    else
      stats.passes.emplace_back(name.str(), seconds);
  }
  llvm::append_range(stats.remarks, diagnostics.remarks());
  return checkModule(on);
}

Status Compilation::runPipeline(void (*build)(OpPassManager &, const CompileOptions &)) {
  return runPasses(
      *module, [&](OpPassManager &passes) { build(passes, options); }, ErrorKind::Invalid,
      "the module cannot be compiled");
}

Status Compilation::translate() {
  UWT_RETURN_IF_ERROR(timer.begin("translate"));
  DiagnosticCollector diagnostics(module->getContext());
  CodeModule &code = modules.front();
  code.context = std::make_unique<llvm::LLVMContext>();
  code.module = translateModule(*module, *code.context, *target.host, *code.machine);
  if (!code.module)
    return diagnostics.takeError(ErrorKind::Invalid, "the module has no form in LLVM IR");
  return checkInstructions(*code.module, *target.host);
}

Status Compilation::split(ThreadPool &pool) {
  UWT_RETURN_IF_ERROR(timer.begin("split"));
  modules = splitCode(std::move(modules.front()), pool);
  for (CodeModule &code : modules)
    if (!code.machine) {
      UWT_ASSIGN_OR_RETURN(code.machine, makeTargetMachine(*target.host, options.optimisation));
    }
  return ok();
}

Status Compilation::optimise(ThreadPool &pool) {
  UWT_RETURN_IF_ERROR(timer.begin("optimise"));
  if (options.optimisation == 0)
    return ok();
  pool.parallelFor(modules.size(), [&](uint64_t i, unsigned) {
    optimiseModule(*modules[i].module, *modules[i].machine);
  });
  return ok();
}

Expected<std::vector<SmallVector<char, 0>>> Compilation::emit(ThreadPool &pool,
                                                              llvm::CodeGenFileType kind) {
  UWT_RETURN_IF_ERROR(timer.begin("codegen"));
  std::vector<SmallVector<char, 0>> files(modules.size());
  pool.parallelFor(modules.size(), [&](uint64_t i, unsigned) {
    files[i] = emitMachineCode(*modules[i].module, *modules[i].machine, kind);
  });
  timer.end();
  stats.codeBytes = 0;
  for (const SmallVector<char, 0> &file : files)
    stats.codeBytes += file.size();
  return files;
}

std::unique_ptr<MLIRContext> uwt::makeContext() {
  auto context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
  Compilation::prepareContext(*context);
  return context;
}

Expected<OwningOpRef<ModuleOp>> uwt::parseModule(MLIRContext &context, std::string_view text,
                                                 const std::string &name, bool trustIr) {
  // Text has to end in a zero, which a view need not.
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(StringRef(text.data(), text.size()), name);
  if (!isBytecode(*buffer))
    UWT_RETURN_IF_ERROR(checkModuleText(text, name));
  else if (!trustIr)
    return invalidError(name +
                        ": is bytecode, whose reader trusts what it reads: turn it into text "
                        "(mlir-opt), or trust it (trust-ir)");
  DiagnosticCollector diagnostics(&context);
  Compilation::prepareContext(context);
  ParserConfig config(&context);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), SMLoc());
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, config);
  if (!module)
    return diagnostics.takeError(ErrorKind::Invalid, name + ": is no MLIR module");
  return module;
}

/// Takes the program's products out of its code, for where its target says: as machine code, or as
/// IR for the emulator, which stays in `work`.
static Status takeProgramKernels(Compilation &work, const ProductTarget &target, ProgramCode &code,
                                 bool hasStrategy) {
  // A strategy that is named is wanted.
  UWT_RETURN_IF_ERROR(work.takeKernels(/*keepOnHost=*/!hasStrategy));
  if (target.gpus.size() != 1)
    return usageError("a program runs on one GPU; several are for --emit pack");
  if (target.isEmulated)
    return ok();
  UWT_RETURN_IF_ERROR(work.getTimer().begin("assemble kernels"));
  GpuProducts &products = work.getProducts().front();
  std::vector<CompiledKernels> compiled;
  UWT_RETURN_IF_ERROR(compileModules(*products.module, *target.gpus.front(),
                                     cuda_tools::GpuOutput::Cubin, compiled, work.getNotes()));
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> pack, packKernels(compiled));
  code.device = DeviceCode{std::move(products.calls), std::move(pack)};
  return ok();
}

/// Makes the products ready to run by the emulator, with weights that are loaded.
static Status prepareEmulator(Compilation &work, const ProductTarget &target,
                              Program::State &state) {
  UWT_RETURN_IF_ERROR(work.getTimer().begin("prepare kernels"));
  UWT_ASSIGN_OR_RETURN(auto runner,
                       ProductRunner::emulated(work.getProducts().front(), state.weights, target));
  state.products->setRunner(std::move(runner));
  work.getTimer().end();
  return ok();
}

/// Products on a GPU read weights that are loaded there before a call.
static Status checkImages(const std::vector<Signature> &functions, const ProductTarget &target) {
  if (target.gpus.empty())
    return ok();
  for (const Signature &function : functions)
    for (auto [i, input] : llvm::enumerate(function.inputs))
      if (input.isWeight())
        return unsupportedError(
            "argument " + std::to_string(i) + " of function '" + function.name +
            "' is a weight, which only programs for CPUs take as an image; for a GPU write it as a "
            "constant dense_resource<NAME> whose tensor a file has");
  return ok();
}

/// The code of a program up to LLVM IR with its entries.
static Expected<ProgramCode> lowerProgram(Compilation &work, const ProductTarget &target,
                                          const CompileOptions &options) {
  if (options.grouped)
    return usageError("kernels of grouped products are for packs: no program launches them");
  ProgramCode code;
  code.target = target.host->name;
  UWT_RETURN_IF_ERROR(work.getTimer().begin("tensor pipeline"));
  UWT_RETURN_IF_ERROR(checkModule(work.getModule()));
  UWT_RETURN_IF_ERROR(work.runPipeline(buildInputPipeline));
  code.functions = collectSignatures(work.getModule());
  UWT_RETURN_IF_ERROR(checkImages(code.functions, target));
  UWT_RETURN_IF_ERROR(work.runPipeline(buildTensorPipeline));
  UWT_RETURN_IF_ERROR(describeWeights(work.getModule(), code));
  UWT_RETURN_IF_ERROR(work.getTimer().begin("buffer pipeline"));
  UWT_RETURN_IF_ERROR(work.runPipeline(buildBufferPipeline));
  if (!target.gpus.empty())
    UWT_RETURN_IF_ERROR(takeProgramKernels(work, target, code, !options.strategy.name.empty()));
  UWT_RETURN_IF_ERROR(work.getTimer().begin("code pipeline"));
  UWT_RETURN_IF_ERROR(work.runPipeline(buildCodePipeline));
  UWT_RETURN_IF_ERROR(work.translate());
  for (const Signature &function : code.functions)
    if (function.obstacle.empty())
      addEntry(work.getLlvm(), function.name);
  for (const DerivedWeight &weight : code.derived)
    addEntry(work.getLlvm(), weight.function.name);
  code.remarks = work.getRemarks();
  return code;
}

static Expected<std::vector<std::unique_ptr<llvm::MemoryBuffer>>> emitObjects(Compilation &work,
                                                                              ThreadPool &pool) {
  UWT_RETURN_IF_ERROR(work.optimise(pool));
  UWT_ASSIGN_OR_RETURN(auto files, work.emit(pool, llvm::CodeGenFileType::ObjectFile));
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  for (SmallVector<char, 0> &bytes : files)
    objects.push_back(std::make_unique<llvm::SmallVectorMemoryBuffer>(
        std::move(bytes), "uwt-" + std::to_string(objects.size()) + ".o"));
  return objects;
}

Expected<std::unique_ptr<Program>> uwt::compile(ModuleOp module, const CompileOptions &options,
                                                ThreadPool &pool, const StageFunction &onStage) {
  auto state = std::make_unique<Program::State>();
  Compilation work(module, options, state->stats, onStage);
  UWT_ASSIGN_OR_RETURN(const ProductTarget *target, work.setTarget());
  UWT_RETURN_IF_ERROR(checkRunsHere(*target->host));
  UWT_ASSIGN_OR_RETURN(std::optional<WeightStore> store, openWeights(options));
  // Most machines that are asked for a GPU have none.
  if (target->isDevice())
    UWT_RETURN_IF_ERROR(ProductRunner::checkDevice());
  UWT_ASSIGN_OR_RETURN(ProgramCode code, lowerProgram(work, *target, options));
  UWT_RETURN_IF_ERROR(work.split(pool));
  UWT_ASSIGN_OR_RETURN(code.objects, emitObjects(work, pool));
  if (target->isEmulated)
    state->products = std::make_unique<ProductContext>(work.getProducts().front().calls);
  UWT_RETURN_IF_ERROR(linkProgram(std::move(code), options, store, pool, *state, onStage));
  if (target->isEmulated)
    UWT_RETURN_IF_ERROR(prepareEmulator(work, *target, *state));
  return std::make_unique<Program>(std::move(state));
}

Expected<ProgramCode> uwt::compileCode(ModuleOp module, const CompileOptions &options,
                                       CompileStats &stats, ThreadPool &pool,
                                       const StageFunction &onStage) {
  Compilation work(module, options, stats, onStage);
  UWT_ASSIGN_OR_RETURN(const ProductTarget *target, work.setTarget());
  if (target->isEmulated)
    return usageError("the emulator runs kernels and makes no code; name the GPU alone");
  UWT_RETURN_IF_ERROR(openWeights(options));
  UWT_ASSIGN_OR_RETURN(ProgramCode code, lowerProgram(work, *target, options));
  UWT_RETURN_IF_ERROR(work.split(pool));
  embedDescription(code, work.getLlvm());
  UWT_ASSIGN_OR_RETURN(code.objects, emitObjects(work, pool));
  return code;
}

Expected<std::unique_ptr<Program>> uwt::loadObject(std::string_view object, const std::string &name,
                                                   const CompileOptions &options,
                                                   ThreadPool &pool) {
  if (!options.trustIr)
    return invalidError(name + ": is machine code: trust it (trust-ir) to run it");
  UWT_ASSIGN_OR_RETURN(ProgramCode code, readProgramCode({object, name}));
  return loadCode(std::move(code), options, pool);
}

static bool isForGpus(EmitKind kind) {
  return kind >= EmitKind::Kernels && kind <= EmitKind::Profiles;
}

/// What `kind` shows of compiled kernels.
static Expected<std::string> kernelText(std::span<const CompiledKernels> compiled, EmitKind kind) {
  if (kind == EmitKind::Profiles)
    return profileText(compiled);
  if (kind == EmitKind::Pack) {
    UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, packKernels(compiled));
    return std::string(bytes.begin(), bytes.end());
  }
  if (kind == EmitKind::Cubin && compiled.size() != 1)
    return usageError("there are " + std::to_string(compiled.size()) +
                      " code objects, and a file of kind cubin holds one; emit a pack");
  std::string text;
  for (const CompiledKernels &each : compiled)
    text += kind == EmitKind::Ptx ? each.code.ptx : each.code.cubin;
  return text;
}

/// The kernels of a bufferized module.
static Expected<std::string> emitKernels(Compilation &work, const ProductTarget &target,
                                         EmitKind kind) {
  bool wantsWeightKernels =
      kind == EmitKind::Kernels || kind == EmitKind::Ptx || kind == EmitKind::Pack;
  if (wantsWeightKernels)
    UWT_RETURN_IF_ERROR(work.makeWeightKernels());
  UWT_RETURN_IF_ERROR(work.takeKernels(/*keepOnHost=*/false));
  if (kind == EmitKind::Kernels) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    for (GpuProducts &each : work.getProducts())
      each.module->print(stream);
    return text;
  }
  if (target.isEmulated)
    return usageError("the emulator runs kernels and makes no code; name the GPU alone");
  cuda_tools::GpuOutput output = kind == EmitKind::Ptx        ? cuda_tools::GpuOutput::Ptx
                                 : kind == EmitKind::Profiles ? cuda_tools::GpuOutput::Report
                                                              : cuda_tools::GpuOutput::Cubin;
  std::vector<CompiledKernels> compiled;
  for (auto [gpu, products] : llvm::zip(target.gpus, work.getProducts()))
    UWT_RETURN_IF_ERROR(compileModules(*products.module, *gpu, output, compiled, work.getNotes()));
  codegen::GpuCodeTimes sum;
  for (const CompiledKernels &each : compiled)
    sum.add(each.code.times);
  StageTimer &timer = work.getTimer();
  timer.add("kernel pipeline", sum.pipeline);
  timer.add("kernel translate", sum.translate);
  timer.add("kernel optimise", sum.optimise);
  timer.add("kernel codegen", sum.codegen);
  timer.add("ptxas", sum.ptxas);
  timer.add("nvdisasm", sum.disassemble);
  if (compiled.empty())
    return usageError("the module has no product from compressed weights, so there are no kernels");
  if (kind == EmitKind::Nothing)
    return std::string();
  return kernelText(compiled, kind);
}

Expected<std::string> uwt::emitCode(ModuleOp module, const CompileOptions &options, EmitKind kind,
                                    CompileStats *stats) {
  CompileStats unused;
  // One thread gives one file.
  ThreadPool caller(1);
  if (kind == EmitKind::Object) {
    UWT_ASSIGN_OR_RETURN(ProgramCode code,
                         compileCode(module, options, stats ? *stats : unused, caller));
    return packObjects(code);
  }
  Compilation work(module, options, stats ? *stats : unused);
  UWT_ASSIGN_OR_RETURN(const ProductTarget *target, work.setTarget());
  bool hasGpus = !target->gpus.empty();
  if (isForGpus(kind) && !hasGpus)
    return usageError("target " + inQuotes(options.target) +
                      " is no GPU, and that is emitted for GPUs: name one, such as sm_90a");
  if (hasGpus && (kind == EmitKind::Llvm || kind == EmitKind::Assembly))
    return usageError("code for " + inQuotes(options.target) +
                      " is emitted as kernels, ptx, cubin or pack");
  UWT_RETURN_IF_ERROR(openWeights(options));
  UWT_RETURN_IF_ERROR(work.getTimer().begin("tensor pipeline"));
  UWT_RETURN_IF_ERROR(checkModule(work.getModule()));
  UWT_RETURN_IF_ERROR(work.runPipeline(buildInputPipeline));
  UWT_RETURN_IF_ERROR(work.runPipeline(buildTensorPipeline));
  work.getTimer().end();
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (kind == EmitKind::Mlir) {
    work.getModule().print(stream);
    return text;
  }
  UWT_RETURN_IF_ERROR(work.getTimer().begin("buffer pipeline"));
  UWT_RETURN_IF_ERROR(work.runPipeline(buildBufferPipeline));
  work.getTimer().end();
  if (hasGpus)
    return emitKernels(work, *target, kind);
  UWT_RETURN_IF_ERROR(work.getTimer().begin("code pipeline"));
  UWT_RETURN_IF_ERROR(work.runPipeline(buildCodePipeline));
  UWT_RETURN_IF_ERROR(work.translate());
  UWT_RETURN_IF_ERROR(work.optimise(caller));
  if (kind == EmitKind::Llvm) {
    work.getLlvm().print(stream, nullptr);
    return text;
  }
  bool isText = kind == EmitKind::Assembly;
  UWT_ASSIGN_OR_RETURN(auto files, work.emit(caller, isText ? llvm::CodeGenFileType::AssemblyFile
                                                            : llvm::CodeGenFileType::ObjectFile));
  if (kind != EmitKind::Nothing)
    text.assign(files.front().begin(), files.front().end());
  return text;
}
