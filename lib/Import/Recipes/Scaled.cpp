//===- Scaled.cpp - Weights of whole bytes beside their scales ------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// FP8 and INT8: the tensor X.weight has the codes, and another one a number a tensor, a row, a
// block or a group, as DeepSeek, compressed-tensors and ModelOpt store them (byte-1 to byte-3 of
// docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/QuantizedElement.h"
#include <algorithm>
#include <array>

using namespace uwt;

namespace {

/// The names of the tensors of a weight.
struct ScaledNames {
  std::string_view codes, zeros;
  std::array<std::string_view, 4> scales;
};
/// X.weight and what is beside it; ComfyUI calls the scale `scale_weight`.
constexpr ScaledNames namesOfModule = {
    "weight", "weight_zero_point", {"weight_scale_inv", "weight_scale", "scale", "scale_weight"}};
/// X itself, a stack of experts, and X_scale_inv and so on (byte-4).
constexpr ScaledNames namesOfStack = {"", "", {"scale_inv", "weight_scale", "scale", ""}};

class ScaledRecipe final : public Recipe {
public:
  explicit ScaledRecipe(const ScaledNames &names) : names(names) {}

  std::string_view keyword() const override { return "scaled"; }
  std::string_view suffix() const override { return names.codes.empty() ? "" : ".weight"; }
  /// ComfyUI's scale of activations.
  std::span<const std::string_view> silentTensors() const override {
    static constexpr std::string_view silent[] = {"scale_input"};
    return silent;
  }
  bool reads(const QuantizationConfig &config) const override {
    constexpr std::array<std::string_view, 6> methods = {
        "fp8", "compressed-tensors", "modelopt", "fbgemm_fp8", "comfy-fp8", "quark"};
    return std::ranges::find(methods, config.method()) != methods.end();
  }
  bool claims(const Parts &parts) const override {
    if (!parts.has(names.codes) || scaleOf(parts).empty() || parts.shape(names.codes).size() < 2)
      return false;
    std::string_view dtype = parts.dtype(names.codes);
    return dtype.starts_with("F8_E4M3") || dtype.starts_with("F8_E5M2") || dtype == "I8";
  }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;

private:
  /// byte-2: all are multiplied with, whatever they are called.
  std::string_view scaleOf(const Parts &parts) const {
    for (std::string_view name : names.scales)
      if (!name.empty() && parts.has(name))
        return name;
    return "";
  }
  bool hasZeros(const Parts &parts) const { return !names.zeros.empty() && parts.has(names.zeros); }

  ScaledNames names;
};

} // namespace

/// Returns whether all groups of integers say that zero points are, or are not, symmetric. Nothing
/// is said where there are no groups.
static bool areAllSymmetric(const QuantizationConfig &config, bool isSymmetric) {
  bool isAny = false;
  for (const QuantizationConfig &group : config.groups()) {
    if (group.text("type") == "float")
      continue;
    isAny = true;
    if (group.truth("symmetric").value_or(true) != isSymmetric)
      return false;
  }
  return isAny;
}

/// The rows and columns of cells as the configuration has them: blocks, or groups of columns; 0 if
/// it has none. Errors: Unsupported.
static Expected<std::pair<uint64_t, uint64_t>> configuredCell(const QuantizationConfig &config,
                                                              const Parts &parts,
                                                              std::string_view suffix,
                                                              uint64_t rows, uint64_t columns) {
  using Cell = std::pair<uint64_t, uint64_t>;
  const Shape &shape = parts.shape(suffix);
  if (auto block = config.pair("weight_block_size")) {
    if (block->first == 0 || block->second == 0)
      return unsupportedError("weight_block_size is " + shapeText({block->first, block->second}));
    return *block;
  }
  for (const QuantizationConfig &group : config.groups()) {
    if (auto block = group.pair("block_structure"))
      if (block->first != 0 && block->second != 0 && shape.size() >= 2 &&
          shape[shape.size() - 2] == divideUp(rows, block->first) &&
          shape.back() == divideUp(columns, block->second))
        return *block;
    int64_t size = group.integer("group_size").value_or(0);
    if (size > 0)
      return Cell{1, static_cast<uint64_t>(size)};
  }
  // Exponents are those of MXFP8, unless somebody says otherwise.
  bool isExponent = isExponentDtype(parts.dtype(suffix));
  return isExponent ? Cell{1, 32} : Cell{0, 0};
}

