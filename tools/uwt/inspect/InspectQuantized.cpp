//===- InspectQuantized.cpp - What tensors are together -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../text/Text.h"
#include "InspectReport.h"

using namespace uwt;
using namespace uwt::tool;

namespace {

/// Weights that are alike: of one composition, or not read for one reason.
struct Alike {
  uint64_t weights = 0, elements = 0, bytes = 0, stored = 0;
};

} // namespace

static std::string bitsText(const Alike &alike) {
  auto each = [&](uint64_t bytes) { return formatNumber(bitsPer(bytes, alike.elements), 3); };
  std::string text = each(alike.bytes) + " bits a weight";
  return alike.stored == alike.bytes ? text : text + ", stored in " + each(alike.stored);
}

std::string uwt::tool::quantizedText(const ImportedWeights &weights) {
  std::map<std::pair<std::string_view, std::string>, Alike> read, refused;
  for (const auto &[name, weight] : weights.all()) {
    bool isRead = weight.refusal.empty();
    Alike &alike =
        (isRead ? read : refused)[{weight.recipe, isRead ? weight.format : weight.refusal}];
    ++alike.weights;
    alike.elements += weight.rows * weight.columns;
    alike.bytes += weight.bytes;
    alike.stored += weight.storedBytes;
  }
  std::string text;
  for (const auto &[kind, alike] : read)
    text += plural(alike.weights, "quantised weight") + " (" + std::string(kind.first) +
            "): " + kind.second + "; " + bitsText(alike) + "\n";
  for (const auto &[kind, alike] : refused)
    text += plural(alike.weights, "quantised weight") + " (" + std::string(kind.first) +
            ") cannot be read: " + kind.second + "\n";
  if (!weights.method().empty() && !weights.isKnown())
    text += "the model is quantised by '" + printable(weights.method()) +
            "', of which UWT makes no weights\n";
  return text;
}
