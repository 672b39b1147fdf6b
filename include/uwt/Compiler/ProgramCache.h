//===- ProgramCache.h - Programs by what they are made of -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An in-process cache in front of compile(): the same IR with the same options, and weight
// files that have not changed since, is compiled once. With a folder, modules that are given as
// text are compiled once for all processes.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_COMPILER_PROGRAMCACHE_H
#define UWT_COMPILER_PROGRAMCACHE_H

#include "uwt/Compiler/CompileOptions.h"
#include "uwt/Compiler/Program.h"
#include <memory>
#include <string>
#include <string_view>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace uwt {

/// Thread-safe. Two threads that ask for the same program at once compile it once.
class ProgramCache {
public:
  /// Keeps the `limit` programs that were asked for last; others live as long as their users hold
  /// them.
  explicit ProgramCache(size_t limit = 64);
  ~ProgramCache();
  ProgramCache(const ProgramCache &) = delete;
  ProgramCache &operator=(const ProgramCache &) = delete;

  /// Keeps code of modules in text in `folder` too, as compileText() does; empty for none. Not
  /// while another thread uses the cache. Errors as checkCodeFolder().
  Status setFolder(const std::string &folder);

  /// A module in text, or in bytecode that `options.trustIr` says is trusted; it is parsed only
  /// where it has to be compiled. `name` stands in messages. The key holds the text, the name, the
  /// options, and fingerprintOf() the weights. Errors as parseModule() and compile(); they are not
  /// kept.
  Expected<std::shared_ptr<const Program>> get(std::string_view text, const std::string &name,
                                               const CompileOptions &options, ThreadPool &pool);
  /// A module in memory, by its bytecode with locations. Its context may not be used by another
  /// thread meanwhile.
  Expected<std::shared_ptr<const Program>> get(mlir::ModuleOp module, const CompileOptions &options,
                                               ThreadPool &pool);

  struct Statistics {
    uint64_t hits = 0, misses = 0;
    size_t entries = 0;
  };
  Statistics statistics() const;
  void clear();

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace uwt

#endif // UWT_COMPILER_PROGRAMCACHE_H
