//===- PackedTensorTest.cpp - Tensors in the packed form ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/Reseal.h"
#include "Container/TestFiles.h"
#include "uwt/Container/BaseModel.h"
#include "uwt/Container/Compress.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::HasSubstr;

namespace {

/// BF16 weights of which seven of ten are zero, or whole rows of 64.
Bytes pruned(uint64_t elements, unsigned seed, bool rows = false) {
  Bytes bytes = bf16Weights(elements, seed);
  Random random(seed);
  bool isZero = false;
  for (size_t i = 0; i < elements; ++i) {
    if (!rows || i % 64 == 0)
      isZero = random.below(10) < 7;
    if (isZero)
      bytes[2 * i] = bytes[2 * i + 1] = 0;
  }
  return bytes;
}

/// Doubles that are F32 values in magnitude, with further bits.
Bytes doubles(uint64_t count, unsigned seed) {
  Bytes bytes = randomBytes(count * 8, seed);
  for (size_t i = 0; i < count; ++i) {
    bytes[8 * i + 7] = static_cast<uint8_t>(0x3F | (bytes[8 * i + 7] & 0x80));
    bytes[8 * i + 6] = static_cast<uint8_t>(0x80 | (bytes[8 * i + 6] & 0x1F));
  }
  return bytes;
}

std::vector<TestTensor> zeroModel() {
  Bytes ids(64 * 64 * 8);
  for (size_t i = 0; i < 64 * 64; ++i) {
    ids[8 * i] = static_cast<uint8_t>(i);
    ids[8 * i + 1] = static_cast<uint8_t>(i >> 8);
  }
  return {
      {"pruned", "BF16", {200, 128}, pruned(200 * 128, 1)},
      {"rows", "BF16", {300, 64}, pruned(300 * 64, 2, true)},
      {"zeros", "F32", {100, 100}, Bytes(40000)},
      {"experts", "BF16", {3, 40, 64}, pruned(3 * 40 * 64, 3)},
      {"dense", "BF16", {128, 128}, bf16Weights(128 * 128, 4)},
      {"double", "F64", {40, 64}, doubles(40 * 64, 5)},
      {"complex", "C64", {40, 64}, doubles(40 * 64, 5)},
      {"fp4", "F4", {64, 128}, Bytes(64 * 64, 0x21)},
      {"ids", "I64", {64, 64}, ids},
  };
}

class PackedTensorTest : public testing::Test {
protected:
  Expected<Container> compressed(const std::vector<TestTensor> &tensors, FormatPolicy policy) {
    writeTensors(folder / "a", tensors);
    CompressOptions options = compressOnOneThread();
    options.overwrite = true;
    options.format = policy;
    UWT_ASSIGN_OR_RETURN(report, compressFile(folder / "a", folder / "c", options));
    return Container::open(folder / "c");
  }
  TemporaryFolder folder;
  ThreadPool pool{1};
  FileReport report;
};

} // namespace

// file-16, choice-15.
TEST_F(PackedTensorTest, TensorsComeBackWholeAndInParts) {
  std::vector<TestTensor> tensors = zeroModel();
  for (FormatPolicy policy : {FormatPolicy::BestSize, FormatPolicy::Smallest}) {
    Expected<Container> container = compressed(tensors, policy);
    ASSERT_TRUE(holds(container));
    for (const TestTensor &tensor : tensors) {
      const TensorEntry &entry = **container->find(tensor.name);
      EXPECT_EQ(entry.isPacked(), tensor.name != "dense") << tensor.name;
      Expected<TensorReader> reader = container->reader(entry);
      ASSERT_TRUE(holds(reader));
      Bytes out(tensor.bytes.size());
      ASSERT_TRUE(holds(reader->read(out, pool)));
      EXPECT_EQ(out, tensor.bytes) << tensor.name;
      TensorSlice slice;
      slice.rows = IndexRange{3, 21};
      Expected<TensorBytes> part = reader->readSlice(slice, pool);
      ASSERT_TRUE(holds(part));
      uint64_t row = tensor.bytes.size() / (tensor.name == "experts" ? 120 : tensor.shape[0]);
      EXPECT_TRUE(std::equal(part->bytes.begin(), part->bytes.begin() + ptrdiff_t(18 * row),
                             tensor.bytes.begin() + ptrdiff_t(3 * row)))
          << tensor.name;
    }
    EXPECT_TRUE(container->verify(pool)->passed());
    Bytes back;
    ASSERT_TRUE(holds(container->streamOriginal(
        [&](std::span<const uint8_t> piece) {
          back.insert(back.end(), piece.begin(), piece.end());
          return ok();
        },
        pool)));
    EXPECT_EQ(back, readBytes(folder / "a"));
  }
}

