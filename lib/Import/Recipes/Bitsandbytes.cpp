//===- Bitsandbytes.cpp - NF4, FP4 and INT8 of bitsandbytes ---------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of 4 bits into a table that the file has, in blocks of a flat row-major matrix, whose
// scales may be codes themselves; or integers of 8 bits with a scale a row (bnb-1 to bnb-4 of
// docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Support/JsonTree.h"
#include <algorithm>
#include <array>

using namespace uwt;
using nlohmann::json;

namespace {

/// What the tensor weight.quant_state.bitsandbytes__… says.
struct QuantState {
  /// Of the weight, and the product of it.
  Shape shape;
  uint64_t elements = 1, block = 0;
  /// Of scales that are codes: how many share one of theirs, and what is added.
  uint64_t nestedBlock = 0;
  float nestedOffset = 0;

  uint64_t blocks() const { return divideUp(elements, block); }
  /// Returns whether rows are whole blocks.
  bool hasWholeBlocks() const { return shape.back() % block == 0; }
};

class BitsandbytesRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "bitsandbytes"; }
  bool transposesConv1D() const override { return true; }
  bool reads(const QuantizationConfig &config) const override {
    return config.method() == "bitsandbytes";
  }
  bool claims(const Parts &parts) const override {
    return parts.has("weight") && (parts.has("SCB") || !stateOf(parts).empty());
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;

private:
  static std::string_view stateOf(const Parts &parts) {
    for (std::string_view name :
         {"weight.quant_state.bitsandbytes__nf4", "weight.quant_state.bitsandbytes__fp4"})
      if (parts.has(name))
        return name;
    return "";
  }
  static Expected<QuantState> readState(const Parts &parts, ThreadPool &pool);
  static Expected<std::vector<float>> readScales(const Parts &parts, const QuantState &state,
                                                 ThreadPool &pool);
};

} // namespace

/// An unsigned member, or nothing.
static uint64_t sizeOf(const json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

/// Weights have fewer elements.
static constexpr uint64_t maxElements = uint64_t(1) << 48;

/// The shape that a quant_state says: a matrix, or a stack of them. Errors: Unsupported.
static Expected<Shape> shapeOf(const json &object, std::string_view name) {
  auto found = object.find("shape");
  Shape shape;
  if (found != object.end() && found->is_array())
    for (const json &size : *found)
      shape.push_back(size.is_number_unsigned() ? size.get<uint64_t>() : 0);
  uint64_t elements = 1;
  for (uint64_t size : shape)
    if (size == 0 || elements > maxElements / size)
      elements = 0;
    else
      elements *= size;
  if ((shape.size() != 2 && shape.size() != 3) || elements == 0)
    return unsupportedError("." + std::string(name) +
                            " does not say the shape of a matrix or of a stack of them");
  return shape;
}

Expected<QuantState> BitsandbytesRecipe::readState(const Parts &parts, ThreadPool &pool) {
  std::string_view name = stateOf(parts);
  UWT_RETURN_IF_ERROR(parts.expect(name, {"U8"}));
  constexpr uint64_t stateLimit = 4096;
  if (parts.at(name).entry->bytes > stateLimit)
    return unsupportedError("." + std::string(name) + " has more than " +
                            std::to_string(stateLimit) + " bytes");
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> text, parts.bytes(name, pool));
  json object = parseJsonTreeOrNone({reinterpret_cast<const char *>(text.data()), text.size()});
  if (!object.is_object())
    return invalidError("." + std::string(name) + " is not a JSON object");
  constexpr std::array<std::string_view, 7> members = {
      "quant_type",       "blocksize",    "dtype",        "shape",
      "nested_blocksize", "nested_dtype", "nested_offset"};
  for (const auto &[key, value] : object.items())
    if (std::ranges::count(members, key) == 0)
      return unsupportedError("." + std::string(name) + " has '" + key +
                              "', which UWT does not know: it may change what the weight means");
  QuantState state;
  UWT_ASSIGN_OR_RETURN(state.shape, shapeOf(object, name));
  for (uint64_t size : state.shape)
    state.elements *= size; // Below 2^64 by shapeOf.
  state.block = sizeOf(object, "blocksize");
  state.nestedBlock = sizeOf(object, "nested_blocksize");
  auto offset = object.find("nested_offset");
  bool hasOffset = offset != object.end() && offset->is_number();
  if (hasOffset)
    state.nestedOffset = offset->get<float>();
  if (!hasOffset && parts.has("weight.nested_absmax"))
    return unsupportedError("the scales are codes, and ." + std::string(name) +
                            " has no nested_offset that is a number");
  if (state.block == 0 || state.block > maxElements)
    return unsupportedError("." + std::string(name) + " says blocks of " +
                            std::to_string(state.block) + " elements");
  std::string_view type = name.substr(name.size() - 3);
  auto found = object.find("quant_type");
  if (found != object.end() && *found != type)
    return unsupportedError("." + std::string(name) + " is of a weight of another quant_type");
  return state;
}

