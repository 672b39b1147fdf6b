//===- IntegerCodes.cpp - Codes that are multiplied as they are -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Format/QuantizedElement.h"

using namespace uwt;

static constexpr uint32_t smallestCell = 32;

std::string uwt::arithmeticText(uint32_t integerBits) {
  return integerBits == 0 ? "dense" : "integer<" + std::to_string(integerBits) + ">";
}

Expected<uint32_t> uwt::parseArithmetic(std::string_view text) {
  if (text == arithmeticText(0))
    return 0;
  for (uint32_t bits = minIntegerBits; bits <= maxIntegerBits; ++bits)
    if (text == arithmeticText(bits))
      return bits;
  return usageError("'" + std::string(text) +
                    "' is no arithmetic; expected dense, or integer<2> to integer<8>");
}

/// integer-3
static Status checkGroups(const GridFormat &scale) {
  uint32_t columns = scale.cellColumns;
  if (columns != 0 && columns < smallestCell)
    return usageError("scale=" + scale.str() + " has cells of " + std::to_string(columns) +
                      " columns, and integers are summed over 32 and more");
  if (columns > maxIntegerGroup && columns % maxIntegerGroup != 0)
    return usageError("scale=" + scale.str() + " has cells of more than " +
                      std::to_string(maxIntegerGroup) + " columns that are no multiple of it");
  bool isSmaller = scale.outer && scale.outer->cellColumns != 0 &&
                   (columns == 0 || scale.outer->cellColumns % columns != 0);
  if (isSmaller)
    return usageError("scale=" + scale.str() + " has smaller cells in the grid inside");
  return ok();
}

/// panel-1: codes that take no less memory than words are not held.
static Status checkColumns(const Format &format, std::optional<uint64_t> columns) {
  if (!columns)
    return ok();
  QuantizedUnit unit = quantizedUnit(format);
  uint64_t codes = divideUp(*columns, unit.columns) * unit.u32() * sizeof(uint32_t);
  uint64_t words = stripRows * roundUp(*columns, fixedUnitColumns) * sizeof(uint16_t);
  if (codes < words)
    return ok();
  return usageError("a weight of " + std::to_string(*columns) +
                    " columns is held as floats, which "
                    "take no more memory than its codes in units of " +
                    std::to_string(unit.columns) + " columns");
}

Status uwt::checkIntegerCodes(const Format &format, ElementType element,
                              std::optional<uint64_t> columns) {
  if (!format.isQuantized())
    return usageError("'" + format.str() +
                      "' is of floats; integers are multiplied with the codes "
                      "of a quantised weight");
  UWT_RETURN_IF_ERROR(checkQuantized(format, element));
  QuantizedElement own = *QuantizedElement::find(format.element);
  if (!own.isInteger())
    return usageError("codes of " + format.element.str() +
                      " are no integers; expected uint<1> to uint<8> or int<1> to int<8>");
  if (format.hasFloatZeros() || format.math != ElementType::F32)
    return usageError("zero=" + format.zeroGrid->str() +
                      " are no integers; expected zeros of type " + format.element.str());
  if (!format.steps.empty())
    return usageError(std::string(format.steps.front().role.key) + "=" +
                      format.steps.front().format.str() +
                      " is no integer times the scale; expected none");
  UWT_RETURN_IF_ERROR(checkGroups(*format.scale));
  return checkColumns(format, columns);
}

/// run-1: in chunks u16 number 8t + 2b + h has the codes of registers 0 to 3, of which 0 and 2 are
/// of one row, and byte i of a u32 half i / 2 and register 2 (i mod 2). Of 8 bits a register's u16
/// are halves of blocks beside one another, first those of register 0 or 1.
static uint8_t columnOfByte(bool isInChunks, uint32_t byte) {
  uint32_t word = isInChunks ? byte / 4 : byte % 32 / 2;
  uint32_t t = word / 4, block = word % 4;
  uint32_t half = isInChunks ? byte % 4 / 2 : byte % 2;
  uint32_t upper = isInChunks ? byte % 2 : byte / 32;
  return static_cast<uint8_t>(16 * block + 2 * t + half + 8 * upper);
}

IntegerCodes uwt::integerCodes(const Format &format) {
  QuantizedElement element = *QuantizedElement::find(format.element);
  QuantizedUnit unit = quantizedUnit(format);
  IntegerCodes codes;
  codes.bits = element.bits;
  uint32_t half = 1u << (element.bits - 1);
  // Of fewer than 8 bits the sign goes away, of 8 it comes.
  bool isFlipped = element.isSigned != codes.isSigned();
  if (isFlipped) {
    codes.flipped = static_cast<uint8_t>(half);
    codes.bias = codes.isSigned() ? -static_cast<int32_t>(half) : static_cast<int32_t>(half);
  }
  for (uint32_t byte = 0; byte < codes.columns.size(); ++byte)
    codes.columns[byte] = columnOfByte(!unit.hasBytes(), byte);
  if (unit.cells > 1)
    codes.cellBit = unit.hasBytes() ? 1 : 2;
  return codes;
}

SignedIntegerCodes uwt::signedIntegerCodes(const Format &format) {
  IntegerCodes codes = integerCodes(format);
  auto zero = static_cast<int32_t>(format.zero);
  // Codes in the middle of which the zero lies are moved up, until their sign is where a byte's is.
  int32_t middle = 1 << (codes.bits - 1);
  bool isCentred =
      !quantizedUnit(format).hasBytes() && !format.zeroGrid && codes.bias + zero == middle;
  // Of 11 significant bits at most, even subnormal f32 of such scales have all.
  bool hasShortScales =
      !format.scale->outer && format.scale->number.keyword != "f32" && format.divisor == 1;
  if (isCentred)
    return {8 - codes.bits, hasShortScales, codes.bias - middle, 0};
  return {0, false, codes.bias, codes.bias + zero};
}

bool uwt::needsSumsOfX(const Format &format) {
  return format.zeroGrid || signedIntegerCodes(format).offset != 0;
}

/// Of `row`, `tensor` and large cells the largest one.
static uint32_t groupColumns(const Format &format) {
  uint32_t columns = format.scale->cellColumns;
  return columns == 0 ? maxIntegerGroup : std::min(columns, maxIntegerGroup);
}

uint32_t uwt::unitsInGroup(const Format &format) {
  return std::max(groupColumns(format) / quantizedUnit(format).columns, 1u);
}

uint32_t uwt::columnGroupsInPart(const Format &format) {
  return integerPart(groupColumns(format)) / static_cast<uint32_t>(fixedUnitColumns);
}
