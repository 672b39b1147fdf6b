//===- QuantizedKernelsTest.cpp - Products from codes, ahead of time ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "TileKernels.h"
#include "uwt/Codec/Quantized.h"
#include "uwt/Codec/StoredOrder.h"
#include "uwt/Format/BF16.h"
#include "uwt/Format/QuantizedElement.h"
#include "uwt/Import/IntegerProduct.h"
#include "uwt/Kernels/Kernels.h"
#include "uwt/Runtime/QuantizedImage.h"
#include "uwt/Target/Target.h"
#include <array>
#include <cctype>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

using namespace uwt;
using namespace uwt::test;

namespace {

/// Memory for an image, aligned as they are.
class ImageMemory {
public:
  std::span<uint8_t> take(uint64_t bytes) {
    memory.assign(bytes + imageAlignment, 0);
    auto at = reinterpret_cast<uintptr_t>(memory.data());
    return std::span(memory).subspan(roundUp(at, imageAlignment) - at, bytes);
  }

private:
  std::vector<uint8_t> memory;
};

/// A matrix with any codes, in a composition.
QuantizedPart partOf(const std::string &composition, uint64_t rows, uint64_t columns,
                     uint64_t seed) {
  uwt::test::Random random(seed);
  QuantizedPart part;
  part.format = *Format::parse(composition);
  QuantizedElement element = *QuantizedElement::find(part.format.element);
  part.weight.rows = rows;
  part.weight.columns = columns;
  part.weight.values = element.values();
  for (int code = 0; element.isTable && code < 1 << element.bits; ++code)
    part.weight.values.push_back(std::ldexp(static_cast<float>(code * code) - 37, -6));
  for (uint64_t i = 0; i < rows * columns; ++i) {
    // f8E4M3FN has two codes that are no numbers.
    uint64_t code = random.below(uint64_t(1) << element.bits);
    part.weight.codes.push_back(static_cast<uint8_t>(element.kind && code % 128 == 127 ? 5 : code));
  }
  auto orAll = [](uint32_t size, uint64_t all) { return size == 0 ? all : size; };
  const GridFormat &cells = *part.format.scale;
  Grid grid = {orAll(cells.cellRows, rows), orAll(cells.cellColumns, columns), 0, {}};
  grid.columns = divideUp(columns, grid.cellColumns);
  grid.cells.resize(divideUp(rows, grid.cellRows) * grid.columns);
  part.weight.scale = part.weight.zero = grid;
  bool isOfExponents = cells.number.keyword == "f8E8M0FNU";
  for (float &scale : part.weight.scale.cells)
    scale = isOfExponents ? std::ldexp(1.0F, static_cast<int>(random.below(20)) - 10)
                          : static_cast<float>(random.below(1000) + 1) / 4096;
  for (float &scale : part.weight.scale.cells)
    scale = roundedTo(ElementType::BF16, scale);
  // A code of 8 bits less its zero point has 8 bits.
  uint64_t zeros = element.bits == 8 ? 1 : uint64_t(1) << element.bits;
  for (float &zero : part.weight.zero.cells)
    zero = static_cast<float>(random.below(zeros)) -
           static_cast<float>(element.isSigned ? zeros / 2 : 0);
  if (part.format.hasFloatZeros())
    for (float &zero : part.weight.zero.cells)
      zero = roundedTo(ElementType::BF16, static_cast<float>(random.below(999)) / 64);
  part.weight.math = part.format.math;
  if (!part.format.zeroGrid)
    part.weight.zero = Grid::constant(static_cast<float>(part.format.zero));
  for (const GridStep &step : part.format.steps) {
    for (float &number : grid.cells)
      number = roundedTo(ElementType::BF16, static_cast<float>(random.below(1000)) / 512 - 1);
    part.weight.steps.push_back({step.role, grid});
  }
  return part;
}

std::vector<const QuantizedPart *> pointersTo(const std::vector<QuantizedPart> &parts) {
  std::vector<const QuantizedPart *> pointers;
  for (const QuantizedPart &part : parts)
    pointers.push_back(&part);
  return pointers;
}

/// The shape of all parts as so many matrices.
std::vector<uint64_t> shapeOf(const std::vector<QuantizedPart> &parts, uint64_t matrices = 1) {
  uint64_t rows = 0;
  for (const QuantizedPart &part : parts)
    rows += part.weight.rows;
  uint64_t columns = parts.front().weight.columns;
  if (matrices == 1)
    return {rows, columns};
  return {matrices, rows / matrices, columns};
}

/// An image of all parts, or the error's message.
Expected<WeightImage> imageOf(const std::vector<QuantizedPart> &parts,
                              const std::vector<uint64_t> &shape, ImageMemory &memory,
                              ThreadPool &pool) {
  TensorDescription what;
  what.element = ElementType::BF16;
  what.shape = shape;
  UWT_ASSIGN_OR_RETURN(what.format, imageFormatOf(parts.front().format));
  UWT_ASSIGN_OR_RETURN(uint64_t bytes, WeightImage::maxBytes(what));
  return encodeParts(pointersTo(parts), ElementType::BF16, shape, memory.take(bytes), pool);
}

/// The values of parts one below the other, as an image in `raw`.
Expected<WeightImage> rawImageOf(const std::vector<QuantizedPart> &parts, ImageMemory &memory,
                                 ThreadPool &pool) {
  DenseTensor dense;
  Bytes values;
  dense.shape = {0, parts.front().weight.columns};
  for (const QuantizedPart &part : parts) {
    Bytes own = part.weight.decode(ElementType::BF16, pool);
    values.insert(values.end(), own.begin(), own.end());
    dense.shape[0] += part.weight.rows;
  }
  dense.bytes = values;
  TensorDescription what;
  what.element = ElementType::BF16;
  what.shape = dense.shape;
  what.format = rawFormat();
  UWT_ASSIGN_OR_RETURN(uint64_t bytes, WeightImage::maxBytes(what));
  return WeightImage::encode(dense, what.format, memory.take(bytes), pool);
}

/// Of every target that this machine runs, those on tiles by vectors as well.
std::vector<const Kernels *> kernelsOf(std::string_view format) {
  std::vector<const Kernels *> all = Kernels::findAll(ElementType::BF16, format);
  for (const Kernels &kernels : tileKernels())
    if (kernels.serves(ElementType::BF16, format) && checkRunsHere(**findTarget(kernels.target())))
      all.push_back(&kernels);
  return all;
}

class QuantizedKernelsTest : public ::testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    if (auto found = Kernels::find(ElementType::BF16, "raw"); !found)
      GTEST_SKIP() << found.error().message();
  }
  ThreadPool pool{2};
};

