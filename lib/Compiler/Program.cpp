//===- Program.cpp - Compiled code with its weights -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A call: tensors are checked against the signature, become memref descriptors, and what comes
// back becomes tensors. A descriptor of rank r is 3 + 2r words:
//
//     allocated, aligned, offset, size 0 ... size r-1, stride 0 ... stride r-1
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/Program.h"
#include "DenseCopy.h"
#include "ProgramState.h"
#include "uwt/Runtime/ThreadScope.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <cstring>
#include <numeric>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static std::string tensorText(const SafetensorsDtype *dtype, std::span<const int64_t> shape) {
  std::string text = dtype ? std::string(dtype->name) : "unknown";
  if (shape.empty())
    return text + " scalar";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? " x " : " ") + (shape[i] == dynamicSize ? "?" : std::to_string(shape[i]));
  return text;
}

std::string TensorSpec::str() const { return tensorText(dtype, shape); }

static std::string viewText(const TensorView &view) {
  return tensorText(view.dtype,
                    {reinterpret_cast<const int64_t *>(view.shape.data()), view.shape.size()});
}

TensorResult::TensorResult(const SafetensorsDtype *dtype, std::vector<uint64_t> shape, size_t bytes)
    : type(dtype), sizes(std::move(shape)), memory(uwt_allocate(static_cast<int64_t>(bytes))),
      first(static_cast<uint8_t *>(memory)), count(bytes) {}

TensorResult::TensorResult(const SafetensorsDtype *dtype, std::vector<uint64_t> shape, size_t bytes,
                           void *memory, void *data)
    : type(dtype), sizes(std::move(shape)), memory(memory), first(static_cast<uint8_t *>(data)),
      count(bytes) {}

TensorResult::TensorResult(TensorResult &&other) noexcept
    : type(other.type), sizes(std::move(other.sizes)), memory(std::exchange(other.memory, nullptr)),
      first(std::exchange(other.first, nullptr)), count(std::exchange(other.count, 0)) {}

TensorResult &TensorResult::operator=(TensorResult &&other) noexcept {
  std::swap(type, other.type);
  std::swap(sizes, other.sizes);
  std::swap(memory, other.memory);
  std::swap(first, other.first);
  std::swap(count, other.count);
  return *this;
}

TensorResult::~TensorResult() { uwt_release(memory); }

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

static bool fits(const TensorSpec &spec, const TensorView &view) {
  if (spec.dtype != view.dtype || spec.shape.size() != view.shape.size())
    return false;
  for (size_t i = 0; i < spec.shape.size(); ++i)
    if (spec.shape[i] != dynamicSize && static_cast<uint64_t>(spec.shape[i]) != view.shape[i])
      return false;
  return true;
}

static std::string inputsText(const Signature &function) {
  std::string text =
      std::to_string(function.inputs.size()) + (function.inputs.size() == 1 ? " input" : " inputs");
  for (size_t i = 0; i < function.inputs.size(); ++i)
    text += (i ? ", " : " (") + function.inputs[i].str();
  return text + (function.inputs.empty() ? "" : ")");
}

static Status checkInput(const Signature &function, unsigned index, const TensorView &view) {
  std::string what = "input " + std::to_string(index) + " of '" + function.name + "'";
  if (!fits(function.inputs[index], view))
    return usageError(what + " is " + function.inputs[index].str() + ", got " + viewText(view));
  auto bytes = safetensorsBytes(*view.dtype, view.shape);
  if (!bytes || *bytes > INT64_MAX)
    return usageError(what + " is larger than memory: " + viewText(view));
  if (*bytes != 0 && !view.data)
    return usageError(what + " has no data");
  if (!view.strides.empty() && view.strides.size() != view.shape.size())
    return usageError(what + " has " + std::to_string(view.shape.size()) + " dimensions, got " +
                      std::to_string(view.strides.size()) + " strides");
  return uwt::success();
}

