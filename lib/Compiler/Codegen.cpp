//===- Codegen.cpp - From the LLVM dialect to machine code ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codegen.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "uwt/Codegen/NVPTX/RunPasses.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

using namespace uwt;

void uwt::initialiseTargets() {
  static const bool done = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
    return true;
  }();
  static_cast<void>(done);
}

/// Defines a function that makes a code generator known to LLVM once, beside this machine's own.
#define UWT_INITIALISE(ARCHITECTURE)                                                               \
  static void initialise##ARCHITECTURE() {                                                         \
    static const bool done = [] {                                                                  \
      LLVMInitialize##ARCHITECTURE##TargetInfo();                                                  \
      LLVMInitialize##ARCHITECTURE##Target();                                                      \
      LLVMInitialize##ARCHITECTURE##TargetMC();                                                    \
      LLVMInitialize##ARCHITECTURE##AsmPrinter();                                                  \
      return true;                                                                                 \
    }();                                                                                           \
    static_cast<void>(done);                                                                       \
  }
UWT_INITIALISE(AArch64)
UWT_INITIALISE(X86)
#undef UWT_INITIALISE

/// What code for `target` is for: this process's own system, where it is of the architecture.
static llvm::Triple tripleOf(const Target &target) {
  llvm::Triple triple(llvm::sys::getProcessTriple());
  if (target.supports(Feature::Neon) && triple.getArch() != llvm::Triple::aarch64) {
    initialiseAArch64();
    return llvm::Triple("aarch64-unknown-linux-gnu");
  }
  if (target.supports(Feature::X86) && triple.getArch() != llvm::Triple::x86_64) {
    initialiseX86();
    return llvm::Triple("x86_64-unknown-linux-gnu");
  }
  return triple;
}

Expected<std::unique_ptr<llvm::TargetMachine>> uwt::makeTargetMachine(const Target &target,
                                                                      unsigned optimisation) {
  initialiseTargets();
  llvm::Triple triple = tripleOf(target);
  std::string message;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!found)
    return unsupportedError("LLVM has no code generator for " + triple.str() + ": " + message);
  // LLVM 22 crashes without optimisations where a loop carries tiles.
  if (target.supports(Feature::AmxBf16))
    optimisation = std::max(optimisation, 1U);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  auto level = llvm::CodeGenOpt::getLevel(static_cast<int>(optimisation));
  // Small, as any other object of a program: sections of the large model lie before the table of
  // .eh_frame_hdr, which linkers then sort wrongly, and nothing in the program can be thrown.
  std::unique_ptr<llvm::TargetMachine> machine(found->createTargetMachine(
      triple, target.llvmCpu, target.llvmFeatures, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, level.value_or(llvm::CodeGenOptLevel::Default), /*JIT=*/true));
  if (!machine)
    return unsupportedError("LLVM makes no code for " + triple.str());
  return machine;
}

std::unique_ptr<llvm::Module> uwt::translateModule(mlir::ModuleOp module,
                                                   llvm::LLVMContext &context, const Target &target,
                                                   llvm::TargetMachine &machine) {
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(module, context, "uwt");
  if (!translated)
    return nullptr;
  translated->setTargetTriple(machine.getTargetTriple());
  translated->setDataLayout(machine.createDataLayout());
  // The processor's own latencies, with the target's instructions only.
  bool isHere = static_cast<bool>(checkRunsHere(target));
  for (llvm::Function &function : *translated) {
    if (function.isDeclaration())
      continue;
    if (!target.llvmCpu.empty())
      function.addFnAttr("target-cpu", target.llvmCpu);
    if (!target.llvmFeatures.empty())
      function.addFnAttr("target-features", target.llvmFeatures);
    if (isHere)
      function.addFnAttr("tune-cpu", llvm::sys::getHostCPUName());
    function.addFnAttr("prefer-vector-width", std::to_string(target.vectorBits));
  }
  return translated;
}

