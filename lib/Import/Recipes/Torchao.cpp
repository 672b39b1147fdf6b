//===- Torchao.cpp - Tensor subclasses of torchao -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A parameter X.weight is the tensors X._weight_qdata, X._weight_scale and so on, and the header of
// the file says of which class it was and how large its blocks are (torchao-1 to torchao-8 of
// docs/quantised.md), as torchao.prototype.safetensors writes it for transformers. Tiles of 4 bits
// are those of PyTorch's aten/src/ATen/native/cuda/int4mm.cu.
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Support/JsonTree.h"
#include <algorithm>

using namespace uwt;
using nlohmann::json;

namespace {

/// What the header of a file says of a parameter.
struct Subclass {
  std::string type;
  /// What its constructor takes beside the tensors.
  json attributes;

  /// An attribute that is a list of sizes, or nothing.
  std::optional<Shape> sizes(const char *key) const;
  /// An attribute that is a dtype of PyTorch, "int4", or empty.
  std::string dtype(const char *key) const;
};

/// Matrices [rows, columns], one below the other.
struct Extents {
  uint64_t matrices = 1, rows = 0, columns = 0;

  /// Of one matrix or a stack of them, by its shape. Errors: Unsupported.
  static Expected<Extents> of(std::string_view what, const Shape &shape);
  uint64_t allRows() const { return matrices * rows; }
};

/// How qdata of Int4TilePackedTo4dTensor lies (torchao-6): [matrices, down, across, lanes, words].
struct Tiles {
  uint64_t down = 0, across = 0, words = 0;

  uint64_t rows() const { return down * tileRows; }
  uint64_t columns() const { return across * words * wordColumns; }
  uint8_t at(std::span<const uint32_t> codes, uint64_t matrix, uint64_t row, uint64_t column) const;

  static constexpr uint64_t tileRows = 8, lanes = 32;
  /// Four lanes have the codes of so many columns of a row in a word each.
  static constexpr uint64_t wordColumns = 32;
};

class TorchaoRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "torchao"; }
  std::span<const std::string_view> silentTensors() const override {
    // Numbers that activations are quantised with, of a parameter X.weight and of others.
    static constexpr std::string_view names[] = {"_weight_act_quant_scale",
                                                 "_weight_act_quant_zero_point", "act_quant_scale",
                                                 "act_quant_zero_point"};
    return names;
  }
  std::string weightName(std::string_view module) const override { return parameterName(module); }
  bool reads(const QuantizationConfig &config) const override {
    return config.method() == "torchao";
  }
  bool claims(const Parts &parts) const override { return parts.has("qdata"); }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;

private:
  static std::string parameterName(std::string_view module);
  static Expected<Subclass> subclassOf(const Parts &parts);
};

} // namespace

static constexpr std::string_view codesSuffix = "qdata";

/// torchao-1: X.weight of X._weight.
std::string TorchaoRecipe::parameterName(std::string_view module) {
  std::string name(module);
  size_t first = name.rfind('.') + 1;
  if (first < name.size() && name[first] == '_')
    name.erase(first, 1);
  return name;
}

//===----------------------------------------------------------------------===//
// What the header says
//===----------------------------------------------------------------------===//

std::optional<Shape> Subclass::sizes(const char *key) const {
  auto found = attributes.find(key);
  if (found == attributes.end() || !found->is_array())
    return std::nullopt;
  Shape sizes;
  for (const json &size : *found) {
    if (!size.is_number_unsigned())
      return std::nullopt;
    sizes.push_back(size.get<uint64_t>());
  }
  return sizes;
}

std::string Subclass::dtype(const char *key) const {
  auto found = attributes.find(key);
  if (found == attributes.end() || !found->is_object())
    return "";
  auto name = found->find("_data");
  return name != found->end() && name->is_string() ? name->get<std::string>() : "";
}

