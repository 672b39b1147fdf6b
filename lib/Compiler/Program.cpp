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
#include "uwt/Runtime/Call.h"
#include "uwt/Runtime/ColumnOrder.h"
#include "uwt/Runtime/ThreadScope.h"
#include "uwt/Runtime/WeightImage.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <list>
#include <optional>
#include <set>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static std::string sizeText(uint64_t size) { return std::to_string(size); }
static std::string sizeText(int64_t size) {
  return size == dynamicSize ? "?" : std::to_string(size);
}

template <typename Size>
static std::string tensorText(const SafetensorsDtype *dtype, std::span<const Size> shape) {
  std::string text = dtype ? std::string(dtype->name) : "unknown";
  if (shape.empty())
    return text + " scalar";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? " x " : " ") + sizeText(shape[i]);
  return text;
}

std::string TensorSpec::str() const {
  return tensorText(dtype, std::span(shape)) + (isWeight() ? " as " + format : "");
}

static std::string viewText(const TensorView &view) {
  return tensorText(view.dtype, std::span(view.shape));
}

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

/// No memory has so many bytes. Strides of tensors below it do not wrap, also where one has no
/// elements.
static constexpr uint64_t maxBytes = uint64_t(1) << 47;

/// Whether a tensor of `shape` would be larger, were its empty dimensions left out.
static bool isLargerThanMemory(const SafetensorsDtype &dtype, std::span<const uint64_t> shape) {
  std::vector<uint64_t> sizes;
  std::ranges::copy_if(shape, std::back_inserter(sizes), [](uint64_t size) { return size != 0; });
  auto bytes = safetensorsBytes(dtype, sizes);
  return !bytes || *bytes > maxBytes;
}

/// What an image holds, as a function takes it.
static TensorSpec specOf(const WeightImage &image) {
  return {findSafetensorsDtype(getTraits(image.element()).safetensorsName),
          {image.shape().begin(), image.shape().end()},
          image.format()};
}

/// The image that an input is to be, with the weight that the function takes.
static Expected<WeightImage> openImage(const TensorSpec &spec, const TensorView &view) {
  bool isDense = view.strides.empty() || view.strides == std::vector<int64_t>{1};
  if (!view.dtype || view.dtype->name != "U8" || view.shape.size() != 1 || !isDense || !view.data)
    return usageError("is the weight " + spec.str() + ", got " + viewText(view) +
                      ": give its image, dense bytes (U8) of one dimension");
  UWT_ASSIGN_OR_RETURN(
      WeightImage image,
      WeightImage::open({static_cast<const uint8_t *>(view.data), view.shape.front()}));
  if (TensorSpec given = specOf(image); given != spec)
    return usageError("is the weight " + spec.str() + ", got the image of " + given.str() +
                      ": compile the module for it");
  return image;
}

