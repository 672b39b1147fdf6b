//===- PackedFloat.cpp - NVFP4 and MXFP4 ----------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two floats of 4 bits a byte, the even column in the lower half, as compressed-tensors and
// ModelOpt store them (fp4-1 to fp4-3 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/Floats.h"
#include <algorithm>
#include <array>

using namespace uwt;

namespace {

/// What differs between packers.
struct Packer {
  std::string_view codes, scale, global;
  /// Whether scales are divided by the global one, or multiplied with it (fp4-3).
  bool divides;
  /// Whether code 8 is -0 (fp4-1).
  bool hasNegativeZero;
};
constexpr Packer packersOfModules[] = {
    {"weight_packed", "weight_scale", "weight_global_scale", true, true},
    {"weight", "weight_scale", "weight_scale_2", false, false},
    {"weight", "scale", "", false, true},
};
/// quark-3: the names of ModelOpt, without a global scale.
constexpr Packer packerOfQuark = {"weight", "weight_scale", "", false, true};
/// X itself, a stack of experts, X_weight_scale and so on (fp4-4).
constexpr Packer packersOfStacks[] = {
    {"packed", "scale", "global_scale", true, true},
    {"", "weight_scale", "weight_scale_2", false, false},
};

bool isExponent(const Parts &parts, const Packer &packer) {
  return isExponentDtype(parts.dtype(packer.scale));
}

/// fp4-2: columns that share a scale.
uint64_t groupOf(const Parts &parts, const Packer &packer) {
  return isExponent(parts, packer) ? 32 : 16;
}

class PackedFloatRecipe final : public Recipe {
public:
  explicit PackedFloatRecipe(std::span<const Packer> packers, std::string_view suffix)
      : packers(packers), ownSuffix(suffix) {}

  std::string_view keyword() const override { return "fp4"; }
  std::string_view suffix() const override { return ownSuffix; }
  bool reads(const QuantizationConfig &config) const override {
    constexpr std::array<std::string_view, 4> methods = {"compressed-tensors", "modelopt", "fp8",
                                                         "quark"};
    return std::ranges::find(methods, config.method()) != methods.end();
  }
  bool claims(const Parts &parts) const override { return packerOf(parts) != nullptr; }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;

private:
  const Packer *packerOf(const Parts &parts) const;
  /// Precondition: it claims `parts`.
  const Packer &packerOf(const QuantizationConfig &config, const Parts &parts) const {
    return config.method() == "quark" ? packerOfQuark : *packerOf(parts);
  }

  std::span<const Packer> packers;
  std::string_view ownSuffix;
};

} // namespace

/// Null where the tensors are of none.
const Packer *PackedFloatRecipe::packerOf(const Parts &parts) const {
  for (const Packer &packer : packers) {
    if (!parts.has(packer.codes) || !parts.has(packer.scale))
      continue;
    // DeepSeek's bytes are I8, as those of INT8 are: their scales tell them apart.
    // F4 is the same bytes by the name of their elements.
    bool isPacked = parts.dtype(packer.codes) == "U8" || parts.dtype(packer.codes) == "F4" ||
                    (parts.dtype(packer.codes) == "I8" && isExponent(parts, packer));
    if (isPacked)
      return &packer;
  }
  return nullptr;
}

/// The shape of codes in bytes of two: a matrix, or a stack of them. Errors: Unsupported.
static Expected<Shape> packedShape(const Parts &parts, std::string_view codes) {
  Shape shape = parts.shape(codes);
  bool isWhole = parts.dtype(codes) != "F4" || shape.empty() || shape.back() % 2 == 0;
  if ((shape.size() != 2 && shape.size() != 3) || !isWhole)
    return unsupportedError("." + std::string(codes) + " is " + shapeText(shape) + " of " +
                            std::string(parts.dtype(codes)) +
                            ", expected a matrix or a stack of them of whole bytes");
  if (parts.dtype(codes) == "F4")
    shape.back() /= 2;
  return shape;
}

