//===- Jit.h - Machine code in this process ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_COMPILER_JIT_H
#define UWT_LIB_COMPILER_JIT_H

#include "uwt/Runtime/Abi.h"
#include "uwt/Support/Error.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <vector>

namespace uwt {

class ProductContext;

/// What an entry of compiled code is.
using EntryFunction = void (*)(void **arguments);

/// A linked object, whose symbols are those of the runtime, of the C library, the table of weights
/// `weights`, and the context of products that run elsewhere (null without any), which have to live
/// as long.
class Jit {
public:
  static Expected<Jit> link(std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects,
                            const WeightView *weights, ProductContext *products);
  /// An entry that the object has. Errors: Invalid (calls of functions that nobody has).
  Expected<EntryFunction> entry(const std::string &symbol) const;

private:
  Jit(std::unique_ptr<llvm::orc::LLJIT> engine, std::unique_ptr<std::string> missing)
      : missing(std::move(missing)), engine(std::move(engine)) {}
  /// Names of symbols that linking has not found; the engine adds to them.
  std::unique_ptr<std::string> missing;
  std::unique_ptr<llvm::orc::LLJIT> engine;
};

} // namespace uwt

#endif // UWT_LIB_COMPILER_JIT_H
