//===- BaseModel.h - What a fine-tune was made from -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The model that differences are stored against (docs/container.md, section "Differences from a
// base model"): its tensors by name, and what its files are known by.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CONTAINER_BASEMODEL_H
#define UWT_CONTAINER_BASEMODEL_H

#include "uwt/Container/Checkpoint.h"
#include <map>
#include <unordered_map>

namespace uwt {

/// "the base model 'model.safetensors' with SHA-256 …"
std::string describeBase(std::span<const BaseFile> files);

/// Returns `name` and what is behind each of its dots, the longest first; of a name with many dots
/// the 32 shortest.
std::vector<std::string_view> nameEndings(std::string_view name);

class BaseContents;

/// Immutable and thread-safe.
class BaseModel {
public:
  /// A tensor and where it is.
  struct Tensor {
    const Container *container = nullptr;
    const TensorEntry *entry = nullptr;
    /// The number of the container among files().
    size_t file = 0;
  };

  /// Opens a safetensors file, a container or a folder of either. A usage error where a container
  /// holds differences itself.
  static Expected<std::shared_ptr<const BaseModel>> open(const std::string &path);
  /// The same, and computes what files() are known by, as compressing needs it: reads all of them.
  static Expected<std::shared_ptr<const BaseModel>> openHashed(const std::string &path,
                                                               unsigned threads);

  const std::string &path() const { return given; }
  /// What each file is known by: name and SHA-256 of the original. Empty after open().
  const std::vector<BaseFile> &files() const { return identities; }
  /// The tensor of that name: of several files, from the first in the order of their paths.
  std::optional<Tensor> find(std::string_view name) const;
  /// Returns tensors that have `ending` among the endings of their names. None after open().
  std::span<const Tensor> endingIn(std::string_view ending) const;
  /// Returns tensors of that shape, in the order of their names. None after open().
  std::span<const Tensor> ofShape(const std::vector<uint64_t> &shape) const;
  /// Returns the index of tensors by contents, for all files of a run. Null after open().
  BaseContents *contents() const { return found.get(); }

private:
  BaseModel(std::string path, Checkpoint opened);
  void sortTensors();

  std::string given;
  Checkpoint model;
  std::map<std::string_view, Tensor> tensors;
  std::unordered_map<std::string_view, std::vector<Tensor>> endings;
  std::map<std::vector<uint64_t>, std::vector<Tensor>> shapes;
  std::shared_ptr<BaseContents> found;
  std::vector<BaseFile> identities;
};

} // namespace uwt

#endif // UWT_CONTAINER_BASEMODEL_H
