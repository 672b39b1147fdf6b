//===- ImportedWeights.cpp - Weights of quantised checkpoints -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Import/ImportedWeights.h"
#include "Recipe.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Support/Printable.h"
#include <algorithm>
#include <filesystem>
#include <numeric>

using namespace uwt;

namespace {

/// Tensors by the names of their modules, and in each by the rest of the name.
using Modules = std::map<std::string_view, std::map<std::string_view, Part>>;

/// Weights share it: it may name each module that is not quantised.
using SharedConfig = std::shared_ptr<const QuantizationConfig>;

/// Where the name of torchao's parameter ends in that of a tensor, X._weight_qdata (0.14:
/// X.weight:qdata); npos in other names.
size_t endOfParameter(std::string_view name) {
  size_t first = name.rfind('.');
  if (first == std::string_view::npos)
    return first;
  for (std::string_view part : {"qdata", "scale_and_zero", "act_quant_zero_point", "zero_point",
                                "act_quant_scale", "act_pre_scale", "per_tensor_scale", "scale"}) {
    if (!name.ends_with(part))
      continue;
    size_t end = name.size() - part.size() - 1;
    bool isOld = name[end] == ':', isNew = name[end] == '_' && name[first + 1] == '_';
    if (end > first + 1 && (isOld || isNew))
      return end;
  }
  return std::string_view::npos;
}

/// Where the name of a tensor's module ends: at its last dot, but what belongs to a weight may be
/// named after it, X.weight.absmax (bitsandbytes), X_blocks (gpt-oss) or X._weight_qdata (torchao).
size_t endOfModule(std::string_view name) {
  for (std::string_view suffix : {"_blocks", "_scales"})
    if (name.ends_with(suffix))
      return name.size() - suffix.size();
  if (size_t parameter = endOfParameter(name); parameter != std::string_view::npos)
    return parameter;
  size_t weight = name.rfind(".weight.");
  return weight != std::string_view::npos ? weight : name.rfind('.');
}

Modules modulesOf(const Checkpoint &checkpoint) {
  Modules modules;
  for (const ModelTensor &tensor : checkpoint.tensors()) {
    std::string_view name = tensor.entry->name;
    size_t end = endOfModule(name);
    if (end != std::string_view::npos)
      modules[name.substr(0, end)].try_emplace(name.substr(end + 1),
                                               Part{tensor.file, tensor.entry});
  }
  return modules;
}

/// Why parts of modules cannot be told: a part is in two files, or not where the index says, or two
/// parts are of models in different folders.
std::map<std::string_view, std::string> mixedModules(const Checkpoint &checkpoint) {
  std::map<std::string_view, std::string> mixed;
  std::map<std::string_view, const ModelTensor *> first;
  auto moduleOf = [](std::string_view name) { return name.substr(0, endOfModule(name)); };
  for (const Checkpoint::Fault &fault : checkpoint.faults())
    mixed.emplace(moduleOf(fault.name), fault.error.message());
  for (const ModelTensor &tensor : checkpoint.tensors()) {
    const ModelTensor &other = *first.emplace(moduleOf(tensor.entry->name), &tensor).first->second;
    if (other.part != tensor.part)
      mixed.emplace(moduleOf(tensor.entry->name),
                    "its tensors are of models in different folders: " + other.file->path() +
                        " and " + tensor.file->path() + "; give one of the folders");
  }
  return mixed;
}

/// The composition that products run from, where that is another one.
std::string runFormatOf(const WeightOutline &outline) {
  const std::string &own = outline.runFormat.empty() ? outline.format : outline.runFormat;
  Expected<Format> format = Format::parse(own);
  std::string text = format ? heldComposition(*format).str() : own;
  return text == outline.format ? "" : text;
}

/// The element that a weight has in memory, where that is another one than its own.
std::optional<Term> otherElement(const std::string &composition) {
  Expected<Format> format = Format::parse(composition);
  if (!format || !format->isQuantized())
    return std::nullopt;
  std::optional<Term> held = heldElement(format->element);
  return held == format->element ? std::nullopt : held;
}

/// Makes codes those of `element`, which has their numbers. Errors: Unsupported (a code in use
/// whose number the element has not).
Status makeCodesOf(const Term &element, QuantizedWeight &weight) {
  std::vector<float> numbers = QuantizedElement::find(element)->values();
  // A table has the weight's own.
  if (numbers.empty())
    return ok();
  std::vector<std::optional<uint8_t>> codes;
  for (float value : weight.values) {
    auto found = std::ranges::find(numbers, value);
    codes.push_back(found == numbers.end() ? std::nullopt
                                           : std::optional(uint8_t(found - numbers.begin())));
  }
  for (size_t at = 0; at < weight.codes.size(); ++at) {
    uint8_t &code = weight.codes[at];
    if (code >= codes.size() || !codes[code])
      return unsupportedError("row " + std::to_string(at / weight.columns) + ", column " +
                              std::to_string(at % weight.columns) + " has code " +
                              std::to_string(code) + ", whose number " + element.str() +
                              " has not");
    code = *codes[code];
  }
  weight.values = std::move(numbers);
  return ok();
}

/// A weight that a recipe claims, with the reason where it cannot read it.
ImportedWeight makeWeight(const Recipe &recipe, std::string_view module, const SharedConfig &config,
                          const Parts &parts, ThreadPool &pool) {
  ImportedWeight weight;
  weight.name = recipe.weightName(module);
  weight.recipe = recipe.keyword();
  Expected<WeightOutline> outline = recipe.outline(*config, parts, pool);
  if (outline && (outline->rows == 0 || outline->columns == 0))
    outline = unsupportedError("it is empty");
  if (!outline) {
    weight.refuse(outline.error().message());
    return weight;
  }
  weight.format = outline->format;
  std::optional<Term> held = otherElement(outline->format);
  weight.runFormat = runFormatOf(*outline);
  weight.shape = outline->shape;
  if (weight.shape.empty())
    weight.shape = {outline->rows, outline->columns};
  for (std::string_view suffix : outline->parts) {
    const TensorEntry &entry = *parts.at(suffix).entry;
    weight.parts.push_back(entry.name);
    weight.bytes += entry.bytes;
    weight.storedBytes += entry.storedBytes;
  }
  weight.read = [&recipe, config, parts, outline = *outline,
                 held](ThreadPool &pool) -> Expected<QuantizedWeight> {
    UWT_ASSIGN_OR_RETURN(QuantizedWeight made, recipe.assemble(*config, parts, outline, pool));
    if (held)
      UWT_RETURN_IF_ERROR(makeCodesOf(*held, made));
    return made;
  };
  return weight;
}

} // namespace

