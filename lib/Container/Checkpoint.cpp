//===- Checkpoint.cpp - An open model -------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/Checkpoint.h"
#include "CheckpointRewrite.h"
#include "FileTree.h"
#include "Manifest.h"
#include "Shards.h"
#include "uwt/Support/Suggest.h"

namespace uwt {

Expected<std::vector<std::string>> weightFiles(const std::string &path) {
  if (!isFolder(path))
    return std::vector<std::string>{path};
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(path));
  std::vector<std::string> files;
  for (const TreeFile &file : tree.files)
    if (isWeightFile(file))
      files.push_back(file.full);
  return files;
}

/// Bytes of the original of a weight file, which has `bytes` itself.
static uint64_t originalBytes(const std::string &path, uint64_t bytes) {
  ReadOptions unchecked;
  unchecked.check = false;
  auto container = Container::open(path, unchecked);
  return container ? container->originalBytes() : bytes;
}

Expected<uint64_t> totalBytes(const std::string &path) {
  if (!isFolder(path)) {
    UWT_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
    return originalBytes(path, file.bytes().size());
  }
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(path));
  uint64_t total = 0;
  for (const TreeFile &file : tree.files)
    total += isWeightFile(file) ? originalBytes(file.full, file.bytes) : file.bytes;
  return total;
}

Expected<uint64_t> totalBytes(const std::string &path, const CheckpointOptions &options) {
  if (!options.shardCount || !isFolder(path))
    return totalBytes(path);
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(path));
  std::vector<const TreeFile *> weights;
  for (const TreeFile &file : tree.files)
    if (isWeightFile(file))
      weights.push_back(&file);
  uint64_t total = 0;
  for (const TreeFile *file : shardOf(std::move(weights), options))
    total += file->bytes;
  return total;
}

Expected<Checkpoint> Checkpoint::open(const std::string &path, const ReadOptions &options) {
  UWT_ASSIGN_OR_RETURN(std::vector<std::string> files, weightFiles(path));
  if (files.empty())
    return noWeights(path);
  Checkpoint checkpoint;
  for (const std::string &file : files) {
    UWT_ASSIGN_OR_RETURN(Container container, Container::open(file, options));
    checkpoint.containers.push_back(std::move(container));
  }
  return checkpoint;
}

uint64_t Checkpoint::originalBytes() const {
  uint64_t total = 0;
  for (const Container &container : containers)
    total += std::min(container.originalBytes(), UINT64_MAX - total);
  return total;
}

Expected<std::pair<const Container *, const TensorEntry *>>
Checkpoint::find(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const Container &container : containers) {
    if (const TensorEntry *entry = container.lookUp(name))
      return std::pair(&container, entry);
    for (const TensorEntry &other : container.entries())
      names.push_back(other.name);
  }
  return usageError("no tensor " + inQuotes(name) + suggestNames(name, names));
}

} // namespace uwt
