//===- ConfigSources.h - Words on how a model is quantised ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One answer for a folder and for its compressed twin: both who rewrites a config.json and who
// reads one ask here (world-3 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_CONFIGSOURCES_H
#define UWT_CONTAINER_CONFIGSOURCES_H

#include "uwt/Support/Error.h"
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace uwt {

/// Returns the object in a file of JSON, or nothing if there is no such file. NaN and Infinity,
/// which Python writes, are read as 0. Errors: Invalid (no object), IO.
Expected<std::optional<nlohmann::json>> readJsonObject(const std::string &path);

/// An object that says how weights are quantised.
struct ConfigSource {
  /// "config.json: text_config.quantization_config".
  std::string name;
  nlohmann::json value;
};

/// A folder's own words about its weights.
struct ModelConfig {
  /// The outermost place first; empty if the weights are not quantised.
  std::vector<ConfigSource> sources;
  /// The members `model_type` of config.json, the outermost first.
  std::vector<std::string> modelTypes;
};

/// Returns what the text of a config.json says: the members quantization_config, compression_config
/// and (of MLX) quantization of the outermost object and of all objects inside. Null says nothing.
/// Of what UWT has written, the member `original` counts (folder-3). Errors: Invalid (no JSON
/// object; a place that is no object).
Expected<ModelConfig> modelConfigOf(std::string_view text);

/// Returns what config.json and the files beside it say: quantize_config.json, quant_config.json,
/// quantization_config.json and hf_quant_config.json. Nothing if the folder has none of them.
/// Errors: Invalid, IO.
Expected<std::optional<ModelConfig>> modelConfigOfFolder(const std::string &folder);

} // namespace uwt

#endif // UWT_CONTAINER_CONFIGSOURCES_H
