//===- Quantized.cpp - Quantised weights in memory ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Quantized.h"
#include "uwt/Format/QuantizedElement.h"
#include <algorithm>
#include <optional>

using namespace uwt;

static constexpr uint32_t largestUnit = 128;

static std::optional<uint32_t> floatBits(const Term &number) {
  if (!number.parameters.empty())
    return std::nullopt;
  if (number.keyword == "f16" || number.keyword == "bf16")
    return 16;
  if (number.keyword == "f32")
    return 32;
  return std::nullopt;
}

/// Bits in memory of a number that cells share.
static std::optional<uint32_t> numberBits(const Term &number) {
  if (number.keyword == "f8E8M0FNU" && number.parameters.empty())
    return 8;
  std::optional<QuantizedElement> byte = QuantizedElement::find(number);
  if (byte && !byte->isTable && (!byte->kind || number.keyword == "f8E4M3FN"))
    return 8;
  return floatBits(number);
}

/// The columns of a unit of weights with such cells.
static uint32_t unitColumns(uint32_t cellColumns) {
  bool isLarge = cellColumns == 0 || cellColumns > fixedUnitColumns;
  return isLarge ? largestUnit : fixedUnitColumns;
}

/// A unit has a number a row, whatever rows a cell has; columns of its own are those of units.
static bool areColumnsServed(const GridFormat &grid) {
  uint32_t columns = grid.cellColumns, unit = unitColumns(columns);
  bool isPart = columns == 16 || columns == 32 || columns == 64;
  return columns == 0 || isPart || columns % unit == 0;
}

static Status checkGrid(const char *key, const GridFormat &grid) {
  std::string name = std::string(key) + "=" + grid.str();
  if (!numberBits(grid.number))
    return usageError(name + ": expected numbers of type f16, bf16, f32, f8E8M0FNU, f8E4M3FN, "
                             "uint<1> to uint<8> or int<1> to int<8>");
  if (!areColumnsServed(grid))
    return usageError(name +
                      ": expected cells of 16, 32, 64 or a multiple of 128 columns, row or tensor");
  if (!grid.outer)
    return ok();
  if (!floatBits(grid.outer->number))
    return usageError(name + ": expected numbers of type f16, bf16 or f32 in the grid inside");
  if (grid.outer->cellColumns % unitColumns(grid.cellColumns) != 0)
    return usageError(name + ": expected cells of a multiple of " +
                      std::to_string(unitColumns(grid.cellColumns)) +
                      " columns, row or tensor in the grid inside");
  return ok();
}

static bool hasSameCells(const GridFormat &a, const GridFormat &b) {
  return a.cellRows == b.cellRows && a.cellColumns == b.cellColumns;
}

static Status checkZero(const Format &format, const QuantizedElement &element) {
  uint32_t bits = element.bits;
  if ((element.kind || element.isTable) && (format.zero != 0 || format.zeroGrid))
    return usageError(format.element.str() + " has zeros of its own; leave out zero=");
  if (format.zero >> bits != 0)
    return usageError("zero=" + std::to_string(format.zero) + " has more than " +
                      std::to_string(bits) + " bits");
  if (!format.zeroGrid)
    return ok();
  const GridFormat &zero = *format.zeroGrid, &scale = *format.scale;
  if (zero.number != format.element || zero.outer)
    return usageError("zero=" + zero.str() + ": expected integers of the element's type, " +
                      format.element.str());
  if (!hasSameCells(zero, scale))
    return usageError("zero=" + zero.str() + " has other cells than scale=" + scale.str());
  return ok();
}

static Status checkOffset(const Format &format) {
  if (!format.offset)
    return ok();
  UWT_RETURN_IF_ERROR(checkGrid("offset", *format.offset));
  if (hasSameCells(*format.offset, *format.scale))
    return ok();
  return usageError("offset=" + format.offset->str() +
                    " has other cells than scale=" + format.scale->str());
}

