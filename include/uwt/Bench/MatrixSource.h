//===- MatrixSource.h - Matrices to measure with ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_BENCH_MATRIXSOURCE_H
#define UWT_BENCH_MATRIXSOURCE_H

#include "uwt/Bench/Grid.h"
#include "uwt/Support/Parallel.h"
#include <memory>

namespace uwt::bench {

/// Dense BF16 words [N, K].
using DenseWords = std::vector<uint16_t>;

/// Where weights of a shape come from, one at a time.
class MatrixSource {
public:
  virtual ~MatrixSource() = default;
  /// The shapes that there are; none where any shape can be had.
  virtual std::vector<GridShape> shapes() const = 0;
  /// Errors: those of reading; Unsupported for values that are not finite.
  virtual Expected<DenseWords> read(const GridShape &shape, ThreadPool &pool) const = 0;
};

/// Drawn weights, where `weights` is one of syntheticWeights; else the BF16 matrices of that file
/// or folder, the first of each shape. Errors: as Checkpoint::open; Usage where there are none.
Expected<std::unique_ptr<MatrixSource>> openMatrices(const std::string &weights, uint64_t seed);

} // namespace uwt::bench

#endif // UWT_BENCH_MATRIXSOURCE_H
