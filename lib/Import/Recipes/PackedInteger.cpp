//===- PackedInteger.cpp - pack-quantized of compressed-tensors -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integers of 1 to 8 bits along the rows of weight_packed, whose scales are a matrix of groups
// (packed-1 to packed-4 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../CodeBits.h"
#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <optional>

using namespace uwt;

namespace {

class PackedIntegerRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "pack-quantized"; }
  bool reads(const QuantizationConfig &config) const override {
    return config.method() == "compressed-tensors";
  }
  bool claims(const Parts &parts) const override {
    return parts.has("weight_packed") && parts.dtype("weight_packed") == "I32";
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;
};

} // namespace

/// packed-2: the packing that a row of so many words has, of the bits that the configuration names.
/// Errors: Unsupported (none of them, or several).
static Expected<CodeBits> bitsOf(const QuantizationConfig &config, uint64_t columns,
                                 uint64_t words) {
  std::optional<CodeBits> found;
  for (const QuantizationConfig &group : config.groups()) {
    int64_t bits = group.integer("num_bits").value_or(0);
    if (bits < 1 || bits > 8 || group.text("type") == "float")
      continue;
    for (auto packing : {CodeBits::Packing::Dense, CodeBits::Packing::Whole}) {
      CodeBits codes = {static_cast<unsigned>(bits), packing};
      if (codes.words(columns) != words)
        continue;
      if (found && found->bits != codes.bits)
        return unsupportedError("rows of " + std::to_string(words) + " words may have codes of " +
                                std::to_string(found->bits) + " bits or of " +
                                std::to_string(codes.bits));
      if (!found)
        found = codes;
    }
  }
  if (found)
    return *found;
  return unsupportedError("no num_bits of config_groups gives rows of " + std::to_string(words) +
                          " words for " + std::to_string(columns) + " columns");
}

/// packed-1: the size that gives so many groups, or 0 where the configuration has none.
static uint64_t groupSize(const QuantizationConfig &config, uint64_t columns, uint64_t groups) {
  uint64_t found = 0;
  for (const QuantizationConfig &group : config.groups()) {
    auto size =
        static_cast<uint64_t>(std::max<int64_t>(group.integer("group_size").value_or(0), 0));
    if (size == 0 || divideUp(columns, size) != groups)
      continue;
    if (found != 0 && found != size)
      return 0; // Two sizes give as many.
    found = size;
  }
  return found != 0 ? found : groups == 1 ? columns : 0;
}

/// Returns whether all groups of integers of so many bits say that zero points are, or are not,
/// symmetric.
static bool areAllSymmetric(const QuantizationConfig &config, int64_t bits, bool isSymmetric) {
  return std::ranges::all_of(config.groups(), [&](const QuantizationConfig &group) {
    bool isOther = group.integer("num_bits") != bits || group.text("type") == "float";
    return isOther || group.truth("symmetric").value_or(true) == isSymmetric;
  });
}

/// packed-4: the group of each column, or nothing where groups are columns side by side. Errors:
/// Invalid.
static Expected<std::vector<uint32_t>> groupsOf(const Parts &parts, uint64_t groups,
                                                ThreadPool &pool) {
  if (!parts.has("weight_g_idx"))
    return std::vector<uint32_t>();
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> group, parts.words("weight_g_idx", pool));
  // What compressed-tensors writes where columns have no order of their own.
  if (std::ranges::all_of(group, [](uint32_t each) { return each == UINT32_MAX; }))
    return std::vector<uint32_t>();
  for (uint32_t each : group)
    if (each >= groups)
      return outsideError("a column", "group", each, groups);
  UWT_RETURN_IF_ERROR(expectAllGroups(group, groups));
  return group;
}

