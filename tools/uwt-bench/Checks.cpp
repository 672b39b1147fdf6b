//===- Checks.cpp - Whether a kernel's results are right ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "uwt/Format/BF16.h"
#include "uwt/Support/Random.h"
#include <algorithm>
#include <atomic>
#include <bit>
#include <climits>
#include <cmath>

using namespace uwt;
using namespace uwt::bench;

/// "1.5 (0x3fc00000)".
static std::string valueText(float value) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string hex = "0x";
  for (int shift = 28; shift >= 0; shift -= 4)
    hex += digits[std::bit_cast<uint32_t>(value) >> shift & 15];
  return std::to_string(value) + " (" + hex + ")";
}

static Error differs(uint64_t m, uint64_t row, float got, float expected, const std::string &what) {
  return {ErrorKind::Differs, "y[" + std::to_string(m) + ", " + std::to_string(row) + "] is " +
                                  valueText(got) + ", and " + what + " " + valueText(expected)};
}

Status uwt::bench::compareOutputs(std::span<const float> got, std::span<const float> expected,
                                  uint64_t rows, const std::string &what) {
  for (size_t i = 0; i < got.size(); ++i)
    if (std::bit_cast<uint32_t>(got[i]) != std::bit_cast<uint32_t>(expected[i]))
      return differs(i / rows, i % rows, got[i], expected[i], what);
  return ok();
}

//===----------------------------------------------------------------------===//
// Exact sums
//===----------------------------------------------------------------------===//

/// Up to `most` of [0, count): the first and the last ones, where tails are, and some between.
static std::vector<uint64_t> sampleOf(uint64_t count, uint64_t most, Random &random) {
  std::vector<uint64_t> picked;
  if (count <= most) {
    for (uint64_t i = 0; i < count; ++i)
      picked.push_back(i);
    return picked;
  }
  for (uint64_t i = 0; i < most / 3; ++i) {
    picked.push_back(i);
    picked.push_back(count - 1 - i);
    picked.push_back(random.next() % count);
  }
  std::ranges::sort(picked);
  picked.erase(std::ranges::unique(picked).begin(), picked.end());
  return picked;
}

DenseWords uwt::bench::drawIntegers(uint64_t rows, uint64_t columns, uint64_t seed,
                                    ThreadPool &pool) {
  DenseWords words(rows * columns);
  pool.parallelFor(rows, [&](uint64_t row, unsigned) {
    Random random(seed * 0x2545f4914f6cdd1d + row * 0xd1342543de82ef95);
    for (uint64_t k = 0; k < columns; ++k) {
      // A normal deviate over a uniform one has tails that any code finds rare.
      double value = std::clamp(2 * random.normal() / random.uniform(), -127.0, 127.0);
      words[row * columns + k] = toBF16(static_cast<float>(std::lround(value)));
    }
  });
  return words;
}

/// The exponent of the largest power of two of which a number is a multiple.
static int unitExponent(float value) {
  constexpr int fraction = 7;
  int exponent = std::ilogb(value);
  auto significand = static_cast<unsigned>(std::abs(std::ldexp(value, fraction - exponent)));
  return exponent - fraction + std::countr_zero(significand);
}

ExactProblem::ExactProblem(DenseWords given, uint64_t rows, uint32_t m, uint64_t seed,
                           ThreadPool &pool)
    : rows(rows), columns(given.size() / rows), words(std::move(given)), x(m * columns) {
  Random random(seed ^ 0x5851f42d4c957f2d);
  for (uint16_t &word : x)
    word = toBF16(static_cast<float>(static_cast<int>(random.next() % 3) - 1));
  constexpr uint64_t maxRows = 192, maxM = 96;
  checkedRows = sampleOf(rows, maxRows, random);
  for (uint64_t one : sampleOf(m, maxM, random))
    checkedM.push_back(static_cast<uint32_t>(one));
  int exponent = INT_MAX;
  for (uint64_t row : checkedRows)
    for (uint16_t word : std::span(words).subspan(row * columns, columns))
      if (float value = fromBF16(word); value != 0)
        exponent = std::min(exponent, unitExponent(value));
  unit = exponent == INT_MAX ? 1 : std::ldexp(1.0F, exponent);
  addUp(pool);
}

/// A row's weights in units. None where their sums may not be exact.
std::vector<int32_t> ExactProblem::multiplesOf(uint64_t row) const {
  constexpr double maxExact = 1 << 24;
  std::vector<int32_t> multiples(columns);
  double sum = 0;
  for (uint64_t k = 0; k < columns; ++k) {
    double value = double(fromBF16(words[row * columns + k])) / unit;
    sum += std::abs(value);
    if (sum >= maxExact)
      return {};
    multiples[k] = static_cast<int32_t>(value);
  }
  return multiples;
}

