//===- CodesTest.cpp - Codes a byte each, of any element ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include <array>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

constexpr uint64_t rows = 3, columns = 64;

/// A checkpoint of one weight as a quantiser of one's own writes it: code k of each row is k, and
/// the scales of its two cells are 2 and 4.
struct Written {
  explicit Written(const std::string &format) : format(format) {
    Bytes codes, scales;
    for (uint64_t row = 0; row < rows; ++row) {
      for (uint8_t k = 0; k < columns; ++k)
        codes.push_back(k);
      scales.insert(scales.end(), {0x00, 0x40, 0x80, 0x40});
    }
    tensors = {{goldenModule + ".weight", "U8", {rows, columns}, codes},
               {goldenModule + ".weight_scale", "BF16", {rows, 2}, scales}};
  }

  std::string write(TemporaryFolder &folder) const {
    writeTensors(folder / "model.safetensors", tensors);
    writeText(folder / "config.json",
              R"({"quantization_config": {"quant_method": "uwt-codes", "format": ")" + format +
                  "\"}}");
    return folder.path;
  }

  std::string error() const {
    TemporaryFolder folder;
    OpenedCheckpoint opened(write(folder));
    return opened.weight() ? messageOf(decoded(*opened.weight(), ElementType::F32)) : "no weight";
  }

  std::string format;
  std::vector<TestTensor> tensors;
};

/// The weight as floats, row by row.
std::vector<float> allRows(const Written &written, const std::string &format) {
  TemporaryFolder folder;
  OpenedCheckpoint opened(written.write(folder));
  std::vector<float> floats(rows * columns);
  if (!opened.weight()) {
    ADD_FAILURE() << "no weight";
    return floats;
  }
  EXPECT_EQ(opened.weight()->recipe, "codes");
  EXPECT_EQ(opened.weight()->format, format);
  Expected<Bytes> bytes = decoded(*opened.weight(), ElementType::F32);
  EXPECT_TRUE(holds(bytes));
  if (bytes)
    std::memcpy(floats.data(), bytes->data(), bytes->size());
  return floats;
}

std::vector<float> firstRow(const Written &written, const std::string &format) {
  std::vector<float> floats = allRows(written, format);
  floats.resize(columns);
  return floats;
}

std::string runFormatOf(const Written &written) {
  TemporaryFolder folder;
  return OpenedCheckpoint(written.write(folder)).weight()->runFormat;
}

// codes-1, codes-2
TEST(CodesTest, CodesAreTheirElements) {
  std::vector<float> floats =
      firstRow(Written("f6E2M3FN, scale={1x32, bf16}"), "f6E2M3FN, scale={1x32, bf16}");
  EXPECT_EQ(floats[1], 0.125f * 2);
  EXPECT_EQ(floats[31], 7.5f * 2);
  EXPECT_EQ(floats[63], -7.5f * 4);
  std::vector<float> integers =
      firstRow(Written("int<6>, zero=3, scale={1x32, bf16}"), "int<6>, zero=3, scale={1x32, bf16}");
  EXPECT_EQ(integers[31], (31.0f - 3) * 2);
  EXPECT_EQ(integers[32], (-32.0f - 3) * 4);
}

// codes-1, value-1
TEST(CodesTest, NumbersOfTheirOwnAreHeldAsOthers) {
  Written written("bipolar<6>, scale={1x32, bf16}");
  std::vector<float> floats = firstRow(written, written.format);
  EXPECT_EQ(floats[0], -63.0f * 2);
  EXPECT_EQ(floats[31], -1.0f * 2);
  EXPECT_EQ(floats[63], 63.0f * 4);
  EXPECT_EQ(runFormatOf(written), "int<7>, scale={1x32, bf16}");
  written.format = "bipolar<8>, scale={1x32, bf16}";
  EXPECT_EQ(firstRow(written, written.format)[63], (2.0f * 63 + 1 - 256) * 4);
  EXPECT_EQ(runFormatOf(written), "");
  for (uint8_t &code : written.tensors[0].bytes)
    code %= 8;
  written.format = "bipolar<3>, scale={1x32, bf16}";
  EXPECT_EQ(firstRow(written, written.format)[62], 5.0f * 4);
  EXPECT_EQ(runFormatOf(written), "table<3>, scale={1x32, bf16}");
}

