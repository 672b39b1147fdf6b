//===- GgufWeights.cpp - Weights of GGUF files ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight has the name that it has in the file, and where llama.cpp's names and order of rows are
// known, that of transformers too (gguf-5 to gguf-7 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../NameMap.h"
#include "GgufBlocks.h"
#include "GgufModel.h"
#include "uwt/Import/ImportedWeights.h"
#include "uwt/Support/RegularFile.h"
#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>

using namespace uwt;

namespace {

/// Names of llama.cpp.
constexpr NamePair names[] = {
    {"token_embd.weight", "model.embed_tokens.weight"},
    {"output_norm.weight", "model.norm.weight"},
    {"output.weight", "lm_head.weight"},
    {"blk.*.attn_norm.weight", "model.layers.*.input_layernorm.weight"},
    {"blk.*.ffn_norm.weight", "model.layers.*.post_attention_layernorm.weight"},
    {"blk.*.attn_q.weight", "model.layers.*.self_attn.q_proj.weight"},
    {"blk.*.attn_k.weight", "model.layers.*.self_attn.k_proj.weight"},
    {"blk.*.attn_v.weight", "model.layers.*.self_attn.v_proj.weight"},
    {"blk.*.attn_q.bias", "model.layers.*.self_attn.q_proj.bias"},
    {"blk.*.attn_k.bias", "model.layers.*.self_attn.k_proj.bias"},
    {"blk.*.attn_v.bias", "model.layers.*.self_attn.v_proj.bias"},
    {"blk.*.attn_output.weight", "model.layers.*.self_attn.o_proj.weight"},
    {"blk.*.attn_q_norm.weight", "model.layers.*.self_attn.q_norm.weight"},
    {"blk.*.attn_k_norm.weight", "model.layers.*.self_attn.k_norm.weight"},
    {"blk.*.ffn_gate.weight", "model.layers.*.mlp.gate_proj.weight"},
    {"blk.*.ffn_up.weight", "model.layers.*.mlp.up_proj.weight"},
    {"blk.*.ffn_down.weight", "model.layers.*.mlp.down_proj.weight"},
};

using TensorsByName = std::map<std::string_view, const GgufTensor *>;

/// What a tensor needs to be a weight of transformers.
struct Conversion {
  /// The heads whose rows are interleaved, 0 where their number is not known.
  std::optional<uint64_t> heads;
  /// What it is multiplied with, or null.
  const GgufTensor *factor = nullptr;
  /// A tensor beside it that is not read, or null.
  const GgufTensor *unread = nullptr;
};

} // namespace

/// gguf-6: the heads whose rows llama.cpp has interleaved, 0 if the file does not say; nothing if
/// it keeps the order of transformers. What is added to rows has their order.
static std::optional<uint64_t> interleavedHeads(const GgufModel &model, std::string_view name) {
  if (model.architecture() != "llama")
    return std::nullopt;
  uint64_t heads = model.heads("attention.head_count", 0);
  if (layerIn(name, "blk.*.attn_q.weight") || layerIn(name, "blk.*.attn_q.bias"))
    return heads;
  if (layerIn(name, "blk.*.attn_k.weight") || layerIn(name, "blk.*.attn_k.bias"))
    return model.heads("attention.head_count_kv", heads);
  // Of norms of heads no converter of this architecture says the order.
  if (layerIn(name, "blk.*.attn_q_norm.weight") || layerIn(name, "blk.*.attn_k_norm.weight"))
    return 0;
  return std::nullopt;
}

/// gguf-7: a tensor of the same module that is on no list of what is read or has no say.
static const GgufTensor *unreadBeside(const TensorsByName &tensors, std::string_view name) {
  std::string module(name.substr(0, name.rfind('.') + 1));
  for (auto at = tensors.lower_bound(module); at != tensors.end() && at->first.starts_with(module);
       ++at) {
    std::string_view suffix = at->first.substr(module.size());
    if (suffix != "weight" && suffix != "bias" && suffix != "scale" && suffix != "input_scale")
      return at->second;
  }
  return nullptr;
}

/// gguf-7: what llama.cpp multiplies products of X.weight with, X.scale, or null.
static const GgufTensor *factorOf(const TensorsByName &tensors, std::string_view name) {
  constexpr std::string_view suffix = ".weight";
  if (!name.ends_with(suffix))
    return nullptr;
  name.remove_suffix(suffix.size());
  auto found = tensors.find(std::string(name) + ".scale");
  return found == tensors.end() ? nullptr : found->second;
}

/// Why the weight cannot be multiplied with it, or empty.
static std::string factorRefusal(const BlockType &type, const GgufTensor &factor) {
  if (type.factorFormat.empty())
    return "blocks of type " + std::string(type.name) + " are not multiplied with '" + factor.name +
           "'";
  bool isNumber = factor.type && factor.type->name == "F32" && factor.bytes == sizeof(float);
  return isNumber ? "" : "'" + factor.name + "' is not one number of type F32";
}

static float numberOf(const GgufModel &model, const GgufTensor &tensor) {
  float number = 0;
  std::memcpy(&number, model.bytesOf(tensor).data(), sizeof(number));
  return number;
}

