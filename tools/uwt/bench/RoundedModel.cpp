//===- RoundedModel.cpp - Quantised weights for benchmarks ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoundedModel.h"
#include "../text/Json.h"
#include "uwt/Container/File.h"
#include "uwt/Container/Safetensors.h"
#include "uwt/Format/BF16.h"
#include "uwt/Format/Floats.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>

using namespace uwt;
using namespace uwt::tool;

namespace {

/// A tensor of a checkpoint.
struct RoundedTensor {
  std::string name;
  std::string_view dtype;
  std::vector<uint64_t> shape;
  std::vector<uint8_t> bytes;
};

/// The type of scales: how one is stored, and the number that it then is.
struct ScaleType {
  std::string_view keyword, dtype;
  unsigned bytes;
};
constexpr ScaleType scaleTypes[] = {
    {"f16", "F16", 2}, {"bf16", "BF16", 2}, {"f32", "F32", 4}, {"f8E8M0FNU", "U8", 1}};

/// The stored bits of the scale nearest to `wanted`; of exponents, the next one above.
uint32_t scaleBits(const ScaleType &type, float wanted) {
  if (type.keyword == "f16")
    return roundToF16(wanted);
  if (type.keyword == "bf16")
    return roundToBF16(wanted);
  if (type.keyword == "f32")
    return std::bit_cast<uint32_t>(wanted);
  return static_cast<uint32_t>(std::clamp(std::ilogb(wanted) + 128, 0, 254));
}

float scaleOf(const ScaleType &type, uint32_t bits) {
  if (type.keyword == "f16")
    return float16.valueOf(bits);
  if (type.keyword == "bf16")
    return fromBF16(static_cast<uint16_t>(bits));
  if (type.keyword == "f32")
    return std::bit_cast<float>(bits);
  return valueOfE8M0(static_cast<uint8_t>(bits));
}

/// Rounds weights to a composition, and lays them out as a checkpoint does.
class RoundedWeight {
public:
  static Expected<RoundedWeight> make(const Format &format, const ProductWeights &weights);

  /// The tensors of the weight of this name.
  std::vector<RoundedTensor> tensors(const std::string &name) const;
  /// What config.json says of all of them.
  Json config() const;

private:
  bool isCodes() const;
  void round(const ProductWeights &weights);
  uint8_t nearestCode(float number) const;
  RoundedTensor codeTensor(const std::string &name) const;

  Format format;
  QuantizedElement element;
  ScaleType scaleType = scaleTypes[0];
  uint64_t rows = 0, columns = 0, cellRows = 0, cellColumns = 0;
  /// By rising number: what codes stand for, less the zero point.
  std::vector<std::pair<float, uint8_t>> numbers;
  std::vector<uint8_t> codes, scales;
};

} // namespace

bool uwt::tool::isComposition(const std::string &text) {
  Expected<Format> format = Format::parse(text);
  return format && format->isQuantized();
}

static Error notDrawn(const std::string &composition) {
  return usageError("--format: nothing is drawn of " + inQuotes(composition) +
                    "; integers and floats with one zero point or none, and a scale of one grid, "
                    "of type f16, bf16, f32 or f8E8M0FNU, are. Of others, 'uwt run --bench' "
                    "measures a checkpoint");
}

static bool canDraw(const Format &format, const QuantizedElement &element) {
  return format.scale && !format.scale->outer && !format.zeroGrid && format.divisor == 1 &&
         format.steps.empty() && !element.isTable;
}

/// Whether compressed-tensors has a layout for it; else codes have a byte each (codes-1).
static bool hasPackersLayout(const Format &format, const QuantizedElement &element) {
  const std::optional<GridFormat> &scale = format.scale;
  bool isExponent = scale->number.keyword == "f8E8M0FNU";
  if (format.element.keyword == "f4E2M1FN")
    return isExponent && scale->cellRows == 1 && scale->cellColumns == 32;
  if (format.element.keyword == "uint")
    return !isExponent && scale->cellRows == 1 && format.zero == uint32_t(1) << (element.bits - 1);
  bool isByte = format.element.keyword == "f8E4M3FN" ||
                (format.element.keyword == "int" && element.bits == 8);
  return isByte && !isExponent && format.zero == 0;
}