// codes-3
TEST(CodesTest, CellsAreThoseOfTheFormat) {
  Written written("float<3,2>, scale={row, f8E8M0FNU}");
  written.tensors[1] = {goldenModule + ".weight_scale", "U8", {rows, 1}, {128, 127, 126}};
  EXPECT_EQ(firstRow(written, written.format)[31], 28.0f * 2);
  written.format = "float<3,2>, scale={tensor, f8E8M0FNU}";
  written.tensors[1] = {goldenModule + ".weight_scale", "F8_E8M0", {1}, {126}};
  EXPECT_EQ(firstRow(written, written.format)[31], 28.0f / 2);
}

// codes-4, codes-5
TEST(CodesTest, ZeroPointsAndOffsetsAreOfTheSameCells) {
  Written codes("int<6>, zero={1x32, int<6>}, scale={1x32, bf16}");
  codes.tensors.push_back(
      {goldenModule + ".weight_zero_point", "U8", {rows, 2}, {63, 1, 0, 0, 0, 0}});
  std::vector<float> floats = firstRow(codes, codes.format);
  EXPECT_EQ(floats[31], (31.0f + 1) * 2);
  EXPECT_EQ(floats[63], (-1.0f - 1) * 4);
  codes.tensors.back().bytes[0] = 64;
  EXPECT_EQ(codes.error(), "a code is 64, and int<6> has codes up to 63");
  codes.tensors.back().dtype = "I8";
  EXPECT_EQ(codes.error(), ".weight_zero_point is I8, expected U8");
  codes.tensors.pop_back();
  EXPECT_EQ(codes.error(), "there is no tensor .weight_zero_point");

  Written numbers("uint<6>, zero={1x32, bf16}, scale={1x32, bf16}, offset={1x32, f32}, math=bf16");
  // 1.0 and 256.
  numbers.tensors.push_back({goldenModule + ".weight_zero_point",
                             "BF16",
                             {rows, 2},
                             {0x80, 0x3F, 0x80, 0x43, 0, 0, 0, 0, 0, 0, 0, 0}});
  Bytes offsets(rows * 2 * 4);
  offsets[3] = 0x40;
  numbers.tensors.push_back({goldenModule + ".weight_offset", "F32", {rows, 2}, offsets});
  floats = firstRow(numbers, numbers.format);
  EXPECT_EQ(floats[31], (31.0f - 1) * 2 + 2);
  EXPECT_EQ(floats[63], (63.0f - 256) * 4);
}

TEST(CodesTest, TablesAndFactorsAreThoseOfTheFile) {
  Written written("table<4>, scale={1x32, bf16}, factor=1/2");
  for (uint8_t &code : written.tensors[0].bytes)
    code %= 16;
  EXPECT_EQ(written.error(), "there is no tensor .weight_table");
  Bytes table(16 * 4);
  // Code 15 is 3.0.
  table[15 * 4 + 2] = 0x40;
  table[15 * 4 + 3] = 0x40;
  written.tensors.push_back({goldenModule + ".weight_table", "F32", {16}, table});
  std::vector<float> floats = firstRow(written, written.format);
  EXPECT_EQ(floats[30], 0);
  EXPECT_EQ(floats[31], 3.0f * 2 / 2);
  EXPECT_EQ(floats[63], 3.0f * 4 / 2);
  written.tensors.back().shape = {8, 2};
  EXPECT_EQ(written.error(), ".weight_table is [8, 2], expected [16]");
}

