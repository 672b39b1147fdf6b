//===- AwqGemv.cpp - Checkpoints of AWQ for products of a vector ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As AutoAWQ packs weights of 4 bits for its kernels GEMV, whose codes go along the rows, and
// GEMVFast, whose words have codes of one row each and whose zero points are products (gemv-1 to
// gemv-4 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../CodeBits.h"
#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"

using namespace uwt;

static constexpr CodeBits fourBits = {4};
/// Codes of a word of 32 bits.
static constexpr uint64_t codesOfWord = 8;

namespace {

/// A tile of codes of GEMVFast: rows, and columns in two halves of as many words a row (gemv-3).
struct FastTile {
  static constexpr uint64_t rows = 4, columns = 64, halfColumns = 32, wordsOfHalf = 8;
};

class AwqGemvRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "awq-gemv"; }
  bool reads(const QuantizationConfig &config) const override {
    return config.method() == "awq" && (isGemv(config) || isFast(config));
  }
  bool claims(const Parts &parts) const override { return parts.has("qweight"); }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;

private:
  static bool isGemv(const QuantizationConfig &config) {
    std::string version = config.text("version");
    return version == "gemv" || version == "GEMV";
  }
  static bool isFast(const QuantizationConfig &config) {
    std::string version = config.text("version");
    return version == "gemv_fast" || version == "GEMV_FAST" || version == "llm-awq";
  }
  static Expected<WeightOutline> outlineOfFast(const QuantizationConfig &config,
                                               const Parts &parts);
};

/// How the columns of a row are grouped (gemv-2).
struct GemvGroups {
  uint64_t size, count;
  /// With those that fill the words of zero points.
  uint64_t padded;
};

} // namespace

/// Groups of so many columns and more have their zero points in any number of words.
static constexpr uint64_t wholeGroup = 128;

/// Errors: Unsupported.
static Expected<GemvGroups> groupsOf(const QuantizationConfig &config, uint64_t columns) {
  int64_t wanted =
      config.integer("group_size").value_or(config.integer("q_group_size").value_or(-1));
  uint64_t size = wanted > 0 ? static_cast<uint64_t>(wanted) : columns;
  if (size != 16 && size != 32 && size != 64 && size < wholeGroup)
    return unsupportedError("group_size " + std::to_string(size) +
                            " is none of 16, 32, 64, and 128 and more");
  if (columns % size != 0)
    return unsupportedError("groups of " + std::to_string(size) +
                            " columns do not divide rows of " + std::to_string(columns));
  uint64_t count = columns / size, multiple = codesOfWord * divideUp(wholeGroup, size);
  return GemvGroups{size, count, divideUp(count, multiple) * multiple};
}

/// The products of scales and zero points; llm-awq has a name of its own for them.
static std::string_view scaledZerosOf(const Parts &parts) {
  return parts.has("scaled_zeros") ? "scaled_zeros" : "qzeros";
}

Expected<WeightOutline> AwqGemvRecipe::outlineOfFast(const QuantizationConfig &config,
                                                     const Parts &parts) {
  std::string_view zeros = scaledZerosOf(parts);
  UWT_RETURN_IF_ERROR(parts.expect("qweight", {"I16"}));
  const Shape &packed = parts.shape("qweight");
  if (packed.size() != 2 || packed[1] == 0 || packed[1] % FastTile::columns != 0)
    return unsupportedError(".qweight is " + shapeText(packed) +
                            ", expected a matrix of columns by 64");
  WeightOutline outline{
      packed[0] * FastTile::rows, packed[1], {}, "", {"qweight", "scales", zeros}};
  UWT_ASSIGN_OR_RETURN(GemvGroups groups, groupsOf(config, outline.columns));
  Shape grid = {groups.padded, outline.rows};
  UWT_RETURN_IF_ERROR(parts.expect("scales", {"F16"}, grid));
  UWT_RETURN_IF_ERROR(parts.expect(zeros, {"F16"}, grid));
  std::string cell = cellText(1, groups.size, outline);
  outline.format = "uint<4>, scale={" + cell + ", f16}, offset={" + cell + ", f16}";
  return outline;
}

Expected<WeightOutline> AwqGemvRecipe::outline(const QuantizationConfig &config, const Parts &parts,
                                               ThreadPool &) const {
  UWT_RETURN_IF_ERROR(expectFourBits(config, moduleOf(parts, "qweight")));
  if (isFast(config) && !config.truth("zero_point").value_or(true))
    return unsupportedError("zero_point is false, and there are zero points");
  if (isFast(config))
    return outlineOfFast(config, parts);
  UWT_RETURN_IF_ERROR(parts.expect("qweight", {"I32"}));
  const Shape &packed = parts.shape("qweight");
  if (packed.size() != 2 || packed[1] == 0)
    return unsupportedError(".qweight is " + shapeText(packed) + ", expected a matrix");
  WeightOutline outline{
      packed[0], packed[1] * codesOfWord, {}, "", {"qweight", "scales", "qzeros"}};
  UWT_ASSIGN_OR_RETURN(GemvGroups groups, groupsOf(config, outline.columns));
  UWT_RETURN_IF_ERROR(
      parts.expect("scales", {"F16", "BF16", "F32"}, {outline.rows, groups.padded}));
  UWT_RETURN_IF_ERROR(parts.expect("qzeros", {"I32"}, {outline.rows, groups.padded / codesOfWord}));
  std::string cell = cellText(1, groups.size, outline);
  outline.format = "uint<4>, zero={" + cell + ", uint<4>}, scale={" + cell + ", " +
                   std::string(elementText(parts.dtype("scales"))) + "}";
  return outline;
}

