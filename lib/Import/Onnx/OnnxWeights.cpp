//===- OnnxWeights.cpp - Weights of ONNX files ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight has the name of the initializer that has its codes or its floats, and where the node
// that multiplies with it says which layer it is of, that of transformers too (onnx-6 to onnx-8 of
// docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../NameMap.h"
#include "OnnxMatrix.h"
#include "OnnxProducts.h"
#include "uwt/Container/ConfigSources.h"
#include "uwt/Import/ImportedWeights.h"
#include <algorithm>
#include <filesystem>

using namespace uwt;

/// Modules as nodes are named after them by onnxruntime-genai's builder (0.18) and by PyTorch's
/// exporter, which optimum uses.
static constexpr NamePair modules[] = {
    {"lm_head", "lm_head"},
    {"model.layers.*.attn.q_proj", "model.layers.*.self_attn.q_proj"},
    {"model.layers.*.attn.k_proj", "model.layers.*.self_attn.k_proj"},
    {"model.layers.*.attn.v_proj", "model.layers.*.self_attn.v_proj"},
    {"model.layers.*.attn.o_proj", "model.layers.*.self_attn.o_proj"},
    {"model.layers.*.self_attn.q_proj", "model.layers.*.self_attn.q_proj"},
    {"model.layers.*.self_attn.k_proj", "model.layers.*.self_attn.k_proj"},
    {"model.layers.*.self_attn.v_proj", "model.layers.*.self_attn.v_proj"},
    {"model.layers.*.self_attn.o_proj", "model.layers.*.self_attn.o_proj"},
    {"model.layers.*.mlp.gate_proj", "model.layers.*.mlp.gate_proj"},
    {"model.layers.*.mlp.up_proj", "model.layers.*.mlp.up_proj"},
    {"model.layers.*.mlp.down_proj", "model.layers.*.mlp.down_proj"},
};

/// Norms of known architectures in onnxruntime-genai. Of others a builder may have added 1.
static constexpr NamePair norms[] = {
    {"model.layers.*.final_norm_layernorm.weight", "model.norm.weight"},
    {"model.layers.*.attn.q_norm.layernorm.weight", "model.layers.*.self_attn.q_norm.weight"},
    {"model.layers.*.attn.k_norm.layernorm.weight", "model.layers.*.self_attn.k_norm.weight"},
};

/// Whether genai_config.json beside a model says that it is of a known architecture. Errors: as
/// readJsonObject.
static Expected<bool> isKnownModel(const std::string &path) {
  std::filesystem::path config = std::filesystem::path(path).parent_path() / "genai_config.json";
  UWT_ASSIGN_OR_RETURN(std::optional<nlohmann::json> object, readJsonObject(config.string()));
  const nlohmann::json::json_pointer type("/model/type");
  return object && object->contains(type) && object->at(type).is_string() &&
         isKnownArchitecture(object->at(type).get<std::string>());
}

namespace {

/// Some rows of a weight [N, K] or [N], or all of them.
struct RowRange {
  uint64_t first = 0, count = UINT64_MAX;
  bool operator==(const RowRange &) const = default;
  bool isWhole() const { return count == UINT64_MAX; }
};

/// How many heads an attention has.
struct AttentionHeads {
  uint64_t queries = 0, keys = 0;
};

/// What the file has of a weight.
struct WeightSource {
  const OnnxTensor *tensor = nullptr;
  /// Of codes.
  std::optional<OnnxMatrix> matrix;
  std::string refusal;
  /// Whether codes are held as the transposed matrix, whose rows are those of outputs.
  bool isHeldTransposed = false;

  /// Outputs of the weight, which is [K, N] where `isKMajor`, else [N, K] or [N].
  uint64_t outputs(bool isKMajor) const;
};

/// A weight by another name than the file's.
struct WeightAlias {
  const WeightSource *source = nullptr;
  /// Whether it is the transposed matrix.
  bool isTransposed = false;
  RowRange range = {};
  /// Factor of floats (onnx-10).
  float factor = 1;
  /// Why it cannot be read, or empty.
  std::string refusal = {};
};

using WeightsByName = std::map<std::string, ImportedWeight, std::less<>>;

/// How weights of one model are made.
class OnnxImporter {
public:
  OnnxImporter(std::shared_ptr<const OnnxModel> model, bool isKnown)
      : model(std::move(model)), isKnown(isKnown), products(OnnxProducts::of(*this->model)) {}

