//===- QuantizedPartTest.cpp - Parts of quantised weights -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include "Codec/TestData.h"
#include "uwt/Format/Format.h"
#include "uwt/Format/QuantizedElement.h"
#include <algorithm>
#include <functional>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

TensorSlice rankOf(uint64_t index, uint64_t count, bool alongColumns) {
  TensorSlice slice;
  slice.rank = TensorSlice::Rank{index, count, alongColumns};
  return slice;
}

TensorSlice columnsOf(uint64_t begin, uint64_t end) {
  TensorSlice slice;
  slice.columns = IndexRange{begin, end};
  return slice;
}

/// What a part's codes and grids say its values are, in f32.
Expected<Bytes> valuesOf(const ImportedWeight &weight, const TensorSlice &slice) {
  ThreadPool pool(1);
  UWT_ASSIGN_OR_RETURN(QuantizedPart part, readQuantizedPart(weight, slice, pool));
  return part.weight.decode(ElementType::F32, pool);
}

/// The same of the values of the whole weight.
Expected<Bytes> cutValues(const ImportedWeight &weight, const TensorSlice &slice) {
  ThreadPool pool(1);
  UWT_ASSIGN_OR_RETURN(TensorBytes values, readValues(weight, ElementType::F32, slice, pool));
  return values.bytes;
}

class QuantizedPartTest : public ::testing::TestWithParam<std::string> {
protected:
  OpenedCheckpoint opened{goldenFolder(GetParam())};

  /// The golden module's weight where parts of it have codes.
  const ImportedWeight *divisible() const {
    const ImportedWeight *weight = opened.weight();
    if (!weight)
      return nullptr;
    ThreadPool pool(1);
    Expected<QuantizedPart> part = readQuantizedPart(*weight, {}, pool);
    if (part)
      return weight;
    EXPECT_EQ(part.error().getKind(), ErrorKind::Unsupported);
    // What is said of the text alone: no golden weight is another than its text says.
    std::string message = messageOf(part);
    bool isOfText = message.find("whose groups are no cells of rows") != std::string::npos ||
                    message.find("whose grids have different cells") != std::string::npos;
    EXPECT_TRUE(isOfText) << message;
    EXPECT_NE(message.find("it has parts as values alone"), std::string::npos);
    return nullptr;
  }
};

TEST_P(QuantizedPartTest, RanksHaveTheValuesOfTheWhole) {
  const ImportedWeight *weight = divisible();
  if (!weight)
    return;
  uint64_t read = 0;
  for (bool alongColumns : {false, true})
    for (uint64_t count : {1, 2, 3})
      for (uint64_t rank = 0; rank < count; ++rank) {
        TensorSlice slice = rankOf(rank, count, alongColumns);
        Expected<Bytes> values = valuesOf(*weight, slice);
        if (!values) {
          bool isCut = messageOf(values).find(" cut groups of ") != std::string::npos,
               hasOrder = messageOf(values).find("an order of their own") != std::string::npos;
          EXPECT_TRUE(isCut || (hasOrder && alongColumns)) << messageOf(values);
          continue;
        }
        ++read;
        EXPECT_EQ(*values, *cutValues(*weight, slice)) << count << " " << rank << alongColumns;
      }
  EXPECT_GE(read, 2U);
}

TEST_P(QuantizedPartTest, TensorsAreACheckpointOfCodes) {
  const ImportedWeight *weight = divisible();
  if (!weight)
    return;
  ThreadPool pool(1);
  TensorSlice whole;
  if (weight->shape.size() > 2)
    whole.expert = 1;
  TensorSlice slice = whole;
  slice.columns = IndexRange{0, weight->shape.back() / 2};
  Expected<QuantizedPart> part = readQuantizedPart(*weight, slice, pool);
  if (!part)
    part = readQuantizedPart(*weight, slice = whole, pool);
  ASSERT_TRUE(holds(part));
  TemporaryFolder folder;
  writeCodes(*part, folder);
  OpenedCheckpoint again(folder.path);
  ASSERT_TRUE(again.weight());
  EXPECT_EQ(again.weight()->refusal, "");
  for (ElementType type : {ElementType::F32, ElementType::BF16, ElementType::F16}) {
    Expected<TensorBytes> wanted = readValues(*weight, type, slice, pool);
    Expected<Bytes> found = decoded(*again.weight(), type);
    ASSERT_TRUE(holds(found));
    EXPECT_EQ(*found, wanted->bytes);
  }
}

