//===- EstimateTest.cpp - Sizes from samples ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "uwt/Container/Checkpoint.h"
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;

namespace fs = std::filesystem;

static TestTensor drawnWeights(std::string name, ElementType element, std::vector<uint64_t> shape,
                               Distribution distribution) {
  const ElementTraits &traits = getTraits(element);
  uint64_t seed = name.size() * 131 + static_cast<uint64_t>(name.back());
  Bytes bytes = makeTensor(element, shape, distribution, seed);
  return {std::move(name), std::string(traits.safetensorsName), std::move(shape), std::move(bytes)};
}

/// Tensors of each kind: alone, of many equal ones, in a stack, twice, and such that stay raw.
static std::vector<TestTensor> model(uint64_t rows) {
  std::vector<TestTensor> tensors = {
      drawnWeights("wte.weight", ElementType::BF16, {2 * rows, 256}, Distribution::StudentT4),
      drawnWeights("wide", ElementType::F32, {rows, 256}, Distribution::RowScaled),
      drawnWeights("half", ElementType::F16, {rows, 128}, Distribution::Gaussian),
      drawnWeights("byte", ElementType::F8E4M3FN, {rows, 300}, Distribution::StudentT4),
      drawnWeights("noise", ElementType::BF16, {rows, 64}, Distribution::UniformBits),
      drawnWeights("norm", ElementType::F32, {900}, Distribution::Gaussian)};
  for (char layer = 'a'; layer < 'i'; ++layer) {
    tensors.push_back(drawnWeights(std::string("layer.") + layer, ElementType::BF16,
                                   {rows / 8, 256}, Distribution::RowScaled));
    tensors.push_back(drawnWeights(std::string("thin.") + layer, ElementType::BF16, {rows / 64, 40},
                                   Distribution::StudentT4));
  }
  tensors.push_back(tensors[1]);
  tensors.back().name = "tied";
  return tensors;
}

static CompressOptions onTwoThreads() {
  CompressOptions options;
  options.threads = 2;
  return options;
}

/// Estimates, compresses, and gives both reports.
static std::pair<FileReport, FileReport> both(const TemporaryFolder &folder,
                                              CompressOptions options) {
  options.estimate = true;
  auto estimate = compressFile(folder / "a", folder / "c", options);
  EXPECT_TRUE(holds(estimate));
  EXPECT_THAT(namesIn(folder.path), ElementsAre("a"));
  options.estimate = false;
  options.dryRun = true;
  auto real = compressFile(folder / "a", folder / "c", options);
  EXPECT_TRUE(holds(real));
  return {*std::move(estimate), *std::move(real)};
}

TEST(Estimate, SmallFilesAreMeasuredExactly) {
  TemporaryFolder folder;
  writeTensors(folder / "a", model(640));
  for (bool cast : {false, true})
    for (bool sha256 : {false, true})
      for (const char *format : {"", "huffman<12,2>", "window<4>", "compact"}) {
        CompressOptions options = onTwoThreads();
        bool isCompact = std::string_view(format) == "compact";
        options.compactBytes = isCompact ? 0 : UINT64_MAX;
        options.castToBF16 = cast;
        options.sha256 = sha256;
        options.kMajor = {"half"};
        if (*format && !isCompact)
          options.format = parsedFormat(format);
        auto [estimate, real] = both(folder, options);
        // Digits of checksums are not known, and cost a byte more or less in a block of LZ4.
        double digits = isCompact ? 320 : 0;
        EXPECT_NEAR(double(estimate.outputBytes), double(real.outputBytes), digits) << format;
        EXPECT_NEAR(double(estimate.headerBytes), double(real.headerBytes), digits);
        EXPECT_EQ(estimate.sharedTensors, 1u);
        EXPECT_EQ(estimate.compressedTensors, real.compressedTensors);
        ASSERT_EQ(estimate.tensors.size(), real.tensors.size());
        for (size_t i = 0; i < real.tensors.size(); ++i) {
          EXPECT_EQ(estimate.tensors[i].storedBytes, real.tensors[i].storedBytes);
          EXPECT_EQ(estimate.tensors[i].format, real.tensors[i].format);
          EXPECT_EQ(estimate.tensors[i].reason, real.tensors[i].reason);
          EXPECT_EQ(estimate.tensors[i].escapes, real.tensors[i].escapes);
        }
      }
}

TEST(Estimate, LargerFilesAreEstimatedWithinOnePercent) {
  TemporaryFolder folder;
  writeTensors(folder / "a", model(6400));
  for (const char *format : {"", "inplace<11>"}) {
    CompressOptions options = onTwoThreads();
    options.castToBF16 = std::string_view(format) == "inplace<11>";
    if (*format)
      options.format = parsedFormat(format);
    auto [estimate, real] = both(folder, options);
    auto size = static_cast<double>(real.outputBytes);
    EXPECT_NEAR(static_cast<double>(estimate.outputBytes), size, size / 100) << format;
    EXPECT_EQ(estimate.compressedTensors, real.compressedTensors);
    EXPECT_GT(estimate.sampledBytes, 0u);
    EXPECT_LT(estimate.sampledBytes, estimate.inputBytes / 2);
    EXPECT_EQ(real.sampledBytes, 0u);
    uint64_t sum = estimate.headerBytes;
    for (const TensorReport &tensor : estimate.tensors)
      sum += tensor.storedBytes;
    EXPECT_EQ(sum, estimate.outputBytes);
  }
}