Expected<RoundedWeight> RoundedWeight::make(const Format &format, const ProductWeights &weights) {
  std::optional<QuantizedElement> element = QuantizedElement::find(format.element);
  if (!element || !canDraw(format, *element))
    return notDrawn(format.str());
  const auto *type =
      std::ranges::find(scaleTypes, format.scale->number.keyword, &ScaleType::keyword);
  if (type == std::end(scaleTypes))
    return notDrawn(format.str());
  // Recipes call cells of all columns so.
  if (format.scale->cellColumns >= weights.columns())
    return usageError("--format: " + inQuotes(format.scale->str()) + " has all " +
                      std::to_string(weights.columns()) +
                      " columns of the weight in a cell; say row or tensor");
  RoundedWeight rounded;
  rounded.format = format;
  rounded.element = *element;
  rounded.scaleType = *type;
  rounded.rows = weights.rows();
  rounded.columns = weights.columns();
  auto orAll = [](uint64_t size, uint64_t all) { return size == 0 ? all : size; };
  rounded.cellRows = orAll(format.scale->cellRows, rounded.rows);
  rounded.cellColumns = orAll(format.scale->cellColumns, rounded.columns);
  std::vector<float> values = element->values();
  for (size_t code = 0; code < values.size(); ++code)
    if (std::isfinite(values[code]))
      rounded.numbers.emplace_back(values[code] - static_cast<float>(format.zero),
                                   static_cast<uint8_t>(code));
  std::ranges::stable_sort(rounded.numbers, {}, &std::pair<float, uint8_t>::first);
  rounded.round(weights);
  return rounded;
}

bool RoundedWeight::isCodes() const { return !hasPackersLayout(format, element); }

uint8_t RoundedWeight::nearestCode(float number) const {
  auto above = std::ranges::lower_bound(numbers, number, {}, &std::pair<float, uint8_t>::first);
  if (above == numbers.begin())
    return above->second;
  auto below = std::prev(above);
  bool isAbove = above != numbers.end() && above->first - number < number - below->first;
  return isAbove ? above->second : below->second;
}

void RoundedWeight::round(const ProductWeights &weights) {
  codes.resize(rows * columns);
  float largest = numbers.back().first;
  for (uint64_t firstRow = 0; firstRow < rows; firstRow += cellRows)
    for (uint64_t firstColumn = 0; firstColumn < columns; firstColumn += cellColumns) {
      auto forCell = [&](auto visit) {
        for (uint64_t n = firstRow; n < std::min(rows, firstRow + cellRows); ++n)
          for (uint64_t k = firstColumn; k < std::min(columns, firstColumn + cellColumns); ++k)
            visit(n * columns + k, static_cast<float>(weights.at(n, k)));
      };
      float most = 0;
      forCell([&](uint64_t, float value) { most = std::max(most, std::fabs(value)); });
      // Cells of zeros have a scale all the same, and none is subnormal.
      uint32_t bits = scaleBits(scaleType, std::max(most / largest, 0x1p-14f));
      float scale = scaleOf(scaleType, bits);
      forCell([&](uint64_t at, float value) { codes[at] = nearestCode(value / scale); });
      for (unsigned i = 0; i < scaleType.bytes; ++i)
        scales.push_back(static_cast<uint8_t>(bits >> (8 * i)));
    }
}

