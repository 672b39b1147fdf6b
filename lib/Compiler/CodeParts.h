//===- CodeParts.h - LLVM IR that several threads compile -------*- C++ -*-===//
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

#ifndef UWT_LIB_COMPILER_CODEPARTS_H
#define UWT_LIB_COMPILER_CODEPARTS_H

#include "uwt/Support/Parallel.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <vector>

namespace uwt {

/// A module that shares nothing with other parts.
struct CodePart {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::unique_ptr<llvm::TargetMachine> machine;
};

/// Splits `whole` into a part for each thread of `pool` at most, of about the same number of
/// instructions. Functions and variables that another part names become external. A part is never
/// so small that splitting it off would take longer than it saves. The parts have no machine yet,
/// unless the result is `whole` itself.
std::vector<CodePart> splitCode(CodePart whole, ThreadPool &pool);

} // namespace uwt

#endif // UWT_LIB_COMPILER_CODEPARTS_H
