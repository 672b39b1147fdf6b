//===- WeightStore.cpp - The weights of programs --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Large tensors are loaded one after another, each by all threads; then small ones, a thread
// each: a bias of some hundred elements gives no work to share.
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/WeightStore.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

using namespace uwt;

/// From this size on a tensor is worth all threads.
static constexpr uint64_t largeBytes = uint64_t(1) << 20;

using WeightPointer = std::shared_ptr<const LoadedWeight>;

namespace {

/// A tensor in a form, by the text of the format ("" for dense).
using WeightKey = std::pair<std::string, std::string>;

WeightKey keyOf(const WeightRequest &request) {
  return {request.tensor, request.format ? request.format->str() : ""};
}

/// Something to load, for one request or several.
struct Task {
  const WeightRequest *request;
  TensorReader reader;
  std::optional<Expected<LoadedWeight>> result;
};

} // namespace

struct WeightStore::State {
  std::vector<std::string> paths;
  std::vector<Checkpoint> checkpoints;
  bool check = true;
  CodePath path = bestCodePath();

  mutable std::mutex mutex;
  std::map<WeightKey, std::weak_ptr<const LoadedWeight>> loaded;

  Expected<TensorReader> find(std::string_view tensor) const;
  Expected<std::vector<Task>> tasksFor(std::span<const WeightRequest> requests,
                                       std::map<WeightKey, WeightPointer> &held) const;
  void run(Task &task, ThreadPool &pool) const;
  void runAll(std::vector<Task> &tasks, ThreadPool &pool) const;
};

WeightStore::WeightStore(std::unique_ptr<State> state) : state(std::move(state)) {}
WeightStore::WeightStore(WeightStore &&) noexcept = default;
WeightStore &WeightStore::operator=(WeightStore &&) noexcept = default;
WeightStore::~WeightStore() = default;

Expected<WeightStore> WeightStore::open(std::span<const std::string> paths,
                                        const ReadOptions &options) {
  auto state = std::make_unique<State>();
  state->paths.assign(paths.begin(), paths.end());
  state->check = options.check;
  state->path = options.path;
  for (const std::string &path : paths) {
    UWT_ASSIGN_OR_RETURN(Checkpoint checkpoint, Checkpoint::open(path, options));
    state->checkpoints.push_back(std::move(checkpoint));
  }
  return WeightStore(std::move(state));
}

Expected<TensorReader> WeightStore::State::find(std::string_view tensor) const {
  std::vector<std::string_view> names;
  for (const Checkpoint &checkpoint : checkpoints)
    for (const Container &container : checkpoint.files()) {
      if (auto entry = container.find(tensor))
        return container.reader(**entry);
      for (const TensorEntry &entry : container.entries())
        names.push_back(entry.name);
    }
  if (paths.empty())
    return usageError("tensor " + inQuotes(tensor) +
                      " is needed, but no weights are open: name the file or folder that has it");
  std::string where = paths.front();
  for (size_t i = 1; i < paths.size(); ++i)
    where += ", " + paths[i];
  return usageError("no tensor " + inQuotes(tensor) + " in " + where + didYouMean(tensor, names));
}

Expected<TensorReader> WeightStore::find(std::string_view tensor) const {
  return state->find(tensor);
}

static std::string shapeText(const std::vector<uint64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

static Status checkTensor(const TensorEntry &entry, const WeightRequest &request) {
  if (entry.dtype == request.dtype && entry.shape == request.shape)
    return ok();
  return usageError("tensor " + inQuotes(entry.name) + " is " + std::string(entry.dtype->name) +
                    " " + shapeText(entry.shape) + ", the program was compiled for " +
                    std::string(request.dtype ? request.dtype->name : "no dtype") + " " +
                    shapeText(request.shape) +
                    ": use the weights that it was made for, or compile it for these");
}

/// What has to be loaded. Loaded weights that are wanted are put into `held`.
Expected<std::vector<Task>>
WeightStore::State::tasksFor(std::span<const WeightRequest> requests,
                             std::map<WeightKey, WeightPointer> &held) const {
  std::vector<Task> tasks;
  for (const WeightRequest &request : requests) {
    UWT_ASSIGN_OR_RETURN(TensorReader reader, find(request.tensor));
    UWT_RETURN_IF_ERROR(checkTensor(reader.entry(), request));
    WeightKey key = keyOf(request);
    if (held.count(key))
      continue;
    auto found = loaded.find(key);
    held[key] = found == loaded.end() ? nullptr : found->second.lock();
    if (!held[key])
      tasks.push_back({&request, std::move(reader), std::nullopt});
  }
  return tasks;
}

void WeightStore::State::run(Task &task, ThreadPool &pool) const {
  LoadOptions options;
  options.check = check;
  options.path = path;
  options.dense = !task.request->format;
  options.runFormat = task.request->format;
  task.result = LoadedWeight::fromReader(task.reader, pool, options);
}

void WeightStore::State::runAll(std::vector<Task> &tasks, ThreadPool &pool) const {
  auto small = std::partition(tasks.begin(), tasks.end(), [](const Task &task) {
    return task.reader.entry().bytes >= largeBytes;
  });
  for (auto task = tasks.begin(); task != small; ++task)
    run(*task, pool);
  pool.parallelFor(static_cast<uint64_t>(tasks.end() - small),
                   [&](uint64_t i, unsigned) { run(*(small + static_cast<ptrdiff_t>(i)), pool); });
}

Expected<std::vector<WeightPointer>> WeightStore::load(std::span<const WeightRequest> requests,
                                                       ThreadPool &pool) {
  // Held throughout: a second program that wants the same weights waits and shares them.
  std::lock_guard lock(state->mutex);
  std::map<WeightKey, WeightPointer> held;
  UWT_ASSIGN_OR_RETURN(std::vector<Task> tasks, state->tasksFor(requests, held));
  state->runAll(tasks, pool);
  for (Task &task : tasks) {
    if (!*task.result)
      return task.result->takeError().in("tensor " + inQuotes(task.request->tensor));
    auto weight = std::make_shared<const LoadedWeight>(*std::move(*task.result));
    WeightKey key = keyOf(*task.request);
    state->loaded[key] = weight;
    held[key] = std::move(weight);
  }
  std::vector<WeightPointer> weights;
  for (const WeightRequest &request : requests)
    weights.push_back(held[keyOf(request)]);
  return weights;
}

uint64_t WeightStore::loadedBytes() const {
  std::lock_guard lock(state->mutex);
  uint64_t bytes = 0;
  for (const auto &[key, weight] : state->loaded)
    if (WeightPointer alive = weight.lock())
      bytes += alive->bytes();
  return bytes;
}
