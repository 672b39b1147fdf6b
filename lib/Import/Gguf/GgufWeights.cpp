//===- GgufWeights.cpp - Weights of GGUF files ----------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight has the name that it has in the file, and where llama.cpp's names and order of rows are
// known, that of transformers too (gguf-5 and gguf-6 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "GgufBlocks.h"
#include "GgufFile.h"
#include "uwt/Container/File.h"
#include "uwt/Import/ImportedWeights.h"
#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

using namespace uwt;

namespace {

/// A name of llama.cpp, and that of transformers. "*" is the number of a layer.
struct NamePair {
  std::string_view gguf, transformers;
};

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

/// Architectures whose tensors are those of transformers but for the names.
constexpr std::array<std::string_view, 3> knownArchitectures = {"llama", "qwen2", "qwen3"};

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

} // namespace

/// The number that stands in the place of "*" in `pattern`, or nothing where the name does not fit.
static std::optional<std::string_view> layerIn(std::string_view name, std::string_view pattern) {
  size_t star = pattern.find('*');
  if (star == std::string_view::npos)
    return name == pattern ? std::optional(std::string_view()) : std::nullopt;
  std::string_view before = pattern.substr(0, star), after = pattern.substr(star + 1);
  if (name.size() <= before.size() + after.size() || !name.starts_with(before) ||
      !name.ends_with(after))
    return std::nullopt;
  std::string_view layer = name.substr(before.size(), name.size() - before.size() - after.size());
  bool isNumber = std::ranges::all_of(layer, [](char c) { return c >= '0' && c <= '9'; });
  return isNumber ? std::optional(layer) : std::nullopt;
}

/// The name in transformers, or empty.
static std::string transformersName(std::string_view name) {
  for (const NamePair &pair : names)
    if (std::optional<std::string_view> layer = layerIn(name, pair.gguf)) {
      std::string result(pair.transformers);
      size_t star = result.find('*');
      if (star != std::string::npos)
        result.replace(star, 1, *layer);
      return result;
    }
  return "";
}

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

static ImportedWeight makeWeight(const std::shared_ptr<const GgufModel> &model,
                                 const GgufTensor &tensor, std::string name,
                                 std::optional<uint64_t> heads = std::nullopt) {
  ImportedWeight weight;
  weight.isAlias = name != tensor.name;
  weight.name = std::move(name);
  weight.recipe = "gguf";
  weight.parts = {tensor.name};
  weight.shape = tensor.shape;
  weight.bytes = weight.storedBytes = tensor.bytes;
  uint64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  uint64_t rows = 1;
  for (size_t i = 0; i + 1 < tensor.shape.size(); ++i)
    rows *= tensor.shape[i];
  if (!tensor.type)
    weight.refuse("blocks of type " + std::to_string(tensor.typeNumber) + " are not read");
  else if (tensor.bytes == 0)
    weight.refuse("it is empty");
  else if (heads == 0)
    weight.refuse("the file does not say of how many heads it is");
  else if (heads && (rows % *heads != 0 || rows / *heads % 2 != 0))
    weight.refuse(std::to_string(rows) + " rows are not " + std::to_string(*heads) +
                  " heads of two halves");
  if (!weight.refusal.empty())
    return weight;
  weight.format = tensor.type->format;
  weight.runFormat = tensor.type->runFormat;
  weight.read = [model, &tensor, rows, columns,
                 heads](ThreadPool &pool) -> Expected<QuantizedWeight> {
    std::span<const uint8_t> bytes = model->file.bytes().subspan(tensor.begin, tensor.bytes);
    std::vector<uint8_t> ordered;
    if (heads)
      bytes = ordered = separateHalves(bytes, rows, *heads);
    QuantizedWeight result = weightOf(*tensor.type, bytes, rows, columns, pool);
    UWT_RETURN_IF_ERROR(model->file.checkRead());
    return result;
  };
  return weight;
}

bool ImportedWeights::isGguf(const std::string &path) {
  if (path.ends_with(".gguf"))
    return true;
  std::array<char, 4> magic{};
  std::ifstream file(path, std::ios::binary);
  return file.read(magic.data(), magic.size()) && std::string_view(magic.data(), 4) == "GGUF";
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
  bool isKnown =
      std::ranges::find(knownArchitectures, model->architecture()) != knownArchitectures.end();
  for (const GgufTensor &tensor : model->header.tensors) {
    result.weights.emplace(tensor.name, makeWeight(model, tensor, tensor.name));
    std::string name = isKnown ? transformersName(tensor.name) : "";
    if (!name.empty())
      result.weights.emplace(
          name, makeWeight(model, tensor, name, interleavedHeads(*model, tensor.name)));
  }
  return result;
}
