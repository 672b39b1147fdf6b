//===- QuantizationConfig.h - How a checkpoint is quantised -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_QUANTIZATIONCONFIG_H
#define UWT_LIB_IMPORT_QUANTIZATIONCONFIG_H

#include "uwt/Support/Error.h"
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace uwt {

/// The object in a file of JSON, or nothing where there is no such file. Errors: Invalid (no
/// object), IO.
Expected<std::optional<nlohmann::json>> readJsonObject(const std::string &path);

/// The member quantization_config of a config.json, or a quantize_config.json.
class QuantizationConfig {
public:
  /// That of the model in `folder`; nothing where it has none. Of a compressed folder it is the one
  /// that ours holds (folder-3). Errors: Invalid (no JSON), IO.
  static Expected<std::optional<QuantizationConfig>> ofFolder(const std::string &folder);

  explicit QuantizationConfig(nlohmann::json value) : value(std::move(value)) {}

  /// `quant_method`, or empty.
  std::string method() const { return text("quant_method"); }
  /// A string, an integer, a truth; a default where the member is absent or something else.
  std::string text(const char *key) const;
  std::optional<int64_t> integer(const char *key) const;
  bool flag(const char *key) const;
  /// Two integers, as of weight_block_size.
  std::optional<std::pair<uint64_t, uint64_t>> pair(const char *key) const;
  /// The members `weights` of config_groups (compressed-tensors).
  std::vector<QuantizationConfig> groups() const;

private:
  nlohmann::json value;
};

} // namespace uwt

#endif // UWT_LIB_IMPORT_QUANTIZATIONCONFIG_H