/// Whether the tensors are there that the header names, and none that changes activations.
static Status checkTensors(const json &names, const Parts &parts) {
  for (const json &each : names) {
    if (!each.is_string())
      return unsupportedError("the header names its tensors by what is no text");
    const auto &name = each.get_ref<const std::string &>();
    if (!parts.has(name))
      return unsupportedError("there is no tensor _" + name + ", which the header names");
  }
  if (parts.has("act_pre_scale"))
    return unsupportedError("activations are multiplied with _act_pre_scale before the product");
  return ok();
}

/// torchao-2. Errors: Unsupported.
Expected<Subclass> TorchaoRecipe::subclassOf(const Parts &parts) {
  const Part &codes = parts.at(codesSuffix);
  std::string_view name = codes.entry->name, module = name;
  module.remove_suffix(codesSuffix.size() + 1);
  if (name[module.size()] == ':')
    return unsupportedError("its tensors have names of torchao 0.14; 0.15 and later write them as "
                            "X._weight_qdata");
  std::string key = parameterName(module);
  const std::string *text = codes.container->findMetadata(key);
  if (!text)
    return unsupportedError("__metadata__ of the file has no entry " + key);
  json entry = parseJsonTreeOrNone(*text);
  auto member = [&](const char *key, bool (json::*is)() const noexcept) {
    auto found = entry.is_object() ? entry.find(key) : entry.end();
    return found != entry.end() && ((*found).*is)() ? &*found : nullptr;
  };
  const json *type = member("_type", &json::is_string),
             *attributes = member("_data", &json::is_object),
             *tensors = member("_tensor_data_names", &json::is_array);
  if (!type || !attributes || !tensors)
    return unsupportedError("__metadata__ entry " + key + " describes no tensor subclass");
  UWT_RETURN_IF_ERROR(checkTensors(*tensors, parts));
  return Subclass{type->get<std::string>(), *attributes};
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Expected<Extents> Extents::of(std::string_view what, const Shape &shape) {
  if (shape.size() == 2)
    return Extents{1, shape[0], shape[1]};
  if (shape.size() == 3)
    return Extents{shape[0], shape[1], shape[2]};
  return unsupportedError(std::string(what) + " is " + shapeText(shape) +
                          ", expected a matrix or a stack of them");
}

static WeightOutline outlineOf(const Extents &extents, const Shape &shape,
                               std::vector<std::string_view> parts) {
  WeightOutline outline{extents.allRows(), extents.columns, {}, "", std::move(parts)};
  outline.shape = shape;
  return outline;
}

static QuantizedWeight emptyWeight(const WeightOutline &outline) {
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.matrices = outline.shape.size() == 3 ? outline.shape[0] : 1;
  return weight;
}

static Shape withoutOnes(Shape shape) {
  std::erase(shape, 1);
  return shape;
}

/// The blocks of a weight of that shape, one dimension each. Errors: Unsupported.
static Expected<Shape> blockOf(const Subclass &subclass, const Shape &shape) {
  // The header says the shape of some, which no tensor has.
  if (shape.empty() || std::ranges::count(shape, 0) != 0)
    return unsupportedError("it is empty");
  std::optional<Shape> block = subclass.sizes("block_size");
  if (block && block->empty())
    return shape; // One number for all of a Float8Tensor.
  if (!block || block->size() != shape.size() || std::ranges::count(*block, 0) != 0)
    return unsupportedError("the header does not say the block_size of a weight " +
                            shapeText(shape));
  return *block;
}

/// torchao-3: the cells of numbers that have a tensor as large as the weight has blocks. Errors:
/// Unsupported.
static Expected<Grid> cellsOf(const Subclass &subclass, const Parts &parts,
                              std::string_view suffix) {
  const Shape &shape = parts.shape(codesSuffix), &stored = parts.shape(suffix);
  UWT_ASSIGN_OR_RETURN(Shape block, blockOf(subclass, shape));
  Shape cells;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] % block[i] != 0)
      return unsupportedError("blocks of " + shapeText(block) + " do not divide a weight " +
                              shapeText(shape));
    cells.push_back(shape[i] / block[i]);
  }
  // Numbers of a whole row or tensor may lack the dimensions that they have one of.
  if (withoutOnes(stored) != withoutOnes(cells))
    return unsupportedError("_" + std::string(suffix) + " is " + shapeText(stored) + ", expected " +
                            shapeText(cells));
  if (block == shape)
    return Grid::constant(0);
  if (shape.size() == 3 && block[0] != 1)
    return unsupportedError("blocks of " + shapeText(block) + " are of several matrices");
  return Grid{block[block.size() - 2], block.back(), cells.back(), {}};
}

