//===- InspectSummary.cpp - Tensors by role or layer ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../text/Table.h"
#include "../text/Text.h"
#include "InspectReport.h"
#include <algorithm>
#include <unordered_map>

using namespace uwt;
using namespace uwt::tool;

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
static bool isSeparator(char c) { return c == '.' || c == '_' || c == '/'; }

/// The next number in `name` that stands alone between separators, from `at` on; its begin is
/// the name's size where there is none. "layers.12" and "layer_12" have one, "conv1" has not.
static IndexRange nextNumber(std::string_view name, size_t at) {
  for (; at < name.size(); ++at) {
    if (!isDigit(name[at]) || (at > 0 && !isSeparator(name[at - 1])))
      continue;
    size_t end = at;
    while (end < name.size() && isDigit(name[end]))
      ++end;
    if (end == name.size() || isSeparator(name[end]))
      return {at, end};
  }
  return {name.size(), name.size()};
}

static std::string roleOf(std::string_view name) {
  std::string role;
  size_t at = 0;
  while (at < name.size()) {
    IndexRange number = nextNumber(name, at);
    role += name.substr(at, number.begin - at);
    role += number.begin < name.size() ? "*" : "";
    at = number.end;
  }
  return role;
}

/// A tensor that belongs to no layer stands for itself, less the last word of its name.
static std::string layerOf(std::string_view name) {
  IndexRange number = nextNumber(name, 0);
  if (number.begin < name.size())
    return std::string(name.substr(0, number.end));
  return std::string(name.substr(0, name.rfind('.')));
}

namespace {
/// Tensors of one kind. Types and shapes are empty where they differ.
struct TensorKind {
  std::string name, type, shape;
  Inspection tensors;
};
} // namespace

static std::vector<TensorKind> kindsOf(const Inspection &inspection, SummaryBy by) {
  std::vector<TensorKind> kinds;
  std::unordered_map<std::string, size_t> known;
  for (const TensorFacts &tensor : inspection.tensors) {
    const TensorEntry &entry = *tensor.entry;
    std::string key = by == SummaryBy::Role ? roleOf(entry.name) : layerOf(entry.name);
    std::string type(entry.dtype->name), shape = compactShape(entry.shape);
    auto [at, isNew] = known.emplace(key, kinds.size());
    if (isNew)
      kinds.push_back({key, type, shape, {}});
    TensorKind &kind = kinds[at->second];
    kind.type = kind.type == type ? type : "";
    kind.shape = kind.shape == shape ? shape : "";
    kind.tensors.tensors.push_back(tensor);
  }
  return kinds;
}

static std::vector<std::string> sumCells(const InspectionSum &sum, const std::string &name,
                                         const std::string &type, const std::string &shape) {
  return {name,
          formatCount(sum.tensors),
          type,
          shape,
          formatBytes(sum.bytes),
          formatBytes(sum.stored),
          sum.storedElements ? formatNumber(bitsPer(sum.stored, sum.storedElements), 3) : "",
          sum.bounds ? formatNumber(sum.bounds->joint, 3) : ""};
}

void uwt::tool::printSummary(Session &session, const Inspection &inspection, SummaryBy by) {
  using Align = Table::Align;
  Table table({{by == SummaryBy::Role ? "tensors" : "layer", Align::Left, 0, true},
               {"count", Align::Right, 5},
               {"type", Align::Left, 4},
               {"shape", Align::Left, 3},
               {"original", Align::Right, 1},
               {"stored"},
               {"bits", Align::Right, 6},
               {"entropy", Align::Right, 2}});
  for (const TensorKind &kind : kindsOf(inspection, by))
    table.add(sumCells(sumOf(kind.tensors), kind.name, kind.type, kind.shape));
  table.addTotal(sumCells(sumOf(inspection), "total", "", ""));
  session.print(headText(inspection) + table.str(session) + "\n" + legendText(session, inspection));
}
