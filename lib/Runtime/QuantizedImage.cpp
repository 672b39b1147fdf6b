//===- QuantizedImage.cpp - Quantised weights as images -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/QuantizedImage.h"
#include "PanelCoder.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Support/CheckedMath.h"
#include <atomic>
#include <optional>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

static constexpr const char *imageFormats[] = {
#define UWT_IMAGE_FORMAT(format, arithmetic) format,
#include "ImageFormats.def"
#undef UWT_IMAGE_FORMAT
};

static Error noImageFormat(const Format &composition, std::string_view reason) {
  return unsupportedError("'" + composition.str() +
                          "' runs from its values: " + std::string(reason));
}

/// Whether an image has codes for the elements `own`: for integers of 4 bits at most integers of 4
/// bits, for others of 8.
static bool hasCodesFor(const Format &image, const Term &own) {
  std::optional<QuantizedElement> from = QuantizedElement::find(own);
  QuantizedElement to = *QuantizedElement::find(image.element);
  if (!from || from->kind || to.kind)
    return image.element == own;
  return from->isInteger() == to.isInteger() && (from->bits <= 4) == (to.bits == 4);
}

/// Whether an image's cells have the numbers of those of a weight: parts of them, in a type that
/// has these numbers, or of which panels without them are words.
static bool hasNumbersOf(const GridFormat &image, const GridFormat &own) {
  bool hasAll = image.number.keyword == "f32" || image.number.keyword == positiveScale;
  return own.cellColumns % image.cellColumns == 0 &&
         (hasAll || (own.number == image.number && !own.outer));
}

static bool hasCellsOf(const Format &image, const Format &own) {
  return hasNumbersOf(*image.scale, *own.scale) &&
         std::ranges::equal(image.steps, own.steps, hasNumbersOf, &GridStep::format,
                            &GridStep::format) &&
         (!own.hasFloatZeros() || hasNumbersOf(*image.zeroGrid, *own.zeroGrid));
}

/// Whether what an image's numbers become weights by is what those of a weight do, but for zero
/// points that are integers.
static bool hasArithmeticOf(const Format &image, const Format &own) {
  return std::ranges::equal(image.steps, own.steps, {}, &GridStep::role, &GridStep::role) &&
         image.hasFloatZeros() == own.hasFloatZeros() && image.math == own.math &&
         image.divisor == own.divisor;
}