/// Compares the values of a part's codes, and those of the checkpoint of codes that it is written
/// as, with the part of the weight's values. False if the part has no codes, with a reason.
bool comesBack(const ImportedWeight &weight, const TensorSlice &slice) {
  ThreadPool pool(1);
  Expected<QuantizedPart> part = readQuantizedPart(weight, slice, pool);
  if (!part) {
    std::string message = messageOf(part);
    bool isKnown = message.find(" cut groups of ") != std::string::npos ||
                   message.find("values alone") != std::string::npos;
    EXPECT_TRUE(isKnown) << message;
    return false;
  }
  Expected<TensorBytes> wanted = readValues(weight, ElementType::F32, slice, pool);
  EXPECT_TRUE(holds(wanted));
  // A part that lies transposed is compared where it is read again.
  if (!part->weight.isTransposed && !part->format.hasColumnOrder)
    EXPECT_EQ(part->weight.decode(ElementType::F32, pool), wanted->bytes);
  if (wanted->shape.size() != 2)
    return true;
  TemporaryFolder folder;
  writeCodes(*part, folder);
  OpenedCheckpoint again(folder.path);
  EXPECT_TRUE(again.weight());
  if (!again.weight())
    return false;
  EXPECT_EQ(again.weight()->refusal, "");
  Expected<Bytes> found = decoded(*again.weight(), ElementType::F32);
  EXPECT_TRUE(holds(found));
  EXPECT_TRUE(found && *found == wanted->bytes) << part->format.str();
  return true;
}

/// Some rows or columns, at places that cells often begin at; all of them now and then.
std::optional<IndexRange> anyRange(uwt::test::Random &random, uint64_t size) {
  constexpr uint64_t steps[] = {1, 4, 8, 16, 32, 64, 128};
  uint64_t step = steps[random.below(std::size(steps))], places = size / step + 1;
  uint64_t begin = random.below(places) * step, end = random.below(places) * step;
  if (begin == end || random.below(4) == 0)
    return std::nullopt;
  return IndexRange{std::min(begin, end), std::max(begin, end)};
}

TensorSlice anySlice(uwt::test::Random &random, const ImportedWeight &weight) {
  TensorSlice slice;
  if (weight.shape.size() > 2)
    slice.expert = random.below(weight.shape[0]);
  slice.rows = anyRange(random, weight.shape[weight.shape.size() - 2]);
  slice.columns = anyRange(random, weight.shape.back());
  return slice;
}

TEST_P(QuantizedPartTest, AnyPartComesBack) {
  const ImportedWeight *weight = divisible();
  if (!weight)
    return;
  uwt::test::Random random(weight->shape.back());
  for (int trial = 0; trial < 12; ++trial)
    comesBack(*weight, anySlice(random, *weight));
}

std::string configOfCodes(const std::string &format) {
  return R"({"quantization_config": {"quant_method": "uwt-codes", "format": ")" + format + R"("}})";
}

/// A grid with any cells, in a type; and the tensor of its numbers.
struct AnyGrid {
  std::string text;
  TestTensor tensor;
};

constexpr uint64_t anyRows = 48, anyColumns = 128;