/// fp4-5: returns whether a stack is stored with each matrix transposed, two rows a byte, as
/// ModelOpt has experts whose float weights are [inputs, outputs].
static bool isTransposedStack(const Parts &parts, const Packer &packer) {
  if (packer.hasNegativeZero || isExponent(parts, packer) || parts.dtype(packer.codes) != "U8")
    return false;
  const Shape &codes = parts.shape(packer.codes), &scales = parts.shape(packer.scale);
  if (codes.size() != 3)
    return false;
  uint64_t bytesEach = groupOf(parts, packer) / 2;
  Shape own = {codes[0], codes[1], divideUp(codes[2], bytesEach)},
        other = {codes[0], divideUp(codes[1], bytesEach), codes[2]};
  return scales == other && scales != own;
}

/// Matrices [rows, columns] of bytes, each transposed.
static std::vector<uint8_t> transposedBytes(std::span<const uint8_t> bytes, const Shape &shape) {
  std::vector<uint8_t> result;
  result.reserve(bytes.size());
  for (uint64_t matrix = 0; matrix < shape[0]; ++matrix)
    for (uint64_t column = 0; column < shape[2]; ++column)
      for (uint64_t row = 0; row < shape[1]; ++row)
        result.push_back(bytes[(matrix * shape[1] + row) * shape[2] + column]);
  return result;
}

/// fp4-3: one number, or of a stack one a matrix. Errors: Unsupported.
static Expected<Grid> globalCells(const Shape &stored, const Packer &packer,
                                  const WeightOutline &outline) {
  if (stored.empty() || stored == Shape{1})
    return Grid::constant(0);
  if (outline.shape.size() == 3) {
    uint64_t matrices = outline.shape[0];
    if (stored == Shape{matrices} || stored == Shape{matrices, 1, 1})
      return Grid{outline.rows / matrices, outline.columns, 1, {}};
  }
  return unsupportedError("." + std::string(packer.global) + " is " + shapeText(stored) +
                          ", expected one number");
}

/// quark-3. Errors: Unsupported.
static Status checkQuarkFloats(const QuantizationConfig &config, const Parts &parts) {
  if (config.method() != "quark")
    return ok();
  UWT_RETURN_IF_ERROR(parts.expect("weight", {"U8"}));
  UWT_ASSIGN_OR_RETURN(QuarkWeight said, config.quarkLayers().of(moduleOf(parts, "weight")));
  bool isSaid = said.dtype == "fp4" && said.scheme == "per_group" && said.group == 32 &&
                said.scaleFormat == "e8m0" && (said.axis == -1 || said.axis == 1);
  UWT_RETURN_IF_ERROR(parts.expect("weight_scale", {"U8"}));
  return isSaid ? ok()
                : unsupportedError("the configuration says '" + said.dtype + "' in groups of " +
                                   std::to_string(said.group) + " with scales of '" +
                                   said.scaleFormat +
                                   "', of which floats of 4 bits in groups of 32 columns with "
                                   "scales of 'e8m0' are read");
}

/// Returns what codes and scales say of the weight's shape. Errors: Unsupported.
static Expected<WeightOutline> sizesOf(const Parts &parts, const Packer &packer) {
  UWT_ASSIGN_OR_RETURN(Shape packed, packedShape(parts, packer.codes));
  WeightOutline outline{packed[0], 2 * packed[1], {}, "", {packer.codes, packer.scale}};
  if (isTransposedStack(parts, packer)) {
    outline.rows = packed[0] * packed[2];
    outline.shape = {packed[0], outline.columns, packed[2]};
    return outline;
  }
  if (packed.size() == 3) {
    outline.rows = packed[0] * packed[1];
    outline.columns = 2 * packed[2];
    outline.shape = {packed[0], packed[1], outline.columns};
  }
  Shape scales = packed;
  scales.back() = divideUp(packed.back(), groupOf(parts, packer) / 2);
  if (parts.shape(packer.scale) == scales)
    return outline;
  return unsupportedError(
      "." + std::string(packer.codes) + " is " + shapeText(parts.shape(packer.codes)) + " and ." +
      std::string(packer.scale) + " is " + shapeText(parts.shape(packer.scale)));
}

