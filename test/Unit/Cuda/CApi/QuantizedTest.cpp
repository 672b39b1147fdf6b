//===- QuantizedTest.cpp - Quantised weights in the C API -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "uwt-c/Cuda.h"
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

TEST_F(CApiQuantizedTest, DeviceImagesAreMadeOfCodes) {
  UWTCodes *codes = nullptr;
  ASSERT_EQ(
      messageAndKindOf(uwtContainerReadCodes(context, container, "X.weight", nullptr, &codes)),
      "no error");
  const UWTCodes *const both[] = {codes, codes};
  const uint64_t shape[] = {2, 2, 128}, other[] = {2, 128};
  UWTCudaImage *image = nullptr;
  ASSERT_EQ(messageAndKindOf(
                uwtCudaImageEncodeCodes(context, both, 2, "BF16", 3, shape, nullptr, &image)),
            "no error");
  UWTCudaWeight weight = {};
  weight.size = sizeof(weight);
  ASSERT_EQ(messageAndKindOf(uwtCudaImageWeight(image, &weight)), "no error");
  EXPECT_STREQ(weight.dtype, "BF16");
  EXPECT_STREQ(weight.format, "uint<4>, zero=8, scale={1x64, bf16}");
  EXPECT_EQ(weight.rows, 2U);
  EXPECT_EQ(weight.columns, 128U);
  EXPECT_EQ(weight.matrices, 2U);
  std::vector<uint8_t> bytes(weight.bytes);
  EXPECT_EQ(messageAndKindOf(uwtCudaImageWrite(image, bytes.data(), bytes.size())), "no error");
  uwtCudaImageDestroy(image);
  image = nullptr;
  EXPECT_EQ(messageAndKindOf(
                uwtCudaImageEncodeCodes(context, both, 2, "BF16", 2, other, nullptr, &image)),
            "2: the matrices have 4 rows of 128 columns, and the shape has others");
  const UWTCodes *const none[] = {nullptr};
  EXPECT_EQ(messageAndKindOf(
                uwtCudaImageEncodeCodes(context, none, 1, "BF16", 2, other, nullptr, &image)),
            "2: codes 0 are NULL");
  EXPECT_EQ(messageAndKindOf(
                uwtCudaImageEncodeCodes(context, both, 1, "BF16", 2, other, nullptr, nullptr)),
            "2: image is NULL");
  EXPECT_EQ(image, nullptr);
  uwtCodesDestroy(codes);
}

/// Checkpoints of two weights [2, 128] of which even and odd columns are groups, and of Z.weight
/// likewise the columns below and from 32 on, in turns.
class CApiColumnOrderTest : public ::testing::Test {
protected:
  static constexpr uint64_t columns = 128;