Expected<ImportedWeights> ImportedWeights::open(const Checkpoint &checkpoint,
                                                const std::string &path) {
  ImportedWeights result;
  std::filesystem::path folder = path;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    folder = folder.parent_path();
  UWT_ASSIGN_OR_RETURN(std::optional<QuantizationConfig> config,
                       QuantizationConfig::ofFolder(folder.empty() ? "." : folder.string()));
  if (!config)
    return result;
  auto shared = std::make_shared<const QuantizationConfig>(*std::move(config));
  result.methodName = shared->method();
  ThreadPool pool(1);
  Modules modules = modulesOf(checkpoint);
  std::map<std::string_view, std::string> mixed = mixedModules(checkpoint);
  for (const Recipe *recipe : allRecipes()) {
    if (!recipe->reads(*shared))
      continue;
    result.known = true;
    for (auto &[module, tensors] : modules) {
      Parts parts(tensors);
      if (!recipe->claims(parts))
        continue;
      ImportedWeight weight = makeWeight(*recipe, module, shared, parts, pool);
      if (auto why = mixed.find(module); why != mixed.end())
        weight.refuse(why->second);
      std::string name = weight.name;
      result.weights.try_emplace(std::move(name), std::move(weight));
    }
  }
  return result;
}

std::optional<std::string_view> ImportedWeights::fileKind(const std::string &path) {
  if (isGguf(path))
    return "GGUF";
  return path.ends_with(".onnx") ? std::optional<std::string_view>("ONNX") : std::nullopt;
}

Expected<OpenedWeights> OpenedWeights::open(const std::string &path, const ReadOptions &options) {
  OpenedWeights opened;
  if (std::optional<std::string_view> kind = ImportedWeights::fileKind(path)) {
    UWT_ASSIGN_OR_RETURN(opened.imported, *kind == "GGUF" ? ImportedWeights::openGguf(path)
                                                          : ImportedWeights::openOnnx(path));
    return opened;
  }
  UWT_ASSIGN_OR_RETURN(opened.checkpoint, Checkpoint::open(path, options));
  UWT_ASSIGN_OR_RETURN(opened.imported, ImportedWeights::open(opened.checkpoint, path));
  return opened;
}

void ImportedWeight::refuse(std::string reason) {
  // It may quote a file, and is printed by whoever gets it.
  constexpr size_t maxRefusal = 2000;
  if (reason.size() > maxRefusal)
    reason = reason.substr(0, maxRefusal) + "...";
  refusal = printable(reason);
  read = [refusal = refusal](ThreadPool &) -> Expected<QuantizedWeight> {
    return unsupportedError(refusal);
  };
}

uint64_t ImportedWeight::elements() const {
  if (!refusal.empty())
    return 0;
  return std::accumulate(shape.begin(), shape.end(), uint64_t(1), std::multiplies<>());
}

const ImportedWeight *ImportedWeights::find(std::string_view name) const {
  auto found = weights.find(name);
  return found == weights.end() ? nullptr : &found->second;
}