//===----------------------------------------------------------------------===//
// Codes of a byte: Float8Tensor, Int8Tensor, IntxUnpackedToInt8Tensor
//===----------------------------------------------------------------------===//

/// Bits of an IntxUnpackedToInt8Tensor, by its attribute target_dtype. Errors: Unsupported.
static Expected<unsigned> bitsOf(const Subclass &subclass) {
  for (unsigned bits = 1; bits <= 8; ++bits)
    if (subclass.dtype("target_dtype") == "int" + std::to_string(bits))
      return bits;
  return unsupportedError("target_dtype is none of int1 to int8");
}

/// The element of a weight of bytes. Errors: Unsupported.
static Expected<Term> elementOf(const Subclass &subclass, const Parts &parts) {
  if (subclass.type == "Float8Tensor") {
    UWT_RETURN_IF_ERROR(parts.expect(codesSuffix, {"F8_E4M3", "F8_E5M2"}));
    return Term{std::string(elementText(parts.dtype(codesSuffix))), {}};
  }
  UWT_RETURN_IF_ERROR(parts.expect(codesSuffix, {"I8"}));
  if (subclass.type == "Int8Tensor")
    return Term{"int", {8}};
  UWT_ASSIGN_OR_RETURN(unsigned bits, bitsOf(subclass));
  return Term{"int", {bits}};
}

static Expected<WeightOutline> outlineBytes(const Subclass &subclass, const Parts &parts) {
  const Shape &shape = parts.shape(codesSuffix);
  UWT_ASSIGN_OR_RETURN(Extents extents, Extents::of("_qdata", shape));
  UWT_ASSIGN_OR_RETURN(Term element, elementOf(subclass, parts));
  UWT_RETURN_IF_ERROR(parts.expect("scale", {"F32", "BF16", "F16"}));
  UWT_ASSIGN_OR_RETURN(Grid grid, cellsOf(subclass, parts, "scale"));
  WeightOutline outline = outlineOf(extents, shape, {codesSuffix, "scale"});
  std::string cell = cellText(grid.cellRows, grid.cellColumns, outline);
  outline.format = element.str();
  if (parts.has("zero_point")) {
    // A zero point of floats is no number of their type.
    if (element.keyword != "int")
      return unsupportedError("a " + subclass.type + " of floats has zero points");
    // Others would be subtracted in the weight's own type, with a rounding.
    UWT_RETURN_IF_ERROR(parts.expect("zero_point", {"I8"}, parts.shape("scale")));
    outline.parts.emplace_back("zero_point");
    outline.format += ", zero={" + cell + ", " + element.str() + "}";
  }
  outline.format +=
      ", scale={" + cell + ", " + std::string(elementText(parts.dtype("scale"))) + "}";
  return outline;
}

/// Returns whether an integer of `bits` bits and a sign has that value.
static bool isInteger(int8_t number, unsigned bits) {
  int count = 1 << bits;
  return number >= -count / 2 && number < count / 2;
}

/// Makes codes of `bits` bits of integers in bytes (torchao-5). Errors: Invalid.
static Status narrow(std::vector<uint8_t> &codes, unsigned bits) {
  int count = 1 << bits;
  for (uint8_t &code : codes) {
    auto number = static_cast<int8_t>(code);
    if (!isInteger(number, bits))
      return invalidError("a code is " + std::to_string(number) + ", which int" +
                          std::to_string(bits) + " has not");
    code &= count - 1;
  }
  return ok();
}

