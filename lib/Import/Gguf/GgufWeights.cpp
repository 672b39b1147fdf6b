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
#include "GgufFile.h"
#include "uwt/Container/File.h"
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

/// What the file's weights are read from.
struct GgufModel {
  MappedFile file;
  GgufHeader header;

  std::string_view architecture() const {
    auto found = header.texts.find("general.architecture");
    return found == header.texts.end() ? std::string_view() : found->second;
  }
  /// A number of heads: `absent` where the file has no such key, 0 where it has one for each layer.
  uint64_t heads(std::string_view key, uint64_t absent) const {
    std::string full = std::string(architecture()) + "." + std::string(key);
    if (header.arrays.contains(full))
      return 0;
    auto found = header.integers.find(full);
    return found == header.integers.end() ? absent : found->second;
  }
};

using TensorsByName = std::map<std::string_view, const GgufTensor *>;

/// What a tensor needs to be a weight of transformers.
struct Conversion {
  /// The heads whose rows are interleaved, 0 where their number is not known.
  std::optional<uint64_t> heads;
  /// What it is multiplied with, or null.
  const GgufTensor *factor = nullptr;
};

} // namespace

/// gguf-6: the heads whose rows llama.cpp has interleaved, 0 where the file does not say; nothing
/// where it keeps the order of transformers.
static std::optional<uint64_t> interleavedHeads(const GgufModel &model, std::string_view name) {
  if (model.architecture() != "llama")
    return std::nullopt;
  uint64_t heads = model.heads("attention.head_count", 0);
  if (layerIn(name, "blk.*.attn_q.weight"))
    return heads;
  if (layerIn(name, "blk.*.attn_k.weight"))
    return model.heads("attention.head_count_kv", heads);
  return std::nullopt;
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
  std::memcpy(&number, model.file.bytes().data() + tensor.begin, sizeof(number));
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
    return "blocks of type " + std::to_string(tensor.typeNumber) + " are not read";
  if (tensor.bytes == 0)
    return "it is empty";
  if (heads == 0)
    return "the file does not say of how many heads it is";
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
  if (std::string refusal = refusalOf(tensor, rows, conversion); !refusal.empty()) {
    weight.refuse(std::move(refusal));
    return weight;
  }
  weight.format = conversion.factor ? tensor.type->factorFormat : tensor.type->format;
  weight.runFormat = tensor.type->runFormat;
  weight.read = [model, &tensor, rows, columns,
                 conversion](ThreadPool &pool) -> Expected<QuantizedWeight> {
    std::span<const uint8_t> bytes = model->file.bytes().subspan(tensor.begin, tensor.bytes);
    std::vector<uint8_t> ordered;
    if (conversion.heads)
      bytes = ordered = separateHalves(bytes, rows, *conversion.heads);
    std::optional<float> factor;
    if (conversion.factor)
      factor = numberOf(*model, *conversion.factor);
    QuantizedWeight result = weightOf(*tensor.type, bytes, rows, columns, factor, pool);
    UWT_RETURN_IF_ERROR(model->file.checkRead());
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

Expected<ImportedWeights> ImportedWeights::openGguf(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  Expected<GgufHeader> header = GgufHeader::parse(file.bytes());
  UWT_RETURN_IF_ERROR(file.checkRead());
  if (!header)
    return Error(header.error().getKind(), path + ": " + header.error().message());
  auto model = std::make_shared<const GgufModel>(std::move(file), *std::move(header));
  ImportedWeights result;
  result.methodName = "gguf";
  result.known = true;
  bool isKnown = isKnownArchitecture(model->architecture());
  TensorsByName tensors;
  for (const GgufTensor &tensor : model->header.tensors)
    tensors.emplace(tensor.name, &tensor);
  for (const GgufTensor &tensor : model->header.tensors) {
    result.weights.emplace(tensor.name, makeWeight(model, tensor, tensor.name));
    std::string name = isKnown ? transformersName(names, tensor.name) : "";
    if (name.empty())
      continue;
    Conversion conversion = {interleavedHeads(*model, tensor.name), factorOf(tensors, tensor.name)};
    result.weights.emplace(name, makeWeight(model, tensor, name, conversion));
  }
  return result;
}