  WeightsByName weights();

private:
  void addNamed(WeightsByName &result, const std::string &name, const WeightAlias &alias) const;
  void findHeads();
  void addMatrices();
  void addMatrix(const OnnxTensor &codes, const Expected<OnnxMatrix> &matrix);
  void addFloats(const OnnxTensor &tensor);
  void addOthers(const OnnxTensor &tensor);
  void addUses();
  void addUse(const WeightSource &source, const MatrixUse &use);
  void addBiases();
  void addAliases(const OnnxNode &node, std::string_view suffix, const WeightAlias &alias);
  void addParts(const std::string &attention, std::string_view suffix, WeightAlias alias);
  void addAlias(const std::string &name, WeightAlias alias);
  void refuseModules();
  void refuseModule(std::string_view module, const std::string &reason);
  ImportedWeight makeAlias(const std::string &name, const WeightAlias &alias) const;
  ImportedWeight makeWeight(std::string name, const WeightSource &source, bool isTransposed) const;
  ImportedWeight makeMatrix(ImportedWeight weight, const WeightSource &source,
                            bool isTransposed) const;
  ImportedWeight makeFloats(ImportedWeight weight, const OnnxTensor &tensor,
                            bool isTransposed) const;

  std::shared_ptr<const OnnxModel> model;
  /// Whether its architecture is.
  bool isKnown;
  OnnxProducts products;
  /// By the module of the attention.
  std::map<std::string, AttentionHeads, std::less<>> heads;
  /// Initializers that are a weight's scales or zero points.
  std::set<std::string_view> grids;
  /// By the initializer's name, and by that of transformers.
  std::map<std::string_view, WeightSource> sources;
  std::map<std::string, WeightAlias> aliases;
  /// Why weights of transformers' names cannot be read.
  std::map<std::string, std::string> refusals;
};

} // namespace

//===----------------------------------------------------------------------===//
// What there is
//===----------------------------------------------------------------------===//

void OnnxImporter::findHeads() {
  constexpr int64_t most = 1 << 20;
  for (const OnnxNode &node : model->nodes()) {
    auto queries = node.integers.find("num_heads"), keys = node.integers.find("kv_num_heads"),
         none = node.integers.end();
    if (!node.isOfOnnxruntime("GroupQueryAttention") || queries == none || keys == none)
      continue;
    bool areNumbers = std::min(queries->second, keys->second) > 0 &&
                      std::max(queries->second, keys->second) <= most;
    if (areNumbers)
      heads.try_emplace(moduleOf(node), AttentionHeads{static_cast<uint64_t>(queries->second),
                                                       static_cast<uint64_t>(keys->second)});
  }
}

uint64_t WeightSource::outputs(bool isKMajor) const {
  if (matrix)
    return isKMajor ? matrix->columns : matrix->rows;
  const std::vector<uint64_t> &shape = tensor->shape;
  return shape.empty() ? 0 : isKMajor ? shape.back() : shape.front();
}

void OnnxImporter::addAlias(const std::string &name, WeightAlias alias) {
  auto [at, isNew] = aliases.try_emplace(name, alias);
  WeightAlias &first = at->second;
  if (first.source != alias.source || first.isTransposed != alias.isTransposed ||
      first.range != alias.range || first.factor != alias.factor)
    first.refusal = "several weights of the file have this name";
  else if (first.refusal.empty())
    first.refusal = alias.refusal;
}

static constexpr std::string_view packedSuffix = ".qkv_proj";

/// onnx-7: names by that of the node that multiplies with a weight, or adds it.
void OnnxImporter::addAliases(const OnnxNode &node, std::string_view suffix,
                              const WeightAlias &alias) {
  std::string module = moduleOf(node), name = transformersName(modules, module);
  if (!name.empty())
    addAlias(name + std::string(suffix), alias);
  if (module.ends_with(packedSuffix))
    addParts(module.substr(0, module.size() - packedSuffix.size()), suffix, alias);
}

/// onnx-8: rows of queries, of keys and of values of one weight.
void OnnxImporter::addParts(const std::string &attention, std::string_view suffix,
                            WeightAlias alias) {
  auto found = heads.find(attention);
  if (found == heads.end())
    return;
  auto [queries, keys] = found->second;
  const WeightSource &source = *alias.source;
  bool isTransposed = alias.isTransposed;
  uint64_t rows = source.outputs(isTransposed), all = queries + 2 * keys, each = rows / all;
  if (rows % all != 0)
    alias.refusal = std::to_string(rows) + " rows are not " + std::to_string(all) + " heads";
  else if (source.matrix && !source.matrix->hasRowsAlone(isTransposed))
    alias.refusal = "rows of several heads have scales together";
  else if (source.matrix && source.isHeldTransposed != isTransposed)
    alias.refusal = "nodes take it as [K, N] and as [N, K]";
  alias.range = {0, queries * each};
  for (std::string_view part : {".q_proj", ".k_proj", ".v_proj"}) {
    std::string name = transformersName(modules, attention + std::string(part));
    if (!name.empty())
      addAlias(name + std::string(suffix), alias);
    alias.range = {alias.range.first + alias.range.count, keys * each};
  }
}

