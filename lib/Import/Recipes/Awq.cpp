//===- Awq.cpp - Checkpoints of AWQ ---------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As AutoAWQ packs weights of 4 bits for its GEMM kernels: the codes of eight output features in a
// word, in an order of their own (awq-1 to awq-3 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"

using namespace uwt;

/// Output features of a word, and the one that nibble i is of (awq-1).
static constexpr uint64_t features = 8;
static constexpr unsigned featureOf[features] = {0, 2, 4, 6, 1, 3, 5, 7};

namespace {

class AwqRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "awq"; }
  bool reads(const QuantizationConfig &config) const override { return config.method() == "awq"; }
  bool claims(const Parts &parts) const override { return parts.has("qweight"); }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;
};

} // namespace

Expected<WeightOutline> AwqRecipe::outline(const QuantizationConfig &config, const Parts &parts,
                                           ThreadPool &) const {
  std::string version = config.text("version");
  if (!version.empty() && version != "gemm" && version != "GEMM")
    return unsupportedError("version '" + version +
                            "' is none of gemm, gemv, gemv_fast and marlin");
  UWT_RETURN_IF_ERROR(expectFourBits(config, moduleOf(parts, "qweight")));
  UWT_RETURN_IF_ERROR(parts.expect("qweight", {"I32"}));
  UWT_RETURN_IF_ERROR(parts.expect("scales", {"F16", "BF16", "F32"}));
  const Shape &packed = parts.shape("qweight"), &scales = parts.shape("scales");
  if (packed.size() != 2 || scales.size() != 2 || scales[1] != packed[1] * features ||
      scales[0] == 0 || packed[0] % scales[0] != 0)
    return unsupportedError(".qweight is " + shapeText(packed) + " and .scales is " +
                            shapeText(scales));
  UWT_RETURN_IF_ERROR(parts.expect("qzeros", {"I32"}, {scales[0], packed[1]}));
  WeightOutline outline{scales[1], packed[0], {}, "", {"qweight", "scales", "qzeros"}};
  std::string cell = cellText(1, packed[0] / scales[0], outline);
  outline.format = "uint<4>, zero={" + cell + ", uint<4>}, scale={" + cell + ", " +
                   std::string(elementText(parts.dtype("scales"))) + "}";
  return outline;
}

/// awq-1, awq-2: the transpose of [columns, rows] codes in words [columns, rows / 8].
static std::vector<uint8_t> unpackWords(std::span<const uint32_t> words, uint64_t rows,
                                        uint64_t columns, ThreadPool &pool) {
  std::vector<uint8_t> codes(rows * columns);
  uint64_t wordsEach = rows / features;
  pool.parallelFor(wordsEach, [&](uint64_t word, unsigned) {
    for (uint64_t column = 0; column < columns; ++column)
      for (unsigned nibble = 0; nibble < features; ++nibble)
        codes[(word * features + featureOf[nibble]) * columns + column] =
            static_cast<uint8_t>(words[column * wordsEach + word] >> (4 * nibble) & 15);
  });
  return codes;
}

Expected<QuantizedWeight> AwqRecipe::assemble(const QuantizationConfig &config, const Parts &parts,
                                              const WeightOutline &outline,
                                              ThreadPool &pool) const {
  uint64_t rows = outline.rows, groups = parts.shape("scales")[0];
  QuantizedWeight weight;
  weight.rows = rows;
  weight.columns = outline.columns;
  weight.values = integerValues(16);
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> packed, parts.words("qweight", pool));
  weight.codes = unpackWords(packed, rows, outline.columns, pool);
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> packedZeros, parts.words("qzeros", pool));
  std::vector<uint8_t> zeros = unpackWords(packedZeros, rows, groups, pool);
  if (!config.truth("zero_point").value_or(true))
    UWT_RETURN_IF_ERROR(expectNeutralZeros(zeros, 8, "zero_point is false"));
  uint64_t cell = outline.columns / groups;
  weight.zero = {1, cell, groups, std::vector<float>(zeros.begin(), zeros.end())};
  UWT_ASSIGN_OR_RETURN(std::vector<float> scales, parts.floats("scales", pool));
  weight.scale = gridOfColumns<float>(scales, groups, rows, cell);
  return weight;
}

const Recipe &uwt::getAwqRecipe() {
  static const AwqRecipe recipe;
  return recipe;
}
