//===- QuantizedTest.cpp - Quantised weights in the C API -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "uwt-c/Weight.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <memory>

using namespace uwt::test;

namespace {

/// "kind: message", and destroys the error; "no error" for NULL.
std::string messageAndKindOf(UWTError *error) {
  std::string text =
      error ? std::to_string(uwtErrorKind(error)) + ": " + uwtErrorMessage(error) : "no error";
  uwtErrorDestroy(error);
  return text;
}

/// A checkpoint of one weight X.weight [2, 128] in groups of 64: code k of each row is k mod 16,
/// and scales are 1, 2, 4 and 8.
class CApiQuantizedTest : public ::testing::Test {
protected:
  void SetUp() override {
    Bytes codes;
    for (unsigned i = 0; i < 256; ++i)
      codes.push_back(static_cast<uint8_t>(i % 16));
    Bytes scales = {0x80, 0x3F, 0x00, 0x40, 0x80, 0x40, 0x00, 0x41};
    writeTensors(folder / "model.safetensors",
                 {{"X.weight", "U8", {2, 128}, codes}, {"X.weight_scale", "BF16", {2, 2}, scales}});
    writeText(folder / "config.json", R"({"quantization_config": {"quant_method": "uwt-codes",
        "format": "uint<4>, zero=8, scale={1x64, bf16}"}})");
    ASSERT_EQ(messageAndKindOf(uwtContextCreate(1, &context)), "no error");
    ASSERT_EQ(messageAndKindOf(uwtContainerOpen(folder.path.c_str(), nullptr, &container)),
              "no error");
    uwtTensorPartInit(&part, sizeof(part));
  }
  void TearDown() override {
    uwtContainerDestroy(container);
    uwtContextDestroy(context);
  }

  TemporaryFolder folder;
  UWTContext *context = nullptr;
  UWTContainer *container = nullptr;
  UWTTensorPart part;
};

TEST_F(CApiQuantizedTest, WeightsAreDescribed) {
  size_t size = 0;
  ASSERT_EQ(messageAndKindOf(uwtContainerQuantizedSize(container, &size)), "no error");
  EXPECT_EQ(size, 1U);
  UWTQuantizedInfo info = {};
  info.size = sizeof(info);
  ASSERT_EQ(messageAndKindOf(uwtContainerQuantized(container, 0, &info)), "no error");
  EXPECT_STREQ(info.name, "X.weight");
  EXPECT_STREQ(info.recipe, "codes");
  EXPECT_STREQ(info.format, "uint<4>, zero=8, scale={1x64, bf16}");
  ASSERT_EQ(info.rank, 2U);
  EXPECT_EQ(info.shape[1], 128U);
  ASSERT_EQ(info.partCount, 2U);
  EXPECT_STREQ(info.parts[1], "X.weight_scale");
  EXPECT_EQ(info.refusal, nullptr);
  EXPECT_EQ(messageAndKindOf(uwtContainerQuantized(container, 1, &info)),
            "2: there are 1 quantised weights, got index 1");
  EXPECT_EQ(messageAndKindOf(uwtContainerFindQuantized(container, "Y.weight", &info)),
            "2: no quantised weight 'Y.weight' in " + folder.path + "; did you mean 'X.weight'?");
  info.size = 1;
  EXPECT_EQ(messageAndKindOf(uwtContainerFindQuantized(container, "X.weight", &info)),
            "2: the info has size 1: set it to sizeof(UWTQuantizedInfo)");
}

TEST_F(CApiQuantizedTest, ValuesAreCutAnywhere) {
  part.rowBegin = 1;
  part.columnBegin = 63;
  part.columnEnd = 66;
  size_t rank = 0;
  uint64_t shape[2] = {}, bytes = 0;
  ASSERT_EQ(messageAndKindOf(uwtContainerQuantizedPartShape(container, "X.weight", "F32", &part,
                                                            &rank, shape, &bytes)),
            "no error");
  EXPECT_EQ(rank, 2U);
  EXPECT_EQ(shape[0], 1U);
  EXPECT_EQ(shape[1], 3U);
  ASSERT_EQ(bytes, 12U);
  float values[3] = {};
  ASSERT_EQ(messageAndKindOf(uwtContainerReadQuantized(context, container, "X.weight", "F32", &part,
                                                       values, bytes)),
            "no error");
  EXPECT_EQ(values[0], (15 - 8) * 4.0F);
  EXPECT_EQ(values[1], (0 - 8) * 8.0F);
  EXPECT_EQ(values[2], (1 - 8) * 8.0F);
  EXPECT_EQ(messageAndKindOf(
                uwtContainerReadQuantized(context, container, "X.weight", "F32", &part, values, 4)),
            "2: weight 'X.weight': the part has 12 bytes, got a buffer of 4");
  EXPECT_EQ(messageAndKindOf(
                uwtContainerReadQuantized(context, container, "X.weight", "U8", &part, values, 4)),
            "2: values of quantised weights are BF16, F16 or F32, not U8");
}