// run-7
TEST_P(QuantizedKernelsTest, ProductsAndRowsHaveTheBitsOfValues) {
  uwt::test::Random random(5);
  for (auto [n, k] : std::initializer_list<std::pair<uint64_t, uint64_t>>{
           {1, 32}, {64, 128}, {70, 256}, {130, 384}, {17, 640}}) {
    std::vector<QuantizedPart> parts = {partOf(GetParam(), n, k, n),
                                        partOf(GetParam(), n + 3, k, n + 1)};
    ImageMemory memory, rawMemory;
    Expected<WeightImage> image = imageOf(parts, shapeOf(parts), memory, pool),
                          raw = rawImageOf(parts, rawMemory, pool);
    ASSERT_TRUE(holds(image));
    ASSERT_TRUE(holds(raw));
    EXPECT_EQ(image->format(), imageFormatOf(parts.front().format)->str());
    uint64_t rows = 2 * n + 3;
    std::vector<int64_t> ids(rows);
    for (uint64_t i = 0; i < rows; ++i)
      ids[i] = static_cast<int64_t>(i * 7 % rows);
    std::vector<const Kernels *> all = kernelsOf(image->format());
    std::vector<const Kernels *> ofRaw = kernelsOf("raw");
    ASSERT_EQ(all.size(), ofRaw.size());
    for (size_t target = 0; target < all.size(); ++target) {
      SCOPED_TRACE(all[target]->target());
      std::vector<uint16_t> y(rows * k), expected(rows * k);
      ASSERT_TRUE(holds(all[target]->gather(image->view(), ids, {y.data(), k}, &pool)));
      ASSERT_TRUE(holds(ofRaw[target]->gather(raw->view(), ids, {expected.data(), k}, &pool)));
      EXPECT_EQ(y, expected);
      for (uint64_t m : {1, 2, 5, 11, 33}) {
        std::vector<uint16_t> x(m * k), bias(rows);
        for (uint16_t &word : x)
          word = roundToBF16(static_cast<float>(random.below(2001)) / 1000 - 1);
        for (uint16_t &word : bias)
          word = roundToBF16(static_cast<float>(random.below(2001)) / 1000 - 1);
        for (const uint16_t *added : std::array<const uint16_t *, 2>{nullptr, bias.data()}) {
          y.assign(m * rows, 1);
          expected.assign(m * rows, 2);
          ASSERT_TRUE(holds(all[target]->linear(
              image->view(), {m, {x.data(), k}, added, {y.data(), rows}}, &pool)));
          ASSERT_TRUE(holds(ofRaw[target]->linear(
              raw->view(), {m, {x.data(), k}, added, {expected.data(), rows}}, &pool)));
          EXPECT_EQ(y, expected) << n << " " << k << " " << m;
        }
      }
    }
  }
}

