//===- ImportedWeights.cpp - Weights of quantised checkpoints -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Import/ImportedWeights.h"
#include "Recipe.h"
#include "WeightScope.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Import/QuantizedPart.h"
#include "uwt/Support/Printable.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <numeric>

using namespace uwt;

namespace {

/// Weights share it: it may name each module that is not quantised.
using SharedConfig = std::shared_ptr<const QuantizationConfig>;

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

/// world-5: whether a module is a Conv1D in models that have such layers (transformers 5.24.0).
bool isConv1D(const QuantizationConfig &config, std::string_view module) {
  if (!config.hasTransposedLayers())
    return false;
  std::string_view last = module.substr(module.rfind('.') + 1);
  constexpr std::string_view names[] = {"c_attn", "c_proj", "c_fc", "q_attn"};
  return std::ranges::count(names, last) != 0;
}

/// Returns a composition whose weight lies transposed.
std::string transposed(const std::string &composition) {
  Expected<Format> format = Format::parse(composition);
  if (!format)
    return composition;
  format->storage = Storage::KMajor;
  return format->str();
}

/// Returns whether a tensor that counts has no elements.
bool hasEmptyTensor(const std::map<std::string_view, Part> &tensors) {
  return std::ranges::any_of(tensors, [](const auto &each) {
    const auto &[suffix, part] = each;
    return std::ranges::count(part.entry->shape, 0) != 0 &&
           std::ranges::count(commonSilentTensors(), suffix) == 0;
  });
}

/// Makes weights of one scope.
class WeightMaker {
public:
  WeightMaker(const WeightScope &scope, const Recipe &recipe, ThreadPool &pool)
      : scope(scope), config(scope.config), recipe(recipe), pool(pool) {}

  /// Returns a weight that the recipe claims, with the reason if it cannot read it.
  ImportedWeight make(std::string_view module, const std::map<std::string_view, Part> &tensors);
  /// Refuses weights beside which there are tensors that the recipe does not know.
  void closeWorld(std::string_view module, ImportedWeight &weight, const PartOwners &owners) const;

private:
  Expected<WeightOutline> outlineOf(std::string_view module, std::string_view layer,
                                    const std::map<std::string_view, Part> &tensors,
                                    const Parts &parts, const SharedConfig &own);
  /// Returns the configuration with the groups that a layer may be of.
  SharedConfig configOf(std::string_view layer);

  const WeightScope &scope;
  SharedConfig config;
  /// Configurations of some groups, by their numbers.
  std::map<std::vector<size_t>, SharedConfig> narrowed;
  const Recipe &recipe;
  ThreadPool &pool;
  /// Of weights that are made, by name: tensors that recipes have looked at.
  std::map<std::string, std::vector<std::string_view>, std::less<>> checked;
};

SharedConfig WeightMaker::configOf(std::string_view layer) {
  if (config->groups().size() < 2)
    return config;
  std::vector<size_t> groups = config->groupsOf(layer);
  if (groups.size() == config->groups().size())
    return config;
  SharedConfig &own = narrowed[groups];
  if (!own)
    own = std::make_shared<const QuantizationConfig>(config->withGroups(groups));
  return own;
}

Expected<WeightOutline> WeightMaker::outlineOf(std::string_view module, std::string_view layer,
                                               const std::map<std::string_view, Part> &tensors,
                                               const Parts &parts, const SharedConfig &own) {
  if (!config->refusal().empty())
    return unsupportedError(config->refusal());
  if (hasEmptyTensor(tensors))
    return unsupportedError("it is empty");
  if (std::string entry = config->ignoring(layer); !entry.empty())
    return unsupportedError("it has codes, and " + entry +
                            " of the configuration says that it is not quantised");
  if (isConv1D(*config, module) && !recipe.transposesConv1D())
    return unsupportedError(
        "the float model has it transposed (Conv1D), and in which order recipe " +
        std::string(recipe.keyword()) + " has it is not known");
  UWT_ASSIGN_OR_RETURN(WeightOutline outline, recipe.outline(*own, parts, pool));
  if (outline.rows == 0 || outline.columns == 0)
    return unsupportedError("it is empty");
  if (isConv1D(*config, module) && !outline.shape.empty())
    return unsupportedError("the float model has it transposed (Conv1D), which is not read of a "
                            "weight whose rows are no whole groups");
  return outline;
}

ImportedWeight WeightMaker::make(std::string_view module,
                                 const std::map<std::string_view, Part> &tensors) {
  Parts parts(tensors);
  ImportedWeight weight;
  weight.name = recipe.weightName(module);
  weight.recipe = recipe.keyword();
  std::string_view layer = weight.name;
  layer = layer.substr(0, std::min(layer.rfind(".weight"), layer.size()));
  SharedConfig own = configOf(layer);
  Expected<WeightOutline> outline = outlineOf(module, layer, tensors, parts, own);
  if (!outline) {
    weight.refuse(outline.error().message());
    return weight;
  }
  bool isTransposed = isConv1D(*config, module) && outline->shape.empty();
  weight.shape = outline->shape;
  if (weight.shape.empty())
    weight.shape = {outline->rows, outline->columns};
  if (isTransposed) {
    std::swap(weight.shape[0], weight.shape[1]);
    outline->format = transposed(outline->format);
    if (!outline->runFormat.empty())
      outline->runFormat = transposed(outline->runFormat);
  }
  weight.format = outline->format;
  std::optional<Term> held = otherElement(outline->format);
  weight.runFormat = runFormatOf(*outline);
  for (std::string_view suffix : outline->parts) {
    const TensorEntry &entry = *parts.at(suffix).entry;
    weight.parts.push_back(entry.name);
    weight.bytes += entry.bytes;
    weight.storedBytes += entry.storedBytes;
  }
  checked[weight.name] = outline->checked;
  const Recipe &recipe = this->recipe;
  weight.read = [&recipe, config = std::move(own), parts, outline = *outline, held,
                 isTransposed](ThreadPool &pool) -> Expected<QuantizedWeight> {
    UWT_ASSIGN_OR_RETURN(QuantizedWeight made, recipe.assemble(*config, parts, outline, pool));
    if (held)
      UWT_RETURN_IF_ERROR(makeCodesOf(*held, made));
    if (isTransposed)
      made.isTransposed = true;
    return made;
  };
  return weight;
}

void WeightMaker::closeWorld(std::string_view module, ImportedWeight &weight,
                             const PartOwners &owners) const {
  if (!weight.refusal.empty())
    return;
  auto found = checked.find(weight.name);
  std::string refusal = companionRefusal(recipe, weight, module, found->second, scope, owners);
  if (!refusal.empty())
    weight.refuse(std::move(refusal));
}

} // namespace