/// The file's rows (head, place, half) as rows (head, half, place).
static std::vector<uint8_t> separateHalves(std::span<const uint8_t> rows, uint64_t count,
                                           uint64_t heads) {
  std::vector<uint8_t> result(rows.size());
  uint64_t rowBytes = rows.size() / count, places = count / heads / 2;
  for (uint64_t row = 0; row < count; ++row) {
    uint64_t head = row / (2 * places), place = row % (2 * places) / 2, half = row % 2;
    std::copy_n(rows.data() + row * rowBytes, rowBytes,
                result.data() + ((head * 2 + half) * places + place) * rowBytes);
  }
  return result;
}

/// Why a tensor of so many rows is no weight, or empty.
static std::string refusalOf(const GgufTensor &tensor, uint64_t rows,
                             const Conversion &conversion) {
  const std::optional<uint64_t> &heads = conversion.heads;
  if (!tensor.type)
    return "blocks of type " + blockTypeText(tensor.typeNumber) + " are not read";
  if (tensor.bytes == 0)
    return "it is empty";
  if (conversion.unread)
    return "the file has '" + conversion.unread->name + "', which is not read";
  if (heads == 0)
    return tensor.name.find("_norm.") != std::string::npos
               ? "the order of a head's numbers is not known"
               : "the file does not say of how many heads it is";
  if (heads && tensor.shape.size() < 2 && tensor.type->cell != 0)
    return "blocks have numbers of several rows";
  if (heads && (rows % *heads != 0 || rows / *heads % 2 != 0))
    return std::to_string(rows) + " rows are not " + std::to_string(*heads) +
           " heads of two halves";
  return conversion.factor ? factorRefusal(*tensor.type, *conversion.factor) : "";
}

static ImportedWeight makeWeight(const std::shared_ptr<const GgufModel> &model,
                                 const GgufTensor &tensor, std::string name,
                                 const Conversion &conversion = {}) {
  ImportedWeight weight;
  weight.isAlias = name != tensor.name;
  weight.name = std::move(name);
  weight.recipe = "gguf";
  weight.parts = {tensor.name};
  weight.shape = tensor.shape;
  weight.bytes = tensor.bytes;
  uint64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  uint64_t rows = 1;
  for (size_t i = 0; i + 1 < tensor.shape.size(); ++i)
    rows *= tensor.shape[i];
  if (const GgufTensor *factor = conversion.factor) {
    weight.parts.push_back(factor->name);
    weight.bytes += factor->bytes;
  }
  weight.storedBytes = weight.bytes;
  // A vector has a row an element.
  uint64_t orderedRows = tensor.shape.size() == 1 ? columns : rows;
  if (std::string refusal = refusalOf(tensor, orderedRows, conversion); !refusal.empty()) {
    weight.refuse(std::move(refusal));
    return weight;
  }
  weight.format = conversion.factor ? tensor.type->factorFormat : tensor.type->format;
  weight.runFormat = tensor.type->runFormat;
  weight.read = [model, &tensor, rows, columns, orderedRows,
                 conversion](ThreadPool &pool) -> Expected<QuantizedWeight> {
    std::span<const uint8_t> bytes = model->bytesOf(tensor);
    std::vector<uint8_t> ordered;
    if (conversion.heads)
      bytes = ordered = separateHalves(bytes, orderedRows, *conversion.heads);
    std::optional<float> factor;
    if (conversion.factor)
      factor = numberOf(*model, *conversion.factor);
    QuantizedWeight result = weightOf(*tensor.type, bytes, rows, columns, factor, pool);
    UWT_RETURN_IF_ERROR(model->checkRead());
    return result;
  };
  return weight;
}

bool ImportedWeights::isGguf(const std::string &path) {
  if (path.ends_with(".gguf"))
    return true;
  constexpr std::string_view magic = "GGUF";
  Expected<std::string> begin = readBegin(path, magic.size());
  return begin && *begin == magic;
}

/// Adds a weight by the name of transformers. Errors: Invalid (another tensor has that name).
static Status addNamed(std::map<std::string, ImportedWeight, std::less<>> &weights,
                       ImportedWeight weight) {
  std::string name = weight.name, tensor = weight.parts[0];
  auto [at, isNew] = weights.try_emplace(name, std::move(weight));
  if (isNew)
    return ok();
  return invalidError("tensors '" + at->second.parts[0] + "' and '" + tensor +
                      "' are both weight '" + name + "'");
}

Expected<ImportedWeights> ImportedWeights::openGguf(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(GgufModel opened, GgufModel::open(path));
  auto model = std::make_shared<const GgufModel>(std::move(opened));
  ImportedWeights result;
  result.methodName = "gguf";
  result.known = true;
  bool isKnown = isKnownArchitecture(model->architecture());
  TensorsByName tensors;
  for (const GgufTensor &tensor : model->header.tensors) {
    tensors.emplace(tensor.name, &tensor);
    result.weights.emplace(tensor.name, makeWeight(model, tensor, tensor.name));
  }
  for (const GgufTensor &tensor : model->header.tensors) {
    std::string name = isKnown ? transformersName(names, tensor.name) : "";
    if (name.empty())
      continue;
    Conversion conversion = {interleavedHeads(*model, tensor.name), factorOf(tensors, tensor.name),
                             unreadBeside(tensors, tensor.name)};
    ImportedWeight weight = makeWeight(model, tensor, name, conversion);
    if (Status added = addNamed(result.weights, std::move(weight)); !added)
      return added.takeError().in(path);
  }
  return result;
}