static Status checkInput(const Signature &function, unsigned index, const TensorView &view) {
  std::string what = "input " + std::to_string(index) + " of '" + function.name + "'";
  if (function.inputs[index].isWeight()) {
    auto image = openImage(function.inputs[index], view);
    return image ? ok() : Status(image.takeError().in(what));
  }
  if (!fits(function.inputs[index], view))
    return usageError(what + " is " + function.inputs[index].str() + ", got " + viewText(view));
  if (isLargerThanMemory(*view.dtype, view.shape))
    return usageError(what + " is larger than memory: " + viewText(view));
  bool isEmpty = std::ranges::find(view.shape, 0) != view.shape.end();
  if (!isEmpty && !view.data)
    return usageError(what + " has no data");
  if (!view.strides.empty() && view.strides.size() != view.shape.size())
    return usageError(what + " has " + std::to_string(view.shape.size()) + " dimensions, got " +
                      std::to_string(view.strides.size()) + " strides");
  return ok();
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
  return ok();
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {
/// A call's descriptors and what has to live until it returns.
struct Call {
  EntryFunction entry = nullptr;
  std::vector<std::vector<int64_t>> inputs;
  /// They do not move.
  std::list<WeightView> weights;
  std::vector<int64_t> outputs;
  std::vector<TensorResult> copies;
  std::vector<void *> arguments;
};
} // namespace

/// A dense tensor with any contents.
static Expected<TensorResult> allocateTensor(const SafetensorsDtype *dtype,
                                             std::vector<uint64_t> shape) {
  auto bytes = safetensorsBytes(*dtype, shape);
  void *memory = bytes ? tryAllocate(*bytes) : nullptr;
  if (!memory)
    return ioError("out of memory: no room for a tensor " +
                   viewText({dtype, std::move(shape), nullptr}));
  return TensorResult(dtype, std::move(shape), *bytes, memory, memory);
}

/// The dense bytes of an input: its own, or a copy's.
static Expected<const void *> denseData(const TensorView &view, std::span<const int64_t> shape,
                                        Call &call) {
  if (view.strides.empty() || liesDense(shape, view.strides))
    return view.data;
  UWT_ASSIGN_OR_RETURN(TensorResult copy, allocateTensor(view.dtype, view.shape));
  const void *data = copy.bytes().data();
  if (!copy.bytes().empty())
    copyToDense(copy.bytes().data(), static_cast<const uint8_t *>(view.data), shape, view.strides,
                view.dtype->bits / 8);
  call.copies.push_back(std::move(copy));
  return data;
}

/// Compiled code gets a weight as the view of its image.
static Status addWeight(const TensorView &view, Call &call) {
  UWT_ASSIGN_OR_RETURN(
      WeightImage image,
      WeightImage::open({static_cast<const uint8_t *>(view.data), view.shape.front()}));
  UWT_RETURN_IF_ERROR(checkColumns(image.columnOrder()));
  call.arguments.push_back(&call.weights.emplace_back(image.view()));
  return ok();
}

static Status addTensor(const TensorView &view, Call &call) {
  std::vector<int64_t> shape(view.shape.begin(), view.shape.end());
  std::vector<int64_t> strides = denseStrides(shape);
  UWT_ASSIGN_OR_RETURN(const void *memory, denseData(view, shape, call));
  auto data = reinterpret_cast<int64_t>(memory);
  std::vector<int64_t> &words = call.inputs.emplace_back(std::vector<int64_t>{data, data, 0});
  words.insert(words.end(), shape.begin(), shape.end());
  words.insert(words.end(), strides.begin(), strides.end());
  call.arguments.push_back(words.data());
  return ok();
}

namespace {
/// A result as compiled code gives it. Its memory is released unless it is taken.
struct RawResult {
  const TensorSpec &spec;
  void *memory;
  const uint8_t *data;
  std::span<const int64_t> shape, strides;
};
} // namespace

/// The tensor behind a descriptor. A function may give the same memory twice; `isOwn` says whether
/// this is the result that takes it.
static Expected<TensorResult> takeResult(const RawResult &result, bool isOwn) {
  std::vector<uint64_t> sizes(result.shape.begin(), result.shape.end());
  auto bytes = safetensorsBytes(*result.spec.dtype, sizes);
  bool isNegative = std::ranges::any_of(result.shape, [](int64_t size) { return size < 0; });
  if (!bytes || *bytes > maxBytes || isNegative)
    return invalidError("a result has impossible sizes: " +
                        tensorText(result.spec.dtype, result.shape));
  if (isOwn && liesDense(result.shape, result.strides))
    return TensorResult(result.spec.dtype, std::move(sizes), *bytes, result.memory,
                        const_cast<uint8_t *>(result.data));
  UWT_ASSIGN_OR_RETURN(TensorResult copy, allocateTensor(result.spec.dtype, std::move(sizes)));
  if (!copy.bytes().empty())
    copyToDense(copy.bytes().data(), result.data, result.shape, result.strides,
                result.spec.dtype->bits / 8);
  return copy;
}

/// All results. Memory that none of them took is released, also after an error.
static Expected<std::vector<TensorResult>> takeResults(std::span<const TensorSpec> specs,
                                                       const int64_t *words) {
  std::vector<TensorResult> results;
  std::set<void *> seen, taken;
  std::optional<Error> error;
  for (const TensorSpec &spec : specs) {
    size_t rank = spec.shape.size();
    RawResult raw{spec,
                  reinterpret_cast<void *>(words[0]),
                  reinterpret_cast<const uint8_t *>(words[1]) + words[2] * (spec.dtype->bits / 8),
                  {words + 3, rank},
                  {words + 3 + rank, rank}};
    words += 3 + 2 * rank;
    bool isFirst = seen.insert(raw.memory).second;
    if (error)
      continue;
    auto result = takeResult(raw, isFirst);
    if (!result) {
      error = result.takeError();
      continue;
    }
    if (result->bytes().data() == raw.data)
      taken.insert(raw.memory);
    results.push_back(*std::move(result));
  }
  for (void *memory : seen)
    if (!taken.contains(memory))
      uwt_release(memory);
  if (error)
    return *std::move(error);
  return results;
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

Expected<std::vector<TensorResult>> uwt::callEntry(EntryFunction entry, const Signature &function,
                                                   std::span<const TensorView> inputs,
                                                   ThreadPool *pool) {
  Call call;
  call.entry = entry;
  size_t words = 0;
  for (const TensorSpec &spec : function.outputs)
    words += 3 + 2 * spec.shape.size();
  call.outputs.resize(words);
  if (words)
    call.arguments.push_back(call.outputs.data());
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto add = function.inputs[i].isWeight() ? addWeight : addTensor;
    UWT_RETURN_IF_ERROR(add(inputs[i], call));
  }
  {
    ThreadScope scope(pool);
    UWT_RETURN_IF_ERROR(callCompiled(
        [](void *context) {
          auto *call = static_cast<Call *>(context);
          call->entry(call->arguments.data());
        },
        &call));
  }
  return takeResults(function.outputs, call.outputs.data());
}

Expected<std::vector<TensorResult>> Program::run(const Signature &function,
                                                 std::span<const TensorView> inputs,
                                                 ThreadPool *pool) const {
  UWT_RETURN_IF_ERROR(checkInputs(function, inputs));
  // Kernels are launched for one call at a time.
  std::unique_lock<std::mutex> lock;
  if (state->products)
    lock = state->products->begin();
  return callEntry(state->entries[&function - state->signatures.data()], function, inputs, pool);
}

double CompileStats::seconds() const {
  double sum = 0;
  for (const StageTime &stage : stages)
    sum += stage.second;
  return sum;
}
