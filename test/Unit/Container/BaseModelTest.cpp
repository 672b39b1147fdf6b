//===- BaseModelTest.cpp - Fine-tunes as differences ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules diff-4 to diff-6 and choice-10 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/BaseModel.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "uwt/Support/Checksum.h"
#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::HasSubstr;

namespace {

/// `bytes` with the lowest bits of some elements of `size` bytes changed.
Bytes tuned(Bytes bytes, size_t size, unsigned percent, uint64_t seed) {
  Random random(seed);
  for (size_t at = 0; at < bytes.size(); at += size)
    if (random.below(100) < percent)
      bytes[at] = static_cast<uint8_t>(bytes[at] + 1 + random.below(4));
  return bytes;
}

std::vector<TestTensor> baseTensors() {
  return {{"bf16", "BF16", {300, 200}, bf16Weights(300 * 200, 1)},
          {"equal", "F16", {64, 100}, randomBytes(64 * 100 * 2, 2)},
          {"f32", "F32", {3, 100, 70}, randomBytes(3 * 100 * 70 * 4, 3)},
          {"f8", "F8_E4M3", {200, 300}, randomBytes(200 * 300, 4)},
          {"i64", "I64", {90, 33}, randomBytes(90 * 33 * 8, 5)},
          {"u16", "U16", {1, 9000}, randomBytes(9000 * 2, 6)},
          {"double", "F64", {100}, randomBytes(800, 7)},
          {"scalar", "F32", {}, randomBytes(4, 8)},
          {"bias", "F32", {1000}, randomBytes(4000, 9)},
          {"large", "BF16", {40, 100, 300}, bf16Weights(40 * 100 * 300, 10)},
          {"thin", "BF16", {3000, 10, 4}, bf16Weights(3000 * 10 * 4, 11)},
          {"unlike", "BF16", {100, 100}, bf16Weights(100 * 100, 12)}};
}

/// What a fine-tune makes of them; `unlike` has nothing in common with the base, `new` is not in
/// it, and `tied` is `bf16` again.
std::vector<TestTensor> tunedTensors() {
  std::vector<TestTensor> tensors = baseTensors();
  for (TestTensor &tensor : tensors)
    if (tensor.name != "equal" && tensor.name != "double" && tensor.name != "unlike")
      tensor.bytes = tuned(tensor.bytes, findSafetensorsDtype(tensor.dtype)->bits / 8, 7, 20);
  tensors.back().bytes = bf16Weights(100 * 100, 13);
  tensors.push_back({"new", "BF16", {100, 100}, bf16Weights(100 * 100, 14)});
  TestTensor tied = tensors.front();
  tied.name = "tied";
  tensors.push_back(tied);
  return tensors;
}

class BaseModelTest : public testing::Test {
protected:
  void SetUp() override {
    writeTensors(folder / "base.safetensors", baseTensors());
    writeTensors(folder / "tuned", tunedTensors());
  }
  static CompressOptions against(const std::string &base) {
    CompressOptions options;
    options.base = *BaseModel::openHashed(base, 2);
    options.threads = 2;
    options.overwrite = true;
    return options;
  }
  void compressIt(CompressOptions options) {
    auto done = compressFile(folder / "tuned", folder / "c", options);
    ASSERT_TRUE(holds(done));
    report = *std::move(done);
  }
  void compressIt() { compressIt(against(folder / "base.safetensors")); }
  Expected<Container> open(const std::string &base) {
    ReadOptions options;
    if (!base.empty())
      options.base = *BaseModel::open(base);
    return Container::open(folder / "c", options);
  }
  Expected<FileReport> restore(const std::string &base) {
    DecompressOptions options;
    options.overwrite = true;
    if (!base.empty())
      options.base = *BaseModel::open(base);
    return decompressFile(folder / "c", folder / "back", options);
  }
  const TensorReport &reportOf(std::string_view name) const {
    for (const TensorReport &tensor : report.tensors)
      if (tensor.name == name)
        return tensor;
    std::abort();
  }
  std::string entryText(const std::string &key) {
    return *SafetensorsFile::open(folder / "c")->header().findMetadata(key);
  }
  void damage(const std::string &from, const std::string &to);
  /// What opening says that does not look at the header's checksums.
  std::string refusalUnchecked() {
    ReadOptions options;
    options.check = false;
    return messageOf(Container::open(folder / "c", options));
  }