static Expected<QuantizedWeight> assembleBytes(const Subclass &subclass, const Parts &parts,
                                               const WeightOutline &outline, ThreadPool &pool) {
  QuantizedWeight weight = emptyWeight(outline);
  UWT_ASSIGN_OR_RETURN(Term term, elementOf(subclass, parts));
  QuantizedElement element = *QuantizedElement::find(term);
  weight.values = element.values();
  UWT_ASSIGN_OR_RETURN(weight.codes, parts.bytes(codesSuffix, pool));
  if (!element.kind)
    UWT_RETURN_IF_ERROR(narrow(weight.codes, element.bits));
  UWT_ASSIGN_OR_RETURN(weight.scale, cellsOf(subclass, parts, "scale"));
  UWT_ASSIGN_OR_RETURN(weight.scale.cells, parts.floats("scale", pool));
  if (!parts.has("zero_point"))
    return weight;
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> zeros, parts.bytes("zero_point", pool));
  weight.zero = weight.scale;
  for (size_t i = 0; i < zeros.size(); ++i) {
    auto number = static_cast<int8_t>(zeros[i]);
    if (!isInteger(number, element.bits))
      return invalidError("a zero point is " + std::to_string(number) + ", which int" +
                          std::to_string(element.bits) + " has not");
    weight.zero.cells[i] = static_cast<float>(number);
  }
  return weight;
}

//===----------------------------------------------------------------------===//
// Codes of 4 bits: Int4Tensor, Int4TilePackedTo4dTensor
//===----------------------------------------------------------------------===//

/// Columns of a group: the last size of a block of one row. Errors: Unsupported.
static Expected<uint64_t> groupOf(const Subclass &subclass, const Shape &shape) {
  UWT_ASSIGN_OR_RETURN(Shape block, blockOf(subclass, shape));
  if (std::ranges::all_of(block.begin(), block.end() - 1, [](uint64_t size) { return size == 1; }))
    return block.back();
  return unsupportedError("blocks of " + shapeText(block) + " are of several rows");
}

/// The shape of what a weight of that shape has [rows, columns] of for each matrix.
static Shape shapeOfEach(const Shape &shape, uint64_t rows, uint64_t columns) {
  Shape result(shape.begin(), shape.end() - 2);
  result.insert(result.end(), {rows, columns});
  return result;
}

/// A grid of groups of columns, of numbers [matrices, groups, rows, each] that may have more groups
/// and rows than the weight: those at `index` of each.
static Grid gridOfGroups(std::span<const float> numbers, const Extents &of, uint64_t group,
                         const Shape &stored, uint64_t index) {
  auto [groups, rows, each] = std::tuple(stored[0], stored[1], stored[2]);
  Grid grid = {1, group, divideUp(of.columns, group), {}};
  grid.cells.reserve(of.allRows() * grid.columns);
  for (uint64_t matrix = 0; matrix < of.matrices; ++matrix)
    for (uint64_t row = 0; row < of.rows; ++row)
      for (uint64_t cell = 0; cell < grid.columns; ++cell)
        grid.cells.push_back(numbers[((matrix * groups + cell) * rows + row) * each + index]);
  return grid;
}