AnyGrid anyGrid(uwt::test::Random &random, const std::string &name, const std::string &type,
                unsigned bits) {
  constexpr uint64_t sizes[] = {1, 1, 2, 8, 16, 32, 64};
  uint64_t rows = sizes[random.below(4)], columns = sizes[3 + random.below(4)];
  AnyGrid grid;
  grid.text = std::to_string(rows) + "x" + std::to_string(columns);
  uint64_t kind = random.below(5);
  if (kind == 0)
    grid.text = "row", rows = 1, columns = anyColumns;
  if (kind == 1)
    grid.text = "tensor", rows = anyRows, columns = anyColumns;
  grid.text += ", " + type;
  bool isF32 = type == "f32";
  grid.tensor = {"X." + name, isF32 ? "F32" : "U8", {anyRows / rows, anyColumns / columns}, {}};
  for (uint64_t cell = 0; cell < grid.tensor.shape[0] * grid.tensor.shape[1]; ++cell)
    if (isF32)
      for (uint8_t byte : {0, static_cast<int>(random.below(256)), 0x80, 0x3F})
        grid.tensor.bytes.push_back(static_cast<uint8_t>(byte));
    else
      grid.tensor.bytes.push_back(static_cast<uint8_t>(random.below(uint64_t(1) << bits)));
  return grid;
}

/// Cells of picks, zero points and scales are drawn one by one: those that do not fit one another
/// are refused, and no part has other numbers than the whole.
TEST(QuantizedPartCompositions, AnyPartOfAnyCompositionComesBack) {
  uwt::test::Random random(17);
  uint64_t read = 0, refused = 0;
  for (int trial = 0; trial < 400; ++trial) {
    std::vector<TestTensor> tensors = {
        {"X.weight", "U8", {anyRows, anyColumns}, Bytes(anyRows * anyColumns)}};
    for (uint8_t &code : tensors[0].bytes)
      code = static_cast<uint8_t>(random.below(4));
    bool isTable = random.below(2);
    std::string format = isTable ? "table<2>" : "uint<2>";
    auto add = [&](const char *key, const char *name, const char *type, unsigned bits) {
      AnyGrid grid = anyGrid(random, name, type, bits);
      format += std::string(", ") + key + "={" + grid.text + "}";
      tensors.push_back(grid.tensor);
    };
    if (isTable) {
      add("pick", "weight_pick", "uint<2>", 2);
      Bytes numbers;
      for (uint32_t i = 0; i < 16; ++i)
        for (uint32_t byte : {0U, i, 0x80U, 0x3FU})
          numbers.push_back(static_cast<uint8_t>(byte));
      tensors.push_back({"X.weight_table", "F32", {4, 4}, numbers});
    } else if (random.below(3)) {
      add("zero", "weight_zero_point", "uint<2>", 2);
    }
    add("scale", "weight_scale", "f32", 0);
    if (random.below(3) == 0)
      add("offset", "weight_offset", "f32", 0);
    SCOPED_TRACE(format);
    TemporaryFolder folder;
    writeTensors(folder / "model.safetensors", tensors);
    writeText(folder / "config.json", configOfCodes(format));
    OpenedCheckpoint opened(folder.path);
    const ImportedWeight *weight = opened.weights.find("X.weight");
    ASSERT_TRUE(weight);
    ASSERT_EQ(weight->refusal, "");
    for (int part = 0; part < 4; ++part)
      ++(comesBack(*weight, anySlice(random, *weight)) ? read : refused);
  }
  EXPECT_GT(read, 100U);
  EXPECT_GT(refused, 100U);
}

INSTANTIATE_TEST_SUITE_P(Golden, QuantizedPartTest, ::testing::ValuesIn(goldenNames()),
                         goldenTestName);

std::string errorOfPart(const std::string &golden, const TensorSlice &slice) {
  OpenedCheckpoint opened(goldenFolder(golden));
  return messageOf(valuesOf(*opened.weight(), slice));
}

