//===- InspectFacts.h - What inspect finds out ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Facts about the tensors of a model, compressed or plain: sizes, bounds, exponent
// counts, and where escapes lie. Pictures of them are made elsewhere.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_INSPECT_INSPECTFACTS_H
#define UWT_TOOLS_UWT_INSPECT_INSPECTFACTS_H

#include "HeldType.h"
#include "uwt/Container/Checkpoint.h"

namespace uwt::tool {

/// Facts about a tensor's values. Needs all of them.
struct ValueFacts {
  /// Values of the exponent field that occur, in rising order, and how often. Empty for integers,
  /// of which zeros and subnormals are not counted either.
  std::vector<std::pair<uint32_t, uint64_t>> exponents;
  uint64_t zeros = 0, subnormals = 0;
  /// Bits an element, with low halves (16 bits where they are stored).
  EntropyBounds bounds;
  /// Of BF16, F16 and F32.
  HeldType held;
  /// Of F32, where not all values are of one narrower type.
  HeldRows heldRows;
};

/// One panel of a compressed tensor.
struct PanelFacts {
  uint64_t bytes = 0, escapes = 0;
  bool asWords = false;
};

struct TensorFacts {
  /// Belongs to the checkpoint that was inspected.
  const TensorEntry *entry = nullptr;
  /// Index into the files that were inspected.
  size_t file = 0;
  uint64_t elements = 0;
  /// Empty for types that UWT does not split, for tensors that are stored under
  /// another name, and where nobody asked.
  std::optional<ValueFacts> values;
  std::vector<PanelFacts> panels;
  uint64_t escapes = 0, panelsAsWords = 0;

  double bits() const;
};

/// Whether a name is one of `names` or matches a glob among them; where there is none, it is.
bool isWanted(std::span<const std::string> names, std::string_view name);

struct FactsRequest {
  /// Names or globs; empty for all tensors.
  std::vector<std::string> tensors;
  /// Whether values are read (the whole file) or only headers and indexes.
  bool values = true;
};

/// Facts about each tensor of `files` that is asked for, in the order of files and headers. `model`
/// is asked for names that no file has. Errors: Usage (a name that does not exist, with a
/// suggestion), Invalid, Interrupted.
Expected<std::vector<TensorFacts>> collectFacts(std::span<const Container *const> files,
                                                const Checkpoint &model,
                                                const FactsRequest &request, ThreadPool &pool,
                                                const ProgressFunction &progress);

/// Bytes that collectFacts will read.
uint64_t factsBytes(std::span<const Container *const> files, const FactsRequest &request);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_INSPECT_INSPECTFACTS_H