static Expected<WeightOutline> outlinePairs(const Subclass &subclass, const Parts &parts) {
  UWT_RETURN_IF_ERROR(parts.expect(codesSuffix, {"I8", "U8"}));
  Shape shape = parts.shape(codesSuffix);
  UWT_ASSIGN_OR_RETURN(Extents extents, Extents::of("_qdata", shape));
  extents.columns *= 2;
  shape.back() = extents.columns;
  if (subclass.sizes("shape") != shape)
    return unsupportedError("_qdata is " + shapeText(parts.shape(codesSuffix)) +
                            ", which is not half of the shape that the header says");
  UWT_ASSIGN_OR_RETURN(uint64_t group, groupOf(subclass, shape));
  if (group > extents.columns)
    return unsupportedError("groups of " + std::to_string(group) + " are larger than rows of " +
                            std::to_string(extents.columns));
  UWT_RETURN_IF_ERROR(
      parts.expect("scale", {"BF16", "F16", "F32"},
                   shapeOfEach(shape, divideUp(extents.columns, group), extents.rows)));
  UWT_RETURN_IF_ERROR(parts.expect("zero_point", {parts.dtype("scale")}, parts.shape("scale")));
  WeightOutline outline = outlineOf(extents, shape, {codesSuffix, "scale", "zero_point"});
  std::string grid = "{" + cellText(1, group, outline) + ", " +
                     std::string(elementText(parts.dtype("scale"))) + "}";
  outline.format = "int<4>, scale=" + grid + ", offset=" + grid;
  return outline;
}

/// torchao-4.
static Expected<QuantizedWeight> assemblePairs(const Subclass &subclass, const Parts &parts,
                                               const WeightOutline &outline, ThreadPool &pool) {
  QuantizedWeight weight = emptyWeight(outline);
  weight.values = QuantizedElement{4, /*isSigned=*/true, {}}.values();
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> packed, parts.bytes(codesSuffix, pool));
  weight.codes = nibblesOf(packed);
  UWT_ASSIGN_OR_RETURN(Extents extents, Extents::of("_qdata", outline.shape));
  UWT_ASSIGN_OR_RETURN(uint64_t group, groupOf(subclass, outline.shape));
  Shape stored = {divideUp(extents.columns, group), extents.rows, 1};
  UWT_ASSIGN_OR_RETURN(std::vector<float> scales, parts.floats("scale", pool));
  weight.scale = gridOfGroups(scales, extents, group, stored, 0);
  UWT_ASSIGN_OR_RETURN(std::vector<float> offsets, parts.floats("zero_point", pool));
  weight.addOffset(gridOfGroups(offsets, extents, group, stored, 0));
  return weight;
}

uint8_t Tiles::at(std::span<const uint32_t> codes, uint64_t matrix, uint64_t row,
                  uint64_t column) const {
  uint64_t tile = matrix * down + row / tileRows, word = column / wordColumns,
           in = column % wordColumns;
  uint64_t lane = row % tileRows * 4 + in % 8 / 2;
  uint64_t at = ((tile * across + word / words) * lanes + lane) * words + word % words;
  return codes[at] >> (4 * (in / 8 + in % 2 * 4)) & 15;
}

/// Precondition: `shape` has 4 or 5 dimensions.
static Tiles tilesOf(const Shape &shape) {
  size_t last = shape.size() - 1;
  return {shape[last - 3], shape[last - 2], shape[last]};
}

static Expected<WeightOutline> outlineTiles(const Subclass &subclass, const Parts &parts) {
  UWT_RETURN_IF_ERROR(parts.expect(codesSuffix, {"I32"}));
  Shape shape = subclass.sizes("shape").value_or(Shape());
  UWT_ASSIGN_OR_RETURN(Extents extents, Extents::of("the shape in the header", shape));
  const Shape &packed = parts.shape(codesSuffix);
  if (packed.size() != shape.size() + 2 || (shape.size() == 3 && packed[0] != shape[0]) ||
      packed[packed.size() - 2] != Tiles::lanes)
    return unsupportedError("_qdata is " + shapeText(packed) + " of a weight " + shapeText(shape));
  Tiles tiles = tilesOf(packed);
  if (extents.rows > tiles.rows() || extents.columns > tiles.columns())
    return unsupportedError("_qdata is " + shapeText(packed) + ", too few tiles of a weight " +
                            shapeText(shape));
  UWT_ASSIGN_OR_RETURN(uint64_t group, groupOf(subclass, shape));
  if (tiles.columns() % group != 0)
    return unsupportedError("groups of " + std::to_string(group) + " do not divide " +
                            std::to_string(tiles.columns()) + " columns");
  Shape numbers = shapeOfEach(shape, tiles.columns() / group, tiles.rows());
  numbers.push_back(2);
  UWT_RETURN_IF_ERROR(parts.expect("scale_and_zero", {"BF16"}, numbers));
  WeightOutline outline = outlineOf(extents, shape, {codesSuffix, "scale_and_zero"});
  std::string grid = "{" + cellText(1, group, outline) + ", bf16}";
  outline.format = "uint<4>, zero=8, scale=" + grid + ", offset=" + grid;
  return outline;
}

