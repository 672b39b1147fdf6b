//===- OutputCheck.cpp - No command overwrites its inputs -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule write-8 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/OutputCheck.h"
#include "CheckpointRewrite.h"
#include "FileTree.h"
#include "FileWork.h"
#include "uwt/Container/BaseModel.h"
#include <filesystem>
#include <sys/stat.h>
#include <vector>

namespace uwt {

static bool isSameFile(const std::string &a, const std::string &b) {
  struct stat first, second;
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/// A path without links, as far as it exists.
static std::string resolved(const std::string &path) {
  std::string name = path;
  while (name.size() > 1 && name.ends_with('/'))
    name.pop_back();
  std::error_code failure;
  std::string real = std::filesystem::weakly_canonical(name, failure).string();
  return failure ? name : real;
}

static bool liesIn(const std::string &path, const std::string &folder) {
  return (resolved(path) + "/").starts_with(resolved(folder) + "/");
}

static Error isInput(const OutputPath &output, const std::string &input, const char *how) {
  return usageError(output.path + ": " + how + " " + input +
                    ", which this command reads: name another output");
}

static Status checkOutput(const std::string &input, const OutputPath &output) {
  if (isSameFile(input, output.path) || resolved(input) == resolved(output.path))
    return isInput(output, input, "input and output are the same: it is");
  bool writesFolder = output.isFolder || isFolder(output.path);
  if (writesFolder && liesIn(input, output.path))
    return isInput(output, input, "is a folder around");
  if (!isFolder(input))
    return ok();
  bool isInside = liesIn(output.path, input);
  if (isInside && (writesFolder || namesWeights(output.path)))
    return isInput(output, input, "would become a part of");
  struct stat there;
  if (writesFolder || ::stat(output.path.c_str(), &there) != 0)
    return ok();
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(input));
  for (const TreeFile &file : tree.files)
    if ((namesWeights(file.path) || describesWeights(file.path)) &&
        file.identity.device == there.st_dev && file.identity.inode == there.st_ino)
      return isInput(output, input, "is a file of");
  return ok();
}

Status checkOutputs(std::span<const std::string> reads, std::span<const OutputPath> writes) {
  std::vector<OutputPath> outputs;
  for (const OutputPath &output : writes)
    if (!output.path.empty() && output.path != "-")
      outputs.push_back(output);
  for (size_t i = 0; i < outputs.size(); ++i) {
    for (const std::string &input : reads)
      if (!input.empty() && input != "-")
        UWT_RETURN_IF_ERROR(checkOutput(input, outputs[i]));
    for (size_t j = 0; j < i; ++j)
      if (isSameFile(outputs[i].path, outputs[j].path) ||
          resolved(outputs[i].path) == resolved(outputs[j].path))
        return usageError(outputs[i].path + ": two outputs have this name: name another one");
  }
  return ok();
}

Status checkOutputOf(const std::string &input, const BaseModel *base, const OutputPath &output) {
  std::string reads[] = {input, base ? base->path() : std::string()};
  return checkOutputs(reads, {&output, 1});
}

} // namespace uwt
