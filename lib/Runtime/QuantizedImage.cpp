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

using namespace uwt;

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

/// Columns of the cells of images: cells of weights are one of these, several of them, or rows.
static constexpr uint32_t smallCell = 32, largeCell = 128;

static Error noImageFormat(const Format &composition, std::string_view reason) {
  return unsupportedError("'" + composition.str() +
                          "' runs from its values: " + std::string(reason));
}

/// run-7: the element of images. Of integers without a sign codes are those of uint<4>.
static std::optional<Term> imageElementOf(const Format &composition) {
  std::optional<QuantizedElement> element = QuantizedElement::find(composition.element);
  if (!element || element->isTable)
    return std::nullopt;
  bool isFP8 = composition.element.keyword == "f8E4M3FN";
  bool isInt8 = !element->kind && element->isSigned && element->bits == 8;
  bool isNibble = !element->kind && !element->isSigned && element->bits <= 4;
  if (isNibble)
    return Term{"uint", {4}};
  return isFP8 || isInt8 ? std::optional(composition.element) : std::nullopt;
}

Expected<Format> uwt::imageFormatOf(const Format &composition) {
  std::optional<Term> element = imageElementOf(composition);
  if (!element || !composition.scale)
    return noImageFormat(composition, "images have codes of uint<1> to uint<4>, int<8> and "
                                      "f8E4M3FN");
  bool isNibble = element->keyword == "uint";
  bool hasOthers = composition.offset || composition.divisor != 1 || composition.hasFloatZeros() ||
                   composition.math != ElementType::F32 || composition.storage != Storage::NMajor ||
                   (!isNibble && (composition.zeroGrid || composition.zero != 0));
  if (hasOthers)
    return noImageFormat(composition, "images have no offsets, factors and transposed weights, and "
                                      "zero points of uint<1> to uint<4> alone");
  uint32_t columns = composition.scale->cellColumns;
  bool isLarge = columns % largeCell == 0;
  if (columns % smallCell != 0 || (!isLarge && !isNibble))
    return noImageFormat(composition, "images have cells of a multiple of 128 columns, and of 32 "
                                      "of uint<1> to uint<4>");
  Format format = composition;
  format.element = *element;
  format.zero = 0;
  format.scale = GridFormat{{1, isLarge ? largeCell : smallCell, {"f32", {}}}};
  format.zeroGrid = std::nullopt;
  if (isNibble)
    format.zeroGrid = GridFormat{{1, format.scale->cellColumns, *element}};
  return format;
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

/// Adds the numbers of a part's cells, a row a row.
static void append(Grid &to, const Grid &from, const QuantizedWeight &part) {
  for (uint64_t row = 0; row < part.rows; ++row)
    for (uint64_t column = 0; column < part.columns; column += to.cellColumns)
      to.cells.push_back(from.at(row, column));
}

/// All parts as one weight with the cells of `format`.
static QuantizedWeight stacked(std::span<const QuantizedPart *const> parts, const Format &format) {
  QuantizedWeight weight;
  weight.columns = parts.front()->weight.columns;
  weight.values = QuantizedElement::find(format.element)->values();
  uint64_t cellColumns = format.scale->cellColumns;
  Grid cells = {1, cellColumns, divideUp(weight.columns, cellColumns), {}};
  weight.scale = cells;
  if (format.zeroGrid)
    weight.zero = cells;
  for (const QuantizedPart *part : parts) {
    const QuantizedWeight &own = part->weight;
    weight.rows += own.rows;
    weight.codes.insert(weight.codes.end(), own.codes.begin(), own.codes.end());
    append(weight.scale, own.scale, own);
    if (format.zeroGrid)
      append(weight.zero, own.zero, own);
  }
  return weight;
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

Expected<WeightImage> uwt::encodeParts(std::span<const QuantizedPart *const> parts,
                                       ElementType type, std::span<uint8_t> memory,
                                       ThreadPool &pool) {
  if (parts.empty())
    return usageError("an image is of one matrix or more");
  UWT_ASSIGN_OR_RETURN(Format format, imageFormatOf(parts.front()->format));
  uint64_t columns = parts.front()->weight.columns;
  for (const QuantizedPart *part : parts) {
    UWT_ASSIGN_OR_RETURN(Format own, imageFormatOf(part->format));
    if (own != format)
      return noImageFormat(part->format, "the matrix above it has codes of '" + format.str() + "'");
    if (part->weight.columns != columns)
      return usageError("matrices of " + std::to_string(columns) + " and " +
                        std::to_string(part->weight.columns) + " columns are not one weight");
  }
  QuantizedWeight weight = stacked(parts, format);
  TensorDescription what;
  what.element = type;
  what.shape = {weight.rows, weight.columns};
  what.format = format;
  UWT_RETURN_IF_ERROR(withQuantizedCoder(weight, what, pool, {}, [&](const PanelCoder &coder) {
    return writePanels(coder, what.shape, memory, pool);
  }));
  return WeightImage::open(memory);
}