// codes-9
TEST(CodesTest, CellsHaveTablesOfTheirOwn) {
  Written written("table<2>, table={row, bf16}, scale={1x32, bf16}");
  for (uint8_t &code : written.tensors[0].bytes)
    code %= 4;
  // Code 3 is 1.0, 2.0 and 3.0 in the three rows.
  Bytes tables(rows * 4 * 2);
  for (auto [row, upper, lower] : {std::array{0, 0x3F, 0x80}, {1, 0x40, 0x00}, {2, 0x40, 0x40}}) {
    tables[row * 8 + 6] = static_cast<uint8_t>(lower);
    tables[row * 8 + 7] = static_cast<uint8_t>(upper);
  }
  written.tensors.push_back({goldenModule + ".weight_table", "BF16", {rows, 4}, tables});
  std::vector<float> floats = allRows(written, written.format);
  EXPECT_EQ(floats[30], 0);
  EXPECT_EQ(floats[31], 1.0f * 2);
  EXPECT_EQ(floats[columns + 63], 2.0f * 4);
  EXPECT_EQ(floats[2 * columns + 35], 3.0f * 4);
  EXPECT_EQ(runFormatOf(written), "table<2>, pick={1x32, uint<16>}, scale={1x32, bf16}");
  written.tensors.back().shape = {rows, 2, 2};
  EXPECT_EQ(written.error(), ".weight_table is [3, 2, 2], expected 4 numbers a table");
  written.tensors.back().shape = {6, 4};
  written.tensors.back().bytes.resize(6 * 4 * 2);
  EXPECT_EQ(written.error(), ".weight_table is [6], expected [3, 1]");
  written.tensors.back() = {goldenModule + ".weight_table", "F16", {rows, 4}, tables};
  EXPECT_EQ(written.error(), ".weight_table is f16, and the format has bf16");
}

// codes-10
TEST(CodesTest, CellsPickTables) {
  Written written("table<1>, pick={1x32, uint<2>}, scale={1x32, bf16}");
  for (uint8_t &code : written.tensors[0].bytes)
    code %= 2;
  // Code 1 is 1.0, 2.0 and 4.0 in the three tables.
  Bytes tables = {0, 0, 0,    0,    0, 0, 0x80, 0x3F, 0, 0, 0,    0,
                  0, 0, 0x00, 0x40, 0, 0, 0,    0,    0, 0, 0x80, 0x40};
  written.tensors.push_back({goldenModule + ".weight_table", "F32", {3, 2}, tables});
  EXPECT_EQ(written.error(), "there is no tensor .weight_pick");
  written.tensors.push_back({goldenModule + ".weight_pick", "U8", {rows, 2}, {2, 1, 0, 0, 1, 2}});
  std::vector<float> floats = allRows(written, written.format);
  EXPECT_EQ(floats[1], 4.0f * 2);
  EXPECT_EQ(floats[63], 2.0f * 4);
  EXPECT_EQ(floats[columns + 63], 1.0f * 4);
  EXPECT_EQ(floats[2 * columns + 63], 4.0f * 4);
  EXPECT_EQ(runFormatOf(written), "");
  written.tensors.back().bytes[3] = 3;
  EXPECT_EQ(written.error(), "a cell is of table 3, but there are 3");
  written.tensors[2].shape = {6, 1};
  EXPECT_EQ(written.error(), ".weight_table is [6, 1], expected 1 to 4 tables of 2 numbers");

  // Of larger cells those of the scale are in memory.
  Written rowwise("table<1>, pick={row, uint<16>}, scale={1x32, bf16}");
  rowwise.tensors[0] = written.tensors[0];
  rowwise.tensors.push_back({goldenModule + ".weight_table", "F32", {3, 2}, tables});
  rowwise.tensors.push_back(
      {goldenModule + ".weight_pick", "I32", {rows, 1}, {0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0}});
  floats = allRows(rowwise, rowwise.format);
  EXPECT_EQ(floats[columns + 63], 4.0f * 4);
  EXPECT_EQ(floats[2 * columns + 1], 2.0f * 2);
  EXPECT_EQ(runFormatOf(rowwise), "table<1>, pick={1x32, uint<16>}, scale={1x32, bf16}");
  rowwise.tensors.back().bytes[7] = 0x80;
  EXPECT_EQ(rowwise.error(), "a cell is of table -2147483646, but there are 3");
}

