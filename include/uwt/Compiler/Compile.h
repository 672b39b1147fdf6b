//===- Compile.h - From IR in memory to code --------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The embedding API: a module of linalg on tensors becomes a Program, or text. What
// MLIR's passes report comes back as an error value; nothing is printed.
//
// An MLIRContext that makeContext() gives belongs to one thread at a time.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_COMPILE_H
#define UWT_COMPILER_COMPILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "uwt/Compiler/Pipelines.h"
#include "uwt/Compiler/Program.h"

namespace uwt {

/// A context with all dialects registered that UWT reads and lowers to. Its passes run on the
/// caller's thread; PassThreads gives them a pool.
std::unique_ptr<mlir::MLIRContext> makeContext();

/// Parses the text of a module, or its bytecode: MLIR's reader of bytecode takes counts and offsets
/// as they are, so it is for modules that `trustIr` says are trusted. `name` stands in messages.
/// Errors: Invalid.
Expected<mlir::OwningOpRef<mlir::ModuleOp>> parseModule(mlir::MLIRContext &context,
                                                        std::string_view text,
                                                        const std::string &name,
                                                        bool trustIr = false);

/// Compiles a copy of `module` for this machine and loads its weights; LLVM's share of the work
/// runs on all threads of `pool`, MLIR's on those of the module's context. Errors: Usage (options),
/// Invalid (a module that cannot be compiled, damaged weights), IO, Unsupported.
Expected<std::unique_ptr<Program>> compile(mlir::ModuleOp module, const CompileOptions &options,
                                           ThreadPool &pool, const StageFunction &onStage = {});

/// parseModule() and compile(), unless `folder` has the code already: it keeps what is compiled for
/// CPUs, by a digest of all that code depends on (the text, its name, the options, headers of the
/// weight files, the processor, the builds of UWT and LLVM), up to 1 GiB. Programs in it are run,
/// so it has to be the user's own: others may not write to it (Usage). Empty: nothing is kept.
/// Thread-safe, also between processes.
Expected<std::unique_ptr<Program>> compileText(std::string_view text, const std::string &name,
                                               const CompileOptions &options, ThreadPool &pool,
                                               const std::string &folder = "",
                                               const StageFunction &onStage = {});

/// Whether `folder` serves compileText(); it is made where it is missing. Errors: IO; Usage where
/// others may write to it.
Status checkCodeFolder(const std::string &folder);

/// The program of an object that emitCode() has made, of the bytes of the file. An object is
/// machine code: it is for files that `options.trustIr` says are trusted. Of the other options
/// weights and check count. `name` stands in messages. Errors: Invalid (no such object),
/// Unsupported (one for another CPU or of another version), and those of weights as compile() has
/// them.
Expected<std::unique_ptr<Program>> loadObject(std::string_view object, const std::string &name,
                                              const CompileOptions &options, ThreadPool &pool);

/// Compiles a copy of `module`, for any target, and gives it as text or bytes. Errors as compile().
Expected<std::string> emitCode(mlir::ModuleOp module, const CompileOptions &options, EmitKind kind,
                               CompileStats *stats = nullptr);

} // namespace uwt

#endif // UWT_COMPILER_COMPILE_H