/// The same numbers for each element, in cells of a row and so many columns: integers are summed
/// cell by cell.
Grid inCells(const Grid &grid, uint64_t rows, uint64_t columns, uint64_t cellColumns) {
  Grid cells = {1, cellColumns, divideUp(columns, cellColumns), {}};
  for (uint64_t row = 0; row < rows; ++row)
    for (uint64_t column = 0; column < columns; column += cellColumns)
      cells.cells.push_back(grid.at(row, column));
  return cells;
}

/// A row of parts one below the other, with the cells of an image, times a row of x by integers,
/// biased and rounded.
std::vector<uint16_t> integerRow(const std::vector<QuantizedPart> &parts, const Format &image,
                                 std::span<const uint16_t> x, std::span<const uint16_t> bias) {
  std::vector<float> floats;
  for (uint16_t word : x)
    floats.push_back(fromBF16(word));
  IntegerRow integers = IntegerRow::of(floats);
  std::vector<uint16_t> y;
  for (const QuantizedPart &part : parts) {
    QuantizedWeight weight = part.weight;
    weight.scale = inCells(weight.scale, weight.rows, weight.columns, image.scale->cellColumns);
    std::vector<float> sums(weight.rows);
    EXPECT_TRUE(holds(integerProduct(weight, integers, 0, sums)));
    for (float sum : sums)
      y.push_back(roundToBF16(bias.empty() ? sum : sum + fromBF16(bias[y.size()])));
  }
  return y;
}

