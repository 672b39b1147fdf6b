//===- WeightScope.cpp - Tensors that one configuration is of -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightScope.h"
#include "Recipe.h"
#include <algorithm>
#include <filesystem>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

/// Returns where the name of torchao's parameter ends in that of a tensor, X._weight_qdata (0.14:
/// X.weight:qdata); npos in other names.
static size_t endOfParameter(std::string_view name) {
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

/// Returns where the name of a tensor's module ends: at its last dot, but what belongs to a weight
/// may be named after it, X.weight.absmax (bitsandbytes), X_blocks (gpt-oss) or X._weight_qdata
/// (torchao).
static size_t endOfModule(std::string_view name) {
  for (std::string_view suffix : {"_blocks", "_scales"})
    if (name.ends_with(suffix))
      return name.size() - suffix.size();
  if (size_t parameter = endOfParameter(name); parameter != std::string_view::npos)
    return parameter;
  size_t weight = name.rfind(".weight.");
  return weight != std::string_view::npos ? weight : name.rfind('.');
}

/// Adds modules for stacks of experts: the tensor X itself, by no suffix, and what is named X_…
/// after it (byte-4, fp4-4).
static void addStacks(Modules &modules) {
  std::vector<std::pair<std::string_view, Part>> stacks;
  std::map<std::string_view, Part> named;
  for (const auto &[module, tensors] : modules)
    for (const auto &[suffix, part] : tensors) {
      constexpr size_t stackRank = 3;
      std::string_view name = part.entry->name;
      named.emplace(name, part);
      if (part.entry->shape.size() == stackRank && name[module.size()] == '.' && suffix != "weight")
        stacks.emplace_back(name, part);
    }
  for (const auto &[name, stack] : stacks) {
    std::string prefix = std::string(name) + "_";
    for (auto at = named.lower_bound(prefix); at != named.end() && at->first.starts_with(prefix);
         ++at) {
      auto &own = modules[name];
      own.try_emplace("", stack);
      own.try_emplace(at->first.substr(prefix.size()), at->second);
    }
  }
}

static Modules modulesOf(const std::vector<const ModelTensor *> &tensors) {
  Modules modules;
  for (const ModelTensor *tensor : tensors) {
    std::string_view name = tensor->entry->name;
    size_t end = endOfModule(name);
    if (end != std::string_view::npos)
      modules[name.substr(0, end)].try_emplace(name.substr(end + 1),
                                               Part{tensor->file, tensor->entry});
  }
  addStacks(modules);
  return modules;
}

/// Returns what tensors say that have no configuration, as ComfyUI writes them: a scale beside
/// codes of 8 bits (byte-6). Null if they are of no such kind.
static std::shared_ptr<const QuantizationConfig> impliedConfig(const WeightScope &scope) {
  for (const auto &[module, tensors] : scope.modules) {
    auto codes = tensors.find("weight");
    if (codes != tensors.end() && tensors.contains("scale_weight") &&
        codes->second.entry->dtype->name.starts_with("F8_"))
      return std::make_shared<const QuantizationConfig>(QuantizationConfig::implied("comfy-fp8"));
  }
  return nullptr;
}

void WeightScope::sortNames() {
  for (const ModelTensor *tensor : tensors)
    names.push_back(tensor->entry->name);
  std::ranges::sort(names);
  // Without a configuration, modules are asked for what they look like: floats look like
  // themselves.
  auto isPlain = [](const ModelTensor *tensor) {
    std::string_view dtype = tensor->entry->dtype->name;
    return dtype == "F64" || dtype == "F32" || dtype == "F16" || dtype == "BF16";
  };
  if (isQuantized() || !std::ranges::all_of(tensors, isPlain))
    modules = modulesOf(tensors);
}

static std::map<std::string_view, std::string> mixedModules(const Checkpoint &checkpoint) {
  std::map<std::string_view, std::string> mixed;
  bool isOnePart = std::ranges::all_of(checkpoint.tensors(), [&](const ModelTensor &tensor) {
    return tensor.part == checkpoint.tensors().front().part;
  });
  if (isOnePart && checkpoint.faults().empty())
    return mixed;
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

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

namespace {

/// The configurations of a model's folders, each read once.
class FolderConfigs {
public:
  using Config = std::shared_ptr<const QuantizationConfig>;

  explicit FolderConfigs(const std::string &path) : root(path) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error))
      root = std::filesystem::path(path).parent_path().string();
    while (root.size() > 1 && root.back() == '/')
      root.pop_back();
  }
  /// Returns that of the nearest folder around a file that has one, up to the model's; null if
  /// none has one.
  Expected<Config> around(const std::string &file) {
    std::string folder = std::filesystem::path(file).parent_path().string();
    for (;; folder = std::filesystem::path(folder).parent_path().string()) {
      UWT_ASSIGN_OR_RETURN(Config config, of(folder));
      if (config || folder.size() <= root.size())
        return config;
    }
  }

private:
  Expected<Config> of(const std::string &folder) {
    auto [at, isNew] = found.try_emplace(folder);
    if (!isNew)
      return at->second;
    UWT_ASSIGN_OR_RETURN(std::optional<QuantizationConfig> config,
                         QuantizationConfig::ofFolder(folder.empty() ? "." : folder));
    if (config)
      at->second = std::make_shared<const QuantizationConfig>(*std::move(config));
    return at->second;
  }

  std::string root;
  std::map<std::string, Config> found;
};

} // namespace