TEST(Estimate, TheResultDoesNotDependOnThreads) {
  TemporaryFolder folder;
  writeTensors(folder / "a",
               {drawnWeights("w", ElementType::BF16, {12800, 256}, Distribution::StudentT4)});
  CompressOptions options;
  options.estimate = true;
  std::vector<uint64_t> sizes;
  for (unsigned threads : {1u, 3u}) {
    options.threads = threads;
    auto report = compressFile(folder / "a", folder / "c", options);
    ASSERT_TRUE(holds(report));
    sizes.push_back(report->outputBytes);
  }
  EXPECT_EQ(sizes[0], sizes[1]);
}

TEST(Estimate, ProgressCountsTheBytesOfAllTensors) {
  TemporaryFolder folder;
  writeTensors(folder / "a", model(3200));
  CompressOptions options = onTwoThreads();
  options.estimate = true;
  uint64_t seen = 0;
  options.progress = [&](uint64_t bytes) { return (seen += bytes), true; };
  ASSERT_TRUE(holds(compressFile(folder / "a", folder / "c", options)));
  EXPECT_EQ(seen, SafetensorsFile::open(folder / "a")->data().size());
  options.progress = [](uint64_t) { return false; };
  auto stopped = compressFile(folder / "a", folder / "c", options);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().getKind(), ErrorKind::Interrupted);
}

/// Pages of a file that are in memory; a hole comes there only by being read.
static uint64_t pagesInMemory(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  uint64_t size = fs::file_size(path), page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  void *mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  std::vector<unsigned char> pages((size + page - 1) / page);
  EXPECT_EQ(::mincore(mapped, size, pages.data()), 0);
  ::munmap(mapped, size);
  return static_cast<uint64_t>(
      std::count_if(pages.begin(), pages.end(), [](unsigned char state) { return state & 1; }));
}

/// A file of holes: two tensors of 512 MiB that are equal, and one without rows.
TEST(Estimate, LargeFilesAreNotReadWhole) {
  TemporaryFolder folder;
  std::string header = R"({"a":{"dtype":"BF16","shape":[65536,4096],"data_offsets":[0,536870912]},)"
                       R"("b":{"dtype":"BF16","shape":[65536,4096],"data_offsets":)"
                       R"([536870912,1073741824]},)"
                       R"("c":{"dtype":"I8","shape":[536870912],"data_offsets":)"
                       R"([1073741824,1610612736]}})";
  Bytes start = safetensors(header);
  writeBytes(folder / "a", start);
  uint64_t bytes = start.size() + 3 * (uint64_t(512) << 20);
  fs::resize_file(folder / "a", bytes);
  CompressOptions options = onTwoThreads();
  options.estimate = true;
  auto report = compressFile(folder / "a", folder / "c", options);
  ASSERT_TRUE(holds(report));
  EXPECT_EQ(report->sharedTensors, 1u);
  EXPECT_EQ(report->rawTensors, 0u);
  EXPECT_LT(report->tensors[2].storedBytes, report->tensors[2].bytes / 1000);
  EXPECT_LT(report->sampledBytes, bytes / 32);
  EXPECT_LT(pagesInMemory(folder / "a") * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)),
            bytes / 16);
}

TEST(Estimate, FoldersAreEstimatedWithAllTheirFiles) {
  TemporaryFolder folder;
  std::string in = folder / "in", out = folder / "out";
  fs::create_directory(in);
  writeTensors(in + "/model.safetensors", model(640));
  writeText(in + "/config.json", "{\"torch_dtype\": \"bfloat16\"}");
  writeText(in + "/vocab.txt", "words");
  CheckpointOptions options;
  options.compress = onTwoThreads();
  options.compress.estimate = true;
  auto estimate = compress(in, out, options);
  ASSERT_TRUE(holds(estimate));
  EXPECT_THAT(namesIn(folder.path), ElementsAre("in"));
  EXPECT_GT(estimate->sampledBytes, 0u);
  options.compress.estimate = false;
  options.compress.dryRun = true;
  auto real = compress(in, out, options);
  ASSERT_TRUE(holds(real));
  EXPECT_NEAR(double(estimate->outputBytes), double(real->outputBytes), 320);
  EXPECT_EQ(estimate->carried, real->carried);
  EXPECT_EQ(estimate->rewritten, real->rewritten);
}

TEST(Estimate, WhatCompressingRefusesIsRefusedInTheSameWords) {
  TemporaryFolder folder;
  writeTensors(folder / "a",
               {drawnWeights("x", ElementType::F16, {6400, 256}, Distribution::Gaussian)});
  CompressOptions options = onTwoThreads();
  CompressOptions estimating = options;
  estimating.estimate = true;
  for (const char *format : {"inplace<12>", "huffman<12,1>, fold=columns<5>"}) {
    options.format = estimating.format = parsedFormat(format);
    auto refused = compressFile(folder / "a", folder / "c", options);
    ASSERT_FALSE(refused) << format;
    EXPECT_EQ(messageOf(compressFile(folder / "a", folder / "c", estimating)), messageOf(refused));
  }
  options.format = estimating.format = FormatPolicy::Fast;
  ASSERT_TRUE(holds(compressFile(folder / "a", folder / "c", options)));
  for (const char *path : {"c", "none"}) {
    auto refused = compressFile(folder / path, folder / "d", options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(messageOf(compressFile(folder / path, folder / "d", estimating)), messageOf(refused));
  }
}