/// torchao-6.
static Expected<QuantizedWeight> assembleTiles(const Subclass &subclass, const Parts &parts,
                                               const WeightOutline &outline, ThreadPool &pool) {
  QuantizedWeight weight = emptyWeight(outline);
  weight.values = integerValues(16);
  weight.zero = Grid::constant(8);
  UWT_ASSIGN_OR_RETURN(Extents extents, Extents::of("the shape in the header", outline.shape));
  Tiles tiles = tilesOf(parts.shape(codesSuffix));
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> words, parts.words(codesSuffix, pool));
  weight.codes.resize(outline.rows * outline.columns);
  pool.parallelFor(outline.rows, [&](uint64_t row, unsigned) {
    for (uint64_t column = 0; column < outline.columns; ++column)
      weight.codes[row * outline.columns + column] =
          tiles.at(words, row / extents.rows, row % extents.rows, column);
  });
  UWT_ASSIGN_OR_RETURN(uint64_t group, groupOf(subclass, outline.shape));
  UWT_ASSIGN_OR_RETURN(std::vector<float> numbers, parts.floats("scale_and_zero", pool));
  Shape stored = {tiles.columns() / group, tiles.rows(), 2};
  weight.scale = gridOfGroups(numbers, extents, group, stored, 0);
  weight.addOffset(gridOfGroups(numbers, extents, group, stored, 1));
  return weight;
}

//===----------------------------------------------------------------------===//
// Scales of 8 bits for 16 or 32 columns: NVFP4Tensor, MXTensor
//===----------------------------------------------------------------------===//

namespace {
/// An element by the names that it has in PyTorch, in compositions, and in the file.
struct SmallElement {
  std::string_view torch, keyword, stored;
};

/// How a weight of small floats lies (torchao-7).
struct Microscaled {
  Extents extents;
  Shape shape;
  SmallElement element;
  /// Columns that share a scale.
  uint64_t group = 0;
  bool isSwizzled = false;

  uint64_t groups() const { return extents.columns / group; }
  /// Of the tensor that has the scales.
  Shape scaleShape() const;
  /// The scales of one row after another.
  std::vector<float> inRows(std::vector<float> stored) const;

  /// A swizzled block has so many rows, 4 scales of each.
  static constexpr uint64_t blockRows = 128, blockGroups = 4;
};
} // namespace

static constexpr SmallElement pairElement = {"float4_e2m1fn_x2", "f4E2M1FN", "U8"};
static constexpr SmallElement smallElements[] = {
    pairElement, {"float8_e4m3fn", "f8E4M3FN", "F8_E4M3"}, {"float8_e5m2", "f8E5M2", "F8_E5M2"}};

Shape Microscaled::scaleShape() const {
  if (!isSwizzled)
    return shapeOfEach(shape, extents.rows, groups());
  return shapeOfEach(shape, divideUp(extents.rows, blockRows) * (blockRows / 4),
                     divideUp(groups(), blockGroups) * 4 * blockGroups);
}

