//===- Quantized.cpp - Quantised weights in memory ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/Quantized.h"
#include "uwt/Codec/Panel.h"
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

static bool isPositiveScale(const Term &number) {
  return number.keyword == positiveScale && number.parameters.empty();
}

/// Bits in memory of a number that cells share.
static std::optional<uint32_t> numberBits(const Term &number) {
  if (number.keyword == "f8E8M0FNU" && number.parameters.empty())
    return 8;
  std::optional<QuantizedElement> byte = QuantizedElement::find(number);
  if (byte && (byte->isInteger() || number.keyword == "f8E4M3FN"))
    return 8;
  return isPositiveScale(number) ? 16 : floatBits(number);
}

std::optional<uint32_t> uwt::pickBits(const CellFormat &pick) {
  constexpr uint32_t byte = 8, half = 16;
  const Term &number = pick.number;
  if (number.keyword != "uint" || number.parameters.size() != 1 || number.parameters[0] == 0)
    return std::nullopt;
  uint32_t bits = number.parameters[0];
  return bits <= byte || bits == half ? std::optional(bits) : std::nullopt;
}

std::optional<CellFormat> uwt::heldPick(const Format &format) {
  if (!format.hasTables())
    return std::nullopt;
  CellFormat pick = format.pick ? *format.pick : *format.table;
  if (format.table)
    pick.number = {"uint", {16}};
  if (!format.scale)
    return pick;
  uint32_t own = pick.cellColumns, columns = format.scale->cellColumns;
  if (pick.kind != CellKind::Block || format.scale->kind != CellKind::Block)
    return pick;
  uint32_t ownRows = pick.cellRows, rows = format.scale->cellRows;
  auto areWhole = [](uint32_t cells, uint32_t of) {
    return of == 0 || (cells != 0 && of % cells == 0);
  };
  // A cell of the scale in two of the pick's has no table of its own.
  if (!areWhole(columns, own) || !areWhole(rows, ownRows))
    return pick;
  pick.cellRows = format.scale->cellRows;
  pick.cellColumns = columns;
  return pick;
}

/// What the numbers of a grid come to.
static GridFormat asF32(const GridFormat &grid) {
  GridFormat held{static_cast<const CellFormat &>(grid)};
  held.number = {"f32", {}};
  return held;
}

static GridFormat heldGrid(const GridFormat &grid) {
  if (grid.zero || grid.offset || !numberBits(grid.number))
    return asF32(grid);
  GridFormat held = grid;
  if (held.outer && !(held.outer->isPlain() && floatBits(held.outer->number)))
    held.outer = asF32(*held.outer);
  return held;
}

Format uwt::heldComposition(const Format &format) {
  Format held = format;
  held.element = heldElement(format.element).value_or(format.element);
  held.pick = heldPick(format);
  held.table = std::nullopt;
  if (held.scale)
    held.scale = heldGrid(*held.scale);
  if (held.zeroGrid && !held.zeroGrid->isPlain())
    held.zeroGrid = asF32(*held.zeroGrid);
  for (GridStep &step : held.steps)
    step.format = heldGrid(step.format);
  return held;
}

/// The columns of a unit of weights with such cells.
static uint32_t unitColumns(uint32_t cellColumns) {
  bool isLarge = cellColumns == 0 || cellColumns > fixedUnitColumns;
  return isLarge ? largestUnit : fixedUnitColumns;
}

/// A unit has a number a row, whatever rows a cell has; columns of its own are those of units.
static bool areColumnsServed(const GridFormat &grid) {
  if (grid.kind != CellKind::Block)
    return false;
  uint32_t columns = grid.cellColumns, unit = unitColumns(columns);
  bool isPart = columns == 16 || columns == 32 || columns == 64;
  return columns == 0 || isPart || columns % unit == 0;
}

