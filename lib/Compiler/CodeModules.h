//===- CodeModules.h - LLVM IR that several threads compile -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM's passes run on one thread a module and context. A large program is split into modules with
// a context each, and becomes several objects that are linked together.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_CODEMODULES_H
#define UWT_LIB_COMPILER_CODEMODULES_H

#include "uwt/Support/Parallel.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <vector>

namespace uwt {

/// A module that shares nothing with other modules.
struct CodeModule {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::unique_ptr<llvm::TargetMachine> machine;
};

/// Splits `whole` into a module for each thread of `pool` at most, of about the same number of
/// instructions. Functions and variables that another module names become external. A module is
/// never so small that splitting it off would take longer than it saves. The modules have no
/// machine yet, unless the result is `whole` itself.
std::vector<CodeModule> splitCode(CodeModule whole, ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_COMPILER_CODEMODULES_H
