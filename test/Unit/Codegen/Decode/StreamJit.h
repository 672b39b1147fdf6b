//===- StreamJit.h - Runs emitted prefix decoders ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles one `uwt.decode_stream` with upstream's lowerings alone, so that tests of the
// emitted code do not depend on the rest of the compiler.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CODEGEN_DECODE_STREAMJIT_H
#define UWT_TEST_UNIT_CODEGEN_DECODE_STREAMJIT_H

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/MLIRContext.h"
#include "uwt/Codec/Tensor.h"
#include "uwt/Runtime/Abi.h"
#include <memory>
#include <span>

namespace uwt::test {

/// The decoder of a tensor's stream units as machine code.
class StreamJit {
public:
  /// `optimisation` is LLVM's level. Errors: Invalid (the diagnostics: the format is not served).
  static Expected<std::unique_ptr<StreamJit>> compile(const TensorDescription &description,
                                                      unsigned optimisation = 1);

  /// Decodes a unit into words in the order of codec raw.
  void decode(const WeightView &view, uint64_t panel, uint64_t unit,
              std::span<uint16_t> words) const;

private:
  mlir::MLIRContext context;
  std::unique_ptr<mlir::ExecutionEngine> engine;
  void (*function)(void **) = nullptr;
};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CODEGEN_DECODE_STREAMJIT_H
