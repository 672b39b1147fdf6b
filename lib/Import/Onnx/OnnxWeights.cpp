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
#include "../QuantizationConfig.h"
#include "OnnxMatrix.h"
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

/// The module that a node belongs to, of its name: "model.layers.0.attn.q_proj" of
/// "/model/layers.0/attn/q_proj/MatMul_Q4". Empty where it has another name.
static std::string moduleOf(const OnnxNode &node) {
  std::string_view path = node.name;
  size_t end = path.rfind('/');
  if (!path.starts_with('/') || end == 0 || end == std::string_view::npos)
    return "";
  std::string module(path.substr(1, end - 1));
  std::ranges::replace(module, '/', '.');
  return module;
}

namespace {

/// What a product does with a matrix.
struct MatrixUse {
  /// Whether the value is [K, N]: a row for each input.
  bool isKMajor = false;
  const OnnxNode *node = nullptr;
};

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
  /// Why it cannot be read, or empty.
  std::string refusal = {};
};

/// How weights of one model are made.
class OnnxImporter {
public:
  OnnxImporter(std::shared_ptr<const OnnxModel> model, bool isKnown)
      : model(std::move(model)), isKnown(isKnown) {}

  std::map<std::string, ImportedWeight, std::less<>> weights();

private:
  void findUses();
  void findHeads();
  void addMatrices();
  void addMatrix(const OnnxTensor &codes, const MatrixUse &use, const Expected<OnnxMatrix> &matrix);
  void addFloats(const OnnxTensor &tensor);
  void addBiases();
  void addAliases(const OnnxNode &node, std::string_view suffix, const WeightSource &source,
                  bool isTransposed);
  void addParts(const std::string &attention, std::string_view suffix, const WeightSource &source,
                bool isTransposed);
  void addAlias(const std::string &name, WeightAlias alias);
  const MatrixUse *useOf(std::string_view value) const;
  ImportedWeight makeAlias(const std::string &name, const WeightAlias &alias) const;
  ImportedWeight makeWeight(std::string name, const WeightSource &source, bool isTransposed) const;
  ImportedWeight makeMatrix(ImportedWeight weight, const WeightSource &source,
                            bool isTransposed) const;
  ImportedWeight makeFloats(ImportedWeight weight, const OnnxTensor &tensor,
                            bool isTransposed) const;

  std::shared_ptr<const OnnxModel> model;
  /// Whether its architecture is.
  bool isKnown;
  /// By the value that is multiplied with.
  std::map<std::string_view, MatrixUse> uses;
  /// By the module of the attention.
  std::map<std::string, AttentionHeads, std::less<>> heads;
  /// Initializers that are a weight's scales or zero points.
  std::set<std::string_view> grids;
  /// By the initializer's name, and by that of transformers.
  std::map<std::string_view, WeightSource> sources;
  std::map<std::string, WeightAlias> aliases;
};

} // namespace

//===----------------------------------------------------------------------===//
// What there is
//===----------------------------------------------------------------------===//

/// Whether a Transpose exchanges the two dimensions of a matrix, as it does where it does not say.
static bool swapsDimensions(const OnnxNode &node) {
  auto found = node.lists.find("perm");
  return found == node.lists.end() || found->second == std::vector<uint64_t>{1, 0};
}

/// onnx-6: how matrices lie that MatMul and Gemm multiply with, there or behind a Transpose.
void OnnxImporter::findUses() {
  for (const OnnxNode &node : model->nodes()) {
    if (!node.is("MatMul") && !node.is("Gemm"))
      continue;
    auto found = node.integers.find("transB");
    bool isTransposed = node.is("Gemm") && found != node.integers.end() && found->second != 0;
    uses.try_emplace(node.input(1), MatrixUse{!isTransposed, &node});
  }
  for (const OnnxNode &node : model->nodes()) {
    const MatrixUse *use =
        node.is("Transpose") && !node.outputs.empty() ? useOf(node.outputs[0]) : nullptr;
    if (use && swapsDimensions(node))
      uses.try_emplace(node.input(0), MatrixUse{!use->isKMajor, use->node});
  }
}

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

const MatrixUse *OnnxImporter::useOf(std::string_view value) const {
  auto found = uses.find(value);
  return found == uses.end() ? nullptr : &found->second;
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
      first.range != alias.range)
    first.refusal = "several weights of the file have this name";
}