void ExactProblem::addUp(ThreadPool &pool) {
  std::vector<int8_t> integers(x.size());
  std::ranges::transform(x, integers.begin(),
                         [](uint16_t word) { return static_cast<int8_t>(fromBF16(word)); });
  sums.resize(checkedRows.size() * checkedM.size());
  std::atomic<bool> areExact = true;
  pool.parallelFor(checkedRows.size(), [&](uint64_t i, unsigned) {
    std::vector<int32_t> row = multiplesOf(checkedRows[i]);
    if (row.empty())
      areExact = false;
    for (size_t b = 0; b < checkedM.size() && !row.empty(); ++b) {
      const int8_t *other = integers.data() + checkedM[b] * columns;
      int32_t sum = 0;
      for (uint64_t k = 0; k < columns; ++k)
        sum += row[k] * other[k];
      sums[b * checkedRows.size() + i] = sum;
    }
  });
  if (!areExact)
    sums.clear();
}

Expected<uint64_t> ExactProblem::check(Product &product) const {
  UWT_RETURN_IF_ERROR(product.setX(std::span(x).first(product.m() * columns)));
  UWT_ASSIGN_OR_RETURN(std::vector<float> y, product.run(0));
  bool isRounded = false;
  for (const KernelArgument &argument : product.entry().arguments)
    isRounded |= argument.kind == ArgumentKind::Y && argument.type == ArgumentType::BF16;
  uint64_t compared = 0;
  for (size_t b = 0; b < checkedM.size() && checkedM[b] < product.m(); ++b)
    for (size_t i = 0; i < checkedRows.size(); ++i, ++compared) {
      float expected = static_cast<float>(sums[b * checkedRows.size() + i]) * unit;
      if (isRounded)
        expected = fromBF16(toBF16(expected));
      float got = y[checkedM[b] * rows + checkedRows[i]];
      if (got != expected)
        return differs(checkedM[b], checkedRows[i], got, expected, "the exact sum is");
    }
  return compared;
}

//===----------------------------------------------------------------------===//
// Twins and decoding
//===----------------------------------------------------------------------===//

Expected<uint64_t> uwt::bench::checkTwin(Product &product, Product &twin,
                                         std::span<const uint16_t> x, std::vector<float> &y) {
  UWT_RETURN_IF_ERROR(product.setX(x));
  UWT_RETURN_IF_ERROR(twin.setX(x));
  UWT_ASSIGN_OR_RETURN(y, product.run(0));
  UWT_ASSIGN_OR_RETURN(std::vector<float> expected, twin.run(0));
  uint64_t rows = y.size() / std::max<uint32_t>(product.m(), 1);
  UWT_RETURN_IF_ERROR(compareOutputs(y, expected, rows, "its raw twin gives"));
  return y.size();
}

Expected<uint64_t> uwt::bench::checkDecode(Product &product, const DenseWords &words, uint64_t most,
                                           ThreadPool &pool) {
  const uint64_t m = product.m();
  uint64_t columns = 0, rows = 0, decoded = 0;
  std::vector<uint16_t> x;
  UWT_ASSIGN_OR_RETURN(std::vector<float> first, product.run(0));
  rows = first.size() / m;
  columns = words.size() / rows;
  uint64_t groups = (columns + m - 1) / m;
  Random random(columns);
  for (uint64_t group : sampleOf(groups, most, random)) {
    // Unit vectors; the last group's last ones are zeros.
    x.assign(m * columns, 0);
    uint64_t begin = group * m, count = std::min(m, columns - begin);
    for (uint64_t b = 0; b < count; ++b)
      x[b * columns + begin + b] = toBF16(1);
    UWT_RETURN_IF_ERROR(product.setX(x));
    UWT_ASSIGN_OR_RETURN(std::vector<float> y, product.run(0));
    // The index of the first wrong output.
    std::atomic<uint64_t> wrong = UINT64_MAX;
    pool.parallelFor(rows, [&](uint64_t row, unsigned) {
      for (uint64_t b = 0; b < count; ++b)
        if (y[b * rows + row] != fromBF16(words[row * columns + begin + b])) {
          uint64_t place = b * rows + row, before = wrong.load();
          while (place < before && !wrong.compare_exchange_weak(before, place))
            ;
        }
    });
    if (uint64_t place = wrong.load(); place != UINT64_MAX) {
      uint64_t row = place % rows, column = begin + place / rows;
      return differs(place / rows, row, y[place], fromBF16(words[row * columns + column]),
                     "by a unit vector it has to be the weight of column " +
                         std::to_string(column) + ",");
    }
    decoded += count;
  }
  return decoded;
}
