//===- CompactTest.cpp - The compact form of containers -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "lib/Container/CompactHeader.h"
#include "uwt/Container/Compress.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

namespace {

CompressOptions compactOptions() {
  CompressOptions options;
  options.threads = 1;
  options.overwrite = true;
  options.compactBytes = 0;
  return options;
}

TestTensor weights(std::string name, std::vector<uint64_t> shape, unsigned seed,
                   ElementType element = ElementType::BF16) {
  Bytes bytes = makeTensor(element, shape, Distribution::RowScaled, seed);
  return {std::move(name), std::string(getTraits(element).safetensorsName), std::move(shape),
          std::move(bytes)};
}

/// A matrix, a stack, small tensors of several types and ranks, and some that are equal.
std::vector<TestTensor> smallModel() {
  std::vector<TestTensor> tensors = {
      weights("w", {80, 96}, 1),
      weights("s.0", {40, 70}, 2),
      weights("s.0.bias", {700}, 3),
      weights("s.1", {40, 70}, 4),
      weights("s.1.bias", {40, 17}, 5),
      weights("norm", {1900}, 6, ElementType::F32),
      weights("scalar", {}, 7),
      weights("empty", {0, 3}, 8),
      weights("norm2", {2000}, 9, ElementType::F32),
      {"count", "I64", {}, {5, 0, 0, 0, 0, 0, 0, 0}},
      {"noise", "U8", {300}, randomBytes(300, 3)},
      {"double", "F64", {2}, randomBytes(16, 4)},
  };
  tensors.push_back({"tied", "BF16", {700}, tensors[2].bytes});
  Bytes ids(4096);
  for (size_t i = 0; i < 512; ++i) {
    ids[8 * i] = static_cast<uint8_t>(i);
    ids[8 * i + 1] = static_cast<uint8_t>(i >> 8);
  }
  tensors.push_back({"ids", "I64", {512}, ids});
  return tensors;
}

class CompactTest : public testing::Test {
protected:
  Expected<Container> compressed(const std::vector<TestTensor> &tensors,
                                 const CompressOptions &options = compactOptions()) {
    writeTensors(folder / "a", tensors);
    UWT_ASSIGN_OR_RETURN(report, compressFile(folder / "a", folder / "c", options));
    return Container::open(folder / "c");
  }
  Bytes bytesOf(const Container &container, const std::string &name) {
    Expected<TensorReader> reader = container.reader(**container.find(name));
    EXPECT_TRUE(holds(reader));
    Bytes out(reader->entry().bytes);
    EXPECT_TRUE(holds(reader->read(out, pool)));
    return out;
  }
  void expectComesBack(const Container &container, const std::vector<TestTensor> &tensors) {
    for (const TestTensor &tensor : tensors)
      EXPECT_EQ(bytesOf(container, tensor.name), tensor.bytes) << tensor.name;
    VerifyOptions everything;
    everything.decode = true;
    EXPECT_TRUE(container.verify(pool, everything)->passed());
    DecompressOptions back;
    back.overwrite = true;
    ASSERT_TRUE(holds(decompressFile(folder / "c", folder / "b", back)));
    EXPECT_EQ(readBytes(folder / "b"), readBytes(folder / "a"));
  }

  TemporaryFolder folder;
  ThreadPool pool{2};
  FileReport report;
};

std::vector<std::string> storedNames(const Container &container) {
  std::vector<std::string> names;
  for (const SafetensorsTensor &tensor : container.file().header().tensors)
    names.push_back(tensor.name);
  return names;
}

/// The tensors of each bundle.
std::map<std::string, std::vector<std::string>> bundlesOf(const Container &container) {
  std::map<std::string, std::vector<std::string>> bundles;
  for (const TensorEntry &entry : container.entries())
    if (entry.bundle)
      bundles[entry.bundle->name].push_back(entry.name);
  return bundles;
}

} // namespace