  void SetUp() override {
    Bytes scales = {0x80, 0x3F, 0x00, 0x40, 0x80, 0x40, 0x00, 0x41};
    std::vector<TestTensor> tensors;
    for (const std::string name : {"X", "Y", "Z"}) {
      Bytes codes, groups;
      for (unsigned i = 0; i < 2 * columns; ++i)
        codes.push_back(static_cast<uint8_t>((i * i / 7 + static_cast<unsigned>(name[0])) % 16));
      for (unsigned i = 0; i < columns; ++i)
        for (unsigned byte : {groupOf(name, i), 0U, 0U, 0U})
          groups.push_back(static_cast<uint8_t>(byte));
      tensors.push_back({name + ".weight", "U8", {2, columns}, codes});
      tensors.push_back({name + ".weight_scale", "BF16", {2, 2}, scales});
      tensors.push_back({name + ".weight_g_idx", "I32", {columns}, groups});
    }
    writeTensors(folder / "model.safetensors", tensors);
    writeText(folder / "config.json", R"({"quantization_config": {"quant_method": "uwt-codes",
        "format": "uint<4>, zero=8, scale={1x64, bf16}, order=k"}})");
    ASSERT_EQ(messageAndKindOf(uwtContextCreate(2, &context)), "no error");
    ASSERT_EQ(messageAndKindOf(uwtContainerOpen(folder.path.c_str(), nullptr, &container)),
              "no error");
    for (const char *name : {"X.weight", "Y.weight", "Z.weight"})
      ASSERT_EQ(messageAndKindOf(uwtContainerReadCodes(context, container, name, nullptr,
                                                       &codes.emplace_back())),
                "no error");
  }
  void TearDown() override {
    std::ranges::for_each(codes, uwtCodesDestroy);
    uwtContainerDestroy(container);
    uwtContextDestroy(context);
  }

  static unsigned groupOf(const std::string &name, unsigned column) {
    return name == "Z" ? column / 32 % 2 : 1 - column % 2;
  }
  /// The columns of a weight, group by group.
  static std::vector<size_t> orderOf(const std::string &name) {
    std::vector<size_t> order;
    for (unsigned group : {0U, 1U})
      for (unsigned column = 0; column < columns; ++column)
        if (groupOf(name, column) == group)
          order.push_back(column);
    return order;
  }
  static std::vector<uint16_t> taken(const std::vector<uint16_t> &rows, const std::string &name) {
    std::vector<uint16_t> result;
    for (size_t row = 0; row < rows.size(); row += columns)
      for (size_t column : orderOf(name))
        result.push_back(rows[row + column]);
    return result;
  }

  std::vector<uint16_t> valuesOf(const std::string &name) {
    std::vector<uint16_t> values(2 * columns);
    EXPECT_EQ(
        messageAndKindOf(uwtContainerReadQuantized(context, container, (name + ".weight").c_str(),
                                                   "BF16", nullptr, values.data(), 4 * columns)),
        "no error");
    return values;
  }
  /// y = x · wᵀ for three rows of x.
  std::vector<uint16_t> product(const CodesMemory &image, uint64_t bytes, uint64_t matrix,
                                const std::vector<uint16_t> &x, uint64_t n) {
    std::vector<uint16_t> y(3 * n);
    UWTLinear call;
    uwtLinearInit(&call, sizeof(call));
    call.m = 3;
    call.n = n;
    call.k = call.xStride = columns;
    call.matrix = matrix;
    call.x = x.data();
    call.y = y.data();
    call.yStride = n;
    EXPECT_EQ(messageAndKindOf(uwtLinear(context, image.bytes, bytes, &call)), "no error");
    return y;
  }
  /// The same of a dense weight in `raw`.
  std::vector<uint16_t> rawProduct(const std::vector<uint16_t> &weight,
                                   const std::vector<uint16_t> &x) {
    const uint64_t shape[] = {weight.size() / columns, columns};
    UWTDenseTensor tensor;
    uwtDenseTensorInit(&tensor, sizeof(tensor));
    tensor.dtype = "BF16";
    tensor.rank = 2;
    tensor.shape = shape;
    tensor.data = weight.data();
    tensor.bytes = weight.size() * 2;
    auto image = std::make_unique<CodesMemory>();
    uint64_t used = 0;
    EXPECT_EQ(messageAndKindOf(uwtWeightEncode(context, &tensor, "raw", image->bytes,
                                               sizeof(CodesMemory), &used)),
              "no error");
    return product(*image, used, 0, x, shape[0]);
  }
  static std::vector<uint16_t> rowsOfX() {
    std::vector<uint16_t> x(3 * columns);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<uint16_t>(0x3F00 + i * i % 511);
    return x;
  }

  TemporaryFolder folder;
  UWTContext *context = nullptr;
  UWTContainer *container = nullptr;
  std::vector<UWTCodes *> codes;
  std::unique_ptr<CodesMemory> image = std::make_unique<CodesMemory>();
  uint64_t used = 0;
};

// run-8
TEST_F(CApiColumnOrderTest, ImagesAreMultipliedCellByCell) {
  const uint64_t shape[] = {4, columns};
  ASSERT_EQ(messageAndKindOf(uwtWeightEncodeCodes(context, codes.data(), 2, "BF16", 2, shape,
                                                  image->bytes, sizeof(CodesMemory), &used)),
            "no error");
  UWTWeightInfo info = {};
  info.size = sizeof(info);
  ASSERT_EQ(messageAndKindOf(uwtWeightInfo(image->bytes, used, &info)), "no error");
  EXPECT_STREQ(info.format, "uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}, order=k");
  uint64_t room = 0;
  ASSERT_EQ(messageAndKindOf(uwtWeightMaxBytes("BF16", 2, shape, info.format, &room)), "no error");
  EXPECT_LE(used, room);

  std::vector<uint16_t> values = valuesOf("X"), second = valuesOf("Y"), decoded(4 * columns);
  values.insert(values.end(), second.begin(), second.end());
  UWTError *error =
      uwtWeightDecode(context, image->bytes, used, nullptr, decoded.data(), 8 * columns);
  if (uwtErrorKind(error) == UWT_ERROR_UNSUPPORTED) {
    uwtErrorDestroy(error);
    GTEST_SKIP() << "there are no kernels for this machine";
  }
  ASSERT_EQ(messageAndKindOf(error), "no error");
  EXPECT_EQ(decoded, values);
  const int64_t ids[] = {3, 0};
  std::vector<uint16_t> rows(2 * columns);
  ASSERT_EQ(messageAndKindOf(uwtWeightGather(context, image->bytes, used, ids, 2, columns,
                                             rows.data(), columns)),
            "no error");
  EXPECT_TRUE(std::equal(rows.begin(), rows.begin() + columns, values.begin() + 3 * columns));
  EXPECT_TRUE(std::equal(rows.begin() + columns, rows.end(), values.begin()));

  std::vector<uint16_t> x = rowsOfX();
  EXPECT_EQ(product(*image, used, 0, x, 4), rawProduct(taken(values, "X"), taken(x, "X")));

  // By integers, of which a row has one scale in whichever order: those of the codes as they lie.
  std::vector<uint16_t> dense = product(*image, used, 0, x, 4);
  ASSERT_EQ(messageAndKindOf(uwtWeightSetArithmetic(image->bytes, used, "integer<8>")), "no error");
  ASSERT_EQ(messageAndKindOf(uwtWeightInfo(image->bytes, used, &info)), "no error");
  EXPECT_EQ(info.integerBits, 8U);
  EXPECT_NE(product(*image, used, 0, x, 4), dense);
  EXPECT_EQ(messageAndKindOf(uwtWeightSetArithmetic(image->bytes, used, "integer<7>")),
            "5: no kernel multiplies uint<4>, zero={1x32, uint<4>}, scale={1x32, f32}, order=k by "
            "integers of 7 bits");
  ASSERT_EQ(messageAndKindOf(uwtWeightSetArithmetic(image->bytes, used, "dense")), "no error");
  EXPECT_EQ(product(*image, used, 0, x, 4), dense);
}

