//===- QuantizationConfig.cpp - How a checkpoint is quantised -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizationConfig.h"
#include "Methods.h"
#include "uwt/Container/Compress.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <set>

using namespace uwt;
using nlohmann::json;

/// Different groups of layers at most: each weight is compared with all of them.
static constexpr size_t maxGroups = 256;
/// Members that are lists of modules which are not quantised.
static constexpr const char *ignoreKeys[] = {"modules_to_not_convert", "ignore",
                                             "ignored_layers",         "exclude_modules",
                                             "skip_modules",           "llm_int8_skip_modules"};
/// Types of models of transformers 5.24.0 whose layers are Conv1D.
static constexpr std::string_view conv1DTypes[] = {
    "gpt2", "openai-gpt", "imagegpt", "decision_transformer", "clvp", "clvp_decoder"};

//===----------------------------------------------------------------------===//
// Names of methods
//===----------------------------------------------------------------------===//

static std::string textOf(const json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Gives codes of auto-round the name of the packing that they have (auto-round 0.16.1,
/// export_to_autoround/export.py): with "gptq" zero points are stored less one, with "awq" in
/// AutoAWQ's order. Other packings have changed between its versions, and are refused.
static std::string renameAutoRound(json &config) {
  std::string packing = textOf(config, "packing_format");
  // Backends may stand behind it: "auto_round:auto_gptq:exllamav2".
  std::string second = packing.substr(std::min(packing.find(':') + 1, packing.size()));
  second = second.substr(0, second.find(':'));
  bool isGptq = second == "auto_gptq" || second == "gptq";
  bool isAwq = second == "auto_awq" || second == "awq";
  if (!packing.starts_with("auto_round:") || (!isGptq && !isAwq))
    return "packing_format '" + packing +
           "' of auto-round is none of auto_round:auto_gptq and auto_round:auto_awq";
  // Of 5 to 7 bits its words are packed otherwise than GPTQModel's.
  int64_t bits = config.contains("bits") && config["bits"].is_number_integer()
                     ? config["bits"].get<int64_t>()
                     : 0;
  if (isGptq && bits > 4 && bits < 8)
    return "auto-round packs " + std::to_string(bits) + " bits in an order that is not read";
  config["quant_method"] = isGptq ? "gptq" : "awq";
  if (isAwq)
    config.emplace("version", "gemm");
  return "";
}

/// Gives a method the name that recipes have for it. The result is why it has none, or empty.
static std::string renameMethod(json &config) {
  std::string method = textOf(config, "quant_method");
  if (method == "auto-round" || method == "auto_round")
    return renameAutoRound(config);
  if (method == "sparseml")
    config["quant_method"] = "compressed-tensors";
  if (method == "modelopt_fp4" || method == "modelopt_mixed")
    config["quant_method"] = "modelopt";
  if (method.empty() && config.contains("quant_algo"))
    config["quant_method"] = "modelopt";
  if (method.empty() && config.contains("config_groups"))
    config["quant_method"] = "compressed-tensors";
  if (method.empty() && config.contains("bits") && config.contains("group_size") &&
      !config.contains("quant_algo"))
    config["quant_method"] = "mlx"; // mlx-2
  // GPTQModel writes both of one value.
  std::string format = textOf(config, "format");
  if (textOf(config, "quant_method") == "gptq" && !format.empty()) {
    config.emplace("checkpoint_format", format);
    if (config["checkpoint_format"] != format)
      return "'checkpoint_format' and 'format' of the configuration disagree";
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Several places
//===----------------------------------------------------------------------===//

/// Returns the member of `config` that recipes read by one of some names.
static json valueOf(const json &config, const std::vector<const char *> &keys) {
  for (const char *key : keys)
    if (auto found = config.find(key); found != config.end())
      return *found;
  return {};
}

static json inLowerCase(json value) {
  if (!value.is_string())
    return value;
  std::string text = value.get<std::string>();
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
  });
  return text;
}

/// Returns how two places disagree, or empty. Members that only one of them has are no
/// disagreement: packers write some into one file alone.
static std::string disagreement(const ConfigSource &a, const ConfigSource &b) {
  static const std::vector<const char *> facts[] = {{"quant_method"},
                                                    {"bits", "w_bit"},
                                                    {"group_size", "q_group_size"},
                                                    {"zero_point"},
                                                    {"sym"},
                                                    {"version"},
                                                    {"desc_act"},
                                                    {"weight_block_size"},
                                                    {"quant_algo"},
                                                    {"format"},
                                                    {"config_groups"},
                                                    {"transform_config"},
                                                    {"packing_format"},
                                                    {"quant_type"},
                                                    {"dynamic"},
                                                    {"is_marlin_format"},
                                                    {"pre_quant_scale"},
                                                    {"load_in_4bit"}};
  for (const auto &keys : facts) {
    json one = inLowerCase(valueOf(a.value, keys)), other = inLowerCase(valueOf(b.value, keys));
    if (!one.is_null() && !other.is_null() && one != other)
      return "'" + std::string(keys.front()) + "' is " + one.dump() + " in " + a.name + " and " +
             other.dump() + " in " + b.name;
  }
  // Absent is the first version (gptq-3).
  auto versionOf = [](const json &config) {
    json version = valueOf(config, {"checkpoint_format", "format"});
    return version.is_null() ? json("gptq") : version;
  };
  if (textOf(a.value, "quant_method") == "gptq" && versionOf(a.value) != versionOf(b.value))
    return "'checkpoint_format' is " + versionOf(a.value).dump() + " in " + a.name + " and " +
           versionOf(b.value).dump() + " in " + b.name;
  return "";
}

Expected<std::optional<QuantizationConfig>>
QuantizationConfig::ofFolder(const std::string &folder) {
  UWT_ASSIGN_OR_RETURN(std::optional<ModelConfig> model, modelConfigOfFolder(folder));
  if (!model)
    return std::optional<QuantizationConfig>();
  std::string problem;
  std::string written =
      model->sources.empty() ? "" : textOf(model->sources.front().value, "quant_method");
  for (ConfigSource &source : model->sources) {
    std::string unnamed = renameMethod(source.value);
    problem = problem.empty() ? unnamed : problem;
    if (problem.empty())
      problem = disagreement(model->sources.front(), source);
  }
  QuantizationConfig config;
  if (!model->sources.empty())
    config.value = std::move(model->sources.front().value);
  config.written = std::move(written);
  config.reason = std::move(problem);
  config.isConv1D = std::ranges::any_of(model->modelTypes, [](const std::string &type) {
    return std::ranges::count(conv1DTypes, type) != 0;
  });
  config.judge();
  return std::optional(std::move(config));
}

QuantizationConfig QuantizationConfig::implied(const char *method) {
  QuantizationConfig config(json{{"quant_method", method}});
  config.written = method;
  config.judge();
  return config;
}

QuantizationConfig::QuantizationConfig(json value) : value(std::move(value)) { readGroups(); }

/// Keeps one of each group's weights.
void QuantizationConfig::readGroups() {
  const json *groups = find("config_groups");
  if (!groups || !groups->is_object())
    return;
  std::set<json> seen;
  for (const json &group : *groups) {
    auto own = group.is_object() ? group.find("weights") : group.end();
    if (group.is_object() && own != group.end() && own->is_object() && seen.insert(*own).second)
      weights.emplace_back(*own);
  }
}

/// Finds out whether the configuration is understood.
void QuantizationConfig::judge() {
  if (!isQuantized())
    return;
  const Method *found = findMethod(method());
  known = found != nullptr;
  if (!reason.empty())
    return;
  if (!known) {
    reason = "the model is quantised by " + inQuotes(method()) + ", of which UWT makes no weights" +
             meaningfulMembers(value);
    return;
  }
  reason = refusalOf(*found, value);
  if (!reason.empty())
    return;
  readIgnored();
  readGroups();
  if (weights.size() > maxGroups)
    reason = "config_groups has " + std::to_string(weights.size()) +
             " different groups, expected up to " + std::to_string(maxGroups);
}

//===----------------------------------------------------------------------===//
// Members
//===----------------------------------------------------------------------===//

const json *QuantizationConfig::find(const char *key) const {
  auto found = value.find(key);
  return found == value.end() ? nullptr : &*found;
}

std::string QuantizationConfig::text(const char *key) const { return textOf(value, key); }

std::optional<int64_t> QuantizationConfig::integer(const char *key) const {
  const json *found = find(key);
  return found && found->is_number_integer() ? std::optional(found->get<int64_t>()) : std::nullopt;
}

bool QuantizationConfig::flag(const char *key) const { return truth(key).value_or(false); }

std::optional<bool> QuantizationConfig::truth(const char *key) const {
  const json *found = find(key);
  return found && found->is_boolean() ? std::optional(found->get<bool>()) : std::nullopt;
}

std::optional<std::pair<uint64_t, uint64_t>> QuantizationConfig::pair(const char *key) const {
  const json *found = find(key);
  if (!found || !found->is_array() || found->size() != 2 || !(*found)[0].is_number_unsigned() ||
      !(*found)[1].is_number_unsigned())
    return std::nullopt;
  return std::pair((*found)[0].get<uint64_t>(), (*found)[1].get<uint64_t>());
}

/// Keeps the entries of lists of modules that are not quantised, and the list of each.
void QuantizationConfig::readIgnored() {
  for (const char *key : ignoreKeys) {
    const json *list = find(key);
    if (!list || !list->is_array())
      continue;
    for (const json &entry : *list) {
      if (!entry.is_string())
        continue;
      const auto &name = entry.get_ref<const std::string &>();
      // Patterns of compressed-tensors are not compared with names.
      if (name.starts_with("re:"))
        continue;
      if (name.find_first_of("*?") != std::string::npos)
        ignoredGlobs.emplace_back(name, key);
      else
        ignored.emplace(name, key);
    }
  }
}

std::string QuantizationConfig::ignoring(std::string_view module) const {
  auto said = [](const auto &entry) { return "'" + entry.first + "' in '" + entry.second + "'"; };
  // An entry names a module, its end, or a module around it, in whole components.
  for (size_t at = 0; at != std::string_view::npos; at = module.find('.', at + 1)) {
    std::string_view end = module.substr(at == 0 ? 0 : at + 1), around = module.substr(0, at);
    for (std::string_view name : {end, around})
      if (auto found = ignored.find(name); !name.empty() && found != ignored.end())
        return said(*found);
  }
  for (const auto &glob : ignoredGlobs)
    if (matchesGlob(glob.first, module))
      return said(glob);
  return "";
}