// codes-11
TEST(CodesTest, GridsNest) {
  Written written("uint<6>, scale={1x32, int<4>, zero={row, int<4>}, scale={row, f8E4M3FN, "
                  "divide={tensor, f32}}, offset={tensor, f32}}");
  std::string scale = goldenModule + ".weight_scale";
  // 3 and -2, zero points 1, -1 and 0, 2.0, 4.0 and 0.5 over 0.25, and 1.0.
  written.tensors[1] = {scale, "U8", {rows, 2}, {3, 14, 3, 14, 3, 14}};
  written.tensors.push_back({scale + "_zero_point", "U8", {rows, 1}, {1, 15, 0}});
  written.tensors.push_back({scale + "_scale", "U8", {rows, 1}, {0x40, 0x48, 0x30}});
  written.tensors.push_back({scale + "_scale_scale", "F32", {1}, {0, 0, 0x80, 0x3E}});
  EXPECT_EQ(written.error(), "there is no tensor .weight_scale_offset");
  written.tensors.push_back({scale + "_offset", "F32", {}, {0, 0, 0x80, 0x3F}});
  std::vector<float> floats = allRows(written, written.format);
  EXPECT_EQ(floats[1], (3.0f - 1) * (2.0f / 0.25f) + 1);
  EXPECT_EQ(floats[33], 33 * ((-2.0f - 1) * (2.0f / 0.25f) + 1));
  EXPECT_EQ(floats[columns + 33], 33 * ((-2.0f + 1) * (4.0f / 0.25f) + 1));
  EXPECT_EQ(floats[2 * columns + 1], 3.0f * (0.5f / 0.25f) + 1);
  // What is no product of two grids is held as what it comes to.
  EXPECT_EQ(runFormatOf(written), "uint<6>, scale={1x32, f32}");
  written.tensors[3].bytes[0] = 0x7F;
  EXPECT_TRUE(std::isnan(allRows(written, written.format)[1]));
  written.tensors[2].bytes[0] = 16;
  EXPECT_EQ(written.error(), "a code is 16, and int<4> has codes up to 15");

  Written products("uint<6>, scale={1x32, f8E4M3FN, scale={row, f8E4M3FN, scale={tensor, f32}}}");
  products.tensors[1] = {scale, "U8", {rows, 2}, {0x38, 0x40, 0x38, 0x40, 0x38, 0x40}};
  products.tensors.push_back(written.tensors[3]);
  products.tensors.back().bytes = {0x40, 0x48, 0x30};
  products.tensors.push_back(written.tensors[4]);
  EXPECT_EQ(allRows(products, products.format)[columns + 33], 33 * 2.0f * (4.0f * 0.25f));
  EXPECT_EQ(runFormatOf(products), "uint<6>, scale={1x32, f8E4M3FN, scale={row, f32}}");
  products.format = "uint<6>, scale={row, f8E4M3FN, scale={1x32, f8E4M3FN, scale={tensor, f32}}}";
  std::swap(products.tensors[1].shape, products.tensors[2].shape);
  std::swap(products.tensors[1].bytes, products.tensors[2].bytes);
  EXPECT_EQ(products.error(),
            ".weight_scale_scale has cells that are no whole ones of .weight_scale");
}

