//===- QuantizedWeight.cpp - Codes, and what they mean --------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Import/QuantizedWeight.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/BF16.h"
#include "uwt/Format/Floats.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <numeric>

using namespace uwt;

bool uwt::canDecodeTo(ElementType type) {
  return type == ElementType::BF16 || type == ElementType::F16 || type == ElementType::F32;
}

float uwt::roundedTo(ElementType type, float value) {
  if (type == ElementType::F32)
    return value;
  return type == ElementType::F16 ? float16.valueOf(roundToF16(value))
                                  : fromBF16(roundToBF16(value));
}

Grid GridParts::product() const {
  Grid result = numbers;
  if (isDivided)
    result.combine(outer, std::divides());
  else
    result.combine(outer, std::multiplies());
  return result;
}

Expected<std::vector<uint32_t>> QuantizedWeight::columnOrder(uint64_t cellColumns) const {
  auto cellOf = [&](uint64_t column) { return scale.cellOf(0, gridColumn(column)); };
  std::vector<uint32_t> order(columns);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, {}, cellOf);
  for (uint64_t at = 0; at < columns; ++at)
    if (cellOf(order[at]) != at / cellColumns)
      return unsupportedError("has columns in an order of their own, and group " +
                              std::to_string(at / cellColumns) + " has not " +
                              std::to_string(cellColumns) + " of them; it runs from its values");
  return order;
}

QuantizedWeight QuantizedWeight::withColumns(std::span<const uint32_t> order) const {
  QuantizedWeight result = *this;
  result.gridColumns.clear();
  for (uint32_t column : order)
    result.gridColumns.push_back(static_cast<uint32_t>(gridColumn(column)));
  for (uint64_t row = 0; row < rows; ++row)
    std::ranges::transform(order, result.codes.begin() + static_cast<ptrdiff_t>(row * columns),
                           [&](uint32_t column) { return codes[row * columns + column]; });
  return result;
}

std::vector<Grid *> QuantizedWeight::grids() {
  std::vector<Grid *> all = {&table, &zero, &scale};
  for (WeightStep &step : steps)
    all.push_back(&step.numbers);
  return all;
}

namespace {

/// Decodes rows, run by run: elements beside one another that share their cells. `Round` makes an
/// element of an f32 (value-6).
template <auto Round> class RowDecoder {
public:
  using Word = decltype(Round(0.0f));

  explicit RowDecoder(const QuantizedWeight &weight)
      : weight(weight), ofSteps(weight.steps.size()), words(weight.codeCount()) {}

  void decode(uint64_t row, Word *out) {
    if (!weight.floats.empty()) {
      const float *floats = weight.floats.data() + row * weight.columns;
      std::transform(floats, floats + weight.columns, out, Round);
      return;
    }
    const uint8_t *codes = weight.codes.data() + row * weight.columns;
    for (uint64_t begin = 0; begin < weight.columns;) {
      uint64_t cell = weight.gridColumn(begin), end = runEnd(begin);
      for (size_t i = 0; i < weight.steps.size(); ++i)
        ofSteps[i] = weight.steps[i].numbers.at(row, cell);
      values = weight.valuesAt(row, cell);
      decodeRun({codes + begin, end - begin}, weight.zero.at(row, cell), weight.scale.at(row, cell),
                out + begin);
      begin = end;
    }
  }

private:
  uint64_t runEnd(uint64_t begin) const {
    const std::vector<uint32_t> &columns = weight.gridColumns;
    if (columns.empty()) {
      uint64_t end = std::min({weight.columns, weight.table.nextCell(begin),
                               weight.zero.nextCell(begin), weight.scale.nextCell(begin)});
      for (const WeightStep &step : weight.steps)
        end = std::min(end, step.numbers.nextCell(begin));
      return end;
    }
    uint64_t end = begin + 1;
    while (end < weight.columns && columns[end] == columns[begin])
      ++end;
    return end;
  }

  /// Of a long run each code is decoded once.
  void decodeRun(std::span<const uint8_t> codes, float zero, float scale, Word *out) {
    bool isRounded = weight.math != ElementType::F32;
    auto wordOf = [&](uint64_t code) {
      float difference = values[code] - zero; // value-2
      if (isRounded)
        difference = roundedTo(weight.math, difference);
      float value = difference * scale; // value-3
      value = value * weight.factor;    // value-4
      for (size_t i = 0; i < ofSteps.size(); ++i)
        value = weight.steps[i].role.apply(value, ofSteps[i]); // value-5
      return Round(value);
    };
    if (codes.size() < values.size()) {
      std::ranges::transform(codes, out, wordOf);
      return;
    }
    for (size_t code = 0; code < values.size(); ++code)
      words[code] = wordOf(code);
    std::ranges::transform(codes, out, [&](uint8_t code) { return words[code]; });
  }

  const QuantizedWeight &weight;
  /// What the codes of a run stand for, and what its elements take in each step.
  std::span<const float> values;
  std::vector<float> ofSteps;
  std::vector<Word> words;
};

} // namespace

