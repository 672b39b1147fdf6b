//===- ModuleOverrides.cpp - What one module has of its own ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModuleOverrides.h"
#include <algorithm>

using namespace uwt;
using nlohmann::json;

/// Bits from which on a module is not quantised.
static constexpr int64_t floatBits = 16;

/// Takes a member that is read. Returns why it is not, or empty; nothing if there is no such
/// member.
static std::optional<std::string> takeMember(const std::string &key, const json &value,
                                             ModuleOverride &what) {
  std::optional<int64_t> *number = key == "bits"         ? &what.bits
                                   : key == "group_size" ? &what.groupSize
                                                         : nullptr;
  if (number && !value.is_number_integer())
    return "has a '" + key + "' that is no integer";
  if (number) {
    *number = value.get<int64_t>();
    return "";
  }
  std::optional<bool> *flag = key == "sym"        ? &what.isSymmetric
                              : key == "desc_act" ? &what.isActOrdered
                                                  : nullptr;
  if (flag && value.is_boolean())
    *flag = value.get<bool>();
  return flag ? std::optional<std::string>("") : std::nullopt;
}

/// Reads the members of an object of `dynamic`. The result is why they are not read, or empty.
static std::string readDynamicMembers(const json &members, ModuleOverride &what) {
  if (!members.is_object())
    return "has no object";
  for (const auto &[key, value] : members.items()) {
    std::optional<std::string> refusal = takeMember(key, value, what);
    // The search for codes has no say.
    if (!refusal && key != "mse" && key != "static_groups")
      return "has '" + key + "', which is not read";
    if (refusal && !refusal->empty())
      return *refusal;
  }
  return "";
}

/// Reads those of `extra_config`. Activations of 16 bits and more are those of the float model.
static std::string readExtraMembers(const json &members, ModuleOverride &what) {
  if (!members.is_object())
    return "has no object";
  for (const auto &[key, value] : members.items()) {
    std::optional<std::string> refusal = takeMember(key, value, what);
    bool isFloat = value.is_number_integer() && value.get<int64_t>() >= floatBits;
    bool isSilent = value.is_null() || (key == "data_type" && value == "int") ||
                    (key == "act_bits" && isFloat) ||
                    (key != "act_bits" && key.starts_with("act_"));
    if (!refusal && !isSilent)
      return "has '" + key + "', which is not read";
    if (refusal && !refusal->empty())
      return *refusal;
  }
  what.isExcluded = what.bits.value_or(0) >= floatBits;
  return "";
}

ModuleOverrides::ModuleOverrides(const json &config) {
  if (auto dynamic = config.find("dynamic"); dynamic != config.end() && dynamic->is_object())
    readDynamic(*dynamic);
  if (auto extra = config.find("extra_config"); extra != config.end() && extra->is_object())
    readExtra(*extra);
}

void ModuleOverrides::add(std::string_view text, Entry entry) {
  Expected<ModulePattern> pattern = ModulePattern::parse(text);
  if (!pattern) {
    if (problem.empty())
      problem = entry.what.source.substr(entry.what.source.rfind(' ') + 1) + ": " +
                pattern.error().message();
    return;
  }
  entry.pattern = *std::move(pattern);
  entries.push_back(std::move(entry));
}

void ModuleOverrides::readDynamic(const json &dynamic) {
  for (const auto &[key, members] : dynamic.items()) {
    Entry entry;
    entry.what.source = "'" + key + "' of dynamic";
    entry.what.isExcluded = key.starts_with("-:");
    if (!entry.what.isExcluded)
      entry.refusal = readDynamicMembers(members, entry.what);
    std::string_view pattern = key;
    if (entry.what.isExcluded || key.starts_with("+:"))
      pattern.remove_prefix(2);
    add(pattern, std::move(entry));
  }
}

void ModuleOverrides::readExtra(const json &extra) {
  for (const auto &[key, members] : extra.items()) {
    Entry entry;
    entry.what.source = "'" + key + "' of extra_config";
    entry.refusal = readExtraMembers(members, entry.what);
    // auto-round searches for the others in names of modules.
    if (key.find_first_of("*^$|()[]?+\\{}") == std::string::npos)
      names.emplace(key, std::move(entry));
    else
      add(".*(?:" + key + ")", std::move(entry));
  }
}

Expected<ModuleOverride> ModuleOverrides::of(std::string_view module) const {
  if (!problem.empty())
    return unsupportedError(problem);
  auto taken = [](const Entry &entry) -> Expected<ModuleOverride> {
    if (!entry.refusal.empty())
      return unsupportedError(entry.what.source + " " + entry.refusal);
    return entry.what;
  };
  if (auto named = names.find(module); named != names.end())
    return taken(named->second);
  ModuleOverride result;
  for (const Entry &entry : entries) {
    if (!entry.pattern.matches(module))
      continue;
    UWT_ASSIGN_OR_RETURN(ModuleOverride what, taken(entry));
    if (!result.source.empty() && !(result == what))
      return unsupportedError(result.source + " and " + what.source +
                              " both match it, and say different things");
    result = std::move(what);
  }
  return result;
}
