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
constexpr Packer packers[] = {
    {"weight_packed", "weight_scale", "weight_global_scale", true, true},
    {"weight", "weight_scale", "weight_scale_2", false, false},
    {"weight", "scale", "", false, true},
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
  std::string_view keyword() const override { return "fp4"; }
  bool reads(const QuantizationConfig &config) const override {
    constexpr std::array<std::string_view, 3> methods = {"compressed-tensors", "modelopt", "fp8"};
    return std::ranges::find(methods, config.method()) != methods.end();
  }
  bool claims(const Parts &parts) const override { return packerOf(parts) != nullptr; }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;

private:
  static const Packer *packerOf(const Parts &parts);
};

} // namespace

/// Null where the tensors are of none.
const Packer *PackedFloatRecipe::packerOf(const Parts &parts) {
  for (const Packer &packer : packers) {
    if (!parts.has(packer.codes) || !parts.has(packer.scale))
      continue;
    // DeepSeek's bytes are I8, as those of INT8 are: their scales tell them apart.
    bool isPacked = parts.dtype(packer.codes) == "U8" ||
                    (parts.dtype(packer.codes) == "I8" && isExponent(parts, packer));
    if (isPacked)
      return &packer;
  }
  return nullptr;
}

Expected<WeightOutline> PackedFloatRecipe::outline(const QuantizationConfig &, const Parts &parts,
                                                   ThreadPool &) const {
  const Packer &packer = *packerOf(parts);
  const Shape &packed = parts.shape(packer.codes), &scales = parts.shape(packer.scale);
  UWT_RETURN_IF_ERROR(parts.expect(packer.scale, {"F8_E4M3", "F8_E8M0", "U8"}));
  uint64_t group = groupOf(parts, packer);
  if (packed.size() != 2 || scales != Shape{packed[0], divideUp(packed[1], group / 2)})
    return unsupportedError("." + std::string(packer.codes) + " is " + shapeText(packed) +
                            " and ." + std::string(packer.scale) + " is " + shapeText(scales));
  WeightOutline outline{packed[0], packed[1] * 2, {}, "", {packer.codes, packer.scale}};
  std::string nested;
  if (parts.has(packer.global)) {
    UWT_RETURN_IF_ERROR(parts.expect(packer.global, {"F32"}));
    if (!parts.shape(packer.global).empty() && parts.shape(packer.global) != Shape{1})
      return unsupportedError("." + std::string(packer.global) + " is " +
                              shapeText(parts.shape(packer.global)) + ", expected one number");
    outline.parts.push_back(packer.global);
    nested = std::string(packer.divides ? ", divide" : ", scale") + "={tensor, f32}";
  } else if (!isExponent(parts, packer)) {
    return unsupportedError("there is no tensor ." + std::string(packer.global));
  }
  outline.format = "f4E2M1FN, scale={1x" + std::to_string(group) + ", " +
                   std::string(elementText(parts.dtype(packer.scale))) + nested + "}";
  return outline;
}

Expected<QuantizedWeight> PackedFloatRecipe::assemble(const QuantizationConfig &,
                                                      const Parts &parts,
                                                      const WeightOutline &outline,
                                                      ThreadPool &pool) const {
  const Packer &packer = *packerOf(parts);
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.values = float4E2M1.values();
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> packed, parts.bytes(packer.codes, pool));
  weight.codes = nibblesOf(packed); // fp4-1
  if (!packer.hasNegativeZero)
    std::ranges::replace(weight.codes, negativeZeroOfE2M1, uint8_t(0));
  uint64_t group = groupOf(parts, packer);
  Grid scale = {1, group, divideUp(outline.columns, group), {}};
  UWT_ASSIGN_OR_RETURN(scale.cells, parts.floats(packer.scale, pool));
  if (!parts.has(packer.global)) {
    weight.scale = std::move(scale);
    return weight;
  }
  UWT_ASSIGN_OR_RETURN(std::vector<float> global, parts.floats(packer.global, pool));
  weight.scaleParts = {std::move(scale), Grid::constant(global[0]), packer.divides}; // fp4-3
  weight.scale = weight.scaleParts->product();
  return weight;
}

const Recipe &uwt::getPackedFloatRecipe() {
  static const PackedFloatRecipe recipe;
  return recipe;
}