Expected<std::vector<std::shared_ptr<WeightScope>>> uwt::scopesOf(const Checkpoint &checkpoint,
                                                                  const std::string &path) {
  FolderConfigs configs(path);
  std::map<const QuantizationConfig *, std::shared_ptr<WeightScope>> byConfig;
  std::vector<std::shared_ptr<WeightScope>> scopes;
  for (const Container &file : checkpoint.files()) {
    UWT_ASSIGN_OR_RETURN(FolderConfigs::Config config, configs.around(file.path()));
    std::shared_ptr<WeightScope> &scope = byConfig[config.get()];
    if (!scope) {
      scope = std::make_shared<WeightScope>();
      scope->config = std::move(config);
      scopes.push_back(scope);
    }
    scope->files.push_back(&file);
  }
  std::map<const Container *, WeightScope *> byFile;
  for (const std::shared_ptr<WeightScope> &scope : scopes)
    for (const Container *file : scope->files)
      byFile[file] = scope.get();
  for (const ModelTensor &tensor : checkpoint.tensors())
    byFile[tensor.file]->tensors.push_back(&tensor);
  auto mixed =
      std::make_shared<const std::map<std::string_view, std::string>>(mixedModules(checkpoint));
  for (const std::shared_ptr<WeightScope> &scope : scopes) {
    scope->mixed = mixed;
    scope->sortNames();
    if (scope->isQuantized())
      continue;
    if (std::shared_ptr<const QuantizationConfig> implied = impliedConfig(*scope))
      scope->config = std::move(implied);
  }
  return scopes;
}

//===----------------------------------------------------------------------===//
// Companions of quantised weights
//===----------------------------------------------------------------------===//

/// Returns what tensors are known to change, by the last component of their names.
static std::string meaningOfTensor(std::string_view rest) {
  constexpr std::pair<std::string_view, std::string_view> meanings[] = {
      {"pre_quant_scale", "x is multiplied with it before the product"},
      {"act_pre_scale", "x is multiplied with it before the product"},
      {"smooth_factor", "x is divided by it before the product"},
      {"svdquant_lora_a", "a product of other weights is added"},
      {"svdquant_lora_b", "a product of other weights is added"},
      {"proj_down", "a product of other weights is added"},
      {"proj_up", "a product of other weights is added"},
      {"hadamard_matrix", "x is transformed before the product"},
      {"_input.weight", "x is transformed before the product"},
      {"_output.weight", "y is transformed behind the product"},
      {"lora_A.weight", "a product of other weights is added"},
      {"lora_B.weight", "a product of other weights is added"},
  };
  for (auto [ending, meaning] : meanings)
    if (rest.ends_with(ending))
      return std::string(meaning);
  return "it may change what the weight means";
}

/// Returns the tensors whose names begin with `prefix`.
static std::span<const std::string_view> namesWith(const std::vector<std::string_view> &names,
                                                   std::string_view prefix) {
  auto first = std::ranges::lower_bound(names, prefix);
  auto last = std::find_if_not(first, names.end(),
                               [&](std::string_view name) { return name.starts_with(prefix); });
  return {first, last};
}