TEST_F(CApiColumnOrderTest, MatricesHaveOrdersOfTheirOwn) {
  const uint64_t stack[] = {3, 2, columns}, pair[] = {6, columns};
  EXPECT_EQ(messageAndKindOf(uwtWeightEncodeCodes(context, codes.data(), 3, "BF16", 2, pair,
                                                  image->bytes, sizeof(CodesMemory), &used)),
            "5: 'uint<4>, zero=8, scale={1x64, bf16}, order=k' runs from its values: the matrix "
            "above it has columns in another order");
  ASSERT_EQ(messageAndKindOf(uwtWeightEncodeCodes(context, codes.data(), 3, "BF16", 3, stack,
                                                  image->bytes, sizeof(CodesMemory), &used)),
            "no error");
  std::vector<uint16_t> x = rowsOfX(), decoded(2 * columns);
  UWTTensorPart part;
  uwtTensorPartInit(&part, sizeof(part));
  for (const std::string name : {"X", "Y", "Z"}) {
    part.expert = name[0] - 'X';
    UWTError *error =
        uwtWeightDecode(context, image->bytes, used, &part, decoded.data(), 4 * columns);
    if (uwtErrorKind(error) == UWT_ERROR_UNSUPPORTED) {
      uwtErrorDestroy(error);
      GTEST_SKIP() << "there are no kernels for this machine";
    }
    ASSERT_EQ(messageAndKindOf(error), "no error");
    EXPECT_EQ(decoded, valuesOf(name));
    EXPECT_EQ(product(*image, used, static_cast<uint64_t>(part.expert), x, 2),
              rawProduct(taken(decoded, name), taken(x, name)));
  }
}

TEST_F(CApiColumnOrderTest, DeviceImagesSayTheOrder) {
  const uint64_t stack[] = {3, 2, columns};
  UWTCudaImage *image = nullptr;
  EXPECT_EQ(messageAndKindOf(uwtCudaImageEncodeCodes(context, codes.data(), 3, "BF16", 3, stack,
                                                     nullptr, &image)),
            "5: columns of the codes are in an order of their own, and columnOrder is NULL");
  EXPECT_EQ(image, nullptr);
  std::vector<uint32_t> order(3 * columns), expected;
  ASSERT_EQ(messageAndKindOf(uwtCudaImageEncodeCodes(context, codes.data(), 3, "BF16", 3, stack,
                                                     order.data(), &image)),
            "no error");
  for (const std::string name : {"X", "Y", "Z"})
    for (size_t column : orderOf(name))
      expected.push_back(static_cast<uint32_t>(column));
  EXPECT_EQ(order, expected);
  UWTCudaWeight weight = {};
  weight.size = sizeof(weight);
  ASSERT_EQ(messageAndKindOf(uwtCudaImageWeight(image, &weight)), "no error");
  EXPECT_STREQ(weight.format, "uint<4>, zero=8, scale={1x64, bf16}");
  uwtCudaImageDestroy(image);
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
  EXPECT_EQ(messageAndKindOf(uwtWeightSetArithmetic(nullptr, 64, "dense")), "2: image is NULL");
  EXPECT_EQ(messageAndKindOf(uwtWeightSetArithmetic(image->bytes, 64, nullptr)),
            "2: arithmetic is NULL");
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