TEST(QuantizedPartErrorsTest, CutGroupsNameTheNearest) {
  EXPECT_EQ(errorOfPart("gptq-b4-g128", columnsOf(64, 256)),
            "columns 64:256 cut groups of 128 columns; the nearest that do not are 0:256 and "
            "128:256");
  EXPECT_EQ(errorOfPart("gptq-b4-g128", rankOf(1, 4, true)),
            "columns 64:128 cut groups of 128 columns; the nearest that do not are 0:128");
  EXPECT_EQ(errorOfPart("gptq-v2-b4-g64", columnsOf(32, 160)),
            "columns 32:160 cut groups of 64 columns; the nearest that do not are 0:128 and 0:192 "
            "and 64:192");
  EXPECT_EQ(errorOfPart("gptq-b4-g128", columnsOf(0, 300)), "columns 0:300 are not inside 0:256");
}

std::string errorOfCodes(const std::vector<TestTensor> &tensors, const std::string &config) {
  TemporaryFolder folder;
  writeTensors(folder / "model.safetensors", tensors);
  writeText(folder / "config.json", config);
  OpenedCheckpoint opened(folder.path);
  return messageOf(valuesOf(*opened.weights.find("X.weight"), {}));
}

/// A table or a zero point a row, and a scale for several rows: one number would stand for several.
TEST(QuantizedPartErrorsTest, CellsOfTheScaleAreNotThoseOfOthers) {
  Bytes codes(16 * 64, 1), table(4 * 16 * 4), scale = {0, 0, 0x80, 0x3F};
  EXPECT_EQ(errorOfCodes({{"X.weight", "U8", {16, 64}, codes},
                          {"X.weight_pick", "U8", {16, 2}, Bytes(32, 1)},
                          {"X.weight_table", "F32", {4, 16}, table},
                          {"X.weight_scale", "F32", {2, 2}, Bytes(16)}},
                         configOfCodes("table<4>, pick={1x32, uint<2>}, scale={8x32, f32}")),
            "is 'table<4>, pick={1x32, uint<2>}, scale={8x32, f32}', whose grids have different "
            "cells; it has parts as values alone");
  EXPECT_EQ(errorOfCodes({{"X.weight", "U8", {16, 64}, codes},
                          {"X.weight_table", "F32", {16, 16}, Bytes(16 * 16 * 4)},
                          {"X.weight_scale", "F32", {1}, scale}},
                         configOfCodes("table<4>, table={row, f32}, scale={tensor, f32}")),
            "is 'table<4>, pick={row, uint<16>}, scale={tensor, f32}', whose grids have different "
            "cells; it has parts as values alone");
}

/// Takes what readQuantizedPart says of a weight whose text and numbers are told apart.
std::string errorOf(const std::string &format, const std::function<void(QuantizedWeight &)> &edit) {
  ImportedWeight weight;
  weight.format = format;
  weight.shape = {16, 64};
  weight.read = [&](ThreadPool &) -> Expected<QuantizedWeight> {
    QuantizedWeight read;
    read.rows = 16;
    read.columns = 64;
    read.codes.assign(16 * 64, 1);
    read.values = QuantizedElement::find(Format::parse(format)->element)->values();
    read.scale = {1, 32, 2, std::vector<float>(32, 0.5F)};
    edit(read);
    return read;
  };
  return messageOf(valuesOf(weight, {}));
}

