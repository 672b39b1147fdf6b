//===- QuantizedReport.cpp - What tensors are together --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedReport.h"
#include "text/Text.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::tool;

static void addPart(QuantizedGroup &group, const std::string &name, const PartSizes &sizes) {
  auto found = sizes.find(name);
  if (found == sizes.end() || !found->second.entropyBits)
    group.entropyBits.reset();
  else if (group.entropyBits)
    *group.entropyBits += *found->second.entropyBits;
}

std::vector<QuantizedGroup> uwt::tool::quantizedGroups(const ImportedWeights &weights,
                                                       const PartSizes &sizes) {
  std::map<std::tuple<bool, std::string_view, std::string>, QuantizedGroup> groups;
  for (const auto &[name, weight] : weights.all()) {
    if (weight.isAlias)
      continue;
    bool isRefused = !weight.refusal.empty();
    auto [at, isNew] =
        groups.try_emplace({isRefused, weight.recipe, isRefused ? weight.refusal : weight.format});
    QuantizedGroup &group = at->second;
    if (isNew)
      group = {weight.recipe, weight.format, weight.refusal, 0, 0, 0, 0, 0.0};
    ++group.weights;
    group.elements += weight.elements();
    group.bytes += weight.bytes;
    uint64_t stored = 0;
    bool isKnown = true;
    for (const std::string &part : weight.parts) {
      addPart(group, part, sizes);
      auto found = sizes.find(part);
      isKnown = isKnown && found != sizes.end();
      stored += isKnown ? found->second.stored : 0;
    }
    group.stored += isKnown ? stored : weight.bytes;
  }
  std::vector<QuantizedGroup> result;
  for (auto &[key, group] : groups)
    result.push_back(std::move(group));
  return result;
}

static std::string groupText(const QuantizedGroup &group) {
  // Of GGUF files, floats are among them.
  bool isFloat = group.refusal.empty() && group.format.find(',') == std::string::npos;
  std::string text = plural(group.weights, isFloat ? "weight" : "quantised weight") + " (" +
                     std::string(group.recipe) + ")";
  if (!group.refusal.empty())
    return text + " cannot be read: " + group.refusal + "\n";
  text += ": " + group.format + "; " + formatNumber(bitsPer(group.bytes, group.elements), 3) +
          " bits a weight";
  if (group.stored != group.bytes)
    text += ", stored in " + formatNumber(bitsPer(group.stored, group.elements), 3);
  if (group.entropyBits)
    text +=
        ", entropy " + formatNumber(*group.entropyBits / static_cast<double>(group.elements), 3);
  return text + "\n";
}

std::string uwt::tool::quantizedText(const ImportedWeights &weights, const PartSizes &sizes) {
  std::string text;
  for (const QuantizedGroup &group : quantizedGroups(weights, sizes))
    text += groupText(group);
  for (const std::string &note : weights.notes()) {
    // Weights that it refuses say so themselves.
    bool isSaid = std::ranges::any_of(
        weights.all(), [&](const auto &each) { return each.second.refusal == note; });
    if (!isSaid)
      text += printable(note) + "\n";
  }
  return text;
}

Json uwt::tool::quantizedGroupsJson(const ImportedWeights &weights, const PartSizes &sizes) {
  Json result = Json::array();
  for (const QuantizedGroup &group : quantizedGroups(weights, sizes)) {
    Json object = {{"recipe", group.recipe},
                   {"format", group.format},
                   {"refusal", group.refusal.empty() ? Json() : Json(group.refusal)},
                   {"weights", group.weights},
                   {"elements", group.elements},
                   {"bytes", group.bytes},
                   {"stored_bytes", group.stored}};
    if (group.entropyBits && group.elements)
      object["joint_entropy"] = *group.entropyBits / static_cast<double>(group.elements);
    result.push_back(std::move(object));
  }
  return result;
}
