//===- Shards.cpp - A folder's weight files by machines -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Shards.h"
#include "uwt/Container/Checkpoint.h"
#include <algorithm>
#include <queue>
#include <sys/stat.h>
#include <utility>

namespace uwt {

Status checkShard(const CheckpointOptions &options) {
  if (options.finishShards && (options.shardCount || options.shard))
    return usageError("compress a shard, or finish all of them, not both in one call");
  if (options.finishShards && !options.compress.writes())
    return usageError("shards are finished by writing: not by a dry run or an estimate");
  if (options.shardCount ? options.shard >= options.shardCount : options.shard != 0)
    return usageError("there is no shard " + std::to_string(options.shard) + " of " +
                      std::to_string(options.shardCount) + ": shards are counted from 0");
  return ok();
}

// folder-10.
std::vector<const TreeFile *> shardOf(std::vector<const TreeFile *> weights,
                                      const CheckpointOptions &options) {
  if (!options.shardCount)
    return weights;
  std::stable_sort(weights.begin(), weights.end(),
                   [](const TreeFile *a, const TreeFile *b) { return a->bytes > b->bytes; });
  // Bytes and numbers of shards, least first. More shards than files are empty.
  using Load = std::pair<uint64_t, uint64_t>;
  std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
  for (uint64_t i = 0; i < std::min<uint64_t>(options.shardCount, weights.size()); ++i)
    loads.emplace(0, i);
  std::vector<const TreeFile *> shard;
  for (const TreeFile *file : weights) {
    auto [bytes, index] = loads.top();
    loads.pop();
    loads.emplace(bytes + file->bytes, index);
    if (index == options.shard)
      shard.push_back(file);
  }
  std::sort(shard.begin(), shard.end(),
            [](const TreeFile *a, const TreeFile *b) { return a->path < b->path; });
  return shard;
}

static std::pair<int64_t, int64_t> timeOf(const timespec &time) {
  return {time.tv_sec, time.tv_nsec};
}

bool isNewer(const std::string &target, const std::string &source) {
  struct stat written, read, named;
  if (::stat(target.c_str(), &written) != 0 || ::stat(source.c_str(), &read) != 0 ||
      ::lstat(source.c_str(), &named) != 0)
    return false;
  auto changed = std::max({timeOf(read.st_mtim), timeOf(read.st_ctim), timeOf(named.st_ctim)});
  return timeOf(written.st_mtim) > changed;
}

} // namespace uwt