static Status checkGrid(std::string_view key, const GridFormat &grid) {
  std::string name = std::string(key) + "=" + grid.str();
  if (!numberBits(grid.number))
    return usageError(name + ": expected numbers of type f16, bf16, f32, f8E8M0FNU, f8E4M3FN, "
                             "uint<1> to uint<8> or int<1> to int<8>");
  if (!areColumnsServed(grid))
    return usageError(name +
                      ": expected cells of 16, 32, 64 or a multiple of 128 columns, row or tensor");
  if (!grid.isPlainOrProduct())
    return usageError(name + ": expected one grid inside at most, of scale= or divide=");
  if (!grid.outer)
    return ok();
  if (!floatBits(grid.outer->number))
    return usageError(name + ": expected numbers of type f16, bf16 or f32 in the grid inside");
  if (grid.outer->kind != CellKind::Block ||
      grid.outer->cellColumns % unitColumns(grid.cellColumns) != 0)
    return usageError(name + ": expected cells of a multiple of " +
                      std::to_string(unitColumns(grid.cellColumns)) +
                      " columns, row or tensor in the grid inside");
  return ok();
}

/// run-5
static Status checkPositiveScale(const Format &format, const QuantizedElement &element,
                                 ElementType to) {
  bool isOfStep = std::ranges::any_of(
      format.steps, [](const GridStep &step) { return isPositiveScale(step.format.number); });
  if (!isPositiveScale(format.scale->number) && !isOfStep)
    return ok();
  bool isE2M1 = element.kind && element.kind->exponentBits == 2 && element.kind->mantissaBits == 1;
  if (isE2M1 && to == ElementType::BF16 && !format.scale->outer && format.steps.empty() &&
      format.divisor == 1)
    return ok();
  return usageError(std::string(positiveScale) +
                    " is for scales of f4E2M1FN as bf16, without factor=, offset= and a grid "
                    "inside");
}

static Status checkTables(const Format &format, const QuantizedElement &element) {
  if (!format.hasTables())
    return ok();
  if (!element.isTable)
    return usageError(format.element.str() + " has numbers of its own; table= and pick= are for "
                                             "table<b>");
  if (format.table && format.pick)
    return usageError("table= gives each cell a table of its own; leave out pick=");
  std::string pick = "pick={" + heldPick(format)->str() + "}";
  if (format.table)
    return usageError("table={" + format.table->str() + "}: weights are held with " + pick +
                      ", the numbers of these tables; name that");
  if (!pickBits(*format.pick))
    return usageError("pick={" + format.pick->str() +
                      "}: expected integers of type uint<1> to uint<8>, or uint<16>");
  if (format.pick->hasCellsOf(*format.scale))
    return ok();
  bool isHeld = heldPick(format)->hasCellsOf(*format.scale);
  return usageError(
      "pick={" + format.pick->str() + "} has other cells than scale=" + format.scale->str() + "; " +
      (isHeld ? "weights are held with " + pick : "products run from such weights' values"));
}

static Status checkZero(const Format &format, const QuantizedElement &element) {
  uint32_t bits = element.bits;
  if (!element.isInteger() && (format.zero != 0 || format.zeroGrid))
    return usageError(format.element.str() + " has zeros of its own; leave out zero=");
  if (format.zero >> bits != 0)
    return usageError("zero=" + std::to_string(format.zero) + " has more than " +
                      std::to_string(bits) + " bits");
  if (!format.zeroGrid)
    return ok();
  const GridFormat &zero = *format.zeroGrid, &scale = *format.scale;
  bool isInteger = zero.number == format.element;
  if ((!isInteger && !floatBits(zero.number)) || !zero.isPlain())
    return usageError("zero=" + zero.str() + ": expected numbers of the element's type, " +
                      format.element.str() + ", or of type f16, bf16 or f32");
  if (!zero.hasCellsOf(scale))
    return usageError("zero=" + zero.str() + " has other cells than scale=" + scale.str());
  return ok();
}

