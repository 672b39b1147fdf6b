//===- Words.cpp - Panels stored as words, and low halves -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The planes `words` and `low`: a field that is the whole word. Total on any
// bytes, and padding is zero (order-7).
//
//===----------------------------------------------------------------------===//

#include "FixedRate.h"
#include "FixedRateWalk.h"
#include "ShortLow.h"
#include <cstring>

using namespace uwt;

namespace {

/// Decodes units of words; there is nothing to add to them.
struct WordDecoder {
  const FixedKernels &kernels;
  uint32_t bits;
  const uint8_t *in;

  void operator()(uint64_t index, uint16_t *to, size_t stride) const {
    kernels.decodeWords(bits, in + index * unitBitBytes * bits, to, stride);
  }
  void finish(uint64_t, uint16_t *, size_t) const {}
};

} // namespace

static void encodeRow(uint32_t bits, const uint16_t *words, uint64_t columns, uint8_t *out) {
  if (bits == 16) {
    std::memcpy(out, words, columns * 2);
    return;
  }
  for (uint64_t column = 0; column < columns; ++column)
    out[column] = static_cast<uint8_t>(words[column]);
}

static void decodeRow(uint32_t bits, const uint8_t *in, uint64_t columns, uint16_t *out) {
  if (bits == 16) {
    std::memcpy(out, in, columns * 2);
    return;
  }
  for (uint64_t column = 0; column < columns; ++column)
    out[column] = in[column];
}

static std::vector<uint16_t> dense(PanelWords words) {
  std::vector<uint16_t> values;
  for (uint32_t row = 0; row < words.rows; ++row)
    values.insert(values.end(), words.row(row), words.row(row) + words.columns);
  return values;
}

void uwt::encodeWords(Layout layout, uint32_t bits, PanelWords words, CodePath path,
                      std::vector<uint8_t> &out) {
  // Not cleared: every byte is written.
  out.resize(fieldBytes(layout, words.rows, words.columns, bits));
  const FixedKernels *kernels = fixedKernels(path);
  if (!kernels) {
    packField(layout, words.rows, words.columns, defaultChunks(bits), dense(words), 0, out);
    return;
  }
  if (layout == Layout::RowMajor) {
    for (uint32_t row = 0; row < words.rows; ++row)
      encodeRow(bits, words.row(row), words.columns, out.data() + row * words.columns * bits / 8);
    return;
  }
  encodeByStrips(
      words, fixedUnitColumns, 0, [&](uint64_t index, const uint16_t *data, size_t stride) {
        kernels->encodeWords(bits, data, stride, out.data() + index * unitBitBytes * bits);
      });
}

void uwt::decodeWords(Layout layout, uint32_t bits, std::span<const uint8_t> in, CodePath path,
                      MutablePanelWords out) {
  const FixedKernels *kernels = fixedKernels(path);
  if (!kernels) {
    std::vector<uint16_t> values(out.rows * out.columns);
    unpackField(layout, out.rows, out.columns, defaultChunks(bits), in, values);
    for (uint32_t row = 0; row < out.rows; ++row)
      std::copy_n(values.data() + row * out.columns, out.columns, out.row(row));
    return;
  }
  if (layout == Layout::RowMajor) {
    for (uint32_t row = 0; row < out.rows; ++row)
      decodeRow(bits, in.data() + row * out.columns * bits / 8, out.columns, out.row(row));
    return;
  }
  decodeByStrips(*kernels, out, fixedUnitColumns, WordDecoder{*kernels, bits, in.data()});
}

void uwt::encodeLow(const Format &format, PanelWords low, CodePath path,
                    std::vector<uint8_t> &out) {
  uint32_t bits = format.lowBits;
  if (bits == wholeLowBits)
    return encodeWords(format.layout, bits, low, path, out);
  if (path != CodePath::Reference)
    return encodeShortLow(format.layout, bits, low, path, out);
  std::vector<uint16_t> values = dense(low);
  for (uint16_t &value : values)
    value = static_cast<uint16_t>(value >> (wholeLowBits - bits));
  out.resize(fieldBytes(format.layout, low.rows, low.columns, bits));
  packField(format.layout, low.rows, low.columns, defaultChunks(bits), values, 0, out);
}

void uwt::decodeLow(const Format &format, std::span<const uint8_t> in, CodePath path,
                    MutablePanelWords out) {
  uint32_t bits = format.lowBits;
  if (bits == wholeLowBits)
    return decodeWords(format.layout, bits, in, path, out);
  if (path != CodePath::Reference)
    return decodeShortLow(format.layout, bits, in, path, out);
  std::vector<uint16_t> values(out.rows * out.columns);
  unpackField(format.layout, out.rows, out.columns, defaultChunks(bits), in, values);
  for (uint32_t row = 0; row < out.rows; ++row)
    for (uint64_t column = 0; column < out.columns; ++column)
      out.row(row)[column] =
          static_cast<uint16_t>(values[row * out.columns + column] << (wholeLowBits - bits));
}
