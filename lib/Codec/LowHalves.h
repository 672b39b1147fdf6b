//===- LowHalves.h - Low halves beside the plane `low` ----------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the index holds of low halves (low-3 to low-5), low halves that follow from words,
// and coded ones. Private to lib/Codec.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_LOWHALVES_H
#define UWT_LIB_CODEC_LOWHALVES_H

#include "uwt/Codec/Panel.h"
#include <optional>

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

/// Bytes of a panel in plane `low`, where there is one (low-1, low-2, low-5).
uint64_t storedLowBytes(const CodingPlan &plan, uint64_t panel, uint32_t rows);

/// Low halves as symbols of 16 bits, coded by a model of their own (low-5).
class LowCoder {
public:
  static CodecTraits traits();
  /// The whole of a low half, without a raw field.
  static constexpr FieldSplit split = {wholeLowBits, wholeLowBits, 0, 0};
  /// A panel's code is a multiple of so many bytes.
  static constexpr uint64_t codeAlignment = 16;

  /// Of a tensor whose plan has its LowModel.
  explicit LowCoder(const CodingPlan &tensor);

  /// Codes the low halves of a panel to `out`. False, and all of them as they are, where that would
  /// not be smaller.
  bool encode(PanelWords low, CodePath path, std::vector<uint8_t> &out) const;
  /// Decodes a panel's code, after which `tail` bytes may be read.
  Status decode(std::span<const uint8_t> code, size_t tail, CodePath path,
                MutablePanelWords out) const;

private:
  CodingPlan plan;
  AnsTablesPtr tables;
};

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

/// The part that a panel has of plane `low`, and which of its rows are wanted: all from `begin` on,
/// or fewer.
struct LowPart {
  std::span<const uint8_t> bytes;
  /// Bytes that may be read after them.
  size_t tail = 0;
  /// Number of the panel in the index, and its rows.
  uint64_t panel = 0;
  uint32_t rows = 0, begin = 0;
};

/// Decodes low halves of any form.
class LowDecoder {
public:
  /// `plan`, which is what readIndex gives, must outlive the decoder.
  explicit LowDecoder(const CodingPlan &plan);

  /// Whether low halves follow from words.
  bool needsWords() const { return table.has_value(); }
  /// The low halves of the rows whose words are `words`, in `scratch`; nothing where all are 0. Of
  /// the words only the number is looked at but for needsWords. Errors: Invalid.
  Expected<PanelWords> decode(const LowPart &part, PanelWords words, CodePath path,
                              std::vector<uint16_t> &scratch) const;

private:
  Expected<PanelWords> decodeCode(const LowPart &part, PanelWords words, CodePath path,
                                  std::vector<uint16_t> &scratch) const;

  const CodingPlan &plan;
  std::optional<LowTable> table;
  std::optional<LowCoder> coder;
};

} // namespace uwt

#endif // UWT_LIB_CODEC_LOWHALVES_H