// run-9
TEST_P(QuantizedKernelsTest, ProductsByIntegersAreThoseOfTheRule) {
  uwt::test::Random random(9);
  for (auto [n, k] : std::initializer_list<std::pair<uint64_t, uint64_t>>{
           {64, 128}, {70, 256}, {130, 384}, {17, 2688}}) {
    std::vector<QuantizedPart> parts = {partOf(GetParam(), n, k, n),
                                        partOf(GetParam(), n + 3, k, n + 1)};
    ImageMemory memory;
    Expected<WeightImage> image = imageOf(parts, shapeOf(parts), memory, pool);
    ASSERT_TRUE(holds(image));
    if (!image->checkIntegers())
      GTEST_SKIP() << messageOf(image->checkIntegers());
    uint64_t rows = 2 * n + 3;
    for (const Kernels *kernels : kernelsOf(image->format())) {
      SCOPED_TRACE(kernels->target());
      if (!kernels->servesIntegers())
        continue;
      for (uint64_t m : {1, 3, 18}) {
        std::vector<uint16_t> x(m * k), bias(rows), y(m * rows);
        for (uint16_t &word : x)
          word = roundToBF16(static_cast<float>(random.below(2001)) / 1000 - 1);
        for (uint16_t &word : bias)
          word = roundToBF16(static_cast<float>(random.below(2001)) / 1000 - 1);
        ASSERT_TRUE(holds(kernels->linear(
            image->view(), {m, {x.data(), k}, bias.data(), {y.data(), rows}, true}, &pool)));
        for (uint64_t row = 0; row < m; ++row) {
          std::vector<uint16_t> expected = integerRow(parts, *imageFormatOf(parts.front().format),
                                                      std::span(x).subspan(row * k, k), bias);
          EXPECT_TRUE(std::equal(expected.begin(), expected.end(), y.begin() + row * rows))
              << n << " " << k << " " << m << " " << row;
        }
      }
    }
  }
}

TEST_P(QuantizedKernelsTest, MatricesAreThoseOfTheirParts) {
  constexpr uint64_t n = 96, k = 256;
  std::vector<QuantizedPart> parts = {partOf(GetParam(), n, k, 1), partOf(GetParam(), n, k, 2),
                                      partOf(GetParam(), n, k, 3)};
  ImageMemory memory;
  Expected<WeightImage> image = imageOf(parts, shapeOf(parts, 3), memory, pool);
  ASSERT_TRUE(holds(image));
  ASSERT_EQ(image->matrices(), 3U);
  Expected<const Kernels *> kernels = Kernels::find(ElementType::BF16, image->format());
  ASSERT_TRUE(holds(kernels));
  std::vector<int64_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0);
  for (uint64_t matrix = 0; matrix < 3; ++matrix) {
    Bytes found(n * k * 2);
    ASSERT_TRUE(holds((*kernels)->gather(image->view(matrix), rows, {found.data(), k}, &pool)));
    EXPECT_EQ(found, parts[matrix].weight.decode(ElementType::BF16, pool));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Compositions, QuantizedKernelsTest,
    ::testing::Values(
        "uint<4>, zero={1x128, uint<4>}, scale={1x128, f16}", "uint<4>, zero=8, scale={1x64, bf16}",
        "uint<3>, zero={1x32, uint<3>}, scale={1x32, f32}", "uint<2>, zero=1, scale={row, bf16}",
        "int<8>, scale={row, bf16}", "int<8>, scale={128x128, f32}",
        "f8E4M3FN, scale={128x128, f32}", "f8E4M3FN, scale={tensor, f32}",
        "f8E4M3FN, scale={1x256, bf16}", "f4E2M1FN, scale={1x32, f8E8M0FNU}",
        "f4E2M1FN, scale={1x16, f32}", "table<4>, scale={1x64, f32}",
        "table<2>, scale={1x128, bf16}", "int<3>, zero={1x32, int<3>}, scale={1x32, f16}",
        "int<4>, scale={1x64, bf16}", "int<4>, scale={1x64, bf16}, offset={1x64, bf16}",
        "uint<4>, zero=8, scale={1x32, bf16}, offset={1x32, bf16}",
        "uint<2>, zero=1, scale={row, bf16}, offset={row, bf16}",
        "uint<4>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16",
        "uint<3>, zero={1x128, bf16}, scale={1x128, bf16}, math=bf16",

        "uint<5>, zero=16, scale={1x128, f16}",
        "uint<7>, zero={1x128, uint<7>}, scale={1x128, f32}",
        "int<6>, zero={row, int<6>}, scale={row, bf16}", "uint<8>, zero=128, scale={row, bf16}",
        "int<8>, zero={row, int<8>}, scale={row, bf16}"),
    [](const auto &info) {
      std::string name;
      for (const char *c = info.param; *c; ++c)
        if (std::isalnum(static_cast<unsigned char>(*c)))
          name += *c;
      return name;
    });

