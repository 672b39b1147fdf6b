//===- QuantizedImage.cpp - Quantised weights as images -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/QuantizedImage.h"
#include "PanelCoder.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Support/CheckedMath.h"
#include <optional>

using namespace uwt;

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

/// run-7: what kernels are compiled for (lib/Kernels/CMakeLists.txt), of one element the smaller in
/// memory first.
static constexpr const char *imageFormats[] = {"uint<4>, zero={1x128, uint<4>}, scale={1x128, f32}",
                                               "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}",
                                               "int<8>, scale={1x128, f32}",
                                               "f8E4M3FN, scale={1x128, f32}",
                                               "f4E2M1FN, scale={1x32, f8E8M0FNU}",
                                               "f4E2M1FN, scale={1x16, f16E6M10U}",
                                               "table<4>, scale={1x64, f32}"};

static Error noImageFormat(const Format &composition, std::string_view reason) {
  return unsupportedError("'" + composition.str() +
                          "' runs from its values: " + std::string(reason));
}

/// The element of images. Codes of integers without a sign, and of tables, are those of 4 bits.
static Term imageElementOf(const Term &own) {
  std::optional<QuantizedElement> element = QuantizedElement::find(own);
  bool isNibble = element && !element->kind && !element->isSigned && element->bits <= 4;
  return isNibble ? Term{own.keyword, {4}} : own;
}

/// Whether an image's cells have the numbers of those of a weight: parts of them, in a type that
/// has these numbers.
static bool hasScalesOf(const GridFormat &image, const GridFormat &own) {
  bool isOfExponents = image.number.keyword == "f8E8M0FNU";
  return own.cellColumns % image.cellColumns == 0 &&
         (!isOfExponents || (own.number == image.number && !own.outer));
}

Expected<Format> uwt::imageFormatOf(const Format &composition) {
  Term element = imageElementOf(composition.element);
  bool hasElement = false, hasZeros = false;
  std::optional<Format> found;
  for (const char *text : imageFormats) {
    Format format = *Format::parse(text);
    if (format.element != element || !composition.scale)
      continue;
    hasElement = true;
    hasZeros = format.zeroGrid.has_value();
    if (!found && hasScalesOf(*format.scale, *composition.scale))
      found = format;
  }
  if (found)
    found->hasColumnOrder = composition.hasColumnOrder;
  if (!hasElement)
    return noImageFormat(composition, "images have codes of uint<1> to uint<4>, int<8>, f8E4M3FN, "
                                      "f4E2M1FN and table<1> to table<4>");
  bool hasOthers = composition.offset || composition.divisor != 1 || composition.hasFloatZeros() ||
                   composition.math != ElementType::F32 ||
                   (!hasZeros && (composition.zeroGrid || composition.zero != 0));
  if (hasOthers)
    return noImageFormat(composition, "images have no offsets and factors, and zero points of "
                                      "uint<1> to uint<4> alone");
  if (!found)
    return noImageFormat(composition, "images have cells of a multiple of 128 columns, of 64 of "
                                      "table<1> to table<4>, of 32 of uint<1> to uint<4>, and of "
                                      "16 of f4E2M1FN");
  return *found;
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

/// Adds the numbers of a part's cells, a row a row.
static void append(Grid &to, const Grid &from, const QuantizedWeight &part) {
  std::vector<uint64_t> cells;
  for (uint64_t column = 0; column < part.columns; column += to.cellColumns)
    cells.push_back(from.cellOf(0, column));
  for (uint64_t row = 0; row < part.rows; ++row)
    from.appendRow(row, cells, to.cells);
}

/// Adds the codes of a part, cell by cell.
static void appendCodes(std::vector<uint8_t> &to, const QuantizedPart &part) {
  auto append = [&](const std::vector<uint8_t> &codes) {
    to.insert(to.end(), codes.begin(), codes.end());
  };
  if (part.columnOrder.empty())
    append(part.weight.codes);
  else
    append(part.weight.withColumns(part.columnOrder).codes);
}

/// All parts as one weight with the cells of `format`.
static QuantizedWeight stacked(std::span<const QuantizedPart *const> parts, const Format &format) {
  QuantizedWeight weight;
  weight.columns = parts.front()->weight.columns;
  QuantizedElement element = *QuantizedElement::find(format.element);
  weight.values = element.isTable ? parts.front()->weight.values : element.values();
  weight.values.resize(size_t(1) << element.bits);
  uint64_t cellColumns = format.scale->cellColumns;
  Grid cells = {1, cellColumns, divideUp(weight.columns, cellColumns), {}};
  weight.scale = cells;
  if (format.zeroGrid)
    weight.zero = cells;
  for (const QuantizedPart *part : parts) {
    const QuantizedWeight &own = part->weight;
    weight.rows += own.rows;
    appendCodes(weight.codes, *part);
    append(weight.scale, own.scale, own);
    if (format.zeroGrid)
      append(weight.zero, own.zero, own);
  }
  return weight;
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

/// All parts in the format of their image. Errors: Usage and Unsupported, as of encodeParts.
static Expected<QuantizedWeight> weightOf(std::span<const QuantizedPart *const> parts,
                                          const Format &format) {
  uint64_t columns = parts.front()->weight.columns;
  bool isTable = QuantizedElement::find(format.element)->isTable;
  for (const QuantizedPart *part : parts) {
    UWT_ASSIGN_OR_RETURN(Format own, imageFormatOf(part->format));
    if (own != format)
      return noImageFormat(part->format, "the matrix above it has codes of '" + format.str() + "'");
    if (isTable && part->weight.values != parts.front()->weight.values)
      return noImageFormat(part->format, "the matrix above it has another table");
    if (part->weight.columns != columns)
      return usageError("matrices of " + std::to_string(columns) + " and " +
                        std::to_string(part->weight.columns) + " columns are not one weight");
  }
  return stacked(parts, format);
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

/// Whether that shape has these rows, in one matrix or in several.
static bool isShapeOf(std::span<const uint64_t> shape, uint64_t rows, uint64_t columns) {
  if (shape.size() < 2 || shape.back() != columns)
    return false;
  std::optional<uint64_t> all = 1;
  for (uint64_t size : shape.first(shape.size() - 1))
    all = all ? checkedMultiply(*all, size) : all;
  return all == rows;
}

Expected<WeightImage> uwt::encodeParts(std::span<const QuantizedPart *const> parts,
                                       ElementType type, std::span<const uint64_t> shape,
                                       std::span<uint8_t> memory, ThreadPool &pool) {
  if (parts.empty())
    return usageError("an image is of one matrix or more");
  TensorDescription what;
  what.element = type;
  what.shape.assign(shape.begin(), shape.end());
  UWT_ASSIGN_OR_RETURN(what.format, imageFormatOf(parts.front()->format));
  UWT_ASSIGN_OR_RETURN(QuantizedWeight weight, weightOf(parts, what.format));
  if (!isShapeOf(shape, weight.rows, weight.columns))
    return usageError("the matrices have " + std::to_string(weight.rows) + " rows of " +
                      std::to_string(weight.columns) + " columns, and the shape has others");
  // Not every shape has a form in memory.
  if (Expected<uint64_t> most = WeightImage::maxBytes(what); !most)
    return most.takeError();
  UWT_ASSIGN_OR_RETURN(std::vector<uint32_t> orders, columnOrders(parts, shape[shape.size() - 2]));
  UWT_RETURN_IF_ERROR(withQuantizedCoder(weight, what, pool, {}, [&](const PanelCoder &coder) {
    return writePanels(coder, what.shape, orders, memory, pool);
  }));
  return WeightImage::open(memory);
}