/// The numbers of a row's groups, of rows that have more of them (gemv-2).
template <typename Number>
static Grid gridOfRows(std::span<const Number> cells, const GemvGroups &groups) {
  Grid grid = {1, groups.size, groups.count, {}};
  for (uint64_t begin = 0; begin < cells.size(); begin += groups.padded)
    for (Number number : cells.subspan(begin, groups.count))
      grid.cells.push_back(static_cast<float>(number));
  return grid;
}

/// Checks that scales beyond the groups are 0, as packers leave them: others are those of more
/// groups than the configuration says. Errors: Invalid.
static Status checkPadding(std::span<const float> scales, const GemvGroups &groups, uint64_t rows,
                           bool isFast) {
  for (uint64_t row = 0; row < rows; ++row)
    for (uint64_t group = groups.count; group < groups.padded; ++group)
      if (scales[isFast ? group * rows + row : row * groups.padded + group] != 0)
        return invalidError(".scales has numbers behind those of " + std::to_string(groups.count) +
                            " groups of " + std::to_string(groups.size) +
                            " columns: group_size is another one");
  return ok();
}

/// gemv-3: the codes of tiles of 4 rows and 64 columns, in words of 16 bits.
static std::vector<uint8_t> unpackFastTiles(std::span<const uint8_t> bytes, uint64_t rows,
                                            uint64_t columns, ThreadPool &pool) {
  std::vector<uint8_t> codes(rows * columns);
  pool.parallelFor(rows, [&](uint64_t row, unsigned) {
    uint8_t *out = codes.data() + row * columns;
    for (uint64_t half = 0; half < columns / FastTile::halfColumns; ++half) {
      uint64_t tile = half * FastTile::halfColumns / FastTile::columns, halfOfTile = half % 2;
      uint64_t first = row / FastTile::rows * columns + tile * FastTile::columns +
                       row % FastTile::rows * (2 * FastTile::wordsOfHalf) +
                       halfOfTile * FastTile::wordsOfHalf;
      for (uint64_t j = 0; j < FastTile::wordsOfHalf; ++j) {
        const uint8_t *word = bytes.data() + 2 * (first + j);
        for (uint64_t nibble = 0; nibble < 4; ++nibble)
          out[half * FastTile::halfColumns + nibble * FastTile::wordsOfHalf + j] =
              word[nibble / 2] >> (nibble % 2 * 4) & 15;
      }
    }
  });
  return codes;
}

Expected<QuantizedWeight> AwqGemvRecipe::assemble(const QuantizationConfig &config,
                                                  const Parts &parts, const WeightOutline &outline,
                                                  ThreadPool &pool) const {
  uint64_t rows = outline.rows, columns = outline.columns;
  UWT_ASSIGN_OR_RETURN(GemvGroups groups, groupsOf(config, columns));
  QuantizedWeight weight;
  weight.rows = rows;
  weight.columns = columns;
  weight.values = integerValues(fourBits.count());
  UWT_ASSIGN_OR_RETURN(std::vector<float> scales, parts.floats("scales", pool));
  UWT_RETURN_IF_ERROR(checkPadding(scales, groups, rows, isFast(config)));
  if (isFast(config)) {
    UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> packed, parts.bytes("qweight", pool));
    weight.codes = unpackFastTiles(packed, rows, columns, pool);
    UWT_ASSIGN_OR_RETURN(std::vector<float> zeros, parts.floats(scaledZerosOf(parts), pool));
    auto gridOf = [&](std::span<const float> padded) {
      return gridOfColumns(padded.first(groups.count * rows), groups.count, rows, groups.size);
    };
    weight.scale = gridOf(scales);
    weight.addOffset(gridOf(zeros)); // gemv-4
    return weight;
  }
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> packed, parts.words("qweight", pool));
  weight.codes = unpackRows(fourBits, packed, rows, columns, pool); // gemv-1
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> packedZeros, parts.words("qzeros", pool));
  std::vector<uint8_t> zeros = unpackRows(fourBits, packedZeros, rows, groups.padded, pool);
  weight.zero = gridOfRows<uint8_t>(zeros, groups);
  if (!config.truth("zero_point").value_or(true)) {
    std::vector<uint8_t> own(weight.zero.cells.begin(), weight.zero.cells.end());
    UWT_RETURN_IF_ERROR(expectNeutralZeros(own, 8, "zero_point is false"));
  }
  weight.scale = gridOfRows<float>(scales, groups);
  return weight;
}

const Recipe &uwt::getAwqGemvRecipe() {
  static const AwqGemvRecipe recipe;
  return recipe;
}
