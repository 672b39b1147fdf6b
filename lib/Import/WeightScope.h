//===- WeightScope.h - Tensors that one configuration is of -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The closed world of tensors: what is beside a weight is known, or the weight is refused.
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_WEIGHTSCOPE_H
#define UWT_LIB_IMPORT_WEIGHTSCOPE_H

#include "Parts.h"
#include "QuantizationConfig.h"
#include "uwt/Import/ImportedWeights.h"
#include <map>
#include <memory>

namespace uwt {

class Recipe;

/// Tensors by the names of their modules, and in each by the rest of the name.
using Modules = std::map<std::string_view, std::map<std::string_view, Part>>;

/// Files of a checkpoint that one configuration is of.
struct WeightScope {
  /// Weights share it. Null if there is none.
  std::shared_ptr<const QuantizationConfig> config;
  std::vector<const Container *> files;
  /// The model's tensors in these.
  std::vector<const ModelTensor *> tensors;
  /// Why parts of modules cannot be told: a part is in two files, or not where the index says, or
  /// two parts are of models in different folders.
  std::shared_ptr<const std::map<std::string_view, std::string>> mixed;
  /// Names of all tensors, sorted.
  std::vector<std::string_view> names;

  bool isQuantized() const { return config && config->isQuantized(); }
  /// Modules of its tensors, until its weights are made.
  Modules modules;
  /// Sets `names` and `modules`.
  void sortNames();
  /// Returns why the tensor of that name is no weight as it is, or empty.
  std::string plainRefusal(const TensorEntry &tensor) const;
  /// Returns what tensors look like that no configuration speaks of, or empty.
  static std::string looks(const Modules &modules);
};

/// Returns the scopes of a checkpoint's files. Errors: Invalid, IO (of configurations).
Expected<std::vector<std::shared_ptr<WeightScope>>> scopesOf(const Checkpoint &checkpoint,
                                                             const std::string &path);

/// Tensors that weights are made of, by name, and the weight that each is a part of.
using PartOwners = std::map<std::string_view, std::string_view>;

/// Returns why tensors beside a weight may change it: of its module or of modules inside, and
/// neither its parts nor among `checked` nor silent; empty if there are none.
std::string companionRefusal(const Recipe &recipe, const ImportedWeight &weight,
                             std::string_view module, const std::vector<std::string_view> &checked,
                             const WeightScope &scope, const PartOwners &owners);

} // namespace uwt

#endif // UWT_LIB_IMPORT_WEIGHTSCOPE_H
