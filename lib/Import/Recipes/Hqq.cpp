//===- Hqq.cpp - Checkpoints of HQQ ---------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As the state of an HQQLinear is saved to safetensors, by hqq and by transformers: a matrix of
// groups, whose rows or columns have a scale and a zero point that is a float (hqq-1 to hqq-5 of
// docs/quantised.md).
//
//===----------------------------------------------------------------------===//

#include "../Recipe.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <functional>

using namespace uwt;

namespace {

/// How codes lie in units of a byte or of a word of 32 bits (hqq-2).
struct HqqPacking {
  std::string_view name;
  unsigned bits;
  /// Codes of a unit, and its bytes.
  uint64_t each, bytes;
};

/// The matrix that the packer made of a weight, and how it is stored.
struct GroupMatrix {
  uint64_t rows = 0, columns = 0;
  HqqPacking packing = {};
  /// Rows of units.
  uint64_t unitRows = 0;
  /// Of the weight itself.
  Shape shape = {};
  /// The rows of the matrix have numbers of their own (axis 1), or the columns have (axis 0).
  bool hasRowNumbers = false;
};

/// A tensor of an HQQLinear that is no part of the weight.
struct HqqNote {
  std::string_view name;
  /// True if the weight is only read if all of its bytes are 0, as of scales that are codes.
  bool isFalse;
};

class HqqRecipe final : public Recipe {
public:
  std::string_view keyword() const override { return "hqq"; }
  bool reads(const QuantizationConfig &config) const override { return config.method() == "hqq"; }
  bool claims(const Parts &parts) const override { return parts.has("W_q"); }
  Expected<WeightOutline> outline(const QuantizationConfig &config, const Parts &parts,
                                  ThreadPool &pool) const override;
  Expected<QuantizedWeight> assemble(const QuantizationConfig &config, const Parts &parts,
                                     const WeightOutline &outline, ThreadPool &pool) const override;
};

constexpr HqqNote notes[] = {
    {"quant_scale", true},         {"quant_zero", true},         {"offload_meta", false},
    {"optimize", false},           {"round_zero", false},        {"channel_wise", false},
    {"view_as_float", false},      {"unpack_view_dtype", false}, {"stores_quant_config", false},
    {"encoded_state_dict", false}, {"group_size", false},
};

} // namespace

static constexpr HqqPacking packings[] = {{"8bit_u8", 8, 1, 1},
                                          {"4bit_u8", 4, 2, 1},
                                          {"3bit_32", 3, 10, 4},
                                          {"2bit_u8", 2, 4, 1},
                                          {"1bit_u8", 1, 8, 1}};

/// What the tensor `packing` says. Errors: Unsupported; as reading a tensor.
static Expected<HqqPacking> packingOf(const Parts &parts, ThreadPool &pool) {
  constexpr uint64_t nameLimit = 64;
  UWT_RETURN_IF_ERROR(parts.expect("packing", {"U8"}));
  if (parts.at("packing").entry->bytes > nameLimit)
    return unsupportedError(".packing has more than " + std::to_string(nameLimit) + " bytes");
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, parts.bytes("packing", pool));
  std::string name(bytes.begin(), bytes.end());
  for (const HqqPacking &packing : packings)
    if (packing.name == name)
      return packing;
  return unsupportedError("packing '" + name +
                          "' is none of 8bit_u8, 4bit_u8, 3bit_32, 2bit_u8 and 1bit_u8");
}

/// Errors: Unsupported (neither 0 nor 1); as reading a tensor.
static Expected<bool> hasRowNumbers(const Parts &parts, ThreadPool &pool) {
  UWT_RETURN_IF_ERROR(parts.expect("axis", {"U8", "I32"}, {}));
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, parts.bytes("axis", pool));
  if (bytes[0] > 1 || std::ranges::any_of(bytes.begin() + 1, bytes.end(), std::identity()))
    return unsupportedError(".axis is neither 0 nor 1");
  return bytes[0] == 1;
}

/// The number of a tensor of a few bytes. Errors: Unsupported; as reading a tensor.
static Expected<std::vector<uint8_t>> bytesOfNote(const Parts &parts, std::string_view name,
                                                  ThreadPool &pool) {
  constexpr uint64_t maxBytes = 64;
  if (parts.at(name).entry->bytes > maxBytes)
    return unsupportedError("." + std::string(name) + " has more than " + std::to_string(maxBytes) +
                            " bytes");
  return parts.bytes(name, pool);
}