TEST_F(PackedTensorTest, FilesWithoutZerosAskForNoNewerReader) {
  std::vector<TestTensor> tensors = {{"dense", "BF16", {256, 128}, bf16Weights(256 * 128, 4)}};
  for (FormatPolicy policy : {FormatPolicy::BestSize, FormatPolicy::Smallest, FormatPolicy::Fast}) {
    Expected<Container> container = compressed(tensors, policy);
    ASSERT_TRUE(holds(container));
    EXPECT_LT(container->entries()[0].reader(), 8u);
    EXPECT_FALSE(container->entries()[0].isPacked());
  }
  Expected<Container> fast = compressed(zeroModel(), FormatPolicy::Fast);
  ASSERT_TRUE(holds(fast));
  for (const TensorEntry &entry : fast->entries())
    EXPECT_FALSE(entry.isPacked()) << entry.name;
}

// choice-15, choice-16.
TEST_F(PackedTensorTest, SmallestIsNeverLargerThanBestSize) {
  for (bool rows : {false, true}) {
    std::vector<TestTensor> tensors = {{"w", "BF16", {640, 64}, pruned(640 * 64, 7, rows)}};
    Expected<Container> best = compressed(tensors, FormatPolicy::BestSize);
    ASSERT_TRUE(holds(best));
    uint64_t bestBytes = best->fileBytes();
    Expected<Container> smallest = compressed(tensors, FormatPolicy::Smallest);
    ASSERT_TRUE(holds(smallest));
    EXPECT_LE(smallest->fileBytes(), bestBytes);
  }
}

namespace {

/// A tensor of any type and shape, dense or with zeros or repeats.
TestTensor anyTensor(const std::string &name, Random &random) {
  struct Type {
    const char *name;
    uint64_t bytes;
  };
  constexpr Type types[] = {{"BF16", 2}, {"F16", 2}, {"F32", 4}, {"F64", 8}, {"C64", 8},
                            {"I8", 1},   {"I16", 2}, {"I64", 8}, {"BOOL", 1}};
  const Type &type = types[random.below(std::size(types))];
  std::vector<uint64_t> shape(random.below(6));
  uint64_t count = 1;
  for (uint64_t &size : shape)
    count *= size = random.below(20) == 0 ? 0 : 1 + random.below(shape.size() < 3 ? 130 : 12);
  Bytes bytes = randomBytes(count * type.bytes, static_cast<unsigned>(random.below(1u << 30)));
  uint64_t pattern = random.below(6), row = std::max<uint64_t>(shape.empty() ? 1 : shape.back(), 1);
  bool isZero = false;
  for (uint64_t i = 0; i < count; ++i) {
    if (pattern != 2 || i % row == 0)
      isZero = random.below(10) < 7;
    uint8_t *element = &bytes[i * type.bytes];
    if (type.bytes > 1)
      element[type.bytes - 1] = static_cast<uint8_t>(0x3C | (element[0] & 0x80));
    if (type.name == std::string_view("BOOL"))
      *element &= 1;
    if (pattern == 3 || ((pattern == 1 || pattern == 2) && isZero))
      std::fill_n(element, type.bytes, uint8_t(0));
    if (pattern == 4 && i > count / 3)
      std::copy_n(&bytes[(i - count / 3 - 1) * type.bytes], type.bytes, element);
  }
  return {name, type.name, shape, bytes};
}

} // namespace

