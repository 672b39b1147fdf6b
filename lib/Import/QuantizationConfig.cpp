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
#include <charconv>
#include <numeric>
#include <set>
#include <span>

using namespace uwt;
using nlohmann::json;

/// Different groups of layers at most: each weight is compared with all of them.
static constexpr size_t maxGroups = 256;
/// Patterns of names at most that are compared with each weight.
static constexpr size_t maxPatterns = 256;
/// Beginning of the patterns of compressed-tensors.
static constexpr std::string_view patternPrefix = "re:";
/// Members that are lists of modules which are not quantised.
static constexpr const char *ignoreKeys[] = {
    "modules_to_not_convert", "ignore", "ignored_layers", "exclude_modules", "skip_modules",
    "llm_int8_skip_modules",  "exclude"};
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

/// Returns whether auto-round of a version stores zero points of its packing "gptqmodel" as they
/// are: 0.6 and later do, 0.5 stores them less one.
static bool hasPlainZeros(const json &config) {
  constexpr unsigned firstMinor = 6;
  std::string text = textOf(config, "autoround_version");
  const char *end = text.data() + text.size();
  unsigned major = 0, minor = 0;
  auto [dot, wrongMajor] = std::from_chars(text.data(), end, major);
  if (wrongMajor != std::errc() || dot == end || *dot != '.' ||
      std::from_chars(dot + 1, end, minor).ec != std::errc())
    return false;
  return major > 0 || minor >= firstMinor;
}

/// Gives codes of auto-round the name of the packing that they have (gptq-7; auto-round 0.3 to
/// 0.16.1, export_to_autoround/export.py).
static std::string renameAutoRound(json &config) {
  std::string packing = textOf(config, "packing_format");
  constexpr std::string_view prefix = "auto_round";
  // Backends may stand behind it: "auto_round:auto_gptq:exllamav2".
  std::string second = packing.substr(std::min(packing.find(':') + 1, packing.size()));
  second = second.substr(0, second.find(':'));
  if (!packing.starts_with(prefix))
    return "packing_format '" + packing + "' of auto-round is not read";
  bool isPlain = packing == prefix;
  for (const char *backend : {"exllamav2", "tritonv2", "triton"})
    isPlain |= second == backend;
  if (second == "auto_awq" || second == "awq") {
    config["quant_method"] = "awq";
    config.emplace("version", "gemm");
    return "";
  }
  if (second == "gptqmodel" && !hasPlainZeros(config))
    return "packing_format '" + packing +
           "' has other zero points in older versions of auto-round, and autoround_version does "
           "not say that this is 0.6 or later";
  const char *version = isPlain || second == "gptqmodel"            ? "gptq_v2"
                        : second == "auto_gptq" || second == "gptq" ? "gptq"
                                                                    : nullptr;
  if (!version)
    return "packing_format '" + packing + "' of auto-round is not read";
  config["quant_method"] = "gptq";
  config.emplace("checkpoint_format", version);
  return config["checkpoint_format"] == version
             ? ""
             : "'checkpoint_format' is not that of packing_format '" + packing + "'";
}

