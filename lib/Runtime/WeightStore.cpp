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
#include "uwt/Import/ImportedWeights.h"
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

/// A tensor, and the file that has it.
struct TensorInFile {
  const Container *container = nullptr;
  const TensorEntry *entry = nullptr;
};

/// Where a weight comes from: a tensor, or several that a recipe makes one of.
struct WeightSource {
  std::optional<TensorReader> reader;
  const ImportedWeight *imported = nullptr;

  uint64_t bytes() const { return imported ? imported->bytes : reader->entry().bytes; }
};

/// Something to load, for one request or several.
struct Task {
  const WeightRequest *request;
  WeightSource source;
  std::optional<Expected<LoadedWeight>> result;
};

} // namespace

struct WeightStore::State {
  std::vector<std::string> paths;
  /// Of each of the paths.
  std::vector<OpenedWeights> opened;
  bool check = true;
  CodePath path = bestCodePath();

  mutable std::mutex mutex;
  std::map<WeightKey, std::weak_ptr<const LoadedWeight>> loaded;

  /// Empty if there is none. Errors: as Checkpoint::lookUp.
  Expected<TensorInFile> findTensor(std::string_view tensor) const;
  /// Why a tensor is not found.
  Error missing(std::string_view tensor) const;
  const ImportedWeight *findImported(std::string_view tensor) const;
  /// Checks that a tensor is the model's as it is. Errors: Unsupported.
  Status checkPlain(std::string_view name, const TensorInFile &tensor) const;
  Expected<WeightSource> sourceOf(const WeightRequest &request) const;
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
    UWT_ASSIGN_OR_RETURN(OpenedWeights opened, OpenedWeights::open(path, options));
    state->opened.push_back(std::move(opened));
  }
  return WeightStore(std::move(state));
}

Expected<TensorInFile> WeightStore::State::findTensor(std::string_view tensor) const {
  for (const OpenedWeights &each : opened) {
    UWT_ASSIGN_OR_RETURN(auto found, each.checkpoint.lookUp(tensor));
    if (found)
      return TensorInFile{found->first, found->second};
  }
  return TensorInFile{};
}

Error WeightStore::State::missing(std::string_view tensor) const {
  for (const OpenedWeights &each : opened)
    if (std::optional<Error> known = each.checkpoint.explainMissing(tensor))
      return *std::move(known);
  std::vector<std::string_view> names;
  for (const OpenedWeights &each : opened) {
    for (const ModelTensor &known : each.checkpoint.tensors())
      names.push_back(known.entry->name);
    for (const auto &[name, weight] : each.imported.all())
      names.push_back(name);
  }
  if (paths.empty())
    return usageError("tensor " + inQuotes(tensor) +
                      " is needed, but no weights are open: name the file or folder that has it");
  std::string where = paths.front();
  for (size_t i = 1; i < paths.size(); ++i)
    where += ", " + paths[i];
  std::string hint;
  for (const OpenedWeights &each : opened)
    hint = hint.empty() ? each.imported.hint() : hint;
  return usageError("no tensor " + inQuotes(tensor) + " in " + where + didYouMean(tensor, names) +
                    hint);
}

Expected<TensorReader> WeightStore::find(std::string_view tensor) const {
  UWT_ASSIGN_OR_RETURN(TensorInFile found, state->findTensor(tensor));
  if (!found.entry)
    return state->missing(tensor);
  UWT_RETURN_IF_ERROR(state->checkPlain(tensor, found));
  return found.container->reader(*found.entry);
}