/// Adds the weights of files with one configuration.
void ImportedWeights::addScope(const std::shared_ptr<WeightScope> &scope) {
  for (const Container *file : scope->files)
    scopes[file] = scope;
  // Weights keep the scope, and need no modules.
  Modules modules = std::move(scope->modules);
  if (!scope->isQuantized()) {
    if (std::string looks = WeightScope::looks(modules); !looks.empty())
      remarks.push_back(std::move(looks));
    return;
  }
  const QuantizationConfig &config = *scope->config;
  if (methodName.empty())
    methodName = config.writtenMethod();
  known |= config.isKnownMethod();
  if (!config.refusal().empty())
    remarks.push_back(config.refusal());
  ThreadPool pool(1);
  struct Made {
    std::string_view module;
    WeightMaker *maker;
    ImportedWeight weight;
  };
  std::vector<Made> made;
  std::vector<std::unique_ptr<WeightMaker>> makers;
  for (const Recipe *recipe : allRecipes()) {
    if (!recipe->reads(config))
      continue;
    makers.push_back(std::make_unique<WeightMaker>(*scope, *recipe, pool));
    for (const auto &[module, tensors] : modules)
      if (recipe->claims(Parts(tensors))) {
        made.push_back({module, makers.back().get(), makers.back()->make(module, tensors)});
        if (auto why = scope->mixed->find(module); why != scope->mixed->end())
          made.back().weight.refuse(why->second);
      }
  }
  PartOwners owners;
  for (const Made &each : made)
    for (const std::string &part : each.weight.parts)
      owners.try_emplace(part, each.weight.name);
  for (Made &each : made) {
    each.maker->closeWorld(each.module, each.weight, owners);
    // What the map refers to moves with the weight.
    std::string name = each.weight.name;
    weights.try_emplace(std::move(name), each.weight);
  }
}

Expected<ImportedWeights> ImportedWeights::open(const Checkpoint &checkpoint,
                                                const std::string &path, bool assumePlain) {
  ImportedWeights result;
  result.isPlainAssumed = assumePlain;
  UWT_ASSIGN_OR_RETURN(std::vector<std::shared_ptr<WeightScope>> scopes,
                       scopesOf(checkpoint, path));
  for (std::shared_ptr<WeightScope> &scope : scopes)
    result.addScope(scope);
  return result;
}

Status ImportedWeights::checkPlain(const Container &file, const TensorEntry &tensor) const {
  auto scope = scopes.find(&file);
  if (isPlainAssumed || scope == scopes.end())
    return ok();
  // bnb-1: codes may be stored as floats.
  const ImportedWeight *weight = find(tensor.name);
  bool isPart = weight && std::ranges::count(weight->parts, tensor.name) != 0;
  if (isPart && canConvertFloats(tensor))
    return unsupportedError("its numbers are codes of a quantised weight, stored as " +
                            std::string(tensor.dtype->name) +
                            "; ask for the weight's values (--as bf16)");
  std::string refusal = scope->second->plainRefusal(tensor);
  return refusal.empty() ? ok() : Status(unsupportedError(std::move(refusal)));
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
  UWT_ASSIGN_OR_RETURN(opened.imported,
                       ImportedWeights::open(opened.checkpoint, path, options.assumePlain));
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

Status uwt::keepQuantizedParts(const std::string &input, CompressOptions &options) {
  if (!options.castToBF16)
    return ok();
  ReadOptions reading;
  reading.check = false;
  reading.base = options.base;
  UWT_ASSIGN_OR_RETURN(OpenedWeights opened, OpenedWeights::open(input, reading));
  const ImportedWeights &imported = opened.imported;
  constexpr const char *remedy = "; compress it without a cast";
  if (!imported.isKnown() && !imported.method().empty())
    return unsupportedError(input + ": is quantised by " + inQuotes(imported.method()) +
                            ", of which UWT makes no weights: a cast could round their parts" +
                            remedy);
  std::set<std::string, std::less<>> parts;
  for (const auto &[name, weight] : imported.all()) {
    if (!weight.refusal.empty())
      return unsupportedError(input + ": the quantised weight " + inQuotes(name) +
                              " cannot be read (" + weight.refusal +
                              "): a cast could round its parts" + remedy);
    parts.insert(weight.parts.begin(), weight.parts.end());
  }
  // Without weights, what the configuration says decides (checkCast).
  if (imported.isKnown())
    options.quantizedParts = std::move(parts);
  return ok();
}