TEST(QuantizedPartErrorsTest, AWeightIsWhatItsCompositionSays) {
  const std::string scale = "scale={1x32, f32}", zeros = "uint<4>, zero={1x32, uint<4>}, " + scale;
  auto sets = [](Grid grid) { return [=](QuantizedWeight &weight) { weight.zero = grid; }; };
  EXPECT_EQ(errorOf("uint<4>, " + scale, [](QuantizedWeight &) {}), "no error");
  EXPECT_EQ(errorOf(zeros, sets(Grid::constant(3))), "no error");
  EXPECT_EQ(errorOf(zeros, sets({1, 16, 4, std::vector<float>(64, 3)})),
            "has zero points of other cells than {1x32, uint<4>}; it has parts as values alone");
  EXPECT_EQ(errorOf(zeros, sets({1, 32, 2, std::vector<float>(31, 3)})),
            "has zero points of other cells than {1x32, uint<4>}; it has parts as values alone");
  EXPECT_EQ(errorOf(zeros, sets(Grid::constant(17))),
            "has zero points of uint<4>, and that of cell 0, 0 is 17, which is no such number; it "
            "has parts as values alone");
  EXPECT_EQ(errorOf("uint<4>, zero=8, " + scale, sets(Grid::constant(7))),
            "has other zero points than 'uint<4>, zero=8, scale={1x32, f32}' says; it has parts as "
            "values alone");
  EXPECT_EQ(errorOf("uint<4>, scale={1x32, f8E8M0FNU}",
                    [](QuantizedWeight &weight) { weight.scale.cells[3] = 0.75F; }),
            "has scales of f8E8M0FNU, and that of cell 1, 1 is 0.75, which is no such number; it "
            "has parts as values alone");
  EXPECT_EQ(errorOf("uint<4>, scale={1x32, bf16}",
                    [](QuantizedWeight &weight) { weight.scale.cells[0] = 1.0F / 3; }),
            "has scales of bf16, and that of cell 0, 0 is 0.33333334, which is no such number; it "
            "has parts as values alone");
  EXPECT_EQ(errorOf("int<4>, " + scale, [](QuantizedWeight &weight) { weight.values[1] = 9; }),
            "has codes of other numbers than 'int<4>, scale={1x32, f32}' says; it has parts as "
            "values alone");
  EXPECT_EQ(errorOf("int<4>, " + scale, [](QuantizedWeight &weight) { weight.factor = 2; }),
            "has another arithmetic than 'int<4>, scale={1x32, f32}' says; it has parts as values "
            "alone");
  EXPECT_EQ(errorOf("f8E4M3FN, zero={1x32, int<8>}, " + scale, sets(Grid::constant(3))),
            "is 'f8E4M3FN, zero={1x32, int<8>}, scale={1x32, f32}', which no checkpoint of codes "
            "has; it has parts as values alone");
}

TEST(QuantizedPartErrorsTest, CellsOfTwoMatricesAreCut) {
  OpenedCheckpoint opened(goldenFolder("gpt-oss"));
  ImportedWeight weight = *opened.weight();
  weight.format = "f4E2M1FN, storage=k_major, scale={24x32, f8E8M0FNU}";
  EXPECT_EQ(messageOf(valuesOf(weight, {})),
            "has matrices of 64 rows, which are no groups of 24: read one at a time (an expert)");
}

TEST(QuantizedPartErrorsTest, OtherCompositionsHaveValuesAlone) {
  EXPECT_EQ(errorOfPart("hqq-b3-axis0", rankOf(0, 2, false)),
            "is 'uint<3>, zero={stride<192>, bf16}, scale={stride<192>, bf16}, math=bf16', whose "
            "groups are no cells of rows; it has parts as values alone");
}

TEST(QuantizedPartErrorsTest, ColumnsInAnOrderOfTheirOwnStayTogether) {
  EXPECT_EQ(errorOfPart("gptq-b2-g-idx", rankOf(0, 2, true)),
            "has columns in an order of their own; parts of them are values alone");
}