TEST(CodesTest, RefusesWhatItDoesNotRead) {
  EXPECT_EQ(Written("f6E2M3FN, scale={1x32, bf16}").error(), "no error");
  EXPECT_EQ(Written("float<2,2>, scale={1x32, bf16}").error(),
            "a code is 63, and float<2,2> has codes up to 31");
  EXPECT_EQ(Written("f6E2M3FN, scale={1x32, f16}").error(),
            ".weight_scale is bf16, and the format has f16");
  EXPECT_EQ(Written("f6E2M3FN, scale={1x16, bf16}").error(),
            ".weight_scale is [3, 2], expected [3, 4]");
  EXPECT_EQ(Written("").error(),
            "quantization_config has no format, such as 'f6E2M3FN, scale={1x32, bf16}'");
  EXPECT_EQ(Written("f6E2M3FN, scale={1x32}").error(),
            "quantization_config has as format: scale: expected cells and a type, such as '{1x128, "
            "f16}', got '{1x32}'");
  for (const char *format :
       {"f6E2M3FN", "raw", "table<4>, zero=1, scale={1x32, bf16}", "float<5,2>, scale={1x32, bf16}",
        "bipolar<6>, zero=1, scale={1x32, bf16}",
        "int<6>, zero={1x32, uint<4>}, scale={1x32, bf16}",
        "f6E2M3FN, scale={1x32, bf16, scale={flat<64>, f32}}",
        "f6E2M3FN, scale={1x32, table<4>, scale={row, f32}}", "int<6>, zero=1, math=bf16",
        "f6E2M3FN, scale={1x32, bf16}, layout=row_major",
        "uint<4>, pick={1x32, uint<2>}, scale={1x32, bf16}",
        "table<4>, pick={1x32, uint<9>}, scale={1x32, bf16}",
        "table<4>, pick={1x32, f16}, scale={1x32, bf16}",
        "table<4>, table={row, uint<4>}, scale={1x32, bf16}",
        "table<4>, table={row, f16}, pick={1x32, uint<2>}, scale={1x32, bf16}"})
    EXPECT_EQ(Written(format).error(),
              "quantization_config has the format '" + std::string(format) +
                  "', expected an element of integers or floats, zero= or nothing, or a table<b>, "
                  "table= or pick= or nothing, scale=, and factor= and offset= or nothing, with "
                  "cells of rows and columns");
  Written written("f6E2M3FN, scale={1x32, bf16}");
  written.tensors[0].shape = {rows * columns};
  EXPECT_EQ(written.error(), ".weight is [192], expected a matrix");
}

/// codes-12: a parameter keeps its name, in all that codes consist of.
TEST(CodesTest, ParametersKeepTheirNames) {
  Bytes codes(4 * 64, 5), scales(4 * 2 * 4), zeros(4 * 2, 3);
  for (size_t i = 0; i < scales.size(); i += 4)
    scales[i + 2] = 0x80, scales[i + 3] = 0x3F;
  auto decodedAs = [&](const std::string &prefix, const std::string &name) {
    TemporaryFolder folder;
    writeTensors(folder / "model.safetensors", {{prefix, "U8", {4, 64}, codes},
                                                {prefix + "_scale", "F32", {4, 2}, scales},
                                                {prefix + "_zero_point", "U8", {4, 2}, zeros}});
    writeText(folder / "config.json",
              R"({"quantization_config": {"quant_method": "uwt-codes", "format":
              "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}"}})");
    OpenedCheckpoint opened(folder.path);
    const ImportedWeight *weight = opened.weights.find(name);
    EXPECT_TRUE(weight) << name;
    if (!weight)
      return Bytes();
    EXPECT_EQ(weight->refusal, "");
    EXPECT_EQ(weight->parts.front(), prefix);
    EXPECT_EQ(opened.weights.all().size(), 1U);
    Expected<Bytes> values = decoded(*weight, ElementType::F32);
    EXPECT_TRUE(holds(values));
    return values ? *values : Bytes();
  };
  Bytes values = decodedAs("a.b.weight", "a.b.weight");
  EXPECT_EQ(values.size(), codes.size() * 4);
  EXPECT_EQ(decodedAs("a.b.codes", "a.b"), values);
}

} // namespace
