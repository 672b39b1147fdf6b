//===- FixedRateWalk.h - The order of work on a panel -----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fast paths work strip by strip, along the rows of the matrix, though units lie
// group by group: sixteen rows that are read or written in order suit caches
// better than sixty-four (measured on Zen 4: 1.3 to 2 times as fast). Kernels
// see whole units only; what the matrix does not fill goes through a padded copy.
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_FIXED_FIXEDRATEWALK_H
#define UWT_LIB_CODEC_FIXED_FIXEDRATEWALK_H

#include "FixedRate.h"
#include <algorithm>
#include <cstring>

namespace uwt {

/// Columns of the widest unit that a codec may have (UnitGeometry).
inline constexpr uint32_t maxUnitColumns = 256;

/// A unit that the matrix does not fill, padded to `width` columns.
class PaddedUnit {
public:
  explicit PaddedUnit(uint32_t width) : width(width) {}

  uint16_t *data() { return words; }
  size_t stride() const { return width; }

  /// Copies what exists of a unit in, with `padding` around it.
  void fill(PanelWords from, uint64_t firstRow, uint32_t rows, uint64_t firstColumn,
            uint64_t columns, uint16_t padding) {
    std::fill(words, words + stripRows * width, padding);
    for (uint32_t row = 0; row < rows; ++row)
      std::memcpy(words + row * width, from.row(firstRow + row) + firstColumn,
                  columns * sizeof(uint16_t));
  }
  /// Copies what exists of a unit out.
  void copyOut(uint16_t *to, size_t toStride, uint32_t rows, uint64_t columns) const {
    for (uint32_t row = 0; row < rows; ++row)
      std::memcpy(to + row * toStride, words + row * width, columns * sizeof(uint16_t));
  }

private:
  uint32_t width;
  alignas(64) uint16_t words[stripRows * maxUnitColumns];
};

/// Calls `encode(index, words, stride)` for each fixed unit (order-4) of `width` columns.
template <typename Encode>
void encodeByStrips(PanelWords words, uint32_t width, uint16_t padding, Encode &&encode) {
  uint64_t strips = divideUp(words.rows, stripRows), groups = divideUp(words.columns, width);
  PaddedUnit padded(width);
  for (uint64_t strip = 0; strip < strips; ++strip) {
    uint64_t firstRow = strip * stripRows;
    auto rows = static_cast<uint32_t>(std::min<uint64_t>(stripRows, words.rows - firstRow));
    for (uint64_t group = 0; group < groups; ++group) {
      uint64_t index = group * strips + strip, firstColumn = group * width;
      uint64_t columns = std::min<uint64_t>(width, words.columns - firstColumn);
      if (rows == stripRows && columns == width) {
        encode(index, words.row(firstRow) + firstColumn, words.stride);
        continue;
      }
      padded.fill(words, firstRow, rows, firstColumn, columns, padding);
      encode(index, padded.data(), padded.stride());
    }
  }
}

/// Whether rows can be copied around the caches in pieces of 64 bytes.
inline bool isAligned(MutablePanelWords words) {
  return reinterpret_cast<uintptr_t>(words.data) % 64 == 0 && words.stride * 2 % 64 == 0;
}

/// Calls `decode(index, to, stride)` for each fixed unit of `width` columns, then
/// `decode.finish(index, to, stride)` where its existing words lie at `to`.
template <typename Decode>
void decodeByStrips(const FixedKernels &kernels, MutablePanelWords out, uint32_t width,
                    Decode &&decode) {
  uint64_t strips = divideUp(out.rows, stripRows);
  constexpr uint32_t tileColumns = maxUnitColumns;
  PaddedUnit padded(width), tile(tileColumns);
  bool streaming = out.streaming && isAligned(out);
  auto decodeTile = [&](uint64_t strip, uint64_t firstColumn, uint64_t endColumn, uint32_t rows,
                        uint16_t *to, size_t stride) {
    for (uint64_t column = firstColumn; column < endColumn; column += width, to += width) {
      uint64_t index = column / width * strips + strip;
      uint64_t columns = std::min<uint64_t>(width, out.columns - column);
      if (rows == stripRows && columns == width) {
        decode(index, to, stride);
      } else {
        decode(index, padded.data(), padded.stride());
        padded.copyOut(to, stride, rows, columns);
      }
      decode.finish(index, to, stride);
    }
  };
  for (uint64_t strip = 0; strip < strips; ++strip) {
    uint64_t firstRow = strip * stripRows;
    auto rows = static_cast<uint32_t>(std::min<uint64_t>(stripRows, out.rows - firstRow));
    for (uint64_t column = 0; column < out.columns; column += tileColumns) {
      uint64_t end = std::min<uint64_t>(column + tileColumns, out.columns);
      if (!streaming || rows < stripRows || end - column < tileColumns) {
        decodeTile(strip, column, end, rows, out.row(firstRow) + column, out.stride);
        continue;
      }
      decodeTile(strip, column, end, rows, tile.data(), tile.stride());
      for (uint32_t row = 0; row < stripRows; ++row)
        kernels.copyAround(tile.data() + row * tileColumns, out.row(firstRow + row) + column,
                           tileColumns);
    }
  }
  if (streaming)
    kernels.finishCopies();
}

} // namespace uwt

#endif // UWT_LIB_CODEC_FIXED_FIXEDRATEWALK_H