/// Compares the tensors that repeat what others say with these: the bits of a code, the type that
/// differences are rounded to. Errors: Unsupported; as reading a tensor.
static Status checkNotes(const GroupMatrix &matrix, const Parts &parts, WeightOutline &outline,
                         ThreadPool &pool) {
  for (std::string_view read : {"packing", "axis", "shape"})
    outline.checked.push_back(read);
  for (const HqqNote &note : notes) {
    if (!parts.has(note.name))
      continue;
    outline.checked.push_back(note.name);
    if (!note.isFalse)
      continue;
    UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, bytesOfNote(parts, note.name, pool));
    if (std::ranges::any_of(bytes, std::identity()))
      return unsupportedError("." + std::string(note.name) +
                              " is set: scales or zero points are codes themselves");
  }
  if (parts.has("nbits")) {
    outline.checked.emplace_back("nbits");
    UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> bits, bytesOfNote(parts, "nbits", pool));
    bool isSame = !bits.empty() && bits[0] == matrix.packing.bits &&
                  std::ranges::none_of(bits.begin() + 1, bits.end(), std::identity());
    if (!isSame)
      return unsupportedError(".nbits is not that of packing " + std::string(matrix.packing.name));
  }
  if (!parts.has("compute_dtype"))
    return ok();
  outline.checked.emplace_back("compute_dtype");
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> type, bytesOfNote(parts, "compute_dtype", pool));
  constexpr std::pair<std::string_view, std::string_view> types[] = {
      {"F32", "torch.float32"}, {"F16", "torch.float16"}, {"BF16", "torch.bfloat16"}};
  std::string name(type.begin(), type.end());
  for (auto [dtype, torch] : types)
    if (parts.dtype("scale") == dtype && torch != name)
      return unsupportedError(".compute_dtype is '" + name + "' and .scale is " +
                              std::string(dtype));
  return ok();
}

/// hqq-1. Errors: Unsupported; as reading a tensor.
static Expected<GroupMatrix> matrixOf(const Parts &parts, ThreadPool &pool) {
  GroupMatrix matrix;
  UWT_ASSIGN_OR_RETURN(matrix.packing, packingOf(parts, pool));
  UWT_ASSIGN_OR_RETURN(matrix.hasRowNumbers, hasRowNumbers(parts, pool));
  // Units may be stored as floats of the same bytes (view_as_float).
  UWT_RETURN_IF_ERROR(parts.expect("W_q", {"U8", "I32", "F16", "BF16", "F32"}));
  UWT_RETURN_IF_ERROR(parts.expect("shape", {"I64", "I32"}, {2}));
  UWT_ASSIGN_OR_RETURN(matrix.shape, parts.sizes("shape", pool));
  const Shape &stored = parts.shape("W_q");
  auto mismatch = [&] {
    return unsupportedError(".W_q is " + shapeText(stored) + " of packing " +
                            std::string(matrix.packing.name) + " and a weight " +
                            shapeText(matrix.shape));
  };
  uint64_t bytes = parts.at("W_q").entry->bytes;
  if (stored.size() != 2 || bytes == 0 || bytes / stored[0] % matrix.packing.bytes != 0)
    return mismatch();
  matrix.unitRows = stored[0];
  matrix.columns = bytes / stored[0] / matrix.packing.bytes;
  uint64_t capacity = matrix.unitRows * matrix.packing.each * matrix.columns;
  uint64_t weightRows = matrix.shape[0], weightColumns = matrix.shape[1];
  if (weightRows == 0 || weightColumns == 0 || weightRows > capacity / weightColumns ||
      weightRows * weightColumns % matrix.columns != 0)
    return mismatch();
  matrix.rows = weightRows * weightColumns / matrix.columns;
  if (divideUp(matrix.rows, matrix.packing.each) != matrix.unitRows)
    return mismatch();
  return matrix;
}

/// Whether rows of the matrix are the weight's, or parts of them side by side.
static bool hasWholeGroups(const GroupMatrix &matrix) {
  return matrix.hasRowNumbers && matrix.shape[1] % matrix.columns == 0;
}

/// The elements of the weight that share a number (hqq-3).
static std::string cellOf(const GroupMatrix &matrix, bool isOne) {
  if (isOne)
    return "tensor";
  if (!matrix.hasRowNumbers)
    return "stride<" + std::to_string(matrix.columns) + ">";
  if (matrix.columns == matrix.shape[1])
    return "row";
  return hasWholeGroups(matrix) ? "1x" + std::to_string(matrix.columns)
                                : "flat<" + std::to_string(matrix.columns) + ">";
}

/// Whether one number is that of all elements.
static bool isOneNumber(const Shape &shape) { return shape.empty() || shape == Shape{1}; }

