//===- RoundedModel.h - Quantised weights for benchmarks --------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights rounded to the nearest code of a cell's largest magnitude. For benchmarks and tests
// alone: real models are quantised by tools that look at what their layers do with it.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_BENCH_ROUNDEDMODEL_H
#define UWT_TOOLS_UWT_BENCH_ROUNDEDMODEL_H

#include "BenchProduct.h"

namespace uwt::tool {

/// Whether `text` is a composition of codes and grids, which products run from where a checkpoint
/// has it.
bool isComposition(const std::string &text);

/// Writes the weights in all their copies as a checkpoint (compressed-tensors) whose recipe gives
/// that composition, in a folder beside their file that goes with it. Returns the folder. Errors:
/// Usage (a composition that nothing is drawn of), IO.
Expected<std::string> writeRoundedModel(const std::string &composition,
                                        const ProductWeights &weights);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_BENCH_ROUNDEDMODEL_H