/// A weight with `order=k` by its codes, whose columns are of the groups that `groupOf` says.
template <typename GroupOf>
Expected<QuantizedPart> partWithOrder(const TemporaryFolder &folder, GroupOf groupOf) {
  Bytes codes(2 * 128), scales = {0x80, 0x3F, 0x00, 0x40, 0x80, 0x40, 0x00, 0x41}, groups;
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] = i % 16;
  for (unsigned column = 0; column < 128; ++column)
    for (unsigned shift : {0, 8, 16, 24})
      groups.push_back(static_cast<uint8_t>(uint32_t(groupOf(column)) >> shift));
  writeTensors(folder / "model.safetensors", {{"X.weight", "U8", {2, 128}, codes},
                                              {"X.weight_scale", "BF16", {2, 2}, scales},
                                              {"X.weight_g_idx", "I32", {128}, groups}});
  writeText(folder / "config.json", R"({"quantization_config": {"quant_method": "uwt-codes",
      "format": "uint<4>, zero=8, scale={1x64, bf16}, order=k"}})");
  OpenedCheckpoint opened(folder.path);
  const ImportedWeight *weight = opened.weights.find("X.weight");
  ThreadPool pool(1);
  Expected<QuantizedPart> part = readQuantizedPart(*weight, {}, pool);
  if (part) {
    EXPECT_EQ(part->weight.decode(ElementType::F32, pool), *decoded(*weight, ElementType::F32));
  }
  return part;
}

TEST(QuantizedPartTensorsTest, ZeroPointsOfElementsAreTheirCodes) {
  for (const char *element : {"uint<4>", "int<4>", "f4E2M1FN", "f6E2M3FN", "f6E3M2FN", "f8E4M3FN",
                              "f8E5M2", "float<2,1>"}) {
    SCOPED_TRACE(element);
    std::string format =
        std::string(element) + ", zero={1x32, " + element + "}, scale={1x32, bf16}";
    size_t count = QuantizedElement::find(Format::parse(format)->element)->values().size();
    Bytes codes(4 * 64), zeros, scales;
    for (size_t i = 0; i < 8; ++i) {
      zeros.push_back(static_cast<uint8_t>(i * (count / 8) + i % (count / 8)));
      scales.insert(scales.end(), {0x80, 0x3F});
    }
    TemporaryFolder folder;
    writeTensors(folder / "model.safetensors", {{"X.weight", "U8", {4, 64}, codes},
                                                {"X.weight_scale", "BF16", {4, 2}, scales},
                                                {"X.weight_zero_point", "U8", {4, 2}, zeros}});
    writeText(folder / "config.json",
              R"({"quantization_config": {"quant_method": "uwt-codes", "format": ")" + format +
                  R"("}})");
    OpenedCheckpoint opened(folder.path);
    ThreadPool pool(1);
    Expected<QuantizedPart> part = readQuantizedPart(*opened.weights.find("X.weight"), {}, pool);
    ASSERT_TRUE(holds(part));
    auto tensors = part->tensors();
    auto found = std::ranges::find(tensors, "weight_zero_point",
                                   &std::pair<std::string, TensorBytes>::first);
    ASSERT_NE(found, tensors.end());
    EXPECT_EQ(found->second.bytes, zeros);
  }
}

TEST(QuantizedPartOrderTest, ColumnsLieCellByCell) {
  TemporaryFolder folder;
  Expected<QuantizedPart> part = partWithOrder(folder, [](unsigned k) { return 1 - k % 2; });
  ASSERT_TRUE(holds(part));
  ASSERT_EQ(part->columnOrder.size(), 128U);
  for (uint32_t i = 0; i < 128; ++i)
    EXPECT_EQ(part->columnOrder[i], i < 64 ? 2 * i + 1 : 2 * (i - 64));
}

TEST(QuantizedPartOrderTest, GroupsHaveTheirSize) {
  TemporaryFolder folder;
  EXPECT_EQ(
      messageOf(partWithOrder(folder, [](unsigned k) { return k < 63 ? 0U : 1U; })),
      "has columns in an order of their own, and group 0 has not 64 of them; it runs from its "
      "values");
  EXPECT_EQ(messageOf(partWithOrder(folder, [](unsigned k) { return k % 3; })),
            "a column is of group 2, but there are 2");
  EXPECT_EQ(messageOf(partWithOrder(folder, [](unsigned k) { return int(k) - 1; })),
            "a column is of group -1, but there are 2");
}

} // namespace