/// Gives a method the name that recipes have for it. The result is why it has none, or empty.
static std::string renameMethod(json &config) {
  std::string method = textOf(config, "quant_method");
  if (method == "auto-round" || method == "auto_round")
    return renameAutoRound(config);
  if (method == "sparseml")
    config["quant_method"] = "compressed-tensors";
  if (method == "mxfp8")
    config["quant_method"] = "fp8";
  if (method == "modelopt_fp4" || method == "modelopt_mixed" || method == "modelopt_mxfp8")
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

/// Returns how two places disagree in what recipes of a method read, or empty. Members that only
/// one of them has are no disagreement: packers write some into one file alone.
static std::string disagreement(const Method &method, const ConfigSource &a,
                                const ConfigSource &b) {
  std::vector<std::vector<const char *>> facts = {{"bits", "w_bit"},
                                                  {"group_size", "q_group_size"}};
  for (const auto &[key, member] : b.value.items())
    if (isReadMember(method, key))
      facts.push_back({key.c_str()});
  for (const auto &keys : facts) {
    json one = inLowerCase(valueOf(a.value, keys)), other = inLowerCase(valueOf(b.value, keys));
    if (!one.is_null() && !other.is_null() && one != other)
      return "'" + std::string(keys.front()) + "' is " + shownValue(one) + " in " + a.name +
             " and " + shownValue(other) + " in " + b.name;
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

/// Returns what several places say together: the first one's members, those that only others have,
/// and what any of them lists as not quantised. The result's second part is how they disagree, or
/// empty.
static std::pair<json, std::string> joined(std::vector<ConfigSource> &sources) {
  json &first = sources.front().value;
  const Method *method = findMethod(textOf(first, "quant_method"));
  std::string problem;
  for (const ConfigSource &source : std::span(sources).subspan(1)) {
    if (problem.empty() && method)
      problem = disagreement(*method, sources.front(), source);
    for (const auto &[key, member] : source.value.items()) {
      auto [own, isNew] = first.emplace(key, member);
      bool isList = std::ranges::count(ignoreKeys, key) != 0 && own->is_array();
      if (!isNew && own->is_null())
        *own = member;
      else if (!isNew && isList && member.is_array())
        own->insert(own->end(), member.begin(), member.end());
    }
  }
  return {std::move(first), std::move(problem)};
}

Expected<std::optional<QuantizationConfig>>
QuantizationConfig::ofFolder(const std::string &folder) {
  UWT_ASSIGN_OR_RETURN(std::optional<ModelConfig> model, modelConfigOfFolder(folder));
  if (!model)
    return std::optional<QuantizationConfig>();
  QuantizationConfig config;
  if (!model->sources.empty()) {
    config.written = textOf(model->sources.front().value, "quant_method");
    for (ConfigSource &source : model->sources)
      if (std::string problem = renameMethod(source.value); config.reason.empty())
        config.reason = std::move(problem);
    auto [value, problem] = joined(model->sources);
    config.value = std::make_shared<const json>(std::move(value));
    if (config.reason.empty())
      config.reason = std::move(problem);
  }
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

QuantizationConfig::QuantizationConfig(json value)
    : value(std::make_shared<const json>(std::move(value))) {
  readGroups();
}

/// Keeps one of each group's weights, and whose they are.
void QuantizationConfig::readGroups() {
  const json *groups = find("config_groups");
  if (!groups || !groups->is_object())
    return;
  std::map<json, size_t> seen;
  for (const json &group : *groups) {
    auto own = group.is_object() ? group.find("weights") : group.end();
    if (!group.is_object() || own == group.end() || !own->is_object())
      continue;
    auto [at, isNew] = seen.emplace(*own, weights.size());
    if (isNew)
      weights.emplace_back(*own);
    readTargets(group, at->second);
  }
}

/// Keeps the targets of a group: names of modules, patterns of them, and classes.
void QuantizationConfig::readTargets(const json &group, size_t index) {
  auto addOther = [&] {
    if (targets.others.empty() || targets.others.back() != index)
      targets.others.push_back(index);
  };
  auto list = group.find("targets");
  if (list == group.end() || !list->is_array())
    return addOther();
  for (const json &entry : *list) {
    if (!entry.is_string())
      continue;
    const auto &name = entry.get_ref<const std::string &>();
    if (!name.starts_with(patternPrefix)) {
      targets.names[name].push_back(index);
      if (name.find('.') == std::string::npos)
        addOther();
      continue;
    }
    Expected<ModulePattern> pattern = ModulePattern::parse(name.substr(patternPrefix.size()));
    if (pattern && targets.patterns.size() < maxPatterns)
      targets.patterns.emplace_back(*std::move(pattern), index);
    else
      addOther();
  }
}

std::vector<size_t> QuantizationConfig::groupsOf(std::string_view module) const {
  std::set<size_t> found;
  if (auto named = targets.names.find(module); named != targets.names.end())
    found.insert(named->second.begin(), named->second.end());
  for (const auto &[pattern, index] : targets.patterns)
    if (!found.contains(index) && pattern.matches(module))
      found.insert(index);
  if (found.empty())
    found.insert(targets.others.begin(), targets.others.end());
  if (!found.empty())
    return {found.begin(), found.end()};
  std::vector<size_t> all(weights.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Calls `visit` with a name and with what stands behind each of its dots.
template <typename Visit> static void forEachEnd(std::string_view name, Visit visit) {
  for (size_t at = 0;; ++at) {
    visit(name.substr(at));
    at = name.find('.', at);
    if (at == std::string_view::npos)
      return;
  }
}

/// Keeps the ends of names of members that are objects, as MLX has them for modules.
void QuantizationConfig::readNamedObjects() {
  if (method() != "mlx")
    return;
  for (const auto &[key, member] : value->items())
    if (member.is_object())
      forEachEnd(key, [&](std::string_view end) { objectEnds.try_emplace(std::string(end), key); });
}

std::string QuantizationConfig::objectNamedLike(std::string_view module) const {
  if (auto longer = objectEnds.find(module); longer != objectEnds.end())
    return longer->second;
  std::string found;
  forEachEnd(module, [&](std::string_view end) {
    if (auto shorter = objectEnds.find(end); shorter != objectEnds.end() && shorter->second == end)
      found = end;
  });
  return found;
}

QuantizationConfig QuantizationConfig::withGroups(const std::vector<size_t> &which) const {
  QuantizationConfig config;
  config.value = value;
  config.moduleOverrides = moduleOverrides;
  config.quark = quark;
  config.written = written;
  config.known = known;
  config.isConv1D = isConv1D;
  for (size_t index : which)
    config.weights.push_back(weights[index]);
  return config;
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
             meaningfulMembers(*value);
    return;
  }
  reason = refusalOf(*found, *value);
  if (!reason.empty())
    return;
  readIgnored();
  readGroups();
  readNamedObjects();
  moduleOverrides = std::make_shared<const ModuleOverrides>(*value);
  if (method() == "quark")
    quark = std::make_shared<const QuarkLayers>(*value);
  if (weights.size() > maxGroups)
    reason = "config_groups has " + std::to_string(weights.size()) +
             " different groups, expected up to " + std::to_string(maxGroups);
}

//===----------------------------------------------------------------------===//
// Members
//===----------------------------------------------------------------------===//

const json *QuantizationConfig::find(const char *key) const {
  auto found = value->find(key);
  return found == value->end() ? nullptr : &*found;
}

std::string QuantizationConfig::text(const char *key) const { return textOf(*value, key); }

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
      if (name.starts_with(patternPrefix)) {
        Expected<ModulePattern> pattern = ModulePattern::parse(name.substr(patternPrefix.size()));
        // Patterns that are not read are not compared with names.
        if (pattern && ignoredPatterns.size() < maxPatterns)
          ignoredPatterns.emplace_back(*std::move(pattern), "'" + name + "' in '" + key + "'");
        continue;
      }
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
  for (const auto &[pattern, text] : ignoredPatterns)
    if (pattern.matches(module))
      return text;
  return "";
}
