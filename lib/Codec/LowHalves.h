//===- LowHalves.h - Low halves beside the plane `low` ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the index holds of low halves (low-3, low-4), and low halves that follow from
// words. Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_LOWHALVES_H
#define UWT_LIB_CODEC_LOWHALVES_H

#include "uwt/Codec/Panel.h"

namespace uwt {

/// Values of a palette at most: beyond that, its table is no longer small beside a panel.
inline constexpr uint32_t maxPaletteValues = 4096;

/// Appends the section of the index; nothing for LowHalves::TopBits. `panels` counts those of all
/// matrices.
void writeLowModel(const CodingPlan &plan, uint64_t panels, std::vector<uint32_t> &words);

/// Reads it back from the front of `words` and sets `used` to the number of u32 that it takes.
/// Fails with ErrorKind::Invalid on what is no such section. Takes memory for `panels` panels, for
/// which there must be room in the index.
Expected<LowModel> readLowModel(const CodingPlan &plan, uint64_t panels,
                                std::span<const uint32_t> words, size_t &used);

/// The low half of each word of a palette.
class LowTable {
public:
  LowTable() = default;
  explicit LowTable(std::span<const uint32_t> palette);

  /// Low halves of `words`, dense, to `out`. Fails with ErrorKind::Invalid on a word that the
  /// palette lacks.
  Status find(PanelWords words, uint16_t *out) const;

private:
  /// By word: the low half, and a bit above it where there is one.
  std::vector<uint32_t> entries;
};

} // namespace uwt

#endif // UWT_LIB_CODEC_LOWHALVES_H
