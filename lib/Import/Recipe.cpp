//===- Recipe.cpp - How one kind of checkpoint lays weights out -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <numeric>

using namespace uwt;

std::span<const Recipe *const> uwt::allRecipes() {
  static const Recipe *const recipes[] = {
#define UWT_RECIPE(name) &get##name##Recipe(),
#include "Recipes.def"
#undef UWT_RECIPE
  };
  return recipes;
}

std::span<const std::string_view> uwt::commonSilentTensors() {
  // world-2.
  static constexpr std::string_view names[] = {
      "bias",
      "input_scale",
      "input_scale_inv",
      "input_scale_ub",
      "input_zero_point",
      "input_global_scale",
      "input_quantizer._amax",
      "activation_scale",
      "output_scale",
      "output_zero_point",
      "output_quantizer._amax",
      "q_scale",
      "k_scale",
      "v_scale",
      "k_zero_point",
      "v_zero_point",
      "k_global_scale",
      "v_global_scale",
      "q_global_scale",
      "prob_output_scale",
      "e_score_correction_bias",
  };
  return names;
}

std::string uwt::cellText(uint64_t rows, uint64_t columns, const WeightOutline &of) {
  if (columns >= of.columns)
    return rows >= of.rows ? "tensor"
           : rows == 1     ? "row"
                           : std::to_string(rows) + "x" + std::to_string(of.columns);
  return std::to_string(rows) + "x" + std::to_string(columns);
}

Expected<std::string_view> uwt::columnOrderText(const Parts &parts, std::string_view suffix,
                                                uint64_t columns, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> groups, parts.words(suffix, pool));
  bool isInOrder = true, hasNone = true;
  for (size_t k = 0; k < groups.size(); ++k) {
    isInOrder &= groups[k] == k / columns;
    hasNone &= groups[k] == UINT32_MAX;
  }
  return std::string_view(isInOrder || hasNone ? "" : ", order=k");
}

Error uwt::outsideError(const std::string &what, std::string_view kind, uint32_t number,
                        uint64_t count) {
  return invalidError(what + " is of " + std::string(kind) + " " +
                      std::to_string(static_cast<int32_t>(number)) + ", but there are " +
                      std::to_string(count));
}

Status uwt::expectAllGroups(std::span<const uint32_t> columns, uint64_t groups) {
  std::vector<bool> used(groups);
  for (uint32_t group : columns)
    used[group] = true;
  auto unused = std::ranges::find(used, false);
  if (unused == used.end())
    return ok();
  return invalidError("no column is of group " + std::to_string(unused - used.begin()) + " of " +
                      std::to_string(groups) +
                      ": engines disagree in what such numbers of groups mean");
}

std::string_view uwt::moduleOf(const Parts &parts, std::string_view suffix) {
  std::string_view name = parts.at(suffix).entry->name;
  return name.substr(0, name.size() - std::min(name.size(), suffix.size() + 1));
}

Status uwt::expectFourBits(const QuantizationConfig &config, std::string_view module) {
  UWT_ASSIGN_OR_RETURN(ModuleOverride own, config.overrides().of(module));
  if (own.isExcluded)
    return unsupportedError(own.source + " says that it is not quantised, and it has codes");
  int64_t bits =
      own.bits.value_or(config.integer("bits").value_or(config.integer("w_bit").value_or(4)));
  return bits == 4 ? ok() : unsupportedError(std::to_string(bits) + " bits are not 4");
}

Status uwt::expectNoColumnOrder(const QuantizationConfig &config, std::optional<int64_t> bits,
                                std::string_view missing) {
  bool isAny = false;
  for (const QuantizationConfig &group : config.groups()) {
    if (group.text("type") == "float" || (bits && group.integer("num_bits") != bits))
      continue;
    std::string order = group.text("actorder");
    if (order != "group" && order != "dynamic" && !group.flag("actorder"))
      return ok();
    isAny = true;
  }
  return isAny ? unsupportedError("actorder is group, and there is no ." + std::string(missing))
               : ok();
}

Status uwt::expectNeutralZeros(std::span<const uint8_t> zeros, uint64_t middle,
                               std::string_view why) {
  for (uint8_t zero : zeros)
    if (zero != middle)
      return invalidError("the configuration's " + std::string(why) + ", and a zero point is " +
                          std::to_string(zero) + ", not " + std::to_string(middle));
  return ok();
}

std::vector<float> uwt::integerValues(uint64_t count, int zero) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), static_cast<float>(-zero));
  return values;
}

std::vector<float> uwt::signedByteValues() {
  std::vector<float> values = integerValues(256);
  for (uint64_t code = 128; code < 256; ++code)
    values[code] -= 256;
  return values;
}

bool uwt::isExponentDtype(std::string_view dtype) { return dtype == "U8" || dtype == "F8_E8M0"; }

std::vector<uint8_t> uwt::nibblesOf(std::span<const uint8_t> packed) {
  std::vector<uint8_t> codes(packed.size() * 2);
  for (size_t i = 0; i < packed.size(); ++i) {
    codes[2 * i] = packed[i] & 15;
    codes[2 * i + 1] = packed[i] >> 4;
  }
  return codes;
}

Expected<Grid> uwt::cellsOf(std::string_view what, const Shape &shape, const WeightOutline &of,
                            uint64_t cellRows, uint64_t cellColumns) {
  uint64_t count = 1;
  for (uint64_t size : shape)
    count *= size;
  bool isMatrix = shape.size() == 2;
  if (shape.size() <= 2 && count == 1)
    return Grid::constant(0);
  if ((isMatrix || shape.size() == 1) && shape[0] == of.rows && count == of.rows)
    return Grid{1, of.columns, 1, {}};
  if (cellRows == 0 || cellColumns == 0)
    return unsupportedError("." + std::string(what) + " is " + shapeText(shape) +
                            ", and the configuration does not say how large its blocks are");
  // Blocks may be larger than a small weight, but not than any.
  constexpr uint64_t maxCell = uint64_t(1) << 32;
  if (cellRows > maxCell || cellColumns > maxCell)
    return unsupportedError("blocks of " + shapeText({cellRows, cellColumns}) +
                            " are larger than any weight, so than this one of " +
                            shapeText({of.rows, of.columns}));
  Shape expected = {divideUp(of.rows, cellRows), divideUp(of.columns, cellColumns)};
  if (shape == expected)
    return Grid{cellRows, cellColumns, expected[1], {}};
  return unsupportedError("." + std::string(what) + " is " + shapeText(shape) + ", expected " +
                          shapeText(expected));
}