static Status checkInputs(const Signature &function, std::span<const TensorView> inputs) {
  if (!function.obstacle.empty())
    return usageError("function '" + function.name + "' cannot be called: " + function.obstacle);
  if (inputs.size() != function.inputs.size())
    return usageError("function '" + function.name + "' takes " + inputsText(function) + ", got " +
                      std::to_string(inputs.size()));
  for (unsigned i = 0; i < inputs.size(); ++i)
    UWT_RETURN_IF_ERROR(checkInput(function, i, inputs[i]));
  for (const Signature::EqualSizes &pair : function.equalSizes) {
    uint64_t expected = inputs[pair.otherInput].shape[pair.otherDimension];
    uint64_t actual = inputs[pair.input].shape[pair.dimension];
    if (actual != expected)
      return usageError("dimension " + std::to_string(pair.dimension) + " of input " +
                        std::to_string(pair.input) + " of '" + function.name +
                        "' has to be that of dimension " + std::to_string(pair.otherDimension) +
                        " of input " + std::to_string(pair.otherInput) + ": expected " +
                        std::to_string(expected) + ", got " + std::to_string(actual));
  }
  return uwt::success();
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {
/// A call's descriptors and what has to live until it returns.
struct Call {
  std::vector<std::vector<int64_t>> inputs;
  std::vector<int64_t> outputs;
  std::vector<TensorResult> copies;
};
} // namespace

/// The dense bytes of an input: its own, or a copy's.
static const void *denseData(const TensorView &view, std::span<const int64_t> shape, Call &call) {
  if (view.strides.empty() || liesDense(shape, view.strides))
    return view.data;
  int64_t elementBytes = view.dtype->bits / 8;
  int64_t count = std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
  TensorResult &copy = call.copies.emplace_back(view.dtype, view.shape, count * elementBytes);
  if (count > 0)
    copyToDense(copy.bytes().data(), static_cast<const uint8_t *>(view.data), shape, view.strides,
                elementBytes);
  return copy.bytes().data();
}

static void addInput(const TensorView &view, Call &call) {
  std::vector<int64_t> shape(view.shape.begin(), view.shape.end());
  std::vector<int64_t> strides = denseStrides(shape);
  auto data = reinterpret_cast<int64_t>(denseData(view, shape, call));
  std::vector<int64_t> &words = call.inputs.emplace_back(std::vector<int64_t>{data, data, 0});
  words.insert(words.end(), shape.begin(), shape.end());
  words.insert(words.end(), strides.begin(), strides.end());
}

/// The tensor behind a descriptor, whose memory the caller owns.
static TensorResult takeResult(const TensorSpec &spec, const int64_t *words,
                               std::vector<void *> &taken) {
  size_t rank = spec.shape.size();
  auto *memory = reinterpret_cast<void *>(words[0]);
  int64_t elementBytes = spec.dtype->bits / 8;
  auto *data = reinterpret_cast<uint8_t *>(words[1]) + words[2] * elementBytes;
  std::span<const int64_t> shape(words + 3, rank), strides(words + 3 + rank, rank);
  std::vector<uint64_t> sizes(shape.begin(), shape.end());
  uint64_t bytes = elementBytes;
  for (uint64_t size : sizes)
    bytes *= size;
  // A function may give the same memory twice; then each result has its own.
  bool isTaken = std::ranges::find(taken, memory) != taken.end();
  taken.push_back(memory);
  if (!isTaken && liesDense(shape, strides))
    return {spec.dtype, std::move(sizes), bytes, memory, data};
  TensorResult result(spec.dtype, std::move(sizes), bytes);
  if (bytes)
    copyToDense(result.bytes().data(), data, shape, strides, elementBytes);
  if (!isTaken)
    uwt_release(memory);
  return result;
}

Program::Program(std::unique_ptr<State> state) : state(std::move(state)) {}
Program::~Program() = default;

std::span<const Signature> Program::functions() const { return state->signatures; }
const CompileStats &Program::stats() const { return state->stats; }

Expected<const Signature *> Program::find(std::string_view name) const {
  const std::vector<Signature> &all = state->signatures;
  if (all.empty())
    return usageError("the module has no public function");
  if (name.empty() && all.size() == 1)
    return &all[0];
  std::vector<std::string_view> names;
  std::string list;
  for (const Signature &function : all) {
    if (function.name == (name.empty() ? "main" : name))
      return &function;
    names.push_back(function.name);
    list += (list.empty() ? "" : ", ") + function.name;
  }
  if (name.empty())
    return usageError("the module has " + std::to_string(all.size()) +
                      " functions, none called 'main': name one of " + list);
  std::string suggestion = didYouMean(name, names);
  return usageError("there is no function " + inQuotes(name) +
                    (suggestion.empty() ? "; functions are: " + list : suggestion));
}

std::vector<TensorResult> uwt::callEntry(EntryFunction entry, const Signature &function,
                                         std::span<const TensorView> inputs, ThreadPool *pool) {
  Call call;
  call.copies.reserve(inputs.size());
  for (const TensorView &view : inputs)
    addInput(view, call);
  size_t words = 0;
  for (const TensorSpec &spec : function.outputs)
    words += 3 + 2 * spec.shape.size();
  call.outputs.resize(words);
  std::vector<void *> arguments;
  if (words)
    arguments.push_back(call.outputs.data());
  for (std::vector<int64_t> &descriptor : call.inputs)
    arguments.push_back(descriptor.data());
  {
    ThreadScope scope(pool);
    entry(arguments.data());
  }
  std::vector<TensorResult> results;
  std::vector<void *> taken;
  const int64_t *next = call.outputs.data();
  for (const TensorSpec &spec : function.outputs) {
    results.push_back(takeResult(spec, next, taken));
    next += 3 + 2 * spec.shape.size();
  }
  return results;
}

Expected<std::vector<TensorResult>> Program::run(const Signature &function,
                                                 std::span<const TensorView> inputs,
                                                 ThreadPool *pool) const {
  UWT_RETURN_IF_ERROR(checkInputs(function, inputs));
  // Kernels are launched for one call at a time.
  std::unique_lock<std::mutex> lock;
  if (state->products)
    lock = state->products->begin();
  std::vector<TensorResult> results =
      callEntry(state->entries[&function - state->signatures.data()], function, inputs, pool);
  // Results are taken all the same: their memory is the caller's.
  if (state->products)
    UWT_RETURN_IF_ERROR(state->products->takeStatus());
  return results;
}

double CompileStats::seconds() const {
  double sum = 0;
  for (const StageTime &stage : stages)
    sum += stage.second;
  return sum;
}
