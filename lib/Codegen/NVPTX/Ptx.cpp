//===- Ptx.cpp - From the LLVM dialect to PTX -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codegen/NVPTX/Ptx.h"
#include "CheckHandOffs.h"
#include "PrepareCopies.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "uwt/Codegen/NVPTX/Passes.h"
#include "uwt/Codegen/NVPTX/RunPasses.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include <chrono>

namespace uwt::codegen {
#define GEN_PASS_DEF_GPUTOPTXPASS
#include "uwt/Codegen/NVPTX/Passes.h.inc"
} // namespace uwt::codegen

using namespace mlir;
using namespace uwt;
using namespace uwt::codegen;

// What LLVM's own InitializeAllTargets declares, for the one target that is used.
extern "C" {
void LLVMInitializeNVPTXTargetInfo();
void LLVMInitializeNVPTXTarget();
void LLVMInitializeNVPTXTargetMC();
void LLVMInitializeNVPTXAsmPrinter();
}

static void initialiseNvptx() {
  static const bool done = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  static_cast<void>(done);
}

static Expected<std::unique_ptr<llvm::TargetMachine>> makeMachine(const GpuTarget &target) {
  initialiseNvptx();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string message;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!found)
    return unsupportedError("LLVM has no code generator for GPUs (NVPTX): " + message);
  llvm::TargetOptions options;
  // Products and sums round where the kernel says so, as on a CPU.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  std::unique_ptr<llvm::TargetMachine> machine(found->createTargetMachine(
      triple, llvm::StringRef(target.name), "+ptx" + std::to_string(target.ptxVersion), options,
      llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Aggressive));
  if (!machine)
    return unsupportedError("LLVM makes no code for " + std::string(target.name));
  return machine;
}

/// What is run of LLVM's optimisations: what makes a kernel's machine code shorter, by the kernel
/// profiles.
/// O3 takes more than twice as long, and no step is shorter by more than 2 % with it. Loops are
/// unrolled and vectors formed where the kernel was tiled; an unrolled loop of matrix instructions
/// in flight is another one than what was checked.
static constexpr llvm::StringLiteral optimisations =
    "cgscc(inline),globaldce,function("
    "sroa,early-cse<memssa>,correlated-propagation,simplifycfg,instcombine<no-verify-fixpoint>,"
    "reassociate,loop(loop-rotate),simplifycfg,"
    "gvn,sccp,bdce,instcombine<no-verify-fixpoint>,correlated-propagation,adce,"
    "infer-alignment,loop-mssa(licm))";

static Status optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  if (llvm::Error error = runPasses(module, machine, optimisations))
    return unsupportedError("LLVM lacks a pass of: " + optimisations.str() + ": " +
                            llvm::toString(std::move(error)));
  return ok();
}

static std::string emitPtx(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager passes;
  // NVPTX writes assembly always.
  machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile);
  passes.run(module);
  return text.str().str();
}

/// LLVM may not make inline assembly depend on more conditions, or duplicate it: warps have to come
/// to it together.
static void keepConverged(llvm::Module &module) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.setConvergent();
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && call->isInlineAsm())
        call->setConvergent();
  }
}

/// Upstream's conversion makes calls of CUDA's libdevice even of functions that are an instruction,
/// or a few, of the machine.
static void useInstructions(llvm::Module &module) {
  static constexpr std::pair<llvm::StringLiteral, llvm::Intrinsic::ID> known[] = {
      {"floor", llvm::Intrinsic::floor},       {"ceil", llvm::Intrinsic::ceil},
      {"rint", llvm::Intrinsic::rint},         {"round", llvm::Intrinsic::round},
      {"copysign", llvm::Intrinsic::copysign}, {"fabs", llvm::Intrinsic::fabs},
      {"sqrt", llvm::Intrinsic::sqrt},         {"fmin", llvm::Intrinsic::minnum},
      {"fmax", llvm::Intrinsic::maxnum},
  };
  for (llvm::Function &function : llvm::make_early_inc_range(module)) {
    llvm::StringRef name = function.getName();
    llvm::Type *type = function.getReturnType();
    if (!function.isDeclaration() || !name.consume_front("__nv_") ||
        (type->isFloatTy() && !name.consume_back("f")))
      continue;
    const auto *found = llvm::find_if(known, [&](auto &entry) { return entry.first == name; });
    if (found == std::end(known))
      continue;
    function.replaceAllUsesWith(
        llvm::Intrinsic::getOrInsertDeclaration(&module, found->second, {type}));
    function.eraseFromParent();
  }
}

/// Functions that are called and that nothing defines: ptxas would take them as external.
static std::string undefinedFunctions(const llvm::Module &module) {
  // What PTX itself defines and LLVM calls by name.
  static constexpr llvm::StringLiteral known[] = {"vprintf", "__assertfail", "malloc", "free"};
  std::string names;
  for (const llvm::Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic() && !function.use_empty() &&
        !llvm::is_contained(known, function.getName()))
      names += (names.empty() ? "" : ", ") + function.getName().str();
  return names;
}

static std::string targetsWith(GpuFeature feature) {
  std::string names;
  for (const GpuTarget &target : allGpuTargets())
    if (target.supports(feature))
      names += (names.empty() ? "" : ", ") + std::string(target.name);
  return names;
}

