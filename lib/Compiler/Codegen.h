//===- Codegen.h - From the LLVM dialect to machine code --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The steps behind the pipeline, one function each, so that each can be timed and
// its result be shown. Sums are what the module says at every optimisation
// level: nothing is contracted or reassociated.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_CODEGEN_H
#define UWT_LIB_COMPILER_CODEGEN_H

#include "mlir/IR/BuiltinOps.h"
#include "uwt/Support/Error.h"
#include "uwt/Target/Target.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <string>

namespace uwt {

/// Makes this machine's code generator known to LLVM. Thread-safe.
void initialiseTargets();

/// LLVM's machine for `target`; scheduled for this machine's processor where `target` runs on it.
Expected<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine(const Target &target,
                                                                 unsigned optimisation);

/// The LLVM module of a module in the LLVM dialect, with the target's attributes on its
/// functions, or nullptr with a diagnostic.
std::unique_ptr<llvm::Module> translateModule(mlir::ModuleOp module, llvm::LLVMContext &context,
                                              const Target &target, llvm::TargetMachine &machine);

/// An Unsupported error where the module asks for instructions that `target` lacks: code
/// generation would end the process.
Status checkInstructions(const llvm::Module &module, const Target &target);

/// What a caller passes to a function `name` is found at this name: void(void **arguments).
std::string entryName(llvm::StringRef name);
/// Adds the entry of a function, where the module has a C wrapper for it.
void addEntry(llvm::Module &module, llvm::StringRef name);

void optimiseModule(llvm::Module &module, llvm::TargetMachine &machine);

/// The module as an object file or as assembly.
llvm::SmallVector<char, 0> emitMachineCode(llvm::Module &module, llvm::TargetMachine &machine,
                                           llvm::CodeGenFileType kind);

} // namespace uwt

#endif // UWT_LIB_COMPILER_CODEGEN_H
