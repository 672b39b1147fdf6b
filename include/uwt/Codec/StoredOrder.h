//===- StoredOrder.h - Where each element lies ------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stored order, frozen by format version 1 (docs/formats.md draws it). Pure
// arithmetic: panels, strips, units, lanes, and the positions of elements. The
// reference encoder and decoder are written with nothing else.
//
//   matrix   [N, K], row-major view of one matrix of the tensor (leading
//            dimensions are separate matrices; K-major tensors are transposed;
//            folded ones have several dimensions in K, or rows of any length)
//   panel    64 rows
//   strip    16 rows                                        (fragment layout)
//   block    16 x 16, 32 lanes of 8 elements:               (fragment layout)
//              lane 4g+t, register r, half h holds
//              row  g + 8*(r & 1), column 2t + h + 8*(r >> 1)
//   fixed unit   strip x 64 columns, or as many as the codec says: 128, 256
//                (UnitGeometry in Codec.h)                  (fragment layout)
//   stream unit  strip x 1024 columns, 32 lanes; a whole panel where the
//                matrix has at most 512 columns             (fragment layout)
//                panel x 1024 columns, a lane a row         (row_major layout)
//
//===----------------------------------------------------------------------===//

#ifndef UWT_CODEC_STOREDORDER_H
#define UWT_CODEC_STOREDORDER_H

#include "uwt/Format/Format.h"
#include <algorithm>
#include <cstdint>

namespace uwt {

inline constexpr uint32_t panelRows = 64;
inline constexpr uint32_t stripRows = 16;
inline constexpr uint32_t blockColumns = 16;
inline constexpr uint32_t fixedUnitColumns = 64;
inline constexpr uint32_t streamUnitColumns = 1024;
/// Matrices of at most this many (padded) columns have whole panels as stream
/// units, so that the index stays small beside the streams.
inline constexpr uint32_t wholePanelUnitColumns = 512;
inline constexpr uint32_t fragmentLanes = 32;
/// Elements in a row of `fold=flat<n>`: a multiple, and the most.
inline constexpr uint32_t flatColumnMultiple = 16, maxFlatColumns = 65536;

/// Returns the quotient, rounded up, of any value: a sum before the division would wrap.
inline constexpr uint64_t divideUp(uint64_t value, uint64_t by) {
  return value / by + (value % by != 0);
}
inline constexpr uint64_t roundUp(uint64_t value, uint64_t to) { return divideUp(value, to) * to; }

/// One matrix [rows, columns] = [N, K], and its panels (order-2).
struct MatrixShape {
  uint64_t rows = 0;
  uint64_t columns = 0;

  uint64_t panels() const { return divideUp(rows, panelRows); }
  /// Rows of panel `p` that exist (not padding).
  uint32_t rowsOfPanel(uint64_t p) const {
    return static_cast<uint32_t>(std::min<uint64_t>(panelRows, rows - p * panelRows));
  }
};

/// Position of an element inside its block.
struct FragmentPosition {
  uint32_t lane, reg, half;
};
inline constexpr FragmentPosition fragmentPosition(uint32_t rowInBlock, uint32_t columnInBlock) {
  return {(rowInBlock % 8) * 4 + (columnInBlock % 8) / 2,
          (rowInBlock / 8) + 2 * (columnInBlock / 8), columnInBlock % 2};
}
inline constexpr uint32_t fragmentRow(uint32_t lane, uint32_t reg) {
  return lane / 4 + 8 * (reg & 1);
}
inline constexpr uint32_t fragmentColumn(uint32_t lane, uint32_t reg, uint32_t half) {
  return 2 * (lane % 4) + half + 8 * (reg >> 1);
}

} // namespace uwt

#endif // UWT_CODEC_STOREDORDER_H