/// LLVM aborts the process where a target lacks an intrinsic. Those of Hopper come together with
/// bulk copies, where no other feature is named for them.
static Status checkIntrinsics(const llvm::Module &module, const GpuTarget &target) {
  static constexpr std::pair<llvm::StringLiteral, GpuFeature> needs[] = {
      {"llvm.nvvm.cp.async.bulk.", GpuFeature::BulkCopy},
      {"llvm.nvvm.fence.proxy.", GpuFeature::BulkCopy},
      {"llvm.nvvm.fence.mbarrier_init", GpuFeature::BulkCopy},
      {"llvm.nvvm.mbarrier.try.wait", GpuFeature::BulkCopy},
      {"llvm.nvvm.mbarrier.arrive.expect.tx", GpuFeature::BulkCopy},
      {"llvm.nvvm.mapa", GpuFeature::BulkCopy},
      {"llvm.nvvm.barrier.cluster", GpuFeature::BulkCopy},
      {"llvm.nvvm.elect.sync", GpuFeature::BulkCopy},
      {"llvm.nvvm.stmatrix.", GpuFeature::BulkCopy},
      {"llvm.nvvm.wgmma.", GpuFeature::Wgmma},
      {"llvm.nvvm.griddepcontrol.", GpuFeature::DependentLaunch},
      {"llvm.nvvm.setmaxnreg.", GpuFeature::SetMaxRegisters},
  };
  for (const llvm::Function &function : module) {
    if (!function.isIntrinsic())
      continue;
    for (const auto &[prefix, feature] : needs)
      if (function.getName().starts_with(prefix) && !target.supports(feature))
        return unsupportedError(function.getName().str() + " is no instruction of GPU target '" +
                                std::string(target.name) +
                                "'; it is one of: " + targetsWith(feature));
  }
  return ok();
}

/// Dynamic shared memory comes from the launch: upstream declares it as a global of no bytes inside
/// the module, which is memory that nobody can write, with a byte of its own. It begins where banks
/// do: lines of bulk copies and of matrices are then whole ones.
static void importDynamicShared(llvm::Module &module) {
  constexpr uint64_t bankLineBytes = 128;
  for (llvm::GlobalVariable &global : module.globals()) {
    auto *type = llvm::dyn_cast<llvm::ArrayType>(global.getValueType());
    if (global.getAddressSpace() != 3 || !type || type->getNumElements() != 0)
      continue;
    global.setInitializer(nullptr);
    global.setLinkage(llvm::GlobalValue::ExternalLinkage);
    global.setAlignment(llvm::Align(bankLineBytes));
  }
}

static double secondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Upstream's conversion of scf.for leaves a loop's annotation where its translation does not look.
static void annotateLoops(gpu::GPUModuleOp module) {
  StringRef name = "llvm.loop_annotation";
  module.walk([&](LLVM::BrOp branch) {
    if (auto annotation = branch->getAttrOfType<LLVM::LoopAnnotationAttr>(name)) {
      branch->removeAttr(name);
      branch.setLoopAnnotationAttr(annotation);
    }
  });
}

static void registerTranslations(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
}

FailureOr<std::string> uwt::codegen::translateToPtx(gpu::GPUModuleOp module,
                                                    const GpuTarget &target, GpuCodeTimes &times) {
  Expected<std::unique_ptr<llvm::TargetMachine>> machine = makeMachine(target);
  if (!machine)
    return module.emitError(machine.error().message());
  DialectRegistry registry;
  registerTranslations(registry);
  module.getContext()->appendDialectRegistry(registry);
  auto begin = std::chrono::steady_clock::now();
  annotateLoops(module);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated =
      translateModuleToLLVMIR(module, context, module.getName());
  if (!translated)
    return module.emitError("cannot be translated to LLVM IR");
  translated->setTargetTriple((*machine)->getTargetTriple());
  translated->setDataLayout((*machine)->createDataLayout());
  importDynamicShared(*translated);
  useInstructions(*translated);
  keepConverged(*translated);
  times.translate = secondsSince(begin);
  if (std::string names = undefinedFunctions(*translated); !names.empty())
    return module.emitError("calls functions that no GPU has: ")
           << names << "; use operations that have an expansion";
  if (Status status = checkIntrinsics(*translated, target); !status)
    return module.emitError(status.error().message());
  begin = std::chrono::steady_clock::now();
  if (Status status = optimise(*translated, **machine); !status)
    return module.emitError(status.error().message());
  for (llvm::Function &function : *translated)
    if (!function.isDeclaration())
      prepareCopies(function);
  times.optimise = secondsSince(begin);
  begin = std::chrono::steady_clock::now();
  std::string ptx = emitPtx(*translated, **machine);
  times.codegen = secondsSince(begin);
  if (Status status = checkHandOffs(ptx); !status)
    return module.emitError(status.error().message());
  return ptx;
}

namespace {
struct GpuToPtxPass : uwt::codegen::impl::GpuToPtxPassBase<GpuToPtxPass> {
  using Base::Base;

  void getDependentDialects(DialectRegistry &registry) const override {
    registerTranslations(registry);
    registry.insert<LLVM::LLVMDialect>();
    OpPassManager pm(gpu::GPUModuleOp::getOperationName());
    buildGpuToLLVMPipeline(pm, "");
    pm.getDependentDialects(registry);
  }

  void runOnOperation() override {
    FailureOr<const GpuTarget *> target = targetOfKernels(getOperation(), chip);
    if (mlir::failed(target))
      return signalPassFailure();
    OpPassManager pm(gpu::GPUModuleOp::getOperationName());
    buildGpuToLLVMPipeline(pm, std::string((*target)->name));
    if (mlir::failed(runPipeline(pm, getOperation())))
      return signalPassFailure();
    GpuCodeTimes times;
    FailureOr<std::string> ptx = translateToPtx(getOperation(), **target, times);
    if (mlir::failed(ptx))
      return signalPassFailure();
    if (print)
      llvm::outs() << *ptx;
    else
      getOperation()->setAttr("uwt.ptx", StringAttr::get(&getContext(), *ptx));
  }
};
} // namespace
