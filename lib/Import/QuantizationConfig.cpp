//===- QuantizationConfig.cpp - How a checkpoint is quantised -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizationConfig.h"
#include "uwt/Container/File.h"
#include <filesystem>

using namespace uwt;
using nlohmann::json;

/// Configurations of models have some kilobytes.
static constexpr uint64_t configLimit = uint64_t(1) << 24;

Expected<std::optional<json>> uwt::readJsonObject(const std::string &path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return std::optional<json>();
  UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(path, configLimit));
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object())
    return invalidError(path + " is not a JSON object");
  return std::optional<json>(std::move(value));
}

static const json *member(const json &object, const char *key) {
  auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

/// quantization_config of a model's configuration; that of its language model where it has several.
static const json *quantizationOf(const json &config) {
  if (const json *own = member(config, "quantization_config"))
    return own;
  const json *language = member(config, "text_config");
  return language && language->is_object() ? member(*language, "quantization_config") : nullptr;
}

Expected<std::optional<QuantizationConfig>>
QuantizationConfig::ofFolder(const std::string &folder) {
  UWT_ASSIGN_OR_RETURN(std::optional<json> config, readJsonObject(folder + "/config.json"));
  const json *found = config ? quantizationOf(*config) : nullptr;
  if (found && found->is_object() && QuantizationConfig(*found).method() == "uwt")
    found = member(*found, "original");
  if (found && found->is_object())
    return std::optional(QuantizationConfig(*found));
  // What packers of GPTQ wrote before models' configurations had it.
  UWT_ASSIGN_OR_RETURN(std::optional<json> alone, readJsonObject(folder + "/quantize_config.json"));
  if (!alone)
    return std::optional<QuantizationConfig>();
  alone->emplace("quant_method", "gptq");
  return std::optional(QuantizationConfig(*std::move(alone)));
}

std::string QuantizationConfig::text(const char *key) const {
  const json *found = member(value, key);
  return found && found->is_string() ? found->get<std::string>() : "";
}

std::optional<int64_t> QuantizationConfig::integer(const char *key) const {
  const json *found = member(value, key);
  return found && found->is_number_integer() ? std::optional(found->get<int64_t>()) : std::nullopt;
}

bool QuantizationConfig::flag(const char *key) const {
  const json *found = member(value, key);
  return found && found->is_boolean() && found->get<bool>();
}

std::optional<std::pair<uint64_t, uint64_t>> QuantizationConfig::pair(const char *key) const {
  const json *found = member(value, key);
  if (!found || !found->is_array() || found->size() != 2 || !(*found)[0].is_number_unsigned() ||
      !(*found)[1].is_number_unsigned())
    return std::nullopt;
  return std::pair((*found)[0].get<uint64_t>(), (*found)[1].get<uint64_t>());
}

std::vector<QuantizationConfig> QuantizationConfig::groups() const {
  std::vector<QuantizationConfig> weights;
  const json *groups = member(value, "config_groups");
  if (!groups || !groups->is_object())
    return weights;
  for (const json &group : *groups) {
    const json *own = group.is_object() ? member(group, "weights") : nullptr;
    if (own && own->is_object())
      weights.emplace_back(*own);
  }
  return weights;
}
