//===- IntegerTest.cpp - Tensors that are stored as bytes -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "uwt/Container/Compress.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::HasSubstr;

namespace {

/// Bytes of a normal distribution: `shape` elements of `size` bytes.
TestTensor integers(std::string name, std::string dtype, std::vector<uint64_t> shape, uint64_t size,
                    unsigned seed) {
  std::vector<uint64_t> stored = shape;
  stored.back() *= size;
  Bytes bytes = makeTensor(ElementType::UInt8, stored, Distribution::RowScaled, seed);
  return {std::move(name), std::move(dtype), std::move(shape), std::move(bytes)};
}

std::vector<TestTensor> allDtypes() {
  return {integers("i8", "I8", {70, 90}, 1, 1),
          integers("u8", "U8", {3, 33, 40}, 1, 2),
          integers("bool", "BOOL", {64, 70}, 1, 3),
          integers("scale", "F8_E8M0", {90, 64}, 1, 4),
          integers("fnuz", "F8_E4M3FNUZ", {50, 64}, 1, 5),
          integers("i16", "I16", {40, 50}, 2, 6),
          integers("u16", "U16", {9, 300}, 2, 7),
          integers("i32", "I32", {64, 128}, 4, 8),
          integers("u32", "U32", {2, 20, 33}, 4, 9),
          integers("i64", "I64", {1, 2000}, 8, 10),
          integers("u64", "U64", {300, 5}, 8, 11)};
}

class IntegerTest : public testing::Test {
protected:
  Expected<Container> compressed(const std::vector<TestTensor> &tensors,
                                 const CompressOptions &options = {}) {
    writeTensors(folder / "a", tensors);
    CompressOptions how = options;
    how.overwrite = true;
    UWT_ASSIGN_OR_RETURN(report, compressFile(folder / "a", folder / "c", how));
    return Container::open(folder / "c");
  }
  /// Reads every tensor, and the original file, back.
  void expectBytes(const Container &container, const std::vector<TestTensor> &tensors) {
    for (const TestTensor &tensor : tensors) {
      Expected<TensorReader> reader = container.reader(**container.find(tensor.name));
      ASSERT_TRUE(holds(reader));
      Bytes out(tensor.bytes.size());
      ASSERT_TRUE(holds(reader->read(out, pool)));
      EXPECT_EQ(out, tensor.bytes) << tensor.name;
    }
    EXPECT_TRUE(container.verify(pool)->passed());
    DecompressOptions back;
    back.overwrite = true;
    ASSERT_TRUE(holds(decompressFile(folder / "c", folder / "b", back)));
    EXPECT_EQ(readBytes(folder / "b"), readBytes(folder / "a"));
  }
  const TensorReport &reportOf(std::string_view name) const {
    for (const TensorReport &tensor : report.tensors)
      if (tensor.name == name)
        return tensor;
    std::abort();
  }