/// Codes as the checkpoint has them: of integers 32 in as many words as they have bits, of 4-bit
/// floats two a byte, of others one.
RoundedTensor RoundedWeight::codeTensor(const std::string &name) const {
  if (isCodes())
    return {name + ".weight", "U8", {rows, columns}, codes};
  if (element.bits == 8 && format.element.keyword != "uint")
    return {name + ".weight", element.kind ? "F8_E4M3" : "I8", {rows, columns}, codes};
  uint64_t rowBytes = element.kind ? columns / 2 : divideUp(columns * element.bits, 32) * 4;
  RoundedTensor tensor{name + ".weight_packed",
                       element.kind ? "U8" : "I32",
                       {rows, element.kind ? rowBytes : rowBytes / 4},
                       std::vector<uint8_t>(rows * rowBytes)};
  for (uint64_t n = 0; n < rows; ++n)
    for (uint64_t k = 0; k < columns; ++k) {
      uint64_t bit = k * element.bits;
      uint32_t shifted = uint32_t(codes[n * columns + k]) << bit % 8;
      for (uint64_t byte = n * rowBytes + bit / 8; shifted != 0; ++byte, shifted >>= 8)
        tensor.bytes[byte] |= static_cast<uint8_t>(shifted);
    }
  return tensor;
}

std::vector<RoundedTensor> RoundedWeight::tensors(const std::string &name) const {
  std::vector<RoundedTensor> all = {codeTensor(name)};
  std::vector<uint64_t> cells = {divideUp(rows, cellRows), divideUp(columns, cellColumns)};
  bool isOne = cells[0] == 1 && cells[1] == 1;
  all.push_back(
      {name + ".weight_scale", scaleType.dtype, isOne ? std::vector<uint64_t>{1} : cells, scales});
  if (format.element.keyword == "uint" && !isCodes()) {
    std::vector<uint8_t> shape(16);
    std::memcpy(shape.data(), &rows, 8);
    std::memcpy(shape.data() + 8, &columns, 8);
    all.push_back({name + ".weight_shape", "I64", {2}, std::move(shape)});
  }
  return all;
}

Json RoundedWeight::config() const {
  if (isCodes())
    return {{"quantization_config", {{"quant_method", "uwt-codes"}, {"format", format.str()}}}};
  Json weights = {
      {"num_bits", element.bits}, {"type", element.kind ? "float" : "int"}, {"symmetric", true}};
  if (cellRows > 1 && cellColumns < columns)
    weights["block_structure"] = {cellRows, cellColumns};
  else if (cellColumns < columns)
    weights["group_size"] = cellColumns;
  bool isPackedFloat = element.kind && element.bits == 4;
  return {{"quantization_config",
           {{"quant_method", "compressed-tensors"},
            {"format", isPackedFloat ? "mxfp4-pack-quantized" : "pack-quantized"},
            {"config_groups", {{"group_0", {{"weights", std::move(weights)}}}}}}}};
}

Expected<std::string> uwt::tool::writeRoundedModel(const std::string &composition,
                                                   const ProductWeights &weights) {
  UWT_ASSIGN_OR_RETURN(Format format, Format::parse(composition));
  UWT_ASSIGN_OR_RETURN(RoundedWeight rounded, RoundedWeight::make(format, weights));
  std::vector<RoundedTensor> tensors;
  for (unsigned i = 0; i < weights.copies(); ++i)
    std::ranges::move(rounded.tensors(moduleOf(i)), std::back_inserter(tensors));
  std::vector<SafetensorsOutput> outputs;
  for (const RoundedTensor &tensor : tensors)
    outputs.push_back(
        {tensor.name, findSafetensorsDtype(tensor.dtype), tensor.shape, tensor.bytes});
  std::filesystem::path folder = std::filesystem::path(weights.path()).parent_path();
  for (unsigned number = 0; std::filesystem::exists(folder); ++number)
    folder = std::filesystem::path(weights.path()).parent_path() / std::to_string(number);
  std::error_code error;
  if (!std::filesystem::create_directory(folder, error))
    return ioError(folder.string() + ": cannot be made");
  UWT_RETURN_IF_ERROR(writeSafetensors(folder / "model.safetensors", outputs, {}, false));
  std::string config = jsonText(rounded.config()) + "\n";
  UWT_RETURN_IF_ERROR(writeWholeFile(folder / "config.json", asBytes(config), false));
  return folder.string();
}