TEST_F(CApiQuantizedTest, CodesAreCutAtGroups) {
  part.rank = 1;
  part.rankCount = 2;
  part.rankAlongColumns = 1;
  UWTCodes *codes = nullptr;
  ASSERT_EQ(messageAndKindOf(uwtContainerReadCodes(context, container, "X.weight", &part, &codes)),
            "no error");
  EXPECT_STREQ(uwtCodesFormat(codes), "uint<4>, zero=8, scale={1x64, bf16}");
  ASSERT_EQ(uwtCodesSize(codes), 2U);
  UWTTensorInfo info;
  const void *data = nullptr;
  ASSERT_EQ(messageAndKindOf(uwtCodesTensor(codes, 1, &info, &data)), "no error");
  EXPECT_STREQ(info.name, "weight_scale");
  EXPECT_STREQ(info.dtype, "BF16");
  ASSERT_EQ(info.bytes, 4U);
  EXPECT_EQ(static_cast<const uint16_t *>(data)[0], 0x4000);
  EXPECT_EQ(static_cast<const uint16_t *>(data)[1], 0x4100);
  EXPECT_EQ(messageAndKindOf(uwtCodesTensor(codes, 2, &info, &data)),
            "2: there are 2 tensors, got index 2");
  uwtCodesDestroy(codes);
  part.rankCount = 4;
  EXPECT_EQ(messageAndKindOf(uwtContainerReadCodes(context, container, "X.weight", &part, &codes)),
            "2: weight 'X.weight': columns 32:64 cut groups of 64 columns; the nearest that do not "
            "are 0:64");
}

/// Memory for images, aligned as they are.
struct alignas(64) CodesMemory {
  uint8_t bytes[size_t(1) << 16];
};

TEST_F(CApiQuantizedTest, ImagesAreMadeOfCodes) {
  char format[80];
  ASSERT_EQ(messageAndKindOf(uwtWeightFormatOfCodes("uint<4>, zero=8, scale={1x64, bf16}", format,
                                                    sizeof(format))),
            "no error");
  EXPECT_STREQ(format, "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}");
  EXPECT_EQ(
      messageAndKindOf(uwtWeightFormatOfCodes("uint<4>, zero=8, scale={1x64, bf16}", format, 8)),
      "2: the format takes 49 bytes, got 8");
  UWTCodes *codes = nullptr;
  ASSERT_EQ(
      messageAndKindOf(uwtContainerReadCodes(context, container, "X.weight", nullptr, &codes)),
      "no error");
  // The matrix twice, one below the other.
  const UWTCodes *const both[] = {codes, codes};
  const uint64_t shape[] = {4, 128};
  uint64_t most = 0, used = 0;
  ASSERT_EQ(messageAndKindOf(uwtWeightMaxBytes("BF16", 2, shape, format, &most)), "no error");
  auto image = std::make_unique<CodesMemory>();
  ASSERT_LE(most, sizeof(CodesMemory));
  ASSERT_EQ(messageAndKindOf(uwtWeightEncodeCodes(context, both, 2, "BF16", 2, shape, image->bytes,
                                                  most, &used)),
            "no error");
  EXPECT_LE(used, most);
  UWTWeightInfo info = {};
  info.size = sizeof(info);
  ASSERT_EQ(messageAndKindOf(uwtWeightInfo(image->bytes, used, &info)), "no error");
  EXPECT_STREQ(info.format, format);
  EXPECT_EQ(info.shape[0], 4U);
  EXPECT_EQ(messageAndKindOf(uwtWeightCheck(context, image->bytes, used)),
            "5: codes of a quantised checkpoint in memory are read by kernels alone: make the "
            "weight from the checkpoint");
  std::vector<uint16_t> values(4 * 128), rows(2 * 128), expected(2 * 128);
  UWTError *decoded = uwtWeightDecode(context, image->bytes, used, nullptr, values.data(), 4 * 256);
  if (uwtErrorKind(decoded) == UWT_ERROR_UNSUPPORTED) {
    uwtErrorDestroy(decoded);
    uwtCodesDestroy(codes);
    GTEST_SKIP() << "there are no kernels for this machine";
  }
  ASSERT_EQ(messageAndKindOf(decoded), "no error");
  ASSERT_EQ(messageAndKindOf(uwtContainerReadQuantized(context, container, "X.weight", "BF16",
                                                       nullptr, expected.data(), 2 * 256)),
            "no error");
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), values.begin()));
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), values.begin() + 2 * 128));
  part.rowBegin = 2;
  ASSERT_EQ(
      messageAndKindOf(uwtWeightDecode(context, image->bytes, used, &part, rows.data(), 2 * 256)),
      "no error");
  EXPECT_EQ(rows, expected);
  part.columnEnd = 64;
  EXPECT_EQ(
      messageAndKindOf(uwtWeightDecode(context, image->bytes, used, &part, rows.data(), 2 * 128)),
      "5: codes of a quantised checkpoint in memory have no parts of columns");
  uwtTensorPartInit(&part, sizeof(part));
  // The same as two matrices.
  const uint64_t stack[] = {2, 2, 128};
  auto second = std::make_unique<CodesMemory>();
  ASSERT_EQ(messageAndKindOf(uwtWeightEncodeCodes(context, both, 2, "BF16", 3, stack, second->bytes,
                                                  sizeof(CodesMemory), &used)),
            "no error");
  std::vector<uint16_t> stacked(4 * 128);
  ASSERT_EQ(messageAndKindOf(
                uwtWeightDecode(context, second->bytes, used, nullptr, stacked.data(), 4 * 256)),
            "no error");
  EXPECT_EQ(stacked, values);
  part.expert = 1;
  ASSERT_EQ(
      messageAndKindOf(uwtWeightDecode(context, second->bytes, used, &part, rows.data(), 2 * 256)),
      "no error");
  EXPECT_EQ(rows, expected);
  part.expert = 2;
  EXPECT_EQ(
      messageAndKindOf(uwtWeightDecode(context, second->bytes, used, &part, rows.data(), 2 * 256)),
      "2: matrix 2 is not below 2");
  uwtTensorPartInit(&part, sizeof(part));
  part.rowEnd = 5;
  EXPECT_EQ(
      messageAndKindOf(uwtWeightDecode(context, image->bytes, used, &part, rows.data(), 5 * 256)),
      "2: rows 0:5 are not inside 0:4");
  uwtCodesDestroy(codes);
}