// file-16, choice-11, choice-15, choice-16: whatever a file holds.
TEST_F(PackedTensorTest, AnyFileComesBackAndIsSmallestWithSmallest) {
  Random random(68);
  for (unsigned i = 0; i < 60; ++i) {
    std::vector<TestTensor> tensors;
    for (uint64_t count = 1 + random.below(i % 3 == 0 ? 8 : 1); tensors.size() < count;)
      tensors.push_back(anyTensor("t" + std::to_string(tensors.size()), random));
    uint64_t bestBytes = 0;
    for (FormatPolicy policy : {FormatPolicy::BestSize, FormatPolicy::Smallest}) {
      Expected<Container> container = compressed(tensors, policy);
      ASSERT_TRUE(holds(container)) << i;
      for (const TestTensor &tensor : tensors) {
        Expected<TensorReader> reader = container->reader(**container->find(tensor.name));
        ASSERT_TRUE(holds(reader));
        Bytes out(tensor.bytes.size());
        ASSERT_TRUE(holds(reader->read(out, pool)));
        EXPECT_EQ(out, tensor.bytes) << i << " " << tensor.name;
      }
      EXPECT_TRUE(container->verify(pool)->passed()) << i;
      if (policy == FormatPolicy::BestSize)
        bestBytes = container->fileBytes();
      else
        EXPECT_LE(container->fileBytes(), bestBytes) << i;
    }
  }
}

/// Every pattern of 16 bits, among zeros.
TEST_F(PackedTensorTest, AllPatternsComeBack) {
  Bytes bytes(65536 * 4);
  for (size_t i = 0; i < 65536; ++i) {
    bytes[4 * i] = static_cast<uint8_t>(i);
    bytes[4 * i + 1] = static_cast<uint8_t>(i >> 8);
  }
  for (const char *type : {"BF16", "F16", "I16"}) {
    Expected<Container> container =
        compressed({{"w", type, {256, 512}, bytes}}, FormatPolicy::BestSize);
    ASSERT_TRUE(holds(container));
    EXPECT_TRUE(container->entries()[0].isPacked()) << type;
    Expected<TensorReader> reader = container->reader(container->entries()[0]);
    ASSERT_TRUE(holds(reader));
    Bytes out(bytes.size());
    ASSERT_TRUE(holds(reader->read(out, pool)));
    EXPECT_EQ(out, bytes) << type;
  }
}

/// Columns of rows in several sections, and of several matrices.
TEST_F(PackedTensorTest, SlicesAcrossSectionsAreThoseOfTheTensor) {
  constexpr uint64_t matrices = 3, rows = 1500, columns = 1100;
  Bytes bytes = pruned(matrices * rows * columns, 3);
  Expected<Container> container =
      compressed({{"w", "BF16", {matrices, rows, columns}, bytes}}, FormatPolicy::BestSize);
  ASSERT_TRUE(holds(container));
  ASSERT_TRUE(container->entries()[0].isPacked());
  Expected<TensorReader> reader = container->reader(container->entries()[0]);
  ASSERT_TRUE(holds(reader));
  ThreadPool three(3);
  TensorSlice slice;
  slice.rows = IndexRange{7, 1490};
  slice.columns = IndexRange{5, 1003};
  Expected<TensorBytes> part = reader->readSlice(slice, three);
  ASSERT_TRUE(holds(part));
  Expected<TensorBytes> expected =
      sliceOf({reader->entry().dtype, {matrices, rows, columns}, bytes}, slice);
  ASSERT_TRUE(holds(expected));
  EXPECT_EQ(part->shape, expected->shape);
  EXPECT_EQ(part->bytes, expected->bytes);
}

