//===- ProgramCache.cpp - Programs by what they are made of ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/ProgramCache.h"
#include "KeyBuilder.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Compiler/ProductTarget.h"
#include "uwt/Container/Fingerprint.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>
#include <future>
#include <list>
#include <map>
#include <mutex>
#include <optional>

using namespace uwt;

using ProgramResult = Expected<std::shared_ptr<const Program>>;

struct ProgramCache::State {
  struct Entry {
    std::string key;
    /// Ready once somebody has compiled it.
    std::shared_future<std::shared_ptr<const ProgramResult>> program;
  };
  size_t limit;
  std::string folder;
  mutable std::mutex mutex;
  /// Most recently used first.
  std::list<Entry> entries;
  std::map<std::string, std::list<Entry>::iterator, std::less<>> byKey;
  Statistics counts;

  /// Returns the program that `keyOf` gives the key of. `make` compiles it; it is kept if the key
  /// is the same afterwards: files that change meanwhile may be in it.
  ProgramResult get(const std::function<std::optional<std::string>()> &keyOf,
                    const std::function<Expected<std::unique_ptr<Program>>()> &make);
  void remove(const std::string &key);
};

/// Returns the key of a program, or nothing if files of weights cannot be listed: such a program
/// is not kept.
static std::optional<std::string> programKeyOf(std::string_view module, const std::string &name,
                                               const CompileOptions &options) {
  KeyBuilder key;
  key.add(module);
  key.add(name);
  key.addOptions(options);
  auto target = ProductTarget::parse(options.target);
  if (target && target->isDevice())
    key.addTool(cuda_tools::CudaTool::Ptxas);
  key.addNumber(options.weights.size());
  for (const std::string &path : options.weights) {
    auto fingerprint = fingerprintOf(path);
    if (!fingerprint)
      return std::nullopt;
    key.add(path);
    key.add(*fingerprint);
  }
  return key.str();
}

void ProgramCache::State::remove(const std::string &key) {
  auto found = byKey.find(key);
  if (found == byKey.end())
    return;
  entries.erase(found->second);
  byKey.erase(found);
}

ProgramResult
ProgramCache::State::get(const std::function<std::optional<std::string>()> &keyOf,
                         const std::function<Expected<std::unique_ptr<Program>>()> &make) {
  std::optional<std::string> known = keyOf();
  if (!known) {
    UWT_ASSIGN_OR_RETURN(std::unique_ptr<Program> made, make());
    return std::shared_ptr<const Program>(std::move(made));
  }
  const std::string &key = *known;
  std::promise<std::shared_ptr<const ProgramResult>> promise;
  std::shared_future<std::shared_ptr<const ProgramResult>> future;
  bool isMine = false;
  {
    std::lock_guard lock(mutex);
    auto found = byKey.find(key);
    isMine = found == byKey.end();
    if (isMine) {
      ++counts.misses;
      future = promise.get_future().share();
      entries.push_front({key, future});
      byKey[key] = entries.begin();
      while (entries.size() > limit)
        remove(std::string(entries.back().key));
    } else {
      ++counts.hits;
      entries.splice(entries.begin(), entries, found->second);
      future = found->second->program;
    }
  }
  if (isMine) {
    auto made = make();
    auto result = made ? std::make_shared<const ProgramResult>(
                             std::shared_ptr<const Program>(std::move(*made)))
                       : std::make_shared<const ProgramResult>(made.takeError());
    promise.set_value(result);
    if (!*result || keyOf() != known) {
      std::lock_guard lock(mutex);
      remove(key);
    }
  }
  return *future.get();
}

ProgramCache::ProgramCache(size_t limit) : state(std::make_unique<State>()) {
  state->limit = std::max<size_t>(limit, 1);
}
ProgramCache::~ProgramCache() = default;

Status ProgramCache::setFolder(const std::string &folder) {
  if (!folder.empty())
    UWT_RETURN_IF_ERROR(checkCodeFolder(folder));
  state->folder = folder;
  return ok();
}

ProgramResult ProgramCache::get(std::string_view text, const std::string &name,
                                const CompileOptions &options, ThreadPool &pool) {
  return state->get([&] { return programKeyOf(text, name, options); },
                    [&] { return compileText(text, name, options, pool, state->folder); });
}

ProgramResult ProgramCache::get(mlir::ModuleOp module, const CompileOptions &options,
                                ThreadPool &pool) {
  std::string bytecode;
  llvm::raw_string_ostream stream(bytecode);
  if (mlir::failed(mlir::writeBytecodeToFile(module, stream)))
    return invalidError("the module has no form in bytecode");
  return state->get([&] { return programKeyOf(bytecode, "", options); },
                    [&] { return compile(module, options, pool); });
}

ProgramCache::Statistics ProgramCache::statistics() const {
  std::lock_guard lock(state->mutex);
  Statistics result = state->counts;
  result.entries = state->entries.size();
  return result;
}

void ProgramCache::clear() {
  std::lock_guard lock(state->mutex);
  state->entries.clear();
  state->byKey.clear();
}