TEST_F(CApiQuantizedTest, MisuseIsAnError) {
  uint64_t used = 0;
  const UWTCodes *const none[] = {nullptr};
  auto image = std::make_unique<CodesMemory>();
  const uint64_t shape[] = {2, 128};
  EXPECT_EQ(messageAndKindOf(
                uwtWeightEncodeCodes(context, none, 1, "BF16", 2, shape, image->bytes, 64, &used)),
            "2: codes 0 are NULL");
  EXPECT_EQ(messageAndKindOf(
                uwtWeightEncodeCodes(context, none, 0, "BF16", 2, shape, image->bytes, 64, &used)),
            "2: an image is of one matrix or more");
  EXPECT_EQ(messageAndKindOf(uwtWeightEncodeCodes(context, none, 0, "BF16", 2, nullptr,
                                                  image->bytes, 64, &used)),
            "2: shape is NULL");
  EXPECT_EQ(messageAndKindOf(uwtWeightFormatOfCodes(nullptr, nullptr, 0)),
            "2: composition is NULL");
  const uint16_t dense[2 * 128] = {};
  UWTDenseTensor tensor;
  uwtDenseTensorInit(&tensor, sizeof(tensor));
  tensor.dtype = "BF16";
  tensor.rank = 2;
  tensor.shape = shape;
  tensor.data = dense;
  tensor.bytes = sizeof(dense);
  EXPECT_EQ(
      messageAndKindOf(uwtWeightEncode(context, &tensor, "int<8>, scale={1x128, f32}", image->bytes,
                                       sizeof(CodesMemory), &used)),
      "2: 'int<8>, scale={1x128, f32}' is made of the codes of a quantised checkpoint, not of "
      "a tensor");

  EXPECT_EQ(messageAndKindOf(uwtContainerQuantizedSize(container, nullptr)), "2: size is NULL");
  EXPECT_EQ(messageAndKindOf(uwtContainerQuantized(container, 0, nullptr)), "2: info is NULL");
  EXPECT_EQ(messageAndKindOf(uwtContainerReadQuantized(context, container, "X.weight", "F32",
                                                       nullptr, nullptr, 4)),
            "2: buffer is NULL");
  EXPECT_EQ(
      messageAndKindOf(uwtContainerReadCodes(context, container, "X.weight", nullptr, nullptr)),
      "2: codes is NULL");
  EXPECT_EQ(uwtCodesSize(nullptr), 0U);
  EXPECT_STREQ(uwtCodesFormat(nullptr), "");
  uwtCodesDestroy(nullptr);
}

} // namespace
