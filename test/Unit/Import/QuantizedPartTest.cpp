//===- QuantizedPartTest.cpp - Parts of quantised weights -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include "uwt/Format/Format.h"
#include "uwt/Format/QuantizedElement.h"
#include <algorithm>
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
    EXPECT_NE(messageOf(part).find("it has parts as values alone"), std::string::npos);
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

INSTANTIATE_TEST_SUITE_P(Golden, QuantizedPartTest, ::testing::ValuesIn(goldenNames()),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

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