/// Checks that INT8 codes lie row by row: 0 of the orders that bitsandbytes has. Errors:
/// Unsupported; as reading a tensor.
static Status checkRowOrder(const Parts &parts, WeightOutline &outline, ThreadPool &pool) {
  if (!parts.has("weight_format"))
    return ok();
  UWT_RETURN_IF_ERROR(parts.expect("weight_format", {"U8"}, {}));
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> order, parts.bytes("weight_format", pool));
  if (order[0] != 0)
    return unsupportedError(".weight_format is " + std::to_string(order[0]) +
                            ", expected 0 (rows)");
  outline.checked.emplace_back("weight_format");
  return ok();
}

/// The matrix whose rows are whole blocks: the weight, or (bnb-3) as flat elements that are decoded
/// when they are loaded, rows of a block, or one row where the last block is not whole.
static WeightOutline matrixOf(const QuantState &state) {
  uint64_t columns = state.hasWholeBlocks()              ? state.shape.back()
                     : state.elements % state.block == 0 ? state.block
                                                         : state.elements;
  bool isPlain = state.shape.size() == 2 && state.hasWholeBlocks();
  return {state.elements / columns, columns, isPlain ? Shape() : state.shape, "", {}};
}

/// Checks the bytes of codes, which may be stored as numbers of another type
/// (bnb_4bit_quant_storage). Errors: Unsupported.
static Status checkStorage(const Parts &parts, const QuantState &state) {
  UWT_RETURN_IF_ERROR(parts.expect("weight", {"U8", "I8", "BF16", "F16", "F32"}));
  const Shape &packed = parts.shape("weight");
  uint64_t bytes = parts.at("weight").entry->bytes;
  if (packed.size() == 2 && packed[1] == 1 && bytes == divideUp(state.elements, 2))
    return ok();
  return unsupportedError(".weight is " + shapeText(packed) + " of a weight " +
                          shapeText(state.shape));
}