/// onnx-7: names by that of the node that multiplies with a weight, or adds it.
void OnnxImporter::addAliases(const OnnxNode &node, std::string_view suffix,
                              const WeightSource &source, bool isTransposed) {
  constexpr std::string_view packed = ".qkv_proj";
  std::string module = moduleOf(node), name = transformersName(modules, module);
  if (!name.empty())
    addAlias(name + std::string(suffix), {&source, isTransposed});
  if (module.ends_with(packed))
    addParts(module.substr(0, module.size() - packed.size()), suffix, source, isTransposed);
}

/// onnx-8: rows of queries, of keys and of values of one weight.
void OnnxImporter::addParts(const std::string &attention, std::string_view suffix,
                            const WeightSource &source, bool isTransposed) {
  auto found = heads.find(attention);
  if (found == heads.end())
    return;
  auto [queries, keys] = found->second;
  uint64_t rows = source.outputs(isTransposed), all = queries + 2 * keys, each = rows / all;
  std::string refusal;
  if (rows % all != 0)
    refusal = std::to_string(rows) + " rows are not " + std::to_string(all) + " heads";
  else if (source.matrix && !source.matrix->hasRowsAlone(isTransposed))
    refusal = "rows of several heads have scales together";
  else if (source.matrix && source.isHeldTransposed != isTransposed)
    refusal = "nodes take it as [K, N] and as [N, K]";
  RowRange range = {0, queries * each};
  for (std::string_view part : {".q_proj", ".k_proj", ".v_proj"}) {
    std::string name = transformersName(modules, attention + std::string(part));
    if (!name.empty())
      addAlias(name + std::string(suffix), {&source, isTransposed, range, refusal});
    range = {range.first + range.count, keys * each};
  }
}

void OnnxImporter::addMatrix(const OnnxTensor &codes, const MatrixUse &use,
                             const Expected<OnnxMatrix> &matrix) {
  auto [at, isNew] = sources.try_emplace(codes.name, WeightSource{&codes, {}, "", use.isKMajor});
  WeightSource &source = at->second;
  if (!matrix)
    source.refusal = matrix.error().message();
  else if (isNew)
    source.matrix = *matrix;
  else if (source.matrix && !source.matrix->isSame(*matrix))
    source.refusal = "nodes take its codes for different weights";
  if (use.node)
    addAliases(*use.node, ".weight", source, use.isKMajor);
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
    if (isProduct) {
      addMatrix(*codes, {false, &node}, OnnxMatrix::ofMatMulNBits(*model, node));
      continue;
    }
    const MatrixUse *use = node.outputs.empty() ? nullptr : useOf(node.outputs[0]);
    addMatrix(*codes, use ? *use : MatrixUse(), OnnxMatrix::ofDequantizeLinear(*model, node));
  }
}

/// onnx-7: floats that are no scales or zero points.
void OnnxImporter::addFloats(const OnnxTensor &tensor) {
  if (!tensor.type || tensor.type->element || grids.contains(tensor.name))
    return;
  const WeightSource &source =
      sources.try_emplace(tensor.name, WeightSource{&tensor, {}, tensor.refusal}).first->second;
  const MatrixUse *use = useOf(tensor.name);
  std::string norm = isKnown ? transformersName(norms, tensor.name) : "";
  if (!norm.empty())
    addAlias(norm, {&source, false});
  if (use && tensor.shape.size() == 2)
    addAliases(*use->node, ".weight", source, use->isKMajor);
}

void OnnxImporter::addBiases() {
  for (const OnnxNode &node : model->nodes()) {
    if (!node.is("Add"))
      continue;
    for (std::string_view input : node.inputs) {
      auto found = sources.find(input);
      if (found != sources.end() && found->second.tensor->shape.size() == 1)
        addAliases(node, ".bias", found->second, false);
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
  if (!weight.refusal.empty() || alias.range.isWhole())
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

std::map<std::string, ImportedWeight, std::less<>> OnnxImporter::weights() {
  findUses();
  findHeads();
  addMatrices();
  for (const OnnxTensor &tensor : model->initializers())
    addFloats(tensor);
  addBiases();
  std::map<std::string, ImportedWeight, std::less<>> result;
  for (const auto &[name, source] : sources)
    result.emplace(name, makeWeight(std::string(name), source, false));
  for (const auto &[name, alias] : aliases)
    result.try_emplace(name, makeAlias(name, alias));
  return result;
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