TEST_F(CompactTest, SmallTensorsOfADtypeAreABundle) {
  std::vector<TestTensor> tensors = smallModel();
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  EXPECT_TRUE(container->isCompact());
  auto bundles = bundlesOf(*container);
  EXPECT_EQ(bundles.size(), 3u);
  EXPECT_THAT(bundles["s.0.bias"],
              UnorderedElementsAre("s.0.bias", "s.1.bias", "scalar", "empty", "tied"));
  EXPECT_THAT(bundles["norm"], ElementsAre("norm", "norm2"));
  EXPECT_THAT(bundles["count"], ElementsAre("count", "ids"));
  // Random bytes do not get smaller; F64 has no code.
  EXPECT_THAT(storedNames(*container),
              UnorderedElementsAre("file.uwt.planes", "file.uwt.header", "noise", "double"));
  EXPECT_EQ((*container->find("s.1"))->stack, "s.0");
  EXPECT_EQ((*container->find("tied"))->sameAs, "s.0.bias");
  expectComesBack(*container, tensors);
}

TEST_F(CompactTest, TheFileEntryIsAllThatIsReadable) {
  std::vector<TestTensor> tensors = smallModel();
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  const SafetensorsHeader &header = container->file().header();
  ASSERT_EQ(header.metadata.size(), 2u);
  EXPECT_EQ(*header.findMetadata("format"), "uwt");
  EXPECT_THAT(*header.findMetadata("uwt"), HasSubstr("\"reader\":6,"));
  for (const SafetensorsTensor &tensor : header.tensors)
    if (tensor.dtype->bits == 64)
      EXPECT_EQ(tensor.begin % 8, 0u) << tensor.name;
}

TEST_F(CompactTest, ReportsAddUp) {
  std::vector<TestTensor> tensors = smallModel();
  CompressOptions options = compactOptions();
  uint64_t told = 0, bytes = 0;
  options.progress = [&](uint64_t more) {
    told += more;
    return true;
  };
  options.sha256 = true;
  Expected<Container> container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  uint64_t stored = report.headerBytes;
  for (const TensorReport &line : report.tensors) {
    stored += line.storedBytes;
    bytes += line.bytes;
  }
  EXPECT_EQ(stored, readBytes(folder / "c").size());
  EXPECT_EQ(report.outputBytes, stored);
  EXPECT_EQ(report.headerBytes, container->headerBytes());
  // Twice over them: written, and verified.
  EXPECT_EQ(told, bytes);
  EXPECT_EQ(report.sharedTensors, 1u);
  EXPECT_EQ(report.rawTensors, 2u);
  EXPECT_EQ(report.compressedTensors, tensors.size() - 3);
  // Each has its hash.
  std::set<std::string> hashes;
  for (const TensorEntry &entry : container->entries())
    hashes.insert(entry.sha256);
  EXPECT_EQ(hashes.size(), tensors.size() - 1);
  EXPECT_EQ(container->verify(pool)->hashes, tensors.size() + 1);
}

TEST_F(CompactTest, ItIsSmaller) {
  std::vector<TestTensor> tensors;
  for (unsigned layer = 0; layer < 60; ++layer) {
    std::string name = "model.encoder.layers." + std::to_string(layer) + ".attention.";
    tensors.push_back(weights(name + "weight", {40 + layer, 64}, layer));
    tensors.push_back(weights(name + "bias", {384}, layer + 100));
  }
  CompressOptions options = compactOptions();
  options.compactBytes = UINT64_MAX;
  ASSERT_TRUE(holds(compressed(tensors, options)));
  uint64_t before = report.outputBytes;
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  EXPECT_LT(report.headerBytes, container->originalHeader().size() * 2 / 3);
  uint64_t biases = 60 * 384 * 2;
  // A third of the biases, their entries, those of planes and their padding.
  EXPECT_LT(report.outputBytes + biases / 4 + container->originalHeader().size() * 2, before);
  expectComesBack(*container, tensors);
}