/// byte-4: cells of a stack of matrices, one below the other. Errors: Unsupported.
static Expected<Grid> cellsOfStack(std::string_view suffix, const Shape &stored, const Shape &shape,
                                   std::pair<uint64_t, uint64_t> cell) {
  uint64_t matrices = shape[0], rows = shape[1], columns = shape[2];
  auto isOneOf = [&](std::initializer_list<Shape> shapes) {
    return std::ranges::find(shapes, stored) != shapes.end();
  };
  if (isOneOf({{}, {1}}))
    return Grid::constant(0);
  if (isOneOf({{matrices}, {matrices, 1}, {matrices, 1, 1}}))
    return Grid{rows, columns, 1, {}};
  if (isOneOf({{matrices, rows}, {matrices, rows, 1}}))
    return Grid{1, columns, 1, {}};
  auto [cellRows, cellColumns] = cell;
  std::string text = "_" + std::string(suffix) + " is " + shapeText(stored);
  if (cellRows == 0 || cellColumns == 0)
    return unsupportedError(text + ", and the configuration does not say how large its blocks are");
  cellRows = std::min(cellRows, rows);
  Shape expected = {matrices, divideUp(rows, cellRows), divideUp(columns, cellColumns)};
  if (stored != expected)
    return unsupportedError(text + ", expected " + shapeText(expected));
  if (rows % cellRows != 0)
    return unsupportedError("blocks of " + std::to_string(cellRows) +
                            " rows do not divide experts of " + std::to_string(rows));
  return Grid{cellRows, cellColumns, expected[2], {}};
}

static Expected<Grid> gridOf(const QuantizationConfig &config, const Parts &parts,
                             std::string_view suffix, const WeightOutline &outline) {
  const Shape &stored = parts.shape(suffix);
  Shape shape = outline.shape.empty() ? Shape{outline.rows, outline.columns} : outline.shape;
  UWT_ASSIGN_OR_RETURN(
      auto cell, configuredCell(config, parts, suffix, shape[shape.size() - 2], shape.back()));
  return shape.size() == 3 ? cellsOfStack(suffix, stored, shape, cell)
                           : cellsOf(suffix, stored, outline, cell.first, cell.second);
}

/// The element of codes, as compositions call it, and how many times too large its numbers are.
struct ScaledElement {
  std::string text;
  Term term;
  unsigned divisor = 1;
};

/// byte-1. Errors: Unsupported.
static Expected<ScaledElement> scaledElementOf(std::string_view dtype) {
  if (dtype == "I8")
    return ScaledElement{"int<8>", {"int", {8}}};
  if (dtype == "F8_E4M3" || dtype == "F8_E5M2") {
    std::string text(elementText(dtype));
    return ScaledElement{text, {text, {}}};
  }
  // byte-5: half the numbers of float<4,3>, whose exponent is less by one than that of FNUZ.
  if (dtype == "F8_E4M3FNUZ")
    return ScaledElement{"float<4,3>", {"float", {4, 3}}, 2};
  return unsupportedError("codes of " + std::string(dtype) + " are not read");
}

/// Errors: Unsupported (codes are integers and the configuration says floats, or the reverse).
static Status checkKind(const QuantizationConfig &config, std::string_view dtype) {
  bool isInteger = dtype == "I8", saysIntegers = false, saysFloats = false;
  std::string method = config.method(), algorithm = config.text("quant_algo");
  for (const QuantizationConfig &group : config.groups()) {
    saysIntegers |= group.text("type") == "int";
    saysFloats |= group.text("type") == "float";
  }
  if (method == "modelopt") {
    saysFloats |= algorithm.find("FP") != std::string::npos;
    saysIntegers |= algorithm.find("INT") != std::string::npos;
  } else if (method != "compressed-tensors") {
    saysFloats = true;
  }
  if (saysIntegers == saysFloats || saysIntegers == isInteger)
    return ok();
  return unsupportedError("its codes are " + std::string(dtype) + ", and the configuration says " +
                          (saysIntegers ? "integers" : "floats"));
}

/// quark-2: a number a tensor or a row, as the shape has it. Errors: Unsupported.
static Status checkQuark(const QuantizationConfig &config, std::string_view module,
                         std::string_view dtype, const Grid &grid, const WeightOutline &outline) {
  if (config.method() != "quark")
    return ok();
  UWT_ASSIGN_OR_RETURN(QuarkWeight said, config.quarkLayers().of(module));
  bool isRow = grid.cellRows == 1 && grid.cellColumns >= outline.columns && outline.rows > 1;
  bool isOne = grid.cells.size() == 1;
  bool isSaid = (said.scheme == "per_tensor" && isOne) ||
                (said.scheme == "per_channel" && said.axis == 0 && (isRow || outline.rows == 1));
  if (said.dtype == "fp8_e4m3" && dtype == "F8_E4M3" && isSaid)
    return ok();
  return unsupportedError("the configuration says '" + said.dtype + "', '" + said.scheme +
                          "' and ch_axis " + std::to_string(said.axis) +
                          ", of which floats of 8 bits under a number a tensor or a row "
                          "(ch_axis 0) are read");
}

