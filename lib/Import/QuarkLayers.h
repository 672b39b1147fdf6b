//===- QuarkLayers.h - What Quark says of a layer's weight ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `global_quant_config` and `layer_quant_config` of Quark 0.13 (quark-1 of docs/quantised.md).
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_QUARKLAYERS_H
#define UWT_LIB_IMPORT_QUARKLAYERS_H

#include "uwt/Support/Error.h"
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace uwt {

/// Quantisation of a layer's weight.
struct QuarkWeight {
  /// "fp8_e4m3" and "per_channel".
  std::string dtype, scheme, scaleFormat;
  int64_t axis = 0, group = 0;
};

/// Names are sorted once. Immutable; refers to the configuration that it is made of.
class QuarkLayers {
public:
  QuarkLayers() = default;
  explicit QuarkLayers(const nlohmann::json &config);

  /// Returns what is said of a layer: by its name and by globs that match it, which have to say the
  /// same, else for all layers. Errors: Unsupported.
  Expected<QuarkWeight> of(std::string_view layer) const;

private:
  const nlohmann::json *all = nullptr;
  std::map<std::string_view, const nlohmann::json *> names;
  std::vector<std::pair<std::string, const nlohmann::json *>> globs;
};

} // namespace uwt

#endif // UWT_LIB_IMPORT_QUARKLAYERS_H
