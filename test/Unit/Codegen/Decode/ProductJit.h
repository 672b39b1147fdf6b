//===- ProductJit.h - Runs compiled products --------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles one `uwt.matmul` on memrefs with the code half of the pipeline, runs it on a
// weight that was loaded from bytes, and says what docs/numerics.md expects.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CODEGEN_DECODE_PRODUCTJIT_H
#define UWT_TEST_UNIT_CODEGEN_DECODE_PRODUCTJIT_H

#include "lib/Compiler/Jit.h"
#include "uwt/Codec/Tensor.h"
#include "uwt/Runtime/Abi.h"
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace uwt::test {

/// What is compiled: y[M, N] = x[M, K] * w[N, K] without an epilogue.
struct ProductSpec {
  uint64_t rows = 0, columns = 0;
  /// Nothing: dynamic.
  std::optional<uint64_t> m;
  std::string format = "raw", target = "native", element = "bf16", x = "bf16";
  /// Text of a #uwt.strategy, or empty.
  std::string strategy;
  bool exact = false;
  /// By integers of so many bits that x is rounded to; 0 for floats.
  unsigned integerBits = 0;
  /// CompileOptions::optimisation.
  unsigned optimisation = 3;

  TensorDescription description() const;
  std::string moduleText() const;
  /// A name for the test number `index` of a series.
  std::string testName(size_t index) const;
};

/// A product as machine code, and the table of weights that it reads.
class ProductJit {
public:
  /// Errors: Invalid (all diagnostics, one after the other).
  static Expected<std::unique_ptr<ProductJit>> compile(const ProductSpec &spec);

  /// The same for the function `f` of any module at the level of memrefs.
  static Expected<std::unique_ptr<ProductJit>>
  compileText(const std::string &text, const std::string &target, unsigned optimisation = 3);

  /// Calls it with pointers to memref descriptors.
  void call(const WeightView &weight, std::initializer_list<void *> memrefs) const;

  /// Rows of x begin `stride` elements apart. Outputs are row-major.
  std::vector<float> run(const WeightView &weight, const void *x, uint64_t m,
                         uint64_t stride) const;
  /// The same of code that may fail. Errors: those of the call.
  Expected<std::vector<float>> tryRun(const WeightView &weight, const void *x, uint64_t m,
                                      uint64_t stride) const;

private:
  ProductJit() = default;
  ProductSpec spec;
  std::unique_ptr<WeightView> table;
  std::optional<Jit> jit;
  EntryFunction function = nullptr;
};

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CODEGEN_DECODE_PRODUCTJIT_H
