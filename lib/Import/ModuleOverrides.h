//===- ModuleOverrides.h - What one module has of its own -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Members `dynamic` of GPTQModel (gptq-6) and `extra_config` of auto-round (gptq-7): objects whose
// keys name modules, by patterns or as they are.
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_MODULEOVERRIDES_H
#define UWT_LIB_IMPORT_MODULEOVERRIDES_H

#include "ModulePattern.h"
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace uwt {

/// Part of the configuration that is about one module.
struct ModuleOverride {
  /// The member's path, for messages: "'+:.*up_proj' of dynamic"; empty if there is none.
  std::string source;
  /// Tells if the module is not quantised.
  bool isExcluded = false;
  std::optional<int64_t> bits = {}, groupSize = {};
  std::optional<bool> isSymmetric = {}, isActOrdered = {};

  bool operator==(const ModuleOverride &other) const {
    return isExcluded == other.isExcluded && bits == other.bits && groupSize == other.groupSize &&
           isSymmetric == other.isSymmetric && isActOrdered == other.isActOrdered;
  }
};

/// Patterns are parsed once. Immutable.
class ModuleOverrides {
public:
  ModuleOverrides() = default;
  explicit ModuleOverrides(const nlohmann::json &config);

  /// Returns what is said of a module: by its name, else by patterns that match it, which have to
  /// say the same, since objects are read in the order of their keys. Errors: Unsupported (patterns
  /// and members that are not read).
  Expected<ModuleOverride> of(std::string_view module) const;

private:
  struct Entry {
    ModulePattern pattern;
    ModuleOverride what;
    /// Why its members are not read, or empty.
    std::string refusal;
  };

  void readDynamic(const nlohmann::json &dynamic);
  void readExtra(const nlohmann::json &extra);
  void add(std::string_view pattern, Entry entry);

  /// Why modules cannot be told, or empty.
  std::string problem;
  std::vector<Entry> entries;
  std::map<std::string, Entry, std::less<>> names;
};

} // namespace uwt

#endif // UWT_LIB_IMPORT_MODULEOVERRIDES_H
