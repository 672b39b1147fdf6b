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

#include "ModuleOverrides.h"
#include "QuarkLayers.h"
#include "uwt/Container/ConfigSources.h"
#include "uwt/Support/Error.h"
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uwt {

/// Configuration by which a folder's weights are quantised. Immutable.
class QuantizationConfig {
public:
  /// Returns that of the model in `folder`; nothing if no file there is a configuration. Errors:
  /// Invalid (no JSON), IO.
  static Expected<std::optional<QuantizationConfig>> ofFolder(const std::string &folder);

  /// Returns one that says a method and nothing else.
  static QuantizationConfig implied(const char *method);

  explicit QuantizationConfig(nlohmann::json value);

  /// Returns whether weights are quantised at all.
  bool isQuantized() const { return !value->empty(); }
  /// Returns why what it says is not understood, whatever the tensors are; empty if it is: another
  /// method, members and values that no recipe knows (Methods.h), two places that disagree.
  const std::string &refusal() const { return reason; }
  /// Returns whether recipes read weights of its method.
  bool isKnownMethod() const { return known; }

  /// Returns `quant_method` by the name that recipes have for it ("gptq" of auto-round), or empty.
  std::string method() const { return text("quant_method"); }
  /// Returns `quant_method` as the file has it.
  const std::string &writtenMethod() const { return written; }
  /// Returns a string, an integer, a truth; a default if the member is absent. Members of other
  /// types are in refusal().
  std::string text(const char *key) const;
  std::optional<int64_t> integer(const char *key) const;
  bool flag(const char *key) const;
  /// Returns a truth, or nothing if the member is absent or null.
  std::optional<bool> truth(const char *key) const;
  /// Returns two integers, as of weight_block_size.
  std::optional<std::pair<uint64_t, uint64_t>> pair(const char *key) const;
  /// Returns the member of that name, or null.
  const nlohmann::json *find(const char *key) const;
  /// Returns the different members `weights` of config_groups (compressed-tensors).
  const std::vector<QuantizationConfig> &groups() const { return weights; }
  /// Returns which of groups() a module may be of: those whose targets name it, else those with
  /// targets that are classes of modules, else all.
  std::vector<size_t> groupsOf(std::string_view module) const;
  /// Returns it with some of its groups, and without the lists of modules.
  QuantizationConfig withGroups(const std::vector<size_t> &which) const;
  /// Returns what `dynamic` and `extra_config` say of modules.
  const ModuleOverrides &overrides() const { return *moduleOverrides; }
  /// Returns what Quark says of layers.
  const QuarkLayers &quarkLayers() const { return *quark; }
  /// Returns the name of a member that is an object, of which the end is `module`, or which is the
  /// end of `module`, in whole components; empty if there is none. Of MLX alone.
  std::string objectNamedLike(std::string_view module) const;
  /// Returns the entry of a list of modules that are not quantised that names `module`, or empty.
  std::string ignoring(std::string_view module) const;
  /// Returns whether the float model has layers whose weights are [inputs, outputs] (Conv1D).
  bool hasTransposedLayers() const { return isConv1D; }

private:
  /// Targets of groups, by what they are.
  struct Targets {
    std::map<std::string, std::vector<size_t>, std::less<>> names;
    std::vector<std::pair<ModulePattern, size_t>> patterns;
    /// Groups with classes of modules, and with patterns that are not read.
    std::vector<size_t> others;
  };

  QuantizationConfig() = default;
  void readGroups();
  void readTargets(const nlohmann::json &group, size_t index);
  void readIgnored();
  void readNamedObjects();
  void judge();

  std::shared_ptr<const nlohmann::json> value =
      std::make_shared<const nlohmann::json>(nlohmann::json::object());
  std::shared_ptr<const ModuleOverrides> moduleOverrides =
      std::make_shared<const ModuleOverrides>();
  std::shared_ptr<const QuarkLayers> quark = std::make_shared<const QuarkLayers>();
  std::string reason, written;
  bool known = false, isConv1D = false;
  std::vector<QuantizationConfig> weights;
  Targets targets;
  /// Entries, and the lists that have them.
  std::map<std::string, std::string, std::less<>> ignored;
  std::vector<std::pair<std::string, std::string>> ignoredGlobs;
  /// Ends of names of members that are objects, and the names.
  std::map<std::string, std::string, std::less<>> objectEnds;
  /// Patterns, and what messages say of them.
  std::vector<std::pair<ModulePattern, std::string>> ignoredPatterns;
};

} // namespace uwt

#endif // UWT_LIB_IMPORT_QUANTIZATIONCONFIG_H