static uint32_t bitsOf(float value) { return std::bit_cast<uint32_t>(value); }

/// Rows of words [rows, columns] as columns of a matrix of `stride` columns.
template <typename Word>
static void storeTransposed(std::span<const Word> words, uint64_t columns, uint64_t stride,
                            uint8_t *out) {
  // So many columns that what is written stays in the nearest cache.
  constexpr uint64_t columnsEach = 32;
  uint64_t rows = words.size() / columns;
  for (uint64_t first = 0; first < columns; first += columnsEach) {
    uint64_t end = std::min(first + columnsEach, columns);
    for (uint64_t row = 0; row < rows; ++row)
      for (uint64_t column = first; column < end; ++column)
        std::memcpy(out + (column * stride + row) * sizeof(Word), &words[row * columns + column],
                    sizeof(Word));
  }
}

/// All rows, to words that lie as the weight has them.
template <auto Round>
static void decodeAll(const QuantizedWeight &weight, uint8_t *out, ThreadPool &pool) {
  using Word = RowDecoder<Round>::Word;
  // So many rows that what is written transposed is whole cache lines.
  constexpr uint64_t blockRows = 64;
  uint64_t columns = weight.columns, rowsEach = weight.rows / weight.matrices;
  uint64_t blocks = divideUp(rowsEach, blockRows);
  std::vector<RowDecoder<Round>> decoders(pool.size(), RowDecoder<Round>(weight));
  std::vector<std::vector<Word>> buffers(pool.size());
  pool.parallelFor(weight.matrices * blocks, [&](uint64_t task, unsigned worker) {
    uint64_t matrix = task / blocks, first = task % blocks * blockRows;
    uint64_t count = std::min(blockRows, rowsEach - first);
    uint8_t *begin = out + matrix * rowsEach * columns * sizeof(Word);
    std::vector<Word> &buffer = buffers[worker];
    buffer.resize(count * columns);
    for (uint64_t row = 0; row < count; ++row)
      decoders[worker].decode(matrix * rowsEach + first + row, buffer.data() + row * columns);
    if (buffer.empty())
      return;
    if (weight.isTransposed)
      storeTransposed<Word>(buffer, columns, rowsEach, begin + first * sizeof(Word));
    else
      std::memcpy(begin + first * columns * sizeof(Word), buffer.data(),
                  buffer.size() * sizeof(Word));
  });
}

void QuantizedWeight::decode(ElementType type, std::span<uint8_t> out, ThreadPool &pool) const {
  if (type == ElementType::F32)
    decodeAll<bitsOf>(*this, out.data(), pool);
  else if (type == ElementType::F16)
    decodeAll<roundToF16>(*this, out.data(), pool);
  else
    decodeAll<roundToBF16>(*this, out.data(), pool);
}

std::vector<uint8_t> QuantizedWeight::decode(ElementType type, ThreadPool &pool) const {
  std::vector<uint8_t> bytes(rows * columns * getTraits(type).bytes);
  decode(type, bytes, pool);
  return bytes;
}

template <auto Round>
static void decodeSome(const QuantizedWeight &weight, uint64_t first, std::span<uint16_t> out) {
  RowDecoder<Round> decoder(weight);
  for (uint64_t row = 0; row * weight.columns < out.size(); ++row)
    decoder.decode(first + row, out.data() + row * weight.columns);
}

void QuantizedWeight::decodeRows(ElementType type, uint64_t first, std::span<uint16_t> out) const {
  if (type == ElementType::F16)
    decodeSome<roundToF16>(*this, first, out);
  else
    decodeSome<roundToBF16>(*this, first, out);
}