Expected<WeightOutline> PackedIntegerRecipe::outline(const QuantizationConfig &config,
                                                     const Parts &parts, ThreadPool &pool) const {
  UWT_RETURN_IF_ERROR(parts.expect("weight_scale", {"F16", "BF16", "F32"}));
  UWT_RETURN_IF_ERROR(parts.expect("weight_shape", {"I64", "I32"}, {2}));
  UWT_ASSIGN_OR_RETURN(Shape shape, parts.sizes("weight_shape", pool));
  const Shape &packed = parts.shape("weight_packed");
  if (packed.size() != 2 || packed[0] != shape[0] || shape[1] > 32 * packed[1])
    return unsupportedError(".weight_packed is " + shapeText(packed) + " of a weight " +
                            shapeText(shape));
  WeightOutline outline{
      shape[0], shape[1], {}, "", {"weight_packed", "weight_scale", "weight_shape"}};
  UWT_ASSIGN_OR_RETURN(CodeBits codes, bitsOf(config, shape[1], packed[1]));
  const Shape &scales = parts.shape("weight_scale");
  uint64_t group = groupSize(config, shape[1], scales.size() == 2 ? scales[1] : 1);
  UWT_ASSIGN_OR_RETURN(Grid scale, cellsOf("weight_scale", scales, outline, 1, group));
  std::string element = "uint<" + std::to_string(codes.bits) + ">";
  std::string cell = cellText(scale.cellRows, scale.cellColumns, outline);
  outline.format = element + ", zero=";
  if (parts.has("weight_zero_point")) {
    UWT_RETURN_IF_ERROR(
        parts.expect("weight_zero_point", {"I32"}, {codes.words(shape[0]), scale.columns}));
    outline.parts.emplace_back("weight_zero_point");
    // They are numbers of rows, under one scale for all of them too.
    outline.format += "{" + cellText(1, scale.cellColumns, outline) + ", " + element + "}";
  } else if (areAllSymmetric(config, codes.bits, false)) {
    return unsupportedError("symmetric is false, and there is no .weight_zero_point");
  } else {
    outline.format += std::to_string(codes.count() / 2);
  }
  if (parts.has("weight_g_idx")) {
    UWT_RETURN_IF_ERROR(parts.expect("weight_g_idx", {"I32"}, {shape[1]}));
    outline.parts.emplace_back("weight_g_idx");
  } else if (scale.columns > 1) {
    UWT_RETURN_IF_ERROR(expectNoColumnOrder(config, codes.bits, "weight_g_idx"));
  }
  outline.format +=
      ", scale={" + cell + ", " + std::string(elementText(parts.dtype("weight_scale"))) + "}";
  if (parts.has("weight_g_idx")) {
    UWT_ASSIGN_OR_RETURN(std::string_view order,
                         columnOrderText(parts, "weight_g_idx", scale.cellColumns, pool));
    outline.format += order;
  }
  return outline;
}

Expected<QuantizedWeight> PackedIntegerRecipe::assemble(const QuantizationConfig &config,
                                                        const Parts &parts,
                                                        const WeightOutline &outline,
                                                        ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(CodeBits codes,
                       bitsOf(config, outline.columns, parts.shape("weight_packed")[1]));
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.values = integerValues(codes.count());
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> packed, parts.words("weight_packed", pool));
  weight.codes = unpackRows(codes, packed, outline.rows, outline.columns, pool);

  const Shape &scales = parts.shape("weight_scale");
  uint64_t group = groupSize(config, outline.columns, scales.size() == 2 ? scales[1] : 1);
  UWT_ASSIGN_OR_RETURN(weight.scale, cellsOf("weight_scale", scales, outline, 1, group));
  UWT_ASSIGN_OR_RETURN(weight.scale.cells, parts.floats("weight_scale", pool));
  uint64_t middle = codes.count() / 2;
  weight.zero = Grid::constant(static_cast<float>(middle));
  uint64_t groups = weight.scale.columns;
  if (parts.has("weight_zero_point")) {
    UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> words, parts.words("weight_zero_point", pool));
    // packed-3: down the columns, as many codes as the weight has rows.
    std::vector<uint8_t> zeros = unpackColumns(codes, words, groups, outline.rows, pool);
    if (areAllSymmetric(config, codes.bits, true))
      UWT_RETURN_IF_ERROR(expectNeutralZeros(zeros, middle, "symmetric is true"));
    weight.zero = gridOfColumns<uint8_t>(zeros, groups, outline.rows, weight.scale.cellColumns);
  }
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> columnGroups, groupsOf(parts, groups, pool));
  if (!columnGroups.empty()) {
    weight.gridColumns = std::move(columnGroups);
    weight.scale.cellColumns = 1;
    if (weight.zero.cells.size() > 1)
      weight.zero.cellColumns = 1;
  }
  return weight;
}

const Recipe &uwt::getPackedIntegerRecipe() {
  static const PackedIntegerRecipe recipe;
  return recipe;
}
