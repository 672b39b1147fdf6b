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

#include "../Floats.h"
#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"

using namespace uwt;

namespace {

/// What differs between packers.
struct Names {
  std::string_view codes, global;
  /// Whether scales are divided by the global one, or multiplied with it (fp4-3).
  bool divides;
};

class PackedFloatRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "fp4"; }
  bool reads(const QuantizationConfig &config) const override {
    return config.method() == "compressed-tensors" || config.method() == "modelopt";
  }
  bool claims(const Parts &parts) const override {
    return parts.has("weight_scale") && namesOf(parts).codes != "";
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;

private:
  static Names namesOf(const Parts &parts) {
    if (parts.has("weight_packed") && parts.dtype("weight_packed") == "U8")
      return {"weight_packed", "weight_global_scale", true};
    if (parts.has("weight") && parts.dtype("weight") == "U8")
      return {"weight", "weight_scale_2", false};
    return {"", "", false};
  }
};

} // namespace

Expected<WeightOutline> PackedFloatRecipe::outline(const QuantizationConfig &, const Parts &parts,
                                                   ThreadPool &) const {
  Names names = namesOf(parts);
  const Shape &packed = parts.shape(names.codes), &scales = parts.shape("weight_scale");
  UWT_RETURN_IF_ERROR(parts.expect("weight_scale", {"F8_E4M3", "U8"}));
  // fp4-2: cells of 16 columns under e4m3, of 32 under exponents.
  bool isExponent = parts.dtype("weight_scale") == "U8";
  uint64_t group = isExponent ? 32 : 16;
  if (packed.size() != 2 || scales != Shape{packed[0], divideUp(packed[1], group / 2)})
    return unsupportedError("." + std::string(names.codes) + " is " + shapeText(packed) +
                            " and .weight_scale is " + shapeText(scales));
  WeightOutline outline{packed[0], packed[1] * 2, "", {names.codes, "weight_scale"}};
  std::string nested;
  if (parts.has(names.global)) {
    UWT_RETURN_IF_ERROR(parts.expect(names.global, {"F32"}));
    if (parts.shape(names.global) != Shape{} && parts.shape(names.global) != Shape{1})
      return unsupportedError("." + std::string(names.global) + " is " +
                              shapeText(parts.shape(names.global)) + ", expected one number");
    outline.parts.push_back(names.global);
    nested = std::string(names.divides ? ", divide" : ", scale") + "={tensor, f32}";
  } else if (!isExponent) {
    return unsupportedError("there is no tensor ." + std::string(names.global));
  }
  outline.format = "f4E2M1FN, scale={1x" + std::to_string(group) + ", " +
                   std::string(elementText(parts.dtype("weight_scale"))) + nested + "}";
  return outline;
}

Expected<QuantizedWeight> PackedFloatRecipe::assemble(const QuantizationConfig &,
                                                      const Parts &parts,
                                                      const WeightOutline &outline,
                                                      ThreadPool &pool) const {
  Names names = namesOf(parts);
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.values = float4E2M1.values();
  // ModelOpt's own decoder has no negative zero.
  if (!names.divides)
    weight.values[8] = 0;
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> packed, parts.bytes(names.codes, pool));
  weight.codes.reserve(packed.size() * 2);
  for (uint8_t pair : packed) { // fp4-1
    weight.codes.push_back(pair & 15);
    weight.codes.push_back(pair >> 4);
  }
  uint64_t group = parts.dtype("weight_scale") == "U8" ? 32 : 16;
  weight.scale = {1, group, divideUp(outline.columns, group), {}};
  UWT_ASSIGN_OR_RETURN(weight.scale.cells, parts.floats("weight_scale", pool));
  if (!parts.has(names.global))
    return weight;
  UWT_ASSIGN_OR_RETURN(std::vector<float> global, parts.floats(names.global, pool));
  for (float &scale : weight.scale.cells)
    scale = names.divides ? scale / global[0] : scale * global[0];
  return weight;
}

const Recipe &uwt::getPackedFloatRecipe() {
  static const PackedFloatRecipe recipe;
  return recipe;
}