Expected<WeightOutline> PackedFloatRecipe::outline(const QuantizationConfig &config,
                                                   const Parts &parts, ThreadPool &) const {
  UWT_RETURN_IF_ERROR(checkQuarkFloats(config, parts));
  const Packer &packer = packerOf(config, parts);
  UWT_RETURN_IF_ERROR(parts.expect(packer.scale, {"F8_E4M3", "F8_E8M0", "U8"}));
  UWT_ASSIGN_OR_RETURN(WeightOutline outline, sizesOf(parts, packer));
  std::string nested;
  if (parts.has(packer.global)) {
    UWT_RETURN_IF_ERROR(parts.expect(packer.global, {"F32"}));
    UWT_ASSIGN_OR_RETURN(Grid global, globalCells(parts.shape(packer.global), packer, outline));
    outline.parts.push_back(packer.global);
    nested = std::string(packer.divides ? ", divide" : ", scale") + "={" +
             cellText(global.cellRows, global.cellColumns, outline) + ", f32}";
  } else if (!isExponent(parts, packer)) {
    return unsupportedError("there is no tensor ." + std::string(packer.global));
  }
  std::string_view storage = isTransposedStack(parts, packer) ? "storage=k_major, " : "";
  outline.format = "f4E2M1FN, " + std::string(storage) + "scale={1x" +
                   std::to_string(groupOf(parts, packer)) + ", " +
                   std::string(elementText(parts.dtype(packer.scale))) + nested + "}";
  return outline;
}

Expected<QuantizedWeight> PackedFloatRecipe::assemble(const QuantizationConfig &config,
                                                      const Parts &parts,
                                                      const WeightOutline &outline,
                                                      ThreadPool &pool) const {
  const Packer &packer = packerOf(config, parts);
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.matrices = outline.shape.size() == 3 ? outline.shape[0] : 1;
  weight.values = float4E2M1.values();
  weight.isTransposed = isTransposedStack(parts, packer);
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> packed, parts.bytes(packer.codes, pool));
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> scales, parts.bytes(packer.scale, pool));
  if (weight.isTransposed) {
    packed = transposedBytes(packed, parts.shape(packer.codes));
    scales = transposedBytes(scales, parts.shape(packer.scale));
  }
  weight.codes = nibblesOf(packed); // fp4-1
  if (!packer.hasNegativeZero)
    std::ranges::replace(weight.codes, negativeZeroOfE2M1, uint8_t(0));
  uint64_t group = groupOf(parts, packer);
  Grid scale = {1, group, divideUp(outline.columns, group), {}};
  scale.cells = floatsOf(elementText(parts.dtype(packer.scale)), scales);
  if (!parts.has(packer.global)) {
    weight.scale = std::move(scale);
    return weight;
  }
  UWT_ASSIGN_OR_RETURN(Grid global, globalCells(parts.shape(packer.global), packer, outline));
  UWT_ASSIGN_OR_RETURN(global.cells, parts.floats(packer.global, pool));
  weight.scaleParts = {std::move(scale), std::move(global), packer.divides}; // fp4-3
  weight.scale = weight.scaleParts->product();
  return weight;
}

const Recipe &uwt::getPackedFloatRecipe() {
  static const PackedFloatRecipe recipe(packersOfModules, ".weight");
  return recipe;
}

const Recipe &uwt::getPackedFloatStackRecipe() {
  static const PackedFloatRecipe recipe(packersOfStacks, "");
  return recipe;
}
