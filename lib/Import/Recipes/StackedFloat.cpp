//===- StackedFloat.cpp - MXFP4 experts of gpt-oss ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All experts in two tensors, X_blocks and X_scales, with rows of output features; the weight X has
// each matrix transposed (mxfp4-1 to mxfp4-3 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Format/Floats.h"

using namespace uwt;

/// Bytes of a block, and its columns.
static constexpr uint64_t bytesEach = 16, columnsEach = 32;

namespace {

class StackedFloatRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "mxfp4"; }
  std::string_view suffix() const override { return ""; }
  bool reads(const QuantizationConfig &config) const override { return config.method() == "mxfp4"; }
  bool claims(const Parts &parts) const override {
    return parts.has("blocks") && parts.has("scales");
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;
};

} // namespace

Expected<WeightOutline> StackedFloatRecipe::outline(const QuantizationConfig &, const Parts &parts,
                                                    ThreadPool &) const {
  UWT_RETURN_IF_ERROR(parts.expect("blocks", {"U8"}));
  const Shape &blocks = parts.shape("blocks");
  if (blocks.size() != 4 || blocks[3] != bytesEach)
    return unsupportedError("_blocks is " + shapeText(blocks) +
                            ", expected experts, rows and blocks of 16 bytes");
  UWT_RETURN_IF_ERROR(parts.expect("scales", {"U8"}, {blocks[0], blocks[1], blocks[2]}));
  WeightOutline outline;
  outline.rows = blocks[0] * blocks[1];
  outline.columns = blocks[2] * columnsEach;
  outline.shape = {blocks[0], outline.columns, blocks[1]};
  outline.format = "f4E2M1FN, storage=k_major, scale={1x32, f8E8M0FNU}";
  outline.parts = {"blocks", "scales"};
  return outline;
}

Expected<QuantizedWeight> StackedFloatRecipe::assemble(const QuantizationConfig &,
                                                       const Parts &parts,
                                                       const WeightOutline &outline,
                                                       ThreadPool &pool) const {
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.matrices = outline.shape[0];
  weight.isTransposed = true; // mxfp4-3
  weight.values = float4E2M1.values();
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> packed, parts.bytes("blocks", pool));
  weight.codes = nibblesOf(packed); // mxfp4-1
  weight.scale = {1, columnsEach, outline.columns / columnsEach, {}};
  UWT_ASSIGN_OR_RETURN(weight.scale.cells, parts.floats("scales", pool)); // mxfp4-2
  return weight;
}

const Recipe &uwt::getStackedFloatRecipe() {
  static const StackedFloatRecipe recipe;
  return recipe;
}