TEST_F(PackedTensorTest, AnEstimateIsWhatTheEncoderReaches) {
  writeTensors(folder / "a", zeroModel());
  for (FormatPolicy policy : {FormatPolicy::BestSize, FormatPolicy::Smallest}) {
    CompressOptions options = compressOnOneThread();
    options.overwrite = true;
    options.format = policy;
    Expected<FileReport> made = compressFile(folder / "a", folder / "c", options);
    options.estimate = true;
    Expected<FileReport> estimated = compressFile(folder / "a", folder / "c", options);
    ASSERT_TRUE(holds(made));
    ASSERT_TRUE(holds(estimated));
    EXPECT_NEAR(static_cast<double>(estimated->outputBytes), static_cast<double>(made->outputBytes),
                static_cast<double>(made->outputBytes) / 100);
  }
}

TEST_F(PackedTensorTest, ExcludedTensorsStayAsTheyAre) {
  writeTensors(folder / "a", zeroModel());
  CompressOptions options = compressOnOneThread();
  options.exclude = {"double", "pruned"};
  ASSERT_TRUE(holds(compressFile(folder / "a", folder / "c", options)));
  Expected<Container> container = Container::open(folder / "c");
  ASSERT_TRUE(holds(container));
  for (const char *name : {"double", "pruned"}) {
    const TensorEntry &entry = **container->find(name);
    EXPECT_FALSE(entry.isPacked() || entry.compressed()) << name;
  }
}

// check-4: every changed bit of the plane is found.
TEST_F(PackedTensorTest, DamageIsFound) {
  std::vector<TestTensor> tensors = {{"w", "BF16", {64, 64}, pruned(64 * 64, 7)}};
  ASSERT_TRUE(holds(compressed(tensors, FormatPolicy::BestSize)));
  Bytes file = readBytes(folder / "c");
  size_t begin = 8 + file[0] + 256u * file[1];
  for (size_t at = begin; at < file.size(); at += 37) {
    Bytes other = file;
    other[at] ^= 0x10;
    writeBytes(folder / "d", other);
    Expected<Container> container = Container::open(folder / "d");
    ASSERT_TRUE(holds(container));
    Expected<VerifyReport> found = container->verify(pool);
    ASSERT_TRUE(holds(found));
    EXPECT_FALSE(found->passed()) << at;
    ReadOptions unchecked;
    unchecked.check = false;
    Expected<Container> trusting = Container::open(folder / "d", unchecked);
    ASSERT_TRUE(holds(trusting));
    // Whatever comes of it, nothing outside of memory is touched.
    (void)bool(trusting->reader(trusting->entries()[0]));
  }
}

/// A base model whose tensor is packed is not given back to the file's pages while it is read.
TEST_F(PackedTensorTest, ABaseModelMayBePacked) {
  std::vector<TestTensor> base = {{"w", "BF16", {512, 64}, pruned(512 * 64, 7)}};
  ASSERT_TRUE(holds(compressed(base, FormatPolicy::BestSize)));
  std::vector<TestTensor> tuned = base;
  tuned[0].bytes[11] ^= 1;
  writeTensors(folder / "t", tuned);
  auto model = BaseModel::openHashed(folder / "c", 1);
  ASSERT_TRUE(holds(model));
  CompressOptions options = compressOnOneThread();
  options.base = *model;
  ASSERT_TRUE(holds(compressFile(folder / "t", folder / "u", options)));
  ReadOptions reading;
  reading.base = *model;
  Expected<Container> container = Container::open(folder / "u", reading);
  ASSERT_TRUE(holds(container));
  Expected<TensorReader> reader = container->reader(container->entries()[0]);
  ASSERT_TRUE(holds(reader));
  Bytes out(tuned[0].bytes.size());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(holds(reader->read(out, pool)));
    EXPECT_EQ(out, tuned[0].bytes);
  }
}
