//===- Jit.cpp - Machine code in this process -----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Jit.h"
#include "Codegen.h"
#include "ProductRunner.h"
#include "uwt/Codegen/GPU/Launches.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"

using namespace uwt;

static Error linkError(llvm::Error error) {
  return invalidError("compiled code cannot be linked: " + llvm::toString(std::move(error)));
}

/// Adds the names of symbols that were not found to `text`.
static void noteMissing(llvm::Error error, std::string &text) {
  llvm::handleAllErrors(
      std::move(error),
      [&](const llvm::orc::SymbolsNotFound &found) {
        for (const llvm::orc::SymbolStringPtr &symbol : found.getSymbols())
          text += (text.empty() ? "" : ", ") + (*symbol).str();
      },
      [](const llvm::ErrorInfoBase &) {});
}

/// Symbols of the runtime, by the names that compiled code calls them.
static llvm::orc::SymbolMap runtimeSymbols(llvm::orc::LLJIT &engine, const WeightView *weights,
                                           ProductContext *products) {
  llvm::orc::SymbolMap symbols;
  auto add = [&](llvm::StringRef name, auto *pointer, bool isCode) {
    auto flags = llvm::JITSymbolFlags::Exported;
    if (isCode)
      flags |= llvm::JITSymbolFlags::Callable;
    symbols[engine.mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(pointer), flags};
  };
  add("uwt_parallel_for", &uwt_parallel_for, true);
  add("uwt_allocate", &uwt_allocate, true);
  add("uwt_release", &uwt_release, true);
  add("uwt_multiply_size", &uwt_multiply_size, true);
  add("uwt_fail", &uwt_fail, true);
  add("uwt_weights", weights, false);
  add(codegen::launchProductName, &uwt_launch_product, true);
  add(codegen::productContextName, products, false);
  return symbols;
}

Expected<Jit> Jit::link(std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects,
                        const WeightView *weights, ProductContext *products) {
  initialiseTargets();
  auto engine = llvm::orc::LLJITBuilder().create();
  if (!engine)
    return linkError(engine.takeError());
  llvm::orc::LLJIT &jit = **engine;
  // Without a reporter of ours the session prints, and says no more in what it returns than that
  // something failed.
  auto missing = std::make_unique<std::string>();
  jit.getExecutionSession().setErrorReporter(
      [text = missing.get()](llvm::Error error) { noteMissing(std::move(error), *text); });
  llvm::orc::JITDylib &library = jit.getMainJITDylib();
  if (llvm::Error error =
          library.define(llvm::orc::absoluteSymbols(runtimeSymbols(jit, weights, products))))
    return linkError(std::move(error));
  // Functions of the C library, for memory and for what a CPU has no instruction for.
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      jit.getDataLayout().getGlobalPrefix());
  if (!process)
    return linkError(process.takeError());
  library.addGenerator(std::move(*process));
  for (std::unique_ptr<llvm::MemoryBuffer> &object : objects)
    if (llvm::Error error = jit.addObjectFile(std::move(object)))
      return linkError(std::move(error));
  return Jit(std::move(*engine), std::move(missing));
}

Expected<EntryFunction> Jit::entry(const std::string &symbol) const {
  auto address = engine->lookup(symbol);
  if (!address && !missing->empty()) {
    llvm::consumeError(address.takeError());
    return invalidError("compiled code calls what this process does not have: " + *missing);
  }
  if (!address)
    return linkError(address.takeError());
  return address->toPtr<EntryFunction>();
}
