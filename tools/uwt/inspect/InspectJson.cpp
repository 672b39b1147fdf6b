//===- InspectJson.cpp - What inspect tells programs ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../text/Json.h"
#include "InspectReport.h"
#include "uwt/Container/Compress.h"

using namespace uwt;
using namespace uwt::tool;

static Json planesJson(const TensorEntry &entry) {
  Json planes = Json::object();
  for (unsigned kind = 0; kind < planeKinds; ++kind)
    if (entry.planeBytes[kind])
      planes[std::string(planeName(static_cast<PlaneKind>(kind)))] = entry.planeBytes[kind];
  return planes;
}

/// Panels as parallel arrays; `step` neighbours are summed into one item.
static Json panelsJson(const TensorFacts &tensor, size_t maxPanels) {
  size_t count = tensor.panels.size();
  size_t step = maxPanels && count > maxPanels ? (count + maxPanels - 1) / maxPanels : 1;
  Json bytes = Json::array(), escapes = Json::array(), asWords = Json::array();
  for (size_t begin = 0; begin < count; begin += step) {
    PanelFacts sum;
    uint64_t words = 0;
    for (size_t i = begin; i < count && i < begin + step; ++i) {
      sum.bytes += tensor.panels[i].bytes;
      sum.escapes += tensor.panels[i].escapes;
      words += tensor.panels[i].asWords;
    }
    bytes.push_back(sum.bytes);
    escapes.push_back(sum.escapes);
    asWords.push_back(words);
  }
  return {{"count", count},
          {"step", step},
          {"bytes", std::move(bytes)},
          {"escapes", std::move(escapes)},
          {"as_words", std::move(asWords)}};
}

static Json exponentsJson(const ValueFacts &values) {
  Json pairs = Json::array();
  for (auto [exponent, count] : values.exponents)
    pairs.push_back({exponent, count});
  return pairs;
}

/// Describes the tensor that a difference is from.
static Json originJson(const TensorEntry &entry) {
  Json rows = Json::array();
  for (const BaseRows &run : entry.baseSource->rows)
    rows.push_back({{"own", run.own}, {"base", run.base}, {"count", run.count}});
  return {{"name", entry.baseSource->name},
          {"dtype", entry.baseSource->dtype->name},
          {"rows", std::move(rows)}};
}

static Json tensorJson(const TensorFacts &tensor, size_t maxPanels) {
  const TensorEntry &entry = *tensor.entry;
  Json object = {{"name", entry.name},
                 {"file", tensor.file},
                 {"dtype", entry.dtype->name},
                 {"shape", entry.shape},
                 {"elements", tensor.elements},
                 {"bytes", entry.bytes},
                 {"stored_bytes", entry.storedBytes}};
  object["bits_per_weight"] = tensor.bits();
  object["format"] = entry.isPacked() ? Json(packedName)
                     : entry.format   ? Json(entry.format->str())
                                      : Json();
  if (entry.isPacked() && entry.sameAs.empty())
    object["planes"] = planesJson(entry);
  object["difference"] = entry.isDifference();
  if (entry.baseSource)
    object["from"] = originJson(entry);
  object["same_as"] = entry.sameAs.empty() ? Json() : Json(entry.sameAs);
  if (!entry.sha256.empty())
    object["sha256"] = entry.sha256;
  if (tensor.values) {
    object["joint_entropy"] = tensor.values->bounds.joint;
    object["exponent_entropy"] = tensor.values->bounds.exponent;
    if (!tensor.values->held.name.empty())
      object["values_of"] = {{"dtype", tensor.values->held.name},
                             {"scaled", tensor.values->held.isScaled}};
    const HeldRows &rows = tensor.values->heldRows;
    if (rows.rows != 0)
      object["rows_of"] = {{"dtype", rows.name}, {"rows", rows.rows}};
    object["zeros"] = tensor.values->zeros;
    object["subnormals"] = tensor.values->subnormals;
    object["exponents"] = exponentsJson(*tensor.values);
  }
  if (entry.bundle && entry.sameAs.empty()) {
    object["format"] = entry.bundle->format->str();
    object["bundle"] = {{"name", entry.bundle->name},
                        {"tensors", entry.bundle->bundled},
                        {"tensor", entry.bundleNumber}};
  }
  if (!entry.format || !entry.sameAs.empty())
    return object;
  if (entry.members > 1)
    object["stack"] = {{"name", entry.stack}, {"members", entry.members}, {"member", entry.member}};
  object["planes"] = planesJson(entry);
  object["escapes"] = tensor.escapes;
  object["panels_as_words"] = tensor.panelsAsWords;
  object["panels"] = panelsJson(tensor, maxPanels);
  return object;
}