/// Zero points that are numbers of the type to which differences are rounded: of others that
/// rounding would be one of two.
static Status checkMath(const Format &format) {
  std::string_view name = getTraits(format.math).name;
  bool isOfZero = format.hasFloatZeros() && format.zeroGrid->number.keyword == name;
  if (format.math == ElementType::F32 || isOfZero)
    return ok();
  return usageError("math=" + std::string(name) +
                    " rounds what zeros of that type are subtracted from; expected zero= with "
                    "cells and " +
                    std::string(name));
}

static Status checkStep(const GridStep &step, const GridFormat &scale) {
  UWT_RETURN_IF_ERROR(checkGrid(step.role.key, step.format));
  if (step.format.hasCellsOf(scale))
    return ok();
  return usageError(std::string(step.role.key) + "=" + step.format.str() +
                    " has other cells than scale=" + scale.str());
}

/// What a quantised weight has nothing of.
static Status checkPlain(const Format &format) {
  Format plain;
  plain.storage = format.storage;
  plain.codec = rawFormat().codec;
  plain.escapes = Escapes::None;
  if (format.ofFloats() == plain)
    return ok();
  return usageError("a format of quantised weights has an element, storage=, table=, pick=, zero=, "
                    "scale=, factor=, offset=, math= and order= alone, got '" +
                    format.str() + "'");
}

static std::string elementsText() {
  std::string text;
  for (const ElementFamily *family : allElements())
    text += (text.empty()                     ? ""
             : family == allElements().back() ? ", and "
                                              : ", ") +
            std::string(family->range());
  return text;
}

static Error notHeld(const Term &element) {
  std::optional<Term> held = heldElement(element);
  if (!held)
    return unsupportedError(element.str() + ": products run from the values of such codes, which "
                                            "are more than 16 numbers, and no integers of 8 bits");
  return usageError(element.str() + ": weights of a checkpoint are held as " + held->str() +
                    ", which has the same numbers; name that");
}

Expected<CodecTraits> uwt::checkQuantized(const Format &format, ElementType element) {
  UWT_RETURN_IF_ERROR(checkPlain(format));
  std::string name = format.element.str();
  std::optional<QuantizedElement> own = QuantizedElement::find(format.element);
  if (!own)
    return usageError(name + ": products run from codes of " + elementsText());
  if (heldElement(format.element) != format.element)
    return notHeld(format.element);
  if (element != ElementType::BF16 && element != ElementType::F16)
    return usageError(name + " is decoded to bf16 and f16, not to " +
                      std::string(getTraits(element).name));
  if (!format.scale)
    return usageError(name + " has no scale; expected scale= and cells, as {1x128, f16}");
  UWT_RETURN_IF_ERROR(checkGrid("scale", *format.scale));
  UWT_RETURN_IF_ERROR(checkPositiveScale(format, *own, element));
  UWT_RETURN_IF_ERROR(checkTables(format, *own));
  UWT_RETURN_IF_ERROR(checkZero(format, *own));
  UWT_RETURN_IF_ERROR(checkMath(format));
  if (format.steps.size() > maxSteps)
    return usageError("'" + format.str() + "' has more than " + std::to_string(maxSteps) +
                      " steps after the product");
  for (const GridStep &step : format.steps)
    UWT_RETURN_IF_ERROR(checkStep(step, *format.scale));
  QuantizedUnit unit = quantizedUnit(format);
  CodecTraits traits;
  traits.rate = Rate::Fixed;
  traits.codeBits = unit.codeBits;
  for (const CodeChunk &chunk : unit.chunks)
    traits.chunks.push_back(chunk.bits);
  if (unit.hasBytes())
    traits.chunks = {unit.codeBits};
  traits.unit = {unit.columns, 0, unit.u32(), 0, unit.groupU32()};
  return traits;
}

