//===- Weights.h - Weights that are measured --------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWTBENCH_WEIGHTS_H
#define UWT_TOOLS_UWTBENCH_WEIGHTS_H

#include "Grid.h"
#include "Product.h"

namespace uwt {

/// Where weights of a shape come from.
class WeightSource {
public:
  virtual ~WeightSource() = default;
  /// The shapes that there are; none where any shape can be had.
  virtual std::vector<GridShape> shapes() const = 0;
  /// Errors: those of reading; Unsupported for values that are not finite.
  virtual Expected<DenseWords> read(const GridShape &shape, ThreadPool &pool) const = 0;
};

/// The BF16 matrices of a file or folder, the first of each shape; without a path drawn weights
/// (row-scaled-t4 of `uwt bench`).
Expected<std::unique_ptr<WeightSource>> openWeights(const std::string &path, uint64_t seed);

} // namespace uwt

#endif // UWT_TOOLS_UWTBENCH_WEIGHTS_H
