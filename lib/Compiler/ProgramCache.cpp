//===- ProgramCache.cpp - Programs by what they are made of ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/ProgramCache.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Support/Checksum.h"
#include "llvm/Support/raw_ostream.h"
#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <mutex>

using namespace uwt;

using ProgramResult = Expected<std::shared_ptr<const Program>>;

struct ProgramCache::State {
  struct Entry {
    std::string key;
    /// Ready once somebody has compiled it.
    std::shared_future<std::shared_ptr<const ProgramResult>> program;
  };
  size_t limit;
  mutable std::mutex mutex;
  /// Most recently used first.
  std::list<Entry> entries;
  std::map<std::string, std::list<Entry>::iterator, std::less<>> byKey;
  Statistics counts;

  ProgramResult get(const std::string &key,
                    const std::function<Expected<std::unique_ptr<Program>>()> &make);
  void remove(const std::string &key);
};

namespace {
/// A digest of several texts, each with its length.
class KeyBuilder {
public:
  void add(std::string_view text) {
    addNumber(text.size());
    digest.update({reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  }
  void addNumber(uint64_t number) {
    digest.update({reinterpret_cast<const uint8_t *>(&number), sizeof(number)});
  }
  std::string str() { return digest.hexDigest(); }

private:
  Sha256Stream digest;
};
} // namespace

/// Path, size and time of the files of `path`; what cannot be read fails when it is compiled.
static void addFiles(KeyBuilder &key, const std::string &path) {
  key.add(path);
  auto files = weightFiles(path);
  if (!files)
    return;
  for (const std::string &file : *files) {
    std::error_code ignored;
    key.add(file);
    key.addNumber(std::filesystem::file_size(file, ignored));
    key.addNumber(std::filesystem::last_write_time(file, ignored).time_since_epoch().count());
  }
}

static std::string keyOf(std::string_view module, const CompileOptions &options) {
  KeyBuilder key;
  key.add(module);
  key.add(options.target);
  key.addNumber(options.weights.size());
  for (const std::string &path : options.weights)
    addFiles(key, path);
  key.addNumber(options.format.has_value());
  key.add(options.format.value_or(""));
  key.add(options.strategy.family);
  key.add(options.calibration);
  for (uint64_t number :
       {static_cast<uint64_t>(options.minElements), uint64_t(options.profit),
        uint64_t(options.strategy.rows), uint64_t(options.strategy.columns),
        uint64_t(options.strategy.kChunk), uint64_t(options.threads), uint64_t(options.batchHint),
        uint64_t(options.exact), uint64_t(options.optimisation), uint64_t(options.check),
        uint64_t(options.trustIr), uint64_t(options.runtimeChecks)})
    key.addNumber(number);
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
ProgramCache::State::get(const std::string &key,
                         const std::function<Expected<std::unique_ptr<Program>>()> &make) {
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
    if (!*result) {
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

ProgramResult ProgramCache::get(std::string_view text, const std::string &name,
                                const CompileOptions &options, ThreadPool &pool) {
  return state->get(keyOf(text, options), [&]() -> Expected<std::unique_ptr<Program>> {
    std::unique_ptr<mlir::MLIRContext> context = makeContext();
    UWT_ASSIGN_OR_RETURN(auto module, parseModule(*context, text, name, options.trustIr));
    return compile(*module, options, pool);
  });
}

ProgramResult ProgramCache::get(mlir::ModuleOp module, const CompileOptions &options,
                                ThreadPool &pool) {
  std::string bytecode;
  llvm::raw_string_ostream stream(bytecode);
  if (mlir::failed(mlir::writeBytecodeToFile(module, stream)))
    return invalidError("the module has no form in bytecode");
  return state->get(keyOf(bytecode, options), [&] { return compile(module, options, pool); });
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
