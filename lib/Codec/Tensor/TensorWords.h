//===- TensorWords.h - Tensor bytes and panels of words ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where a panel lies in a tensor, and the conversion between the tensor's bytes
// (any element type, n_major or k_major, any alignment) and row-major u16 words.
// Panels of 16-bit n_major tensors are used in place.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_CODEC_TENSOR_TENSORWORDS_H
#define UWT_LIB_CODEC_TENSOR_TENSORWORDS_H

#include "uwt/Codec/Sample.h"

namespace uwt {

class TensorWords {
public:
  /// Fails (Usage) where `sourceBytes` is not the size of the described tensor.
  static Expected<TensorWords> make(const TensorDescription &description, uint64_t sourceBytes);

  const TensorDescription::Matrices &matrices() const { return shape; }
  uint32_t rowsOf(uint64_t panel) const;

  /// First byte and size of a panel in an n_major tensor. The size lacks what a short last row
  /// (fold-2) has too little; panelBegin of the number of panels is the tensor's size.
  uint64_t panelBegin(uint64_t panel) const;
  uint64_t panelSize(uint64_t panel) const;
  /// Calls `visit(offset, bytes)` with the parts of the tensor that the panel is loaded from. Stops
  /// at an error.
  Status visitBytes(uint64_t panel,
                    const std::function<Status(uint64_t offset, uint64_t bytes)> &visit) const;
  /// The panel that holds element `element` of an n_major tensor.
  uint64_t panelOf(uint64_t element) const;

  /// The words of a panel: in place where the tensor has them so, else in `scratch`.
  PanelWords load(std::span<const uint8_t> source, uint64_t panel,
                  std::vector<uint16_t> &scratch) const;
  /// The low halves of a panel (f32 only), in `scratch`.
  PanelWords loadLow(std::span<const uint8_t> source, uint64_t panel,
                     std::vector<uint16_t> &scratch) const;

  /// Where decoded words of a panel go: straight into `out` where possible
  /// (store() is then not needed), else into `scratch`. `out` begins at byte `origin` of
  /// the tensor.
  MutablePanelWords destination(std::span<uint8_t> out, uint64_t origin, uint64_t panel,
                                std::vector<uint16_t> &scratch) const;
  /// True where destination() gives an address inside `out`.
  bool isInPlace(const void *out, uint64_t panel) const {
    return hasPlainWords(out) && !isShort(panel);
  }
  /// Writes decoded words, and low halves where `low` is given (`low.data` not null), into `out`.
  void store(std::span<uint8_t> out, uint64_t origin, uint64_t panel, PanelWords words,
             PanelWords low) const;

  /// Writes one element, `low` being ignored but for f32.
  void storeElement(uint8_t *at, uint16_t word, uint16_t low) const;

  /// The bits that low halves of `source` have (f32; else 0): of all panels, or of those in
  /// `sample`. Stops early once one of `enough` is among them.
  uint16_t lowHalfBits(std::span<const uint8_t> source, const PanelSample *sample, uint16_t enough,
                       ThreadPool &pool) const;

  /// The top bits that low halves of a row of `panel` need (f32). Reads no further than the first
  /// that needs all 16.
  uint32_t lowBitsOfRow(std::span<const uint8_t> source, uint64_t panel, uint32_t row) const;

private:
  /// Byte offset of element (row, column) of the panel's matrix, in the tensor.
  struct Strides {
    uint64_t origin, row, column;
  };
  Strides stridesOf(uint64_t panel) const;
  /// Whether the tensor's elements at `bytes` are rows of words.
  bool hasPlainWords(const void *bytes) const;
  /// Elements of a panel that the tensor has, and whether these are not whole rows.
  uint64_t elementsOf(uint64_t panel) const;
  bool isShort(uint64_t panel) const {
    return elementsOf(panel) != uint64_t(rowsOf(panel)) * shape.shape.columns;
  }
  template <typename Convert>
  PanelWords gather(std::span<const uint8_t> source, uint64_t panel, std::vector<uint16_t> &scratch,
                    Convert convert) const;
  template <typename Convert>
  PanelWords gatherShort(std::span<const uint8_t> source, uint64_t panel,
                         std::vector<uint16_t> &scratch, Convert convert) const;
  void storeShort(std::span<uint8_t> out, uint64_t panel, PanelWords words, PanelWords low) const;

  TensorDescription::Matrices shape;
  unsigned elementBytes = 2;
  bool kMajor = false;
};

} // namespace uwt

#endif // UWT_LIB_CODEC_TENSOR_TENSORWORDS_H