void OnnxImporter::addMatrix(const OnnxTensor &codes, const Expected<OnnxMatrix> &matrix) {
  auto found = products.uses.find(codes.name);
  bool isKMajor = found != products.uses.end() && found->second.front().isKMajor;
  auto [at, isNew] = sources.try_emplace(codes.name, WeightSource{&codes, {}, "", isKMajor});
  WeightSource &source = at->second;
  if (!matrix)
    source.refusal = matrix.error().message();
  else if (isNew)
    source.matrix = *matrix;
  else if (source.matrix && !source.matrix->isSame(*matrix))
    source.refusal = "nodes take its codes for different weights";
}

void OnnxImporter::addMatrices() {
  for (const OnnxNode &node : model->nodes()) {
    bool isProduct = node.isOfOnnxruntime("MatMulNBits");
    if (!isProduct && !node.is("DequantizeLinear"))
      continue;
    size_t first = isProduct ? 1 : 0;
    const OnnxTensor *codes = model->find(node.input(first));
    if (!codes || (!isProduct && !(codes->type && codes->type->element)))
      continue;
    grids.insert({node.input(first + 1), node.input(first + 2)});
    addMatrix(*codes, isProduct ? OnnxMatrix::ofMatMulNBits(*model, node)
                                : OnnxMatrix::ofDequantizeLinear(*model, node));
  }
}

/// onnx-7: floats that are no scales or zero points.
void OnnxImporter::addFloats(const OnnxTensor &tensor) {
  if (!tensor.type || tensor.type->element || grids.contains(tensor.name))
    return;
  const WeightSource &source =
      sources.try_emplace(tensor.name, WeightSource{&tensor, {}, tensor.refusal}).first->second;
  std::string norm = isKnown ? transformersName(norms, tensor.name) : "";
  if (!norm.empty())
    addAlias(norm, {&source, false});
}

/// onnx-9: matrices that no node makes a weight of which UWT reads.
void OnnxImporter::addOthers(const OnnxTensor &tensor) {
  if (tensor.shape.size() < 2 || grids.contains(tensor.name) || sources.contains(tensor.name))
    return;
  // Indices, shapes and texts are no weights.
  enum : uint64_t { Int32 = 6, Int64 = 7, Text = 8, Bool = 9 };
  if (tensor.typeNumber == Int32 || tensor.typeNumber == Int64 || tensor.typeNumber == Text ||
      tensor.typeNumber == Bool)
    return;
  std::string refusal =
      tensor.type ? "no node that is read says what its codes mean"
                  : "it is of type " + std::to_string(tensor.typeNumber) + ", which is not read";
  sources.try_emplace(tensor.name, WeightSource{&tensor, {}, refusal});
}

/// onnx-10: the product's factor is the weight's: of floats, one rounding to f32.
void OnnxImporter::addUse(const WeightSource &source, const MatrixUse &use) {
  bool isMatrix = source.matrix || source.tensor->shape.size() == 2;
  WeightAlias alias = {&source, use.isKMajor, {}, use.alpha, use.refusal};
  if (!isMatrix && alias.refusal.empty() && source.refusal.empty())
    alias.refusal = "'" + source.tensor->name + "' is no matrix";
  if (use.alpha != 1 && (source.matrix || !source.refusal.empty()) && alias.refusal.empty())
    alias.refusal = "its node multiplies the product with alpha, and the weight is codes";
  addAliases(*use.node, ".weight", alias);
  auto bias = sources.find(use.bias);
  if (use.bias.empty() || bias == sources.end() || bias->second.tensor->shape.size() != 1)
    return;
  WeightAlias added = {&bias->second, false, {}, use.beta, use.refusal};
  if (isMatrix && bias->second.tensor->shape[0] == source.outputs(use.isKMajor))
    addAliases(*use.node, ".bias", added);
}

void OnnxImporter::addUses() {
  for (const auto &[initializer, uses] : products.uses)
    for (const MatrixUse &use : uses) {
      auto found = sources.find(initializer);
      if (found != sources.end())
        addUse(found->second, use);
      else
        refuseModule(moduleOf(*use.node),
                     "'" + std::string(initializer) + "' is of a type that is not read");
    }
  for (const MatrixUse &use : products.others)
    refuseModule(moduleOf(*use.node), use.refusal);
}

