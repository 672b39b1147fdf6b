//===- Shards.h - A folder's weight files by machines -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule folder-10 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CONTAINER_SHARDS_H
#define UWT_LIB_CONTAINER_SHARDS_H

#include "FileTree.h"
#include <cstdint>
#include <string>
#include <vector>

namespace uwt {

struct CheckpointOptions;

/// Usage errors of options that ask for no shard of a folder that there is.
Status checkShard(const CheckpointOptions &options);

/// Those of the weight files, which are in order of their paths, that `options` ask for: all of
/// them unless a shard is asked for, in the same order. Equal on every machine that sees files of
/// the same sizes.
std::vector<const TreeFile *> shardOf(std::vector<const TreeFile *> weights,
                                      const CheckpointOptions &options);

/// Whether `target` was written after the last change of the file at `source`, its permissions,
/// names and the link that leads to it, as the file system's clock says. False where that cannot be
/// told.
bool isNewer(const std::string &target, const std::string &source);

} // namespace uwt

#endif // UWT_LIB_CONTAINER_SHARDS_H
