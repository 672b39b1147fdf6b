//===- QuantizedReport.h - What tensors are together ------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_QUANTIZEDREPORT_H
#define UWT_TOOLS_UWT_QUANTIZEDREPORT_H

#include "text/Json.h"
#include "uwt/Import/ImportedWeights.h"

namespace uwt::tool {

/// What is known of a tensor's size.
struct PartSize {
  uint64_t stored = 0;
  /// The fewest bits that a code for its single elements needs, where it was measured.
  std::optional<double> entropyBits;
};
using PartSizes = std::map<std::string_view, PartSize>;

/// Quantised weights that are alike: of one recipe and composition, or refused for one reason.
struct QuantizedGroup {
  std::string_view recipe;
  std::string format, refusal;
  uint64_t weights = 0, elements = 0, bytes = 0, stored = 0;
  /// Of those whose parts were all measured.
  std::optional<double> entropyBits;
};

/// The quantised weights of a model. Parts without a size count as they are.
std::vector<QuantizedGroup> quantizedGroups(const ImportedWeights &weights, const PartSizes &sizes);

/// A line for each group, and one for a method that no recipe reads; empty where the model is not
/// quantised.
std::string quantizedText(const ImportedWeights &weights, const PartSizes &sizes);
Json quantizedGroupsJson(const ImportedWeights &weights, const PartSizes &sizes);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_QUANTIZEDREPORT_H