  TemporaryFolder folder;
  ThreadPool pool{2};
  FileReport report;
};

TEST_F(IntegerTest, EveryDtypeIsCompressed) {
  std::vector<TestTensor> tensors = allDtypes();
  for (const std::string &format :
       {std::string(), std::string("fast"), std::string("window<4>, coded=exponent+4"),
        std::string("huffman<12,1>, coded=exponent+1"), std::string("palette<4>"),
        std::string("huffman<12,1>, coded=exponent+4, context=row_class<4>"),
        std::string("huffman<15,1>, layout=row_major, coded=exponent+4, escapes=none")}) {
    SCOPED_TRACE(format);
    CompressOptions options;
    if (format == "fast")
      options.format = FormatPolicy::Fast;
    else if (!format.empty())
      options.format = parsedFormat(format);
    Expected<Container> container = compressed(tensors, options);
    ASSERT_TRUE(holds(container));
    expectBytes(*container, tensors);
    for (const TensorEntry &entry : container->entries()) {
      // The smallest ones do not pay for their tables.
      EXPECT_TRUE(entry.compressed() || entry.bytes < 20000 || !format.empty()) << entry.name;
      EXPECT_EQ(entry.reader(), entry.compressed() ? 3u : 1u) << entry.name;
    }
  }
}

TEST_F(IntegerTest, EntriesKeepDtypeAndShape) {
  Expected<Container> container = compressed(allDtypes());
  ASSERT_TRUE(holds(container));
  const SafetensorsHeader &header = container->file().header();
  EXPECT_THAT(*header.findMetadata("uwt"), HasSubstr("\"reader\":3,"));
  EXPECT_THAT(*header.findMetadata("i32.uwt"),
              HasSubstr("{\"dtype\":\"I32\",\"shape\":[64,128],\"format\":"));
  EXPECT_THAT(*header.findMetadata("i32.uwt"), HasSubstr("\"reader\":3,"));
  const TensorEntry &entry = **container->find("i32");
  EXPECT_EQ(entry.stored().shape, (std::vector<uint64_t>{64, 512}));
  EXPECT_EQ(entry.stored().element, ElementType::UInt8);
}

TEST_F(IntegerTest, PartsAreInTermsOfTheTensor) {
  std::vector<TestTensor> tensors = allDtypes();
  for (std::string_view kMajor : {"", "*"}) {
    CompressOptions options;
    options.format = parsedFormat("huffman<12,1>, coded=exponent+4");
    if (!kMajor.empty())
      options.kMajor = {std::string(kMajor)};
    Expected<Container> container = compressed(tensors, options);
    ASSERT_TRUE(holds(container));
    expectBytes(*container, tensors);
    TensorSlice part;
    part.rows = IndexRange{7, 9};
    part.columns = IndexRange{3, 30};
    auto reader = container->reader(**container->find("i32"));
    ASSERT_TRUE(holds(reader));
    Expected<TensorBytes> read = reader->readSlice(part, pool);
    ASSERT_TRUE(holds(read));
    EXPECT_EQ(read->shape, (std::vector<uint64_t>{2, 27}));
    Bytes expected;
    for (uint64_t row : {7, 8})
      expected.insert(expected.end(), tensors[7].bytes.begin() + (row * 128 + 3) * 4,
                      tensors[7].bytes.begin() + (row * 128 + 30) * 4);
    EXPECT_EQ(read->bytes, expected);
    part = {};
    part.expert = 1;
    part.rank = TensorSlice::Rank{1, 2, true};
    read = container->reader(**container->find("u32"))->readSlice(part, pool);
    ASSERT_TRUE(holds(read));
    EXPECT_EQ(read->shape, (std::vector<uint64_t>{20, 16}));
    EXPECT_TRUE(std::equal(read->bytes.begin(), read->bytes.begin() + 64,
                           tensors[8].bytes.begin() + (20 * 33 + 17) * 4));
  }
}

TEST_F(IntegerTest, RandomBytesStayRaw) {
  std::vector<TestTensor> tensors = {{"r", "U8", {20000, 64}, randomBytes(20000 * 64, 1)},
                                     {"small", "I32", {32, 16}, randomBytes(32 * 64, 2)},
                                     integers("w", "I8", {100, 640}, 1, 3)};
  CompressOptions options;
  options.minimumElements = 1;
  Expected<Container> container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ(reportOf("r").reason, "would not be smaller");
  EXPECT_EQ(reportOf("small").reason, "would not be smaller");
  EXPECT_TRUE((*container->find("w"))[0].compressed());
  expectBytes(*container, tensors);
}

/// The smallest sizes that order-0 codes of bytes and pairs reach.
TEST_F(IntegerTest, SizesAreThoseOfTheValues) {
  Bytes mask(1 << 16), scales(1 << 16);
  Bytes random = randomBytes(1 << 16, 1);
  for (size_t i = 0; i < mask.size(); ++i) {
    mask[i] = random[i] & 1;
    scales[i] = uint8_t(120 + (random[i] < 230 ? 0 : random[i] % 3));
  }
  std::vector<TestTensor> tensors = {{"mask", "BOOL", {256, 256}, mask},
                                     {"scales", "F8_E8M0", {256, 256}, scales},
                                     integers("i8", "I8", {256, 1024}, 1, 3)};
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  // A bit an element, and 0.59 of one.
  EXPECT_LT(reportOf("mask").storedBytes, 65536 / 8 * 1.10);
  EXPECT_LT(reportOf("scales").storedBytes, 65536 / 8 * 0.75);
  // A bit an element without words, which the packed form has (choice-15).
  EXPECT_EQ(reportOf("mask").format, packedName);
  ASSERT_TRUE(reportOf("i8").storedBytes > 0);
  EXPECT_LT(reportOf("i8").storedBytes, reportOf("i8").bytes * 0.9);
  expectBytes(*container, tensors);
}

TEST_F(IntegerTest, FewIntegersAreNoReasonForANewReader) {
  auto weights = [](uint64_t rows) {
    std::vector<uint64_t> shape = {rows, 1024};
    return TestTensor{"w", "BF16", shape,
                      makeTensor(ElementType::BF16, shape, Distribution::Gaussian, 1)};
  };
  // 4,096 bytes, in a file of 256 times that and a little less.
  Bytes few = randomBytes(4096, 1);
  for (uint8_t &byte : few)
    byte &= 1;
  std::vector<TestTensor> tensors = {{"ids", "I32", {32, 32}, few}, weights(509)};
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ((*container->find("ids"))[0].reader(), 3u);
  tensors.back() = weights(512);
  container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ(reportOf("ids").reason, "integers are less than 1/256 of the file");
  EXPECT_THAT(*container->file().header().findMetadata("uwt"), HasSubstr("\"reader\":1,"));
  expectBytes(*container, tensors);
}

TEST_F(IntegerTest, AlikeTensorsAreStacked) {
  std::vector<TestTensor> tensors;
  for (int i = 0; i < 4; ++i)
    tensors.push_back(integers("z." + std::to_string(i), "I32", {32, 64}, 4, unsigned(i)));
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  for (const TensorEntry &entry : container->entries()) {
    EXPECT_EQ(entry.members, 4u);
    EXPECT_EQ(entry.reader(), 3u);
  }
  expectBytes(*container, tensors);
}

TEST_F(IntegerTest, ShapesThatOverflowAreRefused) {
  // A dimension of 0 leaves the others free.
  std::vector<TestTensor> tensors = {integers("i", "I64", {16, 128}, 8, 1)};
  ASSERT_TRUE(holds(compressed(tensors)));
  TensorEntry entry;
  entry.dtype = findSafetensorsDtype("I64");
  entry.element = ElementType::UInt8;
  entry.format = parsedFormat("raw");
  entry.shape = {0, uint64_t(1) << 62};
  EXPECT_EQ(messageOf(entry.stored().elements()), "shape has more than 2^62 bytes");
}

} // namespace
