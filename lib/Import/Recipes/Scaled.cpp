//===- Scaled.cpp - Weights of whole bytes beside their scales ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// FP8 and INT8: the tensor X.weight has the codes, and another one a number a tensor, a row, a
// block or a group, as DeepSeek, compressed-tensors and ModelOpt store them (byte-1 to byte-3 of
// docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/Floats.h"
#include <algorithm>
#include <array>

using namespace uwt;

namespace {

class ScaledRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "scaled"; }
  bool reads(const QuantizationConfig &config) const override {
    constexpr std::array<std::string_view, 4> methods = {"fp8", "compressed-tensors", "modelopt",
                                                         "fbgemm_fp8"};
    return std::ranges::find(methods, config.method()) != methods.end();
  }
  bool claims(const Parts &parts) const override {
    if (!parts.has("weight") || scaleOf(parts).empty() || parts.shape("weight").size() < 2)
      return false;
    std::string_view dtype = parts.dtype("weight");
    return dtype == "F8_E4M3" || dtype == "F8_E5M2" || dtype == "I8";
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;

private:
  /// byte-2: all are multiplied with, whatever they are called.
  static std::string_view scaleOf(const Parts &parts) {
    for (std::string_view name : {"weight_scale_inv", "weight_scale", "scale"})
      if (parts.has(name))
        return name;
    return "";
  }
};

} // namespace

/// Whether all groups of integers say that zero points are, or are not, symmetric. Nothing is said
/// where there are no groups.
static bool areAllSymmetric(const QuantizationConfig &config, bool isSymmetric) {
  bool isAny = false;
  for (const QuantizationConfig &group : config.groups()) {
    if (group.text("type") == "float")
      continue;
    isAny = true;
    if (group.truth("symmetric").value_or(true) != isSymmetric)
      return false;
  }
  return isAny;
}

/// A grid as the configuration has it: blocks, or groups of columns.
static Expected<Grid> gridOf(const QuantizationConfig &config, const Parts &parts,
                             std::string_view suffix, const WeightOutline &outline) {
  const Shape &shape = parts.shape(suffix);
  if (auto block = config.pair("weight_block_size"))
    return cellsOf(suffix, shape, outline, block->first, block->second);
  for (const QuantizationConfig &group : config.groups()) {
    if (auto block = group.pair("block_structure"))
      if (shape == Shape{divideUp(outline.rows, std::max<uint64_t>(block->first, 1)),
                         divideUp(outline.columns, std::max<uint64_t>(block->second, 1))})
        return cellsOf(suffix, shape, outline, block->first, block->second);
    int64_t size = group.integer("group_size").value_or(0);
    if (size > 0)
      return cellsOf(suffix, shape, outline, 1, static_cast<uint64_t>(size));
  }
  // Exponents are those of MXFP8, unless somebody says otherwise.
  bool isExponent = isExponentDtype(parts.dtype(suffix));
  return cellsOf(suffix, shape, outline, isExponent ? 1 : 0, isExponent ? 32 : 0);
}

Expected<WeightOutline> ScaledRecipe::outline(const QuantizationConfig &config, const Parts &parts,
                                              ThreadPool &) const {
  const Shape &shape = parts.shape("weight");
  if (shape.size() != 2)
    return unsupportedError(".weight is " + shapeText(shape) + ", expected a matrix");
  std::string_view scale = scaleOf(parts), dtype = parts.dtype("weight");
  UWT_RETURN_IF_ERROR(parts.expect(scale, {"F32", "BF16", "F16", "F8_E8M0", "U8"}));
  WeightOutline outline{shape[0], shape[1], {}, "", {"weight", scale}};
  UWT_ASSIGN_OR_RETURN(Grid grid, gridOf(config, parts, scale, outline));
  std::string cell = cellText(grid.cellRows, grid.cellColumns, outline);
  outline.format = dtype == "I8" ? "int<8>" : std::string(elementText(dtype));
  if (parts.has("weight_zero_point")) {
    UWT_RETURN_IF_ERROR(parts.expect("weight_zero_point", {"I8"}, parts.shape(scale)));
    outline.parts.emplace_back("weight_zero_point");
    outline.format += ", zero={" + cell + ", int<8>}";
  } else if (dtype == "I8" && areAllSymmetric(config, false)) {
    return unsupportedError("symmetric is false, and there is no .weight_zero_point");
  }
  outline.format += ", scale={" + cell + ", " + std::string(elementText(parts.dtype(scale))) + "}";
  return outline;
}

/// The number of each code of a dtype of 8 bits (byte-1).
static std::vector<float> valuesOf(std::string_view dtype) {
  if (dtype == "I8")
    return signedByteValues();
  return (dtype == "F8_E5M2" ? float8E5M2 : float8E4M3).values();
}

Expected<QuantizedWeight> ScaledRecipe::assemble(const QuantizationConfig &config,
                                                 const Parts &parts, const WeightOutline &outline,
                                                 ThreadPool &pool) const {
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.values = valuesOf(parts.dtype("weight"));
  UWT_ASSIGN_OR_RETURN(weight.codes, parts.bytes("weight", pool));
  std::string_view scale = scaleOf(parts);
  UWT_ASSIGN_OR_RETURN(weight.scale, gridOf(config, parts, scale, outline));
  UWT_ASSIGN_OR_RETURN(weight.scale.cells, parts.floats(scale, pool));
  if (!parts.has("weight_zero_point"))
    return weight;
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> zeros, parts.bytes("weight_zero_point", pool));
  if (areAllSymmetric(config, true))
    UWT_RETURN_IF_ERROR(expectNeutralZeros(zeros, 0, "symmetric is true"));
  weight.zero = weight.scale;
  std::vector<float> numbers = signedByteValues();
  std::ranges::transform(zeros, weight.zero.cells.begin(),
                         [&](uint8_t code) { return numbers[code]; });
  return weight;
}

const Recipe &uwt::getScaledRecipe() {
  static const ScaledRecipe recipe;
  return recipe;
}