TEST_F(CompactTest, SmallestHasItForTheHeaderAlone) { // choice-11
  std::vector<TestTensor> tensors = {weights("w", {256, 600}, 1)};
  CompressOptions options;
  options.threads = 1;
  options.overwrite = true;
  EXPECT_FALSE(compressed(tensors, options)->isCompact());
  options.format = FormatPolicy::Smallest;
  Expected<Container> container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  EXPECT_TRUE(container->isCompact());
  expectComesBack(*container, tensors);
  uint64_t compact = report.outputBytes;
  options.compactBytes = UINT64_MAX;
  EXPECT_FALSE(compressed(tensors, options)->isCompact());
  EXPECT_LT(compact, report.outputBytes);
}

TEST_F(CompactTest, ItIsUsedWhereItPays) {
  // 36 bytes for each name; the large tensor makes it a thousandth.
  std::vector<TestTensor> tensors;
  for (unsigned i = 0; i < 30; ++i)
    tensors.push_back(weights("layer." + std::to_string(i) + ".bias", {256}, i));
  CompressOptions options;
  options.threads = 1;
  options.overwrite = true;
  EXPECT_TRUE(compressed(tensors, options)->isCompact());
  tensors.push_back(weights("large", {1024, 9000}, 1));
  Expected<Container> container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  bool isEnough = container->originalHeader().size() + 30 * 512 >= (1024 * 18000 + 30 * 512) / 1024;
  EXPECT_EQ(container->isCompact(), isEnough);
  tensors.back() = weights("large", {2048, 9000}, 1);
  container = compressed(tensors, options);
  EXPECT_FALSE(container->isCompact());
  EXPECT_THAT(*container->file().header().findMetadata("uwt"), HasSubstr("\"reader\":1,"));
  // Fewer bytes than a reader is worth.
  tensors.assign(1, weights("w", {64, 64}, 1));
  EXPECT_FALSE(compressed(tensors, options)->isCompact());
}

TEST_F(CompactTest, WhatIsExcludedIsThereForAnyLoader) {
  std::vector<TestTensor> tensors = smallModel();
  CompressOptions options = compactOptions();
  options.exclude = {"norm*", "w"};
  Expected<Container> container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  EXPECT_THAT(storedNames(*container),
              UnorderedElementsAre("file.uwt.planes", "file.uwt.header", "noise", "double", "norm",
                                   "norm2", "w"));
  expectComesBack(*container, tensors);
  options.exclude.clear();
  options.include = {"w"};
  container = compressed(tensors, options);
  EXPECT_TRUE(bundlesOf(*container).empty());
  expectComesBack(*container, tensors);
}

TEST_F(CompactTest, BundlesAreBounded) {
  std::vector<TestTensor> tensors;
  for (unsigned i = 0; i < 70; ++i)
    tensors.push_back(weights("b." + std::to_string(i), {32768}, i));
  tensors.push_back(weights("long", {32769}, 1));
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  auto bundles = bundlesOf(*container);
  ASSERT_EQ(bundles.size(), 2u);
  EXPECT_EQ(bundles["b.0"].size(), 64u);
  EXPECT_EQ(bundles["b.64"].size(), 6u);
  EXPECT_EQ((*container->find("long"))->bundle, nullptr);
  expectComesBack(*container, tensors);
}

TEST_F(CompactTest, TensorsOfABundleAreTensorsLikeAnyOther) {
  std::vector<TestTensor> tensors = smallModel();
  Expected<Container> container = compressed(tensors);
  ASSERT_TRUE(holds(container));
  Expected<TensorReader> reader = container->reader(**container->find("s.1.bias"));
  ASSERT_TRUE(holds(reader));
  EXPECT_EQ(reader->decoder(), nullptr);
  TensorSlice slice;
  slice.rows = IndexRange{7, 9};
  slice.columns = IndexRange{3, 17};
  Expected<TensorBytes> read = reader->readSlice(slice, pool);
  ASSERT_TRUE(holds(read));
  Bytes expected;
  for (uint64_t row : {7, 8})
    expected.insert(expected.end(), tensors[4].bytes.begin() + (row * 17 + 3) * 2,
                    tensors[4].bytes.begin() + (row + 1) * 17 * 2);
  EXPECT_EQ(read->bytes, expected);
  LoadOptions dense;
  dense.dense = true;
  Expected<LoadedWeight> loaded = LoadedWeight::fromReader(*reader, pool, dense);
  ASSERT_TRUE(holds(loaded));
  Expected<LoadedWeight> encoded = LoadedWeight::fromReader(*reader, pool, {});
  EXPECT_TRUE(holds(encoded));
  EXPECT_TRUE(holds(reader->check(pool)));
}

