//===- Checks.h - Whether a kernel's results are right ---------*- C++ -*--===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_CHECKS_H
#define UWT_TOOLS_UWTBENCH_CHECKS_H

#include "Product.h"

namespace uwt::bench {

/// What was compared; all of it was equal.
struct CheckReport {
  /// Outputs whose bits are those of the raw twin, and that twin.
  uint64_t twinOutputs = 0;
  std::string twin;
  /// Outputs whose sums, exact in FP32, are the host's.
  uint64_t exactOutputs = 0;
  /// Columns of the weight that came back as the host's codec gives them.
  uint64_t decodedColumns = 0;
};

/// Weights that are small multiples of one power of two, x of -1, 0 and 1, and their products by
/// the host: every partial sum is less than 2^24 multiples, so any order of FP32 additions gives
/// it.
class ExactProblem {
public:
  /// Of such weights [rows, columns], or of others, which have no exact sums.
  ExactProblem(DenseWords words, uint64_t rows, uint32_t m, uint64_t seed, ThreadPool &pool);

  const DenseWords &weights() const { return words; }
  /// Whether the weights are such.
  bool hasSums() const { return !sums.empty(); }
  /// Checks a product of the weights with an m of at most the one given: the number of outputs.
  /// Errors: Differs, with the first output that is wrong.
  Expected<uint64_t> check(Product &product) const;

private:
  std::vector<int32_t> multiplesOf(uint64_t row) const;
  void addUp(ThreadPool &pool);

  uint64_t rows, columns;
  DenseWords words;
  /// The power of two.
  float unit = 1;
  std::vector<uint16_t> x;
  /// Rows of the weight and of x that are looked at, and their sums in units, row of x by row of x.
  std::vector<uint64_t> checkedRows;
  std::vector<uint32_t> checkedM;
  std::vector<int32_t> sums;
};

/// Integers with long tails, as BF16.
DenseWords drawIntegers(uint64_t rows, uint64_t columns, uint64_t seed, ThreadPool &pool);

/// Compares `product` with the product of `twin` for the same x, bit for bit. Errors: Differs.
Expected<uint64_t> checkTwin(Product &product, Product &twin, std::span<const uint16_t> x,
                             std::vector<float> &y);

/// Reads columns of the weight by products with unit vectors, which give them exactly: all of
/// them, or `most` launches' worth of them spread over the weight. Errors: Differs.
Expected<uint64_t> checkDecode(Product &product, const DenseWords &words, uint64_t most,
                               ThreadPool &pool);

/// The first output in which two results differ in bits, as a Differs error.
Status compareOutputs(std::span<const float> got, std::span<const float> expected, uint64_t rows,
                      const std::string &what);

} // namespace uwt::bench

#endif // UWT_TOOLS_UWTBENCH_CHECKS_H