/// torchao-8.
std::vector<float> Microscaled::inRows(std::vector<float> stored) const {
  if (!isSwizzled)
    return stored;
  std::vector<float> numbers;
  numbers.reserve(extents.allRows() * groups());
  for (uint64_t row = 0; row < extents.allRows(); ++row)
    for (uint64_t group = 0; group < groups(); ++group) {
      uint64_t block = row / blockRows * divideUp(groups(), blockGroups) + group / blockGroups;
      uint64_t in = row % 32 * 16 + row % blockRows / 32 * 4 + group % blockGroups;
      numbers.push_back(stored[block * blockRows * blockGroups + in]);
    }
  return numbers;
}

static bool isNvfp4(const Subclass &subclass) { return subclass.type == "NVFP4Tensor"; }

/// Errors: Unsupported.
static Expected<SmallElement> smallElementOf(const Subclass &subclass, const Parts &parts) {
  std::string name =
      isNvfp4(subclass) ? std::string(pairElement.torch) : subclass.dtype("elem_dtype");
  const auto *found = std::ranges::find(smallElements, name, &SmallElement::torch);
  if (found == std::end(smallElements))
    return unsupportedError("elem_dtype is no e2m1, e4m3 or e5m2");
  UWT_RETURN_IF_ERROR(parts.expect(codesSuffix, {found->stored}));
  return *found;
}

/// Errors: Unsupported.
static Expected<Microscaled> microscaledOf(const Subclass &subclass, const Parts &parts) {
  Microscaled result;
  UWT_ASSIGN_OR_RETURN(result.element, smallElementOf(subclass, parts));
  result.shape = parts.shape(codesSuffix);
  UWT_ASSIGN_OR_RETURN(result.extents, Extents::of("_qdata", result.shape));
  if (result.element.torch == pairElement.torch) {
    result.extents.columns *= 2;
    result.shape.back() *= 2;
  }
  auto block = subclass.attributes.find("block_size");
  if (block != subclass.attributes.end() && block->is_number_unsigned())
    result.group = block->get<uint64_t>();
  if (result.group == 0 || result.extents.columns % result.group != 0)
    return unsupportedError("the header says no block_size that divides rows of " +
                            std::to_string(result.extents.columns));
  auto swizzled = subclass.attributes.find("is_swizzled_scales");
  result.isSwizzled = swizzled != subclass.attributes.end() && *swizzled == true;
  if (result.isSwizzled && result.extents.matrices != 1 &&
      result.extents.rows % Microscaled::blockRows != 0)
    return unsupportedError("swizzled scales of matrices " + shapeText(result.shape) +
                            ", whose rows are no multiple of 128");
  return result;
}

/// The number that scales of NVFP4Tensor are multiplied with: one, or one a matrix. Errors:
/// Unsupported.
static Expected<Grid> outerOf(const Parts &parts, const Extents &extents) {
  UWT_RETURN_IF_ERROR(parts.expect("per_tensor_scale", {"F32"}));
  const Shape &shape = parts.shape("per_tensor_scale");
  if (withoutOnes(shape).empty())
    return Grid::constant(0);
  if (shape == Shape{extents.matrices, 1, 1})
    return Grid{extents.rows, extents.columns, 1, {}};
  return unsupportedError("_per_tensor_scale is " + shapeText(shape) +
                          ", expected one number, or " + shapeText({extents.matrices, 1, 1}));
}

static Expected<WeightOutline> outlineMicroscaled(const Subclass &subclass, const Parts &parts) {
  UWT_ASSIGN_OR_RETURN(Microscaled layout, microscaledOf(subclass, parts));
  UWT_RETURN_IF_ERROR(
      parts.expect("scale", {isNvfp4(subclass) ? "F8_E4M3" : "F8_E8M0"}, layout.scaleShape()));
  WeightOutline outline = outlineOf(layout.extents, layout.shape, {codesSuffix, "scale"});
  std::string nested;
  if (isNvfp4(subclass) && parts.has("per_tensor_scale")) {
    UWT_ASSIGN_OR_RETURN(Grid outer, outerOf(parts, layout.extents));
    outline.parts.emplace_back("per_tensor_scale");
    nested = ", scale={" + cellText(outer.cellRows, outer.cellColumns, outline) + ", f32}";
  }
  outline.format = std::string(layout.element.keyword) + ", scale={" +
                   cellText(1, layout.group, outline) + ", " +
                   std::string(elementText(parts.dtype("scale"))) + nested + "}";
  return outline;
}

