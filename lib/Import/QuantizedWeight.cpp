//===- QuantizedWeight.cpp - Codes, and what they mean --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Import/QuantizedWeight.h"
#include "Floats.h"
#include "uwt/Codec/StoredOrder.h"
#include <algorithm>
#include <cstring>

using namespace uwt;

bool uwt::canDecodeTo(ElementType type) {
  return type == ElementType::BF16 || type == ElementType::F16 || type == ElementType::F32;
}

namespace {

/// value-6: one rounding to the type.
void store(ElementType type, float value, uint8_t *out) {
  switch (type) {
  case ElementType::F32:
    std::memcpy(out, &value, sizeof(value));
    return;
  case ElementType::F16: {
    uint16_t word = roundToF16(value);
    std::memcpy(out, &word, sizeof(word));
    return;
  }
  default: {
    uint16_t word = roundToBF16(value);
    std::memcpy(out, &word, sizeof(word));
    return;
  }
  }
}

/// Decodes rows, run by run: elements beside one another that share their cells.
class RowDecoder {
public:
  RowDecoder(const QuantizedWeight &weight, ElementType type)
      : weight(weight), type(type), bytes(getTraits(type).bytes),
        table(weight.values.size() * bytes) {}

  void decode(uint64_t row, uint8_t *out) {
    if (!weight.floats.empty()) {
      for (uint64_t column = 0; column < weight.columns; ++column)
        store(type, weight.floats[row * weight.columns + column], out + column * bytes);
      return;
    }
    const uint8_t *codes = weight.codes.data() + row * weight.columns;
    for (uint64_t begin = 0; begin < weight.columns;) {
      uint64_t cell = cellOf(begin), end = runEnd(begin);
      std::optional<float> offset;
      if (weight.offset)
        offset = weight.offset->at(row, cell);
      decodeRun({codes + begin, end - begin}, weight.zero.at(row, cell), weight.scale.at(row, cell),
                offset, out + begin * bytes);
      begin = end;
    }
  }

private:
  uint64_t cellOf(uint64_t column) const {
    return weight.gridColumns.empty() ? column : weight.gridColumns[column];
  }

  uint64_t runEnd(uint64_t begin) const {
    const std::vector<uint32_t> &columns = weight.gridColumns;
    if (columns.empty())
      return std::min({weight.columns, weight.zero.nextCell(begin), weight.scale.nextCell(begin),
                       weight.offset ? weight.offset->nextCell(begin) : UINT64_MAX});
    uint64_t end = begin + 1;
    while (end < weight.columns && columns[end] == columns[begin])
      ++end;
    return end;
  }

  /// Of a long run each code is decoded once.
  void decodeRun(std::span<const uint8_t> codes, float zero, float scale,
                 std::optional<float> offset, uint8_t *out) {
    auto valueOf = [&](uint64_t code) {
      float difference = weight.values[code] - zero; // value-2
      float product = difference * scale;            // value-3
      product = product * weight.factor;             // value-4
      return offset ? product + *offset : product;   // value-5
    };
    if (codes.size() < weight.values.size()) {
      for (size_t i = 0; i < codes.size(); ++i)
        store(type, valueOf(codes[i]), out + i * bytes);
      return;
    }
    for (size_t code = 0; code < weight.values.size(); ++code)
      store(type, valueOf(code), table.data() + code * bytes);
    for (size_t i = 0; i < codes.size(); ++i)
      std::memcpy(out + i * bytes, table.data() + codes[i] * bytes, bytes);
  }

  const QuantizedWeight &weight;
  const ElementType type;
  const uint64_t bytes;
  std::vector<uint8_t> table;
};

} // namespace

/// Elements of `bytes` bytes, rows of columns, to columns of `stride` rows.
static void transpose(std::span<const uint8_t> rows, uint64_t columns, uint64_t bytes,
                      uint64_t stride, uint8_t *out) {
  uint64_t count = rows.size() / bytes / columns;
  for (uint64_t column = 0; column < columns; ++column)
    for (uint64_t row = 0; row < count; ++row)
      std::memcpy(out + (column * stride + row) * bytes,
                  rows.data() + (row * columns + column) * bytes, bytes);
}

void QuantizedWeight::decode(ElementType type, std::span<uint8_t> out, ThreadPool &pool) const {
  std::vector<RowDecoder> decoders(pool.size(), RowDecoder(*this, type));
  uint64_t bytes = getTraits(type).bytes, rowBytes = columns * bytes;
  if (!isTransposed) {
    pool.parallelFor(rows, [&](uint64_t row, unsigned worker) {
      decoders[worker].decode(row, out.data() + row * rowBytes);
    });
    return;
  }
  // So many rows that what is written is whole cache lines.
  constexpr uint64_t blockRows = 64;
  uint64_t rowsEach = rows / matrices, blocks = divideUp(rowsEach, blockRows);
  std::vector<std::vector<uint8_t>> buffers(pool.size());
  pool.parallelFor(matrices * blocks, [&](uint64_t task, unsigned worker) {
    uint64_t matrix = task / blocks, first = task % blocks * blockRows;
    uint64_t count = std::min(blockRows, rowsEach - first);
    std::vector<uint8_t> &buffer = buffers[worker];
    buffer.resize(count * rowBytes);
    for (uint64_t row = 0; row < count; ++row)
      decoders[worker].decode(matrix * rowsEach + first + row, buffer.data() + row * rowBytes);
    transpose(buffer, columns, bytes, rowsEach,
              out.data() + (matrix * rowsEach * columns + first) * bytes);
  });
}