Expected<WeightOutline> HqqRecipe::outline(const QuantizationConfig &, const Parts &parts,
                                           ThreadPool &pool) const {
  UWT_ASSIGN_OR_RETURN(GroupMatrix matrix, matrixOf(parts, pool));
  UWT_RETURN_IF_ERROR(parts.expect("scale", {"F16", "BF16", "F32"}));
  const Shape &shape = parts.shape("scale");
  bool isOne = isOneNumber(shape);
  Shape expected = matrix.hasRowNumbers ? Shape{matrix.rows, 1} : Shape{1, matrix.columns};
  std::string_view dtype = parts.dtype("scale");
  UWT_RETURN_IF_ERROR(parts.expect("scale", {dtype}, isOne ? shape : expected));
  UWT_RETURN_IF_ERROR(parts.expect("zero", {dtype}, isOne ? shape : expected));
  WeightOutline outline{matrix.rows, matrix.columns, matrix.shape, "", {"W_q", "scale", "zero"}};
  std::string number = "{" + cellOf(matrix, isOne) + ", " + std::string(elementText(dtype)) + "}";
  outline.format =
      "uint<" + std::to_string(matrix.packing.bits) + ">, zero=" + number + ", scale=" + number;
  if (dtype != "F32")
    outline.format += ", math=" + std::string(elementText(dtype));
  // The elements of the matrix are in the weight's order. As rows of the weight they are a format
  // that products run from (hqq-5).
  if (isOne || hasWholeGroups(matrix)) {
    outline.rows = matrix.shape[0];
    outline.columns = matrix.shape[1];
  }
  UWT_RETURN_IF_ERROR(checkNotes(matrix, parts, outline, pool));
  outline.facts = matrix;
  return outline;
}

/// hqq-2: a row of units has the codes of rows that lie `unitRows` apart, the first one on top.
static std::vector<uint8_t> unpackUnits(const GroupMatrix &matrix, std::span<const uint8_t> bytes,
                                        ThreadPool &pool) {
  const HqqPacking &packing = matrix.packing;
  std::vector<uint8_t> codes(matrix.rows * matrix.columns);
  pool.parallelFor(matrix.rows, [&](uint64_t row, unsigned) {
    const uint8_t *unit = bytes.data() + row % matrix.unitRows * matrix.columns * packing.bytes;
    uint64_t fromTop = row / matrix.unitRows;
    uint64_t shift = (packing.each - 1 - fromTop) * packing.bits;
    for (uint64_t column = 0; column < matrix.columns; ++column, unit += packing.bytes) {
      uint32_t word = 0;
      for (uint64_t byte = 0; byte < packing.bytes; ++byte)
        word |= uint32_t(unit[byte]) << (8 * byte);
      codes[row * matrix.columns + column] =
          static_cast<uint8_t>(word >> shift & ((1u << packing.bits) - 1));
    }
  });
  return codes;
}

/// Numbers of all elements, of rows or of columns of the matrix, for the weight or else for the
/// matrix.
static Grid gridOf(const GroupMatrix &matrix, std::vector<float> numbers) {
  if (numbers.size() == 1)
    return Grid::constant(numbers[0]);
  if (hasWholeGroups(matrix))
    return Grid{1, matrix.columns, matrix.shape[1] / matrix.columns, std::move(numbers)};
  return matrix.hasRowNumbers ? Grid{1, matrix.columns, 1, std::move(numbers)}
                              : Grid{matrix.rows, 1, matrix.columns, std::move(numbers)};
}

Expected<QuantizedWeight> HqqRecipe::assemble(const QuantizationConfig &, const Parts &parts,
                                              const WeightOutline &outline,
                                              ThreadPool &pool) const {
  const auto &matrix = std::any_cast<const GroupMatrix &>(outline.facts);
  QuantizedWeight weight;
  weight.rows = outline.rows;
  weight.columns = outline.columns;
  weight.values = integerValues(uint64_t(1) << matrix.packing.bits);
  UWT_ASSIGN_OR_RETURN(std::vector<uint8_t> packed, parts.bytes("W_q", pool));
  weight.codes = unpackUnits(matrix, packed, pool);
  UWT_ASSIGN_OR_RETURN(std::vector<float> scales, parts.floats("scale", pool));
  weight.scale = gridOf(matrix, std::move(scales));
  UWT_ASSIGN_OR_RETURN(std::vector<float> zeros, parts.floats("zero", pool));
  weight.zero = gridOf(matrix, std::move(zeros));
  weight.math = *elementTypeFromSafetensors(parts.dtype("scale")); // hqq-4
  return weight;
}

const Recipe &uwt::getHqqRecipe() {
  static const HqqRecipe recipe;
  return recipe;
}
