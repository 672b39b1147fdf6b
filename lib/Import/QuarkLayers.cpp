//===- QuarkLayers.cpp - What Quark says of a layer's weight --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuarkLayers.h"
#include "uwt/Container/Compress.h"

using namespace uwt;
using nlohmann::json;

QuarkLayers::QuarkLayers(const json &config) {
  if (auto found = config.find("global_quant_config"); found != config.end())
    all = &*found;
  auto layers = config.find("layer_quant_config");
  if (layers == config.end() || !layers->is_object())
    return;
  for (const auto &[key, layer] : layers->items())
    if (key.find_first_of("*?[") == std::string::npos)
      names.emplace(key, &layer);
    else
      globs.emplace_back(key, &layer);
}

static std::string quarkText(const json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

static int64_t quarkInteger(const json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

Expected<QuarkWeight> QuarkLayers::of(std::string_view layer) const {
  const json *found = nullptr;
  auto named = names.find(layer);
  if (named != names.end())
    found = named->second;
  for (const auto &[glob, what] : globs) {
    if (glob.find('[') != std::string::npos)
      return unsupportedError("'" + glob + "' of layer_quant_config is a pattern that is not read");
    if (!matchesGlob(glob, layer))
      continue;
    if (found && *found != *what)
      return unsupportedError("'" + glob +
                              "' and others of layer_quant_config match it, and say "
                              "different things");
    found = what;
  }
  found = found ? found : all;
  auto weight = found && found->is_object() ? found->find("weight") : json::const_iterator();
  if (!found || !found->is_object() || weight == found->end() || !weight->is_object())
    return unsupportedError("it has codes, and the configuration has no object 'weight' for it");
  return QuarkWeight{quarkText(*weight, "dtype"), quarkText(*weight, "qscheme"),
                     quarkText(*weight, "scale_format"), quarkInteger(*weight, "ch_axis"),
                     quarkInteger(*weight, "group_size")};
}
