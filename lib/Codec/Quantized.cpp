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

static constexpr uint32_t smallestCell = 32, largestUnit = 128;

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

/// A unit has a number a row, whatever rows a cell has; columns of its own are those of units.
static bool isServed(const GridFormat &grid) {
  uint32_t columns = grid.cellColumns;
  return columns == 0 || columns == smallestCell || columns == fixedUnitColumns ||
         columns % largestUnit == 0;
}

static Status checkZero(const Format &format, const QuantizedElement &element) {
  uint32_t bits = element.bits;
  if (element.kind && (format.zero != 0 || format.zeroGrid))
    return usageError(format.element.str() + " has zeros of its own; leave out zero=");
  if (format.zero >> bits != 0)
    return usageError("zero=" + std::to_string(format.zero) + " has more than " +
                      std::to_string(bits) + " bits");
  if (!format.zeroGrid)
    return ok();
  const GridFormat &zero = *format.zeroGrid, &scale = *format.scale;
  if (zero.number != format.element)
    return usageError("zero=" + zero.str() + ": expected integers of the element's type, " +
                      format.element.str());
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
  std::optional<QuantizedElement> own = QuantizedElement::find(format.element);
  if (!own)
    return usageError(name + ": products run from codes of uint<1> to uint<8>, int<1> to int<8>, "
                             "f4E2M1FN, f8E4M3FN and f8E5M2");
  if (element != ElementType::BF16 && element != ElementType::F16)
    return usageError(name + " is decoded to bf16 and f16, not to " +
                      std::string(getTraits(element).name));
  if (!format.scale)
    return usageError(name + " has no scale; expected scale= and cells, as {1x128, f16}");
  if (!scaleBitsOf(format.scale->number))
    return usageError("scale=" + format.scale->str() +
                      ": expected numbers of type f16, bf16, f32 or f8E8M0FNU");
  if (!isServed(*format.scale))
    return usageError("scale=" + format.scale->str() +
                      ": expected cells of 32, 64 or a multiple of 128 columns, row or tensor");
  UWT_RETURN_IF_ERROR(checkZero(format, *own));
  QuantizedUnit unit = quantizedUnit(format);
  CodecTraits traits;
  traits.rate = Rate::Fixed;
  traits.codeBits = unit.codeBits;
  traits.chunks = {unit.codeBits};
  traits.unit = {unit.columns, 0, unit.u32(), 0, unit.rowU32()};
  return traits;
}

QuantizedUnit uwt::quantizedUnit(const Format &format) {
  uint32_t columns = format.scale->cellColumns;
  QuantizedUnit unit;
  unit.codeBits = QuantizedElement::find(format.element)->bits <= 4 ? 4 : 8;
  bool isLarge = columns == 0 || columns > largestUnit;
  unit.columns = isLarge ? largestUnit : std::max(columns, fixedUnitColumns);
  unit.cells = isLarge ? 1 : unit.columns / columns;
  unit.scaleBits = scaleBitsOf(format.scale->number).value_or(0);
  unit.zeroBits = format.zeroGrid ? 8 : 0;
  return unit;
}