std::string formatError(const std::string &composition) {
  return messageOf(imageFormatOf(*Format::parse(composition)));
}

TEST(QuantizedImageTest, WhatHasNoImageIsSaid) {
  EXPECT_EQ(formatError("f6E3M2FN, scale={1x32, f8E8M0FNU}"),
            "'f6E3M2FN, scale={1x32, f8E8M0FNU}' runs from its values: images have codes of "
            "integers, f8E4M3FN, f4E2M1FN and table<1> to table<4>");
  for (const std::string text :
       {"uint<4>, zero={1x64, f16}, scale={1x64, f16}, math=f16",
        "uint<8>, zero={1x64, bf16}, scale={1x64, bf16}, math=bf16",
        "int<8>, scale={1x128, f32}, factor=1/127", "int<8>, scale={row, f32}, offset={row, f32}"})
    EXPECT_EQ(formatError(text), "'" + text +
                                     "' runs from its values: images have no factors, and offsets "
                                     "and zero points of bf16 of integers of 4 bits alone");
  EXPECT_EQ(formatError("f8E4M3FN, scale={1x32, f8E8M0FNU}"),
            "'f8E4M3FN, scale={1x32, f8E8M0FNU}' runs from its values: images have cells of a "
            "multiple of 128 columns, of 64 of table<1> to table<4>, of 32 of integers of 4 bits, "
            "and of 16 of f4E2M1FN; scales are of bf16 with offsets, and with zero points of bf16, "
            "whose cells have a multiple of 64");
  for (const char *text :
       {"uint<4>, zero={1x32, bf16}, scale={1x32, bf16}, math=bf16",
        "uint<4>, scale={1x64, f16}, offset={1x64, bf16}", "uint<6>, zero=32, scale={1x64, f16}"})
    EXPECT_NE(formatError(text).find("images have cells of"), std::string::npos) << text;
}

TEST(QuantizedImageTest, PartsAreOneWeight) {
  ThreadPool pool(1);
  ImageMemory memory;
  QuantizedPart first = partOf("uint<4>, zero=8, scale={1x128, f16}", 4, 128, 1);
  auto errorOf = [&](const std::vector<QuantizedPart> &parts, std::vector<uint64_t> shape) {
    return messageOf(
        encodeParts(pointersTo(parts), ElementType::BF16, shape, memory.take(64), pool));
  };
  EXPECT_EQ(errorOf({}, {4, 128}), "an image is of one matrix or more");
  std::vector<QuantizedPart> widths = {first,
                                       partOf("uint<4>, zero=8, scale={1x128, f16}", 4, 256, 1)};
  EXPECT_EQ(errorOf(widths, {8, 128}), "matrices of 128 and 256 columns are not one weight");
  std::vector<QuantizedPart> formats = {first, partOf("int<8>, scale={row, f16}", 4, 128, 1)};
  std::vector<QuantizedPart> tables = {partOf("table<4>, scale={row, f32}", 4, 128, 1),
                                       partOf("table<4>, scale={row, f32}", 4, 128, 1)};
  tables[1].weight.values[3] = 7;
  EXPECT_EQ(errorOf(tables, {8, 128}), "'table<4>, scale={row, f32}' runs from its values: the "
                                       "matrix above it has another table");
  EXPECT_EQ(errorOf(formats, {8, 128}),
            "'int<8>, scale={row, f16}' runs from its values: the matrix above it has codes of "
            "'uint<4>, zero={1x128, uint<4>}, scale={1x128, f32}'");
  QuantizedPart far = partOf("uint<8>, zero={1x128, uint<8>}, scale={1x128, f16}", 4, 128, 1);
  far.weight.codes[5] = 200;
  far.weight.zero.cells[0] = 72;
  EXPECT_EQ(errorOf({far}, {4, 128}),
            "'uint<8>, zero={1x128, uint<8>}, scale={1x128, f16}' runs from its values: an integer "
            "less its zero point has more than 8 bits");
  for (const std::vector<uint64_t> &shape :
       {std::vector<uint64_t>{128}, {5, 128}, {4, 64}, {3, 2, 128}, {0, 4, 128}})
    EXPECT_EQ(errorOf({first}, shape),
              "the matrices have 4 rows of 128 columns, and the shape has others");
  EXPECT_EQ(errorOf({first}, {2, 2, 128}),
            "'uint<4>, zero={1x128, uint<4>}, scale={1x128, f32}' has no form in memory that can "
            "be decoded: use inplace<12>");
  EXPECT_EQ(errorOf({first}, {4, 128}),
            "the memory has 64 bytes, which the weight does not fit in");
}

