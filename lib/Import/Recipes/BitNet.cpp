//===- BitNet.cpp - Packed checkpoints of BitNet --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As transformers packs weights of -1, 0 and 1 (integrations/bitnet.py of 5.24): four rows that lie
// N / 4 apart in a byte (bitnet-1 and bitnet-2 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"

using namespace uwt;

/// Rows of a byte.
static constexpr uint64_t rowsOfByte = 4;

namespace {

class BitNetRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "bitnet"; }
  bool reads(const QuantizationConfig &config) const override {
    return config.method() == "bitnet";
  }
  bool claims(const Parts &parts) const override {
    return parts.has("weight") && parts.has("weight_scale");
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;
};

} // namespace

/// Returns whether codes are divided by the scale (bitnet-2). Errors: Unsupported.
static Expected<bool> dividesByScale(const QuantizationConfig &config) {
  std::string layers = config.text("linear_class"), mode = config.text("quantization_mode");
  if (!mode.empty() && mode != "offline")
    return unsupportedError("quantization_mode '" + mode +
                            "' packs no weights, and there is .weight_scale");
  if (layers.empty() || layers == "bitlinear")
    return true;
  if (layers == "autobitlinear")
    return false;
  return unsupportedError("linear_class '" + layers + "' is neither bitlinear nor autobitlinear");
}

Expected<WeightOutline> BitNetRecipe::outline(const QuantizationConfig &config, const Parts &parts,
                                              ThreadPool &) const {
  UWT_ASSIGN_OR_RETURN(bool divides, dividesByScale(config));
  UWT_RETURN_IF_ERROR(parts.expect("weight", {"U8"}));
  UWT_RETURN_IF_ERROR(parts.expect("weight_scale", {"F32", "BF16", "F16"}));
  const Shape &packed = parts.shape("weight"), &scale = parts.shape("weight_scale");
  if (packed.size() != 2)
    return unsupportedError(".weight is " + shapeText(packed) + ", expected a matrix");
  if (!scale.empty() && scale != Shape{1})
    return unsupportedError(".weight_scale is " + shapeText(scale) + ", expected one number");
  if (config.flag("use_rms_norm"))
    return unsupportedError("use_rms_norm: the layer norms its input before the product");
  std::string_view number = divides ? "f32" : elementText(parts.dtype("weight_scale"));
  return WeightOutline{packed[0] * rowsOfByte,
                       packed[1],
                       {},
                       "uint<2>, zero=1, scale={tensor, " + std::string(number) + "}",
                       {"weight", "weight_scale"}};
}

Expected<QuantizedWeight> BitNetRecipe::assemble(const QuantizationConfig &config,
                                                 const Parts &parts, const WeightOutline &outline,
                                                 ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(bool divides, dividesByScale(config));
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.values = integerValues(4);
  weight.zero = Grid::constant(1);
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> packed, parts.bytes("weight", pool));
  weight.codes.reserve(packed.size() * rowsOfByte);
  for (unsigned part = 0; part < rowsOfByte; ++part) // bitnet-1
    for (uint8_t byte : packed)
      weight.codes.push_back(byte >> (2 * part) & 3);
  UWT_ASSIGN_OR_RETURN(std::vector<float> scale, parts.floats("weight_scale", pool));
  // Of -1, 0 and 1 the product with the rounded reciprocal is the rounded quotient.
  weight.scale = Grid::constant(divides ? 1 / scale[0] : scale[0]);
  return weight;
}

const Recipe &uwt::getBitNetRecipe() {
  static const BitNetRecipe recipe;
  return recipe;
}