TEST_F(CompactTest, RoundedTensorsAreBundled) {
  std::vector<TestTensor> tensors = {weights("w", {40, 70}, 1, ElementType::F32),
                                     weights("a", {700}, 2, ElementType::F32),
                                     weights("b", {701}, 3, ElementType::F16)};
  CompressOptions options = compactOptions();
  options.castToBF16 = options.castVectors = true;
  Expected<Container> container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  EXPECT_EQ(report.cast.tensors, 3u);
  EXPECT_EQ(report.cast.elements, 40u * 70 + 700 + 701);
  EXPECT_THAT(bundlesOf(*container)["a"], ElementsAre("a", "b"));
  EXPECT_TRUE(container->verify(pool)->passed());
}

TEST_F(CompactTest, AFormatThatIsAskedForIsThatOfBundles) {
  std::vector<TestTensor> tensors = smallModel();
  for (const std::string &format : registeredFormats()) {
    CompressOptions options = compactOptions();
    options.format = parsedFormat(format);
    Expected<Container> container = compressed(tensors, options);
    if (!container) // One that holds none of them.
      continue;
    for (const TensorEntry &entry : container->entries())
      if (entry.bundle)
        EXPECT_EQ(entry.bundle->format->codec.keyword, parsedFormat(format).codec.keyword);
    expectComesBack(*container, tensors);
  }
  // Bundles have no rows to transpose: they stay raw, and that is no error.
  CompressOptions options = compactOptions();
  options.format = parsedFormat("huffman<12,2>, storage=k_major");
  Expected<Container> container = compressed(tensors, options);
  ASSERT_TRUE(holds(container));
  EXPECT_TRUE(bundlesOf(*container).empty());
  expectComesBack(*container, tensors);
}

/// Whatever the tensors are, they come back, and a dry run knows the size.
TEST_F(CompactTest, AnyTensorsComeBack) {
  Random random(23);
  const std::vector<std::vector<uint64_t>> shapes = {
      {40, 70}, {1, 1024}, {33}, {2, 33, 20}, {8, 5, 3}, {5, 0}, {1025}, {64, 64}, {}, {1}, {3000}};
  for (int round = 0; round < (underSanitizer ? 4 : 24); ++round) {
    std::vector<TestTensor> tensors;
    for (uint64_t i = random.below(16); i-- > 0;) {
      auto element = allElementTypes[random.below(std::size(allElementTypes))];
      if (getTraits(element).safetensorsName.empty())
        continue;
      auto distribution = allDistributions[random.below(std::size(allDistributions))];
      const std::vector<uint64_t> &shape = shapes[random.below(shapes.size())];
      tensors.push_back({std::to_string(i), std::string(getTraits(element).safetensorsName), shape,
                         makeTensor(element, shape, distribution, random.below(5))});
    }
    CompressOptions options = compactOptions();
    options.sha256 = random.below(2);
    options.minimumElements = random.below(2) ? 1 : 1024;
    Expected<Container> container = compressed(tensors, options);
    ASSERT_TRUE(holds(container));
    expectComesBack(*container, tensors);
    options.dryRun = true;
    Expected<FileReport> dry = compressFile(folder / "a", folder / "x", options);
    ASSERT_TRUE(holds(dry));
    EXPECT_EQ(dry->outputBytes, report.outputBytes);
  }
}
