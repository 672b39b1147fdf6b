//===- WeightStoreTest.cpp - The weights of programs ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Runtime/WeightStore.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "LoadedWeightTesting.h"
#include "uwt/Container/BaseModel.h"
#include <filesystem>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

namespace {

class WeightStoreTest : public testing::Test {
protected:
  void SetUp() override {
    writeTensors(folder / "a.safetensors",
                 {{"layer.weight", "BF16", {128, 96}, weights}, {"layer.bias", "F32", {4}, bias}});
    writeTensors(folder / "b.safetensors", {{"other", "BF16", {128, 96}, other}});
    CompressOptions options;
    options.format = parsedFormat("huffman<12,2>");
    ASSERT_TRUE(
        holds(compressFile(folder / "a.safetensors", folder / "packed.safetensors", options)));
  }
  WeightStore open(std::vector<std::string> paths) {
    auto store = WeightStore::open(paths);
    EXPECT_TRUE(holds(store));
    return *std::move(store);
  }
  WeightRequest request(const char *format) const {
    WeightRequest made{"layer.weight", findSafetensorsDtype("BF16"), {128, 96}, std::nullopt};
    if (format)
      made.format = parsedFormat(format);
    return made;
  }

  TemporaryFolder folder;
  Bytes weights = bf16Weights(128 * 96, 1), other = bf16Weights(128 * 96, 2),
        bias = randomBytes(16, 3);
  ThreadPool pool{2};
};

TEST_F(WeightStoreTest, LoadsTensorsInTheFormsAskedFor) {
  WeightStore store = open({folder / "packed.safetensors"});
  WeightRequest dense{"layer.bias", findSafetensorsDtype("F32"), {4}, std::nullopt};
  std::vector<WeightRequest> requests = {request("huffman<12,2>"), request("inplace<12>"),
                                         request(nullptr), dense};
  auto loaded = store.load(requests, pool);
  ASSERT_TRUE(holds(loaded));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*loaded)[i]->description().format, *requests[i].format);
    auto decoded = decodeLoaded(*(*loaded)[i]);
    ASSERT_TRUE(holds(decoded));
    EXPECT_EQ(*decoded, weights);
  }
  auto bytesOf = [&](size_t i) {
    return Bytes((*loaded)[i]->dense().begin(), (*loaded)[i]->dense().end());
  };
  EXPECT_EQ(bytesOf(2), weights);
  EXPECT_EQ(bytesOf(3), bias);
}

/// Differences are weights where their base model is open, and refused by its name where not.
TEST_F(WeightStoreTest, DifferencesNeedTheirBaseModel) {
  Bytes tuned = weights;
  for (size_t at = 0; at < tuned.size(); at += 40)
    tuned[at] ^= 1;
  writeTensors(folder / "tuned.safetensors",
               {{"layer.weight", "BF16", {128, 96}, tuned}, {"other", "BF16", {128, 96}, other}});
  writeTensors(folder / "base.safetensors",
               {{"layer.weight", "BF16", {128, 96}, weights}, {"other", "BF16", {128, 96}, other}});
  CompressOptions options;
  options.base = *BaseModel::openHashed(folder / "base.safetensors", 1);
  auto report = compressFile(folder / "tuned.safetensors", folder / "differences", options);
  ASSERT_TRUE(holds(report));
  EXPECT_EQ(report->differences, 1u);
  EXPECT_EQ(report->equalTensors, 1u);

  std::vector<std::string> paths = {folder / "differences"};
  std::vector<WeightRequest> requests = {request("inplace<12>"), request(nullptr),
                                         request(nullptr)};
  requests[2].tensor = "other";
  std::string refusal = messageOf(open(paths).load(requests, pool));
  EXPECT_NE(refusal.find("holds differences from the base model 'base.safetensors'"),
            std::string::npos)
      << refusal;
  ReadOptions reading;
  reading.base = options.base;
  auto store = WeightStore::open(paths, reading);
  ASSERT_TRUE(holds(store));
  auto loaded = store->load(requests, pool);
  ASSERT_TRUE(holds(loaded));
  auto decoded = decodeLoaded(*loaded->front());
  ASSERT_TRUE(holds(decoded));
  EXPECT_EQ(*decoded, tuned);
  EXPECT_EQ(Bytes((*loaded)[1]->dense().begin(), (*loaded)[1]->dense().end()), tuned);
  EXPECT_EQ(Bytes((*loaded)[2]->dense().begin(), (*loaded)[2]->dense().end()), other);
}

TEST_F(WeightStoreTest, RawTensorsAreCoded) {
  WeightStore store = open({folder / "a.safetensors"});
  for (const char *format : {"raw", "inplace<12>", "inplace<12>, storage=k_major"}) {
    WeightRequest wanted = request(format);
    auto loaded = store.load({&wanted, 1}, pool);
    ASSERT_TRUE(holds(loaded));
    auto decoded = decodeLoaded(*loaded->front());
    ASSERT_TRUE(holds(decoded));
    EXPECT_EQ(*decoded, weights);
  }
}

