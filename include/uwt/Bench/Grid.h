//===- Grid.h - Shapes and values of m to measure --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_BENCH_GRID_H
#define UWT_BENCH_GRID_H

#include "uwt/Support/Error.h"
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace uwt::bench {

/// A weight [N, K] of y = x Wᵀ.
struct GridShape {
  /// Models that have it, and by how much it is divided for tensor parallelism; a tensor's name.
  std::string name;
  uint64_t rows = 0, columns = 0;

  uint64_t elements() const { return rows * columns; }
};

/// Adds a shape, or its name to the one that is there.
void addShape(std::vector<GridShape> &shapes, const GridShape &shape);

/// All shapes, each once: whole layers first, then those divided by 2, 4 and 8.
std::vector<GridShape> allShapes();
/// A few that show most, for a first look.
std::vector<GridShape> quickShapes();
/// The same for values of m.
std::vector<uint32_t> allM();
std::vector<uint32_t> quickM();

/// What --shapes takes: "all", "quick", or shapes "NxK" and names of models, separated by commas.
/// Usage errors; they name `more` ("packs, ") as other words that the option takes.
Expected<std::vector<GridShape>> parseShapes(std::string_view text, const std::string &more = "");
/// What --m takes: "all", "quick", or different numbers separated by commas. Usage errors.
Expected<std::vector<uint32_t>> parseM(std::string_view text);

} // namespace uwt::bench

#endif // UWT_BENCH_GRID_H
