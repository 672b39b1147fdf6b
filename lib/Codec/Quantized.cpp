//===- Quantized.cpp - Quantised weights in memory ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Quantized.h"
#include <optional>

using namespace uwt;

static constexpr uint32_t smallestCell = 32, largestUnit = 256;

/// Bits that a scale of that type takes.
static std::optional<uint32_t> scaleBitsOf(const Term &number) {
  if (!number.parameters.empty())
    return std::nullopt;
  if (number.keyword == "f16" || number.keyword == "bf16")
    return 16;
  if (number.keyword == "f32")
    return 32;
  if (number.keyword == "f8E8M0FNU")
    return 8;
  return std::nullopt;
}

/// Cells are of one row, or none: a unit has a number a row.
static bool isServed(const GridFormat &grid) {
  uint32_t columns = grid.cellColumns;
  if (columns == 0)
    return true;
  return grid.cellRows == 1 &&
         (columns == smallestCell || columns == fixedUnitColumns ||
          columns == 2 * fixedUnitColumns || columns % largestUnit == 0);
}

static Status checkZero(const Format &format) {
  if (format.zero >= quantizedCodes)
    return usageError("zero=" + std::to_string(format.zero) + ": expected a code of 4 bits");
  if (!format.zeroGrid)
    return ok();
  const GridFormat &zero = *format.zeroGrid, &scale = *format.scale;
  if (zero.number != Term{"uint", {quantizedCodeBits}})
    return usageError("zero=" + zero.str() + ": expected numbers of type uint<4>");
  if (zero.cellRows != scale.cellRows || zero.cellColumns != scale.cellColumns)
    return usageError("zero=" + zero.str() + " has other cells than scale=" + scale.str());
  return ok();
}

/// What a quantised weight has nothing of.
static Status checkPlain(const Format &format) {
  Format plain;
  plain.codec = rawFormat().codec;
  plain.element = format.element;
  plain.zero = format.zero;
  plain.zeroGrid = format.zeroGrid;
  plain.scale = format.scale;
  plain.escapes = Escapes::None;
  if (format == plain)
    return ok();
  return usageError("a format of quantised weights has an element, zero= and scale= alone, got '" +
                    format.str() + "'");
}

Expected<CodecTraits> uwt::checkQuantized(const Format &format, ElementType element) {
  UWT_RETURN_IF_ERROR(checkPlain(format));
  std::string name = format.element.str();
  bool isFloat = format.element == Term{"f4E2M1FN", {}};
  if (!isFloat && format.element.parameters != std::vector<uint32_t>{quantizedCodeBits})
    return usageError(name + ": products run from the codes of uint<4>, int<4> and f4E2M1FN");
  if (element != ElementType::BF16)
    return usageError(name + " is decoded to bf16, not to " +
                      std::string(getTraits(element).name));
  if (!format.scale)
    return usageError(name + " has no scale; expected scale= and cells, as {1x128, f16}");
  if (!scaleBitsOf(format.scale->number))
    return usageError("scale=" + format.scale->str() +
                      ": expected numbers of type f16, bf16, f32 or f8E8M0FNU");
  if (!isServed(*format.scale))
    return usageError("scale=" + format.scale->str() +
                      ": expected cells of 1x32, 1x64, 1x128, 1x256 or multiples, row or tensor");
  UWT_RETURN_IF_ERROR(checkZero(format));
  QuantizedUnit unit = quantizedUnit(format);
  CodecTraits traits;
  traits.rate = Rate::Fixed;
  traits.codeBits = quantizedCodeBits;
  traits.chunks = {quantizedCodeBits};
  traits.unit = {unit.columns, 0, unit.u32(), 0, fragmentLanes * quantizedCodeBits};
  return traits;
}

QuantizedUnit uwt::quantizedUnit(const Format &format) {
  uint32_t columns = format.scale->cellColumns;
  QuantizedUnit unit;
  bool isLarge = columns == 0 || columns > largestUnit;
  unit.columns = isLarge ? largestUnit : std::max(columns, fixedUnitColumns);
  unit.cells = isLarge ? 1 : unit.columns / columns;
  unit.scaleBits = *scaleBitsOf(format.scale->number);
  unit.zeroBits = format.zeroGrid ? 8 : 0;
  return unit;
}

std::array<float, quantizedCodes> uwt::quantizedValues(const Term &element) {
  constexpr std::array<float, quantizedCodes / 2> magnitudes = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  std::array<float, quantizedCodes> values;
  for (uint32_t code = 0; code < quantizedCodes; ++code) {
    uint32_t low = code % magnitudes.size();
    bool isUpper = code >= magnitudes.size();
    if (element.keyword == "f4E2M1FN")
      values[code] = isUpper ? -magnitudes[low] : magnitudes[low];
    else if (element.keyword == "int")
      values[code] = static_cast<float>(code) - (isUpper ? float(quantizedCodes) : 0);
    else
      values[code] = static_cast<float>(code);
  }
  return values;
}