static std::string shapeText(const std::vector<uint64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

/// Whether a tensor of one dtype has the bits of another one: front ends write unsigned integers
/// without their sign as well.
static bool hasBitsOf(const SafetensorsDtype *stored, const SafetensorsDtype *wanted) {
  if (stored == wanted)
    return true;
  auto isInteger = [](std::string_view name) { return name[0] == 'I' || name[0] == 'U'; };
  return stored && wanted && isInteger(stored->name) && isInteger(wanted->name) &&
         stored->name.substr(1) == wanted->name.substr(1);
}

static bool hasType(const TensorEntry &entry, const WeightRequest &request) {
  return hasBitsOf(entry.dtype, request.dtype) && entry.shape == request.shape;
}

/// Whether a weight that a recipe makes can be what `request` wants.
static bool hasType(const ImportedWeight &weight, const WeightRequest &request) {
  std::optional<ElementType> element;
  if (request.dtype)
    element = elementTypeFromSafetensors(request.dtype->name);
  return element && canDecodeTo(*element) && request.shape == weight.shape;
}

static Error typeError(std::string_view dtype, const std::vector<uint64_t> &shape,
                       const WeightRequest &request) {
  return usageError("tensor " + inQuotes(request.tensor) + " is " + std::string(dtype) + " " +
                    shapeText(shape) + ", the program was compiled for " +
                    std::string(request.dtype ? request.dtype->name : "no dtype") + " " +
                    shapeText(request.shape) +
                    ": use the weights that it was made for, or compile it for these");
}

const ImportedWeight *WeightStore::State::findImported(std::string_view tensor) const {
  for (const OpenedWeights &each : opened)
    if (const ImportedWeight *found = each.imported.find(tensor))
      return found;
  return nullptr;
}

Status WeightStore::State::checkPlain(std::string_view name, const TensorInFile &tensor) const {
  for (const OpenedWeights &each : opened) {
    Status plain = each.imported.checkPlain(*tensor.container, *tensor.entry);
    if (!plain)
      return plain.takeError().in("tensor " + inQuotes(name));
  }
  return ok();
}

/// A tensor of that type first: of FP8 checkpoints the codes have the weight's own name.
Expected<WeightSource> WeightStore::State::sourceOf(const WeightRequest &request) const {
  UWT_ASSIGN_OR_RETURN(TensorInFile tensor, findTensor(request.tensor));
  if (tensor.entry && hasType(*tensor.entry, request)) {
    UWT_RETURN_IF_ERROR(checkPlain(request.tensor, tensor));
    UWT_ASSIGN_OR_RETURN(TensorReader reader, tensor.container->reader(*tensor.entry));
    return WeightSource{std::move(reader)};
  }
  const ImportedWeight *weight = findImported(request.tensor);
  if (!weight && tensor.entry)
    return typeError(tensor.entry->dtype->name, tensor.entry->shape, request);
  if (!weight)
    return missing(request.tensor);
  if (!weight->refusal.empty())
    return unsupportedError("tensor " + inQuotes(request.tensor) + ": recipe " +
                            std::string(weight->recipe) + ": " + weight->refusal);
  if (!hasType(*weight, request))
    return typeError("a quantised weight", weight->shape, request);
  return WeightSource{std::nullopt, weight};
}

/// What has to be loaded. Loaded weights that are wanted are put into `held`.
Expected<std::vector<Task>>
WeightStore::State::tasksFor(std::span<const WeightRequest> requests,
                             std::map<WeightKey, WeightPointer> &held) const {
  std::vector<Task> tasks;
  for (const WeightRequest &request : requests) {
    UWT_ASSIGN_OR_RETURN(WeightSource source, sourceOf(request));
    WeightKey key = keyOf(request);
    if (held.count(key))
      continue;
    auto found = loaded.find(key);
    held[key] = found == loaded.end() ? nullptr : found->second.lock();
    if (!held[key])
      tasks.push_back({&request, std::move(source), std::nullopt});
  }
  return tasks;
}

/// Decodes a weight that a recipe makes, and codes it as `request` says.
static Expected<LoadedWeight> loadImported(const ImportedWeight &imported,
                                           const WeightRequest &request, ThreadPool &pool,
                                           const LoadOptions &options) {
  UWT_ASSIGN_OR_RETURN(QuantizedWeight weight, imported.read(pool));
  TensorDescription description;
  description.element = *elementTypeFromSafetensors(request.dtype->name);
  description.shape = request.shape;
  description.format = request.format.value_or(rawFormat());
  return LoadedWeight::fromQuantized(description, weight, pool, options);
}

void WeightStore::State::run(Task &task, ThreadPool &pool) const {
  LoadOptions options;
  options.check = check;
  options.path = path;
  options.dense = !task.request->format;
  options.runFormat = task.request->format;
  const WeightSource &source = task.source;
  task.result = source.imported ? loadImported(*source.imported, *task.request, pool, options)
                                : LoadedWeight::fromReader(*source.reader, pool, options);
}

void WeightStore::State::runAll(std::vector<Task> &tasks, ThreadPool &pool) const {
  auto small = std::partition(tasks.begin(), tasks.end(),
                              [](const Task &task) { return task.source.bytes() >= largeBytes; });
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
