//===- InspectReport.h - What inspect tells ---------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_INSPECT_INSPECTREPORT_H
#define UWT_TOOLS_UWT_INSPECT_INSPECTREPORT_H

#include "../Session.h"
#include "InspectFacts.h"
#include "QuantizedFacts.h"
#include "uwt/Import/ImportedWeights.h"
#include <functional>

namespace uwt::tool {

/// A model and what was found out.
struct Inspection {
  std::string path;
  const Checkpoint *model = nullptr;
  /// All weight files, those that are not the model's too.
  std::span<const Container *const> files;
  /// What several tensors are together, where the model is quantised.
  const ImportedWeights *quantized = nullptr;
  std::vector<TensorFacts> tensors;
  /// Those of quantised weights that were asked for.
  std::vector<QuantizedFacts> quantizedFacts;
  /// Whether the tensors are only some of the model's.
  bool isShard = false;
};

/// Sums over the tensors of an inspection.
struct InspectionSum {
  uint64_t tensors = 0, compressed = 0, elements = 0, bytes = 0, stored = 0;
  /// Of tensors that are stored under their own name.
  uint64_t storedElements = 0;
  /// Stored bytes of those whose values were not read.
  uint64_t notMeasured = 0;
  /// Mean over stored elements; a tensor whose values were not read counts as it is. Nothing where
  /// no tensor's values were read.
  std::optional<EntropyBounds> bounds;
};
InspectionSum sumOf(const Inspection &inspection);

/// What the bytes of compressed files are (InspectBytes.cpp).
struct StoredBytes {
  /// In use, of each kind.
  std::array<uint64_t, planeKinds> planes{};
  uint64_t rawTensors = 0;
  /// Texts and offsets; and what planes are padded with.
  uint64_t header = 0, padding = 0;

  void add(const Container &file);
  /// What is there beside the values.
  uint64_t overhead() const;
};
/// A line of them.
std::string storedBytesText(const StoredBytes &bytes, uint64_t weights);

/// A line of what is known of a tensor.
std::string fieldText(std::string_view label, const std::string &value);
/// What occurs, by its label, and how often.
using Bars = std::vector<std::pair<std::string, uint64_t>>;
/// A line with a bar for each of them.
std::string barsText(const Bars &bars);

/// "4096x14336", "scalar" for rank 0.
std::string compactShape(std::span<const uint64_t> shape);
/// What the whole model is, in front of a table of its tensors; empty for a shard of a model.
std::string headText(const Inspection &inspection);
/// What the numbers of a table mean, and what there is to save.
std::string legendText(const Session &session, const Inspection &inspection);

/// How tensors are put together in a summary.
enum class SummaryBy {
  /// By name with the numbers left out: model.layers.*.mlp.down_proj.weight.
  Role,
  /// By name up to the first number: model.layers.0.
  Layer
};
/// A line for each kind of tensors, and the sum (InspectSummary.cpp).
void printSummary(Session &session, const Inspection &inspection, SummaryBy by);

/// A line a tensor, and the sum.
void printInspection(Session &session, const Inspection &inspection);
/// Everything about each tensor, with its exponents drawn.
void printDetails(Session &session, const Inspection &inspection);

/// Schema uwt.inspect/1 as text, in pieces: the whole is never in memory. Tensors of more than
/// `maxPanels` panels have sums of neighbours instead of single panels (0: never).
void writeInspectionJson(const Inspection &inspection, size_t maxPanels, bool indented,
                         const std::function<void(std::string_view)> &write);

/// The quantised weights of a model; `facts` are of some of them, in their order.
Json quantizedWeightsJson(const ImportedWeights &weights, std::span<const QuantizedFacts> facts);

/// One self-contained page with charts (InspectPage.cpp).
std::string inspectionPage(const Inspection &inspection);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_INSPECT_INSPECTREPORT_H