TEST_F(WeightStoreTest, IntegersAreDenseAlsoWhereTheyAreCoded) {
  Bytes packed =
      makeTensor(ElementType::UInt8, std::vector<uint64_t>{64, 256}, Distribution::Gaussian, 4);
  writeTensors(folder / "i.safetensors", {{"q", "I32", {64, 64}, packed}});
  ASSERT_TRUE(holds(compressFile(folder / "i.safetensors", folder / "i.uwt", {})));
  for (const char *path : {"i.safetensors", "i.uwt"}) {
    SCOPED_TRACE(path);
    WeightStore store = open({folder / path});
    ASSERT_EQ((*store.find("q")).decoder() != nullptr, std::string_view(path) == "i.uwt");
    WeightRequest wanted{"q", findSafetensorsDtype("I32"), {64, 64}, std::nullopt};
    auto loaded = store.load({&wanted, 1}, pool);
    ASSERT_TRUE(holds(loaded));
    EXPECT_EQ(Bytes(loaded->front()->dense().begin(), loaded->front()->dense().end()), packed);
    wanted.format = parsedFormat("raw");
    EXPECT_EQ(messageOf(store.load({&wanted, 1}, pool)),
              "tensor 'q': its dtype is I32, and only floats are computed from as they are coded; "
              "load it dense");
  }
}

TEST_F(WeightStoreTest, EqualFormsAreInMemoryOnceWhileHeld) {
  WeightStore store = open({folder / "packed.safetensors"});
  std::vector<WeightRequest> both = {request("inplace<12>"), request("inplace<12>")};
  auto first = store.load(both, pool);
  ASSERT_TRUE(holds(first));
  EXPECT_EQ((*first)[0], (*first)[1]);
  auto second = store.load(both, pool);
  ASSERT_TRUE(holds(second));
  EXPECT_EQ((*first)[0], (*second)[0]);
  EXPECT_EQ(store.loadedBytes(), (*first)[0]->bytes());
  first->clear();
  second->clear();
  EXPECT_EQ(store.loadedBytes(), 0u);
}

TEST_F(WeightStoreTest, TheFirstFileWithANameCounts) {
  writeTensors(folder / "again.safetensors", {{"layer.weight", "BF16", {128, 96}, other}});
  WeightStore store = open({folder / "again.safetensors", folder / "a.safetensors"});
  WeightRequest wanted = request(nullptr);
  auto loaded = store.load({&wanted, 1}, pool);
  ASSERT_TRUE(holds(loaded));
  EXPECT_TRUE(std::equal(other.begin(), other.end(), loaded->front()->dense().begin()));
}

TEST_F(WeightStoreTest, OpensFolders) {
  std::filesystem::remove(folder / "packed.safetensors");
  WeightStore store = open({folder.path});
  EXPECT_TRUE(holds(store.find("other")));
  EXPECT_TRUE(holds(store.find("layer.bias")));
}

TEST_F(WeightStoreTest, SaysWhichTensorIsMissing) {
  WeightStore store = open({folder / "a.safetensors", folder / "b.safetensors"});
  WeightRequest wanted = request(nullptr);
  wanted.tensor = "layer.wieght";
  EXPECT_EQ(messageOf(store.load({&wanted, 1}, pool)),
            "no tensor 'layer.wieght' in " + folder / "a.safetensors" + ", " +
                folder / "b.safetensors" + "; did you mean 'layer.weight'?");
  EXPECT_EQ(messageOf(open({}).find("x")),
            "tensor 'x' is needed, but no weights are open: name the file or folder that has it");
}

TEST_F(WeightStoreTest, SaysWhatATensorIsAndWhatWasExpected) {
  WeightStore store = open({folder / "a.safetensors"});
  WeightRequest wanted = request("inplace<12>");
  wanted.shape = {96, 128};
  wanted.dtype = findSafetensorsDtype("F32");
  EXPECT_EQ(messageOf(store.load({&wanted, 1}, pool)),
            "tensor 'layer.weight' is BF16 [128, 96], the program was compiled for F32 [96, 128]: "
            "use the weights that it was made for, or compile it for these");
}

TEST_F(WeightStoreTest, NamesTheTensorThatIsDamaged) {
  Bytes file = readBytes(folder / "packed.safetensors");
  file[file.size() - 5000] ^= 4;
  writeBytes(folder / "packed.safetensors", file);
  WeightStore store = open({folder / "packed.safetensors"});
  WeightRequest wanted = request("inplace<12>");
  EXPECT_EQ(messageOf(store.load({&wanted, 1}, pool)).substr(0, 52),
            "tensor 'layer.weight': panel 0: the stored bytes are");
}

} // namespace
