//===- FieldPlane.cpp - Fields in planes, element by element --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reference for every plane of fixed-rate fields: it asks for each element where
// its chunks lie. Speed is the fast kernels' business (UnitKernels.inc).
//
//===----------------------------------------------------------------------===//

#include "FieldPlane.h"
#include "uwt/Codec/Panel.h"

using namespace uwt;

std::vector<uint32_t> uwt::defaultChunks(uint32_t bits) {
  std::vector<uint32_t> chunks;
  for (uint32_t chunk = 16; chunk; chunk /= 2)
    for (; bits >= chunk; bits -= chunk)
      chunks.push_back(chunk);
  return chunks;
}

uint64_t uwt::rowBytes(uint64_t columns, std::span<const uint32_t> chunks) {
  uint64_t bytes = 0;
  for (uint32_t chunk : chunks)
    bytes += rowChunkBytes(columns, chunk);
  return bytes;
}

uint64_t uwt::fieldBytes(Layout layout, uint32_t rows, uint64_t columns,
                         std::span<const uint32_t> chunks) {
  if (layout == Layout::RowMajor)
    return rows * rowBytes(columns, chunks);
  uint32_t bits = 0;
  for (uint32_t chunk : chunks)
    bits += chunk;
  // panel-3.
  return divideUp(rows, stripRows) * divideUp(columns, fixedUnitColumns) * unitBitBytes * bits;
}

uint64_t uwt::fieldBytes(Layout layout, uint32_t rows, uint64_t columns, uint32_t bits) {
  return fieldBytes(layout, rows, columns, defaultChunks(bits));
}

namespace {

/// A panel's field in layout fragment.
struct FieldShape {
  uint32_t rows;
  uint64_t columns;
  uint32_t unitColumns;
};

/// Walks over 64 columns of a strip, or a panel, padding included, and calls `visit(row, column,
/// chunk, shift, byte, bit)` for each chunk of each element: its lowest bit in the field is
/// `shift`, and it lies at bit `bit` of the byte or u32 at `byte`.
template <typename Visit>
void forEachChunkInGroup(uint64_t firstRow, uint64_t firstColumn, std::span<const uint32_t> chunks,
                         uint64_t start, Visit visit) {
  for (uint32_t row = 0; row < stripRows; ++row)
    for (uint32_t column = 0; column < fixedUnitColumns; ++column) {
      FragmentPosition at = fragmentPosition(row, column % blockColumns);
      uint32_t shift = 0;
      for (uint32_t chunk : chunks) { // plane-1: the chunks of a group follow one another.
        ChunkOffset offset = chunkOffset(chunk, column / blockColumns, at);
        visit(firstRow + row, firstColumn + column, chunk, shift,
              start + unitBitBytes * shift + 4 * offset.word, offset.bit);
        shift += chunk;
      }
    }
}

template <typename Visit>
void forEachChunkInFragments(const FieldShape &shape, std::span<const uint32_t> chunks,
                             Visit visit) {
  uint64_t strips = divideUp(shape.rows, stripRows), start = 0;
  uint32_t bits = 0;
  for (uint32_t chunk : chunks)
    bits += chunk;
  // order-4: units lie side by side, strip by strip; a unit's groups one after another.
  for (uint64_t unit = 0; unit < divideUp(shape.columns, shape.unitColumns); ++unit)
    for (uint64_t strip = 0; strip < strips; ++strip)
      for (uint32_t column = 0; column < shape.unitColumns; column += fixedUnitColumns) {
        forEachChunkInGroup(strip * stripRows, unit * shape.unitColumns + column, chunks, start,
                            visit);
        start += unitBitBytes * bits;
      }
}

uint32_t maskOf(uint32_t bits) { return (1u << bits) - 1; }

} // namespace

static void packFragments(const FieldShape &shape, std::span<const uint32_t> chunks,
                          std::span<const uint16_t> values, uint16_t padding,
                          std::span<uint8_t> out) {
  forEachChunkInFragments(
      shape, chunks,
      [&](uint64_t row, uint64_t column, uint32_t chunk, uint32_t shift, uint64_t byte,
          uint32_t bit) {
        bool exists = row < shape.rows && column < shape.columns;
        uint32_t value = exists ? values[row * shape.columns + column] : padding;
        uint8_t *word = out.data() + byte;
        storeWord(word, loadWord(word) | ((value >> shift) & maskOf(chunk)) << bit);
      });
}

static void unpackFragments(const FieldShape &shape, std::span<const uint32_t> chunks,
                            std::span<const uint8_t> in, std::span<uint16_t> values) {
  forEachChunkInFragments(shape, chunks,
                          [&](uint64_t row, uint64_t column, uint32_t chunk, uint32_t shift,
                              uint64_t byte, uint32_t bit) {
                            if (row >= shape.rows || column >= shape.columns)
                              return;
                            uint32_t bits = loadWord(in.data() + byte) >> bit & maskOf(chunk);
                            values[row * shape.columns + column] |=
                                static_cast<uint16_t>(bits << shift);
                          });
}

/// plane-2: calls `visit(element, chunk, shift, bit)` for each chunk of each
/// element of a row_major field, where `bit` counts from the field's start.
template <typename Visit>
static void forEachChunkInRows(uint32_t rows, uint64_t columns, std::span<const uint32_t> chunks,
                               Visit visit) {
  uint64_t start = 0;
  for (uint64_t row = 0; row < rows; ++row) {
    uint32_t shift = 0;
    for (uint32_t chunk : chunks) {
      for (uint64_t column = 0; column < columns; ++column)
        visit(row * columns + column, chunk, shift, start * 8 + column * chunk);
      start += rowChunkBytes(columns, chunk);
      shift += chunk;
    }
  }
}

void uwt::packField(Layout layout, uint32_t rows, uint64_t columns,
                    std::span<const uint32_t> chunks, std::span<const uint16_t> values,
                    uint16_t padding, std::span<uint8_t> out, uint32_t unitColumns) {
  std::fill(out.begin(), out.end(), uint8_t(0));
  if (layout == Layout::Fragment16x16)
    return packFragments({rows, columns, unitColumns}, chunks, values, padding, out);
  // A chunk lies inside a byte, or (16 bits) is two of them.
  forEachChunkInRows(rows, columns, chunks,
                     [&](uint64_t element, uint32_t chunk, uint32_t shift, uint64_t bit) {
                       uint32_t bits = uint32_t(values[element] >> shift) & maskOf(chunk);
                       out[bit / 8] |= static_cast<uint8_t>(bits << bit % 8);
                       if (chunk == 16)
                         out[bit / 8 + 1] |= static_cast<uint8_t>(bits >> 8);
                     });
}

void uwt::unpackField(Layout layout, uint32_t rows, uint64_t columns,
                      std::span<const uint32_t> chunks, std::span<const uint8_t> in,
                      std::span<uint16_t> values, uint32_t unitColumns) {
  std::fill(values.begin(), values.end(), uint16_t(0));
  if (layout == Layout::Fragment16x16)
    return unpackFragments({rows, columns, unitColumns}, chunks, in, values);
  forEachChunkInRows(rows, columns, chunks,
                     [&](uint64_t element, uint32_t chunk, uint32_t shift, uint64_t bit) {
                       uint32_t bits = in[bit / 8];
                       if (chunk == 16)
                         bits |= uint32_t(in[bit / 8 + 1]) << 8;
                       bits = bits >> bit % 8 & maskOf(chunk);
                       values[element] |= static_cast<uint16_t>(bits << shift);
                     });
}