/// Parts one below the other in a format whose cells are of one row, number by number.
QuantizedWeight belowEachOther(const std::vector<QuantizedPart> &parts, const Format &format) {
  QuantizedWeight all = parts.front().weight;
  all.rows = 0;
  all.codes.clear();
  auto take = [&](const std::optional<GridFormat> &cells, Grid QuantizedWeight::*grid) {
    if (!cells)
      return;
    Grid made = {1, cells->columnsOf(all.columns), 0, {}};
    made.columns = divideUp(all.columns, made.cellColumns);
    for (const QuantizedPart &part : parts)
      for (uint64_t row = 0; row < part.weight.rows; ++row)
        for (uint64_t column = 0; column < all.columns; column += made.cellColumns)
          made.cells.push_back((part.weight.*grid).at(row, column));
    all.*grid = made;
  };
  take(format.scale, &QuantizedWeight::scale);
  take(format.zeroGrid, &QuantizedWeight::zero);
  for (const QuantizedPart &part : parts) {
    all.rows += part.weight.rows;
    all.codes.insert(all.codes.end(), part.weight.codes.begin(), part.weight.codes.end());
  }
  return all;
}

/// All that products read of a weight.
std::vector<Bytes> buffersOf(const LoadedWeight &weight) {
  auto bytes = [](auto span) {
    const auto *data = reinterpret_cast<const uint8_t *>(span.data());
    return Bytes(data, data + span.size_bytes());
  };
  std::vector<Bytes> all = {bytes(weight.panels()), bytes(weight.counts()), bytes(weight.table())};
  for (size_t kind = 0; kind < planeKinds; ++kind)
    all.push_back(bytes(weight.buffer(static_cast<PlaneKind>(kind))));
  return all;
}

// run-10
TEST(LoadedPartsTest, PartsAreOneWeight) {
  ThreadPool pool(2);
  struct Case {
    const char *composition, *loaded;
  };
  // Those of more rows a cell are what they are alone, and an image's together.
  for (const auto &[composition, loaded] :
       {Case{"uint<4>, zero=8, scale={1x128, bf16}", "uint<4>, zero=8, scale={1x128, bf16}"},
        Case{"uint<3>, zero={1x64, uint<3>}, scale={1x64, f16}",
             "uint<3>, zero={1x64, uint<3>}, scale={1x64, f16}"},
        Case{"int<6>, scale={row, f32}", "int<6>, scale={row, f32}"},
        Case{"f4E2M1FN, scale={1x16, f32}", "f4E2M1FN, scale={1x16, f16E6M10U}"},
        Case{"f8E4M3FN, scale={128x128, bf16}", "f8E4M3FN, scale={1x128, f32}"},
        Case{"f8E4M3FN, scale={tensor, f32}", "f8E4M3FN, scale={1x128, f32}"}})
    for (uint64_t count : {1, 3}) {
      SCOPED_TRACE(std::string(composition) + " " + std::to_string(count));
      std::vector<QuantizedPart> parts;
      for (uint64_t i = 0; i < count; ++i)
        parts.push_back(partOf(composition, 40 + 24 * i, 256, 7 + i));
      TensorDescription what{ElementType::BF16, shapeOf(parts), *Format::parse(loaded)};
      bool isAlone = count == 1;
      if (isAlone)
        what.format = heldFormat(parts.front().format, what.element);
      auto expected = LoadedWeight::fromQuantized(
          what, isAlone ? parts.front().weight : belowEachOther(parts, what.format), pool);
      auto found = loadParts(pointersTo(parts), what.element, what.shape, pool);
      ASSERT_TRUE(holds(expected));
      ASSERT_TRUE(holds(found));
      EXPECT_EQ(found->weight.description().format.str(), what.format.str());
      EXPECT_EQ(buffersOf(found->weight), buffersOf(*expected));
      EXPECT_TRUE(found->columnOrder.empty());
    }
}

