//===- EscapeEntries.h - Making the escape table -----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CUDA_ESCAPEENTRIES_H
#define UWT_LIB_CUDA_ESCAPEENTRIES_H

#include "uwt/Codec/Panel.h"
#include "uwt/Pack/Abi.h"
#include <span>
#include <vector>

namespace uwt::cuda {

/// Where a panel's part of a plane begins, in bytes (uwt/Pack/Abi.h).
inline constexpr uint64_t devicePartAlignment = 64;

/// A table as a device gets it.
template <typename Item> std::span<const uint8_t> itemBytes(const std::vector<Item> &items) {
  return {reinterpret_cast<const uint8_t *>(items.data()), items.size() * sizeof(Item)};
}

/// What entries are made from: a panel's strips, how many records each unit has (order-4; empty for
/// panels stored as words), the panel's first record, and plane `patch` in u32.
struct PanelEscapes {
  uint64_t strips;
  std::span<const uint8_t> counts;
  uint64_t first;
  std::span<const uint32_t> patch;
};

/// Appends an entry a column group, with the counts of its strips.
void appendEscapeEntries(const CodingPlan &plan, const PanelEscapes &panel,
                         std::vector<DeviceEscapeEntry> &out);

} // namespace uwt::cuda

#endif // UWT_LIB_CUDA_ESCAPEENTRIES_H