static Json storedJson(const Container &file) {
  StoredBytes bytes;
  bytes.add(file);
  Json planes = Json::object();
  for (unsigned kind = 0; kind < planeKinds; ++kind)
    planes[std::string(planeName(static_cast<PlaneKind>(kind)))] = bytes.planes[kind];
  return {{"planes", std::move(planes)},
          {"raw_tensors", bytes.rawTensors},
          {"header", bytes.header},
          {"padding", bytes.padding}};
}

static Json fileJson(const Container &file) {
  Json base = Json::array();
  for (const BaseFile &one : file.baseFiles())
    base.push_back({{"name", one.name}, {"sha256", one.sha256}});
  return {
      {"path", file.path()},
      {"bytes", file.fileBytes()},
      {"original_bytes", file.originalBytes()},
      {"compressed", file.isContainer()},
      {"saved_again", file.savedAgain()},
      {"base", std::move(base)},
      {"compact", file.isCompact()},
      {"stored", storedJson(file)},
      {"original_sha256", file.originalSha256().empty() ? Json() : Json(file.originalSha256())}};
}

Json uwt::tool::quantizedWeightsJson(const ImportedWeights &weights,
                                     std::span<const QuantizedFacts> facts) {
  Json result = Json::array();
  for (const auto &[name, weight] : weights.all()) {
    Json object = {{"name", name},
                   {"recipe", weight.recipe},
                   {"format", weight.format},
                   {"shape", weight.shape},
                   {"parts", weight.parts},
                   {"bytes", weight.bytes},
                   {"stored_bytes", weight.storedBytes},
                   {"refusal", weight.refusal.empty() ? Json() : Json(weight.refusal)}};
    if (!facts.empty() && facts.front().weight == &weight) {
      addQuantizedFacts(facts.front(), object);
      facts = facts.subspan(1);
    }
    result.push_back(std::move(object));
  }
  return result;
}

/// Everything but the tensors.
static Json headJson(const Inspection &inspection) {
  InspectionSum sum = sumOf(inspection);
  Json result = schemaObject("inspect");
  result["path"] = inspection.path;
  result["files"] = Json::array();
  for (const Container *file : inspection.files)
    result["files"].push_back(fileJson(*file));
  Json total = {{"tensors", sum.tensors},
                {"compressed", sum.compressed},
                {"elements", sum.elements},
                {"bytes", sum.bytes},
                {"stored_bytes", sum.stored}};
  if (sum.bounds) {
    total["joint_entropy"] = sum.bounds->joint;
    total["exponent_entropy"] = sum.bounds->exponent;
    total["bounded_elements"] = sum.storedElements;
    total["bounded_stored_bytes"] = sum.stored;
  }
  result["total"] = std::move(total);
  if (inspection.quantized->isKnown())
    result["quantized"] = quantizedWeightsJson(*inspection.quantized, inspection.quantizedFacts);
  return result;
}

/// `text` as an item of an array in an object, indented as that.
static std::string asItem(std::string_view text) {
  std::string item = "\n    ";
  for (char c : text)
    item += c == '\n' ? std::string("\n    ") : std::string(1, c);
  return item;
}

void uwt::tool::writeInspectionJson(const Inspection &inspection, size_t maxPanels, bool indented,
                                    const std::function<void(std::string_view)> &write) {
  Json head = headJson(inspection);
  head["tensors"] = Json::array();
  std::string text = jsonText(head, indented);
  if (inspection.tensors.empty())
    return write(text);
  // Between the brackets of the empty array: there may be a million tensors.
  size_t inside = text.rfind(']');
  write(text.substr(0, inside));
  bool isFirst = true;
  for (const TensorFacts &tensor : inspection.tensors) {
    std::string item = jsonText(tensorJson(tensor, maxPanels), indented);
    write((isFirst ? "" : ",") + (indented ? asItem(item) : item));
    isFirst = false;
  }
  write((indented ? "\n  " : "") + text.substr(inside));
}
