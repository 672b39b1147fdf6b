//===- PanelRows.h - The rows of panels -------------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_PANELROWS_H
#define UWT_LIB_CODEC_PANELROWS_H

#include "uwt/Codec/StoredOrder.h"

namespace uwt {

/// Calls `visit(index)` with the index, 64 a panel, of each row of `panels` panels that exists.
template <typename Visit> void forEachRow(const MatrixShape &matrix, uint64_t panels, Visit visit) {
  for (uint64_t panel = 0; panel < panels; ++panel)
    for (uint32_t row = 0; row < matrix.rowsOfPanel(panel % matrix.panels()); ++row)
      visit(panel * panelRows + row);
}

} // namespace uwt

#endif // UWT_LIB_CODEC_PANELROWS_H