/// What a quantised weight has nothing of.
static Status checkPlain(const Format &format) {
  Format plain;
  plain.storage = format.storage;
  plain.codec = rawFormat().codec;
  plain.element = format.element;
  plain.zero = format.zero;
  plain.zeroGrid = format.zeroGrid;
  plain.scale = format.scale;
  plain.offset = format.offset;
  plain.escapes = Escapes::None;
  if (format == plain)
    return ok();
  return usageError("a format of quantised weights has an element, storage=, zero=, scale= and "
                    "offset= alone, got '" +
                    format.str() + "'");
}

Expected<CodecTraits> uwt::checkQuantized(const Format &format, ElementType element) {
  UWT_RETURN_IF_ERROR(checkPlain(format));
  std::string name = format.element.str();
  std::optional<QuantizedElement> own = QuantizedElement::find(format.element);
  if (!own)
    return usageError(name + ": products run from codes of uint<1> to uint<8>, int<1> to int<8>, "
                             "f4E2M1FN, f8E4M3FN, f8E5M2 and table<1> to table<4>");
  if (element != ElementType::BF16 && element != ElementType::F16)
    return usageError(name + " is decoded to bf16 and f16, not to " +
                      std::string(getTraits(element).name));
  if (!format.scale)
    return usageError(name + " has no scale; expected scale= and cells, as {1x128, f16}");
  UWT_RETURN_IF_ERROR(checkGrid("scale", *format.scale));
  UWT_RETURN_IF_ERROR(checkZero(format, *own));
  UWT_RETURN_IF_ERROR(checkOffset(format));
  QuantizedUnit unit = quantizedUnit(format);
  CodecTraits traits;
  traits.rate = Rate::Fixed;
  traits.codeBits = unit.codeBits;
  traits.chunks = {unit.codeBits};
  traits.unit = {unit.columns, 0, unit.u32(), 0, unit.groupU32()};
  return traits;
}

static QuantizedGrid gridFrom(uint32_t first, const std::optional<GridFormat> &format) {
  QuantizedGrid grid;
  grid.first = first;
  if (!format)
    return grid;
  grid.bits = numberBits(format->number).value_or(0);
  grid.outerBits = format->outer ? floatBits(format->outer->number).value_or(0) : 0;
  return grid;
}

QuantizedUnit uwt::quantizedUnit(const Format &format) {
  uint32_t columns = format.scale->cellColumns;
  QuantizedUnit unit;
  unit.codeBits = QuantizedElement::find(format.element)->bits <= 4 ? 4 : 8;
  unit.columns = unitColumns(columns);
  unit.cells = columns == 0 ? 1 : std::max(unit.columns / columns, 1u);
  unit.scale = gridFrom(unit.codesU32(), format.scale);
  unit.zero = gridFrom(unit.scale.end(unit.cells), format.zeroGrid);
  unit.offset = gridFrom(unit.zero.end(unit.cells), format.offset);
  return unit;
}

/// Bits of a number that a code stands for, less a zero.
static uint32_t significantBits(const QuantizedElement &element) {
  return element.kind ? element.kind->mantissaBits + 1 : element.bits;
}

std::optional<int> uwt::packedScaleExponent(const Format &format, ElementType element) {
  // An f16 is a bf16 and three bits more, whose product with so many is a bf16 too.
  constexpr uint32_t bitsBesideTwoParts = 5;
  QuantizedElement own = *QuantizedElement::find(format.element);
  const std::string &number = format.scale->number.keyword;
  bool isHalf = element == ElementType::F16;
  bool fits = isHalf ? number == "f16"
                     : number == "bf16" || number == "f8E8M0FNU" ||
                           (number == "f16" && significantBits(own) <= bitsBesideTwoParts);
  if (!fits || own.isTable || format.scale->outer || format.offset)
    return std::nullopt;
  if (!own.kind)
    return isHalf ? 9 : 6;
  return (isHalf ? float16.bias() : 127) - own.kind->bias();
}