void OnnxImporter::addBiases() {
  for (const OnnxNode &node : model->nodes()) {
    if (!node.is("Add"))
      continue;
    for (std::string_view input : node.inputs) {
      auto found = sources.find(input);
      if (found != sources.end() && found->second.tensor->shape.size() == 1)
        addAliases(node, ".bias", {&found->second, false});
    }
  }
}

void OnnxImporter::refuseModule(std::string_view module, const std::string &reason) {
  auto refuse = [&](const std::string &name) {
    for (const char *suffix : {".weight", ".bias"})
      if (!name.empty())
        refusals.try_emplace(name + suffix, reason);
  };
  refuse(transformersName(modules, module));
  if (!module.ends_with(packedSuffix))
    return;
  std::string attention(module.substr(0, module.size() - packedSuffix.size()));
  for (const char *part : {".q_proj", ".k_proj", ".v_proj"})
    refuse(transformersName(modules, attention + part));
}

/// onnx-10: nodes that a module of transformers' name has beside its product.
void OnnxImporter::refuseModules() {
  for (const OnnxNode &node : model->nodes()) {
    std::string module = moduleOf(node);
    for (std::string_view outer = module; !outer.empty();) {
      bool isNamed = outer.ends_with(packedSuffix) || !transformersName(modules, outer).empty();
      if (std::string reason = isNamed ? moduleRefusal(*model, node, outer) : ""; !reason.empty())
        refuseModule(outer, reason);
      size_t dot = outer.rfind('.');
      outer = outer.substr(0, dot == std::string_view::npos ? 0 : dot);
    }
  }
}

//===----------------------------------------------------------------------===//
// Weights of it
//===----------------------------------------------------------------------===//

ImportedWeight OnnxImporter::makeMatrix(ImportedWeight weight, const WeightSource &source,
                                        bool isTransposed) const {
  const OnnxMatrix &matrix = *source.matrix;
  bool isHeldTransposed = source.isHeldTransposed, isKMajor = isHeldTransposed != isTransposed;
  weight.shape = {matrix.rows, matrix.columns};
  if (isTransposed)
    std::swap(weight.shape[0], weight.shape[1]);
  weight.format = matrix.format(isHeldTransposed, isKMajor);
  for (const OnnxTensor *part : {matrix.scale, matrix.zero}) {
    if (!part)
      continue;
    weight.parts.push_back(part->name);
    weight.bytes += part->bytes.size();
  }
  weight.storedBytes = weight.bytes;
  weight.read = [model = model, matrix, isHeldTransposed,
                 isKMajor](ThreadPool &pool) -> Expected<QuantizedWeight> {
    QuantizedWeight result = matrix.read(isHeldTransposed, pool);
    result.isTransposed = isKMajor;
    UWT_RETURN_IF_ERROR(model->checkRead());
    return result;
  };
  return weight;
}

ImportedWeight OnnxImporter::makeFloats(ImportedWeight weight, const OnnxTensor &tensor,
                                        bool isTransposed) const {
  weight.shape = tensor.shape;
  if (isTransposed)
    std::swap(weight.shape[0], weight.shape[1]);
  weight.format = tensor.type->name;
  weight.read = [model = model, &tensor, isTransposed](ThreadPool &) -> Expected<QuantizedWeight> {
    QuantizedWeight result;
    result.columns = tensor.shape.empty() ? 1 : tensor.shape.back();
    result.rows = *tensor.elements() / result.columns;
    result.isTransposed = isTransposed;
    result.floats = tensor.floats();
    UWT_RETURN_IF_ERROR(model->checkRead());
    return result;
  };
  return weight;
}

ImportedWeight OnnxImporter::makeWeight(std::string name, const WeightSource &source,
                                        bool isTransposed) const {
  const OnnxTensor &tensor = *source.tensor;
  ImportedWeight weight;
  weight.isAlias = name != tensor.name;
  weight.name = std::move(name);
  weight.recipe = "onnx";
  weight.parts = {tensor.name};
  weight.bytes = weight.storedBytes = tensor.bytes.size();
  if (!source.refusal.empty())
    weight.refuse(source.refusal);
  else if (tensor.bytes.empty())
    weight.refuse("it is empty");
  else if (source.matrix)
    return makeMatrix(std::move(weight), source, isTransposed);
  else
    return makeFloats(std::move(weight), tensor, isTransposed);
  return weight;
}

