//===- Marlin.cpp - Checkpoints that Marlin's kernels read ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As Marlin's Layer packs symmetric weights of 4 bits, in the order in which the lanes of a warp
// read them: from its own converter, AutoGPTQ and AutoAWQ (marlin-1 to marlin-4 of
// docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"

using namespace uwt;

namespace {

/// A tile of codes, as the words of a warp's lanes (marlin-1).
struct MarlinTile {
  static constexpr uint64_t rows = 64, columns = 16, codesOfWord = 8,
                            words = rows * columns / codesOfWord;
  /// The code of a lane's eight that nibble i of a word is.
  static constexpr uint64_t codeOf[codesOfWord] = {0, 2, 4, 6, 1, 3, 5, 7};
};

/// What the two tensors of a weight are called.
struct MarlinNames {
  std::string_view codes, scales;
};

class MarlinRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "marlin"; }
  std::span<const std::string_view> silentTensors() const override {
    // Zeros in which kernels count.
    static constexpr std::string_view names[] = {"workspace"};
    return names;
  }
  bool reads(const QuantizationConfig &config) const override;
  bool claims(const Parts &parts) const override {
    // With zero points they are codes of GPTQ or AWQ, whatever the configuration says.
    return parts.has(own.codes) || (parts.has(awq.codes) && !parts.has("qzeros"));
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;

private:
  static constexpr MarlinNames own = {"B", "s"}, awq = {"qweight", "scales"};

  static const MarlinNames &namesOf(const QuantizationConfig &config) {
    return config.method() == "awq" ? awq : own;
  }
};

} // namespace

bool MarlinRecipe::reads(const QuantizationConfig &config) const {
  std::string method = config.method();
  if (method == "gptq")
    return config.text("checkpoint_format") == "marlin" || config.flag("is_marlin_format");
  if (method == "awq")
    return config.text("version") == "marlin" || config.text("version") == "MARLIN";
  return method == "marlin";
}

Expected<WeightOutline> MarlinRecipe::outline(const QuantizationConfig &config, const Parts &parts,
                                              ThreadPool &) const {
  if (const nlohmann::json *dynamic = config.find("dynamic"); dynamic && !dynamic->empty())
    return unsupportedError("dynamic is not read of weights in Marlin's order");
  if (config.flag("zero_point") || !config.truth("sym").value_or(true))
    return unsupportedError(
        "the configuration says that there are zero points, and there are none");
  if (config.flag("desc_act"))
    return unsupportedError("desc_act is true, and there is no .g_idx");
  const MarlinNames &names = namesOf(config);
  UWT_RETURN_IF_ERROR(parts.expect(names.codes, {"I32"}));
  UWT_RETURN_IF_ERROR(expectFourBits(config, moduleOf(parts, names.codes)));
  UWT_RETURN_IF_ERROR(parts.expect(names.scales, {"F16"}));
  const Shape &packed = parts.shape(names.codes), &scales = parts.shape(names.scales);
  uint64_t wordsEach = MarlinTile::words / MarlinTile::rows; // Of a row and 16 columns.
  if (packed.size() != 2 || scales.size() != 2 || scales[0] == 0 ||
      scales[1] % MarlinTile::rows != 0 || packed[1] != scales[1] * wordsEach ||
      packed[0] * MarlinTile::columns % scales[0] != 0)
    return unsupportedError("." + std::string(names.codes) + " is " + shapeText(packed) + " and ." +
                            std::string(names.scales) + " is " + shapeText(scales));
  WeightOutline outline{
      scales[1], packed[0] * MarlinTile::columns, {}, "", {names.codes, names.scales}};
  std::string cell = cellText(1, outline.columns / scales[0], outline);
  outline.format = "uint<4>, zero=8, scale={" + cell + ", f16}";
  return outline;
}

/// Puts the codes of a tile at their rows and columns (marlin-1).
static void unpackMarlinTile(const uint32_t *words, uint64_t columns, uint8_t *codes) {
  for (uint64_t word = 0; word < MarlinTile::words; ++word) {
    uint64_t lane = word / 4, firstRow = word % 4 * 16 + lane / 4, firstColumn = lane % 4 * 2;
    for (uint64_t nibble = 0; nibble < MarlinTile::codesOfWord; ++nibble) {
      uint64_t code = MarlinTile::codeOf[nibble], row = firstRow + code / 4 * 8,
               column = firstColumn + code % 2 + code / 2 % 2 * 8;
      codes[row * columns + column] = static_cast<uint8_t>(words[word] >> (4 * nibble) & 15);
    }
  }
}

/// The codes [rows, columns] of all tiles.
static std::vector<uint8_t> unpackMarlinTiles(std::span<const uint32_t> words, uint64_t rows,
                                              uint64_t columns, ThreadPool &pool) {
  std::vector<uint8_t> codes(rows * columns);
  uint64_t across = rows / MarlinTile::rows;
  pool.parallelFor(across, [&](uint64_t tile, unsigned) {
    for (uint64_t down = 0; down < columns / MarlinTile::columns; ++down)
      unpackMarlinTile(words.data() + (down * across + tile) * MarlinTile::words, columns,
                       codes.data() + tile * MarlinTile::rows * columns +
                           down * MarlinTile::columns);
  });
  return codes;
}

/// The row whose scale number `index` of a group is (marlin-2, marlin-3).
static uint64_t rowOfScale(uint64_t index, bool isAlone) {
  if (!isAlone)
    return index / 64 * 64 + index % 8 * 8 + index % 64 / 8;
  constexpr uint64_t rowOf[8] = {0, 1, 8, 9, 16, 17, 24, 25};
  return index / 32 * 32 + index % 32 / 8 * 2 + rowOf[index % 8];
}

Expected<QuantizedWeight> MarlinRecipe::assemble(const QuantizationConfig &config,
                                                 const Parts &parts, const WeightOutline &outline,
                                                 ThreadPool &pool) const {
  const MarlinNames &names = namesOf(config);
  uint64_t rows = outline.rows, groups = parts.shape(names.scales)[0];
  QuantizedWeight weight;
  weight.rows = rows;
  weight.columns = outline.columns;
  weight.values = integerValues(16);
  weight.zero = Grid::constant(8); // marlin-4
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> packed, parts.words(names.codes, pool));
  weight.codes = unpackMarlinTiles(packed, rows, outline.columns, pool);
  UWT_ASSIGN_OR_RETURN(std::vector<float> scales, parts.floats(names.scales, pool));
  weight.scale = {1, outline.columns / groups, groups, std::vector<float>(scales.size())};
  for (uint64_t group = 0; group < groups; ++group)
    for (uint64_t i = 0; i < rows; ++i)
      weight.scale.cells[rowOfScale(i, groups == 1) * groups + group] = scales[group * rows + i];
  return weight;
}

const Recipe &uwt::getMarlinRecipe() {
  static const MarlinRecipe recipe;
  return recipe;
}
