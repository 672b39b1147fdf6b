//===- ImportedWeights.h - Weights of quantised checkpoints -----*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A quantised checkpoint has several tensors in the place of a weight: codes, scales, zero points.
// A recipe knows how those of one kind of checkpoint are laid out (docs/quantised.md); what it
// finds are weights of floats again, by the name that the model gives them: `X.weight`.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_IMPORT_IMPORTEDWEIGHTS_H
#define UWT_IMPORT_IMPORTEDWEIGHTS_H

#include "uwt/Container/Checkpoint.h"
#include "uwt/Import/QuantizedWeight.h"
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace uwt {

/// A weight that several tensors of a checkpoint are.
struct ImportedWeight {
  std::string name;
  /// Whether it is there by another name as well, which the file has.
  bool isAlias = false;
  /// The recipe by its keyword, "gptq" or "compressed-tensors", and the composition: "uint<4>,
  /// zero={1x128, uint<4>}, scale={1x128, f16}".
  std::string_view recipe;
  std::string format;
  /// The composition that products run from, where that is another one.
  std::string runFormat;
  std::vector<uint64_t> shape;
  /// Names of the tensors that it is made of, their bytes in all, and what files hold of them.
  std::vector<std::string> parts;
  uint64_t bytes = 0, storedBytes = 0;
  /// Why it cannot be read, or empty.
  std::string refusal;
  /// Reads the parts. Errors: Unsupported (the refusal), Invalid and IO (as reading a tensor).
  std::function<Expected<QuantizedWeight>(ThreadPool &pool)> read;

  /// Makes it a weight that cannot be read.
  void refuse(std::string reason);
  /// Product of the shape; 0 of a weight that cannot be read.
  uint64_t elements() const;
};

/// What a folder says of its files' weights.
struct WeightScope;

/// The quantised weights of a checkpoint. Immutable, so thread-safe.
class ImportedWeights {
public:
  /// Looks for them among the names, shapes and dtypes of `checkpoint`, whose files outlive the
  /// result. `path` is what it was opened from: the configuration in a file's folder, or in the
  /// nearest folder around it, says how its tensors are quantised. With `assumePlain`, tensors of
  /// floats are weights whatever that says. Errors: Invalid (a config.json that is no JSON), IO.
  static Expected<ImportedWeights> open(const Checkpoint &checkpoint, const std::string &path,
                                        bool assumePlain = false);

  /// "GGUF" or "ONNX" where a file is of such a kind, by its name or its first bytes (ONNX: by its
  /// name): it has no tensors, and all that it has are weights. Nothing of other paths.
  static std::optional<std::string_view> fileKind(const std::string &path);
  /// The weights of such a file, all that it has: by the names there, and where they are known, by
  /// those of transformers too. Errors: Invalid, Unsupported (another version), IO.
  static Expected<ImportedWeights> openGguf(const std::string &path);
  static Expected<ImportedWeights> openOnnx(const std::string &path);

  /// The method of quantization_config, or empty.
  const std::string &method() const { return methodName; }
  /// Whether a recipe knows the method.
  bool isKnown() const { return known; }
  /// By name.
  const std::map<std::string, ImportedWeight, std::less<>> &all() const { return weights; }
  const ImportedWeight *find(std::string_view name) const;

  /// Checks that a tensor of the checkpoint, as it is, is the model's of that name: not where the
  /// folder's configuration is not understood, or where tensors beside it change what a layer
  /// computes (docs/quantised.md, section "What is not known"). Whoever takes a tensor for a weight
  /// asks. Errors: Unsupported.
  Status checkPlain(const Container &file, const TensorEntry &tensor) const;
  /// Returns what there is to say of weights that are not there, a sentence each: that recipes know
  /// no such method, that tensors look quantised and no configuration says so.
  const std::vector<std::string> &notes() const { return remarks; }
  /// Returns the first note behind "; ", or empty.
  std::string hint() const { return remarks.empty() ? "" : "; " + remarks.front(); }

private:
  static bool isGguf(const std::string &path);
  void addScope(const std::shared_ptr<WeightScope> &scope);

  std::string methodName;
  bool known = false, isPlainAssumed = false;
  std::map<std::string, ImportedWeight, std::less<>> weights;
  /// By file.
  std::map<const Container *, std::shared_ptr<const WeightScope>> scopes;
  std::vector<std::string> remarks;
};

/// What a path has: tensors, and the weights that some of them are together. GGUF and ONNX files
/// have no tensors, and all else as weights.
struct OpenedWeights {
  Checkpoint checkpoint;
  ImportedWeights imported;

  /// Errors: as Checkpoint::open, ImportedWeights::open, openGguf and openOnnx.
  static Expected<OpenedWeights> open(const std::string &path, const ReadOptions &options = {});
};

/// For a cast of `input`, a file or a folder: tells `options` which tensors its quantised weights
/// are made of. Does nothing without a cast. Errors: Unsupported (weights that no recipe reads,
/// whose parts are not known); as OpenedWeights::open.
Status keepQuantizedParts(const std::string &input, CompressOptions &options);

} // namespace uwt

#endif // UWT_IMPORT_IMPORTEDWEIGHTS_H