  TemporaryFolder folder;
  FileReport report;
  ThreadPool pool{2};
};

/// Replaces text of the header by as long a one.
void BaseModelTest::damage(const std::string &from, const std::string &to) {
  ASSERT_EQ(from.size(), to.size());
  Bytes bytes = readBytes(folder / "c");
  auto at = std::search(bytes.begin(), bytes.end(), from.begin(), from.end());
  ASSERT_NE(at, bytes.end()) << from;
  std::copy(to.begin(), to.end(), at);
  writeBytes(folder / "c", bytes);
}

// choice-10, diff-1, diff-6
TEST_F(BaseModelTest, TensorsAreStoredInTheSmallestWay) {
  compressIt();
  for (const char *name : {"bf16", "f32", "f8", "i64", "u16", "bias", "large", "thin"}) {
    EXPECT_TRUE(reportOf(name).isDifference) << name;
    EXPECT_FALSE(reportOf(name).format.empty()) << name;
    EXPECT_LT(reportOf(name).storedBytes, reportOf(name).bytes / 4) << name;
  }
  for (const char *name : {"equal", "double", "scalar"}) {
    EXPECT_TRUE(reportOf(name).isDifference) << name;
    EXPECT_EQ(reportOf(name).storedBytes, 0u) << name;
    EXPECT_EQ(reportOf(name).reason, "equal to the base model's");
  }
  for (const char *name : {"unlike", "new", "tied"})
    EXPECT_FALSE(reportOf(name).isDifference) << name;
  EXPECT_FALSE(reportOf("unlike").format.empty());
  EXPECT_EQ(report.differences, 8u);
  EXPECT_EQ(report.equalTensors, 3u);
  EXPECT_EQ(report.sharedTensors, 1u);

  auto container = open("");
  ASSERT_TRUE(holds(container));
  EXPECT_EQ((*container->find("bf16"))->reader(), 6u);
  EXPECT_EQ((*container->find("equal"))->reader(), 6u);
  EXPECT_EQ((*container->find("f32"))->element, ElementType::UInt16);
  EXPECT_EQ((*container->find("f32"))->stored().shape, (std::vector<uint64_t>{3, 100, 140}));
  EXPECT_EQ((*container->find("i64"))->stored().shape, (std::vector<uint64_t>{90, 132}));
  EXPECT_EQ((*container->find("f8"))->element, ElementType::UInt8);
  EXPECT_THAT(entryText("uwt"), HasSubstr("\"reader\":6,"));
  EXPECT_THAT(entryText("uwt"), HasSubstr("\"base\":[\"base.safetensors\"],\"base_sha256\":\""));
}

// diff-4, diff-6
TEST_F(BaseModelTest, EntriesHaveChecksumsOfEachMiB) {
  compressIt();
  Bytes large = baseTensors()[9].bytes;
  auto part = [&](size_t begin, size_t end) {
    return toHex64(xxh3(std::span(large).subspan(begin, end - begin)));
  };
  EXPECT_THAT(entryText("large.uwt"),
              HasSubstr(",\"base\":\"" + part(0, 1 << 20) + part(1 << 20, 2 << 20) +
                        part(2 << 20, large.size()) + "\"}"));
  EXPECT_EQ(entryText("equal.uwt"), "{\"base\":\"" + toHex64(xxh3(baseTensors()[1].bytes)) + "\"}");
}

TEST_F(BaseModelTest, EverythingComesBack) {
  CasesToTest cases(3);
  for (const char *kMajor : {"", "*"})
    for (const char *format : {"", "huffman<12,1>, coded=exponent+4", "raw"}) {
      if (!cases.takesNext())
        continue;
      CompressOptions options = against(folder / "base.safetensors");
      if (*kMajor)
        options.kMajor = {kMajor};
      if (*format)
        options.format = *Format::parse(format);
      options.sha256 = true;
      compressIt(options);
      ASSERT_TRUE(holds(restore(folder / "base.safetensors")));
      EXPECT_EQ(readBytes(folder / "back"), readBytes(folder / "tuned"));
      VerifyOptions verifying;
      verifying.base = *BaseModel::open(folder / "base.safetensors");
      verifying.decode = true;
      auto verified = verifyFile(folder / "c", verifying);
      ASSERT_TRUE(holds(verified));
      EXPECT_TRUE(verified->passed());
      EXPECT_EQ(verified->hashes, tunedTensors().size() + 1);
      EXPECT_TRUE(verifyFileAgainst(folder / "c", folder / "tuned", verifying)->passed());
    }
}

// part-3
TEST_F(BaseModelTest, SlicesComeBack) {
  compressIt();
  auto container = open(folder / "base.safetensors");
  ASSERT_TRUE(holds(container));
  for (const TestTensor &tensor : tunedTensors()) {
    auto reader = container->reader(**container->find(tensor.name));
    ASSERT_TRUE(holds(reader));
    Bytes whole(tensor.bytes.size());
    ASSERT_TRUE(holds(reader->read(whole, pool)));
    EXPECT_EQ(whole, tensor.bytes) << tensor.name;
    if (tensor.shape.size() < 2)
      continue;
    size_t size = findSafetensorsDtype(tensor.dtype)->bits / 8, rank = tensor.shape.size();
    uint64_t rows = tensor.shape[rank - 2], columns = tensor.shape[rank - 1];
    TensorSlice slice;
    slice.rows = IndexRange{rows / 3, rows - rows / 4};
    slice.columns = IndexRange{columns / 4, columns - columns / 3};
    auto read = reader->readSlice(slice, pool);
    ASSERT_TRUE(holds(read));
    Bytes expected;
    for (uint64_t row = 0; row < tensor.bytes.size() / size / columns; ++row)
      if (row % rows >= slice.rows->begin && row % rows < slice.rows->end)
        expected.insert(
            expected.end(),
            tensor.bytes.begin() + ptrdiff_t((row * columns + slice.columns->begin) * size),
            tensor.bytes.begin() + ptrdiff_t((row * columns + slice.columns->end) * size));
    EXPECT_EQ(read->bytes, expected) << tensor.name;
  }
}

// diff-5
TEST_F(BaseModelTest, ABaseIsTheSameInAnyForm) {
  compressIt();
  Bytes expected = readBytes(folder / "c");
  CompressOptions plain;
  plain.kMajor = {"large"};
  ASSERT_TRUE(
      holds(compressFile(folder / "base.safetensors", folder / "base.uwt.safetensors", plain)));
  std::string shards = folder / "shards";
  std::filesystem::create_directory(shards);
  std::vector<TestTensor> all = baseTensors();
  writeTensors(shards + "/1.safetensors", {all.begin(), all.begin() + 4});
  writeTensors(folder / "2.safetensors", {all.begin() + 4, all.end()});
  ASSERT_TRUE(holds(compressFile(folder / "2.safetensors", shards + "/2.uwt.safetensors", {})));

  for (const std::string &base : {folder / "base.uwt.safetensors", shards}) {
    ASSERT_TRUE(holds(restore(base)));
    EXPECT_EQ(readBytes(folder / "back"), readBytes(folder / "tuned"));
  }
  compressIt(against(folder / "base.uwt.safetensors"));
  EXPECT_EQ(readBytes(folder / "c"), expected);
  compressIt(against(shards));
  EXPECT_THAT(entryText("uwt"), HasSubstr("\"base\":[\"1.safetensors\",\"2.safetensors\"]"));
  ASSERT_TRUE(holds(restore(folder / "base.safetensors")));
  EXPECT_EQ(readBytes(folder / "back"), readBytes(folder / "tuned"));
}

TEST_F(BaseModelTest, WithoutTheBaseErrorsNameIt) {
  compressIt();
  Sha256Stream hash;
  hash.update(readBytes(folder / "base.safetensors"));
  std::string wanted = "the base model 'base.safetensors' with SHA-256 " + hash.hexDigest();
  auto container = open("");
  ASSERT_TRUE(holds(container));
  for (const char *name : {"bf16", "equal", "tied"}) {
    auto reader = container->reader(**container->find(name));
    EXPECT_THAT(messageOf(reader), HasSubstr(wanted + ": give that with --base"));
    auto stored = container->storedReader(**container->find(name));
    ASSERT_TRUE(holds(stored));
    EXPECT_TRUE(holds(stored->check(pool)));
    Bytes out((*container->find(name))->bytes);
    EXPECT_THAT(messageOf(stored->read(out, pool)), HasSubstr("the base model is not open"));
  }
  EXPECT_TRUE(holds(container->reader(**container->find("unlike"))));
  EXPECT_THAT(messageOf(restore("")), HasSubstr(wanted));
  auto verified = verifyFile(folder / "c", {});
  ASSERT_TRUE(holds(verified));
  EXPECT_TRUE(verified->passed());
  ASSERT_EQ(verified->notes.size(), 1u);
  EXPECT_THAT(verified->notes[0].message, HasSubstr("only what is stored was checked"));
  EXPECT_THAT(messageOf(verifyFileAgainst(folder / "c", folder / "tuned", {})), HasSubstr(wanted));
}

TEST_F(BaseModelTest, AWrongBaseIsFound) {
  compressIt();
  std::vector<TestTensor> other = baseTensors();
  other[9].bytes[(1 << 20) + 5] ^= 1;
  writeTensors(folder / "other", other);
  std::string message = messageOf(restore(folder / "other"));
  EXPECT_THAT(message, HasSubstr("tensor 'large' is not the one that differences are from: the "
                                 "checksum of its bytes from 1048576 on is "));
  EXPECT_THAT(message, HasSubstr("expected the base model 'base.safetensors' with SHA-256 "));
  // Only what is read is checked.
  auto container = open(folder / "other");
  ASSERT_TRUE(holds(container));
  auto reader = container->reader(**container->find("large"));
  ASSERT_TRUE(holds(reader));
  TensorSlice slice;
  slice.expert = 0;
  EXPECT_TRUE(holds(reader->readSlice(slice, pool)));
  slice.expert = 20;
  EXPECT_FALSE(holds(reader->readSlice(slice, pool)));

  VerifyOptions verifying;
  verifying.base = *BaseModel::open(folder / "other");
  auto verified = verifyFile(folder / "c", verifying);
  ASSERT_TRUE(holds(verified));
  ASSERT_EQ(verified->findingCount, 1u);
  EXPECT_THAT(verified->findings[0].message, HasSubstr("tensor 'large' is not the one"));

  other.erase(other.begin());
  writeTensors(folder / "other", other);
  EXPECT_THAT(messageOf(restore(folder / "other")),
              HasSubstr("has no tensor 'bf16'; expected the"));
  other[0].shape = {100, 64};
  other.push_back(baseTensors()[0]);
  writeTensors(folder / "other", other);
  EXPECT_THAT(messageOf(restore(folder / "other")),
              HasSubstr("tensor 'equal' has another dtype or shape; expected the base model"));
}

TEST_F(BaseModelTest, AnEstimateIsOfDifferencesToo) {
  std::vector<TestTensor> base = baseTensors(), tensors = tunedTensors();
  // Large enough that only some of it is coded.
  base.push_back({"wide", "BF16", {4096, 1024}, bf16Weights(4096 * 1024, 15)});
  tensors.push_back({"wide", "BF16", {4096, 1024}, tuned(base.back().bytes, 2, 7, 20)});
  writeTensors(folder / "base.safetensors", base);
  writeTensors(folder / "tuned", tensors);
  CompressOptions options = against(folder / "base.safetensors");
  compressIt(options);
  FileReport exact = report;
  std::filesystem::remove(folder / "c");
  options.estimate = true;
  compressIt(options);
  EXPECT_FALSE(std::filesystem::exists(folder / "c"));
  EXPECT_NEAR(static_cast<double>(report.outputBytes), static_cast<double>(exact.outputBytes),
              0.01 * static_cast<double>(exact.outputBytes));
  for (size_t i = 0; i < exact.tensors.size(); ++i) {
    EXPECT_EQ(report.tensors[i].isDifference, exact.tensors[i].isDifference)
        << exact.tensors[i].name;
    EXPECT_EQ(report.tensors[i].reason, exact.tensors[i].reason) << exact.tensors[i].name;
  }
  EXPECT_GT(report.sampledBytes, base.back().bytes.size());
}

TEST_F(BaseModelTest, WhatCannotBeIsRefused) {
  CompressOptions options = against(folder / "base.safetensors");
  options.base = *BaseModel::open(folder / "base.safetensors");
  EXPECT_THAT(messageOf(compressFile(folder / "tuned", folder / "c", options)),
              HasSubstr("opened without the hashes"));
}

TEST_F(BaseModelTest, ABaseMayNotHoldDifferencesItself) {
  compressIt();
  EXPECT_THAT(messageOf(BaseModel::open(folder / "c")),
              HasSubstr("holds differences from another base model itself"));
}

TEST_F(BaseModelTest, ABaseThatIsNotSimilarIsNotNeeded) {
  std::vector<TestTensor> other = baseTensors();
  for (TestTensor &tensor : other)
    tensor.bytes = randomBytes(tensor.bytes.size(), 99);
  writeTensors(folder / "other", other);
  compressIt(against(folder / "other"));
  EXPECT_EQ(report.differences + report.equalTensors, 0u);
  EXPECT_TRUE(holds(restore("")));
  EXPECT_EQ(readBytes(folder / "back"), readBytes(folder / "tuned"));
}

// choice-5
TEST_F(BaseModelTest, RoundedTensorsAreComparedWithTheBase) {
  std::vector<TestTensor> base = {{"w", "BF16", {200, 100}, bf16Weights(200 * 100, 1)}};
  std::vector<TestTensor> tuned = {{"w", "F32", {200, 100}, {}}};
  for (size_t i = 0; i < base[0].bytes.size(); i += 2) {
    Bytes f32 = {0x10, 0, base[0].bytes[i], base[0].bytes[i + 1]};
    tuned[0].bytes.insert(tuned[0].bytes.end(), f32.begin(), f32.end());
  }
  writeTensors(folder / "base.safetensors", base);
  writeTensors(folder / "tuned", tuned);
  CompressOptions options = against(folder / "base.safetensors");
  options.castToBF16 = true;
  compressIt(options);
  EXPECT_EQ(report.equalTensors, 1u);
  EXPECT_EQ(report.cast.tensors, 1u);
  EXPECT_TRUE(holds(restore(folder / "base.safetensors")));
}

TEST_F(BaseModelTest, DamagedEntriesAreRefused) {
  compressIt();
  Bytes sound = readBytes(folder / "c");
  auto refusal = [&](const std::string &from, const std::string &to) {
    writeBytes(folder / "c", sound);
    damage(from, to);
    return refusalUnchecked();
  };
  std::string digits = toHex64(xxh3(baseTensors()[1].bytes));
  auto entry = [](const std::string &value) { return "{\\\"base\\\":" + value + "}"; };
  std::string whole = entry("\\\"" + digits + "\\\"");
  auto same = [&](std::string value) {
    value.resize(whole.size() - entry("").size(), ' ');
    return entry(value);
  };
  EXPECT_THAT(refusal(whole, same("\\\"" + digits.substr(1) + "\\\"")),
              HasSubstr("'base' is not a string of groups of 16 digits"));
  EXPECT_THAT(refusal(whole, same("\\\"" + digits.substr(1) + "x\\\"")),
              HasSubstr("'base' is not hexadecimal digits"));
  EXPECT_THAT(refusal(whole, same("\\\"\\\"")), HasSubstr("'base' has no checksums"));
  EXPECT_THAT(refusal(whole, same("7")), HasSubstr("'base' is not a string of groups"));
  EXPECT_THAT(refusal(whole, same("[]")), HasSubstr("'base' is not a string of groups"));
  // Less than a MiB has one checksum, `large` has three.
  std::string large = entryText("large.uwt").substr(entryText("large.uwt").find("\"base\":") + 8);
  EXPECT_THAT(refusal(large.substr(0, 48) + "\\\"", large.substr(0, 32) + "\\\"                "),
              HasSubstr("2 checksums of the base's tensor, expected 3"));
  EXPECT_THAT(refusal("\\\"base_sha256\\\"", "\\\"base_sha-56\\\""),
              HasSubstr("'base' is not a list of as many names"));
  EXPECT_THAT(refusal("[\\\"base.safetensors\\\"]", "{                    }"),
              HasSubstr("'base' is not a list of as many names"));
  EXPECT_THAT(refusal("[\\\"base.safetensors\\\"]", "[7                   ]"),
              HasSubstr("'base' is not a list of names"));
}

/// Elements of less than a byte have no differences: another tensor takes their dtype.
TEST_F(BaseModelTest, DifferencesOfOtherDtypesAreRefused) {
  std::vector<TestTensor> one = {{"equal", "U8", {1024}, randomBytes(1024, 1)}};
  writeTensors(folder / "base.safetensors", one);
  writeTensors(folder / "tuned", one);
  compressIt();
  damage("\\\"dtype\\\":\\\"U8\\\",\\\"shape\\\":[1024]",
         "\\\"dtype\\\":\\\"F4\\\",\\\"shape\\\":[2048]");
  EXPECT_THAT(
      refusalUnchecked(),
      HasSubstr("tensor 'equal': its entry has a base, but there are no differences of F4"));
}

/// Differences and the name of a base model belong together.
TEST_F(BaseModelTest, ABaseThatIsNotNamedIsDamage) {
  compressIt();
  damage("\\\"base\\\":[\\\"base", "\\\"bass\\\":[\\\"base");
  EXPECT_THAT(refusalUnchecked(), HasSubstr("'base' is not a list"));
  compressIt();
  damage(",\\\"base\\\":[\\\"base.safetensors\\\"],\\\"base_sha256\\\":",
         ",\\\"bass\\\":[\\\"base.safetensors\\\"],\\\"bass_sha256\\\":");
  EXPECT_THAT(refusalUnchecked(),
              HasSubstr("has differences, but the file entry names no base model"));
}

} // namespace