Status uwt::checkInstructions(const llvm::Module &module, const Target &target) {
  // Most special first.
  static constexpr struct {
    llvm::StringLiteral prefix;
    Feature feature;
    llvm::StringLiteral what;
  } needs[] = {
      {"llvm.x86.tdpfp16ps", Feature::AmxFp16, "AMX FP16"},
      {"llvm.x86.tdpbf16ps", Feature::AmxBf16, "AMX BF16"},
      {"llvm.x86.tdpb", Feature::AmxInt8, "AMX INT8"},
      {"llvm.x86.tile", Feature::AmxBf16, "AMX"},
      {"llvm.x86.ldtilecfg", Feature::AmxBf16, "AMX"},
      {"llvm.x86.sttilecfg", Feature::AmxBf16, "AMX"},
      {"llvm.x86.avx512bf16.", Feature::Avx512Bf16, "AVX-512 BF16"},
      {"llvm.x86.avx512.vpdpbusd.", Feature::Avx512Vnni, "AVX-512 VNNI"},
      {"llvm.x86.avx512.permvar.qi.", Feature::Avx512Vbmi, "AVX-512 VBMI"},
      {"llvm.x86.avx512.vpermi2var.qi.", Feature::Avx512Vbmi, "AVX-512 VBMI"},
      {"llvm.x86.avx512.", Feature::Avx512, "AVX-512"},
      {"llvm.x86.avx2.", Feature::Avx2, "AVX2"},
      {"llvm.x86.avx.", Feature::Avx2, "AVX"},
      {"llvm.x86.fma.", Feature::Fma, "FMA"},
      {"llvm.x86.", Feature::X86, "x86"},
      {"llvm.aarch64.neon.bf", Feature::NeonBf16, "AArch64 with bf16"},
      {"llvm.aarch64.", Feature::Neon, "AArch64"},
  };
  for (const llvm::Function &function : module) {
    if (!function.isIntrinsic())
      continue;
    for (const auto &need : needs) {
      if (!function.getName().starts_with(need.prefix))
        continue;
      if (!target.supports(need.feature))
        return unsupportedError("the module uses " + function.getName().str() + ", which needs " +
                                need.what.str() + "; target '" + std::string(target.name) +
                                "' has none");
      break;
    }
  }
  return ok();
}

std::string uwt::entryName(llvm::StringRef name) { return ("uwt_entry_" + name).str(); }

void uwt::addEntry(llvm::Module &module, llvm::StringRef name) {
  llvm::Function *wrapper = module.getFunction(("_mlir_ciface_" + name).str());
  if (!wrapper)
    return;
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> builder(context);
  auto *type = llvm::FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false);
  auto *entry =
      llvm::Function::Create(type, llvm::Function::ExternalLinkage, entryName(name), module);
  entry->copyAttributesFrom(wrapper);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", entry));
  llvm::SmallVector<llvm::Value *> arguments;
  for (llvm::Argument &argument : wrapper->args()) {
    llvm::Value *slot =
        builder.CreateConstGEP1_64(builder.getPtrTy(), entry->getArg(0), argument.getArgNo());
    arguments.push_back(builder.CreateLoad(argument.getType(), slot));
  }
  builder.CreateCall(wrapper, arguments);
  builder.CreateRetVoid();
}

/// What is run of LLVM's optimisations. Loops are tiled, unrolled and vectorised before, so most of
/// O3 finds nothing: it takes three times as long, and compiled layers execute 5 % more
/// instructions with it, since it turns short loops into calls of memset (docs/embedding.md).
static constexpr llvm::StringLiteral optimisations =
    "function(simplifycfg,sroa<modify-cfg>,early-cse<memssa>,instcombine<no-verify-fixpoint>),"
    "cgscc(inline),globaldce,function("
    "loop-mssa(loop-rotate,licm),loop(indvars),loop-vectorize,gvn,"
    "instcombine<no-verify-fixpoint>,simplifycfg)";

void uwt::optimiseModule(llvm::Module &module, llvm::TargetMachine &machine) {
  // LLVM 22 has these passes.
  llvm::cantFail(codegen::runPasses(module, machine, optimisations));
}

llvm::SmallVector<char, 0> uwt::emitMachineCode(llvm::Module &module, llvm::TargetMachine &machine,
                                                llvm::CodeGenFileType kind) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  // Every machine that InitializeNativeTarget knows writes both kinds of file.
  machine.addPassesToEmitFile(passes, stream, nullptr, kind);
  passes.run(module);
  return bytes;
}
