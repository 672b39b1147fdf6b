//===- ConfigSources.cpp - Words on how a model is quantised --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/ConfigSources.h"
#include "uwt/Container/File.h"
#include "uwt/Support/JsonTree.h"
#include <filesystem>

namespace uwt {

using nlohmann::json;

/// Bytes of a configuration at most: those of models have some kilobytes.
static constexpr uint64_t configLimit = uint64_t(1) << 24;

static constexpr std::string_view sourceKeys[] = {"quantization_config", "compression_config",
                                                  "quantization"};

namespace {

/// A file beside config.json, the method that its packers leave out, and the member that has all.
struct Sidecar {
  const char *name, *method, *inside;
};

} // namespace

static constexpr Sidecar sidecars[] = {
    {"quantize_config.json", "gptq", nullptr},
    {"quant_config.json", "awq", nullptr},
    {"quantization_config.json", nullptr, nullptr},
    {"hf_quant_config.json", "modelopt", "quantization"},
};

static Expected<json> parseObject(std::string_view text) {
  UWT_ASSIGN_OR_RETURN(json value, parseJsonTree(withoutSpecialNumbers(text)));
  if (!value.is_object())
    return invalidError("not a JSON object");
  return value;
}

/// Adds a place that is an object with members.
static Status addSource(const std::string &name, json value, ModelConfig &config) {
  if (value.is_null() || (value.is_object() && value.empty()))
    return ok();
  if (!value.is_object())
    return invalidError("'" + name + "' is no object");
  if (value.value("quant_method", json()) == "uwt") {
    auto original = value.find("original");
    return original == value.end() ? ok() : addSource(name, json(*original), config);
  }
  config.sources.push_back({name, std::move(value)});
  return ok();
}

/// Adds the places of an object, then those of objects inside.
static Status addSources(const json &object, const std::string &path, ModelConfig &config) {
  for (std::string_view key : sourceKeys) {
    auto found = object.find(key);
    if (found == object.end())
      continue;
    // The word has other meanings than MLX's: there it is an object beside the model's sizes.
    if (key == sourceKeys[2] && (!path.empty() || !found->is_object()))
      continue;
    UWT_RETURN_IF_ERROR(addSource("config.json: " + path + std::string(key), *found, config));
  }
  if (auto type = object.find("model_type"); type != object.end() && type->is_string())
    config.modelTypes.push_back(type->get<std::string>());
  for (const auto &[key, member] : object.items())
    if (member.is_object() && std::ranges::count(sourceKeys, key) == 0)
      UWT_RETURN_IF_ERROR(addSources(member, path + key + ".", config));
  return ok();
}

Expected<ModelConfig> modelConfigOf(std::string_view text) {
  UWT_ASSIGN_OR_RETURN(json object, parseObject(text));
  ModelConfig config;
  UWT_RETURN_IF_ERROR(addSources(object, "", config));
  return config;
}

Expected<std::optional<json>> readJsonObject(const std::string &path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return std::optional<json>();
  UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(path, configLimit));
  Expected<json> value = parseObject(text);
  if (!value)
    return value.takeError().in(path);
  return std::optional(*std::move(value));
}

/// Adds what a sidecar says, as a quantization_config says it.
static Status addSidecar(const Sidecar &sidecar, json value, ModelConfig &config) {
  if (sidecar.inside) {
    json inside = value.value(sidecar.inside, json());
    value = std::move(inside);
  }
  if (!value.is_object() || value.empty())
    return ok();
  // Names of AutoAWQ's own; AutoGPTQ had the file's name first.
  bool isAwq = value.contains("w_bit") || value.contains("q_group_size");
  if (sidecar.method)
    value.emplace("quant_method", isAwq ? "awq" : sidecar.method);
  return addSource(sidecar.name, std::move(value), config);
}

Expected<std::optional<ModelConfig>> modelConfigOfFolder(const std::string &folder) {
  ModelConfig config;
  bool isThere = false;
  std::string path = folder + "/config.json";
  UWT_ASSIGN_OR_RETURN(std::optional<json> own, readJsonObject(path));
  if (own) {
    isThere = true;
    Status added = addSources(*own, "", config);
    if (!added)
      return added.takeError().in(path);
  }
  for (const Sidecar &sidecar : sidecars) {
    std::string beside = folder + "/" + sidecar.name;
    UWT_ASSIGN_OR_RETURN(std::optional<json> found, readJsonObject(beside));
    if (!found)
      continue;
    isThere = true;
    Status added = addSidecar(sidecar, *std::move(found), config);
    if (!added)
      return added.takeError().in(beside);
  }
  return isThere ? std::optional(std::move(config)) : std::nullopt;
}

} // namespace uwt