Expected<WeightOutline> ScaledRecipe::outline(const QuantizationConfig &config, const Parts &parts,
                                              ThreadPool &) const {
  const Shape &shape = parts.shape(names.codes);
  if (shape.size() != 2 && shape.size() != 3)
    return unsupportedError((names.codes.empty() ? "it is " : ".weight is ") + shapeText(shape) +
                            ", expected a matrix or a stack of them");
  std::string_view scale = scaleOf(parts), dtype = parts.dtype(names.codes);
  UWT_ASSIGN_OR_RETURN(ScaledElement element, scaledElementOf(dtype));
  UWT_RETURN_IF_ERROR(checkKind(config, dtype));
  UWT_RETURN_IF_ERROR(parts.expect(scale, {"F32", "BF16", "F16", "F8_E8M0", "U8"}));
  WeightOutline outline{shape[0], shape[1], {}, "", {names.codes, scale}};
  if (shape.size() == 3) {
    outline.rows = shape[0] * shape[1];
    outline.columns = shape[2];
    outline.shape = shape;
  }
  UWT_ASSIGN_OR_RETURN(Grid grid, gridOf(config, parts, scale, outline));
  std::string cell = cellText(grid.cellRows, grid.cellColumns, outline);
  std::string_view module = moduleOf(parts, names.codes);
  UWT_RETURN_IF_ERROR(checkQuark(config, module, dtype, grid, outline));
  if (dtype == "I8" && grid.columns > 1)
    UWT_RETURN_IF_ERROR(expectNoColumnOrder(config, std::nullopt, "weight_g_idx"));
  outline.format = element.text;
  if (hasZeros(parts)) {
    if (dtype != "I8")
      return unsupportedError(".weight is " + std::string(dtype) +
                              ", and there is .weight_zero_point, which floats have not");
    UWT_RETURN_IF_ERROR(parts.expect(names.zeros, {"I8"}, parts.shape(scale)));
    outline.parts.push_back(names.zeros);
    outline.format += ", zero={" + cell + ", int<8>}";
  } else if (dtype == "I8" && areAllSymmetric(config, false)) {
    return unsupportedError("symmetric is false, and there is no .weight_zero_point");
  }
  outline.format += ", scale={" + cell + ", " + std::string(elementText(parts.dtype(scale))) + "}";
  if (element.divisor != 1)
    outline.format += ", factor=1/" + std::to_string(element.divisor);
  return outline;
}

Expected<QuantizedWeight> ScaledRecipe::assemble(const QuantizationConfig &config,
                                                 const Parts &parts, const WeightOutline &outline,
                                                 ThreadPool &pool) const {
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.matrices = outline.shape.size() == 3 ? outline.shape[0] : 1;
  UWT_ASSIGN_OR_RETURN(ScaledElement element, scaledElementOf(parts.dtype(names.codes)));
  weight.values = QuantizedElement::find(element.term)->values();
  weight.factor = 1.0f / static_cast<float>(element.divisor);
  UWT_ASSIGN_OR_RETURN(weight.codes, parts.bytes(names.codes, pool));
  constexpr uint8_t nanOfFnuz = 0x80;
  if (element.divisor != 1 && std::ranges::find(weight.codes, nanOfFnuz) != weight.codes.end())
    return invalidError("a code is NaN (0x80), which no number of a weight is");
  std::string_view scale = scaleOf(parts);
  UWT_ASSIGN_OR_RETURN(weight.scale, gridOf(config, parts, scale, outline));
  UWT_ASSIGN_OR_RETURN(weight.scale.cells, parts.floats(scale, pool));
  if (!hasZeros(parts))
    return weight;
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> zeros, parts.bytes(names.zeros, pool));
  if (areAllSymmetric(config, true))
    UWT_RETURN_IF_ERROR(expectNeutralZeros(zeros, 0, "symmetric is true"));
  weight.zero = weight.scale;
  std::vector<float> numbers = signedByteValues();
  std::ranges::transform(zeros, weight.zero.cells.begin(),
                         [&](uint8_t code) { return numbers[code]; });
  return weight;
}

const Recipe &uwt::getScaledRecipe() {
  static const ScaledRecipe recipe(namesOfModule);
  return recipe;
}

const Recipe &uwt::getScaledStackRecipe() {
  static const ScaledRecipe recipe(namesOfStack);
  return recipe;
}