Expected<Format> uwt::imageFormatOf(const Format &composition) {
  if (composition.hasTables())
    return noImageFormat(composition, "images have one table a weight");
  std::optional<QuantizedElement> own = QuantizedElement::find(composition.element);
  if (own && !own->isInteger() && (composition.zeroGrid || composition.zero != 0))
    return noImageFormat(composition, "images have zero points of integers alone");
  bool hasCodes = false, hasArithmetic = false;
  std::optional<Format> found;
  for (const char *text : imageFormats) {
    Format format = *Format::parse(text);
    bool codes = composition.scale && hasCodesFor(format, composition.element);
    bool arithmetic = codes && hasArithmeticOf(format, composition);
    hasCodes |= codes;
    hasArithmetic |= arithmetic;
    if (!found && arithmetic && hasCellsOf(format, composition))
      found = format;
  }
  if (!hasCodes)
    return noImageFormat(composition, "images have codes of integers, f8E4M3FN, f4E2M1FN and "
                                      "table<1> to table<4>");
  if (!hasArithmetic)
    return noImageFormat(composition, "images have no factors, and offsets and zero points of bf16 "
                                      "of integers of 4 bits alone");
  if (!found)
    return noImageFormat(composition, "images have cells of a multiple of 128 columns, of 64 of "
                                      "table<1> to table<4>, of 32 of integers of 4 bits, and of "
                                      "16 of f4E2M1FN; scales are of bf16 with offsets, and with "
                                      "zero points of bf16, whose cells have a multiple of 64");
  found->hasColumnOrder = composition.hasColumnOrder;
  return *found;
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

/// Whether integers of a part are others in its image.
static bool areShifted(const QuantizedPart &part, const Format &image) {
  const Format &own = part.format;
  bool isAlike = own.element == image.element && own.zero == image.zero &&
                 own.zeroGrid.has_value() == image.zeroGrid.has_value();
  if (isAlike || !QuantizedElement::find(own.element)->isInteger())
    return false;
  bool hasZeros = own.zeroGrid || own.zero != 0;
  return image.zeroGrid ? QuantizedElement::find(own.element)->isSigned
                        : own.element != image.element || hasZeros;
}

/// Makes integers those of an image: with zero points from 0 on, and zero points as many larger;
/// else less their zero points. Errors: Unsupported (an integer that the image's element has not).
static Status shiftIntegers(QuantizedWeight &weight, const Format &own, const Format &image,
                            ThreadPool &pool) {
  QuantizedElement from = *QuantizedElement::find(own.element),
                   to = *QuantizedElement::find(image.element);
  auto begin = static_cast<float>(from.isSigned ? -(1 << (from.bits - 1)) : 0);
  Grid zero = image.zeroGrid ? Grid::constant(begin) : weight.zero;
  int smallest = to.isSigned ? -(1 << (to.bits - 1)) : 0, largest = smallest + (1 << to.bits) - 1;
  std::atomic<bool> areAllIn = true;
  pool.parallelFor(weight.rows, [&](uint64_t row, unsigned) {
    uint8_t *codes = weight.codes.data() + row * weight.columns;
    bool areIn = true;
    for (uint64_t column = 0; column < weight.columns; ++column) {
      auto number = static_cast<int>(weight.values[codes[column]] - zero.at(row, column));
      areIn &= number >= smallest && number <= largest;
      codes[column] = static_cast<uint8_t>(number & ((1 << to.bits) - 1));
    }
    if (!areIn)
      areAllIn = false;
  });
  if (!areAllIn)
    return noImageFormat(own, "an integer less its zero point has more than " +
                                  std::to_string(to.bits) + " bits");
  weight.values = to.values();
  for (float &each : weight.zero.cells)
    each -= begin;
  return ok();
}

/// A part as its image has it: cell by cell, with the image's integers. Errors: Unsupported.
static Expected<QuantizedWeight> asInImage(const QuantizedPart &part, const Format &image,
                                           ThreadPool &pool) {
  QuantizedWeight weight =
      part.columnOrder.empty() ? part.weight : part.weight.withColumns(part.columnOrder);
  if (areShifted(part, image))
    UWT_RETURN_IF_ERROR(shiftIntegers(weight, part.format, image, pool));
  return weight;
}

/// Adds the numbers of a part's cells, a row a row.
static void append(Grid &to, const Grid &from, const QuantizedWeight &part) {
  std::vector<uint64_t> cells;
  for (uint64_t column = 0; column < part.columns; column += to.cellColumns)
    cells.push_back(from.cellOf(0, column));
  for (uint64_t row = 0; row < part.rows; ++row)
    from.appendRow(row, cells, to.cells);
}

static void append(QuantizedWeight &to, const QuantizedWeight &part, const Format &format) {
  to.rows += part.rows;
  to.codes.insert(to.codes.end(), part.codes.begin(), part.codes.end());
  append(to.scale, part.scale, part);
  if (format.zeroGrid)
    append(to.zero, part.zero, part);
  for (size_t i = 0; i < part.steps.size(); ++i)
    append(to.steps[i].numbers, part.steps[i].numbers, part);
}

/// Whether parts are one weight of `format` as they are: nothing has to be copied.
static bool areAsIs(std::span<const QuantizedPart *const> parts, const Format &format) {
  const QuantizedPart &part = *parts.front();
  size_t numbers = size_t(1) << QuantizedElement::find(format.element)->bits;
  return parts.size() == 1 && part.columnOrder.empty() && !part.weight.isTransposed &&
         part.weight.matrices == 1 && part.weight.codeCount() == numbers &&
         !areShifted(part, format);
}

/// A grid with cells of one row, and no rows yet.
static Grid gridOf(const CellFormat &format, uint64_t columns) {
  uint64_t cellColumns = format.columnsOf(columns);
  return {1, cellColumns, divideUp(columns, cellColumns), {}};
}

/// All parts as one weight with the cells of `format`, which are of one row. Errors: Unsupported.
static Expected<QuantizedWeight> stacked(std::span<const QuantizedPart *const> parts,
                                         const Format &format, ThreadPool &pool) {
  QuantizedWeight weight;
  weight.columns = parts.front()->weight.columns;
  QuantizedElement element = *QuantizedElement::find(format.element);
  weight.values = element.isTable ? parts.front()->weight.values : element.values();
  weight.values.resize(size_t(1) << element.bits);
  weight.math = format.math;
  weight.factor = parts.front()->weight.factor;
  weight.scale = gridOf(*format.scale, weight.columns);
  weight.zero = format.zeroGrid ? gridOf(*format.zeroGrid, weight.columns)
                                : Grid::constant(static_cast<float>(format.zero));
  for (const GridStep &step : format.steps)
    weight.steps.push_back({step.role, gridOf(step.format, weight.columns)});
  for (const QuantizedPart *part : parts) {
    if (part->columnOrder.empty() && !areShifted(*part, format)) {
      append(weight, part->weight, format);
      continue;
    }
    UWT_ASSIGN_OR_RETURN(QuantizedWeight own, asInImage(*part, format, pool));
    append(weight, own, format);
  }
  return weight;
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

/// Whether that shape has these rows, in one matrix or in several.
static bool isShapeOf(std::span<const uint64_t> shape, uint64_t rows, uint64_t columns) {
  if (shape.size() < 2 || shape.back() != columns)
    return false;
  std::optional<uint64_t> all = 1;
  for (uint64_t size : shape.first(shape.size() - 1))
    all = all ? checkedMultiply(*all, size) : all;
  return all == rows;
}

/// Errors: Unsupported, where some parts have no image in that format.
static Status checkImageFormats(std::span<const QuantizedPart *const> parts, const Format &format) {
  for (const QuantizedPart *part : parts) {
    UWT_ASSIGN_OR_RETURN(Format own, imageFormatOf(part->format));
    if (own != format)
      return noImageFormat(part->format, "the matrix above it has codes of '" + format.str() + "'");
  }
  return ok();
}

/// Errors: Usage (other columns, a shape that parts do not have), Unsupported (other tables).
static Status checkIsOneWeight(std::span<const QuantizedPart *const> parts,
                               std::span<const uint64_t> shape) {
  const QuantizedWeight &first = parts.front()->weight;
  bool isTable = QuantizedElement::find(parts.front()->format.element)->isTable;
  uint64_t rows = 0;
  for (const QuantizedPart *part : parts) {
    if (isTable && part->weight.values != first.values)
      return noImageFormat(part->format, "the matrix above it has another table");
    if (part->weight.columns != first.columns)
      return usageError("matrices of " + std::to_string(first.columns) + " and " +
                        std::to_string(part->weight.columns) + " columns are not one weight");
    rows += part->weight.rows;
  }
  if (isShapeOf(shape, rows, first.columns))
    return ok();
  return usageError("the matrices have " + std::to_string(rows) + " rows of " +
                    std::to_string(first.columns) + " columns, and the shape has others");
}

/// Of each matrix of so many rows, the order of its columns; nothing without `order=k`. Errors:
/// Unsupported (parts of a matrix with different ones).
static Expected<std::vector<uint32_t>> columnOrders(std::span<const QuantizedPart *const> parts,
                                                    uint64_t rows) {
  std::vector<uint32_t> orders;
  if (rows == 0)
    return orders;
  uint64_t row = 0;
  for (const QuantizedPart *part : parts) {
    const std::vector<uint32_t> &own = part->columnOrder;
    uint64_t end = row + part->weight.rows;
    bool isWithin = row % rows != 0;
    if (isWithin && !std::ranges::equal(own, std::span(orders).last(own.size())))
      return noImageFormat(part->format, "the matrix above it has columns in another order");
    // Those that begin in the part.
    for (uint64_t matrix = divideUp(row, rows); matrix * rows < end; ++matrix)
      orders.insert(orders.end(), own.begin(), own.end());
    row = end;
  }
  return orders;
}

static Expected<TensorDescription> descriptionOf(std::span<const QuantizedPart *const> parts,
                                                 ElementType type,
                                                 std::span<const uint64_t> shape) {
  if (parts.empty())
    return usageError("an image is of one matrix or more");
  TensorDescription what;
  what.element = type;
  what.shape.assign(shape.begin(), shape.end());
  return what;
}

Expected<WeightImage> uwt::encodeParts(std::span<const QuantizedPart *const> parts,
                                       ElementType type, std::span<const uint64_t> shape,
                                       std::span<uint8_t> memory, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(TensorDescription what, descriptionOf(parts, type, shape));
  UWT_ASSIGN_OR_RETURN(what.format, imageFormatOf(parts.front()->format));
  UWT_RETURN_IF_ERROR(checkImageFormats(parts, what.format));
  UWT_RETURN_IF_ERROR(checkIsOneWeight(parts, shape));
  // Not every shape has a form in memory.
  if (Expected<uint64_t> most = WeightImage::maxBytes(what); !most)
    return most.takeError();
  std::optional<QuantizedWeight> made;
  if (!areAsIs(parts, what.format)) {
    UWT_ASSIGN_OR_RETURN(made, stacked(parts, what.format, pool));
  }
  const QuantizedWeight &weight = made ? *made : parts.front()->weight;
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> orders, columnOrders(parts, shape[shape.size() - 2]));
  UWT_RETURN_IF_ERROR(withQuantizedCoder(weight, what, pool, {}, [&](const PanelCoder &coder) {
    return writePanels(coder, what.shape, orders, memory, pool);
  }));
  return WeightImage::open(memory);
}

//===----------------------------------------------------------------------===//
// Weights in memory of their own
//===----------------------------------------------------------------------===//

/// Whether rows of matrices one below the other have numbers of their own.
static bool hasCellsOfRows(const Format &format) {
  auto isOfRows = [](const GridFormat &grid) { return grid.cellRows == 1 && !grid.outer; };
  return !format.hasTables() && isOfRows(*format.scale) &&
         (!format.zeroGrid || isOfRows(*format.zeroGrid)) &&
         std::ranges::all_of(format.steps, isOfRows, &GridStep::format);
}

/// run-10: the format that all parts have as one weight, which a compiler makes kernels for.
/// Errors: Unsupported.
static Expected<Format> loadedFormatOf(std::span<const QuantizedPart *const> parts) {
  Format format = parts.front()->format;
  bool areAlike =
      std::ranges::all_of(parts, [&](const QuantizedPart *part) { return part->format == format; });
  if (parts.size() != 1 && !(areAlike && hasCellsOfRows(format))) {
    UWT_ASSIGN_OR_RETURN(format, imageFormatOf(format));
    UWT_RETURN_IF_ERROR(checkImageFormats(parts, format));
  }
  format.storage = Storage::NMajor;
  format.hasColumnOrder = false;
  return format;
}

/// A part whose cells may be of several rows.
static QuantizedWeight byItself(const QuantizedPart &part) {
  QuantizedWeight weight =
      part.columnOrder.empty() ? part.weight : part.weight.withColumns(part.columnOrder);
  weight.matrices = 1;
  weight.isTransposed = false;
  return weight;
}

Expected<LoadedParts> uwt::loadParts(std::span<const QuantizedPart *const> parts, ElementType type,
                                     std::span<const uint64_t> shape, ThreadPool &pool) {
  UWT_ASSIGN_OR_RETURN(TensorDescription what, descriptionOf(parts, type, shape));
  UWT_ASSIGN_OR_RETURN(Format format, loadedFormatOf(parts));
  UWT_RETURN_IF_ERROR(checkIsOneWeight(parts, shape));
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> orders, columnOrders(parts, shape[shape.size() - 2]));
  what.format = heldFormat(format, type);
  auto load = [&](const QuantizedWeight &weight) -> Expected<LoadedParts> {
    UWT_ASSIGN_OR_RETURN(LoadedWeight loaded, LoadedWeight::fromQuantized(what, weight, pool));
    return LoadedParts{std::move(loaded), std::move(orders)};
  };
  if (areAsIs(parts, format))
    return load(parts.front()->weight);
  if (parts.size() == 1)
    return load(byItself(*parts.front()));
  UWT_ASSIGN_OR_RETURN(QuantizedWeight weight, stacked(parts, format, pool));
  return load(weight);
}