Format uwt::heldFormat(const Format &format, ElementType element) {
  Format own = format;
  own.element = heldElement(format.element).value_or(format.element);
  if (!own.scale || (!own.scale->outer && own.scale->number.keyword != "f32"))
    return own;
  Format held = own;
  held.scale->outer = std::nullopt;
  held.scale->number = {std::string(positiveScale), {}};
  return checkQuantized(held, element) ? held : own;
}

static QuantizedGrid gridFrom(uint32_t first, const GridFormat *format) {
  QuantizedGrid grid;
  grid.first = first;
  if (!format)
    return grid;
  grid.bits = numberBits(format->number).value_or(0);
  grid.outerBits = format->outer ? floatBits(format->outer->number).value_or(0) : 0;
  return grid;
}

static std::vector<CodeChunk> chunksOf(uint32_t codeBits) {
  constexpr uint32_t u32OfBit = stripRows * fixedUnitColumns / 32, nibble = 4;
  bool areNibbles = codeBits <= nibble;
  std::vector<CodeChunk> chunks;
  uint32_t lowestBit = 0;
  for (uint32_t bits : defaultChunks(codeBits)) {
    chunks.push_back({bits, lowestBit, lowestBit * u32OfBit, areNibbles ? bits : nibble * bits});
    lowestBit += bits;
  }
  return chunks;
}

/// A sign that is highest in its half is where floats have it, and a code that is lowest where
/// tables and integers do.
std::span<const CodePiece> QuantizedUnit::pieces(uint32_t r) const {
  static constexpr CodePiece ofFive[] = {
      {0, 0, 0, 5}, {0, 5, 0, 5}, {0, 11, 0, 5}, {1, 0, 0, 4}, {0, 10, 4, 1}};
  static constexpr CodePiece ofSix[] = {
      {0, 0, 0, 6}, {0, 10, 0, 6}, {0, 6, 0, 4}, {1, 6, 4, 2}, {1, 0, 0, 6}};
  if (codeBits == 5)
    return std::span(ofFive).subspan(r, r == 3 ? 2 : 1);
  return std::span(ofSix).subspan(r == 3 ? 4 : r, r == 2 ? 2 : 1);
}

QuantizedUnit uwt::quantizedUnit(const Format &format) {
  constexpr uint32_t maxBitsInChunks = 6;
  uint32_t columns = format.scale->cellColumns;
  QuantizedUnit unit;
  uint32_t bits = QuantizedElement::find(format.element)->bits;
  bool isInChunks = bits <= maxBitsInChunks;
  unit.codeBits = isInChunks ? bits : 8;
  if (isInChunks)
    unit.chunks = chunksOf(bits);
  unit.columns = unitColumns(columns);
  unit.cells = columns == 0 ? 1 : std::max(unit.columns / columns, 1u);
  unit.scale = gridFrom(unit.codesU32(), &*format.scale);
  unit.zero = gridFrom(unit.scale.end(unit.cells), format.zeroGrid ? &*format.zeroGrid : nullptr);
  unit.pick.first = unit.zero.end(unit.cells);
  if (format.pick)
    unit.pick.bits = pickBits(*format.pick).value_or(0) > 8 ? 16 : 8;
  for (const GridStep &step : format.steps)
    unit.steps.push_back(gridFrom(unit.u32(), &step.format));
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
                     : number == "bf16" || number == "f8E8M0FNU" || number == positiveScale ||
                           (number == "f16" && significantBits(own) <= bitsBesideTwoParts);
  if (!fits || (!own.kind && !own.isInteger()) || format.scale->outer || !format.steps.empty() ||
      format.divisor != 1)
    return std::nullopt;
  // Differences are rounded to the weight's type, and have all of its bits. Codes with a sign are
  // larger by a number that is exact beside other integers alone.
  bool isRounded = format.math == element && (isHalf || number != "f16") && !own.isSigned;
  if (format.hasFloatZeros() && !isRounded)
    return std::nullopt;
  if (!own.kind)
    return isHalf ? 9 : 6;
  return (isHalf ? float16.bias() : 127) - own.kind->bias();
}
