//===- BenchWeights.h - Weights to measure with -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Seeded weights that look like trained ones, or those of a file. Synthetic values
// differ in their last bits where the C library's logarithm does; sizes do not
// notice.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_BENCH_BENCHWEIGHTS_H
#define UWT_BENCH_BENCHWEIGHTS_H

#include "uwt/Codec/Tensor.h"
#include <string>
#include <vector>

namespace uwt::bench {

/// A tensor in memory; the format in its description is not used.
struct BenchTensor {
  std::string name;
  TensorDescription description;
  std::vector<uint8_t> bytes;
};

/// Tensors that are measured together.
struct BenchWorkload {
  std::string name;
  std::vector<BenchTensor> tensors;

  uint64_t bytes() const;
  uint64_t elements() const;
  /// Mean over all elements.
  EntropyBounds bounds(ThreadPool &pool) const;
};

/// "gaussian", "row-scaled", "student-t4", "row-scaled-t4", "narrow".
std::vector<std::string> syntheticWeights();
bool isSyntheticWeights(const std::string &name);

/// Weights of that distribution, standard deviation about 0.02, in bf16: rows times
/// exp(0.3 z) where the name says row-scaled, Student's t with 4 degrees of
/// freedom where it says t4. "narrow" has four exponents, evenly, so that codes of 2 bits and more
/// need no escapes.
BenchWorkload makeSynthetic(const std::string &name, const std::vector<uint64_t> &shape,
                            uint64_t seed, ThreadPool &pool);

/// An error for a name that is neither a kind of weights nor a path. Errors: Usage.
Status checkWeightsExist(const std::string &path);

/// Dense BF16 words x[m, k] of a standard normal distribution.
std::vector<uint16_t> drawX(uint64_t m, uint64_t k, uint64_t seed, ThreadPool &pool);

/// All tensors of a file or folder that have an element type of ours and two or more
/// dimensions. Errors: as checkWeightsExist and Checkpoint::open;
/// Usage where there is none.
Expected<BenchWorkload> loadWeights(const std::string &path, ThreadPool &pool);

} // namespace uwt::bench

#endif // UWT_BENCH_BENCHWEIGHTS_H