static bool isIn(std::span<const std::string_view> list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

/// Returns whether a tensor is of another parameter of the same module, as of experts.
static bool isOfSibling(std::string_view tensor, std::string_view owner, std::string_view weight,
                        const PartOwners &owners) {
  auto found = owners.find(tensor);
  if (found == owners.end() || found->second == weight)
    return false;
  std::string_view other = found->second;
  return other.substr(0, std::min(other.rfind('.'), other.size())) == owner;
}

std::string uwt::companionRefusal(const Recipe &recipe, const ImportedWeight &weight,
                                  std::string_view module,
                                  const std::vector<std::string_view> &checked,
                                  const WeightScope &scope, const PartOwners &owners) {
  constexpr std::string_view suffix = ".weight";
  std::string_view name = weight.name, owner = name;
  bool isModule = name.ends_with(suffix);
  if (isModule)
    owner.remove_suffix(suffix.size());
  // Tensors of a parameter are named after it, with a dot or without.
  std::vector<std::string> prefixes = {std::string(owner) + "."};
  if (!isModule) {
    prefixes.push_back(std::string(owner) + "_");
    prefixes.push_back(std::string(module) + "_");
  }
  auto isKnown = [&](std::string_view tensor, std::string_view rest) {
    bool isPart = std::ranges::find(weight.parts, tensor) != weight.parts.end();
    bool isChecked = std::ranges::any_of(checked, [&](std::string_view each) {
      return tensor.ends_with(each) && tensor.size() == module.size() + 1 + each.size();
    });
    bool isSilent = isIn(commonSilentTensors(), rest) || isIn(recipe.silentTensors(), rest);
    return isPart || isChecked || isSilent || isOfSibling(tensor, owner, name, owners);
  };
  for (const std::string &prefix : prefixes)
    for (std::string_view tensor : namesWith(scope.names, prefix)) {
      std::string_view rest = tensor.substr(prefix.size());
      // Behind "_" stands a tensor of the parameter, not another module.
      if (prefix.back() == '_' && rest.find('.') != std::string_view::npos)
        continue;
      if (!isKnown(tensor, rest))
        return "recipe " + std::string(recipe.keyword()) + " does not know the tensor " +
               std::string(tensor.substr(owner.size())) + " beside it: " + meaningOfTensor(rest);
    }
  return "";
}

//===----------------------------------------------------------------------===//
// Plain tensors
//===----------------------------------------------------------------------===//

static bool isFloat(std::string_view dtype) { return dtype.starts_with('F') || dtype == "BF16"; }

/// Returns whether a float of that name is what a layer multiplies with, not a bias or a scale.
static bool isWeightLike(const TensorEntry &tensor) {
  return tensor.name.ends_with(".weight") || tensor.name == "weight" || tensor.shape.size() > 1;
}

/// What makes more of a plain weight of floats than its numbers (world-4).
static constexpr std::string_view changing[] = {
    "pre_quant_scale",
    "weight_scale",
    "weight_scale_inv",
    "weight_scale_2",
    "weight_global_scale",
    "weight_zero_point",
    "act_global_scale",
    "forward_hadamard_matrix",
    "backward_hadamard_matrix",
    "smooth_factor",
    "svdquant_lora_a",
    "svdquant_lora_b",
    "scale_weight",
    "weight_quantizer._amax",
    "weight_quantizer._pre_quant_scale",
    "input_quantizer._pre_quant_scale",
    "_weight_act_pre_scale",
};

/// Returns whether a module inside is a transform of compressed-tensors, X.R4_input.weight.
static bool isTransform(std::string_view rest) {
  size_t dot = rest.find('.');
  std::string_view inside = rest.substr(0, std::min(dot, rest.size()));
  return dot != std::string_view::npos && rest.substr(dot) == ".weight" &&
         (inside.ends_with("_input") || inside.ends_with("_output"));
}

std::string WeightScope::plainRefusal(const TensorEntry &tensor) const {
  if (!isQuantized() || !isFloat(tensor.dtype->name) || !isWeightLike(tensor))
    return "";
  constexpr std::string_view suffix = ".weight",
                             whatToDo = "; where the tensor is what the layer multiplies with all "
                                        "the same, say so: --assume plain";
  if (!config->refusal().empty())
    return config->refusal() + std::string(whatToDo);
  std::string_view name = tensor.name;
  bool isOfType = tensor.dtype->name == "BF16" || tensor.dtype->name == "F16" ||
                  tensor.dtype->name == "F32" || tensor.dtype->name == "F64";
  // Floats of 8 bits are codes to whoever asks for them.
  if (!name.ends_with(suffix) || !isOfType)
    return "";
  name.remove_suffix(suffix.size());
  std::string prefix = std::string(name) + ".";
  for (std::string_view other : namesWith(names, prefix)) {
    std::string_view rest = other.substr(prefix.size());
    if (isIn(changing, rest) || isTransform(rest))
      return "there is a tensor " + std::string(other.substr(name.size())) +
             " beside it: " + meaningOfTensor(rest) + std::string(whatToDo);
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Looks
//===----------------------------------------------------------------------===//

/// Returns the kind that a module's tensors look like, or empty.
static std::string_view kindOf(const std::map<std::string_view, Part> &tensors) {
  Parts parts(tensors);
  auto columns = [&](std::string_view suffix) {
    const Shape &shape = parts.shape(suffix);
    return shape.empty() ? 0 : shape.back();
  };
  if (parts.has("qweight") && parts.has("scales"))
    return parts.has("g_idx") || columns("qweight") == columns("scales") ? "GPTQ" : "AWQ";
  if (parts.has("weight_packed"))
    return "compressed-tensors";
  if (parts.has("W_q"))
    return "HQQ";
  if (parts.has("qdata"))
    return "torchao";
  if (parts.has("SCB") || parts.has("weight.quant_map"))
    return "bitsandbytes";
  if (parts.has("blocks") && parts.has("scales"))
    return "MXFP4";
  if (!parts.has("weight"))
    return parts.has("B") && parts.has("s") ? "Marlin" : "";
  std::string_view dtype = parts.dtype("weight");
  if (parts.has("scales") && parts.has("biases") && dtype == "U32")
    return "MLX";
  if (dtype.starts_with("F8") || dtype == "I8" || dtype == "U8" || dtype == "F4")
    for (std::string_view scale : {"weight_scale_inv", "weight_scale", "scale", "scale_weight"})
      if (parts.has(scale))
        return dtype.starts_with("F8") ? "FP8" : "codes with scales";
  return "";
}

std::string WeightScope::looks(const Modules &modules) {
  for (const auto &[module, tensors] : modules)
    if (std::string_view kind = kindOf(tensors); !kind.empty())
      return std::string(module) + " looks like " + std::string(kind) +
             ", but no configuration was found beside it (quantization_config of config.json)";
  return "";
}