static Expected<QuantizedWeight> assembleMicroscaled(const Subclass &subclass, const Parts &parts,
                                                     const WeightOutline &outline,
                                                     ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(Microscaled layout, microscaledOf(subclass, parts));
  QuantizedWeight weight = emptyWeight(outline);
  weight.values = QuantizedElement::find({std::string(layout.element.keyword), {}})->values();
  UWT_ASSIGN_OR_RETURN(weight.codes, parts.bytes(codesSuffix, pool));
  if (layout.element.torch == pairElement.torch)
    weight.codes = nibblesOf(weight.codes);
  UWT_ASSIGN_OR_RETURN(std::vector<float> scales, parts.floats("scale", pool));
  weight.scale = {1, layout.group, layout.groups(), layout.inRows(std::move(scales))};
  if (!isNvfp4(subclass) || !parts.has("per_tensor_scale"))
    return weight;
  UWT_ASSIGN_OR_RETURN(Grid outer, outerOf(parts, layout.extents));
  UWT_ASSIGN_OR_RETURN(outer.cells, parts.floats("per_tensor_scale", pool));
  weight.scaleParts = {std::move(weight.scale), std::move(outer), /*isDivided=*/false};
  weight.scale = weight.scaleParts->product();
  return weight;
}

//===----------------------------------------------------------------------===//
// The recipe
//===----------------------------------------------------------------------===//

namespace {
/// How weights of a class are read.
struct SubclassReader {
  std::string_view type;
  Expected<WeightOutline> (*outline)(const Subclass &subclass, const Parts &parts);
  Expected<QuantizedWeight> (*assemble)(const Subclass &subclass, const Parts &parts,
                                        const WeightOutline &outline, ThreadPool &pool);
};
} // namespace

static constexpr SubclassReader readers[] = {
    {"Float8Tensor", outlineBytes, assembleBytes},
    {"Int8Tensor", outlineBytes, assembleBytes},
    {"IntxUnpackedToInt8Tensor", outlineBytes, assembleBytes},
    {"Int4Tensor", outlinePairs, assemblePairs},
    {"Int4TilePackedTo4dTensor", outlineTiles, assembleTiles},
    {"NVFP4Tensor", outlineMicroscaled, assembleMicroscaled},
    {"MXTensor", outlineMicroscaled, assembleMicroscaled},
};

static const SubclassReader *findReader(const Subclass &subclass) {
  const auto *found = std::ranges::find(readers, subclass.type, &SubclassReader::type);
  return found == std::end(readers) ? nullptr : found;
}

Expected<WeightOutline> TorchaoRecipe::outline(const QuantizationConfig &, const Parts &parts,
                                               ThreadPool &) const {
  UWT_ASSIGN_OR_RETURN(Subclass subclass, subclassOf(parts));
  const SubclassReader *reader = findReader(subclass);
  if (!reader)
    return unsupportedError("tensor subclass '" + subclass.type + "' of torchao is not read");
  UWT_ASSIGN_OR_RETURN(WeightOutline outline, reader->outline(subclass, parts));
  outline.facts = std::make_shared<const Subclass>(std::move(subclass));
  return outline;
}

Expected<QuantizedWeight> TorchaoRecipe::assemble(const QuantizationConfig &, const Parts &parts,
                                                  const WeightOutline &outline,
                                                  ThreadPool &pool) const {
  const auto &subclass = *std::any_cast<const std::shared_ptr<const Subclass> &>(outline.facts);
  return findReader(subclass)->assemble(subclass, parts, outline, pool);
}

const Recipe &uwt::getTorchaoRecipe() {
  static const TorchaoRecipe recipe;
  return recipe;
}