/// A part whose even and odd columns are cells.
QuantizedPart partInOrder(uint64_t rows, uint64_t seed) {
  constexpr uint64_t columns = 128;
  QuantizedPart part =
      partOf("uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}", rows, columns, seed);
  part.format.hasColumnOrder = true;
  for (uint32_t column = 0; column < columns; ++column)
    part.weight.gridColumns.push_back(column % 2 * 64);
  for (uint32_t first : {0U, 1U})
    for (uint32_t column = first; column < columns; column += 2)
      part.columnOrder.push_back(column);
  return part;
}

TEST(LoadedPartsTest, ColumnsAreCellByCell) {
  ThreadPool pool(2);
  std::vector<QuantizedPart> parts = {partInOrder(40, 3), partInOrder(24, 4)};
  for (size_t count : {1, 2}) {
    std::vector<QuantizedPart> some(parts.begin(), parts.begin() + count), sorted = some;
    // What each is as a weight whose columns lie so.
    for (QuantizedPart &part : sorted) {
      for (uint64_t row = 0; row < part.weight.rows; ++row)
        for (uint64_t k = 0; k < part.weight.columns; ++k)
          part.weight.codes[row * part.weight.columns + k] =
              some[&part - sorted.data()]
                  .weight.codes[row * part.weight.columns + part.columnOrder[k]];
      part.weight.gridColumns.clear();
      part.columnOrder.clear();
      part.format.hasColumnOrder = false;
    }
    auto found = loadParts(pointersTo(some), ElementType::BF16, shapeOf(some), pool);
    auto expected = loadParts(pointersTo(sorted), ElementType::BF16, shapeOf(some), pool);
    ASSERT_TRUE(holds(found));
    ASSERT_TRUE(holds(expected));
    EXPECT_EQ(found->columnOrder, some.front().columnOrder);
    EXPECT_EQ(found->weight.description().format.str(), sorted.front().format.str());
    EXPECT_EQ(buffersOf(found->weight), buffersOf(expected->weight));
  }
}

TEST(LoadedPartsTest, WhatCannotBeLoadedIsSaid) {
  ThreadPool pool(1);
  auto errorOf = [&](const std::vector<QuantizedPart> &parts, std::vector<uint64_t> shape) {
    return messageOf(loadParts(pointersTo(parts), ElementType::BF16, shape, pool));
  };
  QuantizedPart first = partOf("f6E3M2FN, scale={tensor, bf16}", 4, 128, 1);
  EXPECT_EQ(errorOf({}, {4, 128}), "an image is of one matrix or more");
  EXPECT_EQ(errorOf({first}, {5, 128}),
            "the matrices have 4 rows of 128 columns, and the shape has others");
  EXPECT_EQ(errorOf({first, first}, {8, 128}),
            "'f6E3M2FN, scale={tensor, bf16}' runs from its values: images have codes of integers, "
            "f8E4M3FN, f4E2M1FN and table<1> to table<4>");
  QuantizedPart ordered = partInOrder(4, 1), other = partInOrder(4, 2);
  std::swap(other.columnOrder[0], other.columnOrder[1]);
  EXPECT_EQ(errorOf({ordered, other}, {8, 128}),
            "'uint<4>, zero={1x64, uint<4>}, scale={1x64, f16}, order=k' runs from its values: the "
            "matrix above it has columns in another order");
}

} // namespace