Expected<WeightOutline> BitsandbytesRecipe::outline(const QuantizationConfig &, const Parts &parts,
                                                    ThreadPool &pool) const {
  if (parts.has("SCB")) {
    UWT_RETURN_IF_ERROR(parts.expect("weight", {"I8"}));
    const Shape &shape = parts.shape("weight");
    if (shape.size() != 2)
      return unsupportedError(".weight is " + shapeText(shape) + ", expected a matrix");
    UWT_RETURN_IF_ERROR(parts.expect("SCB", {"F32"}, {shape[0]}));
    WeightOutline outline{
        shape[0], shape[1], {}, "int<8>, scale={row, f32}, factor=1/127", {"weight", "SCB"}};
    UWT_RETURN_IF_ERROR(checkRowOrder(parts, outline, pool));
    return outline;
  }
  UWT_ASSIGN_OR_RETURN(QuantState state, readState(parts, pool));
  UWT_RETURN_IF_ERROR(checkStorage(parts, state));
  uint64_t blocks = state.blocks();
  UWT_RETURN_IF_ERROR(parts.expect("weight.quant_map", {"F32"}, {16}));
  WeightOutline outline = matrixOf(state);
  outline.parts = {"weight", "weight.absmax"};
  std::string scale = "f32";
  if (parts.has("weight.nested_absmax")) {
    if (state.nestedBlock == 0)
      return unsupportedError("the scales are codes, and nothing says how many share a scale");
    UWT_RETURN_IF_ERROR(parts.expect("weight.absmax", {"U8"}, {blocks}));
    uint64_t nested = (blocks - 1) / state.nestedBlock + 1;
    UWT_RETURN_IF_ERROR(parts.expect("weight.nested_absmax", {"F32"}, {nested}));
    UWT_RETURN_IF_ERROR(parts.expect("weight.nested_quant_map", {"F32"}, {256}));
    outline.parts.insert(outline.parts.end(), {"weight.nested_absmax", "weight.nested_quant_map"});
    scale = "table<8>, scale={flat<" + std::to_string(state.nestedBlock) +
            ">, f32}, offset={tensor, f32}";
  } else {
    UWT_RETURN_IF_ERROR(parts.expect("weight.absmax", {"F32"}, {blocks}));
  }
  outline.parts.insert(outline.parts.end(), {"weight.quant_map", stateOf(parts)});
  std::string cell = "table<4>, scale={" +
                     (state.hasWholeBlocks() ? cellText(1, state.block, outline)
                                             : "flat<" + std::to_string(state.block) + ">") +
                     ", ";
  outline.format = cell + scale + "}";
  outline.runFormat = cell + "f32}";
  outline.facts = state;
  return outline;
}

/// bnb-3: a scale a block.
Expected<std::vector<float>>
BitsandbytesRecipe::readScales(const Parts &parts, const QuantState &state, ThreadPool &pool) {
  if (!parts.has("weight.nested_absmax"))
    return parts.floats("weight.absmax", pool);
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> codes, parts.bytes("weight.absmax", pool));
  UWT_ASSIGN_OR_RETURN(std::vector<float> table, parts.floats("weight.nested_quant_map", pool));
  UWT_ASSIGN_OR_RETURN(std::vector<float> nested, parts.floats("weight.nested_absmax", pool));
  std::vector<float> scales(codes.size());
  for (size_t i = 0; i < codes.size(); ++i) {
    float product = table[codes[i]] * nested[i / state.nestedBlock];
    scales[i] = product + state.nestedOffset;
  }
  return scales;
}

Expected<QuantizedWeight> BitsandbytesRecipe::assemble(const QuantizationConfig &,
                                                       const Parts &parts,
                                                       const WeightOutline &outline,
                                                       ThreadPool &pool) const {
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  if (parts.has("SCB")) { // bnb-4
    weight.values = signedByteValues();
    UWT_ASSIGN_OR_RETURN(weight.codes, parts.bytes("weight", pool));
    weight.scale = {1, outline.columns, 1, {}};
    UWT_ASSIGN_OR_RETURN(weight.scale.cells, parts.floats("SCB", pool));
    weight.factor = 1.0f / 127;
    return weight;
  }
  const auto &state = std::any_cast<const QuantState &>(outline.facts);
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> packed, parts.bytes("weight", pool));
  weight.codes.reserve(packed.size() * 2);
  for (uint8_t pair : packed) { // bnb-1
    weight.codes.push_back(pair >> 4);
    weight.codes.push_back(pair & 15);
  }
  weight.codes.resize(state.elements); // Of an odd number the last half is not used.
  weight.matrices = state.shape.size() == 3 && state.hasWholeBlocks() ? state.shape[0] : 1;
  UWT_ASSIGN_OR_RETURN(weight.values, parts.floats("weight.quant_map", pool)); // bnb-2
  weight.scale = {1, state.block, divideUp(outline.columns, state.block), {}};
  UWT_ASSIGN_OR_RETURN(weight.scale.cells, readScales(parts, state, pool));
  return weight;
}

const Recipe &uwt::getBitsandbytesRecipe() {
  static const BitsandbytesRecipe recipe;
  return recipe;
}
