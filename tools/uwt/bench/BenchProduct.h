//===- BenchProduct.h - Products to measure ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `uwt bench matmul` and `uwt bench calibrate` share: a weight in several copies, so that none
// is in a cache when its turn comes; IR with a function for each m that multiplies x with every
// copy in turn; and the speed at which the machine reads as many bytes.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_BENCH_BENCHPRODUCT_H
#define UWT_TOOLS_UWT_BENCH_BENCHPRODUCT_H

#include "../CompilerModule.h"
#include "uwt/Bench/BenchWeights.h"
#include "uwt/Bench/MatrixSource.h"
#include "uwt/CostModel/CostModel.h"
#include "uwt/Runtime/Memory.h"
#include "uwt/Support/Parallel.h"

namespace uwt::tool {

/// The bytes of dense words.
std::span<const uint8_t> bytesOf(const std::vector<uint16_t> &words);

/// A weight [rows, columns] in bf16, in `copies` copies, in a file of its own that goes with the
/// object. Not movable: the file's name is in programs' options.
class ProductWeights {
public:
  /// Enough copies for weights that are cold, whatever their format.
  static unsigned coldCopies(uint64_t rows, uint64_t columns);

  /// Errors: IO, and those of the source.
  static Expected<std::unique_ptr<ProductWeights>> make(const bench::MatrixSource &source,
                                                        const bench::GridShape &shape,
                                                        unsigned copies, ThreadPool &pool);
  ~ProductWeights();
  ProductWeights(const ProductWeights &) = delete;
  ProductWeights &operator=(const ProductWeights &) = delete;

  uint64_t rows() const { return ofTensor.shape[0]; }
  uint64_t columns() const { return ofTensor.shape[1]; }
  unsigned copies() const { return copyCount; }
  const std::string &path() const { return file; }
  /// One copy.
  std::span<const uint8_t> bytes() const { return bytesOf(words); }
  const TensorDescription &description() const { return ofTensor; }
  /// Element `k` of row `n`.
  double at(uint64_t n, uint64_t k) const;

private:
  ProductWeights() = default;
  TensorDescription ofTensor;
  bench::DenseWords words;
  unsigned copyCount = 1;
  std::string file;
};

/// A module with a function for each of `mValues`: it takes x [m, k] and gives, for each
/// copy, x · wᵀ, summed in f32 and rounded to bf16.
std::string productIr(uint64_t rows, uint64_t columns, unsigned copies,
                      std::span<const uint64_t> mValues);
/// The name of the function for m.
std::string functionOf(uint64_t m);
/// What the name of a copy has before ".weight".
std::string moduleOf(unsigned copy);

/// How a thread reads its share: so many streams at once, each as long, and asks for what is so far
/// ahead of what it reads (0: leaves that to the processor).
struct ReadPattern {
  unsigned streams = 1, aheadBytes = 0;
};

/// Bytes of memory on huge pages that are read once each.
class MemoryProbe {
public:
  explicit MemoryProbe(uint64_t bytes, ThreadPool &pool);
  /// Seconds of one pass.
  double run(ThreadPool &pool, ReadPattern pattern) const;
  /// What reads fastest on this machine with as many threads, of some passes each. Errors:
  /// Interrupted.
  Expected<ReadPattern> fastestPattern(ThreadPool &pool) const;
  uint64_t bytes() const { return memory.size(); }

private:
  Buffer memory;
};

/// How far outputs are from sums in FP64, as a share of the bound that docs/numerics.md states
/// (K · 2^-24 · Σ|x||w|, and the rounding to bf16): at most 1. Looks at up to `rows` output
/// features.
double errorShare(const ProductWeights &weights, uint64_t m, std::span<const uint8_t> x,
                  std::span<const uint8_t> y, uint64_t rows);

/// A configuration as option --strategy takes it: "direct,tile_n=4,tile_m=8,tile_k=512".
std::string strategyText(const KernelConfig &config);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_BENCH_BENCHPRODUCT_H