/// Rows of a weight. Where it is a vector, or held as the transposed matrix, they are columns
/// there, of floats.
static QuantizedWeight partOf(QuantizedWeight weight, RowRange range, bool areColumns) {
  if (areColumns) {
    std::vector<float> floats;
    floats.reserve(weight.rows * range.count);
    for (uint64_t row = 0; row < weight.rows; ++row) {
      auto begin =
          weight.floats.begin() + static_cast<ptrdiff_t>(row * weight.columns + range.first);
      floats.insert(floats.end(), begin, begin + static_cast<ptrdiff_t>(range.count));
    }
    weight.floats = std::move(floats);
    weight.columns = range.count;
    return weight;
  }
  auto take = [range](auto &numbers, uint64_t each) {
    auto begin = numbers.begin() + static_cast<ptrdiff_t>(range.first * each);
    numbers = {begin, begin + static_cast<ptrdiff_t>(range.count * each)};
  };
  if (weight.floats.empty())
    take(weight.codes, weight.columns);
  else
    take(weight.floats, weight.columns);
  for (Grid *grid : weight.grids())
    if (grid->cellRows == 1)
      take(grid->cells, grid->columns);
  weight.rows = range.count;
  return weight;
}

ImportedWeight OnnxImporter::makeAlias(const std::string &name, const WeightAlias &alias) const {
  const WeightSource &source = *alias.source;
  ImportedWeight weight = makeWeight(name, source, alias.isTransposed);
  if (weight.refusal.empty() && !alias.refusal.empty())
    weight.refuse(alias.refusal);
  if (!weight.refusal.empty())
    return weight;
  if (alias.factor != 1) {
    weight.format = "f32";
    weight.read = [read = weight.read,
                   factor = alias.factor](ThreadPool &pool) -> Expected<QuantizedWeight> {
      UWT_ASSIGN_OR_RETURN(QuantizedWeight whole, read(pool));
      for (float &number : whole.floats)
        number *= factor;
      return whole;
    };
  }
  if (alias.range.isWhole())
    return weight;
  RowRange range = alias.range;
  uint64_t outputs = source.outputs(alias.isTransposed);
  weight.bytes = weight.storedBytes = weight.bytes * range.count / outputs;
  bool areColumns = !source.matrix && (alias.isTransposed || weight.shape.size() == 1);
  weight.shape[0] = range.count;
  weight.read = [read = weight.read, range,
                 areColumns](ThreadPool &pool) -> Expected<QuantizedWeight> {
    UWT_ASSIGN_OR_RETURN(QuantizedWeight whole, read(pool));
    return partOf(std::move(whole), range, areColumns);
  };
  return weight;
}

WeightsByName OnnxImporter::weights() {
  findHeads();
  addMatrices();
  for (const OnnxTensor &tensor : model->initializers())
    addFloats(tensor);
  for (const OnnxTensor &tensor : model->initializers())
    addOthers(tensor);
  addUses();
  addBiases();
  refuseModules();
  WeightsByName result;
  for (const auto &[name, source] : sources)
    result.emplace(name, makeWeight(std::string(name), source, false));
  for (const auto &[name, alias] : aliases)
    addNamed(result, name, alias);
  for (const auto &[name, reason] : refusals) {
    ImportedWeight &weight = result[name];
    weight.name = name;
    weight.recipe = "onnx";
    weight.isAlias = !sources.contains(name);
    if (weight.refusal.empty())
      weight.refuse(reason);
  }
  return result;
}

/// onnx-7: a tensor of the file that has its layer's name is what the layer multiplies with.
void OnnxImporter::addNamed(WeightsByName &result, const std::string &name,
                            const WeightAlias &alias) const {
  auto own = sources.find(name);
  if (own == sources.end()) {
    result.emplace(name, makeAlias(name, alias));
    return;
  }
  ImportedWeight &weight = result.at(name);
  if (&own->second == alias.source)
    weight = makeAlias(name, alias);
  else if (weight.refusal.empty())
    weight.refuse("it is a tensor of the file, and the layer of that name has '" +
                  alias.source->tensor->name + "'");
}

Expected<ImportedWeights> ImportedWeights::openOnnx(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(std::shared_ptr<const OnnxModel> model, OnnxModel::open(path));
  ImportedWeights result;
  result.methodName = "onnx";
  result.known = true;
  UWT_ASSIGN_OR_RETURN(bool isKnown, isKnownModel(path));
  result.weights = OnnxImporter(std::move(model), isKnown).weights();
  return result;
}
