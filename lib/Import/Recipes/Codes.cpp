//===- Codes.cpp - Codes a byte each, of any element ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a quantiser of one's own can write, of elements for which packers have no layout: the
// configuration has the composition (codes-1 to codes-3 of docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Format/Format.h"
#include "uwt/Format/QuantizedElement.h"
#include <algorithm>

using namespace uwt;

namespace {

class CodesRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "codes"; }
  bool reads(const QuantizationConfig &config) const override {
    return config.method() == "uwt-codes";
  }
  bool claims(const Parts &parts) const override {
    return parts.has(codesName) && parts.has(scaleName);
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;

private:
  static constexpr std::string_view codesName = "weight", scaleName = "weight_scale";

  /// Of the cells that the configuration names. Errors: Unsupported.
  static Expected<Grid> gridOf(const Format &format, const Parts &parts,
                               const WeightOutline &outline) {
    auto orAll = [](uint64_t size, uint64_t all) { return size == 0 ? all : size; };
    return cellsOf(scaleName, parts.shape(scaleName), outline,
                   orAll(format.scale->cellRows, outline.rows),
                   orAll(format.scale->cellColumns, outline.columns));
  }
};

} // namespace

/// An element, maybe one zero point, and a scale of one grid (codes-1).
static std::string plainText(const Format &format, std::string_view scale) {
  std::string zero = format.zero ? ", zero=" + std::to_string(format.zero) : "";
  return format.element.str() + zero + ", scale=" + std::string(scale);
}

/// Errors: Unsupported.
static Expected<Format> formatOf(const QuantizationConfig &config) {
  std::string text = config.text("format");
  if (text.empty())
    return unsupportedError("quantization_config has no format, such as 'f6E2M3FN, scale={1x32, "
                            "bf16}'");
  Expected<Format> format = Format::parse(text);
  if (!format)
    return unsupportedError("quantization_config has as format: " + format.error().message());
  std::optional<QuantizedElement> element = QuantizedElement::find(format->element);
  bool isPlain = element && !element->isTable && format->scale && !format->scale->outer &&
                 format->str() == plainText(*format, format->scale->str());
  if (isPlain)
    return format;
  return unsupportedError("quantization_config has the format '" + text +
                          "', expected an element of integers or floats, zero= as a number or "
                          "nothing, and scale= of one grid");
}

Expected<WeightOutline> CodesRecipe::outline(const QuantizationConfig &config, const Parts &parts,
                                             ThreadPool &) const {
  UWT_ASSIGN_OR_RETURN(Format format, formatOf(config));
  UWT_RETURN_IF_ERROR(parts.expect(codesName, {"U8"}));
  UWT_RETURN_IF_ERROR(parts.expect(scaleName, {"F32", "BF16", "F16", "F8_E8M0", "U8"}));
  const Shape &shape = parts.shape(codesName);
  if (shape.size() != 2)
    return unsupportedError(".weight is " + shapeText(shape) + ", expected a matrix");
  std::string_view stored = elementText(parts.dtype(scaleName));
  if (stored != format.scale->number.str())
    return unsupportedError(".weight_scale is " + std::string(stored) + ", and the format has " +
                            format.scale->number.str());
  WeightOutline outline{shape[0], shape[1], {}, "", {codesName, scaleName}};
  UWT_ASSIGN_OR_RETURN(Grid grid, gridOf(format, parts, outline));
  std::string cells = cellText(grid.cellRows, grid.cellColumns, outline);
  outline.format = plainText(format, "{" + cells + ", " + std::string(stored) + "}");
  return outline;
}

Expected<QuantizedWeight> CodesRecipe::assemble(const QuantizationConfig &config,
                                                const Parts &parts, const WeightOutline &outline,
                                                ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(Format format, formatOf(config));
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.values = QuantizedElement::find(format.element)->values();
  UWT_ASSIGN_OR_RETURN(weight.codes, parts.bytes(codesName, pool));
  auto largest = std::ranges::max_element(weight.codes);
  if (largest != weight.codes.end() && *largest >= weight.values.size())
    return invalidError("a code is " + std::to_string(*largest) + ", and " + format.element.str() +
                        " has codes up to " + std::to_string(weight.values.size() - 1));
  weight.zero = Grid::constant(static_cast<float>(format.zero));
  UWT_ASSIGN_OR_RETURN(weight.scale, gridOf(format, parts, outline));
  UWT_ASSIGN_OR_RETURN(weight.scale.cells, parts.floats(scaleName, pool));
  return weight;
}

const Recipe &uwt::getCodesRecipe() {
  static const CodesRecipe recipe;
  return recipe;
}
